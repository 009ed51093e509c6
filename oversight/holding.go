// SPDX-License-Identifier: Apache-2.0

package oversight

import (
	"encoding/json"
	"fmt"

	"rogatory"
	"rogatory/envelope"
	"rogatory/journal"
)

// Record is one entry of the journal as a body, or an office looking at itself, reads it.
type Record struct {
	Index   int64
	Entry   rogatory.Entry
	Message *rogatory.Message // of message.sent, message.received and message.refused
}

// Holding is what a body has of one journal: all of it from the first entry on. Its zero value is empty and ready. It
// is not safe for concurrent use.
type Holding struct {
	State   rogatory.StateCode
	Records []Record
	Figures []byte // the key of the published reports, as the node gave it; each report names its hash

	items  []Item
	leaves []journal.Leaf
	edge   journal.Edge
	hashes hashes
}

// hashes are the stored hashes of the tree over the leaves held.
type hashes []journal.Hash

// ReadHashes implements journal.Reader.
func (h hashes) ReadHashes(indexes []int64) ([]journal.Hash, error) {
	found := make([]journal.Hash, len(indexes))
	for i, n := range indexes {
		if n < 0 || n >= int64(len(h)) {
			return nil, fmt.Errorf("hash %d is not held", n)
		}
		found[i] = h[n]
	}
	return found, nil
}

// Size is the number of entries held.
func (h *Holding) Size() int64 { return h.edge.Size() }

// withheld says that the office kept something back, and what.
func (h *Holding) withheld(format string, args ...any) error {
	return rogatory.Fault(rogatory.Untrusted, "oversight_withheld", "the operator of the node of %s "+format, append([]any{h.State}, args...)...).
		WithHint("keep the folder as it is: with the published checkpoint it proves this")
}

// Take adds a page, which begins where the holding ends. What it says is only held together here, entry by entry and
// with the messages that the entries name; Against proves that it is the journal.
func (h *Holding) Take(p Page) error {
	if h.State != "" && p.State != h.State {
		return rogatory.Fault(rogatory.Conflict, "oversight_page_invalid", "a page of %.2q, these are the entries of %s", p.State, h.State)
	}
	next := *h
	next.State = p.State
	if p.From != h.Size() {
		return next.withheld("gave entries from %d on, entry %d is next", p.From, h.Size())
	}
	leaves := make([]journal.Leaf, 0, len(p.Items))
	for i, item := range p.Items {
		if want := p.From + int64(i); item.Index != want {
			return next.withheld("gave entry %d in the place of entry %d", item.Index, want)
		}
		if len(item.Salt) != journal.SaltSize {
			return next.withheld("gave entry %d without its salt", item.Index)
		}
		r, err := next.read(item)
		if err != nil {
			return err
		}
		leaves = append(leaves, journal.Commit([journal.SaltSize]byte(item.Salt), item.Body))
		next.Records = append(next.Records, r)
	}
	edge, stored, err := h.edge.Append(leaves)
	if err != nil {
		return rogatory.Fault(rogatory.Internal, "oversight_page_invalid", "add %d entries: %w", len(leaves), err)
	}
	next.edge, next.hashes, next.items, next.leaves = edge, append(h.hashes, stored...), append(h.items, p.Items...), append(h.leaves, leaves...)
	if len(p.Figures) > 0 {
		next.Figures = p.Figures
	}
	*h = next
	return nil
}

// read opens one entry and holds its message against it.
func (h *Holding) read(item Item) (Record, error) {
	r := Record{Index: item.Index}
	if err := json.Unmarshal(item.Body, &r.Entry); err != nil {
		return r, h.withheld("gave entry %d in a form that cannot be read: %v", item.Index, err)
	}
	e := r.Entry
	switch e.Type {
	case rogatory.MessageSent, rogatory.MessageReceived, rogatory.MessageRefused:
	default:
		return r, nil
	}
	if e.Message == nil {
		return r, h.withheld("gave entry %d, which names no message", item.Index)
	}
	if len(item.Container) == 0 {
		return r, h.withheld("withholds message %s of entry %d", e.Message.ID, item.Index)
	}
	m, digest, err := envelope.PeekDigest(item.Container)
	if err != nil {
		return r, h.withheld("gave message %s of entry %d in a form that cannot be read: %v", e.Message.ID, item.Index, err)
	}
	if digest != e.Message.Digest || m.ID != e.Message.ID || m.Sequence != e.Message.Sequence {
		return r, h.withheld("gave another message than entry %d commits to, which is %s", item.Index, e.Message.ID)
	}
	r.Message = &m
	return r, nil
}

// Against holds the entries against a checkpoint that the journal published: every leaf index below its size is here,
// and their tree has its root. An operator who left one out, or gave another, is named: "oversight_withheld".
func (h *Holding) Against(signed []byte, origin string, log journal.Verifier) (journal.Checkpoint, error) {
	c, err := journal.OpenCheckpoint(signed, origin, log)
	if err != nil {
		return c, rogatory.Fault(rogatory.Untrusted, "checkpoint_invalid", "open the published checkpoint of %s: %w", h.State, err)
	}
	if c.Size > h.Size() {
		return c, h.withheld("published a journal of %d entries and gave %d: entry %d is withheld", c.Size, h.Size(), h.Size())
	}
	root, err := journal.Root(c.Size, h.hashes)
	if err != nil {
		return c, rogatory.Fault(rogatory.Internal, "oversight_page_invalid", "compute the root of %d entries: %w", c.Size, err)
	}
	if root != c.Root {
		return c, h.withheld("published another journal than it gave: the first %d entries have another root", c.Size)
	}
	return c, nil
}

// Differs returns the first of the leaves, read from the public tiles, that is not the one held, or -1: it says which
// entry was exchanged when Against has shown that one was.
func (h *Holding) Differs(public []journal.Leaf) int64 {
	for i, leaf := range public {
		if i >= len(h.leaves) || h.leaves[i] != leaf {
			return int64(i)
		}
	}
	return -1
}

// Proof returns the C2SP tlog-proof that opens one entry under a checkpoint, for whoever has to be shown that one.
func (h *Holding) Proof(index int64, signed []byte, size int64) ([]byte, error) {
	if index < 0 || index >= size || size > h.Size() {
		return nil, rogatory.Fault(rogatory.NotFound, "entry_unknown", "entry %d is not among %d", index, min(size, h.Size()))
	}
	list, err := journal.ProveInclusion(size, index, h.hashes)
	if err != nil {
		return nil, rogatory.Fault(rogatory.Internal, "oversight_page_invalid", "prove entry %d: %w", index, err)
	}
	item := h.items[index]
	return journal.Proof{Extra: journal.MakeOpening([journal.SaltSize]byte(item.Salt), item.Body), Index: index, Hashes: list, Checkpoint: signed}.Marshal()
}

// Item returns what was given of an entry.
func (h *Holding) Item(index int64) (Item, bool) {
	if index < 0 || index >= int64(len(h.items)) {
		return Item{}, false
	}
	return h.items[index], true
}
