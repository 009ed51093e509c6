// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"context"

	"rogatory"
	"rogatory/store"
)

// Draft opens a request to another State, in a new case or, with within set, in an existing one.
// Anything may be missing yet.
func (o *Office) Draft(ctx context.Context, by rogatory.Actor, to rogatory.Address, within rogatory.CaseID, r rogatory.Request) (File, error) {
	return o.draft(ctx, by, to, "", within, r)
}

// DraftElsewhere is Draft for a request that goes by another channel than this network, to a State that
// need not have a node. What that State answers is recorded with Heard.
func (o *Office) DraftElsewhere(ctx context.Context, by rogatory.Actor, to rogatory.Address, channel rogatory.Channel, within rogatory.CaseID, r rogatory.Request) (File, error) {
	if err := o.knownChannel(channel); err != nil {
		return File{}, err
	}
	if to.Authority == "" {
		to.Authority = unnamed
	}
	return o.draft(ctx, by, to, channel, within, r)
}

func (o *Office) draft(ctx context.Context, by rogatory.Actor, to rogatory.Address, channel rogatory.Channel, within rogatory.CaseID, r rogatory.Request) (File, error) {
	if err := may(by, rogatory.Draft); err != nil {
		return File{}, err
	}
	if err := o.composed(r.Kind); err != nil {
		return File{}, err
	}
	if !to.State.Valid() || to.State == o.Us.State {
		return File{}, rogatory.Fault(rogatory.Invalid, "addressee_invalid", "a request cannot be addressed to %.60q", to.State).WithHint("give the two-letter code of another State, such as XB")
	}
	var f File
	err := o.Store.Update(ctx, func(tx *store.Tx) error {
		id := within
		if id == "" {
			var err error
			if id, err = rogatory.NewCaseID(o.Random, o.Us.State, o.Clock.Now()); err != nil {
				return err
			}
		} else if id.State() != o.Us.State {
			return rogatory.Fault(rogatory.Invalid, "case_not_ours", "case %.40q was not opened by this State", within)
		} else if rows, err := tx.RequestsOfCase(id); err != nil {
			return err
		} else if len(rows) == 0 {
			return rogatory.Fault(rogatory.NotFound, "case_unknown", "there is no case %s", within)
		}
		n, err := tx.NextRequestNumber(id)
		if err != nil {
			return err
		}
		e := rogatory.Entry{Type: rogatory.RequestDrafted, At: o.now(), By: by, Request: id.Request(n), Draft: &r, To: &to, Channel: channel, Credential: credentialOf(by)}
		if err := o.record(tx, e); err != nil {
			return err
		}
		f, _, err = cabinetOf{tx}.file(e.Request)
		return err
	})
	return f, err
}

// Revise replaces what a draft says.
func (o *Office) Revise(ctx context.Context, by rogatory.Actor, id rogatory.RequestID, to rogatory.Address, r rogatory.Request) (File, error) {
	if err := may(by, rogatory.Revise); err != nil {
		return File{}, err
	}
	if err := o.composed(r.Kind); err != nil {
		return File{}, err
	}
	var f File
	err := o.Store.Update(ctx, func(tx *store.Tx) error {
		now, err := o.must(tx, id)
		if err != nil {
			return err
		}
		if _, _, err := rogatory.Next(now.State, rogatory.Revise, now.Side); err != nil {
			return err
		}
		if err := o.record(tx, rogatory.Entry{Type: rogatory.RequestRevised, At: o.now(), By: by, Request: id, Draft: &r, To: &to, Credential: credentialOf(by)}); err != nil {
			return err
		}
		f, _, err = cabinetOf{tx}.file(id)
		return err
	})
	return f, err
}
