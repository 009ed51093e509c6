// SPDX-License-Identifier: Apache-2.0

package alarm

import (
	"context"
	"encoding/json"
	"slices"

	"rogatory"
	"rogatory/desk"
	"rogatory/docket"
	"rogatory/pager"
	"rogatory/store"
)

// Answer is what an acknowledgement led to.
type Answer struct {
	Alarm string           `json:"alarm"`
	By    string           `json:"by"` // a person's id
	At    rogatory.Instant `json:"at"`
	Test  bool             `json:"test,omitempty"`
	Drill bool             `json:"drill,omitempty"` // of another State: nothing more is to be done
	// Told says that the asking State is sent a signed message with the time.
	Told bool `json:"told,omitempty"`
}

// AcknowledgeLink takes an alarm for the person to whom the link was sent. The codes of its errors are
// those of desk.Secret.Redeem and desk.Alarm.Acknowledge; a link that was never given is secret_wrong.
func (d *Desk) AcknowledgeLink(ctx context.Context, token string) (Answer, error) {
	return d.answer(ctx, func(tx *store.Tx) (string, desk.Acknowledgement, error) {
		row, found, err := tx.SecretOf(linkName(token))
		if err != nil {
			return "", desk.Acknowledgement{}, err
		}
		if !found || row.How != string(desk.ByLink) {
			return "", desk.Acknowledgement{}, wrongSecret(desk.ByLink)
		}
		k, err := d.redeem(tx, row, token)
		return row.Alarm, k, err
	})
}

// AcknowledgeCode takes an alarm for the person to whom the code was sent. Every code that is not expired
// is compared. What fits none counts as wrong for each whose alarm is open, so that after desk.MaxWrong of
// them only the link and the screen are left, until there is another page.
func (d *Desk) AcknowledgeCode(ctx context.Context, code string) (Answer, error) {
	return d.answer(ctx, func(tx *store.Tx) (string, desk.Acknowledgement, error) {
		rows, err := tx.LiveSecrets(string(desk.ByCode), d.now(), 0)
		if err != nil {
			return "", desk.Acknowledgement{}, err
		}
		// All are looked at, whichever fits: how long it takes says nothing.
		fits := -1
		for i, row := range rows {
			var s desk.Secret
			if err := json.Unmarshal(row.View, &s); err != nil {
				return "", desk.Acknowledgement{}, err
			}
			if _, _, err := s.Redeem(code, d.now()); err == nil || rogatory.CodeOf(err) == "secret_used" && fits < 0 {
				fits = i
			}
		}
		if fits >= 0 {
			k, err := d.redeem(tx, rows[fits], code)
			return rows[fits].Alarm, k, err
		}
		for _, row := range rows {
			alarm, err := tx.Alarm(row.Alarm)
			if err != nil {
				return "", desk.Acknowledgement{}, err
			}
			if !alarm.Open {
				continue
			}
			if _, err := d.redeem(tx, row, code); rogatory.KindOf(err) != rogatory.Denied {
				return "", desk.Acknowledgement{}, err
			}
		}
		return "", desk.Acknowledgement{}, wrongSecret(desk.ByCode)
	})
}

func wrongSecret(how desk.How) error {
	return rogatory.Fault(rogatory.Denied, "secret_wrong", "acknowledge by %s: it is wrong", how).WithHint("sign in and acknowledge on the screen")
}

// redeem compares a secret and keeps what that did to it, in every case. A refusal is a softError.
func (d *Desk) redeem(tx *store.Tx, row store.Secret, shown string) (desk.Acknowledgement, error) {
	var s desk.Secret
	if err := json.Unmarshal(row.View, &s); err != nil {
		return desk.Acknowledgement{}, rogatory.Fault(rogatory.Damaged, "secret_damaged", "read a secret of alarm %s: %w", row.Alarm, err)
	}
	s, k, refusal := s.Redeem(shown, d.now())
	var err error
	if row.View, err = json.Marshal(s); err == nil {
		err = tx.UpdateSecret(row)
	}
	if err != nil {
		return k, err
	}
	return k, refusal
}

// answer redeems a secret and takes its alarm. What a refusal counted is committed; an alarm that another
// has taken meanwhile leaves the secret used.
func (d *Desk) answer(ctx context.Context, redeem func(tx *store.Tx) (string, desk.Acknowledgement, error)) (Answer, error) {
	var a Answer
	err := d.telling(ctx, func(tx *store.Tx, tell bool) (refusal, err error) {
		id, k, err := redeem(tx)
		if err != nil {
			if soft(err) {
				return err, nil
			}
			return nil, err
		}
		r, err := d.load(tx, id)
		if err != nil {
			return nil, err
		}
		if err := d.take(tx, r, k, d.node()); err != nil {
			if soft(err) {
				return err, nil
			}
			return nil, err
		}
		a = Answer{Alarm: id, By: k.By, At: k.At, Test: r.Alarm.Test, Drill: r.Urgency == pager.Drill}
		if tell && r.Request != "" {
			if a.Told, err = d.Office.Reached(tx, r.Request, k.At); err != nil {
				return nil, untold{err}
			}
		}
		return nil, nil
	})
	if err != nil {
		return Answer{}, err
	}
	return a, nil
}

// soft reports whether an error is an answer to the person, after which what was counted is kept.
func soft(err error) bool {
	return slices.Contains([]string{"secret_wrong", "secret_used", "secret_expired", "secret_locked", "already_acknowledged", "alarm_over"}, rogatory.CodeOf(err))
}

// untold is why the asking State cannot be told now.
type untold struct{ error }

// telling runs an acknowledgement in one transaction. If the asking State cannot be told, such as for a
// directory that is too old, the alarm is taken all the same, and the log says so.
func (d *Desk) telling(ctx context.Context, f func(tx *store.Tx, tell bool) (refusal, err error)) error {
	var refusal, silent error
	try := func(tell bool) error {
		return d.Store.Update(ctx, func(tx *store.Tx) (err error) {
			refusal, silent = nil, nil
			refusal, err = f(tx, tell)
			if u, is := err.(untold); is {
				silent = u.error
			}
			return err
		})
	}
	err := try(true)
	if silent != nil {
		d.Log.Error("the asking State could not be told that somebody answered", "code", rogatory.CodeOf(silent))
		err = try(false)
	}
	if err == nil {
		err = refusal
	}
	d.Office.Ring()
	d.ring()
	return err
}

// Acknowledge takes an alarm for a person who signed in. An officer who may do so acknowledges the request
// with it, by the same act as on the request's own screen; for anybody else the asking State is told that
// a person was reached. Beside the codes of desk.Alarm.Acknowledge: alarm_unknown.
func (d *Desk) Acknowledge(ctx context.Context, by rogatory.Actor, id string) (Answer, error) {
	if err := docket.MayRead(by); err != nil {
		return Answer{}, err
	}
	var a Answer
	err := d.telling(ctx, func(tx *store.Tx, tell bool) (refusal, err error) {
		r, err := d.load(tx, id)
		if err != nil {
			return nil, err
		}
		k := desk.Acknowledgement{By: d.personOf(by.Name), How: desk.ByScreen, At: d.now()}
		if _, err := r.Alarm.Acknowledge(k); err != nil {
			return err, nil
		}
		a = Answer{Alarm: id, By: k.By, At: k.At, Test: r.Alarm.Test, Drill: r.Urgency == pager.Drill}
		if tell && r.Request != "" && slices.Contains([]rogatory.OfficerRole{rogatory.DutyOfficer, rogatory.Decider}, by.Role) {
			f, err := d.Office.FileIn(tx, r.Request)
			if err != nil {
				return nil, err
			}
			if f.Waits() && f.Channel == "" { // Moved takes the alarm
				if err := d.Office.AcknowledgeIn(tx, by, r.Request); err != nil {
					return nil, untold{err}
				}
				a.Told = true
				return nil, nil
			}
		}
		if err := d.take(tx, r, k, by); err != nil {
			return nil, err
		}
		if tell && r.Request != "" {
			if a.Told, err = d.Office.Reached(tx, r.Request, k.At); err != nil {
				return nil, untold{err}
			}
		}
		return nil, nil
	})
	if err != nil {
		return Answer{}, err
	}
	return a, nil
}
