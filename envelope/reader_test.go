// SPDX-License-Identifier: Apache-2.0

package envelope_test

import (
	"testing"

	"rogatory"
	"rogatory/envelope"
)

// A reader remembers whom it verified, and that must never decide what it says.
func TestAReaderForgetsWhomTheDirectoryDropped(t *testing.T) {
	xa, other := newState(t, "XA", "Aurelia"), newState(t, "XA", "Aurelia, with other keys")
	container, _, err := envelope.Sign(message(), xa.Seal())
	if err != nil {
		t.Fatal(err)
	}
	var r envelope.Reader
	for range 2 { // verified, then remembered
		if _, err := r.Open(container, xa.party, noon); err != nil {
			t.Fatal(err)
		}
	}

	if _, err := r.Open(container, xa.party, noon.AddDate(100, 0, 0)); rogatory.CodeOf(err) != "certificate_expired" {
		t.Errorf("a hundred years later, the remembered certificate: %v", err)
	}
	if _, err := r.Open(container, other.party, noon); rogatory.CodeOf(err) != "certificate_untrusted" {
		t.Errorf("the directory now lists other certificates, and the old one still speaks: %v", err)
	}
	if _, err := r.Open(container, xa.party, noon); err != nil {
		t.Errorf("the directory lists the first certificates again: %v", err)
	}
	bad := append([]byte(nil), container...)
	bad[len(bad)/2] ^= 1
	if _, err := r.Open(bad, xa.party, noon); err == nil {
		t.Error("a changed container of a remembered signer was opened")
	}
}
