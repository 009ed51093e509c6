// SPDX-License-Identifier: Apache-2.0

package oversight

import (
	"fmt"
	"strconv"
	"strings"

	"rogatory"
)

const (
	// AttestPath is where a body brings a node what it attests of a report, at the node's public door.
	AttestPath = "/oversight/v1/attestation"
	// MaxAttestation bounds one in bytes: eight short lines and a signature.
	MaxAttestation = 4 << 10

	attestHeader   = "rogatory oversight report v1"
	badAttestation = "oversight_attestation_invalid"
)

// Attestation is a body's word that it made a published report anew from all entries of the journal, which it holds
// against a published checkpoint, and found it equal. Whoever trusts the body knows then that the report leaves nothing
// out, without seeing a case.
type Attestation struct {
	State   rogatory.StateCode // whose report
	Period  string
	Report  rogatory.Digest // SHA-256 of the published file
	Entries int64           // that the report counts
	Size    int64           // of the checkpoint against which the entries were held
	Root    rogatory.Digest // of that checkpoint
	At      rogatory.Instant
}

// SignAttestation writes an attestation as a C2SP signed note.
func (k Key) SignAttestation(a Attestation) ([]byte, error) {
	if err := a.check(); err != nil {
		return nil, err
	}
	return k.Sign(a.text())
}

func (a Attestation) text() string {
	return fmt.Sprintf("%s\n%s\n%s\n%s\n%d\n%d\n%s\n%s\n", attestHeader, a.State, a.Period, a.Report, a.Entries, a.Size, a.Root, a.At)
}

func (a Attestation) check() error {
	if !a.State.Valid() || a.Period == "" || len(a.Period) > 20 || strings.ContainsAny(a.Period, "\r\n") || a.Entries < 0 || a.Size < a.Entries || a.At <= 0 {
		return rogatory.Fault(rogatory.Invalid, badAttestation, "an attestation of %.2q for %.20q, of %d entries under a checkpoint of %d", a.State, a.Period, a.Entries, a.Size)
	}
	return nil
}

// OpenAttestation reads an attestation of one of a State's bodies, which was in force when it attested, and says which.
// It is "oversight_unknown" if none of them signed it.
func OpenAttestation(signed []byte, state rogatory.Party) (Attestation, rogatory.OversightBody, error) {
	for _, b := range state.Oversight {
		a, err := OpenAttestationOf(signed, b.Key)
		if rogatory.CodeOf(err) == unknownBody {
			continue
		}
		if err == nil && a.State != state.Code {
			err = rogatory.Fault(rogatory.Invalid, badAttestation, "the attestation is about %s, not about %s", a.State, state.Code)
		}
		if err == nil && (a.At < b.From || a.At >= b.Until) {
			err = rogatory.Fault(rogatory.Stale, "oversight_expired", "%s attested at %s, and is in force from %s until %s", b.Name, a.At, b.From, b.Until)
		}
		if err != nil {
			return Attestation{}, rogatory.OversightBody{}, err
		}
		return a, b, nil
	}
	return Attestation{}, rogatory.OversightBody{}, rogatory.Fault(rogatory.Untrusted, unknownBody, "no oversight body of %s signed this attestation", state.Code)
}

// OpenAttestationOf reads an attestation that must be signed by key, the verification key of a body.
func OpenAttestationOf(signed []byte, key string) (Attestation, error) {
	none := func(format string, args ...any) (Attestation, error) {
		return Attestation{}, rogatory.Fault(rogatory.Invalid, badAttestation, "read an attestation: "+format, args...)
	}
	if len(signed) > MaxAttestation {
		return none("%d bytes, at most %d are read", len(signed), MaxAttestation)
	}
	text, err := OpenSigned(signed, key)
	if err != nil {
		return Attestation{}, err
	}
	lines := strings.Split(text, "\n")
	if len(lines) != 9 || lines[0] != attestHeader || lines[8] != "" {
		return none("it is not of the form that this program knows")
	}
	a := Attestation{State: rogatory.StateCode(lines[1]), Period: lines[2]}
	if err := a.Report.UnmarshalText([]byte(lines[3])); err != nil {
		return none("%w", err)
	}
	if a.Entries, err = strconv.ParseInt(lines[4], 10, 64); err != nil {
		return none("%w", err)
	}
	if a.Size, err = strconv.ParseInt(lines[5], 10, 64); err != nil {
		return none("%w", err)
	}
	if err := a.Root.UnmarshalText([]byte(lines[6])); err != nil {
		return none("%w", err)
	}
	if err := a.At.UnmarshalText([]byte(lines[7])); err != nil {
		return none("%w", err)
	}
	if err := a.check(); err != nil {
		return Attestation{}, err
	}
	if a.text() != text {
		return none("it is not in the one form of an attestation")
	}
	return a, nil
}
