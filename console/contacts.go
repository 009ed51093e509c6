// SPDX-License-Identifier: Apache-2.0

package console

import (
	"net/http"

	"rogatory"
	"rogatory/desk"
)

// contactSheet lists the contact points of all States, for the screen and for paper.
func (s *server) contactSheet(v *visit) error {
	points := []desk.Point{}
	if s.Desk != nil {
		var err error
		if points, err = s.Desk.Points(v.ctx, v.by, s.Parties()); err != nil && rogatory.KindOf(err) != rogatory.Denied {
			return err
		}
	}
	if len(points) == 0 {
		for _, p := range s.Parties() {
			points = append(points, desk.PointsOf(p, nil)...)
		}
	}
	return v.show(http.StatusOK, directoryScreen(v.frame(v.loc.T("directory.title"), "directory"), points, s.Parties()))
}

func (s *server) contactVerified(v *visit) error {
	if s.Desk == nil {
		return s.noDesk()
	}
	if err := s.Desk.Verified(v.ctx, v.by, s.party(rogatory.StateCode(v.r.PathValue("state"))), v.r.PostFormValue("point"), v.r.PostFormValue("number")); err != nil {
		return err
	}
	v.say("directory.called")
	return v.to("directory")
}
