// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"fmt"
	"net/http"

	"rogatory"
	"rogatory/vault"
)

// arrival is an exhibit that a peer is bringing. All requests about it share one transfer of the
// vault; the last one to leave closes it, or commits it when it is complete, so that nothing lies
// open while nobody is talking.
type arrival struct {
	in    *vault.Incoming // nil if the exhibit is held already
	users int             // guarded by Server.mu
}

// arrive begins a request about an exhibit that the peer may bring. Without an error the caller
// calls depart.
func (s *Server) arrive(x *exchange) (rogatory.Seal, *arrival, error) {
	root, err := x.root()
	if err != nil {
		return rogatory.Seal{}, nil, err
	}
	seal, err := s.config.Inbox.Incoming(x.r.Context(), x.peer, root)
	if err != nil {
		return rogatory.Seal{}, nil, err
	}
	if seal.Root != root {
		return rogatory.Seal{}, nil, fmt.Errorf("the office gave a wrong seal for exhibit %s", root.Short())
	}
	// The vault's few synced steps are done under the lock: between Commit and the next Expect
	// there must be nobody.
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.arrivals[root]; a != nil {
		a.users++
		return seal, a, nil
	}
	a := &arrival{users: 1}
	a.in, err = s.config.Vault.Expect(seal)
	if err != nil {
		a.in = nil
		if rogatory.CodeOf(err) != "exhibit_held" {
			return rogatory.Seal{}, nil, err
		}
	}
	s.arrivals[root] = a
	return seal, a, nil
}

// depart ends the request and says what is held, synced. If that is everything, the office knows
// it before the peer does.
func (s *Server) depart(x *exchange, seal rogatory.Seal, a *arrival) (standing, error) {
	var now standing
	var err error
	if a.in != nil {
		// In this order what other requests put meanwhile makes no gap that is missing from the list.
		for _, r := range a.in.Missing(maxRanges) {
			now.Missing = append(now.Missing, span(r))
		}
		now.Have, now.Total = a.in.Done()
		now.Tree = a.in.HasTree()
		err = a.in.Flush() // only now may it be claimed
	}

	s.mu.Lock()
	a.users--
	last := a.users == 0
	if last {
		delete(s.arrivals, seal.Root)
	}
	whole := a.in == nil
	if last && a.in != nil {
		// Others may have put the last segment since now was taken, so the transfer is asked again.
		have, total := a.in.Done()
		end := a.in.Close
		if have == total && a.in.HasTree() && err == nil {
			end, whole = a.in.Commit, true
		}
		if endErr := end(); err == nil {
			err = endErr
		}
	}
	s.mu.Unlock()
	if err == nil && whole {
		err = s.config.Inbox.Arrived(x.r.Context(), x.peer, seal.Root)
		now = standing{Have: seal.Segments(), Total: seal.Segments(), Tree: true, Done: true}
	}
	if err != nil {
		return standing{}, err
	}
	return now, nil
}

func (s *Server) getMissing(x *exchange) error {
	return s.receive(x, func(rogatory.Seal, *vault.Incoming) error { return nil })
}

func (s *Server) putTree(x *exchange) error {
	return s.receive(x, func(_ rogatory.Seal, in *vault.Incoming) error { return in.SetTree(x) })
}

func (s *Server) putSegments(x *exchange) error {
	return s.receive(x, func(seal rogatory.Seal, in *vault.Incoming) error {
		first, err := offset(x.r.URL.Query().Get("first"))
		if err != nil || first >= seal.Segments() {
			return rogatory.Fault(rogatory.Invalid, "range_invalid", "exhibit %s has %d segments, not a segment %.20q",
				seal.Root.Short(), seal.Segments(), x.r.URL.Query().Get("first"))
		}
		if x.r.ContentLength > length(seal.SealedSize, first, seal.Segments()-first) {
			x.status = http.StatusRequestEntityTooLarge
			return rogatory.Fault(rogatory.Invalid, "range_invalid", "%d bytes from segment %d of exhibit %s, which ends before that",
				x.r.ContentLength, first, seal.Root.Short())
		}
		_, err = in.PutFrom(x.r.Context(), first, x)
		return err
	})
}

// receive is the frame of all requests about an exhibit that is brought: what a take step kept stays,
// also when it fails.
func (s *Server) receive(x *exchange, take func(rogatory.Seal, *vault.Incoming) error) error {
	release, err := s.quota.transfer(x.peer, vault.SegmentSize)
	if err != nil {
		return err
	}
	defer release()
	seal, a, err := s.arrive(x)
	if err != nil {
		return err
	}
	var failed error
	if a.in != nil {
		failed = take(seal, a.in)
	}
	now, err := s.depart(x, seal, a)
	if failed != nil {
		return cut(failed, fmt.Sprintf("receive exhibit %s", seal.Root.Short()))
	}
	if err != nil {
		return err
	}
	return x.answerJSON(now)
}
