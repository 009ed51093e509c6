// SPDX-License-Identifier: Apache-2.0

package node

import (
	"crypto/sha256"
	"crypto/x509"
	"net/http"
	"strings"
	"time"

	"rogatory"
	"rogatory/envelope"
	"rogatory/journal"
	"rogatory/ledger"
	"rogatory/wire"
)

// validity is the span of time in which every certificate of a chain is valid.
type validity struct{ from, until time.Time }

// maxVouched bounds the certificates that are remembered: some for each of under 200 States. Strangers
// get none.
const maxVouched = 1024

// peerOf says which State a connection's certificate belongs to, by the directory as it is now.
func (n *Node) peerOf(certs []*x509.Certificate) (rogatory.StateCode, error) {
	unknown := rogatory.Fault(rogatory.Denied, "peer_unknown", "the certificate belongs to no State of the directory")
	if len(certs) == 0 || len(certs[0].Subject.Organization) != 1 {
		return "", unknown
	}
	code := rogatory.StateCode(certs[0].Subject.Organization[0])
	party, err := n.Party(code)
	if err != nil {
		return "", unknown
	}
	now := n.opt.Clock.Now()
	// Every message of a State comes with the same certificate, so a chain that held is remembered.
	key := sha256.Sum256([]byte(string(code) + "\n" + strings.Join(party.Certificates, "\n") + "\n" + string(certs[0].Raw)))
	n.mu.Lock()
	known, ok := n.vouched[key]
	n.mu.Unlock()
	if ok && !now.Before(known.from) && !now.After(known.until) {
		return code, nil
	}
	roots, err := envelope.Pool(party.Certificates)
	if err != nil {
		return "", unknown
	}
	chains, err := certs[0].Verify(x509.VerifyOptions{Roots: roots, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	if err != nil {
		return "", unknown
	}
	v := validity{certs[0].NotBefore, certs[0].NotAfter}
	for _, c := range chains[0] {
		if c.NotBefore.After(v.from) {
			v.from = c.NotBefore
		}
		if c.NotAfter.Before(v.until) {
			v.until = c.NotAfter
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.vouched) >= maxVouched {
		clear(n.vouched)
	}
	n.vouched[key] = v
	return code, nil
}

// Federation is the door for other States.
func (n *Node) Federation() (http.Handler, error) {
	return wire.New(wire.ServerConfig{Inbox: n.Office, Vault: n.Vault, Peer: n.peerOf, Clock: n.opt.Clock, Limits: n.opt.Limits, Logger: n.opt.Log, History: n})
}

// Public is the door for everybody: the journal's tiles, the witness, and the figures of drills.
func (n *Node) Public() (http.Handler, error) {
	cosigner, err := journal.NewCosigner(n.keys().WitnessSecret(), n.opt.Clock.Now)
	if err != nil {
		return nil, err
	}
	report := func(_ *http.Request, err error) { n.opt.Log.Error("public door", "code", rogatory.CodeOf(err)) }
	memory := ledger.Memory{Store: n.store, Clock: n.opt.Clock}
	witness := &journal.Witness{Logs: n.logs, Memory: memory, Cosigner: cosigner, Conflict: memory.Conflict, Report: report}
	mux := http.NewServeMux()
	mux.Handle("/journal/", http.StripPrefix("/journal", &journal.Handler{Source: n.Ledger, Report: report}))
	mux.HandleFunc("GET /journal/succession", n.successionDoor)
	mux.Handle("/witness/", http.StripPrefix("/witness", n.witnessDoor(witness)))
	mux.HandleFunc("GET "+figuresPath, n.serveFigures)
	mux.Handle("/oversight/", n.overseer())
	return mux, nil
}

// logs are the journals that this node witnesses: those of all other States.
func (n *Node) logs(origin string) []journal.Verifier {
	for _, p := range n.book.Book().Parties() {
		if p.JournalOrigin != origin || p.Code == n.config.State || n.strangeJournal(p.Code) != nil {
			continue
		}
		if v, err := journal.NewVerifier(p.JournalKey); err == nil {
			return []journal.Verifier{v}
		}
	}
	return nil
}
