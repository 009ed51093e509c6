// SPDX-License-Identifier: Apache-2.0

package offence

import (
	"slices"
	"strings"
	"testing"

	"rogatory"
)

const today Date = "2026-11-25"

// core names, in the tables below, the elements of an article that are always needed: "core7".
func expand(t testing.TB, c *Catalogue, words string) []ElementID {
	t.Helper()
	var all []ElementID
	for _, w := range strings.Fields(words) {
		article, ok := strings.CutPrefix(w, "core")
		if !ok {
			if _, known := c.Elements[ElementID(w)]; !known && Exercise(c).Elements[ElementID(w)].Kind == "" {
				t.Fatalf("%s is no element", w)
			}
			all = append(all, ElementID(w))
			continue
		}
		o, err := c.Offence(article)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range o.Elements {
			all = append(all, r.ID)
		}
	}
	return all
}

// conduct is what shows, what does not, and what is said to be open; the later word stands.
func conduct(t testing.TB, c *Catalogue, shows, not, open string) Conduct {
	t.Helper()
	facts := map[ElementID]Fact{}
	for _, said := range []struct {
		words   string
		finding Finding
	}{{shows, Shown}, {not, NotShown}, {open, Open}} {
		for _, id := range expand(t, c, said.words) {
			facts[id] = Fact{Finding: said.finding}
		}
	}
	return Conduct{Facts: facts}
}

func idList(all []Asked) string { return strings.ReplaceAll(ids(all), ",", "") }

// Each row is facts, as an officer of Aurelia tells them, beside the law of another State. Missing
// and open are those of the provision that is nearest.
func TestConductBesideLaw(t *testing.T) {
	c := Convention()
	n := Exercise(c)
	for _, row := range []struct {
		name             string
		to               rogatory.StateCode
		shows, not, open string
		want             Outcome
		section          string // of the requested State, nearest; empty: none is recorded
		missing, left    string
	}{
		// Article 7
		{"7: all shown, a law as wide as the text", "XA", "core7", "", "", Met, "3", "", ""},
		{"7: breach of security shown", "XB", "core7 breach_security", "", "", Met, "201", "", ""},
		{"7: breach of security not spoken of", "XB", "core7", "", "", Unclear, "201", "", "breach_security"},
		{"7: a door that stood open", "XB", "core7", "breach_security", "", NotMet, "201", "breach_security", ""},
		{"7: an open door does not matter where the law does not ask", "XA", "core7", "breach_security", "", Met, "3", "", ""},
		{"7: an open door in Cascadia", "XC", "core7", "breach_security", "", Met, "1", "", ""},
		{"7: with right", "XB", "core7 breach_security", "without_right", "", NotMet, "201", "without_right", ""},
		{"7: with right, and no breach: both are named", "XB", "core7", "without_right breach_security", "", NotMet, "201", "without_right breach_security", ""},
		{"7: by mistake", "XA", "core7", "intent", "", NotMet, "3", "intent", ""},
		{"7: by mistake, where the requesting State asks for intent and Cascadia does not", "XC", "core7", "intent", "", NotMet, "1", "", ""},
		{"7: only tried the handle", "XB", "without_right intent breach_security", "access", "", NotMet, "201", "access", ""},
		{"7: whether there was access is open", "XB", "without_right intent breach_security", "", "access", Unclear, "201", "", "access"},

		// Article 8
		{"8: all shown", "XA", "core8", "", "", Met, "4", "", ""},
		{"8: dishonest intent shown", "XB", "core8 dishonest_intent", "", "", Met, "202", "", ""},
		{"8: out of curiosity", "XB", "core8", "dishonest_intent", "", NotMet, "202", "dishonest_intent", ""},
		{"8: nothing said of the reason", "XB", "core8", "", "", Unclear, "202", "", "dishonest_intent"},
		{"8: a public broadcast", "XB", "core8 dishonest_intent", "non_public", "", NotMet, "202", "non_public", ""},
		{"8: over the shoulder", "XA", "core8", "technical_means", "", NotMet, "4", "technical_means", ""},
		{"8: a public broadcast, in Cascadia", "XC", "core8", "non_public", "", NotMet, "2", "non_public", ""},

		// Article 9
		{"9: all shown", "XA", "core9", "", "", Met, "5", "", ""},
		{"9: serious harm shown", "XB", "core9 serious_harm", "", "", Met, "203", "", ""},
		{"9: a file that was restored at once", "XB", "core9", "serious_harm", "", NotMet, "203", "serious_harm", ""},
		{"9: the harm is still being counted", "XB", "core9", "", "serious_harm", Unclear, "203", "", "serious_harm"},
		{"9: the law was repealed", "XC", "core9", "", "", NotMet, "3", "in_force", ""},
		{"9: own data", "XB", "core9 serious_harm", "without_right", "", NotMet, "203", "without_right", ""},

		// Article 10
		{"10: all shown", "XA", "core10", "", "", Met, "6", "", ""},
		{"10: all shown, in Borealia", "XB", "core10", "", "", Met, "204", "", ""},
		{"10: all shown, in Cascadia", "XC", "core10", "", "", Met, "4", "", ""},
		{"10: a slow afternoon", "XB", "core10", "serious_hindering", "", NotMet, "204", "serious_hindering", ""},
		{"10: the effect is not known yet", "XC", "data_attack without_right intent", "", "", Unclear, "4", "", "serious_hindering"},

		// Article 11
		{"11: a tool sold", "XA", "core11 tool_dealt", "", "", Met, "7", "", ""},
		{"11: a tool possessed", "XA", "core11 tool_possessed", "", "", Met, "7", "", ""},
		{"11: passwords sold", "XA", "core11 credentials_sold", "", "", Met, "7", "", ""},
		{"11: passwords obtained", "XA", "core11 credentials_obtained", "", "", Met, "7", "", ""},
		{"11: a tool sold, with serious harm", "XB", "core11 tool_dealt serious_harm", "", "", Met, "205", "", ""},
		{"11: a tool sold, without harm", "XB", "core11 tool_dealt", "serious_harm", "", NotMet, "205", "serious_harm", ""},
		{"11: passwords sold, which Borealia leaves out", "XB", "core11 credentials_sold serious_harm", "tool_dealt credentials_obtained tool_possessed", "", NotMet, "205", "tool_dealt credentials_obtained tool_possessed", ""},
		{"11: passwords sold, the rest not spoken of", "XB", "core11 credentials_sold serious_harm", "", "", Unclear, "205", "", "tool_dealt credentials_obtained tool_possessed"},
		{"11: a tool possessed, where only trade in passwords counts", "XC", "core11 tool_possessed", "credentials_sold", "", NotMet, "5", "credentials_sold", ""},
		{"11: a collector who would never use it", "XA", "core11 tool_possessed", "use_intended", "", NotMet, "7", "use_intended", ""},

		// Article 12
		{"12: all shown, nobody lost property", "XA", "core12", "property_lost", "", Met, "8", "", ""},
		{"12: dishonest intent shown", "XB", "core12 dishonest_intent", "property_lost", "", Met, "206", "", ""},
		{"12: dishonest intent not shown", "XB", "core12", "dishonest_intent property_lost", "", NotMet, "206", "dishonest_intent", ""},
		{"12: a joke that nobody was to believe", "XC", "core12", "legal_purposes property_lost", "", NotMet, "6", "legal_purposes", ""},
		{"12: the data remained authentic", "XC", "core12", "inauthentic_data property_lost", "", NotMet, "6", "inauthentic_data", ""},

		// Article 13
		{"13(a): data manipulated", "XA", "core13 data_manipulated", "", "", Met, "9", "", ""},
		{"13(b): a system interfered with", "XB", "core13 system_interfered", "", "", Met, "207", "", ""},
		{"13(c): an online scam", "XA", "core13 deception", "", "", Met, "9", "", ""},
		{"13(c): an online scam, before Borealia's law begins", "XB", "core13 deception", "data_manipulated system_interfered", "", NotMet, "207a", "in_force", ""},
		{"13(c): an online scam, the technique left open", "XB", "core13 deception", "", "", Unclear, "207", "", "data_manipulated system_interfered"},
		{"13(c): an online scam in Cascadia", "XC", "core13 deception", "", "", Met, "7", "", ""},
		{"13: nobody lost anything", "XC", "core13 deception", "property_lost", "", NotMet, "7", "property_lost", ""},
		{"13: no gain was meant", "XA", "core13 deception", "dishonest_gain", "", NotMet, "9", "dishonest_gain", ""},
		{"13: how it was done is open", "XA", "core13", "", "data_manipulated system_interfered deception", Unclear, "9", "", "data_manipulated system_interfered deception"},
		{"13 that is forgery there: the name does not matter", "XB", "core12 data_manipulated dishonest_intent", "property_lost", "", Met, "206", "", ""},

		// Article 14
		{"14: distributed", "XA", "core14 material_distributed", "", "", Met, "10", "", ""},
		{"14: financed", "XA", "core14 material_financed", "", "", Met, "10", "", ""},
		{"14: held, visual, a real child", "XB", "core14 material_held visual_material existing_person", "", "", Met, "208", "", ""},
		{"14: held, written", "XB", "core14 material_held existing_person", "visual_material", "", NotMet, "208", "visual_material", ""},
		{"14: drawn from fancy", "XB", "core14 material_sought visual_material", "existing_person", "", NotMet, "208", "existing_person", ""},
		{"14: drawn from fancy, where that counts", "XA", "core14 material_sought visual_material", "existing_person", "", Met, "10", "", ""},
		{"14: financed, which Borealia does not punish", "XB", "core14 material_financed visual_material existing_person", "material_distributed material_sought material_held", "", NotMet, "208", "material_distributed material_sought material_held", ""},
		{"14: whether the person is under 18 is open", "XB", "material_held visual_material existing_person without_right intent", "", "abuse_material", Unclear, "208", "", "abuse_material"},
		{"14: a State without Article 14", "XC", "core14 material_distributed", "", "", NotMet, "", "", ""},

		// Article 15
		{"15: all shown", "XA", "core15", "", "", Met, "11", "", ""},
		{"15: an act followed", "XB", "core15 act_in_furtherance", "", "", Met, "209", "", ""},
		{"15: words only", "XB", "core15", "act_in_furtherance", "", NotMet, "209", "act_in_furtherance", ""},
		{"15: a police officer who seemed a child", "XA", "core15 believed_child", "child", "", Met, "11", "", ""},
		{"15: a police officer who seemed a child, where that is not enough", "XB", "core15 believed_child act_in_furtherance", "child", "", NotMet, "209", "child", ""},
		{"15: an adult, and what was believed is open", "XA", "core15", "child", "", Unclear, "11", "", "child"},
		{"15: an adult, known to be one", "XA", "core15", "child believed_child", "", NotMet, "11", "child", ""},
		{"15: without a sexual purpose", "XB", "core15 act_in_furtherance", "sexual_purpose", "", NotMet, "209", "sexual_purpose", ""},
		{"15: a State without Article 15", "XC", "core15", "", "", NotMet, "", "", ""},

		// Article 16
		{"16: all shown", "XA", "core16", "", "", Met, "12", "", ""},
		{"16: in order to harm", "XB", "core16 intent_to_harm", "", "", Met, "210", "", ""},
		{"16: for money, not to harm", "XB", "core16", "intent_to_harm", "", NotMet, "210", "intent_to_harm", ""},
		{"16: the reason is open", "XB", "core16", "", "", Unclear, "210", "", "intent_to_harm"},
		{"16: with consent", "XB", "core16 intent_to_harm", "without_consent", "", NotMet, "210", "without_consent", ""},
		{"16: whether she consented is open", "XA", "core16", "", "without_consent", Unclear, "12", "", "without_consent"},
		{"16: seventeen, and of legal age there", "XA", "core16 legal_age_minor", "adult", "", Met, "12", "", ""},
		{"16: seventeen, where the law is for adults", "XB", "core16 legal_age_minor intent_to_harm", "adult", "", NotMet, "210", "adult", ""},
		{"16: taken in a public street", "XA", "core16", "privacy_expected", "", NotMet, "12", "privacy_expected", ""},
		{"16: a State without Article 16", "XC", "core16 intent_to_harm", "", "", NotMet, "", "", ""},

		// Article 17
		{"17: converted", "XA", "core17 proceeds_converted", "", "", Met, "2", "", ""},
		{"17: held", "XB", "core17 proceeds_held predicate_dual", "", "", Met, "211", "", ""},
		{"17: the first offence is none there", "XB", "core17 proceeds_held", "predicate_dual", "", NotMet, "211", "predicate_dual", ""},
		{"17: held, where only conversion and concealment count", "XC", "core17 proceeds_held proceeds_over_threshold", "proceeds_converted proceeds_concealed", "", NotMet, "8", "proceeds_converted proceeds_concealed", ""},
		{"17: a large sum", "XC", "core17 proceeds_concealed proceeds_over_threshold", "", "", Met, "8", "", ""},
		{"17: a small sum", "XC", "core17 proceeds_concealed", "proceeds_over_threshold", "", NotMet, "8", "proceeds_over_threshold", ""},
		{"17: nobody knew", "XA", "core17 proceeds_held", "knowledge", "", NotMet, "2", "knowledge", ""},
		{"17: what was known is open", "XA", "proceeds intent proceeds_held", "", "", Unclear, "2", "", "knowledge"},

		// Outside the Convention
		{"copyright, in both", "XB", "copied_work commercial_scale intent", "", "", Met, "40", "", ""},
		{"copyright, for friends: the rest of that law is not recorded", "XB", "copied_work intent", "commercial_scale", "", Unclear, "40", "commercial_scale", ""},
		{"copyright, of which Cascadia's record says nothing", "XC", "copied_work commercial_scale intent", "", "", Unclear, "", "", ""},
		{"facts that name no act", "XB", "without_right intent serious_harm", "", "", Unclear, "", "", ""},
		{"no facts", "XB", "", "", "", Unclear, "", "", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			facts := conduct(t, c, row.shows, row.not, row.open)
			if err := c.CheckConduct(facts, n.Law("XA"), n.Law(row.to)); err != nil {
				t.Fatal(err)
			}
			r := c.Compare(facts, n.Law("XA"), n.Law(row.to), today)
			if r.Outcome != row.want {
				t.Errorf("outcome %s, want %s: %s; %s", r.Outcome, row.want, r.Requesting.Why, r.Requested.Why)
			}
			var section, missing, left string
			if len(r.Requested.Provisions) > 0 {
				p := r.Requested.Provisions[0]
				section, missing, left = p.Provision.Section, idList(p.Missing), idList(p.Open)
			}
			if section != row.section || missing != row.missing || left != row.left {
				t.Errorf("section %q lacks %q and leaves open %q; want %q, %q, %q", section, missing, left, row.section, row.missing, row.left)
			}
			for _, id := range strings.Fields(row.missing + " " + row.left) {
				if !strings.Contains(r.Requested.Why, id) {
					t.Errorf("%q does not name %s", r.Requested.Why, id)
				}
			}
		})
	}
}

// Attempt, participation and preparation, Art 19; and laws that begin and end.
func TestFormsAndDays(t *testing.T) {
	c := Convention()
	n := Exercise(c)
	for _, row := range []struct {
		name       string
		to         rogatory.StateCode
		shows, not string
		form       Form
		on         Date
		want       Outcome
		missing    string
		warning    string
	}{
		{"an accomplice", "XB", "core7 breach_security", "", Participation, today, Met, "", ""},
		{"an attempt that the law knows", "XB", "core10", "serious_hindering", Attempt, today, Met, "", ""},
		{"the same, completed: the result is missing", "XB", "core10", "serious_hindering", Completed, today, NotMet, "serious_hindering", ""},
		{"an attempt that the law does not know", "XC", "core7", "", Attempt, today, NotMet, "attempt", ""},
		{"an attempt that did not begin", "XB", "core10", "data_attack", Attempt, today, NotMet, "data_attack", ""},
		{"preparation that the law knows", "XA", "core10", "serious_hindering", Preparation, today, Met, "", ""},
		{"preparation that the law does not know", "XB", "core10", "serious_hindering", Preparation, today, NotMet, "preparation", ""},
		{"an accomplice whom the law forgot", "XC", "core11 credentials_sold", "", Participation, today, NotMet, "participation", "which every Party makes an offence"},
		{"an attempt needs no serious harm yet", "XB", "core9", "serious_harm", Attempt, today, Met, "", ""},
		{"a law that is not recorded in full cannot carry not met", "XC", "core8", "non_public", Completed, today, Unclear, "non_public", "nobody has compared the record"},
		{"the eve of a law", "XB", "core13 deception", "data_manipulated system_interfered", Completed, "2027-06-30", NotMet, "in_force", ""},
		{"its first day", "XB", "core13 deception", "data_manipulated system_interfered", Completed, "2027-07-01", Met, "", ""},
		{"the last day of a law", "XC", "core9", "", Completed, "2024-06-30", Met, "", ""},
		{"the day after", "XC", "core9", "", Completed, "2024-07-01", NotMet, "in_force", ""},
		{"holding, under the old version of a section", "XB", "core14 material_held visual_material existing_person", "material_distributed", Completed, "2017-12-31", NotMet, "in_force", ""},
		{"holding, under the new one", "XB", "core14 material_held visual_material existing_person", "material_distributed", Completed, "2018-01-01", Met, "", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			facts := conduct(t, c, row.shows, row.not, "")
			facts.Form = row.form
			side := c.Compare(facts, n.Law("XX"), n.Law(row.to), row.on)
			if side.Outcome != row.want {
				t.Errorf("outcome %s, want %s: %s", side.Outcome, row.want, side.Requested.Why)
			}
			if missing := idList(side.Requested.Provisions[0].Missing); missing != row.missing {
				t.Errorf("missing %q, want %q", missing, row.missing)
			}
			if row.warning != "" && !warned(side.Warnings, row.warning) {
				t.Errorf("no warning of %q in %v", row.warning, side.Warnings)
			}
		})
	}
}

func warned(all []Note, words string) bool {
	return slices.ContainsFunc(all, func(n Note) bool { return strings.Contains(n.Text, words) })
}

// What may take conduct out of an offence is told and changes nothing: a person looks.
func TestWarnings(t *testing.T) {
	c := Convention()
	n := Exercise(c)
	for _, row := range []struct {
		name, shows, not string
		to               rogatory.StateCode
		want, never      string
	}{
		{"a tester's tools", "core11 tool_possessed authorised_testing", "", "XA", "then it is no offence under", ""},
		{"whether it was testing is not said", "core11 tool_possessed", "", "XA", "the facts do not say whether the purpose was not an offence", ""},
		{"it was no testing", "core11 tool_possessed", "authorised_testing", "XA", "", "authorised testing"},
		{"research, which Aurelia excludes", "core7 security_research", "", "XA", "then it is no offence under Cybercrime Act of Aurelia", ""},
		{"research, which Borealia does not exclude", "core7 breach_security security_research", "", "XB", "a Party may exclude that, but Penal Code of Borealia", ""},
		{"children who made it themselves", "core14 material_held self_generated visual_material existing_person", "", "XB", "children made the material of themselves: then it is no offence", ""},
		{"material is never sent", "core14 material_held", "", "XA", "digests only", ""},
		{"a child is no offender in the data", "core14 material_held", "", "XA", "best interests of the child", ""},
		{"what the survivor wants", "core16", "", "XA", "the survivor decides", ""},
		{"Article 16 was not verified", "core16", "", "XA", "not yet compared with the official text of Article 16", ""},
		{"Article 7 was", "core7", "", "XA", "", "not yet compared with the official text"},
		{"a record that nobody checked", "core8", "", "XC", "nobody has compared the record of Information Offences Law of Cascadia, section 2", ""},
		{"access data sold, which may not be left out", "core11 credentials_sold serious_harm", "", "XB", "no reservation on it is allowed", ""},
		{"a penalty raised a few months before", "core16", "", "XA", "raised on 2026-03-01", ""},
		{"a penalty raised five years before", "core14 material_held visual_material existing_person", "", "XB", "", "raised on 2021-01-01"},
		{"self-laundering, excluded", "core17 proceeds_held predicate_dual self_laundering", "", "XB", "then it is no offence under Penal Code of Borealia, section 211", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			facts := conduct(t, c, row.shows, row.not, "")
			r := c.Compare(facts, n.Law(row.to), n.Law(row.to), today)
			if row.want != "" && !warned(r.Warnings, row.want) || row.never != "" && warned(r.Warnings, row.never) {
				t.Errorf("want %q and never %q in %v", row.want, row.never, r.Warnings)
			}
			for id := range facts.Facts {
				if c.Elements[id].Kind == Exclusion {
					delete(facts.Facts, id)
				}
			}
			if without := c.Compare(facts, n.Law(row.to), n.Law(row.to), today); without.Outcome != r.Outcome {
				t.Errorf("an exclusion turned %s into %s", without.Outcome, r.Outcome)
			}
		})
	}
}

// The six questions stand in their order, each with its article, and the last word is a person's.
func TestSteps(t *testing.T) {
	c := Convention()
	n := Exercise(c)
	for _, row := range []struct {
		name      string
		from, to  rogatory.StateCode
		shows     string
		not       string
		answers   string
		reached   string
		decisions Outcome
	}{
		{"met throughout", "XA", "XA", "core10", "", "met met met none both met", "10 met", Met},
		{"only the option is missing", "XA", "XB", "core7", "breach_security", "met met not_met none unknown not_met", "7 met", NotMet},
		{"only the option is open", "XA", "XB", "core7", "", "met met unclear none one unclear", "7 met", Unclear},
		{"one penalty is too low", "XA", "XB", "core7 breach_security", "", "met met met none one met", "7 met", Met},
		{"both are too low", "XB", "XC", "core7 breach_security", "", "met met met none none met", "7 met", Met},
		{"a penalty that is not recorded", "XA", "XC", "core8", "", "met met met none unknown met", "8 met", Met},
		{"an excluded article", "XA", "XC", "core16", "", "met not_met none excluded unknown not_met", "16 met", NotMet},
		{"the requesting State excluded it", "XC", "XA", "core16", "", "not_met met met excluded unknown not_met", "16 met", NotMet},
		{"nothing is recorded of the requesting State", "XX", "XA", "core7", "", "not_recorded met met none unknown met", "7 met", Met},
		{"nothing is recorded of the requested State", "XA", "XX", "core7", "", "met unclear none none unknown unclear", "7 met", Unclear},
		{"an article that the facts do not reach is not excluded by them", "XA", "XC", "core16", "without_consent", "not_met not_met none none unknown not_met", "", NotMet},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := c.Compare(conduct(t, c, row.shows, row.not, ""), n.Law(row.from), n.Law(row.to), today)
			var answers, reached []string
			for i, s := range r.Steps {
				if s.Number != i+1 || s.Why == "" || !rogatory.Article(s.Article).Valid() {
					t.Errorf("step %d: %+v", i+1, s)
				}
				answers = append(answers, s.Answer)
			}
			for _, a := range r.Convention {
				reached = append(reached, a.Article+" "+string(a.Outcome))
			}
			if got := strings.Join(answers, " "); got != row.answers || r.Outcome != row.decisions {
				t.Errorf("answers %s and %s, want %s and %s", got, r.Outcome, row.answers, row.decisions)
			}
			if got := strings.Join(reached, ", "); got != row.reached {
				t.Errorf("by the Convention: %s, want %s", got, row.reached)
			}
			if last := r.Steps[len(r.Steps)-1]; last.Why != PersonDecides || r.Decides != PersonDecides {
				t.Errorf("nobody decides: %+v", last)
			}
		})
	}
}

func TestCheckConduct(t *testing.T) {
	c := Convention()
	n := Exercise(c)
	for name, row := range map[string]struct {
		conduct Conduct
		code    string
		hint    string
	}{
		"good":              {Conduct{Labels: []string{"7"}, Facts: map[ElementID]Fact{"access": {Finding: Shown}}, Form: Attempt}, "", ""},
		"an own element":    {Conduct{Facts: map[ElementID]Fact{"copied_work": {Finding: Shown}}}, "", ""},
		"unknown element":   {Conduct{Labels: []string{"7"}, Facts: map[ElementID]Fact{"acces": {Finding: Shown}}}, "element_unknown", "Article 7 speaks of access, without_right"},
		"unknown, no label": {Conduct{Facts: map[ElementID]Fact{"acces": {Finding: Shown}}}, "element_unknown", "rogatory offence show"},
		"no finding":        {Conduct{Facts: map[ElementID]Fact{"access": {}}}, "finding_unknown", "shown, not_shown or open"},
		"unknown label":     {Conduct{Labels: []string{"18"}}, "offence_unknown", "7, 8, 9"},
		"unknown form":      {Conduct{Form: "wish"}, "form_unknown", "Art 19"},
		"a novel":           {Conduct{Facts: map[ElementID]Fact{"access": {Shown, strings.Repeat("é", MaxWords+1)}}}, "words_too_long", "quote"},
		"just not a novel":  {Conduct{Facts: map[ElementID]Fact{"access": {Shown, strings.Repeat("é", MaxWords)}}}, "", ""},
	} {
		err := c.CheckConduct(row.conduct, n.Law("XA"))
		if row.code == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if e, ok := err.(*rogatory.Error); !ok || e.Code != row.code || !strings.Contains(e.Hint, row.hint) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
