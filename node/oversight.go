// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"rogatory"
	"rogatory/oversight"
)

// overseer is the door of the oversight body. It asks by its own key, and gets what only that key opens; there is
// nothing here that does anything in a case, but for a fictitious request, which cannot leave.
func (n *Node) overseer() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+oversight.Path, n.answer(oversight.MaxAsk, func(ctx context.Context, signed []byte) (string, []byte, error) {
		us, err := n.Party(n.config.State)
		if err != nil {
			return "", nil, err
		}
		ask, body, err := oversight.OpenAsk(signed, us, rogatory.At(n.opt.Clock.Now()))
		if err != nil {
			return "", nil, err
		}
		page, err := n.Office.Feed(ctx, ask.From, body)
		return oversight.MediaTypePage, page, err
	}))
	mux.HandleFunc("POST "+oversight.SeedPath, n.answer(oversight.MaxSeed+maxSealedMore, func(ctx context.Context, sealed []byte) (string, []byte, error) {
		id, err := n.Office.Seed(ctx, sealed)
		if err != nil {
			return "", nil, err
		}
		text, err := json.Marshal(map[string]rogatory.RequestID{"request": id})
		return "application/json", text, err
	}))
	mux.HandleFunc("POST "+oversight.AttestPath, n.answer(oversight.MaxAttestation, func(ctx context.Context, signed []byte) (string, []byte, error) {
		return "application/json", []byte("{}\n"), n.Attest(ctx, signed)
	}))
	return mux
}

// maxSealedMore is what encryption adds to an order at the most: a header and a tag for each 64 KiB.
const maxSealedMore = 64 << 10

func (n *Node) answer(limit int64, do func(ctx context.Context, body []byte) (mediaType string, answer []byte, err error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
		if err != nil {
			err = rogatory.Fault(rogatory.Invalid, "oversight_ask_invalid", "read what oversight says: %w", err)
		}
		mediaType, answer := "", []byte(nil)
		if err == nil {
			mediaType, answer, err = do(r.Context(), body)
		}
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if err != nil {
			n.opt.Log.Warn("oversight door", "code", rogatory.CodeOf(err))
			status := map[rogatory.Kind]int{rogatory.Invalid: http.StatusBadRequest, rogatory.NotFound: http.StatusNotFound, rogatory.Denied: http.StatusForbidden,
				rogatory.Conflict: http.StatusConflict, rogatory.Stale: http.StatusGone, rogatory.Untrusted: http.StatusUnprocessableEntity}[rogatory.KindOf(err)]
			if status == 0 {
				status = http.StatusInternalServerError
			}
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(status)
			e, ok := errors.AsType[*rogatory.Error](err)
			if !ok || status == http.StatusInternalServerError {
				e = rogatory.Fault(rogatory.Internal, "internal", "the node could not answer; its log says why")
			}
			json.NewEncoder(w).Encode(map[string]string{"kind": string(e.Kind), "code": e.Code, "message": e.Message, "hint": e.Hint})
			return
		}
		w.Header().Set("Content-Type", mediaType)
		w.Write(answer)
	}
}

// noteOversight records which bodies the directory names, when they change.
func (n *Node) noteOversight(ctx context.Context) error {
	return n.Office.NoteOversight(ctx, n.book.Book().Parties())
}

// warnBefore is how long before the end of an oversight body's time the health says so: long enough to name a
// successor and to have every node know it.
const warnBefore = 30 * 24 * 3600 * 1e6 // microseconds

// oversightHealth says loudly where oversight has lapsed, and before it does.
func (n *Node) oversightHealth(ctx context.Context, say func(name string, err error, good string)) {
	standings, err := n.Office.Standings(ctx, n.book.Book().Parties())
	if err != nil {
		say("oversight", err, "")
		return
	}
	now := rogatory.At(n.opt.Clock.Now())
	for _, s := range standings {
		name := "oversight " + string(s.State)
		switch ours := s.State == n.config.State; {
		case s.Stopped():
			say(name, fmt.Errorf("NO INTRUSIVE MEASURE BEGINS with %s: %s", s.State, s.Words()), "")
		case s.InForce && s.Until-now < warnBefore:
			say(name, fmt.Errorf("%s: name its successor in the directory now", s.Words()), "")
		case ours:
			say(name, nil, s.Words())
		}
	}
}
