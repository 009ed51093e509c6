// SPDX-License-Identifier: Apache-2.0

// Command bench is make bench: it measures the figures of docs/performance.md, there and then.
//
// It promises that a ratio compares two ways of the same work in one run on one machine, taking
// turns, and that a missed bar is printed as missed. Everything measured is the real thing: stock
// openssl and age, vaults and databases on disk with their syncs, nodes in processes of their own.
// It refuses to measure without openssl and the Go tool. It writes only into a temporary folder,
// removed at the end, and the file of -json. After an error of one measurement the others go on, and
// the exit status is 1; a missed bar is not an error.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"rogatory/clock"
)

// figure is one line of the table.
type figure struct {
	Name   string  `json:"name"`
	Value  float64 `json:"value"`
	Unit   string  `json:"unit"`
	Bar    string  `json:"bar"`
	Met    bool    `json:"met"`
	Detail string  `json:"detail"`
}

func atMost(name string, value float64, unit string, bar float64, detail string) figure {
	return figure{name, value, unit, fmt.Sprintf("<= %g", bar), value <= bar, detail}
}

func below(name string, value float64, unit string, bar float64, detail string) figure {
	return figure{name, value, unit, fmt.Sprintf("< %g", bar), value < bar, detail}
}

func atLeast(name string, value float64, unit string, bar float64, detail string) figure {
	return figure{name, value, unit, fmt.Sprintf(">= %g", bar), value >= bar, detail}
}

// bench is one run.
type bench struct {
	ctx    context.Context
	dir    string // temporary, removed at the end
	self   string // this program, to play the other processes
	size   int64  // of the evidence, in bytes
	rounds int
	leaves int64 // of the journal that is proved from
	cases  int   // of the office whose screens are looked at
	warm   time.Duration
	load   time.Duration // of requests
	clock  clock.Clock
	words  io.Writer
	// profiles is the folder for CPU profiles, empty for none.
	profiles string
}

func main() {
	if len(os.Args) == 3 && os.Args[1] == "part" {
		if err := play(os.Args[2]); err != nil {
			fmt.Fprintln(os.Stderr, os.Args[2]+":", err)
			os.Exit(1)
		}
		return
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() error {
	out := flag.String("json", "", "write the figures to this file too, as a JSON array")
	quick := flag.Bool("quick", false, "one short round of each: for a look, not for the record")
	size := flag.Int64("size", 1<<30, "bytes of evidence")
	only := flag.String("only", "", "measure only these, separated by commas: evidence, journal, offices, safeguards, screens")
	profiles := flag.String("profile", "", "write CPU profiles of this program and of the two nodes into this folder")
	flag.Parse()
	if *size < 1<<20 {
		return fmt.Errorf("evidence of %d bytes: at least 1 MiB is needed for a time worth measuring", *size)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	self, err := os.Executable()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "rogatory-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &bench{ctx: ctx, dir: dir, self: self, size: *size, rounds: 3, leaves: 1_000_000, cases: 100_000, warm: 2 * time.Second, load: 10 * time.Second, clock: clock.Real{}, words: os.Stderr, profiles: *profiles}
	if *quick {
		b.rounds, b.leaves, b.cases, b.load = 1, 200_000, 10_000, 4*time.Second
	}
	done, err := profile(b.profileOf("bench"))
	if err != nil {
		return err
	}
	defer done()
	measurements := []struct {
		name string
		do   func() ([]figure, error)
	}{{"evidence", b.evidence}, {"journal", b.journal}, {"offices", b.offices}, {"safeguards", b.safeguards}, {"screens", b.screens}}
	var figures []figure
	var faults []error
	for _, m := range measurements {
		if *only != "" && !slices.Contains(strings.Split(*only, ","), m.name) {
			continue
		}
		fmt.Fprintf(b.words, "measuring %s ...\n", m.name)
		got, err := m.do()
		figures = append(figures, got...)
		if err != nil {
			faults = append(faults, fmt.Errorf("measure %s: %w", m.name, err))
		}
	}
	fmt.Println(machine(ctx))
	table(os.Stdout, figures)
	if *out != "" {
		text, err := json.MarshalIndent(figures, "", "  ")
		if err == nil {
			err = os.WriteFile(*out, append(text, '\n'), 0o644)
		}
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}

func table(w io.Writer, figures []figure) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "name\tvalue\tunit\tbar\tmet\tdetail")
	for _, f := range figures {
		met := "yes"
		if !f.Met {
			met = "NO"
		}
		fmt.Fprintf(t, "%s\t%.4g\t%s\t%s\t%s\t%s\n", f.Name, f.Value, f.Unit, f.Bar, met, f.Detail)
	}
	t.Flush()
}

// machine names what the figures were measured on.
func machine(ctx context.Context) string {
	first := func(name string, args ...string) string {
		text, err := exec.CommandContext(ctx, name, args...).Output()
		if err != nil {
			return name + " is missing"
		}
		return strings.TrimSpace(string(text))
	}
	return fmt.Sprintf("%s, %d cores, %s of memory, Linux %s, %s, %s", field("/proc/cpuinfo", "model name"), runtime.NumCPU(),
		field("/proc/meminfo", "MemTotal"), first("uname", "-r"), runtime.Version(), first("openssl", "version"))
}

// field reads one line of "name : value" in a file of /proc.
func field(file, name string) string {
	f, err := os.Open(file)
	if err != nil {
		return name + " unknown"
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if key, value, ok := strings.Cut(s.Text(), ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return name + " unknown"
}

// took times f in seconds. What earlier work left unwritten is on disk before the time begins.
func (b *bench) took(f func() error) (float64, error) {
	settle()
	began := b.clock.Now()
	err := f()
	return b.clock.Now().Sub(began).Seconds(), err
}

// versus lets ways of the same work take turns and returns the times of each in seconds, round by
// round. Who goes first changes, so that a machine that slows down favours nobody.
func (b *bench) versus(ways ...func() (float64, error)) ([][]float64, error) {
	times := make([][]float64, len(ways))
	for round := range b.rounds {
		for turn := range ways {
			i := (round + turn) % len(ways)
			seconds, err := ways[i]()
			if err != nil {
				return nil, err
			}
			times[i] = append(times[i], seconds)
		}
	}
	return times, nil
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	if n := len(sorted); n%2 == 0 {
		return (sorted[n/2-1] + sorted[n/2]) / 2
	}
	return sorted[len(sorted)/2]
}

// ratio returns the median of the rounds' own ratios, above over under.
func ratio(above, under []float64) float64 {
	each := make([]float64, len(above))
	for i := range above {
		each[i] = above[i] / under[i]
	}
	return median(each)
}

func percentile(values []float64, p float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[min(len(sorted)-1, int(float64(len(sorted))*p/100))]
}
