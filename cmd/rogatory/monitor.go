// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"rogatory"
	"rogatory/clock"
	"rogatory/monitor"
)

// monitorCmd follows another node from outside.
type monitorCmd struct {
	URL    string        `arg:"" help:"Address of the node, such as https://node.example." name:"url"`
	Folder string        `help:"Where what was seen is kept. Default: a folder named after the node." type:"path" placeholder:"DIR"`
	Once   bool          `help:"Look once: the exit status is 0 if nothing is wrong, 1 if anything is."`
	Every  time.Duration `help:"How often to look." default:"10m"`
	Key    string        `help:"The journal's key, from another source than the node." placeholder:"KEY"`
	With   string        `help:"A signed checkpoint from elsewhere to compare with: another monitor's checkpoint.txt, or what a witness shows." type:"existingfile" placeholder:"FILE"`
	Quorum int           `help:"Witnesses that must have signed. Default: more than half of those first seen." placeholder:"N"`
	MaxAge time.Duration `help:"How old the witnesses' word may be." default:"192h"`
	Grace  time.Duration `help:"How late a report may be." default:"24h"`
}

// minEvery keeps a monitor from being a burden.
const minEvery = 10 * time.Second

// Run follows until interrupted, or looks once.
func (c *monitorCmd) Run(d *desk) error {
	if c.Every < minEvery {
		return usage("a node is looked at every %s at most", minEvery)
	}
	if c.Quorum < 0 || c.MaxAge <= 0 || c.Grace < 0 {
		return usage("a quorum, an age and a grace are not negative")
	}
	folder := c.Folder
	if folder == "" {
		u, err := url.Parse(c.URL)
		if err != nil || u.Host == "" {
			return usage("%q is no address such as https://node.example", c.URL)
		}
		folder = "monitor-" + strings.NewReplacer(":", "-", "[", "", "]", "").Replace(u.Host)
	}
	o := monitor.Options{URL: c.URL, Folder: folder, Clock: clock.Real{}, Key: c.Key, Quorum: c.Quorum, MaxAge: c.MaxAge, Grace: c.Grace}
	if c.With != "" {
		var err error
		if o.With, err = readSmall(c.With); err != nil {
			return err
		}
	}
	wrong, said := false, ""
	for {
		r, err := monitor.Follow(d.ctx, o)
		if d.ctx.Err() != nil {
			break
		}
		if err != nil {
			return err
		}
		wrong = !r.Well()
		if d.globals.JSON {
			if err := json.NewEncoder(d.out).Encode(r); err != nil {
				return err
			}
		} else if text := roundWords(r); c.Once || text != said {
			said = text // what is as it was is not said again
			if _, err := fmt.Fprintf(d.out, "%s %s", r.At.Time().UTC().Format(time.RFC3339), text); err != nil {
				return err
			}
		}
		if c.Once {
			break
		}
		select {
		case <-d.ctx.Done():
		case <-time.After(c.Every):
			continue
		}
		break
	}
	if wrong {
		return rogatory.Fault(rogatory.Untrusted, "node_wrong", "something is wrong with %s", c.URL).
			WithHint("what contradicts is kept in " + folder + "; docs/monitor.md says what each finding means")
	}
	return nil
}

// roundWords says a round: one line, and one for each finding.
func roundWords(r monitor.Round) string {
	var b strings.Builder
	verdict := "WELL"
	if !r.Well() {
		verdict = "WRONG"
	}
	fmt.Fprintf(&b, "%s %s %s: %d entries, %d checked, %d of %d witnesses", verdict, r.State, visible(r.Origin), r.Size, r.Checked, r.Witnessed, r.Witnesses)
	if r.Report != "" {
		fmt.Fprintf(&b, ", report %s", r.Report)
	}
	io.WriteString(&b, "\n")
	for _, f := range r.Findings {
		mark := "look"
		if f.Wrong {
			mark = "WRONG"
		}
		fmt.Fprintf(&b, "  %s %s: %s\n", mark, f.Code, visible(f.Words))
	}
	return b.String()
}
