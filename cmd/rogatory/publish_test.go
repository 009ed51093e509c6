// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"rogatory"
)

func TestAmend(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "book.json")
	content := func(want string) {
		t.Helper()
		if got, err := os.ReadFile(name); string(got) != want || (err != nil && want != "") {
			t.Errorf("the file holds %q, want %q: %v", got, want, err)
		}
	}
	put := func(text string) func([]byte) ([]byte, error) {
		return func([]byte) ([]byte, error) { return []byte(text), nil }
	}
	refused := errors.New("refused")
	no := func([]byte) ([]byte, error) { return []byte("half"), refused }
	if err := amend(name, 10, no); !errors.Is(err, refused) {
		t.Errorf("a change that fails: %v", err)
	}
	content("")
	if err := amend(name, 10, put("one")); err != nil {
		t.Fatal(err)
	}
	if err := amend(name, 10, no); !errors.Is(err, refused) {
		t.Errorf("a change that fails: %v", err)
	}
	content("one")
	if err := amend(name, 10, func(old []byte) ([]byte, error) { return append(old, " two"...), nil }); err != nil {
		t.Fatal(err)
	}
	content("one two")
	if err := amend(name, 3, put("x")); rogatory.CodeOf(err) != "file_too_large" {
		t.Errorf("a file without end: %v", err)
	}
	// A writer that died left its file behind.
	if err := os.WriteFile(name+".new", []byte("hal"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := amend(name, 10, put("x")); rogatory.CodeOf(err) != "file_being_written" {
		t.Errorf("written over another writer: %v", err)
	}
	content("one two")
	if left, _ := os.ReadFile(name + ".new"); string(left) != "hal" {
		t.Errorf("the other writer's file is %q", left)
	}
}

// Of writers at one time each either adds its part or is told that it did not.
func TestAmendByMany(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "book.json")
	const writers, times = 8, 20
	var done sync.WaitGroup
	var mu sync.Mutex
	added := 0
	for range writers {
		done.Go(func() {
			for range times {
				err := amend(name, 1000, func(old []byte) ([]byte, error) { return append(old, '.'), nil })
				mu.Lock()
				if err == nil {
					added++
				} else if rogatory.CodeOf(err) != "file_being_written" {
					t.Error(err)
				}
				mu.Unlock()
			}
		})
	}
	done.Wait()
	if data, err := os.ReadFile(name); err != nil || len(data) != added || added == 0 {
		t.Errorf("%d parts are there, %d were added: %v", len(data), added, err)
	}
}
