// SPDX-License-Identifier: Apache-2.0

package monitor

import (
	"encoding/json"
	"testing"
)

func FuzzState(f *testing.F) {
	f.Add([]byte(`{"rogatory_monitor":1,"url":"https://node.example","size":3,"checked":3}`))
	f.Add([]byte(`{"rogatory_monitor":1,"size":-1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := parseState(data)
		if err != nil {
			return
		}
		again, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parseState(again); err != nil {
			t.Fatalf("it does not read what it writes: %v", err)
		}
	})
}
