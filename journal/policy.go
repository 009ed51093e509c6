// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Limits of a policy file. C2SP tlog-policy recommends room for 32 logs, 32
// witnesses and 32 groups; we have a witness for every State in mind, and about
// half a kilobyte for each line.
const (
	MaxPolicy          = 256 << 10 // bytes
	MaxPolicyLogs      = 256
	MaxPolicyWitnesses = 256
	MaxPolicyGroups    = 256
)

// quorumNone is the predefined name of the quorum that asks for no witness.
const quorumNone = "none"

// A Policy says which logs are believed and which witnesses must have cosigned a
// checkpoint before it counts (C2SP tlog-policy, Ed25519 keys only). It is made by
// [ParsePolicy]. A nil or zero Policy is satisfied by nothing.
type Policy struct {
	logs      []PolicyKey
	witnesses []PolicyKey // Name is that used within the policy
	verifiers []Verifier  // of all witnesses, in their order
	groups    []group     // members come before the groups they are in
	quorum    string
}

// A PolicyKey is a log or a witness named in a policy.
type PolicyKey struct {
	Name     string // of a log: its origin; of a witness: its name in the policy
	Verifier Verifier
	URL      string // as written in the policy, or empty
	Key      string // the verifier key as written
}

type group struct {
	name      string
	threshold int
	members   []string
}

// A Cosignature is the statement of a witness of the policy about a checkpoint.
type Cosignature struct {
	Witness string    // its name in the policy
	Key     string    // the name of its key
	Time    time.Time // at which it knew of no larger tree of that log
}

// ParsePolicy reads a policy file. People write it, so space and comments are
// free; everything else is strict.
func ParsePolicy(text []byte) (*Policy, error) {
	if len(text) > MaxPolicy {
		return nil, fmt.Errorf("parse policy: %d bytes are more than %d", len(text), MaxPolicy)
	}
	for i, c := range text {
		if c < 0x20 && c != '\t' && c != '\n' || c == 0x7f {
			return nil, fmt.Errorf("parse policy: control character 0x%02x at byte %d", c, i)
		}
	}
	lines := strings.Split(string(text), "\n")
	if lines[len(lines)-1] != "" {
		return nil, errors.New("parse policy: the last line does not end with a newline")
	}
	p := policyParser{
		defined: map[string]bool{quorumNone: true},
		member:  make(map[string]bool),
		keys:    make(map[string]bool),
	}
	for i, line := range lines {
		// Not strings.Fields: octets beyond ASCII are opaque, not Unicode spaces.
		fields := strings.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == '\t' })
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		if err := p.line(fields[0], fields[1:]); err != nil {
			return nil, fmt.Errorf("parse policy: line %d: %w", i+1, err)
		}
	}
	if p.quorum == "" {
		return nil, errors.New("parse policy: no quorum line")
	}
	return &p.Policy, nil
}

type policyParser struct {
	Policy
	defined map[string]bool // names of witnesses and groups so far
	member  map[string]bool // names that are in a group
	keys    map[string]bool // role and public key
}

func (p *policyParser) line(keyword string, args []string) error {
	switch {
	case keyword == "log" && (len(args) == 1 || len(args) == 2):
		return p.log(args[0], args[1:])
	case keyword == "witness" && (len(args) == 2 || len(args) == 3):
		return p.witness(args[0], args[1], args[2:])
	case keyword == "group" && len(args) >= 3:
		return p.group(args[0], args[1], args[2:])
	case keyword == "quorum" && len(args) == 1:
		if p.quorum != "" {
			return errors.New("second quorum line")
		}
		if !p.defined[args[0]] {
			return fmt.Errorf("quorum %q is not defined on a line before", args[0])
		}
		p.quorum = args[0]
		return nil
	}
	return fmt.Errorf("%.20q with %d values is not a log, witness, group or quorum line", keyword, len(args))
}

func (p *policyParser) log(vkey string, url []string) error {
	if len(p.logs) == MaxPolicyLogs {
		return fmt.Errorf("more than %d logs", MaxPolicyLogs)
	}
	verifier, err := NewVerifier(vkey)
	if err != nil {
		return err
	}
	if err := p.claimKey("log", vkey, verifier); err != nil {
		return err
	}
	p.logs = append(p.logs, PolicyKey{verifier.Name(), verifier, strings.Join(url, ""), vkey})
	return nil
}

func (p *policyParser) witness(name, vkey string, url []string) error {
	if len(p.witnesses) == MaxPolicyWitnesses {
		return fmt.Errorf("more than %d witnesses", MaxPolicyWitnesses)
	}
	if err := p.define(name); err != nil {
		return err
	}
	verifier, err := NewCosignatureVerifier(vkey)
	if err != nil {
		return err
	}
	if err := p.claimKey("witness", vkey, verifier); err != nil {
		return err
	}
	p.witnesses = append(p.witnesses, PolicyKey{name, verifier, strings.Join(url, ""), vkey})
	p.verifiers = append(p.verifiers, verifier)
	return nil
}

func (p *policyParser) group(name, threshold string, members []string) error {
	if len(p.groups) == MaxPolicyGroups {
		return fmt.Errorf("more than %d groups", MaxPolicyGroups)
	}
	for _, m := range members {
		if m == quorumNone || !p.defined[m] {
			return fmt.Errorf("member %q of group %q is not defined on a line before", m, name)
		}
		if p.member[m] {
			return fmt.Errorf("%q is a member of a group twice", m)
		}
		p.member[m] = true
	}
	var k int
	switch threshold {
	case "any":
		k = 1
	case "all":
		k = len(members)
	default:
		n, err := strconv.Atoi(threshold)
		if err != nil || n < 1 || n > len(members) || strconv.Itoa(n) != threshold {
			return fmt.Errorf("threshold %q of group %q is not any, all or a number from 1 to %d", threshold, name, len(members))
		}
		k = n
	}
	if err := p.define(name); err != nil {
		return err
	}
	p.groups = append(p.groups, group{name, k, members})
	return nil
}

func (p *policyParser) define(name string) error {
	if p.defined[name] {
		return fmt.Errorf("name %q is defined already", name)
	}
	p.defined[name] = true
	return nil
}

// claimKey refuses a public key that has the same role already, under whatever
// name, so that nobody counts twice; and a name and ID that would be ambiguous.
func (p *policyParser) claimKey(role, vkey string, v Verifier) error {
	// The key is the part behind the second plus sign; base64 may have more.
	public := strings.SplitN(vkey, "+", 3)[2]
	id := fmt.Sprintf("%s+%08x", v.Name(), v.KeyHash())
	if p.keys[role+" "+public] || p.keys[id] {
		return fmt.Errorf("key of %s %q is in the policy already", role, v.Name())
	}
	p.keys[role+" "+public], p.keys[id] = true, true
	return nil
}

// Logs returns the logs that the policy names. There may be none: then the log is
// known from elsewhere.
func (p *Policy) Logs() []PolicyKey { return append([]PolicyKey(nil), p.logs...) }

// Witnesses returns the witnesses that the policy names.
func (p *Policy) Witnesses() []PolicyKey { return append([]PolicyKey(nil), p.witnesses...) }

// Satisfied reports whether the quorum is reached if exactly those witnesses have
// cosigned for which cosigned answers true. It gets names of the policy.
func (p *Policy) Satisfied(cosigned func(witness string) bool) bool {
	if p == nil || p.quorum == "" {
		return false
	}
	met := map[string]bool{quorumNone: true}
	for _, w := range p.witnesses {
		met[w.Name] = cosigned(w.Name)
	}
	for _, g := range p.groups {
		n := 0
		for _, m := range g.members {
			if met[m] {
				n++
			}
		}
		met[g.name] = n >= g.threshold
	}
	return met[p.quorum]
}

// OpenCheckpoint verifies a signed checkpoint of the log with that origin against
// the policy: signed by the log, and cosigned by a quorum of witnesses. It returns
// what the witnesses of the policy state, also those beyond the quorum.
//
// log is the key that the caller trusts; if it is nil, those keys of the policy
// count that have the origin as their name. If a key is given and the policy names
// logs too, the key must be one of them.
func (p *Policy) OpenCheckpoint(signed []byte, origin string, log Verifier) (Checkpoint, []Cosignature, error) {
	if p == nil || p.quorum == "" {
		return Checkpoint{}, nil, errors.New("open checkpoint: no policy given")
	}
	keys, err := p.logKeys(origin, log)
	if err != nil {
		return Checkpoint{}, nil, err
	}
	c, n, err := openCheckpoint(signed, origin, keys, p.verifiers)
	if err != nil {
		return Checkpoint{}, nil, err
	}
	stated := make(map[string]bool)
	var cosignatures []Cosignature
	for _, w := range p.witnesses {
		for _, sig := range n.Sigs {
			if sig.Name != w.Verifier.Name() || sig.Hash != w.Verifier.KeyHash() {
				continue
			}
			t, err := CosignatureTime(sig)
			if err != nil {
				return Checkpoint{}, nil, fmt.Errorf("open checkpoint of %q: %w", origin, err)
			}
			stated[w.Name] = true
			cosignatures = append(cosignatures, Cosignature{w.Name, sig.Name, t})
		}
	}
	if !p.Satisfied(func(name string) bool { return stated[name] }) {
		return Checkpoint{}, nil, &QuorumError{origin, c.Size, p.quorum, len(cosignatures)}
	}
	return c, cosignatures, nil
}

func (p *Policy) logKeys(origin string, log Verifier) ([]Verifier, error) {
	var keys []Verifier
	for _, known := range p.logs {
		same := log != nil && known.Name == log.Name() && known.Verifier.KeyHash() == log.KeyHash()
		if log == nil && known.Name == origin || same {
			keys = append(keys, known.Verifier)
		}
	}
	switch {
	case log != nil && len(p.logs) == 0, log != nil && len(keys) > 0:
		// The caller's own verifier, as the policy may have another key under
		// the same short ID.
		return []Verifier{log}, nil
	case log == nil && len(keys) > 0:
		return keys, nil
	}
	return nil, fmt.Errorf("open checkpoint: the policy does not name a log %q with the key given", origin)
}

// A QuorumError says that a checkpoint is genuine but that too few witnesses of
// the policy have cosigned it. More may do so later.
type QuorumError struct {
	Origin   string
	Size     int64
	Quorum   string // the name that is not met
	Cosigned int    // valid cosignatures by witnesses of the policy
}

func (e *QuorumError) Error() string {
	return fmt.Sprintf("checkpoint of %q at %d has %d cosignatures of the policy, which do not make up the quorum %q",
		e.Origin, e.Size, e.Cosigned, e.Quorum)
}
