// SPDX-License-Identifier: Apache-2.0

package rogatory

import (
	"fmt"
	"time"
)

// Instant is a moment in microseconds since 1970-01-01T00:00:00Z. Zero means "not set".
//
// Its text form is always UTC with six decimals, such as 2026-11-23T02:14:05.000120Z, so that a
// signed document can say one moment in one way only.
type Instant int64

const instantLayout = "2006-01-02T15:04:05.000000Z"

// At returns t as an instant, cut to microseconds.
func At(t time.Time) Instant { return Instant(t.UnixMicro()) }

// Time returns the instant as a UTC time.
func (i Instant) Time() time.Time { return time.UnixMicro(int64(i)).UTC() }

// Add returns the instant d later.
func (i Instant) Add(d time.Duration) Instant { return i + Instant(d.Microseconds()) }

// Sub returns the time from j to i.
func (i Instant) Sub(j Instant) time.Duration { return time.Duration(i-j) * time.Microsecond }

// String returns the text form, or a dash when not set.
func (i Instant) String() string {
	if i == 0 {
		return "-"
	}
	return i.Time().Format(instantLayout)
}

// MarshalText returns the text form. An instant outside the years 1970 to 9999 is refused.
func (i Instant) MarshalText() ([]byte, error) {
	if t := i.Time(); i < 0 || t.Year() > 9999 {
		return nil, fmt.Errorf("instant %d is outside 1970 to 9999", int64(i))
	}
	return []byte(i.Time().Format(instantLayout)), nil
}

// UnmarshalText accepts the text form only; i is zero after an error.
func (i *Instant) UnmarshalText(text []byte) error {
	*i = 0
	t, err := time.Parse(instantLayout, string(text))
	if err != nil || t.Format(instantLayout) != string(text) || t.UnixMicro() < 0 {
		return fmt.Errorf("instant %.40q is not of the form %s", text, instantLayout)
	}
	*i = At(t)
	return nil
}
