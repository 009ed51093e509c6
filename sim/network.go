// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"bytes"
	"context"
	"math/rand/v2"
	"slices"

	"rogatory"
	"rogatory/docket"
	"rogatory/vault"
)

// letter is a delivery on its way to the other State or, with a receipt, on its way back.
type letter struct {
	from, to *house
	parcel   docket.Parcel
	receipt  []byte
	ready    int // the step from which it may arrive
}

// promise names a message that an office has receipted.
type promise struct {
	by rogatory.StateCode
	id rogatory.MessageID
}

var errLine = rogatory.Fault(rogatory.Unavailable, "peer_unreachable", "no answer came")

// post has the office send what is due.
func (p *play) post(ctx context.Context, h *house, c *rand.Rand) error {
	parcels, err := h.Collect(ctx, 1+c.IntN(6), 8)
	p.say("%s posts %d letters: %s", h.code, len(parcels), outcome(err))
	for _, x := range parcels {
		l := &letter{from: h, to: p.house(x.Delivery.Peer), parcel: x, ready: p.step + 1 + c.IntN(1+p.weather.slow)}
		p.say("    %s to %s, number %d", x.Delivery.Message, l.to.code, x.Delivery.Sequence)
		p.air = append(p.air, l)
		if len(p.kept) < replays && oneIn(c, 3) {
			p.kept = append(p.kept, l)
		}
	}
	return err
}

// catch takes a letter out of the air that may arrive now: any, for nothing keeps their order.
func (p *play) catch(c *rand.Rand) *letter {
	var ready []*letter
	for _, l := range p.air {
		if l.ready <= p.step {
			ready = append(ready, l)
		}
	}
	if len(ready) == 0 {
		return nil
	}
	l := pick(c, ready)
	if c.IntN(100) < p.weather.twice {
		p.counts["repeated"]++
		return l // and it stays in the air
	}
	p.air = slices.DeleteFunc(p.air, func(a *letter) bool { return a == l })
	return l
}

// lost tells the sender, if it is there and did not die meanwhile; if not, the lease runs out.
func (p *play) lost(ctx context.Context, l *letter, c *rand.Rand, cause error) error {
	p.counts["lost"]++
	if l.from.down || oneIn(c, 3) {
		return nil
	}
	err := l.from.Failed(ctx, l.parcel.Delivery, cause)
	p.say("    %s hears that %s failed: %s", l.from.code, l.parcel.Delivery.Message, outcome(err))
	return refused(err)
}

func (p *play) arrive(ctx context.Context, l *letter, c *rand.Rand) error {
	id := l.parcel.Delivery.Message
	if l.receipt != nil {
		if l.from.down || p.cut[[2]int{l.to.index, l.from.index}] {
			p.say("the receipt for %s is lost", id)
			return p.lost(ctx, l, c, errLine)
		}
		r, err := l.from.Settle(ctx, l.parcel.Delivery, l.receipt)
		p.say("%s settles %s, %s: %s", l.from.code, id, r.Outcome, outcome(err))
		if err == nil {
			p.counts["settled"]++
		}
		return refused(err)
	}
	roll := c.IntN(100)
	if l.to.down || p.cut[[2]int{l.from.index, l.to.index}] || roll < p.weather.before {
		p.say("%s to %s is lost", id, l.to.code)
		return p.lost(ctx, l, c, errLine)
	}
	sealed := l.parcel.Sealed
	if c.IntN(100) < p.weather.damaged {
		p.counts["damaged"]++
		sealed = bytes.Clone(sealed)
		sealed[c.IntN(len(sealed))] ^= 1 << c.IntN(8)
		if _, err := l.to.Receive(ctx, l.from.code, sealed); err == nil {
			return p.breach("%s took message %s with a flipped bit", l.to.code, id)
		}
		p.say("%s arrives damaged at %s", id, l.to.code)
		return p.lost(ctx, l, c, errLine)
	}
	receipt, err := p.receive(ctx, l)
	if err != nil {
		if code := rogatory.CodeOf(err); code != "clock_disagrees" {
			return err
		}
		p.counts["clock disagrees"]++
		return p.lost(ctx, l, c, err)
	}
	if c.IntN(100) < p.weather.after {
		p.say("    its receipt is lost")
		return p.lost(ctx, l, c, errLine)
	}
	p.air = append(p.air, &letter{from: l.from, to: l.to, parcel: l.parcel, receipt: receipt, ready: p.step + 1 + c.IntN(1+p.weather.slow)})
	return nil
}

// receive delivers, and holds the receipt against what was promised before.
func (p *play) receive(ctx context.Context, l *letter) ([]byte, error) {
	id := l.parcel.Delivery.Message
	receipt, err := l.to.Receive(ctx, l.from.code, l.parcel.Sealed)
	p.say("%s receives %s of %s: %s", l.to.code, id, l.from.code, outcome(err))
	if err != nil {
		return nil, err
	}
	k := promise{l.to.code, id}
	if before, again := p.promised[k]; again {
		p.counts["received again"]++
		if !bytes.Equal(before, receipt) {
			return nil, p.breach("%s gave two receipts for message %s", l.to.code, id)
		}
	} else {
		l.to.given = append(l.to.given, id)
	}
	p.promised[k] = receipt
	return receipt, nil
}

// again sends an old letter once more; nobody waits for the answer.
func (p *play) again(ctx context.Context, c *rand.Rand) error {
	if len(p.kept) == 0 {
		return nil
	}
	l := pick(c, p.kept)
	if l.to.down {
		return nil
	}
	_, err := p.receive(ctx, l)
	if rogatory.CodeOf(err) == "clock_disagrees" {
		return nil
	}
	return err
}

// fetch moves one exhibit a little further: begins, takes some segments, flushes, or ends.
func (p *play) fetch(ctx context.Context, h *house, c *rand.Rand) error {
	files, err := h.files(ctx)
	if err != nil {
		return err
	}
	var offered []docket.ExhibitFile
	var peers []*house
	for _, f := range files {
		for _, x := range f.Exhibits {
			if !x.Ours && x.State == docket.Offered {
				offered, peers = append(offered, x), append(peers, p.house(f.Them.State))
			}
		}
	}
	if len(offered) == 0 {
		return nil
	}
	i := c.IntN(len(offered))
	return p.fetchOne(ctx, h, peers[i], offered[i].Exhibit, c)
}

func (p *play) fetchOne(ctx context.Context, h, from *house, x rogatory.Exhibit, c *rand.Rand) error {
	root := x.Seal.Root
	if _, err := h.Incoming(ctx, from.code, root); err != nil {
		p.say("%s may not take %s: %s", h.code, x.ID, outcome(err))
		if k := rogatory.KindOf(err); k == rogatory.Stale || k == rogatory.NotFound {
			return nil
		}
		return err
	}
	if held, err := h.Vault.Has(root); err != nil {
		return err
	} else if held {
		return p.arrived(ctx, h, from, x)
	}
	t := (*pull)(nil)
	for _, each := range h.pulls {
		if each.exhibit == x.ID {
			t = each
		}
	}
	if t == nil {
		in, err := h.Vault.Expect(x.Seal)
		p.say("%s expects %s: %s", h.code, x.ID, outcome(err))
		if err != nil {
			return err
		}
		t = &pull{x.ID, from, in}
		h.pulls = append(h.pulls, t)
	}
	if from.down || p.cut[[2]int{h.index, from.index}] || p.cut[[2]int{from.index, h.index}] {
		return nil
	}
	if _, err := from.Outgoing(ctx, h.code, root); err != nil {
		p.say("%s does not give %s: %s", from.code, x.ID, outcome(err))
		if k := rogatory.KindOf(err); k == rogatory.Stale || k == rogatory.NotFound {
			return nil // revoked meanwhile, and the word of it is on its way
		}
		return err
	}
	if err := p.segments(h, from, t, c); err != nil {
		return err
	}
	if have, total := t.in.Done(); have < total || oneIn(c, 3) {
		return nil
	}
	h.pulls = slices.DeleteFunc(h.pulls, func(each *pull) bool { return each == t })
	err := t.in.Commit()
	p.say("%s has all of %s: %s", h.code, x.ID, outcome(err))
	if err != nil || oneIn(c, 3) {
		return err
	}
	return p.arrived(ctx, h, from, x)
}

// segments takes the tree and a few segments from the other vault, some of them damaged on the way.
func (p *play) segments(h, from *house, t *pull, c *rand.Rand) error {
	root := t.in.Seal().Root
	if !t.in.HasTree() {
		var tree bytes.Buffer
		if err := from.Vault.WriteTree(&tree, root); err != nil {
			return err
		}
		if err := t.in.SetTree(&tree); err != nil {
			return err
		}
	}
	buf := make([]byte, vault.SegmentSize)
	for range 1 + c.IntN(3) {
		missing := t.in.Missing(1)
		if len(missing) == 0 {
			break
		}
		at := missing[0].First + c.Int64N(missing[0].Count)
		n, err := from.Vault.ReadSegments(root, at, 1, buf)
		if err != nil {
			return err
		}
		if oneIn(c, 8) {
			buf[c.IntN(n)] ^= 1
			if err := t.in.Put(at, buf[:n]); rogatory.CodeOf(err) != "segment_damaged" {
				return p.breach("segment %d of %s was damaged, and putting it says: %v", at, t.exhibit, err)
			}
			continue
		}
		err = t.in.Put(at, buf[:n])
		p.say("%s takes segment %d of %s: %s", h.code, at, t.exhibit, outcome(err))
		if err != nil {
			return err
		}
		p.counts["segment"]++
	}
	if oneIn(c, 2) {
		return t.in.Flush()
	}
	return nil
}

func (p *play) arrived(ctx context.Context, h, from *house, x rogatory.Exhibit) error {
	err := h.Arrived(ctx, from.code, x.Seal.Root)
	p.say("%s says that %s arrived: %s", h.code, x.ID, outcome(err))
	if err == nil {
		p.counts["arrived"]++
	}
	return err
}
