// SPDX-License-Identifier: Apache-2.0

package transparency

import (
	"fmt"

	"rogatory"
)

// Recompute makes all reports anew, up to the last of those published, and names every difference between that one and
// what its entries say. It is empty if the report is complete and true. published are the files as everybody gets them,
// the oldest first; head names State, mode and journal; entries tells how many entries were recorded before a moment.
// Its error says that a file is no report.
func Recompute(head Report, published [][]byte, cases []Case, entries func(rogatory.Instant) int64, key []byte) (differences []string, err error) {
	var previous Report
	for i, data := range published {
		r, err := Parse(data)
		if err != nil {
			return nil, err
		}
		head.Period, head.Until, head.Entries = r.Period, r.Until, entries(r.Until)
		if i > 0 {
			head.Previous = rogatory.DigestOf(published[i-1])
		}
		again := Next(head, previous, Count(cases, head.Entries), key)
		switch {
		case i == len(published)-1:
			differences = append(differences, Differences(r, again)...)
		case rogatory.DigestOf(again.Encode()) != rogatory.DigestOf(data):
			differences = append(differences, fmt.Sprintf("an earlier report, of %s, is not what its entries say", r.Period))
		}
		previous = again
	}
	return differences, nil
}
