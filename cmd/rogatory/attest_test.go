// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"rogatory"
	"rogatory/oversight"
	"rogatory/treaty"
)

// A body counts by the rules that the office's journal names, and by no others that lie in the folder.
func TestABodyGoesByTheRulesOfTheJournal(t *testing.T) {
	kinds := treaty.Embedded()
	changed := append(bytes.Clone(kinds), '\n')
	adopts := func(data []byte) oversight.Record {
		return oversight.Record{Entry: rogatory.Entry{Type: rogatory.RulesAdopted, Name: "kinds " + rogatory.DigestOf(data).String()}}
	}
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "kinds.json"), changed, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name    string
		folder  string
		journal []oversight.Record
		code    string
		rules   rogatory.Digest
	}{
		{"nothing was adopted", "", nil, "", rogatory.DigestOf(kinds)},
		{"nothing was adopted, and a file lies there", folder, nil, "", rogatory.DigestOf(kinds)},
		{"the file that was adopted last", folder, []oversight.Record{adopts(kinds), adopts(changed)}, "", rogatory.DigestOf(changed)},
		{"another file", folder, []oversight.Record{adopts(changed), adopts(kinds)}, "report_differs", rogatory.Digest{}},
		{"none was given", "", []oversight.Record{adopts(changed)}, "file_missing", rogatory.Digest{}},
		{"none is there", t.TempDir(), []oversight.Record{adopts(changed)}, "file_missing", rogatory.Digest{}},
	} {
		book, err := officeRules(row.folder, &oversight.Holding{Records: row.journal})
		if row.code != "" && rogatory.CodeOf(err) != row.code || row.code == "" && (err != nil || book.Digest != row.rules) {
			t.Errorf("%s: %v", row.name, err)
		}
	}
}
