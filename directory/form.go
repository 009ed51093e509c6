// SPDX-License-Identifier: Apache-2.0

package directory

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/theupdateframework/go-tuf/v2/metadata"

	"rogatory"
)

// Bounds of the signed files, so that a hostile mirror cannot fill memory.
const (
	// MaxRoot holds some 200 holders, each with a key and a signature of 300 bytes.
	MaxRoot = 512 << 10
	// MaxTimestamp holds one reference and a signature per operator.
	MaxTimestamp = 16 << 10
	// MaxSnapshot holds two references of 200 bytes for every State.
	MaxSnapshot = 1 << 20
	// MaxTargets holds the anchor keys of every State.
	MaxTargets = 2 << 20
	// MaxRole holds the few keys of one State.
	MaxRole = 64 << 10
	// MaxStates is the number of two-letter codes: there cannot be more.
	MaxStates = 26 * 26
	// MaxRoots bounds the roots from the trusted one to the newest: yearly renewal for a century,
	// and as many changes of holders.
	MaxRoots = 256
	// maxDepth bounds the nesting of JSON; TUF needs seven levels.
	maxDepth = 12
)

// charterField is the field of ours in the root, which the States sign: the mode, and how long
// each kind of file lives. TUF leaves room for such fields.
const charterField = "x-rogatory"

// issuedField, in the timestamp, is when the operator signed it. TUF knows only when it expires.
const issuedField = "x-rogatory-issued"

// Charter is what the States agreed on beside the keys. It is signed with the root.
type Charter struct {
	Mode rogatory.Mode
	Life Life
}

// Life says how long a signed file is good. A file is renewed well before its life ends. The
// timestamp's life is how long a mirror can hide news, and how long a State can be offline and
// still send.
type Life struct {
	Root      time.Duration // root and targets, renewed together by the States; a year
	State     time.Duration // a State's two roles; a year
	Snapshot  time.Duration // a month
	Timestamp time.Duration // 7 to 14 days
}

// strictJSON refuses what readers of JSON may read differently or stumble over: repeated names
// (in any case, since Go matches names so), null, fractions, deep nesting, anything after the end.
func strictJSON(data []byte, limit int) error {
	if len(data) > limit {
		return fmt.Errorf("%d bytes of JSON, %d are allowed", len(data), limit)
	}
	if !utf8.Valid(data) {
		return fmt.Errorf("JSON is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := strictValue(d, 0); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("JSON is followed by something else")
	}
	return nil
}

func strictValue(d *json.Decoder, depth int) error {
	t, err := d.Token()
	if err != nil {
		return fmt.Errorf("read JSON: %w", err)
	}
	switch v := t.(type) {
	case nil:
		return fmt.Errorf("JSON holds null")
	case json.Number:
		if strings.ContainsAny(v.String(), ".eE") {
			return fmt.Errorf("JSON holds the number %.20s, only whole numbers are allowed", v)
		}
	case json.Delim:
		if depth == maxDepth {
			return fmt.Errorf("JSON is nested deeper than %d", maxDepth)
		}
		return strictMembers(d, v == '{', depth)
	}
	return nil
}

func strictMembers(d *json.Decoder, object bool, depth int) error {
	seen := map[string]bool{}
	for d.More() {
		if object {
			t, err := d.Token()
			if err != nil {
				return fmt.Errorf("read JSON: %w", err)
			}
			name := strings.ToLower(t.(string))
			if seen[name] || strings.ContainsFunc(name, func(r rune) bool { return r < 0x20 || r > 0x7e }) {
				return fmt.Errorf("JSON holds the name %.40q twice, or it is not ASCII", name)
			}
			seen[name] = true
		}
		if err := strictValue(d, depth+1); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return fmt.Errorf("read JSON: %w", err)
	}
	return nil
}

// The functions below read a signed file and check that it has the form of this directory, before
// the library sees it: the library dereferences entries that a hostile signer may leave out, and
// Ed25519 panics on keys of another length. They check no signature.

func readMetadata[T metadata.Roles](name string, data []byte, limit int) (*metadata.Metadata[T], error) {
	if err := strictJSON(data, limit); err != nil {
		return nil, tampered(name, err)
	}
	m, err := new(metadata.Metadata[T]).FromBytes(data)
	if err != nil {
		return nil, tampered(name, err)
	}
	return m, nil
}

func readRoot(name string, data []byte) (*metadata.Metadata[metadata.RootType], Charter, error) {
	m, err := readMetadata[metadata.RootType](name, data, MaxRoot)
	if err != nil {
		return nil, Charter{}, err
	}
	charter, err := rootForm(m.Signed)
	if err != nil {
		return nil, Charter{}, tampered(name, err)
	}
	return m, charter, nil
}

func rootForm(s metadata.RootType) (Charter, error) {
	if s.Version < 1 || !s.ConsistentSnapshot || len(s.Roles) != 4 {
		return Charter{}, fmt.Errorf("version %d, %d roles: not a root of consistent snapshots with four roles", s.Version, len(s.Roles))
	}
	for _, name := range []string{metadata.ROOT, metadata.TARGETS, metadata.SNAPSHOT, metadata.TIMESTAMP} {
		r := s.Roles[name]
		if r == nil {
			return Charter{}, fmt.Errorf("no role %s", name)
		}
		if err := keysForm(s.Keys, r.KeyIDs, r.Threshold); err != nil {
			return Charter{}, fmt.Errorf("role %s: %w", name, err)
		}
	}
	return readCharter(s.UnrecognizedFields[charterField])
}

func timestampForm(s metadata.TimestampType) error {
	meta := s.Meta["snapshot.json"]
	if s.Version < 1 || len(s.Meta) != 1 || meta == nil {
		return fmt.Errorf("version %d, %d references: not a timestamp of one snapshot", s.Version, len(s.Meta))
	}
	if err := referenceForm(meta.Length, MaxSnapshot, meta.Hashes, meta.Version); err != nil {
		return fmt.Errorf("snapshot.json: %w", err)
	}
	_, err := issued(s)
	return err
}

func issued(s metadata.TimestampType) (time.Time, error) {
	v, _ := s.UnrecognizedFields[issuedField].(string)
	t, err := time.Parse(time.RFC3339, v)
	if err != nil || t.UTC().Format(time.RFC3339) != v {
		return time.Time{}, fmt.Errorf("%s is %.40q, not a UTC time in seconds", issuedField, v)
	}
	return t.UTC(), nil
}

func snapshotForm(s metadata.SnapshotType) error {
	if s.Version < 1 || s.Meta["targets.json"] == nil || len(s.Meta) > 1+2*MaxStates {
		return fmt.Errorf("version %d, %d references: not a snapshot with targets", s.Version, len(s.Meta))
	}
	for name, meta := range s.Meta {
		limit := int64(MaxRole)
		if name == "targets.json" {
			limit = MaxTargets
		} else if !isStateRole(strings.TrimSuffix(name, ".json")) || !strings.HasSuffix(name, ".json") {
			return fmt.Errorf("reference to %.40q", name)
		}
		if err := referenceForm(meta.Length, limit, meta.Hashes, meta.Version); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// referenceForm asks for what TUF leaves optional: with length and digest in every reference, one
// signed timestamp fixes every byte of the book.
func referenceForm(length, limit int64, hashes metadata.Hashes, version int64) error {
	if length < 1 || length > limit || version < 1 || len(hashes) != 1 || len(hashes["sha256"]) != 32 {
		return fmt.Errorf("length %d (up to %d is allowed), version %d, %d hashes: one SHA-256 is wanted", length, limit, version, len(hashes))
	}
	return nil
}

// targetsForm checks the list of admitted States.
func targetsForm(s metadata.TargetsType) error {
	if s.Version < 1 || len(s.Targets) != 0 || s.Delegations == nil || s.Delegations.SuccinctRoles != nil {
		return fmt.Errorf("version %d, %d targets: the States' list admits States and holds no file", s.Version, len(s.Targets))
	}
	var before string
	for _, role := range s.Delegations.Roles {
		if !rogatory.StateCode(role.Name).Valid() || role.Name <= before {
			return fmt.Errorf("role %.20q is not a State's code in its place of the alphabet", role.Name)
		}
		before = role.Name
		if err := delegationForm(*s.Delegations, role, rogatory.StateCode(role.Name)); err != nil {
			return err
		}
	}
	return nil
}

// anchorForm checks the role by which a State names the key of its entry.
func anchorForm(s metadata.TargetsType, code rogatory.StateCode) error {
	if s.Version < 1 || len(s.Targets) != 0 || s.Delegations == nil || s.Delegations.SuccinctRoles != nil ||
		len(s.Delegations.Roles) != 1 || s.Delegations.Roles[0].Name != entryRole(code) {
		return fmt.Errorf("role %s does more or less than name the keys of %s", code, entryRole(code))
	}
	return delegationForm(*s.Delegations, s.Delegations.Roles[0], code)
}

// entryForm checks the role that signs a State's entry: its own entry, and nothing else.
func entryForm(s metadata.TargetsType, code rogatory.StateCode) error {
	for name := range s.Targets {
		if name != partyTarget(code) {
			return fmt.Errorf("role %s signs %.40q, it may sign %s only", entryRole(code), name, partyTarget(code))
		}
	}
	t := s.Targets[partyTarget(code)]
	if s.Version < 1 || s.Delegations != nil || t == nil {
		return fmt.Errorf("role %s delegates, or does not sign %s", entryRole(code), partyTarget(code))
	}
	return referenceForm(t.Length, MaxParty, t.Hashes, 1)
}

func delegationForm(d metadata.Delegations, role metadata.DelegatedRole, code rogatory.StateCode) error {
	if !slices.Equal(role.Paths, []string{string(code) + "/*"}) || len(role.PathHashPrefixes) != 0 || !role.Terminating {
		return fmt.Errorf("role %s is not confined to %s/*", role.Name, code)
	}
	if err := keysForm(d.Keys, role.KeyIDs, role.Threshold); err != nil {
		return fmt.Errorf("role %s: %w", role.Name, err)
	}
	return nil
}

// keysForm checks that the keys are distinct Ed25519 keys under their right names.
func keysForm(keys map[string]*metadata.Key, ids []string, threshold int) error {
	if threshold < 1 || threshold > len(ids) {
		return fmt.Errorf("threshold %d of %d keys", threshold, len(ids))
	}
	for i, id := range ids {
		k := keys[id]
		if k == nil || slices.Contains(ids[:i], id) {
			return fmt.Errorf("key %.12s is missing or there twice", id)
		}
		public, err := hex.DecodeString(k.Value.PublicKey)
		if err != nil || len(public) != ed25519.PublicKeySize || k.Type != metadata.KeyTypeEd25519 || k.Scheme != metadata.KeySchemeEd25519 {
			return fmt.Errorf("key %.12s is not an Ed25519 key", id)
		}
		plain, err := metadata.KeyFromPublicKey(ed25519.PublicKey(public))
		if err != nil {
			return err
		}
		// The name is computed from the plain key: extra fields or capitals would give one key two
		// names, and so two votes.
		if name, err := plain.ID(); err != nil || name != id {
			return fmt.Errorf("key %.12s is not named by its digest", id)
		}
	}
	return nil
}

func readCharter(field any) (Charter, error) {
	m, _ := field.(map[string]any)
	word := func(name string) string { s, _ := m[name].(string); return s }
	c := Charter{Mode: rogatory.Mode(word("mode"))}
	if c.Mode != rogatory.Exercise && c.Mode != rogatory.Live {
		return Charter{}, fmt.Errorf("the mode in %s is %.20q", charterField, c.Mode)
	}
	for name, d := range c.Life.terms() {
		v, err := time.ParseDuration(word(name))
		if err != nil || v < time.Minute {
			return Charter{}, fmt.Errorf("the life of %s is %.20q, a minute is the least", name, word(name))
		}
		*d = v
	}
	return c, nil
}

func (c Charter) field() map[string]any {
	m := map[string]any{"mode": string(c.Mode)}
	for name, d := range c.Life.terms() {
		m[name] = d.String()
	}
	return m
}

func (l *Life) terms() map[string]*time.Duration {
	return map[string]*time.Duration{
		"root_life": &l.Root, "state_life": &l.State, "snapshot_life": &l.Snapshot, "timestamp_life": &l.Timestamp,
	}
}

const entrySuffix = "-entry"

func entryRole(code rogatory.StateCode) string   { return string(code) + entrySuffix }
func partyTarget(code rogatory.StateCode) string { return string(code) + "/party.json" }

// isStateRole reports whether name is XA or XA-entry for some State.
func isStateRole(name string) bool {
	return rogatory.StateCode(strings.TrimSuffix(name, entrySuffix)).Valid()
}

func versioned(version int64, role string) string { return fmt.Sprintf("%d.%s.json", version, role) }

// targetName is where TUF puts a file in a repository of consistent snapshots.
func targetName(code rogatory.StateCode, hash []byte) string {
	return fmt.Sprintf("targets/%s/%x.party.json", code, hash)
}

// fileName matches the names of a published directory.
var fileName = regexp.MustCompile(`^(timestamp\.json|[1-9][0-9]{0,18}\.(root|snapshot|targets|[A-Z]{2}(-entry)?)\.json|targets/[A-Z]{2}/[0-9a-f]{64}\.party\.json)$`)

// limitOf bounds a file by its name; zero for a name that no directory holds.
func limitOf(name string) int64 {
	switch {
	case !fileName.MatchString(name):
		return 0
	case name == "timestamp.json":
		return MaxTimestamp
	case strings.HasSuffix(name, ".root.json"):
		return MaxRoot
	case strings.HasSuffix(name, ".snapshot.json"):
		return MaxSnapshot
	case strings.HasSuffix(name, ".targets.json"):
		return MaxTargets
	case strings.HasSuffix(name, ".party.json"):
		return MaxParty
	}
	return MaxRole
}
