// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"rogatory"
	"rogatory/datafile"
	"rogatory/directory"
	"rogatory/keyring"
	"rogatory/store"
	"rogatory/vault/disk"
)

// Config is DIR/node.json. Unknown members are errors.
type Config struct {
	Mode          rogatory.Mode           `json:"mode"`           // exercise or live; never changes
	State         rogatory.StateCode      `json:"state"`          // XA to XZ in exercises
	StateName     string                  `json:"state_name"`     // UN name, or the fictional one
	Authority     rogatory.AuthorityID    `json:"authority"`      // small letters, digits and hyphens
	AuthorityName string                  `json:"authority_name"` // as the other States know it
	Roles         []rogatory.Role         `json:"roles"`          // what the authority was named for
	Languages     []string                `json:"languages"`      // in which requests are accepted, Art 40(13)
	Contacts      []rogatory.ContactPoint `json:"contacts,omitempty"`
	// Oversight are the bodies that the State's directory entry names, as rogatory oversight key prints them.
	Oversight []rogatory.OversightBody `json:"oversight,omitempty"`

	// FederationListen and OfficeListen are addresses to listen on. The office door has no TLS of its
	// own: keep it on loopback, behind the ministry's reverse proxy.
	FederationListen string `json:"federation_listen"`
	OfficeListen     string `json:"office_listen"`
	// Endpoint and JournalURL are how others reach this node; they go into the directory.
	Endpoint   string `json:"endpoint"`
	JournalURL string `json:"journal_url"`

	// Origin is how browsers reach the office, such as https://office.example: passkeys are made for its name.
	Origin string `json:"origin,omitempty"`
	// SignIn is the ministry's own sign-in, where it has one.
	SignIn SignIn `json:"sign_in,omitzero"`

	Database  Database  `json:"database"`
	Directory Source    `json:"directory"`
	TimeStamp TimeStamp `json:"time_stamp,omitzero"`
}

// Database says which engine holds the rows. For SQLite the source is a file name below DIR.
type Database struct {
	Engine string `json:"engine"`
	Source string `json:"source"`
}

// SignIn names an OpenID Connect provider. The secret is in a file of the data folder, readable by the node alone.
type SignIn struct {
	Issuer     string `json:"issuer"`
	ClientID   string `json:"client_id"`
	SecretFile string `json:"secret_file"`
	Claim      string `json:"claim,omitempty"` // of the ID token that names a person; default sub
}

// Source says where the directory of States is read: a folder or an https URL. GraceHours is how
// long an expired directory still verifies what arrives; nothing is sent on it.
type Source struct {
	From       string `json:"from"`
	GraceHours int    `json:"grace_hours"`
}

// TimeStamp names the RFC 3161 authority; without a URL nothing is stamped, and health says so.
type TimeStamp struct {
	URL         string `json:"url"`
	Certificate string `json:"certificate"` // PEM of its root
}

// The files of a data folder.
const (
	configFile = "node.json"
	peopleFile = "people.json"
	runFile    = "run.json"
	lockFile   = "lock"
	rootFile   = "directory-root.json"
	keysDir    = "keys"
	vaultDir   = "vault"
	bookDir    = "directory"
	tokensDir  = "tokens"
)

// Limits on the small files of the data folder: an office of a thousand people stays below them.
const (
	maxConfig = 1 << 20
	maxListed = 10000
)

// readStrict reads a small file of the data folder. The code is that of its error, whatever is wrong.
func readStrict(name, code string, v any) error {
	f, err := os.Open(name)
	if err != nil {
		return rogatory.Fault(rogatory.Invalid, code, "read %s: %w", filepath.Base(name), err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxConfig+1))
	if err != nil {
		return rogatory.Fault(rogatory.Invalid, code, "read %s: %w", filepath.Base(name), err)
	}
	_, err = datafile.Form{Code: code, Hint: "mend that line", Size: maxConfig, Items: maxListed}.Read(name, data, v)
	return err
}

// writeNew writes a file that must not be there, durably.
func writeNew(name string, data []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}

// replace swaps a small file for a new one, whole.
func replace(name string, data []byte) error {
	tmp := name + ".new"
	os.Remove(tmp)
	if err := writeNew(tmp, data); err != nil {
		return err
	}
	if err := os.Rename(tmp, name); err != nil {
		return err
	}
	folder, err := os.Open(filepath.Dir(name)) // the rename has to reach the disk
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// LoadConfig reads and checks DIR/node.json.
func LoadConfig(dir string) (Config, error) {
	var c Config
	if err := readStrict(filepath.Join(dir, configFile), "config_invalid", &c); err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return c, rogatory.Fault(rogatory.NotFound, "node_missing", "there is no node in %s", dir).WithHint("give its folder with --node, or make one with rogatory init")
		}
		return c, err
	}
	return c, c.check()
}

func (c Config) check() error {
	var problems []string
	say := func(bad bool, words string) {
		if bad {
			problems = append(problems, words)
		}
	}
	say(c.Mode != rogatory.Exercise && c.Mode != rogatory.Live, "mode must be exercise or live")
	say(!c.State.Valid(), "state must be two capital letters")
	say(c.State.Valid() && c.State.Fictional() != (c.Mode == rogatory.Exercise), "exercise nodes are for the States XA to XZ, and live nodes for all others")
	say(c.StateName == "" || c.AuthorityName == "" || c.Authority == "", "state_name, authority and authority_name are needed")
	say(len(c.Roles) == 0 || len(c.Languages) == 0, "roles and languages are needed")
	say(c.FederationListen == "" || c.OfficeListen == "", "federation_listen and office_listen are needed")
	say(!strings.HasPrefix(c.Endpoint, "https://"), "endpoint must be an https URL")
	say(c.Database.Engine != store.SQLite && c.Database.Engine != store.Postgres, "database engine must be sqlite or postgres")
	say(c.Directory.From == "", "directory.from is needed: a folder or a URL")
	origin, err := url.Parse(c.Origin)
	local := err == nil && (origin.Hostname() == "localhost" || origin.Hostname() == "127.0.0.1")
	say(c.Origin != "" && (err != nil || origin.Host == "" || strings.Trim(origin.Path, "/") != "" || origin.Scheme != "https" && !local), "origin must be https and a name, such as https://office.example")
	say(c.SignIn.Issuer != "" && (c.Origin == "" || c.SignIn.ClientID == "" || c.SignIn.SecretFile == ""), "sign_in needs issuer, client_id and secret_file, and origin")
	issuer, err := url.Parse(c.SignIn.Issuer)
	near := err == nil && (issuer.Hostname() == "localhost" || issuer.Hostname() == "127.0.0.1")
	say(c.SignIn.Issuer != "" && (err != nil || issuer.Host == "" || issuer.Scheme != "https" && !near), "sign_in.issuer must be an https URL")
	if len(problems) > 0 {
		return rogatory.Fault(rogatory.Invalid, "config_invalid", "%s: %s", configFile, strings.Join(problems, "; "))
	}
	return nil
}

func (c Config) address() rogatory.Address {
	return rogatory.Address{State: c.State, Authority: c.Authority}
}

func (c Config) store(dir string) store.Config {
	source := c.Database.Source
	if c.Database.Engine == store.SQLite {
		source = filepath.Join(dir, source)
	}
	return store.Config{Engine: c.Database.Engine, Source: source}
}

// sealedStore is the store with the keys under which content lies in it.
func (c Config) sealedStore(dir string, keys *keyring.Keyring) store.Config {
	s := c.store(dir)
	s.Keys = keys.Database()
	return s
}

// Init makes a node in dir: keys, database, vault and configuration. It is the only thing that makes
// them, and refuses a folder that holds anything. hosts are the names for the TLS certificate.
func Init(ctx context.Context, dir string, c Config, hosts []string, now time.Time) (*keyring.Keyring, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return nil, rogatory.Fault(rogatory.Conflict, "folder_not_empty", "%s is not empty", dir).WithHint("choose an empty folder; nothing is overwritten")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, rogatory.Fault(rogatory.Unavailable, "folder_failed", "make %s: %w", dir, err)
	}
	keys, err := keyring.Create(filepath.Join(dir, keysDir), keyring.Config{State: c.State, StateName: c.StateName, Authority: c.Authority, Hosts: hosts, Now: now, Rand: rand.Reader})
	if err != nil {
		return nil, err
	}
	for _, d := range []string{vaultDir, tokensDir, bookDir} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o700); err != nil {
			return nil, rogatory.Fault(rogatory.Unavailable, "folder_failed", "make %s: %w", d, err)
		}
	}
	if err := store.Create(ctx, c.sealedStore(dir, keys)); err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return nil, err
	}
	if err := writeNew(filepath.Join(dir, peopleFile), []byte("{\"people\": []}\n")); err != nil {
		return nil, err
	}
	return keys, writeNew(filepath.Join(dir, configFile), append(text, '\n'))
}

// Migrate brings the database of a node that does not run up to this program: its schema, and, in a node of before there
// was one, what cases say under a database key that is made for it. It returns the file of that key; empty if none was
// made. It may be broken off and called again.
//
// Order of writes: the key, then the database. A database that is sealed already gets no new key in place of one that is
// lost: Unavailable "database_key_missing".
func Migrate(ctx context.Context, dir string) (made string, err error) {
	config, err := LoadConfig(dir)
	if err != nil {
		return "", err
	}
	lock, err := takeLock(filepath.Join(dir, lockFile))
	if err != nil {
		return "", err
	}
	defer letGo(lock)
	keys, err := keyring.Load(filepath.Join(dir, keysDir))
	if err != nil {
		return "", err
	}
	if len(keys.Database()) == 0 {
		under, err := store.SealedUnder(ctx, config.store(dir))
		if err != nil {
			return "", err
		}
		if under == 0 {
			if keys, err = keys.MakeDatabase(rand.Reader); err != nil {
				return "", err
			}
			key, _ := keys.Newest("database")
			made = key.File
		}
	}
	return made, store.Migrate(ctx, config.sealedStore(dir, keys))
}

// Party returns the entry of this node's State for the directory.
func (c Config) Party(k *keyring.Keyring) rogatory.Party {
	p := rogatory.Party{
		Code: c.State, Name: c.StateName, Mode: c.Mode, Languages: c.Languages, Endpoint: c.Endpoint,
		Authorities: []rogatory.Authority{{ID: c.Authority, Name: c.AuthorityName, Roles: c.Roles,
			MessageRecipient: k.MessageRecipient(), EvidenceRecipient: k.EvidenceRecipient()}},
		Certificates:  []string{k.AuthorityPEM()},
		JournalOrigin: k.JournalOrigin(), JournalKey: k.JournalVerifier(), JournalURL: c.JournalURL,
		WitnessKey: k.WitnessVerifier(), WitnessURL: strings.TrimSuffix(c.JournalURL, "/journal") + "/witness", ContactPoints: c.Contacts,
		Oversight: c.Oversight,
	}
	if c.TimeStamp.Certificate != "" {
		p.TimeStampCertificates = []string{c.TimeStamp.Certificate}
	}
	return p
}

// Trust records the directory root that reached this office by a way it trusts.
func Trust(dir string, root []byte) error { return writeNew(filepath.Join(dir, rootFile), root) }

func directorySource(from string) directory.Source {
	if strings.HasPrefix(from, "https://") || strings.HasPrefix(from, "http://") {
		return directory.HTTPSource{URL: from, HTTP: boundedHTTP()}
	}
	return directory.FolderSource{Dir: from}
}

func openVaultDisk(dir string) (*disk.Folder, error) { return disk.Open(filepath.Join(dir, vaultDir)) }

// SignInSecret reads the secret that the office shares with the ministry's sign-in; empty, and said in the health, if
// it cannot be read or others than the node's account may read it.
func (n *Node) SignInSecret() string {
	name := n.config.SignIn.SecretFile
	if name == "" {
		return ""
	}
	data, err := readSecret(filepath.Join(n.dir, filepath.FromSlash(name)))
	n.note("sign_in", err)
	return data
}

// maxSecret bounds a file that holds one secret.
const maxSecret = 4096

func readSecret(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("%s may be read by others: chmod 600", filepath.Base(name))
	}
	data, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err == nil && len(data) > maxSecret {
		err = fmt.Errorf("%s has more than %d bytes", filepath.Base(name), maxSecret)
	}
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(string(data)), nil
}
