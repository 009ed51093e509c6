// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"context"

	"rogatory"
	"rogatory/treaty"
)

// maxMoney bounds the requests that one report of recovered money counts, the last changed first.
const maxMoney = 10000

// Recovered tallies what both States reported as recovered, over the requests of the kinds that move
// money. It is a statistic of this office, made of what is in its files.
func (o *Office) Recovered(ctx context.Context, by rogatory.Actor) ([]treaty.Tally, error) {
	var all []rogatory.Recovery
	for _, k := range o.Rules.Kinds {
		if !k.Allows(rogatory.ReportRecovery) {
			continue
		}
		q := Filter{Kind: k.ID, Limit: MaxPage}
		for n := 0; n < maxMoney; n += MaxPage {
			files, next, err := o.Requests(ctx, by, q)
			if err != nil {
				return nil, err
			}
			for _, f := range files {
				if f.Recovery != nil {
					all = append(all, *f.Recovery)
				}
			}
			if q.After = next; next == "" {
				break
			}
		}
	}
	return treaty.Sum(all), nil
}
