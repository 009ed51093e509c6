// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"

	"rogatory"
	"rogatory/clock"
	"rogatory/directory"
	"rogatory/keyring"
)

// stage is a folder with a published directory and the node of XA in it.
type stage struct {
	*testing.T
	root string
}

func (s stage) path(parts ...string) string {
	return filepath.Join(append([]string{s.root}, parts...)...)
}

// does runs a command for XA, which must succeed, and returns its words for people.
func (s stage) does(args ...string) string {
	s.Helper()
	code, _, words := s.tries(args...)
	if code != 0 {
		s.Fatalf("%q ended with status %d: %s", args, code, words)
	}
	return words
}

func (s stage) tries(args ...string) (code int, out, words string) {
	s.Helper()
	var o, w bytes.Buffer
	code = run(s.Context(), append(args, "--node", s.path("xa")), &o, &w)
	return code, o.String(), w.String()
}

func (s stage) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s stage) publish() {
	s.Helper()
	s.does("directory", "publish", s.path("dir"), "--operator", s.path("operator.pem"))
}

// newStage holds the ceremony.
func newStage(t *testing.T) stage {
	s := stage{t, t.TempDir()}
	public := func(name string, args ...string) {
		_, out, words := s.tries(append([]string{"directory"}, args...)...)
		if out == "" {
			t.Fatal(words)
		}
		s.must(os.WriteFile(s.path(name+".pub"), []byte(out), 0o600))
	}
	for _, name := range []string{"holder", "operator", "spare"} {
		public(name, "key", s.path(name+".pem"))
	}
	s.does("init", "--state", "XA", "--state-name", "Aurelia", "--authority", "justice", "--authority-name", "Ministry of Justice", "--directory", s.path("dir", "published"))
	public("xa", "anchor")
	s.does("directory", "init", s.path("dir"), "--threshold", "1", "--root", s.path("holder.pub"), "--operator", s.path("operator.pub"), "--operator", s.path("spare.pub"))
	s.does("directory", "add", s.path("dir"), "XA", "--anchor", s.path("xa.pub"))
	s.does("directory", "sign", s.path("dir"), "root", "targets", "--key", s.path("holder.pem"))
	s.does("directory", "submit", s.path("dir"))
	s.publish()
	s.does("person", "add", "anna", "--role", "officer")
	root, err := os.ReadFile(s.path("dir", "published", "1.root.json"))
	s.must(err)
	s.does("directory", "trust", s.path("dir", "published", "1.root.json"), "--digest", rogatory.DigestOf(root).String())
	return s
}

// copy makes another stage of the same content; its node reads the copied directory.
func (s stage) copy(t *testing.T) stage {
	c := stage{t, t.TempDir()}
	for _, dir := range []string{"dir", "xa"} {
		c.must(copyPrivate(c.path(dir), s.path(dir)))
	}
	for _, f := range []string{"operator.pem"} {
		c.overlay(s, f)
	}
	text, err := os.ReadFile(c.path("xa", "node.json"))
	c.must(err)
	c.must(os.WriteFile(c.path("xa", "node.json"), bytes.ReplaceAll(text, []byte(s.root), []byte(c.root)), 0o600))
	return c
}

// copyPrivate copies a folder with its modes, which the keyring insists on.
func copyPrivate(to, from string) error {
	return filepath.WalkDir(from, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := filepath.Join(to, strings.TrimPrefix(name, from))
		if e.IsDir() {
			return os.MkdirAll(target, 0o700)
		}
		data, err := os.ReadFile(name)
		return errors.Join(err, os.WriteFile(target, data, 0o600))
	})
}

// overlay takes one file over from another stage.
func (s stage) overlay(from stage, name string) {
	s.Helper()
	data, err := os.ReadFile(from.path(name))
	s.must(err)
	s.must(os.WriteFile(s.path(name), data, 0o600))
}

func (s stage) keys() *keyring.Keyring {
	s.Helper()
	k, err := keyring.Load(s.path("xa", "keys"))
	s.must(err)
	return k
}

// standing is how the directory stands to the newest key of a purpose.
func (s stage) standing(purpose string) string {
	s.Helper()
	r, err := directory.Open(s.path("dir"), clock.Real{})
	s.must(err)
	b, err := r.Book()
	s.must(err)
	return standing(b, s.keys(), newest(s.keys(), purpose))
}

// seals encrypts to a recipient, and opens tells whether one of the identities opens it.
func (s stage) seals(recipient string) []byte {
	s.Helper()
	r, err := age.ParseHybridRecipient(recipient)
	s.must(err)
	var b bytes.Buffer
	w, err := age.Encrypt(&b, r)
	s.must(err)
	fmt.Fprint(w, "on its way")
	s.must(w.Close())
	return b.Bytes()
}

func opens(sealed []byte, ids []age.Identity) bool {
	r, err := age.Decrypt(bytes.NewReader(sealed), ids...)
	if err != nil {
		return false
	}
	text, err := io.ReadAll(r)
	return err == nil && string(text) == "on its way"
}

// The program is killed after each write of a rotation. Doing the same again finishes it: one new key,
// never two; a submission that can be published; and what was sealed to the old key still opens.
func TestRotationStopsAfterEachWrite(t *testing.T) {
	t.Parallel()
	before := newStage(t)
	for _, purpose := range []string{"message", "evidence", "entry"} {
		// One rotation that goes through says what the files are.
		whole := before.copy(t)
		whole.does("key", "rotate", purpose, whole.path("dir"))
		key := filepath.Join("xa", "keys", newest(whole.keys(), purpose).File)
		// What the anchor's step writes is overwritten by the submission's, so it is made apart.
		anchored := before.copy(t)
		anchored.overlay(whole, key)
		type write struct {
			from stage
			file string
		}
		writes := []write{{whole, key}}
		if purpose == "entry" {
			r, err := directory.Open(anchored.path("dir"), clock.Real{})
			anchored.must(err)
			anchored.must(r.RotateState("XA", anchored.keys().DirectoryAnchor(), anchored.keys().DirectoryEntry()))
			writes = append(writes, write{anchored, "dir/pending/XA-entry.json"}, write{anchored, "dir/pending/XA.json"})
		}
		writes = append(writes, write{whole, "dir/pending/XA.party.json"}, write{whole, "dir/pending/XA-entry.json"})
		for n := 0; n <= len(writes); n++ {
			t.Run(fmt.Sprintf("%s after %d writes", purpose, n), func(t *testing.T) {
				s := before.copy(t)
				sealed := s.seals(s.keys().MessageRecipient())
				exhibit := s.seals(s.keys().EvidenceRecipient())
				// What a write that was cut leaves behind.
				s.must(os.WriteFile(s.path("xa", "keys", ".keyring-123"), []byte("-----BEGIN"), 0o600))
				s.must(os.WriteFile(s.path("dir", "pending", ".writing-123"), []byte("{"), 0o600))
				for _, w := range writes[:n] {
					s.overlay(w.from, w.file)
				}
				// An operator who publishes now puts the new key in force whole, or cannot publish. With its
				// third write the rotation of an entry key is whole: the entry is the old one, signed anew.
				half := s.copy(t)
				ready := n == len(writes) || purpose == "entry" && n >= 3
				if code, _, words := half.tries("directory", "publish", half.path("dir"), "--operator", half.path("operator.pem")); (code == 0) != ready {
					t.Errorf("published now: status %d, %s", code, words)
				}
				if got := half.standing(purpose); n > 0 && (got == isNamed) != ready {
					t.Errorf("published now, the new key is %s", got)
				}

				words := s.does("key", "rotate", purpose, s.path("dir"))
				if went := strings.Contains(words, "going on with it"); went != (n > 0) {
					t.Errorf("it went on: %t; %s", went, words)
				}
				k := newest(s.keys(), purpose)
				if k.Generation != 2 {
					t.Fatalf("there are %d generations", k.Generation)
				}
				if n > 0 && k.Fingerprint != newest(whole.keys(), purpose).Fingerprint {
					t.Error("it is another key")
				}
				if s.standing(purpose) != notNamed {
					t.Error("it is in force before it was published")
				}
				s.publish()
				if got := s.standing(purpose); got != isNamed {
					t.Errorf("after publication the new key is %s", got)
				}
				if !opens(sealed, s.keys().MessageIdentities()) || !opens(exhibit, s.keys().EvidenceIdentities()) {
					t.Error("what was sealed before does not open")
				}
				if code, out, _ := s.tries("check"); !strings.Contains(out, "as in node.json and the keys") {
					t.Errorf("check: status %d, %s", code, out)
				}
				// The next rotation is a rotation again.
				s.does("key", "rotate", purpose, s.path("dir"))
				if k := newest(s.keys(), purpose); k.Generation != 3 {
					t.Errorf("the next rotation made no key: generation %d", k.Generation)
				}
			})
		}
	}
}

// Seal and TLS certificate are one write each.
func TestRotationOfCertificatesIsRepeated(t *testing.T) {
	t.Parallel()
	for _, purpose := range []string{"seal", "tls"} {
		t.Run(purpose, func(t *testing.T) {
			s := newStage(t)
			old := s.keys()
			s.must(os.WriteFile(s.path("xa", "keys", ".keyring-123"), []byte("-----BEGIN"), 0o600))
			s.does("key", "rotate", purpose)
			words := s.does("key", "rotate", purpose) // the answer to the first was lost
			if !strings.Contains(words, "nothing is made now") || newest(s.keys(), purpose).Generation != 2 {
				t.Errorf("made twice: %s", words)
			}
			if s.standing(purpose) != byCA {
				t.Error("the directory does not vouch for it")
			}
			if purpose == "seal" && !slices.ContainsFunc(s.keys().Keys(), func(k keyring.Key) bool { return k.Fingerprint == newest(old, "seal").Fingerprint }) {
				t.Error("the old seal is gone")
			}
			if purpose == "tls" { // other hosts are another wish
				s.does("key", "rotate", "tls", "--host", "xa.example", "--host", "127.0.0.1")
				s.does("key", "rotate", "tls", "--host", "127.0.0.1,xa.example")
				if k := newest(s.keys(), "tls"); k.Generation != 3 || strings.Join(k.Hosts, " ") != "xa.example 127.0.0.1" {
					t.Errorf("generation %d for %q", k.Generation, k.Hosts)
				}
			}
			s.does("key", "rotate", purpose, "--again")
		})
	}
}

// Each member of node.json that others see is noticed, told, submitted and published.
func TestEachChangeOfTheEntryIsNoticed(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.does("check")
	for _, c := range []struct{ name, from, to, field string }{
		{"endpoint", `"endpoint": "https://127.0.0.1:7443"`, `"endpoint": "https://127.0.0.1:7444"`, "endpoint: the directory has https://127.0.0.1:7443, this node https://127.0.0.1:7444"},
		{"journal", `"journal_url": "http://127.0.0.1:7080/journal"`, `"journal_url": "https://j.example/journal"`, "journal_url: "},
		{"languages", `"en"`, `"en", "ar"`, "languages: the directory has en, this node en, ar"},
		{"contact points", `"roles"`, `"contacts": [{"name": "desk", "telephone": "+888 1", "languages": ["en"], "zone": "UTC"}], "roles"`, "contact_points[0].telephone: the directory has nothing, this node +888 1"},
		{"roles", `"point_of_contact"`, `"point_of_contact", "law_enforcement"`, "authorities[0].roles: "},
		{"name", `"Ministry of Justice"`, `"Ministry of Law"`, "authorities[0].name: the directory has Ministry of Justice, this node Ministry of Law"},
		{"what others do not see", `"grace_hours": 168`, `"grace_hours": 100`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := stage{t, s.root}
			text, err := os.ReadFile(s.path("xa", "node.json"))
			s.must(err)
			if !bytes.Contains(text, []byte(c.from)) {
				t.Fatalf("node.json lacks %s: %s", c.from, text)
			}
			s.must(os.WriteFile(s.path("xa", "node.json"), bytes.Replace(text, []byte(c.from), []byte(c.to), 1), 0o600))
			code, out, words := s.tries("check")
			if c.field == "" {
				if code != 0 {
					t.Errorf("check: status %d, %s", code, words)
				}
				return
			}
			if code != 1 || !strings.Contains(out, c.field) || !strings.Contains(out, "rogatory directory submit DIR --node") {
				t.Errorf("check: status %d, %s", code, out)
			}
			if words := s.does("directory", "submit", s.path("dir")); !strings.Contains(words, c.field) || strings.Contains(words, "anchor") {
				t.Errorf("submit: %s", words)
			}
			if code, _, _ := s.tries("check"); code != 1 {
				t.Error("submitted is taken for published")
			}
			s.publish()
			if code, out, _ := s.tries("check"); code != 0 {
				t.Errorf("after the publication: status %d, %s", code, out)
			}
		})
	}
}

// Two of the State's anchor holders must sign: submit says how many are missing.
func TestAnAnchorOfSeveralHolders(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	_, out, _ := s.tries("directory", "key", s.path("second.pem"))
	s.must(os.WriteFile(s.path("second.pub"), []byte(out), 0o600))
	s.does("directory", "remove", s.path("dir"), "XA")
	s.does("directory", "add", s.path("dir"), "XA", "--anchor", s.path("xa.pub"), "--anchor", s.path("second.pub"), "--threshold", "2")
	s.does("directory", "sign", s.path("dir"), "targets", "--key", s.path("holder.pem"))
	words := s.does("key", "rotate", "entry", s.path("dir"))
	if !strings.Contains(words, "next: 1 more holders of the anchor sign") {
		t.Error(words)
	}
	if code, _, words := s.tries("directory", "publish", s.path("dir"), "--operator", s.path("operator.pem")); code != 1 || !strings.Contains(words, "1 more are needed") {
		t.Errorf("published with one signature of two: %s", words)
	}
	s.does("directory", "sign", s.path("dir"), "XA", "--key", s.path("second.pem"))
	s.publish()
	if s.standing("entry") != isNamed {
		t.Error("the new entry key is not in force")
	}
}
