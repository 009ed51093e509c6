// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"context"
	"errors"
	"io"
	"strings"

	"filippo.io/age"

	"rogatory"
	"rogatory/safeguard"
	"rogatory/store"
	"rogatory/treaty"
	"rogatory/vault"
)

// Sealing describes evidence that is about to be sealed for the other State.
type Sealing struct {
	Title     string             `json:"title"`
	FileName  string             `json:"file_name"`
	MediaType string             `json:"media_type"`
	Acquired  string             `json:"acquired"`
	Limits    rogatory.UseLimits `json:"limits"`
	// Columns are those of a table that have what was asked for, where their names do not say so.
	Columns safeguard.Columns `json:"columns,omitzero"`
}

// Seal seals evidence for the request in one pass over src and records who sealed what. The evidence
// is encrypted to the requesting authority and to ourselves. On the way an answer that has rows is compared with what was
// asked for; one that holds more, or of which nobody could tell, lies in quarantine from then on: see [Quarantine].
//
// Order: the vault holds the sealed object, synced; then file, entry and exhibit row in one
// transaction. Dying in between leaves an object that nothing refers to, which fsck names.
func (o *Office) Seal(ctx context.Context, by rogatory.Actor, id rogatory.RequestID, s Sealing, src io.Reader, progress func(bytes int64)) (rogatory.Exhibit, error) {
	var e rogatory.Exhibit
	if by.Role != rogatory.Custodian {
		return e, rogatory.Fault(rogatory.Denied, "role_not_allowed", "%s in the role %s may not seal exhibits", by.Name, by.Role).WithHint("this act needs the role custodian")
	}
	f, err := o.File(ctx, id)
	if err != nil {
		return e, err
	}
	kind, err := o.Rules.Kind(f.Request.Kind)
	if err != nil {
		return e, err
	}
	if err := sealable(f, kind, s); err != nil {
		return e, err
	}
	recipients, err := o.recipientsOf(f)
	if err != nil {
		return e, err
	}
	scope := o.scopeOf(f)
	if !answers(f, true) {
		scope = safeguard.Scope{}
	}
	teed, verdict := compareWhile(scope, s.Columns, s.FileName, src)
	seal, err := o.Vault.Deposit(ctx, teed, recipients, progress)
	compared, errCompared := verdict(err)
	if err == nil {
		err = errCompared
	}
	if err != nil {
		return e, err
	}
	if !answers(f, true) {
		compared.Why = safeguard.NoAnswer
	}
	x, err := rogatory.NewExhibitID(o.Random, o.Us.State)
	if err != nil {
		return e, err
	}
	limits := s.Limits
	if limits.Purpose == "" {
		limits.Purpose = f.Request.Contents["purpose"]
	}
	if limits.Purpose == "" {
		limits.Purpose = f.Request.Title
	}
	e = rogatory.Exhibit{ID: x, Title: s.Title, FileName: s.FileName, MediaType: s.MediaType, Acquired: s.Acquired, Seal: seal, Limits: limits}
	err = o.Store.Update(ctx, func(tx *store.Tx) error {
		now, err := o.must(tx, id)
		if err != nil {
			return err
		}
		if err := sealable(now, kind, s); err != nil {
			return err
		}
		origin, err := o.reusable(tx, now, &e)
		if err != nil {
			return err
		}
		return o.recordCompared(tx, rogatory.Entry{Type: rogatory.ExhibitSealed, At: o.now(), By: by, Request: id, Exhibit: &e, Name: string(origin), Why: s.Acquired}, compared)
	})
	if rogatory.CodeOf(err) == notAuthorised {
		err = errors.Join(err, o.removeUnused(ctx, seal.Root))
	}
	return e, err
}

// recipientsOf are the two authorities that an exhibit for a request is sealed to.
func (o *Office) recipientsOf(f File) ([]age.Recipient, error) {
	var recipients []age.Recipient
	for _, a := range []rogatory.Address{f.Them, f.Us} {
		party, err := o.Directory.Party(a.State)
		if err != nil {
			return nil, err
		}
		authority, _ := party.Authority(a.Authority)
		r, err := vault.ParseRecipient(authority.EvidenceRecipient)
		if err != nil {
			return nil, err
		}
		recipients = append(recipients, r)
	}
	return recipients, nil
}

// sealable: what can be offered now can be sealed now.
func sealable(f File, kind treaty.Kind, s Sealing) error {
	_, _, closed := rogatory.Next(f.State, rogatory.Offer, f.Side)
	switch {
	case !kind.AllowsBy(rogatory.Offer, f.Side):
		return rogatory.Fault(rogatory.Conflict, "act_not_of_kind", "with a %s request the %s State hands over no exhibits", kind.ID, f.Side)
	case closed != nil:
		return rogatory.Fault(rogatory.Conflict, "act_not_open", "exhibits of the %s State are not open while %s is %s", f.Side, f.ID, f.State).
			WithHint("the requested State seals for what it accepted; the requesting State may do so once the request was sent")
	case f.Channel != "":
		return rogatory.Fault(rogatory.Conflict, "no_line", "request %s goes by the %s channel, and so does its evidence", f.ID, f.Channel).
			WithHint("hand it over on that way, and say what was given with the act that executes the request")
	case len(f.Exhibits) >= maxExhibits:
		return rogatory.Fault(rogatory.Invalid, "too_many_exhibits", "request %s has %d exhibits already", f.ID, len(f.Exhibits)).WithHint("pack small files into one archive")
	case strings.TrimSpace(s.Title) == "" || strings.TrimSpace(s.Acquired) == "":
		return rogatory.Fault(rogatory.Invalid, "exhibit_incomplete", "an exhibit needs a title and how it was acquired").WithHint("say who obtained it, when, and under which order")
	}
	return s.Columns.Check()
}

// File returns the office's file on one request.
func (o *Office) File(ctx context.Context, id rogatory.RequestID) (File, error) {
	var f File
	err := o.Store.View(ctx, func(tx *store.Tx) (err error) {
		f, err = o.must(tx, id)
		return err
	})
	return f, err
}

// Exhibit finds an exhibit of any request.
func (o *Office) Exhibit(ctx context.Context, id rogatory.ExhibitID) (File, ExhibitFile, error) {
	var f File
	err := o.Store.View(ctx, func(tx *store.Tx) error {
		row, err := tx.Exhibit(id)
		if err != nil {
			return err
		}
		f, err = o.must(tx, row.Request)
		return err
	})
	if err != nil {
		return File{}, ExhibitFile{}, err
	}
	if x := f.exhibit(id); x != nil {
		return f, *x, nil
	}
	return File{}, ExhibitFile{}, rogatory.Fault(rogatory.Damaged, "view_damaged", "exhibit %s is not in the file of %s", id, f.ID)
}

// byRoot finds the exhibit that a peer may move under that root.
func (o *Office) byRoot(ctx context.Context, peer rogatory.StateCode, root rogatory.Digest, ours bool) (File, ExhibitFile, error) {
	var found File
	var exhibit ExhibitFile
	err := o.Store.View(ctx, func(tx *store.Tx) error {
		rows, err := tx.ExhibitsByRoot(root)
		if err != nil {
			return err
		}
		for _, row := range rows {
			f, err := o.must(tx, row.Request)
			if err != nil {
				return err
			}
			x := f.exhibit(row.ID)
			if x == nil || x.Ours != ours || f.Them.State != peer || (x.State != Offered && x.State != Taken && x.State != Held) {
				continue
			}
			if o.now() > x.Exhibit.Expires {
				return rogatory.Fault(rogatory.Stale, "offer_expired", "the offer of exhibit %s ended at %s", x.Exhibit.ID, x.Exhibit.Expires)
			}
			found, exhibit = f, *x
			return nil
		}
		return rogatory.Fault(rogatory.NotFound, "exhibit_unknown", "no exhibit with root %s is on offer", root.Short())
	})
	return found, exhibit, err
}

// Outgoing returns the seal of an exhibit that the peer was offered and may take today.
func (o *Office) Outgoing(ctx context.Context, peer rogatory.StateCode, root rogatory.Digest) (rogatory.Seal, error) {
	_, x, err := o.byRoot(ctx, peer, root, true)
	return x.Exhibit.Seal, err
}

// Incoming returns the seal of an exhibit that the peer offered us.
func (o *Office) Incoming(ctx context.Context, peer rogatory.StateCode, root rogatory.Digest) (rogatory.Seal, error) {
	_, x, err := o.byRoot(ctx, peer, root, false)
	return x.Exhibit.Seal, err
}

// Arrived records that the exhibit is complete in our vault and tells the other State its root. The
// vault must have committed it. Doing it again changes nothing.
func (o *Office) Arrived(ctx context.Context, peer rogatory.StateCode, root rogatory.Digest) error {
	has, err := o.Vault.Has(root)
	if err != nil {
		return err
	}
	if !has {
		return rogatory.Fault(rogatory.NotFound, "exhibit_missing", "exhibit with root %s is not in the vault", root.Short())
	}
	compared, err := o.compareArrived(ctx, peer, root)
	if err != nil {
		return err
	}
	sent := false
	err = o.Store.Update(ctx, func(tx *store.Tx) error {
		rows, err := tx.ExhibitsByRoot(root)
		if err != nil {
			return err
		}
		for _, row := range rows {
			f, err := o.must(tx, row.Request)
			if err != nil {
				return err
			}
			x := f.exhibit(row.ID)
			if x == nil || x.Ours || f.Them.State != peer || x.State != Offered {
				continue
			}
			exhibit := x.Exhibit
			if err := tx.SetSetting(receivedSetting+exhibit.Seal.SHA256.String(), []byte(exhibit.ID)); err != nil {
				return err
			}
			if err := o.recordCompared(tx, rogatory.Entry{Type: rogatory.ExhibitReceived, At: o.now(), By: o.node(), Request: f.ID, Exhibit: &exhibit, Why: "offered by " + string(peer)}, compared[exhibit.ID]); err != nil {
				return err
			}
			if _, _, err := rogatory.Next(f.State, rogatory.Take, f.Side); err != nil {
				continue // withdrawn meanwhile: it is held, and there is nobody to tell
			}
			if _, _, err := o.move(tx, o.node(), f.ID, rogatory.Take, rogatory.Body{ExhibitID: exhibit.ID, Root: root}); err != nil {
				return err
			}
			sent = true
		}
		return nil
	})
	if sent {
		o.Ring()
	}
	return err
}

// OpenExhibit decrypts an exhibit that we hold into a file, and checks both digests. The opening is
// journaled, with its reason, before a byte is decrypted; the file appears only when all of it holds.
func (o *Office) OpenExhibit(ctx context.Context, by rogatory.Actor, id rogatory.ExhibitID, why string, to vault.Disk, name string, progress func(bytes int64)) (rogatory.Exhibit, error) {
	x, err := o.opening(ctx, by, id, why, rogatory.ExhibitOpened, name)
	if err != nil {
		return rogatory.Exhibit{}, err
	}
	return x.Exhibit, o.Vault.Extract(ctx, x.Exhibit.Seal, o.Evidence, to, name, progress)
}

// StreamExhibit is OpenExhibit into a writer, which keeps the bytes only if nil is returned.
func (o *Office) StreamExhibit(ctx context.Context, by rogatory.Actor, id rogatory.ExhibitID, why string, w io.Writer, progress func(bytes int64)) error {
	x, err := o.opening(ctx, by, id, why, rogatory.ExhibitOpened, "")
	if err != nil {
		return err
	}
	return o.Vault.OpenPlain(ctx, x.Exhibit.Seal, o.Evidence, w, progress)
}

// Exported records that an exhibit goes into a court package, and why.
func (o *Office) Exported(ctx context.Context, by rogatory.Actor, id rogatory.ExhibitID, why string) error {
	_, err := o.opening(ctx, by, id, why, rogatory.ExhibitExported, "")
	return err
}

func (o *Office) opening(ctx context.Context, by rogatory.Actor, id rogatory.ExhibitID, why string, as rogatory.EntryType, name string) (ExhibitFile, error) {
	if by.Role != rogatory.Custodian && by.Role != rogatory.Decider {
		return ExhibitFile{}, mayOpen(by, ExhibitFile{})
	}
	if strings.TrimSpace(why) == "" {
		return ExhibitFile{}, rogatory.Fault(rogatory.Invalid, "reason_missing", "say why the exhibit is opened: it is part of the chain of custody")
	}
	f, x, err := o.Exhibit(ctx, id)
	if err != nil {
		return ExhibitFile{}, err
	}
	if x.State == Deleted {
		return ExhibitFile{}, rogatory.Fault(rogatory.Conflict, "exhibit_deleted", "exhibit %s was deleted here", id).WithHint("rogatory journal show --entries says when, by whom and under which rule")
	}
	if !x.Ours && x.State != Held {
		return ExhibitFile{}, rogatory.Fault(rogatory.Conflict, "exhibit_not_held", "exhibit %s has not arrived yet", id).WithHint("fetch it first: rogatory exhibit fetch " + string(id))
	}
	if as == rogatory.ExhibitExported && x.Quarantine != nil {
		return ExhibitFile{}, quarantined(x, "exported")
	}
	if err := mayOpen(by, x); err != nil {
		return ExhibitFile{}, err
	}
	err = o.Store.Update(ctx, func(tx *store.Tx) error {
		return o.record(tx, rogatory.Entry{Type: as, At: o.now(), By: by, Request: f.ID, Exhibit: &x.Exhibit, Name: name, Why: why})
	})
	return x, err
}
