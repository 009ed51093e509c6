// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"time"

	"rogatory"
	"rogatory/docket"
)

// segment is the length of a segment, section 8.
const segment = 1 << 20

// askForEvidence sends an ordinary request, which the people of the examined node answer with an exhibit.
// It returns an empty reference where nobody waits for one.
func (e *exam) askForEvidence(ctx context.Context) (rogatory.RequestID, error) {
	if e.Wait == 0 {
		return "", nil
	}
	r, err := e.requestOf()
	if err != nil {
		return "", err
	}
	r.Title = "CONFORMANCE, mood evidence: accept this, seal a file of two MiB or more, and offer it"
	us := func(name string, role rogatory.OfficerRole) rogatory.Actor {
		return rogatory.Actor{Address: e.Office.Us, Officer: rogatory.Officer{Name: name, Role: role}}
	}
	to := rogatory.Address{State: e.Them.Code, Authority: e.Them.Authorities[0].ID}
	f, err := e.Office.Draft(ctx, us("conformance partner", rogatory.DutyOfficer), to, "", r)
	if err != nil {
		return "", err
	}
	// What our own safeguards ask is answered as in any office, by a person of another role: an examination repeats itself.
	decider := us("conformance decider", rogatory.Decider)
	if j, err := e.Office.Opinion(ctx, decider, f.ID, rogatory.Send, rogatory.Body{}); err != nil {
		return "", err
	} else if len(j.Lacks) > 0 {
		answers := map[string]string{}
		for _, code := range j.Need.Answer {
			answers[code] = "an examination of the protocol, which concerns nobody"
		}
		if _, err := e.Office.Approve(ctx, us("conformance custodian", rogatory.Custodian), f.ID, rogatory.Send, "", true, "", answers); err != nil {
			return "", err
		}
	}
	_, message, err := e.Office.Move(ctx, decider, f.ID, rogatory.Send, rogatory.Body{})
	if err != nil {
		return "", err
	}
	// Our own numbers come after it, so it has to be there first.
	err = e.await(ctx, answerTime, func() (bool, error) {
		_, err := e.Office.ReceiptOf(ctx, message)
		return err == nil, nil
	})
	if err != nil {
		return f.ID, nil //nolint:nilerr // the trials will say what is wrong with the node
	}
	return f.ID, nil
}

// await looks until something is so.
func (e *exam) await(ctx context.Context, limit time.Duration, look func() (bool, error)) error {
	end := e.Office.Clock.Now().Add(limit)
	for {
		ok, err := look()
		if ok || err != nil {
			return err
		}
		if e.Office.Clock.Now().After(end) {
			return untried("not within %s", limit)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-e.Office.Clock.After(lookEvery):
		}
	}
}

func (e *exam) awaitExhibit(ctx context.Context, asked rogatory.RequestID) error {
	if e.exhibit != nil {
		return nil
	}
	if asked == "" {
		return untried("no exhibit was waited for")
	}
	err := e.await(ctx, e.Wait, func() (bool, error) {
		f, err := e.Office.File(ctx, asked)
		for _, x := range f.Exhibits {
			if x.State == docket.Offered && x.Exhibit.Seal.SealedSize > segment {
				e.exhibit = &x.Exhibit
			}
		}
		return e.exhibit != nil, err
	})
	e.Wait = 0 // it is waited for once
	if err != nil {
		return untried("no exhibit of two segments was offered on %s: %v", asked, err)
	}
	return nil
}

func (e *exam) get(ctx context.Context, root rogatory.Digest, what string, header map[string]string) (answer, error) {
	return e.ask(ctx, e.http, http.MethodGet, e.door("exhibits/"+root.String()+"/"+what), "", nil, header)
}

// root is the RFC 6962 tree hash over leaf hashes.
func root(leaves [][]byte) []byte {
	if len(leaves) == 1 {
		return leaves[0]
	}
	k := 1
	for k*2 < len(leaves) {
		k *= 2
	}
	h := sha256.New()
	h.Write([]byte{1})
	h.Write(root(leaves[:k]))
	h.Write(root(leaves[k:]))
	return h.Sum(nil)
}

func leafOf(data []byte) []byte {
	h := sha256.New()
	h.Write([]byte{0})
	h.Write(data)
	return h.Sum(nil)
}

func exhibitTree(ctx context.Context, e *exam) error {
	a, err := e.get(ctx, e.exhibit.Seal.Root, "tree", nil)
	if err != nil {
		return err
	}
	if n := int(e.exhibit.Seal.Segments()); a.status != http.StatusOK || len(a.body) != n*sha256.Size {
		return fmt.Errorf("answered %s, want %d leaf hashes", a, n)
	}
	var leaves [][]byte
	for i := 0; i < len(a.body); i += sha256.Size {
		leaves = append(leaves, a.body[i:i+sha256.Size])
	}
	if !bytes.Equal(root(leaves), e.exhibit.Seal.Root[:]) {
		return fmt.Errorf("the leaf hashes give another root")
	}
	e.tree = a.body
	return nil
}

// fits says whether bytes are the segments from a number on.
func (e *exam) fits(data []byte, first int) error {
	for i := first; len(data) > 0; i++ {
		n := min(segment, len(data))
		if (i+1)*sha256.Size > len(e.tree) || !bytes.Equal(leafOf(data[:n]), e.tree[i*sha256.Size:(i+1)*sha256.Size]) {
			return fmt.Errorf("segment %d is not that of the tree", i)
		}
		data = data[n:]
	}
	return nil
}

func exhibitWhole(ctx context.Context, e *exam) error {
	if e.tree == nil {
		return untried("the tree was not read")
	}
	if e.exhibit.Seal.SealedSize > maxAnswer {
		return untried("the exhibit is larger than what is read")
	}
	a, err := e.get(ctx, e.exhibit.Seal.Root, "data", nil)
	if err != nil {
		return err
	}
	if want := `"` + e.exhibit.Seal.Root.String() + `"`; a.status != http.StatusOK || a.header.Get("ETag") != want || int64(len(a.body)) != e.exhibit.Seal.SealedSize {
		return fmt.Errorf("answered %s with ETag %.80q, want %d bytes and %s", a, a.header.Get("ETag"), e.exhibit.Seal.SealedSize, want)
	}
	return e.fits(a.body, 0)
}

func exhibitRange(ctx context.Context, e *exam) error {
	if e.tree == nil {
		return untried("the tree was not read")
	}
	last := min(2*segment, e.exhibit.Seal.SealedSize) - 1
	a, err := e.get(ctx, e.exhibit.Seal.Root, "data", map[string]string{"Range": fmt.Sprintf("bytes=%d-%d", segment, last)})
	if err != nil {
		return err
	}
	if want := fmt.Sprintf("bytes %d-%d/%d", segment, last, e.exhibit.Seal.SealedSize); a.status != http.StatusPartialContent || a.header.Get("Content-Range") != want || int64(len(a.body)) != last+1-segment {
		return fmt.Errorf("answered %s with %.60q, want 206 with %q", a, a.header.Get("Content-Range"), want)
	}
	return e.fits(a.body, 1)
}

func cutRange(ctx context.Context, e *exam) error {
	a, err := e.get(ctx, e.exhibit.Seal.Root, "data", map[string]string{"Range": "bytes=1-1000"})
	return wantStatus(a, err, http.StatusRequestedRangeNotSatisfiable)
}

func notOffered(ctx context.Context, e *exam) error {
	a, err := e.get(ctx, rogatory.DigestOf([]byte("an exhibit that nobody has")), "data", nil)
	if err != nil {
		return err
	}
	if p, ok := a.problem(); !ok || p.Kind != rogatory.NotFound {
		return fmt.Errorf("answered %s, and not as not_found", a)
	}
	return nil
}
