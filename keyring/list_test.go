// SPDX-License-Identifier: Apache-2.0

package keyring

import (
	"crypto/rand"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rogatory"
)

// Every key is listed once; each rotation adds one and keeps the others.
func TestKeysAreListed(t *testing.T) {
	k, dir := create(t)
	list := func(k *Keyring) (names []string) {
		for _, x := range k.Keys() {
			name := x.File
			if x.Newest {
				name += "*"
			}
			names = append(names, name)
			if len(x.Fingerprint) != 64 || x.Algorithm == "" || x.Since.IsZero() || (x.Public == nil) != (x.Recipient != "" || x.Purpose == databaseKind) {
				t.Errorf("%+v", x)
			}
		}
		return names
	}
	if got := strings.Join(list(k), " "); got != "seal.1.pem* tls.1.pem* message.1.age* evidence.1.age* database.1.key* entry.1.pem* anchor.1.pem* journal.1.pem* witness.1.pem* ca.1.pem*" {
		t.Fatal(got)
	}
	for _, purpose := range Rotates() {
		before, _ := k.Newest(purpose)
		k = must(k.Rotate(purpose, rand.Reader, config().Now.Add(day)))(t)
		after, _ := k.Newest(purpose)
		if after.Generation != 2 || after.Fingerprint == before.Fingerprint || !after.Newest {
			t.Errorf("%s: %+v", purpose, after)
		}
	}
	if got := strings.Join(list(k), " "); got != "seal.2.pem* seal.1.pem tls.2.pem* tls.1.pem message.2.age* message.1.age evidence.2.age* evidence.1.age database.2.key* database.1.key entry.2.pem* entry.1.pem anchor.1.pem* journal.1.pem* witness.1.pem* ca.1.pem*" {
		t.Fatal(got)
	}
	seal, _ := k.Newest("seal")
	if !seal.Since.Equal(config().Now.Add(day).UTC().Truncate(time.Second)) || !seal.Until.Equal(seal.Since.Add(lifeOfSeal)) {
		t.Errorf("the seal is from %s to %s", seal.Since, seal.Until)
	}
	entry, _ := k.Newest("entry")
	if info := must(os.Stat(filepath.Join(dir, "entry.2.pem")))(t); !entry.Since.Equal(info.ModTime()) || !entry.Until.IsZero() {
		t.Errorf("the entry key is from %s to %s", entry.Since, entry.Until)
	}
	if h := must(k.Rotate("tls", rand.Reader, config().Now, "new.example", "192.0.2.7"))(t); strings.Join(mustNewest(h, "tls").Hosts, " ") != "new.example 192.0.2.7" {
		t.Errorf("the new certificate is for %q", mustNewest(h, "tls").Hosts)
	}
	if _, ok := k.Newest("nothing"); ok {
		t.Error("there is a key for nothing")
	}
	// openssl computes the same fingerprint.
	out, err := exec.Command("openssl", "x509", "-in", filepath.Join(dir, "seal.2.pem"), "-noout", "-fingerprint", "-sha256").Output()
	if err != nil {
		t.Fatal(err)
	}
	_, hex, _ := strings.Cut(strings.TrimSpace(string(out)), "=")
	if strings.ToLower(strings.ReplaceAll(hex, ":", "")) != seal.Fingerprint {
		t.Errorf("openssl says %s, we say %s", hex, seal.Fingerprint)
	}
}

func mustNewest(k *Keyring, purpose string) Key { x, _ := k.Newest(purpose); return x }

// What does not rotate says what is done instead, and makes nothing.
func TestKeysThatDoNotRotate(t *testing.T) {
	k, dir := create(t)
	before := must(Files(dir))(t)
	for purpose, want := range map[string]struct{ code, hint string }{
		"journal": {"key_fixed", "a new key is a new journal"}, "witness": {"key_fixed", "cosignature"}, "anchor": {"key_fixed", "rogatory key rotate entry"},
		"ca": {"key_fixed", "rogatory init"}, "secret": {"key_purpose", "seal, tls, message, evidence, database, entry"}, "": {"key_purpose", "seal"},
	} {
		_, err := k.Rotate(purpose, rand.Reader, config().Now)
		e, ok := errors.AsType[*rogatory.Error](err)
		if !ok || e.Code != want.code || !strings.Contains(e.Hint, want.hint) {
			t.Errorf("%q: %v, hint %q", purpose, err, e.Hint)
		}
	}
	if after := must(Files(dir))(t); strings.Join(after, " ") != strings.Join(before, " ") {
		t.Errorf("there are files now: %q", after)
	}
}
