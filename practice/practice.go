// SPDX-License-Identifier: Apache-2.0

// Package practice teaches the work of the office: ten guided exercises between real exercise nodes on
// one machine, with a counter-State that answers by script.
//
// It promises that what is checked is what the trainee's docket holds, so that a check never changes
// anything and comes to the same result whenever it is made; that what was missed is named with an
// article; that the counter-State keeps no memory of its own, and after a restart goes on where its
// docket says it was; and that nothing of it is for live work. It refuses exercises and scripts that do
// not fit the rules of the treaty desk, and a certificate before all ten exercises are done.
//
// After an error of a check nothing changed. After one of the counter-State what it had done stands, and
// its next round goes on from there.
package practice

import (
	"regexp"
	"strconv"

	"rogatory"
	"rogatory/docket"
)

// Exercise is one guided exercise. The trainee's requests belong to it by their title: "Exercise 3: ..."
// or, where it has several, "Exercise 8b: ...".
type Exercise struct {
	Number int      `json:"number"`
	Title  string   `json:"title"`
	Story  string   `json:"story"`
	Learns []Lesson `json:"learns"`
	Steps  []Step   `json:"steps"`
}

// Lesson is something that an exercise teaches.
type Lesson struct {
	Article string `json:"article"`
	Text    string `json:"text"`
}

// Step is one thing to do. Hint is the command to type; {words in braces} are filled in, see Fill.
type Step struct {
	Text    string    `json:"text"`
	Hint    string    `json:"hint"`
	Article string    `json:"article"`
	Done    Condition `json:"done"`
	// Missed are mistakes that the office lets pass, for people decide. They stay in the record.
	Missed []Mistake `json:"missed,omitempty"`
}

// Mistake is a pattern of the record that shows that something was missed.
type Mistake struct {
	If      Condition `json:"if"`
	Text    string    `json:"text"`
	Article string    `json:"article"`
}

// Condition is what one request of the trainee's docket has to show; all that is given must hold.
type Condition struct {
	Of     int                    `json:"of,omitempty"` // exercise whose requests are looked at; zero is its own
	Part   string                 `json:"part,omitempty"`
	Side   rogatory.Side          `json:"side,omitempty"` // the trainee's; requesting if empty
	Kinds  []rogatory.RequestKind `json:"kinds,omitempty"`
	States []rogatory.State       `json:"states,omitempty"`
	Said   []Said                 `json:"said,omitempty"`
	Noted  *Noted                 `json:"noted,omitempty"`
	Fields []Field                `json:"fields,omitempty"`

	Follows  rogatory.RequestKind `json:"follows,omitempty"`  // it follows one of that kind
	Alone    bool                 `json:"alone,omitempty"`    // it follows none
	Together bool                 `json:"together,omitempty"` // its case holds another request of the exercise
	Apart    bool                 `json:"apart,omitempty"`    // its case holds no other request
	Articles []string             `json:"articles,omitempty"` // its offence is one of these
	Agreed   bool                 `json:"agreed,omitempty"`   // to conditions
	Held     bool                 `json:"held,omitempty"`     // an exhibit that arrived
	Partial  bool                 `json:"partial,omitempty"`  // less was frozen than was asked for
	Payments int                  `json:"payments,omitempty"` // at least so many hops
	Fewer    int                  `json:"fewer,omitempty"`    // fewer hops than this
	Package  bool                 `json:"package,omitempty"`  // its case's court package holds
}

// Who says something, as seen from the trainee.
const (
	Us   = "us"
	Them = "them"
)

// Said is a message on a request that was not refused on receipt.
type Said struct {
	Act     rogatory.Act      `json:"act"`
	By      string            `json:"by"`              // Us or Them
	Least   int               `json:"least,omitempty"` // characters of words and reasons together
	Most    int               `json:"most,omitempty"`
	Any     []string          `json:"any,omitempty"`  // one of these is in its words, in small letters
	None    []string          `json:"none,omitempty"` // none of these is
	Grounds []rogatory.Ground `json:"grounds,omitempty"`
}

// Noted is an entry of the journal on a request, such as that evidence was opened.
type Noted struct {
	Type  rogatory.EntryType `json:"type"`
	Least int                `json:"least,omitempty"` // characters of why
	Most  int                `json:"most,omitempty"`
}

// Field is what a field of a request has to hold.
type Field struct {
	Name  string   `json:"name"`
	Least int      `json:"least,omitempty"` // characters
	Empty bool     `json:"empty,omitempty"`
	Any   []string `json:"any,omitempty"` // one of these is in it, in small letters
}

// View is what the trainee's docket holds. It is a copy.
type View struct {
	Files    []docket.File
	Messages map[rogatory.RequestID][]docket.Correspondence
	Entries  map[rogatory.RequestID][]docket.Logged
	// Packages are the cases whose court package was found beside the node and holds.
	Packages map[rogatory.CaseID]bool
}

var titleForm = regexp.MustCompile(`(?i)\bexercise (\d{1,2})([a-z]?)\b`)

// Mark reads from a title which exercise a request belongs to; number is zero if to none.
func Mark(title string) (number int, part string) {
	m := titleForm.FindStringSubmatch(title)
	if m == nil {
		return 0, ""
	}
	number, _ = strconv.Atoi(m[1])
	if m[2] != "" {
		part = string(m[2][0] | 0x20)
	}
	return number, part
}
