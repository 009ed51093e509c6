// SPDX-License-Identifier: Apache-2.0

package rogatory_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"rogatory/safeguard"
)

// testsOfThePackages lists the test functions of every package, as package#Name.
func testsOfThePackages(t *testing.T) []string {
	t.Helper()
	var all []string
	err := fs.WalkDir(os.DirFS("."), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && name != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "bin") {
			if err == nil {
				err = fs.SkipDir
			}
			return err
		}
		if !strings.HasSuffix(name, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Test") {
				all = append(all, path.Dir(name)+"#"+f.Name.Name)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 500 {
		t.Fatalf("only %d tests were found: this test has to run in the module's root", len(all))
	}
	return all
}

// Every case of abuse has a test that bears its name, and every test that the register names is there.
func TestEveryAbuseHasItsTest(t *testing.T) {
	all := testsOfThePackages(t)
	for _, a := range safeguard.Abuses() {
		named := "#Test" + strings.ReplaceAll(a.ID, "-", "")
		is := func(test string) bool { return strings.Contains(test, named) }
		for _, test := range a.Tests {
			if !slices.Contains(all, test) {
				t.Errorf("%s: there is no %s", a.ID, test)
			}
		}
		switch bears := slices.ContainsFunc(a.Tests, is); {
		case a.Pending != "" && slices.ContainsFunc(all, is):
			t.Errorf("%s is said to be pending, and has a test by now: name it in safeguard/data/abuse.json", a.ID)
		case a.Pending == "" && !bears:
			t.Errorf("%s: none of its tests bears its name", a.ID)
		}
		for _, test := range all {
			if is(test) && !slices.Contains(a.Tests, test) {
				t.Errorf("%s: the register leaves out %s", a.ID, test)
			}
		}
	}
}

// Every feature that critics ask for and that is there, even in part, names code and a test of it.
func TestEveryFeatureHasItsTest(t *testing.T) {
	all := testsOfThePackages(t)
	for _, f := range safeguard.Features() {
		code, tests := 0, 0
		for _, where := range f.Where {
			if !strings.Contains(where, "#") {
				if _, err := os.Stat(where); err != nil {
					t.Errorf("%d: there is no %s", f.Number, where)
				}
				code++
				continue
			}
			if !slices.Contains(all, where) {
				t.Errorf("%d: there is no %s", f.Number, where)
			}
			tests++
		}
		if f.State != safeguard.NotBuilt && (code == 0 || tests == 0) {
			t.Errorf("%d names %d places of code and %d tests", f.Number, code, tests)
		}
	}
}
