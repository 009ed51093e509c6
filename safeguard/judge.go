// SPDX-License-Identifier: Apache-2.0

package safeguard

import (
	"fmt"
	"slices"

	"github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"

	"rogatory"
)

// The findings of Judge that come from no policy. Each holds.
const (
	NoPolicies  = "no_policies"   // the set is empty
	UnknownAct  = "unknown_act"   // an act, side, mode or kind that nobody knows
	FactMissing = "fact_missing"  // a fact is not known
	FactOdd     = "fact_odd"      // a fact has no form that is known
	PolicyFault = "policy_failed" // a policy could not be evaluated
)

// codes are the codes of findings of this package, which no policy may take for an id.
var codes = []string{
	NoPolicies, UnknownAct, FactMissing, FactOdd, PolicyFault,
	TooFewPeople, TooFewRoles, RoleMissing, SamePerson, SameDevice, AuthorVotes, RoleMayNot, AnswerMissing, VoteBroken,
	DissentUnreasoned, AnswerUnknown, ReasonShort, ReasonRepeated, ReasonCopied, QuestionUnknown, QuestionUnanswered, ElementsMissing, ElementOpen,
}

// Judge says what the safeguards have to say of an act. It always answers: whatever is missing, odd, unknown or failing
// becomes a finding that holds the act for a person. It never fails, grants or refuses.
func (s Set) Judge(f Facts) Opinion {
	o := Opinion{Judged: true, Need: Floor(f), Set: s.digest}
	g, known := groups[f.Act]
	if known && g == free {
		return Opinion{Set: s.digest}
	}
	schema := readSchema()
	request := cedar.Request{
		Principal: cedar.NewEntityUID("Side", cedar.String(f.Side)),
		Action:    cedar.NewEntityUID("Action", cedar.String(f.Act)),
		Resource:  cedar.NewEntityUID("Kind", cedar.String(f.Kind)),
	}
	var unknown []string
	for name, ok := range map[string]bool{
		"act": known, "side": schema.knows(request.Principal), "kind": schema.knows(request.Resource),
		"mode": f.Mode == rogatory.Live || f.Mode == rogatory.Exercise,
	} {
		if !ok {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	context, missing, odd := f.context(schema)
	request.Context = context
	for _, odds := range []struct {
		code  string
		about []string
	}{{UnknownAct, unknown}, {FactMissing, missing}, {FactOdd, odd}} {
		if len(odds.about) > 0 {
			o.Findings = append(o.Findings, found(odds.code, "24(1)", Hold, odds.about...))
		}
	}
	if len(s.policies) == 0 || s.cedar == nil {
		o.Findings = append(o.Findings, found(NoPolicies, "24(1)", Hold))
	} else {
		o.ask(s, schema, request)
	}
	o.settle()
	return o
}

// ask lets every policy speak.
func (o *Opinion) ask(s Set, schema *schema, request cedar.Request) {
	fired, failed := map[string]bool{}, map[string]string{}
	func() {
		defer func() {
			if r := recover(); r != nil { // a defect of the engine holds; it does not let pass
				for _, p := range s.policies {
					failed[p.ID] = fmt.Sprint(r)
				}
			}
		}()
		_, said := cedar.Authorize(s.cedar, types.EntityGetter(schema.actions), request)
		for _, r := range said.Reasons {
			fired[string(r.PolicyID)] = true
		}
		for _, e := range said.Errors {
			failed[string(e.PolicyID)] = e.Message
		}
	}()
	for _, p := range s.policies {
		step := Step{Policy: p.ID, Said: Silent}
		switch why, broken := failed[p.ID]; {
		case broken:
			step.Said, step.Why = Failed, why
			o.Findings = append(o.Findings, found(PolicyFault, p.Article, Hold, p.ID))
		case fired[p.ID]:
			step.Said = Fired
			o.Findings = append(o.Findings, Finding{Code: p.ID, Article: p.Article, Severity: p.Severity, Advice: p.Advice, About: p.Facts})
			o.Need.People = max(o.Need.People, p.Quorum)
			for _, r := range p.Roles {
				o.Need.Of = append(o.Need.Of, rogatory.OfficerRole(r))
			}
		}
		o.Trace = append(o.Trace, step)
	}
}

// settle draws from the findings what is held, and by how many people it can be decided.
func (o *Opinion) settle() {
	slices.SortStableFunc(o.Findings, func(a, b Finding) int { return b.Severity.rank() - a.Severity.rank() })
	for _, f := range o.Findings {
		o.Held = o.Held || f.Grave()
		o.Blocked = o.Blocked || f.Severity.rank() > Hold.rank()
		if f.Grave() && !slices.Contains(o.Need.Answer, f.Code) {
			o.Need.Answer = append(o.Need.Answer, f.Code)
		}
	}
	if o.Need.People > 1 {
		o.Need.Roles = max(o.Need.Roles, 2)
	}
	slices.Sort(o.Need.Of)
	o.Need.Of = slices.Compact(o.Need.Of)
}

// Decided lists the policies that fired, in the order of the set: which rule decided that the act is held.
func (o Opinion) Decided() []string {
	var all []string
	for _, s := range o.Trace {
		if s.Said != Silent {
			all = append(all, s.Policy)
		}
	}
	return all
}
