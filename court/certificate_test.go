// SPDX-License-Identifier: Apache-2.0

package court

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The certificates of custody are files of the package like all others: listed, signed for, and told of in VERIFY.txt.
func TestCertificatesOfCustody(t *testing.T) {
	s := begin(t)
	dir := s.write()
	for _, e := range s.source.Exhibits {
		name := certificateFile(e.ID)
		text, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		s.must(err)
		if want, _ := e.Certificate(); !bytes.Equal(text, want) {
			t.Errorf("%s holds %q", name, text)
		}
		for _, list := range []string{shortSumsFile, instructionsFile} {
			if text, err := os.ReadFile(filepath.Join(dir, list)); err != nil || !strings.Contains(string(text), name) {
				t.Errorf("%s does not name %s (%v)", list, name, err)
			}
		}
	}
	r := s.verify(dir)
	if !r.Holds() {
		t.Fatal(failures(r))
	}
	if said := strings.Join(r.NotProved, "\n"); !strings.Contains(said, "certificates in custody/ say what the entries") {
		t.Errorf("the report does not say that nobody read the certificates: %s", said)
	}

	s.must(os.WriteFile(filepath.Join(dir, filepath.FromSlash(certificateFile(s.source.Exhibits[0].ID))), []byte("%PDF-1.7 another"), 0o644))
	if r := s.verify(dir); r.Holds() || !strings.Contains(failures(r), certificateFile(s.source.Exhibits[0].ID)) {
		t.Errorf("a changed certificate passes: %s", failures(r))
	}
}

func TestAPackageWithoutCertificates(t *testing.T) {
	s := begin(t)
	s.source.Exhibits[0].Certificate = nil
	s.source.Exhibits[1].Certificate = func() ([]byte, error) { return nil, nil } // the journal is longer than a certificate
	dir := s.write()
	if r := s.verify(dir); !r.Holds() {
		t.Error(failures(r))
	}
	if _, err := os.Stat(filepath.Join(dir, "custody")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("there is a folder of certificates: %v", err)
	}
	if text, err := os.ReadFile(filepath.Join(dir, instructionsFile)); err != nil || strings.Contains(string(text), "custody/") {
		t.Errorf("VERIFY.txt promises certificates (%v)", err)
	}
}

// A certificate of an exhibit that is not in the package is no part of it, even where it is signed for.
func TestACertificateOfNothing(t *testing.T) {
	s := begin(t)
	name := certificateFile("XB-E-000000000009")
	a := &assembly{ctx: t.Context(), dir: t.TempDir(), source: s.source, sums: map[string]sum{}, folded: map[string]bool{}}
	s.must(a.put(name, []byte("%PDF-1.7 of nothing")))
	s.must(a.assemble())
	if r := s.verify(a.dir); r.Holds() || !strings.Contains(failures(r), "no part of a court package: "+name) {
		t.Errorf("it rides along: %s", failures(r))
	}
}

func TestACertificateThatCannotBeMade(t *testing.T) {
	for name, c := range map[string]struct {
		made func() ([]byte, error)
		says string
	}{
		"a fault":   {func() ([]byte, error) { return nil, errors.New("no fonts") }, "no fonts"},
		"too large": {func() ([]byte, error) { return make([]byte, MaxCertificate+1), nil }, "at most"},
	} {
		s := begin(t)
		s.source.Exhibits[0].Certificate = c.made
		dir := filepath.Join(t.TempDir(), "court-package")
		if err := Write(t.Context(), dir, s.source, nil); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s left a folder: %v", name, err)
		}
	}
}
