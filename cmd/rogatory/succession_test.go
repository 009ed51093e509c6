// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"rogatory/journal"
	"rogatory/keyring"
)

// forks has somebody who holds the journal key of a node sign a second head of the size of the published one, and show it to
// the witness of another State: forks xa xb. Both have to run.
func forks(ts *testscript.TestScript, _ bool, args []string) {
	keys, err := keyring.Load(ts.MkAbs(args[0] + "/keys"))
	ts.Check(err)
	signer, err := journal.NewSigner(keys.JournalSecret())
	ts.Check(err)
	verifier, err := journal.NewVerifier(keys.JournalVerifier())
	ts.Check(err)
	var out, words bytes.Buffer
	if code := run(context.Background(), []string{"journal", "checkpoint", "--node", ts.MkAbs(args[0])}, &out, &words); code != 0 {
		ts.Fatalf("the checkpoint of %s: %s", args[0], words.String())
	}
	head, err := journal.OpenCheckpoint(out.Bytes(), keys.JournalOrigin(), verifier)
	ts.Check(err)
	other, err := journal.SignCheckpoint(journal.Checkpoint{Origin: head.Origin, Size: head.Size, Root: journal.Hash{1}}, signer)
	ts.Check(err)
	witness := "http://" + ts.Getenv("OFFICE_"+strings.ToUpper(args[1][1:])) + "/witness/add-checkpoint"
	resp, err := http.Post(witness, "text/plain", strings.NewReader("old "+strconv.FormatInt(head.Size, 10)+"\n\n"+string(other)))
	ts.Check(err)
	defer resp.Body.Close()
	if said, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusConflict {
		ts.Fatalf("the witness of %s answers %d %q", args[1], resp.StatusCode, said)
	}
}
