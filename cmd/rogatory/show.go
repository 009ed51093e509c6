// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"rogatory"
	"rogatory/api"
	"rogatory/docket"
	"rogatory/treaty"
)

type requestShowCmd struct {
	ID string `arg:"" name:"request" help:"Reference of the request."`
}

// Run shows a request.
func (c *requestShowCmd) Run(d *desk) error {
	client, err := d.client()
	if err != nil {
		return err
	}
	var messages []docket.Correspondence
	if !d.globals.JSON { // before the file, so that it knows of each of them
		var err error
		if messages, err = client.Messages(d.ctx, rogatory.RequestID(c.ID)); err != nil {
			return err
		}
	}
	f, err := client.Request(d.ctx, rogatory.RequestID(c.ID))
	if err != nil {
		return err
	}
	if d.globals.JSON {
		return d.give(f, nil)
	}
	var said []docket.Logged
	if f.Channel != "" { // what was said is in the journal, and in no message
		if said, err = saidElsewhere(d, client, f.ID); err != nil {
			return err
		}
	}
	return d.give(f, func(w io.Writer) {
		showRequest(w, f)
		showVerdict(w, f)
		if f.Preservation.Until != 0 {
			fmt.Fprintf(w, "preserved\tuntil %s\n", when(f.Preservation.Until))
		}
		if f.Channel != "" {
			fmt.Fprintf(w, "channel\t%s: recorded here, signed by nobody but the recorder\n", f.Channel)
		}
		if f.Measure.Until != 0 {
			fmt.Fprintf(w, "measure\tfrom %s until %s, extended %d times\n", when(f.Measure.Since), when(f.Measure.Until), f.Extensions)
		}
		for _, a := range f.Measure.Assets {
			fmt.Fprintf(w, "frozen\t%s of %s at %s %s\n", a.Frozen, a.Asked, line(a.Account.Number), line(a.Account.Institution))
		}
		if f.ReleaseAsked != 0 {
			fmt.Fprintf(w, "release\tasked for at %s\n", when(f.ReleaseAsked))
		}
		if f.Heard != 0 {
			fmt.Fprintf(w, "lifting\tannounced at %s, %s\n", when(f.Heard), map[bool]string{true: "and the requesting State has spoken to it", false: "the requesting State has not spoken to it"}[f.Represented])
		}
		if f.Recovery != nil {
			share, _ := f.Recovery.Share()
			fmt.Fprintf(w, "recovered\t%s returned and %s frozen of %s, %d.%d %%\n", f.Recovery.Returned, f.Recovery.Frozen, f.Recovery.Attempted, share/10, share%10)
		}
		for _, q := range f.Consents {
			showConsent(w, q)
		}
		if f.HeldBy != "" {
			fmt.Fprintf(w, "held\tuntil %s is decided\n", strings.Join(names(append([]rogatory.RequestID{f.HeldBy}, f.AlsoHeldBy...)), " and "))
		}
		if f.Renewed > 0 {
			fmt.Fprintf(w, "renewed\tour own order to preserve, %d times\n", f.Renewed)
		}
		if f.StatusAsked != 0 {
			fmt.Fprintf(w, "status\tasked for at %s, not told yet\n", when(f.StatusAsked))
		}
		if f.OutOfTurn > 0 {
			fmt.Fprintf(w, "crossed\t%d messages arrived when they moved nothing any more\n", f.OutOfTurn)
		}
		for _, i := range f.Preservation.Items {
			fmt.Fprintf(w, "item\t%s, %s, SHA-256 %s\n", line(i.Description), amount(i.Size), i.SHA256)
		}
		for _, x := range f.Deadlines {
			fmt.Fprintf(w, "deadline\t%s: %s by %s (%s)\n", x.Name, x.State, when(x.Due), source(x))
		}
		for _, x := range f.Exhibits {
			fmt.Fprintf(w, "exhibit\t%s %s: %s, %s\n", x.Exhibit.ID, x.State, line(x.Exhibit.Title), amount(x.Exhibit.Seal.Size))
			showLimits(w, x.Exhibit.Limits)
			if x.Kept != "" {
				fmt.Fprintf(w, "\tkept for %s\n", line(x.Kept))
			}
			if x.Gone != 0 {
				fmt.Fprintf(w, "\tdeleted in the other State at %s, as it certified\n", when(x.Gone))
			}
		}
		for _, m := range messages {
			mark := "no receipt yet"
			switch {
			case m.Refused:
				mark = "refused"
			case m.Receipted:
				mark = "receipted"
			}
			fmt.Fprintf(w, "%s\t%s %s by %s (%s), %s\n", when(m.At), m.Direction, m.Message.Act, line(m.Message.By.Name), m.Message.By.Role, mark)
			showBody(w, m.Message.Body)
		}
		for _, e := range said {
			m := e.Entry.Said
			fmt.Fprintf(w, "%s\t%s by %s of %s (%s), recorded by %s\n", when(m.Sent), m.Act, line(m.By.Name), m.From.State, m.By.Role, line(e.Entry.By.Name))
			showBody(w, m.Body)
		}
	})
}

// entriesPage is how many journal entries the office's door gives at once.
const entriesPage = 200

// saidElsewhere reads what was recorded of a request that goes by another channel.
func saidElsewhere(d *desk, client *api.Client, id rogatory.RequestID) (all []docket.Logged, err error) {
	for from := int64(0); ; {
		page, err := client.Entries(d.ctx, id, from, entriesPage)
		if err != nil {
			return nil, err
		}
		for _, e := range page {
			if e.Entry.Said != nil {
				all = append(all, e)
			}
		}
		if len(page) < entriesPage {
			return all, nil
		}
		from = page[len(page)-1].Index + 1
	}
}

// showRequest writes what is asked.
func showRequest(w io.Writer, f docket.File) {
	r := f.Request
	what := string(r.Kind)
	if r.Part != "" {
		what += ", " + r.Part
	}
	if k, err := treaty.Convention().Kind(r.Kind); err == nil {
		what += fmt.Sprintf(" (Art %s, %s)", k.Article, verified(k.Verified))
	}
	fmt.Fprintf(w, "%s\t%s\n%s %s\t%s\nstate\t%s\n", f.ID, line(r.Title), arrow(f.Side), f.Them, what, f.State)
	offence := "none named"
	if len(r.Offence.Articles) > 0 {
		offence = "Art " + strings.Join(r.Offence.Articles, ", ")
	}
	if r.Offence.MaximumYears > 0 {
		offence += fmt.Sprintf("; up to %d years", r.Offence.MaximumYears)
	}
	if r.Offence.Law != "" {
		offence += "; " + line(r.Offence.Law)
	}
	fmt.Fprintf(w, "offence\t%s\n", offence)
	if r.Basis != "" {
		fmt.Fprintf(w, "basis\t%s\n", line(string(r.Basis)))
	}
	if r.Follows != "" {
		fmt.Fprintf(w, "follows\t%s\n", line(string(r.Follows)))
	}
	if r.Term.To != 0 {
		fmt.Fprintf(w, "term\tfrom %s to %s\n", when(r.Term.From), when(r.Term.To))
	}
	for i, p := range r.Payments {
		fmt.Fprintf(w, "payment %d\t%s from %s %s to %s %s at %s\n", i+1, p.Amount, line(p.From.Number), line(p.From.Institution), line(p.To.Number), line(p.To.Institution), when(p.At))
	}
	for _, p := range r.Fingerprints {
		fmt.Fprintf(w, "digest\t%s:%s\n", line(p.Algorithm), line(p.Value))
	}
	for _, name := range slices.Sorted(maps.Keys(r.Contents)) {
		fmt.Fprintf(w, "%s\t%s\n", line(name), indented(r.Contents[name]))
	}
	if t := r.Translation; t != nil {
		fmt.Fprintf(w, "translation\tinto %s, by %s; the original prevails\n", line(t.Language), line(t.By))
		fmt.Fprintf(w, "title (%s)\t%s\n", line(t.Language), line(t.Title))
		for _, name := range slices.Sorted(maps.Keys(t.Contents)) {
			fmt.Fprintf(w, "%s (%s)\t%s\n", line(name), line(t.Language), indented(t.Contents[name]))
		}
	}
	if r.Language != "" || r.Rules != "" {
		fmt.Fprintf(w, "written\tin %s, under the rules of %s; handled here under those of %s\n", cmp.Or(line(r.Language), "no language"), cmp.Or(line(r.Rules), "no known day"), cmp.Or(line(f.Rules), "no known day"))
	}
}

// showVerdict writes what was decided, and on which conditions.
func showVerdict(w io.Writer, f docket.File) {
	if v := f.Verdict; v != nil && (v.Ground != "" || v.Reasons != "" || v.Outcome != "") {
		rules := treaty.Convention()
		text := string(v.Ground)
		if g, ok := rules.Grounds[v.Ground]; ok {
			text += fmt.Sprintf(" (%s, Art %s, %s)", g.Text, g.Article, verified(g.Verified))
		}
		if o := rules.Outcomes[v.Outcome]; o != "" {
			text += fmt.Sprintf(" %s (%s)", v.Outcome, o)
		}
		fmt.Fprintf(w, "verdict\t%s %s\n", line(text), line(v.Reasons))
		if v.Review != 0 {
			fmt.Fprintf(w, "review\ton %s\n", when(v.Review))
		}
	}
	for _, c := range f.Conditions {
		fmt.Fprintf(w, "condition\t%s\n", line(c))
	}
	switch {
	case len(f.Conditions) > 0 && f.Agreed == 0:
		fmt.Fprintf(w, "\tnot agreed to yet: nothing is handed over before, Art 40(28)\n")
	case len(f.Conditions) > 0:
		fmt.Fprintf(w, "\tagreed at %s\n", when(f.Agreed))
	}
}

func showConsent(w io.Writer, q docket.ConsentFile) {
	what := "all that the request brought"
	if q.Consent.Exhibit != "" {
		what = string(q.Consent.Exhibit)
	}
	if q.Consent.To != "" {
		what += " to " + line(q.Consent.To)
	}
	fmt.Fprintf(w, "consent\t%s: %s of %s, for %s; asked by the %s State with %s\n", q.State, q.Consent.Use, what, line(q.Consent.Purpose), q.By, q.Asked)
	for _, c := range q.Conditions {
		fmt.Fprintf(w, "\ton condition: %s\n", line(c))
	}
	if q.Words != "" {
		fmt.Fprintf(w, "\t%s\n", indented(q.Words))
	}
}

// source says where a date comes from, and whether a jurist verified that.
func source(x docket.Deadline) string {
	text := "Art " + x.Article
	if x.Rule != "" {
		text += fmt.Sprintf("; rule %s version %d, %s", x.Rule, x.Version, verified(x.Verified))
	}
	return text
}

func showLimits(w io.Writer, l rogatory.UseLimits) {
	if l.Purpose != "" {
		fmt.Fprintf(w, "\tonly for %s\n", line(l.Purpose))
	}
	for _, c := range l.Conditions {
		fmt.Fprintf(w, "\ton condition: %s\n", line(c))
	}
	if l.DisclosureNotes != "" {
		fmt.Fprintf(w, "\t%s\n", line(l.DisclosureNotes))
	}
	if l.Confidential {
		fmt.Fprintf(w, "\tconfidential, Art 40(20)\n")
	}
	if l.OnwardTransfer {
		fmt.Fprintf(w, "\tmay be given to a third State, Art 36(3)\n")
	}
}

// showBody writes what a message says in words.
func showBody(w io.Writer, b rogatory.Body) {
	if b.Text != "" {
		fmt.Fprintf(w, "\t%s\n", indented(b.Text))
	}
	for _, name := range slices.Sorted(maps.Keys(b.Details)) {
		fmt.Fprintf(w, "\t%s: %s\n", line(name), indented(b.Details[name]))
	}
	if m := b.Measure; m != nil && m.Hours > 0 {
		fmt.Fprintf(w, "\t%d more hours\n", m.Hours)
	}
	if p := b.Preservation; p != nil && p.Days > 0 {
		fmt.Fprintf(w, "\t%d more days\n", p.Days)
	}
}

// indented keeps a text of several lines in its column.
func indented(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = line(lines[i])
	}
	return strings.Join(lines, "\n\t")
}

type requestMessagesCmd struct {
	ID string `arg:"" name:"request" help:"Reference of the request."`
}

// Run shows the messages in full, as JSON in any case.
func (c *requestMessagesCmd) Run(d *desk) error {
	client, err := d.client()
	if err != nil {
		return err
	}
	all, err := client.Messages(d.ctx, rogatory.RequestID(c.ID))
	if err != nil {
		return err
	}
	d.globals.JSON = true
	return d.give(all, nil)
}
