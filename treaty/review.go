// SPDX-License-Identifier: Apache-2.0

package treaty

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"rogatory"
)

// Limits on what a request may say; a request is read by people.
const (
	MaxFieldRunes = 20000
	MaxTitleRunes = 200
	MaxArticles   = 11
	// ManyIdentifiers is where a list draws a warning, and MaxIdentifiers where it is refused: one
	// request serves one specific investigation (Arts 23(1), 35(1)).
	ManyIdentifiers = 50
	MaxIdentifiers  = 1000
	// LongPeriod is where the time asked for draws a warning.
	LongPeriod = 366 * Day
)

// Finding is one thing that a review of a request found.
type Finding struct {
	Code    string `json:"code"`
	Field   string `json:"field,omitempty"`
	Article string `json:"article,omitempty"`
	Text    string `json:"text"`
	Blocks  bool   `json:"blocks"` // it cannot be sent; a warning does not stop it
}

// Words tells the finding with its article, for whoever sees nothing else of it.
func (f Finding) Words() string {
	if f.Article == "" || strings.Contains(f.Text, "(Art") {
		return f.Text
	}
	return f.Text + " (Art " + f.Article + ")"
}

// Review lists what the request still needs before it can be sent, and what a careful colleague would
// ask about, each with its field and article. It never stops a draft from being kept. Time is when it
// is read, for terms that lie in the past; zero leaves these out.
func (r *Rules) Review(req rogatory.Request, on rogatory.Instant) []Finding {
	k, err := r.Kind(req.Kind)
	if err != nil {
		return []Finding{{Code: rogatory.CodeOf(err), Text: err.Error(), Blocks: true}}
	}
	var found []Finding
	say := func(blocks bool, code, field, article, format string, args ...any) {
		found = append(found, Finding{code, field, article, fmt.Sprintf(format, args...), blocks})
	}
	if strings.TrimSpace(req.Title) == "" {
		say(true, "title_missing", "title", "", "a title, so that people can tell requests apart")
	}
	if utf8.RuneCountInString(req.Title) > MaxTitleRunes {
		say(true, "title_long", "title", "", "a shorter title: at most %d characters", MaxTitleRunes)
	}
	if req.Language == "" {
		say(true, "language_missing", "language", "40(13)", "the language of the text (Art 40(13))")
	}
	if _, ok := k.Part(req.Part); len(k.Parts) > 0 && !ok || len(k.Parts) == 0 && req.Part != "" {
		say(true, "part_unknown", "part", k.Article, "which part of a %s request it is: %s", k.ID, parts(k))
	}
	if !slices.Contains([]rogatory.LegalBasis{"", rogatory.ThisConvention, rogatory.BudapestTreaty, rogatory.OtherTreaty, rogatory.UnderReciprocity, rogatory.OtherTreatyByUNCC}, req.Basis) {
		say(true, "basis_unknown", "basis", "40(7)", "a legal basis that is known, not %.40q (Art 40(7))", req.Basis)
	}
	if req.Rules != "" && req.Rules < r.Version {
		say(false, "rules_outdated", "rules", "", "it was written under the rules of %s, those of %s are in force: read it again", req.Rules, r.Version)
	}
	found = append(found, r.reviewFields(k, req, on)...)
	found = append(found, r.reviewTranslation(k, req)...)
	found = append(found, reviewOffence(req.Offence, k)...)
	found = append(found, reviewCarried(k, req, on)...)
	if req.Follows != "" {
		switch {
		case k.MayFollow == "":
			say(true, "follows_none", "follows", k.Article, "no earlier request: a %s request follows none", k.ID)
		case !req.Follows.Valid():
			say(true, "follows_invalid", "follows", "", "a well-formed reference to the earlier request, not %.40q", string(req.Follows))
		}
	}
	return found
}

// Lacks lists what must be mended before a request can be sent, in words.
func (r *Rules) Lacks(req rogatory.Request, on rogatory.Instant) []string {
	var lacks []string
	for _, f := range r.Review(req, on) {
		if f.Blocks {
			lacks = append(lacks, f.Words())
		}
	}
	return lacks
}

func parts(k Kind) string {
	if len(k.Parts) == 0 {
		return "it has none"
	}
	var ids []string
	for _, p := range k.Parts {
		ids = append(ids, p.ID)
	}
	return strings.Join(ids, ", ")
}

func (r *Rules) reviewFields(k Kind, req rogatory.Request, on rogatory.Instant) []Finding {
	var found []Finding
	required, optional := k.FieldsOf(req.Part)
	for _, a := range req.Offence.Articles {
		for _, f := range k.RequiredFor[a] {
			if !slices.Contains(required, f) {
				required = append(required, f)
			}
		}
	}
	for _, id := range required {
		if strings.TrimSpace(req.Contents[id]) == "" {
			f := r.Fields[id]
			found = append(found, Finding{"field_missing", id, f.Article, fmt.Sprintf("%s: %s (Art %s)", id, f.Label, f.Article), true})
		}
	}
	for _, id := range slices.Sorted(maps.Keys(req.Contents)) {
		if !slices.Contains(required, id) && !slices.Contains(optional, id) {
			found = append(found, Finding{"field_unknown", id, k.Article, fmt.Sprintf("no field %.40q: a %s request has none", id, k.ID), true})
			continue
		}
		if f := r.checkField(id, req.Contents[id], on); f != nil {
			found = append(found, *f)
		}
	}
	return found
}

// wide finds words and patterns that ask for everything. It only warns: an officer may mean it.
var wide = regexp.MustCompile(`(?i)(^|[\s@./])\*($|[\s@./])|\b(all|any|every) (users?|accounts?|customers?|subscribers?|traffic|data|mailboxes|persons?)\b|(^|\s)(0\.0\.0\.0|::)/0\b|\b\d{1,3}(\.\d{1,3}){3}/([0-9]|1[0-5])\b`)

// checkField reads one text by the form of its field.
func (r *Rules) checkField(id, text string, on rogatory.Instant) *Finding {
	f := r.Fields[id]
	finding := func(blocks bool, code, format string, args ...any) *Finding {
		return &Finding{code, id, f.Article, fmt.Sprintf(format, args...), blocks}
	}
	switch {
	case strings.TrimSpace(text) == "":
		return nil
	case utf8.RuneCountInString(text) > MaxFieldRunes:
		return finding(true, "field_long", "%s with at most %d characters", id, MaxFieldRunes)
	case len(f.Choices) > 0 && !slices.Contains(f.Choices, text):
		return finding(true, "choice_unknown", "%s as one of %s (Art %s)", id, strings.Join(f.Choices, ", "), f.Article)
	case f.Form == formPeriod:
		return periodFinding(text, on, finding)
	}
	if f.Form == formList {
		n := 1 + strings.Count(strings.Trim(text, "\n,; "), "\n") + strings.Count(text, ",") + strings.Count(text, ";")
		if n > MaxIdentifiers {
			return finding(true, "over_broad", "%s with at most %d entries, this has about %d: one request serves one investigation (Arts 23(1), 35(1))", id, MaxIdentifiers, n)
		}
		if n > ManyIdentifiers {
			return finding(false, "over_broad", "%s has about %d entries: is each of them needed (Arts 23(1), 40(16))", id, n)
		}
	}
	if where := wide.FindString(text); where != "" {
		return finding(false, "over_broad", "%s asks for %.40q: name what is needed, or it comes back (Arts 23(1), 40(16))", id, strings.TrimSpace(where))
	}
	return nil
}

// periodFinding reads "2026-11-01T00:00Z to 2026-11-03T23:59Z".
func periodFinding(text string, on rogatory.Instant, finding func(bool, string, string, ...any) *Finding) *Finding {
	first, last, ok := strings.Cut(text, " to ")
	from, okFrom := moment(first)
	to, okTo := moment(last)
	switch {
	case !ok || !okFrom || !okTo:
		return finding(false, "period_unread", "the period %.60q cannot be read: is it bounded at both ends, as in 2026-11-01T00:00Z to 2026-11-03T23:59Z", text)
	case to.Before(from):
		return finding(true, "period_reversed", "a period that ends after it begins, not %.60q", text)
	case to.Sub(from) > LongPeriod:
		return finding(false, "over_broad", "the period is %d days long: is all of it needed (Arts 23(1), 40(16))", int(to.Sub(from)/Day))
	case on != 0 && from.After(on.Time()):
		return finding(false, "period_future", "the period begins in the future: stored data lie in the past")
	}
	return nil
}

// PeriodOf reads the text of a field of the form "period". Its end counts as long as it is written: a day until the last
// moment of the day, a minute until that of the minute. False: it cannot be read, or ends before it begins.
func PeriodOf(text string) (rogatory.Term, bool) {
	first, last, ok := strings.Cut(text, " to ")
	from, _, okFrom := stretch(first)
	to, length, okTo := stretch(last)
	if !ok || !okFrom || !okTo || to.Before(from) {
		return rogatory.Term{}, false
	}
	return rogatory.Term{From: rogatory.At(from), To: rogatory.At(to.Add(length - time.Microsecond))}, true
}

func moment(s string) (time.Time, bool) {
	t, _, ok := stretch(s)
	return t, ok
}

// stretch reads a moment, and how long it is as it is written.
func stretch(s string) (time.Time, time.Duration, bool) {
	s = strings.TrimSpace(s)
	for _, form := range []struct {
		layout string
		length time.Duration
	}{{"2006-01-02T15:04Z07:00", time.Minute}, {time.RFC3339, time.Second}, {"2006-01-02", Day}} {
		if t, err := time.Parse(form.layout, s); err == nil {
			return t, form.length, true
		}
	}
	return time.Time{}, 0, false
}

var offenceArticles = []string{"7", "8", "9", "10", "11", "12", "13", "14", "15", "16", "17"}

// reviewOffence checks Art 35(1): a Convention offence, or a serious crime.
func reviewOffence(o rogatory.Offence, k Kind) []Finding {
	var found []Finding
	say := func(code, article, format string, args ...any) {
		found = append(found, Finding{code, "offence", article, fmt.Sprintf(format, args...), true})
	}
	allowed := k.offences()
	for _, a := range o.Articles {
		switch {
		case !slices.Contains(offenceArticles, a):
			say("offence_unknown", "35(1)", "offence articles among 7 to 17, not %.10q (Art 35(1))", a)
		case !slices.Contains(allowed, a):
			say("offence_outside", k.Article, "an offence of Articles %s: a %s request serves no other, not %s", strings.Join(allowed, ", "), k.ID, a)
		}
	}
	if len(o.Articles) > MaxArticles {
		say("offences_many", "35(1)", "at most %d offence articles", MaxArticles)
	}
	serious := o.MaximumYears >= rogatory.SeriousCrimeYears
	switch {
	case k.Offences == NoOffence:
		return found
	case len(o.Articles) == 0 && k.Offences == ConventionOffence:
		say("offence_missing", k.Article, "an offence of Articles 7 to 17: a %s request serves no other (Art %s)", k.ID, k.Article)
	case len(o.Articles) == 0 && !serious:
		say("offence_missing", "35(1)", "an offence of Articles 7 to 17, or a serious crime of at least %d years (Arts 2(h), 35(1))", rogatory.SeriousCrimeYears)
	}
	if strings.TrimSpace(o.Law) == "" {
		say("law_missing", "35(1)", "the provision of law that makes it an offence (Art 35(1))")
	}
	return found
}

// reviewCarried checks what a request carries beside its text: a term, the way of the money, digests.
func reviewCarried(k Kind, req rogatory.Request, on rogatory.Instant) []Finding {
	var found []Finding
	say := func(code, field, format string, args ...any) {
		found = append(found, Finding{code, field, k.Article, fmt.Sprintf(format, args...), true})
	}
	has := func(name string, need Need, there bool, what string) {
		switch {
		case need == NeedRequired && !there:
			say(name+"_missing", name, "%s (Art %s)", what, k.Article)
		case need == "" && there:
			say(name+"_unknown", name, "no %s: a %s request has none", name, k.ID)
		}
	}
	has("term", k.Term, req.Term.To != 0, "from when to when the measure is asked for; its end is hard")
	has("payments", k.Payments, len(req.Payments) > 0, "the way of the money: from and to which account, how much, when")
	has("fingerprints", k.Fingerprints, len(req.Fingerprints) > 0, "digests of what is to be removed; the material itself never travels")
	if t := req.Term; t.To != 0 {
		switch {
		case t.To < t.From:
			say("term_reversed", "term", "a term that ends after it begins, not %s to %s", t.From, t.To)
		case on != 0 && t.To <= on:
			say("term_past", "term", "a term that ends in the future, not at %s", t.To)
		}
	}
	for i, t := range req.Payments {
		if !t.Amount.Valid() || strings.TrimSpace(t.From.Number) == "" || strings.TrimSpace(t.To.Number) == "" || t.At <= 0 {
			say("payment_invalid", "payments", "payment %d with both accounts, a decimal amount with its currency, and its time", i+1)
		} else if on != 0 && t.At > on {
			say("payment_future", "payments", "payment %d with a time that has passed, not %s", i+1, t.At)
		}
	}
	for i, f := range req.Fingerprints {
		if !f.Valid() {
			say("fingerprint_invalid", "fingerprints", "digest %d as sha256 with 64 small hexadecimal digits, or another named algorithm", i+1)
		}
	}
	return found
}
