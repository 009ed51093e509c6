// SPDX-License-Identifier: Apache-2.0

package status

import (
	"fmt"
	"slices"
	"strings"

	"rogatory"
	"rogatory/treaty"
)

// None is the basis of a request that has none. It is no value of a request.
const None rogatory.LegalBasis = "none"

// Question asks on which basis From can ask To for help.
type Question struct {
	From     rogatory.StateCode `json:"from"`
	To       rogatory.StateCode `json:"to"`
	Kind     treaty.Kind        `json:"-"`
	Part     string             `json:"part,omitempty"`   // of the kind, if it has parts
	Articles []string           `json:"offence_articles"` // 7 to 17, or parts of them such as 13(c)
	Years    int                `json:"maximum_years"`    // of deprivation of liberty, Art 2(h); zero if not known
	On       Date               `json:"on"`
	Mode     rogatory.Mode      `json:"mode"`
	Urgent   bool               `json:"urgent"` // beyond what the kind says of itself
	// Stated are the languages that To states in its signed entry of the directory, if it has one.
	Stated []string `json:"-"`
}

// Answer is what is known about a question. It decides nothing.
type Answer struct {
	Question
	KindID     rogatory.RequestKind `json:"kind"`
	Article    string               `json:"article"`  // of the kind
	InForce    bool                 `json:"in_force"` // the Convention, between the two, on that day
	Exercise   bool                 `json:"exercise"`
	Proposed   rogatory.LegalBasis  `json:"proposed"`   // the first candidate's
	Candidates []Candidate          `json:"candidates"` // in the order of preference; never empty
	Limits     []Limit              `json:"limits"`     // of either side, on the kind or the offences
	Languages  []string             `json:"languages"`  // accepted by the addressed State; empty means not known
	Channels   []Channel            `json:"channels"`
	Reasons    []Reason             `json:"reasons"`
}

// Candidate is a basis that is open, with its reasons. Its value is what a request on it notes.
type Candidate struct {
	Basis    rogatory.LegalBasis `json:"basis"`
	Name     string              `json:"name"`
	Articles string              `json:"articles,omitempty"` // of that instrument
	Assumed  bool                `json:"assumed,omitempty"`  // taken as open for an exercise
	Reasons  []Reason            `json:"reasons"`
}

// Channel is a way for the request to go.
type Channel struct {
	Name string `json:"name"`
	Reason
}

// Basis answers on which legal bases From can ask To, in order, and why. It is an error if a State is
// unknown or asks itself, if the kind or an offence has no article of the Convention, or if a
// fictional State stands in a live question ("mode_mismatch").
func (d *Desk) Basis(q Question) (Answer, error) {
	from, to, at, err := d.admit(q)
	if err != nil {
		return Answer{}, err
	}
	a := Answer{Question: q, KindID: q.Kind.ID, Article: at, Exercise: q.Mode == rogatory.Exercise, Languages: to.Languages,
		Reasons: make([]Reason, 0, 8), Candidates: make([]Candidate, 0, 3), Channels: make([]Channel, 0, 4)} // as many as most answers have
	if len(q.Stated) > 0 {
		a.Languages = q.Stated
	}
	if a.Languages == nil {
		a.Languages = []string{}
	}
	if a.Articles == nil {
		a.Articles = []string{}
	}
	a.InForce = d.bound(q.From, q.On) && d.bound(q.To, q.On)
	a.Limits = d.limitsOf(q, at)
	if !a.InForce {
		a.Reasons = append(a.Reasons, d.whyNotBetween(from, to, q.On)...)
	}
	a.Reasons = append(a.Reasons, d.horizon(q.On)...)
	for _, l := range a.Limits {
		a.Reasons = append(a.Reasons, l.reason(d.book.states))
	}
	if len(a.Limits) > 0 {
		a.Reasons = append(a.Reasons, d.rules["reservation"].because(""))
	}
	for _, s := range [...]State{from, to} {
		if named := d.mentions[s.Code]; len(named) > 0 {
			a.Reasons = append(a.Reasons, Reason{Text: fmt.Sprintf("the depositary's text names %s and is not analysed by article: read %s", s.Name, strings.Join(named, ", "))})
		}
	}

	if c, ok := d.onBudapest(q, &a); ok {
		a.Candidates = append(a.Candidates, c)
	}
	treaties := d.onAgreements(q, at)
	if c, ok := d.onConvention(q, &a, len(a.Candidates)+len(treaties) > 0); ok {
		a.Candidates = append(a.Candidates, c)
	}
	a.Candidates = append(a.Candidates, treaties...)
	if c := d.onReciprocity(q, at, from, to); c.Basis != None || len(a.Candidates) == 0 {
		a.Candidates = append(a.Candidates, c)
	}
	a.Proposed = a.Candidates[0].Basis

	switch {
	case len(q.Stated) > 0:
		a.Reasons = append(a.Reasons, d.rules["languages"].because("%s states %s in its directory entry", to.Name, strings.Join(q.Stated, ", ")))
	case len(a.Languages) == 0:
		a.Reasons = append(a.Reasons, d.rules["languages"].because("those of %s are not known here; ask before translating", to.Name))
	default:
		a.Reasons = append(a.Reasons, d.rules["languages"].because("%s accepts %s", to.Name, strings.Join(a.Languages, ", ")))
	}
	a.Channels = d.channels(q, a.Channels)
	return a, nil
}

// admit refuses a question that makes no sense, and finds the article that it is about.
func (d *Desk) admit(q Question) (from, to State, at string, err error) {
	if from, err = d.book.states.Get(q.From); err != nil {
		return State{}, State{}, "", err
	}
	if to, err = d.book.states.Get(q.To); err != nil {
		return State{}, State{}, "", err
	}
	at = q.Kind.Article
	part, known := q.Kind.Part(q.Part)
	if known {
		at = part.Article
	}
	at, _, _ = strings.Cut(at, ",") // of several the first is the one that creates the kind
	return from, to, at, d.sense(q, at, known)
}

func (d *Desk) sense(q Question, at string, partKnown bool) error {
	bad := func(code, format string, args ...any) error {
		return rogatory.Fault(rogatory.Invalid, code, format, args...)
	}
	switch {
	case q.From == q.To:
		return bad("same_state", "%s cannot ask itself", q.From)
	case q.Mode != rogatory.Live && q.Mode != rogatory.Exercise:
		return bad("mode_unknown", "mode %.20q is neither live nor exercise", q.Mode)
	case q.Mode == rogatory.Live && (q.From.Fictional() || q.To.Fictional()):
		return rogatory.Fault(rogatory.ModeMismatch, "mode_mismatch", "%s and %s: a fictional State has no live legal basis", q.From, q.To).
			WithHint("ask in exercise mode")
	case q.On == 0:
		return bad("date_missing", "no day is given")
	case q.Part != "" && !partKnown:
		return bad("part_unknown", "the kind %.40q has no part %.40q", q.Kind.ID, q.Part)
	case !rogatory.Article(at).Valid():
		return bad("kind_without_article", "the kind %.40q names no article of the Convention, but %.20q", q.Kind.ID, at)
	case q.Years < 0 || q.Years > maxYears:
		return bad("years_invalid", "a maximum penalty of %d years is not from 0 to %d", q.Years, maxYears)
	case len(q.Articles) > treaty.MaxArticles:
		return bad("offences_too_many", "%d offence articles, at most %d", len(q.Articles), treaty.MaxArticles)
	}
	for _, one := range q.Articles {
		if !rogatory.Article(one).Valid() || !d.rules["offence"].covers(one) {
			return bad("offence_unknown", "offence %.20q is not one of Articles 7 to 17", one)
		}
	}
	return nil
}

// maxYears bounds a penalty; imprisonment for life is written as 100.
const maxYears = 1000

// limitsOf collects the declarations of either side on the kind's article and the offences.
func (d *Desk) limitsOf(q Question, at string) []Limit {
	all := []Limit{}
	for _, s := range [...]rogatory.StateCode{q.From, q.To} {
		for _, l := range d.limits[s] {
			touches := func(a string) bool { return within(a, l.Article) || within(l.Article, a) }
			if l.Earliest() <= q.On && (touches(at) || slices.ContainsFunc(q.Articles, touches)) {
				all = append(all, l)
			}
		}
	}
	return all
}

func (l Limit) reason(states *States) Reason {
	text := fmt.Sprintf("%s %s Article %s by a declaration made %s on %s: %s", l.State, l.Effect, l.Article, l.When, l.MadeOn, l.Text)
	if s, err := states.Get(l.State); err == nil {
		text = s.Name + strings.TrimPrefix(text, string(l.State))
	}
	if l.Note != "" {
		text += "; " + l.Note
	}
	return Reason{Text: text, Article: l.Article, Verified: l.Verified}
}

// excluded reports whether either side is not bound by the article.
func excluded(limits []Limit, a string) bool {
	return slices.ContainsFunc(limits, func(l Limit) bool { return l.Effect == Excludes && within(a, l.Article) })
}

// whyNotBetween says why the Convention is not in force between the two.
func (d *Desk) whyNotBetween(from, to State, on Date) []Reason {
	var why []Reason
	if d.entry == 0 || d.entry > on {
		why = d.whyForce(on)
	}
	for _, s := range [...]State{from, to} {
		if s.Standing == Fictional || d.bound(s.Code, on) {
			continue
		}
		l := d.lives[s.Code]
		r := Reason{Text: "no consent of " + s.Name + " to be bound is known", Article: "64"}
		switch c := d.consent[s.Code]; {
		case l.until != 0 && l.until <= on:
			r = because("67(1)", c.Verified && d.ruleVerified("67(1)"), "the withdrawal of %s took effect on %s", s.Name, l.until)
		case l.deposited != 0 && l.deposited <= on && l.from > on:
			r = because("65(2)", c.Verified && d.ruleVerified("65(2)"), "%s consented on %s and is bound from %s only", s.Name, l.deposited, l.from)
		case l.deposited != 0 && l.deposited <= on:
			r = because("65(1)", c.Verified && d.ruleVerified("65(1)"), "%s consented on %s and waits for the entry into force", s.Name, l.deposited)
		case c != nil && !c.Dated() && c.Earliest() <= on:
			r = Reason{Text: fmt.Sprintf("a %s of %s is reported, %s, and its deposit was not seen: it does not count", c.Kind, s.Name, c.When), Article: "65(1)"}
		}
		why = append(why, r)
	}
	return why
}

// onBudapest offers the Budapest Convention between its Parties, if it has such cooperation.
func (d *Desk) onBudapest(q Question, a *Answer) (Candidate, bool) {
	if !d.budapest.Bound(q.From, q.On) || !d.budapest.Bound(q.To, q.On) {
		return Candidate{}, false
	}
	row, ok := counterpart(d.budapest.Cooperation, a.Article)
	if !ok || row.Counterpart == "" {
		a.Reasons = append(a.Reasons, d.rules["budapest_gap"].because("as Article %s; %s", a.Article, row.Note))
		return Candidate{}, false
	}
	c := Candidate{Basis: rogatory.BudapestTreaty, Name: d.budapest.Name, Articles: row.Counterpart}
	chart := Reason{Text: fmt.Sprintf("both are Parties: %s since %s, %s since %s, by the chart of %s", q.From, d.budapest.from[q.From], q.To, d.budapest.from[q.To], d.budapest.AsOf), Verified: d.budapest.Verified}
	c.Reasons = append(c.Reasons, d.rules["budapest_first"].because(""), chart)
	if q.On > d.budapest.AsOf {
		c.Reasons = append(c.Reasons, Reason{Text: fmt.Sprintf("that chart ends on %s: whether a Party left since is not known", d.budapest.AsOf)})
	}
	if row.Note != "" {
		c.Reasons = append(c.Reasons, Reason{Text: row.Note, Article: row.Article, Verified: d.budapest.Verified})
	}
	if narrow := d.rules["budapest_extradition"]; narrow.covers(a.Article) {
		open := len(q.Articles) == 0
		for _, one := range q.Articles {
			o, ok := counterpart(d.budapest.Offences, one)
			open = open || ok && o.Counterpart != ""
		}
		c.Reasons = append(c.Reasons, narrow.because(""))
		if !open {
			a.Reasons = append(a.Reasons, narrow.because("none of the offences has a counterpart there"))
		}
		return c, open
	}
	c.Reasons = append(c.Reasons, d.rules["budapest_scope"].because(""))
	return c, true
}

// onConvention offers this Convention if it is in force between the two, or for an exercise, and open
// for the offence. Where it is not open, the answer's reasons say so.
func (d *Desk) onConvention(q Question, a *Answer, another bool) (Candidate, bool) {
	c := Candidate{Basis: rogatory.ThisConvention, Name: "United Nations Convention against Cybercrime", Articles: a.Article}
	switch {
	case a.InForce:
	case a.Exercise:
		c.Assumed = true
		c.Reasons = append(c.Reasons, d.rules["exercise"].because(""))
	default:
		return Candidate{}, false
	}
	if excluded(a.Limits, a.Article) {
		a.Reasons = append(a.Reasons, because(a.Article, false, "Article %s does not bind both States: the Convention gives no basis", a.Article))
		return Candidate{}, false
	}
	opens, ok := d.opens(q, a.Limits)
	if !ok {
		a.Reasons = append(a.Reasons, opens)
		return Candidate{}, false
	}
	c.Reasons = append(c.Reasons, opens)
	if words := weak[q.Kind.Duty]; words != "" {
		c.Reasons = append(c.Reasons, because(a.Article, q.Kind.Verified, "%s", words))
	}
	switch {
	case another && d.rules["other_treaty"].covers(a.Article):
		c.Basis = rogatory.OtherTreatyByUNCC
		c.Reasons = append(c.Reasons, d.rules["other_treaty"].because(""))
	case d.rules["paragraphs"].covers(a.Article):
		c.Reasons = append(c.Reasons, d.rules["paragraphs"].because(""))
	}
	return c, true
}

// weak says in words where the Convention does not oblige outright.
var weak = map[treaty.Duty]string{
	treaty.Endeavour: "the Convention obliges a State to endeavour, no more",
	treaty.Consider:  "the Convention obliges a State to consider it, no more",
	treaty.Agreement: "it is given only as the two States have agreed",
	treaty.Own:       "nobody is obliged to it: it is an offer of the State that sends it",
}

// opens says whether and why the Convention is open for what is investigated.
func (d *Desk) opens(q Question, limits []Limit) (Reason, bool) {
	var usable []string
	for _, one := range q.Articles {
		only := len(q.Kind.Only) == 0 || slices.ContainsFunc(q.Kind.Only, func(held string) bool { return within(one, held) })
		if only && !excluded(limits, one) {
			usable = append(usable, one)
		}
	}
	switch {
	case q.Kind.Offences == treaty.NoOffence:
		return because(q.Kind.Article, q.Kind.Verified, "no offence need be named for this kind"), true
	case len(usable) > 0:
		return d.rules["offence"].because("Article %s", strings.Join(usable, ", ")), true
	case q.Kind.Offences == treaty.AnyOffence && q.Years >= rogatory.SeriousCrimeYears:
		return d.rules["serious"].because("up to %d years", q.Years), true
	case len(q.Articles) == 0 && q.Years == 0:
		return d.rules["unnamed"].because(""), true
	}
	return d.rules["scope"].because(""), false
}

// onAgreements offers the treaties that the office recorded.
func (d *Desk) onAgreements(q Question, at string) []Candidate {
	var all []Candidate
	for i := range d.agreements {
		if g := &d.agreements[i]; g.Kind != "reciprocity" && g.gives(q.From, q.To, at, q.On) {
			all = append(all, Candidate{Basis: rogatory.OtherTreaty, Name: g.Name, Reasons: []Reason{
				d.rules["agreement"].because("in force since %s", g.From), {Text: "recorded by the office from " + g.Source, Verified: g.Verified}}})
		}
	}
	return all
}

// onReciprocity closes the list: reciprocity, as recorded or to be asked for, or nothing.
func (d *Desk) onReciprocity(q Question, at string, from, to State) Candidate {
	if from.Standing == Organisation || to.Standing == Organisation {
		return Candidate{Basis: None, Name: "none", Reasons: []Reason{d.rules["none"].because(""), d.rules["organisation"].because("")}}
	}
	c := Candidate{Basis: rogatory.UnderReciprocity, Name: "reciprocity"}
	for i := range d.agreements {
		if g := &d.agreements[i]; g.Kind == "reciprocity" && g.gives(q.From, q.To, at, q.On) {
			c.Name = g.Name
			c.Reasons = []Reason{d.rules["reciprocity"].because("an assurance is recorded, since %s", g.From), {Text: "recorded by the office from " + g.Source, Verified: g.Verified}}
			return c
		}
	}
	c.Reasons = []Reason{d.rules["reciprocity"].because("whether that of %s does is not recorded here; if it does not, there is none", to.Name)}
	return c
}

func (d *Desk) channels(q Question, all []Channel) []Channel {
	all = append(all, Channel{"network", d.rules["channel_network"].because("this network")})
	if slices.Contains(q.Kind.Receivers, rogatory.PointOfContact) {
		all = append(all, Channel{"contact_point", d.rules["channel_contact"].because("")})
	}
	all = append(all, Channel{"diplomatic", d.rules["channel_diplomatic"].because("")})
	if q.Urgent || q.Kind.Urgent {
		all = append(all, Channel{"interpol", d.rules["channel_interpol"].because("whether %s agrees is not known here", q.To)})
	}
	return all
}
