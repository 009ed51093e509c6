// SPDX-License-Identifier: Apache-2.0

package transparency

import (
	"encoding/json"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"rogatory"
	"rogatory/journal"
)

// sealHead begins every seal: no journal has it as its origin, so that no seal can be taken for a checkpoint, nor a
// checkpoint for a seal.
const sealHead = "rogatory.report.v1"

// MaxSeal bounds a seal in bytes: four short lines and one signature.
const MaxSeal = 2048

func sealText(r Report, data []byte) string {
	return fmt.Sprintf("%s\n%s\n%s\n%s\n", sealHead, r.Origin, r.Period, rogatory.DigestOf(data))
}

// Seal signs a report's bytes with the journal's key, as a signed note (C2SP signed-note).
func Seal(data []byte, s journal.Signer) ([]byte, error) {
	r, err := Parse(data)
	if err != nil {
		return nil, err
	}
	return note.Sign(&note.Note{Text: sealText(r, data)}, s)
}

// Open verifies a report's seal against the journal's key and reads it. It is "report_forged" if the seal is not of
// these bytes or not by this key.
func Open(data, seal []byte, origin string, key journal.Verifier) (Report, error) {
	r, err := Parse(data)
	if err != nil {
		return Report{}, err
	}
	if len(seal) > MaxSeal {
		return Report{}, rogatory.Fault(rogatory.Untrusted, "report_forged", "the seal of the report of %s has %d bytes, at most %d are read", r.Period, len(seal), MaxSeal)
	}
	n, err := note.Open(seal, note.VerifierList(key))
	if err != nil || n.Text != sealText(r, data) || r.Origin != origin {
		return Report{}, rogatory.Fault(rogatory.Untrusted, "report_forged", "the seal of the report of %s is not of these bytes by the key of %s", r.Period, origin)
	}
	return r, nil
}

// Committed verifies the proof that a report was recorded in the journal, and returns the entry. The entry is that of
// report.published: its name is the period, its reason the digest of the report's bytes.
func Committed(proof, data []byte, origin string, key journal.Verifier) (journal.Inclusion, error) {
	uncommitted := func(err error) error {
		return rogatory.Fault(rogatory.Untrusted, "report_uncommitted", "the journal of %s does not prove the report: %w", origin, err)
	}
	r, err := Parse(data)
	if err != nil {
		return journal.Inclusion{}, err
	}
	p, err := journal.ParseProof(proof)
	if err != nil {
		return journal.Inclusion{}, uncommitted(err)
	}
	salt, body, err := journal.Opening(p.Extra)
	if err != nil {
		return journal.Inclusion{}, uncommitted(err)
	}
	c, err := p.Verify(journal.LeafHash(journal.Commit(salt, body)), origin, key)
	if err != nil {
		return journal.Inclusion{}, uncommitted(err)
	}
	var e rogatory.Entry
	if err := json.Unmarshal(body, &e); err != nil {
		return journal.Inclusion{}, uncommitted(err)
	}
	if e.Type != rogatory.ReportPublished || e.Name != string(r.Period) || e.Why != rogatory.DigestOf(data).String() {
		return journal.Inclusion{}, uncommitted(fmt.Errorf("entry %d is %s %s of %s", p.Index, e.Type, e.Name, strings.TrimSpace(e.Why)))
	}
	if p.Index < r.Entries {
		return journal.Inclusion{}, uncommitted(fmt.Errorf("entry %d is among those that it counts", p.Index))
	}
	return journal.Inclusion{Index: p.Index, Body: body, Checkpoint: c}, nil
}
