// SPDX-License-Identifier: Apache-2.0

package court

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"filippo.io/age"
	"golang.org/x/mod/sumdb/tlog"

	"rogatory"
	"rogatory/asice"
	"rogatory/clock"
	"rogatory/directory"
	"rogatory/envelope"
	"rogatory/journal"
)

// The scene plays in 2020. Every certificate and every file of the directory has long run out on the
// day the tests run, so each of them is also the verification years later.
var morning = time.Date(2020, 3, 2, 9, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

// office is a State's office with its keys and its journal.
type office struct {
	t       testing.TB
	state   rogatory.StateCode
	party   rogatory.Party
	seal    asice.Signer
	log     journal.Signer
	witness *journal.Cosigner
	sent    map[rogatory.StateCode]int64
	journal ledger
}

// ledger is a journal in memory.
type ledger struct {
	hashes []journal.Hash
	salts  [][journal.SaltSize]byte
	bodies [][]byte
}

func (l *ledger) ReadHashes(indexes []int64) ([]journal.Hash, error) {
	var out []journal.Hash
	for _, i := range indexes {
		out = append(out, l.hashes[i])
	}
	return out, nil
}

// scene is a case between Aurelia (XA, which exports) and Borealia (XB), with Cascadia (XC) as witness.
type scene struct {
	testing.TB
	now      time.Time
	xa, xb   *office
	xc       *office
	stamper  asice.Signer
	serial   int64
	chain    fstest.MapFS
	root     []byte
	source   Source
	messages []rogatory.Message
	sealed   []int64 // entries of XB's journal
	refusal  string  // if set, the code with which deliveries are refused
}

func (s *scene) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func certificate(t testing.TB, name pkix.Name, public any, parent *x509.Certificate, signer any, change func(*x509.Certificate)) *x509.Certificate {
	t.Helper()
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: serial, Subject: name, NotBefore: morning.Add(-day), NotAfter: morning.Add(30 * day),
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment}
	change(c)
	if parent == nil {
		parent = c
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, public, signer)
	if err != nil {
		t.Fatal(err)
	}
	out, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func ecKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func authority(c *x509.Certificate) {
	c.IsCA, c.MaxPathLenZero = true, true
	c.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	c.NotAfter = morning.Add(365 * day)
}

func pemOf(c *x509.Certificate) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
}

func newOffice(t testing.TB, state rogatory.StateCode, stampRoot string) *office {
	t.Helper()
	lower := strings.ToLower(string(state))
	o := &office{t: t, state: state, sent: map[rogatory.StateCode]int64{}}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	root, sealing := ecKey(t), ecKey(t)
	ca := certificate(t, pkix.Name{Organization: []string{string(state)}, CommonName: string(state) + " certification authority"}, &root.PublicKey, nil, root, authority)
	o.seal = asice.Signer{Key: sealing, Certificate: certificate(t, pkix.Name{Organization: []string{string(state)}, OrganizationalUnit: []string{"justice"}, CommonName: string(state) + " Ministry of Justice"},
		&sealing.PublicKey, ca, root, func(*x509.Certificate) {})}
	logKey, logVerifier, err := journal.GenerateKey(rand.Reader, "journal."+lower+".rogatory")
	must(err)
	o.log, err = journal.NewSigner(logKey)
	must(err)
	witnessKey, witnessVerifier, err := journal.GenerateCosigner(rand.Reader, "witness."+lower+".rogatory")
	must(err)
	o.witness, err = journal.NewCosigner(witnessKey, func() time.Time { return morning.Add(time.Hour) })
	must(err)
	recipient := func() string {
		id, err := age.GenerateHybridIdentity()
		must(err)
		return id.Recipient().String()
	}
	o.party = rogatory.Party{Code: state, Name: "State of " + string(state), Mode: rogatory.Exercise, Languages: []string{"en"},
		Endpoint: "https://" + lower + ".example/federation",
		Authorities: []rogatory.Authority{{ID: "justice", Name: "Ministry of Justice", Roles: []rogatory.Role{rogatory.CentralAuthority},
			MessageRecipient: recipient(), EvidenceRecipient: recipient()}},
		Certificates: []string{pemOf(ca)}, TimeStampCertificates: []string{stampRoot},
		JournalOrigin: "journal." + lower + ".rogatory", JournalKey: logVerifier, JournalURL: "https://" + lower + ".example/journal/",
		WitnessKey: witnessVerifier, WitnessURL: "https://" + lower + ".example/witness/"}
	return o
}

func (o *office) address() rogatory.Address {
	return rogatory.Address{State: o.state, Authority: "justice"}
}

func (o *office) officer() rogatory.Actor {
	return rogatory.Actor{Address: o.address(), Officer: rogatory.Officer{Name: "Officer of " + string(o.state), Role: rogatory.Custodian}}
}

// record appends an entry and returns its number.
func (o *office) record(e rogatory.Entry) int64 {
	o.t.Helper()
	body, err := json.Marshal(e)
	if err != nil {
		o.t.Fatal(err)
	}
	var salt [journal.SaltSize]byte
	_, _ = rand.Read(salt[:])
	l := &o.journal
	n := int64(len(l.bodies))
	more, err := journal.Append(n, []journal.Leaf{journal.Commit(salt, body)}, l)
	if err != nil {
		o.t.Fatal(err)
	}
	l.hashes = append(l.hashes, more...)
	l.salts, l.bodies = append(l.salts, salt), append(l.bodies, body)
	if int64(len(l.hashes)) != tlog.StoredHashCount(n+1) {
		o.t.Fatal("the journal in memory is out of step")
	}
	return n
}

// checkpoint signs the journal as it is, with the cosignatures of the given States.
func (o *office) checkpoint(witnesses ...*office) []byte {
	o.t.Helper()
	size := int64(len(o.journal.bodies))
	root, err := journal.Root(size, &o.journal)
	if err != nil {
		o.t.Fatal(err)
	}
	signers := []journal.Signer{o.log}
	for _, w := range witnesses {
		signers = append(signers, w.witness)
	}
	note, err := journal.SignCheckpoint(journal.Checkpoint{Origin: o.party.JournalOrigin, Size: size, Root: root}, signers...)
	if err != nil {
		o.t.Fatal(err)
	}
	return note
}

func (o *office) prove(number int64, note []byte) []byte {
	o.t.Helper()
	l := &o.journal
	hashes, err := journal.ProveInclusion(int64(len(l.bodies)), number, l)
	if err != nil {
		o.t.Fatal(err)
	}
	text, err := journal.Proof{Extra: journal.MakeOpening(l.salts[number], l.bodies[number]), Index: number, Hashes: hashes, Checkpoint: note}.Marshal()
	if err != nil {
		o.t.Fatal(err)
	}
	return text
}

// stamp is the time-stamp authority at the scene's time.
func (s *scene) stamp(digest []byte) ([]byte, error) {
	s.serial++
	return asice.IssueStamp(asice.StampRequest{Digest: digest, Policy: asn1.ObjectIdentifier{2, 999}, Serial: big.NewInt(s.serial), Time: s.now}, s.stamper)
}

// send has a message signed by one office, delivered to the other, journaled and receipted by both.
func (s *scene) send(from, to *office, act rogatory.Act, body rogatory.Body) {
	s.Helper()
	s.now = s.now.Add(time.Minute)
	from.sent[to.state]++
	id := rogatory.MessageID(fmt.Sprintf("01890000-0000-7000-8000-%012d", len(s.messages)+1))
	m := rogatory.Message{Protocol: rogatory.Protocol, Mode: rogatory.Exercise, ID: id, Request: "XA-2020-7K3M9Q2P.1", From: from.address(), To: to.address(),
		Sequence: from.sent[to.state], Incarnation: 1, Sent: rogatory.At(s.now), Expires: rogatory.At(s.now.Add(day)), Act: act, By: from.officer().Officer, Body: body}
	s.messages = append(s.messages, m)
	s.source.Messages = append(s.source.Messages, s.deliver(m, from, to, from.seal))
}

func (s *scene) deliver(m rogatory.Message, from, to *office, seal asice.Signer) Message {
	s.Helper()
	container, digest, err := envelope.Sign(m, seal)
	s.must(err)
	ref := rogatory.MessageRef{ID: m.ID, Act: m.Act, From: from.state, To: to.state, Sequence: m.Sequence, Digest: digest}
	n := from.record(rogatory.Entry{Type: rogatory.MessageSent, At: m.Sent, By: from.officer(), Request: m.Request, Message: &ref})
	container, err = envelope.AttachProof(container, from.prove(n, from.checkpoint()))
	s.must(err)
	received := m.Sent.Add(time.Second)
	arrived, r := rogatory.Entry{Type: rogatory.MessageReceived, At: received, By: from.officer(), Request: m.Request, Message: &ref},
		rogatory.Receipt{Protocol: rogatory.Protocol, Mode: m.Mode, Message: m.ID, Digest: digest, From: to.address(), To: from.address(),
			Sequence: m.Sequence, Received: received, Outcome: rogatory.ReceivedOutcome}
	if s.refusal != "" {
		arrived.Type, ref.Code = rogatory.MessageRefused, s.refusal
		r.Outcome, r.Code = rogatory.RefusedOutcome, s.refusal
	}
	n = to.record(arrived)
	receipt, _, err := envelope.SignReceipt(r, to.seal)
	s.must(err)
	receipt, err = envelope.AttachProof(receipt, to.prove(n, to.checkpoint()))
	s.must(err)
	return Message{container, receipt}
}

// exhibit seals evidence as XB would. The age file is not played: only its description matters here.
func exhibit(number int, data []byte) rogatory.Exhibit {
	return rogatory.Exhibit{ID: rogatory.ExhibitID(fmt.Sprintf("XB-E-%012d", number)), Title: fmt.Sprintf("SSH log %d", number), FileName: "auth.log", MediaType: "text/plain",
		Acquired: "by order of the court of Borealia",
		Seal: rogatory.Seal{Size: int64(len(data)), SHA256: sha256.Sum256(data), SHA512: sha512.Sum512(data), SealedSize: int64(len(data)) + 200, SegmentSize: 1 << 20,
			Root: rogatory.DigestOf([]byte{byte(number)})},
		Limits:  rogatory.UseLimits{Purpose: "the intrusion at the port authority", Conditions: []string{"not to be used for the death penalty"}, Confidential: true},
		Expires: rogatory.At(morning.Add(10 * day))}
}

func key(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte("test key of " + name))
	return ed25519.NewKeyFromSeed(seed[:])
}

func public(name string) ed25519.PublicKey { return key(name).Public().(ed25519.PublicKey) }

// publish makes the directory in which all three States are; two of the three holders decide.
func (s *scene) publish(holders ...string) {
	s.Helper()
	clk := clock.NewManual(morning)
	repo, err := directory.Init(filepath.Join(s.TempDir(), "directory"), clk, directory.Terms{Mode: rogatory.Exercise, RootThreshold: 2,
		RootKeys: []ed25519.PublicKey{public(holders[0]), public(holders[1]), public(holders[2])}, OperatorKeys: []ed25519.PublicKey{public("op")},
		Life: directory.Life{Root: 365 * day, State: 365 * day, Snapshot: 30 * day, Timestamp: 10 * day}})
	s.must(err)
	offices := []*office{s.xa, s.xb, s.xc}
	for _, o := range offices {
		s.must(repo.AddState(o.state, []ed25519.PublicKey{public(string(o.state) + " anchor")}, 1))
	}
	for _, role := range []string{"root", "targets"} {
		s.must(repo.Sign(role, key(holders[0])))
		s.must(repo.Sign(role, key(holders[1])))
	}
	for _, o := range offices {
		s.must(repo.RotateState(o.state, key(string(o.state)+" anchor"), key(string(o.state)+" entry")))
		s.must(repo.SubmitParty(o.party, key(string(o.state)+" entry")))
	}
	book, err := repo.Publish(key("op"))
	s.must(err)
	s.chain = fstest.MapFS{}
	for name, data := range book.Files() {
		s.chain[name] = &fstest.MapFile{Data: data}
	}
	s.root = s.chain["1.root.json"].Data
}

// world is the scene before anything has happened: keys and directory. It is made once, for that takes
// longer than the story.
var world struct {
	sync.Once
	scene scene
}

// stage returns a scene of its own in that world.
func stage(t testing.TB) *scene {
	t.Helper()
	world.Do(func() {
		s := &scene{TB: t, now: morning}
		stampRoot, stamping := ecKey(t), ecKey(t)
		stampCA := certificate(t, pkix.Name{CommonName: "Exercise time root"}, &stampRoot.PublicKey, nil, stampRoot, authority)
		s.stamper = asice.Signer{Key: stamping, Certificate: certificate(t, pkix.Name{CommonName: "Exercise time"}, &stamping.PublicKey, stampCA, stampRoot, func(c *x509.Certificate) {
			value, _ := asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}})
			c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: value}}
		})}
		s.xa, s.xb, s.xc = newOffice(t, "XA", pemOf(stampCA)), newOffice(t, "XB", pemOf(stampCA)), newOffice(t, "XC", pemOf(stampCA))
		s.publish("h1", "h2", "h3")
		world.scene = *s
	})
	s := world.scene
	s.TB = t
	for _, o := range []**office{&s.xa, &s.xb, &s.xc} {
		own := **o
		own.t, own.sent = t, map[rogatory.StateCode]int64{}
		*o = &own
	}
	return &s
}

// begin plays the whole case, up to the day on which XA gives it to the court.
func begin(t testing.TB) *scene {
	t.Helper()
	s := stage(t)
	s.xa.record(rogatory.Entry{Type: rogatory.NodeCreated, At: rogatory.At(s.now), By: s.xa.officer()})
	s.xb.record(rogatory.Entry{Type: rogatory.NodeCreated, At: rogatory.At(s.now), By: s.xb.officer()})
	data := [][]byte{bytes.Repeat([]byte("sshd[1]: Accepted publickey for root\n"), 100), []byte("sshd[2]: Connection closed\n")}
	s.send(s.xa, s.xb, rogatory.Send, rogatory.Body{Request: &rogatory.Request{Kind: rogatory.StoredData, Title: "SSH logs of an intrusion",
		Offence: rogatory.Offence{Articles: []string{"7"}, Law: "Penal Code 207"}, Contents: map[string]string{"facts": "an intrusion <on> 1 March & after"}, Language: "en"}})
	s.send(s.xb, s.xa, rogatory.Acknowledge, rogatory.Body{})
	s.send(s.xb, s.xa, rogatory.Accept, rogatory.Body{})
	var custody []int64
	for i, d := range data {
		x := exhibit(i+1, d)
		s.sealed = append(s.sealed, s.xb.record(rogatory.Entry{Type: rogatory.ExhibitSealed, At: rogatory.At(s.now), By: s.xb.officer(), Request: "XA-2020-7K3M9Q2P.1", Exhibit: &x, Why: x.Acquired}))
		s.send(s.xb, s.xa, rogatory.Offer, rogatory.Body{Exhibit: &x})
		custody = append(custody, int64(len(s.xa.journal.bodies)-1))
		custody = append(custody, s.xa.record(rogatory.Entry{Type: rogatory.ExhibitReceived, At: rogatory.At(s.now), By: s.xa.officer(), Request: "XA-2020-7K3M9Q2P.1", Exhibit: &x, Why: "offered by XB"}))
		s.send(s.xa, s.xb, rogatory.Take, rogatory.Body{ExhibitID: x.ID, Root: x.Seal.Root})
		custody = append(custody, s.xa.record(rogatory.Entry{Type: rogatory.ExhibitOpened, At: rogatory.At(s.now), By: s.xa.officer(), Request: "XA-2020-7K3M9Q2P.1", Exhibit: &x, Why: "for the hearing of 9 March"}))
		s.source.Exhibits = append(s.source.Exhibits, Exhibit{x, func(w io.Writer) error { _, err := w.Write(d); return err },
			func() ([]byte, error) { return []byte("%PDF-1.7 certificate of " + string(x.ID)), nil }})
	}
	s.send(s.xb, s.xa, rogatory.Execute, rogatory.Body{Verdict: &rogatory.Verdict{}})

	s.now = s.now.Add(time.Hour)
	note := s.xa.checkpoint(s.xb, s.xc)
	for _, n := range custody {
		s.source.Custody = append(s.source.Custody, Entry{s.xa.prove(n, note)})
	}
	foreign := s.xb.checkpoint(s.xa)
	stamp := func(note []byte) []byte {
		text, err := stampedText(note)
		s.must(err)
		digest := sha256.Sum256(text)
		token, err := s.stamp(digest[:])
		s.must(err)
		return token
	}
	s.source.Checkpoints = []Checkpoint{{"XA", note, stamp(note)}, {"XB", foreign, stamp(foreign)}}
	s.source.Case, s.source.Title, s.source.Exporter = "XA-2020-7K3M9Q2P", "The port authority", s.xa.address()
	s.now = s.now.Add(time.Hour)
	s.source.Made = rogatory.At(s.now)
	s.source.Directory, s.source.TrustedRoot = s.chain, s.root
	s.source.Signer, s.source.Stamp = s.xa.seal, s.stamp
	return s
}

// write makes the package and returns its folder.
func (s *scene) write() string {
	s.Helper()
	dir := filepath.Join(s.TempDir(), "court-package")
	s.must(Write(context.Background(), dir, s.source, nil))
	return dir
}

// forge makes the package as an office would that has its own key and does not mind the rules: it
// leaves out the examination before publication.
func (s *scene) forge() string {
	s.Helper()
	dir := s.TempDir()
	a := &assembly{ctx: context.Background(), dir: dir, source: s.source, sums: map[string]sum{}, folded: map[string]bool{}}
	s.must(a.assemble())
	return dir
}

func (s *scene) verify(dir string) *Report {
	s.Helper()
	r, err := Verify(context.Background(), dir, Options{TrustedRoot: s.root})
	s.must(err)
	return r
}

// failures returns the sentences of the steps that failed, with their details.
func failures(r *Report) string {
	var out []string
	for _, f := range r.Findings {
		if !f.OK {
			out = append(out, f.Words+" "+strings.Join(f.Detail, "; "))
		}
	}
	return strings.Join(out, "\n")
}

func files(t testing.TB, dir string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			name, err = filepath.Rel(dir, name)
			out = append(out, filepath.ToSlash(name))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
