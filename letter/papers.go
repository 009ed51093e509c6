// SPDX-License-Identifier: Apache-2.0

package letter

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"rogatory"
	"rogatory/language"
	"rogatory/treaty"
)

// Facts are what the papers of a request have in common.
type Facts struct {
	ID         rogatory.RequestID
	Request    rogatory.Request
	Requesting Office
	Requested  Office
	Rules      *treaty.Rules
	Mode       rogatory.Mode
	Message    Message // that the paper shows; zero for a draft
}

// Office is an authority of a State as the directory describes it.
type Office struct {
	Party     rogatory.Party
	Authority rogatory.AuthorityID
}

// Message is what a paper has to know of the signed message that it shows.
type Message struct {
	Sent         rogatory.Instant
	By, Approved rogatory.Officer
	Digest       rogatory.Digest // of its signature file
	Language     string          // of its words, BCP 47
}

// OfficeOf returns an office whose State is called in each language as we say it, unless the directory gives an
// exercise State a name of its own.
func OfficeOf(c *language.Catalogue, p rogatory.Party, a rogatory.AuthorityID) Office {
	if p.Name == c.Locale(language.Base).State(p.Code) {
		p.Name = ""
	}
	return Office{p, a}
}

// stateName is what a State is called: an exercise State with a name of its own as the directory says.
func (o Office) stateName(l *language.Locale) Text {
	if o.Party.Code.Fictional() && o.Party.Name != "" {
		return free(o.Party.Name, "")
	}
	return ours(l, l.State(o.Party.Code))
}

// lines are the State, and the authority as the State calls it.
func (o Office) lines(l *language.Locale) []Text {
	all := []Text{o.stateName(l)}
	if a, ok := o.Party.Authority(o.Authority); ok && a.Name != "" {
		all = append(all, free(a.Name, ""))
	} else if o.Authority != "" {
		all = append(all, code(string(o.Party.Code)+"/"+string(o.Authority)))
	}
	return all
}

// begin makes the document, and each letter with what all papers begin with.
func (f Facts) begin(heading string, from, to Office, ls []*language.Locale, fill func(p *page)) Document {
	d := Document{Reference: string(f.ID), Date: f.Message.Sent, Exercise: f.Mode == rogatory.Exercise, Unsent: f.Message.Sent == 0, Digest: f.Message.Digest}
	kind, _ := f.Rules.Kind(f.Request.Kind)
	for _, l := range ls {
		p := &page{l: l, kind: kind, facts: f, letter: Letter{Heading: l.T("letter.heading." + heading), locale: l}}
		head := Fields{{l.T("letter.reference"), []Text{code(string(f.ID))}}}
		if d.Unsent {
			head = append(head, Field{l.T("letter.date"), []Text{ours(l, l.T("letter.unsent"))}})
		} else {
			head = append(head, Field{l.T("letter.date"), []Text{p.moment(f.Message.Sent)}})
		}
		head = append(head, Field{l.T("letter.sender"), from.lines(l)}, Field{l.T("letter.addressee"), to.lines(l)})
		p.add(head)
		fill(p)
		if !d.Unsent {
			p.people()
			p.add(Paragraph{Text: l.T("letter.printed"), Small: true})
		}
		d.Letters = append(d.Letters, p.letter)
	}
	return d
}

// page is a letter in the making.
type page struct {
	l      *language.Locale
	kind   treaty.Kind
	facts  Facts
	letter Letter
}

func (p *page) add(b Block) { p.letter.Blocks = append(p.letter.Blocks, b) }

func (p *page) moment(i rogatory.Instant) Text {
	return ours(p.l, p.l.Moment(i, time.UTC))
}

func (p *page) article(a string) string {
	if a == "" {
		return ""
	}
	return p.l.T("letter.article", "article", a)
}

// written is what a person wrote in the request's language.
func (p *page) written(s string) Text { return free(s, p.facts.Request.Language) }

// untranslated says so where what people wrote is in another language than the letter.
func (p *page) untranslated(tag string) {
	if tag != "" && !strings.EqualFold(tag, p.l.Tag()) && !strings.HasPrefix(strings.ToLower(tag), p.l.Tag()+"-") {
		p.add(Paragraph{Text: p.l.T("letter.untranslated", "language", p.l.Language(tag)), Small: true})
	}
}

func (p *page) people() {
	var all Fields
	for _, who := range []struct {
		label string
		o     rogatory.Officer
	}{{"letter.by", p.facts.Message.By}, {"letter.approved", p.facts.Message.Approved}} {
		if who.o.Name != "" {
			all = append(all, Field{p.l.T(who.label), []Text{free(who.o.Name, ""), ours(p.l, p.l.Role(string(who.o.Role)))}})
		}
	}
	if len(all) > 0 {
		p.add(all)
	}
}

// kindWords are the kind and its part.
func (p *page) kindWords() []Text {
	all := []Text{ours(p.l, p.l.Kind(p.facts.Request.Kind))}
	if part, ok := p.kind.Part(p.facts.Request.Part); ok {
		all = append(all, ours(p.l, p.l.Part(p.facts.Request.Kind, part.ID)))
	}
	return all
}

// subject names the request in other papers than itself.
func (p *page) subject() {
	p.add(Fields{{p.l.T("letter.kind"), p.kindWords()}, {p.l.T("letter.subject"), []Text{p.written(p.facts.Request.Title)}}})
}

// Request is the letter of a request, or of a draft where no message was sent.
func Request(f Facts, ls ...*language.Locale) Document {
	return f.begin("request", f.Requesting, f.Requested, ls, func(p *page) {
		l, r := p.l, f.Request
		opening := "letter.opening.request"
		if r.Basis != "" && r.Basis != rogatory.ThisConvention {
			opening = "letter.opening.other"
		}
		p.add(Paragraph{Text: l.T(opening, "article", p.kind.Article)})
		if p.kind.Marking != "" {
			p.add(Paragraph{Text: l.Marking(r.Kind), Strong: true})
		}
		title := []Text{p.written(r.Title)}
		if t := r.Translation; t != nil && t.Title != "" {
			title = append(title, p.translated(t.Title))
		}
		facts := Fields{{l.T("letter.kind"), p.kindWords()}, {l.T("letter.subject"), title},
			{l.T("letter.basis"), []Text{ours(l, l.Basis(cmp.Or(r.Basis, rogatory.ThisConvention)))}}}
		var offence []Text
		for _, a := range r.Offence.Articles {
			offence = append(offence, ours(l, l.T("letter.article", "article", a)+": "+l.Offence(a)))
		}
		if r.Offence.MaximumYears > 0 {
			offence = append(offence, ours(l, l.T("letter.gravity", "years", r.Offence.MaximumYears)+" ("+p.article("2(h)")+")"))
		}
		if len(offence) > 0 {
			facts = append(facts, Field{l.T("letter.offence"), offence})
		}
		if r.Offence.Law != "" {
			facts = append(facts, Field{l.T("letter.law"), []Text{p.written(r.Offence.Law)}})
		}
		if r.Follows != "" {
			facts = append(facts, Field{l.T("letter.follows"), []Text{code(string(r.Follows))}})
		}
		if r.Term.To != 0 {
			facts = append(facts, Field{l.T("letter.period"), []Text{ours(l, l.T("letter.period.span", "from", l.Moment(r.Term.From, time.UTC), "to", l.Moment(r.Term.To, time.UTC)))}})
		}
		p.add(facts)
		p.untranslated(r.Language)
		p.contents()
		p.lists()
	})
}

// translated is what a translator made of words, with the sentence that says who.
func (p *page) translated(s string) Text {
	t := p.facts.Request.Translation
	all := free(s, t.Language)
	all.Note = p.l.T("letter.translated", "language", p.l.Language(t.Language), "name", t.By)
	return all
}

// contents are the fields of the kind, then whatever else the request says: nothing is left out.
func (p *page) contents() {
	r := p.facts.Request
	required, optional := p.kind.FieldsOf(r.Part)
	order := slices.Concat(required, optional)
	var rest []string
	for id := range r.Contents {
		if !slices.Contains(order, id) {
			rest = append(rest, id)
		}
	}
	slices.Sort(rest)
	for _, id := range append(order, rest...) {
		text := r.Contents[id]
		if text == "" {
			continue
		}
		field := p.facts.Rules.Fields[id]
		s := Section{Label: p.l.Field(id), Article: p.article(field.Article)}
		if slices.Contains(field.Choices, text) {
			s.Texts = []Text{ours(p.l, p.l.Choice(id, text))}
		} else {
			s.Texts = []Text{p.written(text)}
			if t := r.Translation; t != nil && t.Contents[id] != "" {
				s.Texts = append(s.Texts, p.translated(t.Contents[id]))
			}
		}
		p.add(s)
	}
}

// lists are payments and fingerprints.
func (p *page) lists() {
	l, r := p.l, p.facts.Request
	account := func(a rogatory.Account) Text {
		if a.Institution == "" {
			return code(a.Number)
		}
		return free(a.Number+"\n"+a.Institution, "")
	}
	if len(r.Payments) > 0 {
		t := Table{Title: l.T("letter.payments"), Columns: []Column{{l.T("letter.payment.from"), 4}, {l.T("letter.payment.to"), 4}, {l.T("letter.payment.amount"), 3}, {l.T("letter.time"), 3}}}
		for _, m := range r.Payments {
			t.Rows = append(t.Rows, []Text{account(m.From), account(m.To), code(m.Amount.String()), second(m.At)})
		}
		p.add(t)
	}
	if len(r.Fingerprints) > 0 {
		t := Table{Title: l.T("letter.fingerprints"), Columns: []Column{{l.T("letter.algorithm"), 2}, {l.T("letter.value"), 8}}}
		for _, x := range r.Fingerprints {
			t.Rows = append(t.Rows, []Text{code(x.Algorithm), code(x.Value)})
		}
		p.add(t)
	}
}

// second writes a moment for tables, alike in all languages, to the second and in UTC.
func second(i rogatory.Instant) Text {
	if i == 0 {
		return code("-")
	}
	return code(i.Time().Format("2006-01-02 15:04:05"))
}

// Refusal is the letter of a refusal: the ground in the reader's language, the reasons as they were
// written (Art 40(25)).
func Refusal(f Facts, v rogatory.Verdict, ls ...*language.Locale) Document {
	return f.begin("refusal", f.Requested, f.Requesting, ls, func(p *page) {
		l := p.l
		p.add(Paragraph{Text: l.T("letter.opening.refusal", "article", cmp.Or(p.kind.ReasonsArticle, "40(25)"))})
		p.subject()
		p.add(Section{Label: l.T("letter.ground"), Article: p.article(cmp.Or(f.Rules.Grounds[v.Ground].Article, p.kind.RefuseArticle)), Texts: []Text{ours(l, l.Ground(v.Ground))}})
		p.untranslated(cmp.Or(f.Message.Language, f.Request.Language))
		if v.Reasons != "" {
			p.add(Section{Label: l.T("letter.reasons"), Article: p.article(cmp.Or(p.kind.ReasonsArticle, "40(25)")), Texts: []Text{free(v.Reasons, f.Message.Language)}})
		}
		if v.Outcome != "" {
			p.add(Section{Label: l.T("letter.outcome"), Texts: []Text{ours(l, l.Outcome(v.Outcome))}})
		}
	})
}

// Preservation is the certificate that data were preserved, until when, and which by their digests. The data
// themselves are not disclosed by it.
func Preservation(f Facts, v rogatory.Preservation, ls ...*language.Locale) Document {
	return f.begin("preservation", f.Requested, f.Requesting, ls, func(p *page) {
		l := p.l
		p.add(Paragraph{Text: l.T("letter.opening.preservation", "article", p.kind.Article) + " " + l.T("letter.undisclosed")})
		p.subject()
		var term Fields
		if v.Since != 0 {
			term = append(term, Field{l.T("letter.since"), []Text{p.moment(v.Since)}})
		}
		if v.Until != 0 {
			term = append(term, Field{l.T("letter.until"), []Text{p.moment(v.Until)}})
		}
		if len(term) > 0 {
			p.add(term)
		}
		p.untranslated(cmp.Or(f.Message.Language, f.Request.Language))
		if len(v.Items) > 0 {
			p.add(Section{Label: l.T("letter.items")})
		}
		for _, i := range v.Items {
			p.add(Fields{{l.T("letter.description"), []Text{free(i.Description, f.Message.Language)}}, {l.T("letter.size"), []Text{ours(l, l.N("clock.bytes", i.Size))}},
				{"SHA-256", []Text{code(i.SHA256.String())}}})
		}
	})
}

// Event is an entry of the journal with its place.
type Event struct {
	Index int64
	Entry rogatory.Entry
}

// Custody is the certificate of what the issuer's journal records of an exhibit, in the order of the journal.
// The date and the digest of the facts' message are not used: issued is when the certificate was made.
func Custody(f Facts, issuer Office, issued rogatory.Instant, x rogatory.Exhibit, events []Event, ls ...*language.Locale) Document {
	f.Message = Message{}
	d := Document{Reference: string(x.ID), Date: issued, Exercise: f.Mode == rogatory.Exercise, Digest: x.Seal.SHA256, OfExhibit: true}
	kind, _ := f.Rules.Kind(f.Request.Kind)
	for _, l := range ls {
		p := &page{l: l, kind: kind, facts: f, letter: Letter{Heading: l.T("letter.heading.custody"), locale: l}}
		p.add(Fields{{l.T("letter.exhibit"), []Text{code(string(x.ID))}}, {l.T("letter.reference"), []Text{code(string(f.ID))}}, {l.T("letter.date"), []Text{p.moment(issued)}}, {l.T("letter.sender"), issuer.lines(l)}})
		p.add(Paragraph{Text: l.T("letter.opening.custody")})
		p.add(Fields{{l.T("letter.description"), []Text{free(x.Title, "")}}, {l.T("letter.file"), []Text{code(x.FileName)}}, {l.T("letter.type"), []Text{code(x.MediaType)}},
			{l.T("letter.size"), []Text{ours(l, l.N("clock.bytes", x.Seal.Size))}}, {"SHA-256", []Text{code(x.Seal.SHA256.String())}},
			{"SHA-512", []Text{code(x.Seal.SHA512.String()[:64] + "\n" + x.Seal.SHA512.String()[64:])}}, {l.T("letter.acquired"), []Text{free(x.Acquired, "")}}})
		p.limits(x.Limits)
		t := Table{Title: l.T("letter.entries"), Columns: []Column{{l.T("letter.entry"), 2}, {l.T("letter.time"), 4}, {l.T("letter.event"), 5}, {l.T("letter.person"), 4}, {l.T("letter.why"), 6}}}
		for _, e := range events {
			t.Rows = append(t.Rows, p.event(e))
		}
		p.add(t)
		p.add(Paragraph{Text: l.T("letter.scope"), Small: true})
		d.Letters = append(d.Letters, p.letter)
	}
	return d
}

func (p *page) limits(v rogatory.UseLimits) {
	l := p.l
	s := Section{Label: l.T("letter.limits")}
	add := func(t Text, note string) {
		t.Note = note
		s.Texts = append(s.Texts, t)
	}
	if v.Purpose != "" {
		add(free(v.Purpose, ""), l.T("letter.purpose"))
	}
	for _, c := range v.Conditions {
		add(free(c, ""), l.T("letter.condition"))
	}
	if v.DisclosureNotes != "" {
		add(free(v.DisclosureNotes, ""), l.T("letter.disclosure"))
	}
	if v.Confidential {
		add(ours(l, l.T("letter.confidential", "article", "40(20)")), "")
	}
	onward := "letter.onward.no"
	if v.OnwardTransfer {
		onward = "letter.onward.yes"
	}
	add(ours(l, l.T(onward, "article", "36(3)")), "")
	p.add(s)
}

func (p *page) event(e Event) []Text {
	l := p.l
	what := l.EntryType(e.Entry.Type)
	if m := e.Entry.Message; m != nil {
		what = l.Done(m.Act)
	}
	who := e.Entry.By.Name
	if who == "" {
		who = e.Entry.By.Address.String()
	}
	return []Text{code(plainNumber(e.Index)), second(e.Entry.At), ours(l, what), free(who, ""), free(e.Entry.Why, "")}
}
