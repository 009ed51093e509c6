// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"rogatory"
	"rogatory/node"
	treatystatus "rogatory/treaty/status"
)

// The old book or the new one is in force, whole; nothing else is left behind.
func TestAdoptStatus(t *testing.T) {
	t.Parallel()
	book := treatystatus.Embedded().Book()
	dir := t.TempDir()
	for range 2 { // the second replaces the first
		if err := node.PutRules(dir, node.StatusFile, book.Encode()); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(filepath.Join(dir, node.RulesFolder, node.StatusFile))
		if err != nil || !bytes.Equal(data, book.Encode()) || rogatory.DigestOf(data) != book.Digest {
			t.Errorf("%d bytes: %v", len(data), err)
		}
		if all, err := os.ReadDir(filepath.Join(dir, node.RulesFolder)); err != nil || len(all) != 1 {
			t.Errorf("%v, %v", all, err)
		}
	}
	blocked := t.TempDir()
	if err := os.WriteFile(filepath.Join(blocked, node.RulesFolder), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := node.PutRules(blocked, node.StatusFile, book.Encode()); rogatory.CodeOf(err) != "file_unwritable" {
		t.Errorf("into a file: %v", err)
	}
}
