// SPDX-License-Identifier: Apache-2.0

// Package treaty is the Convention as data: the kinds of request, what each must contain, who may
// send it, on which grounds it may be refused and on which never, how it may end, and which clocks it
// starts.
//
// It promises that a rule has an article and says whether a jurist verified it against the official
// text; that the answers are pure functions of the data and the values given; and that rules which
// do not fit together are refused whole when loaded, naming the line. It grants and refuses nothing:
// people decide. There is no state; after an error nothing was loaded.
package treaty

import (
	"bytes"
	_ "embed"
	"strings"

	"rogatory"
)

//go:embed data/kinds.json
var embedded []byte

// Rules is one loaded set of rules. It is immutable after Load.
type Rules struct {
	Version string                     `json:"version"` // the day it was made, 2026-11-25
	Fields  map[string]Field           `json:"fields"`
	Grounds map[rogatory.Ground]Ground `json:"grounds"`
	// Never are reasons that the Convention forbids as grounds, each with its article.
	Never    map[rogatory.Ground]Ground  `json:"never"`
	Outcomes map[rogatory.Outcome]string `json:"outcomes"`
	Channels map[rogatory.Channel]Route  `json:"channels"`
	Clocks   []Clock                     `json:"clocks"` // of every kind
	Kinds    []Kind                      `json:"kinds"`
	// Drill is the kind of a test of a contact point. It is none of Kinds: nobody composes one, and what is said of
	// all requests does not hold for it. Rules without it take part in no drills.
	Drill  *Kind           `json:"drill,omitempty"`
	Digest rogatory.Digest `json:"-"` // of the file they were loaded from
}

// Field is one thing that a request or an act may have to say.
type Field struct {
	Label   string   `json:"label"`
	Article string   `json:"article"`
	Hint    string   `json:"hint"`
	Example string   `json:"example"`
	Choices []string `json:"choices,omitempty"`
	// Form is how the text is read: empty for free text, "period" for two moments, "list" for
	// identifiers, which are counted.
	Form string `json:"form,omitempty"`
}

// The forms of a field.
const (
	formPeriod = "period"
	formList   = "list"
)

// Ground is a reason for refusal or postponement.
type Ground struct {
	Text     string `json:"text"`
	Article  string `json:"article"`
	Verified bool   `json:"verified"`
	// Consult: the other State must have been consulted first, Art 40(28).
	Consult bool `json:"consult,omitempty"`
	// Outcomes: what the requested State does instead, one of which a refusal on this ground names.
	Outcomes []rogatory.Outcome `json:"outcomes,omitempty"`
	// OutsideOnly: the ground is open only where no offence of the Convention is named, Art 42(5).
	OutsideOnly bool `json:"outside_only,omitempty"`
}

// Route is a channel other than this network, Art 40(12)(d) and (13).
type Route struct {
	Title    string `json:"title"`
	Article  string `json:"article"`
	Verified bool   `json:"verified"`
	// ConfirmHours is how soon a written confirmation is due; zero where the channel is in writing.
	ConfirmHours int `json:"confirm_hours,omitempty"`
}

// Kind is one kind of request.
type Kind struct {
	ID        rogatory.RequestKind `json:"id"`
	Title     string               `json:"title"`
	Article   string               `json:"article"`
	Verified  bool                 `json:"verified"`
	Duty      Duty                 `json:"duty"`
	Senders   []rogatory.Role      `json:"senders"`
	Receivers []rogatory.Role      `json:"receivers"`
	Required  []string             `json:"required"`
	Optional  []string             `json:"optional"`
	Parts     []Part               `json:"parts,omitempty"` // one of which a request of the kind is
	// Offences says which offences the kind may serve.
	Offences Offences `json:"offences"`
	// Only lists the articles that the kind may serve, where not all of 7 to 17.
	Only []string `json:"only,omitempty"`
	// RequiredFor are optional fields that a request must say where it concerns the offence of an article,
	// such as the consent of the person shown for Art 16.
	RequiredFor map[string][]string `json:"required_for,omitempty"`
	// Term, Payments and Fingerprints say whether a request carries these.
	Term         Need `json:"term,omitempty"`
	Payments     Need `json:"payments,omitempty"`
	Fingerprints Need `json:"fingerprints,omitempty"`

	Acts          []rogatory.Act           `json:"acts"`               // beyond those that every kind has
	Without       []rogatory.Act           `json:"without,omitempty"`  // of those that every kind has; only a drill is without any
	Details       map[rogatory.Act]Details `json:"details,omitempty"`  // what an act has to say
	Outcomes      []rogatory.Outcome       `json:"outcomes,omitempty"` // of its execution
	Refuse        []rogatory.Ground        `json:"refuse"`
	RefuseArticle string                   `json:"refuse_article"`
	Closed        bool                     `json:"closed,omitempty"` // the Convention allows no other ground
	Never         []rogatory.Ground        `json:"never,omitempty"`
	Postpone      []rogatory.Ground        `json:"postpone"`
	// ConsultArticle and ReasonsArticle ask for the consultation before a refusal and for its reasons:
	// empty for Arts 40(28) and 40(25), which extradition has in articles of its own.
	ConsultArticle string `json:"consult_article,omitempty"`
	ReasonsArticle string `json:"reasons_article,omitempty"`

	// PreserveDays is the least time that data are preserved for another State.
	PreserveDays    int                  `json:"preserve_days,omitempty"`
	PreserveArticle string               `json:"preserve_article,omitempty"`
	MayFollow       rogatory.RequestKind `json:"may_follow,omitempty"`
	Urgent          bool                 `json:"urgent,omitempty"`  // goes before other traffic
	Mutual          bool                 `json:"mutual,omitempty"`  // both States may hand over exhibits
	Marking         string               `json:"marking,omitempty"` // stands on everything that the kind brings
	Measure         *Bounds              `json:"measure,omitempty"`
	Clocks          []Clock              `json:"clocks"`
	// Examples are told instead of those of the fields where these would tell another story.
	Examples map[string]string `json:"examples,omitempty"`
}

// Duty says how far the Convention obliges the requested State.
type Duty string

// The duties.
const (
	Shall     Duty = "shall"
	Endeavour Duty = "endeavour" // Arts 45(1), 46
	Consider  Duty = "consider"
	Agreement Duty = "agreement" // only as the two States have agreed, Art 38
	Own       Duty = "own"       // no duty: an offer of the sending State, Arts 40(4), 51
)

// Offences says which offences a kind may serve (Art 35).
type Offences string

// The answers.
const (
	AnyOffence        Offences = "any"        // of the Convention, or a serious crime
	ConventionOffence Offences = "convention" // of the Convention only
	NoOffence         Offences = "none"       // none need be named
)

// Need says whether a request carries a part.
type Need string

// The needs; empty means that it never does.
const (
	NeedRequired Need = "required"
	NeedOptional Need = "optional"
)

// Part is one form of a kind, such as service of documents within general assistance.
type Part struct {
	ID       string   `json:"id"`
	Title    string   `json:"title"`
	Article  string   `json:"article"`
	Required []string `json:"required,omitempty"` // beyond those of the kind
	Optional []string `json:"optional,omitempty"`
	Without  []string `json:"without,omitempty"` // of the kind's required fields
}

// Details are the fields that an act has to say and may say.
type Details struct {
	Required []string `json:"required"`
	Optional []string `json:"optional,omitempty"`
}

// Bounds hold what runs for a time. Zero means that the Convention and this file set no bound; then
// the request's own term is the bound.
type Bounds struct {
	Hours          int    `json:"hours,omitempty"`           // of the first order
	ExtensionHours int    `json:"extension_hours,omitempty"` // of each extension
	Extensions     int    `json:"extensions,omitempty"`
	HearingHours   int    `json:"hearing_hours,omitempty"` // given to the requesting State before lifting, Art 50(8)
	Article        string `json:"article"`
	Basis          string `json:"basis"`
	Verified       bool   `json:"verified"`
	// National are the rules of requested States whose law sets others.
	National map[rogatory.StateCode]Bounds `json:"national,omitempty"`
}

// Clock is a time limit that starts when the request is received or an act is done. How long it is, and
// whose days count, is a rule of package deadline.
type Clock struct {
	Name    string         `json:"name"`
	From    string         `json:"from"` // "received", or an act
	Rule    string         `json:"rule"`
	Until   []rogatory.Act `json:"until"` // the first of these acts stops it
	Article string         `json:"article"`
}

// Received is the event that starts a request's clocks: it arrived, or was sent by us.
const Received = "received"

// common are the acts that every kind of request has.
var common = []rogatory.Act{
	rogatory.Draft, rogatory.Revise, rogatory.Send, rogatory.Acknowledge, rogatory.AskMore, rogatory.Supplement,
	rogatory.Consult, rogatory.Accept, rogatory.Postpone, rogatory.Refuse, rogatory.Withdraw, rogatory.Close,
	rogatory.AskStatus, rogatory.TellStatus, rogatory.Correct, rogatory.DiscussCosts, rogatory.Agree,
	rogatory.AskConsent, rogatory.GiveConsent, rogatory.DenyConsent, rogatory.NotifyDisclosure, rogatory.ConfirmInWriting, rogatory.CertifyDeletion,
}

// Embedded returns the file of the rules that came with this program, for a jurist to begin with.
func Embedded() []byte { return bytes.Clone(embedded) }

// Convention returns the rules that came with this program. They are checked by a test; an error
// here would be a defect, so it panics.
func Convention() *Rules {
	r, err := Load("data/kinds.json", embedded)
	if err != nil {
		panic("the embedded rules do not load: " + err.Error())
	}
	return r
}

// Kind returns the kind of that name.
func (r *Rules) Kind(id rogatory.RequestKind) (Kind, error) {
	for _, k := range r.Kinds {
		if k.ID == id {
			return k, nil
		}
	}
	if r.Drill != nil && r.Drill.ID == id {
		return *r.Drill, nil
	}
	var names []string
	for _, k := range r.Kinds {
		names = append(names, string(k.ID))
	}
	return Kind{}, rogatory.Fault(rogatory.Invalid, "kind_unknown", "kind of request %.60q is not known", id).
		WithHint("the kinds are " + strings.Join(names, ", "))
}
