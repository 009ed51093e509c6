// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"bytes"
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"sync"

	"rogatory"
	"rogatory/safeguard"
	"rogatory/store"
)

// The safeguards of an office are the Convention's own set, which came with the program, and national policies behind it.
// Who adds to them or takes something back puts forward a whole national set: an edition. Its text is an entry of the
// journal, and which edition counts follows from the entries alone, so that a restored copy comes to the same answer.

// Limits on editions.
const (
	// MaxPolicyText bounds the files of a national set together, so that they fit an entry however they are written.
	MaxPolicyText = 128 << 10
	// maxPolicyEntries bounds the history: an edition a week for ten years, with somebody's agreement each.
	maxPolicyEntries = 1000
	// policiesSetting names the entries that policies are derived from.
	policiesSetting = "policies"
)

// PolicyFile is a file of policies in Cedar.
type PolicyFile struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

var policyFileName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,70}\.cedar$`)

// policyEntry is what an entry holds: the files of a proposal, and who stands for it.
type policyEntry struct {
	Files    []PolicyFile       `json:"files,omitempty"`
	Approval safeguard.Approval `json:"approval"`
}

// policyMark names an entry that policies are derived from, with the digest of its body.
type policyMark struct {
	Entry int64           `json:"entry"`
	Body  rogatory.Digest `json:"body"`
}

// putForward is a national set that somebody proposed, and perhaps somebody else agreed to.
type putForward struct {
	entry     int64
	digest    rogatory.Digest // as it was recorded, under the program of that day
	at        rogatory.Instant
	by        rogatory.Actor
	why       string
	files     []PolicyFile
	set       safeguard.Set // joined; the zero Set if this program cannot read it
	broken    error
	approvals []safeguard.Approval
	agreed    rogatory.Instant
	editions  []int // its places in the history: as proposed, and as agreed to
}

// policyBook is the history of the safeguards. It is not written to once it was read.
type policyBook struct {
	history   []safeguard.Edition
	proposals []putForward
	last      rogatory.Instant // of the entries
}

// newPolicyBook begins with the set that came with the program, which counts from the beginning.
func newPolicyBook(convention safeguard.Set) *policyBook {
	return &policyBook{history: []safeguard.Edition{{Set: convention, Approvals: []safeguard.Approval{{Person: "the program"}}}}}
}

// JoinPolicies reads a national set and puts it behind the Convention's own. What does not fit is refused whole, naming
// file and line. No files are the Convention's set alone.
func JoinPolicies(convention safeguard.Set, files []PolicyFile) (safeguard.Set, error) {
	var list []safeguard.File
	size := 0
	for _, f := range files {
		if !policyFileName.MatchString(f.Name) {
			return safeguard.Set{}, rogatory.Fault(rogatory.Invalid, "policies_invalid", "read %.80q: a file of policies is called like national.cedar", f.Name).WithHint("letters, digits, dots, dashes and underscores, and .cedar at the end")
		}
		if size += len(f.Text); size > MaxPolicyText {
			return safeguard.Set{}, rogatory.Fault(rogatory.Invalid, "policies_invalid", "read %s:1: more than %d bytes of policies together", f.Name, MaxPolicyText).WithHint("nothing was loaded, and the set before stays in force")
		}
		list = append(list, safeguard.File{Name: f.Name, Data: []byte(f.Text)})
	}
	if len(list) == 0 {
		return convention, nil
	}
	national, err := safeguard.Read(list)
	if err != nil {
		return safeguard.Set{}, err
	}
	return safeguard.Join(convention, national)
}

// add takes an entry into the book.
func (b *policyBook) add(index int64, e rogatory.Entry) error {
	var p policyEntry
	if err := json.Unmarshal(e.Policies, &p); err != nil {
		return damaged("entry_damaged", "journal entry %d holds no policies: %w", index, err).WithHint("run rogatory fsck")
	}
	b.last = max(b.last, e.At)
	var of *putForward
	if e.Type == rogatory.PoliciesProposed {
		next := putForward{entry: index, at: e.At, by: e.By, why: e.Why, files: p.Files}
		if err := next.digest.UnmarshalText([]byte(e.Name)); err != nil {
			return damaged("entry_damaged", "journal entry %d names no set: %w", index, err).WithHint("run rogatory fsck")
		}
		next.set, next.broken = JoinPolicies(b.history[0].Set, p.Files)
		b.proposals = append(b.proposals, next)
		of = &b.proposals[len(b.proposals)-1]
	} else {
		i := b.proposal(e.Name)
		if i < 0 {
			return damaged("entry_damaged", "journal entry %d agrees to a set that nobody proposed", index).WithHint("run rogatory fsck")
		}
		of = &b.proposals[i]
		of.agreed = e.At
	}
	of.approvals = append(slices.Clone(of.approvals), p.Approval)
	of.editions = append(of.editions, len(b.history))
	b.history = append(b.history, safeguard.Edition{Set: of.set, At: e.At, Approvals: of.approvals})
	return nil
}

// proposal finds the last one of a digest, or -1.
func (b *policyBook) proposal(digest string) int {
	for i, p := range slices.Backward(b.proposals) {
		if p.digest.String() == digest {
			return i
		}
	}
	return -1
}

// at is the moment that is asked for, and never before the last entry: a clock that was set back brings no earlier set.
func (b *policyBook) at(now rogatory.Instant) rogatory.Instant { return max(now, b.last) }

// unread is the error of an edition that stands before the one in force and that this program cannot read: nobody can say
// what would be let pass without it.
func (b *policyBook) unread(force safeguard.InForce) error {
	for _, p := range b.proposals {
		if p.broken != nil && p.editions[len(p.editions)-1] > force.Edition {
			return p.broken
		}
	}
	return nil
}

// policyCache holds what was last read: policies are asked for with every act, and change a few times a year.
type policyCache struct {
	mu    sync.Mutex
	key   []byte // the setting
	book  *policyBook
	force safeguard.InForce
	from  rogatory.Instant // force is that of every moment from here
	until rogatory.Instant // to before here
}

// policyBookIn reads the history; the cache's own if nothing was added.
func (o *Office) policyBookIn(tx *store.Tx) (*policyBook, error) {
	key, _, err := tx.Setting(policiesSetting)
	if err != nil {
		return nil, err
	}
	c := &o.policies
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.book != nil && bytes.Equal(c.key, key) {
		return c.book, nil
	}
	marks, err := marksOf(key)
	if err != nil {
		return nil, err
	}
	book := newPolicyBook(o.Safeguards.Convention)
	for _, m := range marks {
		row, err := tx.Entry(m.Entry)
		if err != nil {
			return nil, err
		}
		var e rogatory.Entry
		if rogatory.DigestOf(row.Body) != m.Body || json.Unmarshal(row.Body, &e) != nil {
			return nil, damaged("view_damaged", "journal entry %d is not the one that the safeguards were derived from", m.Entry).WithHint("run rogatory fsck")
		}
		if err := book.add(m.Entry, e); err != nil {
			return nil, err
		}
	}
	// A transaction that fails leaves another setting behind than it read, and the next one reads it again.
	c.key, c.book, c.until = slices.Clone(key), book, 0
	return book, nil
}

func marksOf(setting []byte) (marks []policyMark, err error) {
	if len(setting) == 0 {
		return nil, nil
	}
	if err := json.Unmarshal(setting, &marks); err != nil {
		return nil, damaged("view_damaged", "read which entries change the safeguards: %w", err).WithHint("run rogatory fsck")
	}
	return marks, nil
}

// policiesNow returns the set in force. With an error it is the zero Set, under which everything waits for people.
func (o *Office) policiesNow(tx *store.Tx) (safeguard.Set, error) {
	book, err := o.policyBookIn(tx)
	if err != nil {
		return safeguard.Set{}, err
	}
	at := book.at(o.now())
	c := &o.policies
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.book != book || at < c.from || at >= c.until {
		force := safeguard.Effective(book.history, at)
		if c.book != book { // another call read more meanwhile; it keeps its own
			return force.Set, book.unread(force)
		}
		c.force, c.from, c.until = force, at, 1<<62
		for _, w := range force.Waiting {
			if w.From > at {
				c.until = min(c.until, w.From)
			}
		}
	}
	if err := book.unread(c.force); err != nil {
		return safeguard.Set{}, err
	}
	return c.force.Set, nil
}

// ProposePolicies puts a national set forward, in place of the one before: the files of a folder, all of them; none to
// fall back to the Convention's own. A set that only tightens counts at once. One that weakens counts a day after a second
// person of another role has agreed to it. What does not fit is refused whole, naming file and line, and the set before
// stays. Proposing the set in force again stops one that waits.
func (o *Office) ProposePolicies(ctx context.Context, by rogatory.Actor, files []PolicyFile, why string) (PolicyEdition, error) {
	if err := o.decides(by, "change the safeguards"); err != nil {
		return PolicyEdition{}, err
	}
	if err := o.hasSafeguards(); err != nil {
		return PolicyEdition{}, err
	}
	if !safeguard.Reasoned(why) {
		return PolicyEdition{}, rogatory.Fault(rogatory.Invalid, "policies_unreasoned", "say why the safeguards change, in at least %d words", safeguard.MinWords)
	}
	if len(why) > maxReviewText {
		return PolicyEdition{}, rogatory.Fault(rogatory.Invalid, "words_too_many", "%d bytes of reasons, at most %d are kept", len(why), maxReviewText)
	}
	set, err := JoinPolicies(o.Safeguards.Convention, files)
	if err != nil {
		return PolicyEdition{}, err
	}
	return o.changePolicies(ctx, set.Digest().String(), func(book *policyBook, force safeguard.InForce) (rogatory.Entry, policyEntry, error) {
		waits := slices.ContainsFunc(force.Waiting, func(w safeguard.Waiting) bool { return w.From != 0 })
		if force.Set.Digest() == set.Digest() && !waits && book.unread(force) == nil {
			return rogatory.Entry{}, policyEntry{}, rogatory.Fault(rogatory.Conflict, "policies_same", "these are the safeguards in force: %s", set.Digest().Short())
		}
		return rogatory.Entry{Type: rogatory.PoliciesProposed, By: by, Why: why}, policyEntry{Files: files}, nil
	})
}

// KeepPolicies proposes the national set in force once more, which stops what waits.
func (o *Office) KeepPolicies(ctx context.Context, by rogatory.Actor, why string) (PolicyEdition, error) {
	if err := o.hasSafeguards(); err != nil {
		return PolicyEdition{}, err
	}
	var files []PolicyFile
	err := o.Store.View(ctx, func(tx *store.Tx) error {
		book, err := o.policyBookIn(tx)
		if err != nil {
			return err
		}
		force := safeguard.Effective(book.history, book.at(o.now()))
		for _, p := range book.proposals {
			if slices.Contains(p.editions, force.Edition) {
				files = p.files
			}
		}
		return nil
	})
	if err != nil {
		return PolicyEdition{}, err
	}
	return o.ProposePolicies(ctx, by, files, why)
}

// AgreePolicies is the word of a second person, of another role and with another key, for a set that weakens: it counts a
// day later.
func (o *Office) AgreePolicies(ctx context.Context, by rogatory.Actor, digest rogatory.Digest) (PolicyEdition, error) {
	if err := mayReview(by, "agree to safeguards"); err != nil {
		return PolicyEdition{}, err
	}
	if err := o.hasSafeguards(); err != nil {
		return PolicyEdition{}, err
	}
	if err := o.present(by, "agree to safeguards"); err != nil {
		return PolicyEdition{}, err
	}
	return o.changePolicies(ctx, digest.String(), func(book *policyBook, force safeguard.InForce) (rogatory.Entry, policyEntry, error) {
		i := book.proposal(digest.String())
		if i < 0 {
			return rogatory.Entry{}, policyEntry{}, rogatory.Fault(rogatory.NotFound, "policies_unknown", "nobody proposed a set %s", digest.Short())
		}
		p := book.proposals[i]
		if state, _, _ := p.stands(force); state != PoliciesUnagreed {
			return rogatory.Entry{}, policyEntry{}, rogatory.Fault(rogatory.Conflict, "policies_not_open", "the set %s does not wait for a second person: %s", digest.Short(), state)
		}
		for _, a := range p.approvals {
			if a.Person == by.Name || a.Role == by.Role || a.Authenticator == credentialOf(by) {
				return rogatory.Entry{}, policyEntry{}, rogatory.Fault(rogatory.Denied, "second_person_needed", "another person of another role than %s has to agree to the set %s", a.Person, digest.Short())
			}
		}
		return rogatory.Entry{Type: rogatory.PoliciesAgreed, By: by}, policyEntry{}, nil
	})
}

func (o *Office) hasSafeguards() error {
	if o.Safeguards == nil {
		return rogatory.Fault(rogatory.Unavailable, "safeguards_off", "this office has no safeguards")
	}
	return nil
}

// changePolicies records what decide makes of the history, dated no earlier than anything that is recorded: a clock that
// was set back for the proposal shortens no day.
func (o *Office) changePolicies(ctx context.Context, digest string, decide func(*policyBook, safeguard.InForce) (rogatory.Entry, policyEntry, error)) (PolicyEdition, error) {
	var edition PolicyEdition
	err := o.Store.Update(ctx, func(tx *store.Tx) error {
		book, err := o.policyBookIn(tx)
		if err != nil {
			return err
		}
		latest, err := tx.Latest()
		if err != nil {
			return err
		}
		at := max(o.now(), latest)
		e, p, err := decide(book, safeguard.Effective(book.history, at))
		if err != nil {
			return err
		}
		p.Approval = safeguard.Approval{Person: e.By.Name, Role: e.By.Role, Authenticator: credentialOf(e.By)}
		e.At, e.Name = at, digest
		if e.Policies, err = json.Marshal(p); err != nil {
			return err
		}
		setting, _, err := tx.Setting(policiesSetting)
		if err != nil {
			return err
		}
		marks, err := marksOf(setting)
		if err != nil {
			return err
		}
		if len(marks) >= maxPolicyEntries {
			return rogatory.Fault(rogatory.Busy, "too_many", "the safeguards were changed %d times, and no more is kept", len(marks))
		}
		index, err := o.Ledger.Record(tx, e)
		if err != nil {
			return err
		}
		row, err := tx.Entry(index)
		if err != nil {
			return err
		}
		if err := keepMarks(tx, append(marks, policyMark{index, rogatory.DigestOf(row.Body)})); err != nil {
			return err
		}
		next := &policyBook{slices.Clone(book.history), slices.Clone(book.proposals), book.last}
		if err := next.add(index, e); err != nil {
			return err
		}
		edition = next.edition(next.proposal(digest), safeguard.Effective(next.history, at), true)
		return nil
	})
	return edition, err
}

func keepMarks(tx *store.Tx, marks []policyMark) error {
	data, err := json.Marshal(marks)
	if err != nil {
		return err
	}
	return tx.SetSetting(policiesSetting, data)
}

// policy goes through an entry of the safeguards as the office did.
func (r *replay) policy(row store.Entry, e rogatory.Entry, before rogatory.Instant) error {
	var p policyEntry
	if err := json.Unmarshal(e.Policies, &p); err != nil {
		return damaged("entry_damaged", "journal entry %d holds no policies: %w", row.Index, err)
	}
	if e.At < before {
		return damaged("entry_damaged", "journal entry %d changes the safeguards and is dated before %s, when something was recorded already", row.Index, before)
	}
	r.policies = append(r.policies, policyMark{row.Index, rogatory.DigestOf(row.Body)})
	return nil
}

// policiesKept holds the list of what changed the safeguards against the journal, or puts it right.
func (r *replay) policiesKept() error {
	have, _, err := r.tx.Setting(policiesSetting)
	if err != nil || len(have) == 0 && len(r.policies) == 0 {
		return err
	}
	if r.mend {
		return keepMarks(r.tx, r.policies)
	}
	want, err := json.Marshal(r.policies)
	if err == nil && !bytes.Equal(have, want) {
		err = damaged("view_damaged", "the safeguards are not what the journal adds up to")
	}
	return err
}
