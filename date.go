// SPDX-License-Identifier: Apache-2.0

package rogatory

import "time"

// Date is a day of the calendar, such as 2027-01-31, without a clock or a zone. Dates compare as texts do.
type Date string

// Valid reports whether d is a day of the calendar in its one form.
func (d Date) Valid() bool {
	t, err := time.Parse(time.DateOnly, string(d))
	return err == nil && t.Format(time.DateOnly) == string(d)
}
