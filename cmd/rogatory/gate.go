// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"rogatory"
	"rogatory/docket"
	"rogatory/journal"
	"rogatory/node"
)

// maxGateAnswer bounds an answer of the node about its gate and its witnesses: some hundred of them.
const maxGateAnswer = 1 << 20

// ask calls the running node's door for its gate and witnesses.
func (d *desk) ask(method, path string, body, answer any) error {
	token, err := d.token()
	if err != nil {
		return err
	}
	a, err := d.addresses()
	if err != nil {
		return err
	}
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(d.ctx, method, strings.TrimSuffix(a.Office, "/")+node.GatePrefix+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return rogatory.Fault(rogatory.Unavailable, "node_unreachable", "the node at %s does not answer", a.Office)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxGateAnswer))
	if err != nil {
		return rogatory.Fault(rogatory.Unavailable, "node_unreachable", "the node at %s broke off", a.Office)
	}
	if resp.StatusCode != http.StatusOK {
		var p node.GateProblem
		if json.Unmarshal(data, &p) != nil || p.Code == "" {
			return rogatory.Fault(rogatory.Unavailable, "node_unreachable", "the node at %s answers with status %d", a.Office, resp.StatusCode)
		}
		return rogatory.Fault(p.Kind, p.Code, "%s", p.Message).WithHint(p.Hint)
	}
	return json.Unmarshal(data, answer)
}

// gateCmds are about the gate before a node's first signature.
type gateCmds struct {
	Show gateShowCmd `cmd:"" help:"Whether the node signs, and if not, why: too few have said how much of its journal they hold, or they hold more."`
}

type gateShowCmd struct{}

// Run shows the gate.
func (c *gateShowCmd) Run(d *desk) error {
	var s node.GateStanding
	if err := d.ask(http.MethodGet, "standing", nil, &s); err != nil {
		return err
	}
	return d.give(s, func(w io.Writer) {
		fmt.Fprintf(w, "gate\t%s\n", s.State)
		if s.Code != "" {
			fmt.Fprintf(w, "code\t%s\n", s.Code)
		}
		fmt.Fprintf(w, "since\t%s\nentries here\t%d\nentries that others know\t%d\nanswered\t%d of %d\n%s\n", when(s.Since), s.Size, s.Known, s.Answered, s.Asked, line(s.Words))
	})
}

// witnessCmds are about those who watch the node's journal.
type witnessCmds struct {
	List   witnessListCmd   `cmd:"" help:"Who cosigns the journal, how far, and who is retired."`
	Retire witnessRetireCmd `cmd:"" help:"Take a witness out of service for good: it lied, or lost its memory."`
}

type witnessListCmd struct{}

// Run lists them.
func (c *witnessListCmd) Run(d *desk) error {
	var all []node.Witness
	if err := d.ask(http.MethodGet, "witnesses", nil, &all); err != nil {
		return err
	}
	return d.give(all, func(w io.Writer) {
		for _, x := range all {
			state := string(x.State)
			if state == "" {
				state = "-"
			}
			word := "in service"
			if x.Retired != nil {
				word = fmt.Sprintf("retired %s by %s: %s", when(x.Retired.At), line(x.Retired.By), line(x.Retired.Why))
			}
			fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%s\n", x.Name, state, x.Cosigned, word, x.URL)
		}
	})
}

type witnessRetireCmd struct {
	Name string `arg:"" help:"Name of its key, as in witness list."`
	Why  string `help:"The reason, which goes into the journal." required:"" placeholder:"REASON"`
}

// Run retires one.
func (c *witnessRetireCmd) Run(d *desk) error {
	if err := d.ask(http.MethodPost, "witnesses/retire", node.Retire{Name: c.Name, Why: c.Why}, &struct{}{}); err != nil {
		return err
	}
	d.say("%s is retired; it comes back with another key only", c.Name)
	return nil
}

type journalVerifyCmd struct {
	Proof  string `arg:"" help:"File with the proof of an entry, as journal prove and fsck --peer give it." type:"existingfile"`
	Key    string `help:"Verifier key of the journal, from the directory." required:"" placeholder:"KEY"`
	Origin string `help:"Name of the journal, if it is not that of its key." placeholder:"NAME"`
}

// Run verifies a proof with nothing but the journal's key: no node, no network.
func (c *journalVerifyCmd) Run(d *desk) error {
	proof, err := os.ReadFile(c.Proof)
	if err != nil {
		return rogatory.Fault(rogatory.NotFound, "file_unreadable", "read %s: %w", c.Proof, err)
	}
	origin := c.Origin
	if origin == "" {
		origin, _, _ = strings.Cut(c.Key, "+")
	}
	e, err := docket.OpenProof(proof, rogatory.Party{JournalOrigin: origin, JournalKey: c.Key})
	if err != nil {
		return err
	}
	p, err := journal.ParseProof(proof)
	if err != nil {
		return err
	}
	at, err := journal.PeekCheckpoint(p.Checkpoint)
	if err != nil {
		return err
	}
	return d.give(map[string]any{"entry": e, "index": p.Index, "size": at.Size}, func(w io.Writer) {
		fmt.Fprintf(w, "proved\tentry %d of the journal %s, which its key signed when it had %d\n", p.Index, at.Origin, at.Size)
		fmt.Fprintf(w, "what\t%s, %s, by %s (%s) of %s\n", e.Type, when(e.At), line(e.By.Name), e.By.Role, e.By.Address)
		if e.Request != "" {
			fmt.Fprintf(w, "request\t%s\n", e.Request)
		}
		if m := e.Message; m != nil {
			fmt.Fprintf(w, "message\t%s: %s from %s to %s, number %d, SHA-256 %s\n", m.ID, m.Act, m.From, m.To, m.Sequence, m.Digest)
		}
	})
}

type journalSucceedCmd struct {
	Second string `help:"The second person: a name whose token is in DIR/tokens, or a file that holds a token." required:"" placeholder:"NAME"`
	Why    string `help:"The reason, which stands in public for ever." required:"" placeholder:"REASON"`
	To     string `help:"PostgreSQL only: connection string of an empty database for the new journal. The old one stays where it is." placeholder:"DSN"`
}

// Run closes the journal of a stopped node and lets another follow it.
func (c *journalSucceedCmd) Run(d *desk) error {
	var who [2]rogatory.Officer
	for i, as := range []string{d.globals.As, c.Second} {
		other := *d
		other.globals.As = as
		token, err := other.token()
		if err == nil {
			who[i], err = node.PersonOf(d.globals.Node, token)
		}
		if err != nil {
			return err
		}
	}
	s, err := node.Succeed(d.ctx, d.globals.Node, who[0], who[1], c.Why, c.To)
	if err != nil {
		return err
	}
	where := "its database is in the folder closed-1, or the one with the highest number"
	if c.To != "" {
		where = "its database stays where it was, as the node.json in the folder closed-1, or the one with the highest number, says; the node uses the other one now"
	}
	d.say("the journal %s is closed; %s", s.Origin, where)
	d.say("next: rogatory directory submit, have it published, then rogatory serve; tell the other States by telephone")
	return d.give(s, func(w io.Writer) {
		fmt.Fprintf(w, "closed\t%s\nkey\t%s\nentries here\t%d\nresponsible\t%s\nreason\t%s\nlast witnessed\n\n%s", s.Origin, s.Key, s.Had, line(strings.Join(s.Responsible, ", ")), line(s.Reason), s.Checkpoint)
	})
}
