// SPDX-License-Identifier: Apache-2.0

package transparency

import (
	"bytes"
	"encoding/csv"
	"strconv"
)

// Definition says what a table counts, in English as in the CSV; the pages say it in every language.
func Definition(t Table) string {
	switch t {
	case Requests:
		return "requests sent, or arrived here, since the journal began; emergency: of kinds that are urgent by the rules"
	case ByKind:
		return "requests by kind"
	case ByState:
		return "requests by the other State"
	case ByOffence:
		return "requests by article of the Convention, or other; a request with several counts in each"
	case ByOutcome:
		return "requests that were first accepted, refused, postponed, executed (by outcome) or withdrawn; one request may count in several"
	case ByGround:
		return "refused requests by ground"
	case ByDelay:
		return "answered requests by the time until the first preservation, measure, exhibit, execution or refusal"
	case ByNotice:
		return "requests of which a person concerned was notified, or the notice postponed"
	}
	return ""
}

// CSV writes the report as RFC 4180 has it, one cell a line, each with its definition.
func (r Report) CSV() []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	w.Write([]string{"state", "period", "until", "side", "table", "key", "at_least", "definition"})
	for _, c := range r.Cells {
		w.Write([]string{string(r.State), string(r.Period), r.Until.String(), string(c.Side), string(c.Table), c.Key.Key, strconv.Itoa(c.Count), Definition(c.Table)})
	}
	w.Flush() // a bytes.Buffer takes everything
	return b.Bytes()
}
