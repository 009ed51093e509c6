// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"rogatory"
	"rogatory/api"
	"rogatory/node"
)

// desk is where a command works: its streams, its node, its person.
type desk struct {
	ctx      context.Context
	globals  globals
	out      io.Writer // results
	words    io.Writer // for people
	terminal bool      // whether words are seen as they come
}

// say writes words for people.
func (d *desk) say(format string, args ...any) {
	fmt.Fprintln(d.words, visible(fmt.Sprintf(format, args...)))
}

// visible takes from a text what could move a terminal's cursor or turn its line around: much of what
// is shown was written in another State. Lines and columns stay.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case unicode.IsControl(r), r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

// line makes a text one line of one column, so that it cannot look like two.
func line(s string) string { return strings.Join(strings.Fields(s), " ") }

// give writes a result: as JSON if asked, else as text writes it.
func (d *desk) give(v any, text func(w io.Writer)) error {
	if d.globals.JSON {
		data, err := json.MarshalIndent(v, "", "  ")
		if err != nil {
			return fmt.Errorf("encode the result: %w", err)
		}
		_, err = fmt.Fprintf(d.out, "%s\n", data)
		return err
	}
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	text(w)
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := io.WriteString(d.out, visible(b.String()))
	return err
}

// maxSmall bounds the small files that the command line reads: tokens, keys, addresses, drafts.
const maxSmall = 1 << 20

func readSmall(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, rogatory.Fault(rogatory.NotFound, "file_missing", "read a file: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSmall+1))
	if err != nil {
		return nil, rogatory.Fault(rogatory.Unavailable, "file_unreadable", "read %s: %w", name, err)
	}
	if len(data) > maxSmall {
		return nil, rogatory.Fault(rogatory.Invalid, "file_too_large", "%s has more than %d bytes", name, maxSmall)
	}
	return data, nil
}

// writeNew writes a file that must not be there.
func writeNew(name string, data []byte, mode os.FileMode) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if errors.Is(err, fs.ErrExist) {
		return rogatory.Fault(rogatory.Conflict, "file_exists", "%s exists already", name).WithHint("give another name; nothing is overwritten")
	}
	if err != nil {
		return rogatory.Fault(rogatory.Unavailable, "file_not_written", "make a file: %w", err)
	}
	_, err = f.Write(data)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return rogatory.Fault(rogatory.Unavailable, "file_not_written", "write %s: %w", name, err)
	}
	return nil
}

// client returns the way to the running node, for the person of --as.
func (d *desk) client() (*api.Client, error) {
	dir := d.globals.Node
	if _, err := node.LoadConfig(dir); err != nil {
		return nil, err
	}
	token, err := d.token()
	if err != nil {
		return nil, err
	}
	a, err := d.addresses()
	if err != nil {
		return nil, err
	}
	return &api.Client{URL: a.Office, Token: token}, nil
}

// addresses reads where the running node listens.
func (d *desk) addresses() (a node.Addresses, err error) {
	name := filepath.Join(d.globals.Node, "run.json")
	data, err := readSmall(name)
	if err != nil {
		return a, rogatory.Fault(rogatory.Unavailable, "node_not_running", "the node in %s is not running", d.globals.Node).
			WithHint("start it with rogatory serve --node " + d.globals.Node)
	}
	if err := json.Unmarshal(data, &a); err != nil || a.Office == "" || a.Journal == "" {
		return node.Addresses{}, rogatory.Fault(rogatory.Invalid, "run_file_invalid", "%s does not say where the node listens", name)
	}
	return a, nil
}

func (d *desk) token() (string, error) {
	as := d.globals.As
	if as == "" {
		if t := strings.TrimSpace(os.Getenv("ROGATORY_TOKEN")); t != "" {
			return t, nil
		}
		return "", usage("say who acts").WithHint("give --as NAME" + d.names() + ", or set $ROGATORY_TOKEN")
	}
	file := as
	if filepath.Base(as) == as {
		if named := filepath.Join(d.globals.Node, "tokens", as); exists(named) {
			file = named
		}
	}
	data, err := readSmall(file)
	if rogatory.KindOf(err) == rogatory.NotFound {
		return "", rogatory.Fault(rogatory.NotFound, "token_missing", "there is no token of %.60q", as).WithHint("give --as NAME" + d.names() + ", or the path of a file that holds a token")
	}
	return strings.TrimSpace(string(data)), err
}

// names lists whose tokens are on this machine, for hints.
func (d *desk) names() string {
	entries, err := os.ReadDir(filepath.Join(d.globals.Node, "tokens"))
	if err != nil || len(entries) == 0 {
		return ""
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return " with one of " + strings.Join(names, ", ")
}

func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}

// bar draws progress on a terminal, and nothing elsewhere.
type bar struct {
	d     *desk
	what  string
	total int64 // zero if unknown
	begun time.Time
	drawn time.Time
}

func (d *desk) bar(what string, total int64) *bar {
	now := time.Now()
	return &bar{d, what, total, now, now}
}

// barEvery keeps drawing from slowing what it shows.
const barEvery = 100 * time.Millisecond

// at draws that n of the total are done.
func (b *bar) at(n int64) {
	if now := time.Now(); b.d.terminal && now.Sub(b.drawn) >= barEvery {
		b.drawn = now
		const width = 30
		filled, percent := 0, ""
		if b.total > 0 {
			filled = int(width * min(n, b.total) / b.total)
			percent = fmt.Sprintf(" %3d %%", 100*min(n, b.total)/b.total)
		}
		rate := float64(n) / max(now.Sub(b.begun).Seconds(), 0.001)
		fmt.Fprintf(b.d.words, "\r%s [%s%s]%s %s, %s/s ", b.what, strings.Repeat("#", filled), strings.Repeat(".", width-filled), percent, amount(n), amount(int64(rate)))
	}
}

// end clears the line.
func (b *bar) end() {
	if b.d.terminal {
		fmt.Fprint(b.d.words, "\r\033[K")
	}
}

// amount writes a number of bytes for people.
func amount(n int64) string {
	const unit = 1024
	if n < unit {
		return fmt.Sprintf("%d B", n)
	}
	v, names := float64(n), []string{"KiB", "MiB", "GiB", "TiB", "PiB"}
	i := -1
	for v >= unit && i < len(names)-1 {
		v /= unit
		i++
	}
	return fmt.Sprintf("%.1f %s", v, names[i])
}

// when writes a moment for people.
func when(i rogatory.Instant) string {
	if i == 0 {
		return "-"
	}
	return i.Time().Format("2006-01-02 15:04:05Z")
}

// moment reads a date or an RFC 3339 time, which may leave the seconds out, from the command line.
func moment(s string) (rogatory.Instant, error) {
	for _, layout := range []string{time.DateOnly, "2006-01-02T15:04Z07:00", time.RFC3339} {
		if t, err := time.Parse(layout, s); err == nil && t.Year() >= 1970 && t.Year() <= 9999 {
			return rogatory.At(t), nil
		}
	}
	return 0, usage("%.40q is not a date", s).WithHint("write 2027-01-31, or 2027-01-31T12:00:00Z")
}
