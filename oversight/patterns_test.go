// SPDX-License-Identifier: Apache-2.0

package oversight_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"rogatory"
	"rogatory/oversight"
)

var noon = rogatory.At(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))

const day = 24 * time.Hour

// journalOf makes the records of a journal in the order of their times.
type journalOf struct{ records []oversight.Record }

func (j *journalOf) say(at rogatory.Instant, typ rogatory.EntryType, m rogatory.Message) {
	m.Sent = at
	j.records = append(j.records, oversight.Record{Entry: rogatory.Entry{Type: typ, At: at, Request: m.Request, By: rogatory.Actor{Address: m.From, Officer: m.By}}, Message: &m})
}

func address(s rogatory.StateCode) rogatory.Address {
	return rogatory.Address{State: s, Authority: "justice"}
}

func (j *journalOf) asks(from, to rogatory.StateCode, n int, at rogatory.Instant, r rogatory.Request) rogatory.RequestID {
	id := rogatory.RequestID(fmt.Sprintf("%s-2026-%08d.1", from, n))
	typ := rogatory.MessageReceived
	if from == "XB" {
		typ = rogatory.MessageSent
	}
	j.say(at, typ, rogatory.Message{Request: id, From: address(from), To: address(to), Act: rogatory.Send, By: rogatory.Officer{Name: "P", Role: rogatory.Decider}, Body: rogatory.Body{Request: &r}})
	return id
}

// decides has somebody of Borealia, whose journal it is, decide.
func (j *journalOf) decides(id rogatory.RequestID, who string, act rogatory.Act, at rogatory.Instant) {
	j.say(at, rogatory.MessageSent, rogatory.Message{Request: id, From: address("XB"), To: address(id.Case().State()), Act: act, By: rogatory.Officer{Name: who, Role: rogatory.Decider}})
}

func (j *journalOf) cases() []oversight.Case {
	slices.SortStableFunc(j.records, func(a, b oversight.Record) int { return int(a.Entry.At - b.Entry.At) })
	return oversight.Cases("XB", j.records)
}

func about(kind rogatory.RequestKind, data string) rogatory.Request {
	return rogatory.Request{Kind: kind, Title: "t", Offence: rogatory.Offence{Articles: []string{"7"}, MaximumYears: 5, Law: "section 7"}, Contents: map[string]string{"data": data}}
}

func TestPatterns(t *testing.T) {
	rules := oversight.Standard()
	for _, row := range []struct {
		name string
		tell func(j *journalOf)
		want []string // patterns
	}{
		{"an ordinary month", func(j *journalOf) {
			for i := range 12 {
				from, to := rogatory.StateCode("XA"), rogatory.StateCode("XB")
				if i%2 == 0 {
					from, to = to, from
				}
				id := j.asks(from, to, i, noon.Add(time.Duration(i-20)*day), about(rogatory.StoredData, fmt.Sprintf("user%d@example.org", i)))
				if from == "XA" {
					j.decides(id, "Judge T", rogatory.Accept, noon.Add(time.Duration(i-20)*day+6*time.Hour))
				}
			}
		}, nil},
		{"a reviewer grants all within a minute", func(j *journalOf) {
			for i := range 12 {
				at := noon.Add(time.Duration(i-100) * time.Minute)
				j.decides(j.asks("XA", "XB", i, at, about(rogatory.StoredData, fmt.Sprintf("user%d@example.org", i))), "Judge Quick", rogatory.Accept, at.Add(50*time.Second))
			}
		}, []string{oversight.RubberStamp}},
		{"a reviewer who clears a backlog in a row is as quick", func(j *journalOf) {
			for i := range 12 {
				id := j.asks("XA", "XB", i, noon.Add(-3*day), about(rogatory.StoredData, fmt.Sprintf("user%d@example.org", i)))
				j.decides(id, "Judge Row", rogatory.Accept, noon.Add(-day+time.Duration(i)*30*time.Second))
			}
		}, []string{oversight.RubberStamp}},
		{"a reviewer who is quick and refuses some", func(j *journalOf) {
			for i := range 12 {
				at := noon.Add(time.Duration(i-100) * time.Minute)
				act := []rogatory.Act{rogatory.Accept, rogatory.Refuse}[i%2]
				j.decides(j.asks("XA", "XB", i, at, about(rogatory.StoredData, fmt.Sprintf("user%d@example.org", i))), "Judge T", act, at.Add(50*time.Second))
			}
		}, nil},
		{"half of all is an emergency", func(j *journalOf) {
			for i := range 12 {
				kind := []rogatory.RequestKind{rogatory.EmergencyData, rogatory.StoredData}[i%2]
				at := noon.Add(time.Duration(i-20) * day)
				j.decides(j.asks("XA", "XB", i, at, about(kind, fmt.Sprintf("user%d@example.org", i))), "Judge T", rogatory.Refuse, at.Add(time.Hour))
			}
		}, []string{oversight.EmergencyShare}},
		{"one person in three spellings", func(j *journalOf) {
			for i, who := range []string{"Mara.Voss@example.org", "mara.voss+news@example.org", "the account MARA.VOSS@EXAMPLE.ORG"} {
				at := noon.Add(time.Duration(i-20) * day)
				j.decides(j.asks("XA", "XB", i, at, about(rogatory.StoredData, who)), "Judge T", rogatory.Refuse, at.Add(time.Hour))
			}
		}, []string{oversight.RepeatedPerson}},
		{"one telephone in three forms", func(j *journalOf) {
			for i, who := range []string{"+888 00 123 45", "+888-00-123-45", "+888 (00) 12345"} {
				at := noon.Add(time.Duration(i-20) * day)
				j.decides(j.asks("XA", "XB", i, at, about(rogatory.StoredData, who)), "Judge T", rogatory.Refuse, at.Add(time.Hour))
			}
		}, []string{oversight.RepeatedPerson}},
		{"one person in three years", func(j *journalOf) {
			for i := range 3 {
				at := noon.Add(-time.Duration(i) * 380 * day)
				j.decides(j.asks("XA", "XB", i, at, about(rogatory.StoredData, "mara.voss@example.org")), "Judge T", rogatory.Refuse, at.Add(time.Hour))
			}
		}, nil},
		{"one State always asks", func(j *journalOf) {
			for i := range 20 {
				at := noon.Add(time.Duration(i-40) * day)
				j.decides(j.asks("XA", "XB", i, at, about(rogatory.StoredData, fmt.Sprintf("user%d@example.org", i))), "Judge T", rogatory.Refuse, at.Add(time.Hour))
			}
		}, []string{oversight.Asymmetry}},
		{"nobody answered for a month", func(j *journalOf) {
			j.asks("XA", "XB", 1, noon.Add(-31*day), about(rogatory.StoredData, "a@example.org"))
			j.asks("XB", "XC", 2, noon.Add(-31*day), about(rogatory.StoredData, "b@example.org"))
			j.asks("XA", "XB", 3, noon.Add(-29*day), about(rogatory.StoredData, "c@example.org"))
		}, []string{oversight.Silence, oversight.Silence}},
		{"what was withdrawn needs no answer", func(j *journalOf) {
			id := j.asks("XA", "XB", 1, noon.Add(-31*day), about(rogatory.StoredData, "a@example.org"))
			j.say(noon.Add(-30*day), rogatory.MessageReceived, rogatory.Message{Request: id, From: address("XA"), To: address("XB"), Act: rogatory.Withdraw, By: rogatory.Officer{Name: "P", Role: rogatory.Decider}})
		}, nil},
	} {
		var j journalOf
		row.tell(&j)
		var got []string
		for _, a := range rules.Alarms(j.cases(), oversight.Affairs{}, noon) {
			got = append(got, a.Pattern)
			if a.Count == 0 || len(a.Requests) == 0 {
				t.Errorf("%s: %+v says nothing", row.name, a)
			}
		}
		if !slices.Equal(got, row.want) {
			t.Errorf("%s: %v, want %v", row.name, got, row.want)
		}
	}
}

// What an office owes beside answers: a notice that is overdue, and weaker safeguards while somebody may still object.
func TestAffairs(t *testing.T) {
	rules := oversight.Standard()
	notice := func(n int, due time.Duration) oversight.Notice {
		return oversight.Notice{Request: rogatory.RequestID(fmt.Sprintf("XA-2026-%08d.1", n)), Due: noon.Add(due)}
	}
	for _, row := range []struct {
		name    string
		affairs oversight.Affairs
		want    []oversight.Alarm
	}{
		{"nothing is owed", oversight.Affairs{}, nil},
		{"notices that are not due, and one of a week ago", oversight.Affairs{Notices: []oversight.Notice{notice(1, day), notice(2, 0), notice(3, -7*day)}}, nil},
		{"two that are overdue, the longest first", oversight.Affairs{Notices: []oversight.Notice{notice(1, day), notice(2, -7*day-time.Second), notice(3, -80*day)}},
			[]oversight.Alarm{{Pattern: oversight.NoticeOverdue, Count: 2, Of: 3, Requests: []rogatory.RequestID{notice(3, 0).Request, notice(2, 0).Request}}}},
		{"weaker safeguards that count in a second", oversight.Affairs{Weakenings: []oversight.Weakening{{From: noon.Add(time.Second), Weaker: 1, Changes: 4}}},
			[]oversight.Alarm{{Pattern: oversight.WeakerPolicies, Count: 1, Of: 4, From: noon.Add(time.Second), Requests: []rogatory.RequestID{}}}},
		{"weaker safeguards that count already", oversight.Affairs{Weakenings: []oversight.Weakening{{From: noon, Weaker: 1, Changes: 4}}}, nil},
	} {
		if got := rules.Alarms(nil, row.affairs, noon); !reflect.DeepEqual(got, row.want) {
			t.Errorf("%s: %+v, want %+v", row.name, got, row.want)
		}
	}
}

// AB-24: oversight is not drowned: of a thousand requests the twenty that are risky are among the first fifty.
func TestAB24RiskyRequestsAreAmongTheFirst(t *testing.T) {
	chance := rand.New(rand.NewPCG(24, 1))
	kinds := []rogatory.RequestKind{rogatory.Preservation42, rogatory.StoredData, "general_assistance", rogatory.EmergencyData, "realtime_traffic", "extradition"}
	var j journalOf
	risky := map[rogatory.RequestID]string{}
	for i := range 980 {
		at := noon.Add(-time.Duration(chance.IntN(300*24)) * time.Hour)
		r := about(kinds[chance.IntN(len(kinds))], fmt.Sprintf("account user%d@example.org and the address 203.0.113.%d", i, i%250))
		id := j.asks("XA", "XB", i, at, r)
		if chance.IntN(10) > 0 {
			j.decides(id, fmt.Sprintf("Judge %d", i%7), []rogatory.Act{rogatory.Accept, rogatory.Accept, rogatory.Refuse}[chance.IntN(3)], at.Add(time.Duration(1+chance.IntN(200))*time.Hour))
		}
	}
	refused := j.asks("XA", "XB", 5000, noon.Add(-299*day), about(rogatory.StoredData, "editor@paper.example"))
	j.decides(refused, "Judge 1", rogatory.Refuse, noon.Add(-298*day))
	for i := range 20 {
		r := about(rogatory.StoredData, "")
		switch i % 5 {
		case 0:
			r.Contents["data"] = "all users who visited the page in week 45"
		case 1:
			r.Contents["data"] = "every session from 10.0.0.0/8"
		case 2: // after a refusal, about the same person in another spelling
			r.Contents["data"] = "mailbox Editor+tips@paper.example"
		case 3:
			r.Kind, r.Contents["data"] = "content_interception", "the device of the suspect"
			r.Term = rogatory.Term{From: noon, To: noon.Add(400 * day)}
		case 4:
			r.Offence, r.Contents["data"] = rogatory.Offence{Articles: []string{}, MaximumYears: 1, Law: "insult of officials"}, "who wrote the comment"
		}
		at := noon.Add(-time.Duration(20+chance.IntN(200)) * day)
		id := j.asks("XC", "XB", 9000+i, at, r)
		risky[id] = r.Contents["data"]
		if i%2 == 0 {
			j.decides(id, "Judge 3", rogatory.Accept, at.Add(90*time.Second))
		}
	}
	cases := j.cases()
	top := oversight.Standard().Rank(cases, noon)[:len(cases)/20]
	for _, r := range top {
		delete(risky, r.ID)
	}
	for id, data := range risky {
		t.Errorf("%s (%s) is not among the first %d of %d", id, data, len(top), len(cases))
	}
}
