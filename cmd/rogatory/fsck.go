// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"

	"rogatory"
	"rogatory/node"
	"rogatory/vault"
)

// fsckCmd checks a stopped node.
type fsckCmd struct {
	Peer  string `help:"Compare all messages with those that this State holds too, over the line, and prove what is missing on either side." placeholder:"XB"`
	Depth string `help:"How much of the evidence is read: structure, sampled (some segments of each exhibit) or all." enum:"structure,sampled,all" default:"sampled"`
}

// Run checks everything and names the first damaged thing.
func (c *fsckCmd) Run(d *desk) error {
	n, err := node.Open(d.ctx, d.globals.Node, node.Options{Inspect: true})
	if err != nil {
		return err
	}
	defer n.Close()
	if c.Peer != "" {
		return c.compare(d, n)
	}
	depth := vault.Structure
	if c.Depth == "all" {
		depth = vault.Full
	}
	found, err := n.Fsck(d.ctx, depth)
	if err == nil && c.Depth == "sampled" {
		err = sample(d.ctx, n.Vault)
	}
	if err != nil {
		return err
	}
	return d.give(found, func(w io.Writer) {
		fmt.Fprintf(w, "journal entries\t%d\nmessages\t%d\nrequests\t%d\nexhibits\t%d\n", found.Entries, found.Messages, found.Requests, found.Exhibits)
		if found.Earlier > 0 {
			fmt.Fprintf(w, "opened under earlier rules\t%d, whose dates are taken as they stand\n", found.Earlier)
		}
		if found.Lost > 0 {
			fmt.Fprintf(w, "content lost\t%d entries, of which only the leaf came back after a restore, as the journal says\n", found.Lost)
		}
		for _, o := range found.Orphans {
			fmt.Fprintf(w, "unused in the vault, harmless\t%s\n", o)
		}
		fmt.Fprintln(w, "everything follows from the journal; nothing is damaged")
	})
}

// compare holds this node against a peer. A difference is not this command's failure, but it must be seen by a script.
func (c *fsckCmd) compare(d *desk, n *node.Node) error {
	found, err := n.Compare(d.ctx, rogatory.StateCode(c.Peer))
	if err != nil {
		return err
	}
	if err := d.give(found, func(w io.Writer) {
		fmt.Fprintf(w, "alike at both\t%d messages\n", found.Messages)
		for _, x := range found.Differences {
			fmt.Fprintf(w, "%s\tat %s: message %s, number %d from %s to %s. Its own journal's proof, for rogatory journal verify:\n\n%s\n", x.What, x.State, x.Message, x.Sequence, x.From, x.To, x.Proof)
		}
	}); err != nil || len(found.Differences) == 0 {
		return err
	}
	return rogatory.Fault(rogatory.Damaged, "records_differ", "%d messages are missing or altered at one of %s and %s", len(found.Differences), n.Config().State, c.Peer).
		WithHint("keep the proofs: with the journal key of the State named, anybody can check them")
}

// samplesPerExhibit reads some ten mebibytes of each exhibit: a vault of thousands in minutes. Damage
// to a tenth of an exhibit is missed once in three times, so run it often, and --depth all sometimes.
const samplesPerExhibit = 10

// sample hashes segments of each exhibit, drawn anew each time so that many runs see everything.
func sample(ctx context.Context, v *vault.Vault) error {
	roots, err := v.List()
	if err != nil {
		return err
	}
	buffer := make([]byte, vault.SegmentSize)
	for _, root := range roots {
		size, err := v.Size(root)
		if err != nil {
			return err
		}
		segments := (size + vault.SegmentSize - 1) / vault.SegmentSize
		if segments <= samplesPerExhibit {
			if err := v.Check(ctx, root, vault.Full); err != nil {
				return err
			}
			continue
		}
		for range samplesPerExhibit {
			if err := ctx.Err(); err != nil {
				return err
			}
			if _, err := v.ReadSegments(root, rand.Int64N(segments), 1, buffer); err != nil {
				return err
			}
		}
	}
	return nil
}
