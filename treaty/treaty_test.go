// SPDX-License-Identifier: Apache-2.0

package treaty

import (
	"flag"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"rogatory"
)

// update is a flag of the test binary; flags have to exist before tests run.
var update = flag.Bool("update", false, "write docs/kinds.md and docs/matrix.md anew")

// today is when the requests of these tests are read.
var today = rogatory.At(time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC))

// complete fills every required field of a kind with its example.
func complete(t *testing.T, r *Rules, id rogatory.RequestKind) rogatory.Request {
	t.Helper()
	return completePart(t, r, id, "")
}

func completePart(t *testing.T, r *Rules, id rogatory.RequestKind, part string) rogatory.Request {
	t.Helper()
	req, err := r.Example(id, part, today)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// wanted are the kinds of cooperation that the Convention knows, and this file with it.
var wanted = []rogatory.RequestKind{"preservation", "location_query", "stored_data", "realtime_traffic", "content_interception", "general_assistance", "emergency_data",
	"spontaneous_information", "law_enforcement_information", "joint_investigation", "asset_freeze", "confiscation", "asset_return", "content_removal", "provisional_arrest",
	"extradition", "transfer_sentenced_person", "transfer_proceedings"}

func TestEmbeddedRulesLoad(t *testing.T) {
	r := Convention()
	if r.Version == "" || r.Digest != rogatory.DigestOf(embedded) {
		t.Fatalf("version %q with digest %s", r.Version, r.Digest)
	}
	var have []rogatory.RequestKind
	for _, k := range r.Kinds {
		have = append(have, k.ID)
	}
	if !slices.Equal(have, wanted) {
		t.Errorf("the kinds are %s", have)
	}
	_, err := r.Kind("extradition_by_parachute")
	if rogatory.CodeOf(err) != "kind_unknown" || !strings.Contains(err.(*rogatory.Error).Hint, "stored_data") {
		t.Errorf("an unknown kind: %v", err)
	}
}

// Every rule of the file names where it comes from, in the Convention's own form.
func TestEveryRuleHasAnArticle(t *testing.T) {
	article := regexp.MustCompile(`^\d{1,2}(\(\d{1,2}\)|\([a-z]\))*(, \d{1,2}(\(\d{1,2}\)|\([a-z]\))*)*$`)
	r := Convention()
	check := func(what, a string) {
		if !article.MatchString(a) {
			t.Errorf("%s: %q is not an article", what, a)
		}
	}
	used := map[string]bool{}
	for id, f := range r.Fields {
		check("field "+id, f.Article)
	}
	for id, g := range r.Grounds {
		check("ground "+string(id), g.Article)
	}
	for _, k := range r.Kinds {
		check(string(k.ID), k.Article)
		check(string(k.ID)+" refusal", k.RefuseArticle)
		for _, c := range k.Clocks {
			check(string(k.ID)+" clock "+c.Name, c.Article)
			for _, a := range c.Until {
				if !k.Allows(a) && a != rogatory.Postpone {
					t.Errorf("clock %s of %s waits for %s, which the kind does not know", c.Name, k.ID, a)
				}
			}
		}
		fields := slices.Concat(k.Required, k.Optional)
		if k.Measure != nil {
			for code, m := range k.Measure.National {
				check(fmt.Sprintf("%s measure in %s", k.ID, code), m.Article)
			}
			check(string(k.ID)+" measure", k.Measure.Article)
		}
		if k.PreserveDays > 0 {
			check(string(k.ID)+" preservation", k.PreserveArticle)
		}
		for _, p := range k.Parts {
			check(string(k.ID)+" part "+p.ID, p.Article)
			fields = slices.Concat(fields, p.Required, p.Optional)
		}
		for _, d := range k.Details {
			fields = slices.Concat(fields, d.Required, d.Optional)
		}
		for _, f := range fields {
			used[f] = true
		}
		for _, g := range slices.Concat(k.Refuse, k.Postpone, k.Never) {
			used[string(g)] = true
		}
		for _, o := range k.Outcomes {
			used[string(o)] = true
		}
	}
	for id, c := range r.Channels {
		check("channel "+string(id), c.Article)
	}
	for id, g := range r.Never {
		check("forbidden ground "+string(id), g.Article)
		if !used[string(id)] {
			t.Errorf("no kind forbids the ground %s", id)
		}
	}
	for id := range r.Fields {
		if !used[id] {
			t.Errorf("no kind has the field %s", id)
		}
	}
	for id := range r.Grounds {
		if !used[string(id)] {
			t.Errorf("no kind has the ground %s", id)
		}
		for _, o := range r.Grounds[id].Outcomes {
			used[string(o)] = true
		}
	}
	for id := range r.Outcomes {
		if !used[string(id)] {
			t.Errorf("nothing ends with the outcome %s", id)
		}
	}
}

// The examples are those of the composer: a new officer begins with them, so they draw not even a
// warning, whether the optional fields are said or not.
func TestExamplesDrawNoFinding(t *testing.T) {
	r := Convention()
	for _, k := range r.Kinds {
		parts := []string{""}
		for _, p := range k.Parts {
			parts = append(parts, p.ID)
		}
		for _, part := range parts {
			req := completePart(t, r, k.ID, part)
			if found := r.Review(req, today); len(found) > 0 {
				t.Errorf("%s %s: %+v", k.ID, part, found)
			}
			_, optional := k.FieldsOf(req.Part)
			for _, f := range optional {
				req.Contents[f] = r.ExampleOf(k, f)
			}
			if found := r.Review(req, today); len(found) > 0 {
				t.Errorf("%s %s with all it may say: %+v", k.ID, part, found)
			}
		}
	}
	if _, err := r.Example(rogatory.StoredData, "half", today); rogatory.CodeOf(err) != "part_unknown" {
		t.Errorf("an example of a part that there is not: %v", err)
	}
	if _, err := r.Example("gossip", "", today); rogatory.CodeOf(err) != "kind_unknown" {
		t.Errorf("an example of a kind that there is not: %v", err)
	}
}

// Every required field of every kind and part is missed by name, label and article.
func TestLacksNamesFieldAndArticle(t *testing.T) {
	r := Convention()
	for _, k := range r.Kinds {
		parts := k.Parts
		if len(parts) == 0 {
			parts = []Part{{}}
		}
		for _, p := range parts {
			required, _ := k.FieldsOf(p.ID)
			for _, id := range required {
				for what, text := range map[string]string{"missing": "", "blank": " \n\t"} {
					req := completePart(t, r, k.ID, p.ID)
					req.Contents[id] = text
					want := fmt.Sprintf("%s: %s (Art %s)", id, r.Fields[id].Label, r.Fields[id].Article)
					if lacks := r.Lacks(req, 0); !slices.Contains(lacks, want) {
						t.Errorf("%s %s with %s %s lacks %q, want %q", k.ID, p.ID, what, id, lacks, want)
					}
				}
			}
		}
	}
}

func TestLacks(t *testing.T) {
	r := Convention()
	for _, c := range []struct {
		name   string
		kind   rogatory.RequestKind
		change func(*rogatory.Request)
		want   string // in one of the sentences; empty: complete
	}{
		{"no title", rogatory.StoredData, func(q *rogatory.Request) { q.Title = "  " }, "a title"},
		{"a title of 200 letters of another script", rogatory.StoredData, func(q *rogatory.Request) { q.Title = strings.Repeat("ж", 200) }, ""},
		{"a title of 201", rogatory.StoredData, func(q *rogatory.Request) { q.Title = strings.Repeat("ж", 201) }, "a shorter title"},
		{"no language", rogatory.StoredData, func(q *rogatory.Request) { q.Language = "" }, "Art 40(13)"},
		{"a field of another kind", rogatory.Preservation42, func(q *rogatory.Request) { q.Contents["risk"] = "x" }, `no field "risk"`},
		{"a field that nobody knows", rogatory.StoredData, func(q *rogatory.Request) { q.Contents["wish"] = "x" }, `no field "wish"`},
		{"a novel", rogatory.StoredData, func(q *rogatory.Request) { q.Contents["facts"] = strings.Repeat("é", MaxFieldRunes+1) }, "facts with at most 20000"},
		{"just not a novel", rogatory.StoredData, func(q *rogatory.Request) { q.Contents["facts"] = strings.Repeat("é", MaxFieldRunes) }, ""},
		{"another category of data", rogatory.StoredData, func(q *rogatory.Request) { q.Contents["data_category"] = "everything" }, "subscriber, traffic, content"},
		{"an article that is no offence", rogatory.StoredData, func(q *rogatory.Request) { q.Offence.Articles = []string{"18"} }, "Art 35(1)"},
		{"too many articles", rogatory.StoredData, func(q *rogatory.Request) { q.Offence.Articles = slices.Repeat([]string{"7"}, 12) }, "at most 11"},
		{"a serious crime outside the articles", rogatory.StoredData, func(q *rogatory.Request) { q.Offence.Articles, q.Offence.MaximumYears = nil, 4 }, ""},
		{"a crime of three years", rogatory.StoredData, func(q *rogatory.Request) { q.Offence.Articles, q.Offence.MaximumYears = nil, 3 }, "Arts 2(h), 35(1)"},
		{"no provision of law", rogatory.StoredData, func(q *rogatory.Request) { q.Offence.Law = "" }, "the provision of law"},
		{"an emergency without an offence", rogatory.EmergencyData, func(q *rogatory.Request) { q.Offence = rogatory.Offence{} }, ""},
		{"a disclosure that follows its preservation", rogatory.StoredData, func(q *rogatory.Request) { q.Follows = "XA-2026-7K3M9Q2P.1" }, ""},
		{"a malformed reference", rogatory.StoredData, func(q *rogatory.Request) { q.Follows = "that one" }, "a well-formed reference"},
		{"a preservation that follows something", rogatory.Preservation42, func(q *rogatory.Request) { q.Follows = "XA-2026-7K3M9Q2P.1" }, "follows none"},
		{"an unknown kind", rogatory.StoredData, func(q *rogatory.Request) { q.Kind = "gossip" }, "is not known"},
		{"assistance of no part", "general_assistance", func(q *rogatory.Request) { q.Part = "" }, "which part of a general_assistance"},
		{"a part of another kind", "general_assistance", func(q *rogatory.Request) { q.Part = "own_order" }, "which part of a general_assistance"},
		{"a part where there is none", "extradition", func(q *rogatory.Request) { q.Part = "service" }, "it has none"},
		{"a field of another part", "general_assistance", func(q *rogatory.Request) { q.Contents["documents"] = "x" }, `no field "documents"`},
		{"collection without a term", "realtime_traffic", func(q *rogatory.Request) { q.Term = rogatory.Term{} }, "its end is hard (Art 45)"},
		{"a term that ends before it begins", "realtime_traffic", func(q *rogatory.Request) { q.Term.From = q.Term.To + 1 }, "a term that ends after it begins"},
		{"a term that is over", "content_interception", func(q *rogatory.Request) { q.Term = rogatory.Term{From: 1, To: today} }, "ends in the future"},
		{"a term of a kind that has none", rogatory.StoredData, func(q *rogatory.Request) { q.Term.To = today + 1 }, "no term"},
		{"interception without an authorisation", "content_interception", func(q *rogatory.Request) { q.Contents["authorisation"] = "" }, "authorisation: Independent authorisation (Art 24(2))"},
		{"collection of traffic data without one", "realtime_traffic", func(q *rogatory.Request) { delete(q.Contents, "authorisation") }, ""},
		{"a freeze that names no payment", "asset_freeze", func(q *rogatory.Request) { q.Payments = nil }, "the way of the money"},
		{"an amount with a comma", "asset_freeze", func(q *rogatory.Request) { q.Payments[1].Amount.Value = "12,5" }, "payment 2 with both accounts"},
		{"a payment to nowhere", "asset_freeze", func(q *rogatory.Request) { q.Payments[0].To.Number = " " }, "payment 1 with both accounts"},
		{"a payment of tomorrow", "asset_freeze", func(q *rogatory.Request) { q.Payments[0].At = today.Add(Day) }, "payment 1 with a time that has passed"},
		{"a freeze for a serious crime outside the Convention", "asset_freeze", func(q *rogatory.Request) { q.Offence.Articles, q.Offence.MaximumYears = nil, 10 }, "serves no other"},
		{"payments where nobody asks for any", rogatory.StoredData, func(q *rogatory.Request) { q.Payments = complete(t, r, "asset_freeze").Payments }, "no payments"},
		{"removal without a digest", "content_removal", func(q *rogatory.Request) { q.Fingerprints = nil }, "the material itself never travels"},
		{"a digest cut off", "content_removal", func(q *rogatory.Request) { q.Fingerprints[2].Value = "00ff" }, "digest 3"},
		{"removal for illegal access", "content_removal", func(q *rogatory.Request) { q.Offence.Articles = []string{"7"} }, "an offence of Articles 14, 16"},
		{"removal of an intimate image without consent of the person", "content_removal", func(q *rogatory.Request) { q.Contents["survivor_consent"] = "" }, "survivor_consent: Consent of the person shown (Art 16, 34(6))"},
		{"removal of both, likewise", "content_removal", func(q *rogatory.Request) {
			q.Offence.Articles, q.Contents["survivor_consent"] = []string{"14", "16"}, ""
		}, "survivor_consent"},
		{"removal of child abuse material needs no consent", "content_removal", func(q *rogatory.Request) {
			q.Offence.Articles = []string{"14"}
			delete(q.Contents, "survivor_consent")
		}, ""},
		{"a period the wrong way round", rogatory.StoredData, func(q *rogatory.Request) { q.Contents["period"] = "2026-11-03 to 2026-11-01" }, "a period that ends after it begins"},
		{"thousands of identifiers", rogatory.StoredData, func(q *rogatory.Request) { q.Contents["persons"] = strings.Repeat("198.51.100.17\n", 1200) }, "one request serves one investigation (Arts 23(1), 35(1))"},
		{"a basis that nobody knows", rogatory.StoredData, func(q *rogatory.Request) { q.Basis = "friendship" }, "Art 40(7)"},
		{"an extradition that follows its arrest", "extradition", func(q *rogatory.Request) { q.Follows = "XA-2026-7K3M9Q2P.1" }, ""},
	} {
		req := complete(t, r, c.kind)
		c.change(&req)
		lacks := r.Lacks(req, today)
		if c.want == "" && len(lacks) > 0 || c.want != "" && !slices.ContainsFunc(lacks, func(s string) bool { return strings.Contains(s, c.want) }) {
			t.Errorf("%s: lacks %q, want %q", c.name, lacks, c.want)
		}
	}
}

// What a careful colleague would ask about is a warning: it stops neither the draft nor the sending.
func TestReviewWarns(t *testing.T) {
	r := Convention()
	for _, c := range []struct {
		name, field, text, code string // no code: no finding
	}{
		{"a wildcard", "persons", "*@mail.example", "over_broad"},
		{"a wildcard alone", "persons", "*", "over_broad"},
		{"everybody", "persons", "all users of the provider", "over_broad"},
		{"the whole Internet", "persons", "0.0.0.0/0", "over_broad"},
		{"a large network", "persons", "10.0.0.0/8", "over_broad"},
		{"a small network", "persons", "203.0.113.0/24", ""},
		{"a name with a star in it", "persons", "the account st*r at mail.example", ""},
		{"sixty accounts", "persons", strings.Repeat("account\n", 60), "over_broad"},
		{"fifty accounts", "persons", strings.Repeat("account\n", 50), ""},
		{"two years", "period", "2024-11-01 to 2026-11-01", "over_broad"},
		{"a period with one end", "period", "since 2026-11-01", "period_unread"},
		{"a period to come", "period", "2027-01-01 to 2027-01-02", "period_future"},
		{"a period of three days", "period", "2026-11-01T00:00Z to 2026-11-03T23:59+07:00", ""},
	} {
		req := complete(t, r, rogatory.StoredData)
		req.Contents[c.field] = c.text
		found := r.Review(req, today)
		if c.code == "" && len(found) > 0 || c.code != "" && (len(found) != 1 || found[0].Code != c.code || found[0].Field != c.field || found[0].Article == "" || found[0].Blocks) {
			t.Errorf("%s: found %+v, want %q", c.name, found, c.code)
		}
	}
	old := complete(t, r, rogatory.StoredData)
	old.Rules = "2026-01-01"
	if found := r.Review(old, today); len(found) != 1 || found[0].Code != "rules_outdated" || found[0].Blocks {
		t.Errorf("a draft under old rules: %+v", found)
	}
}

// The bounds of a measure are those of the State that runs it, and else the product's.
func TestMeasuresAreBoundedPerState(t *testing.T) {
	r := Convention()
	for _, c := range []struct {
		kind       rogatory.RequestKind
		state      rogatory.StateCode
		hours      int
		extension  int
		extensions int
		hearing    int
	}{
		{"realtime_traffic", "XB", 336, 168, 2, 0}, {"realtime_traffic", "XC", 720, 720, 1, 0}, {"realtime_traffic", "XA", 720, 720, 0, 0},
		{"content_interception", "XB", 168, 168, 1, 0}, {"content_interception", "XC", 336, 336, 2, 0},
		{"asset_freeze", "TH", 72, 168, 1, 24}, {"asset_freeze", "XB", 72, 168, 1, 12}, {"asset_freeze", "XC", 48, 48, 2, 6}, {"asset_freeze", "XA", 720, 720, 0, 24},
		{"provisional_arrest", "XB", 432, 528, 1, 0},
	} {
		k, err := r.Kind(c.kind)
		if err != nil {
			t.Fatal(err)
		}
		if m := k.Measure.In(c.state); m.Hours != c.hours || m.ExtensionHours != c.extension || m.Extensions != c.extensions || m.HearingHours != c.hearing || m.Verified {
			t.Errorf("%s in %s: %+v", c.kind, c.state, m)
		}
	}
	for _, k := range r.Kinds {
		if k.Measure != nil && k.Measure.Hours == 0 && k.Term != NeedRequired {
			t.Errorf("a %s may run without an end", k.ID)
		}
	}
}

func TestCheckDetails(t *testing.T) {
	r := Convention()
	for _, c := range []struct {
		name    string
		kind    rogatory.RequestKind
		act     rogatory.Act
		details map[string]string
		want    string
	}{
		{"provider and path", rogatory.Preservation42, rogatory.DiscloseTraffic, map[string]string{"provider": "Cascadia Net", "path": "198.51.100.17 to 192.0.2.40"}, ""},
		{"with traffic data", rogatory.Preservation42, rogatory.DiscloseTraffic, map[string]string{"provider": "Cascadia Net", "path": "there", "traffic": "TCP 22"}, ""},
		{"no path", rogatory.Preservation42, rogatory.DiscloseTraffic, map[string]string{"provider": "Cascadia Net"}, "detail_missing"},
		{"content beside it", rogatory.Preservation42, rogatory.DiscloseTraffic, map[string]string{"provider": "Cascadia Net", "path": "there", "data": "the mails"}, "detail_unknown"},
		{"a place found", "location_query", rogatory.Execute, map[string]string{"location_answer": "Cascadia"}, ""},
		{"a place not said", "location_query", rogatory.Execute, nil, "detail_missing"},
		{"details of an act that has none", rogatory.StoredData, rogatory.Accept, map[string]string{"path": "there"}, "detail_unknown"},
		{"a novel", "location_query", rogatory.Execute, map[string]string{"location_answer": strings.Repeat("x", MaxFieldRunes+1)}, "field_long"},
	} {
		k, err := r.Kind(c.kind)
		if err != nil {
			t.Fatal(err)
		}
		if err := k.CheckDetails(r, c.act, c.details); rogatory.CodeOf(err) != c.want && (err != nil || c.want != "") {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
}

// Both States may hand over exhibits where the kind says so, and only there.
func TestWhoHandsOverExhibits(t *testing.T) {
	r := Convention()
	for _, k := range r.Kinds {
		if k.Allows(rogatory.Offer) != k.Allows(rogatory.Take) || k.Allows(rogatory.Offer) != k.Allows(rogatory.RevokeOffer) {
			t.Errorf("%s: offering, revoking and taking belong together", k.ID)
		}
		if got := k.AllowsBy(rogatory.Offer, rogatory.RequestingSide); got != k.Mutual {
			t.Errorf("%s: the requesting State may offer: %t, mutual: %t", k.ID, got, k.Mutual)
		}
	}
	for _, never := range []rogatory.RequestKind{"content_removal", "preservation", "asset_freeze", "provisional_arrest"} {
		k, _ := r.Kind(never)
		if k.Allows(rogatory.Offer) {
			t.Errorf("a %s request brings exhibits", never)
		}
	}
}

func TestCheckVerdict(t *testing.T) {
	r := Convention()
	verdict := func(g rogatory.Ground, reasons string) *rogatory.Verdict {
		return &rogatory.Verdict{Ground: g, Reasons: reasons}
	}
	for _, c := range []struct {
		name      string
		kind      rogatory.RequestKind
		act       rogatory.Act
		verdict   *rogatory.Verdict
		consulted bool
		want      string
	}{
		{"refusal with nothing", rogatory.StoredData, rogatory.Refuse, nil, true, "ground_missing"},
		{"refusal without a ground", rogatory.StoredData, rogatory.Refuse, verdict("", "we do not feel like it"), true, "ground_missing"},
		{"refusal on a ground of another kind", rogatory.StoredData, rogatory.Refuse, verdict("R42_5", "why"), true, "ground_not_open"},
		{"refusal on an invented ground", rogatory.StoredData, rogatory.Refuse, verdict("R99", "why"), true, "ground_not_open"},
		{"refusal without reasons", rogatory.StoredData, rogatory.Refuse, verdict("R22", " "), true, "reasons_missing"},
		{"refusal without consultation", rogatory.StoredData, rogatory.Refuse, verdict("R21B", "state secret"), false, "consultation_missing"},
		{"refusal after consultation", rogatory.StoredData, rogatory.Refuse, verdict("R21B", "state secret"), true, ""},
		{"refusal that needs no consultation", rogatory.StoredData, rogatory.Refuse, verdict("R8DM", "a stolen sandwich"), false, ""},
		{"refused preservation on the ground of a disclosure", rogatory.Preservation42, rogatory.Refuse, verdict("R21A", "why"), true, "ground_not_open"},
		{"refusal for bank secrecy", rogatory.StoredData, rogatory.Refuse, verdict("BANK_SECRECY", "why"), true, "ground_forbidden"},
		{"refused preservation under the reservation, of a Convention offence", rogatory.Preservation42, rogatory.Refuse, verdict("R42_5", "not an offence here"), false, "ground_not_open"},
		{"refused preservation under the reservation", rogatory.Preservation42, rogatory.Refuse, verdict("R42_5", "not an offence here"), false, ""},
		{"refused emergency under domestic law", rogatory.EmergencyData, rogatory.Refuse, verdict("DOMESTIC", "no such power"), false, ""},
		{"postponement on a ground for refusal", rogatory.StoredData, rogatory.Postpone, verdict("R21B", "why"), true, "ground_not_open"},
		{"postponement without a date", rogatory.StoredData, rogatory.Postpone, verdict("P27", "our own trial"), true, "review_missing"},
		{"postponement", rogatory.StoredData, rogatory.Postpone, &rogatory.Verdict{Ground: "P27", Reasons: "our own trial", Review: 1}, true, ""},
		{"postponed preservation", rogatory.Preservation42, rogatory.Postpone, &rogatory.Verdict{Ground: "P27", Reasons: "our own trial", Review: 1}, true, "ground_not_open"},
		{"execution without an outcome", rogatory.StoredData, rogatory.Execute, nil, false, "outcome_missing"},
		{"execution with another outcome", rogatory.StoredData, rogatory.Execute, &rogatory.Verdict{Outcome: "mostly"}, false, "outcome_missing"},
		{"execution in part", rogatory.StoredData, rogatory.Execute, &rogatory.Verdict{Outcome: rogatory.Partly}, false, ""},
		{"refused preservation for dual criminality", rogatory.Preservation42, rogatory.Refuse, verdict("DC_FOR_PRESERVATION", "not an offence here"), true, "ground_forbidden"},
		{"refused extradition for taxes", "extradition", rogatory.Refuse, verdict("FISCAL", "taxes too"), true, "ground_forbidden"},
		{"refused extradition for nationality, and nothing done instead", "extradition", rogatory.Refuse, verdict("R37_NAT", "a national"), true, "outcome_missing"},
		{"refused extradition for nationality, unconsulted", "extradition", rogatory.Refuse, &rogatory.Verdict{Ground: "R37_NAT", Reasons: "a national", Outcome: "submitted_to_prosecution"}, false, "consultation_missing"},
		{"refused extradition for nationality, submitted to prosecution", "extradition", rogatory.Refuse, &rogatory.Verdict{Ground: "R37_NAT", Reasons: "a national", Outcome: "submitted_to_prosecution"}, true, ""},
		{"refused extradition with the outcome of an execution", "extradition", rogatory.Refuse, &rogatory.Verdict{Ground: "R37_NAT", Reasons: "a national", Outcome: "surrendered"}, true, "outcome_missing"},
		{"refused as out of scope, of a Convention offence", rogatory.StoredData, rogatory.Refuse, verdict("RSCOPE", "not serious"), true, "ground_not_open"},
		{"refused as out of scope", rogatory.StoredData, rogatory.Refuse, verdict("RSCOPE", "not serious"), true, ""},
		{"interception not permitted", "content_interception", rogatory.Refuse, verdict("R45_46", "not for this offence"), false, ""},
		{"information under conditions declined", "spontaneous_information", rogatory.Refuse, verdict("R40_5", "our court must show it to the accused"), false, ""},
		{"removal that would silence", "content_removal", rogatory.Refuse, verdict("R6", "a news report"), false, ""},
		{"acceptance with nothing", rogatory.StoredData, rogatory.Accept, nil, false, ""},
	} {
		k, err := r.Kind(c.kind)
		if err != nil {
			t.Fatal(err)
		}
		offence := rogatory.Offence{Articles: []string{"7"}}
		if c.want == "" {
			offence = rogatory.Offence{MaximumYears: 5}
		}
		err = k.CheckVerdict(r, c.act, c.verdict, offence, c.consulted)
		if c.want == "" && err != nil || c.want != "" && rogatory.CodeOf(err) != c.want {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
}

// A refusal that was turned down says which grounds there are, and no other.
func TestGroundsAreNamedInTheHint(t *testing.T) {
	r := Convention()
	k, _ := r.Kind(rogatory.Preservation42)
	err := k.CheckVerdict(r, rogatory.Refuse, nil, rogatory.Offence{}, false)
	hint := err.(*rogatory.Error).Hint
	for id := range r.Grounds {
		if strings.Contains(hint, string(id)+" (") != slices.Contains(k.Refuse, id) {
			t.Errorf("ground %s in the hint %q", id, hint)
		}
	}
	if err := k.CheckVerdict(r, rogatory.Postpone, nil, rogatory.Offence{}, false); !strings.Contains(err.(*rogatory.Error).Hint, "no such grounds") {
		t.Errorf("a preservation cannot be postponed, and this is said so: %q", err.(*rogatory.Error).Hint)
	}
}

func TestClocksAndPreservation(t *testing.T) {
	r := Convention()
	received := rogatory.At(time.Date(2026, 11, 23, 2, 14, 5, 0, time.UTC))
	p, _ := r.Kind(rogatory.Preservation42)
	clocks := p.Starts(Received)
	if len(clocks) != 2 || clocks[0].Rule != "acknowledge_preservation" || clocks[1].Rule != "preserve" {
		t.Errorf("a preservation's clocks: %v", clocks)
	}
	if asked := p.Starts(string(rogatory.AskStatus)); len(asked) != 1 || asked[0].Rule != "status_answer" {
		t.Errorf("a question about the status starts %v", asked)
	}
	if got := p.Stops(rogatory.Refuse); !slices.Equal(got, []string{"acknowledge", "preserve", "supplement", "consultation"}) {
		t.Errorf("a refusal stops %v", got)
	}
	if got := p.Stops(rogatory.Acknowledge); !slices.Equal(got, []string{"acknowledge"}) {
		t.Errorf("an acknowledgement stops %v", got)
	}
	if end := p.EarliestEnd(received); end.String() != "2027-01-22T02:14:05.000000Z" { // 60 days
		t.Errorf("a preservation of that moment may end at %s", end)
	}
}

func TestActsOfKinds(t *testing.T) {
	r := Convention()
	for _, c := range []struct {
		kind rogatory.RequestKind
		act  rogatory.Act
		ok   bool
	}{
		{rogatory.Preservation42, rogatory.Preserve, true}, {rogatory.Preservation42, rogatory.Offer, false}, {rogatory.Preservation42, rogatory.Execute, false},
		{rogatory.StoredData, rogatory.Preserve, false}, {rogatory.StoredData, rogatory.Offer, true}, {rogatory.StoredData, rogatory.Extend, false},
		{rogatory.EmergencyData, rogatory.Execute, true}, {rogatory.EmergencyData, rogatory.Refuse, true}, {rogatory.EmergencyData, "dance", false},
	} {
		k, _ := r.Kind(c.kind)
		if k.Allows(c.act) != c.ok {
			t.Errorf("%s of a %s request: allowed is %t", c.act, c.kind, !c.ok)
		}
	}
}

func TestBadRulesAreRefusedInWords(t *testing.T) {
	text := string(embedded)
	swap := func(from, to string) string {
		if !strings.Contains(text, from) {
			t.Fatalf("the embedded rules do not hold %q any more", from)
		}
		return strings.Replace(text, from, to, 1)
	}
	for _, c := range []struct{ name, data, want string }{
		{"nothing", "", "EOF"},
		{"no rules", "[]", "kinds.json:1"},
		{"cut off", text[:len(text)/2], "unexpected EOF"},
		{"two documents", text + text, "more than one document"},
		{"an unknown member", swap(`"version"`, `"versoin"`), `unknown member "versoin"`},
		{"a kind twice", swap(`"id": "stored_data"`, `"id": "preservation"`), "twice"},
		{"an unknown field", swap(`"required": ["authority", "risk"`, `"required": ["authority", "rsik"`), "field rsik is unknown"},
		{"an unknown ground", swap(`"refuse": ["DOMESTIC"`, `"refuse": ["DOEMSTIC"`), "ground DOEMSTIC is unknown"},
		{"an unknown act", swap(`"acts": ["warn"`, `"acts": ["wran"`), "act wran is unknown"},
		{"a field without an article", swap(`"label": "Period of the evidence", "article": "40(15)(f)"`, `"label": "Period of the evidence", "article": ""`), "field period lacks"},
		{"a ground without an article", swap(`"article": "41(3)", "verified": false`, `"article": "", "verified": false`), "ground DOMESTIC lacks"},
		{"a kind without an article", swap(`"article": "44", "verified"`, `"article": "", "verified"`), `kind "stored_data": id, title or article is missing`},
		{"an article that there is not", swap(`"article": "40(15)(f)"`, `"article": "69(1)"`), `no article "69(1)"`},
		{"an article in other words", swap(`"article": "40(15)(f)"`, `"article": "Art 40"`), `no article "Art 40"`},
		{"an unknown role", swap(`"senders": ["point_of_contact"],`, `"senders": ["secretariat"],`), `role "secretariat" is unknown`},
		{"an open ground that is forbidden", swap(`"FISCAL":       {`, `"R22":       {`), "open and forbidden"},
		{"a forbidden ground that nobody knows", swap(`"never": ["FISCAL", "BANK_SECRECY"]`, `"never": ["TASTE"]`), "forbidden ground TASTE"},
		{"an unknown outcome", swap(`"outcomes": ["complete", "partly"]`, `"outcomes": ["complete", "nearly"]`), "outcome nearly is unknown"},
		{"a field asked for twice", swap(`"required": ["authority", "risk"`, `"required": ["authority", "authority", "risk"`), "field authority is there twice"},
		{"a clock that starts with a strange act", swap(`"name": "decide", "from": "received"`, `"name": "decide", "from": "preserve"`), `starts with "preserve"`},
		{"details of a strange act", swap(`"details": {"disclose_traffic"`, `"details": {"execute"`), "details of execute"},
		{"the line is named", swap(`"preserve_days": 60`, `"preserve_days": 0`), fmt.Sprintf("kinds.json:%d:", 1+strings.Count(text[:strings.Index(text, `"preservation"`)], "\n"))},
		{"nobody who sends", swap(`"senders": ["point_of_contact"],`, `"senders": [],`), "no senders"},
		{"no grounds for refusal", swap(`"refuse": ["DOMESTIC", "R21B", "R21C", "R22", "R36"]`, `"refuse": []`), "no grounds for refusal"},
		{"preserving for no time", swap(`"preserve_days": 60`, `"preserve_days": 0`), "belong together"},
		{"a clock that never runs", swap(`"rule": "preserve", "until": ["preserve", "refuse"]`, `"rule": "", "until": ["preserve", "refuse"]`), `clock "preserve" lacks`},
		{"a clock that nothing stops", swap(`"until": ["accept", "refuse"]`, `"until": []`), `clock "decide" lacks`},
		{"following an unknown kind", swap(`"may_follow": "preservation"`, `"may_follow": "reservation"`), "unknown kind reservation"},
		{"a form that nobody reads", swap(`"form": "period"`, `"form": "song"`), "form \"song\" is unknown"},
		{"an example outside the choices", swap(`"example": "traffic"}`, `"example": "gossip"}`), "none of its choices"},
		{"a term that is perhaps needed", swap(`"term": "required"`, `"term": "perhaps"`), `need "perhaps" is unknown`},
		{"an offence that is none", swap(`"only": ["14", "16"]`, `"only": ["14", "18"]`), `"18" is not an article of an offence`},
		{"a field for an offence that the kind does not serve", swap(`"required_for": {"16"`, `"required_for": {"7"`), `fields for "7"`},
		{"a field for an offence that is not among the optional", swap(`"required_for": {"16": ["survivor_consent"]}`, `"required_for": {"16": ["sentence"]}`), "field sentence for article 16"},
		{"a part twice", swap(`{"id": "testimony"`, `{"id": "service"`), `part "service" lacks`},
		{"a part without a field that the kind does not require", swap(`"without": ["facts"]`, `"without": ["period"]`), "without period"},
		{"a part that asks again", swap(`"required": ["place"]`, `"required": ["facts"]`), "field facts is there twice"},
		{"a duty that is none", swap(`"duty": "endeavour"`, `"duty": "maybe"`), `duty "maybe" is unknown`},
		{"a measure that never ends", swap(`"acts": ["start", "request_extension", "extend", "ask_release", "stop"`, `"acts": ["start", "request_extension", "extend", "ask_release"`), "start and stop"},
		{"a release of what does not run", swap(`"acts": ["offer", "revoke_offer", "take", "execute"]`, `"acts": ["offer", "revoke_offer", "take", "execute", "ask_release"]`), "ask_release needs a measure"},
		{"a measure of a strange State", swap(`"XB": {"hours": 336`, `"Borealia": {"hours": 336`), `national rule of "Borealia"`},
		{"a national rule without a basis", swap(`"basis": "exercise rule of Borealia: 14 days, twice extended by 7"`, `"basis": ""`), "the measure lacks its basis"},
		{"a measure that counts backwards", swap(`"extension_hours": 720`, `"extension_hours": -720`), "counts backwards"},
		{"a ground with an outcome that nobody knows", swap(`["submitted_to_prosecution", "sentence_enforced"]`, `["submitted_to_press"]`), "outcome submitted_to_press is unknown"},
		{"an act that every kind has", swap(`"acts": ["warn"`, `"acts": ["withdraw", "warn"`), "withdraw is one that every kind has"},
		{"a consultation under an article that there is not", swap(`"consult_article": "37(17)"`, `"consult_article": "70"`), `"70"`},
		{"an example of what is not asked", swap(`"examples": {"subject"`, `"examples": {"sentence"`), "an example of sentence"},
		{"a channel without an article", swap(`"title": "Post", "article": "40(13)"`, `"title": "Post", "article": ""`), "channel post lacks"},
		{"too large", strings.Repeat(" ", MaxRulesSize+1), "at most 1048576"},
	} {
		r, err := Load("kinds.json", []byte(c.data))
		if r != nil || rogatory.KindOf(err) != rogatory.Invalid || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want words with %q", c.name, err, c.want)
		}
	}
}

// FuzzLoad: what loads is fit for use; no rules file makes a question panic.
func FuzzLoad(f *testing.F) {
	f.Add(embedded)
	f.Add([]byte(`{"version":"1","fields":{},"grounds":{},"kinds":[]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := Load("kinds.json", data)
		if err != nil {
			if r != nil {
				t.Error("something was loaded with an error")
			}
			return
		}
		for _, k := range r.Kinds {
			r.Lacks(rogatory.Request{Kind: k.ID}, 1)
			_ = k.CheckVerdict(r, rogatory.Refuse, nil, rogatory.Offence{}, false)
			k.Starts(Received)
			if _, err := r.Example(k.ID, "", 1); err != nil {
				t.Error(err)
			}
			if k.Measure != nil {
				k.Measure.In("XB")
			}
		}
	})
}

// A fraud report of the first minutes makes a request that lacks nothing; an empty one makes a draft that
// says what it lacks.
func TestAFraudReportIsEnoughForAFreeze(t *testing.T) {
	rules, now := Convention(), rogatory.At(time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC))
	example, err := rules.Example(AssetFreeze, "", now)
	if err != nil {
		t.Fatal(err)
	}
	report := FraudReport{Authority: "Cybercrime unit of Aurelia", Account: "A caller posed as the bank.", Law: "section 205", Payments: example.Payments, File: "2026/118", Language: "en"}
	if found := rules.Review(FreezeRequest(report), now); len(found) > 0 {
		t.Errorf("the freeze request: %+v", found)
	}
	for _, f := range rules.Review(FreezeRequest(FraudReport{}), now) {
		if f.Code == "field_unknown" {
			t.Errorf("an empty report: %+v", f)
		}
	}
	report.Payments = nil
	if lacks := rules.Lacks(FreezeRequest(report), now); len(lacks) == 0 {
		t.Error("a report without a payment freezes nothing, and lacks nothing")
	}
}

func TestPeriodOfLastsAsLongAsItsEndIsWritten(t *testing.T) {
	for text, want := range map[string]string{
		"2026-11-01 to 2026-11-03":                          "2026-11-01T00:00:00.000000Z 2026-11-03T23:59:59.999999Z",
		"2026-11-01T00:00Z to 2026-11-03T23:59Z":            "2026-11-01T00:00:00.000000Z 2026-11-03T23:59:59.999999Z",
		"2026-11-01T00:00:00Z to 2026-11-01T07:00:30+07:00": "2026-11-01T00:00:00.000000Z 2026-11-01T00:00:30.999999Z",
		"2026-11-03 to 2026-11-01":                          "",
		"since 2026-11-03":                                  "",
	} {
		got := ""
		if p, ok := PeriodOf(text); ok {
			got = p.From.String() + " " + p.To.String()
		}
		if got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}
