// SPDX-License-Identifier: Apache-2.0

// Package transparency makes the figures that a State's office publishes of itself, once a week: requests by kind,
// State, offence, outcome, ground and delay.
//
// It promises that a report is a pure function of the journal's first entries, of the report before it and of a key, so
// that whoever may read the entries can recompute it; and that no report, nor all of them together, tells a number below
// Floor: a published cell stays as it is until at least Floor more requests stand behind it, it moves in whole steps
// of Floor, and how many more are held back is drawn anew for every step by the key, without an upper bound. All that a
// reader learns of a cell is that its true count is at least what was published. The argument is in docs/reports.md.
//
// It refuses to read a report that is not in its one encoding, whose cells are out of order, unknown or no multiple of
// Floor. There is no clock and no disk; after an error nothing is returned.
package transparency

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"math/bits"
	"slices"

	"rogatory"
)

// Floor is the least number of requests that may stand behind a change of a published cell.
const Floor = 5

// Limits of a report.
const (
	MaxReport = 1 << 20 // bytes: every cell of every State, three times over
	maxCells  = 8000
	maxKey    = 64
)

// KeySize is the length of the key that draws what is held back, in bytes.
const KeySize = 32

// Cell is one published figure: at least Count requests.
type Cell struct {
	Key
	Count int `json:"count"`
}

// Report is one week's publication. Its figures count from the first entry of the journal on.
type Report struct {
	Version  int                `json:"rogatory_report"`
	State    rogatory.StateCode `json:"state"`
	Mode     rogatory.Mode      `json:"mode"`
	Origin   string             `json:"origin"` // of the journal
	Period   Period             `json:"period"`
	Until    rogatory.Instant   `json:"until"`             // the period closed, and the report was due
	Entries  int64              `json:"entries"`           // of the journal that are counted: the first so many
	Previous rogatory.Digest    `json:"previous,omitzero"` // digest of the report before, if there is one
	KeyHash  rogatory.Digest    `json:"key_hash"`          // SHA-256 of the key, the same in every report
	Floor    int                `json:"floor"`
	Cells    []Cell             `json:"cells"` // by side, table and key; a cell that is not here is not published yet
}

// Count returns a published figure, zero if it is not published yet.
func (r Report) Count(k Key) int {
	if i, ok := slices.BinarySearchFunc(r.Cells, k, func(c Cell, k Key) int { return c.compare(k) }); ok {
		return r.Cells[i].Count
	}
	return 0
}

// held draws how many requests more than Floor are held back before a cell moves on from p: none in half of all
// cases, one in a quarter, and so on without end. Who has not the key cannot know.
func held(key []byte, k Key, p int) int {
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "rogatory.report.held.v1\n%s\n%s\n%s\n%d\n", k.Side, k.Table, k.Key, p)
	sum := mac.Sum(nil)
	zeros := 0
	for ; len(sum) >= 8; sum = sum[8:] {
		n := bits.LeadingZeros64(binary.BigEndian.Uint64(sum))
		if zeros += n; n < 64 {
			break
		}
	}
	return zeros
}

// Next makes the report that follows previous, which is the zero Report for the first. head has everything but the
// cells, the version, the floor and the hash of the key.
func Next(head, previous Report, counts map[Key]int, key []byte) Report {
	return next(head, previous, counts, rogatory.DigestOf(key), func(k Key, p int) int { return held(key, k, p) })
}

func next(head, previous Report, counts map[Key]int, keyHash rogatory.Digest, held func(Key, int) int) Report {
	r := head
	r.Version, r.Floor, r.KeyHash = 1, Floor, keyHash
	published := map[Key]int{}
	for _, c := range previous.Cells {
		published[c.Key] = c.Count
	}
	for k, count := range counts {
		p := published[k]
		if above := count - held(k, p) - p; above >= Floor {
			published[k] = p + above/Floor*Floor
		}
	}
	r.Cells = make([]Cell, 0, len(published))
	for _, k := range slices.SortedFunc(maps.Keys(published), Key.compare) {
		r.Cells = append(r.Cells, Cell{k, published[k]})
	}
	return r
}

// Encode writes the report in its one form, which Parse reads.
func (r Report) Encode() []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(r); err != nil {
		panic("a report could not be written: " + err.Error()) // its fields are words and numbers
	}
	return b.Bytes()
}

// Parse reads a report that anybody may have written. It is "report_invalid" if it is not exactly what Encode writes,
// or breaks its own rules. Who made it, only a signature tells.
func Parse(data []byte) (Report, error) {
	bad := func(format string, args ...any) (Report, error) {
		return Report{}, rogatory.Fault(rogatory.Invalid, "report_invalid", "read a report: "+format, args...)
	}
	if len(data) > MaxReport {
		return bad("it has %d bytes, at most %d are read", len(data), MaxReport)
	}
	var r Report
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		return bad("%w", err)
	}
	period, err := ParsePeriod(string(r.Period))
	switch {
	case err != nil:
		return bad("%w", err)
	case r.Version != 1 || r.Floor != Floor:
		return bad("version %d with floor %d is not known", r.Version, r.Floor)
	case r.Until != period.Until():
		return bad("%s does not close at %s", period, r.Until)
	case r.Entries < 0 || len(r.Cells) > maxCells || len(r.Origin) > 255 || r.Cells == nil:
		return bad("it is out of bounds")
	}
	for i, c := range r.Cells {
		known := (c.Side == rogatory.RequestingSide || c.Side == rogatory.RequestedSide) && slices.Contains(Tables(), c.Table) && c.Key.Key != "" && len(c.Key.Key) <= maxKey
		if !known || c.Count < Floor || c.Count%Floor != 0 {
			return bad("cell %d breaks the rules of a report", i)
		}
		if i > 0 && r.Cells[i-1].compare(c.Key) >= 0 {
			return bad("cell %d is out of order", i)
		}
	}
	if !bytes.Equal(r.Encode(), data) {
		return bad("it is not in the one encoding of a report")
	}
	return r, nil
}

// Follows checks what anybody can check of two reports that follow one another: the same journal and key, a later
// period, no fewer entries, and no cell that shrank. Its error is "report_breaks".
func (r Report) Follows(previous Report, digest rogatory.Digest) error {
	broken := func(what string) error {
		return rogatory.Fault(rogatory.Conflict, "report_breaks", "the report of %s does not follow that of %s: %s", r.Period, previous.Period, what)
	}
	switch {
	case r.Previous != digest:
		return broken("it names another report as the one before")
	case r.Origin != previous.Origin || r.State != previous.State || r.Mode != previous.Mode:
		return broken("it is of another journal")
	case r.KeyHash != previous.KeyHash:
		return broken("the key that holds figures back was changed")
	case r.Until <= previous.Until:
		return broken("it is not later")
	case r.Entries < previous.Entries:
		return broken("it counts fewer entries")
	}
	for _, c := range previous.Cells {
		if r.Count(c.Key) < c.Count {
			return broken(fmt.Sprintf("%s %s %s fell from %d to %d", c.Side, c.Table, c.Key.Key, c.Count, r.Count(c.Key)))
		}
	}
	return nil
}

// Differences compares a report with what was recomputed and names every figure that is not the same. It is empty when
// they are equal.
func Differences(published, recomputed Report) []string {
	var all []string
	say := func(what string, a, b any) {
		if a != b {
			all = append(all, fmt.Sprintf("%s: published %v, recomputed %v", what, a, b))
		}
	}
	say("state", published.State, recomputed.State)
	say("mode", published.Mode, recomputed.Mode)
	say("origin", published.Origin, recomputed.Origin)
	say("entries", published.Entries, recomputed.Entries)
	say("previous", published.Previous, recomputed.Previous)
	say("key_hash", published.KeyHash, recomputed.KeyHash)
	keys := map[Key]bool{}
	for _, c := range slices.Concat(published.Cells, recomputed.Cells) {
		keys[c.Key] = true
	}
	for _, k := range slices.SortedFunc(maps.Keys(keys), Key.compare) {
		say(fmt.Sprintf("%s %s %s", k.Side, k.Table, k.Key), published.Count(k), recomputed.Count(k))
	}
	return all
}
