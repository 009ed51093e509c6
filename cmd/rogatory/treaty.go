// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"rogatory"
	"rogatory/api"
	"rogatory/node"
	"rogatory/treaty"
	treatystatus "rogatory/treaty/status"
)

// treatyCmds are the treaty desk. Without a node's folder they answer from the data that came with
// this program.
type treatyCmds struct {
	Status   treatyStatusCmd   `cmd:"" help:"Whether the Convention is in force, and the way to the fortieth instrument."`
	Show     treatyShowCmd     `cmd:"" help:"What is known of one State."`
	Timeline treatyTimelineCmd `cmd:"" help:"What happened, and what follows from it, by date."`
	Basis    treatyBasisCmd    `cmd:"" help:"On which legal basis one State can ask another, and why."`
	Import   treatyImportCmd   `cmd:"" help:"Read the depositary's status XML and show what it changes; --adopt puts it in force in the node."`
}

// treaties opens the treaty desk: the node's own files where it has them, else the embedded data.
func (d *desk) treaties() (*treatystatus.Desk, error) { return node.Treaties(d.globals.Node) }

// readUpTo reads a file of at most so many bytes.
func readUpTo(name string, most int) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, rogatory.Fault(rogatory.NotFound, "file_missing", "read a file: %w", err)
	}
	return readOpen(f, most)
}

// readOpen reads an open file of at most so many bytes, and closes it.
func readOpen(f *os.File, most int) ([]byte, error) {
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, int64(most)+1))
	if err != nil {
		return nil, rogatory.Fault(rogatory.Unavailable, "file_unreadable", "read %s: %w", f.Name(), err)
	}
	if len(data) > most {
		return nil, rogatory.Fault(rogatory.Invalid, "file_too_large", "%s has more than %d bytes", f.Name(), most)
	}
	return data, nil
}

// dayOf reads the day of a question; today if none is given.
func dayOf(s string) (treatystatus.Date, error) {
	if s == "" {
		return treatystatus.DateOf(time.Now()), nil
	}
	day, err := treatystatus.ParseDate(s)
	if err != nil {
		return 0, usage("%w", err).WithHint("write 2026-11-25")
	}
	return day, nil
}

// because writes a reason in a line, with its origin and whether it was verified.
func because(r treatystatus.Reason) string {
	var origin []string
	if r.Article != "" {
		origin = append(origin, "Art "+r.Article)
	}
	if r.Source != "" {
		origin = append(origin, r.Source)
	}
	if r.Verified {
		origin = append(origin, "verified")
	} else {
		origin = append(origin, "not verified")
	}
	return line(r.Text) + " [" + strings.Join(origin, "; ") + "]"
}

type treatyStatusCmd struct {
	On string `help:"The day asked about. Default: today." placeholder:"DATE"`
}

// Run shows the way to forty.
func (c *treatyStatusCmd) Run(d *desk) error {
	desk, err := d.treaties()
	if err != nil {
		return err
	}
	on, err := dayOf(c.On)
	if err != nil {
		return err
	}
	t := desk.Tally(on)
	return d.give(t, func(w io.Writer) {
		fmt.Fprintf(w, "on\t%s\ndata until\t%s\n", t.On, t.AsOf)
		fmt.Fprintf(w, "in force\t%s\n", map[bool]string{true: "yes", false: "no, as far as is known"}[t.InForce])
		fmt.Fprintf(w, "way to %d\t%s\n", t.Needed, towards(t))
		fmt.Fprintf(w, "\t%d deposited (#), %d reported without a day (?), %d missing by known days of deposit\n", len(t.Dated), len(t.Uncounted), t.Missing)
		if t.Entry != 0 {
			fmt.Fprintf(w, "enters into force\t%s\n", t.Entry)
		}
		fmt.Fprintf(w, "signatories\t%d named", t.Signatories)
		if t.Unnamed > 0 {
			fmt.Fprintf(w, ", %d more reported and not named", t.Unnamed)
		}
		if len(t.Perhaps) > 0 {
			fmt.Fprintf(w, ", %d that may have signed later: %s", len(t.Perhaps), join(t.Perhaps))
		}
		fmt.Fprintln(w)
		for _, r := range t.Reasons {
			fmt.Fprintf(w, "why\t%s\n", because(r))
		}
	})
}

// towards draws one character per instrument that is needed.
func towards(t treatystatus.Tally) string {
	have := min(len(t.Dated), t.Needed)
	maybe := min(len(t.Uncounted), t.Needed-have)
	return "[" + strings.Repeat("#", have) + strings.Repeat("?", maybe) + strings.Repeat(".", t.Needed-have-maybe) + "]"
}

func join[T ~string](all []T) string {
	words := make([]string, len(all))
	for i, one := range all {
		words[i] = string(one)
	}
	return strings.Join(words, ", ")
}

type treatyShowCmd struct {
	State string `arg:"" help:"Code of the State, such as VN; EU for the European Union."`
	On    string `help:"The day asked about. Default: today." placeholder:"DATE"`
}

// Run shows a State.
func (c *treatyShowCmd) Run(d *desk) error {
	desk, err := d.treaties()
	if err != nil {
		return err
	}
	on, err := dayOf(c.On)
	if err != nil {
		return err
	}
	s, err := desk.Status(rogatory.StateCode(strings.ToUpper(c.State)), on)
	if err != nil {
		return err
	}
	return d.give(s, func(w io.Writer) {
		fmt.Fprintf(w, "State\t%s (%s)\nstanding\t%s", line(s.State.Name), s.State.Code, s.State.Standing)
		if s.State.Group != "" {
			fmt.Fprintf(w, ", %s", s.State.Group)
		}
		fmt.Fprintf(w, "\non\t%s\nphase\t%s\n", s.On, s.Phase)
		for _, r := range s.Reasons {
			fmt.Fprintf(w, "why\t%s\n", because(r))
		}
		for _, l := range s.Limits {
			fmt.Fprintf(w, "declaration\t%s Article %s, made %s on %s: %s\n", l.Effect, l.Article, l.When, l.MadeOn, because(treatystatus.Reason{Text: l.Text, Source: l.Source, Verified: l.Verified}))
		}
		if len(s.Limits) == 0 {
			fmt.Fprintln(w, "declaration\tnone is known")
		}
		for _, n := range s.Named {
			how := "notified"
			if n.Announced {
				how = "announced, a notification was not seen"
			}
			fmt.Fprintf(w, "authority\t%s: %s\n", n.Role, because(treatystatus.Reason{Text: n.Name + " (" + how + ")", Article: n.Article, Source: desk.Book().SourceText(n.Sources), Verified: n.Verified}))
		}
		for _, claim := range s.Claims {
			word := "claim"
			if claim.Rejected {
				word = "rejected claim"
			}
			fmt.Fprintf(w, "%s\t%s\n", word, because(treatystatus.Reason{Text: claim.Text, Source: desk.Book().SourceText(claim.Sources), Verified: claim.Verified}))
		}
		languages := "not known"
		if len(s.State.Languages) > 0 {
			languages = join(s.State.Languages)
		}
		fmt.Fprintf(w, "languages\t%s [Art 40(13)]\nBudapest Convention\t%s\n", languages, s.Budapest)
	})
}

type treatyTimelineCmd struct{}

// Run lists the events; those of one day and one kind stand in one line.
func (c *treatyTimelineCmd) Run(d *desk) error {
	desk, err := d.treaties()
	if err != nil {
		return err
	}
	all := desk.Timeline()
	return d.give(all, func(w io.Writer) {
		for i := 0; i < len(all); {
			e, n := all[i], i+1
			for n < len(all) && e.State != "" && all[n].What == e.What && all[n].When.String() == e.When.String() && all[n].Certain == e.Certain && all[n].Verified == e.Verified {
				n++
			}
			text := e.Text
			if n-i > 1 {
				var who []rogatory.StateCode
				for _, one := range all[i:n] {
					who = append(who, one.State)
				}
				text = fmt.Sprintf("%s: %d States and organisations: %s", e.What, n-i, join(who))
			}
			if e.Computed {
				text += " (computed)"
			}
			if e.Certain == treatystatus.Assumed || e.Certain == treatystatus.Reported {
				text += " (" + string(e.Certain) + ")"
			}
			fmt.Fprintf(w, "%s\t%s\n", e.When, because(treatystatus.Reason{Text: text, Article: e.Article, Verified: e.Verified}))
			i = n
		}
	})
}

type treatyBasisCmd struct {
	A       string   `arg:"" help:"Code of the State that asks."`
	B       string   `arg:"" help:"Code of the State that is asked."`
	On      string   `help:"The day asked about. Default: today." placeholder:"DATE"`
	Kind    string   `help:"Kind of request, as rogatory request kinds lists them." required:"" placeholder:"KIND"`
	Part    string   `help:"Part of the kind, where it has parts." placeholder:"PART"`
	Offence []string `help:"Articles of the offence, 7 to 17." placeholder:"7"`
	Years   int      `help:"Maximum penalty in years under the law of the State that asks, for a serious crime." placeholder:"4"`
	Mode    string   `help:"live or exercise. Default: that of the node, else live." enum:",live,exercise" default:""`
	Urgent  bool     `help:"The circumstances are urgent."`
}

// Run answers on which basis to ask.
func (c *treatyBasisCmd) Run(d *desk) error {
	desk, err := d.treaties()
	if err != nil {
		return err
	}
	on, err := dayOf(c.On)
	if err != nil {
		return err
	}
	kind, err := treaty.Convention().Kind(rogatory.RequestKind(c.Kind))
	if err != nil {
		return err
	}
	q := treatystatus.Question{From: rogatory.StateCode(strings.ToUpper(c.A)), To: rogatory.StateCode(strings.ToUpper(c.B)), Kind: kind, Part: c.Part,
		Articles: c.Offence, Years: c.Years, On: on, Mode: rogatory.Mode(c.Mode), Urgent: c.Urgent}
	if config, err := node.LoadConfig(d.globals.Node); err == nil && q.Mode == "" {
		q.Mode = config.Mode
	}
	if q.Mode == "" {
		q.Mode = rogatory.Live
	}
	a, err := desk.Basis(q)
	if err != nil {
		return err
	}
	return d.give(a, func(w io.Writer) {
		if a.Exercise {
			fmt.Fprintln(w, "EXERCISE\tnothing of this counts outside the exercise")
		}
		fmt.Fprintf(w, "request\t%s asks %s for %s (Art %s) on %s\n", a.From, a.To, a.KindID, a.Article, a.On)
		fmt.Fprintf(w, "in force between them\t%s\n", map[bool]string{true: "yes", false: "no, as far as is known"}[a.InForce])
		for i, b := range a.Candidates {
			name := string(b.Basis)
			if b.Name != name {
				name += ": " + line(b.Name)
			}
			if b.Articles != "" {
				name += ", Art " + b.Articles
			}
			if b.Assumed {
				name += ", taken as in force for the exercise"
			}
			fmt.Fprintf(w, "basis %d\t%s\n", i+1, name)
			for _, r := range b.Reasons {
				fmt.Fprintf(w, "\t- %s\n", because(r))
			}
		}
		for _, l := range a.Limits {
			fmt.Fprintf(w, "limit\t%s %s Article %s\n", l.State, l.Effect, l.Article)
		}
		languages := "not known"
		if len(a.Languages) > 0 {
			languages = join(a.Languages)
		}
		fmt.Fprintf(w, "languages\t%s\n", languages)
		for _, channel := range a.Channels {
			fmt.Fprintf(w, "channel\t%s: %s\n", channel.Name, because(channel.Reason))
		}
		for _, r := range a.Reasons {
			fmt.Fprintf(w, "why\t%s\n", because(r))
		}
	})
}

type treatyImportCmd struct {
	File     string `arg:"" help:"The depositary's file, XVIII-16.en.xml." type:"existingfile"`
	Obtained string `help:"The day on which the file was fetched. Default: today." placeholder:"DATE"`
	Adopt    bool   `help:"Put it in force in the node and in its journal, after reading what it changes. The node has to run; needs --as with a decider or an administrator."`
}

// imported is what an import prints.
type imported struct {
	treatystatus.Difference
	Participants int             `json:"participants"`
	SHA256       rogatory.Digest `json:"sha256"` // of the status file that is or would be adopted
	Adopted      bool            `json:"adopted"`
}

// Run shows what the file changes, and adopts it if asked.
func (c *treatyImportCmd) Run(d *desk) error {
	desk, err := d.treaties()
	if err != nil {
		return err
	}
	obtained, err := dayOf(c.Obtained)
	if err != nil {
		return err
	}
	data, err := readUpTo(c.File, treatystatus.MaxImport)
	if err != nil {
		return err
	}
	book, difference, err := treatystatus.Import(data, desk.Book(), obtained)
	if err != nil {
		return err
	}
	data = book.Encode()
	result := imported{difference, len(book.Participants), rogatory.DigestOf(data), false}
	if c.Adopt {
		client, err := d.client()
		if err != nil {
			return err
		}
		why := fmt.Sprintf("%s; %d added, %d changed, %d dropped, %d confirmed", result.Source, len(result.Added), len(result.Changed), len(result.Dropped), len(result.Confirmed))
		if err := client.Adopt(d.ctx, api.Adoption{Name: "status", Digest: result.SHA256, Why: why}); err != nil {
			return err
		}
		if err := node.PutRules(d.globals.Node, node.StatusFile, data); err != nil {
			return err
		}
		result.Adopted = true
	}
	if err := d.give(result, func(w io.Writer) {
		fmt.Fprintf(w, "source\t%s\ndata until\t%s, before %s\nparticipants\t%d\n", line(result.Source), result.To, result.From, result.Participants)
		for _, list := range []struct {
			word    string
			changes []treatystatus.Change
		}{{"added", result.Added}, {"changed", result.Changed}, {"dropped", result.Dropped}} {
			for _, change := range list.changes {
				fmt.Fprintf(w, "%s\t%s\t%s\t> %s\n", list.word, strings.TrimSpace(string(change.State)+" "+change.What), orDash(change.Before), orDash(change.After))
			}
		}
		fmt.Fprintf(w, "confirmed\t%d facts: the same days, and now the depositary's word for them\nunchanged\t%d participants\n", len(result.Confirmed), result.Same)
		for _, note := range result.Notes {
			fmt.Fprintf(w, "note\t%s\n", line(note))
		}
		fmt.Fprintf(w, "sha256\t%s\n", result.SHA256)
	}); err != nil {
		return err
	}
	switch {
	case result.Adopted:
		d.say("adopted: %s", filepath.Join(d.globals.Node, node.RulesFolder, node.StatusFile))
	case result.Empty():
		d.say("nothing changes")
	default:
		d.say("nothing was changed; --adopt --as NAME puts it in force in the node")
	}
	return nil
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return line(s)
}
