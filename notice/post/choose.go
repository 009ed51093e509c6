// SPDX-License-Identifier: Apache-2.0

package post

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"rogatory"
	"rogatory/language"
	"rogatory/notice"
	"rogatory/store"
)

// Choice returns how a person wants to be told; false if not at all.
func (p *Post) Choice(ctx context.Context, by rogatory.Actor) (c notice.Choice, found bool, err error) {
	err = p.Store.View(ctx, func(tx *store.Tx) error {
		row, is, err := tx.NoticeChoice(by.Name)
		if found = is; err != nil || !is {
			return err
		}
		c, err = notice.Read(row.View)
		return err
	})
	return c, found, err
}

// Choose keeps how a person wants to be told, from now on. It is an aid to that person and no record: it is not
// journaled. Beside notice_choice_invalid: notice_channel_none for a channel on which the person has no address.
func (p *Post) Choose(ctx context.Context, by rogatory.Actor, c notice.Choice) error {
	if err := c.Check(p.zones.Load, language.Supported()); err != nil {
		return err
	}
	ways := p.Ways(by)
	for _, name := range c.Channels {
		if !slices.Contains(ways, Way{name, true}) {
			return rogatory.Fault(rogatory.NotFound, "notice_channel_none", "%s cannot be reached by %.40q", by.Name, name).WithHint("an administrator writes addresses into pager.json")
		}
	}
	view, err := json.Marshal(c)
	if err != nil {
		return err
	}
	err = p.Store.Update(ctx, func(tx *store.Tx) error {
		others, err := tx.NoticeChoices()
		if err != nil {
			return err
		}
		if len(others) == 0 { // nobody was told anything, so nobody has read the journal for it
			size, err := tx.Size()
			if err == nil {
				err = setCursor(tx, size)
			}
			if err != nil {
				return err
			}
		}
		return tx.SetNoticeChoice(store.NoticeChoice{Person: by.Name, Changed: p.now(), View: view})
	})
	p.again.Store(true)
	return err
}

// Stop makes that a person is told nothing more. What waits is not told.
func (p *Post) Stop(ctx context.Context, by rogatory.Actor) error {
	return p.Store.Update(ctx, func(tx *store.Tx) error {
		waiting, err := tx.WaitingNoticeItems(by.Name)
		if err != nil {
			return err
		}
		for _, n := range waiting {
			if err := tx.TellNoticeItem(by.Name, n.Number, "", p.now()); err != nil {
				return err
			}
		}
		return tx.DropNoticeChoice(by.Name)
	})
}

// Way is a channel of this node, and whether the person has an address on it.
type Way struct {
	Channel string
	Reaches bool
}

// Ways lists the channels of the pager in its order.
func (p *Post) Ways(by rogatory.Actor) []Way {
	plan := p.Plan()
	to := addresses(plan, by.Name)
	var all []Way
	if plan != nil {
		for _, r := range plan.Routes {
			all = append(all, Way{r.Name, to[r.Name] != ""})
		}
	}
	return all
}

// testEvery is how often a person may ask for a test: each one costs a text message.
const testEvery = time.Minute

// Test sends a person a notice of no content over the channels they chose, whatever the hour. The codes of its errors:
// notice_choice_none before anything was chosen, notice_test_soon.
func (p *Post) Test(ctx context.Context, by rogatory.Actor) error {
	return p.Store.Update(ctx, func(tx *store.Tx) error {
		row, found, err := tx.NoticeChoice(by.Name)
		if err != nil {
			return err
		}
		if !found {
			return rogatory.Fault(rogatory.NotFound, "notice_choice_none", "%s has not said how to be told", by.Name).WithHint("choose the channels first, and save")
		}
		last, found, err := tx.LastNoticeTest(by.Name)
		if err != nil {
			return err
		}
		if now := p.now(); found && now.Sub(last.Made) < testEvery {
			return rogatory.Fault(rogatory.Busy, "notice_test_soon", "the last test of %s is not a minute old", by.Name).WithHint("look at its result below, and wait a minute")
		}
		c := chosen{Officer: by.Officer}
		if c.Choice, err = notice.Read(row.View); err == nil {
			_, err = p.write(tx, c, true, p.now())
		}
		return err
	})
}

// Item returns what a number means that a person was told: NotFound "notice_unknown" if that person has no such number.
func (p *Post) Item(ctx context.Context, by rogatory.Actor, number int64) (n store.NoticeItem, err error) {
	err = p.Store.View(ctx, func(tx *store.Tx) (err error) {
		n, err = tx.NumberedNoticeItem(by.Name, number)
		return err
	})
	return n, err
}

// Items returns what a person was told last, or is to be told.
func (p *Post) Items(ctx context.Context, by rogatory.Actor, limit int) (all []store.NoticeItem, err error) {
	err = p.Store.View(ctx, func(tx *store.Tx) (err error) {
		all, err = tx.NoticeItems(by.Name, limit)
		return err
	})
	return all, err
}

// Sent is a notice with what came of it, for whoever has to see why somebody was not told. It holds no address and
// nothing of a case.
type Sent struct {
	store.NoticePage
	Tries []store.PageDelivery
}

// Sent returns the newest notices of a person, or of all with everybody set, which only administrators may.
func (p *Post) Sent(ctx context.Context, by rogatory.Actor, everybody bool, limit int) (all []Sent, err error) {
	person := by.Name
	if everybody {
		if by.Role != rogatory.Administrator {
			return nil, rogatory.Fault(rogatory.Denied, "role_not_allowed", "%s in the role %s may not see how others are told", by.Name, by.Role)
		}
		person = ""
	}
	err = p.Store.View(ctx, func(tx *store.Tx) error {
		pages, err := tx.NoticePages(person, limit)
		for i := 0; err == nil && i < len(pages); i++ {
			l := Sent{NoticePage: pages[i]}
			l.Tries, err = tx.DeliveriesOf(l.Page)
			all = append(all, l)
		}
		return err
	})
	return all, err
}
