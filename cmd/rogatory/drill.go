// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"rogatory"
	"rogatory/api"
	"rogatory/node"
)

// drillCmds test whether the contact points of other States answer. They ask the running node.
type drillCmds struct {
	Plan    drillPlanCmd    `cmd:"" help:"How often which State is drilled. The moment is told to nobody."`
	Send    drillSendCmd    `cmd:"" help:"Drill a State now: its desk is woken as for an emergency, and nothing of a case is sent."`
	List    drillListCmd    `cmd:"" help:"The newest drills of other States and by them, and what they took."`
	Figures drillFiguresCmd `cmd:"" help:"Figures of drills as both States signed them; sign those of a period."`
}

type drillPlanCmd struct{}

func (c *drillPlanCmd) Run(d *desk) error {
	client, err := d.client()
	if err != nil {
		return err
	}
	all, err := client.DrillPlan(d.ctx)
	if err != nil {
		return err
	}
	return d.give(all, func(w io.Writer) {
		for _, p := range all {
			how, next := "off", ""
			if !p.Off {
				how = fmt.Sprintf("every %d days", p.Days)
			}
			if p.To != 0 {
				next = fmt.Sprintf("next between %s and %s", p.From, p.To)
			}
			fmt.Fprintf(w, "%s\t%s\t%s\n", p.State, how, next)
		}
	})
}

type drillSendCmd struct {
	State string `arg:"" help:"Whom to drill, such as XB."`
}

func (c *drillSendCmd) Run(d *desk) error {
	client, err := d.client()
	if err != nil {
		return err
	}
	id, err := client.SendDrill(d.ctx, rogatory.StateCode(c.State))
	if err != nil {
		return err
	}
	return d.give(api.DrillSent{Request: id}, func(w io.Writer) { fmt.Fprintf(w, "%s\n", id) })
}

type drillListCmd struct {
	State string `arg:"" optional:"" help:"Only with this State."`
}

func (c *drillListCmd) Run(d *desk) error {
	client, err := d.client()
	if err != nil {
		return err
	}
	all, err := client.ListDrills(d.ctx, rogatory.StateCode(c.State))
	if err != nil {
		return err
	}
	return d.give(all, func(w io.Writer) {
		for _, r := range all {
			fmt.Fprintf(w, "%s\t%s of %s\t%s\tnode %s\tperson %s\n", r.Sent, r.By, r.Of, r.Request, tookOf(r, r.Machine), tookOf(r, r.Human))
		}
	})
}

func tookOf(r api.DrillLine, ms int64) string {
	switch {
	case !r.Counts():
		return "refused (" + r.Refused + ")"
	case ms == 0 && !r.Ended:
		return "waiting"
	case ms == 0:
		return "no answer"
	}
	return (time.Duration(ms) * time.Millisecond).String()
}

type drillFiguresCmd struct {
	State   string `arg:"" optional:"" help:"Only with this State."`
	Propose bool   `help:"Sign the figures of our drills of the State from --from until --to, and send them to it."`
	From    string `help:"Beginning of the period." placeholder:"TIME"`
	To      string `help:"End of the period, which does not belong to it. It has to be past." placeholder:"TIME"`
}

func (c *drillFiguresCmd) Run(d *desk) error {
	client, err := d.client()
	if err != nil {
		return err
	}
	of := rogatory.StateCode(c.State)
	if c.Propose {
		if of == "" || c.From == "" || c.To == "" {
			return usage("--propose needs a State, --from and --to")
		}
		from, err := moment(c.From)
		if err != nil {
			return err
		}
		to, err := moment(c.To)
		if err != nil {
			return err
		}
		f, err := client.ProposeDrillFigures(d.ctx, of, from, to)
		if err != nil {
			return err
		}
		return d.give(f, func(w io.Writer) { drillFigures(w, f, "signed by us, and sent") })
	}
	if c.From != "" || c.To != "" {
		return usage("--from and --to go with --propose")
	}
	all, err := client.DrillFigures(d.ctx, of)
	if err != nil {
		return err
	}
	return d.give(all, func(w io.Writer) {
		for _, f := range all {
			stands := "both signed it: public"
			switch {
			case len(f.Differs) > 0:
				stands = fmt.Sprintf("not public: they differ in %v", f.Differs)
			case !f.Public:
				stands = "signed by one State only"
			}
			drillFigures(w, f.Figures, stands)
		}
	})
}

func drillFigures(w io.Writer, f rogatory.DrillFigures, stands string) {
	spread := func(s rogatory.DrillSpread) string {
		if s.Median == 0 {
			return fmt.Sprintf("%d answered", s.Answered)
		}
		return fmt.Sprintf("%d answered, median %s", s.Answered, time.Duration(s.Median)*time.Millisecond)
	}
	fmt.Fprintf(w, "%s to %s\t%s of %s\t%d drills\tnode %s\tperson %s\t%s\n", f.From, f.To, f.By, f.Of, f.Drills, spread(f.Machine), spread(f.Human), stands)
}

// drillDoor is what the office's door knows of drills.
func drillDoor(n *node.Node) *api.Drills {
	return &api.Drills{
		Plan: func(ctx context.Context, by rogatory.Actor) ([]api.DrillPlan, error) {
			plans, err := n.Desk.DrillPlans(ctx, by)
			all := []api.DrillPlan{}
			for _, p := range plans {
				all = append(all, api.DrillPlan(p))
			}
			return all, err
		},
		List: func(ctx context.Context, by rogatory.Actor, with rogatory.StateCode) ([]api.DrillLine, error) {
			lines, err := n.Desk.Drills(ctx, by, with)
			all := []api.DrillLine{}
			for _, l := range lines {
				all = append(all, api.DrillLine(l))
			}
			return all, err
		},
		Send: n.Desk.SendDrill,
		Figures: func(ctx context.Context, by rogatory.Actor, with rogatory.StateCode) ([]api.ComparedFigures, error) {
			figures, err := n.Desk.Figures(ctx, by, with)
			all := []api.ComparedFigures{}
			for _, f := range figures {
				one := api.ComparedFigures{Figures: f.Figures, Theirs: f.Theirs, Differs: f.Differs, Public: f.Public}
				for _, s := range f.Signed {
					one.Signed = append(one.Signed, api.DrillSignature(s))
				}
				all = append(all, one)
			}
			return all, err
		},
		Propose: n.Desk.ProposeFigures,
	}
}
