// SPDX-License-Identifier: Apache-2.0

package rogatory

import "encoding/json"

// EntryType says what a journal entry records. The list is closed and only grows.
type EntryType string

// The entry types.
const (
	NodeCreated        EntryType = "node.created"
	NodeStarted        EntryType = "node.started"
	RequestDrafted     EntryType = "request.drafted"
	RequestRevised     EntryType = "request.revised"
	MessageSent        EntryType = "message.sent"
	MessageReceived    EntryType = "message.received"
	MessageRefused     EntryType = "message.refused"   // arrived, authenticated, and could not be acted on
	MessageReceipted   EntryType = "message.receipted" // the other side's receipt came back
	MessageUndelivered EntryType = "message.undelivered"
	MessageRevived     EntryType = "message.revived"
	ExhibitSealed      EntryType = "exhibit.sealed"
	ExhibitReceived    EntryType = "exhibit.received"
	ExhibitOpened      EntryType = "exhibit.opened"
	ExhibitExported    EntryType = "exhibit.exported"
	ExhibitKept        EntryType = "exhibit.kept"        // for the proceeding in Name; without one it is not kept any more
	ExhibitDeleted     EntryType = "exhibit.deleted"     // Name is the retention rule
	ExhibitQuarantined EntryType = "exhibit.quarantined" // it lies unread, for it holds more than was asked for or nobody could tell: Compared
	ExhibitReleaseVote EntryType = "exhibit.release_vote"
	ExhibitReleased    EntryType = "exhibit.released" // from quarantine, for Why
	ExhibitCut         EntryType = "exhibit.cut"      // out of the exhibit in Name, by machine: Compared says what was left out
	DeadlinePassed     EntryType = "deadline.passed"
	DirectoryChanged   EntryType = "directory.changed"
	CourierExported    EntryType = "courier.exported"
	CourierImported    EntryType = "courier.imported"
	RequestRecorded    EntryType = "request.recorded" // it came, or goes, by another channel
	ActRecorded        EntryType = "act.recorded"     // on such a request: what was said on paper or by word of mouth
	OrderRenewed       EntryType = "order.renewed"    // the domestic order under which data stay preserved, Art 25(2)
	RulesAdopted       EntryType = "rules.adopted"    // a data file took effect: Name says which, Why its digest and source
	PersonChanged      EntryType = "person.changed"   // who may use the office's door
	RequestClaimed     EntryType = "request.claimed"  // Name has taken it on; nobody holds it if that is empty
	RequestSnoozed     EntryType = "request.snoozed"  // until the moment in Name, for Why; taken up again if that is empty
	RequestRead        EntryType = "request.read"     // somebody read, for the first time, what had come on it until then
	CasesSearched      EntryType = "cases.searched"   // somebody looked for cases: Search says what of
	SheetSigned        EntryType = "review.sheet"     // a reviewer answered the questions of the review sheet: Sheet
	VoteCast           EntryType = "review.vote"      // on the act in Act: Vote
	ObjectionMade      EntryType = "objection.made"   // by a provider or a person concerned, named in Name: the case halts
	ObjectionDecided   EntryType = "objection.decided"
	StateSuspended     EntryType = "state.suspended" // cooperation with the State in Name, for Why, until it is looked at in Until
	StateResumed       EntryType = "state.resumed"
	DutySet            EntryType = "duty.set"           // until when the condition in Name is to be met here: Until
	DutyMet            EntryType = "duty.met"           // the condition in Name was met: Why says how
	StateReviewed      EntryType = "state.reviewed"     // the suspension of the State in Name is kept, for Why, until Until
	SubjectTold        EntryType = "subject.told"       // the persons concerned were told: Why is how, When when, Name the office's own reference
	SubjectPostponed   EntryType = "subject.postponed"  // they are not told before Until, for Why
	SubjectNever       EntryType = "subject.never"      // they can never be told, for Why; it counts when a second person has said so
	EmergencyReviewed  EntryType = "emergency.reviewed" // Name is the finding, Why its reasons
	PoliciesProposed   EntryType = "policies.proposed"  // a national set of safeguards: Policies has its files, Name the digest of the whole set, Why the reason
	PoliciesAgreed     EntryType = "policies.agreed"    // by a second person, to the set whose digest is in Name
	ReportPublished    EntryType = "report.published"   // Name is its period, Why the digest of its bytes

	// The desk. An alarm is named by its own identifier, never by what waits.
	AlarmOpened       EntryType = "alarm.opened"
	AlarmAcknowledged EntryType = "alarm.acknowledged" // Why says who and how; By is the node unless the person signed in
	AlarmWithdrawn    EntryType = "alarm.withdrawn"    // what waited waits no more
	AlarmGivenUp      EntryType = "alarm.given_up"     // nobody answered: Why is the last resort
	RotaChanged       EntryType = "rota.changed"       // Name is its version, Why the digest of its file
	NoteLeft          EntryType = "note.left"          // at a hand-over: Why is the digest of the note
	NoteRead          EntryType = "note.read"
	ContactVerified   EntryType = "contact.verified" // somebody of the office called a contact point: Name says which
	ContactDoubted    EntryType = "contact.doubted"  // what the directory says of it is wrong: Why says what

	// History that was lost, and those who watch over it.
	ContentLost      EntryType = "content.lost"      // no body: the leaf came back from a peer, what it committed to did not
	JournalRefilled  EntryType = "journal.refilled"  // the journal had been restored from an old copy: Refill says what came back
	JournalSucceeded EntryType = "journal.succeeded" // first leaf of a successor: Succession says whose
	WitnessRetired   EntryType = "witness.retired"   // Name is its key's name; it counts for nothing any more
	OversightChanged EntryType = "oversight.changed" // the directory names other oversight bodies of the State in Name: Why has their fingerprints
	OversightSeeded  EntryType = "oversight.seeded"  // a fictitious request of the oversight body: Said has it; it never leaves the node
)

// Refill is what came back into a journal that was behind what its witnesses held.
type Refill struct {
	From int64   `json:"from"` // the journal had so many entries
	To   int64   `json:"to"`   // and has these again
	Root Digest  `json:"root"` // of To entries, as the witnesses hold it
	Lost []Range `json:"lost,omitempty"`
}

// Range is a run of journal entries.
type Range struct {
	First int64 `json:"first"`
	Last  int64 `json:"last"`
}

// Succession is the public word of a new journal on the one it follows: that one is closed, and how much of it is lost.
type Succession struct {
	Origin      string   `json:"origin"`     // of the journal that is closed
	Key         string   `json:"key"`        // its verifier key
	Checkpoint  string   `json:"checkpoint"` // the last that was witnessed, as it was signed
	Had         int64    `json:"had"`        // entries that this node still had
	Responsible []string `json:"responsible"`
	Reason      string   `json:"reason"`

	Numbers []Numbers `json:"numbers,omitempty"` // where those of messages go on
}

// Numbers says where the numbers of messages between two States stand.
type Numbers struct {
	State StateCode `json:"state"`
	Out   int64     `json:"out"` // of the last message to it
	In    int64     `json:"in"`  // up to here its messages had their effect
}

// Entry is the body of one journal entry. Only its salted commitment is public.
//
// Custody events are entries: By says who, At when, Type what, Why why (ISO/IEC 27037).
type Entry struct {
	Type    EntryType   `json:"type"`
	At      Instant     `json:"at"`
	By      Actor       `json:"by"`
	Request RequestID   `json:"request,omitempty"`
	Message *MessageRef `json:"message,omitempty"`
	Draft   *Request    `json:"draft,omitempty"`
	To      *Address    `json:"to,omitempty"` // of a draft
	Exhibit *Exhibit    `json:"exhibit,omitempty"`
	Name    string      `json:"name,omitempty"` // deadline, file or other thing concerned
	Why     string      `json:"why,omitempty"`
	Channel Channel     `json:"channel,omitempty"` // of RequestRecorded
	// Credential is what By showed at the door, of a draft, of a suspension and of the word that nobody can be told; votes and safeguards have it in theirs.
	Credential string   `json:"credential,omitempty"`
	Said       *Message `json:"said,omitempty"` // of ActRecorded: not signed by anybody but the recorder
	// Person is set for person.changed. By is then the node, which noticed: who edited the file it cannot
	// know.
	Person *PersonChange `json:"person,omitempty"`
	Search *SearchRef    `json:"search,omitempty"` // of CasesSearched
	// Judged is what the safeguards had to say of an act of ours, and who stood for it.
	Judged *Judgement `json:"judged,omitempty"`
	// Sheet, Vote and Compared have the form of package safeguard; Act is what a vote is on.
	Sheet json.RawMessage `json:"sheet,omitempty"`
	Vote  json.RawMessage `json:"vote,omitempty"`
	Act   Act             `json:"act,omitempty"`
	// Compared is how an exhibit was held against what was asked for, when it was sealed here or came here.
	Compared json.RawMessage `json:"compared,omitempty"`
	Until    Instant         `json:"until,omitzero"`
	// Policies is of PoliciesProposed and PoliciesAgreed, in the form of package docket.
	Policies json.RawMessage `json:"policies,omitempty"`
	When     Instant         `json:"when,omitzero"` // of SubjectTold: it may be earlier than its record

	Refill     *Refill     `json:"refill,omitempty"`     // of JournalRefilled
	Succession *Succession `json:"succession,omitempty"` // of JournalSucceeded
}

// SearchRef says what was searched for without saying it: a query names people whom no case names yet.
type SearchRef struct {
	Query Digest `json:"query"` // HMAC-SHA-256 of its one form, under a key that the office keeps
	Found int    `json:"found"` // requests that were shown
	More  bool   `json:"more,omitempty"`
}

// Judgement is what the safeguards said of an act before it was done, and which people it took.
type Judgement struct {
	Policies Digest   `json:"policies"`          // of the set that was asked
	Fired    []string `json:"fired,omitempty"`   // ids of the findings, the gravest first
	Agreed   []string `json:"agreed"`            // names of those who stand for it
	Dissent  []string `json:"dissent,omitempty"` // names of those who do not
}

// Channel is how a request travels that does not travel between nodes.
type Channel string

// The channels, Art 40(12)(d) and (13).
const (
	Diplomatic Channel = "diplomatic" // the diplomatic bag
	Interpol   Channel = "interpol"   // if urgent and agreed
	Post       Channel = "post"
	Telephone  Channel = "telephone" // oral, if urgent and agreed: written confirmation is due at once
	ByHand     Channel = "by_hand"
)

// PersonChange says how the list of those who may use the office's door changed. It holds no token.
type PersonChange struct {
	Officer
	Change string `json:"change"` // PersonAdded and so on
}

// What may happen to a person in the list. Another role is a removal and an addition.
const (
	PersonAdded   = "added"
	PersonRemoved = "removed"
	PersonToken   = "token"    // the same person has another token
	PersonLogin   = "login"    // the ministry's sign-in knows the person by another name
	PersonPasskey = "passkey"  // a passkey was registered
	PersonRecover = "recovery" // somebody asked for a new link for a person who lost the passkey
	PersonVouched = "vouched"  // a colleague knows that the new passkey is the person's own
	PersonRelink  = "relinked" // a second person gave it; the passkeys before are good for nothing
)

// MessageRef names a message beyond doubt.
type MessageRef struct {
	ID       MessageID `json:"id"`
	Act      Act       `json:"act"`
	From     StateCode `json:"from"`
	To       StateCode `json:"to"`
	Sequence int64     `json:"sequence"`
	Digest   Digest    `json:"digest"`           // SHA-256 of the message's signature file
	Receipt  Digest    `json:"receipt,omitzero"` // SHA-256 of the receipt container
	Code     string    `json:"code,omitempty"`   // why it was refused or not delivered
}
