// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"rogatory"
	"rogatory/clock"
	"rogatory/keyring"
	"rogatory/node"
	"rogatory/practice"
	"rogatory/practice/conformance"
)

// conformanceCmd examines a node.
type conformanceCmd struct {
	Target string        `arg:"" optional:"" help:"State of the node to be examined, or its https address, as in the directory of the node of --node, which examines it and is good for nothing else afterwards. Without it this program makes two nodes and examines its own."`
	Dir    string        `help:"New folder for these two nodes. Default: a temporary one, deleted at the end." type:"path" placeholder:"DIR"`
	Wait   time.Duration `help:"How long the people of the examined node have to accept a request and offer an exhibit, such as 10m. Default: evidence is not examined." placeholder:"TIME"`
}

// Run examines, and ends with 1 if a requirement fails.
func (c *conformanceCmd) Run(d *desk) error {
	examine := c.other
	if c.Target == "" {
		examine = c.own
	} else if c.Dir != "" {
		return usage("--dir is for the nodes that this program makes; a named node is examined by the one of --node")
	}
	results, err := examine(d)
	if err != nil {
		return err
	}
	count := map[conformance.Outcome]int{}
	for _, r := range results {
		count[r.Outcome]++
	}
	err = d.give(results, func(w io.Writer) {
		for _, r := range results {
			fmt.Fprintf(w, "%s\t%s\tsection %s\t%s\n", r.ID, strings.ReplaceAll(string(r.Outcome), "_", " "), r.Section, r.Text)
			if r.Words != "" {
				fmt.Fprintf(w, "\t\t\t%s\n", line(r.Words))
			}
		}
	})
	d.say("%d requirements pass, %d fail, %d were not tested", count[conformance.Pass], count[conformance.Fail], count[conformance.NotTested])
	if err == nil && count[conformance.Fail] > 0 {
		err = rogatory.Fault(rogatory.Invalid, "not_conformant", "%d requirements of the protocol are not kept", count[conformance.Fail]).WithHint("docs/protocol.md has the sections")
	}
	return err
}

// doorKey reads the certificate that a node shows.
func doorKey(dir string) (tls.Certificate, error) {
	keys, err := keyring.Load(filepath.Join(dir, "keys"))
	if err != nil {
		return tls.Certificate{}, err
	}
	return keys.TLS(), nil
}

// own examines a node of this program.
func (c *conformanceCmd) own(d *desk) ([]conformance.Result, error) {
	dir := c.Dir
	if dir == "" {
		base, err := os.MkdirTemp("", "rogatory-conformance-")
		if err != nil {
			return nil, rogatory.Fault(rogatory.Unavailable, "folder_failed", "make a temporary folder: %w", err)
		}
		defer os.RemoveAll(base)
		dir = filepath.Join(base, "nodes")
	} else if practice.Exists(dir) {
		return nil, rogatory.Fault(rogatory.Conflict, "folder_not_empty", "%s holds a practice, which an examination would spoil", dir).WithHint("choose a new folder with --dir")
	}
	ctx, stop := context.WithCancel(d.ctx)
	defer stop()
	school, err := practice.Begin(ctx, practice.Settings{Dir: dir, Door: func(n *node.Node) (http.Handler, error) { return officeDoor(n, false) }})
	if err != nil {
		return nil, err
	}
	var answering sync.WaitGroup
	answering.Go(func() { school.Answer(ctx, clock.Real{}) })
	results, err := func() ([]conformance.Result, error) {
		us, them := school.Members[practice.Trainee], school.Members[practice.Opposite]
		party, err := us.Node.Party(them.Code)
		if err != nil {
			return nil, err
		}
		key, err := doorKey(us.Dir)
		if err != nil {
			return nil, err
		}
		const wait = 30 * time.Second // for the counter-State, which answers within seconds
		p := conformance.Partner{Office: us.Node.Office, TLS: key, Them: party, Wait: max(c.Wait, wait)}
		return p.Examine(ctx)
	}()
	stop()
	answering.Wait()
	if stopped := school.Stop(); err == nil {
		err = stopped
	}
	return results, err
}

// other examines somebody's node with the node of --node.
func (c *conformanceCmd) other(d *desk) ([]conformance.Result, error) {
	log := slog.New(slog.NewTextHandler(d.words, &slog.HandlerOptions{Level: slog.LevelError}))
	n, err := node.Open(d.ctx, d.globals.Node, node.Options{Log: log})
	if err != nil {
		return nil, err
	}
	results, err := c.with(d, n)
	if closing := n.Close(); err == nil {
		err = closing
	}
	return results, err
}

// gateWait is how long an examiner waits for its own node's leave to sign.
const gateWait = time.Minute

func (c *conformanceCmd) with(d *desk, n *node.Node) ([]conformance.Result, error) {
	party, err := c.target(n)
	if err != nil {
		return nil, err
	}
	key, err := doorKey(d.globals.Node)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(d.ctx)
	defer stop()
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- n.Run(ctx, nil, func(node.Addresses) { close(ready) }) }()
	select {
	case err := <-ended:
		return nil, err
	case <-ready:
	}
	opens, cancel := context.WithTimeout(ctx, gateWait)
	defer cancel()
	if err := n.AwaitOpen(opens); err != nil {
		return nil, err
	}
	p := conformance.Partner{Office: n.Office, TLS: key, Them: party, Wait: c.Wait}
	results, err := p.Examine(ctx)
	stop()
	if ending := <-ended; err == nil {
		err = ending
	}
	return results, err
}

// target finds whom the argument names.
func (c *conformanceCmd) target(n *node.Node) (rogatory.Party, error) {
	var known []string
	for _, p := range n.Book().Parties() {
		if string(p.Code) == c.Target || strings.TrimSuffix(p.Endpoint, "/") == strings.TrimSuffix(c.Target, "/") {
			return p, nil
		}
		known = append(known, string(p.Code)+" at "+p.Endpoint)
	}
	return rogatory.Party{}, rogatory.Fault(rogatory.NotFound, "unknown_state", "the directory of the examining node has no %.200q", c.Target).WithHint("it has " + strings.Join(known, ", "))
}
