// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"rogatory"
	"rogatory/console"
	"rogatory/node"
)

// personCmds manage who may use the office's door.
type personCmds struct {
	Add    personAddCmd    `cmd:"" help:"Give a person a token. It is kept in DIR/tokens/NAME and printed once."`
	Token  personTokenCmd  `cmd:"" help:"Give a person another token; the one they had ends."`
	Login  personLoginCmd  `cmd:"" help:"Say how the ministry's sign-in names a person; without a name, take it away."`
	Enrol  personEnrolCmd  `cmd:"" help:"Print a link by which a person makes a passkey for the console. It works once, within an hour."`
	Remove personRemoveCmd `cmd:"" help:"Take a person off the list; their token ends."`
	List   personListCmd   `cmd:"" help:"List who has a token."`
}

type personAddCmd struct {
	Name string `arg:"" help:"Name or service number."`
	Role string `help:"officer, decider, custodian, administrator or oversight." required:"" enum:"officer,decider,custodian,administrator,oversight" placeholder:"ROLE"`
}

// Run adds a person.
func (c *personAddCmd) Run(d *desk) error {
	if _, err := node.LoadConfig(d.globals.Node); err != nil {
		return err
	}
	token, err := node.AddPerson(d.globals.Node, c.Name, rogatory.OfficerRole(c.Role))
	if err != nil {
		return err
	}
	d.say("%s may act as %s; use --as %s on this machine, or this token elsewhere", c.Name, c.Role, c.Name)
	return d.give(map[string]string{"name": c.Name, "role": c.Role, "token": token}, func(w io.Writer) { fmt.Fprintln(w, token) })
}

type personTokenCmd struct {
	Name string `arg:"" help:"Name as in person list."`
}

// Run gives another token.
func (c *personTokenCmd) Run(d *desk) error {
	if _, err := node.LoadConfig(d.globals.Node); err != nil {
		return err
	}
	token, err := node.RenewToken(d.globals.Node, c.Name)
	if err != nil {
		return err
	}
	d.say("%s has another token; the one before is good for nothing now", c.Name)
	return d.give(map[string]string{"name": c.Name, "token": token}, func(w io.Writer) { fmt.Fprintln(w, token) })
}

type personLoginCmd struct {
	Name  string `arg:"" help:"Name as in person list."`
	Login string `arg:"" optional:"" help:"What the claim of the ID token says."`
}

// Run says who signs in how.
func (c *personLoginCmd) Run(d *desk) error {
	if _, err := node.LoadConfig(d.globals.Node); err != nil {
		return err
	}
	if err := node.SetLogin(d.globals.Node, c.Name, c.Login); err != nil {
		return err
	}
	if c.Login == "" {
		d.say("%s does not sign in through the ministry any more", c.Name)
	} else {
		d.say("%s signs in through the ministry as %s", c.Name, c.Login)
	}
	return nil
}

type personEnrolCmd struct {
	Name string `arg:"" help:"Name as in person list."`
	Site string `help:"How browsers reach the office. Default: origin of node.json, or this machine, at the port of office_listen." placeholder:"URL"`
}

// Run makes a link.
func (c *personEnrolCmd) Run(d *desk) error {
	config, err := node.LoadConfig(d.globals.Node)
	if err != nil {
		return err
	}
	token, err := node.Enrol(d.globals.Node, c.Name, time.Now())
	if err != nil {
		return err
	}
	site := cmp.Or(c.Site, config.Origin)
	if site == "" {
		_, port, err := net.SplitHostPort(config.OfficeListen)
		if err != nil {
			return err
		}
		site = "http://localhost:" + port // passkeys need a name, not an address
	}
	link := strings.TrimSuffix(site, "/") + console.Prefix + "enrol?token=" + token
	d.say("%s opens this link within an hour, in the browser and on the device that they work with", c.Name)
	return d.give(map[string]string{"name": c.Name, "link": link}, func(w io.Writer) { fmt.Fprintln(w, link) })
}

type personRemoveCmd struct {
	Name string `arg:"" help:"Name as in person list."`
}

// Run removes a person.
func (c *personRemoveCmd) Run(d *desk) error {
	if _, err := node.LoadConfig(d.globals.Node); err != nil {
		return err
	}
	if err := node.RemovePerson(d.globals.Node, c.Name); err != nil {
		return err
	}
	d.say("%s may not act any more; what they did stays recorded", c.Name)
	return nil
}

type personListCmd struct{}

// Run lists people, never their tokens.
func (c *personListCmd) Run(d *desk) error {
	if _, err := node.LoadConfig(d.globals.Node); err != nil {
		return err
	}
	people, err := node.People(d.globals.Node)
	if err != nil {
		return err
	}
	type person struct {
		Name string               `json:"name"`
		Role rogatory.OfficerRole `json:"role"`
	}
	all := []person{}
	for _, p := range people {
		all = append(all, person{p.Name, p.Role})
	}
	return d.give(all, func(w io.Writer) {
		for _, p := range all {
			fmt.Fprintf(w, "%s\t%s\n", p.Name, p.Role)
		}
	})
}
