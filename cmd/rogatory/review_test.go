// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"rogatory"
	"rogatory/api"
	"rogatory/demo"
	"rogatory/node"
	"rogatory/safeguard"
)

// reviewed has the colleagues of who is about to act do what the safeguards ask of them: reviewed NODE NAME ACT ID. For
// an offer the ID is the exhibit's. They use the office's door, each with a token of their own.
func reviewed(ts *testscript.TestScript, _ bool, args []string) {
	dir, who, act, id := ts.MkAbs(args[0]), args[1], rogatory.Act(args[2]), args[3]
	ctx := context.Background()
	data, err := os.ReadFile(filepath.Join(dir, "run.json"))
	ts.Check(err)
	var a node.Addresses
	ts.Check(json.Unmarshal(data, &a))
	client := func(name string) *api.Client {
		token, err := os.ReadFile(filepath.Join(dir, "tokens", name))
		ts.Check(err)
		return &api.Client{URL: a.Office, Token: strings.TrimSpace(string(token))}
	}
	by := client(who)
	request, exhibit := rogatory.RequestID(id), rogatory.ExhibitID("")
	if act == rogatory.Offer {
		exhibit = rogatory.ExhibitID(id)
		x, err := by.Exhibit(ctx, exhibit)
		ts.Check(err)
		request = x.Request
	}
	f, err := by.Request(ctx, request)
	ts.Check(err)
	me, err := by.Me(ctx)
	ts.Check(err)
	colleagues := func() (all []*api.Client) {
		names, err := filepath.Glob(filepath.Join(dir, "tokens", "*"))
		ts.Check(err)
		seen := []rogatory.OfficerRole{me.Role}
		for _, name := range names {
			c := client(filepath.Base(name))
			p, err := c.Me(ctx)
			if err != nil || p.Name == f.Author || slices.Contains(seen, p.Role) || p.Role == rogatory.Overseer || p.Role == rogatory.Administrator {
				continue
			}
			seen, all = append(seen, p.Role), append(all, c)
		}
		return all
	}
	j, err := by.Judge(ctx, request, act, exhibit)
	ts.Check(err)
	if slices.ContainsFunc(j.Findings, func(x safeguard.Finding) bool { return x.Code == "sheet_open" }) {
		form, err := by.ReviewForm(ctx)
		ts.Check(err)
		_, err = colleagues()[0].SignSheet(ctx, request, demo.Sheet(form, f))
		ts.Check(err)
		j, err = by.Judge(ctx, request, act, exhibit)
		ts.Check(err)
	}
	if len(j.Lacks) > 0 && len(colleagues()) < 2 {
		var out, words bytes.Buffer
		if code := run(ctx, []string{"person", "add", "rosa", "--role", "officer", "--node", dir}, &out, &words); code != 0 {
			ts.Fatalf("add a colleague: %s", words.String())
		}
	}
	for _, c := range colleagues() {
		if len(j.Lacks) == 0 {
			return
		}
		v := api.Vote{Act: act, Agree: true, Answers: map[string]string{}}
		for _, code := range j.Need.Answer {
			v.Answers[code] = "exercise: this was looked at, and nothing speaks against it"
		}
		_, err := c.Vote(ctx, request, v)
		ts.Check(err)
		j, err = by.Judge(ctx, request, act, exhibit)
		ts.Check(err)
	}
}
