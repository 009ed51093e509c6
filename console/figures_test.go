// SPDX-License-Identifier: Apache-2.0

package console

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"

	"rogatory"
	"rogatory/assistance"
	"rogatory/clock"
	"rogatory/docket"
	"rogatory/language"
	"rogatory/legislation"
	"rogatory/statistics"
	"rogatory/treaty"
	"rogatory/treaty/atlas"
	"rogatory/treaty/status"
)

var autumn = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// room is a console without a house behind it: its figures are those that a test gives.
func room(cases []statistics.Case) *server {
	now := clock.NewManual(autumn)
	s := &server{Config: Config{Office: docket.New(docket.Config{Us: rogatory.Address{State: "XA", Authority: "justice"}, Mode: rogatory.Exercise, Rules: docket.Standard(treaty.Convention()), Clock: now}),
		Clock: now, Parties: func() []rogatory.Party {
			return []rogatory.Party{{Code: "XA", Name: "Aurelia"}, {Code: "XB", Name: "Borealia"}, {Code: "XC", Name: "Cascadia"}}
		}}, sessions: scs.New(), assets: loadAssets(), texts: language.Load()}
	s.spoken = whole(s.texts)
	s.census.cases, s.census.at, s.census.took = cases, rogatory.At(autumn), time.Minute
	return s
}

// look reads a page as a person in a role, in a language.
func (s *server) glance(t *testing.T, tag string, role rogatory.OfficerRole, address string, page func(*server, *visit) error) (*httptest.ResponseRecorder, error) {
	t.Helper()
	ctx, err := s.sessions.Load(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, Prefix+address, nil).WithContext(ctx)
	err = page(s, &visit{s: s, w: w, r: r, ctx: ctx, loc: s.texts.Locale(tag), now: rogatory.At(autumn), by: rogatory.Actor{Address: s.Office.Us, Officer: rogatory.Officer{Name: "Vera Lindqvist", Role: role}}})
	return w, err
}

func on(month time.Month, day, hour int) rogatory.Instant {
	return rogatory.At(time.Date(2026, month, day, hour, 0, 0, 0, time.UTC))
}

func threeCases() []statistics.Case {
	return []statistics.Case{
		{Side: rogatory.RequestingSide, Peer: "XB", Kind: rogatory.StoredData, State: rogatory.Closed, Outcome: rogatory.Complete, Limited: true,
			At: statistics.Moments{statistics.Sent: on(10, 1, 8), statistics.Receipted: on(10, 1, 9), statistics.Acknowledged: on(10, 1, 11), statistics.Decided: on(10, 3, 11), statistics.Executed: on(10, 4, 11), statistics.Ended: on(10, 4, 11), statistics.Closed: on(10, 5, 11)}},
		{Side: rogatory.RequestingSide, Peer: "XC", Kind: rogatory.EmergencyData, State: rogatory.Refused, Ground: "R21B", Limited: true, Overdue: true, Emergency: true,
			At: statistics.Moments{statistics.Sent: on(10, 2, 8), statistics.Receipted: on(10, 2, 8), statistics.Acknowledged: on(10, 2, 14), statistics.Decided: on(10, 2, 20), statistics.Ended: on(10, 2, 20)}},
		{Side: rogatory.RequestedSide, Peer: "XB", Kind: "=HYPERLINK()", State: rogatory.Requested, At: statistics.Moments{statistics.Receipted: on(11, 3, 8)}},
	}
}

func TestTheTablesOfTheFiguresAsFiles(t *testing.T) {
	s := room(threeCases())
	for what, want := range map[string]string{
		"summary": "from,to,side,kind,state,requests,emergency,limited,overdue\r\n2026-10-01,2026-11-25,,,,3,1,2,1\r\n",
		"stages": "from,to,side,kind,state,stage,n,median_seconds,p90_seconds\r\n" +
			"2026-10-01,2026-11-25,,,,delivery,2,0,3600\r\n" +
			"2026-10-01,2026-11-25,,,,acknowledgement,2,7200,21600\r\n" +
			"2026-10-01,2026-11-25,,,,decision,2,21600,172800\r\n" +
			"2026-10-01,2026-11-25,,,,preservation,0,,\r\n" +
			"2026-10-01,2026-11-25,,,,measure,0,,\r\n" +
			"2026-10-01,2026-11-25,,,,offer,0,,\r\n" +
			"2026-10-01,2026-11-25,,,,taking,0,,\r\n" +
			"2026-10-01,2026-11-25,,,,execution,1,86400,86400\r\n" +
			"2026-10-01,2026-11-25,,,,answer,2,43200,270000\r\n" +
			"2026-10-01,2026-11-25,,,,closing,1,86400,86400\r\n",
		"groups": "from,to,side,kind,state,dimension,value,requests,emergency,limited,overdue,stage,n,median_seconds,p90_seconds\r\n" +
			"2026-10-01,2026-11-25,,,,kind,'=HYPERLINK(),1,0,0,0,answer,0,,\r\n" +
			"2026-10-01,2026-11-25,,,,kind,emergency_data,1,1,1,1,answer,1,43200,43200\r\n" +
			"2026-10-01,2026-11-25,,,,kind,stored_data,1,0,1,0,answer,1,270000,270000\r\n",
		"months": "from,to,side,kind,state,month,requests,emergency,limited,overdue,stage,n,median_seconds,p90_seconds\r\n" +
			"2026-10-01,2026-11-25,,,,2026-10,2,1,2,1,answer,2,43200,270000\r\n" +
			"2026-10-01,2026-11-25,,,,2026-11,1,0,0,0,answer,0,,\r\n",
	} {
		w, err := s.glance(t, "en", rogatory.Overseer, "figures.csv?from=2026-10-01&to=2026-11-25&what="+what, (*server).figuresFile)
		if err != nil {
			t.Fatal(err)
		}
		if got := w.Body.String(); got != want {
			t.Errorf("%s:\n%s\nwant:\n%s", what, got, want)
		}
		if _, err := csv.NewReader(w.Body).ReadAll(); err != nil || w.Header().Get("Content-Type") != "text/csv; charset=utf-8; header=present" {
			t.Errorf("%s: %v, %s", what, err, w.Header().Get("Content-Type"))
		}
	}
	if _, err := s.glance(t, "en", rogatory.Overseer, "figures.csv?what=people", (*server).figuresFile); rogatory.CodeOf(err) != "table_unknown" {
		t.Errorf("a table of people: %v", err)
	}
	// A State's name in the filter is no formula either.
	w, err := s.glance(t, "en", rogatory.Overseer, "figures.csv?what=summary&state=%3D1%2B1", (*server).figuresFile)
	if err != nil || !strings.Contains(w.Body.String(), ",'=1+1,") {
		t.Errorf("%v: %s", err, w.Body)
	}
}

// What the address asks for, and what it means when it asks for nonsense.
func TestFiguresOfAnAddress(t *testing.T) {
	s := room(nil)
	for _, row := range []struct{ address, from, to, by, stage string }{
		{"", "2025-12-01", "2026-11-25", "kind", "answer"},
		{"?from=2026-02-30&to=soon&by=person&stage=lunch", "2025-12-01", "2026-11-25", "kind", "answer"},
		{"?from=2026-01-01&to=2026-01-31&by=ground&stage=decision", "2026-01-01", "2026-01-31", "ground", "decision"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/console/figures"+row.address, nil)
		q := queryOf(r.URL.Query(), rogatory.At(s.Clock.Now()), time.UTC)
		if q.FromDay != row.from || q.ToDay != row.to || string(q.By) != row.by || string(q.Stage) != row.stage || q.To <= q.From {
			t.Errorf("%q is taken as %+v", row.address, q)
		}
	}
}

func TestWhoRunsTheNodeSeesNoFigures(t *testing.T) {
	s := room(threeCases())
	for _, page := range []func(*server, *visit) error{(*server).figures, (*server).figuresFile} {
		if _, err := s.glance(t, "en", rogatory.Administrator, "figures", page); rogatory.KindOf(err) != rogatory.Denied {
			t.Errorf("an administrator gets %v", err)
		}
		if _, err := s.glance(t, "en", rogatory.Overseer, "figures?what=stages", page); err != nil {
			t.Errorf("oversight gets %v", err)
		}
	}
}

// many is a year of a middle-sized office, varied enough that a page of it does not shrink by repetition.
func many(n int) (all []statistics.Case) {
	rules := treaty.Convention()
	var grounds []rogatory.Ground
	for id := range rules.Grounds {
		grounds = append(grounds, id)
	}
	slices.Sort(grounds)
	seed := uint32(1)
	random := func(below int) int { seed = seed*1664525 + 1013904223; return int(seed>>8) % below }
	for range n {
		sent := time.Date(2025, 12, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(random(359*24*60)) * time.Minute)
		c := statistics.Case{Side: rogatory.RequestingSide, Peer: rogatory.StateCode([]string{"XB", "XC", "XD", "XE", "XF"}[random(5)]), Kind: rules.Kinds[random(len(rules.Kinds))].ID, Limited: true, Overdue: random(5) == 0, Emergency: random(6) == 0}
		at := sent
		later := func(m statistics.Moment, most int) {
			at = at.Add(time.Duration(random(most*60)+random(60*24)) * time.Minute / 2)
			c.At[m] = rogatory.At(at)
		}
		c.At[statistics.Sent] = rogatory.At(sent)
		later(statistics.Receipted, 1)
		later(statistics.Acknowledged, 20)
		later(statistics.Decided, 400)
		switch random(4) {
		case 0:
			c.Ground = grounds[random(len(grounds))]
			c.At[statistics.Ended] = c.At[statistics.Decided]
		case 1:
			later(statistics.Preserved, 60)
		default:
			later(statistics.Offered, 900)
			later(statistics.Taken, 40)
			later(statistics.Executed, 300)
			c.At[statistics.Ended], c.Outcome = c.At[statistics.Executed], rogatory.Complete
			later(statistics.Closed, 700)
		}
		all = append(all, c)
	}
	return all
}

func needsAndOffers(t *testing.T) assistance.Book {
	t.Helper()
	b, err := assistance.Load("book.json", []byte(`[
{"listing":{"id":"XA-N-1","version":1,"state":"XA","title":"Preservation orders for duty officers","kind":"training","articles":["25","42"],"languages":["fr","ar"],"regions":["africa"],"amount":"20 places for five days","from":"2027-01-01","until":"2027-06-30","contact":{"state":"XA","authority":"justice"}}},
{"listing":{"id":"XB-O-1","version":2,"state":"XB","title":"A week with the duty desk of Borealia <b>","kind":"training","articles":["25","41","42"],"languages":["en","fr"],"regions":["everywhere"],"amount":"two trainers","from":"2027-02-01","until":"2027-12-31","contact":{"state":"XB","authority":"justice"}}}
]`), assistance.Standard())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// maxPage is what a screen may weigh on a slow line, packed.
const maxPage = 15 << 10

// Every screen, in every language, with much and with nothing: no key without words, no style, within the budget.
// With ROGATORY_LOOK set to a folder the pages are left there, to be looked at.
func TestScreensOfFiguresAndBoards(t *testing.T) {
	full, empty := room(many(3000)), room(nil)
	full.Laws = func() (legislation.Book, error) { return legislation.Example(), nil }
	full.Assistance = func() (assistance.Book, error) { return needsAndOffers(t), nil }
	own := func(body string) (missing []string) { // other files may still be unwritten in a language
		for _, part := range strings.Split(body, "⟦")[1:] {
			key, _, _ := strings.Cut(part, "⟧")
			for _, prefix := range []string{"figures.", "map.", "way.", "laws.", "help.", "nav.figures", "nav.legislation", "nav.assistance"} {
				if strings.HasPrefix(key, prefix) {
					missing = append(missing, key)
				}
			}
		}
		return missing
	}
	for _, screen := range []struct {
		name    string
		s       *server
		address string
		page    func(*server, *visit) error
	}{
		{"figures", full, "figures", (*server).figures},
		{"figures by ground", full, "figures?by=ground&stage=decision", (*server).figures},
		{"no figures", empty, "figures", (*server).figures},
		{"treaty", full, "treaty", (*server).treatyDesk},
		{"a State", full, "treaty/QA", (*server).treatyState},
		{"laws", full, "legislation", (*server).laws},
		{"laws of nobody", empty, "legislation", (*server).laws},
		{"help", full, "assistance", (*server).help},
		{"no help", empty, "assistance", (*server).help},
	} {
		for _, tag := range language.Supported() {
			page := screen.page
			if screen.name == "a State" {
				page = func(s *server, v *visit) error { v.r.SetPathValue("code", "QA"); return (*server).treatyState(s, v) }
			}
			w, err := screen.s.glance(t, tag, rogatory.Overseer, screen.address, page)
			if err != nil {
				t.Fatalf("%s in %s: %v", screen.name, tag, err)
			}
			body := w.Body.String()
			if keys := own(body); len(keys) > 0 {
				t.Errorf("%s in %s has no words for %v", screen.name, tag, keys)
			}
			if strings.Contains(body, " style=") || strings.Contains(body, "Borealia <b>") {
				t.Errorf("%s in %s has a style, or markup that somebody wrote", screen.name, tag)
			}
			var packed bytes.Buffer
			z, _ := gzip.NewWriterLevel(&packed, gzip.DefaultCompression)
			z.Write([]byte(body))
			z.Close()
			if packed.Len() > maxPage {
				t.Errorf("%s in %s has %d bytes packed, of %d", screen.name, tag, packed.Len(), maxPage)
			}
			if tag == "en" {
				t.Logf("%s: %d bytes packed", screen.name, packed.Len())
			}
			if folder := os.Getenv("ROGATORY_LOOK"); folder != "" {
				if err := os.WriteFile(filepath.Join(folder, strings.ReplaceAll(screen.name, " ", "-")+"-"+tag+".html"), []byte(body), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// The map draws every State of the treaty desk's list as an area or a dot, by its phase and with its name, and no
// area that the list does not know as a State.
func TestEveryStateIsOnTheMap(t *testing.T) {
	s := room(nil)
	areas, dots := map[rogatory.StateCode]bool{}, map[rogatory.StateCode]bool{}
	for _, o := range atlas.Outlines() {
		if (o.Dot && dots[o.Code]) || (!o.Dot && areas[o.Code]) {
			t.Errorf("%s is there twice", o.Code)
		}
		if o.Dot {
			dots[o.Code] = true
		} else {
			areas[o.Code] = true
		}
	}
	for _, st := range s.Office.Rules.Desk.Book().States().All {
		if st.Standing != status.Organisation && !areas[st.Code] && !dots[st.Code] {
			t.Errorf("%s, %s, is not on the map", st.Code, st.Name)
		}
	}
	for _, small := range []rogatory.StateCode{"SG", "MT", "BH", "MU", "TO", "VA", "TV", "NR", "MC"} {
		if !dots[small] {
			t.Errorf("%s is too small to be seen and has no dot", small)
		}
	}
	w, err := s.glance(t, "ar", rogatory.DutyOfficer, "treaty/map.svg?theme=dark", (*server).treatyMap)
	if err != nil {
		t.Fatal(err)
	}
	names, drawn := 0, 0
	for d := xml.NewDecoder(bytes.NewReader(w.Body.Bytes())); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("the map is no XML: %v", err)
		}
		if e, ok := token.(xml.StartElement); ok {
			names += map[string]int{"title": 1}[e.Name.Local]
			drawn += map[string]int{"path": 1, "circle": 1}[e.Name.Local]
		}
	}
	if names < 200 || drawn < names || !strings.Contains(w.Body.String(), `class="dark"`) || !strings.Contains(w.Body.String(), s.texts.Locale("ar").State("VN")) {
		t.Errorf("%d names and %d areas", names, drawn)
	}
	if policy := w.Header().Get("Content-Security-Policy"); !strings.Contains(policy, "style-src 'sha256-") || strings.Contains(policy, "unsafe") {
		t.Errorf("the map's policy is %s", policy)
	}
	if folder := os.Getenv("ROGATORY_LOOK"); folder != "" {
		for _, theme := range []string{"light", "dark"} {
			w, err := s.glance(t, "en", rogatory.DutyOfficer, "treaty/map.svg?theme="+theme, (*server).treatyMap)
			if err == nil {
				err = os.WriteFile(filepath.Join(folder, "map-"+theme+".svg"), w.Body.Bytes(), 0o644)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestTheWayCountsAsTheDeskDoes(t *testing.T) {
	s := room(nil)
	w := s.way(s.texts.Locale("en"), "auto", rogatory.At(autumn))
	tally := s.Office.Rules.Desk.Tally(status.DateOf(autumn))
	if len(w.Steps) < 5 {
		t.Fatalf("only %d days", len(w.Steps))
	}
	last := w.Steps[len(w.Steps)-1]
	if last.Signatories != tally.Signatories || last.Counted != len(tally.Dated) {
		t.Errorf("the last day has %d and %d, the desk counts %d and %d", last.Signatories, last.Counted, tally.Signatories, len(tally.Dated))
	}
	signed := 0
	for _, step := range w.Steps {
		signed += len(step.Signed)
	}
	if signed != tally.Signatories {
		t.Errorf("%d States signed by the table, %d by the desk", signed, tally.Signatories)
	}
}

func TestBoardsShowWhatTheirFiltersSay(t *testing.T) {
	s := room(nil)
	s.Assistance = func() (assistance.Book, error) { return needsAndOffers(t), nil }
	s.Laws = func() (legislation.Book, error) { return legislation.Example(), nil }
	for _, row := range []struct {
		address string
		page    func(*server, *visit) error
		with    []string
		without []string
	}{
		{"assistance", (*server).help, []string{"XA-N-1", "XB-O-1", "No human-rights assessment"}, nil},
		{"assistance?article=41", (*server).help, []string{"XB-O-1"}, []string{"XA-N-1"}},
		{"assistance?language=ar", (*server).help, []string{"XA-N-1"}, []string{"XB-O-1"}},
		{"assistance?region=africa", (*server).help, []string{"XA-N-1", "XB-O-1"}, nil},
		{"assistance?region=eastern_europe", (*server).help, []string{"XB-O-1"}, []string{"XA-N-1"}},
		{"legislation?state=XA&chapter=II", (*server).laws, []string{"<bdi>7</bdi>"}, []string{"<bdi>25</bdi>", "Nothing is known"}},
		{"legislation?state=XA&status=implemented&obligation=none", (*server).laws, []string{"No article fits"}, []string{"<bdi>7</bdi>"}},
		{"legislation?state=XZ", (*server).laws, []string{"Nothing is known", "rogatory legislation set XZ"}, nil},
	} {
		w, err := s.glance(t, "en", rogatory.DutyOfficer, row.address, row.page)
		if err != nil {
			t.Fatalf("%s: %v", row.address, err)
		}
		for _, words := range row.with {
			if !strings.Contains(w.Body.String(), words) {
				t.Errorf("%s does not say %s", row.address, words)
			}
		}
		for _, words := range row.without {
			if strings.Contains(w.Body.String(), words) {
				t.Errorf("%s says %s", row.address, words)
			}
		}
	}
	if _, err := s.glance(t, "en", rogatory.DutyOfficer, "legislation?state=nowhere", (*server).laws); rogatory.CodeOf(err) != "assessment_invalid" {
		t.Errorf("a State that is none: %v", err)
	}
}

// A count that takes long is not repeated for each reader, and the page says what is going on.
func TestACountIsShared(t *testing.T) {
	s := room(threeCases())
	s.census.at, s.census.done = 0, make(chan struct{})
	close(s.census.done) // as if it had just ended without a result
	w, err := s.glance(t, "en", rogatory.Overseer, "figures", (*server).figures)
	if err != nil || w.Header().Get("Refresh") == "" || !strings.Contains(w.Body.String(), "being counted") {
		t.Errorf("%v, %s", err, w.Header())
	}
	if _, err := s.glance(t, "en", rogatory.Overseer, "figures.csv?what=stages", (*server).figuresFile); rogatory.CodeOf(err) != "being_counted" {
		t.Errorf("the file of what is not counted yet: %v", err)
	}
}
