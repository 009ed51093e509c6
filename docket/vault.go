// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"context"

	"rogatory"
	"rogatory/store"
)

// SettleVault holds the vault against the files after a start. What was deleted and is there again, as after a restore, is
// removed again; what should be there and is not is returned.
func (o *Office) SettleVault(ctx context.Context) (missing []rogatory.ExhibitID, err error) {
	if o.Vault == nil {
		return nil, nil
	}
	needed, gone := map[rogatory.Digest]bool{}, map[rogatory.Digest]bool{}
	for after := rogatory.ExhibitID(""); ; {
		var rows []store.Exhibit
		err := o.Store.View(ctx, func(tx *store.Tx) (err error) {
			rows, err = tx.ExhibitsFrom(after, store.MaxRows)
			return err
		})
		if err != nil {
			return nil, err
		}
		for _, x := range rows {
			after = x.ID
			switch {
			case x.State == string(Deleted):
				gone[x.Root] = true
			case x.Direction == store.Out || x.State == string(Held) || x.State == inQuarantine:
				needed[x.Root] = true
				has, err := o.Vault.Has(x.Root)
				if err != nil {
					return nil, err
				}
				if !has {
					missing = append(missing, x.ID)
				}
			}
		}
		if len(rows) < store.MaxRows {
			break
		}
	}
	for root := range gone {
		if needed[root] {
			continue
		}
		if has, err := o.Vault.Has(root); err != nil || !has {
			if err != nil {
				return nil, err
			}
			continue
		}
		if err := o.Vault.Remove(root); err != nil {
			return nil, err
		}
		o.Log.Warn("an exhibit that was deleted had come back and was deleted again", "root", root.String())
	}
	return missing, nil
}

// Gate says whether this office may sign: "open", or "held" or "recovering" with a stable code that says why.
func (o *Office) Gate() (state, code string) {
	if o.Ledger == nil {
		return "open", ""
	}
	s := o.Ledger.Gate().Standing()
	return string(s.State), s.Code
}
