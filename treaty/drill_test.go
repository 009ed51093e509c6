// SPDX-License-Identifier: Apache-2.0

package treaty

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"rogatory"
)

func TestADrillKnowsNoOtherActsThanItsOwn(t *testing.T) {
	r := Convention()
	k, err := r.Kind(rogatory.ContactDrill)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rogatory.Lifecycle() {
		if got, want := k.AllowsBy(row.Act, row.By), slices.Contains(drillActs, row.Act); got != want {
			t.Errorf("%s on a drill: %t", row.Act, got)
		}
		for _, other := range r.Kinds {
			if slices.Contains([]rogatory.Act{rogatory.StartDrill, rogatory.EndDrill, rogatory.StateFigures}, row.Act) && other.Allows(row.Act) {
				t.Errorf("%s on a %s request", row.Act, other.ID)
			}
		}
	}
	if len(k.Required)+len(k.Optional) > 0 || k.Marking == "" || !k.Urgent {
		t.Errorf("%+v", k)
	}
}

func TestDrillsOfARulesFileThatAreRefused(t *testing.T) {
	for name, change := range map[string][2]string{
		"another name":        {`"id": "drill"`, `"id": "test"`},
		"no marking":          {`"marking": "DRILL: nobody asks for anything; acknowledge it, and it is done"`, `"marking": ""`},
		"no article":          {`network", "article": "41(1)"`, `network", "article": "99"`},
		"a field":             {`"required": [], "optional": [],`, `"required": ["facts"], "optional": [],`},
		"an act of a request": {`"acts": ["drill", "end_drill"`, `"acts": ["offer", "drill", "end_drill"`},
		"a question":          {`"send", "ask", "supplement"`, `"send", "supplement"`},
		"no acknowledgement":  {`"without": ["draft", `, `"without": ["acknowledge", "draft", `},
		"a doubled act":       {`"without": ["draft", `, `"without": ["draft", "draft", `},
		"a drill as a kind":   {`"id": "transfer_proceedings"`, `"id": "drill"`},
	} {
		data := bytes.Replace(Embedded(), []byte(change[0]), []byte(change[1]), 1)
		if bytes.Equal(data, Embedded()) {
			t.Fatalf("%s: the test changes nothing", name)
		}
		if rules, err := Load("kinds.json", data); rules != nil || rogatory.CodeOf(err) != "rules_invalid" || !strings.Contains(err.Error(), "kinds.json:") {
			t.Errorf("%s: %v", name, err)
		}
	}
	data := Embedded()
	data = append(bytes.TrimRight(data[:bytes.Index(data, []byte(`  "drill": {`))], ",\n"), "\n}\n"...)
	rules, err := Load("kinds.json", data)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rules.Kind(rogatory.ContactDrill); rogatory.CodeOf(err) != "kind_unknown" {
		t.Errorf("rules without drills: %v", err)
	}
}
