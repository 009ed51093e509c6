// SPDX-License-Identifier: Apache-2.0

// Package assistance is technical assistance between States as data: what one needs, what another
// offers, which offers suit a need and why, and how far a match has come (Arts 54 to 56).
//
// It promises that the same lists give the same answer in the same order, with reasons in words, and
// that States which exchange their lists come to the same one. It refuses case data: whatever looks
// like a reference of a case, an exhibit or a message. It decides nothing: States accept, deliver and
// evaluate. Everything is a pure function of values; after an error nothing was read or changed.
package assistance

import (
	"cmp"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"rogatory"
	"rogatory/datafile"
)

//go:embed data/catalogue.json
var embedded []byte

// Kind is one kind of help. The list is data, with the article that each comes from.
type Kind struct {
	ID       string `json:"id"`
	Title    string `json:"title"`
	Article  string `json:"article"`
	Example  string `json:"example"`  // of an amount, in plain terms
	Verified bool   `json:"verified"` // whether a jurist compared it with the official text
}

// Region is where a State lies or an offer holds.
type Region struct {
	ID    string `json:"id"`
	Title string `json:"title"`
}

// Everywhere is the region of an offer that holds in all of them.
const Everywhere = "everywhere"

// Question is one question of the evaluation. Without choices the answer is a text.
type Question struct {
	ID       string   `json:"id"`
	Text     string   `json:"text"`
	Article  string   `json:"article"`
	Choices  []string `json:"choices,omitempty"`
	Verified bool     `json:"verified"`
}

// Catalogue is what a need and an offer can be about. It is immutable after LoadCatalogue.
type Catalogue struct {
	Kinds     []Kind
	Regions   []Region
	Questions []Question
}

// Standard returns the catalogue that came with this program. It is checked by a test; an error here
// would be a defect, so it panics.
func Standard() Catalogue {
	c, err := LoadCatalogue("data/catalogue.json", embedded)
	if err != nil {
		panic("the embedded catalogue does not load: " + err.Error())
	}
	return c
}

var (
	word   = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)
	tongue = regexp.MustCompile(`^[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?$`)
	office = regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}$`)
)

// checkArticle wants an article or one of its paragraphs, such as 41 or 41(5).
func checkArticle(a string) error {
	if !rogatory.Article(a).Valid() {
		return fmt.Errorf("article %.20q is unknown: the Convention has Articles 1 to %d", a, rogatory.LastArticle)
	}
	return nil
}

func checkWholeArticle(a string) error {
	if strings.Contains(a, "(") {
		return fmt.Errorf("article %.20q: name the whole article", a)
	}
	return checkArticle(a)
}

// Limits on what is said; each is read by people.
const (
	MaxTitleRunes  = 200
	MaxAmountRunes = 400
	MaxAnswerRunes = 2000
	MaxListed      = rogatory.LastArticle // articles, languages or regions of one listing
)

// LoadCatalogue reads a catalogue. Unknown members, unknown articles and doubled names are refused
// whole, naming file and line. Nothing is returned with an error.
func LoadCatalogue(name string, data []byte) (Catalogue, error) {
	var c Catalogue
	seen := map[string]bool{}
	once := func(list, id string) error {
		if !word.MatchString(id) || seen[list+id] {
			return fmt.Errorf("%s %.40q is there twice, or is not a word of small letters", list, id)
		}
		seen[list+id] = true
		return nil
	}
	type entry struct {
		Kind     *Kind     `json:"kind"`
		Region   *Region   `json:"region"`
		Question *Question `json:"question"`
	}
	err := datafile.Items(lists, name, data, func(e entry) error {
		switch {
		case e.Kind != nil && e.Region == nil && e.Question == nil:
			c.Kinds = append(c.Kinds, *e.Kind)
			return errors.Join(once("kind", e.Kind.ID), datafile.CheckText("title", e.Kind.Title, MaxTitleRunes), datafile.CheckText("example", e.Kind.Example, MaxAmountRunes), checkArticle(e.Kind.Article))
		case e.Region != nil && e.Kind == nil && e.Question == nil:
			c.Regions = append(c.Regions, *e.Region)
			return errors.Join(once("region", e.Region.ID), datafile.CheckText("title", e.Region.Title, MaxTitleRunes))
		case e.Question != nil && e.Kind == nil && e.Region == nil:
			for _, choice := range e.Question.Choices {
				if err := once("choice of "+e.Question.ID+" ", choice); err != nil {
					return err
				}
			}
			c.Questions = append(c.Questions, *e.Question)
			return errors.Join(once("question", e.Question.ID), datafile.CheckText("text", e.Question.Text, MaxTitleRunes), checkArticle(e.Question.Article))
		}
		return errors.New("an item is one of kind, region and question")
	})
	if err != nil {
		return Catalogue{}, err
	}
	if !seen["region"+Everywhere] || len(c.Kinds) == 0 || len(c.Questions) == 0 {
		return Catalogue{}, rogatory.Fault(rogatory.Invalid, "list_invalid", "read %s:1: there are no kinds, no questions, or no region %s", name, Everywhere)
	}
	return c, nil
}

// ID names a need (XA-N-1) or an offer (XB-O-2): its State and a running number that the State gives.
type ID string

var reference = regexp.MustCompile(`^([A-Z]{2})-([NO])-([1-9][0-9]{0,4})$`)

// NewID makes the reference of a State's n-th need or offer.
func NewID(state rogatory.StateCode, side Side, n int) ID {
	return ID(fmt.Sprintf("%s-%s-%d", state, strings.ToUpper(string(side[:1])), n))
}

// parts returns the State, side and number of the reference, or nothing if it is malformed.
func (i ID) parts() (state rogatory.StateCode, side Side, n int) {
	m := reference.FindStringSubmatch(string(i))
	if m == nil {
		return "", "", 0
	}
	n, _ = strconv.Atoi(m[3]) // five digits
	return rogatory.StateCode(m[1]), map[string]Side{"N": NeedSide, "O": OfferSide}[m[2]], n
}

// State returns the State whose need or offer it is, or nothing if the reference is malformed.
func (i ID) State() rogatory.StateCode { s, _, _ := i.parts(); return s }

// Side returns whether it is a need or an offer, or nothing if the reference is malformed.
func (i ID) Side() Side { _, s, _ := i.parts(); return s }

func compareID(a, b ID) int {
	sa, ka, na := a.parts()
	sb, kb, nb := b.parts()
	return cmp.Or(cmp.Compare(ka, kb), cmp.Compare(sa, sb), cmp.Compare(na, nb))
}

// Listing is a need or an offer; its reference says which.
type Listing struct {
	ID        ID                 `json:"id"`
	Version   int                `json:"version"` // from 1; a change raises it
	State     rogatory.StateCode `json:"state"`
	Title     string             `json:"title"`
	Kind      string             `json:"kind"`
	Articles  []string           `json:"articles"`
	Languages []string           `json:"languages"`
	Regions   []string           `json:"regions"` // of a need: the one in which it is
	Amount    string             `json:"amount"`  // in plain terms
	From      Date               `json:"from"`
	Until     Date               `json:"until"` // the last day
	Contact   rogatory.Address   `json:"contact"`

	// RightsAssessment says where the human-rights assessment of an offer can be read. Critics of the
	// Convention ask that assistance depend on one; an offer without it is shown with a warning.
	RightsAssessment string `json:"rights_assessment,omitempty"`
}

// Warnings says what a reader of the listing should know before accepting it.
func (l Listing) Warnings() []string {
	if l.ID.Side() == OfferSide && l.RightsAssessment == "" {
		return []string{string(l.ID) + " names no human-rights assessment: ask for it before accepting (Arts 6, 54)"}
	}
	return nil
}

// Check says what is wrong with the listing, which then enters no book. That an offer lacks a
// human-rights assessment is a warning only.
func (l Listing) Check(c Catalogue) error {
	side := l.ID.Side()
	switch {
	case side == "":
		return fmt.Errorf("%.40q is not the reference of a need or an offer, such as XA-N-1 or XA-O-1", l.ID)
	case l.ID.State() != l.State || l.Contact.State != l.State:
		return fmt.Errorf("%s, its State %.10q and its contact %.60q are not of one State", l.ID, l.State, l.Contact)
	case l.Version < 1:
		return fmt.Errorf("version %d of %s: versions begin with 1", l.Version, l.ID)
	case !slices.ContainsFunc(c.Kinds, func(k Kind) bool { return k.ID == l.Kind }):
		return rogatory.Fault(rogatory.Invalid, "kind_unknown", "kind of help %.60q is not known", l.Kind).WithHint("rogatory assistance kinds lists them")
	case !office.MatchString(string(l.Contact.Authority)):
		return fmt.Errorf("contact %.60q is not the short name of an authority", l.Contact)
	case !l.From.Valid() || !l.Until.Valid() || l.Until < l.From:
		return fmt.Errorf("%s is from %.20q until %.20q, which is no time", l.ID, l.From, l.Until)
	case side == NeedSide && (len(l.Regions) != 1 || l.Regions[0] == Everywhere):
		return fmt.Errorf("%s: a need names the one region in which it is", l.ID)
	case side == NeedSide && l.RightsAssessment != "":
		return fmt.Errorf("%s: a human-rights assessment is one of an offer", l.ID)
	}
	for _, list := range []struct {
		name  string
		items []string
		check func(string) error
	}{
		{"articles", l.Articles, checkWholeArticle},
		{"languages", l.Languages, checkLanguage},
		{"regions", l.Regions, c.checkRegion},
	} {
		if len(list.items) == 0 || len(list.items) > MaxListed {
			return fmt.Errorf("%s: between 1 and %d have to be named", list.name, MaxListed)
		}
		for i, s := range list.items {
			if err := list.check(s); err != nil {
				return err
			}
			if slices.Contains(list.items[:i], s) {
				return fmt.Errorf("%s: %s is there twice", list.name, s)
			}
		}
	}
	if err := errors.Join(datafile.CheckText("title", l.Title, MaxTitleRunes), datafile.CheckText("amount", l.Amount, MaxAmountRunes)); err != nil {
		return err
	}
	if l.RightsAssessment != "" {
		if err := datafile.CheckText("rights_assessment", l.RightsAssessment, MaxAmountRunes); err != nil {
			return err
		}
	}
	return noCaseData(l)
}

func checkLanguage(l string) error {
	if !tongue.MatchString(l) {
		return fmt.Errorf("language %.20q is not a code such as en or fr", l)
	}
	return nil
}

func (c Catalogue) checkRegion(r string) error {
	if !slices.ContainsFunc(c.Regions, func(known Region) bool { return known.ID == r }) {
		return rogatory.Fault(rogatory.Invalid, "region_unknown", "region %.40q is not known", r).WithHint("rogatory assistance kinds lists them")
	}
	return nil
}

// Book is what an office knows of needs, offers and matches. It holds no case data and is meant for
// publication.
type Book struct {
	Listings []Listing
	Matches  []Match
}

// item is one line of a book's file.
type item struct {
	Listing *Listing `json:"listing,omitempty"`
	Match   *Match   `json:"match,omitempty"`
}

// Load reads a book. Whatever is unknown, doubled, contradictory or looks like case data is refused
// whole, naming file and line; exercise and live States do not mix. Nothing is returned with an error.
func Load(name string, data []byte, c Catalogue) (Book, error) {
	var b Book
	seen := map[string]bool{}
	var first rogatory.StateCode
	err := datafile.Items(lists, name, data, func(i item) error {
		var id string
		var states []rogatory.StateCode
		var err error
		switch {
		case i.Listing != nil && i.Match == nil:
			id, states, err = string(i.Listing.ID), []rogatory.StateCode{i.Listing.State}, i.Listing.Check(c)
			b.Listings = append(b.Listings, *i.Listing)
		case i.Match != nil && i.Listing == nil:
			id, states, err = i.Match.String(), []rogatory.StateCode{i.Match.Need.State(), i.Match.Offer.State()}, i.Match.check(c)
			b.Matches = append(b.Matches, *i.Match)
		default:
			err = errors.New("an item is a listing or a match")
		}
		if err != nil {
			return err
		}
		for _, s := range states {
			if first = cmp.Or(first, s); s.Fictional() != first.Fictional() {
				return fmt.Errorf("%s and %s: exercise and live States do not mix", first, s)
			}
		}
		if seen[id] {
			return fmt.Errorf("%s is there twice", id)
		}
		seen[id] = true
		return nil
	})
	if err != nil {
		return Book{}, err
	}
	return b.sorted(), nil
}

// Encode writes the book in its one form, which Load reads: the same book gives the same bytes.
func (b Book) Encode() ([]byte, error) {
	b = b.sorted()
	items := []item{}
	for i := range b.Listings {
		items = append(items, item{Listing: &b.Listings[i]})
	}
	for i := range b.Matches {
		items = append(items, item{Match: &b.Matches[i]})
	}
	return datafile.Encode(items)
}

// sorted returns a copy in the one order that a book has.
func (b Book) sorted() Book {
	b = Book{slices.Clone(b.Listings), slices.Clone(b.Matches)}
	slices.SortFunc(b.Listings, func(x, y Listing) int { return compareID(x.ID, y.ID) })
	slices.SortFunc(b.Matches, func(x, y Match) int {
		return cmp.Or(compareID(x.Need, y.Need), compareID(x.Offer, y.Offer))
	})
	for i := range b.Matches {
		b.Matches[i].Steps = slices.Clone(b.Matches[i].Steps)
		slices.SortFunc(b.Matches[i].Steps, compareSteps)
	}
	return b
}

// Side returns the needs or the offers of the book.
func (b Book) Side(side Side) []Listing {
	return slices.DeleteFunc(slices.Clone(b.Listings), func(l Listing) bool { return l.ID.Side() != side })
}

// Find returns the place of a listing in the book, or -1.
func (b Book) Find(id ID) int {
	return slices.IndexFunc(b.Listings, func(l Listing) bool { return l.ID == id })
}

// FindMatch returns the place of a match in the book, or -1.
func (b Book) FindMatch(need, offer ID) int {
	return slices.IndexFunc(b.Matches, func(m Match) bool { return m.Need == need && m.Offer == offer })
}

// NextID returns the first reference that the State has not given yet: one more than its highest.
func (b Book) NextID(state rogatory.StateCode, side Side) ID {
	highest := 0
	for _, l := range b.Listings {
		if s, k, n := l.ID.parts(); s == state && k == side {
			highest = max(highest, n)
		}
	}
	return NewID(state, side, highest+1)
}

// Of returns what a State has to say in its list: its listings, and the matches it has a part in.
func (b Book) Of(state rogatory.StateCode) Book {
	return Book{
		Listings: slices.DeleteFunc(slices.Clone(b.Listings), func(l Listing) bool { return l.State != state }),
		Matches:  slices.DeleteFunc(slices.Clone(b.Matches), func(m Match) bool { return m.side(state) == "" }),
	}.sorted()
}

// caseData finds references of cases, exhibits and messages, however their dashes are written.
var caseData = regexp.MustCompile(`(?i)\b[A-Z]{2}[-\x{2010}-\x{2015}\x{2212}_/][0-9]{4}[-\x{2010}-\x{2015}\x{2212}_/][0-9A-Z]{4,}` +
	`|\b[A-Z]{2}[-\x{2010}-\x{2015}\x{2212}_]E[-\x{2010}-\x{2015}\x{2212}_][0-9A-Z]{6,}` +
	`|\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b`)

// noCaseData looks at every text of v at once, so that no field can be forgotten.
func noCaseData(v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode an item: %w", err)
	}
	if found := caseData.Find(text); found != nil {
		return rogatory.Fault(rogatory.Invalid, "case_data", "%.60q looks like a reference of a case, an exhibit or a message", found).
			WithHint("needs, offers and evaluations are meant for publication: say what help is about without naming a case")
	}
	return nil
}
