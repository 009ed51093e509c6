// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"strings"

	"rogatory"
	"rogatory/safeguard"
	"rogatory/store"
)

// This file holds evidence to what it was given for (Arts 36(3), 40(19)): the use limits travel in the signed offer, in
// the entry of each opening and in the court package, and what a State gave does not leave under another label.

// receivedSetting names the exhibit of another State that has these bytes, by their SHA-256.
const receivedSetting = "received."

// notAuthorised is the code of a refusal because the State that gave an exhibit has not agreed to its further use.
const notAuthorised = "transfer_not_authorised"

// Reuse says of an exhibit that is to be handed over whether it is another State's, and what that State allows.
type Reuse struct {
	Onward, OtherUse, Consented bool
}

// secret says what the policies ask about the secrecy of a request.
func (f File) secret(now rogatory.Instant, facts safeguard.Facts) safeguard.Facts {
	why := strings.TrimSpace(f.Request.Contents["confidentiality"])
	asked, reason, end := why != "", safeguard.Reasoned(why), true
	if len(f.Secrecy) > 0 {
		s := f.SecrecyAt(now)
		asked, reason, end = s.Secret || len(s.Void) == len(f.Secrecy), s.Secret, s.Secret
	}
	facts.Confidential, facts.ConfidentialReason, facts.ConfidentialEnd = safeguard.True(asked), safeguard.True(reason), safeguard.True(end)
	return facts
}

// used says what the policies ask about the use of evidence. Whoever gives consent is the one whose consent it takes.
func (f File) used(act rogatory.Act, r Reuse, facts safeguard.Facts) safeguard.Facts {
	if act == rogatory.GiveConsent {
		for _, c := range f.Consents {
			if c.State == ConsentAsked && c.By != f.Side {
				onward := c.Consent.Use == rogatory.OnwardTransfer || c.Consent.Use == rogatory.TeamDisclosure
				r.Onward, r.OtherUse = r.Onward || onward, r.OtherUse || !onward
			}
		}
		r.Consented = true
	}
	facts.OtherUse, facts.Onward, facts.Consented = safeguard.True(r.OtherUse), safeguard.True(r.Onward), safeguard.True(r.Consented)
	return facts
}

// reusable refuses to seal, for another State, bytes that a State gave us and that it has not let go there. Where it has,
// the label goes along. It returns the exhibit that they come from, or nothing.
func (o *Office) reusable(tx *store.Tx, f File, e *rogatory.Exhibit) (rogatory.ExhibitID, error) {
	given, found, err := tx.Setting(receivedSetting + e.Seal.SHA256.String())
	if err != nil || !found {
		return "", err
	}
	id := rogatory.ExhibitID(given)
	from, x, err := o.exhibitIn(tx, id)
	if err != nil || from.Them.State == f.Them.State {
		return "", err // it goes back to where it comes from
	}
	conditions, ok := onward(from, x, f.Them.State)
	if !ok {
		return "", rogatory.Fault(rogatory.Denied, notAuthorised, "these bytes are exhibit %s of %s, which has not authorised that it goes to %s (Art 36(3))", id, from.Them.State, f.Them.State).
			WithHint("ask it first: rogatory request answer " + string(from.ID) + " ask_consent --use onward_transfer --exhibit " + string(id) + " --third " + string(f.Them.State))
	}
	e.Limits.Purpose, e.Limits.OnwardTransfer = x.Exhibit.Limits.Purpose, false
	e.Limits.Confidential = e.Limits.Confidential || x.Exhibit.Limits.Confidential
	for _, c := range slices.Concat(x.Exhibit.Limits.Conditions, conditions) {
		if !slices.Contains(e.Limits.Conditions, c) {
			e.Limits.Conditions = append(e.Limits.Conditions, c)
		}
	}
	return id, nil
}

// receivedKept holds what is remembered of the bytes that States gave us against the journal, or puts it right: without it they
// could be sealed for anybody.
func (r *replay) receivedKept() error {
	for _, digest := range slices.SortedFunc(maps.Keys(r.received), func(a, b rogatory.Digest) int { return bytes.Compare(a[:], b[:]) }) {
		id := r.received[digest]
		name := receivedSetting + digest.String()
		if r.mend {
			if err := r.tx.SetSetting(name, []byte(id)); err != nil {
				return err
			}
			continue
		}
		if have, _, err := r.tx.Setting(name); err != nil {
			return err
		} else if string(have) != string(id) {
			return damaged("view_damaged", "it is not remembered that exhibit %s came from another State, as the journal says", id)
		}
	}
	return nil
}

func (o *Office) exhibitIn(tx *store.Tx, id rogatory.ExhibitID) (File, ExhibitFile, error) {
	row, err := tx.Exhibit(id)
	if err != nil {
		return File{}, ExhibitFile{}, err
	}
	f, err := o.must(tx, row.Request)
	if err != nil {
		return File{}, ExhibitFile{}, err
	}
	if x := f.exhibit(id); x != nil {
		return f, *x, nil
	}
	return File{}, ExhibitFile{}, rogatory.Fault(rogatory.Damaged, "view_damaged", "exhibit %s is not in the file of %s", id, f.ID)
}

// reuse says what becomes of another State's evidence when an exhibit is offered: consent may have been given for some of
// what is sealed here, and not for all.
func (o *Office) reuse(tx *store.Tx, f File, act rogatory.Act, body rogatory.Body) (r Reuse, err error) {
	x := f.offered(act, body)
	if x == nil || x.Origin == "" {
		return r, nil
	}
	from, given, err := o.exhibitIn(tx, x.Origin)
	if err != nil {
		return r, err
	}
	r.Onward = true
	_, r.Consented = onward(from, given, f.Them.State)
	return r, nil
}

// MayUse refuses to take an exhibit of another State out of this office for another use than the one that its label
// names, unless that State consented to it.
func MayUse(f File, x ExhibitFile, use rogatory.Consent) error {
	if use.Use == "" || x.Ours {
		return nil
	}
	if use.Use == rogatory.OnwardTransfer || use.Use == rogatory.TeamDisclosure {
		if _, ok := onward(f, x, rogatory.StateCode(use.To)); ok {
			return nil
		}
	} else if slices.ContainsFunc(f.Consents, func(c ConsentFile) bool {
		return c.State == ConsentGiven && c.By == f.Side && c.Consent.Use == use.Use && (c.Consent.Exhibit == "" || c.Consent.Exhibit == x.Exhibit.ID)
	}) {
		return nil
	}
	return rogatory.Fault(rogatory.Denied, notAuthorised, "%s gave exhibit %s for %.200q, and has not consented to %s (Arts 36(3), 40(19))", f.Them.State, x.Exhibit.ID, x.Exhibit.Limits.Purpose, use.Use).
		WithHint("ask it first: rogatory request answer " + string(f.ID) + " ask_consent --use " + string(use.Use) + " --exhibit " + string(x.Exhibit.ID))
}

// ForUse refuses to take a case's evidence out of this office for another use than its labels name, unless the States
// that gave it consented. It returns the reason with the use in it, for the entries of the export.
func (o *Office) ForUse(ctx context.Context, by rogatory.Actor, id rogatory.CaseID, why string, use rogatory.Consent) (string, error) {
	if use.Use == "" {
		return why, nil
	}
	if !slices.Contains([]rogatory.ConsentUse{rogatory.OtherUse, rogatory.OnwardTransfer, rogatory.TeamDisclosure, rogatory.EvidenceUse}, use.Use) {
		return "", rogatory.Fault(rogatory.Invalid, "use_invalid", "%.40q is no use that a State consents to", use.Use)
	}
	files, err := o.RequestsOfCase(ctx, by, id)
	if err != nil {
		return "", err
	}
	for _, f := range files {
		for _, x := range f.Exhibits {
			if !x.Ours && x.State == Held {
				if err := MayUse(f, x, use); err != nil {
					return "", err
				}
			}
		}
	}
	return why + " [" + strings.TrimSpace(string(use.Use)+" "+use.To) + "]", nil
}
