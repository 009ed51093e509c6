// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rogatory"
	"rogatory/demo"
	"rogatory/ledger"
	"rogatory/node"
)

// Staff read how the gate stands with their token, and nobody else does; a lone node opens and says that nobody watches.
func TestTheGateIsShownToStaff(t *testing.T) {
	w := must(demo.Begin(context.Background(), demo.Settings{Dir: filepath.Join(t.TempDir(), "world"), States: []rogatory.StateCode{"XA"}}))(t)
	defer w.Stop()
	m := w.Members["XA"]
	ask := func(method, path, token, body string) (int, node.GateProblem, node.GateStanding) {
		t.Helper()
		r := must(http.NewRequest(method, m.Addresses.Office+node.GatePrefix+path, strings.NewReader(body)))(t)
		r.Header.Set("Authorization", "Bearer "+token)
		resp := must(http.DefaultClient.Do(r))(t)
		defer resp.Body.Close()
		var both struct {
			node.GateProblem
			State ledger.GateState `json:"state"`
			Words string           `json:"words"`
		}
		if err := json.NewDecoder(resp.Body).Decode(&both); err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, both.GateProblem, node.GateStanding{State: both.State, Words: both.Words}
	}
	decider := strings.TrimSpace(string(must(os.ReadFile(filepath.Join(m.Dir, "tokens", "Prosecutor L. Haddad")))(t)))
	if status, _, s := ask("GET", "standing", decider, ""); status != 200 || s.State != ledger.Open || !strings.Contains(s.Words, "nobody would notice") {
		t.Errorf("%d %+v", status, s)
	}
	if status, p, _ := ask("GET", "standing", "guess", ""); status != 403 || p.Code != "token_unknown" {
		t.Errorf("a stranger: %d %+v", status, p)
	}
	if status, p, _ := ask("POST", "witnesses/retire", decider, `{"name":"witness.xq.rogatory","why":"it lied"}`); status != 404 || p.Code != "witness_unknown" {
		t.Errorf("a witness that is none: %d %+v", status, p)
	}
}
