// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"rogatory"
	"rogatory/journal"
	"rogatory/store"
)

// checkpoint is what the examined node's journal said of itself.
type checkpoint struct {
	journal.Checkpoint
	leaves []journal.Leaf
}

const (
	// maxLeaves bounds how much of a journal is read again: an exercise node has no more.
	maxLeaves = 1 << 16
	// tileWidth is that of tlog-tiles.
	tileWidth = 256
	// publishTime is how long a journal may take to publish what it has receipted.
	publishTime = 15 * time.Second
	// lookEvery is how often something that is waited for is looked at.
	lookEvery = 200 * time.Millisecond
	// maxRaces is how often a trial of the witness begins again because our own node asked it meanwhile.
	maxRaces = 5
)

// public asks what takes no certificate.
func (e *exam) public(ctx context.Context, method, url string, body []byte) (answer, error) {
	return e.ask(ctx, &http.Client{Timeout: answerTime}, method, url, "text/plain; charset=utf-8", body, nil)
}

func (e *exam) journalURL(path string) string {
	return strings.TrimSuffix(e.Them.JournalURL, "/") + "/" + path
}

func (e *exam) checkpoint(ctx context.Context) (journal.Checkpoint, error) {
	key, err := journal.NewVerifier(e.Them.JournalKey)
	if err != nil {
		return journal.Checkpoint{}, err
	}
	a, err := e.public(ctx, http.MethodGet, e.journalURL("checkpoint"), nil)
	if err != nil {
		return journal.Checkpoint{}, err
	}
	if a.status != http.StatusOK {
		return journal.Checkpoint{}, fmt.Errorf("answered %s", a)
	}
	return journal.OpenCheckpoint(a.body, e.Them.JournalOrigin, key)
}

func journalCheckpoint(ctx context.Context, e *exam) (err error) {
	e.seen.Checkpoint, err = e.checkpoint(ctx)
	return err
}

// leaves reads the entries of a journal of that size, from one on.
func (e *exam) leaves(ctx context.Context, size int64) ([]journal.Leaf, error) {
	if size > maxLeaves {
		return nil, untried("the journal has %d entries, at most %d are read", size, maxLeaves)
	}
	var all []journal.Leaf
	const each = 2 + 32 // a leaf with its length
	for from := int64(0); from < size; from += tileWidth {
		tile := journal.Tile{Entries: true, Index: from / tileWidth, Width: int(min(tileWidth, size-from))}
		a, err := e.public(ctx, http.MethodGet, e.journalURL(tile.Path()), nil)
		if err != nil {
			return nil, err
		}
		if a.status != http.StatusOK || len(a.body) != tile.Width*each {
			return nil, fmt.Errorf("%s was answered %s, want %d bytes", tile.Path(), a, tile.Width*each)
		}
		for i := 0; i < len(a.body); i += each {
			if a.body[i] != 0 || a.body[i+1] != 32 {
				return nil, fmt.Errorf("%s holds a leaf that is not of 32 bytes", tile.Path())
			}
			all = append(all, journal.Leaf(a.body[i+2:i+each]))
		}
	}
	return all, nil
}

// rootOf is the root over leaves.
func rootOf(leaves []journal.Leaf) (journal.Hash, error) {
	edge, _, err := journal.Edge{}.Append(leaves)
	return edge.Root(), err
}

func journalEntries(ctx context.Context, e *exam) error {
	if e.seen.Size == 0 {
		return untried("there is no checkpoint")
	}
	leaves, err := e.leaves(ctx, e.seen.Size)
	if err != nil {
		return err
	}
	root, err := rootOf(leaves)
	if err == nil && root != e.seen.Root {
		err = fmt.Errorf("the entries give another root than the checkpoint of size %d", e.seen.Size)
	}
	if err == nil {
		e.seen.leaves = leaves
	}
	return err
}

func journalTiles(ctx context.Context, e *exam) error {
	if e.seen.leaves == nil {
		return untried("the entries were not read")
	}
	for from := 0; from < len(e.seen.leaves); from += tileWidth {
		tile := journal.Tile{Index: int64(from / tileWidth), Width: min(tileWidth, len(e.seen.leaves)-from)}
		a, err := e.public(ctx, http.MethodGet, e.journalURL(tile.Path()), nil)
		if err != nil {
			return err
		}
		var want []byte
		for _, l := range e.seen.leaves[from : from+tile.Width] {
			h := journal.LeafHash(l)
			want = append(want, h[:]...)
		}
		if a.status != http.StatusOK || !bytes.Equal(a.body, want) {
			return fmt.Errorf("%s was answered %s, and not with the hashes of these entries", tile.Path(), a)
		}
	}
	return nil
}

func journalGrows(ctx context.Context, e *exam) error {
	if e.seen.leaves == nil {
		return untried("the entries of a first checkpoint were not read")
	}
	l, err := e.status(ctx)
	if err != nil {
		return err
	}
	a, err := e.send(ctx, l)
	if err := e.received(a, err); err != nil {
		return fmt.Errorf("one more message: %w", err)
	}
	limit := e.Office.Clock.Now().Add(publishTime)
	for {
		now, err := e.checkpoint(ctx)
		if err != nil {
			return err
		}
		if now.Size < e.seen.Size {
			return fmt.Errorf("the journal shrank from %d to %d", e.seen.Size, now.Size)
		}
		if now.Size > e.seen.Size && now.Size > e.entry {
			return e.continues(ctx, now)
		}
		if e.Office.Clock.Now().After(limit) {
			return fmt.Errorf("%s after a receipt the checkpoint is still of size %d", publishTime, now.Size)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-e.Office.Clock.After(lookEvery):
		}
	}
}

func (e *exam) continues(ctx context.Context, now journal.Checkpoint) error {
	leaves, err := e.leaves(ctx, now.Size)
	if err != nil {
		return err
	}
	root, err := rootOf(leaves)
	if err != nil {
		return err
	}
	if root != now.Root {
		return fmt.Errorf("the entries give another root than the checkpoint of size %d", now.Size)
	}
	if before, err := rootOf(leaves[:e.seen.Size]); err != nil || before != e.seen.Root {
		return fmt.Errorf("the checkpoint of size %d does not continue that of size %d", now.Size, e.seen.Size)
	}
	return nil
}

// publish makes our own journal grow by an entry, and signs a checkpoint of it.
func (e *exam) publish(ctx context.Context) (store.Checkpoint, error) {
	err := e.Office.Store.Update(ctx, func(tx *store.Tx) error {
		_, err := e.Office.Ledger.Record(tx, rogatory.Entry{Type: rogatory.NodeStarted, At: rogatory.At(e.Office.Clock.Now()), By: rogatory.Actor{Address: e.Office.Us, Officer: rogatory.Officer{Name: "node", Role: rogatory.TheNode}}, Name: "conformance"})
		return err
	})
	if err != nil {
		return store.Checkpoint{}, err
	}
	return e.Office.Ledger.Publish(ctx)
}

func (e *exam) prove(ctx context.Context) func(old, size int64) ([]journal.Hash, error) {
	return func(old, size int64) (proof []journal.Hash, err error) {
		err = e.Office.Store.View(ctx, func(tx *store.Tx) error {
			proof, err = journal.ProveConsistency(old, size, tx)
			return err
		})
		return proof, err
	}
}

func cosigns(ctx context.Context, e *exam) error {
	v, err := journal.NewCosignatureVerifier(e.Them.WitnessKey)
	if err != nil {
		return err
	}
	w := journal.WitnessClient{HTTP: &http.Client{Timeout: answerTime}, URL: e.Them.WitnessURL, Verifier: v}
	var ahead *journal.AheadError
	for range maxRaces {
		c, err := e.publish(ctx)
		if err != nil {
			return err
		}
		if _, _, err = w.Cosign(ctx, c.Note, 0, e.prove(ctx)); !errors.As(err, &ahead) {
			return err
		}
	}
	return ahead
}

// submit posts an add-checkpoint request.
func (e *exam) submit(ctx context.Context, old int64, proof []journal.Hash, note []byte) (answer, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "old %d\n", old)
	for _, h := range proof {
		b.WriteString(base64.StdEncoding.EncodeToString(h[:]) + "\n")
	}
	b.WriteString("\n")
	b.Write(note)
	return e.public(ctx, http.MethodPost, strings.TrimSuffix(e.Them.WitnessURL, "/")+"/add-checkpoint", []byte(b.String()))
}

func wantStatus(a answer, err error, status int) error {
	if err == nil && a.status != status {
		err = fmt.Errorf("answered %d, want %d", a.status, status)
	}
	return err
}

// known asks the witness where it stands with our journal.
func (e *exam) known(ctx context.Context, note []byte) (int64, error) {
	a, err := e.submit(ctx, 0, nil, note)
	if err := wantStatus(a, err, http.StatusConflict); err != nil {
		return 0, err
	}
	var size int64
	if _, err := fmt.Sscanf(string(a.body), "%d\n", &size); err != nil || size < 1 || a.header.Get("Content-Type") != "text/x.tlog.size" {
		return 0, fmt.Errorf("409 does not name a size as text/x.tlog.size: %.60q", a.body)
	}
	return size, nil
}

func otherSize(ctx context.Context, e *exam) error {
	c, err := e.publish(ctx)
	if err != nil {
		return err
	}
	_, err = e.known(ctx, c.Note) // it has cosigned before, so that zero is not where it stands
	return err
}

func unknownLog(ctx context.Context, e *exam) error {
	secret, _, err := journal.GenerateKey(e.Office.Random, "nobody.example/journal")
	if err != nil {
		return err
	}
	note, err := signed(secret, journal.Checkpoint{Origin: "nobody.example/journal", Size: 1})
	if err != nil {
		return err
	}
	a, err := e.submit(ctx, 0, nil, note)
	return wantStatus(a, err, http.StatusNotFound)
}

func signed(secret string, c journal.Checkpoint) ([]byte, error) {
	s, err := journal.NewSigner(secret)
	if err != nil {
		return nil, err
	}
	return journal.SignCheckpoint(c, s)
}

func unsigned(ctx context.Context, e *exam) error {
	secret, _, err := journal.GenerateKey(e.Office.Random, e.Office.Ledger.Origin())
	if err != nil {
		return err
	}
	note, err := signed(secret, journal.Checkpoint{Origin: e.Office.Ledger.Origin(), Size: 1})
	if err != nil {
		return err
	}
	a, err := e.submit(ctx, 0, nil, note)
	return wantStatus(a, err, http.StatusForbidden)
}

func inconsistent(ctx context.Context, e *exam) error {
	for range maxRaces {
		c, err := e.publish(ctx)
		if err != nil {
			return err
		}
		old, err := e.known(ctx, c.Note)
		if err != nil {
			return untried("where the witness stands is not known: %v", err)
		}
		if old >= c.Size {
			continue // our own node was faster
		}
		proof, err := e.prove(ctx)(old, c.Size)
		if err != nil || len(proof) == 0 {
			return untried("no proof of consistency from %d to %d: %v", old, c.Size, err)
		}
		proof[0][0] ^= 1
		a, err := e.submit(ctx, old, proof, c.Note)
		if err == nil && a.status == http.StatusConflict {
			continue
		}
		return wantStatus(a, err, http.StatusUnprocessableEntity)
	}
	return untried("our own node was faster %d times", maxRaces)
}

func malformed(ctx context.Context, e *exam) error {
	a, err := e.public(ctx, http.MethodPost, strings.TrimSuffix(e.Them.WitnessURL, "/")+"/add-checkpoint", []byte("old -1\n\nnothing\n"))
	return wantStatus(a, err, http.StatusBadRequest)
}
