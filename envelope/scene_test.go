// SPDX-License-Identifier: Apache-2.0

package envelope_test

import (
	"crypto/rand"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rogatory"
	"rogatory/keyring"
)

// noon is when everything in these tests happens.
var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// state is an exercise State with its keys and its entry in the directory.
type state struct {
	*keyring.Keyring
	dir   string
	party rogatory.Party
}

func newState(t testing.TB, code rogatory.StateCode, name string) state {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "keys")
	k, err := keyring.Create(dir, keyring.Config{State: code, StateName: name, Authority: "justice", Hosts: []string{"localhost"}, Now: noon.Add(-24 * time.Hour), Rand: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	return state{k, dir, rogatory.Party{Code: code, Name: name, Mode: rogatory.Exercise, Languages: []string{"en"}, Certificates: []string{k.AuthorityPEM()},
		Authorities: []rogatory.Authority{{ID: "justice", Name: "Ministry of Justice", Roles: []rogatory.Role{rogatory.CentralAuthority}, MessageRecipient: k.MessageRecipient()}}}}
}

const (
	requestID = rogatory.RequestID("XA-2026-7K3M9Q2P.1")
	messageID = rogatory.MessageID("019ac5a2-7c1f-7abc-8def-0123456789ab")
	exhibitID = rogatory.ExhibitID("XB-E-5TQ0ZC8H1M4A")
)

// message is a whole and unremarkable message of Aurelia to Borealia.
func message() rogatory.Message {
	return rogatory.Message{
		Protocol: rogatory.Protocol, Mode: rogatory.Exercise, ID: messageID, Request: requestID,
		From: rogatory.Address{State: "XA", Authority: "justice"}, To: rogatory.Address{State: "XB", Authority: "justice"},
		Sequence: 1, Incarnation: 1, Sent: rogatory.At(noon), Expires: rogatory.At(noon.AddDate(0, 1, 0)), Act: rogatory.Send,
		By:         rogatory.Officer{Name: "A. Duarte", Role: rogatory.DutyOfficer},
		ApprovedBy: rogatory.Officer{Name: "M. Okonkwo", Role: rogatory.Decider},
		Body: rogatory.Body{Request: &rogatory.Request{Kind: rogatory.Preservation42, Title: "Journaux «SSH» & web <ministère>", Language: "fr",
			Offence:  rogatory.Offence{Articles: []string{"7"}, Law: "Code pénal, art. 205"},
			Contents: map[string]string{"authority": "Parquet d'Aurelia", "data": "日志 1–3 November\nline two\u2028line three"}}},
	}
}

func receipt() rogatory.Receipt {
	return rogatory.Receipt{Protocol: rogatory.Protocol, Mode: rogatory.Exercise, Message: messageID, Digest: rogatory.DigestOf([]byte("signature")),
		From: rogatory.Address{State: "XB", Authority: "justice"}, To: rogatory.Address{State: "XA", Authority: "justice"},
		Sequence: 1, Received: rogatory.At(noon.Add(time.Second)), Outcome: rogatory.ReceivedOutcome}
}

// tool runs a program that people other than us wrote.
func tool(t testing.TB, folder, name string, args ...string) (string, error) {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("this test needs the program %s: %v", name, err)
	}
	c := exec.CommandContext(t.Context(), path, args...)
	c.Dir = folder
	out, err := c.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}
