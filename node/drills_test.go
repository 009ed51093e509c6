// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rogatory"
	"rogatory/alarm"
	"rogatory/clock"
	"rogatory/demo"
	"rogatory/desk"
	"rogatory/node"
	"rogatory/vault"
)

// drilling opens the nodes of a world on a clock that moves only when told. Aurelia drills Borealia each day.
func drilling(t *testing.T) (c *clock.Manual, open func(rogatory.StateCode) *node.Node, dir func(rogatory.StateCode) string) {
	t.Helper()
	w, err := demo.Begin(t.Context(), demo.Settings{Dir: filepath.Join(t.TempDir(), "world"), States: []rogatory.StateCode{"XA", "XB"}, Offline: true,
		Prepare: func(dir string, c node.Config) error {
			rules := `{"version": "1", "every_days": 1}`
			if c.State == "XB" {
				rules = `{"version": "1", "off": true}`
			}
			return os.WriteFile(filepath.Join(dir, node.DrillsFile), []byte(rules), 0o600)
		}})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Stop(); err != nil {
		t.Fatal(err)
	}
	c = clock.NewManual(time.Now().UTC().Truncate(time.Second).Add(time.Minute))
	return c, func(code rogatory.StateCode) *node.Node {
		t.Helper()
		return must(node.Open(t.Context(), w.Members[code].Dir, node.Options{Clock: c, Unwatched: true}))(t)
	}, func(code rogatory.StateCode) string { return w.Members[code].Dir }
}

// carried delivers what is on its way from one node to another.
func carried(t *testing.T, from, to *node.Node) (n int) {
	t.Helper()
	for _, p := range must(from.Office.Collect(t.Context(), 100, 100))(t) {
		receipt := must(to.Office.Receive(t.Context(), from.Config().State, p.Sealed))(t)
		must(from.Office.Settle(t.Context(), p.Delivery, receipt))(t)
		n++
	}
	return n
}

func TestTwoNodesDrillEachOtherAndPublishWhatBothSigned(t *testing.T) {
	now, open, _ := drilling(t)
	xa, xb := open("XA"), open("XB")
	defer func() { xa.Close(); xb.Close() }()
	officer := person(xb, "B. Lindqvist", rogatory.DutyOfficer)
	began := now.Now()
	xa.Drill()
	drills := func(n *node.Node) []alarm.DrillLine {
		return must(n.Desk.Drills(t.Context(), person(n, "x", rogatory.Overseer), ""))(t)
	}
	for hours := 0; len(drills(xa)) == 0; hours++ {
		if hours > 25 {
			t.Fatal("a day went by without a drill")
		}
		now.Advance(time.Hour)
		xa.Drill()
	}
	if strings.Contains(said(t, xa, "drills"), "drill") {
		t.Fatal(said(t, xa, "drills"))
	}
	// The node falls before it could deliver; the next process delivers, and sends no second drill.
	if err := xa.Close(); err != nil {
		t.Fatal(err)
	}
	xa = open("XA")
	now.Advance(10 * time.Second)
	xa.Drill()
	if n := carried(t, xa, xb); n != 1 || len(drills(xb)) != 1 {
		t.Fatalf("%d messages brought %d drills", n, len(drills(xb)))
	}
	id := drills(xb)[0].Request
	now.Advance(4 * time.Minute)
	if _, _, err := xb.Office.Move(t.Context(), officer, id, rogatory.Acknowledge, rogatory.Body{}); err != nil {
		t.Fatal(err)
	}
	carried(t, xb, xa)
	xa.Drill()
	carried(t, xa, xb)
	for _, n := range []*node.Node{xa, xb} {
		f := must(n.Office.File(t.Context(), id))(t)
		if l := drills(n); len(l) != 1 || l[0].Human != (4*time.Minute+10*time.Second).Milliseconds() || l[0].Machine != 10_000 || f.State != rogatory.Closed {
			t.Errorf("%s: %+v, %s", n.Config().State, l, f.State)
		}
	}

	if _, err := xa.Desk.ProposeFigures(t.Context(), person(xa, "A. Okafor", rogatory.DutyOfficer), "XB", rogatory.At(began), rogatory.At(now.Now())); err != nil {
		t.Fatal(err)
	}
	before := published(t, xa)
	carried(t, xa, xb)
	xb.Drill()
	carried(t, xb, xa)
	now.Advance(2 * time.Minute)
	if n := len(before.Figures); n != 0 {
		t.Errorf("%d figures were published on one State's word", n)
	}
	a, b := published(t, xa), published(t, xb)
	if len(a.Figures) != 1 || len(b.Figures) != 1 || a.Figures[0].Figures != b.Figures[0].Figures || a.Figures[0].Human.Median != 250_000 || len(a.Figures[0].Signed) != 2 {
		t.Errorf("Aurelia publishes %+v, Borealia %+v", a, b)
	}
	for _, n := range []*node.Node{xa, xb} {
		if _, err := n.Fsck(t.Context(), vault.Structure); err != nil {
			t.Error(err)
		}
	}
}

type public struct {
	State   rogatory.StateCode
	Mode    rogatory.Mode
	Figures []struct {
		desk.Figures
		Signed []struct{ State, Message string }
	}
}

// published reads what anybody reads.
func published(t *testing.T, n *node.Node) (p public) {
	t.Helper()
	w := httptest.NewRecorder()
	must(n.Public())(t).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/drills/figures.json", nil))
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/json" {
		t.Fatalf("%d %s", w.Code, w.Header())
	}
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.State != n.Config().State {
		t.Fatalf("%v in:\n%s", err, w.Body)
	}
	return p
}

func TestDrillRulesAreTakenUpAndOffIsSaid(t *testing.T) {
	_, open, dir := drilling(t)
	xb := open("XB")
	defer func() { xb.Close() }()
	if words := said(t, xb, "drill plan"); !strings.HasPrefix(words, "off in drills.json") {
		t.Errorf("off: %s", words)
	}
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir("XB"), node.DrillsFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		xb.Look()
	}
	write(`{"version": "2", "states": [{"state": "XA", "every_days": 7}]}`)
	if words := said(t, xb, "drill plan"); words != "this State drills 1 of the 1 points of contact in the directory" {
		t.Errorf("on: %s", words)
	}
	write(`{"version": "3", "evrey_days": 7}`)
	if words := said(t, xb, "drill rules"); !strings.Contains(words, "evrey_days") {
		t.Errorf("a file that does not hold: %q", words)
	}
	if words := said(t, xb, "drill plan"); !strings.Contains(words, "1 of the 1") {
		t.Errorf("the rules before are not in force any more: %s", words)
	}
	if err := xb.Close(); err != nil {
		t.Fatal(err)
	}
	if n, err := node.Open(t.Context(), dir("XB"), node.Options{}); rogatory.CodeOf(err) != "data_invalid" {
		t.Errorf("a node starts with rules that do not hold: %v, %v", n, err)
	}
	if err := os.Remove(filepath.Join(dir("XB"), node.DrillsFile)); err != nil {
		t.Fatal(err)
	}
	xb = open("XB")
	plans := must(xb.Desk.DrillPlans(t.Context(), person(xb, "x", rogatory.Administrator)))(t)
	if len(plans) != 1 || plans[0].Off || plans[0].Days != 30 {
		t.Errorf("without a file: %+v", plans)
	}
}
