// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"rogatory"
	"rogatory/api"
	"rogatory/docket"
	"rogatory/treaty"
)

// sent has Aurelia draft and send a request, and returns it when it has arrived.
func (w *world) sent(r rogatory.Request) rogatory.RequestID {
	w.t.Helper()
	ctx := w.t.Context()
	f, err := w.as("XA", "anna").Draft(ctx, api.Draft{To: rogatory.Address{State: "XB", Authority: "justice"}, Request: r})
	w.must(err)
	found, err := w.as("XA", "anna").Review(ctx, f.ID)
	w.must(err)
	if len(found) > 0 {
		w.t.Fatalf("the draft lacks %+v", found)
	}
	w.moves("XA", "bruno", f.ID, rogatory.Send, rogatory.Body{})
	return f.ID
}

// moves acts through a State's door and lets the message arrive.
func (w *world) moves(state rogatory.StateCode, name string, id rogatory.RequestID, act rogatory.Act, b rogatory.Body) {
	w.t.Helper()
	_, err := w.as(state, name).Move(w.t.Context(), id, act, b)
	if err != nil {
		w.t.Fatalf("%s of %s does %s: %v", name, state, act, err)
	}
	w.deliver()
}

// Each kind runs through the doors of both offices, from the printed example to the closed file: one that
// is executed, one that preserves, or one that runs for a time.
func TestEveryKindThroughTheDoor(t *testing.T) {
	rules := treaty.Convention()
	say := func(s string) rogatory.Body { return rogatory.Body{Text: s, Language: "en"} }
	for _, k := range rules.Kinds {
		t.Run(string(k.ID), func(t *testing.T) {
			w := newWorld(t)
			r, err := rules.Example(k.ID, "", rogatory.At(w.clock.Now()))
			w.must(err)
			id := w.sent(r)
			w.moves("XB", "anna", id, rogatory.Acknowledge, rogatory.Body{})
			w.moves("XB", "bruno", id, rogatory.Accept, rogatory.Body{})
			if k.AllowsBy(rogatory.Offer, rogatory.RequestedSide) && k.Measure == nil {
				x, err := w.as("XB", "carla").Seal(t.Context(), id, docket.Sealing{Title: "what was found", FileName: "found.txt", MediaType: "text/plain", Acquired: "order 7"}, strings.NewReader("found"), nil)
				w.must(err)
				w.moves("XB", "bruno", id, rogatory.Offer, rogatory.Body{Exhibit: &rogatory.Exhibit{ID: x.ID}})
				if got, err := w.as("XA", "carla").Exhibit(t.Context(), x.ID); err != nil || got.State != docket.Offered || !strings.Contains(got.Exhibit.Limits.DisclosureNotes, k.Marking) {
					t.Errorf("Aurelia sees %+v, %v", got, err)
				}
			}
			end := rogatory.Executed
			switch {
			case k.Allows(rogatory.Execute):
				details := map[string]string{}
				for _, f := range k.Details[rogatory.Execute].Required {
					details[f] = rules.Fields[f].Example
				}
				w.moves("XB", "bruno", id, rogatory.Execute, rogatory.Body{Verdict: &rogatory.Verdict{Outcome: k.Outcomes[0]}, Details: details})
			case k.Allows(rogatory.Preserve):
				end = rogatory.Withdrawn
				item := rogatory.PreservedItem{Description: "log", Size: 3, SHA256: rogatory.DigestOf([]byte("log"))}
				w.moves("XB", "carla", id, rogatory.Preserve, rogatory.Body{Preservation: &rogatory.Preservation{Items: []rogatory.PreservedItem{item}}})
				first := w.file("XA", id).Preservation.Until
				w.moves("XA", "anna", id, rogatory.RequestExtension, rogatory.Body{Preservation: &rogatory.Preservation{Days: 30}})
				w.moves("XB", "bruno", id, rogatory.Extend, rogatory.Body{Preservation: &rogatory.Preservation{Days: 30}})
				if got := w.file("XA", id).Preservation.Until; got != first.Add(30*treaty.Day) {
					t.Errorf("30 days more than %s are until %s", first, got)
				}
				w.moves("XA", "bruno", id, rogatory.Withdraw, say("we have what we need"))
			default:
				end = rogatory.Ended
				w.measure(id, k)
			}
			for _, state := range []rogatory.StateCode{"XA", "XB"} {
				if got := w.file(state, id); got.State != end {
					t.Errorf("%s: the request is %s, want %s", state, got.State, end)
				}
			}
			if k.Allows(rogatory.ReportRecovery) {
				sum := func(v string) rogatory.Amount { return rogatory.Amount{Value: v, Code: "EUR"} }
				w.moves("XA", "bruno", id, rogatory.ReportRecovery, rogatory.Body{Recovery: &rogatory.Recovery{Attempted: sum("100.00"), Frozen: sum("50.00"), Returned: sum("25.00")}})
				money, err := w.as("XB", "anna").Money(t.Context())
				w.must(err)
				if len(money) != 1 || money[0].Share != 250 {
					t.Errorf("Borealia counts %+v", money)
				}
			}
			w.moves("XA", "bruno", id, rogatory.Close, rogatory.Body{})
			for _, state := range []rogatory.StateCode{"XA", "XB"} {
				f := w.file(state, id)
				running := slices.ContainsFunc(f.Deadlines, func(d docket.Deadline) bool { return d.State == docket.Running && !d.Outlives() })
				if f.State != rogatory.Closed || running || f.OutOfTurn > 0 {
					t.Errorf("%s: the file says %+v", state, f)
				}
			}
		})
	}
}

// measure starts what runs for a time, extends it once, and has it stopped as asked.
func (w *world) measure(id rogatory.RequestID, k treaty.Kind) {
	w.t.Helper()
	start := &rogatory.Measure{Hours: 24}
	if k.Payments != "" {
		p := w.file("XB", id).Request.Payments[0]
		start.Assets = []rogatory.Asset{{Account: p.To, Asked: p.Amount, Frozen: p.Amount}}
	}
	w.moves("XB", "bruno", id, rogatory.Start, rogatory.Body{Measure: start})
	f := w.file("XA", id)
	if f.Measure.Until != f.Measure.Since.Add(24*time.Hour) || len(f.Measure.Assets) > 0 && f.Measure.Assets[0].At != f.Measure.Since {
		w.t.Errorf("24 hours run as %+v", f.Measure)
	}
	w.moves("XA", "anna", id, rogatory.RequestExtension, rogatory.Body{Measure: &rogatory.Measure{Hours: 12}})
	w.moves("XB", "bruno", id, rogatory.Extend, rogatory.Body{Measure: &rogatory.Measure{Hours: 12}})
	if got := w.file("XA", id); got.Measure.Until != f.Measure.Until.Add(12*time.Hour) || got.Extensions != 1 {
		w.t.Errorf("extended by 12 hours: %+v", got.Measure)
	}
	w.moves("XA", "anna", id, rogatory.AskRelease, rogatory.Body{Text: "the suspect is arrested", Language: "en"})
	w.moves("XB", "bruno", id, rogatory.Stop, rogatory.Body{Text: "stopped as asked", Language: "en"})
}

func (w *world) file(state rogatory.StateCode, id rogatory.RequestID) docket.File {
	w.t.Helper()
	f, err := w.as(state, "olga").Request(w.t.Context(), id)
	w.must(err)
	return f
}

// What comes by telephone and what goes by the bag pass through the same door; a rule says there that
// nobody has verified it.
func TestOtherChannelsThroughTheDoor(t *testing.T) {
	w, ctx := newWorld(t), t.Context()
	boris := w.as("XB", "anna")
	rules, err := boris.Kinds(ctx)
	w.must(err)
	for _, k := range rules.Kinds {
		if k.Verified {
			t.Errorf("%s is said to be verified", k.ID)
		}
	}
	r, err := rules.Example(rogatory.StoredData, "", rogatory.At(w.clock.Now()))
	w.must(err)
	f, err := boris.Record(ctx, api.Arrival{From: rogatory.Address{State: "XC"}, Channel: rogatory.Telephone, Reference: "call 4711", Request: r})
	w.must(err)
	_, err = boris.Heard(ctx, f.ID, api.HeardOf{Act: rogatory.ConfirmInWriting})
	w.must(err)
	_, err = boris.Heard(ctx, f.ID, api.HeardOf{Act: rogatory.Withdraw})
	refused(t, err, rogatory.Invalid, "words_missing", "say it in words")
	f, err = boris.Heard(ctx, f.ID, api.HeardOf{Act: rogatory.Withdraw, Body: rogatory.Body{Text: "found it ourselves", Language: "en"}})
	w.must(err)
	if f.State != rogatory.Withdrawn || f.Channel != rogatory.Telephone {
		t.Errorf("the call: %+v", f)
	}
	all, err := boris.Entries(ctx, f.ID, 0, 10)
	w.must(err)
	if n := len(all); n != 3 || all[0].Entry.Said.By.Name != "as recorded by anna" {
		t.Errorf("%d entries: %+v", n, all)
	}

	bag, err := boris.Draft(ctx, api.Draft{To: rogatory.Address{State: "XC"}, Channel: rogatory.Diplomatic, Request: r})
	w.must(err)
	m, err := w.as("XB", "bruno").Move(ctx, bag.ID, rogatory.Send, rogatory.Body{})
	w.must(err)
	if m.File.State != rogatory.Requested || m.File.Channel != rogatory.Diplomatic {
		t.Errorf("the bag: %+v", m.File)
	}
	if out, err := boris.Outbox(ctx, ""); err != nil || len(out) > 0 {
		t.Errorf("%d messages wait for a State without a node: %v", len(out), err)
	}
	_, err = w.as("XB", "carla").Relay(ctx, "XA-E-000000000000", bag.ID)
	refused(t, err, rogatory.NotFound, "exhibit_unknown", "")
}

// call posts to a door and tells the status and the code of its answer.
func (w *world) call(state rogatory.StateCode, token, method, path string, body any) (status int, code string) {
	w.t.Helper()
	data, err := json.Marshal(body)
	w.must(err)
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.door[state]+"/api/v1"+path, bytes.NewReader(data))
	w.must(err)
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	w.must(err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	w.must(err)
	var p api.Problem
	_ = json.Unmarshal(text, &p) // what is no problem has no code
	return resp.StatusCode, p.Code
}

// Who may do what is the lifecycle's table, and nothing else: for every role, act, side and a State's
// request in several states the door says 403 exactly where no row names the role.
func TestWhoMayDoWhatIsTheLifecycle(t *testing.T) {
	w := newWorld(t)
	rules := treaty.Convention()
	r, err := rules.Example("realtime_traffic", "", rogatory.At(w.clock.Now()))
	w.must(err)
	draft, err := w.as("XA", "anna").Draft(t.Context(), api.Draft{To: rogatory.Address{State: "XB", Authority: "justice"}, Request: r})
	w.must(err)
	requested, accepted, running, over := w.sent(r), w.sent(r), w.sent(r), w.sent(r)
	for _, id := range []rogatory.RequestID{accepted, running, over} {
		w.moves("XB", "bruno", id, rogatory.Accept, rogatory.Body{})
	}
	w.moves("XB", "bruno", running, rogatory.Start, rogatory.Body{Measure: &rogatory.Measure{}})
	w.moves("XA", "bruno", over, rogatory.Withdraw, rogatory.Body{Text: "not needed", Language: "en"})

	acts := map[rogatory.Act][]rogatory.OfficerRole{}
	for _, row := range rogatory.Lifecycle() {
		acts[row.Act] = append(acts[row.Act], row.Roles...)
	}
	may := func(f docket.File, role rogatory.OfficerRole, act rogatory.Act) bool {
		for _, row := range rogatory.Lifecycle() {
			if row.Act == act && row.By == f.Side && slices.Contains(row.From, f.State) {
				return slices.Contains(row.Roles, role)
			}
		}
		return slices.Contains(acts[act], role) // not open: whoever may do it elsewhere is told so
	}
	// A detail that no act knows: nothing of this is done, whoever asks.
	nonsense := rogatory.Body{Details: map[string]string{"nonsense": "x"}}
	tried, denied := 0, 0
	for _, id := range []rogatory.RequestID{draft.ID, requested, accepted, running, over} {
		for _, state := range []rogatory.StateCode{"XA", "XB"} {
			if id == draft.ID && state == "XB" {
				continue
			}
			before := w.file(state, id)
			for name, role := range people {
				for act := range acts {
					method, path, body := http.MethodPost, "/requests/"+string(id)+"/acts", any(api.Move{Act: act, Body: nonsense})
					switch act {
					case rogatory.Draft: // of a kind that is none
						path, body = "/requests", api.Draft{To: before.Them, Request: rogatory.Request{Kind: "favour", Contents: map[string]string{}, Offence: rogatory.Offence{Articles: []string{}}}}
					case rogatory.Revise:
						method, path, body = http.MethodPut, "/requests/"+string(id), api.Draft{To: before.Them, Request: rogatory.Request{Kind: "favour", Contents: map[string]string{}, Offence: rogatory.Offence{Articles: []string{}}}}
					}
					status, code := w.call(state, name, method, path, body)
					allowed := may(before, role, act)
					if got := status != http.StatusForbidden; got != allowed || !allowed && code != "role_not_allowed" || status < 400 {
						t.Errorf("%s (%s) of %s, %s while %s: status %d %s, allowed is %t", name, role, state, act, before.State, status, code, allowed)
					}
					tried++
					if status == http.StatusForbidden {
						denied++
					}
				}
			}
			if after := w.file(state, id); fmt.Sprint(after) != fmt.Sprint(before) {
				t.Errorf("%s: a request that nobody moved is %+v", state, after)
			}
		}
	}
	if tried < 1000 || denied < 500 {
		t.Errorf("%d tried, %d denied: the table was not walked", tried, denied)
	}
}
