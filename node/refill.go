// SPDX-License-Identifier: Apache-2.0

package node

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"rogatory"
	"rogatory/docket"
	"rogatory/journal"
	"rogatory/ledger"
	"rogatory/store"
	"rogatory/wire"
)

func entryOf(row store.Entry) (rogatory.Entry, error) {
	var e rogatory.Entry
	if err := json.Unmarshal(row.Body, &e); err != nil {
		return e, rogatory.Fault(rogatory.Damaged, "entry_damaged", "journal entry %d cannot be read: %w", row.Index, err)
	}
	return e, nil
}

// rolledBack returns the edition that had replaced the one now in force, empty if none had.
func rolledBack(tx *store.Tx, edition string) (string, error) {
	const recent = 100 // starts to look back
	rows, err := tx.Starts(recent)
	if err != nil {
		return "", err
	}
	last := ""
	for _, row := range rows {
		e, err := entryOf(row)
		if err != nil {
			return "", err
		}
		was, ok := strings.CutPrefix(e.Name, docket.EditionPrefix)
		switch {
		case !ok:
		case last == "":
			if last = was; was == edition {
				return "", nil
			}
		case was == edition:
			return last, nil
		}
	}
	return "", nil
}

// incarnationSetting counts the starts of this journal, so that peers notice clones and old copies.
const incarnationSetting = "incarnation"

func starts(tx *store.Tx) (int64, error) {
	v, found, err := tx.Setting(incarnationSetting)
	if err != nil || !found {
		return 0, err
	}
	last, err := strconv.ParseInt(string(v), 10, 64)
	if err != nil {
		return 0, rogatory.Fault(rogatory.Damaged, "setting_damaged", "read setting %s: %w", incarnationSetting, err)
	}
	return last, nil
}

// refill brings back what is missing up to the largest checkpoint that others hold: leaves from their mirrors, messages
// from their copies. It reports whether the journal is whole again, or why not.
func (n *Node) refill(ctx context.Context, from int64, v ledger.Verdict, all []heard) (bool, error) {
	if v.Target.Size < v.Known || v.Target.Note == nil {
		return false, rogatory.Fault(rogatory.Unavailable, ledger.Lost, "a witness has cosigned %d entries, and nobody shows a checkpoint of more than %d", v.Known, v.Target.Size)
	}
	back, waiting, err := n.copies(ctx, from, all)
	if err != nil {
		return false, err
	}
	if waiting != nil && n.opt.Clock.Now().Sub(n.start.since.Time()) < copiesWait {
		return false, rogatory.Fault(rogatory.Unavailable, "copies_awaited", "not all peers give their copies yet; after %s their content counts as lost: %w", copiesWait, waiting)
	}
	found := map[int64]store.Entry{}
	for _, b := range back {
		found[b.Entry.Index] = b.Entry
	}
	leaves, err := n.leaves(ctx, from, v.Target.Size, all)
	if err != nil {
		return false, err
	}
	entries := make([]store.Refilled, v.Target.Size-from)
	for i := range entries {
		at := from + int64(i)
		e, has := found[at]
		switch {
		case i < len(leaves):
			entries[i].Leaf = leaves[i]
			if has && journal.Commit(e.Salt, e.Body) == leaves[i] {
				entries[i].Entry = e
			}
		case has:
			entries[i] = store.Refilled{Entry: e, Leaf: journal.Commit(e.Salt, e.Body)}
		default:
			return false, rogatory.Fault(rogatory.Unavailable, ledger.Lost, "nobody holds the leaf of entry %d of %d", at, v.Target.Size).
				WithHint("if no peer will come back that has it, the journal is lost: rogatory journal succeed")
		}
	}
	// A copy that the witnessed leaf does not commit to is of another history.
	back = slices.DeleteFunc(back, func(b docket.Regained) bool {
		return b.Entry.Index >= v.Target.Size || b.Entry.Index >= from && entries[b.Entry.Index-from].Salt != b.Entry.Salt
	})
	err = n.Ledger.Refill(ctx, from, entries, v.Target, func(tx *store.Tx) error { return n.Office.Rejoin(tx, from, back) })
	if err != nil {
		return false, err
	}
	n.opt.Log.Warn("the journal was refilled from peers", "from", from, "to", v.Target.Size, "messages", len(back))
	return true, nil
}

// leaves asks those who mirror our journal, the longest mirror first. What it returns may be short.
func (n *Node) leaves(ctx context.Context, from, to int64, all []heard) (leaves []journal.Leaf, err error) {
	holders := slices.DeleteFunc(slices.Clone(all), func(h heard) bool { return h.err != nil || h.leaves <= from })
	slices.SortFunc(holders, func(a, b heard) int { return cmp.Compare(b.leaves, a.leaves) })
	for _, h := range holders {
		for at := from + int64(len(leaves)); at < min(to, h.leaves); at = from + int64(len(leaves)) {
			some, err := n.client.Leaves(ctx, h.party, at)
			if err != nil || len(some) == 0 {
				n.note("refill from "+string(h.party.Code), err)
				break
			}
			for _, leaf := range some[:min(int64(len(some)), to-at)] {
				leaves = append(leaves, leaf)
			}
		}
	}
	return leaves, nil
}

// copies asks each peer for the messages between us from the first that our journal does not name. waiting says why some
// may still come.
func (n *Node) copies(ctx context.Context, from int64, all []heard) (back []docket.Regained, waiting, err error) {
	for _, h := range all {
		if h.party.Code == "" {
			continue
		}
		for _, d := range []store.Direction{store.Out, store.In} {
			var next int64
			err = n.store.View(ctx, func(tx *store.Tx) (err error) {
				next, err = tx.FirstMissing(h.party.Code, d, from)
				return err
			})
			if err != nil {
				return nil, nil, err
			}
			some, err := n.copiesOf(ctx, h.party, d, next)
			back = append(back, some...)
			if err != nil {
				waiting = errors.Join(waiting, err)
				break
			}
		}
	}
	return back, waiting, nil
}

func (n *Node) copiesOf(ctx context.Context, party rogatory.Party, d store.Direction, next int64) (back []docket.Regained, err error) {
	direction := wire.CopySent
	if d == store.In {
		direction = wire.CopyReceived
	}
	for misses := 0; misses < copiesMisses; next++ {
		c, err := n.client.Copy(ctx, party, direction, next)
		if rogatory.KindOf(err) == rogatory.NotFound {
			misses++
			continue
		}
		if err != nil {
			return back, err
		}
		misses = 0
		r, err := n.Office.Regain(ctx, party, d, c.Sealed, c.Receipt)
		if err != nil {
			// It proves nothing, and the others may.
			n.note("copy of "+string(party.Code), fmt.Errorf("message %d: %w", next, err))
			continue
		}
		back = append(back, r)
	}
	return back, nil
}

// Standing implements wire.History.
func (n *Node) Standing(ctx context.Context, peer rogatory.StateCode) (wire.Standing, error) {
	party, err := n.Party(peer)
	if err != nil {
		return wire.Standing{}, err
	}
	seen, fork, err := ledger.Memory{Store: n.store, Clock: n.opt.Clock}.Seen(ctx, party.JournalOrigin)
	if err != nil {
		return wire.Standing{}, err
	}
	s := wire.Standing{Checkpoint: string(seen.Note)}
	if fork != nil {
		s.Seen, s.Offered = string(fork.Seen), string(fork.Offered)
	}
	shown, err := n.Office.Shown(ctx, peer)
	if err != nil {
		return wire.Standing{}, err
	}
	if c, err := journal.PeekCheckpoint(shown); err == nil && c.Size > seen.Size {
		s.Checkpoint = string(shown)
	}
	err = n.store.View(ctx, func(tx *store.Tx) error {
		edge, err := tx.MirrorEdge(party.JournalOrigin)
		if err == nil {
			s.Leaves = edge.Size()
			s.Incarnation, _, err = tx.Incarnation(peer)
		}
		return err
	})
	return s, err
}

// Leaves implements wire.History.
func (n *Node) Leaves(ctx context.Context, peer rogatory.StateCode, from int64) ([]byte, error) {
	party, err := n.Party(peer)
	if err != nil {
		return nil, err
	}
	var b []byte
	err = n.store.View(ctx, func(tx *store.Tx) error {
		for len(b) < wire.MaxLeaves*len(journal.Leaf{}) {
			some, err := tx.MirrorLeaves(party.JournalOrigin, from, store.MirrorTile)
			if err != nil {
				return err
			}
			for _, leaf := range some {
				b = append(b, leaf[:]...)
			}
			if from += int64(len(some)); len(some) < store.MirrorTile {
				return nil
			}
		}
		return nil
	})
	return b, err
}

// Copy implements wire.History: what the peer sent we received.
func (n *Node) Copy(ctx context.Context, peer rogatory.StateCode, direction string, sequence int64) (wire.Copy, error) {
	d := store.In
	if direction == wire.CopyReceived {
		d = store.Out
	}
	sealed, receipt, err := n.Office.CopyFor(ctx, peer, d, sequence)
	return wire.Copy{Sealed: sealed, Receipt: receipt}, err
}

// follow brings the mirrors of all peers' journals up to what this node cosigned of them.
func (n *Node) follow(ctx context.Context) error {
	memory := ledger.Memory{Store: n.store, Clock: n.opt.Clock}
	client := boundedHTTP()
	for _, p := range n.book.Book().Parties() {
		if p.Code == n.config.State || p.JournalURL == "" {
			continue
		}
		_, err := memory.Follow(ctx, p.JournalOrigin, func(ctx context.Context, t journal.Tile) ([]byte, error) {
			return readTile(ctx, client, p.JournalURL, t)
		})
		n.note("mirror of "+string(p.Code), err)
	}
	return nil
}

func readTile(ctx context.Context, client *http.Client, url string, t journal.Tile) ([]byte, error) {
	const most = store.MirrorTile * (2 + len(journal.Leaf{}))
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(url, "/")+"/"+t.Path(), nil)
	if err != nil {
		return nil, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, rogatory.Fault(rogatory.Unavailable, "peer_unreachable", "read %s: %w", t.Path(), err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, int64(most)+1))
	if err == nil && (resp.StatusCode != http.StatusOK || len(b) > most) {
		err = rogatory.Fault(rogatory.Unavailable, "peer_answer", "%s is answered with status %d and %d bytes", t.Path(), resp.StatusCode, len(b))
	}
	return b, err
}
