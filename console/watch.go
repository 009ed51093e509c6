// SPDX-License-Identifier: Apache-2.0

package console

import (
	"time"

	"rogatory"
	"rogatory/alarm"
)

// watchView is who is on duty, for the head of every screen.
type watchView struct {
	alarm.State
	Until string
	Next  string
}

// watchAge is how long the head of a screen may be behind: many pages are read in one second, and a night is long.
const watchAge = time.Second

// watch says who is on duty; nil where the office has no desk of its own or it cannot be read.
func (s *server) watch(v *visit) *watchView {
	if s.Desk == nil || v.by.Name == "" {
		return nil
	}
	s.watched.Lock()
	defer s.watched.Unlock()
	if s.watched.at == 0 || v.now.Sub(s.watched.at) > watchAge {
		state, err := s.Desk.State(v.ctx)
		if err != nil {
			s.Log.Error("console desk", "err", err)
			return nil
		}
		s.watched.at, s.watched.state = v.now, state
	}
	w := watchView{State: s.watched.state}
	if w.Now != nil && w.Now.Until != 0 {
		w.Until = v.loc.Moment(w.Now.Until, zoneNamed(w.Zone))
	}
	if w.State.Next != nil {
		w.Next = w.State.Next.Name
	}
	return &w
}

// lookAgain makes the next screen read the desk anew: what a person just did must show.
func (s *server) lookAgain() {
	s.watched.Lock()
	defer s.watched.Unlock()
	s.watched.at = 0
}

func (s *server) noDesk() error {
	return rogatory.Fault(rogatory.NotFound, "desk_none", "this office has no desk of its own here")
}
