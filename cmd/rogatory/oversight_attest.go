// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"rogatory"
	"rogatory/docket"
	"rogatory/node"
	"rogatory/oversight"
	"rogatory/transparency"
	"rogatory/treaty"
)

type oversightAttestCmd struct {
	Folder string `arg:"" help:"Folder of what was pulled." type:"existingdir"`
	Period string `arg:"" help:"Period of the report, such as 2026-W48."`
	From   string `help:"Address of the node's public door." required:"" placeholder:"URL"`
	Key    string `help:"File of the body's key." required:"" type:"path" placeholder:"FILE"`
	Office string `help:"Folder with the rules that the office made its own: kinds.json, deadlines.json, calendars.json. The journal says which they are." type:"existingdir" placeholder:"FOLDER"`
	Keep   string `help:"New file for the signed attestation." type:"path" placeholder:"FILE"`
	Look   bool   `help:"Only look: nothing is signed or sent."`
}

// attestedReport is what the body found.
type attestedReport struct {
	Period      transparency.Period `json:"period"`
	Report      rogatory.Digest     `json:"report"`
	Entries     int64               `json:"entries"`
	Differences []string            `json:"differences"`
	Note        string              `json:"note,omitempty"`
}

// Run makes the report anew from the body's own copy of the journal. It asks the node for the published files alone, and
// believes none of their figures.
func (c *oversightAttestCmd) Run(d *desk) error {
	k, f, h, err := held(d, c.Folder, c.Key)
	if err != nil {
		return err
	}
	checkpoint, _, err := f.against(h, k.State)
	if err != nil {
		return err
	}
	period, err := transparency.ParsePeriod(c.Period)
	if err != nil {
		return err
	}
	files, err := publishedReports(d, c.From, period)
	if err != nil {
		return err
	}
	data := files[len(files)-1]
	found := attestedReport{Period: period, Report: rogatory.DigestOf(data), Differences: []string{}}
	p, err := f.party(k.State)
	if err != nil {
		return err
	}
	rules, err := officeRules(c.Office, h)
	if err != nil {
		return err
	}
	cases, err := docket.Recount(rules, h)
	if err != nil {
		return err
	}
	differences, err := transparency.Recompute(transparency.Report{State: k.State, Mode: p.Mode, Origin: p.JournalOrigin}, files, cases, func(at rogatory.Instant) int64 { return entriesBefore(h, at) }, h.Figures)
	if err != nil {
		return err
	}
	found.Differences = append(found.Differences, differences...)
	if !slices.ContainsFunc(h.Records, func(r oversight.Record) bool {
		return r.Entry.Type == rogatory.ReportPublished && r.Entry.Name == string(period) && r.Entry.Why == found.Report.String()
	}) {
		found.Differences = append(found.Differences, "journal: no entry commits to this report")
	}
	found.Entries = entriesBefore(h, period.Until())
	if len(found.Differences) == 0 && !c.Look {
		signed, err := k.SignAttestation(oversight.Attestation{State: k.State, Period: string(period), Report: found.Report, Entries: found.Entries,
			Size: checkpoint.Size, Root: rogatory.Digest(checkpoint.Root), At: rogatory.At(time.Now())})
		if err != nil {
			return err
		}
		found.Note = string(signed)
		if c.Keep != "" {
			if err := writeNew(c.Keep, signed, 0o600); err != nil {
				return err
			}
		}
		if _, err := post(d, c.From, oversight.AttestPath, oversight.MediaTypeAsk, signed, oversight.MaxAttestation); err != nil {
			return err
		}
		d.say("the node shows it beside the report; publish it yourself too, so that nobody can leave it off")
	}
	if err := d.give(found, func(w io.Writer) {
		for _, x := range found.Differences {
			fmt.Fprintln(w, visible(x))
		}
		if len(found.Differences) == 0 {
			fmt.Fprintf(w, "equal: the report of %s is what the first %d entries say, complete and unchanged\n%s", period, found.Entries, found.Note)
		}
	}); err != nil {
		return err
	}
	if len(found.Differences) > 0 {
		return rogatory.Fault(rogatory.Untrusted, "report_differs", "the report of %s is not what the entries say", period)
	}
	return nil
}

// officeRules are the rules that the office goes by, as its journal says: those of this program, and in their place the files
// that it adopted last, which folder has. None is believed for lying there: each has the digest that was journaled.
func officeRules(folder string, h *oversight.Holding) (docket.Rulebook, error) {
	adopted := map[string]string{}
	for _, r := range h.Records {
		if name, digest, ok := strings.Cut(r.Entry.Name, " "); ok && r.Entry.Type == rogatory.RulesAdopted {
			adopted[name+".json"] = digest
		}
	}
	return node.RulebookFrom(func(name string) ([]byte, error) {
		want, ok := adopted[name]
		if !ok || !slices.Contains([]string{node.KindsFile, node.DeadlinesFile, node.CalendarsFile}, name) {
			return nil, nil
		}
		if folder == "" {
			return nil, rogatory.Fault(rogatory.NotFound, "file_missing", "the office adopted a %s of its own, with the SHA-256 %s", name, want).
				WithHint("ask the office for the file, and name the folder that has it with --office")
		}
		data, err := readUpTo(filepath.Join(folder, name), treaty.MaxRulesSize)
		if err != nil {
			return nil, err
		}
		if got := rogatory.DigestOf(data).String(); got != want {
			return nil, rogatory.Fault(rogatory.Untrusted, "report_differs", "%s in %s has the SHA-256 %s, the journal says %s", name, folder, got, want).
				WithHint("the office goes by another file than the one that it gave: ask for that of the journal")
		}
		return data, nil
	})
}

// entriesBefore counts the entries recorded before a moment, as the node does: up to the first that is not.
func entriesBefore(h *oversight.Holding, at rogatory.Instant) int64 {
	for i, r := range h.Records {
		if r.Entry.At >= at {
			return int64(i)
		}
	}
	return h.Size()
}

// publishedReports fetches a node's reports up to one period, the oldest first, each as its list names it.
func publishedReports(d *desk, door string, until transparency.Period) ([][]byte, error) {
	door = strings.TrimSuffix(door, "/")
	text, err := fetchSmall(d, door+"/public/reports.json", transparency.MaxList)
	if err != nil {
		return nil, err
	}
	list, err := transparency.ParseList(text)
	if err != nil {
		return nil, err
	}
	var files [][]byte
	for _, l := range slices.Backward(list.Reports) {
		data, err := fetchSmall(d, door+"/public/reports/"+string(l.Period)+".json", transparency.MaxReport)
		if err != nil {
			return nil, err
		}
		if rogatory.DigestOf(data) != l.Digest {
			return nil, rogatory.Fault(rogatory.Untrusted, "report_swapped", "the report of %s is not the one that the node's list names", l.Period)
		}
		if files = append(files, data); l.Period == until {
			return files, nil
		}
	}
	return nil, rogatory.Fault(rogatory.NotFound, "report_unknown", "the node lists no report of %s", until)
}

type reportConfirmCmd struct {
	Node      string `arg:"" help:"Address of the node's public door, such as https://journal.example."`
	Period    string `arg:"" help:"Period of the report, such as 2026-W48."`
	Body      string `help:"Verification key of the oversight body, from its own pages or from print." placeholder:"KEY" xor:"who"`
	Directory string `help:"The published directory of States, which names the bodies: its address, or a folder that has it." placeholder:"PLACE" xor:"who"`
	Root      string `help:"File with the trusted root of the directory." type:"existingfile" placeholder:"FILE"`
}

// confirmedReport is what an outsider learns.
type confirmedReport struct {
	Period  transparency.Period `json:"period"`
	Report  rogatory.Digest     `json:"report"`
	Body    string              `json:"body"`
	At      rogatory.Instant    `json:"at"`
	Entries int64               `json:"entries"`
}

// Run asks for the report and what is attested of it, and verifies that under a key that the node did not choose.
func (c *reportConfirmCmd) Run(d *desk) error {
	period, err := transparency.ParsePeriod(c.Period)
	if err != nil {
		return err
	}
	if c.Body == "" && (c.Directory == "" || c.Root == "") {
		return rogatory.Fault(rogatory.Invalid, "body_unnamed", "nothing says which oversight body to believe").WithHint("give --body KEY, or --directory FOLDER with --root FILE")
	}
	base := strings.TrimSuffix(c.Node, "/") + "/public/reports/" + string(period)
	data, err := fetchSmall(d, base+".json", transparency.MaxReport)
	if err != nil {
		return err
	}
	report, err := transparency.Parse(data)
	if err != nil {
		return err
	}
	text, err := fetchSmall(d, base+".oversight", transparency.MaxAttestations)
	if err != nil {
		return err
	}
	all, err := transparency.ParseAttestations(text)
	if err != nil {
		return err
	}
	open := func(note string) (oversight.Attestation, error) {
		return oversight.OpenAttestationOf([]byte(note), c.Body)
	}
	if c.Body == "" {
		book, err := verifiedBook(d, c.Directory, c.Root)
		if err != nil {
			return err
		}
		state, err := book.Party(report.State)
		if err != nil {
			return err
		}
		open = func(note string) (oversight.Attestation, error) {
			a, _, err := oversight.OpenAttestation([]byte(note), state)
			return a, err
		}
	}
	for _, x := range all.All {
		a, err := open(x.Note)
		if err != nil || a.State != report.State || a.Period != string(period) {
			continue
		}
		if a.Report != rogatory.DigestOf(data) || a.Entries != report.Entries {
			return rogatory.Fault(rogatory.Untrusted, "report_swapped", "%s attests another report of %s than the node publishes", x.Body, period).WithHint("keep both: together they prove it")
		}
		found := confirmedReport{period, a.Report, x.Body, a.At, a.Entries}
		return d.give(found, func(w io.Writer) {
			fmt.Fprintf(w, "complete: %s made the report of %s anew from all %d entries and found it equal, %s\n%s\n", visible(found.Body), period, found.Entries, found.At, found.Report)
		})
	}
	return rogatory.Fault(rogatory.NotFound, "report_unattested", "no oversight body that you believe attests the report of %s", period).WithHint("ask the body: it can attest at any time, and need not do it at this node")
}
