// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"rogatory"
	"rogatory/api"
	"rogatory/node"
	"rogatory/preview"
	"rogatory/treaty"
)

func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == preview.Command {
		main() // this program is its own child for previews
	}
	nextPort.Store(rand.Int64N(lastPort - firstPort)) // another run of these tests may be going on
	// Most of what is tried here waits: for a browser, for a node, for a disk.
	if err := flag.Set("test.parallel", fmt.Sprint(2*runtime.GOMAXPROCS(0))); err != nil {
		panic(err)
	}
	testscript.Main(tests{m}, map[string]func(){"rogatory": main, clerkCommand: clerk})
}

// tests end the browser when they end.
type tests struct{ *testing.M }

func (m tests) Run() int {
	defer func() { closeChromium() }()
	return m.M.Run()
}

// Ports of the scripts' nodes. They are below those that systems give to outgoing connections and beside those that package
// demo draws, and none is given twice, as a script listens long after its ports were found free.
const (
	firstPort = 12000
	lastPort  = 19999
)

var nextPort atomic.Int64 // to be tried

func freeAddress() (string, error) {
	for range lastPort - firstPort {
		address := fmt.Sprintf("127.0.0.1:%d", firstPort+nextPort.Add(1)%(lastPort-firstPort+1))
		if l, err := net.Listen("tcp", address); err == nil {
			return address, l.Close()
		}
	}
	return "", errors.New("no port is free")
}

// TestCommandLine plays the scripts in testdata, each in a folder of its own. The ports that a script
// gives its nodes are free ones. story.txt and deadline.txt start the program for each command; the others leave that to a
// clerk, and start it for what serves.
func TestCommandLine(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(e *testscript.Env) error {
			for _, name := range []string{"FED_A", "OFFICE_A", "FED_B", "OFFICE_B", "FED_C", "OFFICE_C"} {
				address, err := freeAddress()
				if err != nil {
					return err
				}
				e.Setenv(name, address)
			}
			e.Setenv("ROGATORY_NODE", "")
			e.Setenv("ROGATORY_TOKEN", "")
			return hire(e)
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"do":       do,
			"status":   status,
			"until":    until,
			"keep":     keep,
			"offices":  offices,
			"reviewed": reviewed,
			"forks":    forks,
		},
	})
}

// status runs a command and compares its exit status: status 2 rogatory request send.
func status(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	got := 0
	if e, ok := err.(*exec.ExitError); ok {
		got = e.ExitCode()
	} else if err != nil {
		ts.Fatalf("%s: %v", args[1], err)
	}
	if fmt.Sprint(got) != args[0] {
		ts.Fatalf("%s ended with status %d, want %s", strings.Join(args[1:], " "), got, args[0])
	}
}

// until repeats a command, which asks a node that works on its own, until what it prints matches. It runs
// in this process: asking again and again costs more than all else where each time a program starts.
func until(ts *testscript.TestScript, _ bool, args []string) {
	want, command := regexp.MustCompile(args[0]), slices.Clone(args[2:])
	if args[1] != "rogatory" {
		ts.Fatalf("until asks rogatory, not %s", args[1])
	}
	for i, a := range command {
		if a == "--node" {
			command[i+1] = ts.MkAbs(command[i+1])
		}
	}
	const patience, pause = time.Minute, 20 * time.Millisecond
	for begun := time.Now(); ; time.Sleep(pause) {
		var out, words bytes.Buffer
		code := run(context.Background(), command, &out, &words)
		if code == 0 && want.MatchString(out.String()) {
			out.WriteTo(ts.Stdout())
			words.WriteTo(ts.Stderr())
			return
		} else if time.Since(begun) > patience {
			ts.Fatalf("%s never printed %q but %q and %q", strings.Join(args[1:], " "), args[0], out.String(), words.String())
		}
	}
}

// keep puts what the last command printed into a variable; with several names, a word into each.
func keep(ts *testscript.TestScript, _ bool, args []string) {
	text := strings.TrimSpace(ts.ReadFile("stdout"))
	each := []string{text}
	if len(args) > 1 {
		each = strings.Fields(text)
	}
	if len(each) != len(args) {
		ts.Fatalf("%q does not fill %v", text, args)
	}
	for i, name := range args {
		ts.Setenv(name, each[i])
	}
}

// staff are the people of each exercise State's office.
var staff = map[string][][2]string{
	"xa": {{"anna", "officer"}, {"bruno", "decider"}, {"elsa", "custodian"}},
	"xb": {{"boris", "officer"}, {"carla", "decider"}, {"dino", "custodian"}},
	"xc": {{"ines", "officer"}, {"fina", "decider"}, {"gino", "custodian"}},
}

// offices makes the nodes of exercise States, each an authority of every role, that know each other
// through one directory: offices xa xb. The script serves them. It is the ceremony of story.txt in one
// step and in this process, which is what a script about something else can wait for.
func offices(ts *testscript.TestScript, _ bool, args []string) {
	do := func(args ...string) string {
		var out, words bytes.Buffer
		if code := run(context.Background(), args, &out, &words); code != 0 {
			ts.Fatalf("%s: %s", strings.Join(args, " "), words.String())
		}
		return strings.TrimSpace(out.String())
	}
	file := func(name, content string) string {
		name = ts.MkAbs(name)
		ts.Check(os.WriteFile(name, []byte(content+"\n"), 0o600))
		return name
	}
	dir, root, operator := ts.MkAbs("dir"), ts.MkAbs("root.pem"), ts.MkAbs("operator.pem")
	rootPub, operatorPub := file("root.pub", do("directory", "key", root)), file("operator.pub", do("directory", "key", operator))
	do("directory", "init", dir, "--threshold", "1", "--root", rootPub, "--operator", operatorPub)
	const roles = "central_authority,point_of_contact,competent_authority,law_enforcement,extradition_authority"
	for _, state := range args {
		code := strings.ToUpper(state)
		federation, office := ts.Getenv("FED_"+code[1:]), ts.Getenv("OFFICE_"+code[1:])
		name := map[string]string{"xa": "Aurelia", "xb": "Borealia", "xc": "Cascadia"}[state]
		do("init", "--node", ts.MkAbs(state), "--state", code, "--state-name", name, "--authority", "justice", "--authority-name", "Ministry of Justice of "+name,
			"--role", roles, "--directory", filepath.Join(dir, "published"), "--federation", federation, "--office", office,
			"--endpoint", "https://"+federation, "--journal-url", "http://"+office+"/journal")
		do("directory", "add", dir, code, "--anchor", file(state+".pub", do("directory", "anchor", "--node", ts.MkAbs(state))))
		for _, p := range staff[state] {
			do("person", "add", p[0], "--role", p[1], "--node", ts.MkAbs(state))
		}
	}
	do("directory", "sign", dir, "root", "targets", "--key", root)
	for _, state := range args {
		do("directory", "submit", dir, "--entry-key", "--node", ts.MkAbs(state))
	}
	do("directory", "publish", dir, "--operator", operator)
	first := filepath.Join(dir, "published", "1.root.json")
	content, err := os.ReadFile(first)
	ts.Check(err)
	for _, state := range args {
		do("directory", "trust", first, "--node", ts.MkAbs(state), "--digest", rogatory.DigestOf(content).String())
	}
}

// What looks like a panic of the parser must not be mistaken for its wish to end.
func TestUsage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args []string
		code int
		out  string
		word string
	}{
		"help":               {[]string{"--help"}, 0, "Usage: rogatory", ""},
		"help of a command":  {[]string{"request", "answer", "--help"}, 0, "--ground", ""},
		"nothing":            {nil, 2, "", "hint: rogatory --help"},
		"an unknown command": {[]string{"requests"}, 2, "", "did you mean"},
		"a missing argument": {[]string{"request", "send"}, 2, "", "hint: rogatory request send --help"},
		"a wrong depth":      {[]string{"fsck", "--depth", "deep"}, 2, "", "structure"},
		"no node":            {[]string{"check", "--node", t.TempDir()}, 1, "", "rogatory init"},
		"an unknown answer":  {[]string{"request", "answer", "XA-2026-7K3M9Q2P.1", "maybe"}, 2, "", "acknowledge"},
		"no date":            {[]string{"request", "answer", "XA-2026-7K3M9Q2P.1", "extend", "--until", "soon"}, 2, "", "2027-01-31"},
		"an unknown kind":    {[]string{"request", "new", "--example", "--kind", "favour"}, 1, "", "the kinds are"},
	} {
		t.Run(name, func(t *testing.T) {
			var out, words bytes.Buffer
			if code := run(t.Context(), c.args, &out, &words); code != c.code {
				t.Errorf("status %d, want %d: %s", code, c.code, words.String())
			}
			if !strings.Contains(out.String(), c.out) || (c.out == "" && out.Len() > 0) {
				t.Errorf("standard output: %s", out.String())
			}
			if !strings.Contains(words.String(), c.word) {
				t.Errorf("standard error lacks %q: %s", c.word, words.String())
			}
		})
	}
}

// The example of each kind is a draft that could be sent as it is printed.
func TestExamplesCanBeSent(t *testing.T) {
	t.Parallel()
	rules := treaty.Convention()
	for _, k := range rules.Kinds {
		var out, words bytes.Buffer
		if code := run(t.Context(), []string{"request", "new", "--example", "--kind", string(k.ID)}, &out, &words); code != 0 {
			t.Errorf("%s: status %d: %s", k.ID, code, words.String())
			continue
		}
		var draft api.Draft
		if err := json.Unmarshal(out.Bytes(), &draft); err != nil {
			t.Errorf("%s: %v", k.ID, err)
		}
		if found := rules.Review(draft.Request, rogatory.At(time.Now())); len(found) > 0 {
			t.Errorf("%s: %+v", k.ID, found)
		}
	}
}

// Another State's words cannot act on our terminal, nor look like lines of ours.
func TestForeignWordsAreShownAndNotObeyed(t *testing.T) {
	t.Parallel()
	var out, words bytes.Buffer
	d := &desk{out: &out, words: &words}
	hostile := "log\x1b[2J\u202egnp.exe\u0085\nXA-2026-7K3M9Q2P.9  accepted"
	d.say("title: %s", hostile)
	if err := d.give(nil, func(w io.Writer) { fmt.Fprintf(w, "id\t%s\n", line(hostile)) }); err != nil {
		t.Fatal(err)
	}
	report(&words, rogatory.Fault(rogatory.Invalid, "x", "no %s", hostile))
	for name, text := range map[string]string{"result": out.String(), "words": words.String()} {
		if strings.ContainsAny(text, "\x1b\u202e\u0085") {
			t.Errorf("%s: %q", name, text)
		}
	}
	if strings.Count(out.String(), "\n") != 1 {
		t.Errorf("one row became %q", out.String())
	}
}

func TestAFetchThatBeginsAgainHasNotFailedYet(t *testing.T) {
	t.Parallel()
	const id, other = "XB-E-5TQ0ZC8H1M4A", "XB-E-000000000000"
	f := newFetches()
	defer f.stop()
	ended, ends := make(chan struct{}), make(chan error)
	fetch := func(context.Context) error { err := <-ends; defer close(ended); return err }
	old := []node.Transfer{{Exhibit: id, Have: 3, Total: 9, Done: true, Error: "yesterday's"}}
	f.begin(t.Context(), id, fetch)
	f.begin(t.Context(), id, func(context.Context) error { t.Error("two at once"); return nil })
	if got := f.merge(old); len(got) != 1 || got[0].Done || got[0].Error != "" || got[0].Have != 3 {
		t.Errorf("running: %+v", got)
	}
	ends <- rogatory.Fault(rogatory.Unavailable, "peer_silent", "XB does not answer: %w", errors.New("dial tcp 10.0.0.1"))
	<-ended
	f.mu.Lock() // the attempt is entered as ended before the lock is free again
	for f.running[id] {
		f.mu.Unlock()
		runtime.Gosched()
		f.mu.Lock()
	}
	f.mu.Unlock()
	got := f.merge([]node.Transfer{{Exhibit: other, Done: true}})
	if len(got) != 2 || got[1].Error != "XB does not answer" || !got[1].Done || got[0].Exhibit != other {
		t.Errorf("ended: %+v", got)
	}
}

func TestAmounts(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 1536: "1.5 KiB", 100 << 30: "100.0 GiB", 1 << 62: "4096.0 PiB"} {
		if got := amount(n); got != want {
			t.Errorf("amount(%d) = %q, want %q", n, got, want)
		}
	}
}
