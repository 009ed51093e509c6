// SPDX-License-Identifier: Apache-2.0

package practice

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"rogatory"
	"rogatory/clock"
	"rogatory/demo"
	"rogatory/keyring"
	"rogatory/node"
)

// The States of the school: who learns, who answers, and who witnesses.
const (
	Trainee  rogatory.StateCode = "XA"
	Opposite rogatory.StateCode = "XB"
	Witness  rogatory.StateCode = "XC"
)

// Trainees returns the names of the trainee by role. The trainee plays all the people of an office, who need one another: nobody sends what they drafted.
func Trainees() map[rogatory.OfficerRole]string {
	return map[rogatory.OfficerRole]string{rogatory.DutyOfficer: "anna", rogatory.Decider: "bruno", rogatory.Custodian: "elsa"}
}

func opposites() map[rogatory.OfficerRole]string {
	return map[rogatory.OfficerRole]string{rogatory.DutyOfficer: "B. Lindqvist", rogatory.Decider: "Judge T. Moreau", rogatory.Custodian: "Examiner 14"}
}

// Settings of a school.
type Settings struct {
	Dir  string
	Door func(*node.Node) (http.Handler, error) // the staff's door of each node
	Log  *slog.Logger
	// Scripts are those of the counter-State; nil means those of this program.
	Scripts []Script
}

// School is the exercise at work: the nodes of three States in one process.
type School struct {
	*demo.World
	Counter *Counter
	Fresh   bool // made now, and not opened again

	dir string
	log *slog.Logger
}

// schoolFile marks a folder whose nodes were all made.
const schoolFile = "practice.json"

// NodeDir is the folder of the trainee's node.
func NodeDir(dir string) string { return filepath.Join(dir, strings.ToLower(string(Trainee))) }

// Exists reports whether a folder holds a school.
func Exists(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, schoolFile))
	return err == nil
}

// Begin makes a school in an empty folder, or opens the one that is there and goes on. The nodes run until
// Close. It refuses a folder that holds anything else.
func Begin(ctx context.Context, s Settings) (*School, error) {
	school := &School{dir: s.Dir, log: s.Log, Fresh: !Exists(s.Dir)}
	if school.log == nil {
		school.log = slog.New(slog.DiscardHandler)
	}
	world := demo.Settings{Dir: s.Dir, States: []rogatory.StateCode{Trainee, Opposite, Witness}, Door: s.Door, Log: s.Log,
		People: map[rogatory.StateCode]map[rogatory.OfficerRole]string{Trainee: Trainees(), Opposite: opposites()}}
	if school.Fresh {
		if entries, err := os.ReadDir(s.Dir); err == nil && len(entries) > 0 {
			return nil, rogatory.Fault(rogatory.Conflict, "folder_not_empty", "%s is not empty and holds no practice", s.Dir).WithHint("choose another folder with --dir, or delete this one")
		}
	}
	var err error
	if school.Fresh {
		school.World, err = demo.Begin(ctx, world)
	} else {
		school.World, err = demo.Resume(ctx, world)
	}
	if err != nil {
		return nil, err
	}
	if school.Fresh {
		if err := os.WriteFile(filepath.Join(s.Dir, schoolFile), []byte("{\"format\": \"rogatory practice 1\"}\n"), 0o600); err != nil {
			return nil, errors.Join(err, school.World.Stop())
		}
	}
	scripts := s.Scripts
	if scripts == nil {
		scripts = Scripts()
	}
	them, us := school.Members[Opposite], school.Members[Trainee]
	school.Counter = &Counter{Office: them.Node.Office, Scripts: scripts, People: opposites(), To: us.Actor("", "").Address,
		Keys: func() (int, error) { return generations(them.Dir) }, Rotate: func() error { return school.RotateMessageKey(Opposite) }}
	return school, nil
}

// generations counts the message keys of a node.
func generations(dir string) (n int, err error) {
	files, err := keyring.Files(filepath.Join(dir, "keys"))
	for _, f := range files {
		if strings.HasPrefix(f, "message.") {
			n++
		}
	}
	return n, err
}

// roundEvery is how often the counter-State looks at its docket: soon enough for a person who waits.
const roundEvery = 300 * time.Millisecond

// Answer lets the counter-State answer until ctx ends.
func (s *School) Answer(ctx context.Context, c clock.Clock) {
	last := ""
	for {
		if _, err := s.Counter.Round(ctx, rogatory.At(c.Now())); err != nil && ctx.Err() == nil && err.Error() != last {
			last = err.Error() // a deed that cannot be done is told once
			s.log.Error("the counter-State could not act", "code", rogatory.CodeOf(err), "error", last)
		}
		select {
		case <-ctx.Done():
			return
		case <-c.After(roundEvery):
		}
	}
}

// Actor returns the trainee in a role.
func (s *School) Actor(role rogatory.OfficerRole) rogatory.Actor {
	return s.Members[Trainee].Actor(Trainees()[role], role)
}
