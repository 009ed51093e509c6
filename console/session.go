// SPDX-License-Identifier: Apache-2.0

package console

import (
	"context"
	"net/http"
	"slices"
	"time"

	"rogatory"
)

// freshFor is how long a proof of presence counts for what only a decider may do.
const freshFor = 5 * time.Minute

// demo reports whether anybody may sign in by one click: in an exercise that asks for it, never else.
func (s *server) demo() bool { return s.Demo && s.Office.Mode == rogatory.Exercise }

func (s *server) signIn(v *visit) error {
	people, err := s.People(v.ctx)
	if err != nil {
		return err
	}
	if !s.demo() {
		people = nil // who works here is not for everybody to read
	}
	k, waits := s.waiting(v.ctx)
	return v.show(http.StatusOK, signInScreen(v.frame(v.loc.T("signin.title"), ""), people, waits && k.Posted))
}

func (s *server) signInDemo(v *visit) error {
	if !s.demo() {
		return rogatory.Fault(rogatory.Denied, "sign_in_passkey", "sign-in needs a passkey here")
	}
	people, err := s.People(v.ctx)
	if err != nil {
		return err
	}
	name := v.r.PostFormValue("name")
	if !slices.ContainsFunc(people, func(o rogatory.Officer) bool { return o.Name == name }) {
		return personUnknown(name)
	}
	to, err := s.enter(v, name, demoCredential+name, true)
	if err == nil {
		http.Redirect(v.w, v.r, to, http.StatusSeeOther)
	}
	return err
}

func personUnknown(name string) error {
	return rogatory.Fault(rogatory.NotFound, "person_unknown", "nobody is called %.60q here", name).WithHint("an administrator adds people with rogatory person add")
}

// enter begins the session of a person, or renews the proof of one who is signed in, and says where to go. Present
// tells whether the person proved just now to be there, and with names what was shown.
func (s *server) enter(v *visit, name, with string, present bool) (string, error) {
	if v.by.Name != name {
		if err := s.sessions.RenewToken(v.ctx); err != nil {
			return "", err
		}
		s.sessions.Put(v.ctx, sessionName, name)
		s.sessions.Remove(v.ctx, sessionProved)
	}
	s.sessions.Put(v.ctx, sessionCredential, with)
	s.sessions.Put(v.ctx, sessionPlace, placeOf(v.r))
	if present {
		s.prove(v.ctx)
	}
	return s.back(v.ctx), nil
}

func (s *server) prove(ctx context.Context) {
	s.sessions.Put(ctx, sessionProved, s.Clock.Now().UnixMicro())
}

// signOut ends the session, and has the browser forget what it kept: the contact sheet and its switches.
func (s *server) signOut(v *visit) error {
	v.w.Header().Set("Clear-Site-Data", `"storage"`)
	if err := s.sessions.Destroy(v.ctx); err != nil {
		return err
	}
	return v.to("sign-in")
}

// fresh reports whether the person proved to be there a short while ago, by a passkey that is not new. If not, the form is
// kept and the browser sent to prove it again; the caller stops.
func (v *visit) fresh() (bool, error) {
	if err := v.settled(); err != nil {
		return false, err
	}
	return v.proven()
}

// proven is fresh whatever the age of the passkey. A program, which cannot go to another page, is refused ("proof_needed").
func (v *visit) proven() (bool, error) {
	proved := rogatory.Instant(v.s.sessions.GetInt64(v.ctx, sessionProved))
	if v.now.Sub(proved) < freshFor {
		return true, nil
	}
	if wantsJSON(v.r) {
		return false, rogatory.Fault(rogatory.Denied, "proof_needed", "%s has to prove anew to be there", v.by.Name).WithHint("sign in again, or confirm on a page of the console")
	}
	v.s.keep(v)
	return false, v.to("confirm")
}

func (s *server) confirm(v *visit) error {
	return v.show(http.StatusOK, confirmScreen(v.frame(v.loc.T("confirm.title"), ""), s.demo()))
}

func (s *server) confirmDemo(v *visit) error {
	if !s.demo() {
		return rogatory.Fault(rogatory.Denied, "sign_in_passkey", "this needs the passkey")
	}
	s.prove(v.ctx)
	http.Redirect(v.w, v.r, s.back(v.ctx), http.StatusSeeOther)
	return nil
}
