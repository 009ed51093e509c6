// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"rogatory"
	"rogatory/journal"
	"rogatory/ledger"
	"rogatory/store"
)

// Witness is one that cosigns this node's journal.
type Witness struct {
	Name     string             `json:"name"` // of its key
	Key      string             `json:"key"`
	URL      string             `json:"url"`
	State    rogatory.StateCode `json:"state,omitempty"` // empty for a host that the policy names
	Cosigned int64              `json:"cosigned"`        // the greatest size that it cosigned
	Retired  *ledger.Retirement `json:"retired,omitempty"`
}

// witnesses returns who is asked for cosignatures: the other States' nodes, then the hosts of the policy.
func (n *Node) witnesses() (all []Witness, err error) {
	for _, p := range n.book.Book().Parties() {
		if p.Code == n.config.State || p.WitnessURL == "" {
			continue
		}
		name, _, _ := strings.Cut(p.WitnessKey, "+")
		all = append(all, Witness{Name: name, Key: p.WitnessKey, URL: p.WitnessURL, State: p.Code})
	}
	policy, err := n.policy()
	if policy == nil || err != nil {
		return all, err
	}
	known := map[string]bool{}
	for _, w := range all {
		known[w.Name] = true
	}
	for _, w := range policy.Witnesses() {
		if v, ok := w.Verifier.(*journal.CosignatureVerifier); ok && w.URL != "" && !known[v.Name()] {
			all = append(all, Witness{Name: v.Name(), Key: w.Key, URL: w.URL})
		}
	}
	return all, nil
}

// Witnesses returns them with what they cosigned, the retired ones too.
func (n *Node) Witnesses(ctx context.Context) ([]Witness, error) {
	all, err := n.witnesses()
	if err != nil {
		return nil, err
	}
	err = n.store.View(ctx, func(tx *store.Tx) error {
		for i := range all {
			w := &all[i]
			if w.Cosigned, err = ledger.Cosigned(tx, w.Name); err != nil {
				return err
			}
			r, retired, err := ledger.Retired(tx, w.Name)
			if err != nil {
				return err
			}
			if retired {
				w.Retired = &r
			}
		}
		return nil
	})
	return all, err
}

// RetireWitness takes a witness out of service for good: it lied, or lost its memory.
func (n *Node) RetireWitness(ctx context.Context, by rogatory.Actor, name, why string) error {
	if by.Role != rogatory.Administrator && by.Role != rogatory.Decider {
		return rogatory.Fault(rogatory.Denied, "role_not_allowed", "%s in the role %s may not retire a witness", by.Name, by.Role).WithHint("this act needs the role administrator or decider")
	}
	if why = strings.TrimSpace(why); why == "" || len(why) > maxWhy {
		return rogatory.Fault(rogatory.Invalid, "reason_missing", "say why the witness %.80s is retired, in at most %d bytes", name, maxWhy)
	}
	all, err := n.witnesses()
	if err != nil {
		return err
	}
	for _, w := range all {
		if w.Name == name {
			return n.store.Update(ctx, func(tx *store.Tx) error { return n.Ledger.Retire(tx, by, name, why) })
		}
	}
	return rogatory.Fault(rogatory.NotFound, "witness_unknown", "no witness of this journal is called %.80q", name).WithHint("rogatory witness list shows their names")
}

// witnessed asks all witnesses to cosign a checkpoint. One that says it holds another history, or more of ours, has the gate ask again.
func (n *Node) witnessed(ctx context.Context, c store.Checkpoint) {
	all, err := n.witnesses()
	n.note(policyFile, err)
	out := boundedHTTP()
	for _, w := range all {
		v, err := journal.NewCosignatureVerifier(w.Key)
		if err == nil {
			err = n.Ledger.Witness(ctx, c, []*journal.WitnessClient{{HTTP: out, URL: w.URL, Verifier: v}})
		}
		n.doubt(err)
		name := string(w.State)
		if name == "" {
			name = w.Name
		}
		n.note("witness "+name, err)
	}
}

// witnessDoor is the witness as others reach it: it cosigns nothing while this node itself may not sign, and tells
// everybody the largest checkpoint of a journal that it holds (GET /latest?origin=ORIGIN), as that journal signed it.
func (n *Node) witnessDoor(w http.Handler) http.Handler {
	memory := ledger.Memory{Store: n.store, Clock: n.opt.Clock}
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/latest" && (r.Method == http.MethodGet || r.Method == http.MethodHead):
			rw.Header().Set("Cache-Control", "no-store")
			origin := r.URL.Query().Get("origin")
			seen, _, err := memory.Seen(r.Context(), origin)
			switch {
			case err != nil:
				http.Error(rw, "the witness cannot answer at the moment", http.StatusInternalServerError)
			case len(seen.Note) == 0:
				http.Error(rw, "this witness has cosigned nothing of that journal", http.StatusNotFound)
			default:
				rw.Header().Set("Content-Type", "text/plain; charset=utf-8")
				rw.Write(seen.Note)
			}
		case n.start.gate.Err() != nil && r.Method == http.MethodPost:
			rw.Header().Set("Cache-Control", "no-store")
			http.Error(rw, "this witness recovers its own journal, and signs nothing", http.StatusServiceUnavailable)
		default:
			w.ServeHTTP(rw, r)
		}
	})
}

// gateHealth tells how the gate stands, loudly.
func (n *Node) gateHealth(ctx context.Context, say func(name string, err error, good string)) {
	s := n.Gate()
	var err error
	if s.State != ledger.Open {
		err = fmt.Errorf("%s since %s: %s", s.State, s.Since, s.Words)
	}
	say("start gate", err, s.Words)
	_ = n.store.View(ctx, func(tx *store.Tx) error {
		all, err := tx.Misconducts()
		for _, m := range all {
			switch m.Kind {
			case store.MisconductClone:
				say("twin of "+m.Party, fmt.Errorf("two nodes of %s were alive at %s; the proof is kept", m.Party, m.At), "")
			case store.MisconductLapse:
				say("witness "+m.Party, fmt.Errorf("it lied or lost its memory, noticed at %s; it is retired, and the proof is kept", m.At), "")
			}
		}
		return err
	})
}
