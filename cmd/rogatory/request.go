// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
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
	return nil
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
			lacks = append(lacks, f.Text)
		} else {
			d.say("warning: %s", f.Text)
		}
	}
	return lacks
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
	blocks := 0
	err = d.give(found, func(w io.Writer) {
		for _, f := range found {
			mark := "warning"
			if f.Blocks {
				mark = "lacks"
			}
			fmt.Fprintf(w, "%s\t%s\t%s\n", mark, f.Field, f.Text)
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

type requestHeardCmd struct {
	requestAnswerCmd
	When string `help:"When it was said. Default: now." placeholder:"DATE"`
}

// Run records what the other State said.
func (c *requestHeardCmd) Run(d *desk) error {
	act, body, err := c.said(d)
	if err != nil {
		return err
	}
	h := api.HeardOf{Act: act, Body: body}
	if c.When != "" {
		if h.When, err = moment(c.When); err != nil {
			return err
		}
	}
	client, err := d.client()
	if err != nil {
		return err
	}
	f, err := client.Heard(d.ctx, rogatory.RequestID(c.ID), h)
	if err != nil {
		return err
	}
	d.say("%s: %s by %s is recorded, now %s", c.ID, act, f.Them.State, f.State)
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

// next names the deadline that runs out first.
func next(f docket.File) string {
	var first *docket.Deadline
	for i, d := range f.Deadlines {
		if d.State == docket.Running && (first == nil || d.Due < first.Due) {
			first = &f.Deadlines[i]
		}
	}
	if first == nil {
		return "-"
	}
	return first.Name + " by " + when(first.Due)
}

type requestShowCmd struct {
	ID string `arg:"" name:"request" help:"Reference of the request."`
}

// Run shows a request.
func (c *requestShowCmd) Run(d *desk) error {
	client, err := d.client()
	if err != nil {
		return err
	}
	f, err := client.Request(d.ctx, rogatory.RequestID(c.ID))
	if err != nil {
		return err
	}
	if d.globals.JSON {
		return d.give(f, nil)
	}
	messages, err := client.Messages(d.ctx, f.ID)
	if err != nil {
		return err
	}
	return d.give(f, func(w io.Writer) {
		r := f.Request
		fmt.Fprintf(w, "%s\t%s\n%s %s\t%s\nstate\t%s\n", f.ID, line(r.Title), arrow(f.Side), f.Them, r.Kind, f.State)
		fmt.Fprintf(w, "offence\tarticles %s; %s\n", strings.Join(r.Offence.Articles, ", "), line(r.Offence.Law))
		for _, name := range slices.Sorted(maps.Keys(r.Contents)) {
			fmt.Fprintf(w, "%s\t%s\n", name, indented(r.Contents[name]))
		}
		if v := f.Verdict; v != nil {
			fmt.Fprintf(w, "verdict\t%s\n", line(strings.Join([]string{string(v.Ground), v.Reasons, string(v.Outcome)}, " ")))
		}
		for _, c := range f.Conditions {
			fmt.Fprintf(w, "condition\t%s\n", line(c))
		}
		if f.Preservation.Until != 0 {
			fmt.Fprintf(w, "preserved\tuntil %s\n", when(f.Preservation.Until))
		}
		if len(f.Conditions) > 0 && f.Agreed == 0 {
			fmt.Fprintf(w, "\tnot agreed to yet: nothing is handed over before, Art 40(28)\n")
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
		if f.Recovery != nil {
			share, _ := f.Recovery.Share()
			fmt.Fprintf(w, "recovered\t%s returned and %s frozen of %s, %d.%d %%\n", f.Recovery.Returned, f.Recovery.Frozen, f.Recovery.Attempted, share/10, share%10)
		}
		for _, q := range f.Consents {
			fmt.Fprintf(w, "consent\t%s to %s for %s: %s\n", q.State, q.Consent.Use, line(q.Consent.Purpose), q.Asked)
		}
		if f.HeldBy != "" {
			fmt.Fprintf(w, "held\tuntil %s is decided\n", f.HeldBy)
		}
		for _, i := range f.Preservation.Items {
			fmt.Fprintf(w, "item\t%s, %s, SHA-256 %s\n", line(i.Description), amount(i.Size), i.SHA256)
		}
		for _, x := range f.Deadlines {
			fmt.Fprintf(w, "deadline\t%s: %s by %s (Art %s)\n", x.Name, x.State, when(x.Due), x.Article)
		}
		for _, x := range f.Exhibits {
			fmt.Fprintf(w, "exhibit\t%s %s: %s, %s\n", x.Exhibit.ID, x.State, line(x.Exhibit.Title), amount(x.Exhibit.Seal.Size))
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
			if m.Message.Body.Text != "" {
				fmt.Fprintf(w, "\t%s\n", indented(m.Message.Body.Text))
			}
		}
	})
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

type requestAnswerCmd struct {
	ID  string `arg:"" name:"request" help:"Reference of the request."`
	Act string `arg:"" help:"What to do, such as acknowledge, ask, accept, refuse, preserve, execute."`

	Text      string            `help:"Words to the other State."`
	Language  string            `help:"Language of the words." default:"en"`
	Ground    string            `help:"Ground to refuse or postpone on; a wrong one lists those that are open." placeholder:"R21B"`
	Reasons   string            `help:"Why the ground applies to these facts, Art 40(25)."`
	Condition []string          `help:"Condition of an acceptance, Art 40(28)." sep:"none"`
	Review    string            `help:"When a postponed request is looked at again." placeholder:"DATE"`
	Outcome   string            `help:"How it was executed, or what is done instead of it; a wrong one lists those of the kind." placeholder:"OUTCOME"`
	Until     string            `help:"Until when data are preserved, or a measure runs." placeholder:"DATE"`
	Days      int               `help:"How many more days of preservation are asked for."`
	Hours     int               `help:"How many more hours of a measure are asked for."`
	Item      map[string]string `help:"What was preserved: a description and the file, which is hashed here and goes nowhere." placeholder:"DESCRIPTION=FILE" mapsep:"none"`
	Asset     map[string]string `help:"What was frozen: an account, the amount found and the amount asked for." placeholder:"ACCOUNT=FROZEN/ASKED CODE" mapsep:"none"`
	Detail    map[string]string `help:"What the act of this kind has to say; a missing one is named with an example." placeholder:"NAME=TEXT" mapsep:"none"`
	Use       string            `help:"What consent is asked for: other_use, onward_transfer, team_disclosure, evidence_use." placeholder:"USE"`
	Purpose   string            `help:"For which purpose consent is asked."`
	Third     string            `help:"The third State or organisation that would be given it." placeholder:"XC"`
	Exhibit   string            `help:"Exhibit that a consent or notice is about. Default: all that the request brought." placeholder:"EXHIBIT"`
	Answers   string            `help:"Message that asked for consent, where several did." placeholder:"MESSAGE"`
	Attempted string            `help:"Loss that was attempted, such as '12500.00 EUR'." placeholder:"AMOUNT"`
	Frozen    string            `help:"What of it was frozen." placeholder:"AMOUNT"`
	Returned  string            `help:"What of it was returned." placeholder:"AMOUNT"`
}

// Run acts on a request.
func (c *requestAnswerCmd) Run(d *desk) error {
	act, body, err := c.said(d)
	if err != nil {
		return err
	}
	return move(d, c.ID, act, body)
}

// said reads the act and what it says.
func (c *requestAnswerCmd) said(d *desk) (act rogatory.Act, b rogatory.Body, err error) {
	act = rogatory.Act(strings.ReplaceAll(c.Act, "-", "_"))
	var known []string
	for _, t := range rogatory.Lifecycle() {
		switch t.Act {
		case rogatory.Draft, rogatory.Revise, rogatory.Send, rogatory.Offer, rogatory.RevokeOffer, rogatory.Take:
		default:
			known = append(known, string(t.Act))
		}
	}
	slices.Sort(known)
	if known = slices.Compact(known); !slices.Contains(known, string(act)) {
		return act, b, usage("there is no answer %.40q", c.Act).WithHint("the answers are " + strings.Join(known, ", "))
	}
	var until rogatory.Instant
	if c.Until != "" {
		if until, err = moment(c.Until); err != nil {
			return act, b, err
		}
	}
	if c.Text != "" {
		b.Text, b.Language = c.Text, c.Language
	}
	if len(c.Detail) > 0 {
		b.Details = c.Detail
	}
	b.Answers, b.ExhibitID = rogatory.MessageID(c.Answers), rogatory.ExhibitID(c.Exhibit)
	switch act {
	case rogatory.Accept, rogatory.Refuse, rogatory.Postpone, rogatory.Execute, rogatory.GiveConsent:
		if act != rogatory.GiveConsent || len(c.Condition) > 0 {
			b.Verdict = &rogatory.Verdict{Ground: rogatory.Ground(c.Ground), Reasons: c.Reasons, Conditions: c.Condition, Outcome: rogatory.Outcome(c.Outcome)}
		}
		if c.Review != "" {
			if b.Verdict.Review, err = moment(c.Review); err != nil {
				return act, b, err
			}
		}
	case rogatory.Preserve, rogatory.Extend, rogatory.RequestExtension, rogatory.Start:
		err = c.runs(d, act, until, &b)
	case rogatory.AskConsent:
		b.Consent, b.ExhibitID = &rogatory.Consent{Use: rogatory.ConsentUse(c.Use), Exhibit: b.ExhibitID, Purpose: c.Purpose, To: c.Third}, ""
	case rogatory.ReportRecovery:
		b.Recovery = &rogatory.Recovery{Attempted: sum(c.Attempted), Frozen: sum(c.Frozen), Returned: sum(c.Returned)}
	}
	return act, b, err
}

// runs reads what preserves, freezes or collects for a time. Only the request knows which of the two an
// extension is of.
func (c *requestAnswerCmd) runs(d *desk, act rogatory.Act, until rogatory.Instant, b *rogatory.Body) error {
	measure := act == rogatory.Start
	if act == rogatory.Extend || act == rogatory.RequestExtension {
		client, err := d.client()
		if err != nil {
			return err
		}
		f, err := client.Request(d.ctx, rogatory.RequestID(c.ID))
		if err != nil {
			return err
		}
		measure = f.State == rogatory.InForce
	}
	if measure {
		b.Measure = &rogatory.Measure{Until: until, Hours: c.Hours}
		for _, account := range slices.Sorted(maps.Keys(c.Asset)) {
			a, err := asset(account, c.Asset[account])
			if err != nil {
				return err
			}
			b.Measure.Assets = append(b.Measure.Assets, a)
		}
		return nil
	}
	b.Preservation = &rogatory.Preservation{Days: c.Days, Until: until}
	for _, description := range slices.Sorted(maps.Keys(c.Item)) {
		item, err := hashed(d, description, c.Item[description])
		if err != nil {
			return err
		}
		b.Preservation.Items = append(b.Preservation.Items, item)
	}
	return nil
}

// hashed describes a file that stays where it is.
func hashed(d *desk, description, name string) (rogatory.PreservedItem, error) {
	f, err := os.Open(name)
	if err != nil {
		return rogatory.PreservedItem{}, rogatory.Fault(rogatory.NotFound, "file_missing", "hash a file: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return rogatory.PreservedItem{}, rogatory.Fault(rogatory.Invalid, "file_unreadable", "%s is not a file", name).WithHint("pack a folder into one archive first")
	}
	progress := d.bar("hash "+description, info.Size())
	sum := sha256.New()
	size, err := io.Copy(sum, &watched{f, 0, progress})
	progress.end()
	if err != nil {
		return rogatory.PreservedItem{}, rogatory.Fault(rogatory.Unavailable, "file_unreadable", "hash %s: %w", name, err)
	}
	return rogatory.PreservedItem{Description: description, Size: size, SHA256: rogatory.Digest(sum.Sum(nil))}, nil
}

type watched struct {
	r   io.Reader
	n   int64
	bar *bar
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	w.n += int64(n)
	w.bar.at(w.n)
	return n, err
}

type requestKindsCmd struct {
	Kind string `arg:"" optional:"" help:"A kind, to see its fields and grounds."`
}

// Run shows the rules that came with this program.
func (c *requestKindsCmd) Run(d *desk) error {
	rules := treaty.Convention()
	if c.Kind == "" {
		return d.give(rules, func(w io.Writer) {
			for _, k := range rules.Kinds {
				fmt.Fprintf(w, "%s\tArt %s\t%s\t%s\n", k.ID, k.Article, k.Title, verified(k.Verified))
			}
		})
	}
	k, err := rules.Kind(rogatory.RequestKind(c.Kind))
	if err != nil {
		return err
	}
	return d.give(k, func(w io.Writer) {
		fmt.Fprintf(w, "%s\tArt %s\t%s\t%s\n", k.ID, k.Article, k.Title, verified(k.Verified))
		for _, f := range k.Required {
			fmt.Fprintf(w, "needs\t%s\t%s (Art %s)\n", f, rules.Fields[f].Label, rules.Fields[f].Article)
		}
		for _, f := range k.Optional {
			fmt.Fprintf(w, "may have\t%s\t%s (Art %s)\n", f, rules.Fields[f].Label, rules.Fields[f].Article)
		}
		for _, g := range k.Refuse {
			fmt.Fprintf(w, "refused on\t%s\t%s (Art %s), %s\n", g, rules.Grounds[g].Text, rules.Grounds[g].Article, verified(rules.Grounds[g].Verified))
		}
		for _, g := range k.Postpone {
			fmt.Fprintf(w, "postponed on\t%s\t%s (Art %s), %s\n", g, rules.Grounds[g].Text, rules.Grounds[g].Article, verified(rules.Grounds[g].Verified))
		}
	})
}

func verified(ok bool) string {
	if ok {
		return "verified"
	}
	return "not verified by a jurist"
}
