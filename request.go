// SPDX-License-Identifier: Apache-2.0

package rogatory

// RequestKind names a kind of cooperation. What a kind needs is treaty data, not code.
type RequestKind string

// The kinds that code speaks of; the whole list is treaty data.
const (
	Preservation42 RequestKind = "preservation"   // Art 42
	StoredData     RequestKind = "stored_data"    // Art 44
	EmergencyData  RequestKind = "emergency_data" // Art 41(3)(e)
)

// Request is what one State asks of another (Art 40(15) and the article of its kind).
type Request struct {
	Kind     RequestKind       `json:"kind"`
	Part     string            `json:"part,omitempty"` // of a kind that has parts, such as service of documents
	Title    string            `json:"title"`
	Offence  Offence           `json:"offence"`
	Contents map[string]string `json:"contents"` // field of the kind -> what the officer wrote
	Language string            `json:"language"` // of the free text, BCP 47; Art 40(13)
	// Translation is the free text in a language that the requested State accepts, where the original is in another.
	Translation *Translation `json:"translation,omitempty"`
	// Follows is the preservation that this request for disclosure was announced in, Art 42(1).
	Follows RequestID `json:"follows,omitempty"`
	// Basis is the instrument on which the request stands, Art 40(6)-(7); empty means this Convention.
	Basis LegalBasis `json:"basis,omitempty"`
	// Rules is the version of the rules that it was composed under.
	Rules string `json:"rules,omitempty"`
	// Term is from when to when a measure is asked for; its end is hard (Art 45(3)(f)).
	Term Term `json:"term,omitzero"`
	// Payments are the way of the money, first hop first (Art 50(3)).
	Payments []Payment `json:"payments,omitempty"`
	// Fingerprints name material to be removed, which itself never travels (Art 34(6)).
	Fingerprints []Fingerprint `json:"fingerprints,omitempty"`
}

// Translation is what a person made of a request's free text in another language (Art 40(13)). The original stays
// beside it, and prevails.
type Translation struct {
	Language string            `json:"language"` // BCP 47
	By       string            `json:"by"`       // who answers for it
	Title    string            `json:"title"`
	Contents map[string]string `json:"contents"` // field of the kind -> its translation
}

// Languages lists those in which the free text can be read, the original first.
func (r Request) Languages() []string {
	all := []string{r.Language}
	if r.Translation != nil {
		all = append(all, r.Translation.Language)
	}
	return all
}

// LegalBasis names what obliges the other State, Art 40(6)-(7).
type LegalBasis string

// The legal bases.
const (
	ThisConvention    LegalBasis = "uncc"
	BudapestTreaty    LegalBasis = "budapest"     // between its parties, Arts 40(7), 60(1)
	OtherTreaty       LegalBasis = "other_treaty" // one that the office has recorded
	UnderReciprocity  LegalBasis = "reciprocity"
	OtherTreatyByUNCC LegalBasis = "other_treaty_uncc_paras" // another treaty, with Art 40(8)-(31) by agreement
)

// Term is a span of time; both ends are included.
type Term struct {
	From Instant `json:"from,omitzero"`
	To   Instant `json:"to,omitzero"`
}

// Offence says what is investigated, by article of the Convention or as a serious crime.
type Offence struct {
	Articles []string `json:"articles"` // "7" to "17"; empty for a serious crime outside them
	// MaximumYears is the maximum deprivation of liberty under the requesting State's law; four or
	// more make a serious crime, Art 2(h).
	MaximumYears int    `json:"maximum_years,omitempty"`
	Law          string `json:"law"` // provision of the requesting State
}

// SeriousCrimeYears is the threshold of Art 2(h).
const SeriousCrimeYears = 4

// Preservation is what a requested State preserved, and until when.
type Preservation struct {
	Since Instant         `json:"since,omitzero"`
	Until Instant         `json:"until,omitzero"` // at least 60 days after Since, Art 42(8)
	Items []PreservedItem `json:"items,omitempty"`
	Days  int             `json:"days,omitempty"` // asked for, in RequestExtension
}

// PreservedItem is one thing preserved. Its content does not travel with the preservation.
type PreservedItem struct {
	Description string `json:"description"`
	Size        int64  `json:"size"`
	SHA256      Digest `json:"sha256"`
}
