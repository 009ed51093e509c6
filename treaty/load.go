// SPDX-License-Identifier: Apache-2.0

package treaty

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"rogatory"
	"rogatory/datafile"
)

// Limits on a rules file: the Convention's own rules are a few dozen kilobytes, a few dozen kinds, each with
// as many fields and acts.
const (
	MaxRulesSize = 1 << 20
	MaxListed    = 1000
)

// rulesFiles is the form of a rules file.
var rulesFiles = datafile.Form{Code: "rules_invalid", TooLarge: "rules_too_large", Hint: "mend that line; nothing of the file was loaded", Size: MaxRulesSize, Items: MaxListed}

// Load reads a rules file; name is for errors. Unknown members, references, acts and articles, missing
// articles and doubled kinds are refused, naming what is wrong and on which line. Nothing is returned with
// an error.
func Load(name string, data []byte) (*Rules, error) {
	var r Rules
	f, err := rulesFiles.Read(name, data, &r)
	if err != nil {
		return nil, err
	}
	if err := r.check(f); err != nil {
		return nil, err
	}
	for i := range r.Kinds {
		r.Kinds[i].Clocks = slices.Concat(r.Kinds[i].Clocks, r.Clocks)
	}
	r.Digest = rogatory.DigestOf(data)
	return &r, nil
}

// validArticle accepts an article of the Convention, or several.
func validArticle(s string) bool { return len(rogatory.ParseArticles(s)) > 0 }

func (r *Rules) check(f *datafile.File) error {
	if r.Version == "" {
		return f.Fault(errors.New("the rules have no version"), "version")
	}
	if err := r.checkTables(f); err != nil {
		return err
	}
	if err := (Kind{}).checkClocks(r.Clocks); err != nil {
		return f.Fault(err, "clocks")
	}
	kinds := map[rogatory.RequestKind]bool{}
	for i, k := range r.Kinds {
		if kinds[k.ID] {
			return f.Fault(fmt.Errorf("kind %s is there twice", k.ID), "kinds", i, "id")
		}
		kinds[k.ID] = true
		if k.ID == rogatory.ContactDrill || len(k.Without) > 0 {
			return f.Fault(fmt.Errorf("kind %q: a drill stands apart from the kinds, and only a drill is without acts that every kind has", k.ID), "kinds", i, "id")
		}
		if err := r.checkKind(k); err != nil {
			return f.Fault(fmt.Errorf("kind %q: %w", k.ID, err), "kinds", i, "id")
		}
	}
	if r.Drill != nil {
		if err := r.checkDrill(*r.Drill); err != nil {
			return f.Fault(fmt.Errorf("drill: %w", err), "drill", "id")
		}
	}
	for i, k := range r.Kinds {
		if k.MayFollow != "" && !kinds[k.MayFollow] {
			return f.Fault(fmt.Errorf("kind %q: may follow the unknown kind %s", k.ID, k.MayFollow), "kinds", i, "may_follow")
		}
	}
	return nil
}

// checkTables checks what the kinds refer to.
func (r *Rules) checkTables(f *datafile.File) error {
	for _, id := range slices.Sorted(maps.Keys(r.Fields)) {
		if err := checkField(id, r.Fields[id]); err != nil {
			return f.Fault(err, "fields", id)
		}
	}
	for _, table := range []struct {
		name    string
		grounds map[rogatory.Ground]Ground
	}{{"grounds", r.Grounds}, {"never", r.Never}} {
		for _, id := range slices.Sorted(maps.Keys(table.grounds)) {
			if err := r.checkGround(id, table.grounds[id]); err != nil {
				return f.Fault(err, table.name, string(id))
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(r.Channels)) {
		if c := r.Channels[id]; c.Title == "" || !validArticle(c.Article) || c.ConfirmHours < 0 {
			return f.Fault(fmt.Errorf("channel %s lacks its title or an article", id), "channels", string(id))
		}
	}
	return nil
}

func checkField(id string, f Field) error {
	switch {
	case f.Label == "" || f.Article == "" || f.Example == "":
		return fmt.Errorf("field %s lacks a label, an article or an example", id)
	case !validArticle(f.Article):
		return fmt.Errorf("field %s: there is no article %.40q", id, f.Article)
	case !slices.Contains([]string{"", formPeriod, formList}, f.Form):
		return fmt.Errorf("field %s: form %.20q is unknown", id, f.Form)
	case len(f.Choices) > 0 && !slices.Contains(f.Choices, f.Example):
		return fmt.Errorf("field %s: the example is none of its choices", id)
	}
	return nil
}

func (r *Rules) checkGround(id rogatory.Ground, g Ground) error {
	switch _, twice := r.Never[id]; {
	case g.Text == "" || g.Article == "":
		return fmt.Errorf("ground %s lacks a text or an article", id)
	case !validArticle(g.Article):
		return fmt.Errorf("ground %s: there is no article %.40q", id, g.Article)
	case twice && r.Grounds[id].Text != "":
		return fmt.Errorf("ground %s is open and forbidden at once", id)
	}
	for _, o := range g.Outcomes {
		if r.Outcomes[o] == "" {
			return fmt.Errorf("ground %s: outcome %s is unknown", id, o)
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

// drillActs are all that is said of a drill. Rules in which it knew another would let it ask for something.
var drillActs = []rogatory.Act{rogatory.StartDrill, rogatory.Acknowledge, rogatory.TellStatus, rogatory.EndDrill, rogatory.StateFigures}

// checkDrill: a drill asks for nothing, says nothing and is marked.
func (r *Rules) checkDrill(k Kind) error {
	switch {
	case k.ID != rogatory.ContactDrill || k.Title == "" || k.Marking == "" || !validArticle(k.Article):
		return fmt.Errorf("its id is %s; title, article or marking is missing", rogatory.ContactDrill)
	case len(k.Senders) == 0 || len(k.Receivers) == 0:
		return fmt.Errorf("no senders or no receivers are named")
	case k.Offences != NoOffence || len(k.Required)+len(k.Optional)+len(k.Parts)+len(k.Details)+len(k.Outcomes)+len(k.Refuse)+len(k.Postpone) > 0 || k.Measure != nil || k.PreserveDays > 0:
		return fmt.Errorf("it carries no offence, field, measure or ground")
	}
	for _, t := range rogatory.Lifecycle() {
		if k.Allows(t.Act) != slices.Contains(drillActs, t.Act) {
			return fmt.Errorf("the act %s: its acts are %v", t.Act, drillActs)
		}
	}
	for i, a := range k.Without {
		if !slices.Contains(common, a) || slices.Contains(k.Without[:i], a) {
			return fmt.Errorf("without %s, which not every kind has, or which is there twice", a)
		}
	}
	return k.checkTimes(nil)
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
