// SPDX-License-Identifier: Apache-2.0

// Package ledger is the node's journal at work: it records entries in the store's transaction, signs
// checkpoints of what was committed, proves entries, serves the public tree, and remembers what
// other States' journals showed when it witnessed them.
//
// It promises that no checkpoint is signed over anything that is not committed, and that a published
// checkpoint is in the database before anyone sees it. It refuses to publish a tree that is smaller
// than one it published. After an error nothing was published; entries recorded in a transaction
// that failed do not exist.
//
// Trust: whoever holds the journal key can sign two histories. Witnesses of other States are there
// to notice.
package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"rogatory"
	"rogatory/clock"
	"rogatory/journal"
	"rogatory/store"
)

// Config is what a ledger needs.
type Config struct {
	Store  *store.Store
	Origin string         // C2SP checkpoint origin
	Signer journal.Signer // the journal's note key
	Clock  clock.Clock
	Random io.Reader // for salts
	Gate   *Gate     // stands before every entry and signature; nil is open

	Verifier journal.Verifier // of Signer; only what proves that a witness lied needs it
	Node     rogatory.Actor   // records what nobody does: a witness that is retired because it lied
}

// Ledger keeps one node's journal. It is safe for concurrent use.
type Ledger struct {
	cfg Config

	mu   sync.Mutex
	size int64        // of note; guarded by mu
	root journal.Hash // of note; guarded by mu
	note []byte       // signed checkpoint of that size, without cosignatures; guarded by mu
}

// New returns the ledger of an open store.
func New(cfg Config) *Ledger { return &Ledger{cfg: cfg} }

// Gate returns what stands before the ledger's entries and signatures.
func (l *Ledger) Gate() *Gate { return l.cfg.Gate }

// Origin returns the journal's name.
func (l *Ledger) Origin() string { return l.cfg.Origin }

// Record appends an entry in the transaction and returns its index, unless the gate is not open.
func (l *Ledger) Record(tx *store.Tx, e rogatory.Entry) (int64, error) {
	if err := l.cfg.Gate.Err(); err != nil {
		return 0, err
	}
	return l.record(tx, e)
}

func (l *Ledger) record(tx *store.Tx, e rogatory.Entry) (int64, error) {
	body, err := json.Marshal(e)
	if err != nil {
		return 0, fmt.Errorf("encode journal entry: %w", err)
	}
	row := store.Entry{At: e.At, Type: e.Type, Case: e.Request.Case(), Request: e.Request, Body: body}
	if _, err := io.ReadFull(l.cfg.Random, row.Salt[:]); err != nil {
		return 0, fmt.Errorf("draw salt: %w", err)
	}
	return tx.Append(row)
}

// Prove returns the C2SP tlog-proof of an entry against a checkpoint of everything committed. The
// proof opens the leaf: it holds the salt and the entry's body, so it goes only to whom the entry
// concerns.
func (l *Ledger) Prove(ctx context.Context, index int64) ([]byte, error) {
	var proof []byte
	err := l.cfg.Store.View(ctx, func(tx *store.Tx) error {
		size, err := tx.Size()
		if err != nil {
			return err
		}
		note, _, err := l.sign(tx, size)
		if err != nil {
			return err
		}
		proof, err = prove(tx, index, size, note)
		return err
	})
	return proof, err
}

// ProvePublished proves an entry against the latest published checkpoint, with its cosignatures, and
// returns the stamp over that checkpoint, if it has one. Publish first.
func (l *Ledger) ProvePublished(ctx context.Context, index int64) (proof []byte, published store.Checkpoint, err error) {
	err = l.cfg.Store.View(ctx, func(tx *store.Tx) error {
		var found bool
		if published, found, err = tx.LatestCheckpoint(); err != nil {
			return err
		}
		if !found || published.Size <= index {
			return rogatory.Fault(rogatory.Unavailable, "not_published", "entry %d is not yet in a published checkpoint", index).WithHint("try again in a second")
		}
		proof, err = prove(tx, index, published.Size, published.Note)
		return err
	})
	return proof, published, err
}

func prove(tx *store.Tx, index, size int64, note []byte) ([]byte, error) {
	row, err := tx.Entry(index)
	if err != nil {
		return nil, err
	}
	hashes, err := journal.ProveInclusion(size, index, tx)
	if err != nil {
		return nil, fmt.Errorf("prove entry %d: %w", index, err)
	}
	p := journal.Proof{Extra: journal.MakeOpening(row.Salt, row.Body), Index: index, Hashes: hashes, Checkpoint: note}
	return p.Marshal()
}

// sign returns the signed checkpoint of the committed tree of that size, and its root.
func (l *Ledger) sign(tx *store.Tx, size int64) ([]byte, journal.Hash, error) {
	if err := l.cfg.Gate.Err(); err != nil {
		return nil, journal.Hash{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.size == size && l.note != nil {
		return l.note, l.root, nil
	}
	root, err := journal.Root(size, tx)
	if err != nil {
		return nil, root, fmt.Errorf("root of %d entries: %w", size, err)
	}
	note, err := journal.SignCheckpoint(journal.Checkpoint{Origin: l.cfg.Origin, Size: size, Root: root}, l.cfg.Signer)
	if err != nil {
		return nil, root, fmt.Errorf("sign checkpoint: %w", err)
	}
	if size > l.size {
		l.size, l.root, l.note = size, root, note
	}
	return note, root, nil
}

// Publish signs and stores a checkpoint of what is committed, if there is something new, and returns
// the latest published one.
func (l *Ledger) Publish(ctx context.Context) (store.Checkpoint, error) {
	latest, err := l.Latest(ctx)
	if err != nil && !errors.Is(err, journal.ErrUnpublished) {
		return store.Checkpoint{}, err
	}
	fresh := latest
	err = l.cfg.Store.View(ctx, func(tx *store.Tx) error {
		size, err := tx.Size()
		if err != nil || size == latest.Size {
			return err
		}
		if size < latest.Size {
			return rogatory.Fault(rogatory.Damaged, "journal_shrunk", "the journal has %d entries, a checkpoint of %d was published", size, latest.Size).
				WithHint("the database was restored from an old copy: stop the node and reconcile it with its peers")
		}
		note, root, err := l.sign(tx, size)
		fresh = store.Checkpoint{Size: size, At: rogatory.At(l.cfg.Clock.Now()), Root: root, Note: note}
		return err
	})
	if err != nil || fresh.Size == latest.Size {
		return latest, err
	}
	err = l.cfg.Store.Update(ctx, func(tx *store.Tx) error { return tx.SaveCheckpoint(fresh) })
	return fresh, err
}

// Latest returns the latest published checkpoint, or journal.ErrUnpublished.
func (l *Ledger) Latest(ctx context.Context) (store.Checkpoint, error) {
	var c store.Checkpoint
	err := l.cfg.Store.View(ctx, func(tx *store.Tx) error {
		latest, found, err := tx.LatestCheckpoint()
		if err == nil && !found {
			err = journal.ErrUnpublished
		}
		c = latest
		return err
	})
	return c, err
}

// Witness asks each witness to cosign the published checkpoint and stores what it gets. A witness
// that does not answer is reported and holds nobody up; one that is retired is not asked.
func (l *Ledger) Witness(ctx context.Context, c store.Checkpoint, witnesses []*journal.WitnessClient) error {
	var problems []error
	for _, w := range witnesses {
		name := cosignedPrefix + w.Verifier.Name()
		var old int64
		retired := false
		line, size, err := func() ([]byte, int64, error) {
			err := l.cfg.Store.View(ctx, func(tx *store.Tx) error {
				v, ok, err := tx.Setting(name)
				if ok {
					fmt.Sscan(string(v), &old)
				}
				if err == nil {
					_, retired, err = Retired(tx, w.Verifier.Name())
				}
				return err
			})
			if err != nil || retired {
				return nil, 0, err
			}
			asked := *w
			asked.Cosigned = old
			return asked.Cosign(ctx, c.Note, min(old, c.Size), l.Consistency(ctx))
		}()
		if retired && err == nil {
			continue
		}
		if forgot, ok := errors.AsType[*journal.ForgotError](err); ok {
			err = l.lapsed(ctx, w, forgot, l.cfg.Node)
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("witness %s: %w", w.Verifier.Name(), err))
			continue
		}
		err = l.cfg.Store.Update(ctx, func(tx *store.Tx) error {
			now, found, err := tx.CheckpointAtLeast(c.Size)
			if err != nil {
				return err
			}
			if found && now.Size == c.Size {
				note, err := journal.AddCosignatures(now.Note, line)
				if err != nil {
					return err
				}
				if err := tx.UpdateCheckpoint(c.Size, note); err != nil {
					return err
				}
			}
			return tx.SetSetting(name, fmt.Append(nil, size))
		})
		if err != nil {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}

// Consistency returns what proves that the journal at one size begins with the journal at another.
func (l *Ledger) Consistency(ctx context.Context) func(old, size int64) ([]journal.Hash, error) {
	return func(old, size int64) (proof []journal.Hash, err error) {
		err = l.cfg.Store.View(ctx, func(tx *store.Tx) error {
			proof, err = journal.ProveConsistency(old, size, tx)
			return err
		})
		return proof, err
	}
}

// Stamp has the checkpoint stamped: stamp is given the SHA-256 of its text, which names origin, size
// and root, and which no cosignature changes.
func (l *Ledger) Stamp(ctx context.Context, c store.Checkpoint, stamp func(ctx context.Context, digest []byte) ([]byte, time.Time, error)) error {
	if len(c.Stamp) != 0 {
		return nil
	}
	text, err := StampedText(c.Note)
	if err != nil {
		return err
	}
	digest := sha256.Sum256(text)
	token, at, err := stamp(ctx, digest[:])
	if err != nil {
		return fmt.Errorf("stamp checkpoint of %d entries: %w", c.Size, err)
	}
	return l.cfg.Store.Update(ctx, func(tx *store.Tx) error { return tx.SaveStamp(c.Size, token, rogatory.At(at)) })
}

// StampedText returns the part of a signed checkpoint that is time-stamped: its text, which names
// origin, size and root, without the signatures that witnesses add later.
func StampedText(note []byte) ([]byte, error) {
	for i := 0; i+1 < len(note); i++ {
		if note[i] == '\n' && note[i+1] == '\n' {
			return note[:i+1], nil
		}
	}
	return nil, rogatory.Fault(rogatory.Damaged, "checkpoint_malformed", "checkpoint has no signature part")
}

// Checkpoint implements journal.Source: the latest published one.
func (l *Ledger) Checkpoint(ctx context.Context) ([]byte, error) {
	c, err := l.Latest(ctx)
	return c.Note, err
}

// ReadHashes implements journal.Source.
func (l *Ledger) ReadHashes(indexes []int64) (hashes []journal.Hash, err error) {
	err = l.cfg.Store.View(context.Background(), func(tx *store.Tx) error {
		hashes, err = tx.ReadHashes(indexes)
		return err
	})
	return hashes, err
}

// ReadLeaves implements journal.Source.
func (l *Ledger) ReadLeaves(ctx context.Context, start int64, n int) (leaves []journal.Leaf, err error) {
	err = l.cfg.Store.View(ctx, func(tx *store.Tx) error {
		leaves, err = tx.Leaves(start, n)
		return err
	})
	return leaves, err
}

// Memory is what this node remembers as a witness of other journals.
type Memory struct {
	Store *store.Store
	Clock clock.Clock
}

// Update implements journal.Memory; what f returns is durable when Update returns nil.
func (m Memory) Update(ctx context.Context, origin string, f func(seen journal.Seen, found bool) (journal.Seen, error)) error {
	return m.Store.Update(ctx, func(tx *store.Tx) error {
		var seen journal.Seen
		row, found, err := tx.Witnessed(origin)
		if err != nil {
			return err
		}
		if found {
			seen = journal.Seen{Size: row.Size, Root: row.Root, Note: row.Note}
		}
		next, err := f(seen, found)
		if err != nil {
			return err
		}
		return tx.SetWitnessed(store.Witnessed{Origin: origin, Size: next.Size, Root: next.Root, Note: next.Note, At: rogatory.At(m.Clock.Now())})
	})
}

// Conflict keeps the proof that a journal signed two histories.
func (m Memory) Conflict(ctx context.Context, f journal.Fork) error {
	return m.Store.Update(ctx, func(tx *store.Tx) error {
		return tx.AddFork(store.Fork{Origin: f.Origin, Seen: f.Seen, Offered: f.Offered, At: rogatory.At(m.Clock.Now())})
	})
}
