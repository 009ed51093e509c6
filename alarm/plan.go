// SPDX-License-Identifier: Apache-2.0

package alarm

import (
	"fmt"
	"slices"
	"strings"

	"rogatory"
	"rogatory/desk"
	"rogatory/pager"
	"rogatory/treaty"
)

// Plan is what the desk goes by: who is on duty, who is woken in which order, and by what means. Any part
// may be missing; then nobody is paged.
type Plan struct {
	Rota       *desk.Rota
	Escalation *desk.Escalation
	Pager      *pager.Config
	Routes     []pager.Route // of Pager
}

// Pages reports whether people are paged: whether nothing is missing.
func (p *Plan) Pages() bool {
	return p != nil && p.Rota != nil && p.Escalation != nil && p.Pager != nil
}

// Missing names the parts that are not there.
func (p *Plan) Missing() []string {
	var list []string
	for _, part := range []struct {
		name string
		here bool
	}{{"rota", p != nil && p.Rota != nil}, {"escalation", p != nil && p.Escalation != nil}, {"pager", p != nil && p.Pager != nil}} {
		if !part.here {
			list = append(list, part.name)
		}
	}
	return list
}

// Check refuses parts that do not fit together: a role that nobody has, and channels of the escalation that
// the pager does not have so (channels_differ, naming them all).
func (p *Plan) Check() error {
	if p.Rota != nil && p.Escalation != nil {
		if err := p.Escalation.Validate(p.Rota); err != nil {
			return err
		}
	}
	if p.Escalation != nil && p.Pager != nil {
		return Match(p.Escalation, *p.Pager)
	}
	return nil
}

// means says which kinds of channel of an escalation a channel of the pager can be.
func means(c pager.ChannelConfig) []desk.ChannelKind {
	switch {
	case c.SMTP != nil:
		return []desk.ChannelKind{desk.Mail}
	case c.Webhook != nil:
		return []desk.ChannelKind{desk.Webhook}
	case c.Gateway != nil:
		return []desk.ChannelKind{desk.SMS, desk.Voice}
	}
	return []desk.ChannelKind{desk.Matrix}
}

// providerName makes the names of providers of both files comparable: small letters and hyphens.
func providerName(s string) string { return strings.Join(strings.Fields(strings.ToLower(s)), "-") }

// Match holds the channels of an escalation against those of the pager: the same names, kinds and providers.
// Otherwise two providers would be promised that are one. The pager may have more. The code of its error is
// channels_differ.
func Match(e *desk.Escalation, c pager.Config) error {
	var wrong []string
	for _, want := range e.Channels {
		i := slices.IndexFunc(c.Channels, func(h pager.ChannelConfig) bool { return h.Name == want.ID })
		switch {
		case i < 0:
			wrong = append(wrong, fmt.Sprintf("%q is not in the pager's configuration", want.ID))
		case !slices.Contains(means(c.Channels[i]), want.Kind):
			wrong = append(wrong, fmt.Sprintf("%q is of the kind %s, and the pager has another means by that name", want.ID, want.Kind))
		case providerName(want.Provider) != providerName(c.Channels[i].Provider):
			wrong = append(wrong, fmt.Sprintf("%q has the provider %q, and for the pager %q", want.ID, want.Provider, c.Channels[i].Provider))
		}
	}
	if len(wrong) > 0 {
		return rogatory.Fault(rogatory.Invalid, "channels_differ", "channels of escalation %s: %s", e.Version, strings.Join(wrong, "; ")).
			WithHint("give a channel the same name, kind and provider in both files")
	}
	return nil
}

// The policies that are known by their identifier.
const (
	RoutinePolicy = "routine" // for every other request; without it nobody is paged for those
	TestPolicy    = "test"    // for the test page of each shift; without it there is none
)

// policyFor is the policy by which a request of a kind wakes: the first that names the kind, for an urgent one
// otherwise the first that is for urgent requests, for any other the routine policy.
//
// A drill wakes as an emergency does: otherwise something else would be drilled than what is needed then.
func (p *Plan) policyFor(kind treaty.Kind) (desk.Policy, pager.Urgency, bool) {
	list := p.Escalation.Policies
	names := string(kind.ID)
	if kind.ID == rogatory.ContactDrill {
		names = string(rogatory.EmergencyData)
	}
	i := slices.IndexFunc(list, func(p desk.Policy) bool { return slices.Contains(p.Kinds, names) })
	if i < 0 && kind.Urgent {
		i = slices.IndexFunc(list, func(p desk.Policy) bool { return p.Urgent })
	}
	if i < 0 && !kind.Urgent {
		i = slices.IndexFunc(list, func(p desk.Policy) bool { return p.ID == RoutinePolicy })
	}
	if i < 0 {
		return desk.Policy{}, "", false
	}
	switch {
	case kind.ID == rogatory.ContactDrill:
		return list[i], pager.Drill, true
	case kind.ID == rogatory.EmergencyData:
		return list[i], pager.Emergency, true
	case kind.Urgent || list[i].Urgent:
		return list[i], pager.Urgent, true
	}
	return list[i], pager.Routine, true
}

// policyOf is the policy of an alarm. If its own is gone from a changed file, the first for urgent requests
// takes its place, or the first: an alarm is never left without anybody to wake.
func (p *Plan) policyOf(id string) desk.Policy {
	if policy, err := p.Escalation.Policy(id); err == nil {
		return policy
	}
	i := slices.IndexFunc(p.Escalation.Policies, func(p desk.Policy) bool { return p.Urgent })
	return p.Escalation.Policies[max(i, 0)]
}

// Unaddressed names who would not be reached: people of the rota without an address on any channel.
func (p *Plan) Unaddressed() []string {
	var list []string
	for _, person := range p.Rota.People {
		if len(p.Pager.People[person.ID]) == 0 {
			list = append(list, person.ID)
		}
	}
	return list
}

func (p *Plan) route(channel string) (pager.Route, bool) {
	i := slices.IndexFunc(p.Routes, func(r pager.Route) bool { return r.Name == channel })
	if i < 0 {
		return pager.Route{}, false
	}
	return p.Routes[i], true
}
