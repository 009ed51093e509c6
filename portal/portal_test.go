// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"rogatory"
	"rogatory/assistance"
	"rogatory/clock"
	"rogatory/journal"
	"rogatory/language"
	"rogatory/transparency"
	"rogatory/treaty/status"
)

const maxPage = 15 << 10

// crowded is a door with as much to show as there can be: a report with every State, kind, ground and offence, drills
// between many States, a long set of safeguards and a full board.
func crowded(t *testing.T) (Config, []byte) {
	t.Helper()
	states := status.Embedded().Book().States().All
	counts := map[transparency.Key]int{}
	for _, side := range []rogatory.Side{rogatory.RequestingSide, rogatory.RequestedSide} {
		for i, st := range states {
			counts[transparency.Key{Side: side, Table: transparency.ByState, Key: string(st.Code)}] = 40 + 7*i%9000
		}
		for table, keys := range map[transparency.Table][]string{transparency.Requests: {transparency.All, transparency.Emergency}, transparency.ByKind: {"preservation", "emergency_data", "stored_data", "freezing", "extradition"},
			transparency.ByOffence: {"7", "8", "9", "10", "11", "12", "13", "14", "15", "16", "17", transparency.Other}, transparency.ByOutcome: {"accepted", "refused", "postponed", "executed", "withdrawn", "executed:complete", "executed:partly"},
			transparency.ByGround: {"R21A", "R21B", "R21C", "R21D", "R22", "R8DC", "R8OP"}, transparency.ByNotice: {"notified", "postponed"}} {
			for _, k := range keys {
				counts[transparency.Key{Side: side, Table: table, Key: k}] = 1234
			}
		}
		for _, d := range transparency.Delays() {
			counts[transparency.Key{Side: side, Table: transparency.ByDelay, Key: d.Key}] = 321
		}
	}
	p := transparency.Period("2026-W47")
	r := transparency.Next(transparency.Report{State: "XA", Mode: rogatory.Exercise, Origin: "xa.example/journal", Period: p, Until: p.Until(), Entries: 90000}, transparency.Report{}, counts, bytes.Repeat([]byte{7}, transparency.KeySize))
	data := r.Encode()
	var drills []Drills
	for i := range 60 {
		drills = append(drills, Drills{From: "XA", To: states[i].Code, Period: "2026-10", N: 4, Machine: 2 * time.Second, Human: 41 * time.Minute, Signed: fmt.Appendf(nil, "{\"n\": %d}", i)})
	}
	safe := Safeguards{Digest: rogatory.DigestOf(nil), Document: []byte("permit ();")}
	for i := range 40 {
		safe.InForce = append(safe.InForce, Policy{ID: fmt.Sprintf("duty-%d", i), Article: "40(21)", Effect: []string{"block", "hold", "flag"}[i%3]})
		safe.Editions = append(safe.Editions, Edition{From: p.Until(), Tighter: i, Weaker: 2, Coming: i == 0})
	}
	var witnesses []transparency.Witness
	for i := range 40 {
		_, vkey, err := journal.GenerateCosigner(bytes.NewReader(bytes.Repeat([]byte{byte(i)}, 32)), fmt.Sprintf("%s.example/witness", strings.ToLower(string(states[i].Code))))
		if err != nil {
			t.Fatal(err)
		}
		witnesses = append(witnesses, transparency.Witness{State: states[i].Code, Key: vkey})
	}
	skey, vkey, err := journal.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{9}, 32)), "xa.example/journal")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := journal.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	checkpoint, err := journal.SignCheckpoint(journal.Checkpoint{Origin: "xa.example/journal", Size: 90123, Root: journal.Hash{1}}, signer)
	if err != nil {
		t.Fatal(err)
	}
	seal, err := transparency.Seal(data, signer)
	if err != nil {
		t.Fatal(err)
	}
	list := transparency.List{Version: 1, Reports: []transparency.Listed{{Period: p, Digest: rogatory.DigestOf(data)}}}
	return Config{Clock: clock.NewManual(time.Date(2026, 11, 26, 4, 0, 0, 0, time.UTC)),
		Facts: func() transparency.Facts {
			return transparency.Facts{Version: 1, State: "XA", Mode: rogatory.Exercise, Origin: "xa.example/journal", JournalKey: vkey, Witnesses: witnesses, Notices: []transparency.Notice{{Sort: transparency.Succession, At: p.Until(), Text: "xa.example/journal 88"}}}
		},
		Desk: status.Embedded, Checkpoint: func(context.Context) ([]byte, error) { return checkpoint, nil },
		Certificates: func() []string { return []string{"-----BEGIN CERTIFICATE-----"} },
		Reports:      func(context.Context) (transparency.List, error) { return list, nil },
		Report: func(_ context.Context, want transparency.Period) ([]byte, []byte, error) {
			if want != p {
				return nil, nil, rogatory.Fault(rogatory.NotFound, "report_unknown", "there is none")
			}
			return data, seal, nil
		},
		Proof: func(context.Context, transparency.Period) ([]byte, error) { return []byte("proof"), nil },
		Assistance: func() (assistance.Book, error) {
			var b assistance.Book
			for i := range 12 {
				b.Listings = append(b.Listings, assistance.Listing{ID: assistance.NewID("XA", assistance.NeedSide, i+1), State: "XA", Title: "Training <b>of</b> examiners", Kind: "training", Articles: []string{"54"}, Languages: []string{"en"}, Regions: []string{"africa"}, From: "2026-01-01", Until: "2027-01-01"})
			}
			return b, nil
		},
		Drills: func(context.Context) ([]Drills, error) { return drills, nil }, Safeguards: func(context.Context) (Safeguards, error) { return safe, nil }}, data
}

func ask(h http.Handler, method, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, path, nil))
	return w
}

func packed(body []byte) int {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(body)
	z.Close()
	return b.Len()
}

// Every page, full and empty, in every language: within its budget, without cookie, style or script of its own, with
// every word.
func TestEveryPageInEveryLanguage(t *testing.T) {
	full, _ := crowded(t)
	empty := Config{Clock: full.Clock, Desk: status.Embedded, Facts: func() transparency.Facts {
		return transparency.Facts{Version: 1, State: "FR", Mode: rogatory.Live, Origin: "fr.example/journal"}
	}}
	for name, c := range map[string]Config{"full": full, "empty": empty} {
		h := New(c)
		for _, tag := range language.Supported() {
			for _, page := range []string{"", "treaty", "report", "network", "safeguards", "assistance", "journal", "verify", "verify?h=abcd", "verify?h=" + strings.Repeat("a", 64), "nowhere"} {
				w := ask(h, http.MethodGet, Prefix+tag+"/"+page)
				body := w.Body.String()
				want := http.StatusOK
				if page == "nowhere" {
					want = http.StatusNotFound
				}
				if w.Code != want || w.Header().Get("Set-Cookie") != "" || w.Header().Get("Content-Language") != tag {
					t.Errorf("%s %s/%s answers %d with %v", name, tag, page, w.Code, w.Header())
				}
				if at := strings.Index(body, "⟦"); at >= 0 {
					t.Errorf("%s %s/%s lacks a word: %s", name, tag, page, body[at:min(at+60, len(body))])
				}
				if strings.Contains(body, " style=") || strings.Contains(body, "<b>of") || regexp.MustCompile(`<[^>]+ on[a-z]+=`).MatchString(body) || strings.Contains(body, "http:") && !strings.Contains(body, "PUBLIC") {
					t.Errorf("%s %s/%s has a style, a handler, an outside address or markup that somebody wrote", name, tag, page)
				}
				if scripted := strings.Contains(body, "<script"); scripted != strings.HasPrefix(page, "verify") || scripted != strings.Contains(w.Header().Get("Content-Security-Policy"), "script-src") {
					t.Errorf("%s %s/%s: script %v under %s", name, tag, page, scripted, w.Header().Get("Content-Security-Policy"))
				}
				n := packed(w.Body.Bytes())
				if n > maxPage {
					t.Errorf("%s %s/%s has %d bytes packed, of %d", name, tag, page, n, maxPage)
				}
				if tag == "th" && name == "full" {
					t.Logf("%6d bytes packed: %s", n, page)
				}
			}
		}
	}
}

func TestFilesOfAReport(t *testing.T) {
	c, data := crowded(t)
	h := New(c)
	for path, kind := range map[string]string{"reports/2026-W47.json": "application/json", "reports/2026-W47.csv": "text/csv; charset=utf-8", "reports/2026-W47.seal": "text/plain; charset=utf-8", "reports/2026-W47.proof": "text/plain; charset=utf-8",
		"reports.json": "application/json", "node.json": "application/json", "digests.json": "application/json", "ar/report.atom": "application/atom+xml; charset=utf-8", "th/map.svg": "image/svg+xml"} {
		w := ask(h, http.MethodGet, Prefix+path)
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") != kind || w.Body.Len() == 0 || w.Header().Get("Content-Security-Policy") == "" {
			t.Errorf("%s answers %d with %v", path, w.Code, w.Header())
		}
	}
	if got := ask(h, http.MethodGet, Prefix+"reports/2026-W47.json").Body.Bytes(); !bytes.Equal(got, data) {
		t.Error("the report is served in other bytes than it has")
	}
	if _, err := transparency.ParseFacts(ask(h, http.MethodGet, Prefix+"node.json").Body.Bytes()); err != nil {
		t.Error(err)
	}
	if _, err := transparency.ParseList(ask(h, http.MethodGet, Prefix+"reports.json").Body.Bytes()); err != nil {
		t.Error(err)
	}
	var feed struct {
		Entries []struct {
			ID string `xml:"id"`
		} `xml:"entry"`
	}
	if err := xml.Unmarshal(ask(h, http.MethodGet, Prefix+"en/report.atom").Body.Bytes(), &feed); err != nil || len(feed.Entries) != 1 || feed.Entries[0].ID != "urn:sha256:"+rogatory.DigestOf(data).String() {
		t.Errorf("the feed: %+v, %v", feed, err)
	}
	for _, path := range []string{"reports/2026-W47", "reports/2026-W46.json", "reports/x.json", "reports/a/b", "files/", "files/" + strings.Repeat("0", 64) + ".json", "assets/nothing.css", "xx/", "en/report/2026-W99", "en/report/x"} {
		if w := ask(h, http.MethodGet, Prefix+path); w.Code != http.StatusNotFound {
			t.Errorf("%s answers %d", path, w.Code)
		}
	}
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete} {
		if w := ask(h, method, Prefix+"en/verify"); w.Code != http.StatusMethodNotAllowed {
			t.Errorf("%s answers %d", method, w.Code)
		}
	}
	if w := ask(h, http.MethodGet, Prefix); w.Code != http.StatusSeeOther || w.Header().Get("Location") != Prefix+"en/" {
		t.Errorf("the door leads to %q", w.Header().Get("Location"))
	}
}

// What is published can be looked up by its hash. The page asks for the beginning; a reader that sends the whole, as
// sha256sum wrote it, gets the one answer, and evidence gets the same as any other file that was never published.
func TestATypedHash(t *testing.T) {
	c, data := crowded(t)
	h := New(c)
	digest := rogatory.DigestOf(data).String()
	l := language.Load().Locale(language.Base)
	for _, row := range []struct{ name, typed, want string }{
		{"found", digest[:8], digest}, {"in capitals", strings.ToUpper(digest[:5]), digest},
		{"not found", "00000000", l.T("portal.verify.none")}, {"the whole hash", digest, l.T("portal.verify.yes")}, {"a line of sha256sum", digest + "++2026-W47.json", l.T("portal.verify.yes")},
		{"the whole hash of another file that begins alike", digest[:60] + strings.Map(func(r rune) rune { return map[bool]rune{true: '1', false: '0'}[r == '0'] }, digest[60:]), l.T("portal.verify.no")},
		{"longer than a hash", digest + "0", l.T("portal.verify.hash.wrong")}, {"too short", "a", l.T("portal.verify.hash.wrong")}, {"no hash", "%3Cb%3E", l.T("portal.verify.hash.wrong")},
	} {
		body := ask(h, http.MethodGet, Prefix+"en/verify?h="+row.typed).Body.String()
		if !strings.Contains(body, row.want) {
			t.Errorf("%s: the page does not say %q", row.name, row.want)
		}
		if !strings.Contains(body, `maxlength="8"`) {
			t.Errorf("%s: without scripts the page sends more than the beginning", row.name)
		}
	}
	for _, path := range regexp.MustCompile(`/public/[a-zA-Z0-9./-]+`).FindAllString(ask(h, http.MethodGet, Prefix+"digests.json").Body.String(), -1) {
		if w := ask(h, http.MethodGet, path); w.Code != http.StatusOK {
			t.Errorf("%s is listed and answers %d", path, w.Code)
		}
	}
}

// One part that fails leaves the others open, and its page says so without a word of what is inside.
func TestAPartThatDoesNotAnswer(t *testing.T) {
	c, _ := crowded(t)
	broken := errors.New("secret inside")
	c.Reports = func(context.Context) (transparency.List, error) { return transparency.List{}, broken }
	c.Assistance = func() (assistance.Book, error) { return assistance.Book{}, broken }
	h := New(c)
	for _, page := range []string{"en/report", "en/assistance", "reports.json", "digests.json"} {
		if w := ask(h, http.MethodGet, Prefix+page); w.Code != http.StatusServiceUnavailable || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s answers %d: %s", page, w.Code, w.Body)
		}
	}
	for _, page := range []string{"en/", "en/journal", "en/treaty"} {
		if w := ask(h, http.MethodGet, Prefix+page); w.Code != http.StatusOK {
			t.Errorf("%s answers %d", page, w.Code)
		}
	}
}

// Right-to-left pages need no second sheet.
func TestStylesheetIsLogical(t *testing.T) {
	text, err := files.ReadFile("assets/portal.css")
	if err != nil {
		t.Fatal(err)
	}
	if m := regexp.MustCompile(`(margin|padding|border)-(left|right)|text-align:(left|right)|[;{](left|right):`).Find(text); m != nil {
		t.Errorf("the stylesheet says %s, which does not turn with the language", m)
	}
}
