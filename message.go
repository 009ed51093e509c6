// SPDX-License-Identifier: Apache-2.0

package rogatory

// Protocol is the version of the messages between nodes.
const Protocol = 1

// Officer is the person named in a message: who did it, in which role. The name may be a service
// number where a State does not name its staff.
type Officer struct {
	Name string      `json:"name"`
	Role OfficerRole `json:"role"`
}

// Actor is who does something, and for which authority. It is passed explicitly everywhere.
type Actor struct {
	Address
	Officer
	// Credential names what the person showed at the door: a passkey, a token, an account of the ministry. It never leaves
	// the process with the actor; the entries of votes, drafts and suspensions keep it, so that one person behind two names is seen.
	Credential string `json:"-"`
}

// Message is what one State says to another. The JSON of this struct, in the one encoding that
// package envelope defines, is what is signed.
type Message struct {
	Protocol int       `json:"rogatory"`
	Mode     Mode      `json:"mode"`
	ID       MessageID `json:"id"`
	Request  RequestID `json:"request"`
	From     Address   `json:"from"`
	To       Address   `json:"to"`
	// Sequence counts the messages from one State to another: 1, 2, 3, without a gap.
	Sequence int64 `json:"sequence"`
	// Incarnation counts the starts of the sending node, so that clones and restored copies show.
	Incarnation int64   `json:"incarnation"`
	Sent        Instant `json:"sent"`
	Expires     Instant `json:"expires"` // not to be acted on when received later
	Act         Act     `json:"act"`
	By          Officer `json:"by"`
	ApprovedBy  Officer `json:"approved_by,omitzero"` // second person, where the act needs two
	// Oversight names the oversight bodies of both States to which the message is sealed too: the
	// fingerprints of their recipients, ascending. Messages from before there were any have none.
	Oversight []Digest `json:"oversight,omitempty"`
	Body      Body     `json:"body"`
}

// Body is the content of a message; which member is present follows from the act.
type Body struct {
	Request      *Request      `json:"request,omitempty"`      // Send
	Verdict      *Verdict      `json:"verdict,omitempty"`      // Accept, Postpone, Refuse, Execute
	Preservation *Preservation `json:"preservation,omitempty"` // Preserve, Extend, RequestExtension, Release
	Exhibit      *Exhibit      `json:"exhibit,omitempty"`      // Offer
	ExhibitID    ExhibitID     `json:"exhibit_id,omitempty"`   // Take, RevokeOffer, NotifyDisclosure, CertifyDeletion
	Root         Digest        `json:"root,omitzero"`          // Take, CertifyDeletion: the root that was received, or deleted
	// Answers names the question (AskMore, Consult) that a Supplement answers, the AskConsent that a
	// GiveConsent or DenyConsent does, or the Hear that a Represent does. A supplement to an older
	// question than the last is kept and moves nothing, so that messages that crossed settle alike.
	Answers  MessageID `json:"answers,omitempty"`
	Text     string    `json:"text,omitempty"`     // words to the other side
	Language string    `json:"language,omitempty"` // of Text, BCP 47

	Measure  *Measure  `json:"measure,omitempty"`  // Start, Stop; RequestExtension and Extend of a measure
	Consent  *Consent  `json:"consent,omitempty"`  // AskConsent
	Recovery *Recovery `json:"recovery,omitempty"` // ReportRecovery
	// Details are the fields that the kind's rules ask of the act, such as the provider of Art 43(1).
	Details map[string]string `json:"details,omitempty"`
	Figures *DrillFigures     `json:"figures,omitempty"` // StateFigures
}

// SecrecyUntil is the only detail of a correction: the requesting State renews confidentiality until that moment, for the
// reason in its words, or ends it with a moment that has come (Art 40(20)).
const SecrecyUntil = "secrecy_until"

// ReceiptOutcome says what became of a delivery.
type ReceiptOutcome string

// The outcomes.
const (
	ReceivedOutcome ReceiptOutcome = "received" // on disk and in the journal
	RefusedOutcome  ReceiptOutcome = "refused"  // recorded, not acted on; Code says why
)

// Receipt is the receiving State's signed answer to one delivery. The journal proof beside it shows
// where in the receiver's journal the message is.
type Receipt struct {
	Protocol int            `json:"rogatory"`
	Mode     Mode           `json:"mode"`
	Message  MessageID      `json:"message"`
	Digest   Digest         `json:"digest"` // SHA-256 of the message's signature file
	From     Address        `json:"from"`   // who signs the receipt
	To       Address        `json:"to"`     // who sent the message
	Sequence int64          `json:"sequence"`
	Received Instant        `json:"received"`
	Outcome  ReceiptOutcome `json:"outcome"`
	Code     string         `json:"code,omitempty"`
	Reason   string         `json:"reason,omitempty"`
}
