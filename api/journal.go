// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"net/http"

	"rogatory"
	"rogatory/docket"
)

// JournalView is the journal as others know it.
type JournalView struct {
	Journal
	Size int64 `json:"size" doc:"entries in the published checkpoint"`
}

// Text is a document that is lines of text, such as a checkpoint or a proof.
type Text struct {
	Text string `json:"text"`
}

func (s *server) journalRoutes() {
	const get = http.MethodGet
	route(s, get, "/journal", "get-journal", "Read how others know the journal, and how long it is", func(ctx context.Context, _ rogatory.Actor, _ *none) (JournalView, error) {
		if s.Checkpoint == nil {
			return JournalView{}, notProvided("a published journal")
		}
		_, size, err := s.Checkpoint(ctx)
		return JournalView{s.Journal, size}, err
	})
	route(s, get, "/journal/checkpoint", "get-checkpoint", "Read the published checkpoint, a C2SP signed note with the cosignatures of witnesses", func(ctx context.Context, _ rogatory.Actor, _ *none) (Text, error) {
		if s.Checkpoint == nil {
			return Text{}, notProvided("a published journal")
		}
		note, _, err := s.Checkpoint(ctx)
		return Text{string(note)}, err
	})
	route(s, get, "/journal/entries", "list-entries", "Read journal entries, all or those of one request", func(ctx context.Context, by rogatory.Actor, in *struct {
		From    int64  `query:"from" minimum:"0"`
		N       int    `query:"n" minimum:"1" maximum:"200" default:"100"`
		Request string `query:"request" maxLength:"32"`
	}) ([]docket.Logged, error) {
		return s.Office.Entries(ctx, by, rogatory.RequestID(in.Request), in.From, in.N)
	})
	route(s, get, "/journal/proofs/{index}", "prove-entry", "Prove an entry: a C2SP tlog-proof that opens it, so it goes only to whom it concerns", func(ctx context.Context, by rogatory.Actor, in *struct {
		Index int64 `path:"index" minimum:"0"`
	}) (Text, error) {
		if s.Prove == nil {
			return Text{}, notProvided("proofs")
		}
		if err := docket.MayRead(by); err != nil {
			return Text{}, err
		}
		proof, err := s.Prove(ctx, in.Index)
		return Text{string(proof)}, err
	})
}
