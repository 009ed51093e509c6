// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"

	"rogatory"
	"rogatory/legislation"
)

// legislationCmds keep track of laws.
type legislationCmds struct {
	Articles legislationArticlesCmd `cmd:"" help:"List the articles of the Convention and what each asks of a law."`
	Show     legislationShowCmd     `cmd:"" help:"Show by which enactments a State implements which articles."`
	Set      legislationSetCmd      `cmd:"" help:"Say by which enactment a State implements an article, or why it need not."`
	Assess   legislationAssessCmd   `cmd:"" help:"The self-assessment of a State: what is implemented, what is missing, what to do next."`
	Compare  legislationCompareCmd  `cmd:"" help:"Set the laws of two States side by side."`
}

// Help shows how the commands go together.
func (legislationCmds) Help() string {
	return `The book of laws lies in DIR/legislation.json and is meant for publication. --example shows the invented laws of the exercise States XA, XB and XC.

  rogatory legislation assess XA --example
  rogatory legislation set XA 7 --law "Penal Code, section 205" --from 2019-03-01 --source "Gazette 2019/12" --reservation "7(2)=a breach of security measures is required"
  rogatory legislation set XA 10 --extent partly --law "Penal Code, section 208" --remark "input of data alone is not covered" --from 2019-03-01 --source "Gazette 2019/12"
  rogatory legislation assess XA --format csv > XA.csv
  rogatory legislation compare XA XB --file borealia-legislation.json`
}

// laws says from which books a command reads.
type laws struct {
	Example bool     `help:"Read the worked example of the exercise States instead."`
	File    []string `help:"Read this book too, such as another State's." type:"path" placeholder:"FILE"`
}

func lawFile(d *desk) string { return lawsIn(d.globals.Node) }

// read joins the books; two of them must not speak of one State.
func (l laws) read(d *desk, t legislation.Table) (legislation.Book, error) {
	if l.Example {
		if len(l.File) > 0 {
			return legislation.Book{}, usage("--example and --file do not go together")
		}
		return legislation.Example(), nil
	}
	var all legislation.Book
	names := append([]string{lawFile(d)}, l.File...)
	from := map[rogatory.StateCode]int{}
	for i, name := range names {
		data, err := readPublished(name, legislation.MaxSize)
		if err != nil {
			return legislation.Book{}, err
		}
		if data == nil && name != lawFile(d) {
			return legislation.Book{}, rogatory.Fault(rogatory.NotFound, "file_missing", "there is no file %s", name)
		}
		if data == nil {
			continue
		}
		b, err := legislation.Load(name, data, t)
		if err != nil {
			return legislation.Book{}, err
		}
		for _, p := range b.Enactments {
			if other, ok := from[p.State]; ok && other != i {
				return legislation.Book{}, rogatory.Fault(rogatory.Conflict, "books_overlap", "%s and %s both speak of %s", names[other], name, p.State).WithHint("read one book for each State")
			}
			from[p.State] = i
		}
		all.Enactments = append(all.Enactments, b.Enactments...)
	}
	return all, nil
}

// silent says so when the books know nothing of a State.
func silent(d *desk, b legislation.Book, states ...rogatory.StateCode) {
	for _, s := range states {
		if len(b.Of(s)) == 0 {
			d.say("nothing is known of the laws of %s; rogatory legislation set %s 7 ... begins, --file reads a book, --example the worked example", s, s)
		}
	}
}

type legislationArticlesCmd struct {
	Chapter string `help:"Only of this chapter." placeholder:"IV"`
}

// Run lists the articles.
func (c *legislationArticlesCmd) Run(d *desk) error {
	t := legislation.Articles()
	list := []legislation.Article{}
	for _, a := range t.Articles {
		if c.Chapter == "" || a.Chapter == c.Chapter {
			list = append(list, a)
		}
	}
	if len(list) == 0 {
		return rogatory.Fault(rogatory.NotFound, "chapter_unknown", "there is no chapter %.10q", c.Chapter).WithHint("chapters are I to IX")
	}
	return d.give(list, func(w io.Writer) {
		for _, a := range list {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", a.Number, a.Chapter, a.Title, a.Obligation, verifiedWords(a))
		}
	})
}

func verifiedWords(a legislation.Article) string {
	switch {
	case a.Verified && a.ObligationVerified:
		return "verified"
	case a.Verified:
		return "obligation not yet verified"
	}
	return "not yet verified"
}

type legislationShowCmd struct {
	laws
	State string `arg:"" help:"The State, such as XA."`
}

// Run shows the enactments of a State.
func (c *legislationShowCmd) Run(d *desk) error {
	b, err := c.read(d, legislation.Articles())
	if err != nil {
		return err
	}
	state := rogatory.StateCode(c.State)
	list := append([]legislation.Enactment{}, b.Of(state)...)
	silent(d, b, state)
	return d.give(list, func(w io.Writer) {
		for _, p := range list {
			until := ""
			if p.Until != "" {
				until = " until " + string(p.Until)
			}
			by := "not verified"
			if p.VerifiedBy != "" {
				by = fmt.Sprintf("verified by %s on %s", p.VerifiedBy, p.VerifiedOn)
			}
			fmt.Fprintf(w, "%s\t%s\t%s\tsince %s%s\t%s\t%s\n", p.Article, p.Extent, line(cmp.Or(p.Law, p.Remark)), p.From, until, line(p.Source), line(by))
			for _, r := range p.Reservations {
				fmt.Fprintf(w, "\treservation\t%s: %s\n", r.Paragraph, line(r.Text))
			}
		}
	})
}

type legislationSetCmd struct {
	State   string `arg:"" help:"The State, such as XA."`
	Article string `arg:"" help:"The article, such as 7."`

	Law         string            `help:"The enactment." placeholder:"TEXT"`
	Extent      string            `help:"How far it implements the article: full, partly or not_applicable." enum:"full,partly,not_applicable" default:"full"`
	Remark      string            `help:"What lacks, if partly; why, if not applicable." placeholder:"TEXT"`
	From        string            `help:"First day in force." required:"" placeholder:"2019-03-01"`
	Until       string            `help:"Last day in force." placeholder:"2027-12-31"`
	Reservation map[string]string `help:"A reservation to a paragraph." placeholder:"PARAGRAPH=TEXT" mapsep:"none"`
	Source      string            `help:"Where the text can be read." required:"" placeholder:"TEXT"`
	VerifiedBy  string            `help:"Who compared the enactment with the article." placeholder:"NAME"`
	VerifiedOn  string            `help:"When. Default: today, if --verified-by is given." placeholder:"2027-01-31"`
	Replace     bool              `help:"Put it in the place of what is there for the same State, article, law and first day."`
}

// Run sets an enactment.
func (c *legislationSetCmd) Run(d *desk) error {
	p := legislation.Enactment{State: rogatory.StateCode(c.State), Article: c.Article, Extent: legislation.Extent(c.Extent), Law: c.Law, Remark: c.Remark,
		From: legislation.Date(c.From), Until: legislation.Date(c.Until), Source: c.Source, VerifiedBy: c.VerifiedBy, VerifiedOn: legislation.Date(c.VerifiedOn)}
	if c.VerifiedBy != "" {
		on, err := onDay(c.VerifiedOn)
		if err != nil {
			return err
		}
		p.VerifiedOn = legislation.Date(on)
	}
	for _, paragraph := range slices.Sorted(maps.Keys(c.Reservation)) {
		p.Reservations = append(p.Reservations, legislation.Reservation{Paragraph: paragraph, Text: c.Reservation[paragraph]})
	}
	t := legislation.Articles()
	var before *legislation.Enactment
	err := amend(lawFile(d), legislation.MaxSize, func(old []byte) ([]byte, error) {
		var b legislation.Book
		var err error
		if old != nil {
			if b, err = legislation.Load(lawFile(d), old, t); err != nil {
				return nil, err
			}
		}
		if b, before, err = b.Set(p, c.Replace, t); err != nil {
			return nil, err
		}
		data, err := b.Encode()
		if err != nil {
			return nil, err
		}
		if _, err := legislation.Load(lawFile(d), data, t); err != nil {
			return nil, err
		}
		return data, nil
	})
	if err != nil {
		return err
	}
	if before != nil {
		was, err := json.Marshal(before)
		if err != nil {
			return fmt.Errorf("encode the enactment: %w", err)
		}
		d.say("replaced %s", was)
	}
	d.say("article %s of %s is in %s", p.Article, p.State, lawFile(d))
	return d.give(p, func(w io.Writer) { fmt.Fprintf(w, "%s\t%s\t%s\n", p.State, p.Article, p.Extent) })
}

type legislationAssessCmd struct {
	laws
	State  string `arg:"" help:"The State, such as XA."`
	On     string `help:"As of this day. Default: today." placeholder:"2027-01-31"`
	Format string `help:"markdown to print, csv for a spreadsheet, json for machines." enum:"markdown,csv,json" default:"markdown"`
}

// Run assesses a State.
func (c *legislationAssessCmd) Run(d *desk) error {
	on, err := onDay(c.On)
	if err != nil {
		return err
	}
	t := legislation.Articles()
	b, err := c.read(d, t)
	if err != nil {
		return err
	}
	a, err := legislation.Assess(t, b, rogatory.StateCode(c.State), legislation.Date(on))
	if err != nil {
		return err
	}
	silent(d, b, a.State)
	data := a.Markdown()
	switch {
	case d.globals.JSON || c.Format == "json":
		if data, err = a.JSON(); err != nil {
			return err
		}
	case c.Format == "csv":
		data = a.CSV()
	}
	_, err = d.out.Write(data)
	return err
}

type legislationCompareCmd struct {
	laws
	One   string `arg:"" help:"A State, such as XA."`
	Other string `arg:"" help:"Another State, such as XB."`
	On    string `help:"As of this day. Default: today." placeholder:"2027-01-31"`
}

// Run compares two States.
func (c *legislationCompareCmd) Run(d *desk) error {
	on, err := onDay(c.On)
	if err != nil {
		return err
	}
	t := legislation.Articles()
	b, err := c.read(d, t)
	if err != nil {
		return err
	}
	v, err := legislation.Compare(t, b, rogatory.StateCode(c.One), rogatory.StateCode(c.Other), legislation.Date(on))
	if err != nil {
		return err
	}
	silent(d, b, v.One, v.Other)
	d.say("on %s: alike in %d of %d articles that ask for a law; this is no test of dual criminality", v.On, v.Alike, len(v.Lines))
	return d.give(v, func(w io.Writer) {
		fmt.Fprintf(w, "article\t\t%s\t%s\tmind\n", v.One, v.Other)
		for _, l := range v.Lines {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", l.Article.Number, l.Article.Title, l.One, l.Other, line(l.Text))
		}
	})
}
