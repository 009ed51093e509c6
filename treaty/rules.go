// SPDX-License-Identifier: Apache-2.0

// Package treaty is the Convention as data: the kinds of request, what each must contain, who may
// send it, on which grounds it may be refused and on which never, how it may end, and which clocks it
// starts.
//
// It promises that a rule has an article and says whether a jurist verified it against the official
// text; that the answers are pure functions of the data and the values given; and that rules which
// do not fit together are refused whole when loaded, naming the line. It grants and refuses nothing:
// people decide. There is no state; after an error nothing was loaded.
package treaty

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"rogatory"
)

//go:embed data/kinds.json
var embedded []byte

// Rules is one loaded set of rules. It is immutable after Load.
type Rules struct {
	Version string                     `json:"version"` // the day it was made, 2026-11-25
	Fields  map[string]Field           `json:"fields"`
	Grounds map[rogatory.Ground]Ground `json:"grounds"`
	// Never are reasons that the Convention forbids as grounds, each with its article.
	Never    map[rogatory.Ground]Ground  `json:"never"`
	Outcomes map[rogatory.Outcome]string `json:"outcomes"`
	Channels map[rogatory.Channel]Route  `json:"channels"`
	Clocks   []Clock                     `json:"clocks"` // of every kind
	Kinds    []Kind                      `json:"kinds"`
	Digest   rogatory.Digest             `json:"-"` // of the file they were loaded from
}

// Field is one thing that a request or an act may have to say.
type Field struct {
	Label   string   `json:"label"`
	Article string   `json:"article"`
	Hint    string   `json:"hint"`
	Example string   `json:"example"`
	Choices []string `json:"choices,omitempty"`
	// Form is how the text is read: empty for free text, "period" for two moments, "list" for
	// identifiers, which are counted.
	Form string `json:"form,omitempty"`
}

// The forms of a field.
const (
	formPeriod = "period"
	formList   = "list"
)

// Ground is a reason for refusal or postponement.
type Ground struct {
	Text     string `json:"text"`
	Article  string `json:"article"`
	Verified bool   `json:"verified"`
	// Consult: the other State must have been consulted first, Art 40(28).
	Consult bool `json:"consult,omitempty"`
	// Outcomes: what the requested State does instead, one of which a refusal on this ground names.
	Outcomes []rogatory.Outcome `json:"outcomes,omitempty"`
	// OutsideOnly: the ground is open only where no offence of the Convention is named, Art 42(5).
	OutsideOnly bool `json:"outside_only,omitempty"`
}

// Route is a channel other than this network, Art 40(12)(d) and (13).
type Route struct {
	Title    string `json:"title"`
	Article  string `json:"article"`
	Verified bool   `json:"verified"`
	// ConfirmHours is how soon a written confirmation is due; zero where the channel is in writing.
	ConfirmHours int `json:"confirm_hours,omitempty"`
}

// Kind is one kind of request.
type Kind struct {
	ID        rogatory.RequestKind `json:"id"`
	Title     string               `json:"title"`
	Article   string               `json:"article"`
	Verified  bool                 `json:"verified"`
	Duty      Duty                 `json:"duty"`
	Senders   []rogatory.Role      `json:"senders"`
	Receivers []rogatory.Role      `json:"receivers"`
	Required  []string             `json:"required"`
	Optional  []string             `json:"optional"`
	Parts     []Part               `json:"parts,omitempty"` // one of which a request of the kind is
	// Offences says which offences the kind may serve.
	Offences Offences `json:"offences"`
	// Only lists the articles that the kind may serve, where not all of 7 to 17.
	Only []string `json:"only,omitempty"`
	// RequiredFor are optional fields that a request must say where it concerns the offence of an article,
	// such as the consent of the person shown for Art 16.
	RequiredFor map[string][]string `json:"required_for,omitempty"`
	// Term, Payments and Fingerprints say whether a request carries these.
	Term         Need `json:"term,omitempty"`
	Payments     Need `json:"payments,omitempty"`
	Fingerprints Need `json:"fingerprints,omitempty"`

	Acts          []rogatory.Act           `json:"acts"`               // beyond those that every kind has
	Details       map[rogatory.Act]Details `json:"details,omitempty"`  // what an act has to say
	Outcomes      []rogatory.Outcome       `json:"outcomes,omitempty"` // of its execution
	Refuse        []rogatory.Ground        `json:"refuse"`
	RefuseArticle string                   `json:"refuse_article"`
	Closed        bool                     `json:"closed,omitempty"` // the Convention allows no other ground
	Never         []rogatory.Ground        `json:"never,omitempty"`
	Postpone      []rogatory.Ground        `json:"postpone"`
	// ConsultArticle and ReasonsArticle ask for the consultation before a refusal and for its reasons:
	// empty for Arts 40(28) and 40(25), which extradition has in articles of its own.
	ConsultArticle string `json:"consult_article,omitempty"`
	ReasonsArticle string `json:"reasons_article,omitempty"`

	// PreserveDays is the least time that data are preserved for another State.
	PreserveDays    int                  `json:"preserve_days,omitempty"`
	PreserveArticle string               `json:"preserve_article,omitempty"`
	MayFollow       rogatory.RequestKind `json:"may_follow,omitempty"`
	Urgent          bool                 `json:"urgent,omitempty"`  // goes before other traffic
	Mutual          bool                 `json:"mutual,omitempty"`  // both States may hand over exhibits
	Marking         string               `json:"marking,omitempty"` // stands on everything that the kind brings
	Measure         *Bounds              `json:"measure,omitempty"`
	Clocks          []Clock              `json:"clocks"`
	// Examples are told instead of those of the fields where these would tell another story.
	Examples map[string]string `json:"examples,omitempty"`
}

// Duty says how far the Convention obliges the requested State.
type Duty string

// The duties.
const (
	Shall     Duty = "shall"
	Endeavour Duty = "endeavour" // Arts 45(1), 46
	Consider  Duty = "consider"
	Agreement Duty = "agreement" // only as the two States have agreed, Art 38
	Own       Duty = "own"       // no duty: an offer of the sending State, Arts 40(4), 51
)

// Offences says which offences a kind may serve (Art 35).
type Offences string

// The answers.
const (
	AnyOffence        Offences = "any"        // of the Convention, or a serious crime
	ConventionOffence Offences = "convention" // of the Convention only
	NoOffence         Offences = "none"       // none need be named
)

// Need says whether a request carries a part.
type Need string

// The needs; empty means that it never does.
const (
	NeedRequired Need = "required"
	NeedOptional Need = "optional"
)

// Part is one form of a kind, such as service of documents within general assistance.
type Part struct {
	ID       string   `json:"id"`
	Title    string   `json:"title"`
	Article  string   `json:"article"`
	Required []string `json:"required,omitempty"` // beyond those of the kind
	Optional []string `json:"optional,omitempty"`
	Without  []string `json:"without,omitempty"` // of the kind's required fields
}

// Details are the fields that an act has to say and may say.
type Details struct {
	Required []string `json:"required"`
	Optional []string `json:"optional,omitempty"`
}

// Bounds hold what runs for a time. Zero means that the Convention and this file set no bound; then
// the request's own term is the bound.
type Bounds struct {
	Hours          int    `json:"hours,omitempty"`           // of the first order
	ExtensionHours int    `json:"extension_hours,omitempty"` // of each extension
	Extensions     int    `json:"extensions,omitempty"`
	HearingHours   int    `json:"hearing_hours,omitempty"` // given to the requesting State before lifting, Art 50(8)
	Article        string `json:"article"`
	Basis          string `json:"basis"`
	Verified       bool   `json:"verified"`
	// National are the rules of requested States whose law sets others.
	National map[rogatory.StateCode]Bounds `json:"national,omitempty"`
}

// Clock is a time limit that starts when the request is received or an act is done. How long it is, and
// whose days count, is a rule of package deadline.
type Clock struct {
	Name    string         `json:"name"`
	From    string         `json:"from"` // "received", or an act
	Rule    string         `json:"rule"`
	Until   []rogatory.Act `json:"until"` // the first of these acts stops it
	Article string         `json:"article"`
}

// Received is the event that starts a request's clocks: it arrived, or was sent by us.
const Received = "received"

// MaxRulesSize bounds a rules file: the Convention's own rules are a few dozen kilobytes.
const MaxRulesSize = 1 << 20

// common are the acts that every kind of request has.
var common = []rogatory.Act{
	rogatory.Draft, rogatory.Revise, rogatory.Send, rogatory.Acknowledge, rogatory.AskMore, rogatory.Supplement,
	rogatory.Consult, rogatory.Accept, rogatory.Postpone, rogatory.Refuse, rogatory.Withdraw, rogatory.Close,
	rogatory.AskStatus, rogatory.TellStatus, rogatory.Correct, rogatory.DiscussCosts, rogatory.Agree,
	rogatory.AskConsent, rogatory.GiveConsent, rogatory.DenyConsent, rogatory.NotifyDisclosure, rogatory.ConfirmInWriting, rogatory.CertifyDeletion,
}

// Embedded returns the file of the rules that came with this program, for a jurist to begin with.
func Embedded() []byte { return bytes.Clone(embedded) }

// Convention returns the rules that came with this program. They are checked by a test; an error
// here would be a defect, so it panics.
func Convention() *Rules {
	r, err := Load(embedded)
	if err != nil {
		panic("the embedded rules do not load: " + err.Error())
	}
	return r
}

// Load reads a rules file: unknown members, references, acts and articles, missing articles and doubled
// kinds are refused, naming what is wrong and near which line. Nothing is returned with an error.
func Load(data []byte) (*Rules, error) {
	if len(data) > MaxRulesSize {
		return nil, rogatory.Fault(rogatory.Invalid, "rules_too_large", "rules file of %d bytes, at most %d are read", len(data), MaxRulesSize)
	}
	var r Rules
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&r); err != nil {
		return nil, rogatory.Fault(rogatory.Invalid, "rules_invalid", "read rules near line %d: %w", lineAt(data, int(dec.InputOffset())), err)
	}
	if dec.More() {
		return nil, rogatory.Fault(rogatory.Invalid, "rules_invalid", "read rules near line %d: more than one document", lineAt(data, int(dec.InputOffset())))
	}
	if err := r.check(); err != nil {
		line := 1
		if f, ok := err.(flaw); ok { //nolint:errorlint // made in check, never wrapped
			line = lineAt(data, max(0, bytes.Index(data, []byte(`"`+f.where+`"`))))
		}
		return nil, rogatory.Fault(rogatory.Invalid, "rules_invalid", "read rules near line %d: %w", line, err)
	}
	for i := range r.Kinds {
		r.Kinds[i].Clocks = slices.Concat(r.Kinds[i].Clocks, r.Clocks)
	}
	r.Digest = rogatory.DigestOf(data)
	return &r, nil
}

func lineAt(data []byte, offset int) int {
	return 1 + bytes.Count(data[:min(offset, len(data))], []byte("\n"))
}

// flaw is what is wrong with one entry of a rules file, and the name under which it stands there.
type flaw struct{ where, what string }

func (f flaw) Error() string { return f.what }

func flawed(where, format string, args ...any) error {
	return flaw{where, fmt.Sprintf(format, args...)}
}

// articleForm is an article of the Convention, or several: 40(15)(a), 44(1).
var articleForm = regexp.MustCompile(`^\d{1,2}(\(\d{1,2}\))?(\([a-z]\))*(, \d{1,2}(\(\d{1,2}\))?(\([a-z]\))*)*$`)

var leadingNumber = regexp.MustCompile(`(?:^|, )(\d{1,2})`)

// validArticle accepts references to the Convention's 68 articles.
func validArticle(s string) bool {
	if !articleForm.MatchString(s) {
		return false
	}
	for _, m := range leadingNumber.FindAllStringSubmatch(s, -1) {
		var n int
		if _, err := fmt.Sscan(m[1], &n); err != nil || n < 1 || n > lastArticle {
			return false
		}
	}
	return true
}

const lastArticle = 68

func (r *Rules) check() error {
	if r.Version == "" {
		return flawed("version", "the rules have no version")
	}
	for _, id := range slices.Sorted(maps.Keys(r.Fields)) {
		f := r.Fields[id]
		switch {
		case f.Label == "" || f.Article == "" || f.Example == "":
			return flawed(id, "field %s lacks a label, an article or an example", id)
		case !validArticle(f.Article):
			return flawed(id, "field %s: there is no article %.40q", id, f.Article)
		case !slices.Contains([]string{"", formPeriod, formList}, f.Form):
			return flawed(id, "field %s: form %.20q is unknown", id, f.Form)
		case len(f.Choices) > 0 && !slices.Contains(f.Choices, f.Example):
			return flawed(id, "field %s: the example is none of its choices", id)
		}
	}
	for _, table := range []map[rogatory.Ground]Ground{r.Grounds, r.Never} {
		for _, id := range slices.Sorted(maps.Keys(table)) {
			g := table[id]
			switch _, twice := r.Never[id]; {
			case g.Text == "" || g.Article == "":
				return flawed(string(id), "ground %s lacks a text or an article", id)
			case !validArticle(g.Article):
				return flawed(string(id), "ground %s: there is no article %.40q", id, g.Article)
			case twice && r.Grounds[id].Text != "":
				return flawed(string(id), "ground %s is open and forbidden at once", id)
			}
			for _, o := range g.Outcomes {
				if r.Outcomes[o] == "" {
					return flawed(string(id), "ground %s: outcome %s is unknown", id, o)
				}
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(r.Channels)) {
		if c := r.Channels[id]; c.Title == "" || !validArticle(c.Article) || c.ConfirmHours < 0 {
			return flawed(string(id), "channel %s lacks its title or an article", id)
		}
	}
	if err := (Kind{}).checkClocks(r.Clocks); err != nil {
		return flawed("clocks", "%s", err)
	}
	seen := map[rogatory.RequestKind]bool{}
	for _, k := range r.Kinds {
		if seen[k.ID] {
			return flawed(string(k.ID), "kind %s is there twice", k.ID)
		}
		seen[k.ID] = true
		if err := r.checkKind(k); err != nil {
			return flawed(string(k.ID), "kind %q: %s", k.ID, err)
		}
	}
	for _, k := range r.Kinds {
		if k.MayFollow != "" && !seen[k.MayFollow] {
			return flawed(string(k.ID), "kind %q: may follow the unknown kind %s", k.ID, k.MayFollow)
		}
	}
	return nil
}

func (r *Rules) checkKind(k Kind) error {
	switch {
	case k.ID == "" || k.Title == "" || k.Article == "" || k.RefuseArticle == "":
		return fmt.Errorf("id, title or article is missing")
	case !validArticle(k.Article) || !validArticle(k.RefuseArticle):
		return fmt.Errorf("there is no article %.40q or %.40q", k.Article, k.RefuseArticle)
	case len(k.Senders) == 0 || len(k.Receivers) == 0:
		return fmt.Errorf("no senders or no receivers are named")
	case len(k.Refuse) == 0:
		return fmt.Errorf("no grounds for refusal are named")
	case !slices.Contains([]Duty{Shall, Endeavour, Consider, Agreement, Own}, k.Duty):
		return fmt.Errorf("duty %.20q is unknown", k.Duty)
	case !slices.Contains([]Offences{AnyOffence, ConventionOffence, NoOffence}, k.Offences):
		return fmt.Errorf("offences %.20q is unknown", k.Offences)
	case slices.Contains(k.Acts, rogatory.Execute) != (len(k.Outcomes) > 0):
		return fmt.Errorf("the act execute and outcomes belong together")
	case slices.Contains(k.Acts, rogatory.Preserve) != (k.PreserveDays > 0):
		return fmt.Errorf("the act preserve and preserve_days belong together")
	case slices.Contains(k.Acts, rogatory.Start) != (k.Measure != nil), slices.Contains(k.Acts, rogatory.Start) != slices.Contains(k.Acts, rogatory.Stop):
		return fmt.Errorf("the acts start and stop and a measure belong together")
	case !validArticle(k.consultArticle()) || !validArticle(k.reasonsArticle()):
		return fmt.Errorf("there is no article %.40q or %.40q", k.ConsultArticle, k.ReasonsArticle)
	}
	for _, a := range []rogatory.Act{rogatory.AskRelease, rogatory.Hear, rogatory.Represent} {
		if slices.Contains(k.Acts, a) && k.Measure == nil {
			return fmt.Errorf("the act %s needs a measure", a)
		}
	}
	for _, role := range slices.Concat(k.Senders, k.Receivers) {
		if !slices.Contains([]rogatory.Role{rogatory.CentralAuthority, rogatory.PointOfContact, rogatory.ExtraditionAuthority, rogatory.CompetentAuthority, rogatory.LawEnforcement}, role) {
			return fmt.Errorf("role %.40q is unknown", role)
		}
	}
	for _, need := range []Need{k.Term, k.Payments, k.Fingerprints} {
		if !slices.Contains([]Need{"", NeedRequired, NeedOptional}, need) {
			return fmt.Errorf("need %.20q is unknown", need)
		}
	}
	for _, a := range k.Only {
		if !slices.Contains(offenceArticles, a) {
			return fmt.Errorf("%.10q is not an article of an offence", a)
		}
	}
	for _, set := range [][]rogatory.Ground{k.Refuse, k.Postpone} {
		for _, g := range set {
			if _, ok := r.Grounds[g]; !ok {
				return fmt.Errorf("ground %s is unknown", g)
			}
		}
	}
	for _, g := range k.Never {
		if _, ok := r.Never[g]; !ok {
			return fmt.Errorf("forbidden ground %s is unknown", g)
		}
	}
	for _, o := range k.Outcomes {
		if r.Outcomes[o] == "" {
			return fmt.Errorf("outcome %s is unknown", o)
		}
	}
	if err := r.checkFields(k); err != nil {
		return err
	}
	return k.checkTimes(r.Clocks)
}

// checkFields: every field is known, and none is asked for twice.
func (r *Rules) checkFields(k Kind) error {
	known := func(what string, fields ...string) error {
		for i, f := range fields {
			if _, ok := r.Fields[f]; !ok {
				return fmt.Errorf("field %s is unknown", f)
			}
			if slices.Contains(fields[:i], f) {
				return fmt.Errorf("field %s is there twice%s", f, what)
			}
		}
		return nil
	}
	if err := known("", slices.Concat(k.Required, k.Optional)...); err != nil {
		return err
	}
	for _, f := range slices.Sorted(maps.Keys(k.Examples)) {
		said := slices.Concat(k.Required, k.Optional)
		for _, p := range k.Parts {
			said = slices.Concat(said, p.Required, p.Optional)
		}
		if !slices.Contains(said, f) || k.Examples[f] == "" || len(r.Fields[f].Choices) > 0 {
			return fmt.Errorf("an example of %s, which the kind does not ask for or which has choices", f)
		}
	}
	for _, a := range slices.Sorted(maps.Keys(k.RequiredFor)) {
		if !slices.Contains(k.offences(), a) {
			return fmt.Errorf("fields for %.10q, which is not an offence that the kind serves", a)
		}
		for _, f := range k.RequiredFor[a] {
			if !slices.Contains(k.Optional, f) {
				return fmt.Errorf("field %s for article %s is not an optional field of the kind", f, a)
			}
		}
	}
	parts := map[string]bool{}
	for _, p := range k.Parts {
		if p.ID == "" || p.Title == "" || !validArticle(p.Article) || parts[p.ID] {
			return fmt.Errorf("part %q lacks a title or an article, or is there twice", p.ID)
		}
		parts[p.ID] = true
		if err := known(" in part "+p.ID, slices.Concat(k.Required, k.Optional, p.Required, p.Optional)...); err != nil {
			return err
		}
		for _, f := range p.Without {
			if !slices.Contains(k.Required, f) {
				return fmt.Errorf("part %s is without %s, which the kind does not require", p.ID, f)
			}
		}
	}
	var acts []rogatory.Act
	for _, t := range rogatory.Lifecycle() {
		acts = append(acts, t.Act)
	}
	for _, a := range k.Acts {
		if !slices.Contains(acts, a) {
			return fmt.Errorf("act %s is unknown", a)
		}
		if slices.Contains(common, a) {
			return fmt.Errorf("act %s is one that every kind has", a)
		}
	}
	for _, a := range slices.Sorted(maps.Keys(k.Details)) {
		if !k.Allows(a) || len(k.Details[a].Required) == 0 {
			return fmt.Errorf("details of %s, which is not an act of the kind or needs none", a)
		}
		if err := known(" in the details of "+string(a), slices.Concat(k.Details[a].Required, k.Details[a].Optional)...); err != nil {
			return err
		}
	}
	return nil
}

func (k Kind) checkClocks(clocks []Clock) error {
	names := map[string]bool{}
	for _, c := range clocks {
		if c.Name == "" || c.Rule == "" || !validArticle(c.Article) || len(c.Until) == 0 {
			return fmt.Errorf("clock %q lacks its name, rule, end or article", c.Name)
		}
		if c.From != Received && !k.Allows(rogatory.Act(c.From)) {
			return fmt.Errorf("clock %q starts with %.20q, which the kind does not know", c.Name, c.From)
		}
		if names[c.Name] {
			return fmt.Errorf("clock %q is there twice", c.Name)
		}
		names[c.Name] = true
		for _, a := range c.Until {
			if !k.Allows(a) {
				return fmt.Errorf("clock %q waits for %s, which the kind does not know", c.Name, a)
			}
		}
	}
	return nil
}

func (k Kind) checkTimes(common []Clock) error {
	if err := k.checkClocks(slices.Concat(k.Clocks, common)); err != nil {
		return err
	}
	if k.Measure == nil {
		return nil
	}
	rules := slices.Collect(maps.Values(k.Measure.National))
	for _, m := range append(rules, *k.Measure) {
		if m.Hours < 0 || m.ExtensionHours < 0 || m.Extensions < 0 || m.HearingHours < 0 || !validArticle(m.Article) || m.Basis == "" || len(m.National) > 0 && m.Basis != k.Measure.Basis {
			return fmt.Errorf("the measure lacks its basis or an article, or counts backwards")
		}
	}
	for code := range k.Measure.National {
		if !code.Valid() {
			return fmt.Errorf("national rule of %.10q", code)
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
