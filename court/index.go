// SPDX-License-Identifier: Apache-2.0

package court

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"rogatory"
	"rogatory/asice"
	"rogatory/envelope"
	"rogatory/journal"
)

// The fixed names of a package, and of the files inside manifest.asice.
const (
	instructionsFile  = "VERIFY.txt"
	shortSumsFile     = "SHA256SUMS"
	longSumsFile      = "SHA512SUMS"
	manifestFile      = "manifest.asice"
	stampCertificates = "certificates/time-stamp.pem"

	indexFile      = "index.json"
	custodyFile    = "custody.json"
	signedSumsFile = "files.sha256"
)

// certificateFile is where the certificate of custody of an exhibit lies. It is named after the exhibit alone, so the list
// needs no member for it, and packages that were made without are as good as before.
func certificateFile(id rogatory.ExhibitID) string { return "custody/" + string(id) + ".pdf" }

// indexVersion is the version of index.json; another one is refused.
const indexVersion = 1

// Index is the signed list of a package, index.json within manifest.asice. Verify derives all of it
// anew from the files and compares.
type Index struct {
	Version     int               `json:"rogatory_court"`
	Mode        rogatory.Mode     `json:"mode"`
	Case        rogatory.CaseID   `json:"case"`
	Title       string            `json:"title"`
	Exporter    rogatory.Address  `json:"exporter"`
	Made        rogatory.Instant  `json:"made"`
	Messages    []IndexMessage    `json:"messages"`    // in the order of the exporter's journal
	Custody     []string          `json:"custody"`     // proof files, in the order of the exporter's journal
	Checkpoints []IndexCheckpoint `json:"checkpoints"` // in the order of the exporter's choice
	Exhibits    []IndexExhibit    `json:"exhibits"`
	Files       []IndexFile       `json:"files"` // all but manifest.asice, SHA256SUMS and SHA512SUMS, by name
}

// IndexMessage names a message and where it stands in the journals of both States.
type IndexMessage struct {
	File     string             `json:"file"`
	Receipt  string             `json:"receipt,omitempty"` // none, if no receipt has come
	ID       rogatory.MessageID `json:"id"`
	Request  rogatory.RequestID `json:"request"`
	Act      rogatory.Act       `json:"act"`
	From     rogatory.Address   `json:"from"`
	To       rogatory.Address   `json:"to"`
	Sequence int64              `json:"sequence"`
	Sent     rogatory.Instant   `json:"sent"`
	Digest   rogatory.Digest    `json:"digest"` // SHA-256 of META-INF/signature001.p7s: its identity
	// Entry is its number in the sender's journal, from zero.
	Entry   int64              `json:"entry"`
	Exhibit rogatory.ExhibitID `json:"exhibit,omitempty"` // that it offers, takes or withdraws
	// Received and ReceiptEntry are as the receipt states; the number is that in the receiver's journal.
	Received     rogatory.Instant `json:"received,omitzero"`
	ReceiptEntry *int64           `json:"receipt_entry,omitempty"`
}

// IndexCheckpoint names a checkpoint, the part of it that is stamped, and the stamp.
type IndexCheckpoint struct {
	State   rogatory.StateCode `json:"state"`
	File    string             `json:"file"`
	Body    string             `json:"body"`
	Stamp   string             `json:"stamp,omitempty"`
	Stamped rogatory.Instant   `json:"stamped,omitzero"`
}

// IndexExhibit is an exhibit with its seal and use limits, and where it lies in the package.
type IndexExhibit struct {
	File    string           `json:"file"`
	Exhibit rogatory.Exhibit `json:"exhibit"`
}

// IndexFile is one file of the package.
type IndexFile struct {
	Name   string              `json:"name"`
	Size   int64               `json:"size"`
	SHA256 rogatory.Digest     `json:"sha256"`
	SHA512 rogatory.LongDigest `json:"sha512"`
}

// ParseIndex reads index.json: the one encoding that Write gives it, plain and distinct names only.
func ParseIndex(data []byte) (Index, error) {
	var x Index
	if len(data) > asice.MaxContainer {
		return Index{}, invalid("%s of %d bytes, at most %d are read", indexFile, len(data), asice.MaxContainer)
	}
	if err := strictJSON(data, &x); err != nil {
		return Index{}, invalid("read %s: %w", indexFile, err)
	}
	again, err := json.MarshalIndent(x, "", " ")
	if err != nil || !bytes.Equal(again, data) {
		return Index{}, invalid("%s is not in its one encoding", indexFile)
	}
	if x.Version != indexVersion || !x.Case.Valid() || len(x.Files) > MaxFiles || len(x.Exhibits) > MaxExhibits || len(x.Messages) > MaxMessages {
		return Index{}, invalid("%s of version %d with %d files is not one that this program knows", indexFile, x.Version, len(x.Files))
	}
	seen := map[string]bool{}
	for _, f := range x.Files {
		if !plainPath(f.Name) || f.Size < 0 || seen[strings.ToLower(f.Name)] || outside(f.Name) {
			return Index{}, invalid("%s lists %.100q, which is not plain, occurs twice or cannot be listed", indexFile, f.Name)
		}
		seen[strings.ToLower(f.Name)] = true
	}
	return x, nil
}

// outside reports the files that the signed list cannot cover.
func outside(name string) bool {
	return name == manifestFile || name == shortSumsFile || name == longSumsFile
}

// strictJSON reads one JSON value into v and refuses unknown members and anything after it.
func strictJSON(data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("there is something after its end")
	}
	return nil
}

// concerned returns the States whose certificates the package needs, in order.
func (x Index) concerned() []rogatory.StateCode {
	codes := map[rogatory.StateCode]bool{x.Exporter.State: true}
	for _, m := range x.Messages {
		codes[m.From.State], codes[m.To.State] = true, true
	}
	for _, c := range x.Checkpoints {
		codes[c.State] = true
	}
	return slices.Sorted(maps.Keys(codes))
}

// describeMessage derives a message's line of the list from its containers, without trusting them.
func describeMessage(m rogatory.Message, container, receipt []byte) (IndexMessage, error) {
	line := IndexMessage{ID: m.ID, Request: m.Request, Act: m.Act, From: m.From, To: m.To, Sequence: m.Sequence, Sent: m.Sent, Exhibit: m.Body.ExhibitID}
	if m.Body.Exhibit != nil {
		line.Exhibit = m.Body.Exhibit.ID
	}
	c, err := asice.Parse(container)
	if err != nil {
		return IndexMessage{}, fmt.Errorf("read message %s: %w", m.ID, err)
	}
	line.Digest = c.SignatureDigest()
	if line.Entry, err = entryNumber(c); err != nil {
		return IndexMessage{}, fmt.Errorf("read message %s: %w", m.ID, err)
	}
	if receipt == nil {
		return line, nil
	}
	if c, err = asice.Parse(receipt); err != nil {
		return IndexMessage{}, fmt.Errorf("read receipt of message %s: %w", m.ID, err)
	}
	number, err := entryNumber(c)
	if err != nil {
		return IndexMessage{}, fmt.Errorf("read receipt of message %s: %w", m.ID, err)
	}
	r, err := envelope.DecodeReceipt(c.Files[0].Data)
	if err != nil {
		return IndexMessage{}, fmt.Errorf("read receipt of message %s: %w", m.ID, err)
	}
	line.ReceiptEntry, line.Received = &number, r.Received
	return line, nil
}

// entryNumber reads where an attached journal proof says that its entry is.
func entryNumber(c *asice.Container) (int64, error) {
	text, found := c.Proof(envelope.JournalProof)
	if !found {
		return 0, invalid("no journal proof is attached to the container")
	}
	p, err := journal.ParseProof(text)
	return p.Index, err
}

func sortedNames[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
