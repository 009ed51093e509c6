// SPDX-License-Identifier: Apache-2.0

package rogatory

// RequestKind names a kind of cooperation. What a kind needs is treaty data, not code.
type RequestKind string

// The kinds in force in this version; others are added as data.
const (
	Preservation42 RequestKind = "preservation"   // Art 42
	StoredData     RequestKind = "stored_data"    // Art 44
	EmergencyData  RequestKind = "emergency_data" // Art 41(3)(e)
)

// Request is what one State asks of another (Art 40(15) and the article of its kind).
type Request struct {
	Kind     RequestKind       `json:"kind"`
	Title    string            `json:"title"`
	Offence  Offence           `json:"offence"`
	Contents map[string]string `json:"contents"` // field of the kind -> what the officer wrote
	Language string            `json:"language"` // of the free text, BCP 47; Art 40(13)
	// Follows is the preservation that this request for disclosure was announced in, Art 42(1).
	Follows RequestID `json:"follows,omitempty"`
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
