// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rogatory"
	"rogatory/docket"
	"rogatory/safeguard"
)

func TestAB17QuarantineThroughTheDoor(t *testing.T) {
	w, ctx := newWorld(t), t.Context()
	id := w.accepted()
	sealing := docket.Sealing{Title: "Logins", FileName: "logins.csv", Acquired: "order 7", Columns: safeguard.Columns{Time: "zeit", Identifiers: []string{"wer"}}}
	const asked, other = "2026-11-02T03:00:00Z,198.51.100.17\n", "2026-11-02T03:00:00Z,192.0.2.77\n"
	x, err := w.as("XB", "carla").Seal(ctx, id, sealing, strings.NewReader("zeit,wer\n"+asked+other+asked), nil)
	w.must(err)
	file := filepath.Join(t.TempDir(), "out.csv")
	_, err = w.as("XB", "carla").Open(ctx, x.ID, "a look", file, nil)
	refused(t, err, rogatory.Denied, "exhibit_quarantined", "decider")
	if _, err := os.Stat(file); err == nil {
		t.Error("the custodian has a file")
	}
	all, err := w.as("XB", "bruno").Quarantine(ctx)
	w.must(err)
	if len(all) != 1 || all[0].Exhibit.ID != x.ID || all[0].Compared.Outside != 1 || all[0].Compared.Rows != 3 {
		t.Fatalf("%+v", all)
	}
	cut, err := w.as("XB", "bruno").Cut(ctx, x.ID)
	w.must(err)
	_, err = w.as("XB", "carla").Open(ctx, cut.ID, "check before the offer", file, nil)
	w.must(err)
	if got, err := os.ReadFile(file); err != nil || string(got) != "zeit,wer\n"+asked+asked {
		t.Errorf("%q, %v", got, err)
	}
	r, err := w.as("XB", "bruno").Release(ctx, x.ID, "it was meant by the request")
	w.must(err)
	if r.Released {
		t.Error("released by one person")
	}
	r, err = w.as("XB", "anna").Release(ctx, x.ID, "it was meant by the request")
	w.must(err)
	if !r.Released {
		t.Error("two people of two roles do not release it")
	}
	_, err = w.as("XB", "bruno").Discard(ctx, x.ID, "no")
	refused(t, err, rogatory.Conflict, "exhibit_not_quarantined", "")
}
