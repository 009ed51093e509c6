// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"rogatory"
	"rogatory/clock"
	"rogatory/directory"
	"rogatory/keyring"
	"rogatory/node"
)

// directoryCmds are a key ceremony of several holders, each on a machine of their own. The folder of
// the directory is copied from one to the next; no private key ever lies in it.
type directoryCmds struct {
	Key      directoryKeyCmd      `cmd:"" help:"Make a holder's key: the private one in FILE, the public one printed."`
	Anchor   directoryAnchorCmd   `cmd:"" help:"Print the public anchor key of the node's State."`
	Init     directoryInitCmd     `cmd:"" help:"Propose a directory: its root keys, threshold, operators and mode."`
	Add      directoryAddCmd      `cmd:"" help:"Propose to admit a State by its anchor keys."`
	Remove   directoryRemoveCmd   `cmd:"" help:"Propose to strike a State off."`
	Sign     directorySignCmd     `cmd:"" help:"Sign a proposal, after reading it with show."`
	Endorse  directoryEndorseCmd  `cmd:"" help:"Sign the new anchor of a State with its old one, so that the other States need not wait two days."`
	Gather   directoryGatherCmd   `cmd:"" help:"Take over signatures and proposals from another copy of the folder."`
	Withdraw directoryWithdrawCmd `cmd:"" help:"Drop a proposal and its signatures."`
	Submit   directorySubmitCmd   `cmd:"" help:"Put the entry of the node's State into the folder, signed by the State."`
	Publish  directoryPublishCmd  `cmd:"" help:"Put proposals in force that have their signatures."`
	Refresh  directoryRefreshCmd  `cmd:"" help:"Renew the dates; to be done daily."`
	Show     directoryShowCmd     `cmd:"" help:"Show what is proposed, to read before signing."`
	Verify   directoryVerifyCmd   `cmd:"" help:"Verify a published or exported directory against a trusted root."`
	Trust    directoryTrustCmd    `cmd:"" help:"Have the node trust a directory root, after comparing its digest by telephone."`
}

func (d *desk) repository(folder string) (*directory.Repository, error) {
	return directory.Open(folder, clock.Real{})
}

// keyIn reads a key from a PEM file with a block of that type; whatever else the file holds is bad.
func keyIn[K any](name, block string, parse func(der []byte) (any, error), bad *rogatory.Error) (none K, err error) {
	data, err := readSmall(name)
	if err != nil {
		return none, err
	}
	found, _ := pem.Decode(data)
	if found == nil || found.Type != block {
		return none, bad
	}
	key, err := parse(found.Bytes)
	if err != nil {
		return none, bad
	}
	ours, ok := key.(K)
	if !ok {
		return none, bad
	}
	return ours, nil
}

// publicKey reads an Ed25519 public key, PEM in SubjectPublicKeyInfo form.
func publicKey(name string) (ed25519.PublicKey, error) {
	return keyIn[ed25519.PublicKey](name, "PUBLIC KEY", x509.ParsePKIXPublicKey,
		rogatory.Fault(rogatory.Invalid, "key_invalid", "%s is not a public Ed25519 key in PEM form", name).WithHint("openssl pkey -pubout makes one from a private key"))
}

func publicKeys(names []string) ([]ed25519.PublicKey, error) {
	var keys []ed25519.PublicKey
	for _, n := range names {
		k, err := publicKey(n)
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	return keys, nil
}

// privateKey reads an Ed25519 private key, PEM in PKCS#8 form.
func privateKey(name string) (ed25519.PrivateKey, error) {
	return keyIn[ed25519.PrivateKey](name, "PRIVATE KEY", x509.ParsePKCS8PrivateKey,
		rogatory.Fault(rogatory.Invalid, "key_invalid", "%s is not a private Ed25519 key in PEM form (PKCS #8)", name).WithHint("rogatory directory key FILE makes one"))
}

// givePublic prints a public key.
func givePublic(d *desk, key ed25519.PublicKey) error {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return fmt.Errorf("encode the public key: %w", err)
	}
	id, err := directory.KeyID(key)
	if err != nil {
		return err
	}
	text := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	d.say("key %s", id)
	return d.give(map[string]string{"id": id, "public_key": text}, func(w io.Writer) { fmt.Fprint(w, text) })
}

type directoryKeyCmd struct {
	File string `arg:"" help:"New file for the private key." type:"path"`
}

// Run makes a holder's key.
func (c *directoryKeyCmd) Run(d *desk) error {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return fmt.Errorf("draw a key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return fmt.Errorf("encode the key: %w", err)
	}
	if err := writeNew(c.File, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		return err
	}
	d.say("the private key is in %s: keep it offline, and a copy elsewhere; the public key follows", c.File)
	return givePublic(d, public)
}

func (d *desk) keys() (*keyring.Keyring, error) {
	if _, err := node.LoadConfig(d.globals.Node); err != nil {
		return nil, err
	}
	return keyring.Load(filepath.Join(d.globals.Node, "keys"))
}

type directoryAnchorCmd struct{}

// Run prints the State's anchor key.
func (c *directoryAnchorCmd) Run(d *desk) error {
	keys, err := d.keys()
	if err != nil {
		return err
	}
	public, ok := keys.DirectoryAnchor().Public().(ed25519.PublicKey)
	if !ok {
		return rogatory.Fault(rogatory.Invalid, "key_invalid", "the anchor key is not an Ed25519 key")
	}
	return givePublic(d, public)
}

type directoryInitCmd struct {
	Folder    string   `arg:"" help:"New folder." type:"path"`
	Mode      string   `help:"exercise or live." enum:"exercise,live" default:"exercise"`
	Threshold int      `help:"How many root holders must sign: more than half." required:"" placeholder:"M"`
	Root      []string `help:"Public key file of each root holder." required:"" type:"existingfile" placeholder:"FILE" sep:"none"`
	Operator  []string `help:"Public key file of each operator; two or more, that one may be lost." required:"" type:"existingfile" placeholder:"FILE" sep:"none"`
}

// lives are those that package directory recommends.
func lives() directory.Life {
	const day = 24 * time.Hour
	return directory.Life{Root: 365 * day, State: 365 * day, Snapshot: 30 * day, Timestamp: 14 * day}
}

// Run proposes a directory.
func (c *directoryInitCmd) Run(d *desk) error {
	roots, err := publicKeys(c.Root)
	if err != nil {
		return err
	}
	operators, err := publicKeys(c.Operator)
	if err != nil {
		return err
	}
	_, err = directory.Init(c.Folder, clock.Real{}, directory.Terms{Mode: rogatory.Mode(c.Mode), RootThreshold: c.Threshold, RootKeys: roots, OperatorKeys: operators, Life: lives()})
	if err != nil {
		return err
	}
	d.say("proposed a directory in %s; add States, then let %d holders sign root and targets", c.Folder, c.Threshold)
	return d.give(map[string]string{"folder": c.Folder}, func(io.Writer) {})
}

type directoryAddCmd struct {
	Folder    string   `arg:"" help:"Folder of the directory." type:"existingdir"`
	State     string   `arg:"" help:"Two-letter code of the State."`
	Anchor    []string `help:"Public anchor key file of the State." required:"" type:"existingfile" placeholder:"FILE" sep:"none"`
	Threshold int      `help:"How many of its anchor keys must sign." default:"1"`
}

// Run proposes to admit a State.
func (c *directoryAddCmd) Run(d *desk) error {
	r, err := d.repository(c.Folder)
	if err != nil {
		return err
	}
	anchors, err := publicKeys(c.Anchor)
	if err != nil {
		return err
	}
	if err := r.AddState(rogatory.StateCode(c.State), anchors, c.Threshold); err != nil {
		return err
	}
	d.say("proposed to admit %s; the root holders sign targets", c.State)
	return nil
}

type directoryRemoveCmd struct {
	Folder string `arg:"" help:"Folder of the directory." type:"existingdir"`
	State  string `arg:"" help:"Two-letter code of the State."`
}

// Run proposes to strike a State off.
func (c *directoryRemoveCmd) Run(d *desk) error {
	r, err := d.repository(c.Folder)
	if err != nil {
		return err
	}
	if err := r.RemoveState(rogatory.StateCode(c.State)); err != nil {
		return err
	}
	d.say("proposed to strike %s off; the root holders sign targets", c.State)
	return nil
}

type directorySignCmd struct {
	Folder string   `arg:"" help:"Folder of the directory." type:"existingdir"`
	Role   []string `arg:"" help:"What is signed: root, targets, a State's code, or its code with -entry."`
	Key    string   `help:"Private key file of the holder. Default: the anchor of the node's State." type:"existingfile" placeholder:"FILE"`
}

// Run signs proposals with one key.
func (c *directorySignCmd) Run(d *desk) error {
	r, err := d.repository(c.Folder)
	if err != nil {
		return err
	}
	for _, role := range c.Role {
		if c.Key != "" {
			key, err := privateKey(c.Key)
			if err != nil {
				return err
			}
			err = r.Sign(role, key)
			if err != nil {
				return err
			}
		} else {
			keys, err := d.keys()
			if err != nil {
				return err
			}
			if err := r.Sign(role, keys.DirectoryAnchor()); err != nil {
				return err
			}
		}
		d.say("signed %s", role)
	}
	return nil
}

type directoryGatherCmd struct {
	Folder string   `arg:"" help:"Folder of the directory." type:"existingdir"`
	From   []string `arg:"" help:"Other copies of it." type:"existingdir"`
}

// Run gathers signatures.
func (c *directoryGatherCmd) Run(d *desk) error {
	r, err := d.repository(c.Folder)
	if err != nil {
		return err
	}
	for _, from := range c.From {
		if err := r.Gather(from); err != nil {
			return err
		}
		d.say("took over what %s holds", from)
	}
	return nil
}

type directoryWithdrawCmd struct {
	Folder string `arg:"" help:"Folder of the directory." type:"existingdir"`
	Role   string `arg:"" help:"The proposal to drop."`
}

// Run drops a proposal.
func (c *directoryWithdrawCmd) Run(d *desk) error {
	r, err := d.repository(c.Folder)
	if err != nil {
		return err
	}
	if err := r.Withdraw(c.Role); err != nil {
		return err
	}
	d.say("dropped the proposal for %s", c.Role)
	return nil
}

type directorySubmitCmd struct {
	Folder   string `arg:"" help:"Folder of the directory." type:"existingdir"`
	EntryKey bool   `help:"Have the anchor name the entry key again, which renews the date of the anchor's role. It is done without asking when the entry key is new."`
}

// Run puts the State's entry into the folder.
func (c *directorySubmitCmd) Run(d *desk) error {
	s, err := d.submit(c.Folder, c.EntryKey)
	if err != nil {
		return err
	}
	return d.give(s.Party, func(io.Writer) {})
}

type directoryPublishCmd struct {
	Folder   string   `arg:"" help:"Folder of the directory." type:"existingdir"`
	Role     []string `arg:"" optional:"" help:"Only these proposals."`
	Operator string   `help:"Private key file of the operator." required:"" type:"existingfile" placeholder:"FILE"`
}

// Run publishes.
func (c *directoryPublishCmd) Run(d *desk) error {
	r, err := d.repository(c.Folder)
	if err != nil {
		return err
	}
	key, err := privateKey(c.Operator)
	if err != nil {
		return err
	}
	b, err := r.Publish(key, c.Role...)
	if err != nil {
		return err
	}
	d.say("in force: %s", r.Published())
	return giveBook(d, b)
}

type directoryRefreshCmd struct {
	Folder   string `arg:"" help:"Folder of the directory." type:"existingdir"`
	Operator string `help:"Private key file of the operator." required:"" type:"existingfile" placeholder:"FILE"`
}

// Run renews the dates.
func (c *directoryRefreshCmd) Run(d *desk) error {
	r, err := d.repository(c.Folder)
	if err != nil {
		return err
	}
	key, err := privateKey(c.Operator)
	if err != nil {
		return err
	}
	b, err := r.Refresh(key)
	if err != nil {
		return err
	}
	return giveBook(d, b)
}

func giveBook(d *desk, b *directory.Book) error {
	v := b.Version()
	type state struct {
		Code     rogatory.StateCode `json:"code"`
		Name     string             `json:"name"`
		Endpoint string             `json:"endpoint"`
	}
	states := []state{}
	for _, p := range b.Parties() {
		states = append(states, state{p.Code, p.Name, p.Endpoint})
	}
	result := struct {
		Mode    rogatory.Mode    `json:"mode"`
		Root    int64            `json:"root"`
		Targets int64            `json:"targets"`
		Issued  rogatory.Instant `json:"issued"`
		Expires rogatory.Instant `json:"expires"`
		Digest  rogatory.Digest  `json:"digest"`
		States  []state          `json:"states"`
	}{b.Mode(), v.Root, v.Targets, rogatory.At(b.Issued()), rogatory.At(b.Expires()), b.Hash(), states}
	return d.give(result, func(w io.Writer) {
		fmt.Fprintf(w, "mode\t%s\nversions\troot %d, targets %d, snapshot %d, timestamp %d\n", result.Mode, v.Root, v.Targets, v.Snapshot, v.Timestamp)
		fmt.Fprintf(w, "issued\t%s\nexpires\t%s\ndigest\t%s\n", when(result.Issued), when(result.Expires), result.Digest)
		for _, s := range states {
			fmt.Fprintf(w, "%s\t%s, %s\n", s.Code, s.Name, s.Endpoint)
		}
	})
}

type directoryShowCmd struct {
	Folder string `arg:"" help:"Folder of the directory." type:"existingdir"`
}

// Run shows the proposals.
func (c *directoryShowCmd) Run(d *desk) error {
	r, err := d.repository(c.Folder)
	if err != nil {
		return err
	}
	all, err := r.Proposals()
	if err != nil {
		return err
	}
	if len(all) == 0 {
		d.say("nothing is proposed")
	}
	return d.give(all, func(w io.Writer) {
		for _, p := range all {
			fmt.Fprintf(w, "%s\tversion %d, until %s, %d signatures missing\n", p.Role, p.Version, p.Expires.Format(time.DateOnly), max(p.Missing, 0))
			fmt.Fprintf(w, "\tdigest %s\n", p.Digest)
			for _, line := range p.Content {
				fmt.Fprintf(w, "\t%s\n", line)
			}
			if len(p.Signed) > 0 {
				fmt.Fprintf(w, "\tsigned by %s\n", strings.Join(p.Signed, " "))
			}
		}
	})
}

type directoryVerifyCmd struct {
	Folder string `arg:"" help:"Published or exported folder." type:"existingdir"`
	Root   string `help:"File with the trusted root metadata." required:"" type:"existingfile" placeholder:"FILE"`
	At     string `help:"The time for which it is verified. Default: now." placeholder:"DATE"`
}

// Run verifies a directory.
func (c *directoryVerifyCmd) Run(d *desk) error {
	root, err := readSmall(c.Root)
	if err != nil {
		return err
	}
	at := time.Now()
	if c.At != "" {
		i, err := moment(c.At)
		if err != nil {
			return err
		}
		at = i.Time()
	}
	b, err := directory.VerifyChain(os.DirFS(c.Folder), root, at)
	if err != nil {
		return err
	}
	d.say("the directory follows from the root with the digest %s", rogatory.DigestOf(root))
	return giveBook(d, b)
}

type directoryTrustCmd struct {
	Root   string `arg:"" help:"File with the root metadata, such as published/1.root.json." type:"existingfile"`
	Digest string `help:"Its SHA-256 digest, as you were told it by telephone." required:"" placeholder:"HEX"`
}

// Run records the trusted root.
func (c *directoryTrustCmd) Run(d *desk) error {
	if _, err := node.LoadConfig(d.globals.Node); err != nil {
		return err
	}
	root, err := readSmall(c.Root)
	if err != nil {
		return err
	}
	if have := rogatory.DigestOf(root).String(); have != strings.ToLower(c.Digest) {
		return rogatory.Fault(rogatory.Untrusted, "root_mismatch", "the digest of %s is %s, not %.64s", c.Root, have, c.Digest).WithHint("do not trust it; ask who gave it to you")
	}
	if exists(filepath.Join(d.globals.Node, "directory-root.json")) {
		return rogatory.Fault(rogatory.Conflict, "file_exists", "the node trusts a root already").WithHint("move directory-root.json away first, if the States have begun anew")
	}
	if err := node.Trust(d.globals.Node, root); err != nil {
		return err
	}
	d.say("the node trusts this root; start it with rogatory serve")
	return nil
}
