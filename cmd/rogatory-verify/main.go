// SPDX-License-Identifier: Apache-2.0

// Command rogatory-verify checks a court package offline and says in words what it proved and what
// it did not. It needs no network, no account and no configuration, and writes nothing but its
// report. It exits with 0 only when everything holds.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"unicode"

	"rogatory/court"
	"rogatory/directory"
)

const help = `rogatory-verify checks a court package: a folder that an office made about a case.

  rogatory-verify PACKAGE [--root ROOT.json] [--json]

It reads the folder, and nothing else, and prints one sentence first: whether the package holds.
Then it prints each step that it took, in words, and last what it could not prove: read that too.
A package may hold and still leave open whether the evidence in it is true.

  --root ROOT.json  the root of the directory of States, obtained from somebody that you trust. All
                    trust begins there: who the States are, with which keys. Without it the root in
                    the package is used, and the report says that nobody has shown it to be true.
  --json            print the report for machines instead

Example: you received the folder court-package, and the ministry gave you the root in person.

  $ rogatory-verify court-package --root 1.root.json
  The package HOLDS: it is what XA/justice signed about case XA-2026-7K3M9Q2P, unchanged since ...

It exits with 0 when everything holds, 1 when anything does not, 2 when it could not be asked so.
VERIFY.txt in the package tells how to check the same with tools that others wrote.
`

// The exit codes are promised: scripts depend on them.
const (
	holds       = 0
	doesNotHold = 1
	misused     = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, out, words io.Writer) int {
	flags := flag.NewFlagSet("rogatory-verify", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	root := flags.String("root", "", "")
	asJSON := flags.Bool("json", false, "")
	folders, err := parse(flags, args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(out, help)
		return holds
	}
	if err == nil && len(folders) != 1 {
		err = fmt.Errorf("name one package, not %d", len(folders))
	}
	var options court.Options
	if err == nil && *root != "" {
		options.TrustedRoot, err = readRoot(*root)
	}
	if err != nil {
		fmt.Fprintf(words, "rogatory-verify: %v\nTry rogatory-verify --help\n", err)
		return misused
	}
	report, err := court.Verify(ctx, folders[0], options)
	if err != nil {
		fmt.Fprintf(words, "rogatory-verify: %v\n", err)
		return misused
	}
	if *asJSON {
		err = printJSON(out, report)
	} else {
		err = printWords(out, report)
	}
	if err != nil {
		fmt.Fprintf(words, "rogatory-verify: print the report: %v\n", err)
		return misused
	}
	if !report.Holds() {
		return doesNotHold
	}
	return holds
}

// parse lets options stand before and after the folder, as people type them.
func parse(flags *flag.FlagSet, args []string) (folders []string, err error) {
	for {
		if err := flags.Parse(args); err != nil {
			return nil, err
		}
		if flags.NArg() == 0 {
			return folders, nil
		}
		folders = append(folders, flags.Arg(0))
		args = flags.Args()[1:]
	}
}

func readRoot(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read the trusted root: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, directory.MaxRoot+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the trusted root %s: %w", name, err)
	case len(data) == 0 || len(data) > directory.MaxRoot:
		return nil, fmt.Errorf("the trusted root %s is empty or larger than %d bytes", name, directory.MaxRoot)
	}
	return data, nil
}

func printJSON(out io.Writer, r *court.Report) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(struct {
		Holds   bool   `json:"holds"`
		Verdict string `json:"verdict"`
		*court.Report
	}{r.Holds(), r.Verdict(), r})
}

func printWords(out io.Writer, r *court.Report) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", line(r.Verdict()))
	if r.Case != "" {
		fmt.Fprintf(&b, "\n%s %s\n", r.Case, line(r.Title))
	}
	b.WriteString("\nWhat was checked\n")
	for _, f := range r.Findings {
		mark := "ok  "
		if !f.OK {
			mark = "FAIL"
		}
		fmt.Fprintf(&b, "  %s  %s\n", mark, line(f.Words))
		for _, d := range f.Detail {
			fmt.Fprintf(&b, "          %s\n", line(d))
		}
	}
	b.WriteString("\nWhat was not proved\n")
	for _, w := range r.NotProved {
		fmt.Fprintf(&b, "  -  %s\n", line(w))
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// line keeps words from a package on their line: they may neither fake another one nor command the
// reader's terminal.
func line(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}
