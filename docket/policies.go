// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"context"
	"slices"

	"rogatory"
	"rogatory/safeguard"
	"rogatory/store"
)

// PolicyStanding says how an edition of the safeguards stands.
type PolicyStanding string

// The ways to stand.
const (
	PoliciesInForce  PolicyStanding = "in_force"
	PoliciesBefore   PolicyStanding = "before"   // it was in force
	PoliciesWait     PolicyStanding = "waits"    // agreed to, and its day is not over
	PoliciesUnagreed PolicyStanding = "unagreed" // it weakens, and nobody else has agreed to it
	PoliciesOvertook PolicyStanding = "overtaken"
	PoliciesUnread   PolicyStanding = "unread" // this program cannot read it: an earlier one could
)

// PolicyEdition is a national set that was put forward.
type PolicyEdition struct {
	Digest    rogatory.Digest      `json:"digest"` // of the whole set, the Convention's own included
	Entry     int64                `json:"entry"`  // of the journal
	At        rogatory.Instant     `json:"at"`
	Why       string               `json:"why"`
	Approvals []safeguard.Approval `json:"approvals"`
	Agreed    rogatory.Instant     `json:"agreed,omitzero"`
	Stands    PolicyStanding       `json:"stands"`
	// From says since when it counts or counted, or from when it will.
	From    rogatory.Instant `json:"from,omitzero"`
	Until   rogatory.Instant `json:"until,omitzero"`
	Weaker  int              `json:"weaker"` // how many differences weaken; the others tighten, or are of words
	Tighter int              `json:"tighter"`
	// Changes and Files are left out of lists.
	Changes []safeguard.Change `json:"changes,omitempty"`
	Files   []PolicyFile       `json:"files,omitempty"`
}

// PolicyRule is a policy in force.
type PolicyRule struct {
	safeguard.Policy
	Since    rogatory.Instant `json:"since,omitzero"` // zero for as long as there is this node
	National bool             `json:"national,omitempty"`
}

// Policies are the safeguards of an office, and how they became what they are.
type Policies struct {
	Digest   rogatory.Digest  `json:"digest"`
	Since    rogatory.Instant `json:"since,omitzero"`
	Rules    []PolicyRule     `json:"rules"`
	Editions []PolicyEdition  `json:"editions"` // the newest first
	// Unread says why nothing is in force: this program cannot read what an earlier one put in force.
	Unread string `json:"unread,omitempty"`
}

// stands says how a proposal stands, and from when until when it counts or counted.
func (p putForward) stands(force safeguard.InForce) (s PolicyStanding, from, until rogatory.Instant) {
	for i, span := range force.Spans {
		if !slices.Contains(p.editions, span.Edition) {
			continue
		}
		if s, from, until = PoliciesBefore, span.From, 0; i+1 < len(force.Spans) {
			until = force.Spans[i+1].From
		} else {
			s = PoliciesInForce
		}
	}
	if s != "" {
		return s, from, until
	}
	if p.broken != nil {
		return PoliciesUnread, 0, 0
	}
	for _, w := range force.Waiting {
		if !slices.Contains(p.editions, w.Edition) {
			continue
		}
		if w.From != 0 {
			return PoliciesWait, w.From, 0
		}
		if p.agreed == 0 {
			s = PoliciesUnagreed
		}
	}
	if s == "" {
		s = PoliciesOvertook
	}
	return s, 0, 0
}

// against is the set that a proposal is compared with: the one in force if it still may come into force, otherwise the one
// that it was put forward against.
func (b *policyBook) against(p putForward, force safeguard.InForce) safeguard.Set {
	if s, _, _ := p.stands(force); s == PoliciesUnagreed || s == PoliciesWait {
		return force.Set
	}
	old := b.history[0].Set
	for _, span := range force.Spans {
		if span.Edition < p.editions[0] && span.From <= p.at {
			old = b.history[span.Edition].Set
		}
	}
	return old
}

// edition tells of the i-th proposal, with its texts and differences if whole is set.
func (b *policyBook) edition(i int, force safeguard.InForce, whole bool) PolicyEdition {
	p := b.proposals[i]
	e := PolicyEdition{Digest: p.digest, Entry: p.entry, At: p.at, Why: p.why, Approvals: p.approvals, Agreed: p.agreed}
	e.Stands, e.From, e.Until = p.stands(force)
	changes := []safeguard.Change(nil)
	if p.broken == nil {
		changes = safeguard.Differences(b.against(p, force), p.set)
	}
	for _, c := range changes {
		switch {
		case c.Weaker:
			e.Weaker++
		case c.What != safeguard.WordsChanged:
			e.Tighter++
		}
	}
	if whole {
		e.Changes, e.Files = changes, p.files
	}
	return e
}

// Policies tells which safeguards are in force, since when, and of every edition that was put forward. They are nobody's
// secret: whoever works here may read them, and the public page shows them.
func (o *Office) Policies(ctx context.Context) (all Policies, err error) {
	if err := o.hasSafeguards(); err != nil {
		return all, err
	}
	err = o.Store.View(ctx, func(tx *store.Tx) error {
		book, err := o.policyBookIn(tx)
		if err != nil {
			return err
		}
		force := safeguard.Effective(book.history, book.at(o.now()))
		all = Policies{Digest: force.Set.Digest(), Since: force.Since, Rules: book.rules(force), Editions: []PolicyEdition{}}
		for i := range slices.Backward(book.proposals) {
			all.Editions = append(all.Editions, book.edition(i, force, false))
		}
		if err := book.unread(force); err != nil {
			all.Unread, all.Digest, all.Rules = err.Error(), rogatory.Digest{}, nil
		}
		return nil
	})
	return all, err
}

// CheckPolicies says whether this program can read the safeguards in force.
func (o *Office) CheckPolicies(ctx context.Context) error {
	return o.Store.View(ctx, func(tx *store.Tx) error {
		_, err := o.policiesNow(tx)
		return err
	})
}

// rules are the policies in force, each since when it stands as it does.
func (b *policyBook) rules(force safeguard.InForce) []PolicyRule {
	rules := []PolicyRule{}
	for _, p := range force.Set.Policies() {
		_, own := b.history[0].Set.Policy(p.ID)
		r := PolicyRule{Policy: p, National: !own}
		for _, span := range slices.Backward(force.Spans) {
			if then, ok := b.history[span.Edition].Set.Policy(p.ID); !ok || then.Text != p.Text {
				break
			}
			r.Since = span.From
		}
		rules = append(rules, r)
	}
	return rules
}

// PolicyEdition tells of the last edition that was proposed under a digest.
func (o *Office) PolicyEdition(ctx context.Context, digest rogatory.Digest) (e PolicyEdition, err error) {
	if err := o.hasSafeguards(); err != nil {
		return e, err
	}
	err = o.Store.View(ctx, func(tx *store.Tx) error {
		book, err := o.policyBookIn(tx)
		if err != nil {
			return err
		}
		i := book.proposal(digest.String())
		if i < 0 {
			return rogatory.Fault(rogatory.NotFound, "policies_unknown", "nobody proposed a set %s", digest.Short())
		}
		e = book.edition(i, safeguard.Effective(book.history, book.at(o.now())), true)
		return nil
	})
	return e, err
}

// BenchOwn is how many requests of the office's own a bench looks at, those that changed last: a screen of a person's
// patience, and a second of the node's time.
const BenchOwn = 40

// OwnReplay is what became on the bench of an act on a request of this office.
type OwnReplay struct {
	safeguard.Replay
	Request rogatory.RequestID `json:"request"`
	Act     rogatory.Act       `json:"act"`
}

// PolicyTrial is what a set would change.
type PolicyTrial struct {
	Digest  rogatory.Digest    `json:"digest"`
	Same    bool               `json:"same"` // as what is in force
	Weaker  bool               `json:"weaker"`
	Changes []safeguard.Change `json:"changes,omitempty"` // against what is in force
	// Cases are those that came with the program, decided by the rules in force, with what would change; Own are the same
	// of this office's own requests.
	Cases []safeguard.Replay `json:"cases"`
	Own   []OwnReplay        `json:"own"`
}

// TryPolicies puts a national set on the bench: what it changes, whether it weakens, which rule decides each case now and
// what would become of it. Nothing is recorded.
func (o *Office) TryPolicies(ctx context.Context, by rogatory.Actor, files []PolicyFile) (PolicyTrial, error) {
	if err := o.hasSafeguards(); err != nil {
		return PolicyTrial{}, err
	}
	set, err := JoinPolicies(o.Safeguards.Convention, files)
	if err != nil {
		return PolicyTrial{}, err
	}
	t := PolicyTrial{Digest: set.Digest(), Own: []OwnReplay{}}
	err = o.Store.View(ctx, func(tx *store.Tx) error {
		now, err := o.policiesNow(tx)
		if err != nil {
			return err
		}
		t.Same = now.Digest() == set.Digest()
		t.Changes = safeguard.Differences(now, set)
		t.Weaker = len(safeguard.Weaker(now, set)) > 0
		t.Cases = safeguard.Bench(now, set, safeguard.TheCases())
		if MayRead(by) != nil {
			return nil // who may not see cases tries the set without them
		}
		t.Own, err = o.benchOwn(tx, now, set)
		return err
	})
	return t, err
}

// benchOwn replays the acts that decide over the last requests: asking for ours, and taking on and handing over for theirs.
func (o *Office) benchOwn(tx *store.Tx, now, next safeguard.Set) ([]OwnReplay, error) {
	all := []OwnReplay{}
	rows, err := tx.Requests(store.RequestFilter{Limit: BenchOwn})
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		f, found, err := cabinetOf{tx}.file(row.ID)
		if err != nil {
			return nil, err
		}
		if !found || f.Request.Kind == rogatory.ContactDrill {
			continue
		}
		acts := []rogatory.Act{rogatory.Accept, rogatory.Offer}
		if f.Side == rogatory.RequestingSide {
			acts = []rogatory.Act{rogatory.Send}
		}
		for _, act := range acts {
			near, err := o.near(tx, f, act)
			if err != nil {
				return nil, err
			}
			c := safeguard.Case{Name: string(f.ID) + " " + string(act), Facts: factsOf(f, act, o.Mode, o.Safeguards, near, o.now())}
			all = append(all, OwnReplay{safeguard.Bench(now, next, []safeguard.Case{c})[0], f.ID, act})
		}
	}
	return all, nil
}
