// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// aCommand is a command line as a page, a hint or a screen quotes it: the words after the program's name.
var aCommand = regexp.MustCompile(`\brogatory((?: +[A-Za-z0-9_./:='"{}@-]+)+)`)

// notCommands begin like one: a separator of signed texts, with its version, and what follows a closing quotation mark.
var notCommands = regexp.MustCompile(` (v?[0-9]+|COMMAND)\b`)

// unknown says what of a quoted command does not exist, and is empty where all of it does. Words count as commands as far
// as the tree goes; of what follows only the flags are looked at.
func unknown(root *kong.Node, line string) string {
	at := root
	words := strings.Fields(line)
	for i, w := range words { // a command ends where the sentence around it goes on
		if end := strings.IndexAny(w, `.":`); end > 0 && strings.Trim(w[:end], "abcdefghijklmnopqrstuvwxyz-") == "" {
			words = append(words[:i:i], w[:end])
			break
		}
	}
	for len(words) > 0 && !strings.HasPrefix(words[0], "-") && len(at.Children) > 0 {
		i := slices.IndexFunc(at.Children, func(n *kong.Node) bool { return n.Name == words[0] || slices.Contains(n.Aliases, words[0]) })
		if i < 0 && at.DefaultCmd != nil {
			break
		}
		if i < 0 {
			return fmt.Sprintf("%s has no command %q", at.FullPath(), words[0])
		}
		at, words = at.Children[i], words[1:]
	}
	known := []string{"--help"}
	for _, group := range at.AllFlags(false) {
		for _, f := range group {
			known = append(known, "--"+f.Name)
			if f.Tag.Negatable != "" {
				known = append(known, "--no-"+f.Name)
			}
		}
	}
	for _, w := range words {
		w = strings.Trim(w, `'"`)
		if name, _, _ := strings.Cut(w, "="); strings.HasPrefix(w, "--") && !slices.Contains(known, strings.TrimRight(name, ".:;,")) {
			return fmt.Sprintf("%s has no flag %s", at.FullPath(), name)
		}
	}
	return ""
}

// Every command that a page, a hint or a screen tells people to type is one of this program's, with its flags.
func TestCommandsThatAreQuotedExist(t *testing.T) {
	t.Parallel()
	var cli commands
	k, err := kong.New(&cli, kong.Name("rogatory"))
	if err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]string{
		"request send XA-2026-7K3M9Q2P.1 --as bruno": "", "request snd": `rogatory request has no command "snd"`,
		"request send --colour": "rogatory request send has no flag --colour", "wine": `rogatory has no command "wine"`,
	} {
		if got := unknown(k.Model.Node, line); got != want {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
	found := 0
	check := func(where, text string) {
		for _, m := range aCommand.FindAllStringSubmatch(text, -1) {
			if notCommands.MatchString(m[1]) {
				continue
			}
			found++
			if wrong := unknown(k.Model.Node, m[1]); wrong != "" {
				t.Errorf("%s: rogatory%s: %s", where, m[1], wrong)
			}
		}
	}
	err = filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			if err == nil && (d.Name() == ".git" || d.Name() == "decisions") {
				return fs.SkipDir
			}
			return err
		}
		switch {
		case strings.HasSuffix(path, ".md") && d.Name() != "CHANGELOG.md":
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for _, code := range codeOf(string(text)) {
				check(path, code)
			}
		case strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go"):
			for _, text := range literalsOf(t, path) {
				if m := aCommand.FindStringSubmatch(text); m != nil && commandsFirst(k.Model.Node, m[1]) {
					check(path, text)
				}
			}
		case strings.Contains(path, "language/data") && strings.HasSuffix(path, ".json"):
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			var words map[string]json.RawMessage
			if err := json.Unmarshal(data, &words); err != nil {
				return err
			}
			for key, raw := range words {
				if m := aCommand.FindStringSubmatch(string(raw)); m != nil && commandsFirst(k.Model.Node, m[1]) {
					check(path+" "+key, string(raw))
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if t.Logf("%d commands are quoted", found); found < 200 {
		t.Errorf("only %d quoted commands were found", found)
	}
}

// Each page is reached from the README, and no page links to a file that there is not.
func TestEachPageIsReached(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatal(pages, err)
	}
	link := regexp.MustCompile(`\]\(([^)#\s]+)|src="([^"]+)"`)
	linked := map[string]bool{}
	for _, page := range append([]string{"../../README.md", "../../CONTRIBUTING.md", "../../CHANGELOG.md", "../../SECURITY.md"}, pages...) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			target := m[1] + m[2]
			if strings.Contains(target, ":") {
				continue // elsewhere
			}
			target = filepath.Join(filepath.Dir(page), target)
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s links to %s: %v", page, target, err)
			}
			linked[target] = linked[target] || filepath.Base(page) == "README.md"
		}
	}
	for _, page := range pages {
		if !linked[filepath.Clean(page)] {
			t.Errorf("README.md does not lead to %s", page)
		}
	}
}

// commandsFirst tells a quoted command from a sentence about the program.
func commandsFirst(root *kong.Node, line string) bool {
	first := strings.Fields(line)[0]
	return slices.ContainsFunc(root.Children, func(n *kong.Node) bool { return n.Name == first })
}

// codeOf returns what a page sets as code: spans, fenced blocks and indented lines, where a line that ends in a backslash
// goes on.
func codeOf(page string) (all []string) {
	page = strings.ReplaceAll(page, "\\\n", " ")
	fenced := false
	var prose strings.Builder
	for line := range strings.Lines(page) {
		trimmed := strings.TrimSpace(line)
		if strings.HasPrefix(trimmed, "```") {
			fenced = !fenced
			continue
		}
		command := strings.TrimPrefix(strings.TrimPrefix(trimmed, "$ "), "./bin/")
		if fenced || strings.HasPrefix(line, "    ") {
			if strings.HasPrefix(command, "rogatory ") {
				command, _, _ = strings.Cut(command, " #")
				all = append(all, command)
			}
			continue
		}
		prose.WriteString(line)
	}
	for _, m := range regexp.MustCompile("`(rogatory [^`]+)`").FindAllStringSubmatch(prose.String(), -1) {
		all = append(all, strings.Join(strings.Fields(m[1]), " "))
	}
	return all
}

func literalsOf(t *testing.T, path string) (all []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
			if text, err := strconv.Unquote(l.Value); err == nil {
				all = append(all, text)
			}
		}
		return true
	})
	return all
}
