// SPDX-License-Identifier: Apache-2.0

package desk

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"rogatory"
)

// Limits on an escalation.
const (
	MaxPolicies = 20
	MaxChannels = 50
	MaxSteps    = 10 // more people than a desk has levels
	MaxCycles   = 20 // an alarm that nobody answers this often needs the last resort, not another page
	MinWait     = 30 * time.Second
	MaxWait     = 24 * time.Hour // nothing that pages people can wait longer
	maxResort   = 300            // characters
	maxKinds    = 100            // the Convention has about thirty
)

// ChannelKind is how a page travels.
type ChannelKind string

// The kinds of channels.
const (
	Mail    ChannelKind = "mail"
	Webhook ChannelKind = "webhook"
	SMS     ChannelKind = "sms"
	Voice   ChannelKind = "voice"
	Matrix  ChannelKind = "matrix"
)

// Channel is one way to a person. Two channels of one provider fail together, so that the provider is named.
type Channel struct {
	ID       string      `json:"id"`
	Kind     ChannelKind `json:"kind"`
	Provider string      `json:"provider"` // whose network or machines carry the page
}

// Target says whom a step of an escalation pages.
type Target string

// The targets.
const (
	ToDuty     Target = "on_duty"  // who is on duty when the page is made
	ToFallback Target = "fallback" // the rota's fallback person
	ToHead     Target = "head"     // the head of the office
	ToRole     Target = "role"     // everybody with a role
)

// Step pages somebody on all its channels at once, and waits for an acknowledgement.
type Step struct {
	To       Target   `json:"to"`
	Role     string   `json:"role,omitempty"` // only with the target "role"
	Channels []string `json:"channels"`
	Wait     int64    `json:"wait_seconds"` // before the next step
}

// Policy says whom to wake, in which order, how often, and what remains when nobody answers.
type Policy struct {
	ID     string `json:"id"`
	Urgent bool   `json:"urgent"` // for urgent requests: each step needs two channels by different providers
	// Kinds are the kinds of request for which this policy wakes, beside those that the rules call urgent.
	Kinds      []string `json:"kinds,omitempty"`
	Steps      []Step   `json:"steps"`
	Cycles     int      `json:"cycles"`      // how often the steps are gone through
	LastResort string   `json:"last_resort"` // what people are to do then, in words
}

// Escalation is the channels and policies of an office.
type Escalation struct {
	Version  string    `json:"version"`
	Channels []Channel `json:"channels"`
	Policies []Policy  `json:"policies"`
}

// LoadEscalation reads a file of channels and policies; name is for errors. Unknown members, channels and
// targets, a policy without a last resort, and one for urgent requests with a step that relies on one
// provider are refused with the code data_invalid and the line. Nothing is returned with an error.
func LoadEscalation(name string, data []byte) (*Escalation, error) {
	var e Escalation
	file, err := form.Read(name, data, &e)
	if err != nil {
		return nil, err
	}
	if err := e.validate(); err != nil {
		return nil, refuse(file, err)
	}
	return &e, nil
}

// Policy returns the policy with an id. The code of its error is policy_unknown.
func (e *Escalation) Policy(id string) (Policy, error) {
	for _, p := range e.Policies {
		if p.ID == id {
			return p, nil
		}
	}
	return Policy{}, rogatory.Fault(rogatory.NotFound, "policy_unknown", "escalation %s has no policy %.60q", e.Version, id)
}

// Channel returns the channel with an id.
func (e *Escalation) Channel(id string) (Channel, bool) {
	for _, c := range e.Channels {
		if c.ID == id {
			return c, true
		}
	}
	return Channel{}, false
}

func (e *Escalation) validate() error {
	switch {
	case !versionForm.MatchString(e.Version):
		return in(path("version"), fmt.Errorf("%.60q is no version: write 2026-11-25.1", e.Version))
	case len(e.Channels) > MaxChannels:
		return in(path("channels"), fmt.Errorf("%d channels, at most %d are read", len(e.Channels), MaxChannels))
	case len(e.Policies) == 0 || len(e.Policies) > MaxPolicies:
		return in(path("policies"), fmt.Errorf("%d policies: from 1 to %d are read", len(e.Policies), MaxPolicies))
	}
	seen := names{}
	for i, c := range e.Channels {
		place := path("channels", i)
		if err := seen.add(c.ID); err != nil {
			return in(place, err)
		}
		if !slices.Contains([]ChannelKind{Mail, Webhook, SMS, Voice, Matrix}, c.Kind) {
			return in(place, fmt.Errorf("kind %.20q: write mail, webhook, sms, voice or matrix", c.Kind))
		}
		if provider(c) == "" || len(c.Provider) > maxName || !plainText(c.Provider) {
			return in(place, fmt.Errorf("the provider of %q is missing, longer than %d bytes, or not one line", c.ID, maxName))
		}
	}
	seen = names{}
	for i, p := range e.Policies {
		place := path("policies", i)
		if err := seen.add(p.ID); err != nil {
			return in(place, err)
		}
		if err := e.validatePolicy(place, p); err != nil {
			return err
		}
	}
	return nil
}

func (e *Escalation) validatePolicy(place []any, p Policy) error {
	switch {
	case len(p.Steps) == 0 || len(p.Steps) > MaxSteps:
		return in(place, fmt.Errorf("%d steps: from 1 to %d are read", len(p.Steps), MaxSteps))
	case p.Cycles < 1 || p.Cycles > MaxCycles:
		return in(place, fmt.Errorf("%d cycles: from 1 to %d can be given", p.Cycles, MaxCycles))
	case len(p.Kinds) > maxKinds || slices.ContainsFunc(p.Kinds, func(k string) bool { return k == "" || len(k) > maxName || !plainText(k) }):
		return in(place, fmt.Errorf("kinds: at most %d names of kinds of request are read", maxKinds))
	case strings.TrimSpace(p.LastResort) == "" || len(p.LastResort) > maxResort || !plainText(p.LastResort):
		return in(place, fmt.Errorf("the last resort is missing, longer than %d bytes, or not one line", maxResort))
	}
	for i, s := range p.Steps {
		if err := e.validateStep(p.Urgent, s); err != nil {
			return in(append(slices.Clone(place), "steps", i), err)
		}
	}
	return nil
}

func (e *Escalation) validateStep(urgent bool, s Step) error {
	if !slices.Contains([]Target{ToDuty, ToFallback, ToHead, ToRole}, s.To) {
		return fmt.Errorf("to %.20q: write on_duty, fallback, head or role", s.To)
	}
	if (s.To == ToRole) != (s.Role != "") {
		return fmt.Errorf("a role is named for the target %q, and for no other", ToRole)
	}
	if s.Wait < int64(MinWait/time.Second) || s.Wait > int64(MaxWait/time.Second) {
		return fmt.Errorf("wait_seconds %d: from %d to %d can be given", s.Wait, int64(MinWait/time.Second), int64(MaxWait/time.Second))
	}
	if len(s.Channels) == 0 {
		return fmt.Errorf("no channels are named")
	}
	seen, providers := map[string]bool{}, map[string]bool{}
	for _, id := range s.Channels {
		c, ok := e.Channel(id)
		if !ok || seen[id] {
			return fmt.Errorf("channel %.60q is unknown or there twice", id)
		}
		seen[id], providers[provider(c)] = true, true
	}
	if urgent && len(providers) < 2 {
		return fmt.Errorf("an urgent request needs two channels by different providers; all of these are by %s", providerNames(providers))
	}
	return nil
}

func provider(c Channel) string {
	return strings.ToLower(strings.Join(strings.Fields(c.Provider), " "))
}

func providerNames(set map[string]bool) string {
	var list []string
	for name := range set {
		list = append(list, fmt.Sprintf("%q", name))
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

// Validate refuses a policy that, with a rota, has a step for a role which nobody has. Its code is
// role_empty.
func (e *Escalation) Validate(r *Rota) error {
	for _, p := range e.Policies {
		for i, s := range p.Steps {
			if len(Recipients(r, s, 0)) == 0 {
				return rogatory.Fault(rogatory.Invalid, "role_empty", "policy %q, step %d: nobody in the rota %s has the role %q", p.ID, i+1, r.Version, s.Role).
					WithHint("give somebody the role, or name another target")
			}
		}
	}
	return nil
}

// Recipients returns whom a step pages at a moment.
func Recipients(r *Rota, s Step, at rogatory.Instant) []Person {
	id := ""
	switch s.To {
	case ToDuty:
		id = r.holder(at).person
	case ToFallback:
		id = r.Fallback
	case ToHead:
		id = r.Head
	case ToRole:
		var list []Person
		for _, p := range r.People {
			if slices.Contains(p.Roles, s.Role) {
				list = append(list, p)
			}
		}
		return list
	}
	if p, ok := r.Person(id); ok {
		return []Person{p}
	}
	return nil
}

// Alarm is why people are woken, and what was done to wake them. It does not say what waits.
type Alarm struct {
	ID           string           `json:"id"` // random; no reference of a case
	Policy       string           `json:"policy"`
	Test         bool             `json:"test,omitempty"`
	Opened       rogatory.Instant `json:"opened"`
	Taken        []Taken          `json:"taken,omitempty"` // steps, in order
	Acknowledged *Acknowledgement `json:"acknowledged,omitempty"`
	Withdrawn    rogatory.Instant `json:"withdrawn,omitzero"` // what waited waits no more
	GivenUp      rogatory.Instant `json:"given_up,omitzero"`  // the last resort was named
}

// Taken is one step that was taken: the pages it made. A step that found nobody to page has none.
type Taken struct {
	Cycle int              `json:"cycle"` // from 1
	Step  int              `json:"step"`  // from 0
	At    rogatory.Instant `json:"at"`
	Pages []Page           `json:"pages,omitempty"`
}

// failed reports whether it is certain that nobody was reached.
func (t Taken) failed() bool {
	return !slices.ContainsFunc(t.Pages, func(p Page) bool { return p.State != PageFailed })
}

// Action is what is to be done about an alarm.
type Action string

// The actions.
const (
	Send   Action = "page"        // page the recipients of the step on its channels, and record it as taken
	Wait   Action = "wait"        // nothing until LookAgain
	GiveUp Action = "last_resort" // name the last resort loudly, and record when
	Stop   Action = "stop"        // nothing more, ever
)

// Decision is what an escalation says at a moment.
type Decision struct {
	Do         Action           `json:"do"`
	Cycle      int              `json:"cycle,omitempty"` // of the step to take, from 1
	Number     int              `json:"number,omitempty"`
	Step       Step             `json:"step,omitzero"`
	LastResort string           `json:"last_resort,omitempty"`
	LookAgain  rogatory.Instant `json:"look_again,omitzero"` // when to ask again; zero: not before something happens
	Why        string           `json:"why"`
}

// Escalate says what to do next about an alarm. An acknowledgement or a withdrawal stops it. Each step comes
// its predecessor's wait after that was taken, however late that was: after a time without the program
// nothing is passed over and nothing comes in a burst. When all pages of a step failed, the next step of the
// same cycle comes at once; a new cycle never does, so that a short outage does not use up the cycles. A
// clock that was set back does not make the wait longer. When all cycles are over, the last resort is named
// once.
func Escalate(p Policy, a Alarm, now rogatory.Instant) Decision {
	switch {
	case a.Acknowledged != nil:
		return Decision{Do: Stop, Why: "acknowledged by " + a.Acknowledged.By}
	case a.Withdrawn != 0:
		return Decision{Do: Stop, Why: "what waited waits no more"}
	case a.GivenUp != 0:
		return Decision{Do: Stop, Why: "nobody answered, and the last resort was named"}
	case len(p.Steps) == 0:
		return Decision{Do: GiveUp, LastResort: p.LastResort, Why: "the policy has no steps"}
	}
	n := len(a.Taken)
	if n > 0 {
		last := a.Taken[n-1]
		wait := time.Duration(p.Steps[(n-1)%len(p.Steps)].Wait) * time.Second
		due, why := last.At.Add(wait), "the wait is over without an acknowledgement"
		if last.failed() && n%len(p.Steps) != 0 {
			due, why = last.At, "nobody was reached"
		}
		if now < due && last.At.Sub(now) <= wait {
			return Decision{Do: Wait, LookAgain: due, Why: "an acknowledgement is waited for"}
		}
		if n >= len(p.Steps)*p.Cycles {
			return Decision{Do: GiveUp, LastResort: p.LastResort, Why: fmt.Sprintf("nobody answered %d pages in %d cycles", pages(a), p.Cycles)}
		}
		return p.send(n, now, why)
	}
	return p.send(0, now, "the alarm was raised")
}

func (p Policy) send(n int, now rogatory.Instant, why string) Decision {
	s := p.Steps[n%len(p.Steps)]
	return Decision{Do: Send, Cycle: n/len(p.Steps) + 1, Number: n % len(p.Steps), Step: s,
		LookAgain: now.Add(time.Duration(s.Wait) * time.Second), Why: why}
}

func pages(a Alarm) (n int) {
	for _, t := range a.Taken {
		n += len(t.Pages)
	}
	return n
}

// Take returns the alarm with a step taken, as a decision to page said. The code of its error is
// alarm_over.
func (a Alarm) Take(d Decision, pages []Page, now rogatory.Instant) (Alarm, error) {
	if err := a.open(); err != nil || d.Do != Send {
		return a, rogatory.Fault(rogatory.Conflict, "alarm_over", "take a step of alarm %.40s: there is none to take", a.ID)
	}
	a.Taken = append(slices.Clone(a.Taken), Taken{Cycle: d.Cycle, Step: d.Number, At: now, Pages: slices.Clone(pages)})
	return a, nil
}

func (a Alarm) open() error {
	switch {
	case a.Acknowledged != nil:
		return rogatory.Fault(rogatory.Conflict, "already_acknowledged", "alarm %.40s was acknowledged by %s at %s", a.ID, a.Acknowledged.By, a.Acknowledged.At)
	case a.Withdrawn != 0:
		return rogatory.Fault(rogatory.Conflict, "alarm_over", "alarm %.40s was withdrawn at %s", a.ID, a.Withdrawn)
	}
	return nil
}

// How says in which way somebody acknowledged.
type How string

// The ways.
const (
	ByLink   How = "link"
	ByCode   How = "code"
	ByScreen How = "screen"
)

// Acknowledgement is that a person has taken an alarm. From then on nobody is paged for it.
type Acknowledgement struct {
	By  string           `json:"by"` // a person's id; with a link or a code, the one who was paged
	How How              `json:"how"`
	At  rogatory.Instant `json:"at"`
}

// Acknowledge returns the alarm as taken by a person. Also after it was given up, since late is better than
// never. The first counts: a second is refused with the code already_acknowledged, and one of an alarm that
// was withdrawn with alarm_over.
func (a Alarm) Acknowledge(k Acknowledgement) (Alarm, error) {
	if err := a.open(); err != nil {
		return a, err
	}
	if k.By == "" || k.At == 0 || !slices.Contains([]How{ByLink, ByCode, ByScreen}, k.How) {
		return a, rogatory.Fault(rogatory.Invalid, "acknowledgement_invalid", "acknowledge alarm %.40s: who, when or how is missing", a.ID)
	}
	a.Acknowledged = &k
	return a, nil
}

// TestDue says whether the test page of a shift is to be made now: once in each shift, at its beginning or,
// if the program was away, as soon as it is back. Made is when the last test page was made. Otherwise it
// says when to look again; zero when the shift's end is not known.
func TestDue(shift Duty, made, now rogatory.Instant) (due bool, again rogatory.Instant) {
	return !shift.Gap() && (made == 0 || made < shift.Since), shift.Until
}
