// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"rogatory"
	"rogatory/clock"
	"rogatory/demo"
	"rogatory/node"
	"rogatory/store"
	"rogatory/tsa"
	"rogatory/wire"
)

const (
	senders = 32              // officers who each wait for the receipt before they go on
	settled = 5 * time.Second // before memory counts as idle
	lines   = 8               // deliveries at once by each of a node's four workers
	starts  = 5
	tries   = 5 * time.Millisecond // between knocks at a node that starts
	give    = 30 * time.Second     // for a node to start, or a receipt to come
)

// offices measures requests between two nodes in processes of their own, and the start of one.
func (b *bench) offices() ([]figure, error) {
	dir := b.path("world")
	w, err := demo.Begin(b.ctx, demo.Settings{Dir: dir, States: []rogatory.StateCode{"XA", "XB"}, Offline: true})
	if err != nil {
		return nil, err
	}
	if err := w.Stop(); err != nil {
		return nil, err
	}
	stamps, err := b.stampAuthority(filepath.Join(dir, "xa"), filepath.Join(dir, "xb"))
	if err != nil {
		return nil, err
	}
	defer stamps.Close()
	figures, err := b.requests(dir)
	if err != nil {
		return figures, err
	}
	more, err := b.start(filepath.Join(dir, "xa"))
	return append(figures, more...), err
}

// stampAuthority serves time-stamps to the nodes in the folders, since that of their making is gone.
func (b *bench) stampAuthority(nodes ...string) (*http.Server, error) {
	authority, err := tsa.NewAuthority(rand.Reader, b.clock.Now, "Time-stamps of the bench")
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &http.Server{Handler: authority, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second}
	go s.Serve(l)
	for _, dir := range nodes {
		c, err := node.LoadConfig(dir)
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		c.TimeStamp = node.TimeStamp{URL: "http://" + l.Addr().String(), Certificate: string(authority.RootPEM())}
		text, err := json.MarshalIndent(c, "", "  ")
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, "node.json"), text, 0o600)
		}
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, nil
}

// order is what the process that sends is told.
type order struct {
	Dir        string
	Warm, Load time.Duration
	Profile    string        // where to write a CPU profile, if anywhere
	Delivered  bool          // the limits of the door are as delivered, not those of the load
	Pace       time.Duration // one officer begins a request so often; zero: all of them as soon as the last one ended
}

// traffic is what it measured.
type traffic struct {
	Requests int       // receipted within the time of the load
	Times    []float64 // milliseconds from the draft to the verified receipt
	Peak     float64   // MiB
	Spent    float64   // seconds of processor time of the sending node and its officers
	Served   int       // all requests that Spent went into, those before and after the load too
}

func (b *bench) requests(dir string) ([]figure, error) {
	var up bool
	peer, err := b.serve("peer", order{Dir: filepath.Join(dir, "xb"), Profile: b.profileOf("peer")}, &up)
	if err != nil {
		return nil, err
	}
	var t traffic
	err = b.ask("load", order{Dir: filepath.Join(dir, "xa"), Warm: b.warm, Load: b.load, Profile: b.profileOf("load")}, &t)
	memory, _ := resident(peer.cmd.Process.Pid, "VmHWM") // only a detail
	if err := errors.Join(err, peer.end()); err != nil {
		return nil, err
	}
	if len(t.Times) == 0 {
		return nil, errors.New("no request was receipted")
	}
	spent := func(seconds float64) float64 { return seconds * 1000 / float64(t.Served) }
	detail := fmt.Sprintf("%d officers, each drafts, sends and waits for the receipt with its proof; %d requests in %s; processor time of a request %.2f ms at the sending node, officers included, and %.2f ms at the receiving one; peak memory %.0f and %.0f MiB",
		senders, t.Requests, b.load, spent(t.Spent), spent(processorTime(peer.cmd.ProcessState)), t.Peak, memory)
	return []figure{
		atLeast("requests", float64(t.Requests)/b.load.Seconds(), "requests/s", 300, detail),
		below("request to verified receipt, p99", percentile(t.Times, 99), "ms", 250, fmt.Sprintf("median %.0f ms, longest %.0f ms", median(t.Times), percentile(t.Times, 100))),
	}, nil
}

// limits lets one peer do what the bench asks of it, unless it asks for those of a node in service, which are about fairness.
func (o order) limits() wire.Limits {
	if o.Delivered {
		return wire.Limits{}
	}
	return wire.Limits{Messages: 64, Rate: 100_000, Burst: 100_000, Door: 256}
}

// playPeer is the State that receives.
func playPeer(in *json.Decoder, out *json.Encoder) error {
	var o order
	if err := in.Decode(&o); err != nil {
		return err
	}
	done, err := profile(o.Profile)
	if err != nil {
		return err
	}
	defer done()
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	n, err := node.Open(ctx, o.Dir, node.Options{Limits: o.limits(), Lines: lines, Unwatched: true})
	if err != nil {
		return err
	}
	go func() {
		untilInputEnds(in)
		stop()
	}()
	var told error
	err = n.Run(ctx, nil, func(node.Addresses) { told = out.Encode(true) })
	return errors.Join(told, err, n.Close())
}

// playLoad is the State that sends, and its officers.
func playLoad(in *json.Decoder, out *json.Encoder) error {
	var o order
	if err := in.Decode(&o); err != nil {
		return err
	}
	done, err := profile(o.Profile)
	if err != nil {
		return err
	}
	defer done()
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	n, err := node.Open(ctx, o.Dir, node.Options{Limits: o.limits(), Lines: lines, Unwatched: true})
	if err != nil {
		return err
	}
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- n.Run(ctx, nil, func(node.Addresses) { close(ready) }) }()
	select {
	case <-ready:
	case err := <-ended:
		return errors.Join(err, n.Close())
	}
	before := ownProcessorTime()
	t, err := (&crowd{n: n, waiting: map[rogatory.MessageID]chan struct{}{}, ended: map[rogatory.MessageID]bool{}}).work(ctx, o)
	t.Spent = ownProcessorTime() - before
	stop()
	if err := errors.Join(err, <-ended, n.Close()); err != nil {
		return err
	}
	if t.Peak, err = resident(os.Getpid(), "VmHWM"); err != nil {
		return err
	}
	return out.Encode(t)
}

// crowd is the officers of one State at work.
type crowd struct {
	n *node.Node

	mu      sync.Mutex
	waiting map[rogatory.MessageID]chan struct{} // who waits for which receipt; guarded by mu
	ended   map[rogatory.MessageID]bool          // receipts that nobody waited for yet; guarded by mu
}

func (c *crowd) work(ctx context.Context, o order) (traffic, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var watching sync.WaitGroup
	from := make(chan error, 1)
	watching.Go(func() {
		err := c.watch(ctx)
		stop(err) // without it nobody would hear of receipts
		from <- err
	})
	begin := clock.Real{}.Now().Add(o.Warm)
	end := begin.Add(o.Load)
	var t traffic
	var mu sync.Mutex
	var wg sync.WaitGroup
	officers := senders
	if o.Pace > 0 {
		officers = 1
	}
	for range officers {
		wg.Go(func() {
			for turn := (<-chan time.Time)(nil); ; {
				if turn != nil {
					<-turn
				}
				if o.Pace > 0 {
					turn = clock.Real{}.After(o.Pace)
				}
				began := clock.Real{}.Now()
				if !began.Before(end) || ctx.Err() != nil {
					return
				}
				if err := c.ask(ctx); err != nil {
					stop(err)
					return
				}
				now := clock.Real{}.Now()
				mu.Lock()
				t.Served++
				if !now.Before(begin) && now.Before(end) {
					t.Requests++
				}
				if !began.Before(begin) {
					t.Times = append(t.Times, now.Sub(began).Seconds()*1000)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	err := context.Cause(ctx)
	stop(nil)
	watching.Wait()
	return t, errors.Join(err, <-from)
}

func (c *crowd) actor(name string, role rogatory.OfficerRole) rogatory.Actor {
	config := c.n.Config()
	return rogatory.Actor{Address: rogatory.Address{State: config.State, Authority: config.Authority}, Officer: rogatory.Officer{Name: name, Role: role}}
}

// ask drafts a request, sends it, and returns when its receipt is here.
func (c *crowd) ask(ctx context.Context) error {
	to := rogatory.Address{State: "XB", Authority: "justice"}
	f, err := c.n.Office.Draft(ctx, c.actor("A. Okafor", rogatory.DutyOfficer), to, "", rogatory.Request{
		Kind: rogatory.Preservation42, Title: "Web server and SSH logs of an intrusion", Offence: rogatory.Offence{Articles: []string{"7"}, Law: "Penal Code, s. 41"}, Language: "en",
		Contents: map[string]string{"authority": "Public Prosecutor's Office of Aurelia, cybercrime section",
			"offence_facts": "On 2 November 2026 a person entered the ministry's web server through SQL injection and guessed SSH passwords.",
			"data":          "At Borealia Hosting Ltd, server 203.0.113.8, 1 to 3 November 2026: access and authentication logs. They show the intruder's addresses and acts.",
			"custodian":     "Borealia Hosting Ltd", "necessity": "The logs rotate after 14 days and are the only trace of the intruder.",
			"intention": "A request for disclosure follows within 30 days.", "confidentiality": "Until 1 March 2027: the suspect is at large."}})
	if err != nil {
		return err
	}
	_, id, err := c.n.Office.Move(ctx, c.actor("L. Haddad", rogatory.Decider), f.ID, rogatory.Send, rogatory.Body{})
	if err != nil {
		return err
	}
	if err := c.await(ctx, id); err != nil {
		return fmt.Errorf("await the receipt of %s: %w", id, err)
	}
	return nil
}

func (c *crowd) await(ctx context.Context, id rogatory.MessageID) error {
	c.mu.Lock()
	if c.ended[id] {
		delete(c.ended, id)
		c.mu.Unlock()
		return nil
	}
	here := make(chan struct{})
	c.waiting[id] = here
	c.mu.Unlock()
	select {
	case <-here:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-clock.Real{}.After(give):
		return errors.New("it did not come in time")
	}
}

// watch reads the journal after each commit: when the entry of a receipt is there, the office has
// verified the receipt and the proof in it, and has them on disk.
func (c *crowd) watch(ctx context.Context) error {
	grew := make(chan struct{}, 1)
	c.n.Office.Store.OnCommit(func(int64) {
		select {
		case grew <- struct{}{}:
		default: // there is something to be read already
		}
	})
	for next := int64(0); ; {
		var rows []store.Entry
		err := c.n.Office.Store.View(ctx, func(tx *store.Tx) (err error) {
			rows, err = tx.Entries(next, store.MaxRows)
			return err
		})
		if ctx.Err() != nil {
			return nil
		}
		for _, row := range rows {
			next = row.Index + 1
			if row.Type == rogatory.MessageReceipted && err == nil {
				err = c.tell(row.Body)
			}
		}
		if err != nil {
			return err
		}
		if len(rows) < store.MaxRows {
			select {
			case <-ctx.Done():
				return nil
			case <-grew:
			}
		}
	}
}

// tell wakes who waits for a receipt.
func (c *crowd) tell(body []byte) error {
	var e rogatory.Entry
	if err := json.Unmarshal(body, &e); err != nil {
		return err
	}
	if e.Message.Code != "" {
		return fmt.Errorf("message %s was refused: %s", e.Message.ID, e.Message.Code)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if here := c.waiting[e.Message.ID]; here != nil {
		close(here)
		delete(c.waiting, e.Message.ID)
	} else {
		c.ended[e.Message.ID] = true
	}
	return nil
}

// start measures the program that is shipped: from its start to its first answer, and idle.
func (b *bench) start(dir string) ([]figure, error) {
	program := b.path("rogatory")
	build := exec.CommandContext(b.ctx, "go", "build", "-trimpath", "-ldflags", "-s -w -buildid=", "-o", program, "rogatory/cmd/rogatory")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build the program: %w: %s", err, out)
	}
	info, err := os.Stat(program)
	if err != nil {
		return nil, err
	}
	config, err := node.LoadConfig(dir)
	if err != nil {
		return nil, err
	}
	var times []float64
	memory := 0.0
	for i := range starts {
		seconds, idle, err := b.startOnce(program, dir, "http://"+config.OfficeListen+"/healthz", i == starts-1)
		if err != nil {
			return nil, err
		}
		times, memory = append(times, seconds), max(memory, idle)
	}
	return []figure{
		below("start to serving", median(times), "s", 1, fmt.Sprintf("rogatory serve, from its start to the first answer of /healthz; median of %d, longest %.2f s", starts, percentile(times, 100))),
		below("idle memory", memory, "MiB", 64, fmt.Sprintf("resident, %s after it serves, with the journal of the requests above", settled)),
		below("size of the program", float64(info.Size())/(1<<20), "MiB", 60, "static, without symbols"),
	}, nil
}

func (b *bench) startOnce(program, dir, health string, rest bool) (seconds, idle float64, err error) {
	cmd := exec.CommandContext(b.ctx, program, "serve", "--node", dir)
	var words strings.Builder
	cmd.Stderr = &words
	began := b.clock.Now()
	if err := cmd.Start(); err != nil {
		return 0, 0, err
	}
	defer func() {
		interrupted := cmd.Process.Signal(os.Interrupt)
		if ended := cmd.Wait(); err == nil {
			err = errors.Join(interrupted, ended)
		}
		if err != nil {
			err = fmt.Errorf("%s serve: %w: %s", program, err, words.String())
		}
	}()
	client := http.Client{Timeout: time.Second}
	for {
		res, err := client.Get(health)
		if err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				break
			}
		}
		if b.clock.Now().Sub(began) > give {
			return 0, 0, fmt.Errorf("no answer within %s", give)
		}
		<-b.clock.After(tries)
	}
	seconds = b.clock.Now().Sub(began).Seconds()
	if rest {
		<-b.clock.After(settled)
		idle, err = resident(cmd.Process.Pid, "VmRSS")
	}
	return seconds, idle, err
}
