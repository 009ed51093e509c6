// SPDX-License-Identifier: Apache-2.0

package demo_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"rogatory"
	"rogatory/demo"
	"rogatory/docket"
	"rogatory/node"
	"rogatory/vault"
)

// Two States whose line is down talk by disk; a disk that is read twice counts once.
func TestCourierCarriesARequestAndItsEvidence(t *testing.T) {
	ctx := context.Background()
	dir := filepath.Join(t.TempDir(), "world")
	w, err := demo.Begin(ctx, demo.Settings{Dir: dir, States: []rogatory.StateCode{"XA", "XB"}, Offline: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := w.Stop(); err != nil {
			t.Error(err)
		}
	}()
	a, b := w.Members["XA"], w.Members["XB"]
	trip := 0
	carry := func(from, to *demo.Member) (out, in node.Carried) {
		t.Helper()
		trip++
		folder := filepath.Join(dir, "disk", from.Dir[len(from.Dir)-2:], string(rune('a'+trip)))
		must(t, os.MkdirAll(filepath.Dir(folder), 0o700))
		out, err := from.Node.CourierExport(ctx, from.Actor("Keeper", rogatory.Custodian), to.Code, folder)
		must(t, err)
		for range 2 {
			in, err = to.Node.CourierImport(ctx, to.Actor("Keeper", rogatory.Custodian), folder)
			must(t, err)
		}
		return out, in
	}
	move := func(m *demo.Member, name string, role rogatory.OfficerRole, id rogatory.RequestID, act rogatory.Act, body rogatory.Body) {
		t.Helper()
		_, _, err := m.Move(ctx, m.Actor(name, role), id, act, body)
		must(t, err)
	}

	f, err := a.Node.Office.Draft(ctx, a.Actor("Officer", rogatory.DutyOfficer), rogatory.Address{State: "XB", Authority: "justice"}, "", rogatory.Request{
		Kind: rogatory.EmergencyData, Title: "A threat to a life", Language: "en",
		Contents: map[string]string{"authority": "24/7 desk", "risk": "A named child announced suicide today.", "emergency_data": "The present address of one account."}})
	must(t, err)
	move(a, "Prosecutor", rogatory.Decider, f.ID, rogatory.Send, rogatory.Body{})
	if out, _ := carry(a, b); out.Messages != 1 {
		t.Fatalf("the disk held %+v", out)
	}
	move(b, "Judge", rogatory.Decider, f.ID, rogatory.Accept, rogatory.Body{})
	evidence := bytes.Repeat([]byte("account record\n"), 200_000)
	x, err := b.Node.Office.Seal(ctx, b.Actor("Examiner", rogatory.Custodian), f.ID, docket.Sealing{Title: "Account record", FileName: "record.txt", MediaType: "text/plain", Acquired: "from the provider, order 9"}, bytes.NewReader(evidence), nil)
	must(t, err)
	move(b, "Judge", rogatory.Decider, f.ID, rogatory.Offer, rogatory.Body{Exhibit: &rogatory.Exhibit{ID: x.ID, Expires: rogatory.At(time.Now().Add(time.Hour))}})
	if out, in := carry(b, a); out.Messages != 2 || out.Receipts != 1 || out.Exhibits != 1 || in.Exhibits != 1 {
		t.Fatalf("the disk held %+v, and %+v was taken in", out, in)
	}
	carry(a, b)

	var opened bytes.Buffer
	must(t, a.Node.Office.StreamExhibit(ctx, a.Actor("Keeper", rogatory.Custodian), x.ID, "to find the child", &opened, nil))
	if !bytes.Equal(opened.Bytes(), evidence) {
		t.Error("the evidence that arrived is not the evidence that was sealed")
	}
	_, there, err := b.Node.Office.Exhibit(ctx, x.ID)
	must(t, err)
	if there.State != docket.Taken {
		t.Errorf("Borealia has the exhibit as %s, want taken", there.State)
	}
	for _, m := range []*demo.Member{a, b} {
		found, err := m.Node.Fsck(ctx, vault.Full)
		must(t, err)
		if found.Messages != 4 {
			t.Errorf("%s has %d messages, want 4: one request, accept, offer, take", m.Code, found.Messages)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
