// SPDX-License-Identifier: Apache-2.0

package safeguard

import (
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"rogatory"
	"rogatory/datafile"
)

//go:embed sheet.json
var sheetFile []byte

// Limits on a form and on a sheet.
const (
	MaxFormSize  = 128 << 10
	maxQuestions = 200
	MaxReason    = 4000 // characters: a page
	MaxElements  = 60   // of the offences compared
)

// MinWords is the least number of words of a reason: an answer, not a tick. Where a script writes no spaces, two
// characters of Chinese or five of Thai count as a word.
const MinWords = 6

// Question names one question of the review sheet.
type Question string

// Answer is what a reviewer answered. Each answer comes with a reason, not applicable included.
type Answer string

// The answers.
const (
	AnswerYes     Answer = "yes"
	AnswerNo      Answer = "no"
	NotApplicable Answer = "not_applicable"
)

// Asked is a question and when it is demanded.
type Asked struct {
	ID      Question `json:"id"`
	Article string   `json:"article"`
	Concern Answer   `json:"concern"` // the answer that calls for a person: yes or no
	// Verified: a jurist has compared it with the official text.
	Verified bool `json:"verified"`
	// Kinds demand it; none means all kinds. Categories demand it in any kind, and so does a search if Search is set.
	Kinds      []rogatory.RequestKind `json:"kinds,omitempty"`
	Categories []Category             `json:"categories,omitempty"`
	Search     bool                   `json:"search,omitempty"`
}

// Before says before which acts a sheet has to be signed: of these kinds, or of all but the exceptions. A preservation
// takes none, for nobody sees what is kept; an emergency and a freeze cannot wait for one and are reviewed afterwards.
type Before struct {
	Article  string                 `json:"article"`
	Verified bool                   `json:"verified"`
	Acts     []rogatory.Act         `json:"acts"`
	Kinds    []rogatory.RequestKind `json:"kinds,omitempty"`
	Except   []rogatory.RequestKind `json:"except,omitempty"`
	Search   bool                   `json:"search,omitempty"` // and of any kind that searches
}

// Obtains says which data a request of a kind is usually answered with, where it does not say so itself.
type Obtains struct {
	Kind       rogatory.RequestKind `json:"kind"`
	Article    string               `json:"article"`
	Verified   bool                 `json:"verified"`
	Categories []Category           `json:"categories"`
}

// Form is the questions of the review sheet, and when it is demanded. Their words are in package language under
// safeguard.ask.
type Form struct {
	Version   string    `json:"version"`
	Questions []Asked   `json:"questions"`
	Before    []Before  `json:"before"`
	Obtains   []Obtains `json:"obtains,omitempty"`
	// Timeless are kinds whose data have no period: an open one says nothing of them.
	Timeless []rogatory.RequestKind `json:"timeless,omitempty"`
}

var formFiles = datafile.Form{Code: "sheet_invalid", Hint: "mend that line; nothing of the file was loaded", Size: MaxFormSize, Items: maxQuestions}

// TheForm returns the form that came with this program.
func TheForm() Form {
	f, err := ReadForm("sheet.json", sheetFile)
	if err != nil {
		panic("the embedded form does not load: " + err.Error()) // a test reads it
	}
	return f
}

// ReadForm reads a form strictly: an unknown kind or category, a missing article and a question that is there twice or
// that the schema of policies does not know refuse it whole, naming the line.
func ReadForm(name string, data []byte) (Form, error) {
	var form Form
	f, err := formFiles.Read(name, data, &form)
	if err != nil {
		return Form{}, err
	}
	if form.Version == "" {
		return Form{}, f.Fault(errors.New("the form has no version"), "version")
	}
	if len(form.Questions) == 0 {
		return Form{}, f.Fault(errors.New("the form asks nothing"), "questions")
	}
	schema := readSchema()
	seen := map[Question]bool{}
	if err := datafile.Each(f, form.Questions, func(q *Asked) error {
		switch {
		case seen[q.ID]:
			return fmt.Errorf("the question %s is there twice", q.ID)
		case !schema.has("Question", string(q.ID)):
			return fmt.Errorf("the question %.40q is unknown to the schema of policies", q.ID)
		case len(rogatory.ParseArticles(q.Article)) == 0:
			return fmt.Errorf("the question %s names no article: %.40q", q.ID, q.Article)
		case q.Concern != AnswerYes && q.Concern != AnswerNo:
			return fmt.Errorf("the question %s: %.20q is not yes or no", q.ID, q.Concern)
		}
		for _, k := range q.Kinds {
			if !schema.has("Kind", string(k)) {
				return fmt.Errorf("the question %s names the unknown kind %.40q", q.ID, k)
			}
		}
		for _, c := range q.Categories {
			if !schema.has("Category", string(c)) {
				return fmt.Errorf("the question %s names the unknown category %.40q", q.ID, c)
			}
		}
		seen[q.ID] = true
		return nil
	}, "questions"); err != nil {
		return Form{}, err
	}
	if err := form.when(f, schema); err != nil {
		return Form{}, err
	}
	return form, nil
}

// when checks what a form says besides its questions.
func (form Form) when(f *datafile.File, schema *schema) error {
	known := func(kinds []rogatory.RequestKind) error {
		for i, k := range kinds {
			if !schema.has("Kind", string(k)) {
				return fmt.Errorf("unknown kind %.40q", k)
			}
			if slices.Contains(kinds[:i], k) {
				return fmt.Errorf("the kind %s is there twice", k)
			}
		}
		return nil
	}
	if len(form.Before) == 0 {
		return f.Fault(errors.New("the form is demanded before no act"), "version")
	}
	if err := datafile.Each(f, form.Before, func(b *Before) error {
		switch {
		case len(rogatory.ParseArticles(b.Article)) == 0:
			return fmt.Errorf("no article: %.40q", b.Article)
		case len(b.Acts) == 0:
			return errors.New("no act is named")
		case len(b.Kinds) > 0 && len(b.Except) > 0:
			return errors.New("either kinds or exceptions are named, not both")
		}
		for i, act := range b.Acts {
			if groups[act] == free {
				return fmt.Errorf("the act %.40q is unknown, or never held back", act)
			}
			if slices.Contains(b.Acts[:i], act) {
				return fmt.Errorf("the act %s is there twice", act)
			}
		}
		return errors.Join(known(b.Kinds), known(b.Except))
	}, "before"); err != nil {
		return err
	}
	seen := map[rogatory.RequestKind]bool{}
	if err := datafile.Each(f, form.Obtains, func(o *Obtains) error {
		switch {
		case seen[o.Kind]:
			return fmt.Errorf("the kind %s is there twice", o.Kind)
		case len(rogatory.ParseArticles(o.Article)) == 0:
			return fmt.Errorf("the kind %.40q names no article: %.40q", o.Kind, o.Article)
		case len(o.Categories) == 0:
			return fmt.Errorf("the kind %.40q obtains nothing", o.Kind)
		}
		for _, c := range o.Categories {
			if !schema.has("Category", string(c)) {
				return fmt.Errorf("unknown category %.40q", c)
			}
		}
		seen[o.Kind] = true
		return known([]rogatory.RequestKind{o.Kind})
	}, "obtains"); err != nil {
		return err
	}
	if err := known(form.Timeless); err != nil {
		return f.Fault(err, "timeless")
	}
	return nil
}

// Precedes reports whether a sheet has to be signed before an act on the measure.
func (f Form) Precedes(m Measure, act rogatory.Act) bool {
	return slices.ContainsFunc(f.Before, func(b Before) bool {
		of := slices.Contains(b.Kinds, m.Kind) || b.Search && m.Search || len(b.Kinds) == 0 && !b.Search
		return slices.Contains(b.Acts, act) && of && !slices.Contains(b.Except, m.Kind)
	})
}

// Usually lists the data that a request of a kind is usually answered with; none for a kind that asks for no data.
func (f Form) Usually(kind rogatory.RequestKind) []Category {
	i := slices.IndexFunc(f.Obtains, func(o Obtains) bool { return o.Kind == kind })
	if i < 0 {
		return []Category{NoData}
	}
	return slices.Clone(f.Obtains[i].Categories)
}

// Measure is what a sheet is about: one measure, not a whole case.
type Measure struct {
	Kind       rogatory.RequestKind `json:"kind"`
	Categories []Category           `json:"categories,omitempty"`
	Search     bool                 `json:"search,omitempty"`
}

// Demands lists the questions that the measure demands, in the order of the form.
func (f Form) Demands(m Measure) []Asked {
	var all []Asked
	for _, q := range f.Questions {
		if len(q.Kinds) == 0 && len(q.Categories) == 0 && !q.Search || slices.Contains(q.Kinds, m.Kind) || q.Search && m.Search ||
			slices.ContainsFunc(q.Categories, func(c Category) bool { return slices.Contains(m.Categories, c) }) {
			all = append(all, q)
		}
	}
	return all
}

func (f Form) question(id Question) (Asked, bool) {
	i := slices.IndexFunc(f.Questions, func(q Asked) bool { return q.ID == id })
	if i < 0 {
		return Asked{}, false
	}
	return f.Questions[i], true
}

// Reply is an answer with its reason.
type Reply struct {
	Answer Answer `json:"answer"`
	Reason string `json:"reason"`
}

// Shown says of one element of the offence whether the facts of the request show it, with the words that it rests on
// (Art 35(3)): dual criminality is shown element by element, not asserted.
type Shown struct {
	Element string `json:"element"` // as package treaty/offence names it
	Answer  Answer `json:"answer"`
	Words   string `json:"words"`
}

// Dissent is what a reviewer who does not agree wants to be kept.
type Dissent struct {
	Person string `json:"person"`
	Reason string `json:"reason"`
}

// Sheet is a form as one reviewer filled it in for one measure.
type Sheet struct {
	Form     string             `json:"form"` // its version
	Reviewer string             `json:"reviewer"`
	Measure  Measure            `json:"measure"`
	Replies  map[Question]Reply `json:"replies,omitempty"`
	Elements []Shown            `json:"elements,omitempty"`
	Dissents []Dissent          `json:"dissents,omitempty"`
}

// The findings on a sheet. Each is something to be mended by the reviewer.
const (
	AnswerUnknown      = "answer_unknown" // neither yes, no nor not applicable
	ReasonShort        = "reason_short"
	ReasonRepeated     = "reason_repeated" // the reason of another question of this sheet
	ReasonCopied       = "reason_copied"   // the reason of the same question on the reviewer's last sheet
	QuestionUnknown    = "question_unknown"
	QuestionUnanswered = "question_unanswered"
	ElementsMissing    = "elements_missing" // dual criminality is said to be there, and no element is shown
	ElementOpen        = "element_open"     // an element without words, or said to be shown and not
)

// Lacks says what is to be mended before the sheet counts: questions that the measure demands and that are not answered,
// answers without a reason that says something, and reasons that were copied. last is the sheet that the same reviewer
// filled in before, or nil.
func (s Sheet) Lacks(form Form, last *Sheet) []Finding {
	var lacks []Finding
	say := func(code, article string, about ...string) {
		lacks = append(lacks, found(code, article, Block, about...))
	}
	for _, q := range form.Demands(s.Measure) {
		if _, ok := s.Replies[q.ID]; !ok {
			say(QuestionUnanswered, q.Article, string(q.ID))
		}
	}
	first := map[string]Question{}
	for _, id := range sortedKeys(s.Replies) {
		q, ok := form.question(id)
		if !ok {
			say(QuestionUnknown, "24(1)", fmt.Sprintf("%.40s", id))
			continue
		}
		reply := s.Replies[id]
		if !slices.Contains([]Answer{AnswerYes, AnswerNo, NotApplicable}, reply.Answer) {
			say(AnswerUnknown, q.Article, string(id))
		}
		if words(reply.Reason) < MinWords || len([]rune(reply.Reason)) > MaxReason {
			say(ReasonShort, q.Article, string(id))
			continue
		}
		bare := bareText(reply.Reason)
		if before, twice := first[bare]; twice {
			say(ReasonRepeated, q.Article, string(id), string(before))
		} else {
			first[bare] = id
		}
		if last != nil && bareText(last.Replies[id].Reason) == bare {
			say(ReasonCopied, q.Article, string(id))
		}
	}
	lacks = append(lacks, s.elementLacks()...)
	for _, d := range s.Dissents {
		if words(d.Reason) < MinWords {
			say(DissentUnreasoned, "24(2)", d.Person)
		}
	}
	return lacks
}

func (s Sheet) elementLacks() []Finding {
	if s.Replies["dual_criminality"].Answer != AnswerYes {
		return nil
	}
	if len(s.Elements) == 0 || len(s.Elements) > MaxElements {
		return []Finding{found(ElementsMissing, "35(3)", Block)}
	}
	var lacks []Finding
	for _, e := range s.Elements {
		if e.Answer != AnswerYes || strings.TrimSpace(e.Words) == "" {
			lacks = append(lacks, found(ElementOpen, "35(3)", Block, e.Element))
		}
	}
	return lacks
}

// Facts returns f with what follows from the sheet: answers, what is still open, and dual criminality as recorded. An
// answer that has to be mended counts as open.
func (s Sheet) Facts(form Form, last *Sheet, f Facts) Facts {
	f.Answers, f.Open = map[Question]Answer{}, nil
	open := map[Question]bool{}
	for _, lack := range s.Lacks(form, last) {
		switch lack.Code {
		case ElementsMissing, ElementOpen:
			open["dual_criminality"] = true
		case DissentUnreasoned, QuestionUnknown:
		default:
			open[Question(lack.About[0])] = true
		}
	}
	for _, q := range form.Questions {
		reply, answered := s.Replies[q.ID]
		if open[q.ID] {
			f.Open = append(f.Open, q.ID)
		} else if answered {
			f.Answers[q.ID] = reply.Answer
		}
	}
	switch f.Answers["dual_criminality"] {
	case AnswerYes:
		f.Dual = Met
	case AnswerNo:
		f.Dual = NotMet
	case NotApplicable:
		f.Dual = Unclear
	default:
		f.Dual = NotRecorded
	}
	return f
}

// Concerns lists the questions whose answer calls for a person.
func (s Sheet) Concerns(form Form) []Question {
	var all []Question
	for _, q := range form.Questions {
		if s.Replies[q.ID].Answer == q.Concern {
			all = append(all, q.ID)
		}
	}
	return all
}

// has reports whether id is in the closed list of that name.
func (s *schema) has(list, id string) bool { return s.knows(uidOf(list, id)) }

// Reasoned reports whether a text has as many words as a reason needs.
func Reasoned(text string) bool { return words(text) >= MinWords }

// words counts words, also in scripts that write no spaces between them.
func words(s string) int {
	n, dense, thai := 0, 0, 0
	for field := range strings.FieldsSeq(s) {
		spaced := false
		for _, r := range field {
			switch {
			case unicode.Is(unicode.Han, r), unicode.Is(unicode.Hiragana, r), unicode.Is(unicode.Katakana, r):
				dense++
			case unicode.Is(unicode.Thai, r), unicode.Is(unicode.Lao, r), unicode.Is(unicode.Khmer, r), unicode.Is(unicode.Myanmar, r):
				thai++
			case unicode.IsLetter(r):
				spaced = true
			}
		}
		if spaced {
			n++
		}
	}
	return n + dense/2 + thai/5
}

// bareText is a text without case, space and punctuation: a reason with another full stop is the same reason.
func bareText(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}
