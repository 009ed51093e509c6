// SPDX-License-Identifier: Apache-2.0

package transparency

import (
	"bytes"
	"encoding/json"

	"rogatory"
)

// Limits of what a node says of itself and of its lists.
const (
	MaxFacts     = 256 << 10 // bytes: a witness of every State takes some 60 kB
	MaxList      = 512 << 10 // bytes: fifty years of weeks
	maxWitnesses = 256
	maxNotices   = 64
	maxListed    = 4000
	// MaxAttestations bounds what a node serves of a report's attestations, in bytes: as many as maxAttested bodies give.
	MaxAttestations = 256 << 10
	maxAttested     = 32
)

// Witness is an office that watches a journal: its State and its key as a C2SP cosignature verifier.
type Witness struct {
	State rogatory.StateCode `json:"state"`
	Key   string             `json:"key"`
}

// Notice is what a node tells everybody about its journal. A succession names the last witnessed state of the
// journal that was lost.
type Notice struct {
	Sort string           `json:"sort"` // Succession or Start
	At   rogatory.Instant `json:"at"`
	Text string           `json:"text"` // of a succession, the state in words; of a start, the incarnation
}

// The sorts of notices.
const (
	Succession = "succession"
	Start      = "start"
)

// Facts is what a node says of itself at public/node.json: how its journal is known and who watches it.
type Facts struct {
	Version    int                `json:"rogatory_node"`
	State      rogatory.StateCode `json:"state"`
	Mode       rogatory.Mode      `json:"mode"`
	Origin     string             `json:"origin"`      // of the journal
	JournalKey string             `json:"journal_key"` // C2SP signed-note verifier key
	Witnesses  []Witness          `json:"witnesses"`
	Notices    []Notice           `json:"notices"`
}

// Listed is a line of the list of reports.
type Listed struct {
	Period Period          `json:"period"`
	Digest rogatory.Digest `json:"digest"` // of the report's bytes
}

// List is public/reports.json: every report, the newest first.
type List struct {
	Version int      `json:"rogatory_reports"`
	Reports []Listed `json:"reports"`
}

// Attested is what an oversight body attests of a report, as it is published.
type Attested struct {
	Body string           `json:"body"` // its name, as the State's entry in the directory has it
	Key  string           `json:"key"`  // that verifies the note, from the same entry
	At   rogatory.Instant `json:"at"`
	Note string           `json:"note"` // C2SP signed note
}

// Attestations is public/reports/PERIOD.oversight: what the oversight bodies attest of a report.
type Attestations struct {
	Version int        `json:"rogatory_attestations"`
	All     []Attested `json:"attestations"`
}

// Encode writes the attestations in one line after another.
func (a Attestations) Encode() []byte { return encode(a) }

// ParseAttestations reads what a node says that oversight attests. Nothing of it is believed for being there: the note
// decides. It is "facts_invalid" if it is malformed or out of bounds.
func ParseAttestations(data []byte) (Attestations, error) {
	var a Attestations
	if err := strict("the attestations", data, MaxAttestations, &a); err != nil {
		return Attestations{}, err
	}
	if a.Version != 1 || len(a.All) > maxAttested {
		return Attestations{}, rogatory.Fault(rogatory.Invalid, "facts_invalid", "read the attestations: they are out of bounds")
	}
	return a, nil
}

// Encode writes the facts in one line after another.
func (f Facts) Encode() []byte { return encode(f) }

// Encode writes the list in one line after another.
func (l List) Encode() []byte { return encode(l) }

func encode(v any) []byte {
	data, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		panic("words and numbers could not be written: " + err.Error())
	}
	return append(data, '\n')
}

// strict reads one document without unknown members.
func strict(what string, data []byte, limit int, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	err := d.Decode(v)
	if err == nil && d.More() {
		err = rogatory.Fault(rogatory.Invalid, "facts_invalid", "there is more than one document")
	}
	if len(data) > limit {
		err = rogatory.Fault(rogatory.Invalid, "facts_invalid", "%d bytes, at most %d are read", len(data), limit)
	}
	if err != nil {
		return rogatory.Fault(rogatory.Invalid, "facts_invalid", "read %s: %w", what, err)
	}
	return nil
}

// ParseFacts reads what any node says of itself. Nothing of it is believed for being there. It is "facts_invalid" if it
// is malformed or out of bounds.
func ParseFacts(data []byte) (Facts, error) {
	var f Facts
	if err := strict("what the node says of itself", data, MaxFacts, &f); err != nil {
		return Facts{}, err
	}
	if f.Version != 1 || f.Origin == "" || len(f.Origin) > 255 || len(f.JournalKey) > 1024 || len(f.Witnesses) > maxWitnesses || len(f.Notices) > maxNotices {
		return Facts{}, rogatory.Fault(rogatory.Invalid, "facts_invalid", "read what the node says of itself: it is out of bounds")
	}
	return f, nil
}

// ParseList reads a list of reports: later periods first, each once. It is "facts_invalid" otherwise.
func ParseList(data []byte) (List, error) {
	var l List
	if err := strict("the list of reports", data, MaxList, &l); err != nil {
		return List{}, err
	}
	bad := l.Version != 1 || len(l.Reports) > maxListed
	for i, r := range l.Reports {
		_, err := ParsePeriod(string(r.Period))
		bad = bad || err != nil || i > 0 && l.Reports[i-1].Period.Until() <= r.Period.Until()
	}
	if bad {
		return List{}, rogatory.Fault(rogatory.Invalid, "facts_invalid", "read the list of reports: it is out of bounds or out of order")
	}
	return l, nil
}
