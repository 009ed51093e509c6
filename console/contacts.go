// SPDX-License-Identifier: Apache-2.0

package console

import (
	"net/http"

	"rogatory"
	"rogatory/desk"
)

// contactSheet lists the contact points of all States, for the screen and for paper.
func (s *server) contactSheet(v *visit) error {
	points, err := s.points(v)
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, directoryScreen(v.frame(v.loc.T("directory.title"), "directory"), points, s.Parties()))
}

// keptSheet is the list without anything of the person who reads it or of what waits: a browser keeps it for when the
// line is gone.
func (s *server) keptSheet(v *visit) error {
	points, err := s.points(v)
	if err != nil {
		return err
	}
	said := s.sessions.GetString(v.ctx, sessionSaid) // it is for a page that a person reads, not for a worker
	f := v.frame(v.loc.T("sheet.title"), "directory")
	if said != "" {
		s.sessions.Put(v.ctx, sessionSaid, said)
	}
	return v.show(http.StatusOK, sheetScreen(f, points))
}

func (s *server) points(v *visit) ([]desk.Point, error) {
	points := []desk.Point{}
	if s.Desk != nil {
		var err error
		if points, err = s.Desk.Points(v.ctx, v.by, s.Parties()); err != nil && rogatory.KindOf(err) != rogatory.Denied {
			return nil, err
		}
	}
	if len(points) == 0 {
		for _, p := range s.Parties() {
			points = append(points, desk.PointsOf(p, nil)...)
		}
	}
	return points, nil
}

// contactWorker is the script that keeps the sheet. Its address stays, so that the browser finds a newer one; it lies
// where its scope begins.
func (s *server) contactWorker(w http.ResponseWriter, _ *http.Request) {
	data, err := files.ReadFile("assets/contacts-worker.js")
	if err != nil {
		http.Error(w, "the script is missing", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
	w.Write(data)
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
