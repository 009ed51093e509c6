// SPDX-License-Identifier: Apache-2.0

// Package keyring is where a State's node keeps its own keys: files of mode 0600 in a folder of mode
// 0700, one file per key and generation.
//
//	keyring.json          who this is: State, name, authority
//	ca.1.pem              the State's certification authority, ECDSA P-256, ten years
//	seal.1.pem            the authority's seal for messages, ECDSA P-256, three years
//	tls.1.pem             the node's server and client certificate, ECDSA P-256, a year
//	journal.1.pem         Ed25519, signs the journal's checkpoints
//	witness.1.pem         Ed25519, cosigns other States' checkpoints
//	anchor.1.pem          Ed25519, the State's anchor in the directory
//	entry.1.pem           Ed25519, signs the State's entry in the directory
//	message.1.age         hybrid age identity that opens messages
//	evidence.1.age        hybrid age identity that opens evidence
//	database.1.key        32 bytes, under which what cases say lies in the node's database
//
// A PEM file holds the key (PKCS#8) and, where there is one, its certificate, so a key and its
// certificate are written together or not at all. openssl and age read the files as they are.
//
// Promise. Keys come into being only in Create, the Rotate methods and MakeDatabase, for a folder of before there was
// a database key; nothing is overwritten. What
// was sealed or encrypted under an earlier generation can still be verified and opened. A Keyring
// never changes: Rotate returns the next one, to be swapped whole.
//
// Refusal. Create refuses a folder that exists. Load refuses files that others may read, links,
// files it does not know (names that begin with a dot excepted), a missing generation, a key that
// is not that of its certificate, a certificate of another State or authority or not of this
// certification authority, and one key in two files.
//
// After an error nothing was added under a final name; Create may leave a folder named
// .keyring-* beside its own, Rotate a file of that name in it.
//
// Trust: who reads this folder is this State. Its first back-up belongs in a safe: without anchor.1.pem
// the State must ask the others to be admitted to the directory again.
package keyring

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"filippo.io/age"

	"rogatory"
	"rogatory/asice"
)

// Config is what Create needs; all of it.
type Config struct {
	State     rogatory.StateCode
	StateName string // for the certification authority's name
	Authority rogatory.AuthorityID
	Hosts     []string // names and addresses of the node, for its TLS certificate
	Now       time.Time
	// Rand feeds Ed25519 keys and serial numbers. ECDSA and age draw from the system's own source,
	// whatever is given here: their packages take no other.
	Rand io.Reader
}

// Keyring holds one authority's keys. It never changes and may be used from several goroutines. It
// prints as its name only.
type Keyring struct {
	dir      string
	who      identity
	ca       pair
	seals    []pair // of all generations, the oldest first; so the others
	tls      []pair
	journals []ed25519.PrivateKey // of a journal and of those that it succeeds
	witness  ed25519.PrivateKey
	anchor   ed25519.PrivateKey
	entries  []ed25519.PrivateKey
	messages []*age.HybridIdentity
	evidence []*age.HybridIdentity
	database [][DatabaseKeySize]byte // none in a folder of before there was one
	made     map[string]time.Time    // date of each file
}

// pair is a key with its certificate.
type pair struct {
	key         crypto.Signer
	certificate *x509.Certificate
}

// String names the keyring, so that no log prints a key.
func (k *Keyring) String() string { return "keyring of " + k.Address().String() }

// GoString is String, for %#v.
func (k *Keyring) GoString() string { return k.String() }

// Format is String, for every verb: fmt would walk into the keys for %x or %d.
func (k *Keyring) Format(f fmt.State, _ rune) { io.WriteString(f, k.String()) }

// Address returns whose keys these are.
func (k *Keyring) Address() rogatory.Address {
	return rogatory.Address{State: k.who.State, Authority: k.who.Authority}
}

// StateName returns the State's name as given to Create.
func (k *Keyring) StateName() string { return k.who.Name }

// Seal returns the newest seal. Its issuer is the root itself, so the chain is empty.
func (k *Keyring) Seal() asice.Signer {
	p := last(k.seals)
	return asice.Signer{Key: p.key, Certificate: p.certificate, Random: rand.Reader}
}

// Seals returns the certificates of all seals, the newest first.
func (k *Keyring) Seals() []*x509.Certificate {
	var list []*x509.Certificate
	for _, p := range k.seals {
		list = append([]*x509.Certificate{p.certificate}, list...)
	}
	return list
}

// TLS returns the newest certificate for servers and clients.
func (k *Keyring) TLS() tls.Certificate {
	p := last(k.tls)
	return tls.Certificate{Certificate: [][]byte{p.certificate.Raw}, PrivateKey: p.key, Leaf: p.certificate}
}

// Authority returns the certificate of the State's certification authority.
func (k *Keyring) Authority() *x509.Certificate { return k.ca.certificate }

// AuthorityPEM returns it as the directory wants it in rogatory.Party.Certificates.
func (k *Keyring) AuthorityPEM() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: k.ca.certificate.Raw}))
}

// Roots returns a pool with the State's certification authority; the pool is the caller's own.
func (k *Keyring) Roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(k.ca.certificate)
	return pool
}

// JournalOrigin returns the name of the State's journal and its key, such as journal.xa.rogatory, or
// journal.2.xa.rogatory if it succeeds that one.
func (k *Keyring) JournalOrigin() string { return k.originOf(len(k.journals)) }

func (k *Keyring) originOf(generation int) string {
	if generation == 1 {
		return k.name("journal")
	}
	return k.name(fmt.Sprintf("journal.%d", generation))
}

// WitnessName returns the name of the State's witness key, such as witness.xa.rogatory.
func (k *Keyring) WitnessName() string { return k.name("witness") }

func (k *Keyring) name(purpose string) string {
	return purpose + "." + strings.ToLower(string(k.who.State)) + ".rogatory"
}

// JournalKey returns the key that signs the journal's checkpoints.
func (k *Keyring) JournalKey() ed25519.PrivateKey { return last(k.journals) }

// WitnessKey returns the key that cosigns other States' checkpoints, and does nothing else.
func (k *Keyring) WitnessKey() ed25519.PrivateKey { return k.witness }

// Signature types of C2SP signed-note: a log's own signature, and a witness's cosignature.
const (
	typeOfLog     = 0x01
	typeOfWitness = 0x04
)

// JournalSecret returns the journal's key as a signer key of C2SP signed-note: one secret line.
func (k *Keyring) JournalSecret() string {
	return "PRIVATE+KEY+" + noteKey(k.JournalOrigin(), typeOfLog, k.JournalKey(), k.JournalKey().Seed())
}

// JournalVerifier returns it as a verifier key, for rogatory.Party.JournalKey.
func (k *Keyring) JournalVerifier() string {
	return noteKey(k.JournalOrigin(), typeOfLog, k.JournalKey(), publicOf(k.JournalKey()))
}

// WitnessSecret returns the witness's key as a signer key of C2SP tlog-cosignature: one secret line.
func (k *Keyring) WitnessSecret() string {
	return "PRIVATE+KEY+" + noteKey(k.WitnessName(), typeOfWitness, k.witness, k.witness.Seed())
}

// WitnessVerifier returns it as a verifier key, for rogatory.Party.WitnessKey.
func (k *Keyring) WitnessVerifier() string {
	return noteKey(k.WitnessName(), typeOfWitness, k.witness, publicOf(k.witness))
}

// noteKey is <name>+<hash>+<type and key in base64>; the hash is always over the public key.
func noteKey(name string, kind byte, key ed25519.PrivateKey, content []byte) string {
	sum := sha256.Sum256(append([]byte(name+"\n"+string([]byte{kind})), publicOf(key)...))
	return fmt.Sprintf("%s+%x+%s", name, sum[:4], base64.StdEncoding.EncodeToString(append([]byte{kind}, content...)))
}

// DirectoryAnchor returns the key that names the State's entry key in the directory.
func (k *Keyring) DirectoryAnchor() crypto.Signer { return k.anchor }

// DirectoryEntry returns the newest key for the State's entry. The directory knows it only after
// directory.RotateState was published.
func (k *Keyring) DirectoryEntry() crypto.Signer { return last(k.entries) }

// MessageRecipient returns the newest age recipient for messages (age1pq1...).
func (k *Keyring) MessageRecipient() string { return last(k.messages).Recipient().String() }

// EvidenceRecipient returns the newest age recipient for evidence.
func (k *Keyring) EvidenceRecipient() string { return last(k.evidence).Recipient().String() }

// MessageIdentities returns what opens messages, the newest first.
func (k *Keyring) MessageIdentities() []age.Identity { return newestFirst(k.messages) }

// EvidenceIdentities returns what opens evidence, the newest first.
func (k *Keyring) EvidenceIdentities() []age.Identity { return newestFirst(k.evidence) }

// Database returns the secrets under which what cases say lies in the database, the oldest first; none in a folder of
// before there were any: see MakeDatabase.
func (k *Keyring) Database() [][DatabaseKeySize]byte { return slices.Clone(k.database) }

// Expiry says when a certificate in use runs out.
type Expiry struct {
	File     string // such as seal.1.pem
	NotAfter time.Time
	Left     time.Duration // negative when it is past
}

// Warning returns the warning that is due: 30, 7 or 1 day before the end, 0 after it. Warn once for
// each, or the desk learns to look away.
func (e Expiry) Warning() (days int, due bool) {
	if e.Left <= 0 {
		return 0, true
	}
	for _, days := range []int{1, 7, 30} {
		if e.Left <= time.Duration(days)*day {
			return days, true
		}
	}
	return 0, false
}

// Expiries lists the newest generation of each certificate, the first to end first. Earlier
// generations are kept to verify the past, and may end.
func (k *Keyring) Expiries(now time.Time) []Expiry {
	var list []Expiry
	for _, c := range []struct {
		kind  string
		pairs []pair
	}{{"tls", k.tls}, {"seal", k.seals}, {"ca", []pair{k.ca}}} {
		end := last(c.pairs).certificate.NotAfter
		list = append(list, Expiry{fileName(c.kind, len(c.pairs)), end, end.Sub(now)})
	}
	slices.SortStableFunc(list, func(a, b Expiry) int { return a.NotAfter.Compare(b.NotAfter) })
	return list
}

func last[T any](generations []T) T { return generations[len(generations)-1] }

func newestFirst(ids []*age.HybridIdentity) []age.Identity {
	list := make([]age.Identity, len(ids))
	for i, id := range ids {
		list[len(ids)-1-i] = id
	}
	return list
}

func publicOf(key ed25519.PrivateKey) []byte { return key.Public().(ed25519.PublicKey) }
