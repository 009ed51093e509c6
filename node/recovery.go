// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"rogatory"
	"rogatory/console"
	"rogatory/store"
)

// recoverySetting holds what was asked and not given yet. The journal has the history.
const recoverySetting = "recoveries"

// recoveryLife is how long a wish for a new link stays open: a working day and a night.
const recoveryLife = 24 * time.Hour

// maxWhy bounds the reason, which a colleague reads.
const maxWhy = 1000

func (n *Node) recoveries(tx *store.Tx) ([]console.Recovery, error) {
	var all []console.Recovery
	v, found, err := tx.Setting(recoverySetting)
	if err != nil || !found {
		return nil, err
	}
	if err := json.Unmarshal(v, &all); err != nil {
		return nil, rogatory.Fault(rogatory.Damaged, "setting_damaged", "read setting %s: %w", recoverySetting, err)
	}
	old := rogatory.At(n.opt.Clock.Now().Add(-recoveryLife))
	return slices.DeleteFunc(all, func(r console.Recovery) bool { return r.At < old }), nil
}

// Recoveries implements console.Keys.
func (n *Node) Recoveries(ctx context.Context) (all []console.Recovery, err error) {
	err = n.store.View(ctx, func(tx *store.Tx) error {
		all, err = n.recoveries(tx)
		return err
	})
	return all, err
}

// mayRecover checks who asks for a link, or gives one.
func (n *Node) mayRecover(ctx context.Context, by rogatory.Actor, name string) (rogatory.Officer, error) {
	if by.Role != rogatory.Administrator && by.Role != rogatory.Decider {
		return rogatory.Officer{}, rogatory.Fault(rogatory.Denied, "role_not_allowed", "%s in the role %s may not recover a sign-in", by.Name, by.Role)
	}
	if by.Name == name {
		return rogatory.Officer{}, rogatory.Fault(rogatory.Denied, "second_person_needed", "nobody recovers their own sign-in")
	}
	people, err := n.Officers(ctx)
	if err != nil {
		return rogatory.Officer{}, err
	}
	i := slices.IndexFunc(people, func(o rogatory.Officer) bool { return o.Name == name })
	if i < 0 {
		return rogatory.Officer{}, personUnknown(name)
	}
	return people[i], nil
}

// AskRecovery implements console.Keys.
func (n *Node) AskRecovery(ctx context.Context, by rogatory.Actor, name, why string) error {
	person, err := n.mayRecover(ctx, by, name)
	if err != nil {
		return err
	}
	if why = strings.TrimSpace(why); why == "" || len(why) > maxWhy {
		return rogatory.Fault(rogatory.Invalid, "reason_missing", "say why %s needs a new link, in at most %d bytes", name, maxWhy)
	}
	return n.store.Update(ctx, func(tx *store.Tx) error {
		all, err := n.recoveries(tx)
		if err != nil {
			return err
		}
		all = slices.DeleteFunc(all, func(r console.Recovery) bool { return r.Name == name })
		all = append(all, console.Recovery{Name: name, By: by.Name, At: rogatory.At(n.opt.Clock.Now()), Why: why})
		return n.recovered(tx, by, person, rogatory.PersonRecover, why, all)
	})
}

// GrantRecovery implements console.Keys. The passkeys and links before are taken away first: a crash, or a link that is lost,
// then leaves nobody in, and another link is asked for.
func (n *Node) GrantRecovery(ctx context.Context, by rogatory.Actor, name string) (string, error) {
	person, err := n.mayRecover(ctx, by, name)
	if err != nil {
		return "", err
	}
	err = n.store.Update(ctx, func(tx *store.Tx) error {
		all, err := n.recoveries(tx)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(all, func(r console.Recovery) bool { return r.Name == name })
		if i < 0 {
			return rogatory.Fault(rogatory.NotFound, "recovery_unknown", "nobody asked for a new link for %s", name).WithHint("it is asked for on the page of people, and stays open for a day")
		}
		if all[i].By == by.Name {
			return rogatory.Fault(rogatory.Denied, "second_person_needed", "%s asked for the link, so another person must give it", by.Name)
		}
		if err := n.dropPasskeys(func(held string) bool { return held == name }); err != nil {
			return err
		}
		if err := dropEnrolments(n.dir, name, n.opt.Clock.Now()); err != nil {
			return err
		}
		return n.recovered(tx, by, person, rogatory.PersonRelink, fmt.Sprintf("asked for by %s: %s", all[i].By, all[i].Why), slices.Delete(all, i, i+1))
	})
	if err != nil {
		return "", err
	}
	return Enrol(n.dir, name, n.opt.Clock.Now())
}

func (n *Node) recovered(tx *store.Tx, by rogatory.Actor, person rogatory.Officer, change, why string, open []console.Recovery) error {
	e := rogatory.Entry{Type: rogatory.PersonChanged, At: rogatory.At(n.opt.Clock.Now()), By: by, Name: fmt.Sprintf("%s (%s)", person.Name, person.Role), Why: why, Person: &rogatory.PersonChange{Officer: person, Change: change}}
	if _, err := n.Ledger.Record(tx, e); err != nil {
		return err
	}
	text, err := json.Marshal(open)
	if err != nil {
		return err
	}
	return tx.SetSetting(recoverySetting, text)
}
