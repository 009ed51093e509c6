// SPDX-License-Identifier: Apache-2.0

package keyring

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"filippo.io/age"

	"rogatory"
)

// Bounds of the folder.
const (
	// maxFile bounds one file: a certificate with all its hosts has a few kilobytes.
	maxFile = 64 << 10
	// MaxGenerations bounds the rotations of one key: monthly for eight years.
	MaxGenerations = 100
)

// DatabaseKeySize is the length of a database key in bytes.
const DatabaseKeySize = 32

const identityName = "keyring.json"

// kinds lists the kinds of key, and whether there may be several generations.
var kinds = map[string]bool{
	"ca": false, "seal": true, "tls": true, "journal": true, "witness": false, "anchor": false, "entry": true,
	"message": true, "evidence": true, databaseKind: true,
}

// databaseKind is the one kind that a folder may be without: one from before it was there.
const databaseKind = "database"

// identity is the content of keyring.json.
type identity struct {
	State     rogatory.StateCode   `json:"state"`
	Name      string               `json:"name"`
	Authority rogatory.AuthorityID `json:"authority"`
}

func fileName(kind string, generation int) string {
	extension := "pem"
	switch kind {
	case "message", "evidence":
		extension = "age"
	case databaseKind:
		extension = "key"
	}
	return fmt.Sprintf("%s.%d.%s", kind, generation, extension)
}

// Create makes every key of an authority, in a folder that must not exist yet; the folder above it
// must. The folder appears complete or not at all.
func Create(dir string, c Config) (*Keyring, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
		return nil, rogatory.Fault(rogatory.Conflict, "keyring_exists", "create keyring in %s: something is there already", dir).
			WithHint("keys are never overwritten; choose another folder, or move this one away")
	}
	files, err := newFiles(c)
	if err != nil {
		return nil, fmt.Errorf("create keyring: %w", err)
	}
	parent := filepath.Dir(dir)
	building, err := os.MkdirTemp(parent, ".keyring-*") // mode 0700
	if err != nil {
		return nil, fmt.Errorf("create keyring: %w", err)
	}
	for name, data := range files {
		if err := writeNew(building, name, data); err != nil {
			return nil, fmt.Errorf("create keyring: %w", err)
		}
	}
	if err := os.Rename(building, dir); err != nil {
		return nil, fmt.Errorf("create keyring: %w", err)
	}
	if err := syncFolder(parent); err != nil {
		return nil, fmt.Errorf("create keyring: %w", err)
	}
	return Load(dir)
}

func (c Config) check() error {
	bad := func(format string, args ...any) error {
		return rogatory.Fault(rogatory.Invalid, "keyring_config", "create keyring: "+format, args...)
	}
	if c.Rand == nil || c.Now.IsZero() {
		return bad("a source of chance and the time are wanted")
	}
	if err := (identity{c.State, c.StateName, c.Authority}).check(); err != nil {
		return bad("%w", err)
	}
	_, _, err := splitHosts(c.Hosts)
	return err
}

func (i identity) check() error {
	if !i.State.Valid() {
		return fmt.Errorf("state code %.4q", i.State)
	}
	if i.Name == "" || len(i.Name) > 128 || strings.TrimSpace(i.Name) != i.Name || strings.ContainsFunc(i.Name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return fmt.Errorf("name of the State %.40q", i.Name)
	}
	if i.Authority == "" || len(i.Authority) > 64 || strings.Trim(string(i.Authority), "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return fmt.Errorf("authority %.80q is not 1 to 64 of a-z, 0-9 and hyphen", i.Authority)
	}
	return nil
}

func newFiles(c Config) (map[string][]byte, error) {
	who := identity{c.State, c.StateName, c.Authority}
	ca, err := newAuthority(c)
	if err != nil {
		return nil, err
	}
	seal, err := newSeal(c.Rand, ca, who, 1, c.Now)
	if err != nil {
		return nil, err
	}
	node, err := newTLS(c.Rand, ca, who, 1, c.Now, c.Hosts)
	if err != nil {
		return nil, err
	}
	pairs := map[string]pair{"ca": ca, "seal": seal, "tls": node}
	for _, kind := range []string{"journal", "witness", "anchor", "entry"} {
		if pairs[kind], err = newEd25519(c.Rand); err != nil {
			return nil, err
		}
	}
	files := map[string][]byte{}
	for kind, p := range pairs {
		if files[fileName(kind, 1)], err = p.encode(); err != nil {
			return nil, err
		}
	}
	for _, kind := range []string{"message", "evidence"} {
		if files[fileName(kind, 1)], err = newAge(who, kind, 1); err != nil {
			return nil, err
		}
	}
	if files[fileName(databaseKind, 1)], err = newDatabase(c.Rand, who, 1); err != nil {
		return nil, err
	}
	files[identityName], err = who.encode()
	return files, err
}

func newEd25519(random io.Reader) (pair, error) {
	seed := make([]byte, ed25519.SeedSize)
	if _, err := io.ReadFull(random, seed); err != nil {
		return pair{}, fmt.Errorf("draw a key: %w", err)
	}
	return pair{key: ed25519.NewKeyFromSeed(seed)}, nil
}

// newAge writes an identity as age-keygen does.
func newAge(who identity, kind string, generation int) ([]byte, error) {
	id, err := age.GenerateHybridIdentity()
	if err != nil {
		return nil, err
	}
	return fmt.Appendf(nil, "# %s key %d of %s/%s\n# public key: %s\n%s\n", kind, generation, who.State, who.Authority, id.Recipient(), id), nil
}

// newDatabase draws a database key and writes it as one line of hexadecimal.
func newDatabase(random io.Reader, who identity, generation int) ([]byte, error) {
	var key [DatabaseKeySize]byte
	if _, err := io.ReadFull(random, key[:]); err != nil {
		return nil, fmt.Errorf("draw a key: %w", err)
	}
	return encodeDatabase(who, generation, key), nil
}

func encodeDatabase(who identity, generation int, key [DatabaseKeySize]byte) []byte {
	return fmt.Appendf(nil, "# %s key %d of %s/%s\n%x\n", databaseKind, generation, who.State, who.Authority, key)
}

func (i identity) encode() ([]byte, error) {
	data, err := json.MarshalIndent(i, "", "  ")
	return append(data, '\n'), err
}

// RotateSeal makes the next seal. Peers accept it at once, for it chains to the same authority.
func (k *Keyring) RotateSeal(random io.Reader, now time.Time) (*Keyring, error) {
	n := len(k.seals) + 1
	p, err := newSeal(random, k.ca, k.who, n, now)
	return k.add("seal", n, p, err)
}

// RotateTLS makes the next TLS certificate, for the given hosts, or those of the present one if
// none is given.
func (k *Keyring) RotateTLS(random io.Reader, now time.Time, hosts ...string) (*Keyring, error) {
	if len(hosts) == 0 {
		hosts = hostsOf(last(k.tls).certificate)
	}
	n := len(k.tls) + 1
	p, err := newTLS(random, k.ca, k.who, n, now, hosts)
	return k.add("tls", n, p, err)
}

// RotateEntry makes the next key for the State's entry in the directory; directory.RotateState
// names it there.
func (k *Keyring) RotateEntry(random io.Reader) (*Keyring, error) {
	p, err := newEd25519(random)
	return k.add("entry", len(k.entries)+1, p, err)
}

// SucceedJournal makes the key of a new journal that succeeds the present one, which nobody signs any more.
func (k *Keyring) SucceedJournal(random io.Reader) (*Keyring, error) {
	p, err := newEd25519(random)
	return k.add("journal", len(k.journals)+1, p, err)
}

func (k *Keyring) add(kind string, generation int, p pair, err error) (*Keyring, error) {
	if err != nil {
		return nil, err
	}
	data, err := p.encode()
	if err != nil {
		return nil, fmt.Errorf("rotate %s: %w", kind, err)
	}
	return k.write(kind, generation, data)
}

// RotateMessage makes the next key that messages are encrypted to. Peers use it once the State's
// entry in the directory names it; what they encrypted before still opens.
func (k *Keyring) RotateMessage() (*Keyring, error) { return k.addAge("message", len(k.messages)+1) }

// RotateEvidence makes the next key that evidence is encrypted to, as RotateMessage does.
func (k *Keyring) RotateEvidence() (*Keyring, error) { return k.addAge("evidence", len(k.evidence)+1) }

func (k *Keyring) addAge(kind string, generation int) (*Keyring, error) {
	data, err := newAge(k.who, kind, generation)
	if err != nil {
		return nil, fmt.Errorf("rotate %s: %w", kind, err)
	}
	return k.write(kind, generation, data)
}

// RotateDatabase makes the next key of the database. The node seals everything under it at its next start; the earlier
// ones open what older backups hold.
func (k *Keyring) RotateDatabase(random io.Reader) (*Keyring, error) {
	n := len(k.database) + 1
	data, err := newDatabase(random, k.who, n)
	if err != nil {
		return nil, fmt.Errorf("rotate %s: %w", databaseKind, err)
	}
	return k.write(databaseKind, n, data)
}

// MakeDatabase makes the first key of the database, in a folder of before there was one. Where there is one it does nothing.
func (k *Keyring) MakeDatabase(random io.Reader) (*Keyring, error) {
	if len(k.database) > 0 {
		return k, nil
	}
	return k.RotateDatabase(random)
}

func (k *Keyring) write(kind string, generation int, data []byte) (*Keyring, error) {
	if generation > MaxGenerations {
		return nil, rogatory.Fault(rogatory.Invalid, "keyring_full", "rotate %s: %d generations are the most", kind, MaxGenerations)
	}
	err := writeNew(k.dir, fileName(kind, generation), data)
	if errors.Is(err, fs.ErrExist) {
		return nil, rogatory.Fault(rogatory.Conflict, "keyring_exists", "rotate %s: somebody else made generation %d", kind, generation).
			WithHint("load the keyring again")
	}
	if err != nil {
		return nil, fmt.Errorf("rotate %s: %w", kind, err)
	}
	return Load(k.dir)
}

// Load reads a keyring and checks that it is whole and private. Certificates that have expired are
// not refused; see Expiries.
func Load(dir string) (*Keyring, error) {
	l := loader{dir: dir, owners: map[string]string{}}
	k, err := l.load()
	if err != nil {
		return nil, err
	}
	return k, nil
}

type loader struct {
	dir    string
	owners map[string]string // public key to file, to find one key in two
}

func (l *loader) load() (*Keyring, error) {
	if err := l.private("", fs.ModeDir); err != nil {
		return nil, err
	}
	generations, err := l.list()
	if err != nil {
		return nil, err
	}
	k := &Keyring{dir: l.dir}
	if k.made, err = dates(l.dir); err != nil {
		return nil, err
	}
	if k.who, err = l.identity(); err != nil {
		return nil, err
	}
	authority, err := l.pairs("ca", 1, func(c *x509.Certificate) error { return checkAuthority(c, k.who) })
	if err != nil {
		return nil, err
	}
	k.ca = authority[0]
	if k.seals, err = l.pairs("seal", generations["seal"], func(c *x509.Certificate) error {
		return checkLeaf(c, k.ca.certificate, k.who, x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment)
	}); err != nil {
		return nil, err
	}
	if k.tls, err = l.pairs("tls", generations["tls"], func(c *x509.Certificate) error {
		return checkLeaf(c, k.ca.certificate, k.who, x509.KeyUsageDigitalSignature, x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth)
	}); err != nil {
		return nil, err
	}
	for kind, to := range map[string]*ed25519.PrivateKey{"witness": &k.witness, "anchor": &k.anchor} {
		if *to, err = l.ed25519(kind, 1); err != nil {
			return nil, err
		}
	}
	for n := range generations["journal"] {
		key, err := l.ed25519("journal", n+1)
		if err != nil {
			return nil, err
		}
		k.journals = append(k.journals, key)
	}
	for n := range generations["entry"] {
		key, err := l.ed25519("entry", n+1)
		if err != nil {
			return nil, err
		}
		k.entries = append(k.entries, key)
	}
	for kind, to := range map[string]*[]*age.HybridIdentity{"message": &k.messages, "evidence": &k.evidence} {
		for n := range generations[kind] {
			id, err := l.age(kind, n+1)
			if err != nil {
				return nil, err
			}
			*to = append(*to, id)
		}
	}
	for n := range generations[databaseKind] {
		key, err := l.databaseKey(n+1, k.who)
		if err != nil {
			return nil, err
		}
		k.database = append(k.database, key)
	}
	return k, nil
}

func refuse(name, format string, args ...any) *rogatory.Error {
	return rogatory.Fault(rogatory.Damaged, "keyring_damaged", "load keyring, %s: "+format, append([]any{name}, args...)...)
}

// private refuses what somebody else could read, or put there in the place of another.
func (l *loader) private(name string, kind fs.FileMode) error {
	info, err := os.Lstat(filepath.Join(l.dir, name))
	if errors.Is(err, fs.ErrNotExist) && name == "" {
		return rogatory.Fault(rogatory.NotFound, "keyring_missing", "load keyring from %s: %w", l.dir, err).
			WithHint("create one; the node never does so by itself")
	}
	if err != nil {
		return fmt.Errorf("load keyring: %w", err)
	}
	if info.Mode().Type() != kind {
		return refuse(filepath.Join(l.dir, name), "it is a %s, wanted %s", info.Mode().Type(), kind)
	}
	want := fs.FileMode(0o600)
	if kind == fs.ModeDir {
		want = 0o700
	}
	if info.Mode().Perm() != want {
		return rogatory.Fault(rogatory.Denied, "keyring_permissions", "load keyring: %s has mode %04o", filepath.Join(l.dir, name), info.Mode().Perm()).
			WithHint(fmt.Sprintf("find out who could read it; if nobody did, chmod %04o", want))
	}
	return nil
}

// list counts the generations of each kind, and refuses gaps and strangers.
func (l *loader) list() (map[string]int, error) {
	found, err := os.ReadDir(l.dir)
	if err != nil {
		return nil, fmt.Errorf("load keyring: %w", err)
	}
	generations := map[string]int{}
	for _, f := range found {
		if strings.HasPrefix(f.Name(), ".") {
			continue // left by a Rotate that was interrupted
		}
		if err := l.private(f.Name(), 0); err != nil {
			return nil, err
		}
		if f.Name() == identityName {
			continue
		}
		kind, rest, _ := strings.Cut(f.Name(), ".")
		number, _, _ := strings.Cut(rest, ".")
		n, err := strconv.Atoi(number)
		if err != nil || n < 1 || n > MaxGenerations || fileName(kind, n) != f.Name() {
			return nil, refuse(f.Name(), "it does not belong here")
		}
		generations[kind]++
	}
	for kind, rotates := range kinds {
		n := generations[kind]
		if n == 0 && kind != databaseKind || n > 1 && !rotates {
			return nil, refuse(fileName(kind, 1), "there are %d of this kind", n)
		}
		for g := range n {
			if _, err := os.Lstat(filepath.Join(l.dir, fileName(kind, g+1))); err != nil {
				return nil, refuse(fileName(kind, g+1), "it is missing")
			}
		}
	}
	for kind := range generations {
		if _, known := kinds[kind]; !known {
			return nil, refuse(l.dir, "it holds keys of an unknown kind")
		}
	}
	return generations, nil
}

func (l *loader) read(name string) ([]byte, error) {
	f, err := os.Open(filepath.Join(l.dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, refuse(name, "it is missing")
	}
	if err != nil {
		return nil, fmt.Errorf("load keyring: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("load keyring: %w", err)
	}
	if len(data) > maxFile {
		return nil, refuse(name, "it is longer than %d bytes", maxFile)
	}
	return data, nil
}

func (l *loader) identity() (identity, error) {
	data, err := l.read(identityName)
	if err != nil {
		return identity{}, err
	}
	who, err := parseIdentity(data)
	if err != nil {
		return identity{}, refuse(identityName, "%w", err)
	}
	return who, nil
}

// parseIdentity reads what encode writes, and nothing else.
func parseIdentity(data []byte) (identity, error) {
	var who identity
	if err := json.Unmarshal(data, &who); err != nil {
		return identity{}, err
	}
	if err := who.check(); err != nil {
		return identity{}, err
	}
	if again, err := who.encode(); err != nil || !bytes.Equal(again, data) {
		return identity{}, errors.New("it is not as it was written")
	}
	return who, nil
}

func (l *loader) pairs(kind string, generations int, check func(*x509.Certificate) error) ([]pair, error) {
	var list []pair
	for n := range generations {
		name := fileName(kind, n+1)
		p, err := l.pair(name)
		if err != nil {
			return nil, err
		}
		key, ok := p.key.(*ecdsa.PrivateKey)
		if !ok || key.Curve != elliptic.P256() || p.certificate == nil {
			return nil, refuse(name, "it does not hold an ECDSA P-256 key and a certificate")
		}
		if !key.PublicKey.Equal(p.certificate.PublicKey) {
			return nil, refuse(name, "the key is not that of the certificate")
		}
		if err := check(p.certificate); err != nil {
			return nil, refuse(name, "%w", err)
		}
		list = append(list, p)
	}
	return list, nil
}

func (l *loader) ed25519(kind string, generation int) (ed25519.PrivateKey, error) {
	name := fileName(kind, generation)
	p, err := l.pair(name)
	if err != nil {
		return nil, err
	}
	key, ok := p.key.(ed25519.PrivateKey)
	if !ok || p.certificate != nil {
		return nil, refuse(name, "it does not hold an Ed25519 key and nothing else")
	}
	return key, nil
}

// pair reads a key and the certificate, if any, and refuses a key that another file has too.
func (l *loader) pair(name string) (pair, error) {
	data, err := l.read(name)
	if err != nil {
		return pair{}, err
	}
	p, err := parsePair(data)
	if err != nil {
		return pair{}, refuse(name, "%w", err)
	}
	public, err := x509.MarshalPKIXPublicKey(p.key.Public())
	if err != nil {
		return pair{}, refuse(name, "%w", err)
	}
	return p, l.claim(name, string(public))
}

func (l *loader) claim(name, public string) error {
	if other, taken := l.owners[public]; taken {
		return refuse(name, "it holds the same key as %s", other)
	}
	l.owners[public] = name
	return nil
}

// parsePair reads a PKCS#8 key and at most one certificate, in the one form that encode writes.
func parsePair(data []byte) (pair, error) {
	block, rest := pem.Decode(data)
	if block == nil || block.Type != "PRIVATE KEY" {
		return pair{}, errors.New("it holds no PKCS#8 key in PEM")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return pair{}, errors.New("its key cannot be read") // the cause might repeat some of it
	}
	var p pair
	switch key := key.(type) {
	case *ecdsa.PrivateKey:
		p.key = key
	case ed25519.PrivateKey:
		p.key = key
	default:
		return pair{}, fmt.Errorf("it holds a key of type %T", key)
	}
	if block, _ = pem.Decode(rest); block != nil {
		if p.certificate, err = x509.ParseCertificate(block.Bytes); err != nil {
			return pair{}, err
		}
	}
	if again, err := p.encode(); err != nil || !bytes.Equal(again, data) {
		return pair{}, errors.New("it holds more than a key and a certificate, or writes them in another way")
	}
	return p, nil
}

func (l *loader) age(kind string, generation int) (*age.HybridIdentity, error) {
	name := fileName(kind, generation)
	data, err := l.read(name)
	if err != nil {
		return nil, err
	}
	ids, err := age.ParseIdentities(bytes.NewReader(data))
	if err != nil || len(ids) != 1 {
		return nil, refuse(name, "it does not hold one age identity") // the cause might repeat some of it
	}
	id, ok := ids[0].(*age.HybridIdentity)
	if !ok {
		return nil, refuse(name, "its identity is not hybrid")
	}
	if !bytes.Contains(data, []byte("# public key: "+id.Recipient().String()+"\n")) {
		return nil, refuse(name, "its recipient is not that of its identity")
	}
	return id, l.claim(name, id.Recipient().String())
}

// databaseKey reads a key in the one form in which it is written.
func (l *loader) databaseKey(generation int, who identity) (key [DatabaseKeySize]byte, err error) {
	name := fileName(databaseKind, generation)
	data, err := l.read(name)
	if err != nil {
		return key, err
	}
	_, line, _ := bytes.Cut(data, []byte("\n"))
	if secret, err := hex.DecodeString(string(bytes.TrimSuffix(line, []byte("\n")))); err == nil && len(secret) == len(key) {
		key = [DatabaseKeySize]byte(secret)
	}
	if key == ([DatabaseKeySize]byte{}) || !bytes.Equal(encodeDatabase(who, generation, key), data) {
		return key, refuse(name, "it does not hold the database key of this generation and nothing else")
	}
	return key, l.claim(name, string(key[:]))
}

func checkAuthority(c *x509.Certificate, who identity) error {
	if !c.IsCA || !c.MaxPathLenZero || !slices.Equal(c.Subject.Organization, []string{string(who.State)}) {
		return fmt.Errorf("%q is not the certification authority of %s", c.Subject, who.State)
	}
	return c.CheckSignatureFrom(c)
}

func checkLeaf(c, ca *x509.Certificate, who identity, usage x509.KeyUsage, extended ...x509.ExtKeyUsage) error {
	if c.IsCA || c.KeyUsage != usage || !slices.Equal(c.ExtKeyUsage, extended) || len(c.UnknownExtKeyUsage) != 0 {
		return fmt.Errorf("the certificate of %q is not for this use", c.Subject)
	}
	if !slices.Equal(c.Subject.Organization, []string{string(who.State)}) ||
		!slices.Equal(c.Subject.OrganizationalUnit, []string{string(who.Authority)}) {
		return fmt.Errorf("the certificate is that of %q, not of %s/%s", c.Subject, who.State, who.Authority)
	}
	return c.CheckSignatureFrom(ca)
}

// writeNew writes a file of mode 0600 durably, under a name that must not exist: a link to it is
// made only when it is whole.
func writeNew(dir, name string, data []byte) error {
	f, err := os.CreateTemp(dir, ".keyring-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), filepath.Join(dir, name)); err != nil {
		return err
	}
	return syncFolder(dir)
}

func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
