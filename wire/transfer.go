// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"rogatory"
	"rogatory/vault"
)

const (
	// pullSegments is how many segments one GET asks for: enough that the round trip between two
	// requests does not show, and that four connections share an exhibit evenly.
	pullSegments = 16

	// pushSegments is how many segments one PUT brings. The receiver syncs at the end of each, so
	// this is as much as a vault writes between two syncs.
	pushSegments = 64

	// maxPlanned bounds the ranges that a Pull has planned at once; a transfer with more holes
	// is planned again after those.
	maxPlanned = 4096

	// maxAttempts bounds the failures of the line in a row, without one segment between them, after
	// which a transfer gives up: with the waits below about two minutes. Whoever called tries
	// again later, and nothing is lost.
	maxAttempts = 10

	// maxRounds bounds how often a peer may ask for the same again: after a crash it rightly does.
	maxRounds = 5

	// maxWrong bounds the segments that are fetched a second time because they did not match; a
	// peer with more has a damaged copy, or worse.
	maxWrong = 64

	// firstWait and longestWait bound the wait between two attempts, before jitter.
	firstWait   = 250 * time.Millisecond
	longestWait = 30 * time.Second
)

// Pull fetches what an expected exhibit still lacks from the party that offered it: the tree first,
// then the missing segments over several connections, each verified before it is counted. It
// returns nil when everything is there; the caller commits. progress, which may be nil, is called
// by one goroutine at a time, with the segments held.
//
// A line that breaks is taken up again, until it fails too often without bringing anything; then the
// error is that of the last attempt. A segment that is not what the tree says is fetched once
// more, and then refused: Untrusted, "segment_wrong". Other errors of the peer keep kind and
// code, and those of the vault are its own. Whatever the error, what came is kept, synced, unless the
// disk itself failed.
func (c *Client) Pull(ctx context.Context, party rogatory.Party, in *vault.Incoming, progress func(have, total int64)) error {
	t := c.newTransfer(ctx, party, progress, in.Done)
	defer t.cancel()
	err := t.pullTree(in)
	for err == nil {
		missing := in.Missing(maxPlanned)
		if len(missing) == 0 {
			break
		}
		plan := make([]span, len(missing))
		for i, r := range missing {
			plan[i] = span(r)
		}
		err = t.run(plan, pullSegments, func(s span) (int64, error) { return t.pullSpan(in, s) })
	}
	// A crash from here on repeats nothing, and neither does the next attempt.
	if flushErr := in.Flush(); err == nil {
		err = flushErr
	}
	return err
}

// Push brings an exhibit to the party that awaits it: asks what is missing there and sends that.
// It returns nil when the party holds everything and its office knows. Errors are as with Pull; a
// damaged segment of our own vault is Damaged.
func (c *Client) Push(ctx context.Context, party rogatory.Party, v *vault.Vault, seal rogatory.Seal, progress func(have, total int64)) error {
	if err := vault.Validate(seal); err != nil {
		return err
	}
	var mu sync.Mutex
	var most int64
	learn := func(s standing) {
		mu.Lock()
		defer mu.Unlock()
		most = max(most, s.Have) // answers of several connections may come late
	}
	held := func() (int64, int64) {
		mu.Lock()
		defer mu.Unlock()
		return most, seal.Segments()
	}
	t := c.newTransfer(ctx, party, progress, held)
	defer t.cancel()
	var best int64
	for idle := 0; ; {
		var s standing
		err := t.insist(func() (err error) {
			before, _ := held()
			if s, err = t.askMissing(seal); err != nil {
				return err
			}
			learn(s)
			t.report()
			if s.Have > before {
				t.moved()
			}
			if s.Have == s.Total && s.Tree && !s.Done {
				return rogatory.Fault(rogatory.Unavailable, "peer_finishing", "%s has not finished taking in exhibit %s", party.Code, seal.Root.Short())
			}
			return nil
		})
		if err != nil || s.Done {
			return err
		}
		if idle++; idle > maxRounds {
			return strange(party.Code, "the same gaps after %d rounds", maxRounds)
		}
		if s.Have > best {
			best, idle = s.Have, 0
		}
		if !s.Tree {
			if err := t.insist(func() error { return t.pushTree(v, seal) }); err != nil {
				return err
			}
			continue
		}
		err = t.run(s.Missing, pushSegments, func(p span) (int64, error) {
			s, err := t.pushSpan(v, seal, p)
			if err == nil {
				learn(s)
				return p.Count, nil
			}
			// On a line that keeps breaking each attempt must count for what it brought.
			if passing(err) && t.ctx.Err() == nil {
				if s, askErr := t.askMissing(seal); askErr == nil {
					learn(s)
					return s.begun(p), err
				}
			}
			return 0, err
		})
		if err != nil {
			return err
		}
	}
}

// transfer is one Pull or Push under way.
type transfer struct {
	*Client
	party  rogatory.Party
	ctx    context.Context // of the transfer: ends with the caller's, or with the first lasting error
	cancel context.CancelFunc
	held   func() (have, total int64)

	telling  sync.Mutex // guards progress, told
	progress func(have, total int64)
	told     int64

	mu       sync.Mutex
	failures int            // in a row, without progress; guarded by mu
	wrong    map[int64]bool // segments that did not match once; guarded by mu
}

func (c *Client) newTransfer(ctx context.Context, party rogatory.Party, progress func(have, total int64), held func() (int64, int64)) *transfer {
	t := &transfer{Client: c, party: party, held: held, progress: progress, told: -1, wrong: make(map[int64]bool)}
	t.ctx, t.cancel = context.WithCancel(ctx)
	return t
}

// report tells the caller how far it is, never backwards.
func (t *transfer) report() {
	if t.progress == nil {
		return
	}
	t.telling.Lock()
	defer t.telling.Unlock()
	if have, total := t.held(); have > t.told {
		t.told = have
		t.progress(have, total)
	}
}

// run has several connections work off a plan in pieces of at most size segments. carry moves a
// piece and returns how many of its segments are done, also with an error.
func (t *transfer) run(plan []span, size int64, carry func(span) (int64, error)) error {
	var (
		mu    sync.Mutex
		first error
		wait  sync.WaitGroup
	)
	next := func() (span, bool) {
		mu.Lock()
		defer mu.Unlock()
		if len(plan) == 0 || first != nil {
			return span{}, false
		}
		piece := span{plan[0].First, min(plan[0].Count, size)}
		plan[0].First += piece.Count
		plan[0].Count -= piece.Count
		if plan[0].Count == 0 {
			plan = plan[1:]
		}
		return piece, true
	}
	for range t.config.Connections {
		wait.Go(func() {
			for {
				piece, ok := next()
				if !ok {
					return
				}
				if err := t.finish(piece, carry); err != nil {
					mu.Lock()
					if first == nil {
						first = err
						t.cancel() // the others would only work for nothing
					}
					mu.Unlock()
					return
				}
			}
		})
	}
	wait.Wait()
	return first
}

// finish carries one piece to its end, over as many attempts as progress allows.
func (t *transfer) finish(piece span, carry func(span) (int64, error)) error {
	for piece.Count > 0 {
		err := t.insist(func() error {
			done, err := carry(piece)
			piece.First += done
			piece.Count -= done
			if done > 0 {
				t.moved()
				t.report()
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *transfer) moved() {
	t.mu.Lock()
	t.failures = 0
	t.mu.Unlock()
}

// insist repeats a step while its errors are of the kind that passes.
func (t *transfer) insist(step func() error) error {
	for {
		err := step()
		if err == nil || !passing(err) {
			return err
		}
		t.mu.Lock()
		t.failures++
		failures := t.failures
		t.mu.Unlock()
		if failures >= maxAttempts {
			return err
		}
		wait := min(firstWait<<(failures-1), longestWait)
		wait = wait/2 + time.Duration(t.config.Jitter()*float64(wait/2))
		if asked, ok := RetryAfter(err); ok {
			wait += min(asked, longestWait)
		}
		select {
		case <-t.config.Clock.After(wait):
		case <-t.ctx.Done():
			return fmt.Errorf("transfer with %s given up: %w", t.party.Code, t.ctx.Err())
		}
	}
}

// passing tells the errors of the line and of a busy peer from those that another attempt would
// meet again, among them those of our own disk.
func passing(err error) bool {
	if _, ok := errors.AsType[local](err); ok {
		return false
	}
	switch rogatory.KindOf(err) {
	case rogatory.Unavailable, rogatory.Busy:
		return true
	}
	return rogatory.CodeOf(err) == "segment_wrong_once"
}

// local marks an error of our own vault, whose kinds would otherwise look like the peer's.
type local struct{ error }

func (l local) Unwrap() error { return l.error }

func (t *transfer) pullTree(in *vault.Incoming) error {
	if in.HasTree() {
		return nil
	}
	root := in.Seal().Root
	return t.insist(func() error {
		return t.exchange(t.ctx, t.party, http.MethodGet, treeURL(root), nil, func(_ *http.Response, body io.Reader) error {
			return ownVault(in.SetTree(body))
		})
	})
}

// ownVault marks errors of our vault, except those that are about what the peer sent.
func ownVault(err error) error {
	if err == nil {
		return nil
	}
	switch rogatory.CodeOf(err) {
	case "transfer_cut", "segment_damaged", "root_mismatch":
		return err
	}
	return local{err}
}

// pullSpan fetches consecutive segments and returns how many were kept.
func (t *transfer) pullSpan(in *vault.Incoming, piece span) (kept int64, err error) {
	seal := in.Seal()
	start := piece.First * vault.SegmentSize
	size := length(seal.SealedSize, piece.First, piece.Count)
	wanted := fmt.Sprintf("bytes %d-%d/%d", start, start+size-1, seal.SealedSize)
	ask := func(req *http.Request, _ *watch) {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", start, start+size-1))
		req.Header.Set("If-Range", etag(seal.Root))
	}
	err = t.exchange(t.ctx, t.party, http.MethodGet, dataURL(seal.Root), ask, func(res *http.Response, body io.Reader) error {
		if res.StatusCode != http.StatusPartialContent || res.Header.Get("Content-Range") != wanted {
			return strange(t.party.Code, "status %d and range %.80q, wanted was %q", res.StatusCode, res.Header.Get("Content-Range"), wanted)
		}
		kept, err = in.PutFrom(t.ctx, piece.First, io.LimitReader(body, size))
		if err == nil && kept < piece.Count {
			err = rogatory.Fault(rogatory.Unavailable, "transfer_cut", "%s sent %d of %d segments", t.party.Code, kept, piece.Count)
		}
		return ownVault(err)
	})
	if rogatory.KindOf(err) == rogatory.Untrusted && rogatory.CodeOf(err) == "segment_damaged" {
		err = t.doubt(seal.Root, piece.First+kept, err)
	}
	return kept, err
}

// doubt lets a segment be wrong once, as by a fault of the peer's memory, and refuses the second time.
func (t *transfer) doubt(root rogatory.Digest, segment int64, cause error) error {
	t.mu.Lock()
	again := t.wrong[segment] || len(t.wrong) >= maxWrong
	t.wrong[segment] = true
	t.mu.Unlock()
	if !again {
		return rogatory.Fault(rogatory.Untrusted, "segment_wrong_once", "segment %d of exhibit %s does not match its hash", segment, root.Short())
	}
	return rogatory.Fault(rogatory.Untrusted, "segment_wrong", "%s sent segment %d of exhibit %s wrong again: %w", t.party.Code, segment, root.Short(), cause).
		WithHint("ask the sealing State to check its copy; what matched is kept")
}

func (t *transfer) askMissing(seal rogatory.Seal) (standing, error) {
	var s standing
	err := t.exchange(t.ctx, t.party, http.MethodGet, missingURL(seal.Root), nil, func(_ *http.Response, body io.Reader) (err error) {
		s, err = t.readStanding(seal, body)
		return err
	})
	return s, err
}

func (t *transfer) readStanding(seal rogatory.Seal, body io.Reader) (standing, error) {
	data, err := readBounded(t.party.Code, body, maxMissing)
	if err != nil {
		return standing{}, err
	}
	s, err := parseStanding(data, seal.Segments())
	if err != nil {
		return standing{}, strange(t.party.Code, "what cannot be: %v", err)
	}
	return s, nil
}

// parseStanding reads what a peer says that it holds of an exhibit with that many segments.
func parseStanding(data []byte, total int64) (standing, error) {
	if len(data) > maxMissing {
		return standing{}, fmt.Errorf("%d bytes, at most %d are read", len(data), maxMissing)
	}
	var s standing
	if err := json.Unmarshal(data, &s); err != nil {
		return standing{}, err
	}
	if s.Total != total || s.Have < 0 || s.Have > total || len(s.Missing) > maxRanges {
		return standing{}, fmt.Errorf("%d of %d segments held, in %d ranges, of an exhibit of %d", s.Have, s.Total, len(s.Missing), total)
	}
	if s.Done && (s.Have < total || !s.Tree) {
		return standing{}, fmt.Errorf("done with %d of %d segments", s.Have, total)
	}
	if s.Have < total && len(s.Missing) == 0 {
		return standing{}, fmt.Errorf("%d of %d segments held, and none missing", s.Have, total)
	}
	end := int64(0)
	for _, r := range s.Missing {
		if r.First < end || r.Count < 1 || r.First >= total || r.Count > total-r.First {
			return standing{}, fmt.Errorf("%d segments missing from segment %d", r.Count, r.First)
		}
		end = r.First + r.Count
	}
	return s, nil
}

// begun returns how many segments at the beginning of a piece are held.
func (s standing) begun(piece span) int64 {
	for _, gap := range s.Missing {
		if gap.First+gap.Count > piece.First {
			return min(max(0, gap.First-piece.First), piece.Count)
		}
	}
	if len(s.Missing) == maxRanges { // the list may have been cut before the piece
		return 0
	}
	return piece.Count
}

func (t *transfer) pushTree(v *vault.Vault, seal rogatory.Seal) error {
	return t.put(treeURL(seal.Root), seal.Segments()*leafSize, func(w io.Writer) error {
		return v.WriteTree(w, seal.Root)
	}, func(body io.Reader) error {
		_, err := t.readStanding(seal, body)
		return err
	})
}

func (t *transfer) pushSpan(v *vault.Vault, seal rogatory.Seal, piece span) (now standing, err error) {
	err = t.put(segmentsURL(seal.Root, piece.First), length(seal.SealedSize, piece.First, piece.Count), func(w io.Writer) error {
		return v.WriteSegments(t.ctx, w, seal.Root, piece.First, piece.Count)
	}, func(body io.Reader) (err error) {
		now, err = t.readStanding(seal, body)
		return err
	})
	return now, err
}

// put sends what write writes. If write fails, that is the error: a request that was cut short
// because of it explains nothing.
func (t *transfer) put(path string, size int64, write func(io.Writer) error, take func(io.Reader) error) error {
	out := &outgoing{write: write}
	prepare := func(req *http.Request, w *watch) {
		req.Header.Set("Content-Type", mediaTypeData)
		req.ContentLength = size
		req.Body = out
		out.watch = w
	}
	err := t.exchange(t.ctx, t.party, http.MethodPut, path, prepare, func(_ *http.Response, body io.Reader) error { return take(body) })
	if own := out.end(); own != nil {
		return local{own}
	}
	return err
}

// outgoing is a request body made by a function that writes. The function runs only once the transport
// asks for the body, so a request that is refused at its header reads nothing of the vault.
type outgoing struct {
	write func(io.Writer) error
	watch *watch

	start  sync.Once
	reader *io.PipeReader
	done   chan struct{}
	failed error // of write itself; valid once done is closed
}

func (o *outgoing) begin() {
	o.start.Do(func() {
		reader, writer := io.Pipe()
		o.reader, o.done = reader, make(chan struct{})
		go func() {
			defer close(o.done)
			err := o.write(writer)
			if err != nil && !errors.Is(err, io.ErrClosedPipe) {
				o.failed = err
			}
			_ = writer.CloseWithError(err) // never fails
		}()
	})
}

// Read implements io.Reader.
func (o *outgoing) Read(p []byte) (int, error) {
	o.begin()
	n, err := o.reader.Read(p)
	o.watch.moved.Add(int64(n))
	return n, err
}

// Close stops the writing; the transport calls it, in whatever state the request is.
func (o *outgoing) Close() error {
	o.start.Do(func() {}) // from now on there is nothing to begin
	if o.reader != nil {
		_ = o.reader.Close() // never fails
	}
	return nil
}

// end waits for the writing to end and returns its own error.
func (o *outgoing) end() error {
	_ = o.Close()
	if o.done == nil {
		return nil
	}
	<-o.done
	return o.failed
}
