// SPDX-License-Identifier: Apache-2.0

package rogatory

import (
	"encoding/base32"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// CaseID is the requesting State's file reference, such as XA-2026-7K3M9Q2P. The requesting State
// chooses it; eight base-32 characters of chance make a repeat negligible and a guess useless.
type CaseID string

// RequestID is a case and a running number, such as XA-2026-7K3M9Q2P.2.
type RequestID string

// MessageID is a UUID version 7 (RFC 9562) in lower case, chosen by the sender. It is the
// idempotency key of a delivery.
type MessageID string

// ExhibitID is the sealing State's reference of one exhibit, such as XB-E-5TQ0ZC8H1M4A.
type ExhibitID string

// crockford is base 32 without I, L, O and U, which are misread on paper and by telephone.
var crockford = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// NewCaseID draws a case reference for the State. It fails only when random does.
func NewCaseID(random io.Reader, state StateCode, now time.Time) (CaseID, error) {
	b, err := readFull(random, 5)
	if err != nil {
		return "", fmt.Errorf("draw a case reference: %w", err)
	}
	return CaseID(fmt.Sprintf("%s-%04d-%s", state, now.UTC().Year(), crockford.EncodeToString(b))), nil
}

// Request returns the reference of the case's n-th request, counted from 1.
func (c CaseID) Request(n int) RequestID { return RequestID(string(c) + "." + strconv.Itoa(n)) }

// State returns the State that opened the case, or nothing if the reference is malformed.
func (c CaseID) State() StateCode {
	if !c.Valid() {
		return ""
	}
	return StateCode(c[:2])
}

// Valid reports whether c has the one form of a case reference.
func (c CaseID) Valid() bool {
	if len(c) != 16 || !StateCode(c[:2]).Valid() || c[2] != '-' || c[7] != '-' {
		return false
	}
	return digits(string(c[3:7])) && crockfordText(string(c[8:]))
}

// Case returns the case of the request.
func (r RequestID) Case() CaseID {
	c, _, _ := strings.Cut(string(r), ".")
	return CaseID(c)
}

// Number returns the running number of the request in its case; 0 if malformed.
func (r RequestID) Number() int {
	_, n, _ := strings.Cut(string(r), ".")
	i, err := strconv.Atoi(n)
	if err != nil || i < 1 || i > MaxRequestsPerCase || strconv.Itoa(i) != n {
		return 0
	}
	return i
}

// MaxRequestsPerCase bounds the running number: a case with more is several cases.
const MaxRequestsPerCase = 9999

// Valid reports whether r has the one form of a request reference.
func (r RequestID) Valid() bool { return r.Case().Valid() && r.Number() > 0 }

// NewMessageID draws a UUID version 7 from the given time and random source.
func NewMessageID(random io.Reader, now time.Time) (MessageID, error) {
	b, err := readFull(random, 16)
	if err != nil {
		return "", fmt.Errorf("draw a message identifier: %w", err)
	}
	ms := uint64(now.UnixMilli())
	for i := range 6 {
		b[i] = byte(ms >> (40 - 8*i))
	}
	b[6] = b[6]&0x0f | 0x70
	b[8] = b[8]&0x3f | 0x80
	h := hex.EncodeToString(b)
	return MessageID(h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]), nil
}

// Valid reports whether m is a lower-case UUID of version 7.
func (m MessageID) Valid() bool {
	if len(m) != 36 {
		return false
	}
	for i := range len(m) {
		c := m[i]
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
				return false
			}
		}
	}
	return m[14] == '7' && strings.IndexByte("89ab", m[19]) >= 0
}

// NewExhibitID draws an exhibit reference for the sealing State.
func NewExhibitID(random io.Reader, state StateCode) (ExhibitID, error) {
	b, err := readFull(random, 10)
	if err != nil {
		return "", fmt.Errorf("draw an exhibit reference: %w", err)
	}
	return ExhibitID(string(state) + "-E-" + crockford.EncodeToString(b)[:12]), nil
}

// Valid reports whether e has the one form of an exhibit reference.
func (e ExhibitID) Valid() bool {
	return len(e) == 17 && StateCode(e[:2]).Valid() && e[2:5] == "-E-" && crockfordText(string(e[5:]))
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

func crockfordText(s string) bool {
	for i := range len(s) {
		if strings.IndexByte("0123456789ABCDEFGHJKMNPQRSTVWXYZ", s[i]) < 0 {
			return false
		}
	}
	return s != ""
}

func readFull(r io.Reader, n int) ([]byte, error) {
	b := make([]byte, n)
	_, err := io.ReadFull(r, b)
	return b, err
}
