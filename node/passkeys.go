// SPDX-License-Identifier: Apache-2.0

package node

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"rogatory"
	"rogatory/console"
	"rogatory/store"
)

// Where passkeys and enrolment links are kept in the node's folder. The node writes the first, the
// command line the second, so that they never write the same file at once.
const (
	passkeysFile = "passkeys.json"
	enrolDir     = "enrol"
)

// enrolmentLife is how long a link to register a passkey is good: long enough to walk to a colleague.
const enrolmentLife = time.Hour

// maxPasskeysFile bounds passkeys.json in bytes, of which a passkey takes some two thousand: a thousand people with a few
// each. What could not be read again is not written.
const maxPasskeysFile = 8 << 20

// maxPasskeys bounds how many one person may have: a device, a spare, and some over the years.
const maxPasskeys = 10

type passkeys struct {
	Passkeys []heldKey `json:"passkeys"`
}

type heldKey struct {
	Name string `json:"name"`
	console.Passkey
}

type enrolment struct {
	Name    string           `json:"name"`
	Expires rogatory.Instant `json:"expires"`
}

// Officers lists who may use the office's door, as the journal knows them.
func (n *Node) Officers(ctx context.Context) ([]rogatory.Officer, error) {
	all, err := n.people(ctx)
	n.note(peopleFile, err)
	if err != nil {
		return nil, err
	}
	var officers []rogatory.Officer
	for _, p := range all {
		officers = append(officers, rogatory.Officer{Name: p.Name, Role: p.Role})
	}
	return officers, nil
}

// Enrol makes a one-time token by which a person registers a passkey. It is known by its digest only, and
// ends when it was used, when an hour has passed, or with the next one of that person.
func Enrol(dir, name string, now time.Time) (token string, err error) {
	all, err := People(dir)
	if err != nil {
		return "", err
	}
	if find(all, name) < 0 {
		return "", personUnknown(name)
	}
	if err := dropEnrolments(dir, name, now); err != nil {
		return "", err
	}
	token, digest := newToken()
	text, err := json.Marshal(enrolment{name, rogatory.At(now.Add(enrolmentLife))})
	if err == nil {
		err = os.MkdirAll(filepath.Join(dir, enrolDir), 0o700)
	}
	if err == nil {
		err = replace(filepath.Join(dir, enrolDir, digest.String()), append(text, '\n'))
	}
	if err != nil {
		return "", rogatory.Fault(rogatory.Unavailable, "people_not_written", "keep the enrolment of %s: %w", name, err)
	}
	return token, nil
}

// dropEnrolments takes away the links of a person, and those of anybody that ran out.
func dropEnrolments(dir, name string, now time.Time) error {
	all, err := os.ReadDir(filepath.Join(dir, enrolDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, f := range all {
		if _, err := rogatory.ParseDigest(f.Name()); err != nil {
			continue // being written
		}
		path := filepath.Join(dir, enrolDir, f.Name())
		var e enrolment
		// One that cannot be read opens nothing.
		if readStrict(path, "enrolment_invalid", &e) == nil && e.Name != name && e.Expires >= rogatory.At(now) {
			continue
		}
		if gone := os.Remove(path); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
	}
	if err != nil {
		return rogatory.Fault(rogatory.Unavailable, "people_not_written", "take away the enrolment links of %s: %w", name, err)
	}
	return nil
}

// Passkeys implements console.Keys.
func (n *Node) Passkeys(name string) ([]console.Passkey, error) {
	all, err := n.readPasskeys()
	var found []console.Passkey
	for _, k := range all.Passkeys {
		if k.Name == name {
			found = append(found, k.Passkey)
		}
	}
	return found, err
}

// readPasskeys reads what this program wrote: the library's own form of a credential, in which null has a
// meaning, so that it is not read as a data file. Each page asks, so that the same bytes are parsed once.
func (n *Node) readPasskeys() (passkeys, error) {
	invalid := func(err error) error {
		return rogatory.Fault(rogatory.Invalid, "passkeys_invalid", "read %s: %w", passkeysFile, err)
	}
	f, err := os.Open(filepath.Join(n.dir, passkeysFile))
	if errors.Is(err, fs.ErrNotExist) {
		return passkeys{}, nil
	}
	if err != nil {
		return passkeys{}, invalid(err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxPasskeysFile))
	if err != nil {
		return passkeys{}, invalid(err)
	}
	n.known.mu.Lock()
	defer n.known.mu.Unlock()
	if n.known.text == nil || !bytes.Equal(n.known.text, text) {
		var all passkeys
		if err := json.Unmarshal(text, &all); err != nil {
			return passkeys{}, invalid(err)
		}
		n.known.text, n.known.all = text, all.Passkeys
	}
	return passkeys{slices.Clone(n.known.all)}, nil
}

// Keep implements console.Keys. It is journaled first, and without the lock: recording reads the list of people, which may
// itself take passkeys away.
func (n *Node) Keep(name string, k console.Passkey) error {
	all, err := n.readPasskeys()
	if err != nil {
		return err
	}
	if err := roomFor(all, name); err != nil {
		return err
	}
	if err := n.recordPasskey(name); err != nil {
		return err
	}
	n.keep.Lock()
	defer n.keep.Unlock()
	if all, err = n.readPasskeys(); err != nil {
		return err
	}
	if err := roomFor(all, name); err != nil {
		return err
	}
	k.Since, k.Vouched = rogatory.At(n.opt.Clock.Now()), ""
	all.Passkeys = append(all.Passkeys, heldKey{name, k})
	return n.writePasskeys(all)
}

// Used implements console.Keys.
func (n *Node) Used(name string, k console.Passkey) error {
	n.keep.Lock()
	defer n.keep.Unlock()
	all, err := n.readPasskeys()
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all.Passkeys, func(h heldKey) bool { return h.Name == name && bytes.Equal(h.ID, k.ID) })
	if i < 0 {
		return rogatory.Fault(rogatory.NotFound, "passkey_not_held", "the passkey of %s was taken away", name).WithHint("ask an administrator for a new enrolment link")
	}
	k.Since, k.Vouched = all.Passkeys[i].Since, all.Passkeys[i].Vouched
	all.Passkeys[i] = heldKey{name, k}
	return n.writePasskeys(all)
}

// roomFor refuses one passkey too many.
func roomFor(all passkeys, name string) error {
	held := 0
	for _, h := range all.Passkeys {
		if h.Name == name {
			held++
		}
	}
	if held >= maxPasskeys {
		return rogatory.Fault(rogatory.Conflict, "passkeys_many", "%s has %d passkeys already", name, maxPasskeys).WithHint("an administrator takes one off " + passkeysFile)
	}
	return nil
}

// recordPasskey journals that a person registered a passkey, before it opens anything.
func (n *Node) recordPasskey(name string) error {
	ctx, cancel := context.WithTimeout(context.Background(), outsideTimeout)
	defer cancel()
	return n.recordKeys(ctx, rogatory.Actor{}, name, rogatory.PersonPasskey)
}

// Vouch implements console.Keys. It is journaled first. Whoever registers another passkey between the look and the click
// gains nothing: nobody vouches for what nobody saw.
func (n *Node) Vouch(ctx context.Context, by rogatory.Actor, name string, seen rogatory.Instant) error {
	if by.Name == name {
		return rogatory.Fault(rogatory.Denied, "second_person_needed", "nobody vouches for their own passkey")
	}
	held, err := n.Passkeys(name)
	if err != nil {
		return err
	}
	newest := rogatory.Instant(0)
	for _, k := range held {
		if k.Vouched == "" {
			newest = max(newest, k.Since)
		}
	}
	if newest == 0 || newest != seen {
		return rogatory.Fault(rogatory.Stale, "page_stale", "the new passkeys of %s are not those that were shown", name).WithHint("look at the page of people again")
	}
	if err := n.recordKeys(ctx, by, name, rogatory.PersonVouched); err != nil {
		return err
	}
	n.keep.Lock()
	defer n.keep.Unlock()
	all, err := n.readPasskeys()
	if err != nil {
		return err
	}
	for i, h := range all.Passkeys {
		if h.Name == name && h.Vouched == "" && h.Since <= seen {
			all.Passkeys[i].Vouched = by.Name
		}
	}
	return n.writePasskeys(all)
}

// recordKeys journals what became of a person's passkeys. Without a name in by it is that person's own doing.
func (n *Node) recordKeys(ctx context.Context, by rogatory.Actor, name, change string) error {
	people, err := n.Officers(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(people, func(o rogatory.Officer) bool { return o.Name == name })
	if i < 0 {
		return personUnknown(name)
	}
	if by.Name == "" {
		by = rogatory.Actor{Address: n.config.address(), Officer: people[i]}
	}
	return n.store.Update(ctx, func(tx *store.Tx) error {
		_, err := n.Ledger.Record(tx, rogatory.Entry{Type: rogatory.PersonChanged, At: rogatory.At(n.opt.Clock.Now()), By: by, Name: fmt.Sprintf("%s (%s)", people[i].Name, people[i].Role), Why: change,
			Person: &rogatory.PersonChange{Officer: people[i], Change: change}})
		return err
	})
}

// dropPasskeys takes away every passkey of those of whom gone is true.
func (n *Node) dropPasskeys(gone func(name string) bool) error {
	n.keep.Lock()
	defer n.keep.Unlock()
	all, err := n.readPasskeys()
	if err != nil {
		return err
	}
	before := len(all.Passkeys)
	all.Passkeys = slices.DeleteFunc(all.Passkeys, func(h heldKey) bool { return gone(h.Name) })
	if len(all.Passkeys) == before {
		return nil
	}
	return n.writePasskeys(all)
}

func (n *Node) writePasskeys(all passkeys) error {
	text, err := json.MarshalIndent(all, "", "  ")
	if len(text) >= maxPasskeysFile {
		return rogatory.Fault(rogatory.Conflict, "passkeys_many", "%s would have %d bytes, and at most %d are read", passkeysFile, len(text), maxPasskeysFile).WithHint("an administrator takes passkeys off it that nobody uses")
	}
	if err == nil {
		err = replace(filepath.Join(n.dir, passkeysFile), append(text, '\n'))
	}
	if err != nil {
		return rogatory.Fault(rogatory.Unavailable, "passkeys_not_written", "write %s: %w", passkeysFile, err)
	}
	return nil
}

// Enrolment implements console.Keys.
func (n *Node) Enrolment(token string) (string, error) {
	unknown := enrolmentUnknown()
	var e enrolment
	if err := readStrict(n.enrolmentFile(token), "enrolment_invalid", &e); errors.Is(err, fs.ErrNotExist) {
		return "", unknown
	} else if err != nil {
		return "", rogatory.Fault(rogatory.Invalid, "enrolment_invalid", "read an enrolment: %w", err)
	}
	if e.Expires < rogatory.At(n.opt.Clock.Now()) {
		return "", unknown
	}
	return e.Name, nil
}

func enrolmentUnknown() error {
	return rogatory.Fault(rogatory.NotFound, "enrolment_unknown", "this link is not known, was used, or is too old").WithHint("an administrator gives another with rogatory person enrol")
}

// EndEnrolment implements console.Keys. Of two who end one link at once, one is told that it did.
func (n *Node) EndEnrolment(token string) error {
	if err := os.Remove(n.enrolmentFile(token)); errors.Is(err, fs.ErrNotExist) {
		return enrolmentUnknown()
	} else if err != nil {
		return rogatory.Fault(rogatory.Unavailable, "people_not_written", "end an enrolment: %w", err)
	}
	return nil
}

func (n *Node) enrolmentFile(token string) string {
	return filepath.Join(n.dir, enrolDir, fmt.Sprint(rogatory.DigestOf([]byte(token))))
}
