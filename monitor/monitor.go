// SPDX-License-Identifier: Apache-2.0

// Package monitor follows a node's public journal and its published reports from outside, for a newsroom, an
// organisation or anybody else who has nothing but the address.
//
// It promises that what it has seen once cannot be taken back unnoticed: it keeps the journal's key, its witnesses, the
// last checkpoint and the digest of every report in a folder, and names a shrunken or forked journal, a missing or wrong
// tile, too few witnesses, a late checkpoint, and a late, swapped, forged or uncommitted report. What contradicts is kept
// as evidence, byte for byte, for others to check.
//
// It refuses to believe anything that it was sent: sizes, times and the number of requests of a round are bounded, no
// redirect is followed, and every byte is checked against signatures. On first sight it takes the key and the witnesses
// as the node states them, and says so: whoever has them from elsewhere gives them.
//
// After an error nothing of the round is kept; after a finding against the journal the last good checkpoint stays.
package monitor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/note"

	"rogatory"
	"rogatory/clock"
	"rogatory/journal"
	"rogatory/transparency"
)

// Options say whom to follow, and what is known from elsewhere.
type Options struct {
	URL    string // of the node, without /public or /journal
	Folder string // where the state is kept; it is made if it is missing
	HTTP   *http.Client
	Clock  clock.Clock
	// Key is the journal's key as a C2SP verifier key, if it is known from elsewhere. Without it the first one seen is
	// kept.
	Key string
	// Quorum is how many witnesses must have cosigned; zero is more than half of those first seen.
	Quorum int
	// MaxAge is how old the witnesses' word on the present checkpoint may be; zero is DefaultMaxAge.
	MaxAge time.Duration
	// With is a signed checkpoint of the same journal from elsewhere: what another monitor keeps in its CheckpointFile, or
	// what a witness shows. It is held against what this one was shown.
	With []byte
	// Grace is how long after it is due a report may be missing; zero is DefaultGrace.
	Grace time.Duration
}

// Defaults. A node that does nothing else publishes a report each week, and a checkpoint with it.
const (
	DefaultMaxAge = 8 * 24 * time.Hour
	DefaultGrace  = 24 * time.Hour
)

// Code says what was found.
type Code string

// What can be found. Those that Wrong says are wrong; the others are worth a look.
const (
	Unreachable  Code = "unreachable"        // the node does not answer, or not in a form that can be read
	KeyChanged   Code = "key_changed"        // another name or key than before
	Forged       Code = "checkpoint_forged"  // not signed by the journal's key
	Shrunk       Code = "shrunk"             // fewer entries than before
	Forked       Code = "fork"               // the journal does not continue what it was
	TileMissing  Code = "tile_missing"       // a part of the tree is not given out
	TileWrong    Code = "tile_wrong"         // a part of the tree does not fit to its root
	Unwitnessed  Code = "quorum_missing"     // too few witnesses have cosigned
	Late         Code = "checkpoint_late"    // the witnesses' word is too old
	ReportLate   Code = "report_late"        // a report is due and not there
	ReportGone   Code = "report_missing"     // a report that was listed is not any more
	ReportSwap   Code = "report_swapped"     // a report is not what it was
	ReportForged Code = "report_forged"      // its seal is not by the journal's key
	Uncommitted  Code = "report_uncommitted" // the journal does not prove it
	ReportBreaks Code = "report_breaks"      // it does not follow the one before

	FirstSeen   Code = "first_seen"   // the key was taken as the node states it
	NoWitness   Code = "no_witness"   // nobody watches this journal
	WitnessNew  Code = "witness_new"  // stated since; it does not count
	WitnessGone Code = "witness_gone" // not stated any more; it still counts
	Notice      Code = "notice"       // what the node tells everybody, such as a succession
	Unfinished  Code = "unfinished"   // more was published than one round checks
)

var looks = []Code{FirstSeen, NoWitness, WitnessNew, WitnessGone, Notice, Unfinished}

// Finding is one thing that was found, in words.
type Finding struct {
	Code  Code   `json:"code"`
	Wrong bool   `json:"wrong"`
	Words string `json:"words"`
}

// Round is what one look at a node found.
type Round struct {
	URL       string              `json:"url"`
	At        rogatory.Instant    `json:"at"`
	State     rogatory.StateCode  `json:"state,omitempty"`
	Origin    string              `json:"origin,omitempty"`
	Size      int64               `json:"size"`    // entries of the checkpoint that was verified
	Checked   int64               `json:"checked"` // entries whose leaves were read and fit
	Witnessed int                 `json:"witnessed"`
	Witnesses int                 `json:"witnesses"`
	Report    transparency.Period `json:"report,omitempty"` // the latest that was verified
	Findings  []Finding           `json:"findings"`
}

// Well reports whether nothing is wrong.
func (r Round) Well() bool {
	return !slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Wrong })
}

func (r *Round) find(code Code, format string, args ...any) {
	r.Findings = append(r.Findings, Finding{code, !slices.Contains(looks, code), fmt.Sprintf(format, args...)})
}

// watch is one round at work.
type watch struct {
	Options
	fetcher
	now   rogatory.Instant
	state state
	round Round
	key   journal.Verifier
}

// Follow makes one round: it looks at the node, compares with what the folder holds, and keeps what was verified. Its
// error means that the folder or the options are of no use; whatever is wrong with the node is a finding.
func Follow(ctx context.Context, o Options) (Round, error) {
	f, err := newFetcher(o.URL, o.HTTP)
	if err != nil {
		return Round{}, err
	}
	if o.MaxAge == 0 {
		o.MaxAge = DefaultMaxAge
	}
	if o.Grace == 0 {
		o.Grace = DefaultGrace
	}
	w := &watch{Options: o, fetcher: f, now: rogatory.At(o.Clock.Now())}
	w.round = Round{URL: f.base, At: w.now, Findings: []Finding{}}
	if w.state, err = readState(o.Folder, f.base); err != nil {
		return Round{}, err
	}
	if ok := w.identify(ctx); ok {
		if signed, ok := w.checkpoint(ctx); ok {
			w.witnesses(signed)
			w.state.Rounds++
			if err := w.with(ctx); err != nil {
				return Round{}, err
			}
			w.reports(ctx)
		}
	}
	// Leaves of a tree that was not accepted in the end count only as far as they are of the one that was.
	w.state.Checked = min(w.state.Checked, w.state.Size)
	w.round.Size, w.round.Checked = w.state.Size, w.state.Checked
	if err := ctx.Err(); err != nil {
		return Round{}, err
	}
	return w.round, w.state.write(o.Folder)
}

// failed records why something was not read.
func (w *watch) failed(code Code, what string, err error) {
	if rogatory.KindOf(err) == rogatory.Unavailable {
		code = Unreachable
	}
	w.round.find(code, "%s: %v", what, err)
}

// identify reads what the node says of itself and holds it against what it said before.
func (w *watch) identify(ctx context.Context) bool {
	data, err := w.get(ctx, "public/node.json", transparency.MaxFacts)
	if err == nil {
		var facts transparency.Facts
		if facts, err = transparency.ParseFacts(data); err == nil {
			return w.known(facts)
		}
	}
	w.failed(Unreachable, "what the node says of itself", err)
	return false
}

func (w *watch) known(facts transparency.Facts) bool {
	w.round.State, w.round.Origin = facts.State, facts.Origin
	followed := w.state.Key
	if followed == "" {
		followed = facts.JournalKey
	}
	if w.Key != "" && w.Key != followed {
		w.round.find(KeyChanged, "the journal's key is %.100q, and not the one that was given", followed)
		return false
	}
	key, err := journal.NewVerifier(followed)
	if err != nil {
		w.round.find(Unreachable, "the journal's key cannot be read: %v", err)
		return false
	}
	w.key = key
	if w.state.Key == "" {
		w.state.Origin, w.state.Key, w.state.FirstSeen, w.state.Changed = facts.Origin, facts.JournalKey, w.now, w.now
		for _, x := range facts.Witnesses {
			if !slices.Contains(w.state.Witnesses, x.Key) {
				w.state.Witnesses = append(w.state.Witnesses, x.Key)
			}
		}
		if w.Key == "" {
			w.round.find(FirstSeen, "the key of %s was taken as the node states it: compare it with another source", facts.Origin)
		}
	}
	if facts.Origin != w.state.Origin || facts.JournalKey != w.state.Key {
		w.round.find(KeyChanged, "the journal calls itself %.100q with the key %.100q: it was %q with %q", facts.Origin, facts.JournalKey, w.state.Origin, w.state.Key)
	}
	if len(w.state.Witnesses) == 0 {
		w.round.find(NoWitness, "no other State's office watches this journal")
	}
	stated := make([]string, len(facts.Witnesses))
	for i, x := range facts.Witnesses {
		stated[i] = x.Key
		if !slices.Contains(w.state.Witnesses, x.Key) {
			w.round.find(WitnessNew, "%s is stated as a witness since: it does not count", x.State)
		}
	}
	for _, k := range w.state.Witnesses {
		if !slices.Contains(stated, k) {
			w.round.find(WitnessGone, "%.60q is not stated as a witness any more: it still counts", k)
		}
	}
	for _, n := range facts.Notices {
		if n.Sort == transparency.Succession {
			w.round.find(Notice, "the node says that this journal continues another one: %.200q", n.Text)
		}
	}
	return facts.Origin == w.state.Origin && facts.JournalKey == w.state.Key
}

// checkpoint reads the present checkpoint and holds it against the last one.
func (w *watch) checkpoint(ctx context.Context) (signed []byte, ok bool) {
	signed, err := w.get(ctx, "journal/checkpoint", journal.MaxCheckpoint)
	if err != nil {
		w.failed(Unreachable, "the checkpoint", err)
		return nil, false
	}
	c, err := journal.OpenCheckpoint(signed, w.state.Origin, w.key)
	if err != nil {
		w.round.find(Forged, "the checkpoint is not signed by the journal's key: %v", err)
		w.evidence(Forged, signed)
		return nil, false
	}
	old := journal.Checkpoint{Origin: w.state.Origin, Size: w.state.Size, Root: w.state.Root}
	switch {
	case c.Size < old.Size:
		w.round.find(Shrunk, "the journal has %d entries, and had %d", c.Size, old.Size)
		w.evidence(Shrunk, w.state.Note, signed)
		return nil, false
	case c.Size == old.Size && c.Root != old.Root && old.Size > 0:
		w.round.find(Forked, "the journal has two histories of %d entries: both are signed", c.Size)
		w.evidence(Forked, w.state.Note, signed)
		return nil, false
	}
	if !w.tree(ctx, old, c, signed) {
		return nil, false
	}
	if c.Size != old.Size {
		w.state.Changed = w.now
	}
	w.state.Size, w.state.Root, w.state.Note = c.Size, c.Root, signed
	return signed, true
}

// with holds a checkpoint from elsewhere against the journal that was shown here. Only an error of whoever gave it is one.
func (w *watch) with(ctx context.Context) error {
	if len(w.With) == 0 {
		return nil
	}
	c, err := journal.OpenCheckpoint(w.With, w.state.Origin, w.key)
	if err != nil {
		return rogatory.Fault(rogatory.Untrusted, "checkpoint_invalid", "the checkpoint to compare with is not signed by the key of %s: %w", w.state.Origin, err).
			WithHint("it is the file " + CheckpointFile + " of another monitor's folder, or what a witness shows of this journal")
	}
	w.fits(ctx, c, w.With)
	return nil
}

// witnesses counts who has cosigned, and when.
func (w *watch) witnesses(signed []byte) {
	var times []time.Time
	for _, k := range w.state.Witnesses {
		v, err := journal.NewCosignatureVerifier(k)
		if err != nil {
			continue
		}
		n, err := note.Open(signed, note.VerifierList(v))
		if err != nil || len(n.Sigs) != 1 {
			continue
		}
		// A cosignature from the future is none: it would hide for ever that no other came after it.
		if at, err := journal.CosignatureTime(n.Sigs[0]); err == nil && at.Before(w.now.Time().Add(clockSlack)) {
			times = append(times, at)
		}
	}
	w.round.Witnessed, w.round.Witnesses = len(times), len(w.state.Witnesses)
	quorum := w.Quorum
	if quorum == 0 && len(w.state.Witnesses) > 0 {
		quorum = len(w.state.Witnesses)/2 + 1
	}
	if len(times) < quorum {
		w.round.find(Unwitnessed, "%d of %d witnesses have cosigned %d entries, at least %d have to", len(times), len(w.state.Witnesses), w.state.Size, quorum)
		return
	}
	since := w.state.Changed.Time()
	if quorum > 0 {
		slices.SortFunc(times, func(a, b time.Time) int { return b.Compare(a) })
		since = times[quorum-1]
	}
	if age := w.now.Time().Sub(since); age > w.MaxAge {
		w.round.find(Late, "nothing new was published and witnessed since %s", since.UTC().Format(time.RFC3339))
	}
}

// clockSlack is how far a witness's clock may be ahead of ours.
const clockSlack = 10 * time.Minute

func isNotFound(err error) bool { return rogatory.KindOf(err) == rogatory.NotFound }

var errTiles = errors.New("the tiles do not lead to the root that was signed")
