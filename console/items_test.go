// SPDX-License-Identifier: Apache-2.0

package console

import (
	"bytes"
	"strings"
	"testing"

	"rogatory"
	"rogatory/treaty"
)

func TestPreservedItemsAreReadFromRowsAndLines(t *testing.T) {
	digest := exampleItem.Digest
	kind, err := treaty.Convention().Kind(rogatory.Preservation42)
	if err != nil {
		t.Fatal(err)
	}
	read := func(values map[string]string) *sheet {
		a := &sheet{l: testLocale(), kind: kind, act: rogatory.Preserve, values: values}
		a.preserve()
		return a
	}
	for _, row := range []struct {
		name   string
		values map[string]string
		items  int
		rows   int
		wrong  string // a part of what the first wrong row says, or the field
	}{
		{"nothing", map[string]string{}, 0, 0, "What was preserved"},
		{"a row", map[string]string{"item-what": "log\n", "item-size": "12\n", "item-digest": digest + "\n"}, 1, 1, ""},
		{"two rows with an empty one between", map[string]string{"item-what": "a\n\nb", "item-size": "1\n\n2", "item-digest": digest + "\n\n" + digest}, 2, 2, ""},
		{"pasted lines", map[string]string{"items": "log > 12 > " + digest + "\nmail > old > 7 > " + digest}, 2, 2, ""},
		{"a row and a line", map[string]string{"item-what": "a", "item-size": "1", "item-digest": digest, "items": "b > 2 > " + digest}, 2, 2, ""},
		{"a digest in groups and capitals", map[string]string{"item-what": "a", "item-size": "1", "item-digest": strings.ToUpper(digest[:32]) + " " + digest[32:]}, 1, 1, ""},
		{"a short digest", map[string]string{"item-what": "a", "item-size": "1", "item-digest": digest[:63]}, 0, 1, "here are 63"},
		{"a digest of other letters", map[string]string{"item-what": "a", "item-size": "1", "item-digest": strings.Repeat("z", 64)}, 0, 1, "here are 0"},
		{"a size with a unit", map[string]string{"item-what": "a", "item-size": "1 kB", "item-digest": digest}, 0, 1, "without a unit"},
		{"a negative size", map[string]string{"item-what": "a", "item-size": "-1", "item-digest": digest}, 0, 1, "without a unit"},
		{"no description", map[string]string{"item-what": "", "item-size": "1", "item-digest": digest}, 0, 1, "Say what it is"},
		{"fewer cells than rows", map[string]string{"item-what": "a\nb", "item-size": "1", "item-digest": digest}, 1, 2, "without a unit"},
		{"a line that is none", map[string]string{"items": "the log of yesterday"}, 0, 0, "the log of yesterday"},
	} {
		a := read(row.values)
		said := a.fields[0].Wrong
		for _, r := range a.fields[0].Rows {
			said += r.WrongWhat + r.WrongSize + r.WrongDigest
		}
		if got := len(a.body.Preservation.Items); got != row.items || len(a.fields[0].Rows) != row.rows || (said == "") != (row.wrong == "") || !strings.Contains(said, row.wrong) {
			t.Errorf("%s: %d items of %d rows, %q", row.name, got, len(a.fields[0].Rows), said)
		}
		// What is checked goes through a hidden field, and says the same again.
		if said == "" {
			again := read(map[string]string{"items": strings.Join(hiddenValues(a.fields[0]), "\n")})
			if len(again.body.Preservation.Items) != row.items || again.body.Preservation.Items[0] != a.body.Preservation.Items[0] {
				t.Errorf("%s: it does not come through the check: %v", row.name, again.body.Preservation.Items)
			}
		}
	}
}

func TestARowIsAddedAndNothingIsLost(t *testing.T) {
	q := field{Name: "items", Label: "What was preserved", Form: "rows", Rows: []itemRow{{What: "a"}, {What: "b", WrongSize: "A whole number"}}, More: true}
	if got := len(q.shown()); got != 3 {
		t.Errorf("%d rows are shown", got)
	}
	if got := len(field{}.shown()); got != emptyRows {
		t.Errorf("a form begins with %d rows", got)
	}
	var page bytes.Buffer
	if err := question(frame{Locale: testLocale()}, q).Render(t.Context(), &page); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`value="b"`, `aria-describedby="w-item-size-2"`, `A whole number`, `value="row"`, `name="items"`} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("the table lacks %s", want)
		}
	}
}
