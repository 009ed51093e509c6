// SPDX-License-Identifier: Apache-2.0

package safeguard

import (
	"testing"

	"rogatory"
)

func TestTheRegisterOfAbuse(t *testing.T) {
	if n := len(Abuses()); n != 25 {
		t.Errorf("%d cases of abuse, 25 are known", n)
	}
	const first = `{"id": "AB-01", "abuse": "a", "answer": "b", "tests": ["safeguard#TestAB01BroadRequests"]}`
	for name, text := range map[string]string{
		"a case is left out":       `[{"id": "AB-02", "abuse": "a", "answer": "b", "tests": ["x#TestA"]}]`,
		"a case twice":             `[` + first + `,` + first + `]`,
		"no answer":                `[{"id": "AB-01", "abuse": "a", "answer": "", "tests": ["x#TestA"]}]`,
		"no test and no reason":    `[{"id": "AB-01", "abuse": "a", "answer": "b", "tests": []}]`,
		"a test without a package": `[{"id": "AB-01", "abuse": "a", "answer": "b", "tests": ["TestA"]}]`,
		"an unknown member":        `[{"id": "AB-01", "abuse": "a", "answer": "b", "tests": ["x#TestA"], "proof": 1}]`,
		"no list":                  `{}`,
	} {
		if all, err := readAbuses("a.json", []byte(text)); all != nil || rogatory.CodeOf(err) != "abuse_invalid" {
			t.Errorf("%s: %v, %v", name, all, err)
		}
	}
}

func FuzzRegisterOfAbuse(f *testing.F) {
	f.Add(abuseFile)
	f.Add([]byte(`[{"id": "AB-01"}]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if all, err := readAbuses("a.json", text); err != nil && all != nil {
			t.Error("an error came with a register")
		}
	})
}
