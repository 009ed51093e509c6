// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"rogatory"
	"rogatory/assistance"
	"rogatory/node"
	"rogatory/transparency"
)

// publicOptions are what the public pages of a node show that its folder holds.
func publicOptions(dir string) node.PortalOptions {
	return node.PortalOptions{Assistance: func() (assistance.Book, error) { return readAssistance(dir) }}
}

// reportCmds are about what the office publishes of itself.
type reportCmds struct {
	List    reportListCmd    `cmd:"" help:"The reports that the running node has published."`
	Check   reportCheckCmd   `cmd:"" help:"Recompute a published report from the node's entries, for oversight."`
	Confirm reportConfirmCmd `cmd:"" help:"See whether an oversight body attests that a published report is complete; needs no node."`
}

type reportListCmd struct{}

// Run lists them; anybody may.
func (c *reportListCmd) Run(d *desk) error {
	a, err := d.addresses()
	if err != nil {
		return err
	}
	data, err := fetchSmall(d, a.Office+"/public/reports.json", transparency.MaxList)
	if err != nil {
		return err
	}
	l, err := transparency.ParseList(data)
	if err != nil {
		return err
	}
	return d.give(l, func(w io.Writer) {
		for _, r := range l.Reports {
			fmt.Fprintf(w, "%s\t%s\n", r.Period, r.Digest)
		}
	})
}

// fetchSmall reads a small file that a node publishes: NotFound "not_published" if it says that there is none.
func fetchSmall(d *desk, address string, limit int64) ([]byte, error) {
	silent := rogatory.Fault(rogatory.Unavailable, "node_unreachable", "%s does not answer", address)
	r, err := http.NewRequestWithContext(d.ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, silent
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, silent
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusNotFound {
		return nil, rogatory.Fault(rogatory.NotFound, "not_published", "the node has no %s", address)
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil || resp.StatusCode != http.StatusOK || int64(len(data)) > limit {
		return nil, silent
	}
	return data, nil
}

type reportCheckCmd struct {
	File string `arg:"" help:"The report, as it was published: 2026-W48.json." type:"existingfile"`
}

// checkedReport is what a check found.
type checkedReport struct {
	Equal       bool     `json:"equal"`
	Differences []string `json:"differences"`
}

// Run recomputes. A running node is asked, by a person of oversight; of one that does not run, or of a copy of its
// folder, the folder is read.
func (c *reportCheckCmd) Run(d *desk) error {
	data, err := readSmall(c.File)
	if err != nil {
		return err
	}
	var found checkedReport
	if a, err := d.addresses(); err == nil {
		found, err = askReport(d, a.Office, data)
		if err != nil {
			return err
		}
	} else {
		n, err := node.Open(d.ctx, d.globals.Node, node.Options{Inspect: true})
		if err != nil {
			return err
		}
		found.Differences, err = n.CheckReport(d.ctx, data)
		found.Equal = len(found.Differences) == 0
		n.Close()
		if err != nil {
			return err
		}
	}
	if err := d.give(found, func(w io.Writer) {
		for _, x := range found.Differences {
			fmt.Fprintln(w, visible(x))
		}
		if found.Equal {
			fmt.Fprintln(w, "equal: the report is what the node's entries say, complete and unchanged")
		}
	}); err != nil {
		return err
	}
	if !found.Equal {
		return rogatory.Fault(rogatory.Untrusted, "report_differs", "the report in %s is not what the node's entries say", c.File)
	}
	return nil
}

// reportCheckPath is where a running node recomputes.
const reportCheckPath = "/oversight/report/check"

func askReport(d *desk, office string, data []byte) (found checkedReport, err error) {
	token, err := d.token()
	if err != nil {
		return found, err
	}
	r, err := http.NewRequestWithContext(d.ctx, http.MethodPost, office+reportCheckPath, strings.NewReader(string(data)))
	if err != nil {
		return found, err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return found, rogatory.Fault(rogatory.Unavailable, "node_unreachable", "the node at %s does not answer: %w", office, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, transparency.MaxReport+1))
	if err != nil {
		return found, rogatory.Fault(rogatory.Unavailable, "node_unreachable", "the node at %s does not answer: %w", office, err)
	}
	if resp.StatusCode != http.StatusOK {
		kind := rogatory.Unavailable
		if resp.StatusCode == http.StatusForbidden || resp.StatusCode == http.StatusUnauthorized {
			kind = rogatory.Denied
		}
		return found, rogatory.Fault(kind, "report_check_refused", "the node answers %d: %s", resp.StatusCode, strings.TrimSpace(visible(string(body[:min(len(body), 200)]))))
	}
	if err := json.Unmarshal(body, &found); err != nil {
		return found, rogatory.Fault(rogatory.Unavailable, "node_unreachable", "the node's answer cannot be read: %w", err)
	}
	return found, nil
}

// reportCheckDoor recomputes a report for oversight, one at a time: it reads every case.
func reportCheckDoor(n *node.Node) http.Handler {
	turn := make(chan struct{}, 1)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		by, ok := n.Authenticate(token)
		switch {
		case !ok:
			http.Error(w, "the token is nobody's", http.StatusUnauthorized)
			return
		case by.Role != rogatory.Overseer:
			http.Error(w, "only oversight recomputes reports", http.StatusForbidden)
			return
		}
		select {
		case turn <- struct{}{}:
			defer func() { <-turn }()
		default:
			http.Error(w, "another report is being recomputed", http.StatusServiceUnavailable)
			return
		}
		data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, transparency.MaxReport))
		if err != nil {
			http.Error(w, "the report is too large", http.StatusRequestEntityTooLarge)
			return
		}
		differences, err := n.CheckReport(r.Context(), data)
		if err != nil {
			http.Error(w, rogatory.CodeOf(err), http.StatusUnprocessableEntity)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(checkedReport{len(differences) == 0, differences})
	})
}
