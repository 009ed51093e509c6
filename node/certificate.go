// SPDX-License-Identifier: Apache-2.0

package node

import (
	"bytes"
	"context"

	"rogatory"
	"rogatory/docket"
	"rogatory/language"
	"rogatory/letter"
	"rogatory/pdf"
	"rogatory/store"
)

// certifier returns what makes certificates of custody as of one moment, in the languages of both States, ours first: the
// court that reads them is ours. The same journal and the same moment make the same bytes. Where the journal of a request is
// longer than a certificate can be, it makes nothing: the package holds the entries themselves.
func (n *Node) certifier(ctx context.Context, by rogatory.Actor, made rogatory.Instant) (func(docket.File, rogatory.Exhibit) ([]byte, error), error) {
	fonts, err := pdf.Open()
	if err != nil {
		return nil, err
	}
	texts := language.Load()
	return func(f docket.File, x rogatory.Exhibit) ([]byte, error) {
		us, err := n.Party(f.Us.State)
		if err != nil {
			return nil, err
		}
		them, err := n.Party(f.Them.State)
		if err != nil {
			return nil, err
		}
		events, spoken, err := n.told(ctx, by, f.ID)
		if err != nil || len(events) > letter.MaxEvents {
			return nil, err
		}
		ours, theirs := letter.OfficeOf(texts, us, f.Us.Authority), letter.OfficeOf(texts, them, f.Them.Authority)
		facts := letter.Facts{ID: f.ID, Request: f.Request, Requesting: ours, Requested: theirs, Rules: n.Office.Rules.Rules, Mode: n.config.Mode}
		if f.Side == rogatory.RequestedSide {
			facts.Requesting, facts.Requested = theirs, ours
		}
		var b bytes.Buffer
		err = letter.PDF(&b, fonts, letter.Custody(facts, ours, made, x, letter.EventsOf(x.ID, events, spoken), letter.Languages(texts, us, them)...))
		return b.Bytes(), err
	}, nil
}

// told reads the messages of a request, and its journal to the end or further than a certificate goes.
func (n *Node) told(ctx context.Context, by rogatory.Actor, id rogatory.RequestID) (events []letter.Event, spoken []letter.Spoken, err error) {
	messages, err := n.Office.MessagesOf(ctx, by, id)
	if err != nil {
		return nil, nil, err
	}
	for _, m := range messages {
		spoken = append(spoken, letter.Spoken{Message: m.Message, Digest: m.Digest, Entry: m.Entry})
	}
	for from := int64(0); ; {
		some, err := n.Office.Entries(ctx, by, id, from, store.MaxRows)
		if err != nil {
			return nil, nil, err
		}
		for _, e := range some {
			events = append(events, letter.Event{Index: e.Index, Entry: e.Entry})
			from = e.Index + 1
		}
		if len(some) < store.MaxRows || len(events) > letter.MaxEvents {
			return events, spoken, nil
		}
	}
}
