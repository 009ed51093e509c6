// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"rogatory"
	"rogatory/api"
)

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
	Days      int               `help:"How many more days of preservation are asked for or given."`
	Hours     int               `help:"For how many hours a measure runs, or how many more are asked for or given."`
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
		case rogatory.Draft, rogatory.Revise, rogatory.Send, rogatory.Offer, rogatory.RevokeOffer, rogatory.Take, rogatory.CertifyDeletion,
			rogatory.StartDrill, rogatory.EndDrill, rogatory.StateFigures: // these have commands of their own
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
