// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"
	"fmt"

	"rogatory"
	"rogatory/wire"
)

// Carried counts what a disk held, or what was taken from it.
type Carried struct {
	Folder   string `json:"folder"`
	Messages int    `json:"messages"`
	Receipts int    `json:"receipts"`
	Exhibits int    `json:"exhibits"`
}

func mayCarry(by rogatory.Actor) error {
	if by.Role != rogatory.Custodian && by.Role != rogatory.Administrator {
		return rogatory.Fault(rogatory.Denied, "role_not_allowed", "%s in the role %s may not send or take in a courier's disk", by.Name, by.Role).WithHint("this act needs the role custodian or administrator")
	}
	return nil
}

// CourierExport writes what waits for a State to a folder that must not exist: sealed messages,
// receipts and offered exhibits, as they would go over the line.
func (n *Node) CourierExport(ctx context.Context, by rogatory.Actor, to rogatory.StateCode, folder string) (Carried, error) {
	if err := mayCarry(by); err != nil {
		return Carried{}, err
	}
	c, err := n.Office.Carry(ctx, by, to)
	if err != nil {
		return Carried{}, err
	}
	err = wire.WriteCourier(ctx, folder, wire.Parcel{From: n.config.State, To: to, Messages: c.Messages, Receipts: c.Receipts, Vault: n.Vault, Exhibits: c.Exhibits})
	return Carried{folder, len(c.Messages), len(c.Receipts), len(c.Exhibits)}, err
}

// CourierImport takes in a folder that was carried here: messages first, for they may hold the offers
// of the exhibits. What was taken in before an error stays; importing again is harmless.
func (n *Node) CourierImport(ctx context.Context, by rogatory.Actor, folder string) (Carried, error) {
	done := Carried{Folder: folder}
	if err := mayCarry(by); err != nil {
		return done, err
	}
	c, err := wire.ReadCourier(folder, n.config.State)
	if err != nil {
		return done, err
	}
	defer c.Close()
	from := c.From()
	var problems []error
	take := func(what string, count *int, data []byte, err error, accept func([]byte) error) {
		if err == nil {
			err = accept(data)
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("take in a carried %s: %w", what, err))
			return
		}
		*count++
	}
	for sealed, err := range c.Messages() {
		take("message", &done.Messages, sealed, err, func(b []byte) error { _, err := n.Office.Receive(ctx, from, b); return err })
	}
	for receipt, err := range c.Receipts() {
		take("receipt", &done.Receipts, receipt, err, func(b []byte) error { return n.Office.SettleCarried(ctx, b) })
	}
	for _, root := range c.Exhibits() {
		take("exhibit", &done.Exhibits, nil, nil, func([]byte) error { return n.fill(ctx, c, from, root) })
	}
	problems = append(problems, n.Office.Imported(ctx, by, from))
	return done, errors.Join(problems...)
}

// fill takes one carried exhibit into the vault. One that is held already is not an error.
func (n *Node) fill(ctx context.Context, c *wire.Courier, from rogatory.StateCode, root rogatory.Digest) error {
	if held, err := n.Vault.Has(root); err != nil || held {
		return errors.Join(err, n.Office.Arrived(ctx, from, root))
	}
	seal, err := n.Office.Incoming(ctx, from, root)
	if err != nil {
		return err
	}
	in, err := n.Vault.Expect(seal)
	if err != nil {
		return err
	}
	defer in.Close()
	if err := c.Fill(ctx, in, nil); err != nil {
		return err
	}
	if err := in.Commit(); err != nil {
		return err
	}
	return n.Office.Arrived(ctx, from, root)
}
