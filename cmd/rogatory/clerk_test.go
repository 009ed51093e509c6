// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// clerkCommand is the program that does a script's commands one after another in one process of the script's own folder and
// environment. Each start of the whole program takes longer than most commands, and the scripts have some eight hundred.
const clerkCommand = "rogatory-clerk"

// An errand is one command, and done what came of it.
type errand struct {
	Args        []string
	Node, Token string // ROGATORY_NODE and ROGATORY_TOKEN
}

type done struct {
	Code       int
	Out, Words []byte
}

// clerk is that program.
func clerk() {
	in, out := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		var e errand
		if err := in.Decode(&e); err == io.EOF {
			return
		} else if err != nil {
			panic(err)
		}
		os.Setenv("ROGATORY_NODE", e.Node)
		os.Setenv("ROGATORY_TOKEN", e.Token)
		var d done
		var results, words bytes.Buffer
		d.Code = run(context.Background(), e.Args, &results, &words)
		d.Out, d.Words = results.Bytes(), words.Bytes()
		if err := out.Encode(d); err != nil {
			panic(err)
		}
	}
}

// clerkOf is the way to the clerk of a script.
type clerkOf struct {
	in  *json.Encoder
	out *json.Decoder
}

type clerkKey struct{}

// hire starts the clerk of a script, in its folder and with what its commands have for an environment.
func hire(e *testscript.Env) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	// The program is told by its name which of the two it is.
	cmd := &exec.Cmd{Path: self, Args: []string{clerkCommand}, Dir: e.WorkDir, Env: e.Vars, Stderr: os.Stderr}
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	e.Defer(func() {
		in.Close()
		cmd.Wait() // what it was asked to do is done, or the script has failed already
	})
	e.Values[clerkKey{}] = &clerkOf{json.NewEncoder(in), json.NewDecoder(out)}
	return nil
}

// do is exec for the clerk: do rogatory request list.
func do(ts *testscript.TestScript, neg bool, args []string) {
	if args[0] != "rogatory" {
		ts.Fatalf("the clerk does rogatory, not %s", args[0])
	}
	c := ts.Value(clerkKey{}).(*clerkOf)
	if ts.MkAbs(".") != ts.Getenv("WORK") {
		ts.Fatalf("the clerk works in the script's folder, not in %s", ts.MkAbs("."))
	}
	ts.Check(c.in.Encode(errand{Args: args[1:], Node: ts.Getenv("ROGATORY_NODE"), Token: ts.Getenv("ROGATORY_TOKEN")}))
	var d done
	if err := c.out.Decode(&d); err != nil {
		ts.Fatalf("%s: the clerk is gone: %v", strings.Join(args, " "), err)
	}
	ts.Stdout().Write(d.Out)
	ts.Stderr().Write(d.Words)
	if (d.Code != 0) != neg {
		ts.Fatalf("%s ended with status %d", strings.Join(args, " "), d.Code)
	}
}
