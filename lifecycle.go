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
	open      = []State{Requested, Acknowledged, NeedsInformation, Consulting, Postponed, Accepted, Warned, Preserved}
	ended     = []State{Executed, Refused, Withdrawn, Released}
)

// Lifecycle is the one table of lawful transitions. What a kind of request allows beyond it (a
// preservation is preserved, stored data are executed) is in the treaty data.
//
// The rows that end in Withdrawn or stay in it settle messages that crossed on their way: whichever
// arrives first, both States come to the same state. For the same reason an offer may be revoked
// after the request was withdrawn or closed: its revocation may have crossed either.
func Lifecycle() []Transition {
	officer, decider, custodian := []OfficerRole{DutyOfficer, Decider}, []OfficerRole{Decider}, []OfficerRole{Custodian}
	return []Transition{
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
		{[]State{Preserved}, RequestExtension, Preserved, RequestingSide, officer, "42(9)"},
		{[]State{Preserved}, Extend, Preserved, RequestedSide, decider, "42(9)"},
		{[]State{Preserved}, Release, Released, RequestedSide, []OfficerRole{Decider, TheNode}, "42(8)"},
		{[]State{Accepted}, Offer, Accepted, RequestedSide, []OfficerRole{Decider}, "44(1)"},
		{[]State{Accepted, Executed, Withdrawn, Closed}, RevokeOffer, "", RequestedSide, decider, "40(28)"},
		{[]State{Accepted, Executed}, Take, "", RequestingSide, []OfficerRole{Custodian, TheNode}, "44(1)"},
		{[]State{Accepted}, Execute, Executed, RequestedSide, decider, "40(26)"},
		{open, Withdraw, Withdrawn, RequestingSide, decider, "40(26)"},
		{[]State{Executed, Refused, Released}, Withdraw, Withdrawn, RequestingSide, decider, "40(26)"},
		{ended, Close, Closed, RequestingSide, decider, "40(26)"},
	}
}

// Next returns the state after act by side, and the row that allows it. It returns a Conflict when no
// row does; nothing else is decided here.
func Next(from State, act Act, by Side) (State, Transition, error) {
	for _, t := range Lifecycle() {
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

// Final reports whether nothing but filing is left to do in s.
func (s State) Final() bool { return s == Closed || slices.Contains(ended, s) }
