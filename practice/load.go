// SPDX-License-Identifier: Apache-2.0

package practice

import (
	_ "embed"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"

	"rogatory"
	"rogatory/datafile"
	"rogatory/treaty"
)

// MaxData bounds a file of exercises or scripts: ten exercises with their stories are some 40 KiB.
const MaxData = 256 << 10

//go:embed data/exercises.json
var exercisesData []byte

//go:embed data/scripts.json
var scriptsData []byte

// Exercises returns the exercises that came with this program. A test loads them; an error here would be
// a defect, so it panics.
func Exercises() []Exercise {
	all, err := LoadExercises(exercisesData, treaty.Convention())
	if err != nil {
		panic("the embedded exercises do not load: " + err.Error())
	}
	return all
}

// Scripts returns the scripts that came with this program, under the same condition.
func Scripts() []Script {
	all, err := LoadScripts(scriptsData, treaty.Convention())
	if err != nil {
		panic("the embedded scripts do not load: " + err.Error())
	}
	return all
}

// maxItems bounds each list of a file.
const maxItems = 1000

func form(what string) datafile.Form {
	return datafile.Form{Code: what + "_invalid", TooLarge: what + "_too_large", Size: MaxData, Items: maxItems}
}

func validArticle(s string) bool { return rogatory.ParseArticles(s) != nil }

// LoadExercises reads a file of exercises: unknown members, kinds, acts and states, articles that the
// Convention does not have, and gaps in the numbers are refused, naming the line. Nothing is returned
// with an error.
func LoadExercises(data []byte, rules *treaty.Rules) ([]Exercise, error) {
	var file struct {
		Exercises []Exercise `json:"exercises"`
	}
	read, err := form("exercises").Read("exercises.json", data, &file)
	if err != nil {
		return nil, err
	}
	if len(file.Exercises) == 0 {
		return nil, read.Fault(errors.New("there is none"), "exercises")
	}
	for i, e := range file.Exercises {
		bad := func(format string, args ...any) error {
			return read.Fault(fmt.Errorf("exercise %d: "+format, append([]any{e.Number}, args...)...), "exercises", i)
		}
		switch {
		case e.Number != i+1:
			return nil, bad("the numbers run from 1 without a gap")
		case e.Title == "" || e.Story == "" || len(e.Learns) == 0 || len(e.Steps) == 0:
			return nil, bad("a title, a story, what is learned and steps are needed")
		}
		for _, l := range e.Learns {
			if !validArticle(l.Article) || l.Text == "" {
				return nil, bad("article %.40q", l.Article)
			}
		}
		for n, s := range e.Steps {
			bad := func(format string, args ...any) error {
				return read.Fault(fmt.Errorf("exercise %d, step %d: "+format, append([]any{e.Number, n + 1}, args...)...), "exercises", i, "steps", n)
			}
			if s.Text == "" || s.Hint == "" || !validArticle(s.Article) {
				return nil, bad("a text, a hint and an article are needed")
			}
			if err := s.Done.check(rules, len(file.Exercises)); err != nil {
				return nil, bad("done: %v", err)
			}
			if s.Done.demandsNothing() {
				return nil, bad("it would be done by any request")
			}
			for _, m := range s.Missed {
				if m.Text == "" || !validArticle(m.Article) {
					return nil, bad("what is missed needs a text and an article")
				}
				if err := m.If.check(rules, len(file.Exercises)); err != nil {
					return nil, bad("missed: %v", err)
				}
				if m.If.demandsNothing() {
					return nil, bad("it would be missed by any request")
				}
			}
		}
	}
	return file.Exercises, nil
}

// demandsNothing reports whether a condition says no more than which requests it is about.
func (c Condition) demandsNothing() bool {
	c.Of, c.Part, c.Side = 0, "", ""
	return reflect.DeepEqual(c, Condition{})
}

// check holds a condition to what there is.
func (c Condition) check(rules *treaty.Rules, exercises int) error {
	if c.Of < 0 || c.Of > exercises {
		return fmt.Errorf("there is no exercise %d", c.Of)
	}
	if c.Part != "" && !partForm.MatchString(c.Part) {
		return fmt.Errorf("part %.10q is not one small letter", c.Part)
	}
	if c.Side != "" && c.Side != rogatory.RequestingSide && c.Side != rogatory.RequestedSide {
		return fmt.Errorf("side %.20q", c.Side)
	}
	for _, k := range append(slices.Clone(c.Kinds), c.Follows) {
		if _, err := rules.Kind(k); k != "" && err != nil {
			return err
		}
	}
	for _, s := range c.States {
		if !knownState(s) {
			return fmt.Errorf("state %.40q", s)
		}
	}
	for _, s := range c.Said {
		if !knownAct(s.Act) || s.By != Us && s.By != Them {
			return fmt.Errorf("said %.40q by %.10q", s.Act, s.By)
		}
		for _, g := range s.Grounds {
			if _, ok := rules.Grounds[g]; !ok {
				return fmt.Errorf("ground %.20q", g)
			}
		}
	}
	for _, f := range c.Fields {
		if _, ok := rules.Fields[f.Name]; !ok {
			return fmt.Errorf("field %.40q", f.Name)
		}
	}
	return nil
}

var partForm = regexp.MustCompile(`^[a-z]$`)

func knownAct(a rogatory.Act) bool {
	return slices.ContainsFunc(rogatory.Lifecycle(), func(t rogatory.Transition) bool { return t.Act == a })
}

func knownState(s rogatory.State) bool {
	return slices.ContainsFunc(rogatory.Lifecycle(), func(t rogatory.Transition) bool { return t.To == s || slices.Contains(t.From, s) })
}

// LoadScripts reads a file of scripts, under the same conditions.
func LoadScripts(data []byte, rules *treaty.Rules) ([]Script, error) {
	var file struct {
		Scripts []Script `json:"scripts"`
	}
	read, err := form("scripts").Read("scripts.json", data, &file)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for i, s := range file.Scripts {
		bad := func(format string, args ...any) error {
			return read.Fault(fmt.Errorf("script %.40q: "+format, append([]any{s.Name}, args...)...), "scripts", i)
		}
		switch {
		case s.Name == "" || s.Mood == "":
			return nil, bad("a name and a mood are needed")
		case seen[s.Name]:
			return nil, bad("there are two of that name")
		case s.Part != "" && !partForm.MatchString(s.Part) || s.Exercise < 0:
			return nil, bad("exercise %d, part %.10q", s.Exercise, s.Part)
		}
		seen[s.Name] = true
		if s.Opens != nil {
			if err := s.Opens.check(rules); err != nil {
				return nil, bad("%v", err)
			}
		}
		for _, r := range s.Replies {
			if err := r.check(rules); err != nil {
				return nil, bad("%v", err)
			}
		}
	}
	if !seen[Default] {
		return nil, read.Fault(fmt.Errorf("the script %q is needed: it answers what no other does", Default), "scripts")
	}
	return file.Scripts, nil
}

func (o Opening) check(rules *treaty.Rules) error {
	if _, err := rules.Example(o.Kind, "", 0); err != nil {
		return err
	}
	if o.Title == "" {
		return fmt.Errorf("a request without a title")
	}
	for id := range o.Contents {
		if _, ok := rules.Fields[id]; !ok {
			return fmt.Errorf("field %.40q", id)
		}
	}
	for _, s := range o.Right {
		if !knownState(s) {
			return fmt.Errorf("state %.40q", s)
		}
	}
	return nil
}

// maxTextSize bounds the words of one deed; the largest that a field may hold.
const maxTextSize = treaty.MaxFieldRunes

func (r Reply) check(rules *treaty.Rules) error {
	if r.On != Opened && !knownAct(r.On) {
		return fmt.Errorf("on %.40q", r.On)
	}
	if len(r.Do) == 0 {
		return fmt.Errorf("nothing is done on %s", r.On)
	}
	for _, d := range r.Do {
		switch {
		case d.Do == SealEvidence || d.Do == RotateKey:
		case !knownAct(d.Do) || d.Do == rogatory.Draft || d.Do == rogatory.Revise || d.Do == rogatory.Send || d.Do == rogatory.Take:
			return fmt.Errorf("do %.40q", d.Do)
		}
		if d.After < 0 || d.TextSize < 0 || d.TextSize > maxTextSize || d.Percent < 0 || d.Percent > 100 || d.Days < 0 || d.Bytes < 0 || d.Bytes > maxEvidence {
			return fmt.Errorf("do %s: a figure is out of its bounds", d.Do)
		}
		if d.Ground != "" {
			if _, ok := rules.Grounds[d.Ground]; !ok {
				return fmt.Errorf("ground %.20q", d.Ground)
			}
		}
	}
	return nil
}
