// SPDX-License-Identifier: Apache-2.0

package console

import (
	"encoding/json"
	"net/http"

	"rogatory"
	"rogatory/docket"
)

// waiting is what the duty view's script asks again and again: how much waits for us.
type waiting struct {
	Count int    `json:"count"`
	Words string `json:"words"`
}

// waitingFor counts what waits for this office: requests, and alarms that nobody has acknowledged.
func (s *server) waitingFor(v *visit) (waiting, error) {
	_, counts, _, err := s.Office.Queue(v.ctx, v.by, docket.QueueFilter{Show: docket.ShowUs, Limit: 1})
	if err != nil {
		return waiting{}, err
	}
	n := counts[docket.ShowUs]
	if w := s.watch(v); w != nil {
		n += w.Alarms
	}
	return waiting{n, v.loc.N("chime.waits", int64(n))}, nil
}

// dutyWaiting answers the duty view's script. It reads the session and does not keep it alive: a page that is left open
// ends as one that is not looked at, and says so.
func (s *server) dutyWaiting(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	token := ""
	if c, err := r.Cookie(s.sessions.Cookie.Name); err == nil {
		token = c.Value
	}
	ctx, err := s.sessions.Load(r.Context(), token)
	if err != nil {
		s.Log.Error("console session", "err", err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	v := s.visit(w, r.WithContext(ctx))
	if v.by.Name == "" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	answer, err := s.waitingFor(v)
	if err != nil {
		if rogatory.KindOf(err) == rogatory.Internal {
			s.Log.Error("console", "path", r.URL.Path, "err", err)
		}
		w.WriteHeader(statusOf(err))
		return
	}
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		s.Log.Debug("console", "path", r.URL.Path, "err", err)
	}
}
