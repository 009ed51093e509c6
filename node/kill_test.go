// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"rogatory"
	"rogatory/clock"
	"rogatory/demo"
	"rogatory/docket"
	"rogatory/journal"
	"rogatory/node"
	"rogatory/store"
	"rogatory/vault"
)

// Two nodes, each a process of its own, exchange requests while one or the other is killed with
// SIGKILL at moments that a seed chooses. The processes are this test's own program: see TestMain.
//
//	ROGATORY_KILLS=50 go test ./node -run TestKill
//
// ROGATORY_FSCK may name tessera's fsck (github.com/transparency-dev/tessera/cmd/fsck, v1.0.4), which
// then checks the public trees of the live nodes.

const (
	childFolder  = "ROGATORY_KILL_TEST_NODE"  // in the environment of a child: its data folder
	childAhead   = "ROGATORY_KILL_TEST_AHEAD" // likewise: how far its clock is ahead of the machine's
	defaultKills = 6
	killSeed     = 20261123
	patience     = 90 * time.Second // for anything that must happen in the end, on a busy machine

	// A delivery that was claimed when its node was killed is nobody's for a minute. The test does not
	// wait for it: with each kill the clocks of both nodes jump by this.
	leaseOver = 61 * time.Second
)

// hurried is the machine's clock, ahead by what it was told.
type hurried struct {
	clock.Real
	ahead atomic.Int64
}

func (c *hurried) Now() time.Time { return c.Real.Now().Add(time.Duration(c.ahead.Load())) }

func TestMain(m *testing.M) {
	if dir := os.Getenv(childFolder); dir != "" {
		if err := beNode(dir); err != nil {
			fmt.Fprintln(os.Stderr, "node process:", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// beNode runs a node until standard input ends; "jump" there moves its clock. It tells what it knows to be durable, line by line:
// "ready", "sent ID", "receipted ID", and "quiet" once it was asked to "finish" and nothing waits.
func beNode(dir string) error {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	now := &hurried{}
	ahead, err := time.ParseDuration(os.Getenv(childAhead))
	if err != nil {
		return err
	}
	now.ahead.Store(int64(ahead))
	n, err := node.Open(ctx, dir, node.Options{Clock: now})
	if err != nil {
		return err
	}
	finish := make(chan struct{})
	go func() {
		in := bufio.NewScanner(os.Stdin)
		for in.Scan() {
			switch in.Text() {
			case "jump":
				now.ahead.Add(int64(leaseOver))
			case "finish":
				close(finish) // asked once
			}
		}
		stop()
	}()
	var wg sync.WaitGroup
	err = n.Run(ctx, nil, func(node.Addresses) {
		fmt.Println("ready")
		wg.Go(func() {
			work := acknowledging
			if n.Config().State == "XA" {
				work = asking
			}
			if n.AwaitOpen(ctx) != nil {
				return
			}
			if err := work(ctx, n, finish); err != nil && ctx.Err() == nil {
				fmt.Fprintln(os.Stderr, "node process:", err)
				stop()
			}
		})
	})
	wg.Wait()
	return errors.Join(err, n.Close())
}

const (
	pace    = 5 * time.Millisecond // between two requests
	backlog = 40                   // waiting requests beyond which no more are made: the peer has quotas
)

func person(n *node.Node, name string, role rogatory.OfficerRole) rogatory.Actor {
	c := n.Config()
	return rogatory.Actor{Address: rogatory.Address{State: c.State, Authority: c.Authority}, Officer: rogatory.Officer{Name: name, Role: role}}
}

// asking drafts and sends requests until told to finish, and then waits until nothing waits.
func asking(ctx context.Context, n *node.Node, finish <-chan struct{}) error {
	kind, err := n.Rules.Kind(rogatory.Preservation42)
	if err != nil {
		return err
	}
	r := rogatory.Request{Kind: kind.ID, Title: "SSH logs of 203.0.113.8", Language: "en", Contents: map[string]string{},
		Offence: rogatory.Offence{Articles: []string{"7"}, Law: "Penal Code, section 205"}}
	for _, name := range kind.Required {
		r.Contents[name] = n.Rules.Fields[name].Example
	}
	var open []rogatory.MessageID
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-finish:
			return quiet(ctx, n)
		case <-tick.C:
		}
		if t, err := n.Office.Tally(ctx); err != nil || t.Waiting >= backlog {
			if err != nil {
				return err
			}
			continue
		}
		f, err := n.Office.Draft(ctx, person(n, "A. Okafor", rogatory.DutyOfficer), rogatory.Address{State: "XB", Authority: "justice"}, "", r)
		if err != nil {
			return err
		}
		_, id, err := n.Office.Move(ctx, person(n, "L. Haddad", rogatory.Decider), f.ID, rogatory.Send, rogatory.Body{})
		if err != nil {
			return err
		}
		fmt.Println("sent", id)
		open = append(open, id)
		for len(open) > 0 {
			if _, err := n.Office.ReceiptOf(ctx, open[0]); err != nil {
				break
			}
			fmt.Println("receipted", open[0])
			open = open[1:]
		}
	}
}

// acknowledging answers what comes, so that messages go both ways.
func acknowledging(ctx context.Context, n *node.Node, finish <-chan struct{}) error {
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-finish:
			return quiet(ctx, n)
		case <-tick.C:
		}
		files, _, err := n.Office.Requests(ctx, person(n, "B. Lindqvist", rogatory.DutyOfficer), docket.Filter{Side: rogatory.RequestedSide, State: rogatory.Requested, Limit: 1})
		if err != nil || len(files) == 0 {
			if err != nil {
				return err
			}
			continue
		}
		_, id, err := n.Office.Move(ctx, person(n, "B. Lindqvist", rogatory.DutyOfficer), files[0].ID, rogatory.Acknowledge, rogatory.Body{})
		if err != nil {
			return err
		}
		fmt.Println("sent", id)
	}
}

// quiet tells when nothing waits any more.
func quiet(ctx context.Context, n *node.Node) error {
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for {
		t, err := n.Office.Tally(ctx)
		if err != nil {
			return err
		}
		if t.Waiting == 0 && t.Dead == 0 {
			fmt.Println("quiet")
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// process is a node's process as its parent sees it.
type process struct {
	t     *testing.T
	dir   string
	cmd   *exec.Cmd
	in    io.WriteCloser
	said  chan string   // "ready" and "quiet"
	ended chan struct{} // closed when its output has ended

	mu        sync.Mutex
	sent      []rogatory.MessageID // over all its lives; guarded by mu
	receipted []rogatory.MessageID // likewise
}

// start begins a life. The process dies with this one: the caller is locked to its thread.
func (p *process) start(ahead time.Duration) {
	p.t.Helper()
	p.cmd = exec.Command(os.Args[0])
	p.cmd.Env = append(os.Environ(), childFolder+"="+p.dir, childAhead+"="+ahead.String())
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	p.cmd.Stderr = os.Stderr
	out, err := p.cmd.StdoutPipe()
	if err == nil {
		p.in, err = p.cmd.StdinPipe()
	}
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		p.t.Fatal(err)
	}
	said, ended := make(chan string, 2), make(chan struct{})
	p.said, p.ended = said, ended
	go func() {
		defer close(ended)
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			what, id, _ := strings.Cut(lines.Text(), " ")
			p.mu.Lock()
			switch what {
			case "sent":
				p.sent = append(p.sent, rogatory.MessageID(id))
			case "receipted":
				p.receipted = append(p.receipted, rogatory.MessageID(id))
			default:
				said <- what
			}
			p.mu.Unlock()
		}
	}()
	p.await("ready")
}

func (p *process) await(word string) {
	p.t.Helper()
	select {
	case got := <-p.said:
		if got != word {
			p.t.Fatalf("the process of %s says %q, not %q", p.dir, got, word)
		}
	case <-p.ended:
		p.t.Fatalf("the process of %s ended before it said %q", p.dir, word)
	case <-time.After(patience):
		p.t.Fatalf("the process of %s did not say %q within %s", p.dir, word, patience)
	}
}

func (p *process) tell(word string) {
	p.t.Helper()
	if _, err := io.WriteString(p.in, word+"\n"); err != nil {
		p.t.Fatal(err)
	}
}

// kill is kill -9.
func (p *process) kill() {
	p.t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		p.t.Fatal(err)
	}
	<-p.ended // what it said until then counts
	if err := p.cmd.Wait(); err == nil {
		p.t.Fatalf("the process of %s ended by itself before it was killed", p.dir)
	}
}

// end asks the process to close its node.
func (p *process) end() {
	p.t.Helper()
	p.in.Close()
	<-p.ended
	if err := p.cmd.Wait(); err != nil {
		p.t.Errorf("the process of %s: %v", p.dir, err)
	}
}

// calm ends the traffic and waits until both outboxes are empty. What failed waits longer with each
// attempt, so the clocks jump on.
func calm(t *testing.T, both []*process) {
	t.Helper()
	for _, p := range both {
		p.tell("finish")
	}
	late := time.After(patience)
	jump := time.NewTicker(250 * time.Millisecond)
	defer jump.Stop()
	for _, p := range both {
		for quiet := false; !quiet; {
			select {
			case word := <-p.said:
				quiet = word == "quiet"
			case <-p.ended:
				t.Fatalf("the process of %s ended before its outbox was empty", p.dir)
			case <-late:
				t.Fatalf("the outbox of %s was not empty within %s", p.dir, patience)
			case <-jump.C:
				for _, each := range both {
					each.tell("jump")
				}
			}
		}
	}
}

func TestKill(t *testing.T) {
	t.Parallel()
	kills := defaultKills
	if s := os.Getenv("ROGATORY_KILLS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			t.Fatalf("ROGATORY_KILLS=%q is not a number of kills", s)
		}
		kills = n
	}
	runtime.LockOSThread() // a child dies with the thread that started it
	defer runtime.UnlockOSThread()

	// The world is made here: keys, directory, and the time-stamp authority, which stays up. Its nodes
	// are closed, and opened again by the children.
	ctx := context.Background()
	w, err := demo.Begin(ctx, demo.Settings{Dir: filepath.Join(t.TempDir(), "world"), States: []rogatory.StateCode{"XA", "XB"}, Offline: true})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Stop() // it closes the nodes again, and says that they were closed
	var both []*process
	for _, code := range []rogatory.StateCode{"XA", "XB"} {
		if err := w.Members[code].Node.Close(); err != nil {
			t.Fatal(err)
		}
		both = append(both, &process{t: t, dir: w.Members[code].Dir})
	}
	for _, p := range both {
		p.start(0)
		t.Cleanup(func() {
			p.cmd.Process.Kill() // one that ended well is not there any more
		})
	}
	random := rand.New(rand.NewPCG(killSeed, uint64(kills)))
	for i := range kills {
		n := random.IntN(2)
		<-time.After(time.Duration(30+random.IntN(600)) * time.Millisecond)
		both[n].kill()
		both[1-n].tell("jump")
		both[n].start(time.Duration(i+1) * leaseOver)
	}
	calm(t, both)
	if checker := os.Getenv("ROGATORY_FSCK"); checker != "" {
		for code, m := range w.Members {
			stockCheck(t, checker, m.Node.Config().JournalURL, partyKey(t, m, code))
		}
	}
	for _, p := range both {
		p.end()
	}
	books := map[rogatory.StateCode]book{}
	for _, p := range both {
		b := audit(t, p.dir)
		books[b.code] = b
	}
	a, b := books["XA"], books["XB"]
	t.Logf("%d kills; XA sent %d messages and XB %d; the processes told of %d sent and %d receipted", kills, len(a.sent), len(b.sent), len(both[0].sent)+len(both[1].sent), len(both[0].receipted))
	if len(a.sent) < kills || len(b.sent) == 0 {
		t.Errorf("there was hardly any traffic: %d and %d messages", len(a.sent), len(b.sent))
	}
	for _, pair := range [][2]book{{a, b}, {b, a}} {
		from, to := pair[0], pair[1]
		for id := range from.sent {
			if to.received[id] != 1 || from.receipted[id] != 1 {
				t.Errorf("message %s of %s was received %d times and receipted %d times", id, from.code, to.received[id], from.receipted[id])
			}
		}
		if len(to.received) != len(from.sent) {
			t.Errorf("%s sent %d messages, %s received %d", from.code, len(from.sent), to.code, len(to.received))
		}
	}
	// What a process told before it was killed was durable.
	for i, from := range []book{a, b} {
		for _, id := range both[i].sent {
			if from.sent[id] != 1 {
				t.Errorf("%s had sent %s before a kill, and has it %d times", from.code, id, from.sent[id])
			}
		}
		for _, id := range both[i].receipted {
			if from.receipted[id] != 1 {
				t.Errorf("%s had the receipt of %s before a kill, and has it %d times", from.code, id, from.receipted[id])
			}
		}
	}
}

// book counts a journal's entries by message.
type book struct {
	code                      rogatory.StateCode
	sent, received, receipted map[rogatory.MessageID]int
}

// audit opens what the killed processes left, checks all of it, and counts.
func audit(t *testing.T, dir string) book {
	t.Helper()
	ctx := context.Background()
	n, err := node.Open(ctx, dir, node.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	if _, err := n.Fsck(ctx, vault.Full); err != nil {
		t.Errorf("fsck of %s: %v", dir, err)
	}
	b := book{n.Config().State, map[rogatory.MessageID]int{}, map[rogatory.MessageID]int{}, map[rogatory.MessageID]int{}}
	for start := int64(0); ; {
		rows, err := n.Office.Entries(ctx, person(n, "auditor", rogatory.Overseer), "", start, store.MaxRows)
		if err != nil {
			t.Fatal(err)
		}
		if len(rows) == 0 {
			return b
		}
		for _, row := range rows {
			switch row.Entry.Type {
			case rogatory.MessageSent:
				b.sent[row.Entry.Message.ID]++
			case rogatory.MessageReceived:
				b.received[row.Entry.Message.ID]++
			case rogatory.MessageReceipted:
				b.receipted[row.Entry.Message.ID]++
			case rogatory.MessageRefused:
				t.Errorf("%s refused message %s: %s", b.code, row.Entry.Message.ID, row.Entry.Message.Code)
			}
		}
		start = rows[len(rows)-1].Index + 1
	}
}

func partyKey(t *testing.T, m *demo.Member, code rogatory.StateCode) string {
	t.Helper()
	party, err := m.Node.Book().Party(code)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := journal.NewVerifier(party.JournalKey); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "journal.key")
	if err := os.WriteFile(name, []byte(party.JournalKey+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// stockCheck has a checker that we did not write go through the public tree of a live node. It is
// ended once it has said what it found, for it may go on showing it.
func stockCheck(t *testing.T, checker, url, key string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, checker, "-storage_url", url+"/", "-public_key", key, "-ui=false")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	r, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout = cmd.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatalf("run the checker that ROGATORY_FSCK names: %v", err)
	}
	var heard strings.Builder
	found := false
	for lines := bufio.NewScanner(r); !found && lines.Scan(); {
		heard.WriteString(lines.Text() + "\n")
		found = strings.Contains(lines.Text(), "Successfully fsck'd")
	}
	cancel()
	cmd.Wait() // it was ended
	if !found {
		t.Errorf("the checker is not content with %s:\n%s", url, heard.String())
		return
	}
	t.Logf("%s: %s", url, strings.TrimSpace(heard.String()[strings.LastIndex(strings.TrimSpace(heard.String()), "\n")+1:]))
}
