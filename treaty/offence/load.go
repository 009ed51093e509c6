// SPDX-License-Identifier: Apache-2.0

package offence

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"rogatory"
	"rogatory/datafile"
)

// Limits of the data files. The Convention's own file has some 24 kB; two hundred States with twenty
// provisions of a kilobyte each make 4 MB.
const (
	MaxCatalogueSize = 1 << 20
	MaxNationalSize  = 16 << 20
)

var anID = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// MaxListed bounds each list of a data file: two hundred States with fifty provisions each.
const MaxListed = 10000

// files is the form of this package's data files.
func files(size int) datafile.Form {
	return datafile.Form{Code: "offences_invalid", TooLarge: "offences_too_large", Hint: "mend that line; nothing of the file was loaded", Size: size, Items: MaxListed}
}

// LoadCatalogue reads the offences of the Convention from a file of that name. Unknown members,
// unknown or malformed references, doubled ids and missing articles are refused with file and line.
// Nothing is returned with an error.
func LoadCatalogue(name string, data []byte) (*Catalogue, error) {
	var c Catalogue
	f, err := files(MaxCatalogueSize).Read(name, data, &c)
	if err != nil {
		return nil, err
	}
	if err := c.check(&checker{file: f, elements: c.Elements}); err != nil {
		return nil, err
	}
	c.Digest = rogatory.DigestOf(data)
	return &c, nil
}

// LoadNational reads national offences, as LoadCatalogue does; ids and articles are those of c.
// Two versions of one section may follow each other, but not overlap.
func LoadNational(name string, data []byte, c *Catalogue) (*National, error) {
	var n National
	f, err := files(MaxNationalSize).Read(name, data, &n)
	if err != nil {
		return nil, err
	}
	if err := n.check(&checker{file: f, elements: n.Elements}, c); err != nil {
		return nil, err
	}
	n.Digest = rogatory.DigestOf(data)
	return &n, nil
}

// place is where a value stands in a file: names of members and numbers of items, from the outermost.
type place []any

func at(steps ...any) place { return steps }

func (p place) at(steps ...any) place { return slices.Concat(p, steps) }

// checker keeps the first fault, with the line of the value that it was told of.
type checker struct {
	file     *datafile.File
	elements map[ElementID]Element
	err      error
}

// need notes a fault at a path if ok is false.
func (k *checker) need(ok bool, path place, format string, args ...any) {
	if !ok && k.err == nil {
		k.err = k.file.Fault(fmt.Errorf(format, args...), path...)
	}
}

func (k *checker) article(path place, a string) {
	k.need(rogatory.Article(a).Valid(), path, "%.20q is not an article such as 7(2) or 11(1)(a)(ii)", a)
}

// known needs an element of one of the kinds.
func (k *checker) known(path place, id ElementID, kinds ...string) {
	e, ok := k.elements[id]
	k.need(ok, path, "element %.40q is not known", id)
	k.need(!ok || slices.Contains(kinds, e.Kind), path, "%s is of kind %s, not %s", id, e.Kind, strings.Join(kinds, " or "))
}

// distinct needs a list without repetition.
func distinct[T comparable](k *checker, path place, all []T) {
	seen := map[T]bool{}
	for i, one := range all {
		k.need(!seen[one], path.at(i), "%.60v is there twice", one)
		seen[one] = true
	}
}

func (k *checker) checkElements() {
	for _, id := range slices.Sorted(maps.Keys(k.elements)) {
		e, path := k.elements[id], at("elements", string(id))
		k.need(anID.MatchString(string(id)), path, "%.60q is not an id: small letters, digits and _", id)
		k.need(slices.Contains([]string{Act, Effect, Circumstance, Mind, Exclusion}, e.Kind), path.at("kind"), "%.40q is not a kind of element", e.Kind)
		k.need(e.Text != "", path, "element %s has no text", id)
	}
}

var conditions = []string{Act, Effect, Circumstance, Mind}

func (c *Catalogue) check(k *checker) error {
	k.need(c.Version != "", at("version"), "the version is missing")
	k.checkElements()
	var articles []string
	used := map[ElementID]bool{}
	for i, o := range c.Offences {
		path := at("offences", i)
		k.article(path.at("article"), o.Article)
		k.need(!slices.Contains(articles, o.Article), path.at("article"), "article %s is there twice", o.Article)
		articles = append(articles, o.Article)
		k.checkOffence(path, o)
		k.need(len(o.acts(c)) > 0, path, "article %s has no act", o.Article)
		for _, id := range o.Speaks() {
			used[id] = true
		}
	}
	k.need(len(articles) > 0, at("offences"), "there are no offences")
	for _, id := range slices.Sorted(maps.Keys(c.Elements)) {
		k.need(used[id], at("elements", string(id)), "no article uses the element %s", id)
	}
	for i, g := range c.General {
		path := at("general", i)
		k.article(path.at("article"), g.Article)
		k.need(g.Title != "" && g.Text != "", path, "title or text is missing")
		k.need(!slices.Contains(articles, g.Article), path, "article %s is there twice", g.Article)
		articles = append(articles, g.Article)
	}
	c.checkRest(k, articles)
	return k.err
}

func (k *checker) checkOffence(path place, o Offence) {
	k.need(o.Title != "", path.at("title"), "article %s has no title", o.Article)
	distinct(k, path.at("elements"), o.Speaks()) // each id has one place in an article
	rules := func(list string, all []Rule) {
		for i, r := range all {
			at := path.at(list, i)
			k.known(at, r.ID, conditions...)
			k.article(at, r.Article)
		}
	}
	rules("elements", o.Elements)
	rules("options", o.Options)
	var ids []string
	for i, a := range o.Alternatives {
		at := path.at("alternatives", i)
		k.known(at, a.Element, Act)
		k.article(at, a.Article)
		k.need(anID.MatchString(a.ID), at, "%.40q is not an id", a.ID)
		k.need(slices.Contains([]string{"", "fixed", "separate", "basic_concepts"}, a.Rule), at, "%.40q is not a rule for an alternative", a.Rule)
		k.need((a.Rule == "") == (a.RuleArticle == ""), at, "rule and rule_article belong together")
		if a.RuleArticle != "" {
			k.article(at, a.RuleArticle)
		}
		ids = append(ids, a.ID)
	}
	distinct(k, path.at("alternatives"), ids)
	for i, e := range o.Extensions {
		at := path.at("extensions", i)
		k.known(at, e.ID, Effect, Circumstance, Mind)
		k.article(at, e.Article)
		k.need(slices.ContainsFunc(o.Elements, func(r Rule) bool { return r.ID == e.Replaces }), at, "replaces %.40q, which is no element of the article", e.Replaces)
	}
	for i, e := range o.Exclusions {
		at := path.at("exclusions", i)
		k.known(at, e.ID, Exclusion)
		k.article(at, e.Article)
		k.need(e.By == "convention" || e.By == "party", at, "by is convention or party, not %.40q", e.By)
	}
	for i, n := range o.Care {
		at := path.at("care", i)
		k.need(n.Text != "", at, "the text is missing")
		k.article(at, n.Article)
	}
}

func (c *Catalogue) checkRest(k *checker, articles []string) {
	var forms []Form
	for i, f := range c.Forms {
		path := at("forms", i)
		k.need(slices.Contains([]Form{Participation, Attempt, Preparation}, f.ID), path, "%.40q is not a form", f.ID)
		k.article(path, f.Article)
		k.need(f.Text != "", path, "the text is missing")
		forms = append(forms, f.ID)
	}
	distinct(k, at("forms"), forms)
	k.need(len(forms) == 3, at("forms"), "%d forms, not participation, attempt and preparation", len(forms))
	var ours, theirs []string
	for i, p := range c.Counterparts {
		path := at("budapest", i)
		k.need(p.Article != "" || p.Budapest != "", path, "a counterpart of nothing")
		k.need(p.Difference != "", path, "the difference is missing")
		k.need(p.Article == "" || slices.Contains(articles, p.Article), path, "article %.20q is not known", p.Article)
		k.need(p.Article == "" || !slices.Contains(ours, p.Article), path, "article %s is there twice", p.Article)
		k.need(p.Budapest == "" || !slices.Contains(theirs, p.Budapest), path, "Budapest article %s is there twice", p.Budapest)
		if p.Budapest != "" { // its articles, 1 to 48, have the same form
			k.article(path, p.Budapest)
		}
		ours, theirs = append(ours, p.Article), append(theirs, p.Budapest)
	}
	var kinds []rogatory.RequestKind
	for i, r := range c.DualCriminality {
		path := at("dual_criminality", i)
		k.need(slices.Contains([]string{ruleNo, ruleMay, ruleRequired, ruleReserved}, r.Rule), path, "%.40q is not a rule for dual criminality", r.Rule)
		k.article(path, r.Article)
		k.need((r.Rule == ruleReserved) == (r.ReservedArticle != ""), path, "only_reserved and reserved_article belong together")
		k.need(r.Text != "" && len(r.Kinds) > 0, path, "text or kinds are missing")
		for _, id := range r.Kinds {
			k.need(anID.MatchString(string(id)), path, "%.40q is not a kind of request", id)
			k.need(!slices.Contains(kinds, id), path, "kind %s has two rules", id)
			kinds = append(kinds, id)
		}
	}
	k.need(c.SeriousCrime.Years == rogatory.SeriousCrimeYears && c.SeriousCrime.Text != "", at("serious_crime"), "a serious crime begins at %d years", rogatory.SeriousCrimeYears)
	k.article(at("serious_crime"), c.SeriousCrime.Article)
}
