// SPDX-License-Identifier: Apache-2.0

package oversight

import (
	"bytes"
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"rogatory"
	"rogatory/envelope"
	"rogatory/journal"
)

// This file is for two bodies that compare the journals of their States message by message, and show each other no
// case: each writes a list in which a message is a keyed digest, under a salt that both agreed on.

const (
	listHeader = "rogatory oversight list v1"
	blindLabel = "rogatory oversight blind v1\n"
	// MaxList bounds a list in bytes: a hundred thousand messages with their proofs.
	MaxList = 256 << 20
	// SaltSize is that of the salt in bytes. It is drawn for one comparison and used for no other: whoever has it and
	// a message can find that message in both lists.
	SaltSize = 32
	maxRows  = 100_000
)

// List is what one journal says about the messages between two States, blinded and proved.
type List struct {
	State      rogatory.StateCode `json:"state"` // whose journal
	Peer       rogatory.StateCode `json:"peer"`
	Origin     string             `json:"origin"` // of the journal
	Checkpoint []byte             `json:"checkpoint"`
	Size       int64              `json:"size"` // of the journal under that checkpoint
	Salt       rogatory.Digest    `json:"salt"` // SHA-256 of the salt: both lists must have the same
	Rows       []Row              `json:"rows"`
}

// Row is one message. What it is the blind says only to who has the message and the salt.
type Row struct {
	From     rogatory.StateCode `json:"from"`
	Sequence int64              `json:"sequence"`
	Refused  bool               `json:"refused,omitempty"`
	Blind    rogatory.Digest    `json:"blind"`
	Index    int64              `json:"index"` // in the journal
	Leaf     rogatory.Digest    `json:"leaf"`
	Proof    []rogatory.Digest  `json:"proof"` // that the leaf is in the tree of Size entries
}

// Blind is how a message stands in a list: HMAC-SHA-256 under the salt of its identifier and identity.
func Blind(salt []byte, id rogatory.MessageID, digest rogatory.Digest) rogatory.Digest {
	mac := hmac.New(sha256.New, salt)
	fmt.Fprintf(mac, "%s%s\n%s\n", blindLabel, id, digest)
	return rogatory.Digest(mac.Sum(nil))
}

// Blinded writes the list of a holding under a checkpoint that Against accepted.
func (h *Holding) Blinded(peer rogatory.StateCode, salt []byte, c journal.Checkpoint, signed []byte) (List, error) {
	l := List{State: h.State, Peer: peer, Origin: c.Origin, Checkpoint: signed, Size: c.Size, Salt: rogatory.DigestOf(salt), Rows: []Row{}}
	if len(salt) != SaltSize {
		return List{}, rogatory.Fault(rogatory.Invalid, "oversight_list_invalid", "a salt of %d bytes, %d are wanted", len(salt), SaltSize).WithHint("rogatory oversight salt draws one; both bodies use the same")
	}
	for _, r := range h.Records[:c.Size] {
		m := r.Message
		if m == nil || m.From.State != peer && m.To.State != peer {
			continue
		}
		list, err := journal.ProveInclusion(c.Size, r.Index, h.hashes)
		if err != nil {
			return List{}, rogatory.Fault(rogatory.Internal, "oversight_list_invalid", "prove entry %d: %w", r.Index, err)
		}
		row := Row{From: m.From.State, Sequence: m.Sequence, Refused: r.Entry.Type == rogatory.MessageRefused, Blind: Blind(salt, m.ID, r.Entry.Message.Digest),
			Index: r.Index, Leaf: rogatory.Digest(h.leaves[r.Index]), Proof: []rogatory.Digest{}}
		for _, d := range list {
			row.Proof = append(row.Proof, rogatory.Digest(d))
		}
		l.Rows = append(l.Rows, row)
	}
	return l, nil
}

// SignList signs a list: the body answers for it that it is complete.
func (k Key) SignList(l List) ([]byte, error) {
	text, err := json.Marshal(l)
	if err != nil {
		return nil, rogatory.Fault(rogatory.Internal, "oversight_list_invalid", "encode a list: %w", err)
	}
	return k.Sign(listHeader + "\n" + string(text) + "\n")
}

// OpenList reads a list and verifies all that it says for itself: that a body of the State signed it, and that each row
// is an entry of the State's journal under the checkpoint.
func OpenList(signed []byte, state rogatory.Party) (List, error) {
	bad := func(format string, args ...any) (List, error) {
		return List{}, rogatory.Fault(rogatory.Untrusted, "oversight_list_invalid", format, args...)
	}
	if len(signed) > MaxList {
		return bad("a list of %d bytes, at most %d are read", len(signed), MaxList)
	}
	for _, b := range state.Oversight {
		text, err := OpenSigned(signed, b.Key)
		if err != nil {
			continue
		}
		body, ok := strings.CutPrefix(text, listHeader+"\n")
		if !ok {
			return bad("it is no list")
		}
		var l List
		d := json.NewDecoder(strings.NewReader(body))
		d.DisallowUnknownFields()
		if err := d.Decode(&l); err != nil {
			return bad("read a list: %w", err)
		}
		if _, err := d.Token(); err != io.EOF {
			return bad("the list is followed by something else")
		}
		return l, l.check(state)
	}
	return List{}, rogatory.Fault(rogatory.Untrusted, unknownBody, "no oversight body of %s signed this list", state.Code)
}

func (l List) check(state rogatory.Party) error {
	bad := func(format string, args ...any) error {
		return rogatory.Fault(rogatory.Untrusted, "oversight_list_invalid", "list of %.2q: "+format, append([]any{l.State}, args...)...)
	}
	log, err := journal.NewVerifier(state.JournalKey)
	if err != nil {
		return bad("journal key: %w", err)
	}
	c, err := journal.OpenCheckpoint(l.Checkpoint, state.JournalOrigin, log)
	if err != nil {
		return bad("checkpoint: %w", err)
	}
	if l.State != state.Code || l.Origin != state.JournalOrigin || c.Size != l.Size || !l.Peer.Valid() || l.Peer == l.State || len(l.Rows) > maxRows {
		return bad("it does not fit the State or its checkpoint, or has more than %d rows", maxRows)
	}
	seen := map[string]bool{}
	for i, r := range l.Rows {
		key := fmt.Sprintf("%s %d", r.From, r.Sequence)
		if r.From != l.State && r.From != l.Peer || r.Sequence < 1 || seen[key] || i > 0 && l.Rows[i-1].Index >= r.Index {
			return bad("row %d is of neither State, twice, or out of order", i)
		}
		seen[key] = true
		proof := make([]journal.Hash, len(r.Proof))
		for j, d := range r.Proof {
			proof[j] = journal.Hash(d)
		}
		if err := journal.CheckInclusion(proof, c.Size, c.Root, r.Index, journal.LeafHash(journal.Leaf(r.Leaf))); err != nil {
			return bad("row %d is not in the journal: %w", i, err)
		}
	}
	return nil
}

// What is wrong with a message of which the two journals do not say the same.
const (
	MissingThere = "missing" // the sender's journal has it, the receiver's does not
	NeverSent    = "unsent"  // the receiver's journal has it, the sender's does not
	Altered      = "altered" // both have that number, of two messages
)

// Finding is one difference. It names a message by its way and number, and says whose journal has to explain it.
type Finding struct {
	What     string             `json:"what"`
	From     rogatory.StateCode `json:"from"`
	To       rogatory.StateCode `json:"to"`
	Sequence int64              `json:"sequence"`
	In       rogatory.StateCode `json:"in"`    // whose journal has it
	Index    int64              `json:"index"` // there
	Blind    rogatory.Digest    `json:"blind"`
}

// Compare holds two lists that OpenList accepted against each other. The two checkpoints are seldom of one moment, and
// the last messages may be on their way: fresh says how many of the last numbers of each sender are left out for that.
// They are compared the next time; every other difference is named.
func Compare(a, b List, fresh int64) ([]Finding, error) {
	if a.State != b.Peer || b.State != a.Peer || a.Salt != b.Salt {
		return nil, rogatory.Fault(rogatory.Invalid, "oversight_list_invalid", "the lists are of %s with %s and of %s with %s, or have two salts", a.State, a.Peer, b.State, b.Peer).
			WithHint("both bodies write their list with the same salt, each for the other's State")
	}
	var found []Finding
	for _, way := range []struct{ sender, receiver List }{{a, b}, {b, a}} {
		from := way.sender.State
		there, last := map[int64]Row{}, int64(0)
		for _, r := range way.receiver.Rows {
			if r.From == from {
				there[r.Sequence] = r
				last = max(last, r.Sequence)
			}
		}
		for _, r := range way.sender.Rows {
			if r.From == from {
				last = max(last, r.Sequence)
			}
		}
		for _, r := range way.sender.Rows {
			if r.From != from {
				continue
			}
			got, ok := there[r.Sequence]
			delete(there, r.Sequence)
			f := Finding{From: from, To: way.receiver.State, Sequence: r.Sequence, In: from, Index: r.Index, Blind: r.Blind}
			switch {
			case !ok && r.Sequence > last-fresh:
			case !ok:
				f.What = MissingThere
				found = append(found, f)
			case got.Blind != r.Blind:
				f.What = Altered
				found = append(found, f)
			}
		}
		for _, r := range there {
			if r.Sequence > last-fresh {
				continue
			}
			found = append(found, Finding{What: NeverSent, From: from, To: way.receiver.State, Sequence: r.Sequence, In: way.receiver.State, Index: r.Index, Blind: r.Blind})
		}
	}
	slices.SortFunc(found, func(x, y Finding) int {
		return cmp.Or(cmp.Compare(x.From, y.From), cmp.Compare(x.Sequence, y.Sequence), cmp.Compare(x.What, y.What))
	})
	return found, nil
}

// Proof is a difference that a third person can verify with nothing but the directory: the entry of the one journal,
// opened, and the other body's signed list, in which it is not. The entry says who sent what number when, and the
// digest of the message; its words stay closed.
type Proof struct {
	Finding Finding `json:"finding"`
	Entry   []byte  `json:"entry"`             // C2SP tlog-proof with the opening
	Receipt []byte  `json:"receipt,omitempty"` // with which the other State acknowledged it, if it did
	Salt    []byte  `json:"salt"`
	List    []byte  `json:"list"` // of the other State, signed by its body
}

// Prove writes the proof of a finding about an entry of this holding. other is the signed list of the other State.
func (h *Holding) Prove(f Finding, salt []byte, signed []byte, size int64, other []byte) (Proof, error) {
	if f.In != h.State {
		return Proof{}, rogatory.Fault(rogatory.Conflict, "oversight_proof_other", "the entry is in the journal of %s, this is that of %s", f.In, h.State).WithHint("its body writes the proof")
	}
	entry, err := h.Proof(f.Index, signed, size)
	if err != nil {
		return Proof{}, err
	}
	item, _ := h.Item(f.Index)
	p := Proof{Finding: f, Entry: entry, Salt: salt, List: other}
	if f.In == f.From {
		p.Receipt = item.Receipt
	}
	if f.In == f.From && len(p.Receipt) == 0 { // it came after the page was pulled
		for _, r := range h.Records[f.Index:] {
			if e := r.Entry; e.Type == rogatory.MessageReceipted && e.Message != nil && e.Message.ID == h.Records[f.Index].Entry.Message.ID {
				item, _ := h.Item(r.Index)
				p.Receipt = item.Receipt
			}
		}
	}
	return p, nil
}

// Verify shows a third person that a proof holds: in the journal of the one State there is this message, and the other
// State's body signed a list of its journal without it. receipted says that the other State itself acknowledged the
// message once, with a signature: then it is the other State that cannot explain itself.
func (p Proof) Verify(has, lacks rogatory.Party) (receipted bool, err error) {
	bad := func(format string, args ...any) (bool, error) {
		return false, rogatory.Fault(rogatory.Untrusted, "oversight_proof_invalid", format, args...)
	}
	f := p.Finding
	if has.Code != f.In || lacks.Code == f.In || f.From != has.Code && f.From != lacks.Code || f.To != has.Code && f.To != lacks.Code || f.From == f.To {
		return bad("the proof is about %s and %s, these are the entries of %s and %s", f.From, f.To, has.Code, lacks.Code)
	}
	log, err := journal.NewVerifier(has.JournalKey)
	if err != nil {
		return bad("journal key of %s: %w", has.Code, err)
	}
	proved, err := journal.ParseProof(p.Entry)
	if err != nil {
		return bad("read the entry: %w", err)
	}
	salt, body, err := journal.Opening(proved.Extra)
	if err != nil {
		return bad("open the entry: %w", err)
	}
	if _, err := proved.Verify(journal.LeafHash(journal.Commit(salt, body)), has.JournalOrigin, log); err != nil {
		return bad("the entry is not in the journal of %s: %w", has.Code, err)
	}
	var e rogatory.Entry
	if err := json.Unmarshal(body, &e); err != nil || e.Message == nil {
		return bad("the entry names no message")
	}
	m := *e.Message
	if m.From != f.From || m.To != f.To || m.Sequence != f.Sequence || proved.Index != f.Index || Blind(p.Salt, m.ID, m.Digest) != f.Blind ||
		!slices.Contains([]rogatory.EntryType{rogatory.MessageSent, rogatory.MessageReceived, rogatory.MessageRefused}, e.Type) || (e.Type == rogatory.MessageSent) != (f.In == f.From) {
		return bad("the entry is not that of the finding")
	}
	l, err := OpenList(p.List, lacks)
	if err != nil {
		return false, err
	}
	if l.Peer != has.Code || l.Salt != rogatory.DigestOf(p.Salt) {
		return bad("the list of %s is of another comparison", lacks.Code)
	}
	i := slices.IndexFunc(l.Rows, func(r Row) bool { return r.From == f.From && r.Sequence == f.Sequence })
	switch {
	case i >= 0 && l.Rows[i].Blind == f.Blind:
		return bad("the list of %s has the message", lacks.Code)
	case (i >= 0) != (f.What == Altered), f.What == NeverSent && f.In == f.From, f.What == MissingThere && f.In != f.From:
		return bad("the list of %s shows another difference than %.20q", lacks.Code, f.What)
	}
	if len(p.Receipt) == 0 {
		return false, nil
	}
	r, at, err := envelope.PeekReceipt(p.Receipt)
	if err == nil {
		_, _, err = envelope.OpenReceipt(p.Receipt, lacks, r.Received.Time())
	}
	if err != nil || r.Message != m.ID || r.Digest != m.Digest || len(at) == 0 {
		return bad("the receipt of %s is not of this message", lacks.Code)
	}
	return true, nil
}

// ParseProof reads a proof. It proves nothing before Verify.
func ParseProof(data []byte) (Proof, error) {
	var p Proof
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if len(data) > MaxList*2 {
		return Proof{}, rogatory.Fault(rogatory.Invalid, "oversight_proof_invalid", "a proof of %d bytes", len(data))
	}
	if err := d.Decode(&p); err != nil {
		return Proof{}, rogatory.Fault(rogatory.Invalid, "oversight_proof_invalid", "read a proof: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return Proof{}, rogatory.Fault(rogatory.Invalid, "oversight_proof_invalid", "the proof is followed by something else")
	}
	return p, nil
}
