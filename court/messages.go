// SPDX-License-Identifier: Apache-2.0

package court

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"rogatory"
	"rogatory/asice"
	"rogatory/envelope"
	"rogatory/journal"
)

// checkMessages verifies each message and its receipt.
func (x *examination) checkMessages() {
	for _, line := range x.index.Messages {
		held, words, err := x.checkMessage(line)
		if err != nil {
			x.report.fail(fmt.Sprintf("%s does not hold as number %d (%s) from %s to %s.", line.File, line.Sequence, line.Act, line.From, line.To), err.Error())
			continue
		}
		x.report.ok(words)
		if line.Receipt == "" {
			x.report.unproved("That %s was received: no receipt for it is in the package.", line.File)
		} else if words, err = x.checkReceipt(line, &held); err != nil {
			x.report.fail(line.Receipt+" does not hold as the receipt for "+line.File+".", err.Error())
		} else {
			x.report.ok(words)
		}
		if line.From.State == x.index.Exporter.State {
			held.own, held.hasOwn = line.Entry, true
		}
		x.messages = append(x.messages, held)
	}
}

func (x *examination) checkMessage(line IndexMessage) (heldMessage, string, error) {
	none := func(err error) (heldMessage, string, error) { return heldMessage{}, "", err }
	container, err := x.read(line.File, asice.MaxContainer)
	if err != nil {
		return none(err)
	}
	var receipt []byte
	if line.Receipt != "" {
		if receipt, err = x.read(line.Receipt, asice.MaxContainer); err != nil {
			return none(err)
		}
	}
	party, err := x.book.Party(line.From.State)
	if err != nil {
		return none(err)
	}
	opened, err := envelope.Open(container, party, line.Sent.Time())
	if err != nil {
		return none(err)
	}
	m := opened.Message
	// A receipt that cannot be read is the receipt's fault, not the message's.
	want, err := describeMessage(m, container, receipt)
	if err != nil {
		if want, err = describeMessage(m, container, nil); err != nil {
			return none(err)
		}
		want.ReceiptEntry, want.Received = line.ReceiptEntry, line.Received
	}
	want.File, want.Receipt = line.File, line.Receipt
	switch {
	case !reflect.DeepEqual(want, line):
		return none(errors.New("the signed list describes another message or receipt"))
	case m.Mode != x.index.Mode:
		return none(fmt.Errorf("it is a message of mode %s", m.Mode))
	case m.Request.Case() != x.index.Case:
		return none(fmt.Errorf("it belongs to case %s", m.Request.Case()))
	case m.From.State != x.index.Exporter.State && m.To.State != x.index.Exporter.State:
		return none(fmt.Errorf("%s neither sent nor received it", x.index.Exporter.State))
	}
	e, in, err := x.prove(opened.Proof, m.From.State)
	if err != nil {
		return none(fmt.Errorf("its journal proof: %w", err))
	}
	if e.Type != rogatory.MessageSent || !names(e, opened) {
		return none(fmt.Errorf("its journal proof opens another entry (%s)", inWords(e)))
	}
	x.remarkOnClock(m.Sent, x.stamped, line.File)
	return heldMessage{IndexMessage: line, message: m}, fmt.Sprintf("%s: number %d (%s) from %s to %s, signed by %s (%s), stated to be sent at %s; it is entry %d of the journal of %s%s.",
		line.File, m.Sequence, m.Act, m.From, m.To, m.From, opened.Signer.Subject.CommonName, moment(m.Sent), in.Index, m.From.State, cosigners(in.Cosignatures)), nil
}

// names reports whether an entry is about this very message.
func names(e rogatory.Entry, o envelope.Opened) bool {
	m, r := o.Message, e.Message
	return r != nil && e.Request == m.Request && r.ID == m.ID && r.Digest == o.Digest && r.Act == m.Act &&
		r.From == m.From.State && r.To == m.To.State && r.Sequence == m.Sequence
}

func cosigners(cosignatures []journal.Cosignature) string {
	var by []string
	for _, c := range cosignatures {
		by = append(by, c.Witness)
	}
	if len(by) == 0 {
		return ""
	}
	return ", in a checkpoint cosigned by " + strings.Join(by, ", ")
}

func (x *examination) checkReceipt(line IndexMessage, held *heldMessage) (string, error) {
	data, err := x.read(line.Receipt, asice.MaxContainer)
	if err != nil {
		return "", err
	}
	party, err := x.book.Party(line.To.State)
	if err != nil {
		return "", err
	}
	r, proof, err := envelope.OpenReceipt(data, party, line.Received.Time())
	if err != nil {
		return "", err
	}
	m := held.message
	if r.Message != m.ID || r.Digest != line.Digest || r.From.State != m.To.State || r.To.State != m.From.State || r.Sequence != m.Sequence || r.Mode != m.Mode || r.Received != line.Received {
		return "", fmt.Errorf("it is a receipt for message %s (digest %s)", r.Message, r.Digest.Short())
	}
	e, in, err := x.prove(proof, m.To.State)
	if err != nil {
		return "", fmt.Errorf("its journal proof: %w", err)
	}
	want := rogatory.MessageReceived
	outcome := "took it in"
	if r.Outcome == rogatory.RefusedOutcome {
		want, outcome = rogatory.MessageRefused, "recorded it and did not act on it ("+r.Code+")"
	}
	if e.Type != want || !names(e, envelope.Opened{Message: m, Digest: line.Digest}) || line.ReceiptEntry == nil || *line.ReceiptEntry != in.Index {
		return "", fmt.Errorf("its journal proof opens another entry (%s)", inWords(e))
	}
	if m.To.State == x.index.Exporter.State {
		held.own, held.hasOwn = in.Index, true
	}
	x.remarkOnClock(r.Received, x.stamped, line.Receipt)
	return fmt.Sprintf("%s: %s signed that it %s at %s; that is entry %d of the journal of %s%s.",
		line.Receipt, r.From, outcome, moment(r.Received), in.Index, r.From.State, cosigners(in.Cosignatures)), nil
}

// numbering looks at the numbers that each State gives to its messages to the other. They count the
// messages of all cases, so a gap is not yet a message withheld.
func (x *examination) numbering() {
	type direction struct{ from, to rogatory.StateCode }
	last := map[direction]IndexMessage{}
	var wrong []string
	ids := map[rogatory.MessageID]string{}
	complete := true
	for _, m := range x.index.Messages {
		if other, twice := ids[m.ID]; twice {
			wrong = append(wrong, fmt.Sprintf("%s is the same message as %s", m.File, other))
		}
		ids[m.ID] = m.File
	}
	byEntry := slices.SortedFunc(slices.Values(x.index.Messages), func(a, b IndexMessage) int {
		return cmp.Or(cmp.Compare(a.From.State, b.From.State), cmp.Compare(a.Entry, b.Entry))
	})
	for _, m := range byEntry {
		d := direction{m.From.State, m.To.State}
		before := last[d]
		switch {
		case m.Sequence <= before.Sequence:
			wrong = append(wrong, fmt.Sprintf("%s has number %d and follows number %d in the journal of %s", m.File, m.Sequence, before.Sequence, m.From.State))
		case m.Sequence > before.Sequence+1:
			complete = false
			x.report.unproved("What the messages numbered %d to %d from %s to %s were: they are not in the package and may belong to other cases.", before.Sequence+1, m.Sequence-1, d.from, d.to)
		}
		last[d] = m
	}
	switch {
	case len(wrong) > 0:
		x.report.fail("The messages are not numbered as they were sent: "+wrong[0]+".", wrong...)
	case complete:
		x.report.ok("The messages of each State are numbered 1, 2, 3 in the order of its journal, and none is missing up to the last in the package.")
	default:
		x.report.ok("The messages of each State are numbered in the order of its journal, and no number occurs twice.")
	}
}
