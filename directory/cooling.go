// SPDX-License-Identifier: Apache-2.0

package directory

import (
	"crypto"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"

	"rogatory"
)

// CoolOff is how long another anchor of a State waits before it takes effect with those who knew the one before: two days,
// in which somebody can call that State. The States' majority admits anchors, so this is what stands between a majority that
// was deceived, or coerced, and mail that goes to a false key. The old anchor's signature on the new one's role lifts it.
const CoolOff = 48 * time.Hour

// memoryName is where a client keeps by which anchor it knows each State, beside the cache.
const memoryName = "anchors.json"

// Cooling is a State whose new anchor is not in effect yet.
type Cooling struct {
	State rogatory.StateCode
	Until time.Time // from then on it is
}

// Cooling lists the States of which another anchor was published and is not in effect yet, in the order of their codes. Until
// it is, their entries are those of before; a State that was struck off in between is not in the book.
func (b *Book) Cooling() []Cooling { return slices.Clone(b.cooling) }

// known is by which anchor a State is known, and its last entry under it.
type known struct {
	Keys      map[string]*metadata.Key `json:"keys"`
	Threshold int                      `json:"threshold"`
	Party     json.RawMessage          `json:"party"`
	Expires   time.Time                `json:"expires"`
	// Next are the names of another anchor's keys, and Since when it was first seen.
	Next  []string  `json:"next,omitempty"`
	Since time.Time `json:"since,omitzero"`
}

// memory is what a client remembers of all States. One that was struck off stays in it: it may come back with a false key.
type memory map[rogatory.StateCode]known

// cooled returns what of a verified book is in effect at a time, and what is to be remembered. The book is changed. Own is
// the client's own State, whose keys it knows better than anybody.
func (m memory) cooled(b *Book, own rogatory.StateCode, now time.Time) (memory, error) {
	next := maps.Clone(m)
	if next == nil {
		next = memory{}
	}
	for code, e := range b.entries {
		anchor := slices.Sorted(slices.Values(b.namedBy(metadata.TARGETS, string(code))))
		was, found := m[code]
		fresh, err := b.knownAs(code, e)
		if err != nil {
			return nil, err
		}
		if !found || code == own || slices.Equal(anchor, slices.Sorted(maps.Keys(was.Keys))) || b.endorsed(code, was) {
			next[code] = fresh
			continue
		}
		if !slices.Equal(was.Next, anchor) {
			was.Next, was.Since = anchor, now
		}
		until := was.Since.Add(CoolOff)
		if !now.Before(until) {
			next[code] = fresh
			continue
		}
		next[code] = was
		b.cooling = append(b.cooling, Cooling{code, until})
		if b.entries[code], err = was.entry(); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(b.cooling, func(x, y Cooling) int { return strings.Compare(string(x.State), string(y.State)) })
	return next, nil
}

func (b *Book) knownAs(code rogatory.StateCode, e entry) (known, error) {
	d := b.trusted.Targets[metadata.TARGETS].Signed.Delegations
	i := slices.IndexFunc(d.Roles, func(r metadata.DelegatedRole) bool { return r.Name == string(code) })
	k := known{Keys: map[string]*metadata.Key{}, Threshold: d.Roles[i].Threshold, Expires: e.expires}
	for _, id := range d.Roles[i].KeyIDs {
		k.Keys[id] = d.Keys[id]
	}
	var err error
	k.Party, err = MarshalParty(e.party)
	return k, err
}

// endorsed reports whether as many keys of the old anchor as it took signed the State's role under the new one.
func (b *Book) endorsed(code rogatory.StateCode, was known) bool {
	return len(endorsers(was.Keys, slices.Collect(maps.Keys(was.Keys)), b.trusted.Targets[string(code)])) >= max(1, was.Threshold)
}

func (k known) entry() (entry, error) {
	party, err := ParseParty(k.Party)
	if err != nil {
		return entry{}, err
	}
	roots := x509.NewCertPool()
	for _, c := range party.Certificates {
		certificate, err := authorityCertificate(c)
		if err != nil {
			return entry{}, err
		}
		roots.AddCert(certificate)
	}
	return entry{party: party, roots: roots, expires: k.Expires}, nil
}

// remembered reads the memory. A damaged one is an error and not an empty one, which would take any anchor.
func (c *Client) remembered() (memory, error) {
	path := filepath.Join(c.config.Dir, memoryName)
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var m memory
	if err == nil {
		defer f.Close()
		var data []byte
		if data, err = readLimited(f, maxCache); err == nil {
			err = json.Unmarshal(data, &m)
		}
	}
	if err != nil {
		return nil, rogatory.Fault(rogatory.Damaged, "directory_cache", "read the known anchors %s: %w", path, err).
			WithHint("call the other States and compare their anchors before the file is moved away: without it any anchor is taken")
	}
	return m, nil
}

func (c *Client) remember(m memory) error {
	data, err := json.Marshal(m)
	if err == nil {
		err = writeFile(filepath.Join(c.config.Dir, memoryName), data)
	}
	if err != nil {
		return fmt.Errorf("keep the known anchors: %w", err)
	}
	return nil
}

// Endorse has a key of the anchor that a State had sign the role under its new one, so that the change takes effect at once
// with everybody. It comes after RotateState by the new anchor. An error has the code directory_signature if the key does not
// count for the State in what is published.
func (r *Repository) Endorse(code rogatory.StateCode, old crypto.Signer) error {
	cur, err := r.needPublished()
	if err != nil {
		return err
	}
	id, err := signerID(old)
	if err != nil {
		return err
	}
	if anchor, _ := cur.KeysOf(code); !slices.Contains(anchor, id) {
		return rogatory.Fault(rogatory.Untrusted, "directory_signature", "endorse %s: key %.12s is not of its published anchor", code, id)
	}
	return signPending[metadata.TargetsType](r, string(code), id, old)
}
