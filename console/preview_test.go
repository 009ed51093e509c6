// SPDX-License-Identifier: Apache-2.0

package console

import (
	"fmt"
	"testing"

	"rogatory"
)

// What was painted for a page is taken once, by who was shown it and for that page.
func TestAPictureIsPaintedOnce(t *testing.T) {
	l := newLooks()
	ana, bo := rogatory.Actor{Officer: rogatory.Officer{Name: "Ana"}}, rogatory.Actor{Officer: rogatory.Officer{Name: "Bo"}}
	l.show(ana, "XA-E-1", picture{3, []byte("page 3")})
	for _, row := range []struct {
		name string
		by   rogatory.Actor
		id   rogatory.ExhibitID
		page int
		want string
	}{
		{"another person", bo, "XA-E-1", 3, ""},
		{"another file", ana, "XA-E-2", 3, ""},
		{"another page", ana, "XA-E-1", 4, ""},
		{"the page", ana, "XA-E-1", 3, "page 3"},
		{"once more", ana, "XA-E-1", 3, ""},
	} {
		if got := string(l.shown(row.by, row.id, row.page)); got != row.want {
			t.Errorf("%s: %q", row.name, got)
		}
	}
	for i := range 10 * maxPictures {
		l.show(ana, rogatory.ExhibitID(fmt.Sprint(i)), picture{})
	}
	if len(l.pictures) != maxPictures {
		t.Errorf("%d pictures wait", len(l.pictures))
	}
}
