// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"rogatory"
	"rogatory/journal"
	"rogatory/store"
)

// GateState says whether a node may sign.
type GateState string

// The states of a gate.
const (
	Open       GateState = "open"
	Held       GateState = "held"       // not enough of those who watch this journal have answered yet
	Recovering GateState = "recovering" // they hold more of it than this node, or another history
)

// Why a gate is not open, beyond its state. They are stable.
const (
	Unasked  = "start_unasked"    // nobody was asked yet
	Unheard  = "start_unheard"    // asked, and too few answered
	Behind   = "journal_behind"   // others hold a larger tree
	Forked   = "journal_forked"   // others hold another tree of the same size, or proof of two
	Lost     = "journal_lost"     // behind, and nobody holds all of what is missing
	Twin     = "node_twin"        // another node of this State is alive
	Evidence = "evidence_missing" // exhibits that the journal says are held are not in the vault
	KeysOld  = "keys_not_listed"  // the directory lists other keys than this node has
	Clock    = "clock_set_back"   // the clock stands before what the journal says has happened
)

// ClockSlack is how far a clock may stand before the last entry of the journal: entries of several replicas, or a clock
// that was put right by a little, are no reason to stop.
const ClockSlack = 5 * time.Minute

// Standing is where a gate stands.
type Standing struct {
	State    GateState        `json:"state"`
	Code     string           `json:"code,omitempty"`
	Words    string           `json:"words"`
	Since    rogatory.Instant `json:"since"`
	Size     int64            `json:"size"`  // entries here
	Known    int64            `json:"known"` // the largest size that anybody holds
	Asked    int              `json:"asked"`
	Answered int              `json:"answered"`
}

// Gate stands before every signature and every entry of a node. A nil Gate is open. It is safe for concurrent use.
type Gate struct {
	mu  sync.Mutex
	now Standing // guarded by mu
}

// NewGate returns a gate that is held until somebody opens it.
func NewGate(at rogatory.Instant) *Gate {
	return &Gate{now: Standing{State: Held, Code: Unasked, Words: "witnesses and peers are being asked how much of this journal they hold", Since: at}}
}

// Standing returns where the gate stands.
func (g *Gate) Standing() Standing {
	if g == nil {
		return Standing{State: Open}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.now
}

// Set moves the gate. Since stays as it was while state and code do.
func (g *Gate) Set(s Standing) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if s.State == g.now.State && s.Code == g.now.Code {
		s.Since = g.now.Since
	}
	g.now = s
}

// Err is nil if the gate is open. Otherwise it is Unavailable: "recovering", or "start_held".
func (g *Gate) Err() error {
	s := g.Standing()
	switch s.State {
	case Open:
		return nil
	case Held:
		return rogatory.Fault(rogatory.Unavailable, "start_held", "nothing is signed yet: %s", s.Words).
			WithHint("reading goes on; the question is asked again by itself. rogatory gate show says who has answered")
	}
	return rogatory.Fault(rogatory.Unavailable, "recovering", "nothing is signed while this node recovers: %s", s.Words).
		WithHint("reading goes on; docs/operating.md tells the ceremony after a restore")
}

// Answer is what one witness or peer holds of a journal. Whoever did not answer has none.
type Answer struct {
	From    string
	Seen    journal.Seen  // verified with the journal's key; zero if it never saw a checkpoint
	AtLeast int64         // it says it cosigned so much, and showed no checkpoint: what it said is not signed
	Fork    *journal.Fork // verified: two histories under the journal's key
}

// Own is what a node has of its journal.
type Own struct {
	Size   int64
	Last   rogatory.Instant // of its latest entries
	First  bool             // nothing was ever recorded in it
	RootAt func(size int64) (journal.Hash, error)
}

// Verdict is what follows from the answers. Target is what has to come back, if State is Recovering and Code Behind.
type Verdict struct {
	Standing
	Target journal.Seen
	Holder string // of the target
}

// Judge decides whether a node may sign. asked is how many were asked, and enough whether those that answered are a
// quorum. It is pure but for the hashes that it reads.
//
// One answer is enough to close the gate, and a quorum is needed to open it. Who has nobody to ask opens, and says so; so
// does a journal without an entry of which nobody who answered holds anything, for there is nothing to continue.
func Judge(own Own, asked int, answers []Answer, enough bool) (Verdict, error) {
	v := Verdict{Standing: Standing{State: Open, Size: own.Size, Asked: asked, Answered: len(answers)}}
	var claimed int64
	var claimant string
	for _, a := range answers {
		v.Known = max(v.Known, a.AtLeast, a.Seen.Size)
		if a.AtLeast > claimed {
			claimed, claimant = a.AtLeast, a.From
		}
		if a.Fork != nil {
			v.State, v.Code = Recovering, Forked
			v.Words = fmt.Sprintf("%s holds proof that this journal signed two histories", a.From)
			return v, nil
		}
		if a.Seen.Size > v.Target.Size {
			v.Target, v.Holder = a.Seen, a.From
		}
	}
	for _, a := range answers {
		if a.Seen.Size > own.Size || a.Seen.Note == nil {
			continue
		}
		root, err := own.RootAt(a.Seen.Size)
		if err != nil {
			return Verdict{}, err
		}
		if root != a.Seen.Root {
			v.State, v.Code = Recovering, Forked
			v.Words = fmt.Sprintf("%s holds another history of this journal: at %d entries its root is not the one here", a.From, a.Seen.Size)
			return v, nil
		}
	}
	switch {
	case v.Known > own.Size:
		v.State, v.Code = Recovering, Behind
		v.Words = fmt.Sprintf("the journal has %d entries here, others hold %d: it was restored from an old copy", own.Size, v.Known)
		if v.Target.Size <= own.Size {
			v.Words = fmt.Sprintf("the journal has %d entries here, and %s says that it cosigned %d, without a signature to show for it: if that is wrong, take it out of witness.policy", own.Size, claimant, claimed)
		}
	case asked == 0:
		v.Words = "there is no witness and no peer to ask: nobody would notice an old copy"
	case own.First:
		v.Words = fmt.Sprintf("a new journal: %d of %d answered, and nobody holds anything of it", len(answers), asked)
	case !enough:
		v.State, v.Code = Held, Unheard
		v.Words = fmt.Sprintf("%d of %d witnesses and peers have said how much of this journal they hold, and more are needed", len(answers), asked)
	default:
		v.Words = fmt.Sprintf("%d of %d witnesses and peers hold no more of this journal than is here", len(answers), asked)
	}
	if v.State != Recovering {
		v.Target, v.Holder = journal.Seen{}, ""
	}
	return v, nil
}

// Timely holds a clock against the journal: whoever sets it back would have deadlines pass later than they do. It returns
// why the node may not sign, and false if it may.
func Timely(own Own, now rogatory.Instant) (words string, late bool) {
	if own.Last.Sub(now) <= ClockSlack {
		return "", false
	}
	return fmt.Sprintf("the clock says %s, and the journal has an entry of %s", now, own.Last), true
}

// Own returns what this node has of its journal.
func (l *Ledger) Own(ctx context.Context) (own Own, err error) {
	err = l.cfg.Store.View(ctx, func(tx *store.Tx) error {
		const recent = 16 // of some the content, and so the time, may be lost
		if own.Size, err = tx.Size(); err != nil {
			return err
		}
		rows, err := tx.Entries(max(0, own.Size-recent), recent)
		for _, row := range rows {
			own.Last = max(own.Last, row.At)
		}
		return err
	})
	own.First = own.Size == 0
	own.RootAt = func(size int64) (root journal.Hash, err error) {
		err = l.cfg.Store.View(ctx, func(tx *store.Tx) error {
			root, err = journal.Root(size, tx)
			return err
		})
		return root, err
	}
	return own, err
}

// refillSetting holds what came back and is not in the journal yet: the entry can only be made once the gate is open.
const refillSetting = "refill"

// Refill appends the entries that are missing up to a checkpoint that this journal once signed, byte for byte: each is
// content that was found, or a bare leaf. The root must be that of the checkpoint, otherwise nothing is appended. settle
// then derives what follows from the journal, in the same transaction.
//
// Nothing is signed. What came back is recorded in the journal by Begin.
func (l *Ledger) Refill(ctx context.Context, from int64, entries []store.Refilled, target journal.Seen, settle func(tx *store.Tx) error) error {
	return l.cfg.Store.Update(ctx, func(tx *store.Tx) error {
		size, err := tx.Size()
		if err != nil {
			return err
		}
		if size != from {
			return rogatory.Fault(rogatory.Conflict, "journal_moved_on", "the journal has %d entries, not %d", size, from)
		}
		if err := tx.Refill(entries); err != nil {
			return err
		}
		root, err := journal.Root(target.Size, tx)
		if err != nil {
			return err
		}
		if root != target.Root {
			return rogatory.Fault(rogatory.Untrusted, "refill_wrong", "what peers hold of entries %d to %d does not lead to the root that was witnessed", from, target.Size)
		}
		r := rogatory.Refill{From: from, To: target.Size, Root: rogatory.Digest(root)}
		for i, e := range entries {
			if e.Salt != ([journal.SaltSize]byte{}) {
				continue
			}
			at := from + int64(i)
			if n := len(r.Lost); n > 0 && r.Lost[n-1].Last == at-1 {
				r.Lost[n-1].Last = at
			} else {
				r.Lost = append(r.Lost, rogatory.Range{First: at, Last: at})
			}
		}
		if err := settle(tx); err != nil {
			return err
		}
		if err := tx.SaveCheckpoint(store.Checkpoint{Size: target.Size, At: rogatory.At(l.cfg.Clock.Now()), Root: target.Root, Note: target.Note}); err != nil {
			return err
		}
		all, err := pending(tx)
		if err != nil {
			return err
		}
		text, err := json.Marshal(append(all, r))
		if err != nil {
			return err
		}
		return tx.SetSetting(refillSetting, text)
	})
}

func pending(tx *store.Tx) (all []rogatory.Refill, err error) {
	v, found, err := tx.Setting(refillSetting)
	if err != nil || !found || len(v) == 0 {
		return nil, err
	}
	if err := json.Unmarshal(v, &all); err != nil {
		return nil, rogatory.Fault(rogatory.Damaged, "setting_damaged", "read setting %s: %w", refillSetting, err)
	}
	return all, nil
}

// Begin records a start of the node, the gate being still shut: what came back into the journal before it, then e. The
// gate may open once the transaction is committed. by is the node.
func (l *Ledger) Begin(tx *store.Tx, by rogatory.Actor, e rogatory.Entry) error {
	if err := l.succeed(tx, by); err != nil {
		return err
	}
	all, err := pending(tx)
	if err != nil {
		return err
	}
	for _, r := range all {
		e := rogatory.Entry{Type: rogatory.JournalRefilled, At: rogatory.At(l.cfg.Clock.Now()), By: by, Name: fmt.Sprintf("%d-%d", r.From, r.To-1), Refill: &r,
			Why: "the journal had been restored from an old copy; what was missing came back from peers"}
		if _, err := l.record(tx, e); err != nil {
			return err
		}
	}
	if len(all) > 0 {
		if err := tx.SetSetting(refillSetting, nil); err != nil {
			return err
		}
	}
	_, err = l.record(tx, e)
	return err
}
