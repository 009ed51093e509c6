// SPDX-License-Identifier: Apache-2.0

package safeguard

import (
	"testing"
	"time"

	"rogatory"
)

func TestAnHourHoldsSoManyRequests(t *testing.T) {
	p := PaceOf(Paces(), rogatory.StoredData)
	now := rogatory.At(time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC))
	var past []rogatory.Instant
	for i := range p.Hour {
		var room rogatory.Instant
		if past, room = p.Take(past, now.Add(time.Duration(i)*time.Minute)); room != 0 || len(past) != i+1 {
			t.Fatalf("request %d: %v, room at %v", i+1, past, room)
		}
	}
	if kept, room := p.Take(past, now.Add(59*time.Minute)); kept != nil || room != now.Add(time.Hour) {
		t.Errorf("one too many: %v, room at %s", kept, room)
	}
	if kept, room := p.Take(past, now.Add(time.Hour)); len(kept) != p.Hour || room != 0 {
		t.Errorf("an hour after the first: %v, room at %s", kept, room)
	}
	if kept, _ := p.Take([]rogatory.Instant{now.Add(24 * time.Hour)}, now); len(kept) != 1 {
		t.Errorf("what lies in the future counts: %v", kept)
	}
	if q := PaceOf(Paces(), "preservation"); q.Hour <= p.Hour {
		t.Errorf("preserving has a pace of %d", q.Hour)
	}
}

func TestPacesThatAreRefused(t *testing.T) {
	const last = `{"name": "b", "kinds": [], "hour": 10, "article": "24(1)", "because": "c"}`
	for name, text := range map[string]string{
		"none":                `[]`,
		"none for the rest":   `[{"name": "a", "kinds": ["x"], "hour": 1, "article": "24(1)", "because": "c"}]`,
		"one behind the rest": `[` + last + `,{"name": "a", "kinds": ["x"], "hour": 1, "article": "24(1)", "because": "c"}]`,
		"no pace":             `[{"name": "b", "kinds": [], "hour": 0, "article": "24(1)", "because": "c"}]`,
		"too fast":            `[{"name": "b", "kinds": [], "hour": 61, "article": "24(1)", "because": "c"}]`,
		"no reason":           `[{"name": "b", "kinds": [], "hour": 1, "article": "24(1)", "because": ""}]`,
		"no article":          `[{"name": "b", "kinds": [], "hour": 1, "article": "soon", "because": "c"}]`,
		"a kind twice":        `[{"name": "a", "kinds": ["x"], "hour": 1, "article": "24(1)", "because": "c"},{"name": "d", "kinds": ["x"], "hour": 1, "article": "24(1)", "because": "c"},` + last + `]`,
		"an unknown member":   `[{"name": "b", "kinds": [], "hour": 1, "article": "24(1)", "because": "c", "minute": 1}]`,
	} {
		if all, err := readPaces("p.json", []byte(text)); all != nil || rogatory.CodeOf(err) != "pace_invalid" {
			t.Errorf("%s: %v, %v", name, all, err)
		}
	}
}

func FuzzPaces(f *testing.F) {
	f.Add(paceFile)
	f.Add([]byte(`[{"name": "b"}]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if all, err := readPaces("p.json", text); (err == nil) == (all == nil) {
			t.Errorf("%d paces and %v", len(all), err)
		}
	})
}
