// SPDX-License-Identifier: Apache-2.0

package demo_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rogatory"
	"rogatory/demo"
	"rogatory/node"
	"rogatory/store"
	"rogatory/store/storetest"
)

// One setting puts the same story on PostgreSQL.
func TestStoryRunsOnPostgreSQL(t *testing.T) {
	fresh := storetest.Postgres(t)
	dir := filepath.Join(t.TempDir(), "demo")
	var out bytes.Buffer
	err := demo.Run(context.Background(), demo.Options{Dir: dir, Once: true, Evidence: filepath.Join(dir, "nothing"), Out: &out,
		Database: func(rogatory.StateCode) node.Database { return node.Database{Engine: store.Postgres, Source: fresh()} }})
	if err != nil {
		log, _ := os.ReadFile(filepath.Join(dir, "nodes.log"))
		t.Fatalf("%v\n%s\n%s", err, out.String(), log)
	}
}

// The whole story runs on real nodes: what it prints is what a newcomer sees.
func TestStoryRunsOnBundledEvidence(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "demo")
	var out bytes.Buffer
	err := demo.Run(context.Background(), demo.Options{Dir: dir, Once: true, Evidence: filepath.Join(dir, "nothing"), Out: &out})
	if err != nil {
		log, _ := os.ReadFile(filepath.Join(dir, "nodes.log"))
		t.Fatalf("%v\n%s\n%s", err, out.String(), log)
	}
	for _, words := range []string{"Receipted: it is entry", "second_person_needed", "B. Lindqvist was paged", "R. Castellan was paged", "Taken by castellan", "was reached at", "Preserved until", "Ground R22", "The package HOLDS", "all hold"} {
		if !strings.Contains(out.String(), words) {
			t.Errorf("the story does not say %q:\n%s", words, out.String())
		}
	}
	for _, name := range []string{"xa", "xb", "xc", "court-package/VERIFY.txt"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	if testing.Verbose() {
		t.Log(out.String())
	}
}
