// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"rogatory"
	"rogatory/api"
	"rogatory/assistance"
	"rogatory/console"
	"rogatory/journal"
	"rogatory/keyring"
	"rogatory/legislation"
	"rogatory/node"
	"rogatory/preview"
)

// initCmd makes a node.
type initCmd struct {
	State         string   `help:"Two-letter code of the State; XA to XZ for exercises." required:"" placeholder:"XA"`
	StateName     string   `help:"Name of the State." required:"" placeholder:"NAME"`
	Authority     string   `help:"Short name of the authority: small letters, digits and hyphens." required:"" placeholder:"justice"`
	AuthorityName string   `help:"Full name of the authority." required:"" placeholder:"NAME"`
	Role          []string `help:"What the authority was named for: central_authority, point_of_contact, competent_authority, law_enforcement, extradition_authority." default:"central_authority,point_of_contact"`
	Language      []string `help:"Languages in which requests are accepted, Art 40(13)." default:"en"`
	Mode          string   `help:"exercise or live. It never changes." enum:"exercise,live" default:"exercise"`

	Host       []string `help:"Names and addresses of this machine, for its TLS certificate." default:"localhost,127.0.0.1"`
	Federation string   `help:"Address to listen on for other States." default:"127.0.0.1:7443"`
	Office     string   `help:"Address to listen on for the office." default:"127.0.0.1:7080"`
	Endpoint   string   `help:"How other States reach this node." default:"https://127.0.0.1:7443"`
	JournalURL string   `help:"How everybody reaches the journal." default:"http://127.0.0.1:7080/journal"`
	Directory  string   `help:"Where the directory of States is read: a folder or an https URL." required:"" placeholder:"FROM"`

	Engine    string `help:"sqlite or postgres." enum:"sqlite,postgres" default:"sqlite"`
	Source    string `help:"Database: a file name in the node's folder, or a PostgreSQL connection string." default:"node.db"`
	Stamp     string `help:"URL of the RFC 3161 time-stamp authority." placeholder:"URL"`
	StampRoot string `help:"File with the PEM root certificate of the time-stamp authority." type:"existingfile" placeholder:"FILE"`
}

// directoryGrace is how long a new node verifies with an expired directory, in hours: a week, in which
// a mirror can be mended.
const directoryGrace = 7 * 24

// Run makes the node.
func (c *initCmd) Run(d *desk) error {
	config := node.Config{Mode: rogatory.Mode(c.Mode), State: rogatory.StateCode(c.State), StateName: c.StateName, Authority: rogatory.AuthorityID(c.Authority), AuthorityName: c.AuthorityName,
		Languages: c.Language, FederationListen: c.Federation, OfficeListen: c.Office, Endpoint: c.Endpoint, JournalURL: c.JournalURL,
		Database: node.Database{Engine: c.Engine, Source: c.Source}, Directory: node.Source{From: c.Directory, GraceHours: directoryGrace}}
	for _, r := range c.Role {
		config.Roles = append(config.Roles, rogatory.Role(r))
	}
	if c.Stamp != "" {
		if c.StampRoot == "" {
			return usage("a time-stamp authority needs --stamp-root too")
		}
		root, err := readSmall(c.StampRoot)
		if err != nil {
			return err
		}
		config.TimeStamp = node.TimeStamp{URL: c.Stamp, Certificate: string(root)}
	}
	keys, err := node.Init(d.ctx, d.globals.Node, config, c.Host, time.Now())
	if err != nil {
		return err
	}
	d.say("made the node of %s in %s", keys.Address(), d.globals.Node)
	d.say("next: give the anchor key of \"rogatory directory anchor\" to the directory's key holders, then \"rogatory directory submit\" and \"rogatory directory trust\"")
	return d.give(config.Party(keys), func(w io.Writer) {
		fmt.Fprintf(w, "journal origin\t%s\n", keys.JournalOrigin())
		fmt.Fprintf(w, "journal key\t%s\n", keys.JournalVerifier())
		fmt.Fprintf(w, "witness key\t%s\n", keys.WitnessVerifier())
	})
}

// serveCmd runs a node.
type serveCmd struct {
	Unwatched bool `help:"In an exercise: do not wait at the start for witnesses and other States that do not answer. What somebody does say still counts."`
}

// Run serves until interrupted.
func (c *serveCmd) Run(d *desk) error {
	if c.Unwatched {
		config, err := node.LoadConfig(d.globals.Node)
		if err != nil {
			return err
		}
		if config.Mode != rogatory.Exercise {
			return rogatory.Fault(rogatory.Denied, "exercise_only", "a live node waits for those who watch its journal").WithHint("leave --unwatched out; docs/operating.md says what to do when they are silent")
		}
	}
	log := slog.New(slog.NewTextHandler(d.words, &slog.HandlerOptions{Level: slog.LevelWarn}))
	n, err := node.Open(d.ctx, d.globals.Node, node.Options{Unwatched: c.Unwatched, Log: log, Portal: publicOptions(d.globals.Node)})
	if err != nil {
		return err
	}
	door, err := officeDoor(n, false)
	if err == nil {
		err = n.Run(d.ctx, door, func(a node.Addresses) {
			d.say("%s serves: office %s, other States %s, journal %s", n.Config().State, a.Office, a.Federation, a.Journal)
			if d.globals.JSON {
				json.NewEncoder(d.out).Encode(a)
			}
			// Reading the rules and the words of eight languages leaves three times more behind than stays.
			debug.FreeOSMemory()
		})
	}
	if closing := n.Close(); err == nil {
		err = closing
	}
	return err
}

// officeDoor is the staff's door of a node: the console for people, the interface for programs. demo lets
// anybody in by one click; the console heeds it in exercises only.
func officeDoor(n *node.Node, demo bool) (http.Handler, error) {
	party, err := n.Party(n.Config().State)
	if err != nil {
		return nil, err
	}
	fetching := newFetches()
	screens, err := officeConsole(n, fetching, demo)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle(console.Prefix, screens)
	mux.Handle("POST "+reportCheckPath, reportCheckDoor(n))
	mux.Handle("GET /{$}", http.RedirectHandler(console.Prefix, http.StatusSeeOther))
	mux.Handle("/", api.New(api.Config{
		Office: n.Office, Rules: n.Rules, Clock: n.Office.Clock, Log: n.Office.Log, Authenticate: n.Authenticate,
		Parties: func() []rogatory.Party { return n.Book().Parties() },
		Push:    func(ctx context.Context, id rogatory.ExhibitID) error { return n.Push(ctx, id, nil) },
		Fetch: func(ctx context.Context, by rogatory.Actor, id rogatory.ExhibitID) error {
			fetching.begin(ctx, id, func(ctx context.Context) error { return n.Fetch(ctx, by, id, nil) })
			return nil
		},
		Transfers: func() []api.Transfer { return fetching.merge(n.Transfers()) },
		Package: func(ctx context.Context, by rogatory.Actor, id rogatory.CaseID, why, folder string) error {
			return n.ExportPackage(ctx, by, id, why, folder, nil)
		},
		Journal: api.Journal{Origin: party.JournalOrigin, VerifierKey: party.JournalKey, URL: party.JournalURL},
		Checkpoint: func(ctx context.Context) ([]byte, int64, error) {
			c, err := n.Ledger.Latest(ctx)
			if errors.Is(err, journal.ErrUnpublished) {
				err = rogatory.Fault(rogatory.Unavailable, "not_published", "the journal has no checkpoint yet").WithHint("try again in a second")
			}
			return c.Note, c.Size, err
		},
		Prove: func(ctx context.Context, index int64) ([]byte, error) {
			proof, _, err := n.Ledger.ProvePublished(ctx, index)
			return proof, err
		},
		CourierExport: func(ctx context.Context, by rogatory.Actor, to rogatory.StateCode, folder string) (api.Courier, error) {
			c, err := n.CourierExport(ctx, by, to, folder)
			return api.Courier(c), err
		},
		CourierImport: func(ctx context.Context, by rogatory.Actor, folder string) (api.Courier, error) {
			c, err := n.CourierImport(ctx, by, folder)
			return api.Courier(c), err
		},
		Health: func(ctx context.Context) []api.Check {
			all := []api.Check{}
			for _, h := range n.Health(ctx) {
				all = append(all, api.Check(h))
			}
			return all
		},
		Drills: drillDoor(n),
		Pages: func(ctx context.Context, by rogatory.Actor, limit int) ([]api.PageDelivery, error) {
			rows, err := n.Desk.Deliveries(ctx, by, limit)
			all := []api.PageDelivery{}
			for _, r := range rows {
				all = append(all, api.PageDelivery{Page: string(r.Page), Channel: r.Channel, Provider: r.Provider, Attempt: r.Attempt, Begun: r.Begun, Ended: r.Ended,
					Code: r.Code, Detail: r.Detail, Status: r.Status, Reference: r.Reference})
			}
			return all, err
		},
	}))
	return mux, nil
}

// ministry is the ministry's own sign-in, nil without one.
func ministry(n *node.Node) *console.Ministry {
	c := n.Config().SignIn
	if c.Issuer == "" {
		return nil
	}
	return &console.Ministry{Issuer: c.Issuer, ClientID: c.ClientID, Secret: n.SignInSecret(), Claim: c.Claim, Person: n.PersonOf, Client: &http.Client{Timeout: ministryTimeout}}
}

// ministryTimeout bounds a call to the ministry's sign-in, for which a person waits.
const ministryTimeout = 10 * time.Second

// officeConsole is the officers' screens of a node.
func officeConsole(n *node.Node, fetching *fetches, demo bool) (http.Handler, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program, which renders previews: %w", err)
	}
	uploads, err := n.Uploads()
	if err != nil {
		return nil, err
	}
	return console.New(console.Config{
		Render: preview.New(program).Render, Uploads: uploads,
		Office: n.Office, Rules: n.Rules, Clock: n.Office.Clock, Log: n.Office.Log, People: n.Officers, Keys: n, Demo: demo, Origin: n.Config().Origin, Ministry: ministry(n), Desk: n.Desk, Rota: n, Post: n.Post,
		Parties:    func() []rogatory.Party { return n.Book().Parties() },
		Laws:       func() (legislation.Book, error) { return readLaws(n.Dir()) },
		Assistance: func() (assistance.Book, error) { return readAssistance(n.Dir()) },
		Fetch: func(ctx context.Context, by rogatory.Actor, id rogatory.ExhibitID) error {
			fetching.begin(ctx, id, func(ctx context.Context) error { return n.Fetch(ctx, by, id, nil) })
			return nil
		},
		Transfers: func() []console.Transfer {
			var all []console.Transfer
			for _, t := range fetching.merge(n.Transfers()) {
				all = append(all, console.Transfer(t))
			}
			return all
		},
		Package: func(ctx context.Context, by rogatory.Actor, id rogatory.CaseID, why, folder string) error {
			return n.ExportPackage(ctx, by, id, why, folder, nil)
		},
		Setup: func(ctx context.Context) console.Setup { return n.Setup(ctx) }, Rehearse: n.RehearseBackup,
		Health: func(ctx context.Context) []console.Check {
			var all []console.Check
			for _, h := range n.Health(ctx) {
				all = append(all, console.Check(h))
			}
			return all
		},
	}), nil
}

// checkCmd validates without starting.
type checkCmd struct{}

// Run checks configuration, keys and people, and asks the node for its health when it runs.
func (c *checkCmd) Run(d *desk) error {
	config, err := node.LoadConfig(d.globals.Node)
	if err != nil {
		return err
	}
	keys, err := keyring.Load(filepath.Join(d.globals.Node, "keys"))
	if err != nil {
		return err
	}
	if want := (rogatory.Address{State: config.State, Authority: config.Authority}); keys.Address() != want {
		return rogatory.Fault(rogatory.Conflict, "keys_of_other", "the keys are those of %s, node.json says %s", keys.Address(), want)
	}
	people, err := node.People(d.globals.Node)
	if err != nil {
		return err
	}
	checks := []api.Check{
		{Name: "configuration", OK: true, Words: fmt.Sprintf("%s node of %s", config.Mode, keys.Address())},
		{Name: "people", OK: len(people) > 0, Words: fmt.Sprintf("%d with a token", len(people))},
		{Name: "directory root", OK: exists(filepath.Join(d.globals.Node, "directory-root.json")), Words: "directory-root.json, the directory that this node trusts"},
	}
	if exists(filepath.Join(d.globals.Node, "directory-root.json")) {
		checks = append(checks, d.entryChecks(config, keys)...)
	}
	checks = append(checks, d.deskCheck(config))
	for _, e := range keys.Expiries(time.Now()) {
		days, due := e.Warning()
		words := "good until " + e.NotAfter.Format(time.DateOnly)
		if due {
			words = fmt.Sprintf("runs out within %d days, %s", days, words)
			if purpose, _, _ := strings.Cut(e.File, "."); keyring.Rotatable(purpose) == nil {
				words += fmt.Sprintf("; run rogatory key rotate %s --node %s", purpose, d.globals.Node)
			}
		}
		checks = append(checks, api.Check{Name: "certificate " + e.File, OK: !due, Words: words})
	}
	if exists(filepath.Join(d.globals.Node, "run.json")) && (d.globals.As != "" || os.Getenv("ROGATORY_TOKEN") != "") {
		client, err := d.client()
		if err != nil {
			return err
		}
		live, err := client.Health(d.ctx)
		if err != nil {
			return err
		}
		checks = append(checks, live...)
	}
	if err := d.give(checks, func(w io.Writer) {
		for _, c := range checks {
			mark := "ok"
			if !c.OK {
				mark = "LOOK"
			}
			fmt.Fprintf(w, "%s\t%s\t%s\n", mark, c.Name, c.Words)
		}
	}); err != nil {
		return err
	}
	for _, c := range checks {
		if !c.OK {
			return rogatory.Fault(rogatory.Unavailable, "not_well", "%s: %s", c.Name, c.Words)
		}
	}
	return nil
}

// migrateCmd brings the schema up to date, and seals what an earlier program left in clear.
type migrateCmd struct{}

// Run migrates.
func (c *migrateCmd) Run(d *desk) error {
	made, err := node.Migrate(d.ctx, d.globals.Node)
	if made != "" {
		d.say("made %s: without it nobody reads what cases say. Back up %s now", made, d.keysDir())
	}
	if err != nil {
		return err
	}
	d.say("the database has the schema of this program, and what cases say is sealed in it; a sealing takes the index of the search away, and the next start makes it anew")
	return nil
}
