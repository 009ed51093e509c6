// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	archived = "../../court/testdata/exercise-package"
	root     = "../../court/testdata/exercise-root.json"
)

func verify(args ...string) (code int, out, words string) {
	var o, w bytes.Buffer
	code = run(context.Background(), args, &o, &w)
	return code, o.String(), w.String()
}

func TestPackageHolds(t *testing.T) {
	for _, args := range [][]string{{archived, "--root", root}, {"--root", root, archived}, {"-root=" + root, archived}} {
		code, out, words := verify(args...)
		if code != holds || words != "" || !strings.HasPrefix(out, "The package HOLDS: it is what XA/justice signed about case XA-2020-7K3M9Q2P") {
			t.Errorf("%v: exit %d, %s%s", args, code, words, out)
		}
		verdict, rest, _ := strings.Cut(out, "\n")
		checked, open := strings.Index(rest, "What was checked"), strings.Index(rest, "What was not proved")
		if strings.Contains(verdict, "DOES NOT") || checked < 0 || open < checked {
			t.Errorf("the verdict, the steps and what stays open are not told in this order:\n%s", out)
		}
	}
	code, out, _ := verify(archived)
	if code != holds || !strings.Contains(out, "Give a root that you trust with --root") {
		t.Errorf("without a root: exit %d\n%s", code, out)
	}
}

func TestPackageDoesNotHold(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "package")
	if err := os.CopyFS(dir, os.DirFS(archived)); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "exhibits", "auth.log")
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	data[7] ^= 1
	if err := os.WriteFile(name, data, 0o644); err != nil {
		t.Fatal(err)
	}
	code, out, _ := verify(dir, "--root", root)
	if code != doesNotHold || !strings.HasPrefix(out, "The package DOES NOT HOLD: Changed since it was signed for: exhibits/auth.log.") || !strings.Contains(out, "FAIL") {
		t.Errorf("exit %d\n%s", code, out)
	}
	code, out, _ = verify(dir, "--json")
	var report struct {
		Holds    bool
		Verdict  string
		Case     string
		Findings []struct {
			OK    bool
			Words string
		}
		NotProved []string `json:"not_proved"`
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		t.Fatal(err)
	}
	if code != doesNotHold || report.Holds || report.Case != "XA-2020-7K3M9Q2P" || len(report.Findings) < 25 || len(report.NotProved) == 0 {
		t.Errorf("exit %d, %+v", code, report)
	}
}

func TestMisused(t *testing.T) {
	for _, args := range [][]string{{}, {"a", "b"}, {"--nonsense"}, {archived, "--root"}, {archived, "--root", "no-such-file"}, {archived, "--root", os.DevNull}, {"no-such-folder"}} {
		if code, out, words := verify(args...); code != misused || out != "" || !strings.HasPrefix(words, "rogatory-verify: ") {
			t.Errorf("%v: exit %d, %q, %q", args, code, out, words)
		}
	}
	for _, ask := range []string{"-h", "--help"} {
		if code, out, _ := verify(ask); code != holds || !strings.Contains(out, "Example") {
			t.Errorf("%s: exit %d, %q", ask, code, out)
		}
	}
}

// A package cannot write on the reader's screen what the program did not find.
func TestLine(t *testing.T) {
	if got := line("why\n  ok    all is well\x1b[2J\u202e"); strings.ContainsAny(got, "\n\x1b\u202e") {
		t.Errorf("%q", got)
	}
}
