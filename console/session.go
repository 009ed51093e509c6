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
	_, waits := s.back(v.ctx)
	return v.show(http.StatusOK, signInScreen(v.frame(v.loc.T("signin.title"), ""), people, waits))
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
	to, err := s.enter(v.ctx, name)
	if err == nil {
		http.Redirect(v.w, v.r, to, http.StatusSeeOther)
	}
	return err
}

func personUnknown(name string) error {
	return rogatory.Fault(rogatory.NotFound, "person_unknown", "nobody is called %.60q here", name).WithHint("an administrator adds people with rogatory person add")
}

// enter begins the session of a person who proved to be there, and says where to go.
func (s *server) enter(ctx context.Context, name string) (string, error) {
	if err := s.sessions.RenewToken(ctx); err != nil {
		return "", err
	}
	s.sessions.Put(ctx, sessionName, name)
	s.prove(ctx)
	to, _ := s.back(ctx)
	return to, nil
}

func (s *server) prove(ctx context.Context) {
	s.sessions.Put(ctx, sessionProved, s.Clock.Now().UnixMicro())
}

func (s *server) signOut(v *visit) error {
	if err := s.sessions.Destroy(v.ctx); err != nil {
		return err
	}
	return v.to("sign-in")
}

// fresh reports whether the person proved to be there a short while ago. If not, the form is kept and
// the browser sent to prove it again; the caller stops.
func (v *visit) fresh() (bool, error) {
	proved := rogatory.Instant(v.s.sessions.GetInt64(v.ctx, sessionProved))
	if v.now.Sub(proved) < freshFor {
		return true, nil
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
	to, _ := s.back(v.ctx)
	http.Redirect(v.w, v.r, to, http.StatusSeeOther)
	return nil
}

// decides lists the acts that only a decider may do: for these the passkey is asked for again.
func decides(act rogatory.Act) bool {
	for _, t := range rogatory.Lifecycle() {
		if t.Act == act && slices.ContainsFunc(t.Roles, func(r rogatory.OfficerRole) bool { return r != rogatory.Decider && r != rogatory.TheNode }) {
			return false
		}
	}
	return true
}
