// SPDX-License-Identifier: Apache-2.0

package oversight

import (
	"cmp"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"rogatory"
)

// Case is one request as patterns look at it.
type Case struct {
	ID      rogatory.RequestID
	Peer    rogatory.StateCode // the other State
	Theirs  bool               // they asked
	Kind    rogatory.RequestKind
	Request rogatory.Request
	Asked   rogatory.Instant
	// Answered is the first thing that the requested State said, a mere receipt aside; zero if it said nothing.
	Answered rogatory.Instant
	// Decision is the last of accepted, refused or postponed. By is set where our own people decided.
	Decided  rogatory.Instant
	Decision rogatory.Act
	By       string
	// Attention is the most time that the person who decided can have given it: since the request came, or since the
	// same person last did something in the office, whichever is shorter; to have opened the request for the first time is such a thing. Nothing measures reading itself.
	Attention time.Duration
	Over      bool     // withdrawn by who asked: no answer is due
	Persons   []string // whom it names, in one form, sorted: mail, telephone and account names
	Networks  []string // addresses and networks that it names
	Seed      bool     // fictitious, made by the body itself
}

// Cases adds up the requests of a journal, in the order of their references.
func Cases(us rogatory.StateCode, records []Record) []Case {
	found := map[rogatory.RequestID]*Case{}
	last := map[string]rogatory.Instant{} // when each of our people last did something
	for _, r := range records {
		m, e := r.Message, r.Entry
		if m == nil {
			m = e.Said // on paper, or a seed
		}
		if m == nil || e.Type == rogatory.MessageRefused {
			if e.By.State == us && e.By.Role != rogatory.TheNode {
				last[e.By.Name] = e.At
			}
			continue
		}
		c := found[m.Request]
		if c == nil {
			if m.Act != rogatory.Send || m.Body.Request == nil {
				continue
			}
			c = &Case{ID: m.Request, Peer: m.To.State, Kind: m.Body.Request.Kind, Request: *m.Body.Request, Asked: e.At, Seed: e.Type == rogatory.OversightSeeded}
			if c.Theirs = m.From.State != us; c.Theirs {
				c.Peer = m.From.State
			}
			c.Persons, c.Networks = identifiers(c.Request)
			found[m.Request] = c
		} else {
			c.hear(us, *m, e.At, last)
		}
		if m.From.State == us && m.By.Role != rogatory.TheNode {
			last[m.By.Name] = e.At
		}
	}
	var all []Case
	for _, id := range slices.Sorted(maps.Keys(found)) {
		all = append(all, *found[id])
	}
	return all
}

// hear takes what either State said after the request.
func (c *Case) hear(us rogatory.StateCode, m rogatory.Message, at rogatory.Instant, last map[string]rogatory.Instant) {
	if asked := c.Theirs == (m.From.State != us); asked {
		c.Over = c.Over || m.Act == rogatory.Withdraw
		return
	}
	if c.Answered == 0 && m.Act != rogatory.TellStatus {
		c.Answered = at
	}
	switch m.Act {
	case rogatory.Accept, rogatory.Refuse, rogatory.Postpone:
		c.Decided, c.Decision = at, m.Act
		if m.From.State == us {
			c.By, c.Attention = m.By.Name, at.Sub(c.Asked)
			if before, ok := last[m.By.Name]; ok && at.Sub(before) < c.Attention {
				c.Attention = at.Sub(before)
			}
		}
	}
}

var (
	mailForm    = regexp.MustCompile(`[\pL\pN._%+-]+@[\pL\pN.-]+\.\pL{2,}`)
	phoneForm   = regexp.MustCompile(`\+[0-9][0-9 ()./-]{6,20}[0-9]`)
	accountForm = regexp.MustCompile(`(?:^|[\s(,;:])@([\pL\pN_.]{3,40})`)
	networkForm = regexp.MustCompile(`\b[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?:/[0-9]{1,2})?\b|\b[0-9a-fA-F]{1,4}(?::[0-9a-fA-F]{0,4}){2,7}(?:/[0-9]{1,3})?`)
)

// identifiers finds whom and what a request names, each in one form: mail addresses in small letters without what
// follows a plus, telephone numbers as digits, account names in small letters, networks as they are written canonically.
func identifiers(r rogatory.Request) (persons, networks []string) {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(r.Contents)) {
		b.WriteString(" " + r.Contents[name] + " ")
	}
	text := b.String()
	for _, m := range mailForm.FindAllString(text, -1) {
		local, domain, _ := strings.Cut(strings.ToLower(m), "@")
		local, _, _ = strings.Cut(local, "+")
		persons = append(persons, local+"@"+domain)
	}
	text = mailForm.ReplaceAllString(text, " ")
	for _, m := range phoneForm.FindAllString(text, -1) {
		persons = append(persons, "+"+strings.Map(digit, m))
	}
	for _, m := range accountForm.FindAllStringSubmatch(text, -1) {
		persons = append(persons, "@"+strings.Trim(strings.ToLower(m[1]), "."))
	}
	for _, m := range networkForm.FindAllString(text, -1) {
		if p, err := netip.ParsePrefix(m); err == nil {
			networks = append(networks, p.Masked().String())
		} else if a, err := netip.ParseAddr(m); err == nil {
			networks = append(networks, a.Unmap().String())
		}
	}
	slices.Sort(persons)
	slices.Sort(networks)
	return slices.Compact(persons), slices.Compact(networks)
}

func digit(r rune) rune {
	if r >= '0' && r <= '9' {
		return r
	}
	return -1
}

// wide reports whether a network has more addresses than a request about somebody needs.
func wide(network string, bits int) bool {
	p, err := netip.ParsePrefix(network)
	if err != nil {
		return false
	}
	if p.Addr().Is6() {
		return p.Bits() < bits+24 // a /48 is what one site has, as a /24 was
	}
	return p.Bits() < bits
}

// everybody are ways to ask about all who did something. They are signs for a person to look, in the languages in
// which requests are mostly written; that a text has none of them says nothing.
var everybody = []string{"all users", "all subscribers", "all visitors", "everyone who", "anyone who", "all accounts", "all persons", "any device",
	"tous les utilisateurs", "tous les abonnés", "todos los usuarios", "todos los abonados", "все пользователи", "всех пользователей", "所有用户", "جميع المستخدمين", "tất cả người dùng", "ผู้ใช้ทั้งหมด"}

// broad reports whether a request asks about many at once.
func (c Case) broad(l Limits) bool {
	if len(c.Persons)+len(c.Networks) > l.Identifiers || slices.ContainsFunc(c.Networks, func(n string) bool { return wide(n, l.Prefix) }) {
		return true
	}
	for _, text := range c.Request.Contents {
		low := strings.ToLower(text)
		if strings.Contains(low, "*@") || strings.Contains(low, "@*") || slices.ContainsFunc(everybody, func(w string) bool { return strings.Contains(low, w) }) {
			return true
		}
	}
	return false
}

// median of durations; zero of none.
func median(all []time.Duration) time.Duration {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.SortedFunc(slices.Values(all), cmp.Compare[time.Duration])
	return sorted[(len(sorted)-1)/2]
}
