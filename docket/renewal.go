// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"context"
	"strings"

	"rogatory"
	"rogatory/store"
)

// Renew records that our domestic order to preserve was renewed, and sets when the next renewal has to be
// decided (Art 25(2)). order names the decision.
func (o *Office) Renew(ctx context.Context, by rogatory.Actor, id rogatory.RequestID, order string) (File, error) {
	if err := o.decides(by, "renew orders"); err != nil {
		return File{}, err
	}
	if strings.TrimSpace(order) == "" || len(order) > maxReviewText {
		return File{}, rogatory.Fault(rogatory.Invalid, "order_missing", "say which decision renews the order, in at most %d bytes", maxReviewText).WithHint("court, file number and date")
	}
	var f File
	err := o.Store.Update(ctx, func(tx *store.Tx) error {
		now, err := o.must(tx, id)
		if err != nil {
			return err
		}
		if now.Side != rogatory.RequestedSide || now.State != rogatory.Preserved {
			return rogatory.Fault(rogatory.Conflict, "nothing_preserved", "%s is %s: there is no order of ours to renew", id, now.State)
		}
		if d := now.deadline(RenewalDue); d == nil || d.State == Met {
			return rogatory.Fault(rogatory.Conflict, "renewal_not_due", "the present order holds the data of %s to the end", id)
		}
		if err := o.record(tx, rogatory.Entry{Type: rogatory.OrderRenewed, At: o.now(), By: by, Request: id, Why: order}); err != nil {
			return err
		}
		f, _, err = cabinetOf{tx}.file(id)
		return err
	})
	return f, err
}
