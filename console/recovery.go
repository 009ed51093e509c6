// SPDX-License-Identifier: Apache-2.0

package console

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"rogatory"
)

// recoverView is the page on which a new link for a person is asked for, or shown once.
type recoverView struct {
	Name string
	Why  field
	Link string // just given; shown once
}

// mayRecover reports whether the person may ask for a link for others, and give one.
func mayRecover(role rogatory.OfficerRole) bool {
	return role == rogatory.Administrator || role == rogatory.Decider
}

func (s *server) recoverForm(v *visit) recoverView {
	return recoverView{Name: v.r.PathValue("name"), Why: field{Name: "why", Label: v.loc.T("recovery.why"), Hint: v.loc.T("recovery.why.hint"), Form: "area", Needed: true, Value: strings.TrimSpace(v.r.PostFormValue("why"))}}
}

func (s *server) recoverPage(v *visit) error {
	return v.show(http.StatusOK, recoverScreen(v.frame(v.loc.T("recovery.title"), "people"), s.recoverForm(v)))
}

func (s *server) recoverAsked(v *visit) error {
	view := s.recoverForm(v)
	if view.Why.Value == "" {
		view.Why.Wrong = v.loc.T("wrong.missing", "label", view.Why.Label)
		return v.show(http.StatusUnprocessableEntity, recoverScreen(v.frame(v.loc.T("recovery.title"), "people"), view))
	}
	if err := s.Keys.AskRecovery(v.ctx, v.by, view.Name, view.Why.Value); err != nil {
		return err
	}
	v.say("recovery.asked", "name", view.Name)
	return v.to("people")
}

// recoverGiven gives the link and ends every session of the person: whoever has the lost device is out.
func (s *server) recoverGiven(v *visit) error {
	if ok, err := v.fresh(); err != nil || !ok {
		return err
	}
	name := v.r.PathValue("name")
	token, err := s.Keys.GrantRecovery(v.ctx, v.by, name)
	if err != nil {
		return err
	}
	if err := s.signOutEverywhere(v.ctx, name); err != nil {
		return err
	}
	origin := s.Origin
	if origin == "" {
		origin = "http://" + v.r.Host
	}
	return v.show(http.StatusOK, recoverScreen(v.frame(v.loc.T("recovery.title"), "people"), recoverView{Name: name, Link: origin + Prefix + "enrol?token=" + token}))
}

// signOutEverywhere ends the sessions of a person.
func (s *server) signOutEverywhere(ctx context.Context, name string) error {
	return s.sessions.Iterate(ctx, func(ctx context.Context) error {
		if s.sessions.GetString(ctx, sessionName) == name {
			return s.sessions.Destroy(ctx)
		}
		return nil
	})
}

// openRecoveries are the wishes that this person may see.
func (s *server) openRecoveries(v *visit) ([]Recovery, error) {
	if !mayRecover(v.by.Role) {
		return nil, nil
	}
	all, err := s.Keys.Recoveries(v.ctx)
	return slices.DeleteFunc(all, func(r Recovery) bool { return r.Name == v.by.Name }), err
}
