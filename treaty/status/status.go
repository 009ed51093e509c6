// SPDX-License-Identifier: Apache-2.0

// Package status is the treaty desk: who signed, who is bound, with which reservations, and on which
// legal basis one State can ask another for help on a given day.
//
// It promises that every answer is a pure function of the data and the day asked about, that each
// reason names its article and says whether it was verified, and that what is unknown or unverified is
// said to be so in words. Dates are computed from instruments whose day of deposit is known, and from
// nothing else. It refuses data files whole that do not fit together, and files of the depositary that
// are not what they were. It grants and refuses nothing: people decide. There is no clock, no disk and
// no state; after an error nothing was loaded.
package status

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"rogatory"
)

// Reason is a sentence that explains an answer, with its article and whether the rule and the facts
// behind it were verified.
type Reason struct {
	Text     string `json:"text"`
	Article  string `json:"article,omitempty"`
	Source   string `json:"source,omitempty"` // where it is no article of the Convention
	Verified bool   `json:"verified"`

	Code string `json:"-"` // of a sentence of Status, for a screen in another language; see Codes
	Args []any  `json:"-"` // name and value in turn: a string, a Date, a When, a Consent or a Certainty
}

// Codes are the codes that a reason of Status can have.
func Codes() []string {
	return []string{"signed", "signed_between", "reported", "earlier", "deposited", "bound", "withdrawal", "none", "horizon", "mentioned"}
}

// because makes a reason.
func because(article string, verified bool, format string, args ...any) Reason {
	return Reason{Text: fmt.Sprintf(format, args...), Article: article, Verified: verified}
}

// Desk answers questions on a book, the chart of the Budapest Convention, the rules of legal bases and
// the office's other agreements. It is immutable after Open.
type Desk struct {
	book       *Book
	budapest   *Budapest
	agreements []Agreement
	rules      map[string]Rule

	steps    []step
	sound    bool // every instrument that counts is verified
	fortieth Date // deposit of the fortieth instrument, zero if there is none
	entry    Date // of the Convention into force, zero if not to be computed yet
	lives    map[rogatory.StateCode]life
	consent  map[rogatory.StateCode]*Deposit
	limits   map[rogatory.StateCode][]Limit
	mentions map[rogatory.StateCode][]string // sections of unanalysed text that name the State
}

// life is when a participant passes from one phase to the next; zero is never.
type life struct {
	deposited, from, noticed, until Date
}

// Open prepares the answers. The values are not changed and must not be changed afterwards.
func Open(book *Book, budapest *Budapest, rules map[string]Rule, agreements []Agreement) *Desk {
	d := &Desk{book: book, budapest: budapest, rules: rules, agreements: agreements, consent: map[rogatory.StateCode]*Deposit{}, lives: map[rogatory.StateCode]life{},
		limits: map[rogatory.StateCode][]Limit{}, mentions: map[rogatory.StateCode][]string{}}
	d.steps, d.sound = d.way()
	d.fortieth = d.nth(book.clauses["threshold"].Number)
	if d.fortieth != 0 {
		d.entry = d.fortieth + Date(book.clauses["entry_days"].Number)
	}
	for _, p := range book.Participants {
		d.lives[p.Code], d.consent[p.Code] = d.live(p), p.Consent
	}
	for _, declaration := range book.Declarations {
		for _, item := range declaration.Items {
			for _, a := range item.Articles {
				d.limits[declaration.State] = append(d.limits[declaration.State], Limit{State: declaration.State, Article: a, Effect: item.Effect, Under: item.Under, Text: item.Text,
					When: declaration.When, MadeOn: declaration.MadeOn, Note: declaration.Note, Source: book.SourceText(declaration.Sources), Verified: declaration.Verified})
			}
		}
	}
	// Longer names first, so that Nigeria does not name Niger.
	states := slices.SortedFunc(slices.Values(book.states.All), func(a, b State) int { return cmp.Compare(len(b.Name), len(a.Name)) })
	for _, t := range book.Texts {
		rest := t.Text
		for _, s := range states {
			if less := strings.ReplaceAll(rest, s.Name, "-"); less != rest {
				rest = less
				d.mentions[s.Code] = append(d.mentions[s.Code], t.Section)
			}
		}
	}
	return d
}

// Embedded returns the desk with the data that came with this program. They are checked by a test; an
// error here would be a defect, so it panics.
func Embedded() *Desk {
	states, err := LoadStates("states.json", statesData)
	if err != nil {
		panic("the embedded data do not load: " + err.Error())
	}
	book, err := LoadBook("status.json", statusData, states)
	if err != nil {
		panic("the embedded data do not load: " + err.Error())
	}
	budapest, err := LoadBudapest("budapest.json", budapestData, states)
	if err != nil {
		panic("the embedded data do not load: " + err.Error())
	}
	rules, err := LoadRules("basis.json", rulesData)
	if err != nil {
		panic("the embedded data do not load: " + err.Error())
	}
	return Open(book, budapest, rules, nil)
}

// With returns a desk with another book, or with other agreements; nil keeps those of d.
func (d *Desk) With(book *Book, agreements []Agreement) *Desk {
	if book == nil {
		book = d.book
	}
	if agreements == nil {
		agreements = d.agreements
	}
	return Open(book, d.budapest, d.rules, agreements)
}

// Book returns the book that the answers come from.
func (d *Desk) Book() *Book { return d.book }

// counts reports whether the participant's instrument adds to the forty: an organisation's does not,
// Art 65(1).
func (d *Desk) counts(code rogatory.StateCode) bool {
	s, err := d.book.states.Get(code)
	return err == nil && s.Standing != Organisation
}

// step is a day on which an instrument is added to the forty, or taken away again.
type step struct {
	on  Date
	add int
}

// way lists the steps towards the fortieth instrument. One that was withdrawn does not count from the
// receipt of the withdrawal on; after the fortieth that changes nothing any more.
func (d *Desk) way() (steps []step, sound bool) {
	sound = true
	for _, p := range d.book.Participants {
		if p.Consent == nil || !p.Consent.Dated() || !d.counts(p.Code) {
			continue
		}
		steps = append(steps, step{p.Consent.On, +1})
		if p.Withdrawal != nil && p.Withdrawal.Dated() {
			steps = append(steps, step{p.Withdrawal.On, -1})
		}
		sound = sound && p.Consent.Verified
	}
	slices.SortFunc(steps, func(a, b step) int { return cmp.Or(cmp.Compare(a.on, b.on), cmp.Compare(b.add, a.add)) })
	return steps, sound
}

// nth returns the day on which the nth instrument was deposited, zero if there is none.
func (d *Desk) nth(n int) Date {
	have := 0
	for _, s := range d.steps {
		if have += s.add; have == n {
			return s.on
		}
	}
	return 0
}

// live computes a participant's dates. An instrument after the fortieth binds on the thirtieth day, or
// on the general entry into force if that is later, Art 65(2).
func (d *Desk) live(p Participant) (l life) {
	if p.Consent == nil || !p.Consent.Dated() {
		return l
	}
	l.deposited = p.Consent.On
	if d.entry != 0 {
		l.from = d.entry
		if l.deposited > d.fortieth {
			l.from = max(d.entry, l.deposited+Date(d.book.clauses["late_days"].Number))
		}
	}
	if p.Withdrawal != nil && p.Withdrawal.Dated() {
		l.noticed = p.Withdrawal.On
		l.until = l.noticed.Years(d.book.clauses["withdrawal_years"].Number)
	}
	return l
}

// EntryIntoForce returns the day on which the Convention enters into force, and whether it can be
// computed from instruments with a known day of deposit.
func (d *Desk) EntryIntoForce() (Date, bool) { return d.entry, d.entry != 0 }

// bound reports whether the State is bound on that day, as far as dated instruments say.
func (d *Desk) bound(code rogatory.StateCode, on Date) bool {
	l := d.lives[code]
	return l.from != 0 && l.from <= on && (l.until == 0 || on < l.until)
}

// Phase is how far a State has come on the way into the Convention, or out of it.
type Phase string

// The phases.
const (
	Outside     Phase = "outside"     // neither signed nor consented, as far as known
	Signed      Phase = "signed"      // signed, and not bound by it
	Consented   Phase = "consented"   // deposited its instrument and waits for entry into force
	Bound       Phase = "bound"       // the Convention is in force for it
	Withdrawing Phase = "withdrawing" // bound until the year after its notification is over
	Withdrawn   Phase = "withdrawn"
)

// Status is where one State stands on one day.
type Status struct {
	State      State     `json:"state"`
	On         Date      `json:"on"`
	Phase      Phase     `json:"phase"`
	Signature  *Fact     `json:"signature,omitempty"`
	Consent    *Deposit  `json:"consent,omitempty"`
	Earlier    []Deposit `json:"earlier,omitempty"`
	Withdrawal *Fact     `json:"withdrawal,omitempty"`
	From       Date      `json:"bound_from,omitzero"`
	Until      Date      `json:"bound_until,omitzero"` // the first day on which it is not bound any more
	Limits     []Limit   `json:"limits"`
	Named      []Named   `json:"authorities"`
	Claims     []Claim   `json:"claims"`
	Budapest   string    `json:"budapest"`
	Reasons    []Reason  `json:"reasons"`

	BudapestWhy Reason `json:"-"` // Budapest by its code: party or not_party; none for words of its own
}

// Status says where the State stands on that day. Its error is "state_unknown".
func (d *Desk) Status(code rogatory.StateCode, on Date) (Status, error) {
	state, err := d.book.states.Get(code)
	if err != nil {
		return Status{}, err
	}
	s := Status{State: state, On: on, Phase: Outside, Limits: d.limits[code], Named: []Named{}, Claims: []Claim{}, Budapest: d.budapest.Says(code)}
	s.BudapestWhy = d.budapest.why(code)
	if s.Limits == nil {
		s.Limits = []Limit{}
	}
	p, _ := d.book.Participant(code)
	s.Signature, s.Consent, s.Earlier, s.Withdrawal = p.Signature, p.Consent, p.Earlier, p.Withdrawal
	l := d.lives[code]
	s.From, s.Until = l.from, l.until
	say := func(code string, values []any, article string, verified bool, format string, args ...any) {
		r := because(article, verified, format, args...)
		r.Code, r.Args = code, values
		s.Reasons = append(s.Reasons, r)
	}
	if f := p.Signature; f != nil {
		switch {
		case f.Latest() <= on:
			s.Phase = Signed
			say("signed", []any{"when", f.When, "certain", f.Certainty}, "64(1)", f.Verified, "signed %s%s", f.When, f.certain())
		case f.Earliest() <= on:
			say("signed_between", []any{"when", f.When, "day", on}, "64(1)", f.Verified, "signed %s: whether before or after %s is not known", f.When, on)
		}
	}
	if c := p.Consent; c != nil && !c.Dated() && c.Earliest() <= on {
		say("reported", []any{"kind", c.Kind, "when", c.When, "note", c.Note}, "64", c.Verified, "%s is reported, %s; the day of deposit was not seen, so it does not count (%s)", c.Kind, c.When, c.Note)
	}
	for _, e := range p.Earlier {
		say("earlier", []any{"kind", e.Kind, "when", e.When}, "67", e.Verified, "an earlier %s of %s is shown in brackets: withdrawn since, on a day not known", e.Kind, e.When)
	}
	if l.deposited != 0 && l.deposited <= on {
		s.Phase = Consented
		say("deposited", []any{"kind", p.Consent.Kind, "day", l.deposited, "certain", p.Consent.Certainty}, "64", p.Consent.Verified, "%s deposited %s%s", p.Consent.Kind, l.deposited, p.Consent.certain())
		if d.bound(code, on) {
			s.Phase = Bound
		}
		if l.from != 0 {
			article := "65(1)"
			if l.deposited > d.fortieth {
				article = "65(2)"
			}
			say("bound", []any{"day", l.from}, article, p.Consent.Verified && d.ruleVerified(article), "bound from %s", l.from)
		}
	}
	if l.noticed != 0 && l.noticed <= on {
		s.Phase = Withdrawing
		if l.until <= on || l.from == 0 || l.until <= l.from {
			s.Phase = Withdrawn
		}
		say("withdrawal", []any{"day", l.noticed, "until", l.until}, "67(1)", p.Withdrawal.Verified && d.ruleVerified("67(1)"), "notified its withdrawal on %s, which takes effect on %s", l.noticed, l.until)
	}
	if s.Phase == Outside && state.Standing != Fictional {
		say("none", []any{"day", on}, "", false, "no signature or consent of %s by %s is known", state.Name, on)
	}
	s.Reasons = append(s.Reasons, d.horizon(on)...)
	for _, n := range d.book.Authorities {
		if n.State == code {
			s.Named = append(s.Named, n)
		}
	}
	for _, c := range d.book.Claims {
		if c.State == code {
			s.Claims = append(s.Claims, c)
		}
	}
	if at := d.mentions[code]; len(at) > 0 {
		say("mentioned", []any{"sections", strings.Join(at, ", ")}, "", false, "the depositary's text names it and is not analysed by article: read %s", strings.Join(at, ", "))
	}
	return s, nil
}

// certain says in words that a fact is not certain. Whether it was verified is a matter of its own.
func (f Fact) certain() string {
	switch f.Certainty {
	case Assumed:
		return " (the day is assumed)"
	case Reported:
		return " (reported only)"
	}
	return ""
}

// horizon says where the book ends, if the day asked about is beyond.
func (d *Desk) horizon(on Date) []Reason {
	if on <= d.book.AsOf {
		return nil
	}
	return []Reason{{Code: "horizon", Args: []any{"day", d.book.AsOf, "until", on}, Text: fmt.Sprintf("the data end on %s: what happened from then to %s is not known", d.book.AsOf, on)}}
}

func (d *Desk) ruleVerified(article string) bool {
	for _, c := range d.book.Clauses {
		if c.Article == article && !c.Verified {
			return false
		}
	}
	return true
}

// Limit is what one State's declaration does to one article.
type Limit struct {
	State   rogatory.StateCode `json:"state"`
	Article string             `json:"article"`
	Effect  Effect             `json:"effect"`
	Under   string             `json:"under,omitempty"`
	Text    string             `json:"text"`
	When
	MadeOn   string `json:"made_on"`
	Note     string `json:"note,omitempty"`
	Source   string `json:"source"`
	Verified bool   `json:"verified"`
}

// Participation returns what the State's declarations, made by that day, do to an article, its
// paragraphs, or what holds it. Nothing means that no declaration on it is known.
func (d *Desk) Participation(code rogatory.StateCode, article string, on Date) []Limit {
	var all []Limit
	for _, l := range d.limits[code] {
		if l.Earliest() <= on && (within(article, l.Article) || within(l.Article, article)) {
			all = append(all, l)
		}
	}
	return all
}

// Tally is the way to the fortieth instrument on a day.
type Tally struct {
	On          Date                 `json:"on"`
	AsOf        Date                 `json:"as_of"`
	Signatories int                  `json:"signatories"` // named, and surely by that day
	Perhaps     []rogatory.StateCode `json:"perhaps"`     // signed on a day that may be later
	Unnamed     int                  `json:"unnamed"`     // reported by the end of the book, not named
	Dated       []rogatory.StateCode `json:"dated"`       // instruments that count
	Uncounted   []rogatory.StateCode `json:"uncounted"`   // reported, without a known day of deposit
	Added       []rogatory.StateCode `json:"organisations"`
	Needed      int                  `json:"needed"`
	Missing     int                  `json:"missing"` // by dated instruments
	Fortieth    Date                 `json:"fortieth,omitzero"`
	Entry       Date                 `json:"entry_into_force,omitzero"`
	InForce     bool                 `json:"in_force"`
	Verified    bool                 `json:"verified"`
	Reasons     []Reason             `json:"reasons"`
}

// Tally counts signatures and instruments by that day.
func (d *Desk) Tally(on Date) Tally {
	threshold := d.book.clauses["threshold"]
	t := Tally{On: on, AsOf: d.book.AsOf, Needed: threshold.Number, Perhaps: []rogatory.StateCode{}, Dated: []rogatory.StateCode{},
		Uncounted: []rogatory.StateCode{}, Added: []rogatory.StateCode{}}
	for _, p := range d.book.Participants {
		if f := p.Signature; f != nil && f.Latest() <= on {
			t.Signatories++
		} else if f != nil && f.Earliest() <= on {
			t.Perhaps = append(t.Perhaps, p.Code)
		}
		c, l := p.Consent, d.lives[p.Code]
		switch {
		case c == nil || c.Earliest() > on:
		case l.noticed != 0 && l.noticed <= on && (d.fortieth == 0 || l.noticed < d.fortieth):
		case !c.Dated():
			t.Uncounted = append(t.Uncounted, p.Code)
		case !d.counts(p.Code):
			t.Added = append(t.Added, p.Code)
		default:
			t.Dated = append(t.Dated, p.Code)
		}
	}
	if on >= d.book.AsOf {
		t.Unnamed = d.book.Unnamed
	}
	t.Missing = max(t.Needed-len(t.Dated), 0)
	if d.fortieth != 0 && d.fortieth <= on {
		t.Missing, t.Fortieth, t.Entry = 0, d.fortieth, d.entry
		t.InForce = d.entry <= on
	}
	t.Reasons = d.whyForce(on)
	t.Verified = t.Reasons[0].Verified
	if len(t.Uncounted) > 0 {
		t.Reasons = append(t.Reasons, Reason{Text: fmt.Sprintf("%d consents are reported without a day of deposit and do not count: %s", len(t.Uncounted), codes(t.Uncounted)), Article: "65(1)"})
	}
	if len(t.Added) > 0 {
		t.Reasons = append(t.Reasons, because("65(1)", threshold.Verified, "an instrument of an organisation does not add to those of its member States: %s", codes(t.Added)))
	}
	t.Reasons = append(t.Reasons, d.horizon(on)...)
	return t
}

// whyForce says whether the Convention is in force on that day, and why. That it is in force rests on
// the rule and the instruments; that it is not, also on the book being the depositary's and not over.
func (d *Desk) whyForce(on Date) []Reason {
	n, days := d.book.clauses["threshold"], d.book.clauses["entry_days"]
	switch sound := n.Verified && days.Verified && d.sound; {
	case d.entry == 0 || d.fortieth > on:
		return []Reason{because("65(1)", sound && d.book.Rows > 0 && on <= d.book.AsOf,
			"the Convention is not in force on %s as far as is known: it enters into force on day %d after the deposit of instrument %d, and %d with a known day of deposit are recorded by then", on, days.Number, n.Number, d.deposited(on))}
	case d.entry > on:
		return []Reason{because("65(1)", sound, "the Convention is not yet in force on %s: instrument %d was deposited on %s, so it enters into force on %s", on, n.Number, d.fortieth, d.entry)}
	default:
		return []Reason{because("65(1)", sound, "the Convention is in force since %s: instrument %d was deposited on %s", d.entry, n.Number, d.fortieth)}
	}
}

// deposited counts the instruments that add to the forty, by that day.
func (d *Desk) deposited(on Date) int {
	n := 0
	for _, s := range d.steps {
		if s.on <= on {
			n += s.add
		}
	}
	return n
}

func codes(all []rogatory.StateCode) string {
	words := make([]string, len(all))
	for i, c := range all {
		words[i] = string(c)
	}
	return strings.Join(words, ", ")
}
