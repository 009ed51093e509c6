// SPDX-License-Identifier: Apache-2.0

package deadline

import (
	"strings"
	"testing"
	"time"

	"rogatory"
)

func retention(t *testing.T, id string) RetentionRule {
	t.Helper()
	r, err := BundledRules().Retention(id)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRetention(t *testing.T) {
	xa := calendar("XA")
	closed := moment(t, xa, "2026-08-31T16:00")
	deleted := moment(t, xa, "2027-03-01") // six months: February has no 31st
	for _, c := range []struct {
		name        string
		proceedings []Proceeding
		at          rogatory.Instant
		held, by    string
	}{
		{"nothing holds it", nil, deleted, "", ""},
		{"an appeal that ended before", []Proceeding{{"appeal", deleted - 1}}, deleted, "", ""},
		{"an appeal that ended after", []Proceeding{{"appeal", deleted + 1}}, deleted + 1, "", "appeal"},
		{"the later of two", []Proceeding{{"appeal", deleted + 9}, {"claim", deleted + 5}}, deleted + 9, "", "appeal"},
		{"a claim that is pending", []Proceeding{{"claim", 0}, {"appeal", deleted + 1}}, 0, "claim", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			term, err := Retention(retention(t, "evidence_sent"), closed, xa, c.proceedings...)
			if err != nil {
				t.Fatal(err)
			}
			if term.DeleteAt != c.at || strings.Join(term.HeldBy, " ") != c.held || term.ProlongedBy != c.by ||
				term.Delete.At != deleted || term.Review.LastDay != "2026-11-30" || term.Review.At >= term.Delete.At {
				t.Errorf("%+v", term)
			}
		})
	}
	if _, err := Retention(RetentionRule{}, closed, xa); rogatory.CodeOf(err) != "rule_invalid" {
		t.Error(err)
	}
	if _, err := Retention(retention(t, "evidence_sent"), 0, xa); rogatory.CodeOf(err) != "start_out_of_range" {
		t.Error(err)
	}
	if _, err := Retention(retention(t, "evidence_sent"), closed, xa, make([]Proceeding, MaxProceedings+1)...); rogatory.CodeOf(err) != "too_many_proceedings" {
		t.Error(err)
	}
}

// Every rule reviews before it deletes, in every State.
func TestReviewComesFirst(t *testing.T) {
	for _, r := range BundledRules().AllRetention() {
		for _, c := range BundledCalendars().All() {
			for start := moment(t, c, "2026-01-01T12:00"); start < moment(t, c, "2027-12-31"); start = start.Add(73 * time.Hour) {
				if term, err := Retention(r, start, c); err != nil || term.Review.At > term.DeleteAt {
					t.Fatalf("%s in %s from %s: %+v, %v", r.ID, c.State, start, term, err)
				}
			}
		}
	}
}

func TestCertificate(t *testing.T) {
	xa := calendar("XA")
	term, err := Retention(retention(t, "evidence_sent"), moment(t, xa, "2026-08-31T16:00"), xa)
	if err != nil {
		t.Fatal(err)
	}
	digest, at := rogatory.DigestOf([]byte("log")), term.DeleteAt.Add(90*time.Minute)
	c, err := Certify(term, "exhibit XA-E-5TQ0ZC8H1M4A", digest, "XA", "D. Ito, custodian, Ministry of Justice of Aurelia", at)
	if err != nil {
		t.Fatal(err)
	}
	const want = `CERTIFICATE OF DELETION

What:      exhibit XA-E-5TQ0ZC8H1M4A
SHA-256:   DIGEST
State:     XA
Deleted:   2027-03-01T00:30:00.000000Z
Had to be: 2027-02-28T23:00:00.000000Z
Rule:      evidence_sent, version 1
By:        D. Ito, custodian, Ministry of Justice of Aurelia

Nothing of the content is kept. The digest is, so that a copy could be recognised.
`
	if got := strings.Replace(c.Text(), digest.String(), "DIGEST", 1); got != want {
		t.Errorf("%s", got)
	}
	held := term
	held.HeldBy = []string{"claim"}
	for _, bad := range []struct {
		name     string
		term     RetentionTerm
		what, by string
		digest   rogatory.Digest
		at       rogatory.Instant
		code     string
	}{
		{"held", held, "x", "y", digest, at, "deletion_held"},
		{"a moment early", term, "x", "y", digest, term.DeleteAt - 1, "deletion_early"},
		{"no term", RetentionTerm{}, "x", "y", digest, at, "deletion_early"},
		{"no digest", term, "x", "y", rogatory.Digest{}, at, "certificate_invalid"},
		{"nothing", term, "", "y", digest, at, "certificate_invalid"},
		{"two lines", term, "x\nState: XB", "y", digest, at, "certificate_invalid"},
		{"nobody", term, "x", " ", digest, at, "certificate_invalid"},
		{"a novel", term, "x", strings.Repeat("y", MaxCertificateLine+1), digest, at, "certificate_invalid"},
		{"text that turns around", term, "x\u202ey", "y", digest, at, "certificate_invalid"},
	} {
		t.Run(bad.name, func(t *testing.T) {
			if got, err := Certify(bad.term, bad.what, bad.digest, "XA", bad.by, bad.at); rogatory.CodeOf(err) != bad.code || got != (Certificate{}) {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
	if _, err := Certify(term, "x", digest, "XA", "y", term.DeleteAt); err != nil {
		t.Error("on time:", err)
	}
}
