// SPDX-License-Identifier: Apache-2.0

package store

import (
	"rogatory"
)

// Alarm is a row of the desk: why people are woken. The view is what package desk says of it.
type Alarm struct {
	ID      string
	Request rogatory.RequestID // what waits; empty for a test
	Test    bool
	Open    bool // neither acknowledged nor withdrawn
	Opened  rogatory.Instant
	DueAt   rogatory.Instant // when it is looked at again; zero: not before something happens
	View    []byte
}

const alarmColumns = "id, request_id, test, open, opened, due_at, view"

func readAlarm(scan func(...any) error) (a Alarm, err error) {
	var test, open int64
	err = scan(&a.ID, &a.Request, &test, &open, &a.Opened, &a.DueAt, unseal("alarm.view", &a.View, &a.ID))
	a.Test, a.Open = test == 1, open == 1
	return a, err
}

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// InsertAlarm adds an alarm. One of that identifier is refused with Conflict "alarm_exists".
func (tx *Tx) InsertAlarm(a Alarm) error {
	if err := checkText("alarm", a.ID); err != nil {
		return err
	}
	n, err := tx.exec("INSERT INTO alarm ("+alarmColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING",
		a.ID, string(a.Request), bit(a.Test), bit(a.Open), int64(a.Opened), int64(a.DueAt), seal("alarm.view", a.View, a.ID))
	if err == nil && n == 0 {
		err = exists("alarm", a.ID)
	}
	return err
}

// UpdateAlarm replaces whether an alarm is open, when it is looked at and its view. Without such an alarm:
// NotFound "alarm_unknown".
func (tx *Tx) UpdateAlarm(a Alarm) error {
	n, err := tx.exec("UPDATE alarm SET open = $1, due_at = $2, view = $3 WHERE id = $4", bit(a.Open), int64(a.DueAt), seal("alarm.view", a.View, a.ID), a.ID)
	if err == nil && n == 0 {
		err = unknown("alarm", a.ID)
	}
	return err
}

// Alarm returns an alarm, or NotFound "alarm_unknown".
func (tx *Tx) Alarm(id string) (Alarm, error) {
	a, found, err := one(tx, readAlarm, "SELECT "+alarmColumns+" FROM alarm WHERE id = $1", id)
	if err == nil && !found {
		err = unknown("alarm", id)
	}
	return a, err
}

// OpenAlarms returns the alarms that nobody has acknowledged and that were not withdrawn, oldest first.
func (tx *Tx) OpenAlarms(limit int) ([]Alarm, error) {
	return list(tx, readAlarm, "SELECT "+alarmColumns+" FROM alarm WHERE open = 1 ORDER BY opened, id LIMIT $1", atMost(limit))
}

// DueAlarms returns the open alarms that are to be looked at now, the longest due first.
func (tx *Tx) DueAlarms(now rogatory.Instant, limit int) ([]Alarm, error) {
	return list(tx, readAlarm, "SELECT "+alarmColumns+" FROM alarm WHERE open = 1 AND due_at > 0 AND due_at <= $1 ORDER BY due_at, id LIMIT $2", int64(now), atMost(limit))
}

// AlarmsOf returns the alarms that were opened for a request.
func (tx *Tx) AlarmsOf(request rogatory.RequestID) ([]Alarm, error) {
	return list(tx, readAlarm, "SELECT "+alarmColumns+" FROM alarm WHERE request_id = $1 AND request_id <> '' ORDER BY opened, id LIMIT $2", string(request), MaxRows)
}

// Alarms returns the newest alarms, tests or others.
func (tx *Tx) Alarms(test bool, limit int) ([]Alarm, error) {
	return list(tx, readAlarm, "SELECT "+alarmColumns+" FROM alarm WHERE test = $1 ORDER BY opened DESC, id LIMIT $2", bit(test), atMost(limit))
}

// Secret is what is kept of a link or a code that acknowledges an alarm.
type Secret struct {
	Digest  rogatory.Digest // by which it is found
	Alarm   string
	Person  string
	How     string
	Expires rogatory.Instant
	View    []byte
}

const secretColumns = "digest, alarm, person, how, expires, view"

func readSecret(scan func(...any) error) (s Secret, err error) {
	err = scan(digest(&s.Digest), &s.Alarm, &s.Person, &s.How, &s.Expires, unseal("alarm_secret.view", &s.View, &s.Digest))
	return s, err
}

// InsertSecret adds a secret.
func (tx *Tx) InsertSecret(s Secret) error {
	_, err := tx.exec("INSERT INTO alarm_secret ("+secretColumns+") VALUES ($1, $2, $3, $4, $5, $6)", s.Digest[:], s.Alarm, s.Person, s.How, int64(s.Expires), seal("alarm_secret.view", s.View, s.Digest[:]))
	return err
}

// UpdateSecret replaces the view of a secret.
func (tx *Tx) UpdateSecret(s Secret) error {
	n, err := tx.exec("UPDATE alarm_secret SET view = $1 WHERE digest = $2", seal("alarm_secret.view", s.View, s.Digest[:]), s.Digest[:])
	if err == nil && n == 0 {
		err = unknown("secret", "of alarm "+s.Alarm)
	}
	return err
}

// SecretOf finds a secret by its digest; false if there is none.
func (tx *Tx) SecretOf(by rogatory.Digest) (Secret, bool, error) {
	return one(tx, readSecret, "SELECT "+secretColumns+" FROM alarm_secret WHERE digest = $1", by[:])
}

// LiveSecrets returns the secrets of one way that are not expired, those that live longest first.
func (tx *Tx) LiveSecrets(how string, now rogatory.Instant, limit int) ([]Secret, error) {
	return list(tx, readSecret, "SELECT "+secretColumns+" FROM alarm_secret WHERE how = $1 AND expires > $2 ORDER BY expires DESC, digest LIMIT $3", how, int64(now), atMost(limit))
}

// PageDelivery is a row of the pager's delivery log.
type PageDelivery struct {
	Page      string
	Channel   string
	Attempt   int
	Provider  string
	Begun     rogatory.Instant
	Ended     rogatory.Instant
	Code      string
	Kind      rogatory.Kind
	Detail    string
	Status    int
	Reference string
}

const pageColumns = "page, channel, attempt, provider, begun, ended, code, kind, detail, status, reference"

func readPage(scan func(...any) error) (d PageDelivery, err error) {
	err = scan(&d.Page, &d.Channel, &d.Attempt, &d.Provider, &d.Begun, &d.Ended, &d.Code, &d.Kind, &d.Detail, &d.Status, &d.Reference)
	return d, err
}

// ClaimPage stores an attempt unless it is there, and returns what is there and whether it is this one.
func (tx *Tx) ClaimPage(d PageDelivery) (stored PageDelivery, first bool, err error) {
	n, err := tx.exec("INSERT INTO page_delivery ("+pageColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (page, channel, attempt) DO NOTHING",
		d.Page, d.Channel, int64(d.Attempt), d.Provider, int64(d.Begun), int64(d.Ended), d.Code, string(d.Kind), plain(d.Detail), int64(d.Status), plain(d.Reference))
	if err != nil {
		return PageDelivery{}, false, err
	}
	stored, _, err = one(tx, readPage, "SELECT "+pageColumns+" FROM page_delivery WHERE page = $1 AND channel = $2 AND attempt = $3", d.Page, d.Channel, int64(d.Attempt))
	return stored, n == 1, err
}

// SettlePage completes an attempt that was claimed and has not ended: otherwise Conflict "page_settled".
func (tx *Tx) SettlePage(d PageDelivery) error {
	n, err := tx.exec("UPDATE page_delivery SET ended = $1, code = $2, kind = $3, detail = $4, status = $5, reference = $6 WHERE page = $7 AND channel = $8 AND attempt = $9 AND ended = 0",
		int64(d.Ended), d.Code, string(d.Kind), plain(d.Detail), int64(d.Status), plain(d.Reference), d.Page, d.Channel, int64(d.Attempt))
	if err == nil && n == 0 {
		err = rogatory.Fault(rogatory.Conflict, "page_settled", "attempt %d of page %.40s on %.40s was not claimed, or has ended already", d.Attempt, d.Page, d.Channel)
	}
	return err
}

// PageDeliveries returns the newest rows of the delivery log, without the notices of notices.
func (tx *Tx) PageDeliveries(limit int) ([]PageDelivery, error) {
	return list(tx, readPage, "SELECT "+pageColumns+" FROM page_delivery WHERE NOT EXISTS (SELECT 1 FROM notice_page n WHERE n.page = page_delivery.page) ORDER BY begun DESC, page, channel, attempt LIMIT $1", atMost(limit))
}

// Paper is a paper of the desk: a hand-over note, or the record of a call to a contact point.
type Paper struct {
	Kind string
	ID   string
	At   rogatory.Instant
	View []byte
}

func readPaper(scan func(...any) error) (p Paper, err error) {
	err = scan(&p.Kind, &p.ID, &p.At, unseal("desk_paper.view", &p.View, &p.Kind, &p.ID))
	return p, err
}

// PutPaper stores a paper, or replaces its view.
func (tx *Tx) PutPaper(p Paper) error {
	_, err := tx.exec("INSERT INTO desk_paper (kind, id, at, view) VALUES ($1, $2, $3, $4) ON CONFLICT (kind, id) DO UPDATE SET view = excluded.view",
		p.Kind, p.ID, int64(p.At), seal("desk_paper.view", p.View, p.Kind, p.ID))
	return err
}

// Paper returns a paper, or NotFound "paper_unknown".
func (tx *Tx) Paper(kind, id string) (Paper, error) {
	p, found, err := one(tx, readPaper, "SELECT kind, id, at, view FROM desk_paper WHERE kind = $1 AND id = $2", kind, id)
	if err == nil && !found {
		err = unknown("paper", kind+" "+id)
	}
	return p, err
}

// Papers returns the newest papers of a kind.
func (tx *Tx) Papers(kind string, limit int) ([]Paper, error) {
	return list(tx, readPaper, "SELECT kind, id, at, view FROM desk_paper WHERE kind = $1 ORDER BY at DESC, id LIMIT $2", kind, atMost(limit))
}
