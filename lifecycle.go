// SPDX-License-Identifier: Apache-2.0

package rogatory

import "slices"

// State is where a request stands. Both States see the same one once their messages have crossed.
type State string

// The states of a request.
const (
	Drafted          State = "drafted"           // with its author; not yet sent
	Requested        State = "requested"         // sent, waiting for a person in the requested State
	Acknowledged     State = "acknowledged"      // a person has it
	NeedsInformation State = "needs_information" // Art 40(16)
	Consulting       State = "consulting"        // Art 40(28)
	Postponed        State = "postponed"         // Art 40(27)
	Accepted         State = "accepted"          // being executed
	Warned           State = "warned"            // Art 42(7): preservation may be futile or endanger the case
	Preserved        State = "preserved"         // Art 42
	InForce          State = "in_force"          // a measure runs: collection, interception, freeze, arrest
	Ended            State = "ended"             // the measure was stopped or ran out
	Executed         State = "executed"
	Refused          State = "refused" // Art 40(21), (25)
	Withdrawn        State = "withdrawn"
	Released         State = "released" // preservation ended
	Closed           State = "closed"
)

// Act is what moves a request. Every act but Draft and Revise is a signed message to the other State.
type Act string

// The acts.
const (
	Draft            Act = "draft"
	Revise           Act = "revise"
	Send             Act = "send"
	Acknowledge      Act = "acknowledge"
	AskMore          Act = "ask"
	Supplement       Act = "supplement"
	Consult          Act = "consult"
	Accept           Act = "accept"
	Postpone         Act = "postpone"
	Refuse           Act = "refuse"
	Warn             Act = "warn"
	Confirm          Act = "confirm"
	Preserve         Act = "preserve"
	RequestExtension Act = "request_extension"
	Extend           Act = "extend"
	Offer            Act = "offer"
	RevokeOffer      Act = "revoke_offer"
	Take             Act = "take"
	Execute          Act = "execute"
	Withdraw         Act = "withdraw"
	Release          Act = "release"
	Close            Act = "close"

	// A measure that runs for a time: real-time collection, interception, freeze, provisional arrest.
	Start      Act = "start"
	AskRelease Act = "ask_release" // the requesting State asks that the measure be lifted at once
	Hear       Act = "hear"        // lifting is announced and the requesting State heard first, Art 50(8)
	Represent  Act = "represent"   // what the requesting State says to that
	Stop       Act = "stop"

	// What the two States say to each other without moving the request.
	AskStatus        Act = "ask_status"
	TellStatus       Act = "tell_status"
	Correct          Act = "correct" // an error in what was said before
	DiscussCosts     Act = "discuss_costs"
	Agree            Act = "agree" // to the conditions of an acceptance: they bind from here on
	AskConsent       Act = "ask_consent"
	GiveConsent      Act = "give_consent"
	DenyConsent      Act = "deny_consent"
	NotifyDisclosure Act = "notify_disclosure" // of exculpatory material, to an accused
	DiscloseTraffic  Act = "disclose_traffic"  // Art 43, unasked, within a preservation
	ReportRecovery   Act = "report_recovery"   // what of a loss was frozen and returned
	ConfirmInWriting Act = "confirm_in_writing"
	CertifyDeletion  Act = "certify_deletion" // of an exhibit: the other State may match the digest

	// A drill, which is of no case: it is begun without a draft, ended by the node, and counted afterwards.
	StartDrill   Act = "drill"
	EndDrill     Act = "end_drill"
	StateFigures Act = "state_figures" // what a State measured of the drills of a period
)

// Side is a State's part in a request.
type Side string

// The two sides.
const (
	RequestingSide Side = "requesting"
	RequestedSide  Side = "requested"
)

// Other returns the opposite side.
func (s Side) Other() Side {
	if s == RequestingSide {
		return RequestedSide
	}
	return RequestingSide
}

// OfficerRole is what a person of the office may do.
type OfficerRole string

// The roles of people. Seeing is not in the table below: every role may read what its office holds,
// and an oversight body reads everything.
const (
	DutyOfficer   OfficerRole = "officer"       // composes, acknowledges, asks, supplements
	Decider       OfficerRole = "decider"       // prosecutor, judge or central-authority lawyer: sends and decides
	Custodian     OfficerRole = "custodian"     // seals, opens and hands over exhibits
	Administrator OfficerRole = "administrator" // runs the node; sees no case content
	Overseer      OfficerRole = "oversight"     // reads everything, does nothing
	TheNode       OfficerRole = "node"          // acts that the software itself performs, such as expiry
)

// Transition is one row of the lifecycle.
type Transition struct {
	From    []State
	Act     Act
	To      State
	By      Side
	Roles   []OfficerRole
	Article string
}

var (
	undecided = []State{Requested, Acknowledged, NeedsInformation, Consulting, Postponed}
	open      = []State{Requested, Acknowledged, NeedsInformation, Consulting, Postponed, Accepted, Warned, Preserved, InForce}
	ended     = []State{Executed, Refused, Withdrawn, Released, Ended}
	// sent is every state of a request that the other State knows of. What moves nothing may be said in
	// any of them, so that it does not matter what it crosses on its way.
	sent = slices.Concat(open, ended, []State{Closed})
)

// Lifecycle is the one table of lawful transitions. What a kind of request allows beyond it (a
// preservation is preserved, stored data are executed) is in the treaty data.
//
// The rows that end in Withdrawn or stay in it settle messages that crossed on their way: whichever
// arrives first, both States come to the same state. For the same reason an offer may be revoked
// after the request was withdrawn or closed: its revocation may have crossed either.
//
// It is shared: whoever reads it does not write to it.
func Lifecycle() []Transition { return lifecycle }

var officer, decider, custodian = []OfficerRole{DutyOfficer, Decider}, []OfficerRole{Decider}, []OfficerRole{Custodian}

var lifecycle = []Transition{
	{nil, Draft, Drafted, RequestingSide, officer, "40(15)"},
	{[]State{Drafted}, Revise, Drafted, RequestingSide, officer, "40(15)"},
	{[]State{Drafted}, Send, Requested, RequestingSide, decider, "40(13)"},
	{[]State{Requested}, Acknowledge, Acknowledged, RequestedSide, officer, "41(1)"},
	{undecided, AskMore, NeedsInformation, RequestedSide, officer, "40(16)"},
	{[]State{NeedsInformation, Consulting}, Supplement, Acknowledged, RequestingSide, officer, "40(16)"},
	{[]State{Requested, Acknowledged, NeedsInformation, Postponed}, Consult, Consulting, RequestedSide, decider, "40(28)"},
	{undecided, Accept, Accepted, RequestedSide, decider, "40(1)"},
	{undecided, Postpone, Postponed, RequestedSide, decider, "40(27)"},
	{undecided, Refuse, Refused, RequestedSide, decider, "40(21)"},
	{[]State{Accepted}, Warn, Warned, RequestedSide, officer, "42(7)"},
	{[]State{Warned}, Confirm, Accepted, RequestingSide, officer, "42(7)"},
	{[]State{Accepted}, Preserve, Preserved, RequestedSide, custodian, "42(4)"},
	{[]State{Preserved, InForce}, RequestExtension, "", RequestingSide, officer, "42(9)"},
	{[]State{Preserved, InForce}, Extend, "", RequestedSide, decider, "42(9)"},
	{[]State{Preserved}, Release, Released, RequestedSide, []OfficerRole{Decider, TheNode}, "42(8)"},
	{[]State{Accepted}, Start, InForce, RequestedSide, decider, "40(17)"},
	{[]State{InForce}, AskRelease, "", RequestingSide, officer, "40(26)"},
	{[]State{InForce}, Hear, "", RequestedSide, decider, "50(8)"},
	{[]State{InForce}, Represent, "", RequestingSide, officer, "50(8)"},
	{[]State{InForce}, Stop, Ended, RequestedSide, []OfficerRole{Decider, TheNode}, "50(8)"},
	{[]State{Accepted, InForce, Ended}, Offer, "", RequestedSide, decider, "44(1)"},
	{[]State{Accepted, InForce, Ended, Executed, Withdrawn, Closed}, RevokeOffer, "", RequestedSide, decider, "40(28)"},
	{[]State{Accepted, InForce, Ended, Executed}, Take, "", RequestingSide, []OfficerRole{Custodian, TheNode}, "44(1)"},
	// In the kinds where both States give, the requesting one hands over what goes with its request: information,
	// documents to be served, a copy of an order, a case file. It may do so before the decision, which may
	// cross it; and the taking may cross whatever the requesting State does next.
	{slices.Concat(open, []State{Executed, Refused, Released, Ended}), Offer, "", RequestingSide, decider, "40(4), 40(14)"},
	{sent, RevokeOffer, "", RequestingSide, decider, "40(5), 40(28)"},
	{sent, Take, "", RequestedSide, []OfficerRole{Custodian, TheNode}, "40(4), 40(14)"},
	{[]State{Accepted}, Execute, Executed, RequestedSide, decider, "40(26)"},
	{open, Withdraw, Withdrawn, RequestingSide, decider, "40(26)"},
	{[]State{Executed, Refused, Released, Ended}, Withdraw, Withdrawn, RequestingSide, decider, "40(26)"},
	{ended, Close, Closed, RequestingSide, decider, "40(26)"},
	{sent, AskStatus, "", RequestingSide, officer, "40(26)"},
	// The node says that a person of the desk was reached (Art 41(1)): that is not yet one who has read the request.
	{sent, TellStatus, "", RequestedSide, []OfficerRole{DutyOfficer, Decider, TheNode}, "40(26)"},
	{sent, Correct, "", RequestingSide, officer, "40(16)"},
	{sent, Correct, "", RequestedSide, officer, "40(16)"},
	{sent, DiscussCosts, "", RequestingSide, decider, "40(30)"},
	{sent, DiscussCosts, "", RequestedSide, decider, "40(30)"},
	{sent, Agree, "", RequestingSide, decider, "40(28)"},
	{sent, AskConsent, "", RequestingSide, decider, "36(3), 40(19)"},
	{sent, AskConsent, "", RequestedSide, decider, "36(3), 40(19)"},
	{sent, GiveConsent, "", RequestingSide, decider, "36(3), 40(19)"},
	{sent, GiveConsent, "", RequestedSide, decider, "36(3), 40(19)"},
	{sent, DenyConsent, "", RequestingSide, decider, "36(3), 40(19)"},
	{sent, DenyConsent, "", RequestedSide, decider, "36(3), 40(19)"},
	{sent, NotifyDisclosure, "", RequestingSide, decider, "40(5), 40(19)"},
	{sent, NotifyDisclosure, "", RequestedSide, decider, "40(5), 40(19)"},
	{sent, DiscloseTraffic, "", RequestedSide, decider, "43(1)"},
	{sent, ReportRecovery, "", RequestingSide, decider, "52(3)"},
	{sent, ReportRecovery, "", RequestedSide, decider, "52(3)"},
	{sent, ConfirmInWriting, "", RequestingSide, officer, "40(13)"},
	{sent, CertifyDeletion, "", RequestingSide, decider, "36(2)"},
	{sent, CertifyDeletion, "", RequestedSide, decider, "36(2)"},
	// Whether the 24/7 network answers is tested in it (Art 41(1)). The ending may cross the acknowledgement: both
	// come to closed.
	{nil, StartDrill, Requested, RequestingSide, []OfficerRole{DutyOfficer, Decider, TheNode}, "41(1)"},
	{[]State{Requested, Acknowledged}, EndDrill, Closed, RequestingSide, []OfficerRole{TheNode}, "41(1)"},
	{sent, StateFigures, "", RequestingSide, []OfficerRole{DutyOfficer, Decider, TheNode}, "41(2)"},
	{sent, StateFigures, "", RequestedSide, []OfficerRole{DutyOfficer, Decider, TheNode}, "41(2)"},
}

// Next returns the state after act by side, and the row that allows it. It returns a Conflict when no
// row does; nothing else is decided here.
func Next(from State, act Act, by Side) (State, Transition, error) {
	for _, t := range lifecycle {
		if t.Act != act || t.By != by {
			continue
		}
		if (from == "" && t.From == nil) || slices.Contains(t.From, from) {
			to := t.To
			if to == "" {
				to = from
			}
			return to, t, nil
		}
	}
	if from == "" {
		from = "not existing"
	}
	return "", Transition{}, Fault(Conflict, "act_not_open", "%s by the %s State is not open while the request is %s", act, by, from).
		WithHint("look at the request again: it may have moved on")
}

// Talk reports whether the act moves no request from one state to another, whoever says it when.
func (a Act) Talk() bool {
	for _, t := range lifecycle {
		if t.Act == a && (t.To != "" || len(t.From) != len(sent)) {
			return false
		}
	}
	return true
}

// Final reports whether nothing but filing is left to do in s.
func (s State) Final() bool { return s == Closed || slices.Contains(ended, s) }
