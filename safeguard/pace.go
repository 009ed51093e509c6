// SPDX-License-Identifier: Apache-2.0

package safeguard

import (
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"time"

	"rogatory"
	"rogatory/datafile"
)

//go:embed data/pace.json
var paceFile []byte

// Pace is how many requests one person sends in an hour at most. A person reads each; a program reads none.
type Pace struct {
	Name     string                 `json:"name"`
	Kinds    []rogatory.RequestKind `json:"kinds"` // none: all that no pace before it names
	Hour     int                    `json:"hour"`
	Article  string                 `json:"article"`
	Because  string                 `json:"because"`
	Verified bool                   `json:"verified"`
}

var paceFiles = datafile.Form{Code: "pace_invalid", Hint: "mend that line", Size: 16 << 10, Items: 20}

// maxPace bounds a pace: one a minute for every minute is no person any more.
const maxPace = 60

// Paces returns those that came with this program.
func Paces() []Pace {
	all, err := readPaces("pace.json", paceFile)
	if err != nil {
		panic("the embedded paces do not load: " + err.Error()) // a test reads them
	}
	return all
}

// readPaces reads a list of which the last holds for every kind that the others leave, so that none is without. Another is
// refused whole with the code "pace_invalid".
func readPaces(name string, text []byte) ([]Pace, error) {
	var all []Pace
	err := datafile.Items(paceFiles, name, text, func(p Pace) error {
		switch {
		case p.Name == "" || p.Article == "" || p.Because == "":
			return fmt.Errorf("pace %d has no name, article or reason", len(all)+1)
		case len(rogatory.ParseArticles(p.Article)) != 1:
			return fmt.Errorf("%.40q is no article", p.Article)
		case p.Hour < 1 || p.Hour > maxPace:
			return fmt.Errorf("%d an hour is not between 1 and %d", p.Hour, maxPace)
		case len(all) > 0 && len(all[len(all)-1].Kinds) == 0:
			return errors.New("a pace stands behind the one for all other kinds")
		case slices.ContainsFunc(all, func(q Pace) bool {
			return q.Name == p.Name || slices.ContainsFunc(q.Kinds, func(k rogatory.RequestKind) bool { return slices.Contains(p.Kinds, k) })
		}):
			return fmt.Errorf("the pace %.40q, or a kind of it, stands here twice", p.Name)
		}
		all = append(all, p)
		return nil
	})
	if err == nil && (len(all) == 0 || len(all[len(all)-1].Kinds) > 0) {
		err = rogatory.Fault(rogatory.Invalid, paceFiles.Code, "%s: the last pace has to hold for all other kinds", name)
	}
	if err != nil {
		return nil, err
	}
	return all, nil
}

// PaceOf returns the pace of a kind.
func PaceOf(all []Pace, kind rogatory.RequestKind) Pace {
	i := slices.IndexFunc(all, func(p Pace) bool { return len(p.Kinds) == 0 || slices.Contains(p.Kinds, kind) })
	return all[i]
}

// Take notes one more request at now after those of the past, and returns the past that still counts with it. Where the
// hour is full it returns the moment from which there is room, and takes nothing.
func (p Pace) Take(past []rogatory.Instant, now rogatory.Instant) (kept []rogatory.Instant, room rogatory.Instant) {
	for _, at := range past {
		if at > now.Add(-time.Hour) && at <= now { // a clock that was set back makes nobody wait for ever
			kept = append(kept, at)
		}
	}
	if len(kept) >= p.Hour {
		return nil, kept[len(kept)-p.Hour].Add(time.Hour)
	}
	return append(kept, now), 0
}
