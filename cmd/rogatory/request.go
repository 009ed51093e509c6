// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"rogatory"
	"rogatory/api"
	"rogatory/docket"
	"rogatory/treaty"
)

// requestCmds work on requests.
type requestCmds struct {
	New      requestNewCmd      `cmd:"" help:"Draft a request, or print a filled example with --example."`
	Edit     requestEditCmd     `cmd:"" help:"Change a draft: what is given replaces what was there."`
	Check    requestCheckCmd    `cmd:"" help:"Say what a draft lacks, with the articles, and what a careful colleague would ask."`
	Send     requestSendCmd     `cmd:"" help:"Send a draft. Another person than its author must do it."`
	List     requestListCmd     `cmd:"" help:"List requests, the last changed first."`
	Show     requestShowCmd     `cmd:"" help:"Show a request, what was said on it, its deadlines and exhibits."`
	Answer   requestAnswerCmd   `cmd:"" help:"Act on a request: acknowledge, ask, accept, refuse, preserve, start, execute and others; a wrong one lists them all."`
	Record   requestRecordCmd   `cmd:"" help:"Record a request that came by another channel: in the bag, through INTERPOL, by telephone."`
	Heard    requestHeardCmd    `cmd:"" help:"Record what the other State said, by another channel, on such a request."`
	Renew    requestRenewCmd    `cmd:"" help:"Record that the domestic order under which data stay preserved was renewed."`
	Messages requestMessagesCmd `cmd:"" help:"Show every message of a request in full."`
	Kinds    requestKindsCmd    `cmd:"" help:"List the kinds of request, or the fields and grounds of one."`
}

// content is what a request says, on the command line.
type content struct {
	From      string            `help:"JSON file with the whole draft, as --example prints it." type:"existingfile" placeholder:"FILE"`
	Kind      string            `help:"Kind of request; rogatory request kinds lists them." placeholder:"KIND"`
	Part      string            `help:"Part of the kind, such as service of documents." placeholder:"PART"`
	To        []string          `help:"Whom it is for: a State's code, or STATE/AUTHORITY. Several States get a request each, in one case." placeholder:"XB"`
	Channel   string            `help:"Another channel than this network: diplomatic, interpol, post, by_hand, telephone." placeholder:"CHANNEL"`
	Basis     string            `help:"Legal basis: uncc, budapest, other_treaty, other_treaty_uncc_paras, reciprocity. Default: this Convention." placeholder:"BASIS"`
	Title     string            `help:"A title, so that people can tell requests apart."`
	Language  string            `help:"Language of the text." placeholder:"en"`
	Offence   []string          `help:"Articles of the offence, 7 to 17." placeholder:"7"`
	Years     int               `help:"Maximum penalty in years, for a serious crime outside those articles." placeholder:"4"`
	Law       string            `help:"Provision of law that makes it an offence."`
	Follows   string            `help:"Preservation request that announced this one." placeholder:"REQUEST"`
	TermFrom  string            `help:"From when a measure is asked for." placeholder:"DATE"`
	TermTo    string            `help:"Until when; this end is hard." placeholder:"DATE"`
	Payment   []string          `help:"A hop of the money, first hop first: FROM > TO, AMOUNT CODE, TIME; an account may name its institution after @." placeholder:"HOP" sep:"none"`
	Print     []string          `name:"fingerprint" help:"Digest of an image to be removed: ALGORITHM:HEX. The image itself never travels." placeholder:"sha256:HEX" sep:"none"`
	Into      string            `help:"Language of a translation, where the other State does not accept the original's." placeholder:"fr"`
	By        string            `help:"Who answers for the translation." placeholder:"NAME"`
	TitleInto string            `help:"The title in the translation."`
	FieldInto map[string]string `help:"A field of the kind in the translation." placeholder:"NAME=TEXT" mapsep:"none"`
	Field     map[string]string `help:"A field of the kind." placeholder:"NAME=TEXT" mapsep:"none"`
	FieldFile map[string]string `help:"A field of the kind, its text from a file." placeholder:"NAME=FILE" mapsep:"none"`
}

// onto puts what was given over the draft.
func (c *content) onto(draft *api.Draft) error {
	if c.From != "" {
		data, err := readSmall(c.From)
		if err != nil {
			return err
		}
		dec := json.NewDecoder(bytes.NewReader(data))
		dec.DisallowUnknownFields()
		var whole api.Draft
		if err := dec.Decode(&whole); err != nil {
			return rogatory.Fault(rogatory.Invalid, "draft_invalid", "read %s: %w", c.From, err).WithHint("rogatory request new --kind preservation --example prints one that is right")
		}
		*draft = whole
	}
	r := &draft.Request
	if len(c.To) > 0 {
		draft.To = addressOf(c.To[0])
	}
	if err := c.figures(r); err != nil {
		return err
	}
	if c.Channel != "" {
		draft.Channel = rogatory.Channel(c.Channel)
	}
	for _, f := range []struct {
		to   *string
		from string
	}{{(*string)(&r.Kind), c.Kind}, {&r.Part, c.Part}, {(*string)(&r.Basis), c.Basis}, {&r.Title, c.Title}, {&r.Language, c.Language}, {&r.Offence.Law, c.Law}, {(*string)(&r.Follows), c.Follows}} {
		if f.from != "" {
			*f.to = f.from
		}
	}
	if len(c.Offence) > 0 {
		r.Offence.Articles = c.Offence
	}
	if c.Years != 0 {
		r.Offence.MaximumYears = c.Years
	}
	if r.Contents == nil {
		r.Contents = map[string]string{}
	}
	maps.Copy(r.Contents, c.Field)
	for name, file := range c.FieldFile {
		data, err := readSmall(file)
		if err != nil {
			return err
		}
		r.Contents[name] = strings.TrimSpace(string(data))
	}
	c.translate(r)
	return nil
}

// translate puts what was given of a translation into the request.
func (c *content) translate(r *rogatory.Request) {
	if c.Into == "" && c.By == "" && c.TitleInto == "" && len(c.FieldInto) == 0 {
		return
	}
	if r.Translation == nil {
		r.Translation = &rogatory.Translation{}
	}
	t := r.Translation
	t.Language, t.By, t.Title = cmp.Or(c.Into, t.Language), cmp.Or(c.By, t.By), cmp.Or(c.TitleInto, t.Title)
	if t.Contents == nil {
		t.Contents = map[string]string{}
	}
	maps.Copy(t.Contents, c.FieldInto)
}

func addressOf(s string) rogatory.Address {
	state, authority, _ := strings.Cut(s, "/")
	return rogatory.Address{State: rogatory.StateCode(state), Authority: rogatory.AuthorityID(authority)}
}

// figures reads what a request carries beside its text.
func (c *content) figures(r *rogatory.Request) (err error) {
	for _, end := range []struct {
		to   *rogatory.Instant
		from string
	}{{&r.Term.From, c.TermFrom}, {&r.Term.To, c.TermTo}} {
		if end.from != "" {
			if *end.to, err = moment(end.from); err != nil {
				return err
			}
		}
	}
	if len(c.Payment) > 0 {
		r.Payments = nil
	}
	for _, text := range c.Payment {
		p, err := payment(text)
		if err != nil {
			return err
		}
		r.Payments = append(r.Payments, p)
	}
	if len(c.Print) > 0 {
		r.Fingerprints = nil
	}
	for _, text := range c.Print {
		algorithm, value, _ := strings.Cut(text, ":")
		f := rogatory.Fingerprint{Algorithm: algorithm, Value: value}
		if !f.Valid() {
			return usage("%.80q is not a digest", text).WithHint("write it as sha256: and 64 small hexadecimal digits")
		}
		r.Fingerprints = append(r.Fingerprints, f)
	}
	return nil
}

// complete fills in what can be known: the language, and the only authority that receives the kind.
func complete(d *desk, client *api.Client, draft *api.Draft) error {
	if draft.Request.Language == "" {
		draft.Request.Language = "en"
	}
	if draft.Request.Rules == "" {
		draft.Request.Rules = treaty.Convention().Version
	}
	if draft.To.Authority != "" || draft.To.State == "" || draft.Channel != "" {
		return nil
	}
	parties, err := client.Parties(d.ctx)
	if err != nil {
		return err
	}
	rules, err := client.Kinds(d.ctx)
	if err != nil {
		return err
	}
	kind, err := rules.Kind(draft.Request.Kind)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(parties, func(p rogatory.Party) bool { return p.Code == draft.To.State })
	if i < 0 {
		var codes []string
		for _, p := range parties {
			codes = append(codes, string(p.Code))
		}
		return rogatory.Fault(rogatory.NotFound, "unknown_state", "the directory has no State %.10q", draft.To.State).WithHint("its States are " + strings.Join(codes, ", "))
	}
	var able []string
	for _, a := range parties[i].Authorities {
		if slices.ContainsFunc(kind.Receivers, a.Has) {
			able = append(able, string(a.ID))
		}
	}
	if len(able) != 1 {
		return usage("%s has %d authorities that receive %s requests", parties[i].Name, len(able), kind.ID).WithHint("name one with --to " + string(draft.To.State) + "/AUTHORITY: " + strings.Join(able, ", "))
	}
	draft.To.Authority = rogatory.AuthorityID(able[0])
	return nil
}

type requestNewCmd struct {
	content
	Case    string `help:"Own case that it belongs to; a new one is opened without it." placeholder:"CASE"`
	Example bool   `help:"Print a filled example of the kind and do nothing."`
}

// Run drafts a request.
func (c *requestNewCmd) Run(d *desk) error {
	if c.Example {
		return c.example(d)
	}
	if c.From == "" && (c.Kind == "" || len(c.To) == 0) {
		return usage("a request needs --kind and --to, or --from FILE").WithHint("rogatory request new --kind preservation --example prints a filled one to begin with")
	}
	client, err := d.client()
	if err != nil {
		return err
	}
	var draft api.Draft
	if err := c.onto(&draft); err != nil {
		return err
	}
	if c.Case != "" {
		draft.Case = rogatory.CaseID(c.Case)
	}
	// One case, many States: each gets a request of its own.
	to := []rogatory.Address{draft.To}
	for _, also := range c.To[min(1, len(c.To)):] {
		to = append(to, addressOf(also))
	}
	for _, draft.To = range to {
		if err := complete(d, client, &draft); err != nil {
			return err
		}
		f, err := client.Draft(d.ctx, draft)
		if err != nil {
			return err
		}
		draft.Case = f.ID.Case()
		if err := drafted(d, client, f); err != nil {
			return err
		}
	}
	return nil
}

// drafted prints the reference, and tells what is missing before somebody tries to send it.
func drafted(d *desk, client *api.Client, f docket.File) error {
	found, err := client.Review(d.ctx, f.ID)
	if err != nil {
		return err
	}
	lacks := warned(d, found)
	cautioned(d, f.Request.Kind)
	if len(lacks) > 0 {
		d.say("the draft of %s still lacks:", f.ID)
		for _, l := range lacks {
			d.say("  %s", l)
		}
		d.say("hint: complete it with rogatory request edit %s", f.ID)
	} else {
		d.say("the draft of %s is complete; another person sends it with rogatory request send %s", f.ID, f.ID)
	}
	return d.give(f, func(w io.Writer) { fmt.Fprintln(w, f.ID) })
}

// warned prints what does not stop a request, and returns what does.
func warned(d *desk, found []treaty.Finding) (lacks []string) {
	for _, f := range found {
		if f.Blocks {
			lacks = append(lacks, f.Words())
		} else {
			d.say("warning: %s", f.Words())
		}
	}
	return lacks
}

// cautioned says that the rules of a kind are not verified, where they are not.
func cautioned(d *desk, id rogatory.RequestKind) {
	if k, err := treaty.Convention().Kind(id); err == nil && !k.Verified {
		d.say("note: the rules of a %s request (Art %s) are %s", k.ID, k.Article, verified(false))
	}
}

type requestCheckCmd struct {
	ID string `arg:"" name:"request" help:"Reference of the draft."`
}

// Run reviews a draft. What is missing is its result, so it ends with 1 when something is.
func (c *requestCheckCmd) Run(d *desk) error {
	client, err := d.client()
	if err != nil {
		return err
	}
	found, err := client.Review(d.ctx, rogatory.RequestID(c.ID))
	if err != nil {
		return err
	}
	f, err := client.Request(d.ctx, rogatory.RequestID(c.ID))
	if err != nil {
		return err
	}
	cautioned(d, f.Request.Kind)
	blocks := 0
	err = d.give(found, func(w io.Writer) {
		for _, f := range found {
			mark := "warning"
			if f.Blocks {
				mark = "lacks"
			}
			fmt.Fprintf(w, "%s\t%s\t%s\n", mark, f.Field, f.Words())
		}
	})
	for _, f := range found {
		if f.Blocks {
			blocks++
		}
	}
	if err == nil && blocks > 0 {
		err = rogatory.Fault(rogatory.Invalid, "request_incomplete", "the draft of %s cannot be sent yet: %d things are missing", c.ID, blocks).WithHint("complete it with rogatory request edit " + c.ID)
	}
	return err
}

type requestRecordCmd struct {
	content
	Sender    string `help:"Who asks: a State's code, or STATE/AUTHORITY." placeholder:"XC" required:""`
	Reference string `help:"The other State's file number, or where the original is found." required:""`
	Received  string `help:"When it came. Default: now." placeholder:"DATE"`
}

// Run records a request that came by another channel.
func (c *requestRecordCmd) Run(d *desk) error {
	client, err := d.client()
	if err != nil {
		return err
	}
	var draft api.Draft
	if err := c.onto(&draft); err != nil {
		return err
	}
	a := api.Arrival{From: addressOf(c.Sender), Channel: draft.Channel, Reference: c.Reference, Request: draft.Request}
	if c.Received != "" {
		if a.Received, err = moment(c.Received); err != nil {
			return err
		}
	}
	f, err := client.Record(d.ctx, a)
	if err != nil {
		return err
	}
	found, err := client.Review(d.ctx, f.ID)
	if err != nil {
		return err
	}
	for _, l := range warned(d, found) {
		d.say("it lacks %s", l)
	}
	d.say("recorded as %s; its clocks run from %s", f.ID, when(f.Received))
	return d.give(f, func(w io.Writer) { fmt.Fprintln(w, f.ID) })
}

func (c *requestNewCmd) example(d *desk) error {
	rules := treaty.Convention()
	kind, err := rules.Kind(rogatory.RequestKind(c.Kind))
	if err != nil {
		return err
	}
	var given api.Draft // says which part is meant, if one is
	if err := c.onto(&given); err != nil {
		return err
	}
	filled, err := rules.Example(kind.ID, given.Request.Part, rogatory.At(time.Now()))
	if err != nil {
		return err
	}
	draft := api.Draft{To: rogatory.Address{State: "XB", Authority: "justice"}, Request: filled}
	if err := c.onto(&draft); err != nil {
		return err
	}
	part, _ := kind.Part(draft.Request.Part)
	required, optional := kind.FieldsOf(draft.Request.Part)
	for _, name := range append(required, optional...) {
		if slices.Contains(part.Without, name) {
			continue // it may be said, and mostly is not
		}
		if _, given := draft.Request.Contents[name]; !given {
			draft.Request.Contents[name] = rules.ExampleOf(kind, name)
		}
		d.say("%s: %s (Art %s)", name, rules.Fields[name].Label, rules.Fields[name].Article)
	}
	cautioned(d, kind.ID)
	enc := json.NewEncoder(d.out) // JSON in any case: it is a file to be edited
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(draft)
}

type requestEditCmd struct {
	ID string `arg:"" name:"request" help:"Reference of the draft."`
	content
}

// Run revises a draft.
func (c *requestEditCmd) Run(d *desk) error {
	client, err := d.client()
	if err != nil {
		return err
	}
	f, err := client.Request(d.ctx, rogatory.RequestID(c.ID))
	if err != nil {
		return err
	}
	draft := api.Draft{To: f.Them, Request: f.Request}
	if err := c.onto(&draft); err != nil {
		return err
	}
	if err := complete(d, client, &draft); err != nil {
		return err
	}
	if f, err = client.Revise(d.ctx, f.ID, draft); err != nil {
		return err
	}
	return drafted(d, client, f)
}

type requestSendCmd struct {
	ID string `arg:"" name:"request" help:"Reference of the draft."`
}

// Run sends a draft.
func (c *requestSendCmd) Run(d *desk) error {
	return move(d, c.ID, rogatory.Send, rogatory.Body{})
}

func move(d *desk, id string, act rogatory.Act, body rogatory.Body) error {
	client, err := d.client()
	if err != nil {
		return err
	}
	m, err := client.Move(d.ctx, rogatory.RequestID(id), act, body)
	if err != nil {
		return err
	}
	if m.File.Channel != "" {
		d.say("%s: %s is recorded, now %s; it goes by the %s channel, so a person has to send it", id, act, m.File.State, m.File.Channel)
	} else {
		d.say("%s: %s, now %s; the message is on its way to %s", id, act, m.File.State, m.File.Them.State)
	}
	return d.give(m, func(w io.Writer) { fmt.Fprintln(w, m.Message) })
}

type requestListCmd struct {
	Side  string `help:"requesting or requested: ours or theirs." enum:",requesting,requested" default:""`
	Peer  string `help:"Only with this State." placeholder:"XB"`
	State string `help:"Only in this state." placeholder:"STATE"`
	Kind  string `help:"Only of this kind." placeholder:"KIND"`
	Limit int    `help:"At most so many." default:"50"`
}

// Run lists requests.
func (c *requestListCmd) Run(d *desk) error {
	client, err := d.client()
	if err != nil {
		return err
	}
	all := []docket.File{}
	q := docket.Filter{Side: rogatory.Side(c.Side), Peer: rogatory.StateCode(c.Peer), State: rogatory.State(c.State), Kind: rogatory.RequestKind(c.Kind)}
	for len(all) < c.Limit {
		q.Limit = min(c.Limit-len(all), docket.MaxPage)
		page, err := client.Requests(d.ctx, q)
		if err != nil {
			return err
		}
		all = append(all, page.Requests...)
		if q.After = page.Next; q.After == "" {
			break
		}
	}
	return d.give(all, func(w io.Writer) {
		for _, f := range all {
			fmt.Fprintf(w, "%s\t%s\t%s %s\t%s\t%s\t%s\n", f.ID, f.State, arrow(f.Side), f.Them.State, f.Request.Kind, next(f), line(f.Request.Title))
		}
	})
}

func arrow(s rogatory.Side) string {
	if s == rogatory.RequestingSide {
		return "to"
	}
	return "from"
}

// next names the deadline of the request itself that runs out first.
func next(f docket.File) string {
	var first *docket.Deadline
	for i, d := range f.Deadlines {
		if d.State == docket.Running && !d.Outlives() && (first == nil || d.Due < first.Due) {
			first = &f.Deadlines[i]
		}
	}
	if first == nil {
		return "-"
	}
	return first.Name + " by " + when(first.Due)
}
