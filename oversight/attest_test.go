// SPDX-License-Identifier: Apache-2.0

package oversight

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"rogatory"
)

// FuzzOpenAttestation holds the reader to what the writer writes, whatever lines a body's key signs.
func FuzzOpenAttestation(f *testing.F) {
	from := rogatory.At(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))
	k, err := NewKey(rand.Reader, "XA", "Ombudsman", from, from.Add(1000*time.Hour))
	if err != nil {
		f.Fatal(err)
	}
	good := Attestation{State: "XA", Period: "2026-W48", Report: rogatory.DigestOf([]byte("report")), Entries: 40, Size: 41, Root: rogatory.DigestOf([]byte("root")), At: from.Add(time.Hour)}
	f.Add(good.text())
	f.Add(strings.Replace(good.text(), "\n40\n", "\n040\n", 1))
	f.Add(attestHeader + "\n")
	f.Fuzz(func(t *testing.T, text string) {
		signed, err := k.Sign(text)
		if err != nil {
			return
		}
		a, err := OpenAttestationOf(signed, k.Verifier)
		if err == nil && a.text() != text {
			t.Errorf("%q is read as %q", text, a.text())
		}
		if err != nil && a != (Attestation{}) {
			t.Errorf("%v beside %+v", err, a)
		}
	})
}

func TestWhoMayAttest(t *testing.T) {
	from := rogatory.At(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))
	key := func(state rogatory.StateCode) (Key, rogatory.OversightBody) {
		k, err := NewKey(rand.Reader, state, "Ombudsman of "+string(state), from, from.Add(1000*time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		b, err := k.Body()
		if err != nil {
			t.Fatal(err)
		}
		return k, b
	}
	ours, body := key("XA")
	other, _ := key("XB")
	state := rogatory.Party{Code: "XA", Oversight: []rogatory.OversightBody{body}}
	good := Attestation{State: "XA", Period: "2026-W48", Report: rogatory.DigestOf(nil), Entries: 40, Size: 41, Root: rogatory.DigestOf(nil), At: from.Add(time.Hour)}
	with := func(change func(*Attestation)) Attestation {
		a := good
		change(&a)
		return a
	}
	for _, c := range []struct {
		name, code string
		k          Key
		a          Attestation
	}{
		{"the body in force", "", ours, good},
		{"another State's body", unknownBody, other, good},
		{"about another State", badAttestation, ours, with(func(a *Attestation) { a.State = "XB" })},
		{"before its time", "oversight_expired", ours, with(func(a *Attestation) { a.At = from.Add(-time.Hour) })},
		{"after its time", "oversight_expired", ours, with(func(a *Attestation) { a.At = from.Add(1000 * time.Hour) })},
	} {
		t.Run(c.name, func(t *testing.T) {
			signed, err := c.k.SignAttestation(c.a)
			if err != nil {
				t.Fatal(err)
			}
			a, b, err := OpenAttestation(signed, state)
			good := err == nil && a == c.a && b.Name == body.Name
			if c.code == "" && !good || c.code != "" && rogatory.CodeOf(err) != c.code {
				t.Errorf("%+v by %q: %v", a, b.Name, err)
			}
		})
	}
	for _, a := range []Attestation{with(func(a *Attestation) { a.Size = 39 }), with(func(a *Attestation) { a.Period = "2026\nW48" }), with(func(a *Attestation) { a.At = 0 })} {
		if _, err := ours.SignAttestation(a); rogatory.CodeOf(err) != badAttestation {
			t.Errorf("%+v is signed: %v", a, err)
		}
	}
}
