// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rogatory"
	"rogatory/clock"
	"rogatory/demo"
	"rogatory/desk"
	"rogatory/node"
	"rogatory/pager"
	"rogatory/vault"
)

const (
	deskRota = `{"version": "2026-11-25.1", "state": "XA", "number": "+888 000 001", "zone": "UTC",
  "people": [{"id": "anna", "name": "Anna Bauer"}, {"id": "bruno", "name": "Bruno Costa"}],
  "fallback": "bruno", "head": "anna", "rules": [{"id": "always", "person": "anna"}]}`
	deskEscalation = `{"version": "2026-11-25.1",
  "channels": [{"id": "mail", "kind": "mail", "provider": "Ministry"}, {"id": "hook", "kind": "webhook", "provider": "Alarm Centre"}],
  "policies": [{"id": "urgent", "urgent": true, "kinds": ["preservation"], "cycles": 1, "last_resort": "drive to the desk",
    "steps": [{"to": "on_duty", "channels": ["mail", "hook"], "wait_seconds": 180}]}]}`
	deskPager = `{"door": "https://desk.xa.example/page/", "channels": [
  {"name": "mail", "provider": "ministry", "smtp": {"host": "mail.example", "from": "desk@example.org"}},
  {"name": "hook", "provider": "alarm-centre", "webhook": {"url": "https://alarm.example/", "key_file": "secrets/hook"}}],
  "people": {"anna": {"mail": "anna@example.org"}, "bruno": {"mail": "bruno@example.org"}}}`
)

// atDesk opens a node with a desk's files; the error is that of the opening.
func atDesk(t *testing.T, files map[string]string) (*node.Node, string, error) {
	t.Helper()
	w, err := demo.Begin(context.Background(), demo.Settings{Dir: filepath.Join(t.TempDir(), "world"), States: []rogatory.StateCode{"XA"}, Offline: true,
		Prepare: func(dir string, _ node.Config) error {
			for name, text := range files {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					return err
				}
			}
			return nil
		}})
	if err != nil {
		return nil, "", err
	}
	t.Cleanup(func() {
		if err := w.Stop(); err != nil {
			t.Error(err)
		}
	})
	return w.Members["XA"].Node, w.Members["XA"].Dir, nil
}

func TestFilesOfTheDeskThatAreRefused(t *testing.T) {
	for _, c := range []struct{ name, file, old, new, code string }{
		{"a rota that cannot be read", node.RotaFile, `"zone": "UTC"`, `"zone": "Nowhere"`, "data_invalid"},
		{"a channel that the pager does not have", node.PagerFile, `"name": "hook"`, `"name": "other"`, "channels_differ"},
		{"links that lead elsewhere", node.PagerFile, "/page/", "/door/", "door_elsewhere"},
		{"a kind that no rules know", node.EscalationFile, `"preservation"`, `"party"`, "kind_unknown"},
		{"a secret in the configuration", node.PagerFile, `"key_file": "secrets/hook"`, `"key": "whsec_x"`, "page_config_invalid"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := map[string]string{node.RotaFile: deskRota, node.EscalationFile: deskEscalation, node.PagerFile: deskPager}
			files[c.file] = strings.Replace(files[c.file], c.old, c.new, 1)
			if _, _, err := atDesk(t, files); rogatory.CodeOf(err) != c.code {
				t.Errorf("got %v, want %s", err, c.code)
			}
		})
	}
}

// said is what health says of a part of the node, well or not.
func said(t *testing.T, n *node.Node, name string) string {
	t.Helper()
	for _, h := range n.Health(t.Context()) {
		if h.Name == name {
			return h.Words
		}
	}
	return ""
}

func TestHealthSaysWhoIsOnDutyAndWhetherAnybodyIsPaged(t *testing.T) {
	n, _, err := atDesk(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	if words := said(t, n, "paging"); !strings.Contains(words, "nobody is paged: no rota.json, no escalation.json, no pager.json") {
		t.Errorf("without files: %s", words)
	}
	n, _, err = atDesk(t, map[string]string{node.RotaFile: deskRota, node.EscalationFile: deskEscalation, node.PagerFile: deskPager})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"paging": "2 channels by different providers", "on duty": "Anna Bauer until further notice", "channel mail": "not checked yet"} {
		if words := said(t, n, name); !strings.Contains(words, want) {
			t.Errorf("%s: %q, want %q", name, words, want)
		}
	}
}

func TestARotaIsSavedOnlyWithoutGaps(t *testing.T) {
	ctx := context.Background()
	n, dir, err := atDesk(t, map[string]string{node.RotaFile: deskRota})
	if err != nil {
		t.Fatal(err)
	}
	officer := person(n, "Anna Bauer", rogatory.DutyOfficer)
	gap := strings.Replace(deskRota, `"person": "anna"}]`, `"person": "anna", "days": ["Monday"]}]`, 1)
	for _, c := range []struct {
		name string
		do   func() error
		code string
	}{
		{"a gap", func() error { return n.SaveRota(ctx, officer, []byte(gap)) }, "rota_gap"},
		{"half a file", func() error { return n.SaveRota(ctx, officer, []byte(deskRota[:100])) }, "data_invalid"},
		{"somebody who reads only", func() error {
			return n.SaveRota(ctx, person(n, "Olga", rogatory.Overseer), []byte(deskRota))
		}, "role_not_allowed"},
		{"an override of a stranger", func() error {
			return n.AddOverride(ctx, officer, desk.Override{ID: "x", From: "2027-01-01T08:00", To: "2027-01-01T10:00", Person: "zoe"})
		}, "rota_invalid"},
	} {
		if err := c.do(); rogatory.CodeOf(err) != c.code {
			t.Errorf("%s: %v, want %s", c.name, err, c.code)
		}
	}
	if data, err := os.ReadFile(filepath.Join(dir, node.RotaFile)); err != nil || string(data) != deskRota {
		t.Fatalf("what was refused changed the file (%v)", err)
	}
	if err := n.AddOverride(ctx, officer, desk.Override{ID: "dentist", From: "2027-01-01T08:00", To: "2027-01-01T10:00", Person: "bruno"}); err != nil {
		t.Fatal(err)
	}
	r, err := n.Desk.Rota()
	if err != nil {
		t.Fatal(err)
	}
	at, err := r.Moment("2027-01-01T09:00")
	if err != nil {
		t.Fatal(err)
	}
	if on := desk.OnDuty(r, at); on.Person != "bruno" || r.Version == "2026-11-25.1" {
		t.Errorf("rota %s has %s on duty", r.Version, on.Person)
	}
	if err := n.AddSwap(ctx, officer, desk.Swap{ID: "none", One: desk.Half{Person: "bruno", From: "2027-01-02T08:00", To: "2027-01-02T10:00"},
		Other: desk.Half{Person: "anna", From: "2027-01-03T08:00", To: "2027-01-03T10:00"}}); rogatory.CodeOf(err) != "swap_not_held" {
		t.Errorf("a swap of what nobody has: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, node.RotaFile), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := n.AddOverride(ctx, officer, desk.Override{ID: "y", From: "2027-01-01T12:00", To: "2027-01-01T13:00", Person: "bruno"}); rogatory.CodeOf(err) != "rota_on_disk" {
		t.Errorf("over a file that somebody spoiled: %v", err)
	}
}

// played is a channel that keeps what it is given.
type played struct{ sent chan pager.Page }

func (p played) Send(_ context.Context, page pager.Page) (pager.Receipt, error) {
	p.sent <- page
	return pager.Receipt{Status: 202}, nil
}

// A request arrives at Borealia's desk at night. First somebody answers by link, which acknowledges nothing;
// then an officer acknowledges on the screen of the desk, and that is the act.
func TestWhatTheAskingStateIsToldOfAnAlarm(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "world")
	w, err := demo.Begin(t.Context(), demo.Settings{Dir: dir, States: []rogatory.StateCode{"XA", "XB"}, Offline: true,
		Prepare: func(dir string, c node.Config) error {
			if c.State != "XB" {
				return nil
			}
			for name, text := range map[string]string{node.RotaFile: strings.Replace(deskRota, "XA", "XB", 1), node.EscalationFile: deskEscalation, node.PagerFile: deskPager} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					return err
				}
			}
			return nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Stop()
	xa, xb := w.Members["XA"].Node, w.Members["XB"].Node
	channel := played{make(chan pager.Page, 10)}
	plan := *xb.Desk.Plan()
	plan.Routes = []pager.Route{pager.NewRoute("mail", "ministry", channel, clock.Real{}), pager.NewRoute("hook", "alarm-centre", channel, clock.Real{})}
	xb.Desk.Use(&plan)
	arrive := func() rogatory.RequestID {
		t.Helper()
		parcel := sends(t, xa)
		receipt := must(xb.Office.Receive(t.Context(), "XA", parcel.Sealed))(t)
		must(xa.Office.Settle(t.Context(), parcel.Delivery, receipt))(t)
		open := must(xb.Desk.Alarms(t.Context(), person(xb, "Anna Bauer", rogatory.DutyOfficer)))(t)
		if len(open) != 1 {
			t.Fatalf("%d alarms are open", len(open))
		}
		return open[0].Request
	}
	state := func(id rogatory.RequestID) rogatory.State {
		return must(xb.Office.File(t.Context(), id))(t).State
	}
	last := func(id rogatory.RequestID) rogatory.Message {
		all := must(xb.Office.MessagesOf(t.Context(), person(xb, "Anna Bauer", rogatory.DutyOfficer), id))(t)
		return all[len(all)-1].Message
	}

	first := arrive()
	if err := xb.Desk.Step(t.Context()); err != nil {
		t.Fatal(err)
	}
	xb.Desk.Wait()
	page := <-channel.sent
	if strings.Contains(page.Text(), string(first)) || strings.Contains(page.Text(), "SSH") {
		t.Errorf("the page speaks of the case:\n%s", page.Text())
	}
	a := must(xb.Desk.AcknowledgeLink(t.Context(), strings.TrimPrefix(page.Link(), "https://desk.xa.example/page/")))(t)
	if m := last(first); !a.Told || m.Act != rogatory.TellStatus || m.By.Role != rogatory.TheNode || state(first) != rogatory.Requested {
		t.Errorf("by link: told %t, %s by %s, the request is %s", a.Told, m.Act, m.By.Role, state(first))
	}

	second := arrive()
	open := must(xb.Desk.Alarms(t.Context(), person(xb, "Anna Bauer", rogatory.DutyOfficer)))(t)
	a = must(xb.Desk.Acknowledge(t.Context(), person(xb, "Bruno Costa", rogatory.DutyOfficer), open[0].Alarm.ID))(t)
	if m := last(second); !a.Told || m.Act != rogatory.Acknowledge || m.By.Name != "Bruno Costa" || state(second) != rogatory.Acknowledged {
		t.Errorf("on the screen: told %t, %s by %s, the request is %s", a.Told, m.Act, m.By.Name, state(second))
	}
	earlier := must(xb.Desk.Earlier(t.Context(), person(xb, "Anna Bauer", rogatory.DutyOfficer), false, 1))(t)
	if k := earlier[0].Alarm.Acknowledged; k == nil || k.By != "bruno" || k.How != desk.ByScreen {
		t.Errorf("the alarm was acknowledged: %+v", k)
	}

	third := arrive()
	if _, _, err := xb.Office.Move(t.Context(), person(xb, "Anna Bauer", rogatory.DutyOfficer), third, rogatory.Acknowledge, rogatory.Body{}); err != nil {
		t.Fatal(err)
	}
	if open := must(xb.Desk.Alarms(t.Context(), person(xb, "Anna Bauer", rogatory.DutyOfficer)))(t); len(open) != 0 {
		t.Errorf("who acknowledges on the request's own screen leaves %d alarms", len(open))
	}
	if _, err := xb.Fsck(t.Context(), vault.Structure); err != nil {
		t.Error(err)
	}
}
