// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"context"
	"io"
	"slices"
	"strings"

	"rogatory"
)

// Relay seals an exhibit that another State gave us for a third one, on a request between us and that
// third State: this is how the members of a joint investigation share what each of them released to the
// team (Art 48). It needs the leave of the State that gave it (Art 36(3)): its exhibit says so, or it
// consented. The use limits go along, and the new exhibit says where it comes from.
//
// It is recorded as an opening, with its reason, and as a sealing; nothing leaves before another person
// offers it. After an error nothing was sealed, or an object that nothing refers to was left.
func (o *Office) Relay(ctx context.Context, by rogatory.Actor, id rogatory.ExhibitID, to rogatory.RequestID) (rogatory.Exhibit, error) {
	from, x, err := o.Exhibit(ctx, id)
	if err != nil {
		return rogatory.Exhibit{}, err
	}
	f, err := o.File(ctx, to)
	if err != nil {
		return rogatory.Exhibit{}, err
	}
	if x.Ours {
		return rogatory.Exhibit{}, rogatory.Fault(rogatory.Conflict, "exhibit_ours", "exhibit %s was sealed here: seal the evidence for %s itself", id, f.Them.State)
	}
	if f.Them.State == from.Them.State {
		return rogatory.Exhibit{}, rogatory.Fault(rogatory.Conflict, "exhibit_theirs", "exhibit %s came from %s itself", id, f.Them.State)
	}
	conditions, ok := onward(from, x, f.Them.State)
	if !ok {
		return rogatory.Exhibit{}, rogatory.Fault(rogatory.Denied, notAuthorised, "%s has not authorised that exhibit %s goes to %s (Art 36(3))", from.Them.State, id, f.Them.State).
			WithHint("ask it first: rogatory request answer " + string(from.ID) + " ask_consent --use onward_transfer --exhibit " + string(id) + " --third " + string(f.Them.State))
	}
	limits := x.Exhibit.Limits
	limits.Conditions = slices.Concat(limits.Conditions, conditions)
	limits.OnwardTransfer = false // its leave was for this State
	s := Sealing{Title: x.Exhibit.Title, FileName: x.Exhibit.FileName, MediaType: x.Exhibit.MediaType, Limits: limits,
		Acquired: "received from " + string(from.Them.State) + " as exhibit " + string(id) + ", SHA-256 " + x.Exhibit.Seal.SHA256.String() + "; there: " + x.Exhibit.Acquired}

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	plain, out := io.Pipe()
	go func() {
		out.CloseWithError(o.StreamExhibit(ctx, by, id, "relayed to "+string(f.Them.State)+" on "+string(to), out, nil))
	}()
	e, err := o.Seal(ctx, by, to, s, plain, nil)
	_ = plain.Close() // ends the other side where sealing stopped early
	return e, err
}

// onward says whether the State that gave an exhibit lets it go to that one, and on which further
// conditions.
func onward(f File, x ExhibitFile, to rogatory.StateCode) (conditions []string, ok bool) {
	for _, c := range f.Consents {
		use := c.Consent.Use == rogatory.OnwardTransfer || c.Consent.Use == rogatory.TeamDisclosure
		if c.State == ConsentGiven && c.By == f.Side && use && strings.EqualFold(c.Consent.To, string(to)) && (c.Consent.Exhibit == "" || c.Consent.Exhibit == x.Exhibit.ID) {
			return c.Conditions, true
		}
	}
	return nil, x.Exhibit.Limits.OnwardTransfer
}
