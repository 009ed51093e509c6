// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"context"
	"slices"
	"strings"

	"rogatory"
	"rogatory/store"
)

// adoptable are the data files whose taking effect is journaled.
var adoptable = []string{"kinds", "deadlines", "calendars", "status", "agreements"}

// Adopt records that a data file of that digest takes effect at this office, and why. It is called
// before the file is put in place: a crash in between leaves a record of something that did not come
// into effect, and doing it again records it again.
func (o *Office) Adopt(ctx context.Context, by rogatory.Actor, name string, digest rogatory.Digest, why string) error {
	if by.Role != rogatory.Decider && by.Role != rogatory.Administrator {
		return rogatory.Fault(rogatory.Denied, "role_not_allowed", "%s in the role %s may not adopt rules", by.Name, by.Role).WithHint("this act needs the role decider or administrator")
	}
	if !slices.Contains(adoptable, name) || digest.IsZero() || strings.TrimSpace(why) == "" {
		return rogatory.Fault(rogatory.Invalid, "adoption_incomplete", "say which data file takes effect, its digest and its source").WithHint("the files are " + strings.Join(adoptable, ", "))
	}
	return o.Store.Update(ctx, func(tx *store.Tx) error {
		return o.record(tx, rogatory.Entry{Type: rogatory.RulesAdopted, At: o.now(), By: by, Name: name + " " + digest.String(), Why: why})
	})
}
