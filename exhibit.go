// SPDX-License-Identifier: Apache-2.0

package rogatory

// Seal describes a sealed exhibit: one age file in the vault, cut into segments.
//
// Size, SHA256 and SHA512 are of the evidence itself; a court compares them with stock tools.
// SealedSize and Root are of the age file: Root is the RFC 6962 SHA-256 tree over its segments of
// SegmentSize bytes (the last may be shorter), so a carrier without the key can check and resume.
type Seal struct {
	Size        int64      `json:"size"`
	SHA256      Digest     `json:"sha256"`
	SHA512      LongDigest `json:"sha512"`
	SealedSize  int64      `json:"sealed_size"`
	SegmentSize int64      `json:"segment_size"`
	Root        Digest     `json:"root"`
}

// Segments returns how many segments the age file has.
func (s Seal) Segments() int64 {
	if s.SegmentSize <= 0 {
		return 0
	}
	return (s.SealedSize + s.SegmentSize - 1) / s.SegmentSize
}

// UseLimits travel with an exhibit wherever it goes (Arts 36(3), 40(19), 40(20), 40(28)).
type UseLimits struct {
	Purpose         string   `json:"purpose"`         // the only investigation or proceeding it may serve
	Conditions      []string `json:"conditions"`      // accepted conditions, Art 40(28)
	Confidential    bool     `json:"confidential"`    // Art 40(20)
	OnwardTransfer  bool     `json:"onward_transfer"` // whether a third State may be given it, Art 36(3)
	DisclosureNotes string   `json:"disclosure_notes,omitempty"`
}

// Exhibit is a piece of electronic evidence as it is offered to the requesting State.
type Exhibit struct {
	ID        ExhibitID `json:"id"`
	Title     string    `json:"title"`
	FileName  string    `json:"file_name"` // safe base name, for the court package
	MediaType string    `json:"media_type"`
	Acquired  string    `json:"acquired"` // how and under which order it was obtained
	Seal      Seal      `json:"seal"`
	Limits    UseLimits `json:"limits"`
	Expires   Instant   `json:"expires"` // after which the offer lapses
}
