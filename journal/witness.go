// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// MaxWitnessRequest bounds the body of an add-checkpoint request, in bytes: an old
// size, 63 hashes and a checkpoint.
const MaxWitnessRequest = 32 + maxHashes*45 + MaxCheckpoint

// sizeType is the content type of a witness's answer that names a size.
const sizeType = "text/x.tlog.size"

// Seen is what a witness remembers of a log: the largest checkpoint that it has
// cosigned, or was about to cosign.
type Seen struct {
	Size int64
	Root Hash
	Note []byte // the checkpoint as the log signed it, at most MaxCheckpoint bytes
}

// A Memory keeps what a witness has seen. It is all that keeps a witness honest:
// a memory that is restored from a backup lets the log show it a second history.
//
// Update calls f with what is remembered of the log and stores what f returns, as
// one atomic step: no other Update of that log comes between. It returns nil only
// when the new state is durable. If f returns an error, nothing is stored and
// Update returns that error, wrapped or not. f may be called again if a
// transaction has to be repeated.
type Memory interface {
	Update(ctx context.Context, origin string, f func(seen Seen, found bool) (Seen, error)) error
}

// A Fork is proof that a log has signed two histories: two checkpoints of one
// size with different roots, both signed by the log.
type Fork struct {
	Origin  string
	Seen    []byte // what the witness had cosigned
	Offered []byte // what it was then offered
}

// Verify checks the proof against the log's key. Anyone can do so, offline.
func (f Fork) Verify(log Verifier) error {
	a, err := OpenCheckpoint(f.Seen, f.Origin, log)
	if err != nil {
		return fmt.Errorf("verify fork of %q: first checkpoint: %w", f.Origin, err)
	}
	b, err := OpenCheckpoint(f.Offered, f.Origin, log)
	if err != nil {
		return fmt.Errorf("verify fork of %q: second checkpoint: %w", f.Origin, err)
	}
	if a.Size != b.Size || a.Root == b.Root {
		return fmt.Errorf("verify fork of %q: checkpoints at %d and %d do not contradict each other", f.Origin, a.Size, b.Size)
	}
	return nil
}

// A Witness cosigns checkpoints of the logs that it knows, after checking that
// each begins with the one it cosigned before (C2SP tlog-witness). It is an HTTP
// handler of POST /add-checkpoint; mount it with http.StripPrefix.
//
// The order of its acts: verify the log's signature; then, within the memory's
// atomic step, compare sizes and verify consistency; make the new state durable;
// only then sign. A crash in between leaves a checkpoint that is remembered and
// not cosigned; the log asks again with its size and is cosigned.
type Witness struct {
	// Logs returns the keys trusted for a log, several while a key is replaced, or
	// none if the log is unknown.
	Logs func(origin string) []Verifier
	// Memory holds what was cosigned. The witness trusts it.
	Memory Memory
	// Cosigner signs, and its clock dates the cosignatures. Its key must serve
	// this witness only.
	Cosigner *Cosigner
	// Conflict is told of a fork, whose log signed it, before the answer is given;
	// if it is nil, forks are refused but not kept.
	// If it fails, the answer is status 500, so that the log's operator sees that
	// something is unresolved. A fork can be offered again and again.
	Conflict func(context.Context, Fork) error
	// Report, if set, is told why a request ended in status 500. The client is
	// not told.
	Report func(*http.Request, error)
}

// A refusal is an answer other than a cosignature.
type refusal struct {
	status int
	reason string
	size   int64 // that the witness knows, with StatusConflict
}

func (r *refusal) Error() string { return r.reason }

// ServeHTTP answers with the witness's signature line and status 200; or 400 if
// the request is malformed or its old size beyond its checkpoint, 404 if the log
// is unknown, 403 if no trusted key has signed, 409 with the size that the witness
// knows if the old size is another one or the root differs, 422 if consistency is
// not shown, and 413 if the body exceeds [MaxWitnessRequest].
func (w *Witness) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/add-checkpoint" {
		refuse(rw, http.StatusNotFound, "no such resource")
		return
	}
	if r.Method != http.MethodPost {
		rw.Header().Set("Allow", "POST")
		refuse(rw, http.StatusMethodNotAllowed, "only POST")
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, MaxWitnessRequest))
	if err != nil {
		var tooLong *http.MaxBytesError
		if errors.As(err, &tooLong) {
			refuse(rw, http.StatusRequestEntityTooLarge, fmt.Sprintf("more than %d bytes", MaxWitnessRequest))
			return
		}
		refuse(rw, http.StatusBadRequest, "body cannot be read")
		return
	}
	line, err := w.add(r.Context(), body)
	var refused *refusal
	switch {
	case err == nil:
		answer(rw, "text/plain; charset=utf-8", cacheNothing, line)
	case errors.As(err, &refused) && refused.status == http.StatusConflict:
		rw.Header().Set("Content-Type", sizeType)
		rw.Header().Set("Cache-Control", cacheNothing)
		rw.WriteHeader(http.StatusConflict)
		fmt.Fprintf(rw, "%d\n", refused.size)
	case errors.As(err, &refused):
		refuse(rw, refused.status, refused.reason)
	default:
		if w.Report != nil {
			w.Report(r, err)
		}
		refuse(rw, http.StatusInternalServerError, "the witness cannot answer at the moment")
	}
}

// add carries out one request, and returns a signature line, a refusal, or why the
// witness itself failed.
func (w *Witness) add(ctx context.Context, body []byte) ([]byte, error) {
	req, err := parseWitnessRequest(body)
	if err != nil {
		return nil, &refusal{status: http.StatusBadRequest, reason: err.Error()}
	}
	offered, err := w.open(req)
	if err != nil {
		return nil, err
	}
	if req.old > offered.Size {
		return nil, &refusal{status: http.StatusBadRequest, reason: "the old size is greater than that of the checkpoint"}
	}
	// The time is taken while no larger checkpoint can be remembered, for that is
	// what the cosignature states.
	var at time.Time
	var fork *Fork
	err = w.Memory.Update(ctx, req.checkpoint.Origin, func(seen Seen, found bool) (Seen, error) {
		fork = nil
		at = w.Cosigner.now()
		if !found {
			seen = Seen{Root: Edge{}.Root()}
		}
		if found && seen.Size == offered.Size && seen.Root != offered.Root {
			fork = &Fork{req.checkpoint.Origin, seen.Note, offered.Note}
		}
		if fork != nil || req.old != seen.Size {
			return Seen{}, &refusal{http.StatusConflict, "the witness knows another size or root", seen.Size}
		}
		if err := CheckConsistency(req.proof, seen.Size, seen.Root, offered.Size, offered.Root); err != nil {
			return Seen{}, &refusal{status: http.StatusUnprocessableEntity, reason: err.Error()}
		}
		return offered, nil
	})
	if fork != nil && w.Conflict != nil {
		if err := w.Conflict(ctx, *fork); err != nil {
			return nil, fmt.Errorf("keep fork of %q: %w", fork.Origin, err)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("remember %q at %d: %w", req.checkpoint.Origin, offered.Size, err)
	}
	sig, err := w.Cosigner.signAt(req.text, at)
	if err != nil {
		return nil, err
	}
	key := binary.BigEndian.AppendUint32(nil, w.Cosigner.KeyHash())
	return signatureLine(note.Signature{
		Name:   w.Cosigner.Name(),
		Base64: base64.StdEncoding.EncodeToString(append(key, sig...)),
	}), nil
}

// open verifies the log's signature. What it returns carries the signatures of
// the log only: others' lines were not checked and are not worth remembering.
func (w *Witness) open(req witnessRequest) (Seen, error) {
	origin := req.checkpoint.Origin
	keys := w.Logs(origin)
	if len(keys) == 0 {
		return Seen{}, &refusal{status: http.StatusNotFound, reason: "this witness does not know the log"}
	}
	c, n, err := openCheckpoint(req.signed, origin, keys, nil)
	if err != nil {
		return Seen{}, &refusal{status: http.StatusForbidden, reason: "no key trusted for the log has signed the checkpoint"}
	}
	kept, err := note.Sign(&note.Note{Text: n.Text, Sigs: n.Sigs})
	if err != nil {
		return Seen{}, fmt.Errorf("rewrite checkpoint of %q: %w", origin, err)
	}
	return Seen{c.Size, c.Root, kept}, nil
}

// A witnessRequest is the body of an add-checkpoint request. Only its form has
// been checked.
type witnessRequest struct {
	old        int64
	proof      []Hash
	signed     []byte     // the note, to its end
	text       []byte     // the part of the note that is signed
	checkpoint Checkpoint // what the text says
}

func (r witnessRequest) marshal() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "old %d\n", r.old)
	writeHashes(&b, r.proof)
	b.WriteByte('\n')
	b.Write(r.signed)
	return b.Bytes()
}

func parseWitnessRequest(body []byte) (witnessRequest, error) {
	if len(body) > MaxWitnessRequest {
		return witnessRequest{}, fmt.Errorf("request of %d bytes is longer than %d", len(body), MaxWitnessRequest)
	}
	head, signed, found := strings.Cut(string(body), "\n\n")
	if !found {
		return witnessRequest{}, errors.New("no empty line before the checkpoint")
	}
	first, hashes, more := strings.Cut(head, "\n")
	digits, found := strings.CutPrefix(first, "old ")
	if !found {
		return witnessRequest{}, errors.New("no old size")
	}
	var r witnessRequest
	var err error
	if r.old, err = parseDecimal(digits); err != nil {
		return witnessRequest{}, fmt.Errorf("old size: %w", err)
	}
	if more {
		if r.proof, err = parseHashes(hashes); err != nil {
			return witnessRequest{}, err
		}
	}
	r.signed = []byte(signed)
	if r.checkpoint, r.text, err = peekCheckpoint(r.signed); err != nil {
		return witnessRequest{}, err
	}
	return r, nil
}
