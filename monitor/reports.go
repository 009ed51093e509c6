// SPDX-License-Identifier: Apache-2.0

package monitor

import (
	"context"
	"slices"

	"rogatory"
	"rogatory/journal"
	"rogatory/transparency"
)

// maxReports bounds the reports that one round verifies for the first time.
const maxReports = 60

// reports checks the list, what is new in it, and one of those that are known already.
func (w *watch) reports(ctx context.Context) {
	data, err := w.get(ctx, "public/reports.json", transparency.MaxList)
	if err != nil {
		w.failed(Unreachable, "the list of reports", err)
		return
	}
	list, err := transparency.ParseList(data)
	if err != nil {
		w.failed(Unreachable, "the list of reports", err)
		return
	}
	listed := map[transparency.Period]rogatory.Digest{}
	for _, l := range list.Reports {
		listed[l.Period] = l.Digest
	}
	for _, l := range w.state.Reports {
		switch digest, ok := listed[l.Period]; {
		case !ok:
			w.round.find(ReportGone, "the report of %s was published and is not listed any more", l.Period)
		case digest != l.Digest:
			w.round.find(ReportSwap, "the report of %s is listed with another digest: %s, and was %s", l.Period, digest, l.Digest)
		}
	}
	w.due(list)
	for i, l := range w.again() {
		if data, err := w.get(ctx, "public/reports/"+string(l.Period)+".json", transparency.MaxReport); err != nil {
			w.failed(ReportGone, "the report of "+string(l.Period), err)
		} else if rogatory.DigestOf(data) != l.Digest {
			w.round.find(ReportSwap, "the report of %s is not the one that was published: its digest is %s, and was %s", l.Period, rogatory.DigestOf(data), l.Digest)
			w.evidence(ReportSwap, data)
		} else if i == 0 {
			w.round.Report = l.Period
		}
	}
	n := 0
	for _, l := range slices.Backward(list.Reports) {
		if slices.ContainsFunc(w.state.Reports, func(x transparency.Listed) bool { return x.Period.Until() >= l.Period.Until() }) {
			continue
		}
		if n++; n > maxReports {
			w.round.find(Unfinished, "the next round verifies the reports from %s on", l.Period)
			return
		}
		if !w.report(ctx, l) {
			return
		}
	}
}

// due says whether the report of the last period is late. One who never saw a report cannot expect that of a week
// before the first look.
func (w *watch) due(list transparency.List) {
	last := transparency.Last(w.now.Add(-transparency.Wait - w.Grace))
	if len(list.Reports) > 0 && list.Reports[0].Period.Until() >= last.Until() {
		return
	}
	if len(list.Reports) > 0 || len(w.state.Reports) > 0 || w.state.FirstSeen < last.From() {
		w.round.find(ReportLate, "the report of %s was due on %s", last, last.Until().Add(transparency.Wait))
	}
}

// again chooses what is looked at once more: the latest report, and one of the older ones in turn.
func (w *watch) again() (some []transparency.Listed) {
	n := len(w.state.Reports)
	if n == 0 {
		return nil
	}
	some = append(some, w.state.Reports[n-1])
	if n > 1 {
		some = append(some, w.state.Reports[w.state.Rounds%int64(n-1)])
	}
	return some
}

// report verifies a report that is new: its bytes, its seal, its place in the journal, and that it follows.
func (w *watch) report(ctx context.Context, l transparency.Listed) bool {
	base := "public/reports/" + string(l.Period)
	data, err := w.get(ctx, base+".json", transparency.MaxReport)
	var seal, proof []byte
	if err == nil {
		if seal, err = w.get(ctx, base+".seal", transparency.MaxSeal); err == nil {
			proof, err = w.get(ctx, base+".proof", maxProof)
		}
	}
	if err != nil {
		w.failed(Uncommitted, "the report of "+string(l.Period), err)
		return false
	}
	if rogatory.DigestOf(data) != l.Digest {
		w.round.find(ReportSwap, "the report of %s is not the one that is listed", l.Period)
		w.evidence(ReportSwap, data)
		return false
	}
	r, err := transparency.Open(data, seal, w.state.Origin, w.key)
	if err != nil || r.Period != l.Period {
		w.round.find(ReportForged, "the report of %s: %v", l.Period, err)
		w.evidence(ReportForged, data, seal)
		return false
	}
	in, err := transparency.Committed(proof, data, w.state.Origin, w.key)
	if err != nil {
		w.round.find(Uncommitted, "the report of %s: %v", l.Period, err)
		w.evidence(Uncommitted, data, proof)
		return false
	}
	if !w.proved(ctx, in.Checkpoint, proof) {
		return false
	}
	if n := len(w.state.Reports); n > 0 {
		before, err := w.kept(w.state.Reports[n-1])
		if err == nil {
			err = r.Follows(before, w.state.Reports[n-1].Digest)
		}
		if err != nil {
			w.round.find(ReportBreaks, "%v", err)
			w.evidence(ReportBreaks, data)
			return false
		}
	} else if !r.Previous.IsZero() {
		w.round.find(ReportBreaks, "the first report that is listed, of %s, names one before it that is not", l.Period)
	}
	if err := w.keep(l, data); err != nil {
		w.round.find(Unreachable, "keep the report of %s: %v", l.Period, err)
		return false
	}
	w.state.Reports = append(w.state.Reports, l)
	w.round.Report = l.Period
	return true
}

// proved checks that the tree of a proof is of the history that was verified.
func (w *watch) proved(ctx context.Context, c journal.Checkpoint, proof []byte) bool {
	p, err := journal.ParseProof(proof) // which it was
	if err != nil {
		return false
	}
	return w.fits(ctx, c, p.Checkpoint)
}

// fits checks that a signed checkpoint is of the history that was verified. The journal grows while a round looks at it: a
// later tree is verified too, and kept.
func (w *watch) fits(ctx context.Context, c journal.Checkpoint, signed []byte) bool {
	known := journal.Checkpoint{Origin: w.state.Origin, Size: w.state.Size, Root: w.state.Root}
	if c.Size <= known.Size {
		t, hashes := w.reader(ctx, known)
		return w.continues(t, hashes, c, known, signed, w.state.Note)
	}
	if !w.tree(ctx, known, c, signed) {
		return false
	}
	w.state.Size, w.state.Root, w.state.Note, w.state.Changed = c.Size, c.Root, signed, w.now
	return true
}

// maxProof bounds the proof of a report, whose entry is small.
const maxProof = journal.MaxCheckpoint + 16<<10
