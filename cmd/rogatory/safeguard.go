// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"rogatory"
	"rogatory/api"
	"rogatory/demo"
	"rogatory/safeguard"
)

// safeguardCmds are what the safeguards ask of people.
type safeguardCmds struct {
	Show   safeguardShowCmd   `cmd:"" help:"What the safeguards have to say of an act before it is done, and what is still missing."`
	Form   safeguardFormCmd   `cmd:"" help:"Write the review sheet of a request as a file to be answered."`
	Sign   safeguardSignCmd   `cmd:"" help:"Sign a review sheet that was answered."`
	Agree  safeguardAgreeCmd  `cmd:"" help:"Stand for an act that is still to be done, or say why not."`
	Object safeguardObjectCmd `cmd:"" help:"Record the objection of a provider or a person concerned: the case halts. With --decide, say what became of it."`
	States safeguardStatesCmd `cmd:"" help:"Suspensions of cooperation with a State: list, propose, agree, lift."`

	Policies policyCmds `cmd:"" help:"The rules that acts are judged by: read, try, propose, agree."`
}

type safeguardShowCmd struct {
	ID      string `arg:"" help:"The request."`
	Act     string `arg:"" help:"The act, such as send, accept or offer."`
	Exhibit string `help:"The exhibit that is to be offered." placeholder:"ID"`
}

// Run prints the opinion.
func (c *safeguardShowCmd) Run(d *desk) error {
	client, err := d.client()
	if err != nil {
		return err
	}
	j, err := client.Judge(d.ctx, rogatory.RequestID(c.ID), rogatory.Act(c.Act), rogatory.ExhibitID(c.Exhibit))
	if err != nil {
		return err
	}
	return d.give(j, func(w io.Writer) {
		switch {
		case !j.Judged:
			fmt.Fprintf(w, "no safeguard stands in the way of %s\n", c.Act)
			return
		case j.Blocked:
			fmt.Fprintln(w, "something has to be supplied first")
		case len(j.Lacks) > 0:
			fmt.Fprintln(w, "people have to agree first")
		default:
			fmt.Fprintln(w, "it may be done")
		}
		for _, x := range j.Findings {
			fmt.Fprintf(w, "%s\t%s\tArt %s\t%s\n", x.Severity, x.Code, x.Article, wordsOfRule(x.Advice))
		}
		for _, x := range j.Lacks {
			fmt.Fprintf(w, "missing\t%s\t%s\t%s\n", x.Code, strings.Join(x.About, " "), wordsOfRule(x.Advice))
		}
		fmt.Fprintf(w, "takes %d people of %d roles; policies %s\n", j.Need.People, j.Need.Roles, j.Set.Short())
	})
}

type safeguardFormCmd struct {
	ID       string `arg:"" help:"The request."`
	Exercise bool   `help:"With the answers of an exercise, which find nothing against the request. Only there."`
}

// Run writes the sheet.
func (c *safeguardFormCmd) Run(d *desk) error {
	client, err := d.client()
	if err != nil {
		return err
	}
	form, err := client.ReviewForm(d.ctx)
	if err != nil {
		return err
	}
	f, err := client.Request(d.ctx, rogatory.RequestID(c.ID))
	if err != nil {
		return err
	}
	sheet := demo.Sheet(form, f)
	if !c.Exercise {
		for id := range sheet.Replies {
			sheet.Replies[id] = safeguard.Reply{}
		}
		sheet.Elements = nil
	} else if me, err := client.Me(d.ctx); err != nil {
		return err
	} else if !strings.HasPrefix(string(me.State), "X") {
		return rogatory.Fault(rogatory.Denied, "exercise_only", "the sheet of a live request is answered by a person").WithHint("leave --exercise out")
	}
	data, err := json.MarshalIndent(sheet, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(d.out, "%s\n", data)
	return err
}

type safeguardSignCmd struct {
	ID   string `arg:"" help:"The request."`
	File string `arg:"" help:"The sheet, as the command form writes it." type:"existingfile"`
}

// Run signs the sheet.
func (c *safeguardSignCmd) Run(d *desk) error {
	data, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	if len(data) > safeguard.MaxFormSize {
		return rogatory.Fault(rogatory.Invalid, "sheet_invalid", "a sheet of %d bytes, at most %d are read", len(data), safeguard.MaxFormSize)
	}
	var sheet safeguard.Sheet
	dec := json.NewDecoder(strings.NewReader(string(data)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&sheet); err != nil {
		return rogatory.Fault(rogatory.Invalid, "sheet_invalid", "read %s: %w", c.File, err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return rogatory.Fault(rogatory.Invalid, "sheet_invalid", "read %s: more than one document", c.File)
	}
	client, err := d.client()
	if err != nil {
		return err
	}
	f, err := client.SignSheet(d.ctx, rogatory.RequestID(c.ID), sheet)
	if err != nil {
		return err
	}
	d.say("%s: the review sheet is signed by %s", f.ID, f.Sheet.Reviewer)
	return nil
}

type safeguardAgreeCmd struct {
	ID      string            `arg:"" help:"The request."`
	Act     string            `arg:"" help:"The act."`
	Answer  map[string]string `help:"The reason that answers a finding; may be repeated." placeholder:"CODE=REASON"`
	Exhibit string            `help:"The exhibit that is offered, where there are several." placeholder:"EXHIBIT"`
	Against string            `help:"Do not agree, for this reason; it is kept." placeholder:"REASON"`
}

// Run votes.
func (c *safeguardAgreeCmd) Run(d *desk) error {
	client, err := d.client()
	if err != nil {
		return err
	}
	if _, err := client.Vote(d.ctx, rogatory.RequestID(c.ID), api.Vote{Act: rogatory.Act(c.Act), Exhibit: rogatory.ExhibitID(c.Exhibit), Agree: c.Against == "", Reasons: c.Against, Answers: c.Answer}); err != nil {
		return err
	}
	d.say("%s: recorded", c.ID)
	return nil
}

type safeguardObjectCmd struct {
	ID     string `arg:"" help:"The request."`
	From   string `help:"From whom it comes." placeholder:"WHO"`
	Why    string `help:"What is held against the request, or what was decided." required:"" placeholder:"REASONS"`
	Decide bool   `help:"Say what became of the oldest open objection."`
}

// Run records the objection, or what became of it.
func (c *safeguardObjectCmd) Run(d *desk) error {
	client, err := d.client()
	if err != nil {
		return err
	}
	id, said := rogatory.RequestID(c.ID), api.Said{From: c.From, Reasons: c.Why}
	if c.Decide {
		_, err = client.DecideObjection(d.ctx, id, said)
	} else {
		_, err = client.Object(d.ctx, id, said)
	}
	if err == nil {
		d.say("%s: recorded", c.ID)
	}
	return err
}

type safeguardStatesCmd struct {
	Suspend string `help:"Propose to suspend cooperation with this State, or agree to it." placeholder:"XB"`
	Resume  string `help:"Propose to resume it, or agree to that." placeholder:"XB"`
	Why     string `help:"The reason." placeholder:"REASONS"`
	Review  string `help:"When it is looked at again, such as 2027-01-31T00:00:00Z." placeholder:"MOMENT"`
	Keep    string `help:"Review the suspension of this State and keep it until the next review." placeholder:"XB"`
}

// Run lists, suspends or resumes.
func (c *safeguardStatesCmd) Run(d *desk) error {
	client, err := d.client()
	if err != nil {
		return err
	}
	said := api.Suspending{Reason: c.Why}
	if c.Review != "" {
		if said.Review, err = moment(c.Review); err != nil {
			return err
		}
	}
	switch {
	case c.Suspend != "":
		_, err = client.Suspend(d.ctx, rogatory.StateCode(c.Suspend), said)
	case c.Keep != "":
		_, err = client.ReviewSuspension(d.ctx, rogatory.StateCode(c.Keep), said)
	case c.Resume != "":
		_, err = client.Resume(d.ctx, rogatory.StateCode(c.Resume), said)
	}
	if err != nil {
		return err
	}
	all, err := client.Suspensions(d.ctx)
	if err != nil {
		return err
	}
	return d.give(all, func(w io.Writer) {
		for _, s := range all {
			stands := "proposed"
			switch {
			case s.Lifted != nil && s.Lifted.At != 0:
				stands = "lifted"
			case s.Valid():
				stands = "in force"
			}
			next := s.Review
			for _, r := range s.Reviewed {
				next = max(next, r.Next)
			}
			fmt.Fprintf(w, "%s\t%s\tsince %s\treview %s\t%s\n", s.State, stands, s.From, next, s.Reason)
		}
	})
}
