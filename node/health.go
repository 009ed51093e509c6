// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"rogatory"
	"rogatory/directory"
	"rogatory/journal"
)

func (n *Node) note(service string, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err == nil {
		delete(n.problems, service)
		return
	}
	if n.problems[service] == "" {
		n.opt.Log.Warn("outside service", "service", service, "code", rogatory.CodeOf(err), "error", err.Error())
	}
	n.problems[service] = err.Error()
}

// Health is one thing that is well or not, in words.
type Health struct {
	Name  string `json:"name"`
	OK    bool   `json:"ok"`
	Words string `json:"words"`
}

// Health says how the node is.
func (n *Node) Health(ctx context.Context) []Health {
	var all []Health
	say := func(name string, err error, good string) {
		if err != nil {
			good = err.Error()
		}
		all = append(all, Health{name, err == nil, good})
	}
	c, err := n.Ledger.Latest(ctx)
	if errors.Is(err, journal.ErrUnpublished) {
		err = nil
	}
	say("database", err, "answers")
	say("journal", nil, fmt.Sprintf("%d entries published", c.Size))
	say("safeguards", n.Office.CheckPolicies(ctx), "can be read")
	b := n.book.Book()
	var stale error
	if s := b.Standing(n.opt.Clock.Now()); s != directory.Fresh {
		stale = fmt.Errorf("the directory is %s since %s", s, b.Expires().Format(time.RFC3339))
	}
	say("directory", stale, "good until "+b.Expires().Format(time.RFC3339))
	for _, c := range b.Cooling() {
		say("anchor of "+string(c.State), fmt.Errorf("another anchor of %s was published, which its old one did not sign; it takes effect at %s: call that State, and strike it off if it knows nothing of it", c.State, c.Until.Format(time.RFC3339)), "")
	}
	for _, e := range n.keys().Expiries(n.opt.Clock.Now()) {
		if days, due := e.Warning(); due {
			say("certificate "+e.File, fmt.Errorf("runs out within %d days, at %s", days, e.NotAfter.Format(time.RFC3339)), "")
		}
	}
	if n.config.TimeStamp.URL == "" {
		say("time-stamp", errors.New("no time-stamp authority is configured"), "")
	}
	n.deskHealth(ctx, say)
	n.drillHealth(say)
	n.gateHealth(ctx, say)
	n.oversightHealth(ctx, say)
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(n.problems)) {
		say(name, errors.New(n.problems[name]), "")
	}
	return all
}
