// SPDX-License-Identifier: Apache-2.0

package rogatory

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// update is a flag of the test binary; flags have to exist before tests run.
var update = flag.Bool("update", false, "write docs/lifecycle.md anew")

var states = []State{Drafted, Requested, Acknowledged, NeedsInformation, Consulting, Postponed, Accepted, Warned, Preserved, InForce, Ended, Executed, Refused, Withdrawn, Released, Closed}

var acts = []Act{Draft, Revise, Send, Acknowledge, AskMore, Supplement, Consult, Accept, Postpone, Refuse, Warn, Confirm, Preserve,
	RequestExtension, Extend, Offer, RevokeOffer, Take, Execute, Withdraw, Release, Close, Start, AskRelease, Hear, Represent, Stop,
	AskStatus, TellStatus, Correct, DiscussCosts, Agree, AskConsent, GiveConsent, DenyConsent, NotifyDisclosure, DiscloseTraffic, ReportRecovery, ConfirmInWriting, CertifyDeletion,
	StartDrill, EndDrill, StateFigures}

// leaves lists the states to which one act leads from s.
func leaves(s State) []State {
	var to []State
	for _, t := range Lifecycle() {
		if slices.Contains(t.From, s) && t.To != "" && t.To != s {
			to = append(to, t.To)
		}
	}
	return to
}

func TestEveryStateCanBeReached(t *testing.T) {
	reached := map[State]bool{}
	todo := []State{Drafted}
	for len(todo) > 0 {
		s := todo[0]
		todo = todo[1:]
		if !reached[s] {
			reached[s] = true
			todo = append(todo, leaves(s)...)
		}
	}
	for _, s := range states {
		if !reached[s] {
			t.Errorf("nothing leads to %s", s)
		}
	}
	if len(reached) != len(states) {
		t.Errorf("the table reaches %d states, %d are named", len(reached), len(states))
	}
}

func TestEveryStateCanBeLeftOrIsFinal(t *testing.T) {
	for _, s := range states {
		to := leaves(s)
		switch {
		case s == Closed && len(to) != 0:
			t.Errorf("a closed request can become %s", to)
		case s != Closed && len(to) == 0:
			t.Errorf("a request that is %s can never end", s)
		case s.Final() && slices.ContainsFunc(to, func(n State) bool { return !n.Final() }):
			t.Errorf("a request that is %s can come alive again: %s", s, to)
		}
		// From anywhere the requesting State can bring it to an end by itself, once it was sent.
		if !s.Final() && s != Drafted {
			if to, _, err := Next(s, Withdraw, RequestingSide); err != nil || to != Withdrawn {
				t.Errorf("a request that is %s cannot be withdrawn: %v", s, err)
			}
		}
	}
}

// An act that moves a request belongs to one side; what moves nothing both may say.
func TestEveryActIsInTheTableOnOneSide(t *testing.T) {
	sides := map[Act]Side{}
	for _, row := range Lifecycle() {
		if was, ok := sides[row.Act]; ok && was != row.By && row.To != "" {
			t.Errorf("%s is an act of both sides: whose a crossing message is would be unclear", row.Act)
		}
		sides[row.Act] = row.By
		if row.Article == "" || len(row.Roles) == 0 {
			t.Errorf("%s to %s names no article or nobody who may", row.Act, row.To)
		}
		for _, never := range []OfficerRole{Administrator, Overseer} {
			if slices.Contains(row.Roles, never) {
				t.Errorf("the role %s may %s", never, row.Act)
			}
		}
	}
	for _, a := range acts {
		if sides[a] == "" {
			t.Errorf("the act %s is in no row", a)
		}
	}
	if len(sides) != len(acts) {
		t.Errorf("the table has %d acts, %d are named", len(sides), len(acts))
	}
}

// One act from one state leads to one state: the order of rows decides nothing.
func TestTheTableIsUnambiguous(t *testing.T) {
	for _, s := range append(states, "") {
		for _, a := range acts {
			n := map[Side]int{}
			for _, row := range Lifecycle() {
				if row.Act == a && (slices.Contains(row.From, s) || s == "" && row.From == nil) {
					n[row.By]++
				}
			}
			if n[RequestingSide] > 1 || n[RequestedSide] > 1 {
				t.Errorf("%v rows say what %s does to a request that is %q", n, a, s)
			}
		}
	}
}

func TestWhoDecides(t *testing.T) {
	decisions := []Act{Send, Accept, Refuse, Postpone, Consult, Extend, Offer, RevokeOffer, Execute, Withdraw, Close, Start, Hear, Agree, GiveConsent, DenyConsent, DiscloseTraffic}
	for _, row := range Lifecycle() {
		if slices.Contains(decisions, row.Act) && !slices.Equal(row.Roles, []OfficerRole{Decider}) {
			t.Errorf("%s is a decision, and open to %s", row.Act, row.Roles)
		}
		// Software acts by itself in four places only: it releases what expired, stops a measure at its
		// end, receipts what arrived, and says that a person of the desk was reached. Drills are of no case.
		byItself := []Act{Release, Take, Stop, TellStatus, StartDrill, EndDrill, StateFigures}
		if slices.Contains(row.Roles, TheNode) && !slices.Contains(byItself, row.Act) {
			t.Errorf("the node may %s by itself", row.Act)
		}
	}
}

func TestNext(t *testing.T) {
	for _, c := range []struct {
		from State
		act  Act
		by   Side
		to   State // empty: not open
	}{
		{"", Draft, RequestingSide, Drafted},
		{"", Send, RequestingSide, ""},
		{Drafted, Draft, RequestingSide, ""},
		{Drafted, Send, RequestingSide, Requested},
		{Drafted, Withdraw, RequestingSide, ""},
		{Requested, Acknowledge, RequestedSide, Acknowledged},
		{Requested, Acknowledge, RequestingSide, ""}, // nobody acknowledges for the other State
		{Acknowledged, Acknowledge, RequestedSide, ""},
		{NeedsInformation, Supplement, RequestingSide, Acknowledged},
		{Consulting, Refuse, RequestedSide, Refused},
		{Accepted, Refuse, RequestedSide, ""},
		{Accepted, Offer, RequestedSide, Accepted},
		{Accepted, Start, RequestedSide, InForce},
		{InForce, Extend, RequestedSide, InForce},
		{InForce, Stop, RequestedSide, Ended},
		{InForce, Stop, RequestingSide, ""}, // it asks for the release, and does not lift
		{InForce, AskRelease, RequestingSide, InForce},
		{Ended, Withdraw, RequestingSide, Withdrawn}, // it crossed the end
		{Closed, AskConsent, RequestingSide, Closed}, // another use may come up years later
		{Drafted, AskStatus, RequestingSide, ""},
		{Executed, Take, RequestingSide, Executed}, // what was offered may still be taken
		{Executed, Offer, RequestedSide, ""},
		{Withdrawn, Take, RequestingSide, ""},
		{Preserved, Release, RequestedSide, Released},
		{Released, Withdraw, RequestingSide, Withdrawn}, // it crossed the release
		{Closed, Withdraw, RequestingSide, ""},
		{Closed, Close, RequestingSide, ""},
	} {
		to, row, err := Next(c.from, c.act, c.by)
		if c.to == "" {
			if KindOf(err) != Conflict || CodeOf(err) != "act_not_open" || to != "" {
				t.Errorf("%s by %s from %q: %q, %v", c.act, c.by, c.from, to, err)
			}
			continue
		}
		if err != nil || to != c.to || row.Act != c.act {
			t.Errorf("%s by %s from %q leads to %q (%v), want %s", c.act, c.by, c.from, to, err, c.to)
		}
	}
}

// drawn is the table for people.
func drawn() []byte {
	var b bytes.Buffer
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	say("# The life of a request, as a table")
	say("")
	say("Drawn from `lifecycle.go` by `go test . -run Lifecycle -update`; a test fails when the two differ.")
	say("Articles are those of the UN Convention against Cybercrime. *Requesting* and *requested* are the")
	say("sides; every act but draft and revise is a signed message to the other State. Withdrawing, which")
	say("the requesting State may do at any time before it closes a request, and what moves nothing are left out")
	say("of the drawing.")
	say("")
	say("```mermaid")
	say("stateDiagram-v2")
	say("    [*] --> drafted: draft")
	type edge struct{ from, to State }
	labels := map[edge][]string{}
	var order []edge
	for _, row := range Lifecycle() {
		for _, from := range row.From {
			to := row.To
			if to == "" {
				to = from
			}
			if row.Act == Withdraw || row.Act.Talk() {
				continue
			}
			e := edge{from, to}
			if labels[e] == nil {
				order = append(order, e)
			}
			labels[e] = append(labels[e], string(row.Act))
		}
	}
	for _, e := range order {
		say("    %s --> %s: %s", e.from, e.to, strings.Join(labels[e], ", "))
	}
	say("    closed --> [*]")
	say("```")
	say("")
	say("| from | act | to | by | who may | article |")
	say("|---|---|---|---|---|---|")
	for _, row := range Lifecycle() {
		from, to := join(row.From), string(row.To)
		if from == "" {
			from = "*nothing*"
		}
		if to == "" {
			to = "*stays*"
		}
		say("| %s | **%s** | %s | %s | %s | %s |", from, row.Act, to, row.By, join(row.Roles), row.Article)
	}
	say("")
	say("`officer` composes, acknowledges and asks; `decider` is the prosecutor, judge or lawyer of the central")
	say("authority; `custodian` holds exhibits; `node` is the software itself, which releases what has expired,")
	say("receipts what has arrived, says that a person of the desk was reached, and drills the 24/7 network (a drill is")
	say("of no case, and knows no other act than those that name it, `acknowledge` and `tell_status`). Who drafted a request does")
	say("not send it, and who sealed an exhibit does not offer it. The roles `administrator` and `oversight` act nowhere.")
	return b.Bytes()
}

func join[T ~string](all []T) string {
	var s []string
	for _, one := range all {
		s = append(s, string(one))
	}
	return strings.Join(s, ", ")
}

func TestLifecycleIsDrawn(t *testing.T) {
	const page = "docs/lifecycle.md"
	if *update {
		if err := os.WriteFile(page, drawn(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, drawn()) {
		t.Errorf("%s is not what lifecycle.go says any more: run go test . -run Lifecycle -update", page)
	}
}
