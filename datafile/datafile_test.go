// SPDX-License-Identifier: Apache-2.0

package datafile

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"rogatory"
)

// base and shelf have every shape that our files have.
type base struct {
	Made rogatory.Instant `json:"made,omitzero"`
}

type shelf struct {
	base
	Name  string              `json:"name"`
	Size  int                 `json:"size,omitempty"`
	Full  *bool               `json:"full,omitempty"`
	Books []book              `json:"books,omitempty"`
	Notes map[string][]string `json:"notes,omitempty"`
	Local string              `json:"-"`
	Bare  string
	inner string
}

type book struct {
	Title  string           `json:"title"`
	Years  []int            `json:"years,omitempty"`
	Digest *rogatory.Digest `json:"digest,omitempty"`
	Next   *book            `json:"next,omitempty"`
}

var shelves = Form{Code: "shelf_invalid", TooLarge: "shelf_too_large", Hint: "look at the line", Size: 1 << 12, Items: 4}

const good = `{
  "name": "law",
  "made": "2026-11-25T00:00:00.000000Z",
  "books": [
    {"title": "first", "years": [
      2024,
      2026
    ]},
    {"title": "second"}
  ],
  "notes": {"A.b": ["x"], "a.B": [
    "y"]}
}
`

func TestReadFillsTheValue(t *testing.T) {
	var v shelf
	f, err := shelves.Read("s.json", []byte(good), &v)
	if err != nil {
		t.Fatal(err)
	}
	if v.Name != "law" || v.Made == 0 || len(v.Books) != 2 || v.Books[0].Years[1] != 2026 || v.Notes["a.B"][0] != "y" {
		t.Errorf("read as %+v", v)
	}
	for _, c := range []struct {
		path []any
		line int
	}{
		{nil, 1},
		{[]any{"name"}, 2},
		{[]any{"books"}, 4},
		{[]any{"books", 0}, 5},
		{[]any{"books", 0, "years"}, 5},
		{[]any{"books", 0, "years", 1}, 7},
		{[]any{"books", 1, "title"}, 9},
		{[]any{"notes", "a.B"}, 11},
		{[]any{"notes", "a.B", 0}, 12},
		{[]any{"books", 1, "years", 3}, 9}, // what is missing is told where its holder begins
		{[]any{"books", 7}, 4},
		{[]any{"size"}, 1},
		{[]any{"name", "size"}, 2},
	} {
		if got := f.Line(c.path...); got != c.line {
			t.Errorf("%v is said to be on line %d, not %d", c.path, got, c.line)
		}
	}
}

func TestFilesAreRefusedWithTheirLine(t *testing.T) {
	for _, c := range []struct{ name, old, with, want string }{
		{"an unknown member", `"name": "law"`, `"nmae": "law"`, `s.json:2: unknown member "nmae"`},
		{"an unknown member of an item", `"title": "second"`, `"titel": "second"`, `s.json:9: unknown member "titel"`},
		{"other letters", `"title": "second"`, `"Title": "second"`, `s.json:9: unknown member "Title": it is in other letters than ours, "title"`},
		{"a member without a name in files", `"name": "law"`, `"Local": "law"`, `s.json:2: unknown member "Local"`},
		{"a private member", `"name": "law"`, `"inner": "law"`, `s.json:2: unknown member "inner"`},
		{"a member twice", `"name": "law"`, `"name": "law", "name": "x"`, `s.json:2: member "name" is there twice`},
		{"a member twice, once in disguise", `"name": "law"`, `"name": "law", "n\u0061me": "x"`, `s.json:2: member "name" is there twice`},
		{"a key twice", `"a.B"`, `"A.b"`, `s.json:11: member "A.b" is there twice`},
		{"null", `"law"`, `null`, "s.json:2: null is no value"},
		{"null for a list", `["x"]`, `null`, "s.json:11: null is no value"},
		{"null for an item", `{"title": "second"}`, `null`, "s.json:9: null is no value"},
		{"null for what reads itself", `"2026-11-25T00:00:00.000000Z"`, `null`, "s.json:3: null is no value"},
		{"a number for a text", `"law"`, `7`, "s.json:2: json: cannot unmarshal number"},
		{"half a year", `2026
`, "2026.5\n", "s.json:7: json: cannot unmarshal number"},
		{"a list for a text", `"law"`, `[]`, "s.json:2: a list where there should be none"},
		{"an object for a text", `"law"`, `{}`, "s.json:2: an object where there should be none"},
		{"a text for a list", `["x"]`, `"x"`, "s.json:11: a JSON list is expected here"},
		{"a list for an object", `{"title": "second"}`, `[]`, "s.json:9: a JSON object is expected here"},
		{"a moment that is none", `2026-11-25T00`, `2026-13-25T00`, "s.json:3: "},
		{"a digest that is none", `"second"`, `"second", "digest": "x"`, "s.json:9: "},
		{"too many items", `{"title": "second"}`, `{"title": "second"}, {"title": "3"}, {"title": "4"},
    {"title": "5"}`, "s.json:10: more than 4 items"},
		{"too deep", `{"title": "second"}`, strings.Repeat(`{"title": "x", "next": `, maxDepth) + `{"title": "second"}` + strings.Repeat("}", maxDepth), "s.json:9: more than 16 levels"},
		{"broken", `"made": `, `"made" `, "s.json:3: invalid character"},
		{"broken between items", `]},`, `]}`, "s.json:9: invalid character"},
		{"not UTF-8", `second`, "s\xffcond", "s.json:9: the text is not UTF-8"},
		{"two documents", "\n}\n", "\n}\n\n{}", "s.json:15: more than one document"},
		{"rubbish behind", "\n}\n", "\n}x", "s.json:13: more than one document"},
		{"cut off in the object", "\n}\n", "", "s.json:12: the object does not end"},
		{"cut off in a list", "\n  ],\n  \"notes\": {\"A.b\": [\"x\"], \"a.B\": [\n    \"y\"]}\n}\n", "", "s.json:9: the list does not end"},
		{"cut off in a text", good[strings.Index(good, "econd"):], "", "s.json:9: unexpected EOF"},
		{"nothing", good, "", "s.json:1: the file is not a JSON object: EOF"},
		{"a list", good, "[]", "s.json:1: the file is not a JSON object"},
		{"null alone", good, "\nnull", "s.json:2: the file is not a JSON object"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if !strings.Contains(good, c.old) {
				t.Fatalf("the file does not hold %q", c.old)
			}
			v := shelf{Name: "as it was"}
			f, err := shelves.Read("s.json", []byte(strings.Replace(good, c.old, c.with, 1)), &v)
			if f != nil || rogatory.CodeOf(err) != "shelf_invalid" || rogatory.KindOf(err) != rogatory.Invalid || !strings.HasPrefix(err.Error(), "read "+c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
			if e, ok := errors.AsType[*rogatory.Error](err); ok && e.Hint != "look at the line" {
				t.Errorf("hint %q", e.Hint)
			}
			if !reflect.DeepEqual(v, shelf{Name: "as it was"}) {
				t.Errorf("the value became %+v", v)
			}
		})
	}
}

func TestTooLarge(t *testing.T) {
	big := []byte(strings.Repeat(" ", shelves.Size+1))
	if _, err := shelves.Read("s.json", big, &shelf{}); rogatory.CodeOf(err) != "shelf_too_large" || !strings.Contains(err.Error(), "at most 4096") {
		t.Error(err)
	}
	form := shelves
	form.TooLarge = ""
	if _, err := form.Read("s.json", big, &shelf{}); rogatory.CodeOf(err) != "shelf_invalid" {
		t.Error(err)
	}
}

func TestCompleteFiles(t *testing.T) {
	form := shelves
	form.Complete = true
	if _, err := form.Read("s.json", []byte(`{"name": "law", "Bare": ""}`), &shelf{}); err != nil {
		t.Error(err)
	}
	if _, err := form.Read("s.json", []byte("\n{\"name\": \"law\"\n}"), &shelf{}); err == nil || !strings.Contains(err.Error(), `s.json:2: the member "Bare" is missing`) {
		t.Error(err)
	}
}

func TestFaultsOfChecks(t *testing.T) {
	var v shelf
	f, err := shelves.Read("s.json", []byte(good), &v)
	if err != nil {
		t.Fatal(err)
	}
	dull := errors.New("it is dull")
	err = Each(f, v.Books, func(b *book) error {
		if b.Title == "second" {
			return dull
		}
		return nil
	}, "books")
	if !errors.Is(err, dull) || err.Error() != "read s.json:9: it is dull" {
		t.Error(err)
	}
	if err := f.Fault(rogatory.Fault(rogatory.NotFound, "book_unknown", "no book").WithHint("buy it")); err.Hint != "buy it" || err.Code != "shelf_invalid" {
		t.Errorf("%+v", err)
	}
	if err := f.Fault(rogatory.Fault(rogatory.NotFound, "book_unknown", "no book")); err.Hint != "look at the line" {
		t.Errorf("%+v", err)
	}
}

func TestItems(t *testing.T) {
	file, err := Encode([]book{{Title: "a < b"}, {Title: "second"}})
	if err != nil || string(file) != "[\n{\"title\":\"a < b\"},\n{\"title\":\"second\"}\n]\n" {
		t.Fatalf("%s %v", file, err)
	}
	var taken []string
	err = Items(shelves, "b.json", file, func(b book) error {
		taken = append(taken, b.Title)
		if b.Title == "second" {
			return fmt.Errorf("a book too many")
		}
		return nil
	})
	if err == nil || err.Error() != "read b.json:3: a book too many" || len(taken) != 2 {
		t.Errorf("%v with %q", err, taken)
	}
	if err := Items(shelves, "b.json", []byte("{}"), func(book) error { return nil }); err == nil || err.Error() != "read b.json:1: the file is not a JSON list" {
		t.Error(err)
	}
	if empty, err := Encode([]book{}); err != nil || string(empty) != "[]\n" {
		t.Errorf("%s %v", empty, err)
	}
}

func TestCheckText(t *testing.T) {
	for text, want := range map[string]string{"": "is missing", " ": "is missing", " a": "space", "abcd": "more than 3", "a\nb": "one line", "a\u202eb": "one line", "üüü": "", "a b": ""} {
		err := CheckText("title", text, 3)
		if (want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// FuzzRead: nothing comes with an error, the error has a line of the file, and what is read has a form
// that is read as the same.
func FuzzRead(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte(`{"books":[{"next":{"title":"x"}}],"full":true,"notes":{"":[]}}`))
	f.Add([]byte("{\n\"name\":null"))
	f.Add([]byte(`[{}]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var v shelf
		file, err := shelves.Read("f", data, &v)
		if err != nil {
			var line int
			if _, scan := fmt.Sscanf(err.Error(), "read f:%d: ", &line); scan != nil || line < 1 || line > 1+strings.Count(string(data), "\n") || file != nil || !reflect.DeepEqual(v, shelf{}) {
				t.Fatalf("%v with %v, %+v", err, file, v)
			}
			return
		}
		for i, b := range v.Books {
			if l := file.Line("books", i, "years", len(b.Years)); l < file.Line("books") {
				t.Fatalf("item %d on line %d, its list after it", i, l)
			}
		}
		again, err := json.Marshal(v)
		if err != nil {
			t.Skip() // a moment outside the years that have a text form
		}
		var w shelf
		if _, err := shelves.Read("again", again, &w); err != nil && len(again) <= shelves.Size {
			t.Fatalf("%v\n%s", err, again)
		} else if err == nil && !reflect.DeepEqual(without(v), without(w)) {
			t.Fatalf("%+v\n%+v", v, w)
		}
	})
}

// without leaves out what the JSON form does not tell apart: lists that are empty and lists that are not there.
func without(v shelf) string {
	text, _ := json.Marshal(v)
	return string(text)
}
