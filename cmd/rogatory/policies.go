// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"rogatory"
	"rogatory/api"
	"rogatory/docket"
	"rogatory/language"
	"rogatory/safeguard"
)

// policyCmds are for whoever changes the rules that every act is judged by.
type policyCmds struct {
	List    policyListCmd    `cmd:"" default:"1" help:"The rules in force, since when, and every edition that was put forward."`
	Show    policyShowCmd    `cmd:"" help:"An edition: who stands for it, what it changes, its files."`
	Example policyExampleCmd `cmd:"" help:"Print a file of rules to start from."`
	Bench   policyBenchCmd   `cmd:"" help:"Read rules strictly, and say what they would change and which rule decides each case. Works without a node."`
	Propose policyProposeCmd `cmd:"" help:"Put rules forward in place of this State's own. What tightens counts at once."`
	Agree   policyAgreeCmd   `cmd:"" help:"Agree to rules that weaken, as a second person of another role: they count a day later."`
	Keep    policyKeepCmd    `cmd:"" help:"Keep the rules in force: what waits is stopped."`
}

// wordsOfRule is what a rule tells people, in English or in the words that a national set brings.
func wordsOfRule(advice string) string {
	if strings.HasPrefix(advice, "safeguard.") {
		return language.Load().Locale(language.Base).T(advice)
	}
	return advice
}

// policyFiles reads the files that are named, and of a folder all that end in .cedar, in the order of their names.
func policyFiles(paths []string) ([]docket.PolicyFile, error) {
	var files []docket.PolicyFile
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		names := []string{path}
		if info.IsDir() {
			if names, err = filepath.Glob(filepath.Join(path, "*.cedar")); err != nil {
				return nil, err
			}
			if len(names) == 0 {
				return nil, rogatory.Fault(rogatory.NotFound, "policies_untried", "no file in %s ends in .cedar", path).WithHint("rogatory safeguard policies example prints one")
			}
			slices.Sort(names)
		}
		for _, name := range names {
			f, err := os.Open(name)
			if err != nil {
				return nil, err
			}
			data, err := io.ReadAll(io.LimitReader(f, docket.MaxPolicyText+1)) // one more than is taken, so that it is refused
			f.Close()
			if err != nil {
				return nil, err
			}
			files = append(files, docket.PolicyFile{Name: filepath.Base(name), Text: string(data)})
		}
	}
	return files, nil
}

type policyListCmd struct{}

// Run lists rules and editions.
func (c *policyListCmd) Run(d *desk) error {
	client, err := d.client()
	if err != nil {
		return err
	}
	all, err := client.Policies(d.ctx)
	if err != nil {
		return err
	}
	return d.give(all, func(w io.Writer) {
		if all.Unread != "" {
			fmt.Fprintf(w, "nothing is in force: %s\n", all.Unread)
		} else {
			fmt.Fprintf(w, "in force\t%s\t%s\n", all.Digest, sinceWhen(all.Since))
		}
		for _, r := range all.Rules {
			fmt.Fprintf(w, "%s\t%s\tArt %s\t%d people\t%s\t%s\n", r.Severity, r.ID, r.Article, r.Quorum, sinceWhen(r.Since), wordsOfRule(r.Advice))
		}
		for _, e := range all.Editions {
			printEdition(w, e)
		}
	})
}

func sinceWhen(at rogatory.Instant) string {
	if at == 0 {
		return "from the program"
	}
	return "since " + at.String()
}

func printEdition(w io.Writer, e docket.PolicyEdition) {
	var people []string
	for _, a := range e.Approvals {
		people = append(people, fmt.Sprintf("%s (%s)", a.Person, a.Role))
	}
	from := ""
	if e.From != 0 {
		from = " from " + e.From.String()
	}
	fmt.Fprintf(w, "edition\t%s\t%s%s\t%d weaken, %d tighten\t%s\t%s\n", e.Digest.Short(), e.Stands, from, e.Weaker, e.Tighter, strings.Join(people, ", "), e.Why)
}

func printChanges(w io.Writer, changes []safeguard.Change) {
	for _, c := range changes {
		how := "not weaker"
		if c.Weaker {
			how = "weaker"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", how, c.Policy, c.What)
	}
}

type policyShowCmd struct {
	Digest string `arg:"" help:"The digest of the edition, or how it begins."`
	Text   bool   `help:"With its files."`
}

// Run shows an edition.
func (c *policyShowCmd) Run(d *desk) error {
	client, err := d.client()
	if err != nil {
		return err
	}
	digest, err := editionNamed(d, client, c.Digest)
	if err != nil {
		return err
	}
	e, err := client.PolicyEdition(d.ctx, digest)
	if err != nil {
		return err
	}
	return d.give(e, func(w io.Writer) {
		printEdition(w, e)
		printChanges(w, e.Changes)
		for _, f := range e.Files {
			fmt.Fprintf(w, "file\t%s\t%d bytes\n", f.Name, len(f.Text))
			if c.Text {
				fmt.Fprintln(w, f.Text)
			}
		}
	})
}

// editionNamed finds the one edition whose digest begins so; a whole digest is taken as it is.
func editionNamed(d *desk, client *api.Client, begin string) (digest rogatory.Digest, err error) {
	if digest.UnmarshalText([]byte(begin)) == nil {
		return digest, nil
	}
	all, err := client.Policies(d.ctx)
	if err != nil {
		return digest, err
	}
	for _, e := range all.Editions {
		if len(begin) < 8 || !strings.HasPrefix(e.Digest.String(), begin) || e.Digest == digest {
			continue
		}
		if !digest.IsZero() {
			return digest, rogatory.Fault(rogatory.Invalid, "policies_unknown", "several editions begin with %s", begin)
		}
		digest = e.Digest
	}
	if digest.IsZero() {
		return digest, rogatory.Fault(rogatory.NotFound, "policies_unknown", "no edition begins with %.64s", begin).WithHint("rogatory safeguard policies lists them")
	}
	return digest, nil
}

type policyExampleCmd struct{}

// Run prints the example.
func (c *policyExampleCmd) Run(d *desk) error {
	_, err := d.out.Write(safeguard.Example().Data)
	return err
}

type policyBenchCmd struct {
	Files []string `arg:"" optional:"" help:"Files of rules or folders with such files; none stands for the Convention's own rules." type:"path"`
	Own   bool     `help:"Ask the node: against the rules in force there, and over its own requests as well."`
}

// Run tries the rules. Without a node they are held against the Convention's own.
func (c *policyBenchCmd) Run(d *desk) error {
	files, err := policyFiles(c.Files)
	if err != nil {
		return err
	}
	var t docket.PolicyTrial
	if c.Own {
		client, err := d.client()
		if err != nil {
			return err
		}
		if t, err = client.TryPolicies(d.ctx, api.PolicySet{Files: files}); err != nil {
			return err
		}
	} else {
		old := safeguard.Convention()
		set, err := docket.JoinPolicies(old, files)
		if err != nil {
			return err
		}
		t = docket.PolicyTrial{Digest: set.Digest(), Same: set.Digest() == old.Digest(), Weaker: len(safeguard.Weaker(old, set)) > 0, Changes: safeguard.Differences(old, set),
			Cases: safeguard.Bench(old, set, safeguard.TheCases()), Own: []docket.OwnReplay{}}
	}
	return d.give(t, func(w io.Writer) {
		switch {
		case t.Same:
			fmt.Fprintf(w, "the same rules\t%s\n", t.Digest)
		case t.Weaker:
			fmt.Fprintf(w, "weakens: takes two people of two roles, and a day\t%s\n", t.Digest)
		default:
			fmt.Fprintf(w, "only tightens: counts at once\t%s\n", t.Digest)
		}
		printChanges(w, t.Changes)
		for _, r := range t.Own {
			printReplay(w, r.Replay)
		}
		for _, r := range t.Cases {
			printReplay(w, r)
		}
	})
}

func printReplay(w io.Writer, r safeguard.Replay) {
	decided := strings.Join(r.Decided, " ")
	if decided == "" {
		decided = "no rule"
	}
	var would []string
	for _, id := range r.Gone {
		would = append(would, "-"+id)
	}
	for _, id := range r.Come {
		would = append(would, "+"+id)
	}
	if r.Milder {
		would = append(would, "milder")
	}
	fmt.Fprintf(w, "case\t%s\t%s\t%s\n", r.Case, decided, strings.Join(would, " "))
}

type policyProposeCmd struct {
	Files []string `arg:"" optional:"" help:"All files of this State's own rules, or the folder with them." type:"path"`
	None  bool     `help:"Fall back to the Convention's own rules."`
	Why   string   `help:"The reason." required:"" placeholder:"REASON"`
}

// Run proposes.
func (c *policyProposeCmd) Run(d *desk) error {
	if c.None == (len(c.Files) > 0) {
		return rogatory.Fault(rogatory.Invalid, "policies_untried", "name the files with rules, or say --none").WithHint("rogatory safeguard policies example prints a file to start from")
	}
	files, err := policyFiles(c.Files)
	if err != nil {
		return err
	}
	client, err := d.client()
	if err != nil {
		return err
	}
	e, err := client.ProposePolicies(d.ctx, api.PolicySet{Files: files, Why: c.Why})
	return d.edition(e, err)
}

// edition tells what became of an edition: its digest on standard output, how it stands in words.
func (d *desk) edition(e docket.PolicyEdition, err error) error {
	if err != nil {
		return err
	}
	switch e.Stands {
	case docket.PoliciesInForce:
		d.say("in force since %s", e.From)
	case docket.PoliciesUnagreed:
		d.say("it weakens: a second person of another role has to agree, with rogatory safeguard policies agree %s", e.Digest.Short())
	case docket.PoliciesWait:
		d.say("agreed to; it counts from %s", e.From)
	}
	return d.give(e, func(w io.Writer) { fmt.Fprintln(w, e.Digest) })
}

type policyAgreeCmd struct {
	Digest string `arg:"" help:"The digest of the edition, or how it begins."`
}

// Run agrees.
func (c *policyAgreeCmd) Run(d *desk) error {
	client, err := d.client()
	if err != nil {
		return err
	}
	digest, err := editionNamed(d, client, c.Digest)
	if err != nil {
		return err
	}
	e, err := client.AgreePolicies(d.ctx, digest)
	return d.edition(e, err)
}

type policyKeepCmd struct {
	Why string `help:"The reason." required:"" placeholder:"REASON"`
}

// Run keeps.
func (c *policyKeepCmd) Run(d *desk) error {
	client, err := d.client()
	if err != nil {
		return err
	}
	e, err := client.KeepPolicies(d.ctx, c.Why)
	return d.edition(e, err)
}
