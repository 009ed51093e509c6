// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/rand"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"rogatory"
	"rogatory/alarm"
	"rogatory/api"
	"rogatory/clock"
	duty "rogatory/desk"
	"rogatory/node"
	"rogatory/pager"
)

// pagerCmds wake people, for a test, and tell who was woken by what.
type pagerCmds struct {
	Test pagerTestCmd `cmd:"" help:"Send a person a test page over each of their channels, and show what came of it. The node need not run."`
	Log  pagerLogCmd  `cmd:"" help:"The delivery log of the running node, newest first."`
}

type pagerTestCmd struct {
	Person  string   `arg:"" help:"Whom to wake: an id of the rota that has addresses in pager.json."`
	Channel []string `help:"Only these channels." placeholder:"NAME"`
}

// tried is what came of one channel.
type tried struct {
	Channel  string `json:"channel"`
	Provider string `json:"provider"`
	Took     int64  `json:"took_ms"`
	Code     string `json:"code"` // accepted, or that of the error
	Words    string `json:"words"`
}

// Run sends the page. Its link and code are good for nothing: no alarm stands behind them.
func (c *pagerTestCmd) Run(d *desk) error {
	dir := d.globals.Node
	config, err := node.LoadConfig(dir)
	if err != nil {
		return err
	}
	data, err := readSmall(filepath.Join(dir, node.PagerFile))
	if err != nil {
		return err
	}
	pages, err := pager.ParseConfig(data)
	if err != nil {
		return err
	}
	to := pages.People[c.Person]
	if len(to) == 0 {
		return rogatory.Fault(rogatory.NotFound, "page_address_missing", "%s has no address for %.60q", node.PagerFile, c.Person).WithHint("write it under people, by the channel's name")
	}
	routes, err := pager.Open(pages, dir, clock.Real{})
	if err != nil {
		return err
	}
	page, err := c.page(config, pages, to)
	if err != nil {
		return err
	}
	var all []tried
	var failed error
	for _, r := range routes {
		if _, reached := to[r.Name]; !reached && len(c.Channel) == 0 || len(c.Channel) > 0 && !slices.Contains(c.Channel, r.Name) {
			continue
		}
		begun := time.Now()
		receipt, err := r.Send(d.ctx, page)
		t := tried{Channel: r.Name, Provider: r.Provider, Took: time.Since(begun).Milliseconds(), Code: pager.Accepted, Words: fmt.Sprintf("status %d", receipt.Status)}
		if err != nil {
			t.Code, t.Words, failed = rogatory.CodeOf(err), err.Error(), err
		}
		all = append(all, t)
	}
	if len(all) == 0 {
		return rogatory.Fault(rogatory.NotFound, "channel_unknown", "no channel by that name")
	}
	if err := d.give(all, func(w io.Writer) {
		for _, t := range all {
			fmt.Fprintf(w, "%s\t%s\t%s\t%d ms\t%s\n", t.Channel, t.Provider, t.Code, t.Took, t.Words)
		}
	}); err != nil {
		return err
	}
	if failed == nil {
		d.say("accepted means that the provider said so: ask %s whether it rang", c.Person)
	}
	return failed
}

func (c *pagerTestCmd) page(config node.Config, pages pager.Config, to map[string]string) (pager.Page, error) {
	var link [32]byte
	var code [8]byte
	rand.Read(link[:])
	rand.Read(code[:])
	now := time.Now()
	id, err := pager.NewID(rand.Reader, now)
	if err != nil {
		return pager.Page{}, err
	}
	token, _ := duty.NewLink(link, "test", c.Person, rogatory.At(now))
	digits, _ := duty.NewCode(code, "test", c.Person, rogatory.At(now))
	return pager.NewPage(pager.Notice{ID: id, Node: rogatory.Address{State: config.State, Authority: config.Authority}, Urgency: pager.Test,
		Door: pages.Door, Token: token, Code: digits, Created: rogatory.At(now), To: to})
}

// deskCheck says whether the files of the 24/7 desk hold and fit together.
func (d *desk) deskCheck(config node.Config) api.Check {
	check := api.Check{Name: "desk"}
	book, err := node.Rulebook(d.globals.Node)
	if err == nil {
		var plan *alarm.Plan
		if plan, err = node.DeskPlan(d.globals.Node, book.Calendars, clock.Real{}); err == nil {
			if _, err := node.DrillRules(d.globals.Node); err != nil {
				check.Words = err.Error()
				return check
			}
			missing := plan.Missing()
			check.OK, check.Words = len(missing) == 0 || len(missing) == 3 && config.Mode == rogatory.Exercise, "the files of the desk hold and fit together"
			if len(missing) > 0 {
				check.Words = "nobody is paged: no " + strings.Join(missing, ".json, no ") + ".json"
			}
			return check
		}
	}
	check.Words = err.Error()
	return check
}

type pagerLogCmd struct {
	Limit int `help:"How many rows." default:"50"`
}

// Run asks the running node.
func (c *pagerLogCmd) Run(d *desk) error {
	client, err := d.client()
	if err != nil {
		return err
	}
	log, err := client.PagerLog(d.ctx, c.Limit)
	if err != nil {
		return err
	}
	return d.give(log, func(w io.Writer) {
		for _, p := range log {
			fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\t%s\n", p.Begun, p.Channel, p.Provider, p.Attempt, p.Code, p.Page)
		}
	})
}
