// SPDX-License-Identifier: Apache-2.0

package keyring

import (
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"rogatory"
)

// Key describes one key of the folder, without its secret.
type Key struct {
	File       string // such as seal.1.pem
	Purpose    string // such as seal
	Generation int
	Newest     bool // what is signed or sealed from now on is with this one
	Algorithm  string
	// Fingerprint is a SHA-256 digest in hex: of the certificate, where there is one, as
	// `openssl x509 -fingerprint -sha256` says it; else of the public key in SubjectPublicKeyInfo form;
	// of an age key, of the text of its recipient; of a database key, of its bytes after a line of text.
	Fingerprint string
	Since       time.Time // start of the certificate; without one, the date of the file
	Until       time.Time // end of the certificate; zero without one
	Public      crypto.PublicKey
	Recipient   string // of an age key, which has no Public; a database key has neither
	Hosts       []string
}

// purposes is the order in which keys are listed: those that rotate often first.
var purposes = []string{"seal", "tls", "message", "evidence", databaseKind, "entry", "anchor", "journal", "witness", "ca"}

// Keys lists all generations of all keys, the newest of each purpose first.
func (k *Keyring) Keys() []Key {
	all := map[string][]Key{}
	add := func(purpose string, x Key) {
		x.Purpose, x.Generation = purpose, len(all[purpose])+1
		x.File = fileName(purpose, x.Generation)
		if x.Since.IsZero() {
			x.Since = k.made[x.File]
		}
		all[purpose] = append(all[purpose], x)
	}
	for purpose, pairs := range map[string][]pair{"ca": {k.ca}, "seal": k.seals, "tls": k.tls} {
		for _, p := range pairs {
			add(purpose, ofCertificate(p.certificate))
		}
	}
	for purpose, signers := range map[string][]crypto.Signer{"witness": {k.witness}, "anchor": {k.anchor}} {
		for _, s := range signers {
			add(purpose, ofSigner(s))
		}
	}
	for _, s := range k.journals {
		add("journal", ofSigner(s))
	}
	for _, s := range k.entries {
		add("entry", ofSigner(s))
	}
	for _, id := range k.messages {
		add("message", ofRecipient(id.Recipient().String()))
	}
	for _, id := range k.evidence {
		add("evidence", ofRecipient(id.Recipient().String()))
	}
	for _, key := range k.database {
		add(databaseKind, ofDatabase(key))
	}
	var list []Key
	for _, purpose := range purposes {
		if len(all[purpose]) == 0 {
			continue // a folder of before there was a database key
		}
		slices.Reverse(all[purpose])
		all[purpose][0].Newest = true
		list = append(list, all[purpose]...)
	}
	return list
}

// Newest describes the newest key of a purpose, and is false if there is no such purpose.
func (k *Keyring) Newest(purpose string) (Key, bool) {
	all := k.Keys()
	i := slices.IndexFunc(all, func(x Key) bool { return x.Purpose == purpose && x.Newest })
	if i < 0 {
		return Key{}, false
	}
	return all[i], true
}

func ofCertificate(c *x509.Certificate) Key {
	return Key{Algorithm: "ECDSA P-256", Fingerprint: fingerprint(c.Raw), Since: c.NotBefore.Add(clockSkew), Until: c.NotAfter, Public: c.PublicKey, Hosts: hostsOf(c)}
}

func ofSigner(s crypto.Signer) Key {
	der, err := x509.MarshalPKIXPublicKey(s.Public())
	if err != nil {
		panic(fmt.Sprintf("a key that was loaded cannot be written: %v", err)) // Load has written it
	}
	return Key{Algorithm: "Ed25519", Fingerprint: fingerprint(der), Public: s.Public()}
}

func ofRecipient(r string) Key {
	return Key{Algorithm: "ML-KEM-768 with X25519 (age)", Fingerprint: fingerprint([]byte(r)), Recipient: r}
}

// ofDatabase describes a key that has no public half. Its fingerprint is of 32 random bytes, which nobody guesses from it.
func ofDatabase(key [DatabaseKeySize]byte) Key {
	return Key{Algorithm: "XChaCha20-Poly1305", Fingerprint: fingerprint(append([]byte("rogatory database key\n"), key[:]...))}
}

func fingerprint(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func hostsOf(c *x509.Certificate) []string {
	hosts := slices.Clone(c.DNSNames)
	for _, ip := range c.IPAddresses {
		hosts = append(hosts, ip.String())
	}
	return hosts
}

// fixed says of each purpose that does not rotate why, and what is done instead.
var fixed = map[string]string{
	"journal": "the key is the journal's name for every witness and court: a new key is a new journal. If it was stolen, or history is lost, stop the node, tell the other States, and close it with rogatory journal succeed",
	"witness": "every cosignature in a court package names this key. If it was stolen, stop the node, tell the other States, and begin a new node with rogatory init",
	"anchor":  "only the other States can name another anchor: they strike this State off (rogatory directory remove) and admit it again with the anchor of a new node (rogatory directory add). The key of the entry below it is rotated with rogatory key rotate entry",
	"ca":      "the certification authority lasts ten years, and one node has one. If it was stolen, stop the node, tell the other States, and begin a new node with rogatory init",
}

// Rotates lists the purposes that Rotate takes.
func Rotates() []string {
	return slices.DeleteFunc(slices.Clone(purposes), func(p string) bool { return !kinds[p] || fixed[p] != "" })
}

// Rotate makes the next key of a purpose beside the earlier ones. hosts are for tls; see RotateTLS. A
// purpose that cannot rotate is Invalid "key_fixed", with a hint what is done instead; one that does
// not exist is Invalid "key_purpose".
//
// One write: the file appears under its name whole, or not at all.
func (k *Keyring) Rotate(purpose string, random io.Reader, now time.Time, hosts ...string) (*Keyring, error) {
	switch purpose {
	case "seal":
		return k.RotateSeal(random, now)
	case "tls":
		return k.RotateTLS(random, now, hosts...)
	case "message":
		return k.RotateMessage()
	case "evidence":
		return k.RotateEvidence()
	case "entry":
		return k.RotateEntry(random)
	case databaseKind:
		return k.RotateDatabase(random)
	}
	return nil, Rotatable(purpose)
}

// Rotatable returns nil for a purpose that Rotate takes, and else the error that Rotate returns.
func Rotatable(purpose string) error {
	if why, ok := fixed[purpose]; ok {
		return rogatory.Fault(rogatory.Invalid, "key_fixed", "rotate the %s key: this is not supported", purpose).WithHint(why)
	}
	if !kinds[purpose] {
		return rogatory.Fault(rogatory.Invalid, "key_purpose", "rotate the key %.20q: there is no such purpose", purpose).
			WithHint("the purposes are " + strings.Join(Rotates(), ", "))
	}
	return nil
}

// Files lists the names of the key files in dir. They change only by being added, so that a node can
// see from them that there is something to Load.
func Files(dir string) ([]string, error) {
	found, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("list keyring: %w", err)
	}
	var names []string
	for _, f := range found {
		if !strings.HasPrefix(f.Name(), ".") {
			names = append(names, f.Name())
		}
	}
	return names, nil
}

// dates reads when each file was written.
func dates(dir string) (map[string]time.Time, error) {
	names, err := Files(dir)
	if err != nil {
		return nil, err
	}
	made := map[string]time.Time{}
	for _, name := range names {
		info, err := os.Lstat(filepath.Join(dir, name))
		if err != nil {
			return nil, fmt.Errorf("list keyring: %w", err)
		}
		if info.Mode().Type() != fs.ModeDir {
			made[name] = info.ModTime().UTC()
		}
	}
	return made, nil
}
