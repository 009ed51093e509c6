// SPDX-License-Identifier: Apache-2.0

package status

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"rogatory"
)

// Difference is what a new book changes, to be read by a person before it takes effect.
type Difference struct {
	From      Date     `json:"from"`   // where the previous book ends
	To        Date     `json:"to"`     // where the new one ends
	Source    string   `json:"source"` // the file, its day and its digest
	Added     []Change `json:"added"`
	Changed   []Change `json:"changed"`
	Dropped   []Change `json:"dropped"`   // reports that the depositary does not confirm
	Confirmed []Change `json:"confirmed"` // the same day, and now the depositary's word for it
	Same      int      `json:"same"`      // participants of whom nothing changed
	Notes     []string `json:"notes"`
}

// Change is one fact before and after.
type Change struct {
	State  rogatory.StateCode `json:"state,omitempty"`
	What   string             `json:"what"` // signature, consent, earlier, withdrawal, text, entry_into_force
	Before string             `json:"before,omitempty"`
	After  string             `json:"after,omitempty"`
}

// Empty reports whether nothing changed.
func (d Difference) Empty() bool { return d.changes() == 0 }

func (d Difference) changes() int {
	return len(d.Added) + len(d.Changed) + len(d.Dropped) + len(d.Confirmed)
}

// Import reads the depositary's status file (MTDSG XML of chapter XVIII-16), obtained on that day, and
// returns the book that would follow the previous one, and what differs. Analysed declarations,
// authorities, claims, rules and the withdrawals that the file has no column for are carried over;
// texts are taken as they are, unverified.
//
// It refuses a web page instead of XML, an unknown column, name or date, a table with fewer rows than
// before, a signatory or party that vanished, counts that contradict the rows, and a file older than
// the previous book; the codes begin with untc_. Nothing is returned with an error, and the previous
// book never changes.
func Import(data []byte, previous *Book, obtained Date) (*Book, Difference, error) {
	if obtained < previous.AsOf {
		return nil, Difference{}, rogatory.Fault(rogatory.Stale, "untc_older", "the file was obtained on %s, and the book in force ends on %s", obtained, previous.AsOf).
			WithHint("fetch the file anew, or give the day on which it was obtained")
	}
	t, err := readTable(data)
	if err != nil {
		return nil, Difference{}, err
	}
	source := "untc-" + obtained.String()
	book := &Book{AsOf: obtained, Rows: len(t.rows), Clauses: previous.Clauses, Reports: previous.Reports, Declarations: previous.Declarations,
		Authorities: previous.Authorities, Claims: previous.Claims, Texts: t.texts, Sources: map[string]string{}, states: previous.states,
		Note: fmt.Sprintf("Participants and dates are those of the depositary's file, obtained on %s. Declarations are analysed by article only as far as they were before.", obtained)}
	maps.Copy(book.Sources, previous.Sources)
	book.Sources[source] = fmt.Sprintf("UNTC MTDSG status XML XVIII-16, obtained %s, SHA-256 %s", obtained, rogatory.DigestOf(data))
	if t.entry != "" {
		book.Texts = append(book.Texts, Text{Section: "EntryIntoForce", Text: t.entry})
	}
	for _, r := range t.rows {
		p, err := t.participant(r, previous.states, source)
		if err != nil {
			return nil, Difference{}, err
		}
		if before, ok := previous.Participant(p.Code); ok && p.Consent != nil && before.Consent != nil && p.Consent.On == before.Consent.On {
			p.Withdrawal = before.Withdrawal
		}
		if slices.ContainsFunc(book.Participants, func(other Participant) bool { return other.Code == p.Code }) {
			return nil, Difference{}, refuse("doubled_name", "line %d: %s is there twice", r.line, p.Code)
		}
		book.Participants = append(book.Participants, p)
	}
	slices.SortFunc(book.Participants, func(a, b Participant) int { return strings.Compare(string(a.Code), string(b.Code)) })
	if err := t.agrees(book); err != nil {
		return nil, Difference{}, err
	}
	if err := continues(previous, book); err != nil {
		return nil, Difference{}, err
	}
	// What is adopted is the encoded form, so it has to pass the same door as any other file.
	book, err = LoadBook("the imported status", book.Encode(), previous.states)
	if err != nil {
		return nil, Difference{}, err
	}
	difference := compare(previous, book)
	difference.Source = book.Sources[source]
	return book, difference, nil
}

// agrees compares the file's own counts with its rows.
func (t *table) agrees(b *Book) error {
	signed, consented := 0, 0
	for _, p := range b.Participants {
		if p.Signature != nil {
			signed++
		}
		if p.Consent != nil {
			consented++
		}
	}
	for _, c := range []struct {
		what, text string
		rows       int
	}{{"signatories", t.signatories, signed}, {"parties", t.parties, consented}} {
		said := number.FindString(c.text)
		if said == "" {
			continue // the file does not say
		}
		if n, err := strconv.Atoi(said); err != nil || n != c.rows {
			return refuse("counts_contradict", "the file says %s: %.40q, and its rows have %d", c.what, c.text, c.rows)
		}
	}
	return nil
}

// sure reports whether the participant stands on more than reports, so that it cannot vanish.
func sure(p Participant) bool {
	return p.Signature != nil && p.Signature.Certainty != Reported || p.Consent != nil && p.Consent.Certainty != Reported || len(p.Earlier) > 0
}

// continues refuses a book that has lost something.
func continues(previous, next *Book) error {
	before := 0
	for _, p := range previous.Participants {
		if !sure(p) {
			continue
		}
		before++
		now, ok := next.Participant(p.Code)
		state, _ := previous.states.Get(p.Code) // the loader knows it
		switch {
		case !ok:
			return refuse("party_vanished", "%s (%s) is not in the file any more", state.Name, p.Code)
		case p.Signature != nil && p.Signature.Certainty != Reported && now.Signature == nil && now.Consent == nil:
			return refuse("party_vanished", "the signature of %s (%s) is not in the file any more", state.Name, p.Code)
		case p.Consent != nil && p.Consent.Certainty != Reported && now.Consent == nil && len(now.Earlier) <= len(p.Earlier):
			return refuse("party_vanished", "the %s of %s (%s) is not in the file any more, not even in brackets", p.Consent.Kind, state.Name, p.Code)
		}
	}
	if rows := max(before, previous.Rows); next.Rows < rows {
		return refuse("rows_fell", "the file has %d rows, and there were %d", next.Rows, rows)
	}
	return nil
}

// compare says what changed from one book to the next.
func compare(previous, next *Book) Difference {
	d := Difference{From: previous.AsOf, To: next.AsOf}
	note := func(code rogatory.StateCode, what, old, now string) {
		c := Change{State: code, What: what, Before: old, After: now}
		switch {
		case old == now:
		case old == "":
			d.Added = append(d.Added, c)
		case now == "":
			d.Dropped = append(d.Dropped, c)
		case bare(old) == bare(now):
			d.Confirmed = append(d.Confirmed, c)
		default:
			d.Changed = append(d.Changed, c)
		}
	}
	for _, s := range next.states.All {
		old, was := previous.Participant(s.Code)
		now, is := next.Participant(s.Code)
		changes := d.changes()
		note(s.Code, "signature", old.Signature.words(), now.Signature.words())
		note(s.Code, "consent", depositWords(old.Consent), depositWords(now.Consent))
		note(s.Code, "earlier", allWords(old.Earlier), allWords(now.Earlier))
		note(s.Code, "withdrawal", old.Withdrawal.words(), now.Withdrawal.words())
		if was && is && changes == d.changes() {
			d.Same++
		}
	}
	text := func(b *Book) map[string]string {
		m := map[string]string{}
		for _, t := range b.Texts {
			m[t.Section] = fmt.Sprintf("%d characters, SHA-256 %s", len(t.Text), rogatory.DigestOf([]byte(t.Text)))
		}
		return m
	}
	was, is := text(previous), text(next)
	for _, section := range append([]string{"EntryIntoForce"}, sections...) {
		note("", "text "+section, was[section], is[section])
	}
	old, now := Open(previous, &Budapest{}, nil, nil), Open(next, &Budapest{}, nil, nil)
	note("", "entry_into_force", entryWords(old), entryWords(now))
	for _, t := range next.Texts {
		if t.Section == "EntryIntoForce" {
			d.Notes = append(d.Notes, fmt.Sprintf("of entry into force the depositary says %.200q; computed from the rows: %s", t.Text, entryWords(now)))
		}
	}
	if previous.Unnamed > 0 {
		d.Notes = append(d.Notes, fmt.Sprintf("%d signatories were reported and not named before; the file names all it has", previous.Unnamed))
	}
	if len(next.Texts) > 0 {
		d.Notes = append(d.Notes, "texts of declarations are kept and not analysed: a jurist has to enter their effect by article")
	}
	return d
}

func entryWords(d *Desk) string {
	if on, ok := d.EntryIntoForce(); ok {
		return on.String()
	}
	return "not to be computed yet"
}

// bare takes the doubts off the words of a fact.
func bare(words string) string {
	words, _, _ = strings.Cut(words, " (")
	return words
}

// words says a fact in a line, with its doubts, or nothing if there is none. The source is left out:
// that the same day was read anew is no change.
func (f *Fact) words() string {
	if f == nil {
		return ""
	}
	words := f.When.String() + f.certain()
	if !f.Verified {
		words += " (not verified)"
	}
	return words
}

func depositWords(d *Deposit) string {
	if d == nil {
		return ""
	}
	return string(d.Kind) + " " + d.Fact.words()
}

func allWords(all []Deposit) string {
	var words []string
	for _, d := range all {
		words = append(words, depositWords(&d))
	}
	return strings.Join(words, "; ")
}
