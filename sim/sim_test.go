// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"flag"
	"maps"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
)

// oneSeed repeats a single run: go test ./sim -run TestSeeds -seed=N
var oneSeed = flag.Int64("seed", -1, "play this seed only")

// defaultSeeds is what make test plays; ROGATORY_SEEDS says otherwise.
const defaultSeeds = 200

func newStage(t testing.TB) *Stage {
	t.Helper()
	s, err := NewStage(context.Background(), Scratch())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Whatever the seed does to lines, clocks, disks and nodes, the promises hold.
func TestSeeds(t *testing.T) {
	stage := newStage(t)
	if *oneSeed >= 0 {
		r, err := stage.Run(t.Context(), uint64(*oneSeed), Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Log(r.Counts)
		return
	}
	seeds := defaultSeeds
	if s := os.Getenv("ROGATORY_SEEDS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			t.Fatalf("ROGATORY_SEEDS=%q is not a number of seeds", s)
		}
		seeds = n
	}
	const workers = 4 // each waits for its store now and then
	counts := map[string]int{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	next := make(chan uint64)
	for range workers {
		wg.Go(func() {
			for seed := range next {
				r, err := stage.Run(t.Context(), seed, Options{})
				if err != nil {
					t.Errorf("%v\nrepeat with: go test ./sim -run TestSeeds -seed=%d", err, seed)
				}
				mu.Lock()
				for name, n := range r.Counts {
					counts[name] += n
				}
				mu.Unlock()
			}
		})
	}
	for seed := range uint64(seeds) {
		if t.Failed() {
			break
		}
		next <- seed
	}
	close(next)
	wg.Wait()
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		t.Logf("%6d %s", counts[name], name)
	}
	if t.Failed() || seeds < defaultSeeds {
		return
	}
	// The runs are worth something only if all of it happened.
	for _, name := range []string{"crash", "lost", "repeated", "damaged", "received again", "clock disagrees", "settled", "revived", "crossed", "sealed", "segment", "arrived", "opened", "custody chain",
		"act ask", "act supplement", "act preserve", "act refuse", "act withdraw", "act revoke_offer", "act execute", "act extend", "ends preserved", "ends released", "ends executed", "ends refused", "ends withdrawn", "ends closed"} {
		if counts[name] == 0 {
			t.Errorf("in %d seeds there was no %q", seeds, name)
		}
	}
}

// A seed is worth something only if it repeats.
func TestSeedRepeatsExactly(t *testing.T) {
	stage := newStage(t)
	for seed := range uint64(6) {
		a, err := stage.Run(t.Context(), seed, Options{States: MinStates + int(seed)%5})
		if err != nil {
			t.Fatal(err)
		}
		b, err := stage.Run(t.Context(), seed, Options{States: MinStates + int(seed)%5})
		if err != nil {
			t.Fatal(err)
		}
		if a.Trace != b.Trace {
			t.Errorf("seed %d: one trace is %s, the other %s", seed, a.Trace.Short(), b.Trace.Short())
		}
	}
	a, err := stage.Run(t.Context(), 1, Options{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := stage.Run(t.Context(), 2, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if a.Trace == b.Trace {
		t.Error("two seeds have one trace: the trace says nothing")
	}
}
