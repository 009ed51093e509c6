// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	mathrand "math/rand/v2"
	"path/filepath"

	"golang.org/x/mod/sumdb/note"

	"rogatory"
	"rogatory/journal"
	"rogatory/ledger"
	"rogatory/store"
)

const (
	appendBatch = 1000 // entries in one synced transaction, as in the bar
	proofs      = 5000 // drawn at random: enough for a 99th percentile
)

// journal fills a journal in a SQLite store with full sync, and proves entries from it.
func (b *bench) journal() (_ []figure, err error) {
	config := store.Config{Engine: store.SQLite, Source: filepath.Join(b.dir, "journal.db"), Keys: store.Keys{{1}}} // whose content is of no account
	if err := store.Create(b.ctx, config); err != nil {
		return nil, err
	}
	s, err := store.Open(b.ctx, config)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	request, err := b.someRequest()
	if err != nil {
		return nil, err
	}
	entry := rogatory.Entry{Type: rogatory.MessageSent, Request: request, By: rogatory.Actor{Address: rogatory.Address{State: "XA", Authority: "justice"}, Officer: rogatory.Officer{Name: "L. Haddad", Role: rogatory.Decider}},
		Message: &rogatory.MessageRef{ID: "m", Act: rogatory.Send, From: "XA", To: "XB"}}
	settle()
	seconds := 0.0 // of the appends alone: what is appended is made by whoever records it
	batch := make([]store.Entry, appendBatch)
	for first := int64(0); first < b.leaves; first += appendBatch {
		for i := range batch {
			entry.At, entry.Message.Sequence = rogatory.At(b.clock.Now()), first+int64(i)+1
			body, err := json.Marshal(entry)
			if err != nil {
				return nil, err
			}
			batch[i] = store.Entry{At: entry.At, Type: entry.Type, Case: request.Case(), Request: request, Body: body}
			rand.Read(batch[i].Salt[:])
		}
		began := b.clock.Now()
		err := s.Update(b.ctx, func(tx *store.Tx) error {
			_, err := tx.Append(batch...)
			return err
		})
		if err != nil {
			return nil, err
		}
		seconds += b.clock.Now().Sub(began).Seconds()
	}
	figures := []figure{atLeast("journal appends", float64(b.leaves)/seconds, "entries/s", 50_000,
		fmt.Sprintf("%d entries with tree hashes, %d in a transaction, SQLite synchronous=FULL", b.leaves, appendBatch))}

	secret, _, err := note.GenerateKey(rand.Reader, "bench.example/journal")
	if err != nil {
		return figures, err
	}
	signer, err := journal.NewSigner(secret)
	if err != nil {
		return figures, err
	}
	l := ledger.New(ledger.Config{Store: s, Origin: "bench.example/journal", Signer: signer, Clock: b.clock, Random: rand.Reader})
	draw := mathrand.New(mathrand.NewPCG(1, 2))
	times := make([]float64, proofs)
	for i := range times {
		index := draw.Int64N(b.leaves)
		began := b.clock.Now()
		if _, err := l.Prove(b.ctx, index); err != nil {
			return figures, err
		}
		times[i] = b.clock.Now().Sub(began).Seconds() * 1000
	}
	return append(figures, below(fmt.Sprintf("inclusion proof at %d leaves, p99", b.leaves), percentile(times, 99), "ms", 2,
		fmt.Sprintf("%d proofs of entries drawn at random, median %.3f ms", proofs, median(times)))), nil
}

func (b *bench) someRequest() (rogatory.RequestID, error) {
	id, err := rogatory.NewCaseID(rand.Reader, "XA", b.clock.Now())
	return id.Request(1), err
}
