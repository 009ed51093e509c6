// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"context"
	"encoding/json"
	"io"
	"strconv"
	"strings"

	"rogatory"
	"rogatory/envelope"
	"rogatory/store"
	"rogatory/treaty"
)

// This file is what doors read. A view is a copy: nothing that is done to it reaches the case.

// MayRead refuses who may not see what cases hold. Every role that works on cases may, and so may
// oversight; an administrator runs the node and sees no case content.
func MayRead(by rogatory.Actor) error {
	switch by.Role {
	case rogatory.DutyOfficer, rogatory.Decider, rogatory.Custodian, rogatory.Overseer, rogatory.TheNode:
		return nil
	}
	return rogatory.Fault(rogatory.Denied, "role_not_allowed", "%s in the role %s may not see case content", by.Name, by.Role).
		WithHint("reading needs the role officer, decider, custodian or oversight")
}

// Filter says which requests to list. An empty field means any.
type Filter struct {
	Side  rogatory.Side
	Peer  rogatory.StateCode
	State rogatory.State
	Kind  rogatory.RequestKind
	After string // what Requests returned as next; empty for the first page
	Limit int    // requests on a page; DefaultPage if zero
}

// The sizes of a page: a screenful for people, and what one answer may hold in memory.
const (
	DefaultPage = 50
	MaxPage     = 200
)

// Requests lists files, the last changed first, and what to give as After for the next page; next is
// empty on the last one.
func (o *Office) Requests(ctx context.Context, by rogatory.Actor, q Filter) (files []File, next string, err error) {
	if err := MayRead(by); err != nil {
		return nil, "", err
	}
	limit := q.Limit
	if limit <= 0 {
		limit = DefaultPage
	}
	limit = min(limit, MaxPage)
	where := store.RequestFilter{Side: q.Side, Peer: q.Peer, State: q.State, Kind: q.Kind, Limit: limit + 1}
	if where.Before, where.BeforeID, err = parseCursor(q.After); err != nil {
		return nil, "", err
	}
	var rows []store.Request
	err = o.Store.View(ctx, func(tx *store.Tx) error {
		rows, err = tx.Requests(where)
		return err
	})
	if err != nil {
		return nil, "", err
	}
	if len(rows) > limit {
		rows = rows[:limit]
		last := rows[limit-1]
		next = strconv.FormatInt(int64(last.Updated), 10) + "_" + string(last.ID)
	}
	files, err = filesOf(rows)
	return files, next, err
}

// Review says what a request lacks before it can be sent, and what a careful colleague would ask, by
// the rules and the addressed State's entry in the directory.
func (o *Office) Review(ctx context.Context, by rogatory.Actor, id rogatory.RequestID) ([]treaty.Finding, error) {
	if err := MayRead(by); err != nil {
		return nil, err
	}
	f, err := o.File(ctx, id)
	if err != nil {
		return nil, err
	}
	found := o.Rules.Review(f.Request, o.now())
	if found == nil {
		found = []treaty.Finding{}
	}
	if f.Side != rogatory.RequestingSide {
		return found, nil
	}
	kind, err := o.Rules.Kind(f.Request.Kind)
	if err != nil {
		return found, nil //nolint:nilerr // an unknown kind is a finding already
	}
	var party rogatory.Party
	if f.Channel == "" {
		if party, err = o.Directory.Party(f.Them.State); err == nil {
			err = o.addressable(kind, party, f)
		}
	}
	if err == nil {
		var more []treaty.Finding
		more, err = o.basis(kind, party, f, o.now())
		found = append(found, more...)
	}
	if err != nil {
		found = append(found, treaty.Finding{Code: rogatory.CodeOf(err), Field: "to", Article: kind.Article, Text: err.Error(), Blocks: true})
	}
	return found, nil
}

func parseCursor(s string) (rogatory.Instant, rogatory.RequestID, error) {
	if s == "" {
		return 0, "", nil
	}
	at, id, _ := strings.Cut(s, "_")
	n, err := strconv.ParseInt(at, 10, 64)
	if err != nil || n <= 0 || !rogatory.RequestID(id).Valid() {
		return 0, "", rogatory.Fault(rogatory.Invalid, "cursor_invalid", "%.60q is not a place in the list", s).WithHint("give what the page before returned as next")
	}
	return rogatory.Instant(n), rogatory.RequestID(id), nil
}

// RequestsOfCase returns the files of a case by number; NotFound "case_unknown" if there are none.
func (o *Office) RequestsOfCase(ctx context.Context, by rogatory.Actor, c rogatory.CaseID) ([]File, error) {
	if err := MayRead(by); err != nil {
		return nil, err
	}
	var rows []store.Request
	err := o.Store.View(ctx, func(tx *store.Tx) (err error) {
		rows, err = tx.RequestsOfCase(c)
		return err
	})
	if err == nil && len(rows) == 0 {
		err = rogatory.Fault(rogatory.NotFound, "case_unknown", "there is no case %.40q here", c)
	}
	if err != nil {
		return nil, err
	}
	return filesOf(rows)
}

func filesOf(rows []store.Request) ([]File, error) {
	files := make([]File, 0, len(rows))
	for _, row := range rows {
		var f File
		if err := json.Unmarshal(row.View, &f); err != nil {
			return nil, rogatory.Fault(rogatory.Damaged, "view_damaged", "read the file of %s: %w", row.ID, err).WithHint("run rogatory fsck")
		}
		files = append(files, f)
	}
	return files, nil
}

// Correspondence is one message of a request, as it was signed, and what became of it.
type Correspondence struct {
	Direction store.Direction  `json:"direction"` // in or out, as seen from here
	Message   rogatory.Message `json:"message"`
	Digest    rogatory.Digest  `json:"digest"` // of its signature file
	At        rogatory.Instant `json:"at"`     // sent or received here
	Entry     int64            `json:"entry"`  // in our journal
	Applied   bool             `json:"applied"`
	Receipted bool             `json:"receipted"`
	Refused   bool             `json:"refused,omitempty"` // the receipt is a refusal
}

// MessagesOf returns what both States said on a request, in the order of our journal.
func (o *Office) MessagesOf(ctx context.Context, by rogatory.Actor, id rogatory.RequestID) ([]Correspondence, error) {
	if err := MayRead(by); err != nil {
		return nil, err
	}
	var rows []store.Message
	var spoken []Correspondence
	fictitious := false
	err := o.Store.View(ctx, func(tx *store.Tx) error {
		_, err := o.must(tx, id)
		if err == nil {
			rows, err = tx.MessagesOf(id)
		}
		if err != nil {
			return err
		}
		if fictitious, err = seeded(tx, id); fictitious {
			spoken, err = spokenOn(tx, id, o.Us.State)
		}
		return err
	})
	if err != nil || fictitious {
		return spoken, err
	}
	all := make([]Correspondence, 0, len(rows))
	for _, row := range rows {
		m, err := envelope.Peek(row.Container)
		if err != nil {
			return nil, rogatory.Fault(rogatory.Damaged, "message_damaged", "read message %s again: %w", row.ID, err).WithHint("run rogatory fsck")
		}
		all = append(all, Correspondence{row.Direction, m, row.Digest, row.At, row.Entry, row.Applied, len(row.Receipt) > 0, row.Refused})
	}
	return all, nil
}

// Dispatch is a message on its way out. It names no content, so that whoever runs the node may see it.
type Dispatch struct {
	Message  rogatory.MessageID `json:"message"`
	Request  rogatory.RequestID `json:"request"`
	Act      rogatory.Act       `json:"act"`
	Peer     rogatory.StateCode `json:"peer"`
	Sequence int64              `json:"sequence"`
	State    string             `json:"state"` // waiting, done or dead
	Urgent   bool               `json:"urgent,omitempty"`
	Attempts int                `json:"attempts"`
	Next     rogatory.Instant   `json:"next,omitzero"` // when it is tried again
	Problem  string             `json:"problem,omitempty"`
	Created  rogatory.Instant   `json:"created"`
	Finished rogatory.Instant   `json:"finished,omitzero"`
}

// Outbox lists deliveries in a state, the oldest first; what waits and what was set aside if the
// state is empty.
func (o *Office) Outbox(ctx context.Context, state string, limit int) ([]Dispatch, error) {
	states := []string{state}
	if state == "" {
		states = []string{store.Dead, store.Waiting}
	}
	all := []Dispatch{}
	err := o.Store.View(ctx, func(tx *store.Tx) error {
		for _, s := range states {
			rows, err := tx.Dispatches(s, limit)
			if err != nil {
				return err
			}
			for _, d := range rows {
				each := Dispatch{d.Message, d.Request, d.Act, d.Peer, d.Sequence, d.State, d.Urgent, d.Attempts, 0, d.LastError, d.Created, d.Finished}
				if d.State == store.Waiting {
					each.Next = d.NextAt
				}
				all = append(all, each)
			}
		}
		return nil
	})
	return all, err
}

// Logged is one journal entry with its place.
type Logged struct {
	Index int64          `json:"index"`
	Entry rogatory.Entry `json:"entry"`
}

// Entries returns up to n journal entries from an index on, those of one request if id is not empty.
func (o *Office) Entries(ctx context.Context, by rogatory.Actor, id rogatory.RequestID, from int64, n int) ([]Logged, error) {
	if err := MayRead(by); err != nil {
		return nil, err
	}
	if from < 0 || n < 1 || n > store.MaxRows {
		return nil, rogatory.Fault(rogatory.Invalid, "range_invalid", "%d entries from %d: 1 to %d entries can be read at once, from 0 on", n, from, store.MaxRows)
	}
	var rows []store.Entry
	var fictions map[rogatory.RequestID]bool
	err := o.Store.View(ctx, func(tx *store.Tx) (err error) {
		if id != "" {
			rows, err = tx.EntriesOf(id, from-1, n)
		} else {
			rows, err = tx.Entries(from, n)
		}
		if err == nil {
			fictions, err = seededAmong(tx, rows)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	all := make([]Logged, 0, len(rows))
	for _, row := range rows {
		var e rogatory.Entry
		if err := json.Unmarshal(row.Body, &e); err != nil {
			return nil, rogatory.Fault(rogatory.Damaged, "entry_damaged", "read entry %d: %w", row.Index, err).WithHint("run rogatory fsck")
		}
		all = append(all, Logged{row.Index, disguised(e, by, fictions[row.Request])})
	}
	return all, nil
}

// Tally is what an operator watches. It names no case and no person.
type Tally struct {
	Journal int64                  // entries
	Waiting int                    // deliveries to be made, counted up to store.MaxRows
	Dead    int                    // deliveries set aside for a person, likewise
	Oldest  rogatory.Instant       // when the oldest waiting delivery was made; zero if none waits
	Open    map[rogatory.State]int // requests that are not over, by state, each up to store.MaxRows
	Peers   map[rogatory.StateCode]Traffic
}

// Traffic is what went between us and a State.
type Traffic struct {
	Sent, Received int64 // messages made for it; messages of it that have had their effect
	Failures       int   // deliveries that failed in a row
}

// Tally counts.
func (o *Office) Tally(ctx context.Context) (Tally, error) {
	t := Tally{Open: map[rogatory.State]int{}, Peers: map[rogatory.StateCode]Traffic{}}
	err := o.Store.View(ctx, func(tx *store.Tx) (err error) {
		if t.Journal, err = tx.Size(); err != nil {
			return err
		}
		waiting, err := tx.Outbox(store.Waiting, store.MaxRows)
		if err != nil {
			return err
		}
		if t.Waiting = len(waiting); t.Waiting > 0 {
			t.Oldest = waiting[0].Created
		}
		dead, err := tx.Outbox(store.Dead, store.MaxRows)
		if err != nil {
			return err
		}
		t.Dead = len(dead)
		for _, s := range unfinished() {
			if t.Open[s], err = tx.CountRequests(s); err != nil {
				return err
			}
		}
		peers, err := tx.Peers()
		for _, p := range peers {
			t.Peers[p.State] = Traffic{p.LastOut, p.LastIn, p.Failures}
		}
		return err
	})
	return t, err
}

// unfinished lists the states in which somebody still has something to do.
func unfinished() []rogatory.State {
	var states []rogatory.State
	seen := map[rogatory.State]bool{}
	for _, t := range rogatory.Lifecycle() {
		if t.To != "" && !t.To.Final() && !seen[t.To] {
			seen[t.To] = true
			states = append(states, t.To)
		}
	}
	return states
}

// OpenExhibitTo is OpenExhibit for somebody at another machine, who keeps the bytes only if nil is
// returned. The opening is journaled before the first of them.
func (o *Office) OpenExhibitTo(ctx context.Context, by rogatory.Actor, id rogatory.ExhibitID, why string, w io.Writer, progress func(bytes int64)) (rogatory.Exhibit, error) {
	x, err := o.opening(ctx, by, id, why, rogatory.ExhibitOpened, "")
	if err != nil {
		return rogatory.Exhibit{}, err
	}
	return x.Exhibit, o.Vault.OpenPlain(ctx, x.Exhibit.Seal, o.Evidence, w, progress)
}
