// SPDX-License-Identifier: Apache-2.0

package practice

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"rogatory"
	"rogatory/docket"
	"rogatory/store"
)

// Missed is a mistake that was found.
type Missed struct {
	Request rogatory.RequestID `json:"request"`
	Text    string             `json:"text"`
	Article string             `json:"article"`
}

// StepReport says how a step stands.
type StepReport struct {
	Step    int      `json:"step"`
	Text    string   `json:"text"`
	Article string   `json:"article"`
	Done    bool     `json:"done"`
	Missed  []Missed `json:"missed,omitempty"`
	Hint    string   `json:"hint,omitempty"` // of a step that is not done
}

// Report says how an exercise stands.
type Report struct {
	Exercise int              `json:"exercise"`
	Title    string           `json:"title"`
	Done     bool             `json:"done"`
	On       rogatory.Instant `json:"on,omitzero"` // when the last of its requests moved, if done
	Steps    []StepReport     `json:"steps"`
}

// Mistakes counts what was missed.
func (r Report) Mistakes() (n int) {
	for _, s := range r.Steps {
		n += len(s.Missed)
	}
	return n
}

// Check says how an exercise stands by what the docket holds. It changes nothing and looks at no clock.
func Check(e Exercise, v View, names Names) Report {
	r := Report{Exercise: e.Number, Title: e.Title, Done: true}
	for i, s := range e.Steps {
		f, done := v.find(e.Number, s.Done)
		step := StepReport{Step: i + 1, Text: s.Text, Article: s.Article, Done: done}
		for _, m := range s.Missed {
			for _, wrong := range v.all(e.Number, m.If) {
				step.Missed = append(step.Missed, Missed{wrong.ID, m.Text, m.Article})
			}
		}
		if done {
			r.On = max(r.On, f.Changed)
		} else {
			step.Hint = names.Fill(s.Hint, e, s, v)
		}
		r.Done = r.Done && done
		r.Steps = append(r.Steps, step)
	}
	if !r.Done {
		r.On = 0
	}
	return r
}

// CheckAll is Check for each exercise.
func CheckAll(all []Exercise, v View, names Names) []Report {
	var reports []Report
	for _, e := range all {
		reports = append(reports, Check(e, v, names))
	}
	return reports
}

// Next returns the first step that is not done, of the first exercise that is not.
func Next(reports []Report) (Report, StepReport, bool) {
	for _, r := range reports {
		for _, s := range r.Steps {
			if !s.Done {
				return r, s, true
			}
		}
	}
	return Report{}, StepReport{}, false
}

func (v View) find(exercise int, c Condition) (docket.File, bool) {
	all := v.all(exercise, c)
	if len(all) == 0 {
		return docket.File{}, false
	}
	return all[0], true
}

func (v View) all(exercise int, c Condition) (found []docket.File) {
	for _, f := range v.scope(exercise, c) {
		if v.holds(f, c, exercise) {
			found = append(found, f)
		}
	}
	return found
}

// scope lists the requests that a condition is about, the last changed first.
func (v View) scope(exercise int, c Condition) (found []docket.File) {
	if c.Of != 0 {
		exercise = c.Of
	}
	side := c.Side
	if side == "" {
		side = rogatory.RequestingSide
	}
	for _, f := range v.Files {
		number, part := Mark(f.Request.Title)
		if number == exercise && part == c.Part && f.Side == side {
			found = append(found, f)
		}
	}
	slices.SortStableFunc(found, func(a, b docket.File) int {
		switch {
		case a.Changed > b.Changed:
			return -1
		case a.Changed < b.Changed:
			return 1
		}
		return strings.Compare(string(a.ID), string(b.ID))
	})
	return found
}

func (v View) holds(f docket.File, c Condition, exercise int) bool {
	switch {
	case len(c.Kinds) > 0 && !slices.Contains(c.Kinds, f.Request.Kind),
		len(c.States) > 0 && !slices.Contains(c.States, f.State),
		c.Agreed && f.Agreed == 0,
		c.Payments > 0 && len(f.Request.Payments) < c.Payments,
		c.Fewer > 0 && len(f.Request.Payments) >= c.Fewer,
		c.Alone && f.Request.Follows != "",
		len(c.Articles) > 0 && !slices.ContainsFunc(f.Request.Offence.Articles, func(a string) bool { return slices.Contains(c.Articles, a) }),
		c.Package && !v.Packages[f.ID.Case()],
		c.Together && !v.inCase(f, exercise), c.Apart && v.inCase(f, exercise),
		c.Held && !slices.ContainsFunc(f.Exhibits, func(x docket.ExhibitFile) bool { return x.State == docket.Held }),
		c.Partial && !slices.ContainsFunc(f.Measure.Assets, less),
		c.Follows != "" && !v.follows(f, c.Follows):
		return false
	}
	for _, s := range c.Said {
		if !v.said(f, s) {
			return false
		}
	}
	for _, want := range c.Fields {
		text := f.Request.Contents[want.Name]
		if want.Empty && strings.TrimSpace(text) != "" || utf8.RuneCountInString(text) < want.Least || len(want.Any) > 0 && !says(text, want.Any) {
			return false
		}
	}
	return c.Noted == nil || v.noted(f, *c.Noted)
}

func less(a rogatory.Asset) bool {
	asked, ok1 := a.Asked.Rational()
	frozen, ok2 := a.Frozen.Rational()
	return ok1 && ok2 && frozen.Cmp(asked) < 0
}

// inCase reports whether the case of f holds another request of the exercise.
func (v View) inCase(f docket.File, exercise int) bool {
	return slices.ContainsFunc(v.Files, func(o docket.File) bool {
		number, _ := Mark(o.Request.Title)
		return o.ID != f.ID && number == exercise && o.ID.Case() == f.ID.Case()
	})
}

func (v View) follows(f docket.File, kind rogatory.RequestKind) bool {
	return slices.ContainsFunc(v.Files, func(o docket.File) bool { return o.ID == f.Request.Follows && o.Request.Kind == kind })
}

func says(text string, any []string) bool {
	text = strings.ToLower(text)
	return slices.ContainsFunc(any, func(w string) bool { return strings.Contains(text, w) })
}

func (v View) said(f docket.File, s Said) bool {
	return slices.ContainsFunc(v.Messages[f.ID], func(c docket.Correspondence) bool {
		if c.Message.Act != s.Act || c.Refused || (c.Direction == store.Out) != (s.By == Us) {
			return false
		}
		words, ground := c.Message.Body.Text, rogatory.Ground("")
		if verdict := c.Message.Body.Verdict; verdict != nil {
			words, ground = words+verdict.Reasons, verdict.Ground
		}
		n := utf8.RuneCountInString(words)
		return n >= s.Least && (s.Most == 0 || n <= s.Most) && (len(s.Any) == 0 || says(words, s.Any)) && !says(words, s.None) &&
			(len(s.Grounds) == 0 || slices.Contains(s.Grounds, ground))
	})
}

func (v View) noted(f docket.File, want Noted) bool {
	return slices.ContainsFunc(v.Entries[f.ID], func(l docket.Logged) bool {
		n := utf8.RuneCountInString(l.Entry.Why)
		return l.Entry.Type == want.Type && n >= want.Least && (want.Most == 0 || n <= want.Most)
	})
}

// Names are the names under which the trainee's commands find things.
type Names struct {
	Node string // folder of the trainee's node
	Dir  string // folder of the whole exercise
}

// Fill puts into a hint what is known: {node}, {dir}, and from the requests of the step, the last changed
// first, {request}, {case} and {exhibit}; {first} is the request of the same exercise without a part and
// {preservation} one of the first exercise. What is not known yet stays a word in capitals.
func (n Names) Fill(hint string, e Exercise, s Step, v View) string {
	request, kase, exhibit, first, preservation := "REQUEST", "CASE", "EXHIBIT", "REQUEST", "REQUEST"
	if all := v.scope(e.Number, s.Done); len(all) > 0 {
		request, kase = string(all[0].ID), string(all[0].ID.Case())
		for _, x := range all[0].Exhibits {
			exhibit = string(x.Exhibit.ID)
		}
	}
	if all := v.scope(e.Number, Condition{}); len(all) > 0 {
		first = string(all[0].ID)
		if kase == "CASE" {
			kase = string(all[0].ID.Case())
		}
	}
	if f, ok := v.find(1, Condition{States: []rogatory.State{rogatory.Preserved}}); ok {
		preservation = string(f.ID)
		if s.Done.Follows != "" {
			kase = string(f.ID.Case())
		}
	}
	return strings.NewReplacer("{node}", typed(n.Node), "{dir}", typed(n.Dir), "{request}", request, "{case}", kase, "{exhibit}", exhibit, "{first}", first, "{preservation}", preservation).Replace(hint)
}

// typed is a path as a shell takes it.
func typed(path string) string {
	if strings.ContainsAny(path, " \t'\"$`\\&;()<>|*?[]#~!{}") {
		return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
	}
	return path
}

// String is one line for people.
func (r Report) String() string {
	done := 0
	for _, s := range r.Steps {
		if s.Done {
			done++
		}
	}
	return fmt.Sprintf("%d. %s: %d of %d steps, %d missed", r.Exercise, r.Title, done, len(r.Steps), r.Mistakes())
}
