// SPDX-License-Identifier: Apache-2.0

// Package treaty is the Convention as data: the kinds of request, what each must contain, on which
// grounds it may be refused, and which clocks it starts.
//
// It promises that a rule has an article and says whether a jurist verified it against the official
// text; that the answers are pure functions of the data and the values given; and that rules which
// do not fit together are refused whole when loaded. It grants and refuses nothing: people decide.
// There is no state; after an error nothing was loaded.
package treaty

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"rogatory"
)

//go:embed data/kinds.json
var embedded []byte

// Rules is one loaded set of rules. It is immutable after Load.
type Rules struct {
	Version string                     `json:"version"`
	Fields  map[string]Field           `json:"fields"`
	Grounds map[rogatory.Ground]Ground `json:"grounds"`
	Kinds   []Kind                     `json:"kinds"`
	Digest  rogatory.Digest            `json:"-"` // of the file they were loaded from
}

// Field is one thing that a request may have to say.
type Field struct {
	Label   string   `json:"label"`
	Article string   `json:"article"`
	Hint    string   `json:"hint"`
	Example string   `json:"example"`
	Choices []string `json:"choices,omitempty"`
}

// Ground is a reason for refusal or postponement.
type Ground struct {
	Text     string `json:"text"`
	Article  string `json:"article"`
	Verified bool   `json:"verified"`
	// Consult: the other State must have been consulted first, Art 40(28).
	Consult bool `json:"consult"`
}

// Kind is one kind of request.
type Kind struct {
	ID            rogatory.RequestKind `json:"id"`
	Title         string               `json:"title"`
	Article       string               `json:"article"`
	Verified      bool                 `json:"verified"`
	Senders       []rogatory.Role      `json:"senders"`
	Receivers     []rogatory.Role      `json:"receivers"`
	Required      []string             `json:"required"`
	Optional      []string             `json:"optional"`
	Acts          []rogatory.Act       `json:"acts"` // beyond those that every kind has
	Refuse        []rogatory.Ground    `json:"refuse"`
	RefuseArticle string               `json:"refuse_article"`
	Postpone      []rogatory.Ground    `json:"postpone"`
	// PreserveDays is the least time that data are preserved for another State.
	PreserveDays    int                  `json:"preserve_days,omitempty"`
	PreserveArticle string               `json:"preserve_article,omitempty"`
	MayFollow       rogatory.RequestKind `json:"may_follow,omitempty"`
	Urgent          bool                 `json:"urgent,omitempty"` // goes before other traffic
	Clocks          []Clock              `json:"clocks"`
}

// Clock is a time limit that starts when the request arrives.
type Clock struct {
	Name     string         `json:"name"`
	From     string         `json:"from"` // "received"
	Hours    int            `json:"hours"`
	Until    []rogatory.Act `json:"until"` // the first of these acts stops it
	Article  string         `json:"article"`
	Basis    string         `json:"basis"`
	Verified bool           `json:"verified"`
}

// MaxRulesSize bounds a rules file: the Convention's own rules are a few dozen kilobytes.
const MaxRulesSize = 1 << 20

// common are the acts that every kind of request has.
var common = []rogatory.Act{
	rogatory.Draft, rogatory.Revise, rogatory.Send, rogatory.Acknowledge, rogatory.AskMore, rogatory.Supplement,
	rogatory.Consult, rogatory.Accept, rogatory.Postpone, rogatory.Refuse, rogatory.Withdraw, rogatory.Close,
}

// Convention returns the rules that came with this program. They are checked by a test; an error
// here would be a defect, so it panics.
func Convention() *Rules {
	r, err := Load(embedded)
	if err != nil {
		panic("the embedded rules do not load: " + err.Error())
	}
	return r
}

// Load reads a rules file: unknown members, unknown references, unknown acts, missing articles and
// doubled kinds are refused, naming what is wrong. Nothing is returned with an error.
func Load(data []byte) (*Rules, error) {
	if len(data) > MaxRulesSize {
		return nil, rogatory.Fault(rogatory.Invalid, "rules_too_large", "rules file of %d bytes, at most %d are read", len(data), MaxRulesSize)
	}
	var r Rules
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&r); err != nil {
		line := 1 + bytes.Count(data[:min(int(dec.InputOffset()), len(data))], []byte("\n"))
		return nil, rogatory.Fault(rogatory.Invalid, "rules_invalid", "read rules near line %d: %w", line, err)
	}
	if dec.More() {
		return nil, rogatory.Fault(rogatory.Invalid, "rules_invalid", "read rules: more than one document")
	}
	if err := r.check(); err != nil {
		return nil, rogatory.Fault(rogatory.Invalid, "rules_invalid", "read rules: %w", err)
	}
	r.Digest = rogatory.DigestOf(data)
	return &r, nil
}

func (r *Rules) check() error {
	var acts []rogatory.Act
	for _, t := range rogatory.Lifecycle() {
		acts = append(acts, t.Act)
	}
	for id, f := range r.Fields {
		if f.Label == "" || f.Article == "" || f.Example == "" {
			return fmt.Errorf("field %s lacks a label, an article or an example", id)
		}
	}
	for id, g := range r.Grounds {
		if g.Text == "" || g.Article == "" {
			return fmt.Errorf("ground %s lacks a text or an article", id)
		}
	}
	seen := map[rogatory.RequestKind]bool{}
	for _, k := range r.Kinds {
		if seen[k.ID] {
			return fmt.Errorf("kind %s is there twice", k.ID)
		}
		seen[k.ID] = true
		if err := r.checkKind(k, acts); err != nil {
			return fmt.Errorf("kind %q: %w", k.ID, err)
		}
	}
	for _, k := range r.Kinds {
		if k.MayFollow != "" && !seen[k.MayFollow] {
			return fmt.Errorf("kind %q: may follow the unknown kind %s", k.ID, k.MayFollow)
		}
	}
	return nil
}

func (r *Rules) checkKind(k Kind, acts []rogatory.Act) error {
	switch {
	case k.ID == "" || k.Title == "" || k.Article == "" || k.RefuseArticle == "":
		return fmt.Errorf("id, title or article is missing")
	case len(k.Senders) == 0 || len(k.Receivers) == 0:
		return fmt.Errorf("no senders or no receivers are named")
	case len(k.Refuse) == 0:
		return fmt.Errorf("no grounds for refusal are named")
	}
	for _, f := range slices.Concat(k.Required, k.Optional) {
		if _, ok := r.Fields[f]; !ok {
			return fmt.Errorf("field %s is unknown", f)
		}
	}
	for _, g := range slices.Concat(k.Refuse, k.Postpone) {
		if _, ok := r.Grounds[g]; !ok {
			return fmt.Errorf("ground %s is unknown", g)
		}
	}
	for _, a := range k.Acts {
		if !slices.Contains(acts, a) {
			return fmt.Errorf("act %s is unknown", a)
		}
	}
	if slices.Contains(k.Acts, rogatory.Preserve) != (k.PreserveDays > 0) {
		return fmt.Errorf("the act preserve and preserve_days belong together")
	}
	for _, c := range k.Clocks {
		if c.Name == "" || c.Hours <= 0 || c.Article == "" || c.From != "received" || len(c.Until) == 0 {
			return fmt.Errorf("clock %q lacks its name, start, hours, end or article", c.Name)
		}
	}
	return nil
}

// Kind returns the kind of that name.
func (r *Rules) Kind(id rogatory.RequestKind) (Kind, error) {
	for _, k := range r.Kinds {
		if k.ID == id {
			return k, nil
		}
	}
	var names []string
	for _, k := range r.Kinds {
		names = append(names, string(k.ID))
	}
	return Kind{}, rogatory.Fault(rogatory.Invalid, "kind_unknown", "kind of request %.60q is not known", id).
		WithHint("the kinds are " + strings.Join(names, ", "))
}

// Allows reports whether a request of this kind can have the act at all.
func (k Kind) Allows(act rogatory.Act) bool {
	return slices.Contains(common, act) || slices.Contains(k.Acts, act)
}

// Limits on what a request may say; a request is read by people.
const (
	MaxFieldRunes = 20000
	MaxTitleRunes = 200
	MaxArticles   = 11
)

// Lacks lists what the request still needs before it can be sent, each with its article. An empty
// list means complete. It never stops a draft from being kept.
func (r *Rules) Lacks(req rogatory.Request) []string {
	k, err := r.Kind(req.Kind)
	if err != nil {
		return []string{err.Error()}
	}
	var lacks []string
	say := func(format string, args ...any) { lacks = append(lacks, fmt.Sprintf(format, args...)) }
	if strings.TrimSpace(req.Title) == "" {
		say("a title, so that people can tell requests apart")
	}
	if utf8.RuneCountInString(req.Title) > MaxTitleRunes {
		say("a shorter title: at most %d characters", MaxTitleRunes)
	}
	if req.Language == "" {
		say("the language of the text (Art 40(13))")
	}
	for _, id := range k.Required {
		if strings.TrimSpace(req.Contents[id]) == "" {
			say("%s: %s (Art %s)", id, r.Fields[id].Label, r.Fields[id].Article)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(req.Contents)) {
		text := req.Contents[id]
		if !slices.Contains(k.Required, id) && !slices.Contains(k.Optional, id) {
			say("no field %.40q: a %s request has none", id, k.ID)
			continue
		}
		if utf8.RuneCountInString(text) > MaxFieldRunes {
			say("%s with at most %d characters", id, MaxFieldRunes)
		}
		if c := r.Fields[id].Choices; len(c) > 0 && text != "" && !slices.Contains(c, text) {
			say("%s as one of %s (Art %s)", id, strings.Join(c, ", "), r.Fields[id].Article)
		}
	}
	lacks = append(lacks, offenceLacks(req.Offence, k)...)
	if req.Follows != "" {
		switch {
		case k.MayFollow == "":
			say("no earlier request: a %s request follows none", k.ID)
		case !req.Follows.Valid():
			say("a well-formed reference to the earlier request, not %.40q", string(req.Follows))
		}
	}
	return lacks
}

var offenceArticles = []string{"7", "8", "9", "10", "11", "12", "13", "14", "15", "16", "17"}

// offenceLacks checks Art 35(1): a Convention offence, or a serious crime. An emergency needs none.
func offenceLacks(o rogatory.Offence, k Kind) []string {
	var lacks []string
	for _, a := range o.Articles {
		if !slices.Contains(offenceArticles, a) {
			lacks = append(lacks, fmt.Sprintf("offence articles among 7 to 17, not %.10q (Art 35(1))", a))
		}
	}
	if len(o.Articles) > MaxArticles {
		lacks = append(lacks, fmt.Sprintf("at most %d offence articles", MaxArticles))
	}
	if !k.Urgent && len(o.Articles) == 0 && o.MaximumYears < rogatory.SeriousCrimeYears {
		lacks = append(lacks, fmt.Sprintf("an offence of Articles 7 to 17, or a serious crime of at least %d years (Arts 2(h), 35(1))", rogatory.SeriousCrimeYears))
	}
	if !k.Urgent && strings.TrimSpace(o.Law) == "" {
		lacks = append(lacks, "the provision of law that makes it an offence (Art 35(1))")
	}
	return lacks
}

// CheckVerdict says whether a decision has what the Convention asks of it: a ground from the kind's
// list and reasons (Art 40(25)), a consultation where one must come first (Art 40(28)).
func (k Kind) CheckVerdict(r *Rules, act rogatory.Act, v *rogatory.Verdict, consulted bool) error {
	switch act {
	case rogatory.Refuse, rogatory.Postpone:
		allowed, article := k.Refuse, k.RefuseArticle
		if act == rogatory.Postpone {
			allowed, article = k.Postpone, "40(27)"
		}
		if v == nil || v.Ground == "" {
			return rogatory.Fault(rogatory.Invalid, "ground_missing", "to %s a %s request a ground is needed (Art %s)", act, k.ID, article).WithHint(listGrounds(r, allowed))
		}
		if !slices.Contains(allowed, v.Ground) {
			return rogatory.Fault(rogatory.Invalid, "ground_not_open", "%.20q is not a ground on which to %s a %s request (Art %s)", v.Ground, act, k.ID, article).WithHint(listGrounds(r, allowed))
		}
		if strings.TrimSpace(v.Reasons) == "" {
			return rogatory.Fault(rogatory.Invalid, "reasons_missing", "reasons must be given (Art 40(25))").WithHint("say in a few sentences why the ground applies to these facts")
		}
		if r.Grounds[v.Ground].Consult && !consulted {
			return rogatory.Fault(rogatory.Conflict, "consultation_missing", "before this ground the other State must be consulted (Art 40(28))").WithHint("send a consultation first, then decide on its answer")
		}
		if act == rogatory.Postpone && v.Review == 0 {
			return rogatory.Fault(rogatory.Invalid, "review_missing", "a postponement needs a date of review (Art 40(27))")
		}
	case rogatory.Execute:
		if v == nil || (v.Outcome != rogatory.Complete && v.Outcome != rogatory.Partly) {
			return rogatory.Fault(rogatory.Invalid, "outcome_missing", "say whether the request was executed completely or partly").WithHint("outcome is complete or partly")
		}
	}
	return nil
}

func listGrounds(r *Rules, grounds []rogatory.Ground) string {
	if len(grounds) == 0 {
		return "this kind of request has no such grounds"
	}
	var each []string
	for _, g := range grounds {
		each = append(each, fmt.Sprintf("%s (%s, Art %s)", g, r.Grounds[g].Text, r.Grounds[g].Article))
	}
	return "the grounds are " + strings.Join(each, "; ")
}

// Deadlines returns when each of the kind's clocks runs out for a request received at that moment.
func (k Kind) Deadlines(received rogatory.Instant) map[string]rogatory.Instant {
	due := map[string]rogatory.Instant{}
	for _, c := range k.Clocks {
		due[c.Name] = received.Add(time.Duration(c.Hours) * time.Hour)
	}
	return due
}

// Stops lists the clocks that the act stops.
func (k Kind) Stops(act rogatory.Act) []string {
	var names []string
	for _, c := range k.Clocks {
		if slices.Contains(c.Until, act) {
			names = append(names, c.Name)
		}
	}
	return names
}

// Day is the Convention's day: the text counts days, not working hours.
const Day = 24 * time.Hour

// EarliestEnd is the first moment at which a preservation made at that time may end, Art 42(8).
func (k Kind) EarliestEnd(since rogatory.Instant) rogatory.Instant {
	return since.Add(time.Duration(k.PreserveDays) * Day)
}
