// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"rogatory"
	"rogatory/doorbell"
	"rogatory/portal"
	"rogatory/wire"
)

// Deliver makes one round of the outbox and returns how many deliveries were tried.
func (n *Node) Deliver(ctx context.Context) (int, error) {
	limit := max(claimSize, n.opt.Lines) // and to one State as many may be out as all workers can hold
	parcels, err := n.Office.Collect(ctx, limit, workers*limit)
	if err != nil {
		return 0, err
	}
	if len(parcels) == limit {
		n.Office.Ring() // there is more: wake another worker
	}
	var mu sync.Mutex
	down := map[rogatory.StateCode]error{} // guarded by mu
	var group errgroup.Group
	group.SetLimit(n.opt.Lines)
	for _, p := range parcels {
		group.Go(func() error {
			mu.Lock()
			err := down[p.Delivery.Peer]
			mu.Unlock()
			var receipt []byte
			if err == nil {
				receipt, err = n.client.Deliver(ctx, p.Party, p.Sealed)
			}
			if err == nil {
				_, err = n.Office.Settle(ctx, p.Delivery, receipt)
			}
			if rogatory.KindOf(err) == rogatory.Unavailable {
				mu.Lock()
				down[p.Delivery.Peer] = err // one probe is enough for this round
				mu.Unlock()
			}
			if err != nil && ctx.Err() == nil {
				return n.Office.Failed(ctx, p.Delivery, err)
			}
			return nil
		})
	}
	return len(parcels), group.Wait()
}

// Addresses is where a running node listens; DIR/run.json holds it for the command line.
type Addresses struct {
	Office     string `json:"office"`
	Federation string `json:"federation"`
	Journal    string `json:"journal"`
}

// Run listens and works until ctx ends. office is the staff's door; it may be nil. ready is told the
// addresses once everything listens.
func (n *Node) Run(ctx context.Context, office http.Handler, ready func(Addresses)) error {
	federation, err := n.Federation()
	if err != nil {
		return err
	}
	public, err := n.Public()
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/journal/", public)
	mux.Handle("/witness/", public)
	mux.Handle(figuresPath, public)
	mux.Handle(portal.Prefix, n.Portal(n.opt.Portal))
	mux.Handle("/oversight/", public)
	mux.Handle(doorbell.Prefix, n.doorbell())
	mux.Handle(GatePrefix, n.gateDoor())
	if office != nil {
		mux.Handle("/", office)
	}
	fl, err := net.Listen("tcp", n.config.FederationListen)
	if err != nil {
		return rogatory.Fault(rogatory.Unavailable, "listen_failed", "listen for other States: %w", err).WithHint("another program may use the address; see federation_listen in node.json")
	}
	ol, err := net.Listen("tcp", n.config.OfficeListen)
	if err != nil {
		fl.Close()
		return rogatory.Fault(rogatory.Unavailable, "listen_failed", "listen for the office: %w", err).WithHint("another program may use the address; see office_listen in node.json")
	}
	certificate := func() (*tls.Certificate, error) { c := n.keys().TLS(); return &c, nil }
	fs := wire.NewHTTPServer(federation, wire.ServerTLS(certificate))
	staff := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 64 << 10}
	fs.ErrorLog, staff.ErrorLog = quiet(n.opt.Log), quiet(n.opt.Log)
	a := Addresses{Office: "http://" + ol.Addr().String(), Federation: "https://" + fl.Addr().String(), Journal: "http://" + ol.Addr().String() + "/journal"}
	text, err := json.Marshal(a)
	if err == nil {
		err = replace(filepath.Join(n.dir, runFile), append(text, '\n'))
	}
	if err != nil {
		return errors.Join(err, fl.Close(), ol.Close())
	}
	defer os.Remove(filepath.Join(n.dir, runFile))
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var wg sync.WaitGroup
	serve := func(f func() error) {
		wg.Go(func() {
			if err := f(); err != nil && !errors.Is(err, http.ErrServerClosed) {
				stop(err)
			}
		})
	}
	serve(func() error { return fs.ServeTLS(fl, "", "") })
	serve(func() error { return staff.Serve(ol) })
	for range workers {
		wg.Go(func() { n.loop(ctx, n.Office.Wake(), pollEvery, n.gated(n.drain)) })
	}
	wg.Go(func() { n.loop(ctx, nil, publishEvery, n.gated(n.Publish)) })
	wg.Go(func() { n.loop(ctx, nil, tickEvery, n.gated(n.Office.Tick)) })
	wg.Go(func() { n.loop(ctx, nil, reportEvery, n.gated(n.Report)) })
	wg.Go(func() { n.loop(ctx, nil, directoryEvery, n.refreshDirectory) })
	wg.Go(func() { n.loop(ctx, nil, folderEvery, n.watchKeys) })
	wg.Go(func() { n.loop(ctx, nil, folderEvery, n.gated(n.watchPeople)) })
	wg.Go(func() { n.loop(ctx, nil, folderEvery, n.gated(n.watchDesk)) })
	wg.Go(func() { n.loop(ctx, nil, folderEvery, n.gated(n.watchDrills)) })
	wg.Go(func() { n.loop(ctx, n.Desk.Wake(), tickEvery, n.gated(n.Desk.Step)) })
	wg.Go(func() { n.loop(ctx, nil, tickEvery, n.gated(n.Post.Step)) })
	wg.Go(func() { n.loop(ctx, n.Desk.WakeDrills(), drillEvery, n.gated(n.drill)) })
	wg.Go(func() { n.loop(ctx, nil, gateEvery, n.watchGate) })
	wg.Go(func() { n.loop(ctx, nil, followEvery, n.meet) })
	wg.Go(func() { n.loop(ctx, nil, followEvery, n.follow) })
	wg.Go(func() { n.loop(ctx, nil, checkEvery, n.checkChannels) })
	wg.Go(func() { n.note("heartbeat", n.heartbeat(ctx)) })
	if ready != nil {
		ready(a)
	}
	<-ctx.Done()
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownWait)
	defer cancel()
	fs.Shutdown(closing)
	staff.Shutdown(closing)
	fs.Close()
	staff.Close()
	wg.Wait()
	n.Desk.Wait()
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

func quiet(l *slog.Logger) *log.Logger { return slog.NewLogLogger(l.Handler(), slog.LevelDebug) }

// drain delivers until nothing is due.
func (n *Node) drain(ctx context.Context) error {
	for ctx.Err() == nil {
		tried, err := n.Deliver(ctx)
		if err == nil {
			n.progressed()
		}
		if err != nil || tried == 0 {
			return err
		}
	}
	return nil
}

func (n *Node) refreshDirectory(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, outsideTimeout)
	defer cancel()
	b, err := n.book.Update(ctx)
	n.note("directory", err)
	if err == nil {
		for _, c := range b.Cooling() {
			n.opt.Log.Error("ANOTHER ANCHOR of a State was published, not signed by its old one", "state", c.State, "takes_effect", c.Until)
		}
	}
	return n.gated(n.noteOversight)(context.WithoutCancel(ctx))
}

func (n *Node) loop(ctx context.Context, bell <-chan struct{}, every time.Duration, step func(context.Context) error) {
	for {
		if err := step(ctx); err != nil && ctx.Err() == nil {
			n.opt.Log.Error("background work failed", "code", rogatory.CodeOf(err), "error", err.Error())
		}
		select {
		case <-ctx.Done():
			return
		case <-bell:
		case <-n.opt.Clock.After(every):
		}
	}
}
