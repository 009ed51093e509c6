// SPDX-License-Identifier: Apache-2.0

package status

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"rogatory"
)

// today is the day on which this was written; the embedded data end before it.
var today = On(2026, time.November, 25)

// desk opens a desk whose book has these participants, as if the depositary said so, and ends on a day
// far ahead, so that stories can be told to their end.
func desk(t *testing.T, participants ...Participant) *Desk {
	t.Helper()
	b := *Embedded().Book()
	slices.SortFunc(participants, func(a, b Participant) int { return strings.Compare(string(a.Code), string(b.Code)) })
	b.AsOf, b.Rows, b.Participants = On(2040, time.January, 1), len(participants), participants
	book, err := LoadBook("the story", b.Encode(), b.States())
	if err != nil {
		t.Fatal(err)
	}
	return Embedded().With(book, nil)
}

func fact(on Date) Fact {
	return Fact{When: When{On: on}, Certainty: Depositary, Sources: []string{"s1"}, Verified: true}
}

// accedes is a participant that deposits its instrument on that day.
func accedes(code rogatory.StateCode, on Date) Participant {
	return Participant{Code: code, Consent: &Deposit{Kind: Accession, Fact: fact(on)}}
}

// crowd is n Members that accede on that day, from the front of the alphabet.
func crowd(t *testing.T, n int, on Date) []Participant {
	t.Helper()
	var all []Participant
	for _, s := range Embedded().Book().States().All {
		if s.Standing == Member && len(all) < n {
			all = append(all, accedes(s.Code, on))
		}
	}
	if len(all) != n || all[n-1].Code > "TO" {
		t.Fatalf("%d States, the last %s: the stories use later letters for others", len(all), all[n-1].Code)
	}
	return all
}

func phase(t *testing.T, d *Desk, code rogatory.StateCode, on Date) Phase {
	t.Helper()
	s, err := d.Status(code, on)
	if err != nil {
		t.Fatal(err)
	}
	return s.Phase
}

func says(reasons []Reason, words string) bool {
	return slices.ContainsFunc(reasons, func(r Reason) bool { return strings.Contains(r.Text, words) })
}

func TestEmbeddedDataSaysWhatIsKnown(t *testing.T) {
	d := Embedded()
	states := d.Book().States()
	count := map[Standing]int{}
	groups := map[string]int{}
	for _, s := range states.All {
		count[s.Standing]++
		if s.Standing == Member {
			groups[s.Group]++
		}
		if len(s.Languages) > 0 {
			t.Errorf("%s: no notification of languages was seen", s.Code)
		}
	}
	if count[Member] != 193 || count[Observer] != 2 || count[Organisation] != 1 || count[Other] != 2 {
		t.Errorf("standings: %v", count)
	}
	if groups["africa"] != 54 || groups["asia_pacific"] != 54 || groups["eastern_europe"] != 23 || groups["latin_america_caribbean"] != 33 || groups["western_europe_others"] != 29 {
		t.Errorf("groups: %v", groups)
	}
	tally := d.Tally(today)
	if tally.Signatories != 75 || tally.Unnamed != 2 || len(tally.Dated) != 0 || codes(tally.Uncounted) != "AZ, QA, VN" || tally.Missing != 40 || tally.InForce || tally.Verified {
		t.Errorf("tally: %+v", tally)
	}
	if !says(tally.Reasons, "not in force") || !says(tally.Reasons, "the data end on 2026-07-31") {
		t.Errorf("reasons: %+v", tally.Reasons)
	}
	if got := d.Tally(On(2026, time.July, 15)); codes(got.Perhaps) != "CA" || got.Signatories != 74 || got.Unnamed != 0 {
		t.Errorf("in the middle of July: %+v", got)
	}
	if len(d.budapest.Parties) != 81 || !d.budapest.Bound("NZ", On(2025, time.December, 1)) || d.budapest.Bound("NZ", On(2025, time.November, 30)) || d.budapest.Bound("KR", today) {
		t.Error("the chart of the Budapest Convention is not what was copied")
	}
	if !strings.Contains(d.budapest.Says("IE"), "signed it") || !strings.Contains(d.budapest.Says("KR"), "invited") || !strings.Contains(d.budapest.Says("CN"), "not a Party") {
		t.Error("who is not a Party is not told apart")
	}
	if d.Book().Digest != rogatory.DigestOf(statusData) {
		t.Error("the digest is not that of the file")
	}
}

func TestEmbeddedBookHasOneForm(t *testing.T) {
	if got := string(Embedded().Book().Encode()); got != string(statusData) {
		t.Error("data/status.json is not in the form that Encode gives; two versions could not be compared")
	}
}

func TestNoFactFromReportsIsCertain(t *testing.T) {
	for _, p := range Embedded().Book().Participants {
		if p.Signature != nil && p.Signature.Verified || p.Consent != nil && (p.Consent.Verified || p.Consent.Dated()) {
			t.Errorf("%s: nobody compared it with the depositary", p.Code)
		}
	}
}

func TestReportedRatificationIsNotCounted(t *testing.T) {
	s, err := Embedded().Status("QA", today)
	if err != nil {
		t.Fatal(err)
	}
	if s.Phase != Signed || s.From != 0 || !says(s.Reasons, "ratification is reported") || !says(s.Reasons, "the data end") {
		t.Errorf("%+v", s)
	}
	if len(Embedded().Participation("QA", "14", today)) != 1 || len(Embedded().Participation("QA", "14(2)", today)) != 1 || len(Embedded().Participation("QA", "13", today)) != 0 {
		t.Error("Qatar excludes Articles 14 to 16 and no other offence")
	}
	if got := Embedded().Participation("QA", "63", today); len(got) != 1 || got[0].Article != "63(2)" {
		t.Errorf("Article 63 as a whole is touched by what excludes its paragraph: %+v", got)
	}
	if len(Embedded().Participation("QA", "14", On(2026, time.January, 31))) != 0 {
		t.Error("in January 2026 nothing was declared yet")
	}
	if s, _ := Embedded().Status("IN", today); s.Phase != Outside || len(s.Claims) != 1 || !s.Claims[0].Rejected {
		t.Errorf("the rumour about India: %+v", s)
	}
}

// The fortieth instrument comes on a leap day: the ninetieth day after 29 February 2028 is 29 May.
func TestFortiethInstrumentOnALeapDay(t *testing.T) {
	leap := On(2028, time.February, 29)
	all := crowd(t, 39, On(2027, time.March, 1))
	if d := desk(t, all...); d.Tally(On(2030, time.January, 1)).Missing != 1 || d.Tally(today).Missing != 40 {
		t.Error("with thirty-nine one is missing")
	} else if _, ok := d.EntryIntoForce(); ok {
		t.Error("thirty-nine do not bring it into force")
	}
	d := desk(t, append(all, accedes("UA", leap))...)
	entry, ok := d.EntryIntoForce()
	if want := On(2028, time.May, 29); !ok || entry != want {
		t.Fatalf("enters into force %s, want %s", entry, want)
	}
	for _, c := range []struct {
		on   Date
		want Phase
	}{{leap - 1, Outside}, {leap, Consented}, {entry - 1, Consented}, {entry, Bound}} {
		if got := phase(t, d, "UA", c.on); got != c.want {
			t.Errorf("the fortieth on %s: %s, want %s", c.on, got, c.want)
		}
	}
	before, after := d.Tally(entry-1), d.Tally(entry)
	if before.InForce || before.Fortieth != leap || !says(before.Reasons, "enters into force on 2028-05-29") || !after.InForce || !after.Verified {
		t.Errorf("the eve %+v, the day %+v", before, after)
	}
	if s, _ := d.Status("UA", entry); !says(s.Reasons, "bound from 2028-05-29") {
		t.Errorf("%+v", s.Reasons)
	}
}

func TestOrganisationDoesNotCount(t *testing.T) {
	all := append(crowd(t, 39, On(2027, time.March, 1)), accedes("EU", On(2027, time.April, 1)))
	d := desk(t, all...)
	if _, ok := d.EntryIntoForce(); ok {
		t.Error("thirty-nine States and an organisation are not forty (Art 65(1))")
	}
	tally := d.Tally(On(2028, time.January, 1))
	if tally.Missing != 1 || codes(tally.Added) != "EU" || !says(tally.Reasons, "does not add") {
		t.Errorf("%+v", tally)
	}
	// It is bound all the same when the fortieth State comes.
	d = desk(t, append(all, accedes("UA", On(2028, time.June, 1)))...)
	if got := phase(t, d, "EU", On(2028, time.August, 30)); got != Bound {
		t.Errorf("the organisation on day 90: %s", got)
	}
}

func TestLateJoiner(t *testing.T) {
	fortieth := On(2027, time.March, 1)
	entry := On(2027, time.May, 30)
	for _, c := range []struct {
		name            string
		deposited, from Date
	}{
		{"on the day of the fortieth", fortieth, entry},
		{"ten days after it, so the general date is later", fortieth + 10, entry},
		{"sixty days after it, so both are one", fortieth + 60, entry},
		{"one day later", fortieth + 61, entry + 1},
		{"after the entry into force", On(2028, time.January, 31), On(2028, time.March, 1)},
		{"on a leap day", On(2028, time.February, 29), On(2028, time.March, 30)},
	} {
		d := desk(t, append(crowd(t, 40, fortieth), accedes("ZW", c.deposited))...)
		if got, _ := d.EntryIntoForce(); got != entry {
			t.Fatalf("%s: enters into force %s", c.name, got)
		}
		if s, err := d.Status("ZW", c.from); err != nil || s.From != c.from || s.Phase != Bound || phase(t, d, "ZW", c.from-1) != Consented {
			t.Errorf("%s: bound from %s, want %s", c.name, s.From, c.from)
		}
	}
}

func TestWithdrawal(t *testing.T) {
	fortieth := On(2027, time.March, 1)
	leaves := func(received Date) Participant {
		p, f := accedes("ZW", fortieth), fact(received)
		p.Withdrawal = &f
		return p
	}
	d := desk(t, append(crowd(t, 40, fortieth), leaves(On(2030, time.June, 15)))...)
	for on, want := range map[Date]Phase{On(2030, time.June, 14): Bound, On(2030, time.June, 15): Withdrawing, On(2031, time.June, 14): Withdrawing, On(2031, time.June, 15): Withdrawn} {
		if got := phase(t, d, "ZW", on); got != want {
			t.Errorf("on %s: %s, want %s", on, got, want)
		}
		if d.bound("ZW", on) != (on < On(2031, time.June, 15)) {
			t.Errorf("on %s it is bound: %t", on, d.bound("ZW", on))
		}
	}
	// A year after 29 February 2028 is 1 March 2029.
	d = desk(t, append(crowd(t, 40, fortieth), leaves(On(2028, time.February, 29)))...)
	if s, _ := d.Status("ZW", today); s.Until != On(2029, time.March, 1) {
		t.Errorf("until %s", s.Until)
	}
	// Who leaves before the fortieth is not among the forty; who leaves after it changes nothing.
	d = desk(t, append(crowd(t, 39, fortieth), leaves(On(2027, time.April, 1)), accedes("UA", On(2027, time.May, 1)))...)
	if entry, _ := d.EntryIntoForce(); entry != fortieth+90 {
		t.Errorf("forty stood on 1 March: %s", entry)
	}
	gone := leaves(fortieth + 1)
	d = desk(t, append(crowd(t, 38, fortieth), gone, accedes("UA", On(2027, time.May, 1)))...)
	if entry, ok := d.EntryIntoForce(); ok {
		t.Errorf("thirty-nine never stood together, and yet: %s", entry)
	}
	if got := d.Tally(On(2028, time.January, 1)); got.Missing != 1 || len(got.Dated) != 39 {
		t.Errorf("%+v", got)
	}
}

func TestBracketsDoNotCount(t *testing.T) {
	p := Participant{Code: "ZW", Earlier: []Deposit{{Kind: Accession, Fact: fact(On(2027, time.January, 5))}}}
	d := desk(t, append(crowd(t, 39, On(2027, time.March, 1)), p)...)
	if _, ok := d.EntryIntoForce(); ok {
		t.Error("an instrument that was withdrawn counted")
	}
	if s, _ := d.Status("ZW", On(2028, time.January, 1)); s.Phase != Outside || !says(s.Reasons, "brackets") {
		t.Errorf("%+v", s)
	}
}

func TestTimelineIsInOrder(t *testing.T) {
	w := fact(On(2030, time.June, 15))
	p := accedes("ZW", On(2028, time.January, 31))
	p.Withdrawal = &w
	all := desk(t, append(crowd(t, 40, On(2027, time.March, 1)), p)...).Timeline()
	var story []string
	for i, e := range all {
		if i > 0 && e.Earliest() < all[i-1].Earliest() {
			t.Errorf("%s after %s", e.Text, all[i-1].Text)
		}
		if e.State == "ZW" || e.Computed {
			story = append(story, fmt.Sprintf("%s %s", e.When, e.What))
		}
	}
	want := "2027-03-01 fortieth, 2027-05-30 in_force, 2028-01-31 consent, 2028-03-01 bound, 2030-06-15 withdrawal, 2031-06-15 left"
	if got := strings.Join(story, ", "); got != want {
		t.Errorf("the story is %s, want %s", got, want)
	}
	if all := Embedded().Timeline(); len(all) < 80 || all[0].What != "adopted" || all[len(all)-1].What != "closes" {
		t.Errorf("%d events", len(all))
	}
}

func TestDates(t *testing.T) {
	for s, want := range map[string]int{"1970-01-01": 719163, "2000-02-29": 730179, "1800-01-01": 657072} {
		d, err := ParseDate(s)
		if err != nil || int(d) != want || d.String() != s || DateOf(d.Time()) != d || DateOf(d.Time().Add(day-1)) != d {
			t.Errorf("%s is day %d, want %d: %v", s, d, want, err)
		}
	}
	for _, s := range []string{"", "2026-02-29", "2026-2-3", "26-02-03", "2026-02-03T00:00:00Z", "1799-12-31", "10000-01-01", "-"} {
		if d, err := ParseDate(s); err == nil || d != 0 {
			t.Errorf("%q was read as %s", s, d)
		}
	}
	if _, err := Date(0).MarshalText(); err == nil {
		t.Error("a date that is not set has no text form")
	}
	if (When{}).String() != "on a day not known" {
		t.Error("an unknown day is said to be so")
	}
}

func TestUnknownStateHasAHint(t *testing.T) {
	_, err := Embedded().Status("ZZ", today)
	if rogatory.CodeOf(err) != "state_unknown" || !strings.Contains(err.(*rogatory.Error).Hint, "ISO 3166-1") {
		t.Errorf("got %v", err)
	}
}

func TestTextsNameStates(t *testing.T) {
	b := *Embedded().Book()
	b.Texts = []Text{{Section: "Declarations", Text: "Nigeria\nIt declares ...\nDominican Republic\nPapua New Guinea"}, {Section: "Objections", Text: "Nigeria"}}
	d := Embedded().With(&b, nil)
	for code, want := range map[rogatory.StateCode]string{"NG": "Declarations, Objections", "NE": "", "DO": "Declarations", "DM": "", "PG": "Declarations", "GN": ""} {
		if got := strings.Join(d.mentions[code], ", "); got != want {
			t.Errorf("%s is named in %q, want %q", code, got, want)
		}
	}
}
