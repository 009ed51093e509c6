// SPDX-License-Identifier: Apache-2.0

package alarm

import (
	"context"
	"encoding/json"
	"io"
	"slices"

	"rogatory"
	"rogatory/desk"
	"rogatory/pager"
	"rogatory/store"
)

// maxSpoken bounds the links and codes in memory: more alarms at once than a State has people to answer. Beyond
// it a page that is tried again gets new ones.
const maxSpoken = 10_000

// decide takes the next step of an alarm in one transaction. Again says that there may be another at once.
func (d *Desk) decide(ctx context.Context, plan *Plan, id string) (r record, again bool, err error) {
	var drawn map[string]spoken
	var lastResort string
	err = d.Store.Update(ctx, func(tx *store.Tx) error {
		drawn, again, lastResort = map[string]spoken{}, false, ""
		if r, err = d.load(tx, id); err != nil {
			return err
		}
		now := d.now()
		next := desk.Escalate(plan.policyOf(r.Alarm.Policy), r.Alarm, now)
		switch next.Do {
		case desk.Send:
			again = true
			pages, err := d.pages(tx, plan, r, next, now, drawn)
			if err != nil {
				return err
			}
			if r.Alarm, err = r.Alarm.Take(next, pages, now); err != nil {
				return err
			}
		case desk.GiveUp:
			r.Alarm.GivenUp, lastResort = now, next.LastResort
			e := rogatory.Entry{Type: rogatory.AlarmGivenUp, At: now, By: d.node(), Request: r.Request, Name: r.Alarm.ID, Why: next.LastResort}
			if _, err := d.Ledger.Record(tx, e); err != nil {
				return err
			}
		}
		return d.keep(tx, r)
	})
	if err != nil {
		return r, false, err
	}
	if lastResort != "" {
		d.Log.Error("NOBODY ANSWERED the alarm", "alarm", id, "last_resort", lastResort)
	}
	d.remember(drawn)
	return r, again, nil
}

// pages makes the pages of a step: for each person one identifier, one link and one code, on each channel.
func (d *Desk) pages(tx *store.Tx, plan *Plan, r record, next desk.Decision, now rogatory.Instant, drawn map[string]spoken) ([]desk.Page, error) {
	var pages []desk.Page
	for _, person := range desk.Recipients(plan.Rota, next.Step, now) {
		id, err := pager.NewID(d.Random, d.Clock.Now())
		if err != nil {
			return nil, err
		}
		if drawn[string(id)], err = d.draw(tx, r.Alarm.ID, person.ID, string(id), now); err != nil {
			return nil, err
		}
		for _, channel := range next.Step.Channels {
			pages = append(pages, desk.NewPage(string(id), person.ID, channel, now))
		}
	}
	return pages, nil
}

// draw makes a link and a code for a page and keeps their digests.
func (d *Desk) draw(tx *store.Tx, alarm, person, page string, now rogatory.Instant) (spoken, error) {
	var random struct {
		link [32]byte
		code [8]byte
	}
	if _, err := io.ReadFull(d.Random, random.link[:]); err != nil {
		return spoken{}, err
	}
	if _, err := io.ReadFull(d.Random, random.code[:]); err != nil {
		return spoken{}, err
	}
	token, link := desk.NewLink(random.link, alarm, person, now)
	code, typed := desk.NewCode(random.code, alarm, person, now)
	for _, s := range []struct {
		kept desk.Secret
		name rogatory.Digest
	}{{link, linkName(token)}, {typed, rogatory.DigestOf([]byte("rogatory code of page " + page + " " + typed.Digest.String()))}} {
		view, err := json.Marshal(s.kept)
		if err != nil {
			return spoken{}, err
		}
		if err := tx.InsertSecret(store.Secret{Digest: s.name, Alarm: alarm, Person: person, How: string(s.kept.How), Expires: s.kept.Expires, View: view}); err != nil {
			return spoken{}, err
		}
	}
	return spoken{token, code}, nil
}

// linkName is by what a link is found. It has 256 random bits: how long a search takes tells nothing of them.
func linkName(token string) rogatory.Digest {
	return rogatory.DigestOf([]byte("rogatory link\n" + token))
}

func (d *Desk) remember(drawn map[string]spoken) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.clear) > maxSpoken {
		clear(d.clear)
	}
	for id, s := range drawn {
		d.clear[id] = s
	}
}

// launch sends the pages of an alarm that are due and not on their way.
func (d *Desk) launch(ctx context.Context, plan *Plan, r record) {
	if r.Alarm.Acknowledged != nil || r.Alarm.Withdrawn != 0 {
		return
	}
	now := d.now()
	for _, t := range r.Alarm.Taken {
		for _, p := range t.Pages {
			if at, ok := p.TryAt(); !ok || at > now {
				continue
			}
			key := flight{p.ID, p.Channel}
			d.mu.Lock()
			flies := d.flying[key]
			d.flying[key] = true
			d.mu.Unlock()
			if flies {
				continue
			}
			d.out.Go(func() {
				err := d.send(ctx, plan, r, p)
				d.mu.Lock()
				delete(d.flying, key)
				d.mu.Unlock()
				if err != nil && ctx.Err() == nil {
					d.Log.Error("a page could not be sent", "page", p.ID, "channel", p.Channel, "code", rogatory.CodeOf(err))
				}
				d.ring()
			})
		}
	}
}

// send tries a page once and records what came of it.
func (d *Desk) send(ctx context.Context, plan *Plan, r record, p desk.Page) error {
	result, code, err := d.attempt(ctx, plan, r, p)
	if err != nil {
		return err
	}
	return d.Store.Update(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		now, err := d.load(tx, r.Alarm.ID)
		if err != nil {
			return err
		}
		for i, t := range now.Alarm.Taken {
			j := slices.IndexFunc(t.Pages, func(o desk.Page) bool { return o.ID == p.ID && o.Channel == p.Channel })
			if j < 0 || len(t.Pages[j].Attempts) != len(p.Attempts) {
				continue
			}
			if now.Alarm.Taken[i].Pages[j], err = t.Pages[j].Tried(desk.Attempt{At: d.now(), Result: result, Code: code}); err != nil {
				return err
			}
		}
		return d.keep(tx, now)
	})
}

// attempt hands a page to its channel. An error means that it was not tried.
func (d *Desk) attempt(ctx context.Context, plan *Plan, r record, p desk.Page) (desk.Result, string, error) {
	route, ok := plan.route(p.Channel)
	if !ok {
		return desk.Refused, "channel_unknown", nil
	}
	to := plan.Pager.People[p.Person]
	if len(to) == 0 {
		return desk.Refused, "page_address_missing", nil
	}
	d.mu.Lock()
	said, known := d.clear[p.ID]
	d.mu.Unlock()
	if !known { // the process that drew them is gone
		err := d.Store.Update(ctx, func(tx *store.Tx) (err error) {
			said, err = d.draw(tx, r.Alarm.ID, p.Person, p.ID, d.now())
			return err
		})
		if err != nil {
			return "", "", err
		}
		d.remember(map[string]spoken{p.ID: said})
	}
	page, err := pager.NewPage(pager.Notice{ID: pager.ID(p.ID), Node: d.Us, Urgency: r.Urgency, Shift: plan.shift(p), Door: plan.Pager.Door,
		Token: said.token, Code: said.code, Created: p.Made, To: to})
	if err != nil {
		return desk.Refused, rogatory.CodeOf(err), nil
	}
	done, err := pager.Deliver(ctx, d, route, page, len(p.Attempts)+1)
	if done.Code == "" { // it could not even be claimed
		return "", "", err
	}
	return outcome(done), done.Code, nil
}

// outcome is what a row of the delivery log means for an escalation. One that was cut by a crash is one
// without an answer: the person may have been woken, and is woken again.
func outcome(d pager.Delivery) desk.Result {
	switch {
	case d.Code == pager.Accepted:
		return desk.Accepted
	case d.Code == pager.Underway, d.Kind == rogatory.Unavailable, d.Kind == rogatory.Busy:
		return desk.Silent
	}
	return desk.Refused
}

// shift is the time for which a person who is paged is on duty; zero for everybody else.
func (p *Plan) shift(page desk.Page) pager.Shift {
	on := desk.OnDuty(p.Rota, page.Made)
	if on.Person != page.Person || on.Since == 0 || on.Until == 0 || on.Until.Sub(on.Since) > pager.MaxShift {
		return pager.Shift{}
	}
	return pager.Shift{Begin: on.Since.Time().In(p.Rota.Location()), End: on.Until.Time().In(p.Rota.Location())}
}

// Claim implements pager.Log.
func (d *Desk) Claim(ctx context.Context, p pager.Delivery) (stored pager.Delivery, first bool, err error) {
	err = d.Store.Update(ctx, func(tx *store.Tx) error {
		row, is, err := tx.ClaimPage(rowOf(p))
		stored, first = deliveryOf(row), is
		return err
	})
	if err != nil {
		return pager.Delivery{}, false, err
	}
	return stored, first, nil
}

// Settle implements pager.Log.
func (d *Desk) Settle(ctx context.Context, p pager.Delivery) error {
	return d.Store.Update(ctx, func(tx *store.Tx) error { return tx.SettlePage(rowOf(p)) })
}

func rowOf(p pager.Delivery) store.PageDelivery {
	return store.PageDelivery{Page: string(p.Page), Channel: p.Channel, Attempt: p.Attempt, Provider: p.Provider, Begun: p.Begun, Ended: p.Ended,
		Code: p.Code, Kind: p.Kind, Detail: p.Detail, Status: p.Status, Reference: p.Reference}
}

func deliveryOf(r store.PageDelivery) pager.Delivery {
	return pager.Delivery{Key: pager.Key{Page: pager.ID(r.Page), Channel: r.Channel, Attempt: r.Attempt}, Provider: r.Provider, Begun: r.Begun, Ended: r.Ended,
		Code: r.Code, Kind: r.Kind, Detail: r.Detail, Status: r.Status, Reference: r.Reference}
}
