// SPDX-License-Identifier: Apache-2.0

package console_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"rogatory"
	"rogatory/assistance"
	"rogatory/console"
	"rogatory/demo"
	"rogatory/docket"
	"rogatory/legislation"
	"rogatory/node"
)

// canary stands in everything that the other State wrote, and in what was sealed for it.
const canary = "CANARYQ7"

// hostile is what a State writes that wants more than to be read.
const hostile = canary + `</textarea></title><script>alert(1)</script>"'><img src=x onerror=alert(1)>` + "\u202egpj.exe =1+1 {{.}}"

// walked is an office that was asked something by a hostile State, and what stands for the names in its routes.
type walked struct {
	t       *testing.T
	n       *node.Node
	dir     string
	door    http.Handler
	routes  []string
	log     *bytes.Buffer
	request rogatory.RequestID
	changed rogatory.Instant
	exhibit rogatory.ExhibitID
}

// ask plays the hostile request, as far as the offer of evidence, between two real nodes.
func ask(t *testing.T) *walked {
	t.Helper()
	ctx := t.Context()
	w, err := demo.Begin(ctx, demo.Settings{Dir: filepath.Join(t.TempDir(), "world"), States: []rogatory.StateCode{"XA", "XB"}})
	if err != nil {
		t.Fatal(err)
	}
	xa, xb := w.Members["XA"], w.Members["XB"]
	r, err := xa.Node.Rules.Example(rogatory.StoredData, "", rogatory.At(time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	r.Title = "Logs " + hostile
	r.Offence.Law = hostile
	for id, text := range r.Contents {
		if rule := xa.Node.Rules.Fields[id]; len(rule.Choices) == 0 && id != "period" {
			r.Contents[id] = text + " " + hostile
		}
	}
	people := map[rogatory.StateCode]map[rogatory.OfficerRole]string{"XA": {rogatory.DutyOfficer: "A. Okafor", rogatory.Decider: "Prosecutor L. Haddad"},
		"XB": {rogatory.DutyOfficer: "B. Lindqvist", rogatory.Decider: "Judge T. Moreau", rogatory.Custodian: "Examiner 14"}}
	actor := func(m *demo.Member, role rogatory.OfficerRole) rogatory.Actor {
		return m.Actor(people[m.Code][role], role)
	}
	f, err := xa.Node.Office.Draft(ctx, actor(xa, rogatory.DutyOfficer), rogatory.Address{State: "XB", Authority: "justice"}, "", r)
	if err != nil {
		t.Fatal(err)
	}
	act := func(m *demo.Member, role rogatory.OfficerRole, act rogatory.Act, b rogatory.Body) {
		t.Helper()
		if _, err := m.Deliver(ctx, actor(m, role), f.ID, act, b); err != nil {
			t.Fatalf("%s: %v", act, err)
		}
	}
	words := rogatory.Body{Text: hostile, Language: "en"}
	act(xa, rogatory.Decider, rogatory.Send, rogatory.Body{})
	act(xb, rogatory.DutyOfficer, rogatory.Acknowledge, rogatory.Body{})
	act(xb, rogatory.Decider, rogatory.Accept, rogatory.Body{})
	act(xa, rogatory.DutyOfficer, rogatory.AskStatus, words)
	x, err := xb.Node.Office.Seal(ctx, actor(xb, rogatory.Custodian), f.ID, docket.Sealing{Title: "Log " + hostile, FileName: "a.log", MediaType: "text/plain", Acquired: hostile,
		Limits: rogatory.UseLimits{Confidential: true}}, strings.NewReader("one line\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := node.AddPerson(xb.Dir, "Root", rogatory.Administrator); err != nil {
		t.Fatal(err)
	}
	if _, err := node.AddPerson(xb.Dir, "Judge Watching", rogatory.Overseer); err != nil {
		t.Fatal(err)
	}
	if _, err := xb.Node.Officers(ctx); err != nil {
		t.Fatal(err)
	}
	if err := w.Stop(); err != nil {
		t.Fatal(err)
	}

	g := &walked{t: t, dir: xb.Dir, request: f.ID, exhibit: x.ID, log: &bytes.Buffer{}}
	g.n, err = node.Open(context.Background(), xb.Dir, node.Options{Unwatched: true, Log: slog.New(slog.NewTextHandler(g.log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.n.Close() })
	uploads, err := g.n.Uploads()
	if err != nil {
		t.Fatal(err)
	}
	c := console.Config{Office: g.n.Office, Rules: g.n.Rules, Clock: g.n.Office.Clock, Log: slog.New(slog.NewTextHandler(g.log, &slog.HandlerOptions{Level: slog.LevelDebug})), People: g.n.Officers, Keys: g.n, Demo: true, Uploads: uploads, Desk: g.n.Desk, Rota: g.n, Post: g.n.Post,
		Parties: func() []rogatory.Party { return g.n.Book().Parties() }, Setup: func(ctx context.Context) console.Setup { return g.n.Setup(ctx) }, Rehearse: func(context.Context) error { return nil },
		Fetch: func(context.Context, rogatory.Actor, rogatory.ExhibitID) error { return nil }, Transfers: func() []console.Transfer { return nil },
		Package: func(ctx context.Context, by rogatory.Actor, id rogatory.CaseID, why, folder string) error {
			return g.n.ExportPackage(ctx, by, id, why, folder, nil)
		},
		Laws: func() (legislation.Book, error) { return legislation.Book{}, nil }, Assistance: func() (assistance.Book, error) { return assistance.Book{}, nil },
		Health: func(context.Context) []console.Check { return nil }}
	g.door, g.routes = console.New(c), console.Patterns(c)
	f, err = g.n.Office.File(ctx, f.ID)
	if err != nil {
		t.Fatal(err)
	}
	g.changed = f.Changed
	return g
}

// paths fills the names of a route in.
func (g *walked) paths(route string) []string {
	_, path, _ := strings.Cut(route, " ")
	values := func(name string) []string {
		switch name {
		case "{$}":
			return []string{""}
		case "{id}":
			switch first, _, _ := strings.Cut(path, "/"); first {
			case "requests":
				return []string{string(g.request)}
			case "exhibits":
				return []string{string(g.exhibit)}
			case "cases":
				return []string{string(g.request.Case())}
			case "outbox", "desk", "uploads":
				return []string{"nothing"}
			}
		case "{act}":
			return []string{"refuse", "execute", "offer", "ask_more", "acknowledge"}
		case "{kind}":
			return []string{"preservation_42"}
		case "{state}", "{code}":
			return []string{"XA"}
		case "{name}":
			return []string{"Examiner%2014"}
		case "{number}", "{file}":
			return []string{"1"}
		case "{digest}":
			return []string{strings.Repeat("0", 64)}
		case "{part}":
			return []string{"offence", "review"}
		case "{what}":
			return []string{"told", "later", "never", "secrecy", "emergency", "propose", "agree", "review", "lift", "done", "renewed"}
		}
		return nil
	}
	all := []string{path}
	for _, name := range regexp.MustCompile(`\{[^}]+\}`).FindAllString(path, -1) {
		var more []string
		for _, p := range all {
			for _, v := range values(name) {
				more = append(more, strings.Replace(p, name, v, 1))
			}
		}
		if all = more; len(all) == 0 {
			g.t.Fatalf("say what stands for %s in %s", name, route)
		}
	}
	return all
}

// person is somebody's browser; without a name a stranger's.
func (g *walked) person(name string) func(method, path string, form url.Values) *httptest.ResponseRecorder {
	jar, _ := cookiejar.New(nil)
	at := &url.URL{Scheme: "http", Host: "localhost", Path: console.Prefix}
	call := func(method, path string, form url.Values) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, "http://localhost"+console.Prefix+path, strings.NewReader(form.Encode()))
		if method != http.MethodGet {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		for _, c := range jar.Cookies(at) {
			r.AddCookie(c)
		}
		w := httptest.NewRecorder()
		g.door.ServeHTTP(w, r)
		jar.SetCookies(at, w.Result().Cookies())
		return w
	}
	if name != "" {
		if w := call(http.MethodPost, "sign-in/demo", url.Values{"name": {name}}); w.Code != http.StatusSeeOther {
			g.t.Fatalf("%s does not come in: %d", name, w.Code)
		}
	}
	return call
}

// state is a digest of each table of the database.
func (g *walked) state() map[string]string {
	g.t.Helper()
	files, err := filepath.Glob(filepath.Join(g.dir, "*.db"))
	if err != nil || len(files) != 1 {
		g.t.Fatalf("the database is not found: %v, %v", files, err)
	}
	db, err := sql.Open("sqlite", "file:"+files[0]+"?mode=ro")
	if err != nil {
		g.t.Fatal(err)
	}
	defer db.Close()
	names := column(g.t, db, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY 1")
	state := map[string]string{}
	for _, name := range names {
		if strings.Contains(name, "_fts") || strings.HasPrefix(name, "search_") {
			continue // an index over the others
		}
		state[name] = fmt.Sprintf("%x", sha256.Sum256([]byte(strings.Join(rows(g.t, db, name), "\n"))))
	}
	if len(state) < 10 {
		g.t.Fatalf("only %d tables", len(state))
	}
	return state
}

func column(t *testing.T, db *sql.DB, query string) (all []string) {
	t.Helper()
	r, err := db.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for r.Next() {
		var s string
		if err := r.Scan(&s); err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	return all
}

func rows(t *testing.T, db *sql.DB, table string) (all []string) {
	t.Helper()
	r, err := db.Query(`SELECT * FROM "` + table + `"`)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	names, err := r.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for r.Next() {
		cells, at := make([]any, len(names)), make([]any, len(names))
		for i := range cells {
			at[i] = &cells[i]
		}
		if err := r.Scan(at...); err != nil {
			t.Fatal(err)
		}
		all = append(all, fmt.Sprint(cells...))
	}
	slices.Sort(all)
	return all
}

func changed(before, after map[string]string) (tables []string) {
	for name, sum := range after {
		if before[name] != sum {
			tables = append(tables, name)
		}
	}
	slices.Sort(tables)
	return tables
}

// turned names the elements in which words that turn the direction of writing are not kept by themselves.
func turned(page string) (all []string) {
	root, err := html.Parse(strings.NewReader(page))
	if err != nil || !strings.HasPrefix(page, "<!") {
		return nil
	}
	apart := func(n *html.Node) bool {
		for ; n != nil && n.Data != "body"; n = n.Parent {
			// What lies in a title or a list of choices is drawn by the browser in a place of its own.
			if slices.Contains([]string{"bdi", "title", "option", "textarea"}, n.Data) || slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == "dir" && a.Val == "auto" }) {
				return true
			}
		}
		return false
	}
	for n := range root.Descendants() {
		if n.Type == html.TextNode && strings.Contains(n.Data, "\u202e") && !apart(n.Parent) {
			all = append(all, "<"+n.Parent.Data+"> "+fmt.Sprintf("%.60q", n.Data))
		}
	}
	return all
}

// writes are the tables that a walk changes, and where each was changed if it may change none.
func (g *walked) writes(paths []string, none bool, call func(path string)) []string {
	g.t.Helper()
	before := g.state()
	for _, p := range paths {
		call(p)
	}
	tables := changed(before, g.state())
	if none && len(tables) > 0 { // once more, slowly
		for _, p := range paths {
			before := g.state()
			call(p)
			if again := changed(before, g.state()); len(again) > 0 {
				tables = append(tables, p+" again")
			}
		}
	}
	return tables
}

// paths of all routes that are read, or of all that are not.
func (g *walked) all(read bool) (all []string) {
	for _, route := range g.routes {
		method, rest, _ := strings.Cut(route, " ")
		// Who comes in or goes out is tried elsewhere; a link ends the sessions that this test needs.
		if (method == http.MethodGet) != read || !read && (strings.HasPrefix(rest, "sign-") || strings.HasSuffix(rest, "/link")) {
			continue
		}
		for _, p := range g.paths(route) {
			all = append(all, method+" "+p)
		}
	}
	return all
}

// Every route, as every role, with what a hostile State wrote on it: reading changes nothing, nothing of it runs, who may not
// see a case sees none of it, and who may not act acts on nothing. The routes are asked of the console itself.
func TestEveryRouteAsEveryRole(t *testing.T) {
	g := ask(t)
	reads, acts := g.all(true), g.all(false)
	if len(reads) < 90 || len(acts) < 90 {
		t.Fatalf("only %d and %d addresses", len(reads), len(acts))
	}
	form := url.Values{"step": {"do"}, "why": {"because it was asked for in writing"}, "text": {"words that were typed"}, "title": {"a title"}, "version": {fmt.Sprint(int64(g.changed))}, "agree": {"yes"}, "from": {"somebody"}, "how": {"by letter"},
		"state": {"XA"}, "name": {"B. Lindqvist"}, "until": {"2027-06-01"}, "review": {"2027-06-01"}, "found": {"justified"}, "ids": {string(g.request)}, "id": {string(g.request)}, "to": {"B. Lindqvist"}}
	for _, role := range []struct {
		name              string
		fine, seen, wrote int  // at least; so that the test could fail
		blind             bool // sees nothing of a case
		idle              bool // changes nothing at all
	}{
		{"", 1, 0, 0, true, true},
		{"Root", 20, 0, 1, true, false},
		{"Judge Watching", 50, 8, 0, false, true},
		{"B. Lindqvist", 50, 8, 1, false, false},
		{"Examiner 14", 50, 8, 3, false, false},
		{"Judge T. Moreau", 50, 8, 3, false, false},
	} {
		call := g.person(role.name)
		call(http.MethodGet, "requests/"+string(g.request), nil) // the first reading of a case is an entry
		fine, seen := 0, 0
		look := func(address string) {
			method, path, _ := strings.Cut(address, " ")
			w := call(method, path, form)
			page := w.Body.String()
			if w.Code >= 500 && w.Code != http.StatusServiceUnavailable {
				t.Errorf("%q, %s: %d", role.name, address, w.Code)
			}
			if w.Code == http.StatusOK {
				fine++
			}
			if strings.Contains(page, canary) {
				seen++
			}
			for _, where := range turned(page) {
				t.Errorf("%q, %s: words turn what stands around %s", role.name, address, where)
			}
			for _, live := range []string{"<script>alert", "<img src=x", "</textarea></title>"} {
				if strings.Contains(page, live) {
					t.Errorf("%q, %s: %s is not inert", role.name, address, live)
				}
			}
		}
		if tables := g.writes(reads, true, look); len(tables) > 0 {
			t.Errorf("%q reads, and changes %v", role.name, tables)
		}
		if fine < role.fine || seen < role.seen {
			t.Errorf("%q sees %d pages, %d with words of the other State: this proves nothing", role.name, fine, seen)
		}
		tables := g.writes(acts, role.idle, look)
		if role.idle && len(tables) > 0 || len(tables) < role.wrote {
			t.Errorf("%q acts, and changes %v", role.name, tables)
		}
		if role.name == "Root" && (slices.Contains(tables, "request") || slices.Contains(tables, "message")) {
			t.Errorf("an administrator changes %v", tables)
		}
		if role.blind && seen > 0 {
			t.Errorf("%q sees words of a case on %d pages", role.name, seen)
		}
	}
	if text := g.log.String(); text == "" || strings.Contains(text, canary) {
		t.Errorf("the log is empty, or quotes the other State: %d bytes", len(text))
	}
}
