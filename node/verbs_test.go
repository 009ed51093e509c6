// SPDX-License-Identifier: Apache-2.0

package node

import (
	"reflect"
	"testing"

	"rogatory"
)

// The verbs of a node that somebody does, by who may do them in a live office: those of the office are held likewise in package
// docket. None of these decides on a request.
func TestEveryVerbThatSomebodyDoesSaysWho(t *testing.T) {
	listed := map[string]string{
		"AddOverride": "desk: who is on duty", "AddSwap": "desk: who is on duty", "SaveRota": "desk: who is on duty",
		"CourierExport": "custodian, administrator: what goes was decided", "CourierImport": "custodian, administrator",
		"ExportPackage": "custodian: each exhibit is journaled, and consent looked at", "Fetch": "custodian: what was offered to us",
		"AskRecovery": "console: with a fresh passkey", "GrantRecovery": "console: a second person, with a fresh passkey", "Vouch": "console: with a fresh passkey",
		"RetireWitness": "administrator, decider: by a token, since it is done on the machine; who retires all brings the node to a stand, and shows nothing to anybody",
	}
	actor := reflect.TypeFor[rogatory.Actor]()
	node := reflect.TypeFor[*Node]()
	for i := range node.NumMethod() {
		m := node.Method(i)
		for n := range m.Type.NumIn() {
			if m.Type.In(n) != actor {
				continue
			}
			if listed[m.Name] == "" {
				t.Errorf("nobody says who may do %s", m.Name)
			}
			delete(listed, m.Name)
		}
	}
	for verb := range listed {
		t.Errorf("nobody does %s any more", verb)
	}
}
