// SPDX-License-Identifier: Apache-2.0

package console

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"rogatory"
	"rogatory/language"
	"rogatory/treaty"
)

// The choices that a browser keeps, for a year: they are no secret and name nobody.
const (
	cookieLanguage = "rogatory-language"
	cookieTheme    = "rogatory-theme"
	cookieKeys     = "rogatory-keys"
	choiceLife     = 365 * 24 * time.Hour
)

// themes are what a person may choose; the first leaves it to the device.
var themes = []string{"auto", "light", "dark"}

// whole lists the languages that have all their texts. One that lacks a file is not offered: half a
// screen in another language helps nobody.
func whole(c *language.Catalogue) []*language.Locale {
	missing := map[string]bool{}
	for _, f := range c.Missing() {
		missing[f.Language] = true
	}
	var all []*language.Locale
	for _, tag := range language.Supported() {
		if !missing[tag] {
			all = append(all, c.Locale(tag))
		}
	}
	return all
}

// locale is what the person chose, then what the browser asks for.
func (s *server) locale(r *http.Request) *language.Locale {
	chosen := ""
	if c, err := r.Cookie(cookieLanguage); err == nil {
		chosen = c.Value
	}
	l := s.texts.Locale(chosen, r.Header.Get("Accept-Language"))
	if !slices.ContainsFunc(s.spoken, func(o *language.Locale) bool { return o.Tag() == l.Tag() }) {
		return s.texts.Locale(language.Base)
	}
	return l
}

func theme(r *http.Request) string {
	if c, err := r.Cookie(cookieTheme); err == nil && slices.Contains(themes, c.Value) {
		return c.Value
	}
	return themes[0]
}

// keys reports whether single keys do something: whoever dictates or slips can switch them off (WCAG 2.1.4).
func keys(r *http.Request) bool {
	c, err := r.Cookie(cookieKeys)
	return err != nil || c.Value != "off"
}

// choose keeps a language or a theme, and goes back to the page. What was typed there is not lost where
// the browser keeps it; a form that was sent already is not sent again.
func (s *server) choose(v *visit) error {
	keep := func(name, value string) {
		http.SetCookie(v.w, &http.Cookie{Name: name, Value: value, Path: Prefix, MaxAge: int(choiceLife.Seconds()), HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: s.sessions.Cookie.Secure})
	}
	if tag := v.r.PostFormValue("language"); slices.ContainsFunc(s.spoken, func(l *language.Locale) bool { return l.Tag() == tag }) {
		keep(cookieLanguage, tag)
	}
	if t := v.r.PostFormValue("theme"); slices.Contains(themes, t) {
		keep(cookieTheme, t)
	}
	if k := v.r.PostFormValue("keys"); k == "on" || k == "off" {
		keep(cookieKeys, k)
	}
	back := v.r.PostFormValue("back")
	if !strings.HasPrefix(back, Prefix) || strings.ContainsAny(back, "\r\n\\") {
		back = Prefix
	}
	http.Redirect(v.w, v.r, back, http.StatusSeeOther)
	return nil
}

func at(i rogatory.Instant, zone string) time.Time { return i.Time().In(zoneNamed(zone)) }

func zoneNamed(zone string) *time.Location {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		return time.UTC
	}
	return loc
}

func when(l *language.Locale, i rogatory.Instant, zone string) string {
	return l.Moment(i, zoneNamed(zone))
}

// When writes a moment in a zone.
func (f frame) When(i rogatory.Instant, zone string) string { return when(f.Locale, i, zone) }

// saidView is a sentence of the program: in the reader's language, and as it is said exactly in English where
// that is another.
type saidView struct{ Words, English string }

func faultWords(l *language.Locale, e *rogatory.Error) saidView {
	hint := e.Hint
	if strings.HasPrefix(hint, "rogatory ") { // a command is a hint for whoever sits at one
		hint = ""
	}
	exact := strings.TrimSpace(sentence(e.Message) + " " + sentence(hint))
	words := l.Fault(e)
	if l.Tag() == language.Base && !asksPeople(e) || words == "" {
		return saidView{Words: exact}
	}
	return saidView{words, exact}
}

// asksPeople reports whether a fault is the safeguards' asking: what they ask is told on the review's screen, in words.
func asksPeople(e *rogatory.Error) bool {
	return e.Code == "approval_needed" || e.Code == "safeguard_blocks" || e.Code == "sheet_incomplete"
}

func findingWords(l *language.Locale, f treaty.Finding) saidView {
	exact := sentence(f.Text)
	if l.Tag() == language.Base {
		return saidView{Words: exact}
	}
	return saidView{l.Finding(f.Code, labelOfPart(l, partOf(f))), exact}
}

// labelOfPart names a part of a draft.
func labelOfPart(l *language.Locale, part string) string {
	switch part {
	case "":
		return ""
	case partAddress, partTitle, partOffence, partTerm, partPayment, partPrints, partWords:
		return l.T("part." + part)
	}
	return l.Field(part)
}
