// SPDX-License-Identifier: Apache-2.0

package store

import (
	"strings"

	"rogatory"
)

// NoticeChoice is how a person wants to be told. The view is what package notice says of it.
type NoticeChoice struct {
	Person  string
	Changed rogatory.Instant
	View    []byte
}

func readNoticeChoice(scan func(...any) error) (c NoticeChoice, err error) {
	err = scan(&c.Person, &c.Changed, unseal("notice_choice.view", &c.View, &c.Person))
	return c, err
}

// SetNoticeChoice keeps how a person wants to be told, in place of what was chosen before.
func (tx *Tx) SetNoticeChoice(c NoticeChoice) error {
	if err := checkText("person", c.Person); err != nil {
		return err
	}
	_, err := tx.exec("INSERT INTO notice_choice (person, changed, view) VALUES ($1, $2, $3) ON CONFLICT (person) DO UPDATE SET changed = excluded.changed, view = excluded.view",
		c.Person, int64(c.Changed), seal("notice_choice.view", c.View, c.Person))
	return err
}

// DropNoticeChoice makes that a person is told nothing.
func (tx *Tx) DropNoticeChoice(person string) error {
	_, err := tx.exec("DELETE FROM notice_choice WHERE person = $1", person)
	return err
}

// NoticeChoice returns how a person wants to be told; false if not at all.
func (tx *Tx) NoticeChoice(person string) (NoticeChoice, bool, error) {
	return one(tx, readNoticeChoice, "SELECT person, changed, view FROM notice_choice WHERE person = $1", person)
}

// NoticeChoices returns the choices of all, by person, at most MaxRows.
func (tx *Tx) NoticeChoices() ([]NoticeChoice, error) {
	return list(tx, readNoticeChoice, "SELECT person, changed, view FROM notice_choice ORDER BY person LIMIT $1", MaxRows)
}

// NoticeItem is something that a person is to be told, or was.
type NoticeItem struct {
	Person  string
	Number  int64 // the person's own, from 1
	Request rogatory.RequestID
	Sort    string
	Key     string // names what happened: one person is told once of each
	At      rogatory.Instant
	Told    rogatory.Instant // when it went into a notice, or was dropped; zero while it waits
	Page    string           // the notice; empty while it waits, and if it was dropped
}

const noticeItemColumns = "person, number, request_id, sort, key, at, told, page"

func readNoticeItem(scan func(...any) error) (n NoticeItem, err error) {
	err = scan(&n.Person, &n.Number, &n.Request, &n.Sort, &n.Key, &n.At, &n.Told, &n.Page)
	return n, err
}

// AddNoticeItem adds what a person is to be told, under that person's next number; it does nothing if there is one of that
// key. Number, Told and Page are not read.
func (tx *Tx) AddNoticeItem(n NoticeItem) error {
	for _, s := range []string{n.Person, string(n.Request), n.Sort, n.Key} {
		if err := checkText("notice", s); err != nil {
			return err
		}
	}
	_, err := tx.exec(`INSERT INTO notice_item (person, number, request_id, sort, key, at, told, page)
		SELECT CAST($1 AS TEXT), coalesce(max(number), 0) + 1, CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS BIGINT), 0, '' FROM notice_item WHERE person = $1
		ON CONFLICT (person, key) DO NOTHING`, n.Person, string(n.Request), n.Sort, n.Key, int64(n.At))
	return err
}

// TellNoticeItem records that an item went into a notice, or was dropped if page is empty. It does nothing the second time.
func (tx *Tx) TellNoticeItem(person string, number int64, page string, at rogatory.Instant) error {
	_, err := tx.exec("UPDATE notice_item SET told = $1, page = $2 WHERE person = $3 AND number = $4 AND told = 0", int64(at), page, person, number)
	return err
}

// NumberedNoticeItem returns a person's item of that number, or NotFound "notice_unknown".
func (tx *Tx) NumberedNoticeItem(person string, number int64) (NoticeItem, error) {
	n, found, err := one(tx, readNoticeItem, "SELECT "+noticeItemColumns+" FROM notice_item WHERE person = $1 AND number = $2", person, number)
	if err == nil && !found {
		err = unknown("notice", number)
	}
	return n, err
}

// WaitingNoticeItems returns what a person is still to be told, by number, at most MaxRows.
func (tx *Tx) WaitingNoticeItems(person string) ([]NoticeItem, error) {
	return list(tx, readNoticeItem, "SELECT "+noticeItemColumns+" FROM notice_item WHERE person = $1 AND told = 0 ORDER BY number LIMIT $2", person, MaxRows)
}

// NoticeItemsOf returns what stands in a notice, by number.
func (tx *Tx) NoticeItemsOf(page string) ([]NoticeItem, error) {
	return list(tx, readNoticeItem, "SELECT "+noticeItemColumns+" FROM notice_item WHERE page = $1 AND page <> '' ORDER BY number LIMIT $2", page, MaxRows)
}

// NoticeItems returns a person's newest items.
func (tx *Tx) NoticeItems(person string, limit int) ([]NoticeItem, error) {
	return list(tx, readNoticeItem, "SELECT "+noticeItemColumns+" FROM notice_item WHERE person = $1 ORDER BY number DESC LIMIT $2", person, atMost(limit))
}

// NoticePage is a notice to a person. Its attempts are rows of the delivery log, by its identifier.
type NoticePage struct {
	Page     string
	Person   string
	Channels []string
	Test     bool
	Made     rogatory.Instant
	DueAt    rogatory.Instant // when it is tried next; zero when it is over
}

const noticePageColumns = "page, person, channels, test, made, due_at"

func readNoticePage(scan func(...any) error) (p NoticePage, err error) {
	var channels string
	var test int64
	err = scan(&p.Page, &p.Person, &channels, &test, &p.Made, &p.DueAt)
	p.Channels, p.Test = strings.Fields(channels), test == 1
	return p, err
}

// AddNoticePage adds a notice. One of that identifier is refused with Conflict "notice_page_exists".
func (tx *Tx) AddNoticePage(p NoticePage) error {
	if err := checkText("person", p.Person); err != nil {
		return err
	}
	n, err := tx.exec("INSERT INTO notice_page ("+noticePageColumns+") VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (page) DO NOTHING",
		p.Page, p.Person, strings.Join(p.Channels, " "), bit(p.Test), int64(p.Made), int64(p.DueAt))
	if err == nil && n == 0 {
		err = exists("notice_page", p.Page)
	}
	return err
}

// PutOffNoticePage says when a notice is tried next; zero ends it.
func (tx *Tx) PutOffNoticePage(page string, due rogatory.Instant) error {
	_, err := tx.exec("UPDATE notice_page SET due_at = $1 WHERE page = $2", int64(due), page)
	return err
}

// DueNoticePages returns the notices that are to be tried now, the longest due first.
func (tx *Tx) DueNoticePages(now rogatory.Instant, limit int) ([]NoticePage, error) {
	return list(tx, readNoticePage, "SELECT "+noticePageColumns+" FROM notice_page WHERE due_at > 0 AND due_at <= $1 ORDER BY due_at, page LIMIT $2", int64(now), atMost(limit))
}

// LastNoticeTest returns a person's newest test notice; false if there is none.
func (tx *Tx) LastNoticeTest(person string) (NoticePage, bool, error) {
	return one(tx, readNoticePage, "SELECT "+noticePageColumns+" FROM notice_page WHERE person = $1 AND test = 1 ORDER BY made DESC LIMIT 1", person)
}

// NoticePages returns the newest notices: of one person, or of all if person is empty.
func (tx *Tx) NoticePages(person string, limit int) ([]NoticePage, error) {
	if person == "" {
		return list(tx, readNoticePage, "SELECT "+noticePageColumns+" FROM notice_page ORDER BY made DESC, page LIMIT $1", atMost(limit))
	}
	return list(tx, readNoticePage, "SELECT "+noticePageColumns+" FROM notice_page WHERE person = $1 ORDER BY made DESC, page LIMIT $2", person, atMost(limit))
}

// DeliveriesOf returns the attempts of a page on all its channels, the first first.
func (tx *Tx) DeliveriesOf(page string) ([]PageDelivery, error) {
	return list(tx, readPage, "SELECT "+pageColumns+" FROM page_delivery WHERE page = $1 ORDER BY channel, attempt LIMIT $2", page, MaxRows)
}

// HeldDeadlines returns the running deadlines of requests that a person holds and that are due before a moment, by time.
func (tx *Tx) HeldDeadlines(person string, before rogatory.Instant, limit int) ([]Deadline, error) {
	columns := "d." + strings.ReplaceAll(deadlineColumns, ", ", ", d.")
	return list(tx, readDeadline, "SELECT "+columns+" FROM queue q JOIN deadline d ON d.request_id = q.request_id WHERE q.holder = $1 AND q.holder <> '' AND d.state = 'running' AND d.due_at < $2 ORDER BY d.due_at, d.request_id, d.name LIMIT $3",
		person, int64(before), atMost(limit))
}
