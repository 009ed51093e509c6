// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"context"
	"encoding/json"
	"io"
	"slices"
	"strings"

	"rogatory"
	"rogatory/safeguard"
	"rogatory/store"
	"rogatory/treaty"
)

// Quarantine says since when an exhibit lies unread, and who has agreed to release it as it is.
//
// An answer comes into quarantine when it holds rows that were not asked for, or has rows and nobody could tell: with the
// State that seals it on sealing, with the State that gets it on arrival, each by its own comparison. Until it is released
// nobody of the office opens, previews, offers or exports it but a reviewer: a decider who did not seal it, with a reason
// that is journaled. The reviewer has the rows within cut out by machine, which makes a new exhibit; or deletes it with a
// certificate; or releases it as it is, which takes two people of two roles.
type Quarantine struct {
	Since rogatory.Instant `json:"since"`
	Votes []safeguard.Vote `json:"votes,omitempty"` // for a release
}

// inQuarantine is how the row of an exhibit in quarantine is listed, whatever its state.
const inQuarantine = "quarantined"

// Standing is how an exhibit is listed.
func (x ExhibitFile) Standing() string {
	if x.Quarantine != nil {
		return inQuarantine
	}
	return string(x.State)
}

func quarantined(x ExhibitFile, what string) error {
	return rogatory.Fault(rogatory.Denied, "exhibit_quarantined", "exhibit %s cannot be %s: it lies unread until a reviewer has looked at it", x.Exhibit.ID, what).
		WithHint("a decider who did not seal it cuts out what was asked for, deletes it, or releases it with a second person")
}

// mayOpen: a custodian opens what is held, and a reviewer what lies in quarantine.
func mayOpen(by rogatory.Actor, x ExhibitFile) error {
	switch {
	case x.Quarantine != nil && (by.Role != rogatory.Decider || by.Name == x.By):
		return quarantined(x, "opened by "+by.Name)
	case x.Quarantine == nil && by.Role != rogatory.Custodian:
		return rogatory.Fault(rogatory.Denied, "role_not_allowed", "%s in the role %s may not open exhibits", by.Name, by.Role).WithHint("this act needs the role custodian")
	}
	return nil
}

// handsOverExcess reports whether an act would hand over what lies in quarantine.
func handsOverExcess(f File, act rogatory.Act, body rogatory.Body) bool {
	x := f.offered(act, body)
	return x != nil && x.Quarantine != nil
}

// scopeOf is what a request asked for, as the rows of an answer can be compared with it.
func (o *Office) scopeOf(f File) safeguard.Scope {
	var s safeguard.Scope
	s.Identifiers = safeguard.Comparable(identifiersOf(f.Request))
	if p, ok := treaty.PeriodOf(f.Request.Contents["period"]); ok {
		s.Period = p
	} else if o.Safeguards == nil || !slices.Contains(o.Safeguards.Form.Timeless, f.Request.Kind) {
		s.Period = f.Request.Term
	}
	for _, c := range []safeguard.Category{safeguard.Subscriber, safeguard.Traffic, safeguard.Content} {
		if strings.Contains(f.Request.Contents["data_category"], string(c)) {
			s.Kinds = append(s.Kinds, string(c))
		}
	}
	return s
}

// answers reports whether an exhibit that one side hands over answers the request: what the asking State hands over does
// not.
func answers(f File, ours bool) bool {
	return ours == (f.Side == rogatory.RequestedSide)
}

// compareWhile compares src with a scope while somebody else reads the returned reader, in a memory that does not grow.
// verdict is called once, after the reading, with how it ended.
func compareWhile(scope safeguard.Scope, named safeguard.Columns, name string, src io.Reader) (teed io.Reader, verdict func(reading error) (safeguard.Comparison, error)) {
	r, w := io.Pipe()
	type result struct {
		safeguard.Comparison
		err error
	}
	done := make(chan result, 1)
	go func() {
		c, err := safeguard.StandardHeaders().Compare(scope, named, name, r)
		r.CloseWithError(io.ErrClosedPipe) // it has seen enough: the rest is not copied
		done <- result{c, err}
	}()
	return &tee{src, w}, func(reading error) (safeguard.Comparison, error) {
		w.CloseWithError(reading) // nil is the end
		got := <-done
		if reading != nil {
			return safeguard.Comparison{}, nil // that is what is told
		}
		return got.Comparison, got.err
	}
}

// tee is io.TeeReader whose second reader may leave.
type tee struct {
	from io.Reader
	to   *io.PipeWriter
}

func (t *tee) Read(p []byte) (int, error) {
	n, err := t.from.Read(p)
	if n > 0 && t.to != nil {
		if _, left := t.to.Write(p[:n]); left != nil {
			t.to = nil
		}
	}
	return n, err
}

// compareArrived compares the exhibits of that root that are about to be held, by exhibit. It decrypts what has rows, and
// of everything else its beginning. What our keys do not open, or is not what its seal says, is told when somebody opens it.
func (o *Office) compareArrived(ctx context.Context, peer rogatory.StateCode, root rogatory.Digest) (map[rogatory.ExhibitID]safeguard.Comparison, error) {
	all := map[rogatory.ExhibitID]safeguard.Comparison{}
	type arriving struct {
		scope safeguard.Scope
		x     rogatory.Exhibit
	}
	var waiting []arriving
	err := o.Store.View(ctx, func(tx *store.Tx) error {
		rows, err := tx.ExhibitsByRoot(root)
		if err != nil {
			return err
		}
		for _, row := range rows {
			f, err := o.must(tx, row.Request)
			if err != nil {
				return err
			}
			x := f.exhibit(row.ID)
			switch {
			case x == nil || x.Ours || f.Them.State != peer || x.State != Offered:
			case !answers(f, false):
				all[x.Exhibit.ID] = safeguard.Comparison{Verdict: safeguard.NotCompared, Why: safeguard.NoAnswer}
			default:
				waiting = append(waiting, arriving{o.scopeOf(f), x.Exhibit})
			}
		}
		return nil
	})
	for _, a := range waiting {
		if all[a.x.ID], err = o.compareHeld(ctx, a.scope, a.x); err != nil {
			return nil, err
		}
	}
	return all, err
}

func (o *Office) compareHeld(ctx context.Context, scope safeguard.Scope, x rogatory.Exhibit) (safeguard.Comparison, error) {
	plain, err := o.Vault.OpenAt(x.Seal, o.Evidence)
	if err != nil {
		return safeguard.Comparison{Verdict: safeguard.NotCompared, Why: safeguard.NotReadable}, ctx.Err()
	}
	defer plain.Close()
	c, err := safeguard.StandardHeaders().Compare(scope, safeguard.Columns{}, x.FileName, &stoppable{ctx, io.NewSectionReader(plain, 0, plain.Size())})
	if err != nil && ctx.Err() == nil { // whatever its bytes are, they are not what was signed
		return safeguard.Comparison{Verdict: safeguard.Undetermined, Why: safeguard.NotReadable}, nil
	}
	return c, err
}

// stoppable ends with its context.
type stoppable struct {
	ctx  context.Context
	from io.Reader
}

func (s *stoppable) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.from.Read(p)
}

// recordCompared records an exhibit with its comparison, and in the same transaction that it lies in quarantine, if so.
func (o *Office) recordCompared(tx *store.Tx, e rogatory.Entry, c safeguard.Comparison) error {
	var err error
	if e.Compared, err = json.Marshal(c); err != nil {
		return err
	}
	if err := o.record(tx, e); err != nil || !c.Quarantined() {
		return err
	}
	return o.record(tx, rogatory.Entry{Type: rogatory.ExhibitQuarantined, At: o.now(), By: o.node(), Request: e.Request, Exhibit: e.Exhibit, Why: string(c.Verdict), Compared: e.Compared})
}

// compared takes the comparison of an entry, where there is one.
func (x *ExhibitFile) compared(e rogatory.Entry) error {
	if len(e.Compared) == 0 {
		return nil
	}
	var c safeguard.Comparison
	if err := json.Unmarshal(e.Compared, &c); err != nil {
		return rogatory.Fault(rogatory.Damaged, "entry_damaged", "read the comparison of exhibit %s: %w", x.Exhibit.ID, err).WithHint("run rogatory fsck")
	}
	x.Compared = &c
	return nil
}

// quarantine moves a file by what became of an exhibit in quarantine.
func (f *File) quarantine(e rogatory.Entry) error {
	f.Exhibits = slices.Clone(f.Exhibits)
	if e.Type == rogatory.ExhibitCut {
		x := ExhibitFile{Exhibit: *e.Exhibit, State: Sealed, Ours: true, CutFrom: rogatory.ExhibitID(e.Name)}
		if from := f.exhibit(x.CutFrom); from != nil {
			x.By, x.Origin = from.By, from.Origin // a machine made it out of what that person prepared
		}
		err := x.compared(e)
		f.Exhibits = append(f.Exhibits, x)
		return err
	}
	x := f.exhibit(e.Exhibit.ID)
	if x == nil {
		return nil
	}
	switch e.Type {
	case rogatory.ExhibitQuarantined:
		x.Quarantine = &Quarantine{Since: e.At}
		return x.compared(e)
	case rogatory.ExhibitReleaseVote:
		var v safeguard.Vote
		if err := json.Unmarshal(e.Vote, &v); err != nil {
			return rogatory.Fault(rogatory.Damaged, "entry_damaged", "read the vote on exhibit %s: %w", e.Exhibit.ID, err).WithHint("run rogatory fsck")
		}
		if x.Quarantine != nil {
			q := *x.Quarantine
			q.Votes = append(slices.DeleteFunc(slices.Clone(q.Votes), func(w safeguard.Vote) bool { return w.Person == v.Person }), v)
			x.Quarantine = &q
		}
	case rogatory.ExhibitReleased:
		x.Quarantine = nil
	}
	return nil
}

// releaseNeeds: two people of two roles, of whom one is a decider. Who sealed it has no vote.
var releaseNeeds = safeguard.Need{People: 2, Roles: 2, Of: []rogatory.OfficerRole{rogatory.Decider}}

// Release records that by stands for releasing an exhibit from quarantine as it is, with reasons. With the second person
// of another role it is released, and then it is like any other: released says so.
func (o *Office) Release(ctx context.Context, by rogatory.Actor, id rogatory.ExhibitID, reasons string) (released bool, err error) {
	if err := mayReview(by, "release exhibits from quarantine"); err != nil {
		return false, err
	}
	if err := o.present(by, "release exhibits from quarantine"); err != nil {
		return false, err
	}
	if reasons = strings.TrimSpace(reasons); len(reasons) < minReleaseReasons || len(reasons) > maxReviewText {
		return false, rogatory.Fault(rogatory.Invalid, "words_missing", "exhibit %s is released for a reason of %d to %d bytes", id, minReleaseReasons, maxReviewText).
			WithHint("say why the other State is to have what it did not ask for, or why it did ask for it")
	}
	err = o.withQuarantined(ctx, by, id, func(tx *store.Tx, f File, x ExhibitFile) error {
		vote := safeguard.Vote{Person: by.Name, Role: by.Role, Authenticator: credentialOf(by), Agree: true, Reasons: reasons}
		data, err := json.Marshal(vote)
		if err != nil {
			return err
		}
		if err := o.record(tx, rogatory.Entry{Type: rogatory.ExhibitReleaseVote, At: o.now(), By: by, Request: f.ID, Exhibit: &x.Exhibit, Vote: data, Why: reasons}); err != nil {
			return err
		}
		votes := safeguard.Votes{Author: x.By, Votes: append(slices.DeleteFunc(slices.Clone(x.Quarantine.Votes), func(w safeguard.Vote) bool { return w.Person == by.Name }), vote)}
		if len(votes.Settle(releaseNeeds)) > 0 {
			return nil
		}
		released = true
		return o.record(tx, rogatory.Entry{Type: rogatory.ExhibitReleased, At: o.now(), By: by, Request: f.ID, Exhibit: &x.Exhibit, Why: reasons})
	})
	return released && err == nil, err
}

// minReleaseReasons is the least that can say why: below it nobody can learn anything from it.
const minReleaseReasons = 12

// withQuarantined does something about an exhibit that lies in quarantine and that by did not seal.
func (o *Office) withQuarantined(ctx context.Context, by rogatory.Actor, id rogatory.ExhibitID, do func(tx *store.Tx, f File, x ExhibitFile) error) error {
	return o.Store.Update(ctx, func(tx *store.Tx) error {
		row, err := tx.Exhibit(id)
		if err != nil {
			return err
		}
		f, err := o.must(tx, row.Request)
		if err != nil {
			return err
		}
		x := f.exhibit(id)
		switch {
		case x == nil || x.Quarantine == nil:
			return rogatory.Fault(rogatory.Conflict, "exhibit_not_quarantined", "exhibit %s does not lie in quarantine", id)
		case x.By == by.Name:
			return rogatory.Fault(rogatory.Denied, "second_person_needed", "%s sealed this exhibit, so another person must review it", x.By)
		}
		return do(tx, f, *x)
	})
}

// Quarantined is an exhibit that waits for its reviewer.
type Quarantined struct {
	ExhibitFile
	Request rogatory.RequestID `json:"request"`
}

// Quarantined lists the exhibits that wait for a reviewer, at most store.MaxRows.
func (o *Office) Quarantined(ctx context.Context, by rogatory.Actor) ([]Quarantined, error) {
	if err := MayRead(by); err != nil {
		return nil, err
	}
	all := []Quarantined{}
	err := o.Store.View(ctx, func(tx *store.Tx) error {
		rows, err := tx.ExhibitsIn(inQuarantine, store.MaxRows)
		if err != nil {
			return err
		}
		for _, row := range rows {
			f, err := o.must(tx, row.Request)
			if err != nil {
				return err
			}
			if x := f.exhibit(row.ID); x != nil && x.Quarantine != nil {
				all = append(all, Quarantined{*x, f.ID})
			}
		}
		return nil
	})
	return all, err
}
