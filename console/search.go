// SPDX-License-Identifier: Apache-2.0

package console

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"rogatory"
	"rogatory/docket"
	"rogatory/language"
	"rogatory/search"
)

// foundView is a request that was found, and why.
type foundView struct {
	docket.Found
	Them  string
	Where []whereView
}

// whereView is one field that holds what was looked for, with the words around it.
type whereView struct {
	Label string
	Spans []search.Span
}

type searchView struct {
	Query  string
	Asked  bool
	Wrong  *saidView // why the query was not taken
	Found  []foundView
	Next   string
	Answer string // how many there are
}

// fileParts are what a file holds beside the fields of its kind.
var fileParts = []string{search.Ref, "title", "law", "payments", "author", "verdict", "conditions", "preserved", "exhibit", "consent"}

func searchLabel(l *language.Locale, field string) string {
	for _, p := range fileParts {
		if p == field {
			return l.T("search.field." + field)
		}
	}
	return l.Field(field)
}

func (s *server) searchRoutes(mux *http.ServeMux) {
	s.page(mux, "GET search", (*server).search)
}

// search shows the box, and what was found. A query that cannot be read is shown again, with what to mend.
func (s *server) search(v *visit) error {
	if err := docket.MayRead(v.by); err != nil {
		return err
	}
	q := v.r.URL.Query()
	view := searchView{Query: strings.TrimSpace(q.Get("q"))}
	status := http.StatusOK
	if view.Query != "" {
		view.Asked = true
		place, _ := strconv.ParseInt(q.Get("after"), 10, 64)
		r, err := s.Office.Search(v.ctx, v.by, view.Query, place)
		if wrong, ok := errors.AsType[*rogatory.Error](err); ok && wrong.Kind == rogatory.Invalid {
			words := faultWords(v.loc, wrong)
			view.Wrong, view.Asked, status = &words, false, statusOf(err)
		} else if err != nil {
			return err
		}
		for _, f := range r.Found {
			each := foundView{Found: f, Them: s.name(v.loc, f.File.Them.State)}
			for _, why := range f.Reasons {
				if why.Field != "title" { // the title is shown anyway
					each.Where = append(each.Where, whereView{searchLabel(v.loc, why.Field), why.Spans})
				}
			}
			view.Found = append(view.Found, each)
		}
		if r.Next != 0 {
			view.Next = Prefix + "search?" + url.Values{"q": {view.Query}, "after": {strconv.FormatInt(r.Next, 10)}}.Encode()
		}
		view.Answer = v.loc.N("search.found", int64(len(r.Found)))
	}
	return v.show(status, searchScreen(v.frame(v.loc.T("search.title"), "search"), view))
}

// titleOf is the title with what was found in it marked.
func titleOf(f foundView) []search.Span {
	for _, why := range f.Reasons {
		if why.Field == "title" {
			return why.Spans
		}
	}
	return []search.Span{{Text: f.File.Request.Title}}
}
