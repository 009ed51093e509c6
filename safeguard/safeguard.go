// SPDX-License-Identifier: Apache-2.0

// Package safeguard is what protects people in this cooperation, as rules and figures: the policies that an act is
// judged by, the questions that a reviewer answers, how many people an act takes, and what makes a request too broad,
// repeated, disguised or answered with too much.
//
// It promises that nothing is granted or refused here: an [Opinion] says what is held, for whom and why, and people
// decide. A fact that is missing or odd, a policy that cannot be evaluated, an act or a kind that nobody knows, and a
// set without policies all mean held for a person, with the reason; never that something passes. Whatever a set of
// policies says, disclosure and content take two people of two roles ([Floor]). A national set adds to the Convention's
// own and takes nothing from it ([Join]).
//
// It refuses policies that do not fit the schema, whole, naming file and line: the set before stays. It keeps no list
// of people: privilege is asserted for one request, by a reviewer, on the sheet.
//
// Everything is a value: there is no clock, no disk and no state, and after an error nothing was loaded. What the rules
// say was not yet compared with the official text by a jurist where they are marked so.
package safeguard

import (
	"slices"

	"rogatory"
)

// Severity says what a finding asks of people. None of them refuses a request.
type Severity string

// The severities, the gravest first.
const (
	Block Severity = "block" // the act is not open until what is missing has been supplied
	Hold  Severity = "hold"  // a person decides, and writes down why
	Flag  Severity = "flag"  // shown to whoever decides
)

// rank orders severities; an unknown one is the gravest, so that a slip holds rather than lets pass.
func (s Severity) rank() int {
	switch s {
	case Flag:
		return 1
	case Hold:
		return 2
	}
	return 3
}

// Finding is one thing that people have to know, decide or supply.
type Finding struct {
	Code     string   `json:"code"`              // a policy's id, or one of the codes of this package
	Article  string   `json:"article,omitempty"` // of the Convention, or several
	Severity Severity `json:"severity"`
	// Advice is the key of a text in package language, or the text itself where a national set brings its own.
	Advice string `json:"advice"`
	// About names facts, questions, signals or rows that the finding rests on, as identifiers; for a fault of
	// evaluation, in words. It holds nothing that a person wrote.
	About []string `json:"about,omitempty"`
}

// Need is what an act takes of people.
type Need struct {
	People int `json:"people"` // different people, the author not among them
	Roles  int `json:"roles"`  // different roles among them
	// Of are roles each of which has to be among them.
	Of []rogatory.OfficerRole `json:"of,omitempty"`
	// Answer are the codes of findings that each have to be answered with a reason by one of them.
	Answer []string `json:"answer,omitempty"`
}

// Opinion is what the safeguards have to say of an act. It decides nothing.
type Opinion struct {
	Judged   bool            `json:"judged"`  // false: an act that the safeguards never stand in the way of
	Held     bool            `json:"held"`    // a person has to decide; true whenever Blocked is
	Blocked  bool            `json:"blocked"` // something has to be supplied before anybody can
	Need     Need            `json:"need"`
	Findings []Finding       `json:"findings,omitempty"` // the gravest first, then in the order of the set
	Set      rogatory.Digest `json:"set"`                // of the policies that were asked
	Trace    []Step          `json:"trace,omitempty"`    // every policy, and what it said
}

// Step is what one policy said.
type Step struct {
	Policy string `json:"policy"`
	Said   Said   `json:"said"`
	Why    string `json:"why,omitempty"` // of Failed
}

// Said is the answer of a policy.
type Said string

// The answers.
const (
	Fired  Said = "fired"
	Silent Said = "silent"
	Failed Said = "failed" // it could not be evaluated: held
)

// Grave reports whether the finding holds the act.
func (f Finding) Grave() bool { return f.Severity.rank() > Flag.rank() }

// found makes a finding of this package, whose words are under its code.
func found(code, article string, severity Severity, about ...string) Finding {
	return Finding{Code: code, Article: article, Severity: severity, Advice: "safeguard.finding." + code, About: about}
}

// group is what an act does to the people concerned. Acts that protect them or only talk belong to none.
type group string

const (
	asking     group = "asking"     // puts a request, or more of one, to the other State
	deciding   group = "deciding"   // takes it on
	executing  group = "executing"  // begins or prolongs a measure
	preserving group = "preserving" // keeps data from being lost; nobody sees them
	disclosing group = "disclosing" // lets the other State have something
	using      group = "using"      // other use, and handing on
	free       group = ""           // refusing, releasing, asking, reporting: never held back by a safeguard
)

// groups say what each act is. A test holds them against the lifecycle and the schema.
var groups = map[rogatory.Act]group{
	rogatory.Send: asking, rogatory.Supplement: asking, rogatory.Correct: asking, rogatory.Confirm: asking,
	rogatory.RequestExtension: asking, rogatory.ConfirmInWriting: asking,
	rogatory.Accept: deciding,
	rogatory.Start:  executing, rogatory.Extend: executing,
	rogatory.Preserve: preserving,
	rogatory.Offer:    disclosing, rogatory.DiscloseTraffic: disclosing, rogatory.Execute: disclosing,
	rogatory.AskConsent: using, rogatory.GiveConsent: using,

	rogatory.Draft: free, rogatory.Revise: free, rogatory.Acknowledge: free, rogatory.AskMore: free, rogatory.Consult: free,
	rogatory.Postpone: free, rogatory.Refuse: free, rogatory.Warn: free, rogatory.RevokeOffer: free, rogatory.Take: free,
	rogatory.Withdraw: free, rogatory.Release: free, rogatory.Close: free, rogatory.AskRelease: free, rogatory.Hear: free,
	rogatory.Represent: free, rogatory.Stop: free, rogatory.AskStatus: free, rogatory.TellStatus: free,
	rogatory.DiscussCosts: free, rogatory.Agree: free, rogatory.DenyConsent: free, rogatory.NotifyDisclosure: free,
	rogatory.ReportRecovery: free, rogatory.CertifyDeletion: free,
	rogatory.StartDrill: free, rogatory.EndDrill: free, rogatory.StateFigures: free, // of the desk: no case
}

// Judges reports whether an act is one that a safeguard may stand in the way of. What is not known is taken to be one.
func Judges(act rogatory.Act) bool {
	g, known := groups[act]
	return !known || g != free
}

// telling are the kinds whose request is itself a disclosure.
var telling = []rogatory.RequestKind{"spontaneous_information", "law_enforcement_information"}

// Discloses reports whether the act on a request of this kind lets the other State have information about people. What
// is not known is taken to do so.
func Discloses(kind rogatory.RequestKind, act rogatory.Act) bool {
	g, known := groups[act]
	return !known || g == disclosing || g == asking && slices.Contains(telling, kind)
}

// Floor is what an act takes whatever any set of policies says: two people of two roles for disclosure and for content,
// the emergency channel included; one for anything else that is judged. Preserving obtains nothing, so content may be
// preserved by one. No policy can go below it.
func Floor(f Facts) Need {
	g, known := groups[f.Act]
	switch {
	case Discloses(f.Kind, f.Act), known && g != free && g != preserving && f.Kind != rogatory.Preservation42 && f.content():
		return Need{People: 2, Roles: 2}
	case g == free:
		return Need{}
	}
	return Need{People: 1, Roles: 1}
}
