// SPDX-License-Identifier: Apache-2.0

package status

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"rogatory"
)

//go:embed data/status.json
var statusData []byte

// Certainty says how well a fact is known. Only a dated fact of the first two counts towards the
// fortieth instrument.
type Certainty string

// The certainties, from the best.
const (
	Depositary Certainty = "depositary" // read in the depositary's file by Import
	Exact      Certainty = "exact"      // a source that cites the depositary names the day
	Assumed    Certainty = "assumed"    // it happened on one of the days given
	Reported   Certainty = "reported"   // a report that the depositary's record did not confirm
)

// Consent is how a participant consents to be bound.
type Consent string

// The kinds of consent, Art 64.
const (
	Ratification Consent = "ratification"
	Acceptance   Consent = "acceptance"
	Approval     Consent = "approval"
	Accession    Consent = "accession"
	Succession   Consent = "succession"
	Confirmation Consent = "formal confirmation"
)

var consents = []Consent{Ratification, Acceptance, Approval, Accession, Succession, Confirmation}

// Fact is an event with its date, as well as it is known, and where that was read.
type Fact struct {
	When
	Certainty Certainty `json:"certainty"`
	Note      string    `json:"note,omitempty"`
	Sources   []string  `json:"sources"` // keys of Book.Sources
	Verified  bool      `json:"verified"`
}

// Dated reports whether the day is known well enough to compute with.
func (f Fact) Dated() bool {
	return f.On != 0 && (f.Certainty == Depositary || f.Certainty == Exact)
}

// Deposit is a participant's consent to be bound, deposited or said to be.
type Deposit struct {
	Kind Consent `json:"kind"`
	Fact
}

// Participant is a State or organisation that signed, consented or left.
type Participant struct {
	Code       rogatory.StateCode `json:"code"`
	Signature  *Fact              `json:"signature,omitempty"`
	Consent    *Deposit           `json:"consent,omitempty"`
	Withdrawal *Fact              `json:"withdrawal,omitempty"` // receipt of the notification, Art 67(1)
	// Earlier are instruments that the depositary shows in brackets: withdrawn since, on a day that
	// the file does not say.
	Earlier []Deposit `json:"earlier,omitempty"`
}

// Effect is what a reservation or declaration does to an article.
type Effect string

// The effects.
const (
	Excludes Effect = "excludes" // the State is not bound by it
	Narrows  Effect = "narrows"  // the State is bound by less of it
)

// Declaration is a reservation or declaration, analysed by article.
type Declaration struct {
	State rogatory.StateCode `json:"state"`
	When
	MadeOn   string   `json:"made_on"` // signature, ratification and the like
	Note     string   `json:"note,omitempty"`
	Items    []Item   `json:"items"`
	Sources  []string `json:"sources"`
	Verified bool     `json:"verified"`
}

// Item is what a declaration says of some articles.
type Item struct {
	Articles []string `json:"articles"`        // or paragraphs: 63(2)
	Under    string   `json:"under,omitempty"` // the provision that allows the declaration
	Effect   Effect   `json:"effect"`
	Text     string   `json:"text"`
}

// Named is an authority that a State notified or announced.
type Named struct {
	State     rogatory.StateCode `json:"state"`
	Role      string             `json:"role"`
	Article   string             `json:"article"`
	Name      string             `json:"name"`
	Announced bool               `json:"announced"` // in public, and not seen as a notification
	Sources   []string           `json:"sources"`
	Verified  bool               `json:"verified"`
}

// Claim is something said about a State that was not confirmed.
type Claim struct {
	State rogatory.StateCode `json:"state"`
	When
	Text     string   `json:"text"`
	Rejected bool     `json:"rejected,omitempty"` // contradicted by better sources
	Sources  []string `json:"sources"`
	Verified bool     `json:"verified"`
}

// Report is a number of signatories that somebody reported.
type Report struct {
	When
	Signatories int    `json:"signatories"`
	Note        string `json:"note,omitempty"`
	Verified    bool   `json:"verified"`
}

// Text is a section of the depositary's file, as received and not analysed by article.
type Text struct {
	Section  string `json:"section"`
	Text     string `json:"text"`
	Verified bool   `json:"verified"`
}

// Clause is a number or a date of the final clauses.
type Clause struct {
	Name     string `json:"name"`
	Date     Date   `json:"date,omitzero"`
	Number   int    `json:"number,omitempty"`
	Article  string `json:"article,omitempty"`
	Source   string `json:"source,omitempty"` // instead of an article
	Verified bool   `json:"verified"`
}

// Book is the status of the Convention as far as it is known on a day. It is immutable after loading.
type Book struct {
	AsOf         Date // what happened after this day is not in the book
	Note         string
	Rows         int // participants in the depositary's file, zero if the book was not imported
	Unnamed      int // signatories that were reported and not named
	Clauses      []Clause
	Sources      map[string]string
	Reports      []Report
	Participants []Participant // by code
	Declarations []Declaration
	Authorities  []Named
	Claims       []Claim
	Texts        []Text
	Digest       rogatory.Digest // of the file it was loaded from

	states  *States
	clauses map[string]Clause
}

// clauseNames are the clauses that the engine computes with: their names, and whether each is a date.
var clauseNames = map[string]bool{"adopted": true, "opened": true, "closes": true, "threshold": false, "entry_days": false, "late_days": false, "withdrawal_years": false}

// LoadBook reads a status file. Unknown members, States, sources and articles, doubled participants and
// dates that contradict each other are refused whole, with file and line.
func LoadBook(name string, data []byte, states *States) (*Book, error) {
	var in struct {
		AsOf         Date              `json:"as_of"`
		Note         string            `json:"note"`
		Rows         int               `json:"rows"`
		Unnamed      int               `json:"unnamed_signatories"`
		Clauses      []Clause          `json:"clauses"`
		Sources      map[string]string `json:"sources"`
		Reports      []Report          `json:"reports"`
		Participants []Participant     `json:"participants"`
		Declarations []Declaration     `json:"declarations"`
		Authorities  []Named           `json:"authorities"`
		Claims       []Claim           `json:"claims"`
		Texts        []Text            `json:"texts"`
	}
	s, err := readSheet(name, data, &in)
	if err != nil {
		return nil, err
	}
	b := &Book{AsOf: in.AsOf, Note: in.Note, Rows: in.Rows, Unnamed: in.Unnamed, Clauses: in.Clauses, Sources: in.Sources, Reports: in.Reports,
		Participants: in.Participants, Declarations: in.Declarations, Authorities: in.Authorities, Claims: in.Claims, Texts: in.Texts,
		Digest: rogatory.DigestOf(data), states: states, clauses: map[string]Clause{}}
	if b.Rows < 0 || b.Unnamed < 0 {
		s.fault(errors.New("rows and unnamed_signatories are not below zero"), "rows")
	}
	each(s, "clauses", b.Clauses, b.checkClause)
	for _, name := range slices.Sorted(maps.Keys(clauseNames)) {
		if _, ok := b.clauses[name]; !ok {
			s.fault(fmt.Errorf("clause %s is missing", name), "clauses")
		}
	}
	each(s, "reports", b.Reports, func(r *Report) error {
		if r.Signatories < 0 {
			return fmt.Errorf("fewer than no signatories")
		}
		return r.check(false)
	})
	var last rogatory.StateCode
	each(s, "participants", b.Participants, func(p *Participant) error {
		if p.Code <= last {
			return fmt.Errorf("participant %.10q is there twice or out of order", p.Code)
		}
		last = p.Code
		return b.checkParticipant(p)
	})
	each(s, "declarations", b.Declarations, b.checkDeclaration)
	each(s, "authorities", b.Authorities, func(n *Named) error {
		if n.Role == "" || n.Name == "" || !rogatory.Article(n.Article).Valid() {
			return fmt.Errorf("role, name or article %.20q is missing or unknown", n.Article)
		}
		return b.checkOrigin(n.State, n.Sources)
	})
	each(s, "claims", b.Claims, func(c *Claim) error {
		if c.Text == "" {
			return fmt.Errorf("a claim without words")
		}
		if err := c.check(true); err != nil {
			return err
		}
		return b.checkOrigin(c.State, c.Sources)
	})
	sections := map[string]bool{}
	each(s, "texts", b.Texts, func(t *Text) error {
		if t.Section == "" || t.Text == "" || sections[t.Section] {
			return fmt.Errorf("section %.40q is empty or there twice", t.Section)
		}
		sections[t.Section] = true
		return nil
	})
	if s.err != nil {
		return nil, s.err
	}
	return b, nil
}

// Bounds of the numbers in final clauses: computing with them must not leave the calendar.
const maxClause = 10000

func (b *Book) checkClause(c *Clause) error {
	isDate, known := clauseNames[c.Name]
	_, twice := b.clauses[c.Name]
	switch {
	case !known || twice:
		return fmt.Errorf("clause %.40q is unknown or there twice", c.Name)
	case isDate != (c.Date != 0) || isDate != (c.Number == 0) || c.Number < 0 || c.Number > maxClause:
		return fmt.Errorf("clause %s has no date, or no number from 1 to %d", c.Name, maxClause)
	case (c.Article == "") == (c.Source == "") || c.Article != "" && !rogatory.Article(c.Article).Valid():
		return fmt.Errorf("clause %s has no article, or article %.20q that is not of the Convention", c.Name, c.Article)
	}
	b.clauses[c.Name] = *c
	return nil
}

func (b *Book) checkParticipant(p *Participant) error {
	if _, err := b.states.Get(p.Code); err != nil || p.Code.Fictional() {
		return fmt.Errorf("State %.10q is unknown", p.Code)
	}
	if p.Signature == nil && p.Consent == nil && len(p.Earlier) == 0 {
		return fmt.Errorf("%s neither signed nor consented", p.Code)
	}
	opened, closes := b.clauses["opened"].Date, b.clauses["closes"].Date
	if f := p.Signature; f != nil {
		if err := b.checkFact(*f); err != nil {
			return fmt.Errorf("signature of %s: %w", p.Code, err)
		}
		if f.Earliest() < opened || f.Latest() > closes {
			return fmt.Errorf("signature of %s: %s is not from %s to %s, when it was open (Art 64(1))", p.Code, f.When, opened, closes)
		}
	}
	for _, d := range p.deposits() {
		switch err := b.checkFact(d.Fact); {
		case err != nil:
			return fmt.Errorf("consent of %s: %w", p.Code, err)
		case !oneOf(d.Kind, consents...):
			return fmt.Errorf("consent of %s: kind %.40q is unknown", p.Code, d.Kind)
		case d.Earliest() < opened || p.Signature != nil && d.Latest() < p.Signature.Earliest():
			return fmt.Errorf("consent of %s: %s is before its signature, or before %s", p.Code, d.When, opened)
		case p.Signature == nil && oneOf(d.Kind, Ratification, Acceptance, Approval):
			return fmt.Errorf("consent of %s: %s without a signature (Art 64(2))", p.Code, d.Kind)
		}
	}
	if f := p.Withdrawal; f != nil {
		if err := b.checkFact(*f); err != nil {
			return fmt.Errorf("withdrawal of %s: %w", p.Code, err)
		}
		if p.Consent == nil || f.Latest() < p.Consent.Earliest() {
			return fmt.Errorf("withdrawal of %s: %s is before its consent, or it has none", p.Code, f.When)
		}
	}
	return nil
}

// deposits returns the participant's instruments, the present one last.
func (p *Participant) deposits() []Deposit {
	all := p.Earlier[:len(p.Earlier):len(p.Earlier)]
	if p.Consent != nil {
		all = append(all, *p.Consent)
	}
	return all
}

func (b *Book) checkFact(f Fact) error {
	if err := f.check(false); err != nil {
		return err
	}
	switch f.Certainty {
	case Depositary, Exact:
		if f.On == 0 {
			return fmt.Errorf("certainty %s needs a day", f.Certainty)
		}
	case Assumed, Reported:
	default:
		return fmt.Errorf("certainty %.20q is unknown", f.Certainty)
	}
	if f.Earliest() > b.AsOf {
		return fmt.Errorf("%s is after %s, where the book ends", f.When, b.AsOf)
	}
	return b.checkSources(f.Sources)
}

func (b *Book) checkDeclaration(d *Declaration) error {
	if err := d.check(false); err != nil {
		return fmt.Errorf("declaration of %s: %w", d.State, err)
	}
	if d.MadeOn == "" || len(d.Items) == 0 {
		return fmt.Errorf("declaration of %s: made_on or items are missing", d.State)
	}
	for _, i := range d.Items {
		if !oneOf(i.Effect, Excludes, Narrows) || i.Text == "" || len(i.Articles) == 0 {
			return fmt.Errorf("declaration of %s: effect %.20q is unknown, or text or articles are missing", d.State, i.Effect)
		}
		for _, a := range i.Articles {
			if !rogatory.Article(a).Valid() {
				return fmt.Errorf("declaration of %s: article %.20q is not of the Convention", d.State, a)
			}
		}
		if i.Under != "" && !rogatory.Article(i.Under).Valid() {
			return fmt.Errorf("declaration of %s: article %.20q is not of the Convention", d.State, i.Under)
		}
	}
	return b.checkOrigin(d.State, d.Sources)
}

func (b *Book) checkOrigin(state rogatory.StateCode, sources []string) error {
	if _, err := b.states.Get(state); err != nil || state.Fictional() {
		return fmt.Errorf("State %.10q is unknown", state)
	}
	return b.checkSources(sources)
}

func (b *Book) checkSources(sources []string) error {
	if len(sources) == 0 {
		return fmt.Errorf("no source is named")
	}
	for _, key := range sources {
		if b.Sources[key] == "" {
			return fmt.Errorf("source %.20q is unknown", key)
		}
	}
	return nil
}

// Participant returns the entry of a State, and whether there is one.
func (b *Book) Participant(code rogatory.StateCode) (Participant, bool) {
	for _, p := range b.Participants {
		if p.Code == code {
			return p, true
		}
	}
	return Participant{}, false
}

// States returns the list of States that the book speaks of.
func (b *Book) States() *States { return b.states }

// SourceText returns what the keys of sources stand for.
func (b *Book) SourceText(keys []string) string {
	var all []string
	for _, key := range keys {
		all = append(all, b.Sources[key])
	}
	return strings.Join(all, "; ")
}

// Encode returns the book as a status file: one form for one book, one row in a line, so that two
// versions can be compared line by line. LoadBook reads it back.
func (b *Book) Encode() []byte {
	var w bytes.Buffer
	fmt.Fprintf(&w, "{\n  \"as_of\": %s,\n  \"note\": %s,\n  \"rows\": %d,\n  \"unnamed_signatories\": %d,\n", encoded(b.AsOf), encoded(b.Note), b.Rows, b.Unnamed)
	encodeRows(&w, "clauses", b.Clauses)
	w.WriteString("  \"sources\": {")
	for i, key := range slices.Sorted(maps.Keys(b.Sources)) {
		if i > 0 {
			w.WriteByte(',')
		}
		fmt.Fprintf(&w, "\n    %s: %s", encoded(key), encoded(b.Sources[key]))
	}
	w.WriteString("\n  },\n")
	encodeRows(&w, "reports", b.Reports)
	encodeRows(&w, "participants", b.Participants)
	encodeRows(&w, "declarations", b.Declarations)
	encodeRows(&w, "authorities", b.Authorities)
	encodeRows(&w, "claims", b.Claims)
	encodeRows(&w, "texts", b.Texts)
	return append(bytes.TrimSuffix(w.Bytes(), []byte(",\n")), "\n}\n"...)
}

func encodeRows[T any](w *bytes.Buffer, name string, rows []T) {
	fmt.Fprintf(w, "  %q: [", name)
	for i, row := range rows {
		if i > 0 {
			w.WriteByte(',')
		}
		w.WriteString("\n    ")
		w.Write(encoded(row))
	}
	w.WriteString("\n  ],\n")
}

// encoded is JSON of values that have a JSON form by their types.
func encoded(v any) []byte {
	var w bytes.Buffer
	enc := json.NewEncoder(&w)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic("a value of the status book has no JSON form: " + err.Error())
	}
	return bytes.TrimSpace(w.Bytes())
}
