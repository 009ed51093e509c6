// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"rogatory"
	"rogatory/clock"
	"rogatory/demo"
	"rogatory/docket"
	"rogatory/envelope"
	"rogatory/safeguard"
	"rogatory/wire"
)

const (
	mostCompared = 128 << 20 // bytes of the table: enough for seconds
	judged       = 200       // requests of a turn, with and without policies
	honestPace   = 200 * time.Millisecond
	floodTimes   = 100 // as many messages of the flooding State as of an honest one
	flooders     = 16  // connections
	floodTurn    = 20 * time.Second
)

// safeguards measures what the safeguards cost, and what the door does for the others when one State floods it.
func (b *bench) safeguards() ([]figure, error) {
	w, err := demo.Begin(b.ctx, demo.Settings{Dir: b.path("safeguards"), States: []rogatory.StateCode{"XA", "XB"}, Offline: true})
	if err != nil {
		return nil, err
	}
	comparing, err := b.comparing(w)
	if err != nil {
		return nil, errors.Join(err, w.Stop())
	}
	judging, err := b.judging(w)
	if err := errors.Join(err, w.Stop()); err != nil {
		return []figure{comparing}, err
	}
	flood, err := b.flood()
	return append([]figure{comparing, judging}, flood...), err
}

// accounts are what the request asks for, and what each row of the table is about.
var accounts = []string{"nadia.k@example.org", "198.51.100.17", "+888 555 0101"}

// tableOf yields rows of what a provider's log has, all of them asked for.
func tableOf(size int64) io.Reader {
	var block strings.Builder
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	for i := range 10_000 {
		fmt.Fprintf(&block, "%s,%s,login,203.0.113.%d,Mozilla/5.0 (X11; Linux x86_64)\n", at.Add(time.Duration(i)*20*time.Second).Format(time.RFC3339), accounts[i%len(accounts)], i%250)
	}
	readers := []io.Reader{strings.NewReader("timestamp,account,event,server,agent\n")}
	for n := int64(0); n < size; n += int64(block.Len()) {
		readers = append(readers, strings.NewReader(block.String()))
	}
	return io.MultiReader(readers...)
}

// comparing seals a table, which is compared on the way, and as many bytes of no form, which are not. Processor time is what
// is compared; the time on the clock is told with it.
func (b *bench) comparing(w *demo.World) (figure, error) {
	xa, xb := w.Members["XA"], w.Members["XB"]
	size := min(b.size, mostCompared)
	r, err := xb.Node.Office.Rules.Example(rogatory.StoredData, "", rogatory.At(b.clock.Now()))
	if err != nil {
		return figure{}, err
	}
	r.Contents["persons"] = strings.Join(accounts, "\n")
	r.Contents["period"] = "2026-11-01 to 2026-11-30"
	f, err := b.carried(xb, xa, r)
	if err != nil {
		return figure{}, err
	}
	if _, _, err := xa.Move(b.ctx, xa.Actor("Prosecutor L. Haddad", rogatory.Decider), f.ID, rogatory.Accept, rogatory.Body{}); err != nil {
		return figure{}, err
	}
	rows, clocked := int64(0), map[string][]float64{}
	seal := func(name string, content func() io.Reader, want safeguard.Verdict) func() (float64, error) {
		return func() (float64, error) {
			var x rogatory.Exhibit
			before := ownProcessorTime()
			seconds, err := b.took(func() (err error) {
				x, err = xa.Node.Office.Seal(b.ctx, xa.Actor("Custodian N. Silva", rogatory.Custodian), f.ID, docket.Sealing{Title: "Log", FileName: name, MediaType: "text/csv", Acquired: "order 7"}, content(), nil)
				return err
			})
			spent := ownProcessorTime() - before
			if err != nil {
				return 0, err
			}
			_, found, err := xa.Node.Office.Exhibit(b.ctx, x.ID)
			if err != nil {
				return 0, err
			}
			if found.Compared == nil || found.Compared.Verdict != want {
				return 0, fmt.Errorf("%s was compared as %+v, want %s", name, found.Compared, want)
			}
			rows, clocked[name] = max(rows, found.Compared.Rows), append(clocked[name], seconds)
			return spent, nil
		}
	}
	times, err := b.versus(seal("log.csv", func() io.Reader { return tableOf(size) }, safeguard.Within),
		seal("image.raw", func() io.Reader { return io.LimitReader(mathrand.NewChaCha8([32]byte{1}), size) }, safeguard.NotCompared))
	if err != nil {
		return figure{}, err
	}
	mib := float64(size) / (1 << 20)
	return atMost("seal a table that is compared, of as many bytes that are not", ratio(times[0], times[1]), "ratio", 2,
		fmt.Sprintf("processor time, %.0f MiB, %d rows, median of %d: %.2f s and %.2f s; on the clock %.2f s (%.0f MiB/s) and %.2f s", mib, rows, b.rounds, median(times[0]), median(times[1]),
			median(clocked["log.csv"]), mib/median(clocked["log.csv"]), median(clocked["image.raw"]))), nil
}

// carried is a request that one office sent and the other has.
func (b *bench) carried(from, to *demo.Member, r rogatory.Request) (docket.File, error) {
	officer, decider := from.Actor("B. Lindqvist", rogatory.DutyOfficer), from.Actor("Judge T. Moreau", rogatory.Decider)
	f, err := from.Node.Office.Draft(b.ctx, officer, to.Node.Office.Us, "", r)
	if err != nil {
		return f, err
	}
	if _, _, err := from.Move(b.ctx, decider, f.ID, rogatory.Send, rogatory.Body{}); err != nil {
		return f, err
	}
	parcels, err := from.Node.Office.Collect(b.ctx, 1, 1)
	if err != nil {
		return f, err
	}
	for _, p := range parcels {
		if _, err := to.Node.Office.Receive(b.ctx, from.Code, p.Sealed); err != nil {
			return f, err
		}
	}
	return to.Node.Office.File(b.ctx, f.ID)
}

// judging drafts and sends requests with the policies and without them. Processor time is what is compared: the wait is for
// the disk.
func (b *bench) judging(w *demo.World) (figure, error) {
	office := w.Members["XB"].Node.Office
	rules := office.Safeguards
	defer func() { office.Safeguards = rules }()
	officer, decider := w.Members["XB"].Actor("B. Lindqvist", rogatory.DutyOfficer), w.Members["XB"].Actor("Judge T. Moreau", rogatory.Decider)
	r, err := office.Rules.Example(rogatory.Preservation42, "", rogatory.At(b.clock.Now()))
	if err != nil {
		return figure{}, err
	}
	send := func(s *docket.Safeguards) func() (float64, error) {
		return func() (float64, error) {
			office.Safeguards = s
			before := ownProcessorTime()
			for range judged {
				f, err := office.Draft(b.ctx, officer, w.Members["XA"].Node.Office.Us, "", r)
				if err != nil {
					return 0, err
				}
				if _, _, err := office.Move(b.ctx, decider, f.ID, rogatory.Send, rogatory.Body{}); err != nil {
					return 0, err
				}
			}
			return ownProcessorTime() - before, nil
		}
	}
	times, err := b.versus(send(rules), send(nil))
	if err != nil {
		return figure{}, err
	}
	each := func(seconds []float64) float64 { return median(seconds) * 1000 / judged }
	return atMost("draft and send with policies, of the time without", ratio(times[0], times[1]), "ratio", 1.25,
		fmt.Sprintf("processor time of a request, %d in a turn, median of %d: %.2f ms and %.2f ms", judged, b.rounds, each(times[0]), each(times[1]))), nil
}

// A torrent is what the flooding State's process is told.
type torrent struct {
	Keys  string // folder of its keys
	Party rogatory.Party
}

// flooded is what came of it.
type flooded struct{ Sent, Busy, Other int64 }

// flood measures how long an honest State waits for its receipts while another sends a hundred times as much, all of it
// worthless, against how long it waits otherwise: three nodes in processes of their own, with the limits as delivered.
func (b *bench) flood() ([]figure, error) {
	dir := b.path("flooded")
	w, err := demo.Begin(b.ctx, demo.Settings{Dir: dir, States: []rogatory.StateCode{"XA", "XB", "XC"}, Offline: true})
	if err != nil {
		return nil, err
	}
	there, err := w.Members["XC"].Node.Party("XB")
	if err := errors.Join(err, w.Stop()); err != nil {
		return nil, err
	}
	stamps, err := b.stampAuthority(filepath.Join(dir, "xa"), filepath.Join(dir, "xb"), filepath.Join(dir, "xc"))
	if err != nil {
		return nil, err
	}
	defer stamps.Close()
	for _, code := range []string{"xb", "xc"} {
		var up bool
		peer, err := b.serve("peer", order{Dir: filepath.Join(dir, code), Delivered: true}, &up)
		if err != nil {
			return nil, err
		}
		defer peer.end()
	}
	calm, wild := []float64{}, []float64{}
	honest := func(into *[]float64) error {
		var t traffic
		err := b.ask("load", order{Dir: filepath.Join(dir, "xa"), Warm: b.warm, Load: floodTurn, Delivered: true, Pace: honestPace}, &t)
		*into = append(*into, t.Times...)
		return err
	}
	var total flooded
	for range b.rounds {
		if err := honest(&calm); err != nil {
			return nil, err
		}
		var up bool
		torrent, err := b.serve("flood", torrent{Keys: filepath.Join(dir, "xc", "keys"), Party: there}, &up)
		if err != nil {
			return nil, err
		}
		err = honest(&wild)
		torrent.in.Close()
		var f flooded
		if err := errors.Join(err, torrent.out.Decode(&f), torrent.end()); err != nil {
			return nil, err
		}
		total = flooded{total.Sent + f.Sent, total.Busy + f.Busy, total.Other + f.Other}
	}
	if total.Busy == 0 {
		return nil, fmt.Errorf("the flood was never told to wait: %+v", total)
	}
	quiet, loud := percentile(calm, 99), percentile(wild, 99)
	return []figure{atMost("p99 of an honest State under a flood, of that without", loud/quiet, "ratio", 2,
		fmt.Sprintf("request to verified receipt %.0f ms and %.0f ms, medians %.0f ms and %.0f ms, %d and %d requests; the flood sent %d messages, %d were told to wait, %d were refused otherwise; all on this machine's cores",
			loud, quiet, median(wild), median(calm), len(wild), len(calm), total.Sent, total.Busy, total.Other))}, nil
}

// playFlood is a State with a certificate that sends as fast as it was told, and reads no answer but to count it.
func playFlood(in *json.Decoder, out *json.Encoder) error {
	var t torrent
	if err := in.Decode(&t); err != nil {
		return err
	}
	authority, ok := t.Party.Authority("justice")
	if !ok {
		return fmt.Errorf("%s has no authority justice", t.Party.Code)
	}
	junk := make([]byte, 4<<10)
	rand.Read(junk)
	sealed, err := envelope.Seal(junk, authority.MessageRecipient) // it decrypts, and is nothing
	if err != nil {
		return err
	}
	certificate, err := certificateOf(t.Keys)
	if err != nil {
		return err
	}
	client, err := wire.NewClient(wire.ClientConfig{Certificate: certificate, Clock: clock.Real{}, Jitter: mathrand.Float64})
	if err != nil {
		return err
	}
	defer client.Close()
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	var sent, busy, other atomic.Int64
	var wg sync.WaitGroup
	for range flooders {
		wg.Go(func() {
			tick := time.NewTicker(honestPace * flooders / floodTimes)
			defer tick.Stop()
			for {
				select {
				case <-ctx.Done():
					return
				case <-tick.C:
				}
				_, err := client.Deliver(ctx, t.Party, sealed)
				if ctx.Err() != nil {
					return
				}
				if sent.Add(1); rogatory.KindOf(err) == rogatory.Busy {
					busy.Add(1)
				} else {
					other.Add(1)
				}
			}
		})
	}
	if err := out.Encode(true); err != nil {
		return err
	}
	untilInputEnds(in)
	stop()
	wg.Wait()
	return out.Encode(flooded{sent.Load(), busy.Load(), other.Load()})
}
