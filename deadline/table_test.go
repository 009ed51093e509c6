// SPDX-License-Identifier: Apache-2.0

package deadline

import (
	_ "embed"
	"fmt"
	"strings"
	"testing"
	"time"

	"rogatory"
)

//go:embed testdata/deadlines.tsv
var table string

// zoned reads 2026-12-02T14:00:00+01:00[Europe/Vienna] and checks that the zone has that offset then.
func zoned(t *testing.T, text string) (rogatory.Instant, string) {
	t.Helper()
	stamp, zone, ok := strings.Cut(strings.TrimSuffix(text, "]"), "[")
	at, err := time.Parse(time.RFC3339, stamp)
	if err != nil || !ok {
		t.Fatalf("%q is no time with a zone", text)
	}
	location, err := BundledZones().Load(zone)
	if err != nil {
		t.Fatal(err)
	}
	if got := at.In(location).Format(time.RFC3339); got != stamp {
		t.Fatalf("%s is %s in %s", stamp, got, zone)
	}
	return rogatory.At(at), zone
}

// TestPublicTable compares the engine with dates that were derived without it: see the head of the file.
func TestPublicTable(t *testing.T) {
	rules, calendars := BundledRules(), BundledCalendars()
	used, rows := map[string]bool{}, 0
	for n, line := range strings.Split(strings.TrimSpace(table), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		rows++
		t.Run(fmt.Sprintf("line %d", n+1), func(t *testing.T) {
			cell := strings.Split(line, "\t")
			if len(cell) != 6 {
				t.Fatalf("%d columns", len(cell))
			}
			rule, err := rules.Rule(cell[0])
			if err != nil {
				t.Fatal(err)
			}
			used[rule.ID] = true
			start, _ := zoned(t, cell[2])
			want, zone := zoned(t, cell[3])
			due, err := Compute(rule, start, calendars.Of(rogatory.StateCode(cell[1])))
			if err != nil {
				t.Fatal(err)
			}
			day := due.LastDay
			if day == "" {
				day = "-"
			}
			if due.At != want || due.Zone != zone || day != cell[4] {
				t.Errorf("%s from %s in %s\n got %s, last day %s, in %s\nwant %s, last day %s\n%s\n%s",
					cell[0], cell[2], cell[1], due.Local, day, due.Zone, cell[3], cell[4], cell[5], strings.Join(due.Steps, "\n"))
			}
		})
	}
	if rows < 200 {
		t.Errorf("%d rows: the table has at least 200", rows)
	}
	for _, r := range rules.All() {
		if !used[r.ID] {
			t.Errorf("no row computes with %s", r.ID)
		}
	}
}
