// SPDX-License-Identifier: Apache-2.0

package practice

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rogatory"
	"rogatory/court"
	"rogatory/demo"
	"rogatory/docket"
	"rogatory/treaty"
)

// The trainees of these tests work at real nodes, as the commands do. The counter-State is told that an
// hour has passed, so that its slowness costs nothing.

type trainee struct {
	*testing.T
	*School
	office *docket.Office
	view   View
	pack   []rogatory.CaseID
}

// school opens a school that ends with the test.
func school(t *testing.T, dir string) *trainee {
	t.Helper()
	s, err := Begin(t.Context(), Settings{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	return &trainee{T: t, School: s, office: s.Members[Trainee].Node.Office}
}

func (p *trainee) ok(err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
}

const patience = 30 * time.Second

// until lets the counter-State work until there is no error.
func (p *trainee) until(what string, try func() error) {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.Context(), patience)
	defer cancel()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for {
		_, acted := p.Counter.Round(ctx, rogatory.At(time.Now().Add(time.Hour)))
		err := try()
		if err == nil && acted == nil {
			return
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			p.Fatalf("%s: %v; the counter-State: %v", what, err, acted)
		}
	}
}

func (p *trainee) file(id rogatory.RequestID) docket.File {
	p.Helper()
	f, err := p.office.File(p.Context(), id)
	p.ok(err)
	return f
}

var errNotYet = errors.New("not yet")

// becomes waits until a request is in a state.
func (p *trainee) becomes(id rogatory.RequestID, s rogatory.State) docket.File {
	p.Helper()
	var f docket.File
	p.until(string(id)+" becomes "+string(s), func() error {
		if f = p.file(id); f.State != s {
			return errors.New("it is " + string(f.State))
		}
		return nil
	})
	return f
}

// asks drafts and sends a request of a kind with the examples of its fields.
func (p *trainee) asks(title string, kind rogatory.RequestKind, within rogatory.CaseID, change func(*rogatory.Request)) rogatory.RequestID {
	p.Helper()
	r, err := treaty.Convention().Example(kind, "", rogatory.At(time.Now()))
	p.ok(err)
	r.Title = title
	if change != nil {
		change(&r)
	}
	f, err := p.office.Draft(p.Context(), p.Actor(rogatory.DutyOfficer), p.Counter.Office.Us, within, r)
	p.ok(err)
	p.does(rogatory.Decider, f.ID, rogatory.Send, rogatory.Body{})
	return f.ID
}

func (p *trainee) does(role rogatory.OfficerRole, id rogatory.RequestID, act rogatory.Act, b rogatory.Body) {
	p.Helper()
	if b.Text != "" {
		b.Language = "en"
	}
	staff := map[rogatory.OfficerRole]rogatory.Actor{}
	for _, r := range []rogatory.OfficerRole{rogatory.DutyOfficer, rogatory.Decider, rogatory.Custodian} {
		staff[r] = p.Actor(r)
	}
	p.ok(demo.Review(p.Context(), p.office, staff, p.Actor(role), id, act, b))
	_, _, err := p.office.Move(p.Context(), p.Actor(role), id, act, b)
	p.ok(err)
}

// incoming waits for a request of Borealia that can still be decided.
func (p *trainee) incoming(title string) (id rogatory.RequestID) {
	p.Helper()
	p.until(title+" comes in", func() error {
		files, _, err := p.office.Requests(p.Context(), p.Actor(rogatory.DutyOfficer), docket.Filter{Side: rogatory.RequestedSide, State: rogatory.Requested})
		for _, f := range files {
			if strings.HasPrefix(f.Request.Title, title) {
				id = f.ID
				return err
			}
		}
		return errNotYet
	})
	return id
}

// fetches brings the exhibit of a request and returns it.
func (p *trainee) fetches(id rogatory.RequestID) (x rogatory.ExhibitID) {
	p.Helper()
	p.until("an exhibit is offered", func() error {
		for _, e := range p.file(id).Exhibits {
			x = e.Exhibit.ID
			return nil
		}
		return errNotYet
	})
	p.ok(p.Members[Trainee].Node.Fetch(p.Context(), p.Actor(rogatory.Custodian), x, nil))
	return x
}

func (p *trainee) check(n int) Report {
	p.Helper()
	v, err := Read(p.Context(), OfficeSource{p.office, p.Actor(rogatory.DutyOfficer)}, p.pack)
	p.ok(err)
	p.view = v
	return Check(Exercises()[n-1], v, Names{Node: "xa", Dir: "."})
}

// latest finds the trainee's own request of an exercise.
func (p *trainee) latest(n int) rogatory.RequestID {
	p.Helper()
	f, ok := p.view.find(n, Condition{})
	if !ok {
		p.Fatalf("there is no request of exercise %d", n)
	}
	return f.ID
}

// perfect plays each exercise as its text asks.
var perfect = []func(p *trainee){
	func(p *trainee) {
		id := p.asks("Exercise 1: logs of an intrusion", rogatory.Preservation42, "", func(r *rogatory.Request) {
			r.Contents["confidentiality"] = "until 1 March 2027, because the suspect is at large"
		})
		until := p.becomes(id, rogatory.Preserved).Preservation.Until
		p.does(rogatory.DutyOfficer, id, rogatory.RequestExtension, rogatory.Body{Preservation: &rogatory.Preservation{Days: 30}})
		p.until("less is given than was asked for", func() error {
			if got := p.file(id).Preservation.Until; got != until.Add(10*treaty.Day) {
				return errors.New("it is " + got.String())
			}
			return nil
		})
	},
	func(p *trainee) {
		first := p.latest(1)
		id := p.asks("Exercise 2: disclosure of the logs", rogatory.StoredData, first.Case(), func(r *rogatory.Request) { r.Follows = first })
		p.becomes(id, rogatory.Executed)
	},
	func(p *trainee) {
		id := p.asks("Exercise 3: traffic of a server", rogatory.StoredData, "", nil)
		p.becomes(id, rogatory.NeedsInformation)
		p.does(rogatory.DutyOfficer, id, rogatory.Supplement, rogatory.Body{Text: "The server is 203.0.113.8."})
		p.becomes(id, rogatory.Executed)
	},
	func(p *trainee) {
		id := p.asks("Exercise 4: a mail account", rogatory.StoredData, "", nil)
		if f := p.becomes(id, rogatory.Accepted); len(f.Conditions) == 0 {
			p.Error("accepted without conditions")
		}
		p.does(rogatory.Decider, id, rogatory.Agree, rogatory.Body{})
		p.becomes(id, rogatory.Executed)
	},
	func(p *trainee) {
		x := p.fetches(p.latest(4))
		_, err := p.office.OpenExhibitTo(p.Context(), p.Actor(rogatory.Custodian), x, "investigation 2026/118: to find the sender of the message", io.Discard, nil)
		p.ok(err)
	},
	func(p *trainee) {
		folder, of := filepath.Join(p.TempDir(), "court-package"), p.latest(4).Case()
		p.ok(p.Members[Trainee].Node.ExportPackage(p.Context(), p.Actor(rogatory.Custodian), of, "hearing of 3 December", folder, nil))
		r, err := court.Verify(p.Context(), folder, court.Options{})
		p.ok(err)
		if !r.Holds() {
			p.Fatal(r.Verdict())
		}
		papers, err := filepath.Glob(filepath.Join(folder, "custody", "*.pdf"))
		p.ok(err)
		if exhibits, err := os.ReadDir(filepath.Join(folder, "exhibits")); err != nil || len(papers) != len(exhibits) {
			p.Errorf("%d exhibits have %d certificates of custody (%v)", len(exhibits), len(papers), err)
		}
		p.pack = append(p.pack, of)
	},
	func(p *trainee) {
		id := p.asks("Exercise 7: nightowl17", rogatory.EmergencyData, "", func(r *rogatory.Request) {
			r.Contents["emergency_followup"] = "a request for stored data follows within 10 days"
		})
		p.fetches(id)
	},
	func(p *trainee) {
		id := p.asks("Exercise 8: image of a mail server", rogatory.StoredData, "", nil)
		p.becomes(id, rogatory.Consulting)
		p.does(rogatory.DutyOfficer, id, rogatory.Supplement, rogatory.Body{Text: "We thought that only the whole shows what was deleted."})
		if f := p.becomes(id, rogatory.Refused); f.Verdict.Ground != "R21B" {
			p.Errorf("refused on %s", f.Verdict.Ground)
		}
		less := p.asks("Exercise 8b: the account of the suspect", rogatory.StoredData, id.Case(), nil)
		p.does(rogatory.Decider, id, rogatory.Close, rogatory.Body{Text: "Refused on R21B (Art 40(21)(b)); asked again for the one account."})
		p.becomes(less, rogatory.Executed)
	},
	func(p *trainee) {
		a, b := p.incoming("Exercise 9a"), p.incoming("Exercise 9b")
		p.does(rogatory.DutyOfficer, a, rogatory.Acknowledge, rogatory.Body{})
		p.until("Borealia asks how it stands", func() error {
			if p.file(a).StatusAsked == 0 {
				return errNotYet
			}
			return nil
		})
		p.does(rogatory.DutyOfficer, a, rogatory.TellStatus, rogatory.Body{Text: "The prosecutor decides today."})
		p.does(rogatory.Decider, a, rogatory.Accept, rogatory.Body{})
		p.does(rogatory.Decider, b, rogatory.Refuse, rogatory.Body{Verdict: &rogatory.Verdict{Ground: "R22", Reasons: "The facts are a publication; the request aims at the political opinions of the editor and of others."}})
	},
	func(p *trainee) {
		id := p.asks("Exercise 10: freeze of 12500 EUR", treaty.AssetFreeze, "", nil)
		f := p.becomes(id, rogatory.InForce)
		if got := f.Measure.Assets[0]; got.Frozen.Code != got.Asked.Code || !less(got) {
			p.Errorf("frozen: %+v", got)
		}
		p.does(rogatory.DutyOfficer, id, rogatory.AskRelease, rogatory.Body{Text: "The bank has paid the victim back."})
		p.becomes(id, rogatory.Ended)
		sum := func(v string) rogatory.Amount { return rogatory.Amount{Value: v, Code: "EUR"} }
		p.does(rogatory.Decider, id, rogatory.ReportRecovery, rogatory.Body{Recovery: &rogatory.Recovery{Attempted: sum("12500.00"), Frozen: sum("5000.00"), Returned: sum("12500.00")}})
		p.does(rogatory.Decider, id, rogatory.Close, rogatory.Body{})
	},
}

// A trainee who does as the texts say completes every exercise without a mistake. In the middle the school
// closes for the night: the next day everything is where it was, and the counter-State goes on.
func TestPerfectTrainee(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "school")
	p := school(t, dir)
	for i, play := range perfect {
		if i == 6 {
			p.ok(p.Stop())
			p = &trainee{T: t, School: nil, pack: p.pack}
			q := school(t, dir)
			if q.Fresh {
				t.Fatal("the school forgot everything")
			}
			p.School, p.office = q.School, q.office
		}
		if r := p.check(i + 1); r.Done {
			t.Errorf("%s is done before it began", r)
		} else if i > 0 {
			if _, err := Certify("Anna Example", []Report{r}, 0, ""); rogatory.CodeOf(err) != "exercises_open" {
				t.Errorf("a certificate: %v", err)
			}
		}
		play(p)
		p.until("exercise is done", func() error {
			if r := p.check(i + 1); !r.Done {
				return errors.New(told(r))
			}
			return nil
		})
		if r := p.check(i + 1); r.Mistakes() > 0 {
			t.Errorf("mistakes of a perfect trainee: %s", told(r))
		}
	}
	reports := CheckAll(Exercises(), p.view, Names{})
	if _, _, open := Next(reports); open {
		t.Fatal("a step is open")
	}
	c, err := Certify("Anna Example", reports, rogatory.At(time.Now()), "checkpoint\n")
	p.ok(err)
	if text := c.Text(); !strings.Contains(text, "Anna Example") || !strings.Contains(text, "EXERCISE") || !strings.Contains(text, "Mistakes found by the checks: 0") || strings.Count(text, "mistakes 0") != 10 {
		t.Errorf("the certificate:\n%s", text)
	}
	if n, err := generations(p.Members[Opposite].Dir); err != nil || n != 2 {
		t.Errorf("the counter-State has had %d message keys, want 2: %v", n, err)
	}
	p.ok(p.Stop())
}

func told(r Report) string {
	var b strings.Builder
	b.WriteString(r.String())
	for _, s := range r.Steps {
		if !s.Done {
			b.WriteString("\n  open: " + s.Text + "\n    " + s.Hint)
		}
		for _, m := range s.Missed {
			b.WriteString("\n  missed: " + m.Text + " (Art " + m.Article + ")")
		}
	}
	return b.String()
}

// A clumsy trainee does what the office lets pass. Each mistake is named with its article, and does not
// go away when the exercise is done again, rightly.
func TestClumsyTrainee(t *testing.T) {
	t.Parallel()
	p := school(t, filepath.Join(t.TempDir(), "school"))
	defer func() { p.ok(p.Stop()) }()
	clumsy := []struct {
		what     string
		exercise int
		article  string
		play     func()
	}{
		{"forgets confidentiality", 1, "42(3)(g)", func() {
			p.becomes(p.asks("Exercise 1: logs", rogatory.Preservation42, "", nil), rogatory.Preserved)
		}},
		{"asks for disclosure at once", 1, "42(1)", func() { p.asks("Exercise 1: logs, at once", rogatory.StoredData, "", nil) }},
		{"names no preservation", 2, "42(8)", func() { p.asks("Exercise 2: disclosure", rogatory.StoredData, "", nil) }},
		{"does not answer the question", 3, "40(16)", func() {
			id := p.asks("Exercise 3: traffic", rogatory.StoredData, "", nil)
			p.becomes(id, rogatory.NeedsInformation)
			p.does(rogatory.DutyOfficer, id, rogatory.Supplement, rogatory.Body{Text: "As we wrote."})
			p.becomes(id, rogatory.NeedsInformation)
		}},
		{"withdraws over conditions", 4, "40(28)", func() {
			id := p.asks("Exercise 4: account", rogatory.StoredData, "", nil)
			p.becomes(id, rogatory.Accepted)
			p.does(rogatory.Decider, id, rogatory.Withdraw, rogatory.Body{Text: "Then not."})
		}},
		{"opens evidence for no reason", 5, "40(19)", func() {
			id := p.asks("Exercise 4: account, again", rogatory.StoredData, "", nil)
			p.becomes(id, rogatory.Accepted)
			p.does(rogatory.Decider, id, rogatory.Agree, rogatory.Body{})
			x := p.fetches(id)
			_, err := p.office.OpenExhibitTo(p.Context(), p.Actor(rogatory.Custodian), x, "a look", io.Discard, nil)
			p.ok(err)
		}},
		{"makes an ordinary request at night", 7, "41(3)(e)", func() { p.asks("Exercise 7: nightowl17", rogatory.StoredData, "", nil) }},
		{"asks again in another case", 8, "40(25)", func() { p.asks("Exercise 8b: one account", rogatory.StoredData, "", nil) }},
		{"helps against an editor", 9, "40(22)", func() { p.does(rogatory.Decider, p.incoming("Exercise 9b"), rogatory.Accept, rogatory.Body{}) }},
		{"refuses what is due", 9, "40(21)", func() {
			id := p.incoming("Exercise 9a")
			p.does(rogatory.Decider, id, rogatory.Refuse, rogatory.Body{Verdict: &rogatory.Verdict{Ground: "R22", Reasons: "We do not like it."}})
			if again := p.incoming("Exercise 9a"); again == id {
				t.Error("what was decided wrongly did not come again")
			}
		}},
		{"forgets a hop of the money", 10, "50(3)", func() {
			p.asks("Exercise 10: freeze", treaty.AssetFreeze, "", func(r *rogatory.Request) { r.Payments = r.Payments[:1] })
		}},
	}
	for _, c := range clumsy {
		before := p.check(c.exercise).Mistakes()
		c.play()
		r := p.check(c.exercise)
		if r.Mistakes() != before+1 || !strings.Contains(told(r), "(Art "+c.article+")") {
			t.Errorf("%s: %d mistakes after %d, want one more with Art %s:\n%s", c.what, r.Mistakes(), before, c.article, told(r))
		}
	}
	// Done again as it should be, exercise 1 is done, with its mistakes.
	perfect[0](p)
	p.until("exercise 1 is done", func() error {
		if r := p.check(1); !r.Done {
			return errors.New(told(r))
		}
		return nil
	})
	if r := p.check(1); r.Mistakes() != 2 {
		t.Errorf("the mistakes went away: %s", told(r))
	}
}

// Each mood does what its words say.
func TestMoods(t *testing.T) {
	t.Parallel()
	p := school(t, filepath.Join(t.TempDir(), "school"))
	defer func() { p.ok(p.Stop()) }()
	moods := []struct {
		name  string
		kind  rogatory.RequestKind
		ends  rogatory.State
		reply rogatory.State // in which the trainee says something
		says  rogatory.Act
	}{
		{"accepts", rogatory.Preservation42, rogatory.Preserved, "", ""},
		{"accepts", rogatory.StoredData, rogatory.Executed, "", ""},
		{"accepts", "location_query", rogatory.Executed, "", ""},
		{"accepts", "content_interception", rogatory.InForce, "", ""},
		{"accepts", treaty.AssetFreeze, rogatory.InForce, "", ""},
		{"asks", rogatory.StoredData, rogatory.Accepted, rogatory.NeedsInformation, rogatory.Supplement},
		{"conditions", rogatory.StoredData, rogatory.Executed, rogatory.Accepted, rogatory.Agree},
		{"refuses", rogatory.StoredData, rogatory.Refused, "", ""},
		{"postpones", rogatory.StoredData, rogatory.Postponed, rogatory.Consulting, rogatory.Supplement},
		{"slow", rogatory.StoredData, rogatory.Executed, "", ""},
		{"rekeys", rogatory.StoredData, rogatory.Executed, "", ""},
		{"evidence", rogatory.StoredData, rogatory.Accepted, "", ""},
		{"odd", rogatory.StoredData, rogatory.Executed, rogatory.Consulting, rogatory.Supplement},
	}
	ids := make([]rogatory.RequestID, len(moods))
	tried := map[string]bool{}
	for i, m := range moods {
		ids[i] = p.asks("In the mood "+m.name, m.kind, "", nil)
		tried[m.name] = true
	}
	for i, m := range moods {
		if m.says != "" {
			p.becomes(ids[i], m.reply)
			b := rogatory.Body{}
			if m.says == rogatory.Supplement {
				b.Text = "From 1 to 3 November 2026, in UTC."
			}
			p.does(rogatory.Decider, ids[i], m.says, b)
		}
		p.becomes(ids[i], m.ends)
	}
	for _, s := range Scripts() {
		if s.Exercise == 0 && !tried[s.Name] {
			t.Errorf("the mood %s was not tried", s.Name)
		}
	}
	long := false
	said, err := p.office.MessagesOf(t.Context(), p.Actor(rogatory.DutyOfficer), ids[len(ids)-1])
	p.ok(err)
	for _, c := range said {
		long = long || len(c.Message.Body.Text) >= treaty.MaxFieldRunes-100
	}
	if !long {
		t.Error("the odd mood said nothing long")
	}
	if n, err := generations(p.Members[Opposite].Dir); err != nil || n != 2 {
		t.Errorf("the mood that changes its key has had %d: %v", n, err)
	}
}

func TestAFolderOfOtherThingsIsLeftAlone(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "letter.txt"), []byte("dear"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Begin(t.Context(), Settings{Dir: dir}); rogatory.CodeOf(err) != "folder_not_empty" {
		t.Errorf("got %v", err)
	}
}
