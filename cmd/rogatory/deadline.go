// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"rogatory"
	"rogatory/deadline"
)

// deadlineCmds compute time limits. They need no node.
type deadlineCmds struct {
	Rules    deadlineRulesCmd    `cmd:"" help:"The rules: what they are for, whose number it is, how they count."`
	Calendar deadlineCalendarCmd `cmd:"" help:"A State's calendar, or a month of it."`
	Compute  deadlineComputeCmd  `cmd:"" help:"When a time limit ends, and why then."`
	WhatIf   deadlineWhatIfCmd   `cmd:"" name:"what-if" help:"Several rules, starts or States side by side."`
	Plan     deadlinePlanCmd     `cmd:"" help:"The orders under which a hold never lapses, and by when each is decided."`
}

// deadlineData are the rules and calendars: those of the program, or files that somebody wants to try.
type deadlineData struct {
	RulesFile     string `help:"Rules of this file instead of the program's." placeholder:"FILE"`
	CalendarsFile string `help:"Calendars of this file instead of the program's." placeholder:"FILE"`
}

func (c deadlineData) load() (*deadline.Rules, *deadline.Calendars, error) {
	rules, calendars := deadline.BundledRules(), deadline.BundledCalendars()
	if c.RulesFile != "" {
		data, err := readSmall(c.RulesFile)
		if err == nil {
			rules, err = deadline.LoadRules(c.RulesFile, data)
		}
		if err != nil {
			return nil, nil, err
		}
	}
	if c.CalendarsFile != "" {
		data, err := readSmall(c.CalendarsFile)
		if err == nil {
			calendars, err = deadline.LoadCalendars(c.CalendarsFile, data, deadline.BundledZones())
		}
		if err != nil {
			return nil, nil, err
		}
	}
	return rules, calendars, nil
}

// state reads a State's code from the command line.
func state(code string) (rogatory.StateCode, error) {
	if s := rogatory.StateCode(code); s.Valid() {
		return s, nil
	}
	return "", usage("%.20q is no State", code).WithHint("write its two-letter code, such as XA or FR")
}

type deadlineRulesCmd struct {
	deadlineData
	Retention bool `help:"The rules of retention instead."`
}

func (c *deadlineRulesCmd) Run(d *desk) error {
	rules, _, err := c.load()
	if err != nil {
		return err
	}
	if c.Retention {
		list := rules.AllRetention()
		return d.give(list, func(w io.Writer) {
			for _, r := range list {
				fmt.Fprintf(w, "%s\tv%d\treview %s, delete %s after %s\tArt %s\t%s\t%s\t%s\n", r.ID, r.Version, r.Review, r.Delete,
					r.From, r.Article, r.Basis, verified(r.Verified), r.Title)
			}
		})
	}
	list := rules.All()
	return d.give(list, func(w io.Writer) {
		for _, r := range list {
			fmt.Fprintf(w, "%s\tv%d\t%s %s %s\tArt %s\t%s\t%s\t%s\n", r.ID, r.Version, r.Length(), r.Direction, r.From, r.Article, r.Basis, verified(r.Verified), r.Title)
		}
	})
}

type deadlineCalendarCmd struct {
	deadlineData
	State string `arg:"" help:"The State, such as XA."`
	Month string `help:"Draw this month." placeholder:"2027-02"`
}

func (c *deadlineCalendarCmd) Run(d *desk) error {
	_, calendars, err := c.load()
	if err != nil {
		return err
	}
	code, err := state(c.State)
	if err != nil {
		return err
	}
	calendar := calendars.Of(code)
	if len(calendar.Zones) == 0 {
		return rogatory.Fault(rogatory.NotFound, "calendar_unknown", "no calendar of %s is recorded", code).
			WithHint("time limits of that State are counted in calendar days and UTC; docs/deadlines.md says how to add a calendar")
	}
	if c.Month == "" {
		return d.give(calendar, func(w io.Writer) { describe(w, calendar) })
	}
	at, err := time.Parse("2006-01", c.Month)
	if err != nil {
		return usage("%.20q is not a month", c.Month).WithHint("write 2027-02")
	}
	days, err := calendar.Month(at.Year(), at.Month())
	if err != nil {
		return err
	}
	return d.give(days, func(w io.Writer) { draw(w, calendar, at, days) })
}

func describe(w io.Writer, c deadline.Calendar) {
	fmt.Fprintf(w, "%s, %s, %s\nzones: %s (the first counts)\nweekend: %s\n", c.State, c.Name, verified(c.Verified), strings.Join(c.Zones, ", "), strings.Join(c.Weekend, ", "))
	if c.Note != "" {
		fmt.Fprintf(w, "note: %s\n", c.Note)
	}
	for _, h := range c.Holidays {
		fmt.Fprintf(w, "%s\t%s\n", h.Date, h.Name)
	}
}

// draw writes a month as a sheet: days in brackets are not worked, a star marks a change of the clocks.
func draw(w io.Writer, c deadline.Calendar, month time.Time, days []deadline.Day) {
	fmt.Fprintf(w, "%s, %s, %s, %s\n\n", month.Format("January 2006"), c.Name, c.Zones[0], verified(c.Verified))
	fmt.Fprintln(w, "  Mon   Tue   Wed   Thu   Fri   Sat   Sun")
	column := (int(month.Weekday()) + 6) % 7
	fmt.Fprint(w, strings.Repeat("      ", column))
	var notes []string
	for i, day := range days {
		cell := fmt.Sprintf(" %2d ", i+1)
		if !day.Working {
			cell = fmt.Sprintf("(%2d)", i+1)
		}
		mark := " "
		if day.Clocks != "" {
			mark = "*"
			notes = append(notes, fmt.Sprintf("%s*: %s", day.Date, day.Clocks))
		}
		if !day.Working && day.Why != "weekend" {
			notes = append(notes, fmt.Sprintf("%s: %s", day.Date, day.Why))
		}
		if column++; column == 7 || i == len(days)-1 {
			fmt.Fprintf(w, " %s\n", strings.TrimRight(cell+mark, " "))
			column = 0
			continue
		}
		fmt.Fprintf(w, " %s%s", cell, mark)
	}
	fmt.Fprintln(w, "\n( ) is no working day")
	for _, n := range notes {
		fmt.Fprintln(w, n)
	}
}

type deadlineComputeCmd struct {
	deadlineData
	Rule    string `arg:"" help:"The rule: see rogatory deadline rules."`
	Version int    `help:"This version of the rule, to explain a date of earlier. Default: the newest."`
	From    string `required:"" help:"When the event was: a local date or time of the State, or a time with its offset." placeholder:"TIME"`
	State   string `required:"" help:"The State that must act." placeholder:"XX"`
}

func (c *deadlineComputeCmd) Run(d *desk) error {
	rules, calendars, err := c.load()
	if err != nil {
		return err
	}
	rule, err := rules.RuleOf(c.Rule, c.Version)
	if err != nil {
		return err
	}
	question, err := ask(calendars, rule, c.State, c.From)
	if err != nil {
		return err
	}
	due, err := deadline.Compute(question.Rule, question.Start, question.Calendar)
	if err != nil {
		return err
	}
	return d.give(due, func(w io.Writer) {
		fmt.Fprintf(w, "%s, version %d: %s\n", rule.ID, rule.Version, rule.Title)
		fmt.Fprintf(w, "Art %s, %s, %s\n\n", rule.Article, rule.Basis, verified(due.Verified))
		for _, s := range due.Steps {
			fmt.Fprintf(w, "- %s\n", s)
		}
		fmt.Fprintf(w, "\nends at %s\n", due.Local)
		for _, s := range due.Warnings {
			fmt.Fprintf(w, "warning: %s\n", s)
		}
	})
}

// ask reads a moment as the State's own calendar understands it.
func ask(calendars *deadline.Calendars, rule deadline.Rule, code, from string) (deadline.Question, error) {
	s, err := state(code)
	if err != nil {
		return deadline.Question{}, err
	}
	calendar := calendars.Of(s)
	start, err := calendar.Moment(from)
	return deadline.Question{Rule: rule, Start: start, Calendar: calendar}, err
}

type deadlineWhatIfCmd struct {
	deadlineData
	Rules []string `arg:"" name:"rule" help:"The rules to compare."`
	From  []string `required:"" sep:"none" help:"When the event was; can be given several times." placeholder:"TIME"`
	State []string `required:"" help:"The State that must act; can be given several times." placeholder:"XX"`
}

// compared is one row of a what-if, as JSON gives it.
type compared struct {
	Rule  string             `json:"rule"`
	State rogatory.StateCode `json:"state"`
	From  rogatory.Instant   `json:"from"`
	Due   *deadline.Due      `json:"due,omitempty"`
	Error string             `json:"error,omitempty"`
}

func (c *deadlineWhatIfCmd) Run(d *desk) error {
	rules, calendars, err := c.load()
	if err != nil {
		return err
	}
	var questions []deadline.Question
	for _, id := range c.Rules {
		rule, err := rules.Rule(id)
		if err != nil {
			return err
		}
		for _, code := range c.State {
			for _, from := range c.From {
				q, err := ask(calendars, rule, code, from)
				if err != nil {
					return err
				}
				questions = append(questions, q)
			}
		}
	}
	answers, err := deadline.WhatIf(questions...)
	if err != nil {
		return err
	}
	var list []compared
	for _, a := range answers {
		row := compared{Rule: a.Rule.ID, State: a.Calendar.State, From: a.Start, Due: &a.Due}
		if a.Err != nil {
			row.Due, row.Error = nil, a.Err.Error()
		}
		list = append(list, row)
	}
	return d.give(list, func(w io.Writer) {
		fmt.Fprintln(w, "RULE\tSTATE\tFROM\tLAST DAY\tENDS AT\tZONE\tNOTE")
		for _, r := range list {
			if r.Due == nil {
				fmt.Fprintf(w, "%s\t%s\t%s\t-\t-\t-\t%s\n", r.Rule, r.State, when(r.From), line(r.Error))
				continue
			}
			day := r.Due.LastDay
			if day == "" {
				day = "-"
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.Rule, r.State, when(r.From), day, r.Due.Local, r.Due.Zone, strings.Join(r.Due.Warnings, "; "))
		}
	})
}

type deadlinePlanCmd struct {
	deadlineData
	From          string `required:"" help:"When the first order begins." placeholder:"TIME"`
	State         string `required:"" help:"The State that orders." placeholder:"XX"`
	Hold          string `xor:"end" help:"How long: 200d or 240h." placeholder:"200d"`
	UntilDecision bool   `xor:"end" help:"Until a decision that has no date: planned for a year."`
	Order         string `default:"domestic_order" help:"Rule of the first order." placeholder:"RULE"`
	Lead          string `default:"renewal_lead" help:"Rule of how long before its end the next is decided." placeholder:"RULE"`
}

func (c *deadlinePlanCmd) Run(d *desk) error {
	rules, calendars, err := c.load()
	if err != nil {
		return err
	}
	order, err := rules.Rule(c.Order)
	if err != nil {
		return err
	}
	q, err := ask(calendars, order, c.State, c.From)
	if err != nil {
		return err
	}
	hold := deadline.Hold{From: q.Start, Order: c.Order, Lead: c.Lead}
	if !c.UntilDecision {
		long, err := span(c.Hold)
		if err != nil {
			return err
		}
		hold.Until = hold.From.Add(long)
	}
	plan, err := rules.Plan(hold, q.Calendar)
	if err != nil {
		return err
	}
	return d.give(plan, func(w io.Writer) {
		fmt.Fprintln(w, "ORDER\tRULE\tDECIDE BEFORE\tBEGINS\tENDS AT")
		for _, p := range plan {
			fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\n", p.Number, p.Rule, q.Calendar.Local(p.DecideBy), q.Calendar.Local(p.Begins), q.Calendar.Local(p.Ends))
		}
		said := map[string]bool{}
		for _, p := range plan {
			for _, s := range p.Warnings {
				if !said[s] {
					fmt.Fprintf(w, "warning: %s\n", s)
				}
				said[s] = true
			}
		}
	})
}

// span reads a number of days of 24 hours, or of hours.
func span(s string) (time.Duration, error) {
	for suffix, unit := range map[string]time.Duration{"d": 24 * time.Hour, "h": time.Hour} {
		digits, ok := strings.CutSuffix(s, suffix)
		if n, err := strconv.Atoi(digits); ok && err == nil && n > 0 && time.Duration(n) <= deadline.MaxHold/unit {
			return time.Duration(n) * unit, nil
		}
	}
	return 0, usage("%.20q is no time of a hold", s).WithHint("write --hold 200d or --hold 240h, at most ten years, or --until-decision")
}
