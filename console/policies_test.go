// SPDX-License-Identifier: Apache-2.0

package console

import (
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"maps"
	"mime/multipart"
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

	"github.com/a-h/templ"

	"rogatory"
	"rogatory/clock"
	"rogatory/docket"
	"rogatory/journal"
	"rogatory/ledger"
	"rogatory/safeguard"
	"rogatory/store"
	"rogatory/store/storetest"
	"rogatory/treaty"

	mathrand "math/rand/v2"
)

// hall is a console with a real office behind it, and a visitor for each of its people.
type hall struct {
	*testing.T
	office *docket.Office
	time   *clock.Manual
	door   *httptest.Server
}

func openHall(t *testing.T) *hall {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	h := &hall{T: t, time: clock.NewManual(time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC))}
	c := store.Config{Engine: store.SQLite, Source: filepath.Join(t.TempDir(), "office.db"), Keys: storetest.Keys()}
	must(store.Create(t.Context(), c))
	s, err := store.Open(t.Context(), c)
	must(err)
	t.Cleanup(func() { s.Close() })
	secret, _, err := journal.GenerateKey(rand.Reader, "xb.example/journal")
	must(err)
	signer, err := journal.NewSigner(secret)
	must(err)
	rules := treaty.Convention()
	h.office = docket.New(docket.Config{Us: rogatory.Address{State: "XB", Authority: "justice"}, Mode: rogatory.Exercise, Store: s, Rules: docket.Standard(rules), Clock: h.time, Random: rand.Reader,
		Ledger:     ledger.New(ledger.Config{Store: s, Origin: "xb.example/journal", Signer: signer, Clock: h.time, Random: rand.Reader}),
		Safeguards: &docket.Safeguards{Convention: safeguard.Convention(), Form: safeguard.TheForm(), Vocabulary: safeguard.TheVocabulary()}})
	h.door = httptest.NewServer(New(Config{Office: h.office, Rules: rules, Clock: h.time, Demo: true, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Parties: func() []rogatory.Party { return nil },
		People: func(context.Context) ([]rogatory.Officer, error) {
			return []rogatory.Officer{{Name: "Judge T. Moreau", Role: rogatory.Decider}, {Name: "B. Lindqvist", Role: rogatory.DutyOfficer}, {Name: "Otto", Role: rogatory.Administrator}}, nil
		}}))
	t.Cleanup(h.door.Close)
	return h
}

// visitor is one person's.
type visitor struct {
	h *hall
	*http.Client
}

func (h *hall) as(name string) visitor {
	h.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		h.Fatal(err)
	}
	b := visitor{h, &http.Client{Jar: jar}}
	b.post("sign-in/demo", url.Values{"name": {name}})
	return b
}

func (b visitor) read(r *http.Response, err error) (string, int) {
	b.h.Helper()
	if err != nil {
		b.h.Fatal(err)
	}
	defer r.Body.Close()
	page, err := io.ReadAll(r.Body)
	if err != nil {
		b.h.Fatal(err)
	}
	return string(page), r.StatusCode
}

func (b visitor) open(path string) (string, int) {
	b.h.Helper()
	return b.read(b.Get(b.h.door.URL + Prefix + path))
}

func (b visitor) post(path string, form url.Values) (string, int) {
	b.h.Helper()
	return b.read(b.PostForm(b.h.door.URL+Prefix+path, form))
}

// upload sends the form with files.
func (b visitor) upload(files map[string]string) (string, int) {
	b.h.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		w, err := m.CreateFormFile("files", name)
		if err == nil {
			_, err = io.WriteString(w, files[name])
		}
		if err != nil {
			b.h.Fatal(err)
		}
	}
	if err := m.Close(); err != nil {
		b.h.Fatal(err)
	}
	return b.read(b.Post(b.h.door.URL+Prefix+"policies/try", m.FormDataContentType(), &body))
}

func (h *hall) sees(page string, all ...string) {
	h.Helper()
	for _, words := range all {
		if !strings.Contains(page, templ.EscapeString(words)) {
			h.Errorf("%q is not on the page", words)
		}
	}
	if strings.Contains(page, missing) {
		h.Errorf("something has no words: %.80s", page[strings.Index(page, missing):])
	}
}

var hiddenDigest = regexp.MustCompile(`name="digest" value="([0-9a-f]{64})"`)

// A decider adds a rule and takes it back, and a colleague agrees: on screens, without a script.
func TestRulesAreChangedOnScreen(t *testing.T) {
	h, l := openHall(t), testLocale()
	judge, officer, otto := h.as("Judge T. Moreau"), h.as("B. Lindqvist"), h.as("Otto")
	page, _ := otto.open("policies")
	h.sees(page, l.T("policies.title"), l.T("safeguard.advice.mass"), l.T("policies.none"), l.T("policies.from_program"))
	example, _ := judge.open("policies/example.cedar")
	if !strings.Contains(example, "forbid (") {
		t.Fatalf("the example: %s", example)
	}

	// What does not fit is refused, with its line, and the page stays.
	page, status := judge.upload(map[string]string{"bad.cedar": strings.Replace(example, "subjects", "weather", 1)})
	if h.sees(page, "bad.cedar:", l.T("policies.title")); status != http.StatusUnprocessableEntity {
		t.Errorf("status %d", status)
	}
	page, _ = judge.upload(nil)
	h.sees(page, "No files of policies were chosen.")

	page, _ = judge.upload(map[string]string{"national.cedar": example})
	h.sees(page, l.T("policies.tightens"), "ministry_location", l.T("safeguard.changed.added"), l.T("policies.cases"))
	digest := hiddenDigest.FindStringSubmatch(page)
	if digest == nil {
		t.Fatal("nothing can be proposed")
	}
	page, _ = judge.post("policies/propose", url.Values{"digest": {digest[1]}, "why": {"so"}})
	h.sees(page, "Say why the safeguards change")
	page, status = judge.post("policies/propose", url.Values{"digest": {rogatory.DigestOf(nil).String()}, "why": {"x"}})
	if status != http.StatusConflict {
		t.Errorf("other files than those that were looked at: %d %.200s", status, page)
	}
	page, _ = judge.post("policies/propose", url.Values{"digest": {digest[1]}, "why": {"the ministry asked for this after the hearing"}})
	h.sees(page, l.T("policies.proposed"), "the ministry asked for this after the hearing")
	page, _ = officer.open("policies")
	h.sees(page, l.T("policies.national"), "Two people of the ministry decide.")
	page, _ = officer.open("policies/" + digest[1] + "/0")
	if page != example {
		t.Error("the file is another than was proposed")
	}

	// Without it again: an hour later the passkey is asked for, then the colleague's word, then a day.
	h.time.Advance(time.Hour)
	page, _ = judge.read(judge.Post(h.door.URL+Prefix+"policies/try", "multipart/form-data; boundary=x", strings.NewReader("--x\r\nContent-Disposition: form-data; name=\"none\"\r\n\r\n1\r\n--x--\r\n")))
	h.sees(page, l.T("policies.weakens"), l.T("safeguard.changed.removed"))
	digest = hiddenDigest.FindStringSubmatch(page)
	page, _ = judge.post("policies/propose", url.Values{"digest": {digest[1]}, "why": {"the ministry took its wish back in writing"}})
	h.sees(page, l.T("confirm.title"))
	judge.post("confirm/demo", nil)
	page, _ = judge.post("policies/propose", url.Values{"digest": {digest[1]}, "why": {"the ministry took its wish back in writing"}})
	h.sees(page, l.T("policies.stands.unagreed"))
	if strings.Contains(page, "/agree") {
		t.Error("who proposed it is asked to agree")
	}
	page, _ = officer.open("policies/" + digest[1])
	h.sees(page, l.T("policies.agree"))
	officer.post("confirm/demo", nil)
	page, _ = officer.post("policies/"+digest[1]+"/agree", nil)
	h.sees(page, l.T("policies.agreed"))
	page, _ = judge.open("policies")
	h.sees(page, l.T("policies.waiting"), l.T("policies.keep"), "ministry_location")
	h.time.Advance(12 * time.Hour)
	judge = h.as("Judge T. Moreau")
	page, _ = judge.open("policies")
	h.sees(page, "ministry_location")
	page, _ = judge.post("policies/keep", url.Values{"step": {"do"}})
	h.sees(page, l.T("wrong.missing", "label", l.T("policies.keep.why")))
	page, _ = judge.post("policies/keep", url.Values{"why": {"the oversight body wants to be heard first"}})
	h.sees(page, "the oversight body wants to be heard first", l.T("willbe.title"))
	page, _ = judge.post("policies/keep", url.Values{"why": {"the oversight body wants to be heard first"}, "step": {"do"}})
	h.sees(page, l.T("policies.kept"))
	h.time.Advance(12 * time.Hour)
	page, _ = h.as("Otto").open("policies")
	h.sees(page, "ministry_location", l.T("policies.stands.overtaken"))
	page, _ = h.as("Otto").open("policies/bench")
	h.sees(page, l.T("policies.cases"), "emergency_expired")
	if strings.Contains(page, l.T("policies.would")) || !strings.Contains(page, "/console/policies#emergency_expired") {
		t.Error("nothing is proposed, and a column says what would change; or a rule's name does not lead to its words")
	}
}

// The screens of the safeguards, as full as they get, cross a slow line in every language.
func TestPoliciesFitASlowLine(t *testing.T) {
	w := writer{mathrand.New(mathrand.NewPCG(7, 8))}
	s := budgetServer(w)
	set := safeguard.Convention()
	all := docket.Policies{Digest: set.Digest(), Since: rogatory.At(s.Clock.Now())}
	for i, p := range set.Policies() {
		all.Rules = append(all.Rules, docket.PolicyRule{Policy: p, Since: rogatory.Instant(i), National: i%2 == 0})
	}
	stands := []docket.PolicyStanding{docket.PoliciesInForce, docket.PoliciesBefore, docket.PoliciesWait, docket.PoliciesUnagreed, docket.PoliciesOvertook, docket.PoliciesUnread}
	for i := range 40 {
		all.Editions = append(all.Editions, docket.PolicyEdition{Digest: rogatory.DigestOf([]byte{byte(i)}), At: all.Since, From: all.Since, Agreed: all.Since, Weaker: i, Tighter: 3, Stands: docket.PoliciesBefore,
			Approvals: []safeguard.Approval{{Person: w.words(2), Role: rogatory.Decider}, {Person: w.words(2), Role: rogatory.DutyOfficer}}})
		if i < len(stands) {
			all.Editions[i].Stands, all.Editions[i].Why = stands[i], w.words(30)
		}
	}
	trial := docket.PolicyTrial{Digest: set.Digest(), Weaker: true, Cases: safeguard.Bench(set, set, safeguard.TheCases())}
	for i := range docket.BenchOwn {
		trial.Own = append(trial.Own, docket.OwnReplay{Replay: safeguard.Replay{Decided: []string{"mass", "sheet_open"}, Gone: []string{"mass"}, Come: []string{w.hex(12)}, Milder: i%2 == 0}, Request: w.id(), Act: rogatory.Offer})
	}
	for _, what := range []safeguard.Changed{safeguard.Added, safeguard.Removed, safeguard.SeverityRaised, safeguard.SeverityLowered, safeguard.QuorumRaised, safeguard.QuorumLowered, safeguard.RolesAdded, safeguard.RolesRemoved, safeguard.BodyChanged, safeguard.WordsChanged, safeguard.NoPoliciesLeft} {
		for range 8 {
			trial.Changes = append(trial.Changes, safeguard.Change{Policy: w.hex(12), What: what, Weaker: true, Old: w.words(60), New: w.words(60)})
		}
	}
	for _, l := range s.spoken {
		ctx, err := s.sessions.Load(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		v := &visit{s: s, w: httptest.NewRecorder(), r: httptest.NewRequest(http.MethodGet, Prefix+"policies", nil).WithContext(ctx), ctx: ctx, loc: l, now: rogatory.At(s.Clock.Now()),
			by: rogatory.Actor{Address: s.Office.Us, Officer: rogatory.Officer{Name: "Ana Duarte", Role: rogatory.Decider}}}
		row := editionOf(l, all.Editions[3], "UTC")
		for name, screen := range map[string]templ.Component{
			"policies": policiesScreen(v.frame(l.T("policies.title"), "policies"), s.policiesOf(v, all)),
			"trial":    trialScreen(v.frame(l.T("policies.trial"), "policies"), trialView{PolicyTrial: trial, Title: l.T("policies.trial"), Propose: true, Edition: &row, Agree: true}),
		} {
			var page bytes.Buffer
			if err := screen.Render(ctx, &page); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(page.String(), missing) {
				t.Errorf("%s in %s lacks words", name, l.Tag())
			}
			n := packedSize(t, page.Bytes())
			t.Logf("%s in %s: %d bytes packed", name, l.Tag(), n)
			if n > pageBudget {
				t.Errorf("%s in %s: %d bytes packed, the budget is %d", name, l.Tag(), n, pageBudget)
			}
		}
	}
}
