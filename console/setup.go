// SPDX-License-Identifier: Apache-2.0

package console

import (
	"net/http"
	"time"

	"rogatory"
)

// Setup is what a node knows of its own making ready.
type Setup struct {
	AnchorAway   bool // the anchor key is not on this machine
	Directory    bool // the directory of States is fresh
	Stamped      bool // a time-stamp authority is named
	Named        bool // origin says how browsers reach the office, by https
	Rota         bool // a rota without gaps is in force
	Paged        bool // people are paged, by two providers
	BackupTried  rogatory.Instant
	BackupMade   rogatory.Instant
	BackupFailed string // of the last try; empty if it held
	Entries      int64  // that the last try derived again
}

// stepView is one thing to make ready.
type stepView struct {
	ID    string
	State string // as of the parts of a draft
}

type setupView struct {
	Setup
	Steps []stepView
	Done  int
	May   bool
}

// backupAge is how old a tried backup may be before somebody is asked to try again.
const backupAge = 31 * 24 * time.Hour

// setup shows what is ready and what is left, the key ceremony, and how the node is.
func (s *server) setup(v *visit) error {
	known := s.Setup(v.ctx)
	people, err := s.People(v.ctx)
	if err != nil {
		return err
	}
	roles, without := map[rogatory.OfficerRole]int{}, 0
	for _, p := range people {
		roles[p.Role]++
		keys, err := s.Keys.Passkeys(p.Name)
		if err != nil {
			return err
		}
		if len(keys) == 0 {
			without++
		}
	}
	view := setupView{Setup: known, May: v.by.Role == rogatory.Administrator}
	add := func(id string, done, begun bool) {
		state := notStarted
		switch {
		case done:
			state, view.Done = complete, view.Done+1
		case begun:
			state = attention
		}
		view.Steps = append(view.Steps, stepView{id, state})
	}
	add("anchor", known.AnchorAway, false)
	add("directory", known.Directory, true)
	add("stamp", known.Stamped, false)
	add("origin", known.Named, false)
	add("people", roles[rogatory.DutyOfficer] > 0 && roles[rogatory.Decider] > 1 && roles[rogatory.Custodian] > 0 && roles[rogatory.Administrator] > 0, len(people) > 1)
	add("passkeys", len(people) > 0 && without == 0 || s.Ministry != nil, without < len(people))
	add("rota", known.Rota, false)
	add("pager", known.Paged, false)
	add("backup", known.BackupFailed == "" && known.BackupTried != 0 && v.now.Sub(known.BackupTried) < backupAge, known.BackupTried != 0)
	return v.show(http.StatusOK, setupScreen(v.frame(v.loc.T("setup.title"), "setup"), view))
}

// rehearse tries a backup now, beside the running node.
func (s *server) rehearse(v *visit) error {
	if v.by.Role != rogatory.Administrator {
		return rogatory.Fault(rogatory.Denied, "role_not_allowed", "%s in the role %s may not try a backup", v.by.Name, v.by.Role).WithHint("this needs the role administrator")
	}
	if err := s.Rehearse(v.ctx); err != nil {
		return err
	}
	v.say("setup.tried")
	return v.to("setup")
}
