// SPDX-License-Identifier: Apache-2.0

package rogatory

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestReferencesHaveOneForm(t *testing.T) {
	for _, c := range []struct {
		what  string
		valid bool
		ok    bool
	}{
		{"a case", CaseID("XA-2026-7K3M9Q2P").Valid(), true},
		{"a case in small letters", CaseID("xa-2026-7k3m9q2p").Valid(), false},
		{"a case with O for zero", CaseID("XA-2026-OK3M9Q2P").Valid(), false},
		{"a case with a short year", CaseID("XA-26-7K3M9Q2P00").Valid(), false},
		{"a case with a letter in its year", CaseID("XA-202G-7K3M9Q2P").Valid(), false},
		{"a case with space before", CaseID(" XA-2026-7K3M9Q2").Valid(), false},
		{"no case", CaseID("").Valid(), false},
		{"a request", RequestID("XA-2026-7K3M9Q2P.2").Valid(), true},
		{"the last request", RequestID("XA-2026-7K3M9Q2P.9999").Valid(), true},
		{"one request too many", RequestID("XA-2026-7K3M9Q2P.10000").Valid(), false},
		{"request nought", RequestID("XA-2026-7K3M9Q2P.0").Valid(), false},
		{"a negative request", RequestID("XA-2026-7K3M9Q2P.-1").Valid(), false},
		{"a request with a sign", RequestID("XA-2026-7K3M9Q2P.+1").Valid(), false},
		{"a request with a leading nought", RequestID("XA-2026-7K3M9Q2P.02").Valid(), false},
		{"a request of a request", RequestID("XA-2026-7K3M9Q2P.1.1").Valid(), false},
		{"a case as a request", RequestID("XA-2026-7K3M9Q2P").Valid(), false},
		{"a message", MessageID("019ac5a2-7c1f-7abc-8def-0123456789ab").Valid(), true},
		{"a message in capitals", MessageID("019AC5A2-7C1F-7ABC-8DEF-0123456789AB").Valid(), false},
		{"a message of version 4", MessageID("019ac5a2-7c1f-4abc-8def-0123456789ab").Valid(), false},
		{"a message of another variant", MessageID("019ac5a2-7c1f-7abc-cdef-0123456789ab").Valid(), false},
		{"a message without hyphens", MessageID("019ac5a27c1f7abc8def0123456789ab").Valid(), false},
		{"a message with a tail", MessageID("019ac5a2-7c1f-7abc-8def-0123456789ab\n").Valid(), false},
		{"an exhibit", ExhibitID("XB-E-5TQ0ZC8H1M4A").Valid(), true},
		{"an exhibit with I for one", ExhibitID("XB-E-5TQ0ZC8HIM4A").Valid(), false},
		{"an exhibit of no State", ExhibitID("X1-E-5TQ0ZC8H1M4A").Valid(), false},
		{"a State", StateCode("XB").Valid(), true},
		{"a State in small letters", StateCode("xb").Valid(), false},
		{"three letters", StateCode("XBX").Valid(), false},
		{"an exercise State", StateCode("XB").Fictional(), true},
		{"a real State", StateCode("FI").Fictional(), false},
	} {
		if c.valid != c.ok {
			t.Errorf("%s: valid is %t, want %t", c.what, c.valid, c.ok)
		}
	}
}

func TestReferencesAreDrawnInTheirForm(t *testing.T) {
	now := time.Date(2026, 11, 23, 2, 14, 5, 0, time.FixedZone("", -5*3600))
	seen := map[string]bool{}
	for range 1000 {
		c, err := NewCaseID(rand.Reader, "XA", now)
		if err != nil || !c.Valid() || c.State() != "XA" || c[3:7] != "2026" {
			t.Fatalf("case %q: %v", c, err)
		}
		r := c.Request(17)
		if !r.Valid() || r.Case() != c || r.Number() != 17 {
			t.Fatalf("request %q leads to case %q, number %d", r, r.Case(), r.Number())
		}
		m, err := NewMessageID(rand.Reader, now)
		if err != nil || !m.Valid() {
			t.Fatalf("message %q: %v", m, err)
		}
		e, err := NewExhibitID(rand.Reader, "XB")
		if err != nil || !e.Valid() {
			t.Fatalf("exhibit %q: %v", e, err)
		}
		for _, s := range []string{string(c), string(m), string(e)} {
			if seen[s] {
				t.Fatalf("%s was drawn twice", s)
			}
			seen[s] = true
		}
	}
	// Later messages sort behind earlier ones: the first 48 bits are the time.
	early, _ := NewMessageID(rand.Reader, now)
	late, _ := NewMessageID(rand.Reader, now.Add(time.Millisecond))
	if late <= early {
		t.Errorf("%s was drawn after %s and sorts before it", late, early)
	}
}

func TestNoReferenceWithoutChance(t *testing.T) {
	dry := bytes.NewReader([]byte{1, 2, 3})
	if c, err := NewCaseID(dry, "XA", time.Unix(0, 0)); err == nil {
		t.Errorf("a case %s was drawn from three bytes", c)
	}
	if m, err := NewMessageID(bytes.NewReader(nil), time.Unix(0, 0)); err == nil {
		t.Errorf("a message %s was drawn from nothing", m)
	}
	if e, err := NewExhibitID(bytes.NewReader(nil), "XA"); err == nil {
		t.Errorf("an exhibit %s was drawn from nothing", e)
	}
}

func TestMalformedReferencesNameNothing(t *testing.T) {
	if s := CaseID("nonsense").State(); s != "" {
		t.Errorf("a malformed case is of State %q", s)
	}
	if n := RequestID("XA-2026-7K3M9Q2P.x").Number(); n != 0 {
		t.Errorf("a malformed request has number %d", n)
	}
}

func TestDigestsHaveOneForm(t *testing.T) {
	d := DigestOf([]byte("abc"))
	const text = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" // FIPS 180-2, B.1
	if d.String() != text || d.Short() != text[:12] {
		t.Fatalf("SHA-256 of abc is %s", d)
	}
	for what, s := range map[string]string{
		"capitals": strings.ToUpper(text), "one digit less": text[1:], "one digit more": text + "0",
		"nothing": "", "a space": " " + text[1:], "no hexadecimal": "g" + text[1:], "a prefix": "0x" + text[2:],
	} {
		if got, err := ParseDigest(s); err == nil || !got.IsZero() {
			t.Errorf("a digest with %s is read as %s (%v)", what, got, err)
		}
	}
	long := LongDigest{}
	if err := long.UnmarshalText([]byte(text + text)); err != nil || long.String() != text+text {
		t.Errorf("a long digest is read as %s (%v)", long, err)
	}
	if err := long.UnmarshalText([]byte(text)); err == nil || long != (LongDigest{}) {
		t.Errorf("half a long digest is read as %s", long)
	}
}

func TestInstantsHaveOneForm(t *testing.T) {
	moment := At(time.Date(2026, 11, 23, 3, 14, 5, 120_999, time.FixedZone("", 3600)))
	if got := moment.String(); got != "2026-11-23T02:14:05.000120Z" {
		t.Fatalf("the moment is written %s", got)
	}
	if got := Instant(0).String(); got != "-" {
		t.Errorf("an instant that is not set is written %q", got)
	}
	for _, s := range []string{
		"", "-", "2026-11-23T02:14:05Z", "2026-11-23T02:14:05.00012Z", "2026-11-23T02:14:05,000120Z", "2026-11-23T02:14:05.0001200Z",
		"2026-11-23T02:14:05.000120+00:00", "2026-11-23T02:14:05.000120z", "2026-11-23 02:14:05.000120Z", "2026-11-23T24:00:00.000000Z",
		"2026-02-29T00:00:00.000000Z", "2026-11-23T02:14:60.000000Z", "1969-12-31T23:59:59.999999Z", "+026-11-23T02:14:05.000120Z", "12026-11-23T02:14:05.000120Z",
	} {
		i := moment
		if err := i.UnmarshalText([]byte(s)); err == nil || i != 0 {
			t.Errorf("%q is read as %d (%v)", s, int64(i), err)
		}
	}
	for _, i := range []Instant{-1, At(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC))} {
		if text, err := i.MarshalText(); err == nil {
			t.Errorf("instant %d is written %s", int64(i), text)
		}
	}
	if d := moment.Add(90 * time.Minute).Sub(moment); d != 90*time.Minute {
		t.Errorf("an instant 90 minutes later is %s later", d)
	}
}

// FuzzTextForms: what parses is written the same way again, so a signed document says a thing in one
// way only.
func FuzzTextForms(f *testing.F) {
	for _, s := range []string{"2026-11-23T02:14:05.000120Z", "1970-01-01T00:00:00.000000Z", "9999-12-31T23:59:59.999999Z",
		strings.Repeat("0a", 32), strings.Repeat("0a", 64), "XA-2026-7K3M9Q2P.2", "019ac5a2-7c1f-7abc-8def-0123456789ab"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var i Instant
		if i.UnmarshalText([]byte(s)) == nil {
			if text, err := i.MarshalText(); err != nil || string(text) != s {
				t.Errorf("instant %q is written %q (%v)", s, text, err)
			}
		}
		if d, err := ParseDigest(s); err == nil && d.String() != s {
			t.Errorf("digest %q is written %q", s, d)
		}
		var l LongDigest
		if l.UnmarshalText([]byte(s)) == nil && l.String() != s {
			t.Errorf("digest %q is written %q", s, l)
		}
		if r := RequestID(s); r.Valid() && r.Case().Request(r.Number()) != r {
			t.Errorf("request %q is written %q", s, r.Case().Request(r.Number()))
		}
		if m := MessageID(s); m.Valid() && (len(s) != 36 || strings.ToLower(s) != s) {
			t.Errorf("message identifier %q is accepted", s)
		}
	})
}

// Every instant that can be written is read as itself.
func FuzzInstants(f *testing.F) {
	f.Add(int64(0))
	f.Add(int64(1_795_400_045_000_120))
	f.Add(int64(253402300799_999999)) // the last microsecond of 9999
	f.Add(int64(253402300800_000000))
	f.Add(int64(-1))
	f.Fuzz(func(t *testing.T, n int64) {
		text, err := Instant(n).MarshalText()
		if err != nil {
			if n >= 0 && n <= 253402300799_999999 {
				t.Errorf("instant %d cannot be written: %v", n, err)
			}
			return
		}
		var back Instant
		if err := back.UnmarshalText(text); err != nil || back != Instant(n) {
			t.Errorf("instant %d is written %s and read as %d (%v)", n, text, int64(back), err)
		}
	})
}

func TestUnsetMembersAreLeftOut(t *testing.T) {
	got, err := json.Marshal(Preservation{Days: 30})
	if err != nil || string(got) != `{"days":30}` {
		t.Errorf("a wish for 30 more days is written %s (%v)", got, err)
	}
}

func TestSegmentsOfASeal(t *testing.T) {
	for _, c := range []struct{ size, segment, want int64 }{{0, 4, 0}, {1, 4, 1}, {4, 4, 1}, {5, 4, 2}, {8, 4, 2}, {9, 4, 3}, {5, 0, 0}, {5, -1, 0}} {
		if got := (Seal{SealedSize: c.size, SegmentSize: c.segment}).Segments(); got != c.want {
			t.Errorf("%d bytes in segments of %d are %d segments, want %d", c.size, c.segment, got, c.want)
		}
	}
}
