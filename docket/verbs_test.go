// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"context"
	"reflect"
	"slices"
	"testing"

	"rogatory"
	"rogatory/safeguard"
)

// The verbs of the office, by who may do them in a live office. A verb that stands in no list fails the test, and so does one
// that stands here and is gone.
var (
	// A person decides: a token is refused before anything else is looked at.
	personVerbs = []string{
		"AgreePolicies", "Approve", "CannotTell", "Cut", "DecideObjection", "Delete", "DeleteExcess", "Keep", "KeepPolicies", "KeepSecret",
		"ProposePolicies", "PutOff", "Release", "Renew", "Resume", "ReviewEmergency", "ReviewSuspension", "SignSheet", "Suspend",
	}
	// By the act: see TestActsThatAProgramMayDo.
	actVerbs = []string{"Move"}
	// Anybody of the office whose role it is may record, draft or open this, by a program as well. Nothing of it leaves the office
	// or binds it; opening evidence is journaled with its reason.
	recordVerbs = []string{
		"Adopt", "Assign", "Claim", "Draft", "DraftElsewhere", "Exported", "Heard", "MeetDuty", "Object", "OpenExhibit", "OpenExhibitTo", "LookInto",
		"PutAside", "Record", "Relay", "Revise", "Revive", "Saw", "Seal", "Search", "SetDuty", "StreamExhibit", "TakeUp", "Tell",
		"Carry", "Imported", // to and from a courier: what goes was decided
	}
	readVerbs = []string{
		"Agenda", "Check", "CheckPolicies", "ClaimOf", "Courses", "DrillOf", "DrillStatements", "Drills", "Emergencies", "Entries", "Exhibit", "File",
		"FileIn", "ForUse", "Gate", "Incoming", "KeepingOf", "LastSheet", "MessagesOf", "OpenDrills", "Opinion", "OurProof", "Outbox", "Outgoing",
		"Policies", "PolicyEdition", "Quarantined", "Queue", "ReceiptOf", "Recovered", "Requests", "RequestsOfCase", "Retention", "Review", "SearchDigest",
		"Shown", "Standing", "Standings", "Subjects", "Suspensions", "Tally", "Transparency", "TryPolicies", "Watch",
	}
	// The node does it, or another node asked: no person stands behind it, and none is named.
	machineVerbs = []string{
		"AcknowledgeIn", // of an alarm, by who answered it
		"Arrived", "Collect", "CopyFor", "EndDrill", "EnsureIndexed", "Failed", "Feed", "Free", "NoteOversight", "Reached", "Receive", "Regain", "Reindex",
		"Rejoin", "Ring", "Seed", "Settle", "SettleCarried", "SettleVault", "StartDrill", "StateFigures", "Tick", "Wake",
	}
)

func TestEveryVerbSaysWhoMayDoIt(t *testing.T) {
	lists := map[string][]string{"person": personVerbs, "act": actVerbs, "record": recordVerbs, "read": readVerbs, "machine": machineVerbs}
	listed := map[string]string{}
	for list, verbs := range lists {
		for _, verb := range verbs {
			if listed[verb] != "" {
				t.Errorf("%s stands in two lists: %s and %s", verb, listed[verb], list)
			}
			listed[verb] = list
		}
	}
	w := guarded(t)
	script := w.xa.decider()
	script.Credential = TokenCredential + "stolen"
	w.xa.Mode = rogatory.Live
	office := reflect.ValueOf(w.xa.Office)
	actor := reflect.TypeFor[rogatory.Actor]()
	for i := range office.NumMethod() {
		m := office.Type().Method(i)
		list := listed[m.Name]
		delete(listed, m.Name)
		takes := false
		for n := range m.Type.NumIn() {
			takes = takes || m.Type.In(n) == actor
		}
		switch {
		case list == "":
			t.Errorf("nobody says who may do %s", m.Name)
		case !takes && list != "read" && list != "machine":
			t.Errorf("%s is done by nobody, and stands among those of the list %s", m.Name, list)
		case list == "person":
			args := []reflect.Value{}
			for n := 1; n < m.Type.NumIn(); n++ {
				switch m.Type.In(n) {
				case actor:
					args = append(args, reflect.ValueOf(script))
				case reflect.TypeFor[context.Context]():
					args = append(args, reflect.ValueOf(t.Context()))
				default:
					args = append(args, reflect.Zero(m.Type.In(n)))
				}
			}
			results := office.Method(i).Call(args)
			if err, _ := results[len(results)-1].Interface().(error); rogatory.CodeOf(err) != "presence_needed" {
				t.Errorf("a token may %s: %v", m.Name, err)
			}
		}
	}
	for verb, list := range listed {
		t.Errorf("there is no %s any more, in the list %s", verb, list)
	}
	w.xa.Mode = rogatory.Exercise
}

// What a program may do on a request in a live office: what refuses, stops or only talks, and what an officer or a custodian may
// do, of which nothing hands over. A new act that it may do has to be added here by a person.
func TestActsThatAProgramMayDo(t *testing.T) {
	w := guarded(t)
	script := w.xa.decider()
	script.Credential = TokenCredential + "stolen"
	w.xa.Mode = rogatory.Live
	defer func() { w.xa.Mode = rogatory.Exercise }()
	may := []rogatory.Act{
		rogatory.Draft, rogatory.Revise, rogatory.Acknowledge, rogatory.AskMore, rogatory.Consult, rogatory.Postpone, rogatory.Refuse, rogatory.Warn,
		rogatory.Confirm, rogatory.Preserve, rogatory.RequestExtension, rogatory.Supplement, rogatory.Correct, rogatory.ConfirmInWriting,
		rogatory.RevokeOffer, rogatory.Take, rogatory.Withdraw, rogatory.Release, rogatory.Close, rogatory.AskRelease, rogatory.Hear, rogatory.Represent,
		rogatory.Stop, rogatory.AskStatus, rogatory.TellStatus, rogatory.DiscussCosts, rogatory.Agree, rogatory.DenyConsent, rogatory.NotifyDisclosure,
		rogatory.ReportRecovery, rogatory.CertifyDeletion, rogatory.StartDrill, rogatory.EndDrill, rogatory.StateFigures,
	}
	for _, row := range rogatory.Lifecycle() {
		free := w.xa.presentFor(script, row.Act, rogatory.Body{}) == nil
		if free != slices.Contains(may, row.Act) {
			t.Errorf("a token may %s: %t", row.Act, free)
		}
		if free && safeguard.Judges(row.Act) && slices.Equal(row.Roles, []rogatory.OfficerRole{rogatory.Decider}) {
			t.Errorf("a token may %s, which only a decider may and the safeguards judge", row.Act)
		}
	}
	w.refused(w.xa.presentFor(script, rogatory.Correct, rogatory.Body{Details: map[string]string{rogatory.SecrecyUntil: "2027-01-01T00:00:00Z"}}), "presence_needed")
}
