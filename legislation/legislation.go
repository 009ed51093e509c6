// SPDX-License-Identifier: Apache-2.0

// Package legislation keeps track of laws: which articles of the Convention a State's law implements,
// by which enactment, since when, with which reservations, and what is left to do.
//
// It promises that the list of articles and what each asks of a law is data that a jurist can mend,
// marked until one has verified it; and that an assessment is a pure function of that list, a book, a
// State and a day. It refuses a book with anything unknown or contradictory, whole. It judges no law:
// a book says what its author says, and who verified it. After an error nothing was read or changed.
package legislation

import (
	"cmp"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"rogatory"
	"rogatory/datafile"
)

//go:embed data/articles.json
var embeddedArticles []byte

//go:embed data/example.json
var embeddedExample []byte

// Obligation is what an article asks of a State's law.
type Obligation string

// The kinds of obligation.
const (
	Mandatory Obligation = "mandatory" // the law has to provide for it
	Consider  Obligation = "consider"  // it has to be considered, or endeavoured
	Optional  Obligation = "optional"  // it may be provided for
	None      Obligation = "none"      // the article asks for no law
)

var obligations = []Obligation{Mandatory, Consider, Optional, None}

// Chapter is a chapter of the Convention, with its title in our words.
type Chapter struct {
	Number   string `json:"number"` // I to IX
	Title    string `json:"title"`
	Verified bool   `json:"verified"`
}

// Article is an article of the Convention, with its title in our words.
type Article struct {
	Number     string     `json:"number"` // 1 to 68
	Chapter    string     `json:"chapter"`
	Title      string     `json:"title"`
	Obligation Obligation `json:"obligation"`
	Asks       string     `json:"asks"` // what a law has to do, in our words

	// Verified: subject and content were read in the official text. ObligationVerified: so was the kind
	// of obligation. A jurist sets them.
	Verified           bool `json:"verified"`
	ObligationVerified bool `json:"obligation_verified"`
}

// ArticleCount and ChapterCount are those of the Convention. Wrong "full texts" circulate: a list of
// another length is of another text.
const (
	ArticleCount = rogatory.LastArticle
	ChapterCount = 9
)

// Table is the list of chapters and articles, in order. It is immutable after LoadTable.
type Table struct {
	Chapters []Chapter
	Articles []Article
}

// Articles returns the list that came with this program. It is checked by a test; an error here would
// be a defect, so it panics.
func Articles() Table {
	t, err := LoadTable("data/articles.json", embeddedArticles)
	if err != nil {
		panic("the embedded articles do not load: " + err.Error())
	}
	return t
}

// LoadTable reads a list of articles. A missing, doubled or misplaced article, an unknown chapter or
// kind of obligation is refused whole, naming file and line. Nothing is returned with an error.
func LoadTable(name string, data []byte) (Table, error) {
	var t Table
	type entry struct {
		Chapter *Chapter `json:"chapter"`
		Article *Article `json:"article"`
	}
	roman := []string{"I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX"}
	err := datafile.Items(lists, name, data, func(e entry) error {
		switch {
		case e.Chapter != nil && e.Article == nil:
			if n := len(t.Chapters); n == ChapterCount || e.Chapter.Number != roman[n] {
				return fmt.Errorf("chapter %.10q is not the next one", e.Chapter.Number)
			}
			t.Chapters = append(t.Chapters, *e.Chapter)
			return datafile.CheckText("title", e.Chapter.Title, MaxTextRunes)
		case e.Article != nil && e.Chapter == nil:
			a := *e.Article
			if a.Number != strconv.Itoa(len(t.Articles)+1) {
				return fmt.Errorf("article %.10q is not the next one, %d", a.Number, len(t.Articles)+1)
			}
			if n := len(t.Chapters); n == 0 || t.Chapters[n-1].Number != a.Chapter {
				return fmt.Errorf("article %s stands in another chapter than %.10q", a.Number, a.Chapter)
			}
			if !slices.Contains(obligations, a.Obligation) {
				return fmt.Errorf("article %s: obligation %.20q is not one of %v", a.Number, a.Obligation, obligations)
			}
			t.Articles = append(t.Articles, a)
			return errors.Join(datafile.CheckText("title", a.Title, MaxTextRunes), datafile.CheckText("asks", a.Asks, MaxTextRunes))
		}
		return errors.New("an item is a chapter or an article")
	})
	if err != nil {
		return Table{}, err
	}
	if len(t.Articles) != ArticleCount || len(t.Chapters) != ChapterCount {
		return Table{}, rogatory.Fault(rogatory.Invalid, "list_invalid", "read %s:1: %d articles in %d chapters, the Convention has %d in %d", name, len(t.Articles), len(t.Chapters), ArticleCount, ChapterCount)
	}
	return t, nil
}

// Find returns the article that a reference such as 7 or 40(21)(b) names. Paragraphs are not looked
// up, only their form.
func (t Table) Find(ref string) (Article, error) {
	if n := rogatory.Article(ref).Number(); n > 0 && n <= len(t.Articles) { // they are in order
		return t.Articles[n-1], nil
	}
	return Article{}, rogatory.Fault(rogatory.Invalid, "article_unknown", "article %.20q is not one of the Convention", ref).
		WithHint(fmt.Sprintf("articles are 1 to %d, paragraphs are written 40(21)(b); rogatory legislation articles lists them", ArticleCount))
}

// Extent is how far an enactment implements an article, as the author of the book says.
type Extent string

// The extents.
const (
	Full          Extent = "full"
	Partly        Extent = "partly"
	NotApplicable Extent = "not_applicable" // the article does not bind or concern the State
)

// Reservation narrows or excludes what an article means for the State.
type Reservation struct {
	Paragraph string `json:"paragraph"` // such as 11(3), or the whole article
	Text      string `json:"text"`
}

// Enactment says which place in a State's law implements an article, or why none has to.
type Enactment struct {
	State        rogatory.StateCode `json:"state"`
	Article      string             `json:"article"`
	Extent       Extent             `json:"extent"`
	Law          string             `json:"law,omitempty"`    // such as: Penal Code, section 205
	Remark       string             `json:"remark,omitempty"` // what lacks, or why it is not applicable
	From         Date               `json:"from"`             // the first day in force
	Until        Date               `json:"until,omitempty"`  // the last day in force
	Reservations []Reservation      `json:"reservations,omitempty"`
	Source       string             `json:"source"` // where the text can be read
	VerifiedBy   string             `json:"verified_by,omitempty"`
	VerifiedOn   Date               `json:"verified_on,omitempty"`
}

// Limits on what a book says; it is read by people.
const (
	MaxTextRunes    = 600
	MaxReservations = 20
)

// inForce reports whether the enactment is in force on the day.
func (p Enactment) inForce(on Date) bool {
	return p.From <= on && (p.Until == "" || on <= p.Until)
}

// Check says what is wrong with the enactment.
func (p Enactment) Check(t Table) error {
	a, err := t.Find(p.Article)
	if err != nil {
		return err
	}
	switch {
	case a.Number != p.Article:
		return fmt.Errorf("article %s: name the whole article, and paragraphs in the remark", p.Article)
	case !p.State.Valid():
		return fmt.Errorf("state %.10q is not a code of two capital letters", p.State)
	case !slices.Contains([]Extent{Full, Partly, NotApplicable}, p.Extent):
		return fmt.Errorf("extent %.20q is not one of %s, %s, %s", p.Extent, Full, Partly, NotApplicable)
	case !p.From.Valid():
		return fmt.Errorf("from %.20q is no day", p.From)
	case p.Until != "" && (!p.Until.Valid() || p.Until < p.From):
		return fmt.Errorf("until %.20q is no day on or after %s", p.Until, p.From)
	case (p.VerifiedBy == "") != (p.VerifiedOn == ""):
		return errors.New("verified_by and verified_on belong together")
	case p.VerifiedOn != "" && !p.VerifiedOn.Valid():
		return fmt.Errorf("verified_on %.20q is no day", p.VerifiedOn)
	case p.Extent == NotApplicable && p.Law != "":
		return errors.New("an article with a law is applicable")
	case len(p.Reservations) > MaxReservations:
		return fmt.Errorf("%d reservations, at most %d are read", len(p.Reservations), MaxReservations)
	}
	for _, text := range []struct {
		what, text string
		needed     bool
	}{
		{"law", p.Law, p.Extent != NotApplicable},
		{"remark (what lacks, or why it is not applicable)", p.Remark, p.Extent != Full},
		{"source", p.Source, true},
		{"verified_by", p.VerifiedBy, false},
	} {
		if text.needed || text.text != "" {
			if err := datafile.CheckText(text.what, text.text, MaxTextRunes); err != nil {
				return err
			}
		}
	}
	for _, r := range p.Reservations {
		if a, err := t.Find(r.Paragraph); err != nil || a.Number != p.Article {
			return fmt.Errorf("a reservation to %.20q is not one to article %s", r.Paragraph, p.Article)
		}
		if err := datafile.CheckText("reservation", r.Text, MaxTextRunes); err != nil {
			return err
		}
	}
	return nil
}

// Book is what is known of the laws of one or more States. It is meant for publication.
type Book struct{ Enactments []Enactment }

// Load reads a book. Whatever is unknown, doubled or contradictory is refused whole, naming file and
// line; exercise and live States do not mix. Nothing is returned with an error.
func Load(name string, data []byte, t Table) (Book, error) {
	var b Book
	index := map[string][]Enactment{} // by State and article
	err := datafile.Items(lists, name, data, func(p Enactment) error {
		if err := p.Check(t); err != nil {
			return err
		}
		key := string(p.State) + " " + p.Article
		if err := fits(p, b.Enactments, index[key]); err != nil {
			return err
		}
		index[key] = append(index[key], p)
		b.Enactments = append(b.Enactments, p)
		return nil
	})
	if err != nil {
		return Book{}, err
	}
	return b.sorted(), nil
}

// fits says whether an enactment contradicts the book, of which same are those of its State and article.
func fits(p Enactment, book, same []Enactment) error {
	if len(book) > 0 && book[0].State.Fictional() != p.State.Fictional() {
		return fmt.Errorf("%s and %s: exercise and live States do not mix", book[0].State, p.State)
	}
	for _, o := range same {
		overlap := (o.Until == "" || p.From <= o.Until) && (p.Until == "" || o.From <= p.Until)
		switch {
		case o.Law == p.Law && overlap:
			return fmt.Errorf("article %s of %s: %.60q is there twice for one time", p.Article, p.State, cmp.Or(p.Law, "no law"))
		case overlap && (o.Extent == NotApplicable) != (p.Extent == NotApplicable):
			return fmt.Errorf("article %s of %s is said to be applicable and not applicable at one time", p.Article, p.State)
		}
	}
	return nil
}

// Set returns the book with the enactment, and the one it replaces, if any: that of the same State,
// article, law and first day. One that is there with another content is replaced only when replace is
// said. The book itself is never changed.
func (b Book) Set(p Enactment, replace bool, t Table) (Book, *Enactment, error) {
	fault := func(err error) error {
		if _, ok := errors.AsType[*rogatory.Error](err); ok {
			return err
		}
		return rogatory.Fault(rogatory.Invalid, "enactment_invalid", "set article %.20q of %.10q: %w", p.Article, p.State, err).WithHint("rogatory legislation set --help shows an example")
	}
	if err := p.Check(t); err != nil {
		return Book{}, nil, fault(err)
	}
	var before *Enactment
	var rest, same []Enactment
	for _, o := range b.Enactments {
		switch {
		case o.State == p.State && o.Article == p.Article && o.Law == p.Law && o.From == p.From:
			before = &o
			continue
		case o.State == p.State && o.Article == p.Article:
			same = append(same, o)
		}
		rest = append(rest, o)
	}
	if before != nil && !replace {
		return Book{}, nil, rogatory.Fault(rogatory.Conflict, "enactment_exists", "%s has article %s by %.60q since %s already", p.State, p.Article, cmp.Or(p.Law, "no law"), p.From).
			WithHint("give --replace to put this in its place")
	}
	if err := fits(p, rest, same); err != nil {
		return Book{}, nil, fault(err)
	}
	return Book{append(rest, p)}.sorted(), before, nil
}

// Of returns the enactments of one State.
func (b Book) Of(state rogatory.StateCode) []Enactment {
	return slices.DeleteFunc(slices.Clone(b.Enactments), func(p Enactment) bool { return p.State != state })
}

// sorted returns a copy in the one order that a book has.
func (b Book) sorted() Book {
	b.Enactments = slices.Clone(b.Enactments)
	slices.SortFunc(b.Enactments, func(x, y Enactment) int {
		return cmp.Or(cmp.Compare(x.State, y.State), cmp.Compare(len(x.Article), len(y.Article)), strings.Compare(x.Article, y.Article), cmp.Compare(x.From, y.From), cmp.Compare(x.Law, y.Law))
	})
	return b
}

// Encode writes the book in its one form, which Load reads: the same book gives the same bytes.
func (b Book) Encode() ([]byte, error) { return datafile.Encode(b.sorted().Enactments) }

// Example is the worked example: invented laws of the exercise States XA, XB and XC. It is checked by a
// test; an error here would be a defect, so it panics.
func Example() Book {
	b, err := Load("data/example.json", embeddedExample, Articles())
	if err != nil {
		panic("the worked example does not load: " + err.Error())
	}
	return b
}
