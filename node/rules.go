// SPDX-License-Identifier: Apache-2.0

package node

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"rogatory"
	"rogatory/deadline"
	"rogatory/docket"
	"rogatory/treaty"
	"rogatory/treaty/status"
)

// Where a node keeps what its office decided to go by, below its folder. A file that is there replaces what
// came with this program.
const (
	RulesFolder    = "rules"
	KindsFile      = "kinds.json"      // kinds of request
	DeadlinesFile  = "deadlines.json"  // time limits
	CalendarsFile  = "calendars.json"  // weekends and holidays
	StatusFile     = "status.json"     // who is bound, as imported from the depositary
	AgreementsFile = "agreements.json" // other instruments that the office recorded
)

// maxRules bounds a rules file before its own reader does: the largest of their bounds.
const maxRules = max(treaty.MaxRulesSize, deadline.MaxDataSize, status.MaxData)

// Rulebook reads what the office in dir decides by. A file that does not hold, or rules that do not fit
// together, are refused whole with file and line; a node does not start on rules that nobody can read.
func Rulebook(dir string) (docket.Rulebook, error) {
	return RulebookWith(dir, "", nil)
}

// RulebookWith is Rulebook as it would be with another file in place, to try one before it takes effect.
func RulebookWith(dir, file string, data []byte) (docket.Rulebook, error) {
	return RulebookFrom(func(name string) ([]byte, error) {
		if name == file {
			return data, nil
		}
		return readRules(dir, name)
	})
}

// RulebookFrom is Rulebook over files that are elsewhere: read returns one, or nothing for what came with this program.
func RulebookFrom(read func(name string) ([]byte, error)) (docket.Rulebook, error) {
	rules := treaty.Convention()
	if kinds, err := read(KindsFile); err != nil {
		return docket.Rulebook{}, err
	} else if kinds != nil {
		if rules, err = treaty.Load(KindsFile, kinds); err != nil {
			return docket.Rulebook{}, err
		}
	}
	book := docket.Standard(rules)
	if times, err := read(DeadlinesFile); err != nil {
		return docket.Rulebook{}, err
	} else if times != nil {
		if book.Times, err = deadline.LoadRules(DeadlinesFile, times); err != nil {
			return docket.Rulebook{}, err
		}
	}
	if calendars, err := read(CalendarsFile); err != nil {
		return docket.Rulebook{}, err
	} else if calendars != nil {
		if book.Calendars, err = deadline.LoadCalendars(CalendarsFile, calendars, deadline.BundledZones()); err != nil {
			return docket.Rulebook{}, err
		}
	}
	var err error
	if book.Desk, err = treaties(read); err != nil {
		return docket.Rulebook{}, err
	}
	if err := book.Check(); err != nil {
		return docket.Rulebook{}, err
	}
	return book, nil
}

// Treaties opens the treaty desk for a node's folder, or without one on the data that came with this program.
func Treaties(dir string) (*status.Desk, error) {
	return treaties(func(name string) ([]byte, error) { return readRules(dir, name) })
}

func treaties(read func(name string) ([]byte, error)) (*status.Desk, error) {
	desk := status.Embedded()
	var book *status.Book
	var agreements []status.Agreement
	states := desk.Book().States()
	data, err := read(StatusFile)
	if err == nil && data != nil {
		book, err = status.LoadBook(StatusFile, data, states)
	}
	if err != nil {
		return nil, err
	}
	if data, err = read(AgreementsFile); err == nil && data != nil {
		agreements, err = status.LoadAgreements(AgreementsFile, data, states)
	}
	if err != nil {
		return nil, err
	}
	return desk.With(book, agreements), nil
}

// readRules reads a file of the rules folder; nothing without an error when there is none.
func readRules(dir, file string) ([]byte, error) {
	f, err := os.Open(filepath.Join(dir, RulesFolder, file))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, rogatory.Fault(rogatory.Unavailable, "file_unreadable", "read the rules: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxRules+1))
	if err != nil {
		return nil, rogatory.Fault(rogatory.Unavailable, "file_unreadable", "read %s: %w", file, err)
	}
	return data, nil
}

// PutRules puts a rules file in force in dir, from the node's next start: written beside, synced and renamed, so
// that after a failure or a crash the old file or the new one is there, whole. Doing it again is harmless.
func PutRules(dir, file string, data []byte) error {
	folder := filepath.Join(dir, RulesFolder)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return rogatory.Fault(rogatory.Unavailable, "file_unwritable", "make the folder of the rules: %w", err)
	}
	if err := replace(filepath.Join(folder, file), data); err != nil {
		return rogatory.Fault(rogatory.Unavailable, "file_unwritable", "put %s in force: %w", file, err)
	}
	return nil
}
