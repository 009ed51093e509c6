// SPDX-License-Identifier: Apache-2.0

package rogatory

// StateCode is a State's ISO 3166-1 alpha-2 code. XA to XZ, which ISO leaves to users, are the
// fictional States of exercises.
type StateCode string

// Valid reports whether c is two capital letters.
func (c StateCode) Valid() bool {
	return len(c) == 2 && c[0] >= 'A' && c[0] <= 'Z' && c[1] >= 'A' && c[1] <= 'Z'
}

// Fictional reports whether c is one of the exercise States XA to XZ.
func (c StateCode) Fictional() bool { return c.Valid() && c[0] == 'X' }

// Mode keeps exercise and live traffic apart: a node has one, every message names one, and a
// message of the other mode is refused.
type Mode string

// The two modes.
const (
	Exercise Mode = "exercise"
	Live     Mode = "live"
)

// Role is what an authority was named for under the Convention.
type Role string

// The roles, with the article that creates each.
const (
	CentralAuthority     Role = "central_authority"     // Art 40(12)
	PointOfContact       Role = "point_of_contact"      // Art 41, the 24/7 network
	ExtraditionAuthority Role = "extradition_authority" // Art 37(19)
	CompetentAuthority   Role = "competent_authority"   // courts, prosecutors and police that execute
	LawEnforcement       Role = "law_enforcement"       // Art 47
)

// AuthorityID names an authority within its State, such as "justice".
type AuthorityID string

// Address names one authority of one State: who sends and who is addressed.
type Address struct {
	State     StateCode   `json:"state"`
	Authority AuthorityID `json:"authority"`
}

// String returns the address as state/authority.
func (a Address) String() string { return string(a.State) + "/" + string(a.Authority) }

// Authority is an office of a State that sends and receives.
type Authority struct {
	ID    AuthorityID `json:"id"`
	Name  string      `json:"name"`
	Roles []Role      `json:"roles"`

	// MessageRecipient and EvidenceRecipient are hybrid age recipients (age1pq1...), one key per
	// purpose, so that a key lost at the desk opens no evidence.
	MessageRecipient  string `json:"message_recipient"`
	EvidenceRecipient string `json:"evidence_recipient"`
}

// Has reports whether the authority was named for the role.
func (a Authority) Has(role Role) bool {
	for _, r := range a.Roles {
		if r == role {
			return true
		}
	}
	return false
}

// ContactPoint is how people of the 24/7 network reach one another (Art 41).
type ContactPoint struct {
	Name      string   `json:"name"`
	Telephone string   `json:"telephone,omitempty"`
	Mail      string   `json:"mail,omitempty"`
	Languages []string `json:"languages"`
	Zone      string   `json:"zone"`
}

// Party is a State as the directory describes it: who may speak for it, with which keys, where.
// A State signs its own entry.
type Party struct {
	Code      StateCode `json:"code"`
	Name      string    `json:"name"`
	Mode      Mode      `json:"mode"`
	Languages []string  `json:"languages"` // in which requests are accepted, Art 40(13)

	Endpoint    string      `json:"endpoint"`    // federation door, an https URL
	Authorities []Authority `json:"authorities"` // at least one

	// Certificates are the State's own certification authorities, PEM. Seals, TLS certificates and
	// client certificates of the State chain to one of them.
	Certificates []string `json:"certificates"`
	// TimeStampCertificates are the PEM roots of the time-stamp authorities that the State relies on.
	TimeStampCertificates []string `json:"time_stamp_certificates,omitempty"`

	JournalOrigin string `json:"journal_origin"` // C2SP tlog-checkpoint origin
	JournalKey    string `json:"journal_key"`    // C2SP signed-note verifier key
	JournalURL    string `json:"journal_url"`    // prefix of /checkpoint and /tile/
	WitnessKey    string `json:"witness_key"`    // C2SP cosignature verifier key
	WitnessURL    string `json:"witness_url"`    // prefix of /add-checkpoint

	ContactPoints []ContactPoint `json:"contact_points,omitempty"`

	// Oversight are the bodies that read everything this State sends and receives. A successor is listed
	// before its time begins, so that both States already know it when it does.
	Oversight []OversightBody `json:"oversight,omitempty"`
}

// OversightBody is a judge, an ombudsman or a data-protection authority that sees whatever passes between
// its State and others, holds its own key, and decides nothing in a case.
type OversightBody struct {
	Name      string  `json:"name"`
	Recipient string  `json:"recipient"` // hybrid age recipient (age1pq1...), whose identity no node holds
	Key       string  `json:"key"`       // C2SP signed-note verifier key (Ed25519) of what it asks and finds
	From      Instant `json:"from"`      // its messages are those sent from then on
	Until     Instant `json:"until"`     // and before then
}

// Fingerprint is the SHA-256 of the body's recipient as it is written: how a message names it.
func (b OversightBody) Fingerprint() Digest { return DigestOf([]byte(b.Recipient)) }

// InForce reports whether what is sent at that moment goes to the body.
func (b OversightBody) InForce(at Instant) bool { return b.From <= at && at < b.Until }

// OversightAt returns the bodies in force at that moment.
func (p Party) OversightAt(at Instant) []OversightBody {
	var now []OversightBody
	for _, b := range p.Oversight {
		if b.InForce(at) {
			now = append(now, b)
		}
	}
	return now
}

// Authority returns the party's authority of that name.
func (p Party) Authority(id AuthorityID) (Authority, bool) {
	for _, a := range p.Authorities {
		if a.ID == id {
			return a, true
		}
	}
	return Authority{}, false
}
