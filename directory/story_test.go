// SPDX-License-Identifier: Apache-2.0

package directory

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/theupdateframework/go-tuf/v2/metadata"

	"rogatory"
	"rogatory/clock"
)

// The stage of the stories: five holders, of whom three decide, two operators, and the States
// Aurelia (XA) and Borealia (XB), each with an anchor and an entry key.

var opening = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

func key(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte("test key of " + name))
	return ed25519.NewKeyFromSeed(seed[:])
}

func public(names ...string) []ed25519.PublicKey {
	var list []ed25519.PublicKey
	for _, n := range names {
		list = append(list, key(n).Public().(ed25519.PublicKey))
	}
	return list
}

var lives = Life{Root: 365 * day, State: 365 * day, Snapshot: 30 * day, Timestamp: 10 * day}

func terms() Terms {
	return Terms{
		Mode: rogatory.Exercise, RootThreshold: 3, RootKeys: public("h1", "h2", "h3", "h4", "h5"),
		OperatorKeys: public("op1", "op2"), Life: lives,
	}
}

type story struct {
	testing.TB
	clock *clock.Manual
	repo  *Repository
}

func (s story) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s story) refused(err error, kind rogatory.Kind, code string) {
	s.Helper()
	if err == nil {
		s.Fatalf("accepted, wanted %s/%s", kind, code)
	}
	if rogatory.KindOf(err) != kind || rogatory.CodeOf(err) != code {
		s.Fatalf("refused as %s/%s (%v), wanted %s/%s", rogatory.KindOf(err), rogatory.CodeOf(err), err, kind, code)
	}
}

func (s story) sign(role string, holders ...string) {
	s.Helper()
	for _, h := range holders {
		s.must(s.repo.Sign(role, key(h)))
	}
}

func (s story) publish() *Book {
	s.Helper()
	b, err := s.repo.Publish(key("op1"))
	s.must(err)
	return b
}

// begin tells everything up to the day on which XA and XB are in the published directory.
func begin(t testing.TB) story {
	t.Helper()
	s := story{TB: t, clock: clock.NewManual(opening)}
	var err error
	s.repo, err = Init(filepath.Join(t.TempDir(), "directory"), s.clock, terms())
	s.must(err)
	for _, code := range []rogatory.StateCode{"XA", "XB"} {
		s.must(s.repo.AddState(code, public(string(code)+" anchor"), 1))
	}
	s.sign("root", "h1", "h2", "h3")
	s.sign("targets", "h1", "h2", "h3")
	for _, code := range []rogatory.StateCode{"XA", "XB"} {
		s.must(s.repo.RotateState(code, key(string(code)+" anchor"), key(string(code)+" entry")))
		s.must(s.repo.SubmitParty(party(code), key(string(code)+" entry")))
	}
	s.publish()
	return s
}

func (s story) trustedRoot() []byte {
	s.Helper()
	data, err := os.ReadFile(filepath.Join(s.repo.Published(), "1.root.json"))
	s.must(err)
	return data
}

func (s story) client(source Source) *Client {
	s.Helper()
	c, err := New(Config{Dir: s.TempDir(), TrustedRoot: s.trustedRoot(), Source: source, Clock: s.clock, Mode: rogatory.Exercise, Grace: 20 * day})
	s.must(err)
	return c
}

func (s story) update(c *Client) *Book {
	s.Helper()
	b, err := c.Update(context.Background())
	s.must(err)
	return b
}

// published reads the published folder, as a mirror or an attacker sees it.
func (s story) published() mirror {
	s.Helper()
	m := mirror{}
	s.must(filepath.Walk(s.repo.Published(), func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		name, _ := filepath.Rel(s.repo.Published(), path)
		m[filepath.ToSlash(name)], err = os.ReadFile(path)
		return err
	}))
	return m
}

// mirror is a source in memory that a test can tamper with.
type mirror map[string][]byte

func (m mirror) Fetch(_ context.Context, name string, limit int64) ([]byte, error) {
	return fromMap(m)(name, limit)
}

// forge has the holder of a key sign a changed file, and an operator in league with it bind it.
func (m mirror) forge(t testing.TB, name, signer string, change func(signed map[string]any)) {
	t.Helper()
	m[name] = resign(t, m[name], signer, change)
	if name == "timestamp.json" {
		return
	}
	snapshot := m.latest(".snapshot.json")
	if name != snapshot {
		_, role, _ := strings.Cut(name, ".")
		m[snapshot] = resign(t, m[snapshot], "op1", func(signed map[string]any) {
			meta := signed["meta"].(map[string]any)
			meta[role].(map[string]any)["length"] = len(m[name])
			meta[role].(map[string]any)["hashes"] = map[string]any{"sha256": fmt.Sprintf("%x", digest(m[name]))}
		})
	}
	m["timestamp.json"] = resign(t, m["timestamp.json"], "op1", func(signed map[string]any) {
		meta := signed["meta"].(map[string]any)["snapshot.json"].(map[string]any)
		meta["length"] = len(m[snapshot])
		meta["hashes"] = map[string]any{"sha256": fmt.Sprintf("%x", digest(m[snapshot]))}
	})
}

func (m mirror) latest(suffix string) string {
	var names []string
	for name := range m {
		if strings.HasSuffix(name, suffix) {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int { return len(a)*1000 - len(b)*1000 + strings.Compare(a, b) })
	return names[len(names)-1]
}

// resign signs whatever JSON it is given: unlike the library, it does not care about its form. What
// it writes has sorted names and no spaces, which is canonical JSON for the values used here.
func resign(t testing.TB, data []byte, signer string, change func(signed map[string]any)) []byte {
	t.Helper()
	var file map[string]any
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(&file); err != nil {
		t.Fatal(err)
	}
	change(file["signed"].(map[string]any))
	payload, err := json.Marshal(file["signed"])
	if err != nil {
		t.Fatal(err)
	}
	var sigs []any
	for _, s := range strings.Fields(strings.ReplaceAll(signer, ",", " ")) {
		k := key(strings.ReplaceAll(s, "_", " "))
		id, err := KeyID(k.Public().(ed25519.PublicKey))
		if err != nil {
			t.Fatal(err)
		}
		sigs = append(sigs, map[string]any{"keyid": id, "sig": fmt.Sprintf("%x", ed25519.Sign(k, payload))})
	}
	file["signatures"] = sigs
	out, err := json.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

var parties = map[rogatory.StateCode]rogatory.Party{} // made once: key generation is slow

func party(code rogatory.StateCode) rogatory.Party {
	if p, ok := parties[code]; ok {
		return cloneParty(p)
	}
	recipient := func() string {
		id, err := age.GenerateHybridIdentity()
		if err != nil {
			panic(err)
		}
		return id.Recipient().String()
	}
	lower := strings.ToLower(string(code))
	parties[code] = rogatory.Party{
		Code: code, Name: "State of " + string(code), Mode: rogatory.Exercise, Languages: []string{"en", "fr"},
		Endpoint: "https://" + lower + ".example/federation",
		Authorities: []rogatory.Authority{{
			ID: "justice", Name: "Ministry of Justice", Roles: []rogatory.Role{rogatory.CentralAuthority, rogatory.PointOfContact},
			MessageRecipient: recipient(), EvidenceRecipient: recipient(),
		}},
		Certificates:  []string{authority(string(code))},
		JournalOrigin: "journal." + lower + ".rogatory", JournalKey: vkey("journal."+lower+".rogatory", keyOfLog),
		JournalURL: "https://" + lower + ".example/journal/",
		WitnessKey: vkey("witness."+lower+".rogatory", keyOfWitness), WitnessURL: "https://" + lower + ".example/witness/",
		ContactPoints: []rogatory.ContactPoint{{Name: "Desk", Telephone: "+999 1", Languages: []string{"en"}, Zone: "Etc/UTC"}},
	}
	return cloneParty(parties[code])
}

func vkey(name string, kind byte) string {
	k := append([]byte{kind}, key(name).Public().(ed25519.PublicKey)...)
	sum := sha256.Sum256(append([]byte(name+"\n"), k...))
	return fmt.Sprintf("%s+%x+%s", name, sum[:4], base64.StdEncoding.EncodeToString(k))
}

func authority(name string) string {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: opening, NotAfter: opening.Add(3650 * day),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, k.Public(), k)
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// Five holders sit in five capitals. The proposal travels; keys do not.
func TestCeremony(t *testing.T) {
	s := story{TB: t, clock: clock.NewManual(opening)}
	desk := filepath.Join(t.TempDir(), "operator")
	var err error
	s.repo, err = Init(desk, s.clock, terms())
	s.must(err)
	s.must(s.repo.AddState("XA", public("XA anchor"), 1))
	_, err = Init(desk, s.clock, terms())
	s.refused(err, rogatory.Conflict, "directory_exists")

	// h1 and h2 pass one stick on; h3 signs a copy that came by courier.
	carry := func(from string) (string, *Repository) {
		to := filepath.Join(t.TempDir(), "stick")
		s.must(os.CopyFS(to, os.DirFS(from)))
		r, err := Open(to, s.clock)
		s.must(err)
		return to, r
	}
	stick1, capital1 := carry(desk)
	seen, err := capital1.Proposals()
	s.must(err)
	if len(seen) != 2 || seen[0].Role != "root" || seen[0].Missing != 3 || !slices.Contains(seen[0].Content, "mode exercise") {
		t.Fatalf("h1 is shown %+v", seen)
	}
	s.must(capital1.Sign("root", key("h1")))
	s.must(capital1.Sign("targets", key("h1")))
	stick2, capital2 := carry(stick1)
	s.must(capital2.Sign("root", key("h2")))
	s.must(capital2.Sign("root", key("h2"))) // twice is as good as once
	s.must(capital2.Sign("targets", key("h2")))
	s.refused(capital2.Sign("root", key("passer-by")), rogatory.Untrusted, "directory_signature")
	stick3, capital3 := carry(desk)
	s.must(capital3.Sign("root", key("h3")))
	s.must(capital3.Sign("targets", key("h3")))

	s.must(s.repo.Gather(stick2))
	_, err = s.repo.Publish(key("op1"))
	s.refused(err, rogatory.Untrusted, "directory_threshold") // two of three
	if len(s.published()) != 0 {
		t.Fatal("something was published by two of three")
	}
	s.refused(s.repo.AddState("XB", public("XB anchor"), 1), rogatory.Conflict, "directory_signed")

	s.must(s.repo.Gather(stick3))
	s.must(s.repo.Gather(stick3)) // again is harmless
	_, err = s.repo.Publish(key("h1"))
	s.refused(err, rogatory.Untrusted, "directory_signature") // a holder is no operator
	s.publish()
	if left, err := s.repo.Proposals(); err != nil || len(left) != 0 {
		t.Fatalf("left over: %v, %v", left, err)
	}

	// XA hands in its entry on a stick of its own. It needs nobody's key but its own.
	stickA, xa := carry(desk)
	s.must(xa.RotateState("XA", key("XA anchor"), key("XA entry")))
	s.must(xa.SubmitParty(party("XA"), key("XA entry")))
	s.must(s.repo.Gather(stickA))
	s.publish()
	book := s.update(s.client(FolderSource{s.repo.Published()}))
	got, err := book.Party("XA")
	s.must(err)
	if got.Endpoint != "https://xa.example/federation" || book.Mode() != rogatory.Exercise || book.Version() != (Version{1, 1, 2, 2}) {
		t.Fatalf("read %v, mode %s, versions %+v", got, book.Mode(), book.Version())
	}

	// Whoever changes a proposal on the way is found out when the copies meet.
	s.must(s.repo.AddState("XB", public("XB anchor"), 1))
	stick, other := carry(desk)
	s.must(other.Withdraw("targets"))
	s.must(other.AddState("XB", public("somebody else"), 1))
	s.must(other.Sign("targets", key("h1")))
	s.refused(s.repo.Gather(stick), rogatory.Conflict, "directory_proposal")
}

func TestRefusedTerms(t *testing.T) {
	for name, change := range map[string]func(*Terms){
		"half of the holders is not a majority": func(t *Terms) { t.RootThreshold = 2; t.RootKeys = t.RootKeys[:4] },
		"more votes than holders":               func(t *Terms) { t.RootThreshold = 6 },
		"one holder twice":                      func(t *Terms) { t.RootKeys[1] = t.RootKeys[0] },
		"no operator":                           func(t *Terms) { t.OperatorKeys = nil },
		"an operator who is a holder":           func(t *Terms) { t.OperatorKeys = public("h1") },
		"no mode":                               func(t *Terms) { t.Mode = "" },
		"a timestamp that outlives its root":    func(t *Terms) { t.Life.Timestamp = 400 * day },
		"no life":                               func(t *Terms) { t.Life = Life{} },
	} {
		terms := terms()
		change(&terms)
		if _, err := Init(filepath.Join(t.TempDir(), "d"), clock.NewManual(opening), terms); rogatory.CodeOf(err) != "directory_terms" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A State changes its endpoint and its key without asking anybody, and cannot speak for another.
func TestStateActsAlone(t *testing.T) {
	s := begin(t)
	c := s.client(FolderSource{s.repo.Published()})
	before := s.update(c)

	moved := party("XA")
	moved.Endpoint = "https://new.xa.example/federation"
	s.must(s.repo.SubmitParty(moved, key("XA entry")))
	s.publish()
	if p, _ := s.update(c).Party("XA"); p.Endpoint != moved.Endpoint {
		t.Fatalf("the endpoint is still %s", p.Endpoint)
	}
	if p, _ := before.Party("XA"); p.Endpoint == moved.Endpoint {
		t.Fatal("an old book changed under its reader")
	}

	s.must(s.repo.RotateState("XA", key("XA anchor"), key("XA second")))
	s.publish()
	if p, err := s.update(c).Party("XA"); err != nil || p.Endpoint != moved.Endpoint {
		t.Fatalf("after the rotation: %v, %v", p.Endpoint, err)
	}
	s.refused(s.repo.SubmitParty(moved, key("XA entry")), rogatory.Untrusted, "directory_signature")
	s.must(s.repo.SubmitParty(moved, key("XA second")))
	s.publish()
	s.update(c)

	// The tool refuses the wrong key, and so does a client if the tool did not.
	s.refused(s.repo.SubmitParty(moved, key("XB entry")), rogatory.Untrusted, "directory_signature")
	s.refused(s.repo.RotateState("XA", key("XB anchor"), key("mallory")), rogatory.Untrusted, "directory_signature")
	s.refused(s.repo.RotateState("XA", key("XA second"), key("mallory")), rogatory.Untrusted, "directory_signature")
	s.refused(s.repo.RotateState("XC", key("XA anchor"), key("mallory")), rogatory.NotFound, "unknown_state")
	for name, forge := range map[string]func(m mirror){
		"XB signs XA's role": func(m mirror) {
			m.forge(t, m.latest(".XA-entry.json"), "XB_entry", func(map[string]any) {})
		},
		"XB's role lists XA's entry too": func(m mirror) {
			m.forge(t, m.latest(".XB-entry.json"), "XB_entry", func(signed map[string]any) {
				targets := signed["targets"].(map[string]any)
				targets["XA/party.json"] = targets["XB/party.json"]
			})
		},
		"XB's anchor delegates XA/*": func(m mirror) {
			m.forge(t, m.latest(".XB.json"), "XB_anchor", func(signed map[string]any) {
				signed["delegations"].(map[string]any)["roles"].([]any)[0].(map[string]any)["paths"] = []string{"XA/*"}
			})
		},
		"XB publishes XA's entry as its own": func(m mirror) {
			data, _ := MarshalParty(party("XA"))
			m[targetName("XB", digest(data))] = data
			m.forge(t, m.latest(".XB-entry.json"), "XB_entry", func(signed map[string]any) {
				signed["targets"].(map[string]any)["XB/party.json"] = map[string]any{
					"length": len(data), "hashes": map[string]any{"sha256": fmt.Sprintf("%x", digest(data))},
				}
			})
		},
	} {
		m := s.published()
		forge(m)
		_, err := s.client(m).Update(context.Background())
		if rogatory.KindOf(err) != rogatory.Untrusted {
			t.Errorf("%s: %v", name, err)
		}
	}

	// Two of XA's three anchor holders are needed, if XA so wishes.
	s.must(s.repo.RemoveState("XA"))
	s.must(s.repo.AddState("XA", public("a1", "a2", "a3"), 2))
	s.sign("targets", "h1", "h4", "h5")
	s.must(s.repo.RotateState("XA", key("a1"), key("XA third")))
	s.must(s.repo.SubmitParty(moved, key("XA third")))
	_, err := s.repo.Publish(key("op2"))
	s.refused(err, rogatory.Untrusted, "directory_threshold")
	s.sign("XA", "a3")
	s.publish()
	if p, err := s.update(c).Party("XA"); err != nil || p.Endpoint != moved.Endpoint {
		t.Fatalf("with a new anchor: %v, %v", p.Endpoint, err)
	}

	// A State that has left is gone from the book.
	s.must(s.repo.RemoveState("XB"))
	s.sign("targets", "h1", "h2", "h3")
	s.publish()
	_, err = s.update(c).Party("XB")
	s.refused(err, rogatory.NotFound, "unknown_state")
}

func TestRootRotation(t *testing.T) {
	s := begin(t)
	c := s.client(FolderSource{s.repo.Published()})
	s.update(c)

	// h4 and h5 hand over to h6 and h7.
	s.must(s.repo.RotateRoot(Terms{RootKeys: public("h1", "h2", "h3", "h6", "h7")}))
	s.sign("root", "h1", "h2", "h6")
	s.sign("targets", "h1", "h2", "h6")
	_, err := s.repo.Publish(key("op1"))
	s.refused(err, rogatory.Untrusted, "directory_threshold") // three of the new, two of the old

	// A repository that published it all the same would not be believed.
	m := s.published()
	data, err := s.repo.pending("root")
	s.must(err)
	m["2.root.json"] = data
	_, err = s.client(m).Update(context.Background())
	s.refused(err, rogatory.Untrusted, "directory_threshold")

	if p, err := s.repo.Proposals(); err != nil || p[0].Missing != 1 || len(p[0].Signed) != 3 {
		t.Fatalf("the holders are told %+v, %v", p, err)
	}
	s.sign("root", "h4") // who leaves signs the hand-over
	s.publish()
	if b := s.update(c); b.Version().Root != 2 || len(b.Parties()) != 2 {
		t.Fatalf("root %d, %d parties", b.Version().Root, len(b.Parties()))
	}

	// An operator's key is stolen. The thief drives the version up, so that no true news could follow.
	m = s.published()
	m.forge(t, "timestamp.json", "op1", func(signed map[string]any) { signed["version"] = 1 << 40 })
	duped := s.client(m)
	s.update(duped)
	duped.config.Source = FolderSource{s.repo.Published()}
	_, err = duped.Update(context.Background())
	s.refused(err, rogatory.Untrusted, "directory_rollback")
	s.must(s.repo.RotateRoot(Terms{OperatorKeys: public("op2", "op3")}))
	s.sign("root", "h1", "h2", "h3")
	s.sign("targets", "h1", "h2", "h3")
	_, err = s.repo.Publish(key("op1"))
	s.refused(err, rogatory.Untrusted, "directory_signature")
	_, err = s.repo.Publish(key("op2"))
	s.must(err)
	s.update(c)
	s.update(duped) // the States have undone it

	s.refused(s.repo.RotateRoot(Terms{Mode: rogatory.Live}), rogatory.ModeMismatch, "mode_mismatch")

	// The yearly renewal: same keys, later dates.
	s.clock.Advance(300 * day)
	old := c.Book().trusted.Root.Signed.Expires
	s.must(s.repo.RotateRoot(Terms{}))
	s.sign("root", "h6", "h7", "h1")
	s.sign("targets", "h6", "h7", "h1")
	_, err = s.repo.Publish(key("op3"))
	s.must(err)
	if b := s.update(c); !b.trusted.Root.Signed.Expires.After(old) || b.Version().Root != 4 {
		t.Fatalf("root %d until %s", b.Version().Root, b.trusted.Root.Signed.Expires)
	}
}

// Whatever a mirror, or an operator who turned coat, does: refused, and the last good book stays.
func TestAttacks(t *testing.T) {
	s := begin(t)
	old := s.published()
	s.clock.Advance(day)
	moved := party("XA")
	moved.Endpoint = "https://new.xa.example/federation"
	s.must(s.repo.SubmitParty(moved, key("XA entry")))
	s.publish()
	good := s.published()

	for _, a := range []struct {
		name   string
		attack func(m mirror)
		kind   rogatory.Kind
		code   string
	}{
		{"timestamp rolled back", func(m mirror) { m["timestamp.json"] = old["timestamp.json"] }, rogatory.Untrusted, "directory_rollback"},
		{"whole directory rolled back", func(m mirror) { clear(m); maps.Copy(m, old) }, rogatory.Untrusted, "directory_rollback"},
		{"entry rolled back by an operator", func(m mirror) {
			m.forge(t, "2.snapshot.json", "op1", func(signed map[string]any) {
				var first map[string]any
				_ = json.Unmarshal(old["1.snapshot.json"], &first)
				signed["meta"] = first["signed"].(map[string]any)["meta"]
			})
			m.forge(t, "timestamp.json", "op1", func(signed map[string]any) { signed["version"] = 3 })
		}, rogatory.Untrusted, "directory_tampered"}, // two snapshots under version 2
		{"entry rolled back under a new snapshot", func(m mirror) {
			m["3.snapshot.json"] = resign(t, m["1.snapshot.json"], "op1", func(signed map[string]any) { signed["version"] = 3 })
			m.forge(t, "3.snapshot.json", "op1", func(map[string]any) {})
			m.forge(t, "timestamp.json", "op1", func(signed map[string]any) {
				signed["version"] = 3
				signed["meta"].(map[string]any)["snapshot.json"].(map[string]any)["version"] = 3
			})
		}, rogatory.Untrusted, "directory_rollback"},
		{"a State dropped by an operator", func(m mirror) {
			m["3.snapshot.json"] = resign(t, m["2.snapshot.json"], "op1", func(signed map[string]any) {
				signed["version"] = 3
				delete(signed["meta"].(map[string]any), "XB.json")
			})
			m.forge(t, "3.snapshot.json", "op1", func(map[string]any) {})
			m.forge(t, "timestamp.json", "op1", func(signed map[string]any) {
				signed["version"] = 3
				signed["meta"].(map[string]any)["snapshot.json"].(map[string]any)["version"] = 3
			})
		}, rogatory.Untrusted, "directory_rollback"},
		{"two files under one version of a State's role", func(m mirror) {
			m["3.snapshot.json"] = resign(t, m["2.snapshot.json"], "op1", func(signed map[string]any) { signed["version"] = 3 })
			m.forge(t, "2.XA-entry.json", "XA_entry", func(signed map[string]any) { signed["expires"] = "2027-01-01T00:00:00Z" })
			m.forge(t, "timestamp.json", "op1", func(signed map[string]any) {
				signed["version"] = 3
				signed["meta"].(map[string]any)["snapshot.json"].(map[string]any)["version"] = 3
			})
		}, rogatory.Untrusted, "directory_tampered"},
		{"two timestamps of one version", func(m mirror) {
			m.forge(t, "timestamp.json", "op1", func(signed map[string]any) { signed["expires"] = "2026-12-24T00:00:00Z" })
		}, rogatory.Untrusted, "directory_tampered"},
		{"older snapshot under a newer timestamp", func(m mirror) { m["2.snapshot.json"] = old["1.snapshot.json"] }, rogatory.Untrusted, "directory_tampered"},
		{"signed by a stranger", func(m mirror) {
			m["timestamp.json"] = resign(t, m["timestamp.json"], "mallory", func(map[string]any) {})
		}, rogatory.Untrusted, "directory_signature"},
		{"root of strangers", func(m mirror) {
			m["2.root.json"] = resign(t, m["1.root.json"], "m1,m2,m3", func(signed map[string]any) { signed["version"] = 2 })
		}, rogatory.Untrusted, "directory_signature"},
		{"root of two holders", func(m mirror) {
			m["2.root.json"] = resign(t, m["1.root.json"], "h1,h2", func(signed map[string]any) { signed["version"] = 2 })
		}, rogatory.Untrusted, "directory_threshold"},
		{"root of the other mode", func(m mirror) {
			m["2.root.json"] = resign(t, m["1.root.json"], "h1,h2,h3", func(signed map[string]any) {
				signed["version"] = 2
				signed[charterField].(map[string]any)["mode"] = "live"
			})
		}, rogatory.ModeMismatch, "mode_mismatch"},
		{"endless file", func(m mirror) { m["timestamp.json"] = bytes.Repeat([]byte(" "), MaxTimestamp+1) }, rogatory.Untrusted, "directory_tampered"},
		{"a file is missing", func(m mirror) { delete(m, "2.snapshot.json") }, rogatory.Unavailable, "directory_unreachable"},
	} {
		t.Run(a.name, func(t *testing.T) {
			s := story{t, s.clock, s.repo}
			m := maps.Clone(good)
			c := s.client(m)
			before := s.update(c)
			a.attack(m)
			_, err := c.Update(context.Background())
			if a.name == "older snapshot under a newer timestamp" || a.name == "a file is missing" {
				s.must(err) // what is signed for is in the cache already, and is not fetched
				_, err = s.client(m).Update(context.Background())
			}
			s.refused(err, a.kind, a.code)
			if c.Book() == nil || c.Book().Hash() != before.Hash() {
				t.Fatal("the last good book was lost")
			}
			loaded, err := c.Load()
			s.must(err)
			if loaded.Hash() != before.Hash() {
				t.Fatal("another book is in the cache")
			}
		})
	}

	// Every file, one bit: a client that has nothing yet refuses it.
	for name := range s.update(s.client(good)).files {
		if name == "1.root.json" {
			continue // it comes with the node, not from the mirror
		}
		m := maps.Clone(good)
		m[name] = bytes.Clone(m[name])
		m[name][len(m[name])/2] ^= 1
		if _, err := s.client(m).Update(context.Background()); rogatory.KindOf(err) != rogatory.Untrusted {
			t.Errorf("%s with a flipped bit: %v", name, err)
		}
	}
}

// What a hostile holder of a valid key could sign to crash or confuse every node.
func TestHostileForms(t *testing.T) {
	s := begin(t)
	sub := func(m map[string]any, path ...string) map[string]any {
		for _, p := range path {
			m = m[p].(map[string]any)
		}
		return m
	}
	role0 := func(m map[string]any) map[string]any {
		return sub(m, "delegations")["roles"].([]any)[0].(map[string]any)
	}
	for _, h := range []struct {
		name, file, signer string
		change             func(signed map[string]any)
	}{
		{"timestamp without snapshot", "timestamp.json", "op1", func(m map[string]any) { m["meta"] = map[string]any{} }},
		{"timestamp of something else", "timestamp.json", "op1", func(m map[string]any) { m["meta"] = map[string]any{"root.json": sub(m, "meta", "snapshot.json")} }},
		{"timestamp of two things", "timestamp.json", "op1", func(m map[string]any) { sub(m, "meta")["root.json"] = sub(m, "meta", "snapshot.json") }},
		{"timestamp with null", "timestamp.json", "op1", func(m map[string]any) { sub(m, "meta")["snapshot.json"] = nil }},
		{"timestamp without a date of issue", "timestamp.json", "op1", func(m map[string]any) { delete(m, issuedField) }},
		{"snapshot without hashes", "1.snapshot.json", "op1", func(m map[string]any) { delete(sub(m, "meta", "XB.json"), "hashes") }},
		{"snapshot with null", "1.snapshot.json", "op1", func(m map[string]any) { sub(m, "meta")["XB.json"] = nil }},
		{"snapshot with a strange role", "1.snapshot.json", "op1", func(m map[string]any) { sub(m, "meta")["../x.json"] = sub(m, "meta", "XB.json") }},
		{"snapshot without XA's entry role", "1.snapshot.json", "op1", func(m map[string]any) { delete(sub(m, "meta"), "XA-entry.json") }},
		{"short key", "1.XA.json", "XA_anchor", func(m map[string]any) {
			k, err := metadata.KeyFromPublicKey(make(ed25519.PublicKey, 31)) // under its right name
			s.must(err)
			id, err := k.ID()
			s.must(err)
			sub(m, "delegations")["keys"] = map[string]any{id: k}
			role0(m)["keyids"] = []string{id}
		}},
		{"key under another name", "1.XA.json", "XA_anchor", func(m map[string]any) {
			keys := sub(m, "delegations", "keys")
			for id, k := range keys {
				delete(keys, id)
				keys[strings.Repeat("ab", 32)] = k
			}
			role0(m)["keyids"] = []string{strings.Repeat("ab", 32)}
		}},
		{"one key twice", "1.XA.json", "XA_anchor", func(m map[string]any) {
			role0(m)["keyids"] = append(role0(m)["keyids"].([]any), role0(m)["keyids"].([]any)...)
		}},
		{"threshold of none", "1.XA.json", "XA_anchor", func(m map[string]any) { role0(m)["threshold"] = 0 }},
		{"anchor without delegation", "1.XA.json", "XA_anchor", func(m map[string]any) { delete(m, "delegations") }},
		{"succinct roles", "1.XA.json", "XA_anchor", func(m map[string]any) {
			delete(sub(m, "delegations"), "roles")
			sub(m, "delegations")["succinct_roles"] = map[string]any{"keyids": []string{}, "threshold": 1, "bit_length": 8, "name_prefix": "x"}
		}},
		{"entry without target", "1.XA-entry.json", "XA_entry", func(m map[string]any) { m["targets"] = map[string]any{} }},
		{"entry with null", "1.XA-entry.json", "XA_entry", func(m map[string]any) { sub(m, "targets")["XA/party.json"] = nil }},
		{"entry longer than any may be", "1.XA-entry.json", "XA_entry", func(m map[string]any) { sub(m, "targets", "XA/party.json")["length"] = MaxParty + 1 }},
		{"fraction", "1.XA-entry.json", "XA_entry", func(m map[string]any) { m["version"] = 1.5 }},
		{"name in capitals beside its twin", "1.XA-entry.json", "XA_entry", func(m map[string]any) { m["Version"] = 7 }},
	} {
		t.Run(h.name, func(t *testing.T) {
			m := story{t, s.clock, s.repo}.published()
			m.forge(t, h.file, h.signer, h.change)
			_, err := story{t, s.clock, s.repo}.client(m).Update(context.Background())
			story{TB: t}.refused(err, rogatory.Untrusted, "directory_tampered")
		})
	}
	// The forger's tools do work: a harmless change, signed, is accepted.
	m := s.published()
	m.forge(t, "1.XA-entry.json", "XA_entry", func(m map[string]any) { m["expires"] = "2027-01-01T00:00:00Z" })
	b := s.update(s.client(m))
	// The first of a State's two dates counts.
	if e := b.entries["XA"].expires; e.Format(time.DateOnly) != "2027-01-01" {
		t.Fatalf("XA's entry expires %s", e)
	}
}

// A mirror that goes silent is noticed; the office can still read, then must stop.
func TestStanding(t *testing.T) {
	s := begin(t)
	frozen := s.published()
	c := s.client(frozen)
	book := s.update(c)
	standing := func(want Standing) {
		t.Helper()
		if got := c.Book().Standing(s.clock.Now()); got != want || c.Book().StandingOf("XA", s.clock.Now()) != want {
			t.Fatalf("on %s the book is %s, wanted %s", s.clock.Now(), got, want)
		}
	}
	if !book.Expires().Equal(opening.Add(10*day)) || !book.Issued().Equal(opening) {
		t.Fatalf("issued %s, expires %s", book.Issued(), book.Expires())
	}
	standing(Fresh)
	s.clock.Advance(10*day + time.Second)
	_, err := c.Update(context.Background())
	s.refused(err, rogatory.Stale, "directory_expired")
	_, err = s.client(frozen).Update(context.Background()) // nor may a new node begin with it
	s.refused(err, rogatory.Stale, "directory_expired")
	standing(VerifyOnly)
	_, err = c.Load() // the node is restarted during the grace
	s.must(err)
	standing(VerifyOnly)
	s.clock.Advance(20 * day)
	standing(Expired)
	_, err = c.Load()
	s.refused(err, rogatory.Stale, "directory_expired")

	_, err = s.repo.Refresh(key("mallory"))
	s.refused(err, rogatory.Untrusted, "directory_signature")
	_, err = s.repo.Refresh(key("op2"))
	s.must(err)
	c.config.Source = FolderSource{s.repo.Published()}
	s.update(c)
	standing(Fresh)

	// XB forgets to renew for a year. XA, who did not, is not hurt.
	s.clock.Advance(320 * day)
	s.must(s.repo.RotateState("XA", key("XA anchor"), key("XA entry")))
	s.must(s.repo.RotateRoot(Terms{}))
	s.sign("root", "h1", "h2", "h3")
	s.sign("targets", "h1", "h2", "h3")
	s.publish()
	s.clock.Advance(20 * day)
	_, err = s.repo.Refresh(key("op1"))
	s.must(err)
	s.update(c)
	standing(Fresh)
	if got := c.Book().StandingOf("XB", s.clock.Now()); got != VerifyOnly {
		t.Fatalf("XB is %s", got)
	}
	if got := c.Book().StandingOf("ZZ", s.clock.Now()); got != Expired {
		t.Fatalf("a State nobody knows is %s", got)
	}
}

func TestCache(t *testing.T) {
	s := begin(t)
	c := s.client(FolderSource{s.repo.Published()})
	_, err := c.Load()
	s.refused(err, rogatory.NotFound, "directory_unread")
	want := s.update(c)
	path := filepath.Join(c.config.Dir, cacheName)
	info, err := os.Stat(path)
	s.must(err)
	if again := s.update(c); again.Hash() != want.Hash() {
		t.Fatal("no news changed the book")
	}
	if later, _ := os.Stat(path); !os.SameFile(info, later) {
		t.Fatal("the cache was written without news")
	}
	// A damaged cache is not taken for an empty one, which would let an older directory in.
	data, err := os.ReadFile(path)
	s.must(err)
	data[len(data)/3] ^= 1
	s.must(os.WriteFile(path, data, 0o600))
	_, err = c.Load()
	s.refused(err, rogatory.Damaged, "directory_cache")
	_, err = c.Update(context.Background())
	s.refused(err, rogatory.Damaged, "directory_cache")
	if c.Book().Hash() != want.Hash() {
		t.Fatal("the book in memory was lost")
	}
	s.must(os.Remove(path))
	s.update(c)

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = c.Update(ctx)
	s.refused(err, rogatory.Unavailable, "directory_unreachable")
	c.config.Source = FolderSource{filepath.Join(t.TempDir(), "no stick")}
	_, err = c.Update(context.Background())
	s.refused(err, rogatory.Unavailable, "directory_unreachable")
}

func TestModes(t *testing.T) {
	s := begin(t)
	_, err := New(Config{Dir: t.TempDir(), TrustedRoot: s.trustedRoot(), Source: mirror{}, Clock: s.clock, Mode: rogatory.Live})
	s.refused(err, rogatory.ModeMismatch, "mode_mismatch")
	s.refused(s.repo.AddState("FR", public("FR anchor"), 1), rogatory.ModeMismatch, "mode_mismatch")
	live := party("XA")
	live.Code, live.Mode = "FR", rogatory.Live
	s.refused(s.repo.SubmitParty(live, key("XA entry")), rogatory.ModeMismatch, "mode_mismatch")

	// Not even the States can turn an exercise into the real thing.
	s.repo, err = Init(filepath.Join(t.TempDir(), "empty"), s.clock, terms())
	s.must(err)
	s.sign("root", "h1", "h2", "h3")
	s.sign("targets", "h1", "h2", "h3")
	s.publish()
	m := s.published()
	s.update(s.client(m))
	m["2.root.json"] = resign(t, m["1.root.json"], "h1,h2,h3", func(signed map[string]any) {
		signed["version"] = 2
		signed[charterField].(map[string]any)["mode"] = "live"
	})
	_, err = s.client(m).Update(context.Background())
	s.refused(err, rogatory.ModeMismatch, "mode_mismatch")

	terms := terms()
	terms.Mode = rogatory.Live
	r, err := Init(filepath.Join(t.TempDir(), "live"), s.clock, terms)
	s.must(err)
	s.refused(r.AddState("XA", public("XA anchor"), 1), rogatory.ModeMismatch, "mode_mismatch")
}

func TestLookUp(t *testing.T) {
	s := begin(t)
	b := s.update(s.client(FolderSource{s.repo.Published()}))
	if _, a, err := b.Authority(rogatory.Address{State: "XB", Authority: "justice"}); err != nil || a.Name != "Ministry of Justice" {
		t.Fatal(a, err)
	}
	_, _, err := b.Authority(rogatory.Address{State: "XB", Authority: "treasury"})
	s.refused(err, rogatory.NotFound, "unknown_authority")
	_, _, err = b.Authority(rogatory.Address{State: "XC", Authority: "justice"})
	s.refused(err, rogatory.NotFound, "unknown_state")
	list := b.Parties()
	if len(list) != 2 || list[0].Code != "XA" || list[1].Code != "XB" {
		t.Fatal(list)
	}
	list[0].Authorities[0].Roles[0] = "stolen"
	list[0].Certificates[0] = "stolen"
	if p, _ := b.Party("XA"); p.Authorities[0].Roles[0] != rogatory.CentralAuthority || p.Certificates[0] == "stolen" {
		t.Fatal("a reader changed the book")
	}
	pool, err := b.Roots("XA")
	s.must(err)
	block, _ := pem.Decode([]byte(party("XA").Certificates[0]))
	own, _ := x509.ParseCertificate(block.Bytes)
	if _, err := own.Verify(x509.VerifyOptions{Roots: pool, CurrentTime: opening.Add(day)}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Roots("XC"); rogatory.CodeOf(err) != "unknown_state" {
		t.Fatal(err)
	}
}

// Publishing dies after each of its writes. Nothing new is in force, or all is; publishing again
// completes it, also when the operators change in the same edition.
func TestPublishStopsHalfWay(t *testing.T) {
	s := begin(t)
	moved := party("XA")
	moved.Endpoint = "https://new.xa.example/federation"
	s.must(s.repo.SubmitParty(moved, key("XA entry")))
	s.must(s.repo.RotateRoot(Terms{OperatorKeys: public("op2", "op3")}))
	s.sign("root", "h1", "h2", "h3")
	s.sign("targets", "h1", "h2", "h3")
	before := s.repo.dir
	after := filepath.Join(t.TempDir(), "after")
	s.must(os.CopyFS(after, os.DirFS(before)))
	done, err := Open(after, s.clock)
	s.must(err)
	b, err := done.Publish(key("op2"))
	s.must(err)

	var writes []string
	for name := range b.files {
		if _, err := os.Stat(filepath.Join(before, "published", name)); err != nil {
			writes = append(writes, name)
		}
	}
	slices.SortFunc(writes, func(a, b string) int {
		return strings.Compare(fmt.Sprint(strings.HasSuffix(a, "root.json"), a), fmt.Sprint(strings.HasSuffix(b, "root.json"), b))
	})
	writes = append(writes, "timestamp.json")
	if len(writes) != 6 || writes[4] != "2.root.json" {
		t.Fatalf("the writes are %q", writes)
	}
	for n := range len(writes) + 1 {
		half := filepath.Join(t.TempDir(), "half")
		s.must(os.CopyFS(half, os.DirFS(before)))
		for _, name := range writes[:n] {
			s.must(writeFile(filepath.Join(half, "published", name), b.files[name]))
		}
		r, err := Open(half, s.clock)
		s.must(err)
		// A client sees the old book, the new one, or for the moment between root and timestamp none
		// that it would believe; never a mixture.
		seen, err := story{t, s.clock, r}.client(FolderSource{r.Published()}).Update(context.Background())
		if err == nil {
			p, _ := seen.Party("XA")
			if isNew := n == len(writes); isNew != (p.Endpoint == moved.Endpoint) {
				t.Fatalf("after %d writes the endpoint is %s", n, p.Endpoint)
			}
		} else if n != len(writes)-1 {
			t.Fatalf("after %d writes: %v", n, err)
		}
		again, err := r.Publish(key("op3"))
		if err != nil {
			t.Fatalf("publish again after %d writes: %v", n, err)
		}
		if p, _ := again.Party("XA"); p.Endpoint != moved.Endpoint || again.Version().Root != 2 {
			t.Fatalf("after %d writes and again: %s, root %d", n, p.Endpoint, again.Version().Root)
		}
		if left, err := r.Proposals(); err != nil || len(left) != 0 {
			t.Fatalf("after %d writes and again: left %v, %v", n, left, err)
		}
		story{t, s.clock, r}.update(story{t, s.clock, r}.client(FolderSource{r.Published()}))
	}
}

// A State's small change does not wait for a ceremony that takes a month.
func TestPublishOneRole(t *testing.T) {
	s := begin(t)
	s.must(s.repo.AddState("XC", public("XC anchor"), 1))
	s.sign("targets", "h1")
	s.must(s.repo.SubmitParty(party("XB"), key("XB entry")))
	_, err := s.repo.Publish(key("op1"))
	s.refused(err, rogatory.Untrusted, "directory_threshold")
	_, err = s.repo.Publish(key("op1"), "XB-entry")
	s.must(err)
	left, err := s.repo.Proposals()
	s.must(err)
	if len(left) != 1 || left[0].Role != "targets" || left[0].Missing != 2 || len(left[0].Signed) != 1 {
		t.Fatalf("left: %+v", left)
	}
	_, err = s.repo.Publish(key("op1"), "XA")
	s.refused(err, rogatory.NotFound, "directory_proposal")
	_, err = s.repo.Publish(key("op1"), "../root")
	s.refused(err, rogatory.NotFound, "directory_role")

	unlock, err := lock(s.repo.dir)
	s.must(err)
	_, err = s.repo.Refresh(key("op1"))
	s.refused(err, rogatory.Busy, "directory_locked")
	unlock()
	_, err = s.repo.Refresh(key("op1"))
	s.must(err)
}
