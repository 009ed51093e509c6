// SPDX-License-Identifier: Apache-2.0

package practice

import (
	"slices"
	"strings"
	"time"

	"rogatory"
	"rogatory/docket"
	"rogatory/store"
	"rogatory/treaty"
)

// Script is how the counter-State behaves on one request: which deeds follow when an act arrives.
type Script struct {
	Name string `json:"name"`
	Mood string `json:"mood"` // in words, for people
	// Exercise and Part say for which requests it is meant, by their title. A script without an exercise
	// answers requests whose title says "mood NAME".
	Exercise int      `json:"exercise,omitempty"`
	Part     string   `json:"part,omitempty"`
	Opens    *Opening `json:"opens,omitempty"`
	Replies  []Reply  `json:"replies,omitempty"`
}

// Default names the script that answers what no other does.
const Default = "accepts"

// Opening is a request that the counter-State sends of its own accord. It is the example of its kind with
// these contents, and is sent again when it was decided otherwise than is right.
type Opening struct {
	Title    string               `json:"title"`
	Kind     rogatory.RequestKind `json:"kind"`
	Law      string               `json:"law,omitempty"`
	Articles []string             `json:"articles,omitempty"`
	Contents map[string]string    `json:"contents,omitempty"`
	Right    []rogatory.State     `json:"right"`
	Grounds  []rogatory.Ground    `json:"grounds,omitempty"` // of a refusal that is right
}

// Opened is what a reply is on that follows an opening, before anything was answered.
const Opened rogatory.Act = "opened"

// Reply is what follows when an act arrives. The first that fits is taken.
type Reply struct {
	On    rogatory.Act `json:"on"`
	Says  []string     `json:"says,omitempty"`  // one of these is in its words, in small letters
	Lacks []string     `json:"lacks,omitempty"` // none of these is
	Do    []Deed       `json:"do"`
}

// Deed is one thing that the counter-State does. Deeds that are not open for the request are passed over.
type Deed struct {
	Do         rogatory.Act      `json:"do"`              // an act, SealEvidence or RotateKey
	After      int               `json:"after,omitempty"` // seconds after the deed before, or the arrival
	Text       string            `json:"text,omitempty"`
	TextSize   int               `json:"text_size,omitempty"` // the text is repeated up to so many characters
	Ground     rogatory.Ground   `json:"ground,omitempty"`
	Reasons    string            `json:"reasons,omitempty"`
	Conditions []string          `json:"conditions,omitempty"`
	Outcome    rogatory.Outcome  `json:"outcome,omitempty"` // the kind's first if empty
	Days       int               `json:"days,omitempty"`    // of an extension, or until the review of a postponement
	Percent    int               `json:"percent,omitempty"` // of the amount asked for that is found and frozen
	Bytes      int64             `json:"bytes,omitempty"`   // of the evidence; a page if zero
	Title      string            `json:"title,omitempty"`   // of the evidence
	Details    map[string]string `json:"details,omitempty"` // those the kind asks for are filled with their examples
}

// Deeds that are no acts.
const (
	SealEvidence rogatory.Act = "seal"
	RotateKey    rogatory.Act = "rotate_key"
)

// ScriptFor returns the script for a request: that of its exercise, else the one that its title names,
// else the default.
func ScriptFor(all []Script, title string) Script {
	number, part := Mark(title)
	small := strings.ToLower(title)
	var fallback Script
	for _, s := range all {
		switch {
		case s.Exercise != 0 && s.Exercise == number && s.Part == part:
			return s
		case s.Exercise == 0 && strings.Contains(small, "mood "+s.Name):
			return s
		case s.Name == Default:
			fallback = s
		}
	}
	return fallback
}

// Situation is what the counter-State's docket holds on a request.
type Situation struct {
	File     docket.File
	Messages []docket.Correspondence // in the order of its journal
	Kind     treaty.Kind
	Keys     int // message keys that it has had
}

// Due is the next deed and when it is to be done.
type Due struct {
	Deed Deed
	At   rogatory.Instant
}

// Next decides what the counter-State does next on a request; false if it waits. It follows from the
// docket alone: each act that arrived calls for its deeds, in order, and what was done already is taken
// off. A deed that is not open is passed over.
func (s Script) Next(x Situation) (Due, bool) {
	var done []rogatory.Act
	for _, c := range x.Messages {
		if c.Direction == store.Out && c.Message.By.Role != rogatory.TheNode && c.Message.Act != rogatory.Send {
			done = append(done, c.Message.Act)
		}
	}
	seals, keys := 0, x.Keys-1
	for _, e := range x.File.Exhibits {
		if e.Ours {
			seals++
		}
	}
	for _, due := range s.called(x) {
		switch due.Deed.Do {
		case SealEvidence:
			if seals > 0 {
				seals--
				continue
			}
		case RotateKey:
			if keys > 0 {
				keys--
				continue
			}
			return due, true
		default:
			if len(done) > 0 && done[0] == due.Deed.Do {
				done = done[1:]
				continue
			}
		}
		if x.open(due.Deed.Do) {
			return due, true
		}
	}
	return Due{}, false
}

// called lists the deeds that the acts which have arrived call for.
func (s Script) called(x Situation) (all []Due) {
	call := func(act rogatory.Act, words string, at rogatory.Instant) {
		i := slices.IndexFunc(s.Replies, func(r Reply) bool {
			return r.On == act && (len(r.Says) == 0 || says(words, r.Says)) && !says(words, r.Lacks)
		})
		if i < 0 {
			return
		}
		for _, d := range s.Replies[i].Do {
			at = at.Add(time.Duration(d.After) * time.Second)
			all = append(all, Due{d, at})
		}
	}
	for _, c := range x.Messages {
		switch {
		case c.Direction == store.Out && c.Message.Act == rogatory.Send:
			call(Opened, "", c.At)
		case c.Direction == store.In && c.Applied && !c.Refused:
			call(c.Message.Act, c.Message.Body.Text, c.At)
		}
	}
	return all
}

func (x Situation) open(act rogatory.Act) bool {
	if act == SealEvidence {
		act = rogatory.Offer
	} else if act == rogatory.Offer && !slices.ContainsFunc(x.File.Exhibits, func(e docket.ExhibitFile) bool { return e.Ours && e.State == docket.Sealed }) {
		return false
	}
	_, _, err := rogatory.Next(x.File.State, act, x.File.Side)
	return err == nil && x.Kind.AllowsBy(act, x.File.Side)
}

// Wants reports whether an opening is to be sent, by the requests that the counter-State has sent for it:
// none is undecided and none was decided rightly.
func (s Script) Wants(files []docket.File) bool {
	for _, f := range files {
		number, part := Mark(f.Request.Title)
		if f.Side != rogatory.RequestingSide || number != s.Exercise || part != s.Part {
			continue
		}
		if !f.State.Final() && f.State != rogatory.Accepted {
			return false
		}
		ground := rogatory.Ground("")
		if f.Verdict != nil {
			ground = f.Verdict.Ground
		}
		if slices.Contains(s.Opens.Right, f.State) && (len(s.Opens.Grounds) == 0 || slices.Contains(s.Opens.Grounds, ground)) {
			return false
		}
	}
	return true
}

// Request is what an opening asks for on that day.
func (o Opening) Request(rules *treaty.Rules, on rogatory.Instant) (rogatory.Request, error) {
	r, err := rules.Example(o.Kind, "", on)
	if err != nil {
		return r, err
	}
	r.Title = o.Title
	if o.Law != "" {
		r.Offence.Law = o.Law
	}
	if o.Articles != nil {
		r.Offence.Articles = o.Articles
	}
	for id, text := range o.Contents {
		r.Contents[id] = text
	}
	return r, nil
}

// Body is what an act says by the script.
func (d Deed) Body(x Situation, rules *treaty.Rules, now rogatory.Instant) rogatory.Body {
	var b rogatory.Body
	if b.Text = d.words(); b.Text != "" {
		b.Language = "en"
	}
	day := func(n, otherwise int) rogatory.Instant {
		if n == 0 {
			n = otherwise
		}
		return now.Add(time.Duration(n) * treaty.Day)
	}
	const reviewDays, extensionDays = 14, 30
	switch d.Do {
	case rogatory.Accept:
		if len(d.Conditions) > 0 {
			b.Verdict = &rogatory.Verdict{Conditions: d.Conditions}
		}
	case rogatory.Refuse:
		b.Verdict = &rogatory.Verdict{Ground: d.Ground, Reasons: d.Reasons, Outcome: d.Outcome}
	case rogatory.Postpone:
		b.Verdict = &rogatory.Verdict{Ground: d.Ground, Reasons: d.Reasons, Review: day(d.Days, reviewDays)}
	case rogatory.Execute:
		b.Verdict = &rogatory.Verdict{Outcome: d.Outcome}
		if d.Outcome == "" && len(x.Kind.Outcomes) > 0 {
			b.Verdict.Outcome = x.Kind.Outcomes[0]
		}
	case rogatory.Preserve:
		b.Preservation = &rogatory.Preservation{Items: []rogatory.PreservedItem{{Description: "EXERCISE: " + x.File.Request.Contents["data"], Size: 4096, SHA256: rogatory.DigestOf([]byte(x.File.ID))}}}
	case rogatory.Extend:
		days := time.Duration(d.Days)
		if days == 0 {
			days = extensionDays
		}
		if x.File.State == rogatory.InForce {
			b.Measure = &rogatory.Measure{Until: x.File.Measure.Until.Add(days * treaty.Day)}
		} else {
			b.Preservation = &rogatory.Preservation{Until: x.File.Preservation.Until.Add(days * treaty.Day)}
		}
	case rogatory.Start:
		b.Measure = &rogatory.Measure{}
		if n := len(x.File.Request.Payments); n > 0 {
			last := x.File.Request.Payments[n-1]
			b.Measure.Assets = []rogatory.Asset{{Account: last.To, Asked: last.Amount, Frozen: part(last.Amount, d.Percent), At: now}}
		}
	}
	b.Details = map[string]string{}
	for _, id := range x.Kind.Details[d.Do].Required {
		b.Details[id] = rules.Fields[id].Example
	}
	for id, text := range d.Details {
		b.Details[id] = text
	}
	if len(b.Details) == 0 {
		b.Details = nil
	}
	return b
}

func (d Deed) words() string {
	if d.TextSize == 0 || d.Text == "" {
		return d.Text
	}
	text := strings.Repeat(d.Text+" ", d.TextSize/len(d.Text)+1)
	return strings.TrimSpace(text[:min(d.TextSize, len(text))])
}

// part is so many per cent of an amount, cut down to two decimals; all of it for zero.
func part(a rogatory.Amount, percent int) rogatory.Amount {
	n, ok := a.Rational()
	if !ok || percent == 0 {
		return a
	}
	n.Mul(n, newRat(int64(percent), 100))
	return rogatory.Amount{Value: cents(n), Code: a.Code}
}

// RoleFor is the role in which an act is done.
func RoleFor(act rogatory.Act, side rogatory.Side) rogatory.OfficerRole {
	if act == SealEvidence {
		return rogatory.Custodian
	}
	for _, t := range rogatory.Lifecycle() {
		if t.Act == act && t.By == side {
			return t.Roles[0]
		}
	}
	return rogatory.Decider
}
