// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"rogatory"
	"rogatory/assistance"
	"rogatory/node"
)

// assistanceCmds are technical assistance between States.
type assistanceCmds struct {
	Kinds assistanceKindsCmd `cmd:"" help:"List the kinds of help, the regions, and the questions of the evaluation."`
	Need  struct {
		Add assistanceNeedCmd `cmd:"" help:"Say what the State needs; --change ID says it anew."`
	} `cmd:"" help:"What the State needs."`
	Offer struct {
		Add assistanceOfferCmd `cmd:"" help:"Say what the State can give; --change ID says it anew."`
	} `cmd:"" help:"What the State can give."`
	List     assistanceListCmd     `cmd:"" help:"List needs, offers and matches."`
	Match    assistanceMatchCmd    `cmd:"" help:"Suggest which offers suit which needs, with reasons."`
	Propose  assistanceProposeCmd  `cmd:"" help:"Propose a match to the other State."`
	Accept   assistanceAcceptCmd   `cmd:"" help:"Accept a match; both States have to."`
	Decline  assistanceDeclineCmd  `cmd:"" help:"Decline a match that was not yet delivered."`
	Deliver  assistanceDeliverCmd  `cmd:"" help:"Say that the help was given."`
	Evaluate assistanceEvaluateCmd `cmd:"" help:"Answer the questions of the evaluation, for the State that was helped."`
	Export   assistanceExportCmd   `cmd:"" help:"Write the State's list, for other States and for publication."`
	Import   assistanceImportCmd   `cmd:"" help:"Show what another State's list would change; take it in with --apply."`
}

// Help shows how the commands go together.
func (assistanceCmds) Help() string {
	return `Needs, offers and matches lie in DIR/assistance/book.json, hold no case data and are meant for publication. Between States they travel as a file.

  rogatory assistance need add --title "Preservation orders for duty officers" --kind training --article 25,42 --language fr --region africa --amount "20 places for five days" --from 2027-01-01 --until 2027-06-30
  rogatory assistance import borealia.json --from-state XB --apply
  rogatory assistance match
  rogatory assistance propose XA-N-1 XB-O-1
  rogatory assistance accept XA-N-1 XB-O-1
  rogatory assistance export aurelia.json
  rogatory assistance evaluate XA-N-1 XB-O-1 --answer as_agreed=yes --answer able_alone=partly --answer rights_kept=yes --answer still_needed="a second course" --answer advice="bring printed exercises"`
}

func bookFile(d *desk) string { return assistanceIn(d.globals.Node) }

// readBook reads the office's book; an empty one if there is none.
func readBook(d *desk) (assistance.Book, error) { return readAssistance(d.globals.Node) }

// amendBook puts a changed book into the place of the office's book.
func amendBook(d *desk, change func(assistance.Book) (assistance.Book, error)) error {
	name := bookFile(d)
	if err := os.Mkdir(filepath.Dir(name), 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return rogatory.Fault(rogatory.NotFound, "folder_missing", "make a folder: %w", err).WithHint("give --node DIR with the folder of the node")
	}
	return amend(name, assistance.MaxSize, func(old []byte) ([]byte, error) {
		var b assistance.Book
		var err error
		if old != nil {
			if b, err = assistance.Load(name, old, assistance.Standard()); err != nil {
				return nil, err
			}
		}
		if b, err = change(b); err != nil {
			return nil, err
		}
		return encodeBook(name, b)
	})
}

// encodeBook writes a book as it will be read: whole, where each part alone was right.
func encodeBook(name string, b assistance.Book) ([]byte, error) {
	data, err := b.Encode()
	if err != nil {
		return nil, err
	}
	if _, err := assistance.Load(name, data, assistance.Standard()); err != nil {
		return nil, err
	}
	return data, nil
}

type assistanceKindsCmd struct{}

// Run lists the catalogue.
func (c *assistanceKindsCmd) Run(d *desk) error {
	k := assistance.Standard()
	v := struct {
		Kinds     []assistance.Kind     `json:"kinds"`
		Regions   []assistance.Region   `json:"regions"`
		Questions []assistance.Question `json:"questions"`
	}{k.Kinds, k.Regions, k.Questions}
	return d.give(v, func(w io.Writer) {
		for _, k := range v.Kinds {
			fmt.Fprintf(w, "kind\t%s\t%s\tArt %s%s\n", k.ID, k.Title, k.Article, unverified(k.Verified))
		}
		for _, r := range v.Regions {
			fmt.Fprintf(w, "region\t%s\t%s\n", r.ID, r.Title)
		}
		for _, q := range v.Questions {
			fmt.Fprintf(w, "question\t%s\t%s\tArt %s%s\n", q.ID, strings.Join(append([]string{q.Text}, q.Choices...), " "), q.Article, unverified(q.Verified))
		}
	})
}

func unverified(verified bool) string {
	if verified {
		return ""
	}
	return ", not yet verified"
}

// terms is what a need and an offer say, on the command line.
type terms struct {
	acting
	Change    string   `help:"A need or offer of the State to say anew: what is given replaces what was there, and its version rises." placeholder:"ID"`
	Title     string   `help:"A title, without naming any case."`
	Kind      string   `help:"Kind of help, as \"rogatory assistance kinds\" lists them." placeholder:"training"`
	Article   []string `help:"Articles of the Convention that it is about." placeholder:"25,42"`
	Language  []string `help:"Languages in which it can be given or taken." placeholder:"fr"`
	Region    []string `help:"Region of the need, or regions of the offer." placeholder:"africa"`
	Amount    string   `help:"How much, in plain terms." placeholder:"TEXT"`
	From      string   `help:"First day." placeholder:"2027-01-01"`
	Until     string   `help:"Last day. To withdraw a need or an offer, change --from and --until to a day that is over." placeholder:"2027-06-30"`
	Authority string   `help:"Authority to turn to. Default: that of the node." placeholder:"justice"`
}

// onto puts what was given over l.
func (c terms) onto(d *desk, l *assistance.Listing, state rogatory.StateCode) error {
	for _, f := range []struct {
		to   *string
		from string
	}{{&l.Title, c.Title}, {&l.Kind, c.Kind}, {&l.Amount, c.Amount}, {(*string)(&l.From), c.From}, {(*string)(&l.Until), c.Until}, {(*string)(&l.Contact.Authority), c.Authority}} {
		*f.to = cmp.Or(f.from, *f.to)
	}
	for _, f := range []struct {
		to   *[]string
		from []string
	}{{&l.Articles, c.Article}, {&l.Languages, c.Language}, {&l.Regions, c.Region}} {
		if len(f.from) > 0 {
			*f.to = f.from
		}
	}
	l.State, l.Contact.State = state, state
	l.Version++
	if l.Contact.Authority == "" && exists(filepath.Join(d.globals.Node, "node.json")) {
		config, err := node.LoadConfig(d.globals.Node)
		if err != nil {
			return err
		}
		l.Contact.Authority = config.Authority
	}
	return nil
}

// add puts a need or an offer into the book, or changes one.
func (c terms) add(d *desk, side assistance.Side, assessment string) error {
	state, err := c.of(d)
	if err != nil {
		return err
	}
	var l assistance.Listing
	err = amendBook(d, func(b assistance.Book) (assistance.Book, error) {
		l.ID = b.NextID(state, side)
		if c.Change != "" {
			at, err := changeable(b, assistance.ID(c.Change), state, side)
			if err != nil {
				return b, err
			}
			l = b.Listings[at]
			b.Listings = slices.Delete(b.Listings, at, at+1)
		}
		l.RightsAssessment = cmp.Or(assessment, l.RightsAssessment)
		if err := c.onto(d, &l, state); err != nil {
			return b, err
		}
		if err := l.Check(assistance.Standard()); err != nil {
			if _, ok := errors.AsType[*rogatory.Error](err); !ok {
				err = rogatory.Fault(rogatory.Invalid, "listing_invalid", "add the %s: %w", side, err).WithHint("rogatory assistance --help shows an example, rogatory assistance kinds what can be chosen")
			}
			return b, err
		}
		b.Listings = append(b.Listings, l)
		return b, nil
	})
	if err != nil {
		return err
	}
	d.say("%s, version %d, is in %s", l.ID, l.Version, bookFile(d))
	for _, warning := range l.Warnings() {
		d.say("warning: %s", warning)
	}
	return d.give(l, func(w io.Writer) { fmt.Fprintln(w, l.ID) })
}

// changeable finds what is to be changed among the State's.
func changeable(b assistance.Book, id assistance.ID, state rogatory.StateCode, side assistance.Side) (int, error) {
	at := b.Find(id)
	if at < 0 || id.State() != state || id.Side() != side {
		return 0, rogatory.Fault(rogatory.NotFound, "listing_missing", "%s has no %s %.40q to change", state, side, id).WithHint("rogatory assistance list shows them")
	}
	for _, m := range b.Matches {
		if s := m.Stage(); (m.Need == id || m.Offer == id) && assistance.Binding(s) {
			return 0, rogatory.Fault(rogatory.Conflict, "listing_bound", "%s cannot change: the match of %s is %s", id, m, s).
				WithHint(fmt.Sprintf("add a new one, or first: rogatory assistance decline %s %s", m.Need, m.Offer))
		}
	}
	return at, nil
}

type assistanceNeedCmd struct{ terms }

// Run adds or changes a need.
func (c *assistanceNeedCmd) Run(d *desk) error { return c.add(d, assistance.NeedSide, "") }

type assistanceOfferCmd struct {
	terms
	RightsAssessment string `help:"Where the human-rights assessment of the help can be read." placeholder:"REFERENCE"`
}

// Run adds or changes an offer.
func (c *assistanceOfferCmd) Run(d *desk) error {
	return c.add(d, assistance.OfferSide, c.RightsAssessment)
}

type assistanceListCmd struct{}

// staged is a match as it is shown.
type staged struct {
	assistance.Match
	Stage assistance.Stage `json:"stage"`
}

// Run lists the book.
func (c *assistanceListCmd) Run(d *desk) error {
	b, err := readBook(d)
	if err != nil {
		return err
	}
	v := struct {
		Needs   []assistance.Listing `json:"needs"`
		Offers  []assistance.Listing `json:"offers"`
		Matches []staged             `json:"matches"`
	}{append([]assistance.Listing{}, b.Side(assistance.NeedSide)...), append([]assistance.Listing{}, b.Side(assistance.OfferSide)...), []staged{}}
	for _, m := range b.Matches {
		v.Matches = append(v.Matches, staged{m, m.Stage()})
	}
	return d.give(v, func(w io.Writer) {
		for _, l := range b.Listings {
			fmt.Fprintf(w, "%s\t%s\tArts %s\t%s\t%s\t%s to %s\t%s\t%s\n", l.ID, l.Kind, strings.Join(l.Articles, ", "), strings.Join(l.Languages, ", "), strings.Join(l.Regions, ", "), l.From, l.Until, line(l.Title+": "+l.Amount), l.Contact)
			for _, warning := range l.Warnings() {
				d.say("warning: %s", warning)
			}
		}
		for _, m := range v.Matches {
			fmt.Fprintf(w, "%s\twith %s\t%s\n", m.Need, m.Offer, m.Stage)
		}
	})
}

type assistanceMatchCmd struct {
	ID string `arg:"" optional:"" help:"Only for this need or this offer."`
	On string `help:"As of this day. Default: today." placeholder:"2027-01-31"`
}

// suggested is a suggestion with the stage of the match, if the States know of it already.
type suggested struct {
	assistance.Suggestion
	Stage assistance.Stage `json:"stage,omitempty"`
}

// Run suggests matches.
func (c *assistanceMatchCmd) Run(d *desk) error {
	on, err := onDay(c.On)
	if err != nil {
		return err
	}
	b, err := readBook(d)
	if err != nil {
		return err
	}
	id := assistance.ID(c.ID)
	if c.ID != "" && b.Find(id) < 0 {
		return rogatory.Fault(rogatory.NotFound, "listing_missing", "there is no need or offer %.40q", c.ID).WithHint("rogatory assistance list shows them")
	}
	v := []suggested{}
	for _, s := range assistance.Suggest(b.Side(assistance.NeedSide), b.Side(assistance.OfferSide), assistance.Date(on)) {
		if c.ID != "" && s.Need != id && s.Offer != id {
			continue
		}
		one := suggested{Suggestion: s}
		if at := b.FindMatch(s.Need, s.Offer); at >= 0 {
			one.Stage = b.Matches[at].Stage()
		}
		v = append(v, one)
	}
	if len(v) == 0 {
		d.say("no offer suits; an offer has to be of the same kind, for one of the articles, at a common day, and of another State")
	}
	return d.give(v, func(w io.Writer) {
		for _, s := range v {
			fmt.Fprintf(w, "%s with %s\t%d of 100\t%s\n", s.Need, s.Offer, s.Score, s.Stage)
			for _, r := range s.Reasons {
				fmt.Fprintf(w, "  %s\t%d of %d\t%s\n", r.Aspect, r.Points, r.Of, line(r.Text))
			}
			if s.Tie != "" {
				fmt.Fprintf(w, "  order\t\t%s\n", s.Tie)
			}
			for _, warning := range s.Warnings {
				fmt.Fprintf(w, "  warning\t\t%s\n", warning)
			}
		}
	})
}

// step is one step of a match, on the command line.
type step struct {
	acting
	Need  string `arg:"" help:"The need, such as XA-N-1."`
	Offer string `arg:"" help:"The offer, such as XB-O-1."`
	On    string `help:"The day on which it was done. Default: today." placeholder:"2027-01-31"`
}

// take takes the step for the State.
func (c step) take(d *desk, act assistance.Act, answers map[string]string) error {
	state, err := c.of(d)
	if err != nil {
		return err
	}
	on, err := onDay(c.On)
	if err != nil {
		return err
	}
	if today, _ := onDay(""); on > today {
		return usage("%s is not over yet: a step is recorded when it was done", on)
	}
	var after assistance.Match
	err = amendBook(d, func(b assistance.Book) (assistance.Book, error) {
		m := assistance.Match{Need: assistance.ID(c.Need), Offer: assistance.ID(c.Offer)}
		if b.Find(m.Need) < 0 || b.Find(m.Offer) < 0 {
			return b, rogatory.Fault(rogatory.NotFound, "listing_missing", "need %.40q or offer %.40q is not in the book", c.Need, c.Offer).WithHint("rogatory assistance list shows them; another State's come in with rogatory assistance import")
		}
		at := b.FindMatch(m.Need, m.Offer)
		if at >= 0 {
			m = b.Matches[at]
		}
		var err error
		if after, err = m.Take(assistance.Step{Act: act, By: state, On: assistance.Date(on), Answers: answers}, assistance.Standard()); err != nil {
			return b, err
		}
		if act == assistance.Propose || act == assistance.Accept {
			for _, warning := range b.Listings[b.Find(m.Offer)].Warnings() {
				d.say("warning: %s", warning)
			}
		}
		if at >= 0 {
			b.Matches[at] = after
		} else {
			b.Matches = append(b.Matches, after)
		}
		return b, nil
	})
	if err != nil {
		return err
	}
	d.say("the match of %s is %s; the other State learns of it with the next rogatory assistance export", after, after.Stage())
	return d.give(staged{after, after.Stage()}, func(w io.Writer) { fmt.Fprintf(w, "%s\n", after.Stage()) })
}

type assistanceProposeCmd struct{ step }

// Run proposes a match.
func (c *assistanceProposeCmd) Run(d *desk) error { return c.take(d, assistance.Propose, nil) }

type assistanceAcceptCmd struct{ step }

// Run accepts a match.
func (c *assistanceAcceptCmd) Run(d *desk) error { return c.take(d, assistance.Accept, nil) }

type assistanceDeclineCmd struct{ step }

// Run declines a match.
func (c *assistanceDeclineCmd) Run(d *desk) error { return c.take(d, assistance.Decline, nil) }

type assistanceDeliverCmd struct{ step }

// Run records that help was given.
func (c *assistanceDeliverCmd) Run(d *desk) error { return c.take(d, assistance.Deliver, nil) }

type assistanceEvaluateCmd struct {
	step
	Answer map[string]string `help:"Answer to a question." placeholder:"QUESTION=ANSWER" mapsep:"none"`
}

// Run evaluates the help that was given.
func (c *assistanceEvaluateCmd) Run(d *desk) error {
	return c.take(d, assistance.Evaluate, c.Answer)
}

type assistanceExportCmd struct {
	acting
	File string `arg:"" optional:"" help:"New file for the list. Default: standard output." type:"path"`
}

// Run writes the State's list. These bytes have one form, so that the node's key can sign them as they
// are; until it does, whoever carries the file vouches for it.
func (c *assistanceExportCmd) Run(d *desk) error {
	state, err := c.of(d)
	if err != nil {
		return err
	}
	b, err := readBook(d)
	if err != nil {
		return err
	}
	data, err := b.Of(state).Encode()
	if err != nil {
		return err
	}
	if c.File != "" {
		if err := writeNew(c.File, data, 0o644); err != nil {
			return err
		}
		d.say("the list of %s is in %s; it is not signed", state, c.File)
		return nil
	}
	_, err = d.out.Write(data)
	return err
}

type assistanceImportCmd struct {
	File      string `arg:"" help:"The other State's list." type:"path"`
	FromState string `help:"The State whose list it is. The list is not signed: be sure of who gave it." required:"" placeholder:"XB"`
	Apply     bool   `help:"Take it in. Without it only the difference is shown."`
}

// Run takes another State's list in. When lists are signed, the check of the signature goes where
// FromState is believed here.
func (c *assistanceImportCmd) Run(d *desk) error {
	from := rogatory.StateCode(c.FromState)
	if !from.Valid() {
		return usage("state %.10q is not a code of two capital letters", from)
	}
	if own, err := (acting{}).of(d); err == nil && own == from {
		return usage("%s is the State of this node: what it says is in the book already", from)
	}
	if !exists(c.File) {
		return rogatory.Fault(rogatory.NotFound, "file_missing", "there is no file %s", c.File)
	}
	data, err := readPublished(c.File, assistance.MaxSize)
	if err != nil {
		return err
	}
	theirs, err := assistance.Load(c.File, data, assistance.Standard())
	if err != nil {
		return err
	}
	var diff []assistance.Difference
	merge := func(mine assistance.Book) (after assistance.Book, err error) {
		after, diff = assistance.Merge(mine, theirs, from)
		return after, nil
	}
	if c.Apply {
		err = amendBook(d, merge)
	} else {
		var mine assistance.Book
		if mine, err = readBook(d); err == nil {
			mine, _ = merge(mine)
			_, err = encodeBook(bookFile(d), mine)
		}
	}
	if err != nil {
		return err
	}
	switch {
	case len(diff) == 0:
		d.say("nothing in it is new")
	case c.Apply:
		d.say("taken in, save what is marked refused or kept")
	default:
		d.say("nothing was changed; --apply takes it in")
	}
	return d.give(diff, func(w io.Writer) {
		for _, x := range diff {
			fmt.Fprintf(w, "%s\t%s\t%s\n", x.Effect, x.What, line(x.Text))
		}
	})
}
