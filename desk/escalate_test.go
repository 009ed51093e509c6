// SPDX-License-Identifier: Apache-2.0

package desk

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"rogatory"
)

func urgent(t testing.TB) (*Escalation, Policy) {
	t.Helper()
	e, err := LoadEscalation("escalation.json", example(t, "escalation"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := e.Policy("urgent")
	if err != nil {
		t.Fatal(err)
	}
	return e, p
}

// night plays an escalation: a clock, an alarm, and what was paged.
type night struct {
	t      *testing.T
	policy Policy
	alarm  Alarm
	now    rogatory.Instant
	log    []string
	state  PageState // what becomes of each page
}

func begin(t *testing.T) *night {
	_, p := urgent(t)
	now := at(t, "2026-12-02T03:00")
	return &night{t: t, policy: p, now: now, alarm: Alarm{ID: "a1", Policy: "urgent", Opened: now}, state: PageHandedOver}
}

// step asks once, does what is said, and moves the clock to when it is asked again.
func (n *night) step() Decision {
	n.t.Helper()
	d := Escalate(n.policy, n.alarm, n.now)
	switch d.Do {
	case Send:
		page := NewPage("p", "somebody", d.Step.Channels[0], n.now)
		page.State = n.state
		var err error
		if n.alarm, err = n.alarm.Take(d, []Page{page}, n.now); err != nil {
			n.t.Fatal(err)
		}
		n.log = append(n.log, fmt.Sprintf("%s %d %s", n.now.Time().Format("15:04:05"), d.Cycle, d.Step.To))
	case GiveUp:
		n.alarm.GivenUp = n.now
		n.log = append(n.log, n.now.Time().Format("15:04:05")+" "+d.LastResort)
	}
	if d.LookAgain > n.now {
		n.now = d.LookAgain
	}
	return d
}

// Two people are paged, one does not answer, the next is woken.
func TestOneDoesNotAnswerAndTheNextIsWoken(t *testing.T) {
	n := begin(t)
	n.step() // the person on duty, by text and mail
	n.step() // once more, by voice
	if d := n.step(); d.Step.To != ToFallback {
		t.Fatalf("%+v", d)
	}
	n.now = n.now.Add(-4 * time.Minute) // she answers a minute later
	var err error
	if n.alarm, err = n.alarm.Acknowledge(Acknowledgement{By: "fay", How: ByCode, At: n.now}); err != nil {
		t.Fatal(err)
	}
	if d := n.step(); d.Do != Stop || !strings.Contains(d.Why, "fay") || d.LookAgain != 0 {
		t.Errorf("%+v", d)
	}
	if want := []string{"02:00:00 1 on_duty", "02:03:00 1 on_duty", "02:08:00 1 fallback"}; !reflect.DeepEqual(n.log, want) {
		t.Errorf("%q", n.log)
	}
	if _, err := n.alarm.Acknowledge(Acknowledgement{By: "anna", How: ByScreen, At: n.now}); rogatory.CodeOf(err) != "already_acknowledged" || !strings.Contains(err.Error(), "fay") {
		t.Error(err)
	}
	if _, err := n.alarm.Take(Decision{Do: Send}, nil, n.now); rogatory.CodeOf(err) != "alarm_over" {
		t.Error(err)
	}
}

func TestNobodyAnswers(t *testing.T) {
	n := begin(t)
	for range 100 {
		if n.step().Do == Stop {
			break
		}
	}
	// Four cycles of five steps, 28 minutes each, and the last resort.
	if len(n.log) != 21 || n.log[20] != "03:52:00 Drive to the desk: keys at the guard of the ministry, gate 2" || n.log[5] != "02:28:00 2 on_duty" {
		t.Errorf("%q", n.log)
	}
	// Late is better than never.
	if a, err := n.alarm.Acknowledge(Acknowledgement{By: "anna", How: ByScreen, At: n.now}); err != nil || Escalate(n.policy, a, n.now).Do != Stop {
		t.Error(err)
	}
}

func TestBeforeTheWaitIsOverNobodyIsPaged(t *testing.T) {
	n := begin(t)
	n.step()
	d := Escalate(n.policy, n.alarm, n.now-1)
	if d.Do != Wait || d.LookAgain != n.now {
		t.Errorf("%+v", d)
	}
}

func TestAfterATimeWithoutPowerNothingIsPassedOver(t *testing.T) {
	n := begin(t)
	n.step()
	n.now = n.now.Add(3 * time.Hour)
	n.step()
	if d := Escalate(n.policy, n.alarm, n.now-1); d.Do != Wait {
		t.Errorf("a burst: %+v", d)
	}
	n.step()
	if want := []string{"02:00:00 1 on_duty", "05:03:00 1 on_duty", "05:08:00 1 fallback"}; !reflect.DeepEqual(n.log, want) {
		t.Errorf("%q", n.log)
	}
}

func TestAClockThatIsSetBackDelaysNothing(t *testing.T) {
	n := begin(t)
	n.step()
	n.now = n.now.Add(-24 * time.Hour)
	if d := n.step(); d.Do != Send || d.Number != 1 {
		t.Errorf("%+v", d)
	}
}

// When no provider takes a page the next step comes at once, and a new cycle does not.
func TestNobodyIsReached(t *testing.T) {
	n := begin(t)
	n.state = PageFailed
	for range 5 {
		d := Escalate(n.policy, n.alarm, n.alarm.Opened)
		if d.Do != Send {
			t.Fatalf("%+v", d)
		}
		n.now = n.alarm.Opened
		n.step()
	}
	if d := Escalate(n.policy, n.alarm, n.alarm.Opened); d.Do != Wait || d.LookAgain != n.alarm.Opened.Add(10*time.Minute) {
		t.Errorf("the second cycle: %+v", d)
	}
}

func TestWithdrawn(t *testing.T) {
	n := begin(t)
	n.step()
	n.alarm.Withdrawn = n.now
	if d := n.step(); d.Do != Stop {
		t.Errorf("%+v", d)
	}
	if _, err := n.alarm.Acknowledge(Acknowledgement{By: "anna", How: ByScreen, At: n.now}); rogatory.CodeOf(err) != "alarm_over" {
		t.Error(err)
	}
}

func TestAcknowledgementNamesWhoAndHow(t *testing.T) {
	n := begin(t)
	for _, k := range []Acknowledgement{{How: ByCode, At: 1}, {By: "anna", At: 1}, {By: "anna", How: ByCode}} {
		if a, err := n.alarm.Acknowledge(k); rogatory.CodeOf(err) != "acknowledgement_invalid" || a.Acknowledged != nil {
			t.Errorf("%+v: %v", k, err)
		}
	}
}

// Whatever happens, an alarm ends, in bounded time and with a bounded number of pages.
func TestEveryEscalationEnds(t *testing.T) {
	for seed := range uint64(300) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		n := begin(t)
		var spent rogatory.Instant
		for i := 0; ; i++ {
			n.state = []PageState{PageFailed, PageHandedOver, PageWaiting}[rnd.IntN(3)]
			before := n.now
			d := n.step()
			spent += max(0, n.now-before)
			if d.Do == Stop {
				break
			}
			if rnd.IntN(10) == 0 {
				n.now = n.now.Add(time.Duration(rnd.IntN(600)-300) * time.Second)
			}
			if i > 1000 {
				t.Fatalf("seed %d does not end: %q", seed, n.log)
			}
		}
		if len(n.alarm.Taken) != 20 || n.alarm.GivenUp == 0 {
			t.Fatalf("seed %d: %d steps", seed, len(n.alarm.Taken))
		}
		for i, taken := range n.alarm.Taken {
			if taken.Cycle != i/5+1 || taken.Step != i%5 {
				t.Fatalf("seed %d: step %d is %+v", seed, i, taken)
			}
		}
	}
}

func TestRecipients(t *testing.T) {
	r := with(t, func(r *Rota) { r.People[4].Roles = []string{"lawyer"} })
	for target, want := range map[Target]string{ToDuty: "carla", ToFallback: "fay", ToHead: "hugo", ToRole: "fay hugo", "x": ""} {
		var got []string
		for _, p := range Recipients(r, Step{To: target, Role: "lawyer"}, at(t, "2026-12-02T03:00")) {
			got = append(got, p.ID)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %q", target, got)
		}
	}
	e, _ := urgent(t)
	if err := e.Validate(r); err != nil {
		t.Error(err)
	}
	r = with(t, func(r *Rota) { r.People[5].Roles = nil })
	if err := e.Validate(r); rogatory.CodeOf(err) != "role_empty" || !strings.Contains(err.Error(), "step 4") {
		t.Error(err)
	}
	if _, err := e.Policy("x"); rogatory.CodeOf(err) != "policy_unknown" {
		t.Error(err)
	}
}

func TestEscalationIsRefused(t *testing.T) {
	good := string(example(t, "escalation"))
	for name, c := range map[string]struct{ old, new, words string }{
		"one provider":          {`"provider": "Ministry"`, `"provider": " gateway  ONE"`, `escalation.json:12: policies[0].steps[0]: an urgent request needs two channels by different providers; all of these are by "gateway one"`},
		"one channel":           {`"channels": ["sms", "mail"]`, `"channels": ["sms"]`, "two channels by different providers"},
		"no channel":            {`["sms", "mail"]`, `[]`, "no channels"},
		"a channel twice":       {`["sms", "mail"]`, `["sms", "mail", "sms"]`, "there twice"},
		"an unknown channel":    {`["sms", "mail"]`, `["sms", "pigeon"]`, `"pigeon" is unknown`},
		"an unknown kind":       {`"kind": "sms"`, `"kind": "fax"`, `kind "fax"`},
		"no provider":           {`"provider": "Ministry"`, `"provider": " "`, "provider"},
		"an unknown target":     {`"to": "fallback"`, `"to": "minister"`, "escalation.json:14"},
		"a role for no role":    {`"to": "fallback"`, `"to": "fallback", "role": "lawyer"`, "a role is named"},
		"no role":               {`"role": "lawyer", `, ``, "a role is named"},
		"no wait":               {`"wait_seconds": 180`, `"wait_seconds": 1`, "wait_seconds 1"},
		"a wait for ever":       {`"wait_seconds": 180`, `"wait_seconds": 9000000000000000000`, "wait_seconds"},
		"no cycles":             {`"cycles": 4`, `"cycles": 0`, "0 cycles"},
		"cycles for ever":       {`"cycles": 4`, `"cycles": 1000`, "1000 cycles"},
		"no last resort":        {`"last_resort": "Drive to the desk: keys at the guard of the ministry, gate 2"`, `"last_resort": " "`, "last resort"},
		"a policy twice":        {`"id": "test"`, `"id": "urgent"`, `policies[1]: id "urgent" is there twice`},
		"an unknown member":     {`"cycles": 4`, `"cycle": 4`, `unknown member "cycle"`},
		"a version with spaces": {`"version": "2026-11-25.1"`, `"version": "of today"`, "version"},
	} {
		if !strings.Contains(good, c.old) {
			t.Fatalf("%s: the example has no %s", name, c.old)
		}
		e, err := LoadEscalation("escalation.json", []byte(strings.Replace(good, c.old, c.new, 1)))
		if e != nil || rogatory.CodeOf(err) != "data_invalid" || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTestPageOfEachShift(t *testing.T) {
	r := with(t, func(*Rota) {})
	now := at(t, "2026-12-02T03:00")
	shift := OnDuty(r, now)
	if due, again := TestDue(shift, 0, now); !due || again != shift.Until {
		t.Error("the first shift has no test")
	}
	if due, _ := TestDue(shift, shift.Since-1, now); !due {
		t.Error("that of the shift before counts")
	}
	if due, again := TestDue(shift, shift.Since, now); due || again != shift.Until {
		t.Error("two tests in one shift")
	}
	if due, _ := TestDue(OnDuty(&Rota{Fallback: "fay"}, now), 0, now); due {
		t.Error("a gap is tested")
	}
}

func TestDelivery(t *testing.T) {
	now := at(t, "2026-12-02T03:00")
	p := NewPage("p1", "anna", "sms", now)
	var waits []time.Duration
	for {
		next, ok := p.TryAt()
		if !ok {
			break
		}
		waits = append(waits, next.Sub(now))
		now = next
		var err error
		if p, err = p.Tried(Attempt{At: now, Result: Silent, Code: "provider_silent"}); err != nil {
			t.Fatal(err)
		}
	}
	if p.State != PageFailed || fmt.Sprint(waits) != "[0s 5s 20s 1m0s]" || len(p.Attempts) != 4 || p.Attempts[3].Code != "provider_silent" {
		t.Errorf("%v %s %+v", waits, p.State, p.Attempts)
	}
	if _, err := p.Tried(Attempt{Result: Accepted}); rogatory.CodeOf(err) != "page_over" {
		t.Error(err)
	}
	for result, want := range map[Result]PageState{Accepted: PageHandedOver, Refused: PageFailed, Silent: PageWaiting} {
		if p, err := NewPage("p", "anna", "sms", now).Tried(Attempt{At: now, Result: result}); err != nil || p.State != want {
			t.Errorf("%s: %s %v", result, p.State, err)
		}
	}
	if _, err := NewPage("p", "anna", "sms", now).Tried(Attempt{}); rogatory.CodeOf(err) != "page_over" {
		t.Error(err)
	}
}

func TestSecrets(t *testing.T) {
	now := at(t, "2026-12-02T03:00")
	code, kept := NewCode([8]byte{9, 9, 9}, "a1", "anna", now)
	token, link := NewLink([32]byte{7}, "a1", "anna", now)
	if len(code) != 9 || code[4] != ' ' || strings.Contains(kept.Digest.String(), code[:4]+code[5:]) || len(token) != 43 {
		t.Errorf("%q %q", code, token)
	}
	for name, c := range map[string]struct {
		secret Secret
		shown  string
		after  time.Duration
		code   string
	}{
		"the code":                      {kept, code, time.Minute, ""},
		"as people type it":             {kept, " " + code[:4] + "-" + code[5:] + " ", time.Minute, ""},
		"another code":                  {kept, "1234 5678", time.Minute, "secret_wrong"},
		"nothing":                       {kept, "", time.Minute, "secret_wrong"},
		"a little before it ends":       {kept, code, SecretLife - 1000, ""},
		"when it ends":                  {kept, code, SecretLife, "secret_expired"},
		"the link":                      {link, token, time.Minute, ""},
		"a link is not retyped":         {link, token[:20] + " " + token[20:], time.Minute, "secret_wrong"},
		"the code is no link":           {link, code, time.Minute, "secret_wrong"},
		"the code of another alarm":     {Secret{Alarm: "a2", Person: "anna", How: ByCode, Digest: kept.Digest, Expires: kept.Expires}, code, time.Minute, "secret_wrong"},
		"the digest itself":             {link, link.Digest.String(), time.Minute, "secret_wrong"},
		"a secret that was never there": {Secret{}, "", time.Minute, "secret_wrong"},
	} {
		s, k, err := c.secret.Redeem(c.shown, now.Add(c.after))
		if rogatory.CodeOf(err) != c.code && (err != nil || c.code != "") {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err == nil && (k.By != "anna" || k.At != now.Add(c.after) || k.How != c.secret.How || s.Used == 0) {
			t.Errorf("%s: %+v %+v", name, k, s)
		}
		if err != nil && (k != Acknowledgement{} || s.Used != 0) {
			t.Errorf("%s: %+v", name, k)
		}
	}
	// Once.
	used, _, err := kept.Redeem(code, now)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := used.Redeem(code, now); rogatory.CodeOf(err) != "secret_used" {
		t.Error(err)
	}
	// After too many wrong ones the right one is worth nothing.
	s := kept
	for range MaxWrong {
		if s, _, err = s.Redeem("0000 0000", now); rogatory.CodeOf(err) != "secret_wrong" {
			t.Fatal(err)
		}
	}
	if s, _, err = s.Redeem(code, now); rogatory.CodeOf(err) != "secret_locked" || s.Used != 0 || s.Wrong != MaxWrong {
		t.Error(err)
	}
	other, _ := NewCode([8]byte{9, 9, 8}, "a1", "anna", now)
	if other == code {
		t.Error("another number, the same code")
	}
}
