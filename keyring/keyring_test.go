// SPDX-License-Identifier: Apache-2.0

package keyring

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"golang.org/x/mod/sumdb/note"

	"rogatory"
	"rogatory/asice"
)

var birthday = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

func config() Config {
	return Config{
		State: "XA", StateName: "Aurelia", Authority: "justice", Hosts: []string{"node.xa.example", "localhost", "127.0.0.1", "::1"},
		Now: birthday, Rand: rand.Reader,
	}
}

func create(t *testing.T) (*Keyring, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "keys")
	k, err := Create(dir, config())
	if err != nil {
		t.Fatal(err)
	}
	return k, dir
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestCreatedOnceAndPrivate(t *testing.T) {
	k, dir := create(t)
	if k.Address() != (rogatory.Address{State: "XA", Authority: "justice"}) || k.StateName() != "Aurelia" {
		t.Fatal(k)
	}
	files := must(os.ReadDir(dir))(t)
	if len(files) != 11 {
		t.Fatalf("the folder holds %v", files)
	}
	for _, f := range files {
		if info := must(f.Info())(t); info.Mode() != 0o600 {
			t.Errorf("%s has mode %s", f.Name(), info.Mode())
		}
	}
	if info := must(os.Stat(dir))(t); info.Mode().Perm() != 0o700 {
		t.Errorf("the folder has mode %s", info.Mode())
	}
	if above := must(os.ReadDir(filepath.Dir(dir)))(t); len(above) != 1 {
		t.Errorf("left beside the folder: %v", above)
	}
	before := must(os.ReadFile(filepath.Join(dir, "seal.1.pem")))(t)
	if _, err := Create(dir, config()); rogatory.CodeOf(err) != "keyring_exists" {
		t.Fatal(err)
	}
	empty := t.TempDir()
	if _, err := Create(empty, config()); rogatory.CodeOf(err) != "keyring_exists" {
		t.Fatalf("a folder that is there, even empty: %v", err)
	}
	if after := must(os.ReadFile(filepath.Join(dir, "seal.1.pem")))(t); !bytes.Equal(before, after) {
		t.Fatal("a key was overwritten")
	}
	again := must(Load(dir))(t)
	if again.JournalSecret() != k.JournalSecret() || again.MessageRecipient() != k.MessageRecipient() {
		t.Fatal("another keyring was loaded")
	}
	if _, err := Load(filepath.Join(t.TempDir(), "none")); rogatory.CodeOf(err) != "keyring_missing" {
		t.Fatal(err)
	}
	if printed := fmt.Sprintf("%v %+v %#v %x %d %s", k, k, k, k, k, k); strings.ReplaceAll(printed, "keyring of XA/justice", "") != "     " {
		t.Fatalf("the keyring prints as %.200s", printed)
	}
}

func TestRefusedConfig(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"no State":           func(c *Config) { c.State = "x" },
		"no name":            func(c *Config) { c.StateName = "" },
		"name with newline":  func(c *Config) { c.StateName = "a\nb" },
		"authority as path":  func(c *Config) { c.Authority = "../x" },
		"no host":            func(c *Config) { c.Hosts = nil },
		"host with a scheme": func(c *Config) { c.Hosts = []string{"https://xa.example"} },
		"too many hosts":     func(c *Config) { c.Hosts = make([]string, MaxHosts+1) },
		"no time":            func(c *Config) { c.Now = time.Time{} },
		"no chance":          func(c *Config) { c.Rand = nil },
	} {
		c := config()
		change(&c)
		dir := filepath.Join(t.TempDir(), "keys")
		if _, err := Create(dir, c); rogatory.CodeOf(err) != "keyring_config" {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: a folder was made", name)
		}
	}
	c := config()
	c.Rand = bytes.NewReader(make([]byte, 20)) // chance runs dry half-way
	dir := filepath.Join(t.TempDir(), "keys")
	if _, err := Create(dir, c); !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Fatal("half a keyring was made")
	}
}

func TestLoadRefuses(t *testing.T) {
	_, dir := create(t)
	_, otherDir := create(t)
	swap := func(from, to string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			data := must(os.ReadFile(filepath.Join(otherDir, from)))(t)
			if strings.HasPrefix(from, "/") {
				data = must(os.ReadFile(filepath.Join(dir, from[1:])))(t)
			}
			if err := os.WriteFile(filepath.Join(dir, to), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, c := range []struct {
		name, code string
		spoil      func(t *testing.T, dir string)
	}{
		{"readable folder", "keyring_permissions", func(t *testing.T, d string) { must(0, os.Chmod(d, 0o750))(t) }},
		{"readable file", "keyring_permissions", func(t *testing.T, d string) { must(0, os.Chmod(filepath.Join(d, "seal.1.pem"), 0o640))(t) }},
		{"read-only for all", "keyring_permissions", func(t *testing.T, d string) { must(0, os.Chmod(filepath.Join(d, "seal.1.pem"), 0o444))(t) }},
		{"world-readable identity", "keyring_permissions", func(t *testing.T, d string) { must(0, os.Chmod(filepath.Join(d, "keyring.json"), 0o604))(t) }},
		{"a link", "keyring_damaged", func(t *testing.T, d string) {
			must(0, os.Rename(filepath.Join(d, "tls.1.pem"), filepath.Join(d, "..", "moved")))(t)
			must(0, os.Symlink("../moved", filepath.Join(d, "tls.1.pem")))(t)
		}},
		{"no witness key", "keyring_damaged", func(t *testing.T, d string) { must(0, os.Remove(filepath.Join(d, "witness.1.pem")))(t) }},
		{"no evidence key", "keyring_damaged", func(t *testing.T, d string) { must(0, os.Remove(filepath.Join(d, "evidence.1.age")))(t) }},
		{"no identity", "keyring_damaged", func(t *testing.T, d string) { must(0, os.Remove(filepath.Join(d, "keyring.json")))(t) }},
		{"a gap", "keyring_damaged", func(t *testing.T, d string) {
			must(0, os.Rename(filepath.Join(d, "message.1.age"), filepath.Join(d, "message.2.age")))(t)
		}},
		{"a stranger", "keyring_damaged", swap("seal.1.pem", "notes.txt")},
		{"an unknown kind", "keyring_damaged", swap("seal.1.pem", "toll.1.pem")},
		{"a second witness key", "keyring_damaged", swap("witness.1.pem", "witness.2.pem")},
		{"another spelling", "keyring_damaged", swap("seal.1.pem", "seal.01.pem")},
		{"another authority's CA", "keyring_damaged", swap("ca.1.pem", "ca.1.pem")},
		{"a seal of another CA", "keyring_damaged", swap("seal.1.pem", "seal.1.pem")},
		{"a TLS certificate as seal", "keyring_damaged", swap("/tls.1.pem", "seal.1.pem")},
		{"a seal as CA", "keyring_damaged", swap("/seal.1.pem", "ca.1.pem")},
		{"one key for journal and witness", "keyring_damaged", swap("/journal.1.pem", "witness.1.pem")},
		{"a database key that was cut", "keyring_damaged", func(t *testing.T, d string) {
			must(0, os.Truncate(filepath.Join(d, "database.1.key"), 60))(t)
		}},
		{"a database key of another State", "keyring_damaged", func(t *testing.T, d string) {
			b := must(os.ReadFile(filepath.Join(d, "database.1.key")))(t)
			must(0, os.WriteFile(filepath.Join(d, "database.1.key"), bytes.Replace(b, []byte("XA/"), []byte("XB/"), 1), 0o600))(t)
		}},
		{"a later database key without the first", "keyring_damaged", func(t *testing.T, d string) {
			must(0, os.Rename(filepath.Join(d, "database.1.key"), filepath.Join(d, "database.2.key")))(t)
		}},
		{"one key for messages and evidence", "keyring_damaged", swap("/message.1.age", "evidence.1.age")},
		{"an EC key as journal key", "keyring_damaged", swap("/seal.1.pem", "journal.1.pem")},
		{"mismatching pair", "keyring_damaged", func(t *testing.T, d string) {
			mine := must(os.ReadFile(filepath.Join(d, "seal.1.pem")))(t)
			theirs := must(os.ReadFile(filepath.Join(otherDir, "seal.1.pem")))(t)
			key, _ := pem.Decode(theirs)
			_, certificate := pem.Decode(mine)
			must(0, os.WriteFile(filepath.Join(d, "seal.1.pem"), append(pem.EncodeToMemory(key), certificate...), 0o600))(t)
		}},
		{"something after the certificate", "keyring_damaged", func(t *testing.T, d string) {
			data := must(os.ReadFile(filepath.Join(d, "tls.1.pem")))(t)
			must(0, os.WriteFile(filepath.Join(d, "tls.1.pem"), append(data, '\n'), 0o600))(t)
		}},
		{"a huge file", "keyring_damaged", func(t *testing.T, d string) {
			must(0, os.WriteFile(filepath.Join(d, "message.1.age"), bytes.Repeat([]byte("#\n"), maxFile), 0o600))(t)
		}},
		{"an age key that a quantum computer opens", "keyring_damaged", func(t *testing.T, d string) {
			id := must(age.GenerateX25519Identity())(t)
			must(0, os.WriteFile(filepath.Join(d, "message.1.age"), fmt.Appendf(nil, "# public key: %s\n%s\n", id.Recipient(), id), 0o600))(t)
		}},
		{"an age key under another's name", "keyring_damaged", func(t *testing.T, d string) {
			mine := must(os.ReadFile(filepath.Join(d, "message.1.age")))(t)
			theirs := must(os.ReadFile(filepath.Join(otherDir, "message.1.age")))(t)
			name, _, _ := bytes.Cut(mine, []byte("AGE-SECRET"))
			_, secret, _ := bytes.Cut(theirs, []byte("AGE-SECRET"))
			must(0, os.WriteFile(filepath.Join(d, "message.1.age"), fmt.Appendf(nil, "%sAGE-SECRET%s", name, secret), 0o600))(t)
		}},
		{"another State's identity", "keyring_damaged", func(t *testing.T, d string) {
			data := must(os.ReadFile(filepath.Join(d, "keyring.json")))(t)
			must(0, os.WriteFile(filepath.Join(d, "keyring.json"), bytes.Replace(data, []byte("XA"), []byte("XB"), 1), 0o600))(t)
		}},
		{"another authority's identity", "keyring_damaged", func(t *testing.T, d string) {
			data := must(os.ReadFile(filepath.Join(d, "keyring.json")))(t)
			must(0, os.WriteFile(filepath.Join(d, "keyring.json"), bytes.Replace(data, []byte("justice"), []byte("treasury"), 1), 0o600))(t)
		}},
		{"an identity with more in it", "keyring_damaged", func(t *testing.T, d string) {
			data := must(os.ReadFile(filepath.Join(d, "keyring.json")))(t)
			must(0, os.WriteFile(filepath.Join(d, "keyring.json"), bytes.Replace(data, []byte("{"), []byte(`{"colour":"red",`), 1), 0o600))(t)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			copied := filepath.Join(t.TempDir(), "keys")
			must(0, os.Mkdir(copied, 0o700))(t)
			for _, f := range must(os.ReadDir(dir))(t) {
				must(0, os.WriteFile(filepath.Join(copied, f.Name()), must(os.ReadFile(filepath.Join(dir, f.Name())))(t), 0o600))(t)
			}
			must(Load(copied))(t) // the copy itself is good
			c.spoil(t, copied)
			k, err := Load(copied)
			if k != nil || rogatory.CodeOf(err) != c.code {
				t.Fatalf("%v, wanted %s", err, c.code)
			}
			if strings.Contains(err.Error(), "PRIVATE") || strings.Contains(err.Error(), "SECRET") {
				t.Fatal("the error shows a key")
			}
		})
	}
}

// Stock openssl agrees on the certificates and on what the seal signs.
func TestOpenssl(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Fatal("openssl is needed for this test: install it")
	}
	k, dir := create(t)
	k = must(k.RotateSeal(rand.Reader, birthday.Add(365*day)))(t)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	must(0, os.WriteFile(ca, []byte(k.AuthorityPEM()), 0o600))(t)
	at := fmt.Sprint(birthday.Add(370 * day).Unix())
	openssl := func(wantOK bool, args ...string) string {
		t.Helper()
		out, err := exec.Command("openssl", args...).CombinedOutput()
		if (err == nil) != wantOK {
			t.Fatalf("openssl %v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	for _, seal := range []string{"seal.1.pem", "seal.2.pem"} {
		openssl(true, "verify", "-x509_strict", "-attime", at, "-CAfile", ca, filepath.Join(dir, seal))
		openssl(true, "verify", "-x509_strict", "-purpose", "smimesign", "-attime", at, "-CAfile", ca, filepath.Join(dir, seal))
	}
	tlsAt := fmt.Sprint(birthday.Add(day).Unix())
	for _, purpose := range []string{"sslserver", "sslclient"} {
		openssl(true, "verify", "-x509_strict", "-purpose", purpose, "-attime", tlsAt, "-verify_hostname", "node.xa.example", "-CAfile", ca, filepath.Join(dir, "tls.1.pem"))
	}
	openssl(false, "verify", "-purpose", "smimesign", "-attime", tlsAt, "-CAfile", ca, filepath.Join(dir, "tls.1.pem"))
	openssl(false, "verify", "-attime", fmt.Sprint(birthday.Add(4*365*day).Unix()), "-CAfile", ca, filepath.Join(dir, "seal.1.pem"))
	stranger, _ := create(t)
	other := filepath.Join(t.TempDir(), "other.pem")
	must(0, os.WriteFile(other, []byte(stranger.AuthorityPEM()), 0o600))(t)
	openssl(false, "verify", "-attime", at, "-CAfile", other, filepath.Join(dir, "seal.1.pem"))
	if text := openssl(true, "x509", "-noout", "-subject", "-in", filepath.Join(dir, "seal.2.pem")); !strings.Contains(text, "O = XA, OU = justice, CN = XA justice seal 2") {
		t.Fatalf("openssl reads %s", text)
	}

	message := filepath.Join(t.TempDir(), "message")
	must(0, os.WriteFile(message, []byte("a request"), 0o600))(t)
	signed := filepath.Join(t.TempDir(), "signed.p7s")
	openssl(true, "cms", "-sign", "-binary", "-md", "sha256", "-signer", filepath.Join(dir, "seal.2.pem"), "-in", message, "-outform", "DER", "-out", signed)
	openssl(true, "cms", "-verify", "-binary", "-inform", "DER", "-in", signed, "-content", message, "-CAfile", ca, "-attime", at, "-out", os.DevNull)
}

// A container sealed before the rotation still verifies after it, and one sealed after it too.
func TestRotateSeal(t *testing.T) {
	k, _ := create(t)
	seal := func(k *Keyring, at time.Time) []byte {
		t.Helper()
		return must(asice.Build([]asice.File{{Name: "request.json", MediaType: "application/json", Data: []byte("{}")}}, k.Seal(), at))(t)
	}
	verify := func(roots *x509.CertPool, container []byte, at time.Time) *x509.Certificate {
		t.Helper()
		c := must(asice.Parse(container))(t)
		v := must(c.Verify(roots, at))(t)
		return v.Certificate
	}
	first := seal(k, birthday)
	next := must(k.RotateSeal(rand.Reader, birthday.Add(30*day)))(t)
	second := seal(next, birthday.Add(31*day))
	a, b := verify(next.Roots(), first, birthday), verify(k.Roots(), second, birthday.Add(31*day))
	if a.Equal(b) || !next.Seals()[0].Equal(b) || !next.Seals()[1].Equal(a) || len(k.Seals()) != 1 {
		t.Fatal("the generations are not those of the containers")
	}
	// Two people rotate at once: one of them is told.
	if _, err := k.RotateSeal(rand.Reader, birthday); rogatory.CodeOf(err) != "keyring_exists" {
		t.Fatal(err)
	}
	// No seal outlives its authority, and near its end none is issued.
	end := k.Authority().NotAfter
	late := must(next.RotateSeal(rand.Reader, end.Add(-100*day)))(t)
	if !late.Seals()[0].NotAfter.Equal(end) {
		t.Fatalf("the seal ends on %s, the authority on %s", late.Seals()[0].NotAfter, end)
	}
	if _, err := late.RotateSeal(rand.Reader, end.Add(-day)); rogatory.CodeOf(err) != "keyring_authority" {
		t.Fatal(err)
	}
}

// Two nodes speak TLS with each other's authority as the only root, after a rotation too.
func TestTLS(t *testing.T) {
	k, _ := create(t)
	next := must(k.RotateTLS(rand.Reader, birthday.Add(300*day)))(t)
	if leaf := next.TLS().Leaf; len(leaf.DNSNames) != 2 || len(leaf.IPAddresses) != 2 {
		t.Fatalf("the hosts became %v %v", leaf.DNSNames, leaf.IPAddresses)
	}
	moved := must(next.RotateTLS(rand.Reader, birthday.Add(300*day), "new.xa.example"))(t)
	for _, c := range []struct {
		k    *Keyring
		name string
		at   time.Time
		ok   bool
	}{
		{k, "node.xa.example", birthday.Add(time.Minute), true},
		{k, "node.xa.example", birthday.Add(-time.Minute), true}, // the peer's clock is slow
		{k, "127.0.0.1", birthday.Add(time.Minute), true},
		{k, "node.xa.example", birthday.Add(400 * day), false},
		{next, "node.xa.example", birthday.Add(400 * day), true},
		{k, "elsewhere.example", birthday.Add(time.Minute), false},
		{moved, "new.xa.example", birthday.Add(400 * day), true},
		{moved, "node.xa.example", birthday.Add(400 * day), false},
	} {
		now := func() time.Time { return c.at }
		here, there := net.Pipe()
		served := make(chan error, 1)
		go func() {
			server := tls.Server(there, &tls.Config{
				Certificates: []tls.Certificate{c.k.TLS()}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: k.Roots(), Time: now,
			})
			served <- server.HandshakeContext(context.Background())
			there.Close()
		}()
		client := tls.Client(here, &tls.Config{Certificates: []tls.Certificate{c.k.TLS()}, RootCAs: k.Roots(), ServerName: c.name, Time: now})
		err := client.HandshakeContext(context.Background())
		here.Close()
		if serverErr := <-served; (err == nil && serverErr == nil) != c.ok {
			t.Errorf("%s at %s: %v, %v", c.name, c.at, err, serverErr)
		}
	}
}

func TestAge(t *testing.T) {
	k, dir := create(t)
	if !strings.HasPrefix(k.MessageRecipient(), "age1pq1") || k.MessageRecipient() == k.EvidenceRecipient() {
		t.Fatal("messages and evidence do not have a hybrid key each")
	}
	encrypt := func(to string) []byte {
		t.Helper()
		var out bytes.Buffer
		w := must(age.Encrypt(&out, must(age.ParseHybridRecipient(to))(t)))(t)
		must(io.WriteString(w, "sealed"))(t)
		must(0, w.Close())(t)
		return out.Bytes()
	}
	opens := func(data []byte, ids []age.Identity) bool {
		r, err := age.Decrypt(bytes.NewReader(data), ids...)
		if err != nil {
			return false
		}
		got := must(io.ReadAll(r))(t)
		return string(got) == "sealed"
	}
	old := encrypt(k.MessageRecipient())
	next := must(k.RotateMessage())(t)
	fresh := encrypt(next.MessageRecipient())
	if !opens(old, next.MessageIdentities()) || !opens(fresh, next.MessageIdentities()) {
		t.Fatal("after a rotation, an old or a new message does not open")
	}
	if !opens(fresh, next.MessageIdentities()[:1]) {
		t.Fatal("the newest key is not the first")
	}
	if opens(fresh, k.MessageIdentities()) || opens(old, next.EvidenceIdentities()) {
		t.Fatal("a key opens what it should not")
	}
	evidence := encrypt(next.EvidenceRecipient())
	next = must(next.RotateEvidence())(t)
	if !opens(evidence, next.EvidenceIdentities()) || len(next.EvidenceIdentities()) != 2 {
		t.Fatal("old evidence does not open")
	}
	// The file is what the age tool reads.
	f := must(os.Open(filepath.Join(dir, "message.2.age")))(t)
	defer f.Close()
	if ids := must(age.ParseIdentities(f))(t); !opens(fresh, ids) {
		t.Fatal("the file does not open the message")
	}
}

// Journal and witness keys are text that any C2SP tool reads.
func TestNoteKeys(t *testing.T) {
	k, _ := create(t)
	signer := must(note.NewSigner(k.JournalSecret()))(t)
	verifier := must(note.NewVerifier(k.JournalVerifier()))(t)
	if signer.Name() != "journal.xa.rogatory" || k.JournalOrigin() != signer.Name() {
		t.Fatal(signer.Name())
	}
	signed := must(note.Sign(&note.Note{Text: "journal.xa.rogatory\n1\nhash\n"}, signer))(t)
	must(note.Open(signed, note.VerifierList(verifier)))(t)
	if !bytes.Equal(ed25519.Sign(k.JournalKey(), []byte("x")), must(signer.Sign([]byte("x")))(t)) {
		t.Fatal("the key and its text are not the same")
	}
	if !strings.HasPrefix(k.WitnessVerifier(), "witness.xa.rogatory+") || !strings.HasPrefix(k.WitnessSecret(), "PRIVATE+KEY+witness.xa.rogatory+") {
		t.Fatal(k.WitnessVerifier())
	}
	if k.JournalKey().Equal(k.WitnessKey()) {
		t.Fatal("one key for two purposes")
	}
	next := must(k.RotateEntry(rand.Reader))(t)
	entry := next.DirectoryEntry().Public().(ed25519.PublicKey)
	if entry.Equal(k.DirectoryEntry().Public()) || entry.Equal(next.DirectoryAnchor().Public()) {
		t.Fatal("the entry key did not change, or is the anchor")
	}
}

func TestExpiries(t *testing.T) {
	k, _ := create(t)
	end := birthday.Add(lifeOfTLS)
	for _, c := range []struct {
		before time.Duration
		days   int
		due    bool
	}{
		{31 * day, 0, false}, {30 * day, 30, true}, {8 * day, 30, true}, {7 * day, 7, true}, {25 * time.Hour, 7, true},
		{day, 1, true}, {time.Second, 1, true}, {0, 0, true}, {-day, 0, true},
	} {
		first := k.Expiries(end.Add(-c.before))[0]
		if days, due := first.Warning(); first.File != "tls.1.pem" || days != c.days || due != c.due {
			t.Errorf("%s before the end of %s: %d, %v", c.before, first.File, days, due)
		}
	}
	next := must(k.RotateTLS(rand.Reader, end.Add(-7*day)))(t)
	list := next.Expiries(end.Add(-day))
	if len(list) != 3 || list[0].File != "tls.2.pem" || list[1].File != "seal.1.pem" || list[2].File != "ca.1.pem" {
		t.Fatalf("%+v", list)
	}
	if _, due := list[0].Warning(); due {
		t.Fatal("a warning for a certificate that is no longer used")
	}
}

func FuzzParsePair(f *testing.F) {
	p, err := newEd25519(rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	plain, err := p.encode()
	if err != nil {
		f.Fatal(err)
	}
	ca, err := newAuthority(config())
	if err != nil {
		f.Fatal(err)
	}
	withCertificate, err := ca.encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(plain)
	f.Add(withCertificate)
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := parsePair(data)
		if err != nil {
			if p.key != nil || p.certificate != nil {
				t.Fatal("a key beside an error")
			}
			return
		}
		again, err := p.encode()
		if err != nil || !bytes.Equal(again, data) {
			t.Fatal("a pair that is written in another way than it is read")
		}
	})
}

func FuzzParseIdentity(f *testing.F) {
	data, err := identity{"XA", "Aurelia", "justice"}.encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		who, err := parseIdentity(data)
		if err != nil {
			if who != (identity{}) {
				t.Fatal("an identity beside an error")
			}
			return
		}
		if again, err := who.encode(); err != nil || !bytes.Equal(again, data) {
			t.Fatal("an identity that is written in another way than it is read")
		}
	})
}

// A folder of before there was a database key is whole without one, and gets one once.
func TestTheDatabaseKeyComesLater(t *testing.T) {
	_, dir := create(t)
	must(0, os.Remove(filepath.Join(dir, "database.1.key")))(t)
	old := must(Load(dir))(t)
	if len(old.Database()) != 0 {
		t.Fatal("a key that is not there is held")
	}
	if _, there := old.Newest("database"); there {
		t.Fatal("a key that is not there is listed")
	}
	made := must(old.MakeDatabase(rand.Reader))(t)
	again := must(made.MakeDatabase(rand.Reader))(t)
	rotated := must(again.Rotate("database", rand.Reader, birthday))(t)
	one, two := made.Database(), rotated.Database()
	if len(one) != 1 || len(again.Database()) != 1 || len(two) != 2 || two[0] != one[0] || two[1] == one[0] {
		t.Fatal("the keys are not one, and then two")
	}
	if _, err := old.MakeDatabase(rand.Reader); rogatory.CodeOf(err) != "keyring_exists" {
		t.Fatalf("a key was overwritten: %v", err)
	}
}
