// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"rogatory"
	"rogatory/docket"
	"rogatory/node"
	"rogatory/safeguard"
	"rogatory/vault"
)

// What a State changes in its safeguards outlives the process, and everybody can see it.
func TestChangedSafeguardsArePublic(t *testing.T) {
	ctx := t.Context()
	dir := spent(t, 1)
	n := later(t, dir, 0, nil)
	judge, officer := person(n, "L. Haddad", rogatory.Decider), person(n, "A. Okafor", rogatory.DutyOfficer)
	public := func(n *node.Node) string {
		w := httptest.NewRecorder()
		n.Portal(node.PortalOptions{}).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/public/en/safeguards", nil))
		return w.Body.String()
	}
	if page := public(n); !strings.Contains(page, safeguard.Convention().Digest().String()) || strings.Contains(page, "Tightened") {
		t.Errorf("before anything changed: %s", page)
	}
	example := []docket.PolicyFile{{Name: "national.cedar", Text: string(safeguard.Example().Data)}}
	strict, err := n.Office.ProposePolicies(ctx, judge, example, "the ministry asked for this after the hearing")
	if err != nil {
		t.Fatal(err)
	}
	loose, err := n.Office.ProposePolicies(ctx, judge, nil, "the ministry took its wish back in writing")
	if err != nil {
		t.Fatal(err)
	}
	if page := public(n); !strings.Contains(page, strict.Digest.String()) || !strings.Contains(page, "Two people of the ministry decide.") || strings.Contains(page, "to come") {
		t.Errorf("after a rule was added, and before anybody agreed to take it back: %s", page)
	}
	if _, err := n.Office.AgreePolicies(ctx, officer, loose.Digest); err != nil {
		t.Fatal(err)
	}
	if page := public(n); !strings.Contains(page, strict.Digest.String()) || !strings.Contains(page, "to come") {
		t.Errorf("while it waits: %s", page)
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		after time.Duration
		want  rogatory.Digest
	}{{time.Hour, strict.Digest}, {25 * time.Hour, loose.Digest}} {
		n := later(t, dir, row.after, nil)
		if page := public(n); !strings.Contains(page, row.want.String()) {
			t.Errorf("%s later, after a start: %s", row.after, page)
		}
		if _, err := n.Fsck(ctx, vault.Structure); err != nil {
			t.Error(err)
		}
		if err := n.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
