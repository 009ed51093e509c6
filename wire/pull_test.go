// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rogatory"
	"rogatory/clock"
	"rogatory/vault"
	"rogatory/vault/memory"
)

func TestPulledExhibitIsWhole(t *testing.T) {
	s := rehearse(t, nil)
	for _, size := range []int{0, 1, 3 << 20, 37<<20 + 12345} {
		seal := s.there.deposit(t, size)
		in, err := s.here.vault.Expect(seal)
		must(t, err)
		var last int64
		must(t, s.client.Pull(t.Context(), s.party, in, func(have, total int64) {
			if have < last || total != seal.Segments() {
				t.Errorf("progress went from %d to %d of %d", last, have, total)
			}
			last = have
		}))
		if last != seal.Segments() {
			t.Errorf("progress ended at %d of %d", last, seal.Segments())
		}
		arrive(t, s.here.vault, in)
	}
}

// arrive commits an exhibit and reads every byte of it.
func arrive(t testing.TB, v *vault.Vault, in *vault.Incoming) {
	t.Helper()
	must(t, in.Commit())
	must(t, v.Check(t.Context(), in.Seal().Root, vault.Full))
}

// cutting breaks a connection after some bytes were written to it, as a line that fails does: each
// of the first few connections lives a little longer than the one before.
type cutting struct {
	net.Listener
	cuts atomic.Int64
	step int64
	most int64
}

func (c *cutting) Accept() (net.Conn, error) {
	connection, err := c.Listener.Accept()
	if err != nil {
		return nil, err
	}
	n := c.cuts.Add(1)
	if n > c.most {
		return connection, nil
	}
	return &cutConn{Conn: connection, left: n * c.step}, nil
}

type cutConn struct {
	net.Conn
	left int64
}

func (c *cutConn) Write(p []byte) (int, error) {
	if c.left -= int64(len(p)); c.left < 0 {
		_ = c.Close()
		return 0, errors.New("the line broke")
	}
	return c.Conn.Write(p)
}

func TestPullGoesOnAfterTheLineBreaksAtEverySegment(t *testing.T) {
	for _, step := range []int64{10_000, vault.SegmentSize / 2, vault.SegmentSize + 20_000} {
		line := &cutting{step: step, most: 12}
		s := rehearse(t, func(s *stage, _ *ServerConfig) {
			s.listener = func(l net.Listener) net.Listener { line.Listener = l; return line }
		})
		seal := s.there.deposit(t, 20<<20)
		in, err := s.here.vault.Expect(seal)
		must(t, err)
		// What a caller does: try again, until it works.
		for attempt := 0; ; attempt++ {
			err := s.client.Pull(t.Context(), s.party, in, nil)
			if err == nil {
				break
			}
			if attempt == 3 || rogatory.KindOf(err) != rogatory.Unavailable {
				t.Fatalf("step %d, attempt %d: %v", step, attempt, err)
			}
		}
		if line.cuts.Load() < 4 {
			t.Errorf("step %d: the line never broke", step)
		}
		arrive(t, s.here.vault, in)
	}
}

func TestPullGoesOnAfterACrashOfTheReceiver(t *testing.T) {
	var asked, limit atomic.Int64
	limit.Store(3)
	came := make(chan struct{})
	s := rehearse(t, func(s *stage, _ *ServerConfig) {
		s.wrap = func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, "/data") && asked.Add(1) > limit.Load() {
					<-came // a refusal ends the whole Pull, and this story needs something to survive
					problemOf(rogatory.Fault(rogatory.Denied, "enough", "no more today")).write(w, 0)
					return
				}
				next.ServeHTTP(w, r)
			})
		}
	})
	seal := s.there.deposit(t, 100<<20)
	in, err := s.here.vault.Expect(seal)
	must(t, err)
	first := sync.OnceFunc(func() { close(came) })
	pulled := s.client.Pull(t.Context(), s.party, in, func(have, _ int64) {
		if have > 0 {
			first()
		}
	})
	wantCode(t, pulled, rogatory.Denied, "enough")
	before, _ := in.Done()
	if before == 0 {
		t.Fatal("nothing came before the crash")
	}

	s.ours.Crash(nil)
	v, err := vault.Open(s.ours)
	must(t, err)
	in, err = v.Expect(seal)
	must(t, err)
	if after, _ := in.Done(); after != before {
		t.Errorf("%d of %d segments survived the crash", after, before)
	}
	limit.Store(1000)
	asked.Store(0)
	must(t, s.client.Pull(t.Context(), s.party, in, nil))
	if n := asked.Load() * pullSegments; n > seal.Segments()-before+4*pullSegments {
		t.Errorf("asked for %d segments again, %d were missing", n, seal.Segments()-before)
	}
	arrive(t, v, in)
}

// lying flips one byte of a segment on its way, some number of times.
type lying struct {
	http.ResponseWriter
	position int64 // in the answer
	target   int64
	lies     *atomic.Int64
}

func (l *lying) Unwrap() http.ResponseWriter { return l.ResponseWriter }

func (l *lying) Write(p []byte) (int, error) {
	if at := l.target - l.position; at >= 0 && at < int64(len(p)) && l.lies.Add(-1) >= 0 {
		p = append([]byte(nil), p...)
		p[at] ^= 0x10
	}
	l.position += int64(len(p))
	return l.ResponseWriter.Write(p)
}

func lyingStage(t *testing.T, lies int64) (*stage, *atomic.Int64) {
	left := new(atomic.Int64)
	left.Store(lies)
	return rehearse(t, func(s *stage, _ *ServerConfig) {
		s.wrap = func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				var from int64
				if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from); err == nil {
					w = &lying{ResponseWriter: w, target: 5*vault.SegmentSize + 99 - from, lies: left}
				}
				next.ServeHTTP(w, r)
			})
		}
	}), left
}

func TestSegmentThatIsWrongOnceIsFetchedAgain(t *testing.T) {
	s, left := lyingStage(t, 1)
	seal := s.there.deposit(t, 9<<20)
	in, err := s.here.vault.Expect(seal)
	must(t, err)
	must(t, s.client.Pull(t.Context(), s.party, in, nil))
	if left.Load() >= 1 {
		t.Error("nobody lied")
	}
	arrive(t, s.here.vault, in)
}

func TestSegmentThatIsWrongAgainIsNamedAndRefused(t *testing.T) {
	s, _ := lyingStage(t, 1000)
	seal := s.there.deposit(t, 9<<20)
	in, err := s.here.vault.Expect(seal)
	must(t, err)
	defer in.Close()
	err = s.client.Pull(t.Context(), s.party, in, nil)
	wantCode(t, err, rogatory.Untrusted, "segment_wrong")
	if !strings.Contains(err.Error(), "segment 5 of") {
		t.Errorf("the segment is not named: %v", err)
	}
	if have, total := in.Done(); have >= total || have < 5 {
		t.Errorf("%d of %d segments are held", have, total)
	}
}

func TestWrongTreeIsRefused(t *testing.T) {
	s := rehearse(t, nil)
	seal, other := s.there.deposit(t, 3<<20), s.there.deposit(t, 3<<20)
	liar := s.open(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = s.there.vault.WriteTree(w, other.Root)
	}), s.xb)
	in, err := s.here.vault.Expect(seal)
	must(t, err)
	defer in.Close()
	wantCode(t, s.client.Pull(t.Context(), liar, in, nil), rogatory.Untrusted, "root_mismatch")
}

func TestTruncatingPeerIsGivenUpAfterBoundedAttempts(t *testing.T) {
	var asked atomic.Int64
	s := rehearse(t, func(s *stage, _ *ServerConfig) {
		s.wrap = func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if !strings.HasSuffix(r.URL.Path, "/data") {
					next.ServeHTTP(w, r)
					return
				}
				asked.Add(1)
				w.Header().Set("Content-Length", "1000")
				w.WriteHeader(http.StatusPartialContent)
				panic(http.ErrAbortHandler)
			})
		}
	})
	seal := s.there.deposit(t, 3<<20)
	in, err := s.here.vault.Expect(seal)
	must(t, err)
	defer in.Close()
	if err := s.client.Pull(t.Context(), s.party, in, nil); rogatory.KindOf(err) != rogatory.Untrusted && rogatory.KindOf(err) != rogatory.Unavailable {
		t.Errorf("got %v", err)
	}
	if n := asked.Load(); n == 0 || n > maxAttempts+defaultConnections {
		t.Errorf("asked %d times", n)
	}
}

func TestOwnDiskFailureEndsThePullAtOnce(t *testing.T) {
	var asked atomic.Int64
	s := rehearse(t, func(s *stage, _ *ServerConfig) {
		s.wrap = func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked.Add(1)
				next.ServeHTTP(w, r)
			})
		}
	})
	seal := s.there.deposit(t, 9<<20)
	in, err := s.here.vault.Expect(seal)
	must(t, err)
	must(t, s.client.pullOnlyTree(t.Context(), s.party, in))
	s.ours.Inject(memory.Fault{At: 3, Lasting: true})
	err = s.client.Pull(t.Context(), s.party, in, nil)
	if !errors.Is(err, memory.ErrInjected) {
		t.Errorf("got %v, want the error of the disk", err)
	}
	if n := asked.Load(); n > 2 { // the tree, and the one range
		t.Errorf("asked %d times although our own disk had failed", n)
	}
	s.ours.Inject(memory.Fault{})
	_ = in.Close() // it failed with its disk
}

// pullOnlyTree fetches the tree and nothing else.
func (c *Client) pullOnlyTree(ctx context.Context, party rogatory.Party, in *vault.Incoming) error {
	t := c.newTransfer(ctx, party, nil, in.Done)
	defer t.cancel()
	return t.pullTree(in)
}

func TestPullEndsWithItsContext(t *testing.T) {
	s := rehearse(t, nil)
	seal := s.there.deposit(t, 40<<20)
	in, err := s.here.vault.Expect(seal)
	must(t, err)
	defer in.Close()
	ctx, cancel := context.WithCancel(t.Context())
	err = s.client.Pull(ctx, s.party, in, func(have, _ int64) {
		if have >= 1 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the cancelling", err)
	}
	if have, total := in.Done(); have == 0 || have == total {
		t.Errorf("%d of %d segments are held", have, total)
	}
}

func TestStalledTransferIsTakenUpAgain(t *testing.T) {
	ringing := clock.NewManual(time.Unix(0, 0))
	var stalled sync.Once
	s := rehearse(t, func(s *stage, _ *ServerConfig) {
		s.wrap = func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				stall := false
				if strings.HasSuffix(r.URL.Path, "/data") {
					stalled.Do(func() { stall = true })
				}
				if !stall {
					next.ServeHTTP(w, r)
					return
				}
				go ringing.Advance(DefaultIdle) // the client's watch is set before it asks
				<-r.Context().Done()
			})
		}
	})
	s.client = s.knock(t, s.xa, impatient{ringing})
	seal := s.there.deposit(t, 1000)
	in, err := s.here.vault.Expect(seal)
	must(t, err)
	must(t, s.client.Pull(t.Context(), s.party, in, nil))
	arrive(t, s.here.vault, in)
}

// impatient is a clock on which the waits between attempts are over at once, and the others last
// until it is moved.
type impatient struct{ *clock.Manual }

func (i impatient) After(d time.Duration) <-chan time.Time {
	if d >= DefaultIdle {
		return i.Manual.After(d)
	}
	return eager{i.Manual}.After(d)
}

func TestPushedExhibitIsWholeAndTheOfficeKnows(t *testing.T) {
	s := rehearse(t, nil)
	for _, size := range []int{1, 3 << 20, 70<<20 + 12345} {
		seal := s.here.deposit(t, size)
		s.there.incoming[seal.Root] = seal
		must(t, s.client.Push(t.Context(), s.party, s.here.vault, seal, nil))
		must(t, s.there.vault.Check(t.Context(), seal.Root, vault.Full))
		if n := len(s.there.arrived); n == 0 || s.there.arrived[n-1] != seal.Root {
			t.Errorf("the office was not told of exhibit %s", seal.Root.Short())
		}
	}
}

func TestPushBringsOnlyWhatIsMissing(t *testing.T) {
	var brought atomic.Int64
	s := rehearse(t, func(s *stage, _ *ServerConfig) {
		s.wrap = func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, "/segments") {
					brought.Add(r.ContentLength)
				}
				next.ServeHTTP(w, r)
			})
		}
	})
	seal := s.here.deposit(t, 10<<20)
	s.there.incoming[seal.Root] = seal
	in, err := s.there.vault.Expect(seal)
	must(t, err)
	reader, writer := io.Pipe()
	go func() { writer.CloseWithError(s.here.vault.WriteTree(writer, seal.Root)) }()
	must(t, in.SetTree(reader))
	segment := make([]byte, vault.SegmentSize)
	for _, i := range []int64{0, 3, 4, 9} {
		n, err := s.here.vault.ReadSegments(seal.Root, i, 1, segment)
		must(t, err)
		must(t, in.Put(i, segment[:n]))
	}
	must(t, in.Close())

	must(t, s.client.Push(t.Context(), s.party, s.here.vault, seal, nil))
	if got, want := brought.Load(), seal.SealedSize-4*vault.SegmentSize; got != want {
		t.Errorf("brought %d bytes, %d were missing", got, want)
	}
	must(t, s.there.vault.Check(t.Context(), seal.Root, vault.Full))

	// Once more is harmless, and brings nothing.
	brought.Store(0)
	must(t, s.client.Push(t.Context(), s.party, s.here.vault, seal, nil))
	if brought.Load() != 0 {
		t.Errorf("brought %d bytes of what is held", brought.Load())
	}
}

// readCut breaks a connection after some bytes were read from it.
type readCut struct {
	net.Conn
	left int64
}

func (c *readCut) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if c.left -= int64(n); c.left < 0 {
		_ = c.Close()
		return 0, errors.New("the line broke")
	}
	return n, err
}

type readCutting struct {
	net.Listener
	cuts atomic.Int64
}

func (c *readCutting) Accept() (net.Conn, error) {
	connection, err := c.Listener.Accept()
	if err == nil {
		c.cuts.Add(1)
		connection = &readCut{connection, 5 * vault.SegmentSize / 2}
	}
	return connection, err
}

func TestPushGoesOnOverALineThatKeepsBreaking(t *testing.T) {
	line := new(readCutting)
	s := rehearse(t, func(s *stage, _ *ServerConfig) {
		s.listener = func(l net.Listener) net.Listener { line.Listener = l; return line }
	})
	seal := s.here.deposit(t, 30<<20)
	s.there.incoming[seal.Root] = seal
	// No connection can bring the exhibit, nor one request: only attempts that go on where the
	// one before was cut come to the end.
	must(t, s.client.Push(t.Context(), s.party, s.here.vault, seal, nil))
	if line.cuts.Load() < 12 {
		t.Errorf("the line broke %d times only", line.cuts.Load())
	}
	must(t, s.there.vault.Check(t.Context(), seal.Root, vault.Full))
}

func TestOfficeIsToldAgainIfItDidNotHear(t *testing.T) {
	s := rehearse(t, nil)
	seal := s.here.deposit(t, 2<<20)
	s.there.incoming[seal.Root] = seal
	s.there.failing = rogatory.Fault(rogatory.Conflict, "store_moved", "the store was busy with something else")
	wantCode(t, s.client.Push(t.Context(), s.party, s.here.vault, seal, nil), rogatory.Conflict, "store_moved")
	must(t, s.client.Push(t.Context(), s.party, s.here.vault, seal, nil))
	if len(s.there.arrived) != 1 {
		t.Errorf("the office was told %d times with success, want 1", len(s.there.arrived))
	}
}

func TestDamagedSegmentIsNotPushed(t *testing.T) {
	s := rehearse(t, nil)
	seal := s.here.deposit(t, 5<<20)
	s.there.incoming[seal.Root] = seal
	damage(t, s.ours, seal.Root, 3)
	wantCode(t, s.client.Push(t.Context(), s.party, s.here.vault, seal, nil), rogatory.Damaged, "segment_damaged")
	if len(s.there.arrived) != 0 {
		t.Error("the office was told of an exhibit that is not whole")
	}
}

func TestWrongSegmentIsRefusedByTheDoor(t *testing.T) {
	s := rehearse(t, nil)
	seal := s.here.deposit(t, 2<<20)
	s.there.incoming[seal.Root] = seal
	var tree strings.Builder
	must(t, s.here.vault.WriteTree(&tree, seal.Root))
	if res, body := s.get(t, http.MethodPut, treeURL(seal.Root), nil, strings.NewReader(tree.String())); res.StatusCode != http.StatusOK {
		t.Fatalf("the tree was refused: %s", body)
	}
	wrong := strings.Repeat("x", vault.SegmentSize)
	for path, code := range map[string]string{
		segmentsURL(seal.Root, 0):                       "segment_damaged",
		segmentsURL(seal.Root, 3):                       "range_invalid",
		exhibitsPath + seal.Root.String() + "/segments": "range_invalid",
		segmentsURL(seal.Root, 2):                       "range_invalid", // longer than what is left
		segmentsURL(seal.Root, 0) + "x":                 "range_invalid",
	} {
		_, body := s.get(t, http.MethodPut, path, nil, strings.NewReader(wrong))
		p, err := parseProblem(body)
		if err != nil || p.Code != code {
			t.Errorf("%s: got %s, want %s", path[len(path)-20:], body, code)
		}
	}
}

func TestNothingIsLeftRunning(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Run("play", func(t *testing.T) {
		s := rehearse(t, nil)
		seal := s.there.deposit(t, 5<<20)
		in, err := s.here.vault.Expect(seal)
		must(t, err)
		must(t, s.client.Pull(t.Context(), s.party, in, nil))
		must(t, in.Commit())
		_, err = s.client.Deliver(t.Context(), s.party, []byte("sealed"))
		must(t, err)
	})
	// Connections that were closed need a moment of the scheduler to notice.
	for deadline := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before; runtime.Gosched() {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<16)
			t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
		}
	}
}
