// SPDX-License-Identifier: Apache-2.0

package legislation

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strings"
)

// Markdown writes the assessment for print.
func (a Assessment) Markdown() []byte {
	var b bytes.Buffer
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	say("# Self-assessment of %s under the UN Convention against Cybercrime", a.State)
	say("")
	say("On %s. This is what %s says of its own law, article by article; it is nobody's finding.", a.On, a.State)
	if a.State.Fictional() {
		say("**Exercise:** %s is a fictional State and its laws are invented.", a.State)
	}
	say("What is marked * was not yet compared with the official text by a jurist: the content of %d articles, the kind of", a.ArticlesUnverified)
	say("obligation of %d. All titles and contents of articles are in our words.", a.ObligationsUnverified)
	say("%d enactments in force name nobody who verified them.", a.Unverified)
	say("")
	say("## Totals")
	say("")
	say("| obligation | implemented | partly | missing | not applicable |")
	say("|---|--:|--:|--:|--:|")
	for _, t := range a.Totals {
		say("| %s | %d | %d | %d | %d |", t.Obligation, t.Implemented, t.Partly, t.Missing, t.NotApplicable)
	}
	for _, p := range a.Parts {
		say("")
		say("## Chapter %s. %s", p.Chapter.Number, escape(p.Chapter.Title)+star(p.Chapter.Verified))
		say("")
		say("Implemented %d, partly %d, missing %d, not applicable %d.", p.Total.Implemented, p.Total.Partly, p.Total.Missing, p.Total.NotApplicable)
		say("")
		say("| article | obligation | status | enactments | what to do next |")
		say("|---|---|---|---|---|")
		for _, l := range p.Lines {
			say("| %s %s%s | %s%s | %s | %s | %s |", l.Article.Number, escape(l.Article.Title), star(l.Article.Verified), l.Article.Obligation, star(l.Article.ObligationVerified), strings.ReplaceAll(string(l.Status), "_", " "),
				cmp.Or(escape(strings.Join(l.words(), "; ")), "-"), cmp.Or(escape(l.Next), "-"))
		}
	}
	return b.Bytes()
}

// star marks what no jurist has verified.
func star(verified bool) string {
	if verified {
		return ""
	}
	return "*"
}

// words says each enactment in force in one line.
func (l Line) words() []string {
	var each []string
	for _, p := range l.Enactments {
		text := cmp.Or(p.Law, p.Remark)
		text += fmt.Sprintf(", since %s", p.From)
		if p.Until != "" {
			text += fmt.Sprintf(" until %s", p.Until)
		}
		verified := "not verified"
		if p.VerifiedBy != "" {
			verified = fmt.Sprintf("verified by %s on %s", p.VerifiedBy, p.VerifiedOn)
		}
		text += fmt.Sprintf(" (%s; %s)", p.Source, verified)
		for _, r := range p.Reservations {
			text += fmt.Sprintf("; reservation to %s: %s", r.Paragraph, r.Text)
		}
		each = append(each, text)
	}
	return each
}

// escape keeps what somebody wrote from acting as markup or as a cell's border.
func escape(s string) string {
	var b strings.Builder
	for _, r := range s {
		if strings.ContainsRune("\\`*_{}[]<>|#!&", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// CSV writes the assessment for a spreadsheet, an article a row (RFC 4180).
func (a Assessment) CSV() []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	row := func(cells ...string) {
		for i, c := range cells {
			// A spreadsheet takes such a cell for a formula, and these texts come from elsewhere.
			if c != "" && strings.ContainsRune("=+-@", rune(c[0])) {
				cells[i] = "'" + c
			}
		}
		_ = w.Write(cells) // a bytes.Buffer takes everything
	}
	row("state", "on", "chapter", "article", "title", "verified", "obligation", "obligation_verified", "status", "enactments", "next")
	for _, p := range a.Parts {
		for _, l := range p.Lines {
			row(string(a.State), string(a.On), p.Chapter.Number, l.Article.Number, l.Article.Title, fmt.Sprint(l.Article.Verified), string(l.Article.Obligation),
				fmt.Sprint(l.Article.ObligationVerified), string(l.Status), strings.Join(l.words(), "; "), l.Next)
		}
	}
	w.Flush()
	return b.Bytes()
}

// JSON writes the assessment for machines.
func (a Assessment) JSON() ([]byte, error) {
	data, err := json.MarshalIndent(a, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode the assessment: %w", err)
	}
	return append(data, '\n'), nil
}
