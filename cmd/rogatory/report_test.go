// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rogatory"
	"rogatory/node"
)

// Oversight recomputes a report from the node's entries: the published one is equal, another is named; nobody else
// may ask.
func TestOversightRecomputesAReport(t *testing.T) {
	d := openPublicDoor(t)
	dir := d.node.Dir()
	tokens := map[string]string{}
	for name, role := range map[string]rogatory.OfficerRole{"ombud": rogatory.Overseer, "clerk": rogatory.DutyOfficer} {
		token, err := node.AddPerson(dir, name, role)
		if err != nil {
			t.Fatal(err)
		}
		tokens[name] = token
	}
	mux := http.NewServeMux()
	mux.Handle("POST "+reportCheckPath, reportCheckDoor(d.node))
	mux.Handle("/public/", d.Config.Handler)
	office := httptest.NewServer(mux)
	t.Cleanup(office.Close)
	addresses, err := json.Marshal(node.Addresses{Office: office.URL, Journal: office.URL + "/journal"})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "run.json"), addresses, 0o600); err != nil {
		t.Fatal(err)
	}
	list, err := d.node.Reports(context.Background())
	if err != nil || len(list.Reports) != 1 {
		t.Fatal(list, err)
	}
	data, _, err := d.node.PublishedReport(context.Background(), list.Reports[0].Period)
	if err != nil {
		t.Fatal(err)
	}
	try := func(token string, data []byte, args ...string) (int, string, string) {
		t.Setenv("ROGATORY_TOKEN", token)
		file := filepath.Join(t.TempDir(), "report.json")
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		var out, words bytes.Buffer
		code := run(context.Background(), append([]string{"report", "check", file, "--node", dir}, args...), &out, &words)
		return code, out.String(), words.String()
	}
	if code, out, words := try(tokens["ombud"], data); code != 0 || !strings.HasPrefix(out, "equal") {
		t.Fatalf("the published report: status %d: %s%s", code, out, words)
	}
	swapped := bytes.Replace(data, []byte(`"count": 20`), []byte(`"count": 95`), 1)
	if bytes.Equal(swapped, data) {
		swapped = bytes.Replace(data, []byte(`"count": 25`), []byte(`"count": 95`), 1)
	}
	if code, out, words := try(tokens["ombud"], swapped); code != 1 || !strings.Contains(out, "published 95") || !strings.Contains(words, "is not what the node's entries say") {
		t.Fatalf("a swapped report: status %d: %s%s", code, out, words)
	}
	if code, out, _ := try(tokens["ombud"], swapped, "--json"); code != 1 || !strings.Contains(out, `"equal": false`) {
		t.Fatalf("a swapped report, for machines: status %d: %s", code, out)
	}
	for name, token := range map[string]string{"an officer": tokens["clerk"], "nobody": strings.Repeat("a", 43)} {
		if code, out, words := try(token, data); code != 1 || !strings.Contains(words, "the node answers 40") {
			t.Errorf("%s: status %d: %s%s", name, code, out, words)
		}
	}
	var out, words bytes.Buffer
	if code := run(context.Background(), []string{"report", "list", "--node", dir}, &out, &words); code != 0 || !strings.Contains(out.String(), string(list.Reports[0].Period)) {
		t.Errorf("report list: status %d: %s%s", code, &out, &words)
	}
}
