// SPDX-License-Identifier: Apache-2.0

package desk

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	"rogatory"
)

// PageState says how a page fares.
type PageState string

// The states. A page that was handed over may still not have been read: only an acknowledgement ends an
// escalation.
const (
	PageWaiting    PageState = "waiting"     // to be tried
	PageHandedOver PageState = "handed_over" // a provider took it
	PageFailed     PageState = "failed"      // no attempt is left
)

// Page is one attempt to wake one person on one channel. It names no case, and has no words: those are the
// pager's.
type Page struct {
	ID       string           `json:"id"`
	Person   string           `json:"person"`
	Channel  string           `json:"channel"`
	State    PageState        `json:"state"`
	Made     rogatory.Instant `json:"made"`
	Attempts []Attempt        `json:"attempts,omitempty"` // the delivery log
}

// Result is how an attempt ended.
type Result string

// The results.
const (
	Accepted Result = "accepted" // the provider has it
	Refused  Result = "refused"  // the provider will never take it, such as for an unknown number
	Silent   Result = "silent"   // no answer, or one that may differ later
)

// Attempt is one try to hand a page to a provider.
type Attempt struct {
	At     rogatory.Instant `json:"at"`
	Result Result           `json:"result"`
	Code   string           `json:"code,omitempty"` // of the error; never what a provider answered
}

// retries are the waits before each attempt. Together they are shorter than the shortest useful wait of a
// step: who cannot be reached in two minutes is not waited for.
var retries = []time.Duration{0, 5 * time.Second, 20 * time.Second, time.Minute}

// NewPage returns a page that waits for its first attempt.
func NewPage(id, person, channel string, now rogatory.Instant) Page {
	return Page{ID: id, Person: person, Channel: channel, State: PageWaiting, Made: now}
}

// TryAt says when a page is tried next; false if it is not tried again.
func (p Page) TryAt() (rogatory.Instant, bool) {
	n := len(p.Attempts)
	if p.State != PageWaiting || n >= len(retries) {
		return 0, false
	}
	if n == 0 {
		return p.Made, true
	}
	return p.Attempts[n-1].At.Add(retries[n]), true
}

// Tried returns the page after an attempt. The code of its error is page_over.
func (p Page) Tried(a Attempt) (Page, error) {
	if _, ok := p.TryAt(); !ok || !slices.Contains([]Result{Accepted, Refused, Silent}, a.Result) {
		return p, rogatory.Fault(rogatory.Conflict, "page_over", "page %.40s is %s: an attempt with the result %.20q does not fit", p.ID, p.State, a.Result)
	}
	p.Attempts = append(slices.Clone(p.Attempts), a)
	switch {
	case a.Result == Accepted:
		p.State = PageHandedOver
	case a.Result == Refused, len(p.Attempts) == len(retries):
		p.State = PageFailed
	}
	return p, nil
}

// Limits on secrets of acknowledgement.
const (
	MaxWrong   = 5              // wrong codes before one is worth nothing: one in 20 million is guessed
	SecretLife = 12 * time.Hour // who wakes up later uses the screen
	codeDigits = 8              // as many as people read over a bad line without a mistake
)

// Secret is what somebody shows to acknowledge an alarm without signing in: the token of a link, or a code.
// Only its digest is kept. It acknowledges one alarm, once, for the person who was paged, and opens nothing.
type Secret struct {
	Alarm   string           `json:"alarm"`
	Person  string           `json:"person"`
	How     How              `json:"how"`
	Digest  rogatory.Digest  `json:"digest"`
	Expires rogatory.Instant `json:"expires"`
	Used    rogatory.Instant `json:"used,omitzero"`
	Wrong   int              `json:"wrong,omitempty"` // how often something else was shown
}

// NewLink makes the token of a link from 32 random bytes, and what is kept of it.
func NewLink(random [32]byte, alarm, person string, now rogatory.Instant) (token string, kept Secret) {
	token = base64.RawURLEncoding.EncodeToString(random[:])
	return token, keep(ByLink, token, alarm, person, now)
}

// NewCode makes a code of eight digits from eight random bytes, in two groups for the ear and the eye, and what
// is kept of it.
func NewCode(random [8]byte, alarm, person string, now rogatory.Instant) (code string, kept Secret) {
	// Of 2^64 values the first few are likelier by one in 10^11: less than MaxWrong tries can use.
	n := binary.BigEndian.Uint64(random[:]) % 100_000_000
	digits := fmt.Sprintf("%0*d", codeDigits, n)
	return digits[:codeDigits/2] + " " + digits[codeDigits/2:], keep(ByCode, digits, alarm, person, now)
}

func keep(how How, text, alarm, person string, now rogatory.Instant) Secret {
	return Secret{Alarm: alarm, Person: person, How: how, Digest: digest(how, alarm, text), Expires: now.Add(SecretLife)}
}

// digest binds a secret to its way and its alarm. A code is short: who reads its digest can find it, and
// could as well read the alarm. The digest keeps codes out of logs and backups in clear.
func digest(how How, alarm, text string) rogatory.Digest {
	return sha256.Sum256(fmt.Appendf(nil, "rogatory page %s\n%q\n%s", how, alarm, text))
}

// Redeem compares what somebody showed with a secret, in constant time. When it fits, and was neither used
// nor is expired, the secret comes back used together with the acknowledgement. Otherwise an error says
// secret_wrong, secret_used, secret_expired, or secret_locked after MaxWrong wrong ones; the secret that
// comes back counts what was wrong and has to be stored in every case. Store it in the same transaction
// that stores the alarm: two who show one secret at once must not both succeed.
func (s Secret) Redeem(shown string, now rogatory.Instant) (Secret, Acknowledgement, error) {
	if s.Wrong >= MaxWrong {
		return s, Acknowledgement{}, s.fault(rogatory.Denied, "secret_locked", "was wrong too often")
	}
	if s.How == ByCode {
		shown = strings.Map(func(c rune) rune {
			if c == ' ' || c == '-' {
				return -1
			}
			return c
		}, shown)
	}
	given := digest(s.How, s.Alarm, shown)
	if subtle.ConstantTimeCompare(given[:], s.Digest[:]) != 1 {
		s.Wrong++
		return s, Acknowledgement{}, s.fault(rogatory.Denied, "secret_wrong", "is wrong")
	}
	switch {
	case s.Used != 0:
		return s, Acknowledgement{}, s.fault(rogatory.Conflict, "secret_used", "was used already")
	case now >= s.Expires:
		return s, Acknowledgement{}, s.fault(rogatory.Stale, "secret_expired", "is expired")
	}
	s.Used = now
	return s, Acknowledgement{By: s.Person, How: s.How, At: now}, nil
}

func (s Secret) fault(kind rogatory.Kind, code, what string) error {
	return rogatory.Fault(kind, code, "acknowledge by %s: it %s", s.How, what).WithHint("sign in and acknowledge on the screen")
}
