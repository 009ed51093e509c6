// SPDX-License-Identifier: Apache-2.0

package node

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"rogatory"
	"rogatory/court"
	"rogatory/docket"
	"rogatory/envelope"
	"rogatory/store"
)

// Transfer is an exhibit on its way to us.
type Transfer struct {
	Exhibit rogatory.ExhibitID `json:"exhibit"`
	Have    int64              `json:"have"`  // segments verified and kept
	Total   int64              `json:"total"` // segments in all
	Done    bool               `json:"done"`
	Error   string             `json:"error,omitempty"`
}

// Transfers lists the transfers since the node was opened.
func (n *Node) Transfers() []Transfer {
	n.mu.Lock()
	defer n.mu.Unlock()
	var all []Transfer
	for _, t := range n.transfers {
		all = append(all, *t)
	}
	slices.SortFunc(all, func(a, b Transfer) int { return bytes.Compare([]byte(a.Exhibit), []byte(b.Exhibit)) })
	return all
}

// Fetch pulls an offered exhibit into the vault, resuming what an earlier attempt left, and tells the
// other State its root. It returns when the exhibit is held; what arrived before an error is kept.
func (n *Node) Fetch(ctx context.Context, by rogatory.Actor, id rogatory.ExhibitID, progress func(have, total int64)) error {
	if by.Role != rogatory.Custodian {
		return rogatory.Fault(rogatory.Denied, "role_not_allowed", "%s in the role %s may not fetch exhibits", by.Name, by.Role).WithHint("this act needs the role custodian")
	}
	f, x, err := n.Office.Exhibit(ctx, id)
	if err != nil {
		return err
	}
	if x.State == docket.Held {
		return nil
	}
	if _, err := n.Office.Incoming(ctx, f.Them.State, x.Exhibit.Seal.Root); err != nil {
		return err
	}
	t, err := n.begin(id, x.Exhibit.Seal.Segments())
	if err != nil {
		return err
	}
	n.wg.Add(1)
	defer n.wg.Done()
	err = n.pull(ctx, f, x, func(have, total int64) {
		n.mu.Lock()
		t.Have, t.Total = have, total
		n.mu.Unlock()
		if progress != nil {
			progress(have, total)
		}
	})
	n.mu.Lock()
	defer n.mu.Unlock()
	if err != nil {
		t.Error = err.Error()
	}
	t.Done = true
	return err
}

func (n *Node) begin(id rogatory.ExhibitID, total int64) (*Transfer, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if t := n.transfers[id]; t != nil && !t.Done {
		return nil, rogatory.Fault(rogatory.Conflict, "transfer_running", "exhibit %s is on its way already", id)
	}
	t := &Transfer{Exhibit: id, Total: total}
	n.transfers[id] = t
	return t, nil
}

func (n *Node) pull(ctx context.Context, f docket.File, x docket.ExhibitFile, progress func(have, total int64)) error {
	root := x.Exhibit.Seal.Root
	held, err := n.Vault.Has(root)
	if err != nil {
		return err
	}
	if !held {
		party, err := n.Party(f.Them.State)
		if err != nil {
			return err
		}
		in, err := n.Vault.Expect(x.Exhibit.Seal)
		if err != nil {
			return err
		}
		defer in.Close()
		if err := n.client.Pull(ctx, party, in, progress); err != nil {
			return errors.Join(err, in.Flush())
		}
		if err := in.Commit(); err != nil {
			return err
		}
	}
	return n.Office.Arrived(ctx, f.Them.State, root)
}

// Push brings an exhibit that we offered to a State that cannot fetch it.
func (n *Node) Push(ctx context.Context, id rogatory.ExhibitID, progress func(have, total int64)) error {
	f, x, err := n.Office.Exhibit(ctx, id)
	if err != nil {
		return err
	}
	if !x.Ours || x.State != docket.Offered {
		return rogatory.Fault(rogatory.Conflict, "exhibit_not_offered", "exhibit %s is not on offer", id)
	}
	party, err := n.Party(f.Them.State)
	if err != nil {
		return err
	}
	return n.client.Push(ctx, party, n.Vault, x.Exhibit.Seal, progress)
}

// publishWait is how long an export waits until its newest entry is in a published checkpoint.
const publishWait = 30 * time.Second

// ExportPackage writes the court package of a case to the folder to, which must not exist.
func (n *Node) ExportPackage(ctx context.Context, by rogatory.Actor, id rogatory.CaseID, why, to string, progress func(file string, written int64)) error {
	if by.Role != rogatory.Custodian {
		return rogatory.Fault(rogatory.Denied, "role_not_allowed", "%s in the role %s may not export evidence", by.Name, by.Role).WithHint("this act needs the role custodian")
	}
	if n.config.TimeStamp.URL == "" {
		return rogatory.Fault(rogatory.Unavailable, "stamp_missing", "a court package needs a time-stamp authority").WithHint("name one in node.json under time_stamp")
	}
	s := court.Source{Case: id, Exporter: n.config.address(), Made: rogatory.At(n.opt.Clock.Now()), Signer: n.keys().Seal(),
		Stamp: func(digest []byte) ([]byte, error) {
			token, _, err := n.stamp(ctx, digest)
			return token, err
		}}
	files, err := n.caseFiles(ctx, id)
	if err != nil {
		return err
	}
	s.Title = files[0].Request.Title
	certify, err := n.certifier(ctx, by, s.Made)
	if err != nil {
		return err
	}
	// The exports are journaled first, so that the package itself shows who made it and why.
	for _, f := range files {
		for _, x := range f.Exhibits {
			if !x.Ours && x.State == docket.Held && x.Quarantine == nil { // what lies unread goes to no court
				if err := n.Office.Exported(ctx, by, x.Exhibit.ID, why); err != nil {
					return err
				}
				s.Exhibits = append(s.Exhibits, court.Exhibit{Exhibit: x.Exhibit, Write: func(w io.Writer) error {
					return n.Vault.OpenPlain(ctx, x.Exhibit.Seal, n.keys().EvidenceIdentities(), w, nil)
				}, Certificate: func() ([]byte, error) { return certify(f, x.Exhibit) }})
			}
		}
	}
	if err := n.addProofs(ctx, &s, files); err != nil {
		return err
	}
	chain, err := os.MkdirTemp(n.dir, "chain-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(chain)
	exported := filepath.Join(chain, "directory")
	if err := n.book.Steady().Export(exported); err != nil {
		return err
	}
	s.Directory = os.DirFS(exported)
	if s.TrustedRoot, err = os.ReadFile(filepath.Join(n.dir, rootFile)); err != nil {
		return err
	}
	s.Made = rogatory.At(n.opt.Clock.Now())
	return court.Write(ctx, to, s, progress)
}

func (n *Node) caseFiles(ctx context.Context, id rogatory.CaseID) ([]docket.File, error) {
	var ids []rogatory.RequestID
	err := n.store.View(ctx, func(tx *store.Tx) error {
		rows, err := tx.RequestsOfCase(id)
		for _, row := range rows {
			ids = append(ids, row.ID)
		}
		return err
	})
	if err == nil && len(ids) == 0 {
		err = rogatory.Fault(rogatory.NotFound, "case_unknown", "there is no case %.40q here", id)
	}
	if err != nil {
		return nil, err
	}
	slices.SortFunc(ids, func(a, b rogatory.RequestID) int { return a.Number() - b.Number() })
	var files []docket.File
	for _, id := range ids {
		f, err := n.Office.File(ctx, id)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}

// addProofs adds messages with both sides' proofs, and the custody entries against one published,
// cosigned and stamped checkpoint.
func (n *Node) addProofs(ctx context.Context, s *court.Source, files []docket.File) error {
	var messages []store.Message
	var custody []int64
	err := n.store.View(ctx, func(tx *store.Tx) error {
		for _, f := range files {
			rows, err := tx.MessagesOf(f.ID)
			if err != nil {
				return err
			}
			messages = append(messages, rows...)
			for after := int64(-1); ; {
				entries, err := tx.EntriesOf(f.ID, after, 500)
				if err != nil {
					return err
				}
				for _, e := range entries {
					custody = append(custody, e.Index)
					after = e.Index
				}
				if len(entries) == 0 {
					break
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := n.awaitPublished(ctx, slices.Max(custody)); err != nil {
		return err
	}
	slices.Sort(custody)
	for _, m := range messages {
		c := court.Message{Container: m.Container, Receipt: m.Receipt}
		if m.Direction == store.Out {
			proof, err := n.Ledger.Prove(ctx, m.Entry)
			if err != nil {
				return err
			}
			if c.Container, err = envelope.AttachProof(m.Container, proof); err != nil {
				return err
			}
		}
		if m.Refused && m.Direction == store.In {
			continue
		}
		s.Messages = append(s.Messages, c)
	}
	seen := map[int64]bool{}
	for _, index := range custody {
		proof, cp, err := n.Ledger.ProvePublished(ctx, index)
		if err != nil {
			return err
		}
		s.Custody = append(s.Custody, court.Entry{Proof: proof})
		if !seen[cp.Size] {
			seen[cp.Size] = true
			s.Checkpoints = append(s.Checkpoints, court.Checkpoint{State: n.config.State, Note: cp.Note, Stamp: cp.Stamp})
		}
	}
	return nil
}

// awaitPublished publishes until the entry is covered by a stamped checkpoint.
func (n *Node) awaitPublished(ctx context.Context, index int64) error {
	ctx, cancel := context.WithTimeout(ctx, publishWait)
	defer cancel()
	for {
		if err := n.Publish(ctx); err != nil {
			return err
		}
		c, err := n.Ledger.Latest(ctx)
		if err != nil {
			return err
		}
		if c.Size > index && len(c.Stamp) > 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return rogatory.Fault(rogatory.Unavailable, "stamp_missing", "no time-stamp came for the journal: %w", ctx.Err()).WithHint("see rogatory check for what the time-stamp authority says")
		case <-n.opt.Clock.After(publishEvery):
		}
	}
}
