// SPDX-License-Identifier: Apache-2.0

package treaty

import (
	"fmt"
	"math/big"
	"slices"
	"strings"

	"rogatory"
)

// AssetFreeze is the kind that stops money (Arts 49(2), 50(2)).
const AssetFreeze rogatory.RequestKind = "asset_freeze"

// FraudReport is what a victim's bank or the police knows in the first minutes: enough to stop the
// money, and no more.
type FraudReport struct {
	Authority string             `json:"authority"` // that asks
	Account   string             `json:"account"`   // of what happened, in a sentence or two
	Law       string             `json:"law"`       // provision that makes it an offence
	Payments  []rogatory.Payment `json:"payments"`  // first hop first
	File      string             `json:"file"`      // of the police or the bank
	Language  string             `json:"language"`
}

// FreezeRequest makes the freeze request that follows from a fraud report. What the report lacks, the
// request lacks, and its review says so. It is written in English words around the reporter's own.
func FreezeRequest(r FraudReport) rogatory.Request {
	last := rogatory.Payment{}
	if n := len(r.Payments); n > 0 {
		last = r.Payments[n-1]
	}
	var hops, accounts []string
	for i, p := range r.Payments {
		hops = append(hops, fmt.Sprintf("%d. %s: %s from %s to %s", i+1, p.At, p.Amount, place(p.From), place(p.To)))
		accounts = append(accounts, place(p.To))
	}
	way := strings.Join(hops, "\n")
	contents := map[string]string{}
	set := func(id, text string) {
		if text = strings.TrimSpace(text); text != "" {
			contents[id] = text
		}
	}
	set("authority", r.Authority)
	set("facts", r.Account+"\n"+way)
	if r.File != "" {
		set("subject", "criminal investigation "+r.File+" for fraud, conducted by "+r.Authority)
		set("purpose", "securing the proceeds of the fraud in investigation "+r.File)
	}
	if len(r.Payments) > 0 {
		set("assistance", "freezing at once, and word of each amount that was found")
		set("actions", "freeze the balance of these accounts up to the amount of each payment, trace where it went on, and say what was found:\n"+strings.Join(accounts, "\n"))
		set("basis_reasons", "the payments above were induced by deception; without a freeze the money goes on within minutes")
		set("persons", strings.Join(accounts, "\n"))
		set("period", fmt.Sprintf("%s to %s", r.Payments[0].At.Time().Format("2006-01-02T15:04Z07:00"), last.At.Time().Format("2006-01-02T15:04Z07:00")))
	}
	title := "Freeze of fraud proceeds"
	if last.Amount.Valid() {
		title = fmt.Sprintf("Freeze of %s at %s", last.Amount, last.To.Institution)
		if last.To.Institution == "" {
			title = "Freeze of " + last.Amount.String()
		}
	}
	return rogatory.Request{Kind: AssetFreeze, Title: title, Language: r.Language, Contents: contents, Payments: r.Payments,
		Offence: rogatory.Offence{Articles: []string{"13"}, Law: r.Law}}
}

func place(a rogatory.Account) string {
	if a.Institution == "" {
		return a.Number
	}
	return a.Number + " (" + a.Institution + ")"
}

// Tally adds up what became of losses, by currency: amounts of different currencies are never added.
type Tally struct {
	Code      string `json:"code"`
	Requests  int    `json:"requests"`
	Attempted string `json:"attempted"`
	Frozen    string `json:"frozen"`
	Returned  string `json:"returned"`
	// Share is the returned part of the attempted loss in thousandths, cut down.
	Share int64 `json:"share_thousandths"`
}

// tallyDecimals is how precisely sums are printed: the finest asset has 18 decimals, and people read 2.
const tallyDecimals = 2

// Sum tallies recoveries, currencies in alphabetical order; a recovery that is not well formed is left
// out.
func Sum(all []rogatory.Recovery) []Tally {
	type sums struct {
		n                           int
		attempted, frozen, returned *big.Rat
	}
	by := map[string]*sums{}
	var codes []string
	for _, r := range all {
		if _, ok := r.Share(); !ok {
			continue
		}
		s := by[r.Attempted.Code]
		if s == nil {
			s = &sums{0, new(big.Rat), new(big.Rat), new(big.Rat)}
			by[r.Attempted.Code] = s
			codes = append(codes, r.Attempted.Code)
		}
		s.n++
		for sum, amount := range map[*big.Rat]rogatory.Amount{s.attempted: r.Attempted, s.frozen: r.Frozen, s.returned: r.Returned} {
			if v, ok := amount.Rational(); ok {
				sum.Add(sum, v)
			}
		}
	}
	slices.Sort(codes)
	var tallies []Tally
	for _, code := range codes {
		s := by[code]
		share := new(big.Rat).Quo(s.returned, s.attempted)
		share.Mul(share, big.NewRat(1000, 1))
		tallies = append(tallies, Tally{code, s.n, s.attempted.FloatString(tallyDecimals), s.frozen.FloatString(tallyDecimals), s.returned.FloatString(tallyDecimals),
			new(big.Int).Quo(share.Num(), share.Denom()).Int64()})
	}
	return tallies
}
