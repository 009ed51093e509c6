// SPDX-License-Identifier: Apache-2.0

package practice

import (
	"bytes"
	"strings"
	"testing"

	"rogatory"
	"rogatory/treaty"
)

func TestTenExercises(t *testing.T) {
	all := Exercises()
	if len(all) != 10 {
		t.Fatalf("%d exercises", len(all))
	}
	for _, e := range all {
		for i, s := range e.Steps {
			if filled := (Names{Node: "DIR/xa", Dir: "DIR"}).Fill(s.Hint, e, s, View{}); strings.ContainsAny(filled, "{}") || !strings.Contains(filled, "DIR/") && !strings.Contains(filled, "--node") {
				t.Errorf("exercise %d, step %d: the hint %q", e.Number, i+1, filled)
			}
		}
	}
	for _, e := range all {
		// 5 and 6 go on with the evidence of 4, which its own script hands over.
		if s := ScriptFor(Scripts(), "Exercise "+string(rune('0'+e.Number%10))); e.Number < 10 && e.Number != 5 && e.Number != 6 && e.Number != 9 && s.Exercise != e.Number {
			t.Errorf("exercise %d is answered by %q", e.Number, s.Name)
		}
	}
}

func TestHintsOfFoldersWithSpacesCanBeTyped(t *testing.T) {
	if got := (Names{Node: "my school/xa", Dir: "it's"}).Fill("--node {node} {dir}/x", Exercise{}, Step{}, View{}); got != `--node 'my school/xa' 'it'\''s'/x` {
		t.Errorf("got %s", got)
	}
}

// An empty docket has done nothing, and missed nothing.
func TestNothingIsDoneInAnEmptyDocket(t *testing.T) {
	for _, r := range CheckAll(Exercises(), View{}, Names{}) {
		for _, s := range r.Steps {
			if s.Done || len(s.Missed) > 0 || s.Hint == "" || s.Article == "" {
				t.Errorf("exercise %d: %+v", r.Exercise, s)
			}
		}
	}
}

func TestMarks(t *testing.T) {
	for title, want := range map[string]string{"Exercise 3: a server": "3", "exercise 8B, the account": "8b", "An Exercise": "0", "Exercise 100": "0", "preexercise 4": "0", "Exercise 10": "10", "": "0"} {
		n, part := Mark(title)
		if got := strings.TrimSpace(string(rune('0'+n)) + part); n < 10 && got != want || n == 10 && want != "10" {
			t.Errorf("Mark(%q) = %d, %q, want %s", title, n, part, want)
		}
	}
}

// replaced returns the embedded data with one thing changed.
func replaced(t *testing.T, data []byte, from, to string) []byte {
	t.Helper()
	if !bytes.Contains(data, []byte(from)) {
		t.Fatalf("the data do not hold %s", from)
	}
	return bytes.Replace(data, []byte(from), []byte(to), 1)
}

func TestBadExercisesAreRefusedWhole(t *testing.T) {
	for name, c := range map[string]struct{ from, to, says string }{
		"unknown member":       {`"story":`, `"plot":`, "plot"},
		"a gap":                {`"number": 2`, `"number": 3`, "without a gap"},
		"an unknown article":   {`"article": "42(3)", "text"`, `"article": "69", "text"`, "article"},
		"a member in capitals": {`"story":`, `"Story":`, "Story"},
		"a malformed article":  {`"article": "42(1)", "text"`, `"article": "Art 42", "text"`, "article"},
		"an unknown kind":      {`"kinds": ["preservation"]`, `"kinds": ["favour"]`, "favour"},
		"an unknown act":       {`"act": "send"`, `"act": "shout"`, "shout"},
		"an unknown speaker":   {`"by": "us"`, `"by": "you"`, "you"},
		"an unknown state":     {`"states": ["withdrawn"]`, `"states": ["lost"]`, "lost"},
		"an unknown field":     {`"name": "confidentiality"`, `"name": "secrecy"`, "secrecy"},
		"an unknown ground":    {`"grounds": ["R22"]`, `"grounds": ["R99"]`, "R99"},
		"an unknown exercise":  {`"of": 4`, `"of": 40`, "40"},
		"nothing demanded":     {`"done": {"said": [{"act": "ask", "by": "them"}]}`, `"done": {}`, "any request"},
		"two documents":        {"\n}\n", "\n}\n{}", "more than one document"},
	} {
		t.Run(name, func(t *testing.T) {
			all, err := LoadExercises(replaced(t, exercisesData, c.from, c.to), treaty.Convention())
			if rogatory.KindOf(err) != rogatory.Invalid || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), ".json:") || all != nil {
				t.Errorf("got %d exercises and %v", len(all), err)
			}
		})
	}
	if _, err := LoadExercises(bytes.Repeat([]byte(" "), MaxData+1), treaty.Convention()); rogatory.CodeOf(err) != "exercises_too_large" {
		t.Errorf("too large: %v", err)
	}
}

func TestBadScriptsAreRefusedWhole(t *testing.T) {
	for name, c := range map[string]struct{ from, to, says string }{
		"unknown member":    {`"mood":`, `"temper":`, "temper"},
		"two of a name":     {`"name": "asks"`, `"name": "accepts"`, "two of that name"},
		"no default":        {`"name": "accepts"`, `"name": "agrees"`, "is needed"},
		"an unknown act":    {`"do": "acknowledge"`, `"do": "shout"`, "shout"},
		"an act by itself":  {`"do": "acknowledge"`, `"do": "send"`, "send"},
		"an unknown cause":  {`"on": "send"`, `"on": "thunder"`, "thunder"},
		"an unknown ground": {`"ground": "R22"`, `"ground": "R99"`, "R99"},
		"a time before":     {`"after": 1`, `"after": -1`, "bounds"},
		"a text too large":  {`"text_size": 20000`, `"text_size": 20001`, "bounds"},
		"more than all":     {`"percent": 40`, `"percent": 140`, "bounds"},
		"an unknown kind":   {`"kind": "stored_data"`, `"kind": "favour"`, "favour"},
		"a wrong part":      {`"part": "b"`, `"part": "B2"`, "part"},
	} {
		t.Run(name, func(t *testing.T) {
			all, err := LoadScripts(replaced(t, scriptsData, c.from, c.to), treaty.Convention())
			if rogatory.KindOf(err) != rogatory.Invalid || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), ".json:") || all != nil {
				t.Errorf("got %d scripts and %v", len(all), err)
			}
		})
	}
}

func FuzzLoadExercises(f *testing.F) {
	f.Add(exercisesData)
	f.Add([]byte(`{"exercises":[{"number":1,"title":"t","story":"s","learns":[{"article":"42","text":"x"}],"steps":[{"text":"t","hint":"h","article":"42","done":{"held":true}}]}]}`))
	f.Add([]byte(`{"exercises":null}`))
	rules := treaty.Convention()
	f.Fuzz(func(t *testing.T, data []byte) {
		all, err := LoadExercises(data, rules)
		if (err == nil) == (len(all) == 0) {
			t.Fatalf("%d exercises and %v", len(all), err)
		}
		CheckAll(all, View{}, Names{})
	})
}

func FuzzLoadScripts(f *testing.F) {
	f.Add(scriptsData)
	f.Add([]byte(`{"scripts":[{"name":"accepts","mood":"m","replies":[{"on":"send","do":[{"do":"accept"}]}]}]}`))
	f.Add([]byte(`{"scripts":[]}`))
	rules := treaty.Convention()
	f.Fuzz(func(t *testing.T, data []byte) {
		all, err := LoadScripts(data, rules)
		if (err == nil) == (len(all) == 0) {
			t.Fatalf("%d scripts and %v", len(all), err)
		}
	})
}
