// SPDX-License-Identifier: Apache-2.0

package console

import (
	"container/list"
	"errors"
	"sync"
	"time"

	"github.com/alexedwards/scs/v2"

	"rogatory/clock"
)

const (
	// maxStrangers bounds in bytes what sessions of people who are not signed in hold together: a hundred of the longest
	// forms, or a hundred thousand ceremonies of a passkey.
	maxStrangers = 32 << 20
	// sessionCost is about what a session takes in memory beside its data.
	sessionCost = 300
	// sweepEvery is how often what ran out is forgotten.
	sweepEvery = time.Minute
)

// sessionStore keeps sessions in memory. Whoever is not signed in cannot fill it: of such sessions the oldest gives way. A
// session that was ended stays ended, also for a call that began before and saves it after: a slow upload with a stolen cookie
// does not bring it back. It reads the machine's clock, as the library does that writes its times.
type sessionStore struct {
	clock     clock.Clock
	mu        sync.Mutex
	all       map[string]stored
	ended     map[string]time.Time // sessions of people that were ended, until the last call that may hold one has run out
	strangers list.List            // tokens of sessions without a person, the oldest first
	weight    int                  // of the strangers' sessions, in bytes
	swept     time.Time
}

type stored struct {
	data   []byte
	expiry time.Time
	place  *list.Element // among the strangers; nil for a session of a person
}

func (s stored) weight() int { return len(s.data) + sessionCost }

func newSessionStore() *sessionStore {
	return &sessionStore{clock: clock.Real{}, all: map[string]stored{}, ended: map[string]time.Time{}}
}

// Find implements scs.Store.
func (s *sessionStore) Find(token string) ([]byte, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x, ok := s.all[token]
	if !ok || s.clock.Now().After(x.expiry) {
		return nil, false, nil
	}
	return x.data, true, nil
}

// Commit implements scs.Store.
func (s *sessionStore) Commit(token string, data []byte, expiry time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep(s.clock.Now())
	if _, over := s.ended[token]; over {
		return nil
	}
	s.forget(token)
	x := stored{data: data, expiry: expiry}
	if !ofPerson(data) {
		x.place = s.strangers.PushBack(token)
		s.weight += x.weight()
	}
	s.all[token] = x
	for s.weight > maxStrangers {
		s.forget(s.strangers.Front().Value.(string))
	}
	return nil
}

// Delete implements scs.Store.
func (s *sessionStore) Delete(token string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if x, ok := s.all[token]; ok && x.place == nil {
		s.ended[token] = s.clock.Now().Add(sessionLife)
	}
	s.forget(token)
	return nil
}

// All implements scs.IterableStore.
func (s *sessionStore) All() (map[string][]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all, now := map[string][]byte{}, s.clock.Now()
	for token, x := range s.all {
		if now.Before(x.expiry) {
			all[token] = x.data
		}
	}
	return all, nil
}

func (s *sessionStore) forget(token string) {
	x, ok := s.all[token]
	if ok && x.place != nil {
		s.strangers.Remove(x.place)
		s.weight -= x.weight()
	}
	delete(s.all, token)
}

func (s *sessionStore) sweep(now time.Time) {
	if now.Sub(s.swept) < sweepEvery {
		return
	}
	s.swept = now
	for token, x := range s.all {
		if now.After(x.expiry) {
			s.forget(token)
		}
	}
	for token, until := range s.ended {
		if now.After(until) {
			delete(s.ended, token)
		}
	}
}

// sessionCodec writes behind a session whether it is a person's, so that the store tells without reading it.
type sessionCodec struct{ scs.GobCodec }

const markStranger, markPerson = 0, 1

func ofPerson(data []byte) bool { return len(data) > 0 && data[len(data)-1] == markPerson }

// Encode implements scs.Codec.
func (c sessionCodec) Encode(deadline time.Time, values map[string]any) ([]byte, error) {
	data, err := c.GobCodec.Encode(deadline, values)
	mark := byte(markStranger)
	if name, _ := values[sessionName].(string); name != "" {
		mark = markPerson
	}
	return append(data, mark), err
}

// Decode implements scs.Codec.
func (c sessionCodec) Decode(data []byte) (time.Time, map[string]any, error) {
	if len(data) == 0 {
		return time.Time{}, nil, errors.New("a session of no bytes")
	}
	return c.GobCodec.Decode(data[:len(data)-1])
}
