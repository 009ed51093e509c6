// SPDX-License-Identifier: Apache-2.0

package rogatory

import (
	"math/big"
	"strings"
)

// Measure is something that a requested State does for a time: it collects or intercepts until a fixed
// end (Arts 45, 46), freezes property (Arts 49(2), 50(2)), holds a person (Art 37(10)).
type Measure struct {
	Since Instant `json:"since,omitzero"`
	Until Instant `json:"until,omitzero"` // the hard end: the measure stops by itself
	Hours int     `json:"hours,omitempty"`
	// Assets are what was frozen, each with how much of what was asked for.
	Assets []Asset `json:"assets,omitempty"`
}

// Account names where money or a virtual asset is held.
type Account struct {
	Number      string `json:"number"`                // IBAN, account number or wallet address
	Institution string `json:"institution,omitempty"` // bank, exchange or network
}

// Amount is a sum of money or of a virtual asset: a decimal number without sign, and a code such as
// THB, EUR or BTC. Amounts of different codes are never added.
type Amount struct {
	Value string `json:"value"`
	Code  string `json:"code"`
}

// Limits on amounts: 18 decimals are those of the finest common virtual asset, and 30 digits hold
// any sum in it.
const (
	maxAmountDigits   = 30
	maxAmountDecimals = 18
)

// Rational returns the amount as a number; false if its text is not an amount.
func (a Amount) Rational() (*big.Rat, bool) {
	whole, part, dot := strings.Cut(a.Value, ".")
	digits := func(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
	if !digits(whole) || len(whole) > 1 && whole[0] == '0' || dot && (!digits(part) || len(part) > maxAmountDecimals) || len(whole)+len(part) > maxAmountDigits {
		return nil, false
	}
	if len(a.Code) < 2 || len(a.Code) > 10 || strings.Trim(a.Code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" {
		return nil, false
	}
	return new(big.Rat).SetString(a.Value)
}

// Valid reports whether the amount has its one form.
func (a Amount) Valid() bool {
	_, ok := a.Rational()
	return ok
}

// String returns the amount for people, such as 12500.00 EUR.
func (a Amount) String() string { return a.Value + " " + a.Code }

// Payment is one hop of money: from one account to the next, how much, when.
type Payment struct {
	From   Account `json:"from"`
	To     Account `json:"to"`
	Amount Amount  `json:"amount"`
	At     Instant `json:"at"`
}

// Asset is one account of a freeze: how much was asked for, and how much was found and frozen.
type Asset struct {
	Account Account `json:"account"`
	Asked   Amount  `json:"asked"`
	Frozen  Amount  `json:"frozen"` // zero when nothing was left
	At      Instant `json:"at"`
}

// Recovery says what became of a loss.
type Recovery struct {
	Attempted Amount `json:"attempted"` // what the offenders tried to take
	Frozen    Amount `json:"frozen"`
	Returned  Amount `json:"returned"`
}

// Share returns the returned part of the attempted loss in thousandths, cut down; false when the three
// amounts are not of one code, or nothing was attempted.
func (r Recovery) Share() (thousandths int64, ok bool) {
	attempted, ok1 := r.Attempted.Rational()
	returned, ok2 := r.Returned.Rational()
	if !ok1 || !ok2 || r.Attempted.Code != r.Returned.Code || r.Attempted.Code != r.Frozen.Code || attempted.Sign() == 0 || returned.Cmp(attempted) > 0 {
		return 0, false
	}
	share := returned.Quo(returned, attempted)
	share.Mul(share, big.NewRat(1000, 1))
	return new(big.Int).Quo(share.Num(), share.Denom()).Int64(), true
}

// ConsentUse says what a consent is asked for.
type ConsentUse string

// The uses that need the consent of the State that gave the information.
const (
	OtherUse       ConsentUse = "other_use"       // another investigation or proceeding, Art 40(19)
	OnwardTransfer ConsentUse = "onward_transfer" // a third State or an international organisation, Art 36(3)
	TeamDisclosure ConsentUse = "team_disclosure" // another member of a joint investigation, Art 48
	EvidenceUse    ConsentUse = "evidence_use"    // as evidence, of what was given as information only, Art 40(5)
)

// Consent is what one State asks leave for, of the other whose information it is.
type Consent struct {
	Use     ConsentUse `json:"use"`
	Exhibit ExhibitID  `json:"exhibit,omitempty"` // empty: all that the request brought
	Purpose string     `json:"purpose"`
	To      string     `json:"to,omitempty"` // the third State or organisation
}

// Fingerprint is a digest of an image or recording whose removal is asked for. The material itself
// never travels.
type Fingerprint struct {
	Algorithm string `json:"algorithm"` // sha256, or the name of a perceptual hash
	Value     string `json:"value"`     // small hexadecimal letters
}

// MaxFingerprint bounds a fingerprint's value: 1024 bits, twice the longest perceptual hash in use.
const MaxFingerprint = 256

// Valid reports whether the fingerprint has its form.
func (f Fingerprint) Valid() bool {
	if len(f.Value) < 8 || len(f.Value) > MaxFingerprint || len(f.Value)%2 != 0 || strings.Trim(f.Value, "0123456789abcdef") != "" {
		return false
	}
	if f.Algorithm == "sha256" {
		return len(f.Value) == 64
	}
	return len(f.Algorithm) >= 2 && len(f.Algorithm) <= 20 && strings.Trim(f.Algorithm, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}
