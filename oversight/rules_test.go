// SPDX-License-Identifier: Apache-2.0

package oversight_test

import (
	"os"
	"strings"
	"testing"

	"rogatory"
	"rogatory/oversight"
)

func TestRulesThatAreRefused(t *testing.T) {
	data, err := os.ReadFile("data/oversight.json")
	if err != nil {
		t.Fatal(err)
	}
	good := string(data)
	if r, err := oversight.ReadRules("oversight.json", data); err != nil || r.Verified {
		t.Fatalf("the rules of the program: %v; nobody has verified them", err)
	}
	for name, change := range map[string][2]string{
		"an unknown member":      {`"emergency":`, `"urgent": 1, "emergency":`},
		"an unknown act":         {`"accept"`, `"agree_silently"`},
		"an act twice":           {`"accept"`, `"send"`},
		"no article":             {`"24(2)"`, `"69"`},
		"no kinds":               {`["emergency_data"]`, `[]`},
		"a share above all":      {`"percent": 30`, `"percent": 101`},
		"from nothing on":        {`"from": 3,`, `"from": 0,`},
		"a weight below nothing": {`"broad": 5`, `"broad": -1`},
		"a missing member":       {`"version": "2026-11-26",`, ``},
		"a network of 40 bits":   {`"prefix": 24`, `"prefix": 40`},
	} {
		bad := strings.Replace(good, change[0], change[1], 1)
		if bad == good {
			t.Fatalf("%s: nothing was changed", name)
		}
		r, err := oversight.ReadRules("oversight.json", []byte(bad))
		if rogatory.CodeOf(err) != "oversight_rules_invalid" || r != nil || !strings.Contains(err.Error(), "oversight.json:") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzReadRules(f *testing.F) {
	data, err := os.ReadFile("data/oversight.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(`{"version":"x","intrusive":{"kinds":[""],"acts":[]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if r, err := oversight.ReadRules("x", data); (r == nil) == (err == nil) {
			t.Fatalf("rules %v and error %v", r, err)
		}
	})
}

func FuzzParseProof(f *testing.F) {
	f.Add([]byte(`{"finding":{"what":"missing","from":"XA","to":"XB","sequence":1,"in":"XA","index":0,"blind":""},"entry":"","salt":"","list":""}`))
	f.Add([]byte(`{"finding":`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := oversight.ParseProof(data)
		if err != nil {
			return
		}
		if _, err := p.Verify(rogatory.Party{Code: "XA"}, rogatory.Party{Code: "XB"}); err == nil {
			t.Fatal("a proof holds against States without keys")
		}
	})
}
