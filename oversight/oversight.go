// SPDX-License-Identifier: Apache-2.0

// Package oversight is what a body needs that watches over an office without working in it: whom a message has to be
// sealed to, the feed that leaves nothing out, the patterns that give abuse away, fictitious requests that measure
// reviewers, and the comparison of two States' journals without showing a case.
//
// It promises that a Holding is the whole journal up to the checkpoint that it was held against: every leaf from the
// first on, opened, with each message that the entries name. It refuses a page with a gap, an entry that does not open
// its leaf, a message that is not the one the journal commits to, and a list that its body did not sign. It executes
// nothing: there is no way from here to an office but asking. All of it is values; there is no disk, clock or network.
// After an error a Holding is as it was.
//
// Trust: the office may withhold or alter anything; then the checkpoint that it published convicts it. It could publish
// no checkpoint at all: that is seen by everybody who reads its journal. The body is trusted with everything it reads.
package oversight

import (
	"bytes"
	"slices"

	"rogatory"
	"rogatory/envelope"
)

// Wanted returns what a message between the parties that is sent at that moment has to name: the fingerprints of the
// oversight bodies in force, ascending; nil if there are none.
func Wanted(at rogatory.Instant, parties ...rogatory.Party) []rogatory.Digest {
	var list []rogatory.Digest
	for _, p := range parties {
		for _, b := range p.OversightAt(at) {
			list = append(list, b.Fingerprint())
		}
	}
	slices.SortFunc(list, func(a, b rogatory.Digest) int { return bytes.Compare(a[:], b[:]) })
	return slices.Compact(list)
}

// Recipients returns the keys behind fingerprints that a message names. A body whose time has run out since is still
// sealed to, for the message is signed; one that the directory does not list any more is an error "oversight_missing".
func Recipients(list []rogatory.Digest, parties ...rogatory.Party) ([]string, error) {
	var found []string
	for _, d := range list {
		var one string
		for _, p := range parties {
			for _, b := range p.Oversight {
				if b.Fingerprint() == d {
					one = b.Recipient
				}
			}
		}
		if one == "" {
			return nil, rogatory.Fault(rogatory.Untrusted, missing, "the message names the oversight body %.12s, which the directory does not list", d).
				WithHint("keep a body in the directory for a month after its time has ended")
		}
		found = append(found, one)
	}
	return found, nil
}

// missing is the code where oversight was left out of a message.
const missing = "oversight_missing"

// CheckNames holds what a message names against the directory's entries of both States: exactly the bodies in force
// when it was sent.
func CheckNames(m rogatory.Message, parties ...rogatory.Party) error {
	want := Wanted(m.Sent, parties...)
	if slices.Equal(m.Oversight, want) {
		return nil
	}
	return rogatory.Fault(rogatory.Untrusted, missing, "the message names %d oversight bodies; the directory has %d in force for the two States when it was sent, and they are not the same", len(m.Oversight), len(want)).
		WithHint("bring the directory up to date and send it anew")
}

// CheckSealed wants a part of the envelope's header for the addressee and for each body that the message names. Whether
// a body's part opens only the body can say: that it is there is what another can check.
func CheckSealed(sealed []byte, m rogatory.Message) error {
	n, err := envelope.Stanzas(sealed)
	if err != nil {
		return err
	}
	if want := 1 + len(m.Oversight); n < want {
		return rogatory.Fault(rogatory.Untrusted, missing, "the envelope is sealed to %d recipients, the message names %d oversight bodies beside its addressee", n, want-1).
			WithHint("seal it to the bodies that it names and deliver it again")
	}
	return nil
}

// Standing says how the oversight of one State stands.
type Standing struct {
	State      rogatory.StateCode
	Configured bool             // a body of it is or was in force
	InForce    bool             // one is in force
	Until      rogatory.Instant // until when one is in force without a gap, or when the last one ended; zero if none is listed
}

// StandingOf tells the standing of a party at a moment. known says that a body of it was seen in force before: who strikes its
// body off the directory has not ended oversight. A first body that is announced for later stops nothing until then.
func StandingOf(p rogatory.Party, known bool, at rogatory.Instant) Standing {
	s := Standing{State: p.Code, Configured: known}
	for _, b := range p.Oversight {
		s.Configured = s.Configured || b.From <= at
		if now := b.InForce(at); now && !s.InForce {
			s.InForce, s.Until = true, b.Until
		} else if now == s.InForce {
			s.Until = max(s.Until, b.Until)
		}
	}
	for again := s.InForce; again; { // a successor that is named already, and its own
		again = false
		for _, b := range p.Oversight {
			if b.From <= s.Until && b.Until > s.Until {
				s.Until, again = b.Until, true
			}
		}
	}
	return s
}

// Stopped reports whether oversight was there and is not any more.
func (s Standing) Stopped() bool { return s.Configured && !s.InForce }

// MayBegin refuses an act that begins or prolongs an intrusive measure while the oversight of one of the two States is
// expired or missing: "oversight_expired". Everything else goes on.
func (r *Rules) MayBegin(kind rogatory.RequestKind, act rogatory.Act, standings ...Standing) error {
	if !slices.Contains(r.Intrusive.Kinds, kind) || !slices.Contains(r.Intrusive.Acts, act) {
		return nil
	}
	for _, s := range standings {
		if !s.Stopped() {
			continue
		}
		return rogatory.Fault(rogatory.Denied, "oversight_expired", "%s may not %s: %s", kind, act, s.Words()).
			WithHint("the State whose oversight lapsed names a body in its directory entry; what is not intrusive goes on meanwhile")
	}
	return nil
}

// Words says a standing for a line of the health, in plain English.
func (s Standing) Words() string {
	switch {
	case !s.Configured && s.Until != 0:
		return "the oversight body that the directory names of " + string(s.State) + " is not in force yet"
	case !s.Configured:
		return "the directory names no oversight body of " + string(s.State)
	case s.InForce:
		return "the oversight body of " + string(s.State) + " is named until " + s.Until.String()
	case s.Until == 0:
		return "the directory names the oversight body of " + string(s.State) + " no longer"
	}
	return "no oversight body of " + string(s.State) + " is in force; the last one named is until " + s.Until.String()
}
