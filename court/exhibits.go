// SPDX-License-Identifier: Apache-2.0

package court

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"rogatory"
	"rogatory/asice"
	"rogatory/envelope"
	"rogatory/journal"
)

// checkCheckpoints verifies each checkpoint, who cosigned it, and its stamp.
func (x *examination) checkCheckpoints() {
	for _, c := range x.index.Checkpoints {
		words, err := x.checkCheckpoint(c)
		if err != nil {
			x.report.fail(c.File+" does not hold as a checkpoint of the journal of "+string(c.State)+".", err.Error())
			continue
		}
		x.report.ok(words)
	}
}

func (x *examination) checkCheckpoint(c IndexCheckpoint) (string, error) {
	note, err := x.read(c.File, journal.MaxCheckpoint)
	if err != nil {
		return "", err
	}
	text, err := stampedText(note)
	if err != nil {
		return "", err
	}
	if body, err := x.read(c.Body, journal.MaxCheckpoint); err != nil || !bytes.Equal(body, text) {
		return "", fmt.Errorf("%s is not its text", c.Body)
	}
	party, err := x.book.Party(c.State)
	if err != nil {
		return "", err
	}
	key, err := journal.NewVerifier(party.JournalKey)
	if err != nil {
		return "", err
	}
	witnesses, err := x.witnesses(c.State)
	if err != nil {
		return "", err
	}
	checkpoint, cosignatures, err := witnesses.OpenCheckpoint(note, party.JournalOrigin, key)
	if err != nil {
		return "", err
	}
	x.remember(c.State, checkpoint)
	var by []string
	for _, s := range cosignatures {
		by = append(by, s.Witness)
	}
	words := fmt.Sprintf("%s: the journal of %s had %d entries", c.File, c.State, checkpoint.Size)
	if len(by) == 0 {
		words += "; no other State cosigned it"
		x.report.unproved("That other States saw the journal of %s as %s has it: none cosigned.", c.State, c.File)
	} else {
		words += "; cosigned by " + strings.Join(by, ", ")
	}
	if c.Stamp == "" {
		x.report.unproved("When %s existed: it carries no time-stamp.", c.File)
		return words + "; not time-stamped.", nil
	}
	at, err := x.checkStamp(c, text, party)
	if err != nil {
		return "", fmt.Errorf("its time-stamp %s: %w", c.Stamp, err)
	}
	return words + "; time-stamped at " + moment(rogatory.At(at)) + ".", nil
}

// checkStamp verifies a stamp by the authorities of the journal's State or of the exporter.
func (x *examination) checkStamp(c IndexCheckpoint, text []byte, party rogatory.Party) (time.Time, error) {
	token, err := x.read(c.Stamp, maxStamp)
	if err != nil {
		return time.Time{}, err
	}
	exporter, err := x.book.Party(x.index.Exporter.State)
	if err != nil {
		return time.Time{}, err
	}
	pool, err := envelope.Pool(slices.Concat(party.TimeStampCertificates, exporter.TimeStampCertificates))
	if err != nil {
		return time.Time{}, err
	}
	digest := sha256.Sum256(text)
	at, err := asice.VerifyStamp(token, digest[:], pool)
	if err == nil && rogatory.At(at) != c.Stamped {
		err = fmt.Errorf("it states %s, the signed list says %s", moment(rogatory.At(at)), moment(c.Stamped))
	}
	return at, err
}

// checkCustody verifies the entries of the exporter's journal, and that custody.json says what they say.
func (x *examination) checkCustody() {
	stamps := map[string]rogatory.Instant{} // text of a stamped checkpoint -> when
	for _, c := range x.index.Checkpoints {
		if body, err := x.read(c.Body, journal.MaxCheckpoint); err == nil && c.Stamp != "" {
			stamps[string(body)] = c.Stamped
		}
	}
	var wrong, detail []string
	var entries []openedEntry
	unstamped, unseen := 0, 0
	var seenBy []string
	for _, name := range x.index.Custody {
		text, err := x.read(name, journal.MaxProof)
		var e rogatory.Entry
		var in journal.Inclusion
		if err == nil {
			e, in, err = x.prove(text, x.index.Exporter.State)
		}
		switch {
		case err != nil:
		case e.Request != "" && e.Request.Case() != x.index.Case:
			err = fmt.Errorf("the entry belongs to case %s", e.Request.Case())
		case len(entries) > 0 && in.Index <= entries[len(entries)-1].number:
			err = errors.New("the list does not name the entries in the order of the journal")
		}
		if err != nil {
			wrong, detail = append(wrong, name), append(detail, name+": "+err.Error())
			continue
		}
		o := openedEntry{name, in.Index, e}
		entries = append(entries, o)
		x.custody = append(x.custody, heldEntry{o, len(in.Cosignatures) > 0})
		body, err := in.Checkpoint.Marshal()
		at, stamped := stamps[string(body)]
		if err != nil || !stamped {
			unstamped++
		} else {
			x.remarkOnClock(e.At, at.Time(), name)
		}
		if len(in.Cosignatures) == 0 {
			unseen++
		}
		for _, c := range in.Cosignatures {
			if !slices.Contains(seenBy, c.Witness) {
				seenBy = append(seenBy, c.Witness)
			}
		}
	}
	if len(wrong) > 0 {
		x.report.fail(fmt.Sprintf("Not shown to be entries of the journal of %s: %s.", x.index.Exporter.State, enumerate(wrong)), detail...)
	} else if len(entries) > 0 {
		var lines []string
		for _, o := range entries {
			lines = append(lines, fmt.Sprintf("entry %d, %s: %s", o.number, moment(o.entry.At), inWords(o.entry)))
		}
		words := fmt.Sprintf("%d custody entries are in the journal of %s", len(entries), x.index.Exporter.State)
		if unseen == 0 {
			slices.Sort(seenBy)
			words += ", as " + strings.Join(seenBy, ", ") + " saw it"
		}
		x.report.ok(words+".", lines...)
	}
	if unseen > 0 {
		x.report.unproved("That other States saw %d of the custody entries: the checkpoints they rest on are not cosigned.", unseen)
	}
	if unstamped > 0 {
		x.report.unproved("When %d of the custody entries existed, other than before the package was made: the checkpoints they rest on are not time-stamped.", unstamped)
	}
	told, err := x.fromManifest(custodyFile)
	if err != nil {
		x.report.fail(manifestFile+" tells no custody.", err.Error())
		return
	}
	if want, err := custodyInWords(entries); len(wrong) == 0 && (err != nil || !bytes.Equal(want, told)) {
		x.report.fail(custodyFile + " in " + manifestFile + " does not say what the journal entries in proofs/ say.")
	}
}

// checkExhibits holds each exhibit against the words of the States about it.
func (x *examination) checkExhibits() {
	for _, e := range x.index.Exhibits {
		detail, err := x.checkExhibit(e)
		if err != nil {
			x.report.fail(fmt.Sprintf("%s does not hold as exhibit %s.", e.File, e.Exhibit.ID), err.Error())
			continue
		}
		words := fmt.Sprintf("%s is exhibit %s, %q, with the size and both digests of its seal, and its custody is unbroken as far as this office held it.", e.File, e.Exhibit.ID, e.Exhibit.Title)
		x.report.ok(words, append(detail, useLimits(e.Exhibit.Limits)...)...)
	}
}

func (x *examination) checkExhibit(e IndexExhibit) ([]string, error) {
	seal := e.Exhibit.Seal
	s, read := x.sums[e.File]
	if want := (sum{seal.Size, seal.SHA256, seal.SHA512}); !read || s != want {
		return nil, fmt.Errorf("the file is not what the seal says: %d bytes with SHA-256 %s", seal.Size, seal.SHA256)
	}
	if !e.Exhibit.ID.Valid() {
		return nil, fmt.Errorf("exhibit reference %.40q", e.Exhibit.ID)
	}
	detail, stated, err := x.statements(e.Exhibit)
	if err != nil {
		return nil, err
	}
	if !stated {
		return nil, errors.New("neither an offer nor a journal entry of its sealing in the package describes it")
	}
	way, err := x.way(e.Exhibit)
	return append(detail, way...), err
}

// statements finds what signed messages and entries say about an exhibit; all must say the same.
func (x *examination) statements(e rogatory.Exhibit) (detail []string, stated bool, err error) {
	want, err := envelope.Encode(e)
	if err != nil {
		return nil, false, err
	}
	offered, same := false, false
	for _, m := range x.messages {
		b := m.message.Body
		if b.Exhibit != nil && b.Exhibit.ID == e.ID {
			if got, err := envelope.Encode(*b.Exhibit); err == nil && bytes.Equal(got, want) {
				same = true
				detail = append(detail, fmt.Sprintf("%s describes it in its signed offer, %s", m.From, m.File))
			}
			if b.Exhibit.Seal != e.Seal {
				return nil, false, fmt.Errorf("%s offers it with another seal", m.File)
			}
			offered = true
		}
		if m.message.Act == rogatory.Take && b.ExhibitID == e.ID {
			if b.Root != e.Seal.Root {
				return nil, false, fmt.Errorf("%s states that another root was taken", m.File)
			}
			detail = append(detail, fmt.Sprintf("%s states in %s that it took it whole", m.From, m.File))
		}
	}
	if offered && !same {
		return nil, false, errors.New("its title, origin or use limits are not those that were offered")
	}
	for _, o := range x.custody {
		if o.entry.Exhibit != nil && o.entry.Exhibit.ID == e.ID && o.entry.Exhibit.Seal != e.Seal {
			return nil, false, fmt.Errorf("%s speaks of it with another seal", o.file)
		}
		same = same || (o.entry.Type == rogatory.ExhibitSealed || o.entry.Type == rogatory.ExhibitCut) && o.entry.Exhibit != nil && o.entry.Exhibit.ID == e.ID
	}
	return detail, same, nil
}

// way follows an exhibit through the exporter's journal: the first time that each thing happened.
func (x *examination) way(e rogatory.Exhibit) ([]string, error) {
	first := map[rogatory.EntryType]int64{}
	note := func(what rogatory.EntryType, number int64) {
		if at, seen := first[what]; !seen || number < at {
			first[what] = number
		}
	}
	const offer, take = rogatory.EntryType("offered"), rogatory.EntryType("taken")
	for _, m := range x.messages {
		switch b := m.message.Body; {
		case !m.hasOwn:
		case m.message.Act == rogatory.Offer && b.Exhibit.ID == e.ID:
			note(offer, m.own)
		case m.message.Act == rogatory.Take && b.ExhibitID == e.ID:
			note(take, m.own)
		}
	}
	var detail []string
	for _, o := range x.custody {
		if exhibitOf(o.entry) == e.ID {
			note(o.entry.Type, o.number)
			if o.entry.Type == rogatory.ExhibitCut {
				note(rogatory.ExhibitSealed, o.number) // that is how it was sealed
			}
			detail = append(detail, fmt.Sprintf("entry %d, %s: %s", o.number, moment(o.entry.At), inWords(o.entry)))
		}
	}
	sealedHere := rogatory.StateCode(e.ID[:2]) == x.index.Exporter.State
	required := []rogatory.EntryType{offer, rogatory.ExhibitReceived}
	if sealedHere {
		required = []rogatory.EntryType{rogatory.ExhibitSealed}
	}
	for _, what := range required {
		if _, found := first[what]; !found {
			return nil, fmt.Errorf("its custody has a gap: the package does not show that it was %s", strings.TrimPrefix(string(what), "exhibit."))
		}
	}
	order := [][2]rogatory.EntryType{
		{rogatory.ExhibitSealed, offer}, {rogatory.ExhibitSealed, rogatory.ExhibitOpened}, {rogatory.ExhibitSealed, rogatory.ExhibitExported},
		{offer, rogatory.ExhibitReceived}, {offer, take},
		{rogatory.ExhibitReceived, rogatory.ExhibitOpened}, {rogatory.ExhibitReceived, rogatory.ExhibitExported}, {rogatory.ExhibitReceived, take},
	}
	for _, pair := range order {
		a, before := first[pair[0]]
		b, after := first[pair[1]]
		if before && after && a >= b {
			word := func(t rogatory.EntryType) string { return strings.TrimPrefix(string(t), "exhibit.") }
			return nil, fmt.Errorf("its custody is out of order: it was %s (entry %d) before it was %s (entry %d)", word(pair[1]), b, word(pair[0]), a)
		}
	}
	_, opened := first[rogatory.ExhibitOpened]
	_, exported := first[rogatory.ExhibitExported]
	if !opened && !exported {
		x.report.unproved("Who opened exhibit %s, and why: the package holds no entry about it.", e.ID)
	}
	return detail, nil
}

// useLimits tells what the offering State allows (Arts 36(3), 40(19), 40(20), 40(28)).
func useLimits(l rogatory.UseLimits) []string {
	lines := []string{fmt.Sprintf("USE LIMIT: only for %s", l.Purpose)}
	for _, c := range l.Conditions {
		lines = append(lines, "USE LIMIT: condition: "+c)
	}
	if l.Confidential {
		lines = append(lines, "USE LIMIT: confidential, Art 40(20)")
	}
	if l.OnwardTransfer {
		lines = append(lines, "use limit: may be given to a third State, Art 36(3)")
	} else {
		lines = append(lines, "USE LIMIT: not to be given to a third State, Art 36(3)")
	}
	if l.DisclosureNotes != "" {
		lines = append(lines, "USE LIMIT: on disclosure: "+l.DisclosureNotes)
	}
	return lines
}
