// SPDX-License-Identifier: Apache-2.0

package console

import (
	"cmp"
	"net/http"
	"slices"

	"rogatory"
	"rogatory/assistance"
	"rogatory/language"
	"rogatory/legislation"
)

// This file holds two boards of lists that are meant for publication: what a State's law still lacks, and technical
// assistance. Both are read only; the commands write them.

// lawRow is one article of the tracker.
type lawRow struct {
	legislation.Line
	Offence string // in the reader's language, where the article is one of an offence
	Next    []string
}

type lawsView struct {
	State   string
	On      string
	Known   bool
	Fields  []field
	Totals  []legislation.Total
	Parts   []lawPart
	Unread  int // articles that no jurist has verified
	Command string
}

type lawPart struct {
	legislation.Chapter
	Rows []lawRow
}

// lawStatuses and lawObligations are the filters, in the order in which they are shown.
var (
	lawStatuses    = []legislation.Status{legislation.Missing, legislation.PartlyImplemented, legislation.Implemented, legislation.Inapplicable}
	lawObligations = []legislation.Obligation{legislation.Mandatory, legislation.Consider, legislation.Optional, legislation.None}
)

func (s *server) laws(v *visit) error {
	book := legislation.Book{}
	if s.Laws != nil {
		var err error
		if book, err = s.Laws(); err != nil {
			return err
		}
	}
	q := v.r.URL.Query()
	state := rogatory.StateCode(cmp.Or(q.Get("state"), string(s.Office.Us.State)))
	table := legislation.Articles()
	today := legislation.Date(v.now.Time().Format("2006-01-02"))
	a, err := legislation.Assess(table, book, state, today)
	if err != nil {
		return err
	}
	view := lawsView{State: s.name(v.loc, state), On: v.loc.Day(v.now, zoneNamed("UTC")), Known: len(book.Of(state)) > 0, Totals: a.Totals, Unread: a.ArticlesUnverified,
		Command: "rogatory legislation set " + string(state) + " 7 --law \"...\" --from 2027-01-01 --source \"...\""}
	view.Fields = s.lawFields(v.loc, book, state, q.Get("chapter"), q.Get("status"), q.Get("obligation"), table)
	for _, part := range a.Parts {
		if c := q.Get("chapter"); c != "" && part.Chapter.Number != c {
			continue
		}
		p := lawPart{Chapter: part.Chapter}
		for _, line := range part.Lines {
			if st := q.Get("status"); st != "" && string(line.Status) != st {
				continue
			}
			if o := q.Get("obligation"); o != "" && string(line.Article.Obligation) != o {
				continue
			}
			row := lawRow{Line: line, Next: nextOf(v.loc, line)}
			if o := v.loc.Offence(line.Article.Number); o != v.loc.Isolate(line.Article.Number) {
				row.Offence = o
			}
			p.Rows = append(p.Rows, row)
		}
		if len(p.Rows) > 0 {
			view.Parts = append(view.Parts, p)
		}
	}
	return v.show(http.StatusOK, lawsScreen(v.frame(v.loc.T("laws.title"), "legislation"), view))
}

// nextOf says in the reader's language what is to be done about an article.
func nextOf(l *language.Locale, line legislation.Line) (todo []string) {
	switch line.Status {
	case legislation.Missing:
		todo = append(todo, l.T("laws.next."+string(line.Article.Obligation)))
	case legislation.PartlyImplemented:
		todo = append(todo, l.T("laws.next.add"))
	}
	for _, p := range line.Coming {
		todo = append(todo, l.T("laws.next.wait", "date", dayOf(l, p.From)))
	}
	for _, p := range line.Enactments {
		if p.Until != "" {
			todo = append(todo, l.T("laws.next.ends", "date", dayOf(l, p.Until)))
		}
		if p.VerifiedBy == "" {
			todo = append(todo, l.T("laws.next.verify"))
		}
	}
	slices.Sort(todo)
	return slices.Compact(todo)
}

func (s *server) lawFields(l *language.Locale, book legislation.Book, state rogatory.StateCode, chapter, status, obligation string, table legislation.Table) []field {
	anyOf := option{"", l.T("figures.any")}
	states := []rogatory.StateCode{s.Office.Us.State, state}
	for _, p := range book.Enactments {
		states = append(states, p.State)
	}
	slices.Sort(states)
	which := field{Name: "state", Label: l.T("figures.state"), Form: "select", Value: string(state), Needed: true}
	for _, code := range slices.Compact(states) {
		which.Options = append(which.Options, option{string(code), s.name(l, code)})
	}
	chapters := field{Name: "chapter", Label: l.T("laws.chapter"), Form: "select", Value: chapter, Options: []option{anyOf}}
	for _, c := range table.Chapters {
		chapters.Options = append(chapters.Options, option{c.Number, c.Number})
	}
	statuses := field{Name: "status", Label: l.T("laws.status"), Form: "select", Value: status, Options: []option{anyOf}}
	for _, st := range lawStatuses {
		statuses.Options = append(statuses.Options, option{string(st), l.T("laws.status." + string(st))})
	}
	obligations := field{Name: "obligation", Label: l.T("laws.obligation"), Form: "select", Value: obligation, Options: []option{anyOf}}
	for _, o := range lawObligations {
		obligations.Options = append(obligations.Options, option{string(o), l.T("laws.obligation." + string(o))})
	}
	return []field{which, chapters, statuses, obligations}
}

// helpRow is a need or an offer.
type helpRow struct {
	assistance.Listing
	From, Until string
	Over        bool
}

type helpView struct {
	Fields  []field
	Empty   bool // there is no list at all
	Needs   []helpRow
	Offers  []helpRow
	Suits   []assistance.Suggestion
	Matches []assistance.Match
}

// help is the board of technical assistance, filtered by article, language and region.
func (s *server) help(v *visit) error {
	book := assistance.Book{}
	if s.Assistance != nil {
		var err error
		if book, err = s.Assistance(); err != nil {
			return err
		}
	}
	q := v.r.URL.Query()
	article, tongue, region := q.Get("article"), q.Get("language"), q.Get("region")
	today := assistance.Date(v.now.Time().Format("2006-01-02"))
	view := helpView{Empty: len(book.Listings) == 0, Fields: helpFields(v.loc, book, article, tongue, region)}
	shown := map[assistance.ID]bool{}
	var needs, offers []assistance.Listing
	for _, l := range book.Listings {
		if article != "" && !slices.Contains(l.Articles, article) || tongue != "" && !slices.Contains(l.Languages, tongue) ||
			region != "" && !slices.Contains(l.Regions, region) && !slices.Contains(l.Regions, assistance.Everywhere) {
			continue
		}
		shown[l.ID] = true
		row := helpRow{Listing: l, From: dayOf(v.loc, l.From), Until: dayOf(v.loc, l.Until), Over: l.Until < today}
		if l.ID.Side() == assistance.NeedSide {
			needs, view.Needs = append(needs, l), append(view.Needs, row)
		} else {
			offers, view.Offers = append(offers, l), append(view.Offers, row)
		}
	}
	view.Suits = assistance.Suggest(needs, offers, today)
	for _, m := range book.Matches {
		if shown[m.Need] || shown[m.Offer] {
			view.Matches = append(view.Matches, m)
		}
	}
	return v.show(http.StatusOK, helpScreen(v.frame(v.loc.T("help.title"), "assistance"), view))
}

// dayOf writes a day of a list as the reader's language does.
func dayOf(l *language.Locale, d rogatory.Date) string {
	at, ok := moment(string(d))
	if !ok {
		return l.Isolate(string(d))
	}
	return l.Day(at, zoneNamed("UTC"))
}

func helpFields(l *language.Locale, book assistance.Book, article, tongue, region string) []field {
	anyOf := option{"", l.T("figures.any")}
	collect := func(of func(assistance.Listing) []string, words func(string) string) []option {
		seen := map[string]bool{}
		for _, listing := range book.Listings {
			for _, value := range of(listing) {
				seen[value] = true
			}
		}
		options := []option{anyOf}
		values := sortedKeys(seen)
		slices.SortStableFunc(values, func(a, b string) int { return cmp.Compare(len(a), len(b)) }) // articles as numbers
		for _, value := range values {
			options = append(options, option{value, words(value)})
		}
		return options
	}
	return []field{
		{Name: "article", Label: l.T("help.article"), Form: "select", Value: article, Options: collect(func(x assistance.Listing) []string { return x.Articles }, func(a string) string { return a })},
		{Name: "language", Label: l.T("help.language"), Form: "select", Value: tongue, Options: collect(func(x assistance.Listing) []string { return x.Languages }, l.Language)},
		{Name: "region", Label: l.T("help.region"), Form: "select", Value: region, Options: collect(func(x assistance.Listing) []string { return x.Regions }, func(r string) string { return l.T("help.region." + r) })},
	}
}

// lawMark is the mark beside a status.
func lawMark(s legislation.Status) string {
	switch s {
	case legislation.Implemented:
		return "complete"
	case legislation.PartlyImplemented:
		return "started"
	case legislation.Missing:
		return "attention"
	}
	return ""
}

func orElse(s, otherwise string) string { return cmp.Or(s, otherwise) }
