// SPDX-License-Identifier: Apache-2.0

package transparency

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"rogatory"
	"rogatory/journal"
)

func TestPeriods(t *testing.T) {
	for _, row := range []struct {
		name, at string
		last     Period
		until    string
	}{
		{"a Thursday", "2026-11-26T03:11:00Z", "2026-W47", "2026-11-23T00:00:00Z"},
		{"the last instant of a week", "2026-11-29T23:59:59Z", "2026-W47", "2026-11-23T00:00:00Z"},
		{"the first instant of the next", "2026-11-30T00:00:00Z", "2026-W48", "2026-11-30T00:00:00Z"},
		{"a year of 53 weeks", "2027-01-04T00:00:00Z", "2026-W53", "2027-01-04T00:00:00Z"},
		{"a week over New Year", "2026-01-05T12:00:00Z", "2026-W01", "2026-01-05T00:00:00Z"},
	} {
		t.Run(row.name, func(t *testing.T) {
			at, _ := time.Parse(time.RFC3339, row.at)
			got := Last(rogatory.At(at))
			if got != row.last || got.Until().Time().Format(time.RFC3339) != row.until {
				t.Fatalf("%s, until %s", got, got.Until())
			}
			if p, err := ParsePeriod(string(got)); err != nil || p != got {
				t.Fatal(p, err)
			}
		})
	}
	for _, bad := range []string{"", "2026-W54", "2025-W53", "2026-W00", "2026-W1", "2026-w48", "26-W48", "2026-W48 ", "2026-11-23", "../2026-W48"} {
		if p, err := ParsePeriod(bad); err == nil {
			t.Errorf("%q is read as %s", bad, p)
		}
	}
}

func request(n int64, kind rogatory.RequestKind, state rogatory.StateCode) Case {
	at := rogatory.At(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)).Add(time.Duration(n) * time.Minute)
	return Case{Side: rogatory.RequestedSide, Peer: state, Kind: kind, Offences: []string{"7"}, Opened: Mark{n, at}, Answered: Mark{n + 1, at.Add(2 * 24 * time.Hour)}, Refused: Mark{n + 1, at.Add(time.Hour)}, Ground: "R21B"}
}

func TestCountsOfTheFirstEntriesOnly(t *testing.T) {
	cases := []Case{request(1, "preservation", "XB"), request(3, "preservation", "XB"), request(5, "emergency_data", "XC")}
	cases[2].Emergency = true
	for _, row := range []struct {
		entries int64
		key     Key
		want    int
	}{
		{0, Key{rogatory.RequestedSide, Requests, All}, 0},
		{3, Key{rogatory.RequestedSide, Requests, All}, 2},
		{3, Key{rogatory.RequestedSide, ByOutcome, Refused}, 1},
		{4, Key{rogatory.RequestedSide, ByGround, "R21B"}, 2},
		{5, Key{rogatory.RequestedSide, Requests, Emergency}, 1},
		{5, Key{rogatory.RequestedSide, ByState, "XC"}, 1},
		{6, Key{rogatory.RequestedSide, ByDelay, "within_3_days"}, 3},
		{6, Key{rogatory.RequestingSide, Requests, All}, 0},
	} {
		if got := Count(cases, row.entries)[row.key]; got != row.want {
			t.Errorf("%v by entry %d: %d, want %d", row.key, row.entries, got, row.want)
		}
	}
}

func head(p Period, entries int64, previous []byte) Report {
	h := Report{State: "XA", Mode: rogatory.Exercise, Origin: "xa.example/journal", Period: p, Until: p.Until(), Entries: entries}
	if previous != nil {
		h.Previous = rogatory.DigestOf(previous)
	}
	return h
}

// chain is two reports that follow one another.
func chain(t *testing.T) (one, two Report) {
	t.Helper()
	key := bytes.Repeat([]byte{7}, KeySize)
	k := Key{rogatory.RequestedSide, ByState, "XB"}
	one = Next(head("2026-W47", 90, nil), Report{}, map[Key]int{k: 40}, key)
	two = Next(head("2026-W48", 120, one.Encode()), one, map[Key]int{k: 80}, key)
	if len(one.Cells) != 1 || len(two.Cells) != 1 || two.Cells[0].Count <= one.Cells[0].Count {
		t.Fatalf("%v, then %v", one.Cells, two.Cells)
	}
	return one, two
}

func TestWhatAReportIsRefusedFor(t *testing.T) {
	one, two := chain(t)
	good := one.Encode()
	if r, err := Parse(good); err != nil || len(Differences(r, one)) != 0 {
		t.Fatal(err)
	}
	for name, data := range map[string]string{
		"nothing":           "",
		"no report":         "[]",
		"an unknown member": strings.Replace(string(good), `"floor"`, `"flour"`, 1),
		"another spacing":   strings.ReplaceAll(string(good), "\n", ""),
		"a second document": string(good) + "{}",
		"a small cell":      strings.Replace(string(good), `"count": `, `"count": 4, "x": `, 1),
		"a wrong closing":   strings.Replace(string(good), "2026-W47", "2026-W46", 1),
		"an unknown table":  strings.Replace(string(good), `"state",`, `"town",`, 1),
		"too large":         string(good) + strings.Repeat(" ", MaxReport),
	} {
		if _, err := Parse([]byte(data)); rogatory.CodeOf(err) != "report_invalid" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := two.Follows(one, rogatory.DigestOf(good)); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(r *Report){
		"another before":  func(r *Report) { r.Previous = rogatory.DigestOf(nil) },
		"another journal": func(r *Report) { r.Origin = "xb.example/journal" },
		"another key":     func(r *Report) { r.KeyHash = rogatory.DigestOf(nil) },
		"earlier":         func(r *Report) { r.Until = one.Until },
		"fewer entries":   func(r *Report) { r.Entries = 1 },
		"a cell fell":     func(r *Report) { r.Cells = []Cell{} },
	} {
		r := two
		change(&r)
		if err := r.Follows(one, rogatory.DigestOf(good)); rogatory.CodeOf(err) != "report_breaks" {
			t.Errorf("%s: %v", name, err)
		}
	}
	swapped := two
	swapped.Cells = []Cell{{two.Cells[0].Key, two.Cells[0].Count + Floor}}
	if d := Differences(swapped, two); len(d) != 1 || !strings.Contains(d[0], "state XB") {
		t.Fatal(d)
	}
}

// notary is a journal of one published entry.
type notary struct {
	signer journal.Signer
	key    journal.Verifier
}

func newNotary(t *testing.T, seed byte) notary {
	t.Helper()
	skey, vkey, err := journal.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{seed}, 32)), "xa.example/journal")
	if err != nil {
		t.Fatal(err)
	}
	s, err := journal.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	v, err := journal.NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	return notary{s, v}
}

func (n notary) prove(t *testing.T, e rogatory.Entry) []byte {
	t.Helper()
	body, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	leaf := journal.LeafHash(journal.Commit([32]byte{1}, body))
	c, err := journal.SignCheckpoint(journal.Checkpoint{Origin: "xa.example/journal", Size: 1, Root: leaf}, n.signer)
	if err != nil {
		t.Fatal(err)
	}
	proof, err := journal.Proof{Extra: journal.MakeOpening([32]byte{1}, body), Checkpoint: c}.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return proof
}

func TestASealAndACommitment(t *testing.T) {
	n, other := newNotary(t, 1), newNotary(t, 2)
	data := Next(head("2026-W47", 0, nil), Report{}, nil, bytes.Repeat([]byte{7}, KeySize)).Encode()
	seal, err := Seal(data, n.signer)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(data, seal, "xa.example/journal", n.key); err != nil {
		t.Fatal(err)
	}
	if _, err := journal.OpenCheckpoint(seal, "xa.example/journal", n.key); err == nil {
		t.Fatal("a seal is taken for a checkpoint")
	}
	later := Next(head("2026-W48", 0, data), Report{}, nil, bytes.Repeat([]byte{7}, KeySize)).Encode()
	forged, _ := Seal(data, other.signer)
	for name, row := range map[string][2][]byte{"another report": {later, seal}, "another key": {data, forged}, "no seal": {data, nil}, "a huge seal": {data, bytes.Repeat(seal, 20)}} {
		if _, err := Open(row[0], row[1], "xa.example/journal", n.key); rogatory.CodeOf(err) != "report_forged" {
			t.Errorf("%s: %v", name, err)
		}
	}
	entry := rogatory.Entry{Type: rogatory.ReportPublished, Name: "2026-W47", Why: rogatory.DigestOf(data).String()}
	if _, err := Committed(n.prove(t, entry), data, "xa.example/journal", n.key); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(e *rogatory.Entry){
		"another digest": func(e *rogatory.Entry) { e.Why = rogatory.DigestOf(later).String() },
		"another week":   func(e *rogatory.Entry) { e.Name = "2026-W48" },
		"another sort":   func(e *rogatory.Entry) { e.Type = rogatory.NoteLeft },
	} {
		e := entry
		change(&e)
		if _, err := Committed(n.prove(t, e), data, "xa.example/journal", n.key); rogatory.CodeOf(err) != "report_uncommitted" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Committed(other.prove(t, entry), data, "xa.example/journal", n.key); rogatory.CodeOf(err) != "report_uncommitted" {
		t.Errorf("another journal's proof: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(Next(head("2026-W47", 3, nil), Report{}, map[Key]int{{rogatory.RequestedSide, Requests, All}: 20}, make([]byte, KeySize)).Encode())
	f.Add([]byte(`{"rogatory_report":1,"cells":[]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if r, err := Parse(data); err == nil && !bytes.Equal(r.Encode(), data) {
			t.Fatal("two encodings of one report")
		}
	})
}

func FuzzFacts(f *testing.F) {
	f.Add(Facts{Version: 1, State: "XA", Mode: rogatory.Exercise, Origin: "xa.example/journal", JournalKey: "k", Witnesses: []Witness{{"XB", "w"}}, Notices: []Notice{{Succession, 1, "x"}}}.Encode())
	f.Add(List{Version: 1, Reports: []Listed{{"2026-W48", rogatory.DigestOf(nil)}, {"2026-W47", rogatory.DigestOf(nil)}}}.Encode())
	f.Fuzz(func(t *testing.T, data []byte) {
		if x, err := ParseFacts(data); err == nil {
			if _, err := ParseFacts(x.Encode()); err != nil {
				t.Fatal(err)
			}
		}
		if l, err := ParseList(data); err == nil {
			if _, err := ParseList(l.Encode()); err != nil {
				t.Fatal(err)
			}
		}
	})
}
