// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"sync"

	"rogatory"
	"rogatory/api"
	"rogatory/node"
)

// fetches are the transfers that people began at the office's door. They outlive the call that began
// them, and end with the server that took it; what arrived is kept.
type fetches struct {
	ctx  context.Context
	stop context.CancelFunc
	once sync.Once

	mu      sync.Mutex
	running map[rogatory.ExhibitID]bool   // guarded by mu
	failed  map[rogatory.ExhibitID]string // how the last attempt ended, if badly; guarded by mu
}

func newFetches() *fetches {
	f := &fetches{running: map[rogatory.ExhibitID]bool{}, failed: map[rogatory.ExhibitID]string{}}
	f.ctx, f.stop = context.WithCancel(context.Background())
	return f
}

// begin runs fetch unless it runs already for that exhibit.
func (f *fetches) begin(call context.Context, id rogatory.ExhibitID, fetch func(context.Context) error) {
	f.once.Do(func() {
		if s, ok := call.Value(http.ServerContextKey).(*http.Server); ok {
			s.RegisterOnShutdown(f.stop)
		}
	})
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.running[id] {
		return
	}
	f.running[id] = true
	delete(f.failed, id)
	go func() {
		err := fetch(f.ctx)
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.running, id)
		if err == nil {
			return
		}
		f.failed[id] = "something failed that was not foreseen; the node's log says more"
		if e, ok := errors.AsType[*rogatory.Error](err); ok {
			f.failed[id] = e.Message
		}
	}()
}

// merge tells of the node's transfers how the attempts of people stand: one that has begun again has
// not failed yet, and one that failed early is not in the node's list.
func (f *fetches) merge(known []node.Transfer) []api.Transfer {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := map[rogatory.ExhibitID]api.Transfer{}
	for _, t := range known {
		all[t.Exhibit] = api.Transfer(t)
	}
	for id, words := range f.failed {
		t := all[id]
		t.Exhibit, t.Done, t.Error = id, true, words
		all[id] = t
	}
	for id := range f.running {
		t := all[id]
		t.Exhibit, t.Done, t.Error = id, false, ""
		all[id] = t
	}
	list := []api.Transfer{}
	for _, id := range slices.Sorted(maps.Keys(all)) {
		list = append(list, all[id])
	}
	return list
}
