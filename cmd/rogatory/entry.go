// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"rogatory"
	"rogatory/api"
	"rogatory/directory"
	"rogatory/keyring"
	"rogatory/node"
)

// submission is what became of a State's entry.
type submission struct {
	Party   rogatory.Party         `json:"party"`
	Changes []directory.Difference `json:"changes"` // from what the folder has published
	Missing int                    `json:"missing"` // signatures of further anchor holders
}

// submit puts the entry of the node's State into the directory's folder: node.json and the newest keys,
// signed by the newest entry key. An entry key that the directory does not name yet is named first, by
// the anchor; so it is if again is set, which renews the date of the anchor's own role.
//
// Order of writes, each whole or not at all: pending/XA-entry.json and pending/XA.json, if the entry
// key is named, which already is a whole proposal, with the entry as it was; pending/XA.party.json;
// pending/XA-entry.json. Nothing is in force before an operator publishes, and half a proposal cannot
// be published. After a crash at any step do the same again.
func (d *desk) submit(folder string, again bool) (submission, error) {
	var s submission
	r, err := d.repository(folder)
	if err != nil {
		return s, err
	}
	config, err := node.LoadConfig(d.globals.Node)
	if err != nil {
		return s, err
	}
	keys, err := d.keys()
	if err != nil {
		return s, err
	}
	s.Party = config.Party(keys)
	named, err := r.NamesEntry(config.State, keys.DirectoryEntry())
	if err != nil {
		return s, notAdmitted(config.State, err)
	}
	if !named || again {
		if err := r.RotateState(config.State, keys.DirectoryAnchor(), keys.DirectoryEntry()); err != nil {
			return s, err
		}
		d.say("the anchor of %s names its entry key", config.State)
	}
	if err := r.SubmitParty(s.Party, keys.DirectoryEntry()); err != nil {
		return s, err
	}
	if s.Changes, err = d.changes(r, s.Party); err != nil {
		return s, err
	}
	for _, c := range s.Changes {
		d.say("%s", inWords(c))
	}
	proposals, err := r.Proposals()
	if err != nil {
		return s, err
	}
	for _, p := range proposals {
		if p.Role == string(config.State) && p.Missing > 0 {
			s.Missing = p.Missing
		}
	}
	d.say("submitted the entry of %s", config.State)
	if s.Missing > 0 {
		d.say("next: %d more holders of the anchor sign, rogatory directory sign %s %s --key FILE", s.Missing, folder, config.State)
	}
	d.say("next: an operator publishes it, rogatory directory publish %s --operator FILE; a copy of the folder reaches theirs with rogatory directory gather", folder)
	return s, nil
}

func notAdmitted(code rogatory.StateCode, err error) error {
	if rogatory.CodeOf(err) != "unknown_state" {
		return err
	}
	return rogatory.Fault(rogatory.Conflict, "state_not_admitted", "the directory does not admit %s yet: %w", code, err).
		WithHint("give the key of rogatory directory anchor to the key holders, for rogatory directory add")
}

// changes compares with what the folder has published; everything is new if that is nothing.
func (d *desk) changes(r *directory.Repository, wants rogatory.Party) ([]directory.Difference, error) {
	b, err := r.Book()
	if rogatory.CodeOf(err) == "directory_unpublished" {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	has, err := b.Party(wants.Code)
	if err != nil {
		return nil, nil // its first entry: nothing to compare with
	}
	return directory.Differences(has, wants)
}

// inWords tells one difference in a line. Keys and certificates are told by their digest.
func inWords(c directory.Difference) string {
	short := func(s string) string {
		const most = 80 // characters that a person still compares
		switch {
		case s == "":
			return "nothing"
		case len(s) > most:
			return "SHA-256 " + rogatory.DigestOf([]byte(s)).String()[:16]
		}
		return line(s)
	}
	return fmt.Sprintf("%s: the directory has %s, this node %s", c.Field, short(c.Has), short(c.Wants))
}

// published reads the directory that the node follows.
func (d *desk) published() (*directory.Book, error) {
	config, err := node.LoadConfig(d.globals.Node)
	if err != nil {
		return nil, err
	}
	return node.Published(d.ctx, d.globals.Node, config)
}

// entryChecks hold node.json and the keys against what the directory publishes.
func (d *desk) entryChecks(config node.Config, keys *keyring.Keyring) []api.Check {
	var checks []api.Check
	say := func(name string, ok bool, format string, args ...any) {
		checks = append(checks, api.Check{Name: name, OK: ok, Words: fmt.Sprintf(format, args...)})
	}
	if u, err := url.Parse(config.Endpoint); err == nil {
		if leaf := keys.TLS().Leaf; leaf.VerifyHostname(u.Hostname()) != nil {
			say("endpoint", false, "the TLS certificate is for %s and not for %s, so other States will not connect; run rogatory key rotate tls --host %s --node %s",
				strings.Join(hostsOf(keys), ", "), u.Hostname(), u.Hostname(), d.globals.Node)
		}
	}
	const name = "directory entry"
	submit := "run rogatory directory submit DIR --node " + d.globals.Node + " with the directory's folder DIR, and have it published"
	b, err := d.published()
	if err != nil {
		say(name, false, "the directory cannot be read: %s", err)
		return checks
	}
	has, err := b.Party(config.State)
	if err != nil {
		say(name, false, "the directory does not list %s yet; %s", config.State, submit)
		return checks
	}
	differences, err := directory.Differences(has, config.Party(keys))
	if err != nil {
		say(name, false, "%s", err)
		return checks
	}
	var words []string
	for _, c := range differences {
		words = append(words, inWords(c))
	}
	if named(b, config.State, newest(keys, "entry"), has) != isNamed {
		words = append(words, "the newest entry key is not named")
	}
	if len(words) > 0 {
		say(name, false, "it differs from node.json and the newest keys: %s; %s", strings.Join(words, "; "), submit)
	} else {
		say(name, true, "as in node.json and the keys")
	}
	return checks
}

func newest(keys *keyring.Keyring, purpose string) keyring.Key {
	k, _ := keys.Newest(purpose)
	return k
}

func hostsOf(keys *keyring.Keyring) []string { return newest(keys, "tls").Hosts }

// How the published directory stands to a key.
const (
	isNamed   = "named"
	byCA      = "by authority" // it chains to a certification authority that is named
	notNamed  = "not named"
	isEarlier = "earlier" // not named, and need not be: another is newer
	isUnknown = "unknown" // the directory cannot be read
)

// named says whether the directory names a key of the State, whose entry is p.
func named(b *directory.Book, code rogatory.StateCode, k keyring.Key, p rogatory.Party) string {
	anchors, entries := b.KeysOf(code)
	ok := false
	switch k.Purpose {
	case "anchor":
		ok = slices.Contains(anchors, keyID(k))
	case "entry":
		ok = slices.Contains(entries, keyID(k))
	case "message":
		ok = slices.ContainsFunc(p.Authorities, func(a rogatory.Authority) bool { return a.MessageRecipient == k.Recipient })
	case "evidence":
		ok = slices.ContainsFunc(p.Authorities, func(a rogatory.Authority) bool { return a.EvidenceRecipient == k.Recipient })
	}
	switch {
	case ok:
		return isNamed
	case k.Newest:
		return notNamed
	}
	return isEarlier
}

// keyID is the name of an anchor or entry key in the directory; empty for others.
func keyID(k keyring.Key) string {
	public, ok := k.Public.(ed25519.PublicKey)
	if !ok {
		return ""
	}
	id, err := directory.KeyID(public)
	if err != nil {
		return ""
	}
	return id
}

// standing adds the keys that the entry names in another form.
func standing(b *directory.Book, keys *keyring.Keyring, k keyring.Key) string {
	code := keys.Address().State
	p, err := b.Party(code)
	if err != nil && k.Purpose != "anchor" && k.Purpose != "entry" {
		return notNamed
	}
	is := func(ok bool, word string) string {
		if ok {
			return word
		}
		return notNamed
	}
	switch k.Purpose {
	case "ca":
		return is(slices.Contains(p.Certificates, keys.AuthorityPEM()), isNamed)
	case "seal", "tls":
		return is(slices.Contains(p.Certificates, keys.AuthorityPEM()), byCA)
	case "journal":
		return is(p.JournalKey == keys.JournalVerifier(), isNamed)
	case "witness":
		return is(p.WitnessKey == keys.WitnessVerifier(), isNamed)
	}
	return named(b, code, k, p)
}

// inUse reports whether peers may be using a key already, by the node's directory or by the folder:
// then the next is due; else the rotation that made it is to be finished.
func (d *desk) inUse(keys *keyring.Keyring, k keyring.Key, folder string) (bool, error) {
	b, err := d.published()
	if err == nil && standing(b, keys, k) == isNamed {
		return true, nil
	}
	if folder == "" {
		return false, err
	}
	r, openErr := d.repository(folder)
	if openErr != nil {
		return false, openErr
	}
	inFolder, folderErr := r.Book()
	if folderErr != nil {
		return false, errors.Join(err, folderErr)
	}
	return standing(inFolder, keys, k) == isNamed, nil
}

// rotationDay is how long a new seal or TLS certificate is taken for the one that was just asked for:
// nothing outside the folder tells whether the command that made it was finished.
const rotationDay = 24 * time.Hour

func (d *desk) keysDir() string { return filepath.Join(d.globals.Node, "keys") }
