// SPDX-License-Identifier: Apache-2.0

package console

import (
	"bytes"
	"go/format"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/a-h/templ/generator"
	"github.com/a-h/templ/parser/v2"
)

// What is committed is what the generator makes of the templates.
func TestGeneratedCodeIsCurrent(t *testing.T) {
	names, err := filepath.Glob("*.templ")
	if err != nil || len(names) == 0 {
		t.Fatalf("no templates: %v", err)
	}
	for _, name := range names {
		file, err := parser.Parse(name)
		if err != nil {
			t.Fatal(err)
		}
		var made bytes.Buffer
		if _, err := generator.Generate(file, &made, generator.WithFileName(name), generator.WithVersion("v0.3.977")); err != nil {
			t.Fatal(err)
		}
		want, err := format.Source(made.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		have, err := os.ReadFile(strings.TrimSuffix(name, ".templ") + "_templ.go")
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(want, have) {
			t.Errorf("%s was changed since its Go was made: run make generate", name)
		}
	}
}
