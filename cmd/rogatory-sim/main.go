// SPDX-License-Identifier: Apache-2.0

// Command rogatory-sim plays seeds of the simulation for as long as one likes.
//
//	rogatory-sim -from 1000 -seeds 100000
//
// It prints the first seed that breaks a promise, with the last steps of its story, and exits 1.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"

	"rogatory/sim"
)

func main() {
	seeds := flag.Uint64("seeds", 1000, "how many seeds to play")
	from := flag.Uint64("from", 0, "the first seed")
	nodes := flag.Int("nodes", 0, fmt.Sprintf("States in each run, %d to %d; 0 lets the seed choose", sim.MinStates, sim.MaxStates))
	steps := flag.Int("steps", 0, "steps of each run before the world is mended; 0 lets the seed choose")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *from, *seeds, sim.Options{States: *nodes, Steps: *steps}); err != nil {
		fmt.Fprintln(os.Stderr, "rogatory-sim:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, from, seeds uint64, o sim.Options) error {
	stage, err := sim.NewStage(ctx, sim.Scratch())
	if err != nil {
		return err
	}
	start, played, counts := time.Now(), 0, map[string]int{}
	var failed error
	var mu sync.Mutex // guards the four above
	var wg sync.WaitGroup
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	next := make(chan uint64)
	for range 2 * runtime.GOMAXPROCS(0) { // each waits for its store now and then
		wg.Go(func() {
			for seed := range next {
				r, err := stage.Run(ctx, seed, o)
				mu.Lock()
				if err != nil && ctx.Err() == nil {
					failed = fmt.Errorf("%w\nrepeat with: rogatory-sim -from %d -seeds 1 -nodes %d -steps %d", err, seed, o.States, o.Steps)
					cancel()
				} else if err == nil {
					played++
					for name, n := range r.Counts {
						counts[name] += n
					}
				}
				mu.Unlock()
			}
		})
	}
	for seed := from; seed < from+seeds && ctx.Err() == nil; seed++ {
		select {
		case next <- seed:
		case <-ctx.Done():
		}
	}
	close(next)
	wg.Wait()
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		fmt.Printf("%10d  %s\n", counts[name], name)
	}
	fmt.Printf("%10d  seeds from %d on, in %s\n", played, from, time.Since(start).Round(time.Second))
	return errors.Join(failed, stage.Close())
}
