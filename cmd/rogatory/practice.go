// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"rogatory"
	"rogatory/api"
	"rogatory/clock"
	"rogatory/court"
	"rogatory/docket"
	"rogatory/node"
	"rogatory/practice"
)

// practiceCmds teach the work of the office.
type practiceCmds struct {
	List        practiceListCmd        `cmd:"" help:"List the exercises, and the moods of the counter-State."`
	Start       practiceStartCmd       `cmd:"" help:"Make, or open again, the exercise nodes and the counter-State, and run them until interrupted."`
	Show        practiceShowCmd        `cmd:"" help:"Tell the story of an exercise, what is learned, and its steps."`
	Check       practiceCheckCmd       `cmd:"" help:"Say which steps are done, what was missed with which article, and what comes next."`
	Certificate practiceCertificateCmd `cmd:"" help:"Print the certificate once all exercises are done."`
	Conformance conformanceCmd         `cmd:"" help:"Examine another node over the wire: pass or fail for each requirement of docs/protocol.md."`
}

// practiceDir is where the exercise nodes are.
type practiceDir struct {
	Dir string `help:"Folder of the exercise nodes." type:"path" default:"practice" placeholder:"DIR"`
}

func (p practiceDir) names() practice.Names {
	return practice.Names{Node: practice.NodeDir(p.Dir), Dir: p.Dir}
}

// trainee is a desk at the trainee's node, as the person of that name.
func (p practiceDir) trainee(d *desk, role rogatory.OfficerRole) (*api.Client, error) {
	if !practice.Exists(p.Dir) {
		return nil, rogatory.Fault(rogatory.NotFound, "practice_missing", "there is no practice in %s", p.Dir).WithHint("rogatory practice start --dir " + p.Dir)
	}
	at := *d
	at.globals.Node, at.globals.As = practice.NodeDir(p.Dir), practice.Trainees()[role]
	client, err := at.client()
	if rogatory.CodeOf(err) == "node_not_running" {
		err = rogatory.Fault(rogatory.Unavailable, "node_not_running", "the practice in %s is not running", p.Dir).WithHint("rogatory practice start --dir " + p.Dir)
	}
	return client, err
}

// apiSource reads the docket of a running node.
type apiSource struct{ client *api.Client }

func (s apiSource) Requests(ctx context.Context, q docket.Filter) ([]docket.File, string, error) {
	p, err := s.client.Requests(ctx, q)
	return p.Requests, p.Next, err
}

func (s apiSource) Messages(ctx context.Context, id rogatory.RequestID) ([]docket.Correspondence, error) {
	return s.client.Messages(ctx, id)
}

func (s apiSource) Entries(ctx context.Context, id rogatory.RequestID, from int64, n int) ([]docket.Logged, error) {
	return s.client.Entries(ctx, id, from, n)
}

// view reads the trainee's docket, and verifies the court packages beside the node.
func (p practiceDir) view(d *desk) (practice.View, error) {
	client, err := p.trainee(d, rogatory.DutyOfficer)
	if err != nil {
		return practice.View{}, err
	}
	folders, err := filepath.Glob(filepath.Join(p.Dir, "court-package*"))
	if err != nil {
		return practice.View{}, err
	}
	root, err := readSmall(filepath.Join(practice.NodeDir(p.Dir), "directory-root.json"))
	if err != nil {
		return practice.View{}, err
	}
	var holds []rogatory.CaseID
	for _, folder := range folders {
		r, err := court.Verify(d.ctx, folder, court.Options{TrustedRoot: root})
		if err != nil {
			return practice.View{}, err
		}
		if r.Holds() {
			holds = append(holds, r.Case)
		} else {
			d.say("the package in %s does not hold: %s", folder, r.Verdict())
		}
	}
	return practice.Read(d.ctx, apiSource{client}, holds)
}

// exerciseOf returns an exercise by its number.
func exerciseOf(n int) (practice.Exercise, error) {
	all := practice.Exercises()
	if n < 1 || n > len(all) {
		return practice.Exercise{}, rogatory.Fault(rogatory.NotFound, "exercise_unknown", "there is no exercise %d", n).WithHint(fmt.Sprintf("the exercises are 1 to %d; rogatory practice list tells their titles", len(all)))
	}
	return all[n-1], nil
}

type practiceListCmd struct{}

// Run lists what there is to practise.
func (c *practiceListCmd) Run(d *desk) error {
	type mood struct {
		Name string `json:"name"`
		Mood string `json:"mood"`
	}
	list := struct {
		Exercises []practice.Exercise `json:"exercises"`
		Moods     []mood              `json:"moods"`
	}{Exercises: practice.Exercises()}
	for _, s := range practice.Scripts() {
		if s.Exercise == 0 {
			list.Moods = append(list.Moods, mood{s.Name, s.Mood})
		}
	}
	return d.give(list, func(w io.Writer) {
		for _, e := range list.Exercises {
			fmt.Fprintf(w, "%d\t%s\tArt %s\n", e.Number, e.Title, articles(e))
		}
		for _, m := range list.Moods {
			fmt.Fprintf(w, "mood\t%s\t%s\n", m.Name, m.Mood)
		}
	})
}

func articles(e practice.Exercise) string {
	var all []string
	for _, l := range e.Learns {
		all = append(all, l.Article)
	}
	return strings.Join(all, ", ")
}

type practiceStartCmd struct {
	practiceDir
}

// started is what a trainee needs to begin.
type started struct {
	Dir    string                          `json:"dir"`
	Node   string                          `json:"node"`
	Fresh  bool                            `json:"fresh"`
	People map[string]rogatory.OfficerRole `json:"people"`
	Tokens string                          `json:"tokens"` // folder
}

// Run makes or opens the nodes, and runs them and the counter-State until interrupted.
func (c *practiceStartCmd) Run(d *desk) error {
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return rogatory.Fault(rogatory.Unavailable, "folder_failed", "make %s: %w", c.Dir, err)
	}
	// Before the nodes open: each waits until the others have said how much of its journal they hold.
	d.say("EXERCISE. States, persons and events are invented; signatures, proofs and transfers are real.")
	if practice.Exists(c.Dir) {
		d.say("The practice in %s goes on where it stopped.", c.Dir)
	}
	log := slog.New(slog.NewTextHandler(d.words, &slog.HandlerOptions{Level: slog.LevelError}))
	school, err := practice.Begin(d.ctx, practice.Settings{Dir: c.Dir, Door: func(n *node.Node) (http.Handler, error) { return officeDoor(n, true) }, Log: log})
	if err != nil && d.ctx.Err() != nil {
		return nil //nolint:nilerr // interrupted while it opened: that is how it ends
	}
	if err != nil {
		return err
	}
	s := started{Dir: c.Dir, Node: practice.NodeDir(c.Dir), Fresh: school.Fresh, People: map[string]rogatory.OfficerRole{}, Tokens: filepath.Join(practice.NodeDir(c.Dir), "tokens")}
	for role, name := range practice.Trainees() {
		s.People[name] = role
	}
	err = d.give(s, func(w io.Writer) {
		fmt.Fprintf(w, "your node\t%s\n", s.Node)
		for _, role := range []rogatory.OfficerRole{rogatory.DutyOfficer, rogatory.Decider, rogatory.Custodian} {
			fmt.Fprintf(w, "you are\t%s\t%s\ttoken in %s\n", practice.Trainees()[role], role, filepath.Join(s.Tokens, practice.Trainees()[role]))
		}
	})
	if err == nil {
		err = c.first(d)
	}
	if err == nil {
		d.say("The nodes run until you interrupt (Ctrl-C). In another terminal: rogatory practice check --dir %s", c.Dir)
		school.Answer(d.ctx, clock.Real{})
	}
	if d.ctx.Err() != nil {
		err = nil // interrupted: whatever was being asked was cut off by it
	}
	return errors.Join(err, school.Stop())
}

// first tells the next task.
func (c *practiceStartCmd) first(d *desk) error {
	v, err := c.view(d)
	if err != nil {
		return err
	}
	reports := practice.CheckAll(practice.Exercises(), v, c.names())
	r, step, open := practice.Next(reports)
	if !open {
		d.say("All exercises are done: rogatory practice certificate --dir %s --name NAME", c.Dir)
		return nil
	}
	e, err := exerciseOf(r.Exercise)
	if err != nil {
		return err
	}
	d.say("\nExercise %d: %s\n%s\n\nStep %d: %s\n  %s\n", e.Number, e.Title, e.Story, step.Step, step.Text, step.Hint)
	return nil
}

type practiceShowCmd struct {
	practiceDir
	Number int `arg:"" help:"Number of the exercise."`
}

// Run tells an exercise. It needs no node.
func (c *practiceShowCmd) Run(d *desk) error {
	e, err := exerciseOf(c.Number)
	if err != nil {
		return err
	}
	for i := range e.Steps {
		e.Steps[i].Hint = c.names().Fill(e.Steps[i].Hint, e, e.Steps[i], practice.View{})
	}
	return d.give(e, func(w io.Writer) {
		fmt.Fprintf(w, "Exercise %d: %s\n\n%s\n\nLearned here:\n", e.Number, e.Title, e.Story)
		for _, l := range e.Learns {
			fmt.Fprintf(w, "  Art %s: %s\n", l.Article, l.Text)
		}
		for i, s := range e.Steps {
			fmt.Fprintf(w, "\n%d. %s (Art %s)\n   %s\n", i+1, s.Text, s.Article, s.Hint)
		}
	})
}

type practiceCheckCmd struct {
	practiceDir
	Number int `arg:"" optional:"" help:"Number of the exercise; all without it."`
}

// Run checks. That a step is not done yet is a result, and no failure.
func (c *practiceCheckCmd) Run(d *desk) error {
	all := practice.Exercises()
	if c.Number != 0 {
		e, err := exerciseOf(c.Number)
		if err != nil {
			return err
		}
		all = []practice.Exercise{e}
	}
	v, err := c.view(d)
	if err != nil {
		return err
	}
	reports := practice.CheckAll(all, v, c.names())
	return d.give(reports, func(w io.Writer) {
		for _, r := range reports {
			if c.Number == 0 {
				fmt.Fprintln(w, r)
				continue
			}
			fmt.Fprintf(w, "%d. %s\n", r.Exercise, r.Title)
			steps(w, r)
		}
		r, step, open := practice.Next(reports)
		switch {
		case open:
			fmt.Fprintf(w, "next: exercise %d, step %d: %s\n  %s\n", r.Exercise, step.Step, step.Text, step.Hint)
		case c.Number == 0:
			fmt.Fprintf(w, "all are done: rogatory practice certificate --dir %s --name NAME\n", c.Dir)
		default:
			fmt.Fprintln(w, "done")
		}
	})
}

func steps(w io.Writer, r practice.Report) {
	for _, s := range r.Steps {
		mark := "not yet"
		if s.Done {
			mark = "done"
		}
		fmt.Fprintf(w, "%s\t%d. %s (Art %s)\n", mark, s.Step, s.Text, s.Article)
		for _, m := range s.Missed {
			fmt.Fprintf(w, "missed\t%s: %s (Art %s)\n", m.Request, m.Text, m.Article)
		}
	}
}

type practiceCertificateCmd struct {
	practiceDir
	Name string `help:"Name that stands on it." required:""`
}

// Run prints the certificate.
func (c *practiceCertificateCmd) Run(d *desk) error {
	v, err := c.view(d)
	if err != nil {
		return err
	}
	client, err := c.trainee(d, rogatory.DutyOfficer)
	if err != nil {
		return err
	}
	checkpoint, err := client.Checkpoint(d.ctx)
	if err != nil {
		return err
	}
	done, err := practice.Certify(c.Name, practice.CheckAll(practice.Exercises(), v, c.names()), rogatory.At(time.Now()), checkpoint)
	if err != nil {
		return err
	}
	return d.give(done, func(w io.Writer) { io.WriteString(w, done.Text()) })
}
