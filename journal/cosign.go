// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// maxAnswer bounds what is read of a witness's answer: a few signature lines, or
// a size.
const maxAnswer = 16 << 10

// ErrFork means that a witness holds another root for the very size that was
// offered to it: the log has two histories. A node must stop signing.
var ErrFork = errors.New("the witness has cosigned another tree of the same size")

// An AheadError means that a witness has cosigned a larger tree than the log now
// offers, as happens after the log was restored from a backup. A node must not
// sign anything below Size.
type AheadError struct {
	Witness string // the name of its key
	Size    int64  // that the witness has cosigned
	Offered int64  // that the log offered
}

func (e *AheadError) Error() string {
	return fmt.Sprintf("witness %q has cosigned a tree of %d leaves, beyond the %d offered", e.Witness, e.Size, e.Offered)
}

// A WitnessClient asks one witness for cosignatures on behalf of a log.
type WitnessClient struct {
	HTTP     *http.Client // carries the time limits
	URL      string       // submission prefix, without /add-checkpoint
	Verifier *CosignatureVerifier
	// Cosigned is the greatest size at which this witness is known to have cosigned the log. One that says it stands
	// below that is not asked to cosign: Cosign returns a [*ForgotError]. Zero asks whatever it says.
	Cosigned int64
}

// Cosign submits a signed checkpoint and returns the witness's signature line on
// it, verified, and the size that the witness now knows.
//
// oldSize is the size at which the log believes that the witness stands, zero if
// it has no idea; if wrong, the witness says where it stands and is asked once
// more. prove is called with sizes between which to prove consistency. On
// [*AheadError], [*ForgotError] and [ErrFork] the size is that of the witness too; with any other
// error it is zero.
func (c *WitnessClient) Cosign(ctx context.Context, checkpoint []byte, oldSize int64, prove func(old, size int64) ([]Hash, error)) (line []byte, size int64, err error) {
	offered, _, err := peekCheckpoint(checkpoint)
	if err != nil {
		return nil, 0, err
	}
	// A guess beyond the checkpoint would be a malformed request; the witness is
	// asked instead of believed to be there.
	if oldSize > offered.Size {
		oldSize = 0
	}
	line, known, err := c.submit(ctx, checkpoint, oldSize, offered.Size, prove)
	if err != nil || line != nil {
		return line, known, err
	}
	switch {
	case known > offered.Size:
		return nil, known, &AheadError{c.Verifier.Name(), known, offered.Size}
	case known < min(c.Cosigned, offered.Size):
		return nil, known, &ForgotError{c.Verifier.Name(), known, c.Cosigned}
	}
	again := known
	if again != oldSize {
		line, known, err = c.submit(ctx, checkpoint, again, offered.Size, prove)
		if err != nil || line != nil {
			return line, known, err
		}
	}
	switch {
	case known > offered.Size:
		return nil, known, &AheadError{c.Verifier.Name(), known, offered.Size}
	case known == offered.Size && known == again:
		return nil, known, fmt.Errorf("witness %q at %d leaves of %q: %w", c.Verifier.Name(), known, offered.Origin, ErrFork)
	}
	return nil, 0, fmt.Errorf("ask witness %q: it says that it stands at %d leaves of %q, but asked there it says %d", c.Verifier.Name(), again, offered.Origin, known)
}

// submit makes one request. It returns a line and the size offered; or no line and
// the size that the witness says it knows.
func (c *WitnessClient) submit(ctx context.Context, checkpoint []byte, old, size int64, prove func(old, size int64) ([]Hash, error)) ([]byte, int64, error) {
	var proof []Hash
	if old > 0 && old < size {
		var err error
		if proof, err = prove(old, size); err != nil {
			return nil, 0, fmt.Errorf("ask witness %q: %w", c.Verifier.Name(), err)
		}
	}
	body := witnessRequest{old: old, proof: proof, signed: checkpoint}.marshal()
	url := strings.TrimSuffix(c.URL, "/") + "/add-checkpoint"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, 0, fmt.Errorf("ask witness %q: %w", c.Verifier.Name(), err)
	}
	req.Header.Set("Content-Type", "text/plain; charset=utf-8")
	resp, err := c.HTTP.Do(req)
	if err != nil {
		return nil, 0, fmt.Errorf("ask witness %q: %w", c.Verifier.Name(), err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return nil, 0, fmt.Errorf("ask witness %q: read answer: %w", c.Verifier.Name(), err)
	}
	if len(answer) > maxAnswer {
		return nil, 0, fmt.Errorf("ask witness %q: answer is longer than %d bytes", c.Verifier.Name(), maxAnswer)
	}
	switch {
	case resp.StatusCode == http.StatusOK:
		line, err := c.line(checkpoint, answer)
		if err != nil {
			return nil, 0, err
		}
		return line, size, nil
	case resp.StatusCode == http.StatusConflict && resp.Header.Get("Content-Type") == sizeType:
		digits, found := strings.CutSuffix(string(answer), "\n")
		known, err := parseDecimal(digits)
		if err != nil || !found {
			return nil, 0, fmt.Errorf("ask witness %q: answer names no size", c.Verifier.Name())
		}
		return nil, known, nil
	}
	return nil, 0, fmt.Errorf("ask witness %q: status %d: %.200q", c.Verifier.Name(), resp.StatusCode, answer)
}

// line finds the witness's own signature in its answer, and verifies it. Lines of
// other keys are ignored.
func (c *WitnessClient) line(checkpoint, answer []byte) ([]byte, error) {
	_, text, err := peekCheckpoint(checkpoint)
	if err != nil {
		return nil, err
	}
	signed := bytes.Join([][]byte{text, answer}, []byte("\n"))
	n, err := note.Open(signed, note.VerifierList(c.Verifier))
	if err != nil {
		return nil, fmt.Errorf("ask witness %q: cosignature: %w", c.Verifier.Name(), err)
	}
	if n.Text != string(text) {
		return nil, fmt.Errorf("ask witness %q: answer is not made of signature lines", c.Verifier.Name())
	}
	return signatureLine(n.Sigs[0]), nil
}
