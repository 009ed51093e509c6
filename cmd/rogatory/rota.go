// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"rogatory"
	"rogatory/deadline"
	duty "rogatory/desk"
)

// rotaCmds ask who is on duty. They need no node.
type rotaCmds struct {
	Check rotaCheckCmd `cmd:"" help:"Whether a rota's file is right and leaves no gap in the next thirty days."`
	Show  rotaShowCmd  `cmd:"" help:"Draw the rota: a week with names."`
	Who   rotaWhoCmd   `cmd:"" help:"Who is on duty, since when, until when and why."`
	Next  rotaNextCmd  `cmd:"" help:"Who is on duty after that."`
	Ical  rotaIcalCmd  `cmd:"" help:"A person's shifts as a calendar, which says \"Duty\" and nothing of the person."`
}

// rotaFile is where the rota is.
type rotaFile struct {
	File          string `help:"The rota's file. Default: rota.json in the node's folder." placeholder:"FILE"`
	CalendarsFile string `help:"Calendars of this file instead of the program's." placeholder:"FILE"`
}

func (c rotaFile) load(d *desk) (*duty.Rota, error) {
	name := c.File
	if name == "" {
		name = filepath.Join(d.globals.Node, "rota.json")
	}
	_, calendars, err := deadlineData{CalendarsFile: c.CalendarsFile}.load()
	if err != nil {
		return nil, err
	}
	data, err := readSmall(name)
	if err != nil {
		return nil, err
	}
	return duty.Load(name, data, deadline.BundledZones(), calendars)
}

// at reads a moment by the rota's wall clock; without a text it is now.
func (c rotaFile) at(r *duty.Rota, text string) (rogatory.Instant, error) {
	if text == "" {
		return rogatory.At(time.Now()), nil
	}
	return r.Moment(text)
}

// byWall writes a moment as the rota's wall clock shows it. Nothing is known of how long before or after the
// moments without one are, but that it is more than MaxLook.
func byWall(r *duty.Rota, at rogatory.Instant) string {
	if at == 0 {
		return fmt.Sprintf("more than %d days away", int(duty.MaxLook/(24*time.Hour)))
	}
	return at.Time().In(r.Location()).Format("Mon 2006-01-02 15:04 -07:00")
}

type rotaCheckCmd struct {
	File          string `arg:"" help:"The rota's file."`
	Escalation    string `help:"Check this file of channels and policies with it." placeholder:"FILE"`
	At            string `help:"As of this moment. Default: now." placeholder:"TIME"`
	CalendarsFile string `help:"Calendars of this file instead of the program's." placeholder:"FILE"`
}

// checkedRota is what a check found, as JSON gives it.
type checkedRota struct {
	Version  string           `json:"version"`
	From     rogatory.Instant `json:"from"`
	Until    rogatory.Instant `json:"until"` // there is no gap before it
	Shifts   int              `json:"shifts"`
	Warnings []string         `json:"warnings,omitempty"`
}

func (c *rotaCheckCmd) Run(d *desk) error {
	file := rotaFile{File: c.File, CalendarsFile: c.CalendarsFile}
	r, err := file.load(d)
	if err != nil {
		return err
	}
	now, err := file.at(r, c.At)
	if err != nil {
		return err
	}
	if err := duty.Validate(r, now); err != nil {
		return err
	}
	if c.Escalation != "" {
		data, err := readSmall(c.Escalation)
		if err != nil {
			return err
		}
		e, err := duty.LoadEscalation(c.Escalation, data)
		if err != nil {
			return err
		}
		if err := e.Validate(r); err != nil {
			return err
		}
	}
	until := now.Add(duty.Horizon)
	shifts, err := duty.Shifts(r, now, until)
	if err != nil {
		return err
	}
	result := checkedRota{Version: r.Version, From: now, Until: until, Shifts: len(shifts), Warnings: duty.Warnings(r, now)}
	return d.give(result, func(w io.Writer) {
		fmt.Fprintf(w, "rota %s of %s holds: %d shifts and no gap until %s\n", r.Version, r.State, result.Shifts, byWall(r, until))
		for _, s := range result.Warnings {
			fmt.Fprintf(w, "warning: %s\n", s)
		}
	})
}

type rotaWhoCmd struct {
	rotaFile
	At string `help:"At this moment, by the rota's wall clock or with its offset. Default: now." placeholder:"TIME"`
}

func (c *rotaWhoCmd) Run(d *desk) error {
	r, err := c.load(d)
	if err != nil {
		return err
	}
	at, err := c.at(r, c.At)
	if err != nil {
		return err
	}
	return d.giveDuty(r, duty.OnDuty(r, at))
}

func (d *desk) giveDuty(r *duty.Rota, on duty.Duty) error {
	return d.give(on, func(w io.Writer) {
		fmt.Fprintf(w, "%s (%s)\nsince\t%s\nuntil\t%s\nby\t%s\n", line(on.Name), on.Person, byWall(r, on.Since), byWall(r, on.Until), on.Why)
	})
}

type rotaNextCmd struct {
	rotaFile
	At string `help:"After the shift of this moment. Default: now." placeholder:"TIME"`
}

func (c *rotaNextCmd) Run(d *desk) error {
	r, err := c.load(d)
	if err != nil {
		return err
	}
	at, err := c.at(r, c.At)
	if err != nil {
		return err
	}
	next, ok := duty.Next(r, at)
	if !ok {
		return rogatory.Fault(rogatory.NotFound, "no_next_shift", "the shift of %s does not end within %d days", byWall(r, at), int(duty.MaxLook/(24*time.Hour)))
	}
	return d.giveDuty(r, next)
}

type rotaIcalCmd struct {
	rotaFile
	Person string `arg:"" help:"The person's id in the rota."`
	From   string `help:"From this moment. Default: now." placeholder:"TIME"`
	Days   int    `default:"180" help:"So many days."`
}

func (c *rotaIcalCmd) Run(d *desk) error {
	r, err := c.load(d)
	if err != nil {
		return err
	}
	from, err := c.at(r, c.From)
	if err != nil {
		return err
	}
	to, err := after(from, c.Days)
	if err != nil {
		return err
	}
	calendar, err := duty.ICal(r, c.Person, from, to)
	if err != nil {
		return err
	}
	if d.globals.JSON {
		return d.give(map[string]string{"ical": string(calendar)}, nil)
	}
	_, err = d.out.Write(calendar)
	return err
}

// after is so many days of 24 hours later.
func after(from rogatory.Instant, days int) (rogatory.Instant, error) {
	most := int(duty.MaxSpan / (24 * time.Hour))
	if days < 1 || days > most {
		return 0, usage("--days %d: from 1 to %d can be listed", days, most)
	}
	return from.Add(time.Duration(days) * 24 * time.Hour), nil
}

type rotaShowCmd struct {
	rotaFile
	From string `help:"From the day of this moment. Default: today." placeholder:"TIME"`
	Days int    `default:"7" help:"So many days."`
}

// shownRota is a drawing as JSON gives it.
type shownRota struct {
	Version string         `json:"version"`
	Zone    string         `json:"zone"`
	Shifts  []duty.Duty    `json:"shifts"`
	Days    []duty.GridDay `json:"days"`
}

func (c *rotaShowCmd) Run(d *desk) error {
	r, err := c.load(d)
	if err != nil {
		return err
	}
	from, err := c.at(r, c.From)
	if err != nil {
		return err
	}
	grid, err := duty.Grid(r, from, c.Days)
	if err != nil {
		return err
	}
	shifts, err := duty.Shifts(r, grid[0].Begins, grid[c.Days-1].Ends)
	if err != nil {
		return err
	}
	return d.give(shownRota{r.Version, r.Zone, shifts, grid}, func(w io.Writer) { drawRota(w, r, grid, shifts) })
}

// drawRota writes a row for each day and a letter for each half hour, and then the shifts.
func drawRota(w io.Writer, r *duty.Rota, grid []duty.GridDay, shifts []duty.Duty) {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	const margin = len("Mon 2006-01-02  ")
	fmt.Fprintf(w, "Rota %s of %s, %s\n\n%s0     3     6     9     12    15    18    21\n", r.Version, r.State, r.Zone, strings.Repeat(" ", margin))
	letter, order := map[string]byte{}, []string{}
	for _, day := range grid {
		row := make([]byte, 0, duty.Cells)
		for _, cell := range day.Cells {
			switch {
			case cell.Person == "":
				row = append(row, ' ')
				continue
			case cell.Gap:
				row = append(row, '!')
				continue
			case letter[cell.Person] == 0:
				letter[cell.Person] = '*'
				if n := len(order); n < len(letters) {
					letter[cell.Person] = letters[n]
				}
				order = append(order, cell.Person)
			}
			row = append(row, letter[cell.Person])
		}
		var notes string
		if day.Hours != 24 {
			notes += fmt.Sprintf("  %g hours", day.Hours)
		}
		if day.Holiday != "" {
			notes += "  " + line(day.Holiday)
		}
		fmt.Fprintf(w, "%s %s  %s%s\n", day.Weekday[:3], day.Date, row, notes)
	}
	fmt.Fprintln(w)
	for _, id := range order {
		p, _ := r.Person(id)
		fmt.Fprintf(w, "%c  %s\n", letter[id], line(p.Name))
	}
	fmt.Fprint(w, "One letter is half an hour; ! is nobody but the fallback person.\n\n")
	for _, s := range shifts {
		fmt.Fprintf(w, "%s\t%s\t%s\n", byWall(r, s.Since), line(s.Name), s.Why)
	}
}
