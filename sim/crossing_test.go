// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"strings"
	"testing"

	"rogatory"
	"rogatory/docket"
)

// Seed 55 found this on 23 November 2026: the requested State revokes an offer while the requesting
// State withdraws or closes the request. The revocation came too late to be open, was counted and
// dropped, and the exhibit stayed on offer on one side for good.
func TestRevocationCrossesTheEndOfTheRequest(t *testing.T) {
	stage := newStage(t)
	for _, end := range []rogatory.Act{rogatory.Withdraw, rogatory.Close} {
		t.Run(string(end), func(t *testing.T) {
			ctx := t.Context()
			p := stage.newPlay(0, t.TempDir())
			for i := range 2 {
				h, err := p.newHouse(ctx, i, 0)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() {
					if err := h.store.Close(); err != nil {
						t.Error(err)
					}
				})
				p.houses = append(p.houses, h)
			}
			a, b := p.houses[0], p.houses[1]
			ok := func(err error) {
				t.Helper()
				if err != nil {
					t.Fatal(err)
				}
			}
			does := func(h *house, role rogatory.OfficerRole, id rogatory.RequestID, act rogatory.Act, words rogatory.Body) {
				t.Helper()
				by, _ := h.who([]rogatory.OfficerRole{role})
				_, _, err := h.Move(ctx, by, id, act, words)
				ok(err)
			}
			f, err := a.Draft(ctx, a.officer(), b.Us, "", p.words(rogatory.StoredData, ""))
			ok(err)
			does(a, rogatory.Decider, f.ID, rogatory.Send, rogatory.Body{})
			ok(p.quiet(ctx))
			does(b, rogatory.Decider, f.ID, rogatory.Accept, rogatory.Body{})
			x, err := b.Seal(ctx, b.custodian(), f.ID, docket.Sealing{Title: "auth.log", FileName: "auth.log", MediaType: "text/plain", Acquired: "order 7"}, strings.NewReader("log"), nil)
			ok(err)
			does(b, rogatory.Decider, f.ID, rogatory.Offer, rogatory.Body{Exhibit: &rogatory.Exhibit{ID: x.ID}})
			if end == rogatory.Close {
				does(b, rogatory.Decider, f.ID, rogatory.Execute, rogatory.Body{Verdict: &rogatory.Verdict{Outcome: rogatory.Complete}})
			}
			ok(p.quiet(ctx))

			words := rogatory.Body{}
			if end == rogatory.Withdraw {
				words = rogatory.Body{Text: "settled at home", Language: "en"}
			}
			does(a, rogatory.Decider, f.ID, end, words)
			does(b, rogatory.Decider, f.ID, rogatory.RevokeOffer, rogatory.Body{ExhibitID: x.ID, Text: "the order was quashed", Language: "en"})
			ok(p.quiet(ctx))
			for _, h := range p.houses {
				if _, held, err := h.Exhibit(ctx, x.ID); err != nil || held.State != docket.Revoked {
					t.Errorf("in %s the exhibit is %s, %v", h.code, held.State, err)
				}
			}
			ok(p.agree(ctx))
			ok(p.audit(ctx))
		})
	}
}
