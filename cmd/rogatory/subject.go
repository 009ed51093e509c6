// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"

	"rogatory"
	"rogatory/api"
	"rogatory/docket"
	"rogatory/safeguard"
)

// subjectCmds are about the persons whom a request concerns.
type subjectCmds struct {
	List   subjectListCmd   `cmd:"" help:"Whose persons concerned are still to be told, and which emergencies are to be reviewed."`
	Show   subjectShowCmd   `cmd:"" help:"How secrecy, the notice and the emergency of a request stand."`
	Told   subjectToldCmd   `cmd:"" help:"Record that the persons concerned were told."`
	Later  subjectLaterCmd  `cmd:"" help:"Put off telling them, for a reason and until a day."`
	Never  subjectNeverCmd  `cmd:"" help:"Record why they can never be told."`
	Secret subjectSecretCmd `cmd:"" help:"Renew the confidentiality of a request of this State for a reason, or end it with --end."`
	Review subjectReviewCmd `cmd:"" help:"Review a use of the emergency channel, by somebody who did not decide it."`
}

type subjectListCmd struct{}

// Run lists.
func (c *subjectListCmd) Run(d *desk) error {
	client, err := d.client()
	if err != nil {
		return err
	}
	tell, err := client.SubjectNotices(d.ctx)
	if err != nil {
		return err
	}
	review, err := client.EmergencyReviews(d.ctx)
	if err != nil {
		return err
	}
	return d.give(map[string]api.Pendings{"tell": tell, "review": review}, func(w io.Writer) {
		for _, p := range tell.Requests {
			fmt.Fprintf(w, "%s\ttell\t%s\tdue %s\t%s\n", p.File.ID, p.State, p.Due, p.File.Request.Title)
		}
		for _, p := range review.Requests {
			fmt.Fprintf(w, "%s\treview the emergency\tdue %s\t%s\n", p.File.ID, p.Due, p.File.Request.Title)
		}
		if len(tell.Requests)+len(review.Requests) == 0 {
			fmt.Fprintln(w, "nobody is to be told, and no emergency is to be reviewed")
		}
	})
}

type subjectShowCmd struct {
	ID string `arg:"" help:"The request."`
}

// Run shows how a request stands.
func (c *subjectShowCmd) Run(d *desk) error {
	client, err := d.client()
	if err != nil {
		return err
	}
	f, err := client.Request(d.ctx, rogatory.RequestID(c.ID))
	if err != nil {
		return err
	}
	return d.give(f, func(w io.Writer) { showSubject(w, f) })
}

// showSubject says what the file has of the persons concerned.
func showSubject(w io.Writer, f docket.File) {
	for _, g := range f.Secrecy {
		fmt.Fprintf(w, "confidential\tfrom %s\tuntil %s\t%s\n", g.From, g.Until, g.Reason)
	}
	switch s := f.Subject; {
	case s == nil:
		fmt.Fprintln(w, "nothing about a person was handed over")
	case s.By != f.Side:
		fmt.Fprintf(w, "%s tells the persons concerned\n", f.Them.State)
	case s.Told != 0:
		fmt.Fprintf(w, "told\t%s\tby %s\t%s\t%s\n", s.Told, s.Person, s.How, s.Ref)
	case s.Impossible != "":
		fmt.Fprintf(w, "cannot be told\t%s\n", s.Impossible)
	default:
		if n := s.Never; n != nil {
			fmt.Fprintf(w, "cannot be told\tso %s says\tanother person has to say so too\t%s\n", n.By, n.Why)
		}
		for _, p := range s.Postponed {
			fmt.Fprintf(w, "put off\tby %s\tuntil %s\t%s\n", p.By, p.Until, p.Why)
		}
		for _, x := range f.Deadlines {
			if x.Name == docket.TellingDue {
				fmt.Fprintf(w, "to be told\tdue %s\t%s\n", x.Due, x.State)
			}
		}
	}
	if e := f.Emergency; e != nil {
		switch {
		case e.Used == 0:
			fmt.Fprintf(w, "emergency\tuntil %s\tnothing was handed over\n", f.Received.Add(safeguard.EmergencyLasts))
		case e.Reviewed == 0:
			fmt.Fprintf(w, "emergency\tused %s\treview due %s\n", e.Used, e.ReviewDue())
		default:
			fmt.Fprintf(w, "emergency\treviewed %s by %s\t%s\t%s\n", e.Reviewed, e.Reviewer, e.Finding, e.Why)
		}
	}
}

type subjectToldCmd struct {
	ID   string `arg:"" help:"The request."`
	How  string `help:"How they were told: by letter, in person, through counsel. No names." required:"" placeholder:"HOW"`
	When string `help:"When, such as 2027-01-31T09:00:00Z; now if left out." placeholder:"MOMENT"`
	Ref  string `help:"The office's own reference, never a name." placeholder:"REFERENCE"`
}

// Run records it.
func (c *subjectToldCmd) Run(d *desk) error {
	said := api.Told{How: c.How, Ref: c.Ref}
	if err := readMoment(c.When, &said.When); err != nil {
		return err
	}
	client, err := d.client()
	if err != nil {
		return err
	}
	if _, err := client.Tell(d.ctx, rogatory.RequestID(c.ID), said); err != nil {
		return err
	}
	d.say("%s: recorded that the persons concerned were told", c.ID)
	return nil
}

func readMoment(text string, to *rogatory.Instant) error {
	if text == "" {
		return nil
	}
	at, err := moment(text)
	*to = at
	return err
}

type subjectLaterCmd struct {
	ID    string `arg:"" help:"The request."`
	Why   string `help:"The reason, in at least six words." required:"" placeholder:"REASON"`
	Until string `help:"Until when, such as 2027-01-31T00:00:00Z." required:"" placeholder:"MOMENT"`
}

// Run puts it off.
func (c *subjectLaterCmd) Run(d *desk) error {
	said := api.Until{Reason: c.Why}
	if err := readMoment(c.Until, &said.Until); err != nil {
		return err
	}
	client, err := d.client()
	if err != nil {
		return err
	}
	if _, err := client.PutOff(d.ctx, rogatory.RequestID(c.ID), said); err != nil {
		return err
	}
	d.say("%s: put off until %s", c.ID, said.Until)
	return nil
}

type subjectNeverCmd struct {
	ID  string `arg:"" help:"The request."`
	Why string `help:"The reason, in at least six words." required:"" placeholder:"REASON"`
}

// Run records it.
func (c *subjectNeverCmd) Run(d *desk) error {
	client, err := d.client()
	if err != nil {
		return err
	}
	f, err := client.CannotTell(d.ctx, rogatory.RequestID(c.ID), api.Why{Reason: c.Why})
	if err != nil {
		return err
	}
	if f.Subject != nil && f.Subject.Impossible == "" {
		d.say("%s: recorded; it counts when another person has recorded it too", c.ID)
		return nil
	}
	d.say("%s: recorded that the persons concerned cannot be told", c.ID)
	return nil
}

type subjectSecretCmd struct {
	ID    string `arg:"" help:"The request."`
	Why   string `help:"The reason, in at least six words; the other State reads it." required:"" placeholder:"REASON"`
	Until string `help:"Until when, such as 2027-03-01T00:00:00Z." placeholder:"MOMENT" xor:"end" required:""`
	End   bool   `help:"End it now." xor:"end" required:""`
}

// Run renews or ends it.
func (c *subjectSecretCmd) Run(d *desk) error {
	said := api.Until{Reason: c.Why}
	if err := readMoment(c.Until, &said.Until); err != nil {
		return err
	}
	client, err := d.client()
	if err != nil {
		return err
	}
	f, err := client.KeepSecret(d.ctx, rogatory.RequestID(c.ID), said)
	if err != nil {
		return err
	}
	if c.End {
		d.say("%s: confidentiality has ended", f.ID)
	} else {
		d.say("%s: confidential until %s", f.ID, said.Until)
	}
	return nil
}

type subjectReviewCmd struct {
	ID      string `arg:"" help:"The request."`
	Finding string `arg:"" help:"What the review found: justified or unjustified." enum:"justified,unjustified"`
	Why     string `help:"The reasons, in at least six words." required:"" placeholder:"REASONS"`
}

// Run records the review.
func (c *subjectReviewCmd) Run(d *desk) error {
	client, err := d.client()
	if err != nil {
		return err
	}
	if _, err := client.ReviewEmergency(d.ctx, rogatory.RequestID(c.ID), api.EmergencyReview{Finding: docket.Finding(c.Finding), Reason: c.Why}); err != nil {
		return err
	}
	d.say("%s: the emergency was %s, says the review", c.ID, c.Finding)
	return nil
}
