// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"filippo.io/age"

	"rogatory"
	"rogatory/docket"
	"rogatory/journal"
	"rogatory/ledger"
	"rogatory/store"
)

// Waits of the gate.
const (
	gateTimeout  = 5 * time.Second  // for what one witness or peer says at a start; all are asked at once
	gateEvery    = time.Second      // while the gate is not open
	gateMost     = time.Minute      // the wait between questions grows up to this
	gateLook     = time.Minute      // an open gate asks again, to find a twin
	copiesWait   = 15 * time.Minute // how long a recovery waits for a peer's copies before their content counts as lost
	copiesMisses = 16               // copies in a row that a peer does not have, before it counts as all
)

// policyFile may name witnesses beyond the other States, and the quorum that opens the gate (C2SP tlog-policy).
const policyFile = "witness.policy"

// maxIncarnation bounds what a peer may say of our starts: one each second for thirty thousand years.
const maxIncarnation = 1 << 40

// gatekeeper is what a node knows about its own start.
type gatekeeper struct {
	gate *ledger.Gate

	mu      sync.Mutex // one attempt at a time
	begun   bool       // this start is in the journal; guarded by mu
	edition string
	wait    time.Duration    // before the next question; guarded by mu
	next    time.Time        // guarded by mu
	since   rogatory.Instant // of the recovery; guarded by mu
	opened  chan struct{}    // closed when the gate first opened
}

// GateStanding is where the gate of a node stands.
type GateStanding = ledger.Standing

// Gate returns whether this node may sign, and why not.
func (n *Node) Gate() GateStanding { return n.start.gate.Standing() }

// AwaitOpen waits until the node may sign, or ctx ends: then it returns why it may not.
func (n *Node) AwaitOpen(ctx context.Context) error {
	select {
	case <-n.start.opened:
		return nil
	case <-ctx.Done():
		return errors.Join(n.start.gate.Err(), ctx.Err())
	}
}

// heard is what one witness or peer said.
type heard struct {
	answer      ledger.Answer
	witness     string // name of its cosignature key, empty if it has none
	party       rogatory.Party
	incarnation int64
	leaves      int64
	unsigned    bool // what shuts the gate is only said
	err         error
}

// policy reads the witness policy, nil if there is none.
func (n *Node) policy() (*journal.Policy, error) {
	text, err := os.ReadFile(filepath.Join(n.dir, policyFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, rogatory.Fault(rogatory.Unavailable, "file_unreadable", "read %s: %w", policyFile, err)
	}
	p, err := journal.ParsePolicy(text)
	if err != nil {
		return nil, rogatory.Fault(rogatory.Invalid, "policy_invalid", "%s: %w", policyFile, err)
	}
	return p, nil
}

// ask asks every peer, and every witness that the policy adds, what they hold of our journal. Those that did not answer
// have an error.
func (n *Node) ask(ctx context.Context, policy *journal.Policy) []heard {
	var all []heard
	named := map[string]bool{}
	for _, p := range n.book.Book().Parties() {
		if p.Code == n.config.State || p.Endpoint == "" {
			continue
		}
		h := heard{party: p}
		if v, err := journal.NewCosignatureVerifier(p.WitnessKey); err == nil {
			h.witness = v.Name()
			named[v.Name()] = true
		}
		all = append(all, h)
	}
	var hosts []journal.PolicyKey
	if policy != nil {
		for _, w := range policy.Witnesses() {
			if w.URL != "" && !named[w.Verifier.Name()] {
				hosts = append(hosts, w)
				all = append(all, heard{witness: w.Verifier.Name()})
			}
		}
	}
	peers := len(all) - len(hosts)
	ctx, cancel := context.WithTimeout(ctx, gateTimeout)
	defer cancel()
	var wg sync.WaitGroup
	for i := range all {
		wg.Go(func() {
			if i < peers {
				n.askPeer(ctx, &all[i])
			} else {
				n.askHost(ctx, &all[i], hosts[i-peers])
			}
		})
	}
	wg.Wait()
	return all
}

func (n *Node) ownKey() (journal.Verifier, error) {
	return journal.NewVerifier(n.keys().JournalVerifier())
}

func (n *Node) askPeer(ctx context.Context, h *heard) {
	h.answer.From = string(h.party.Code)
	s, err := n.client.Standing(ctx, h.party)
	if rogatory.KindOf(err) == rogatory.NotFound {
		// A node that does not know the question may still know the one of every witness.
		if v, wrong := journal.NewCosignatureVerifier(h.party.WitnessKey); wrong == nil && h.party.WitnessURL != "" {
			n.askHost(ctx, h, journal.PolicyKey{Name: string(h.party.Code), Verifier: v, URL: h.party.WitnessURL})
			h.proved()
			return
		}
	}
	if err != nil {
		h.err = err
		return
	}
	key, err := n.ownKey()
	if err != nil {
		h.err = err
		return
	}
	origin := n.keys().JournalOrigin()
	if s.Checkpoint != "" {
		c, err := journal.OpenCheckpoint([]byte(s.Checkpoint), origin, key)
		if err != nil {
			h.err = rogatory.Fault(rogatory.Untrusted, "standing_wrong", "%s shows a checkpoint that this journal did not sign: %w", h.party.Code, err)
			return
		}
		h.answer.Seen = journal.Seen{Size: c.Size, Root: c.Root, Note: []byte(s.Checkpoint)}
	}
	if s.Seen != "" || s.Offered != "" {
		f := journal.Fork{Origin: origin, Seen: []byte(s.Seen), Offered: []byte(s.Offered)}
		if err := f.Verify(key); err != nil {
			h.err = rogatory.Fault(rogatory.Untrusted, "standing_wrong", "%s shows a fork that is none: %w", h.party.Code, err)
			return
		}
		h.answer.Fork = &f
	}
	if s.Incarnation > 0 && s.Incarnation < maxIncarnation {
		h.incarnation = s.Incarnation
	}
	h.leaves = s.Leaves
}

// proved takes a peer's bare word for no answer. Nobody here chose the peer, and one State that says at each start that it holds
// more would hold up another's node for good; a host of the policy, which the office chose, it can take out again.
func (h *heard) proved() {
	if h.unsigned {
		h.err = rogatory.Fault(rogatory.Untrusted, "standing_wrong", "%s says without a signature that it holds another journal of ours than is here", h.answer.From)
	}
}

// askHost asks a stock witness, which knows no other question than for a cosignature: it is shown again what this node
// published before, and says if it stands elsewhere.
func (n *Node) askHost(ctx context.Context, h *heard, w journal.PolicyKey) {
	h.answer.From = w.Name
	v, ok := w.Verifier.(*journal.CosignatureVerifier)
	if !ok {
		h.err = rogatory.Fault(rogatory.Invalid, "policy_invalid", "the key of witness %s is not one for cosignatures", w.Name)
		return
	}
	c, err := n.Ledger.Latest(ctx)
	if err != nil {
		h.err = err
		return
	}
	client := &journal.WitnessClient{HTTP: boundedHTTP(), URL: w.URL, Verifier: v}
	if h.err = n.store.View(ctx, func(tx *store.Tx) (err error) { client.Cosigned, err = ledger.Cosigned(tx, v.Name()); return err }); h.err != nil {
		return
	}
	_, size, err := client.Cosign(ctx, c.Note, c.Size, n.Ledger.Consistency(ctx))
	var ahead *journal.AheadError
	switch {
	case err == nil:
		h.answer.Seen = journal.Seen{Size: c.Size, Root: c.Root, Note: c.Note}
	case errors.As(err, &ahead):
		h.answer.AtLeast, h.unsigned = size, true
	case errors.Is(err, journal.ErrFork):
		// What it holds it does not show; that our own differs is enough.
		h.answer.Seen, h.unsigned = journal.Seen{Size: c.Size, Note: c.Note}, true
	default:
		h.err = err
	}
}

// enough says whether those who answered open the gate: the quorum of the policy, or at least half: whoever
// publishes asks all of them, so one that was up knows.
func enough(policy *journal.Policy, all []heard) (answers []ledger.Answer, ok bool) {
	said := map[string]bool{}
	for _, h := range all {
		if h.err == nil {
			answers = append(answers, h.answer)
			said[h.witness] = true
		}
	}
	if policy == nil {
		return answers, 2*len(answers) >= len(all)
	}
	keys := map[string]string{}
	for _, w := range policy.Witnesses() {
		keys[w.Name] = w.Verifier.Name()
	}
	return answers, policy.Satisfied(func(name string) bool { return said[keys[name]] })
}

// tryGate asks, decides, and opens the gate or, with mend, brings back what is missing. It signs nothing before it has
// opened.
func (n *Node) tryGate(ctx context.Context, mend bool) error {
	s := &n.start
	s.mu.Lock()
	defer s.mu.Unlock()
	policy, err := n.policy()
	if err != nil {
		n.note(policyFile, err)
		return err
	}
	n.note(policyFile, nil)
	all := n.ask(ctx, policy)
	for _, h := range all {
		if rogatory.KindOf(h.err) == rogatory.Untrusted {
			n.note("start "+h.answer.From, h.err)
		}
	}
	own, err := n.Ledger.Own(ctx)
	if err != nil {
		return err
	}
	if s.begun {
		// A running node is not stopped by what a witness says without a signature.
		all = slices.DeleteFunc(all, func(h heard) bool { return h.unsigned })
	}
	answers, ok := enough(policy, all)
	verdict, err := ledger.Judge(own, len(all), answers, ok || n.opt.Unwatched)
	if err != nil {
		return err
	}
	verdict.Since = rogatory.At(n.opt.Clock.Now())
	if verdict.State == ledger.Recovering && verdict.Code == ledger.Behind && !s.begun {
		if s.since == 0 {
			s.since = verdict.Since
		}
		n.shut(verdict.Standing)
		if !mend {
			return nil
		}
		if done, why := n.refill(ctx, own.Size, verdict, all); !done {
			if rogatory.CodeOf(why) == ledger.Lost {
				verdict.Code = ledger.Lost
			}
			verdict.Words += fmt.Sprintf("; it is not whole again yet: %v", why)
			s.gate.Set(verdict.Standing)
			return nil
		}
		if own, err = n.Ledger.Own(ctx); err == nil {
			verdict, err = ledger.Judge(own, len(all), answers, ok || n.opt.Unwatched)
		}
		if err != nil {
			return err
		}
		verdict.Since = rogatory.At(n.opt.Clock.Now())
	}
	if verdict.State == ledger.Recovering && verdict.Code == ledger.Behind && s.begun {
		verdict.Code = ledger.Twin
		verdict.Words = fmt.Sprintf("others hold %d entries of this journal and %d are here: another node signs in its name", verdict.Known, own.Size)
	}
	if verdict.State == ledger.Open {
		if code, err := n.fit(ctx); err != nil {
			verdict.State, verdict.Code, verdict.Words = ledger.Recovering, code, err.Error()
		}
	}
	if words, late := ledger.Timely(own, rogatory.At(n.opt.Clock.Now())); late && verdict.State == ledger.Open {
		verdict.State, verdict.Code, verdict.Words = ledger.Held, ledger.Clock, words
		n.shut(verdict.Standing)
		return nil
	}
	if verdict.State != ledger.Open {
		if verdict.State == ledger.Held && s.begun {
			return nil // who does not answer later closes nothing: only what is said does
		}
		n.shut(verdict.Standing)
		return nil
	}
	if now := s.gate.Standing(); s.begun && now.State == ledger.Recovering {
		return nil // a node that met its twin stays shut until a person has looked and started it again
	}
	first := !s.begun
	if first {
		if err := n.recordStart(ctx, all); err != nil {
			return err
		}
		s.begun = true
	}
	s.gate.Set(verdict.Standing)
	if first && n.Desk != nil {
		n.note("desk", n.readDesk(ctx, false))
	}
	select {
	case <-s.opened:
	default:
		close(s.opened)
	}
	s.since = 0
	return nil
}

// shut shuts the gate, loudly.
func (n *Node) shut(s ledger.Standing) {
	if s.Code != n.start.gate.Standing().Code {
		n.opt.Log.Error("nothing is signed", "state", s.State, "code", s.Code, "why", s.Words, "size", s.Size, "known", s.Known)
	}
	n.start.gate.Set(s)
}

// recordStart records this start, and what came back before it, as the first entries after the gate.
func (n *Node) recordStart(ctx context.Context, all []heard) error {
	known := int64(0)
	for _, h := range all {
		known = max(known, h.incarnation)
	}
	if n.config.Database.Engine == store.SQLite {
		// Nobody else works on this folder, so whoever held a claim is gone. A PostgreSQL server may still
		// be carrying out what a process on another machine began: there the lease's minute is waited for.
		if _, err := n.Office.Free(ctx); err != nil {
			return err
		}
	}
	return n.store.Update(ctx, func(tx *store.Tx) error {
		last, err := starts(tx)
		if err != nil {
			return err
		}
		rolled, err := rolledBack(tx, n.start.edition)
		if err != nil {
			return err
		}
		if rolled != "" {
			n.note("rules", rogatory.Fault(rogatory.Stale, "rules_rolled_back", "the rules are edition %s again, which %s had replaced: they may have come back with an old copy", n.start.edition, rolled).
				WithHint("put the newer rules back, or adopt these anew with a reason"))
		}
		count := max(last, known) + 1
		if err := tx.SetSetting(incarnationSetting, strconv.AppendInt(nil, count, 10)); err != nil {
			return err
		}
		by := rogatory.Actor{Address: n.config.address(), Officer: rogatory.Officer{Name: "node", Role: rogatory.TheNode}}
		typ := rogatory.NodeStarted
		if last == 0 {
			typ = rogatory.NodeCreated
		}
		e := rogatory.Entry{Type: typ, At: rogatory.At(n.opt.Clock.Now()), By: by, Name: docket.EditionPrefix + n.start.edition}
		return n.Ledger.Begin(tx, by, e)
	})
}

// fit checks what was not restored with the journal, or what came back that should not: the keys against the directory,
// and the evidence against the files. An exhibit that was deleted is deleted again.
func (n *Node) fit(ctx context.Context) (code string, err error) {
	us, err := n.book.Book().Party(n.config.State)
	if err != nil {
		return ledger.KeysOld, err
	}
	a, ok := us.Authority(n.config.Authority)
	if !ok {
		return ledger.KeysOld, rogatory.Fault(rogatory.NotFound, "authority_unknown", "the directory knows no authority %s", n.config.Authority)
	}
	holds := func(ids []age.Identity, recipient string) bool {
		return slices.ContainsFunc(ids, func(id age.Identity) bool {
			k, ok := id.(interface{ Recipient() *age.HybridRecipient })
			return ok && k.Recipient().String() == recipient
		})
	}
	k := n.keys()
	if !holds(k.MessageIdentities(), a.MessageRecipient) || !holds(k.EvidenceIdentities(), a.EvidenceRecipient) || us.WitnessKey != k.WitnessVerifier() {
		return ledger.KeysOld, rogatory.Fault(rogatory.Conflict, ledger.KeysOld, "the directory lists keys of this authority that are not in its folder: they were restored from an old copy").
			WithHint("put the newest keys back into the folder keys")
	}
	missing, err := n.Office.SettleVault(ctx)
	if err != nil {
		return ledger.Evidence, err
	}
	if len(missing) > 0 {
		return ledger.Evidence, rogatory.Fault(rogatory.Damaged, ledger.Evidence, "%d exhibits that are held by the journal are not in the vault, the first is %s", len(missing), missing[0]).
			WithHint("put the vault's objects back from the newest backup")
	}
	return "", nil
}

// watchGate asks again while the gate is not open, less often as time goes on, and looks for a twin while it is.
func (n *Node) watchGate(ctx context.Context) error {
	s := &n.start
	now := n.opt.Clock.Now()
	s.mu.Lock()
	wait := now.Before(s.next)
	s.mu.Unlock()
	if wait {
		return nil
	}
	err := n.tryGate(ctx, true)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gate.Err() == nil || s.begun {
		s.wait = gateEvery
		s.next = now.Add(gateLook)
		return err
	}
	s.wait = min(max(2*s.wait, gateEvery), gateMost)
	if now.Sub(time.UnixMicro(int64(s.gate.Standing().Since))) < gateMost {
		s.wait = gateEvery // at first others may only be starting too
	}
	s.next = now.Add(s.wait)
	return err
}

// gated is a step that is taken only while the node may sign.
func (n *Node) gated(step func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		if n.start.gate.Err() != nil {
			return nil
		}
		return step(ctx)
	}
}

// doubt has the gate ask again at once: a witness says that it holds more of our journal than it was offered, or another
// tree. What it says is not signed, so it shuts nothing; what a peer then shows, under our own signature, does.
func (n *Node) doubt(err error) {
	var ahead *journal.AheadError
	if !errors.As(err, &ahead) && !errors.Is(err, journal.ErrFork) {
		return
	}
	n.start.mu.Lock()
	defer n.start.mu.Unlock()
	n.start.next = time.Time{}
}
