// SPDX-License-Identifier: Apache-2.0

package api

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"rogatory/docket"
)

// Whatever a sealing says arrives as it was, in bytes that a header may hold.
func FuzzSealingHeader(f *testing.F) {
	for _, s := range []string{"SSH log", "«ministère»", "🔒\u2028\x7f", "a\r\nX-Evil: 1", "\\u00e9", "\U0010ffff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) {
			return // JSON has no form for it
		}
		header, err := asciiJSON(docket.Sealing{Title: s})
		if err != nil {
			t.Fatal(err)
		}
		for i := range len(header) {
			if header[i] < 0x20 || header[i] > 0x7e {
				t.Fatalf("byte %#x in %q", header[i], header)
			}
		}
		var back docket.Sealing
		if err := json.Unmarshal([]byte(header), &back); err != nil || back.Title != s {
			t.Errorf("%q came back as %q: %v", s, back.Title, err)
		}
	})
}

// An accepted name is one file of a folder, on every system and in every shell.
func FuzzSafeName(f *testing.F) {
	for _, s := range []string{"auth.log", "", ".", "..", "../x", "-rf", "a b", "$(reboot)", "C:\\x", "x.", strings.Repeat("x", maxFileName+1)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if safeName(s) && (filepath.Base(s) != s || strings.ContainsAny(s, " \t\r\n/\\$`'\"*?[]{}()<>|&;:~!#%^=+,@") || strings.HasPrefix(s, "-") || len(s) > maxFileName) {
			t.Errorf("%q was accepted", s)
		}
	})
}

// Every kind of error has a status, so that none is told as another.
func TestEveryKindHasAStatus(t *testing.T) {
	for kind, status := range statuses {
		if status < 400 || status > 599 {
			t.Errorf("%s has the status %d", kind, status)
		}
	}
	if len(statuses) != 11 {
		t.Errorf("%d kinds have a status, the root package has 11", len(statuses))
	}
}
