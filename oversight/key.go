// SPDX-License-Identifier: Apache-2.0

package oversight

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
	"golang.org/x/mod/sumdb/note"

	"rogatory"
	"rogatory/datafile"
	"rogatory/journal"
)

// Key is what a body holds, in a file of its own that never lies on a node: with one half it reads, with the other it
// signs what it asks and finds.
type Key struct {
	State    rogatory.StateCode `json:"state"`
	Name     string             `json:"name"`     // of the body
	Identity string             `json:"identity"` // AGE-SECRET-KEY-PQ-1...
	Signer   string             `json:"signer"`   // C2SP signed-note private key
	Verifier string             `json:"verifier"` // and its public half
	From     rogatory.Instant   `json:"from"`
	Until    rogatory.Instant   `json:"until"`
}

// maxKey bounds the file of a key in bytes: four lines, the longest of 200 characters.
const maxKey = 16 << 10

// NewKey draws a body's key. The age identity takes its chance from the system, as age has it; random is for the
// signing half.
func NewKey(random io.Reader, state rogatory.StateCode, name string, from, until rogatory.Instant) (Key, error) {
	identity, err := age.GenerateHybridIdentity()
	if err != nil {
		return Key{}, fmt.Errorf("draw an oversight key: %w", err)
	}
	print := rogatory.DigestOf([]byte(identity.Recipient().String())).String()
	secret, public, err := journal.GenerateKey(random, "oversight."+strings.ToLower(string(state))+"/"+print[:8])
	if err != nil {
		return Key{}, err
	}
	k := Key{State: state, Name: name, Identity: identity.String(), Signer: secret, Verifier: public, From: from, Until: until}
	return k, k.check()
}

// ParseKey reads the file of a key; "oversight_key_invalid" if it is not one.
func ParseKey(data []byte) (Key, error) {
	var k Key
	f, err := datafile.Form{Code: "oversight_key_invalid", Size: maxKey, Items: 1, Complete: true, Hint: "rogatory oversight key makes one"}.Read("oversight key", data, &k)
	if err != nil {
		return Key{}, err
	}
	if err := k.check(); err != nil {
		return Key{}, f.Fault(err)
	}
	return k, nil
}

// Marshal returns the file of the key, to be kept readable by its owner alone.
func (k Key) Marshal() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(k); err != nil {
		return nil, rogatory.Fault(rogatory.Internal, "oversight_key_invalid", "encode an oversight key: %w", err)
	}
	return b.Bytes(), nil
}

func (k Key) check() error {
	if !k.State.Valid() || k.From <= 0 || k.Until <= k.From {
		return rogatory.Fault(rogatory.Invalid, "oversight_key_invalid", "an oversight key of %.2q from %s until %s", k.State, k.From, k.Until)
	}
	if err := datafile.CheckText("name", k.Name, 120); err != nil {
		return rogatory.Fault(rogatory.Invalid, "oversight_key_invalid", "oversight key: %w", err)
	}
	if _, err := age.ParseHybridIdentity(k.Identity); err != nil {
		return rogatory.Fault(rogatory.Invalid, "oversight_key_invalid", "the reading half is not a hybrid age identity")
	}
	if _, err := journal.NewSigner(k.Signer); err != nil {
		return rogatory.Fault(rogatory.Invalid, "oversight_key_invalid", "the signing half is not a signed-note key")
	}
	if _, err := journal.NewVerifier(k.Verifier); err != nil {
		return rogatory.Fault(rogatory.Invalid, "oversight_key_invalid", "the public half is not a signed-note key")
	}
	signed, err := k.Sign("oversight key\n")
	if err == nil {
		_, err = OpenSigned(signed, k.Verifier)
	}
	if err != nil {
		return rogatory.Fault(rogatory.Invalid, "oversight_key_invalid", "the two halves of the signing key do not belong together")
	}
	return nil
}

// String names the key and shows nothing of it.
func (k Key) String() string { return "oversight key of " + string(k.State) }

// GoString is String.
func (k Key) GoString() string { return k.String() }

// Body returns what the State's directory entry says of the body.
func (k Key) Body() (rogatory.OversightBody, error) {
	identity, err := age.ParseHybridIdentity(k.Identity)
	if err != nil {
		return rogatory.OversightBody{}, rogatory.Fault(rogatory.Invalid, "oversight_key_invalid", "the reading half is not a hybrid age identity")
	}
	return rogatory.OversightBody{Name: k.Name, Recipient: identity.Recipient().String(), Key: k.Verifier, From: k.From, Until: k.Until}, nil
}

// Sign makes a C2SP signed note of a text that ends in a line feed.
func (k Key) Sign(text string) ([]byte, error) {
	signer, err := journal.NewSigner(k.Signer)
	if err != nil {
		return nil, rogatory.Fault(rogatory.Invalid, "oversight_key_invalid", "the signing half is not a signed-note key")
	}
	signed, err := note.Sign(&note.Note{Text: text}, signer)
	if err != nil {
		return nil, rogatory.Fault(rogatory.Internal, "oversight_unsigned", "sign: %w", err)
	}
	return signed, nil
}

// OpenSigned returns the text of a note that a body's key signed: "oversight_unknown" if it did not.
func OpenSigned(signed []byte, key string) (string, error) {
	v, err := journal.NewVerifier(key)
	if err != nil {
		return "", rogatory.Fault(rogatory.Untrusted, unknownBody, "the directory's key of an oversight body cannot be read: %w", err)
	}
	n, err := note.Open(signed, note.VerifierList(v))
	if err != nil {
		return "", rogatory.Fault(rogatory.Untrusted, unknownBody, "it is not signed by the oversight body: %w", err)
	}
	return n.Text, nil
}

const unknownBody = "oversight_unknown"
