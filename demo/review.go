// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"fmt"
	"slices"
	"time"

	"rogatory"
	"rogatory/docket"
	"rogatory/safeguard"
)

// Sheet is a review sheet as an exercise answers it: no question finds anything against the request.
func Sheet(form safeguard.Form, f docket.File) safeguard.Sheet {
	s := safeguard.Sheet{Form: form.Version, Measure: f.Reviewed(form), Replies: map[safeguard.Question]safeguard.Reply{}}
	for _, q := range form.Demands(s.Measure) {
		answer := safeguard.AnswerYes
		if q.Concern == safeguard.AnswerYes {
			answer = safeguard.AnswerNo
		}
		s.Replies[q.ID] = safeguard.Reply{Answer: answer, Reason: fmt.Sprintf("exercise: the question of %s was held against the facts of request %s", q.ID, f.ID)}
		if q.ID == "dual_criminality" {
			s.Elements = []safeguard.Shown{{Element: "conduct", Answer: safeguard.AnswerYes, Words: "exercise: what was done is an offence in both States"}}
		}
	}
	return s
}

// Review does for an act that by is about to do what the safeguards ask of others: a colleague answers the review sheet,
// and colleagues of the other roles agree, each finding answered. It is for exercises, where nobody is harmed by it.
func Review(ctx context.Context, o *docket.Office, people map[rogatory.OfficerRole]rogatory.Actor, by rogatory.Actor, id rogatory.RequestID, act rogatory.Act, body rogatory.Body) error {
	roles := []rogatory.OfficerRole{rogatory.DutyOfficer, rogatory.Decider, rogatory.Custodian}
	colleague := func(author string, i int) (rogatory.Actor, bool) {
		var all []rogatory.Actor
		for _, role := range roles {
			if p, ok := people[role]; ok && p.Name != by.Name && p.Role != by.Role && p.Name != author {
				all = append(all, p)
			}
		}
		if i >= len(all) {
			return rogatory.Actor{}, false
		}
		return all[i], true
	}
	j, err := o.Opinion(ctx, by, id, act, body)
	if err != nil || !j.Judged {
		return err
	}
	f, err := o.File(ctx, id)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(j.Findings, func(x safeguard.Finding) bool { return x.Code == "sheet_open" }) {
		reviewer, ok := colleague(f.Author, 0)
		if !ok {
			reviewer = by
		}
		if _, err := o.SignSheet(ctx, reviewer, id, Sheet(o.Safeguards.Form, f)); err != nil {
			return err
		}
		if j, err = o.Opinion(ctx, by, id, act, body); err != nil {
			return err
		}
	}
	var offered rogatory.ExhibitID
	if body.Exhibit != nil {
		offered = body.Exhibit.ID
	}
	author := "" // who drafted a request stands for sending it by that, and is a colleague like others afterwards
	if act == rogatory.Send {
		author = f.Author
	}
	for i := 0; len(j.Lacks) > 0; i++ {
		p, ok := colleague(author, i)
		if !ok {
			return nil // the act itself says what is missing
		}
		answers := map[string]string{}
		for _, code := range j.Need.Answer {
			answers[code] = "exercise: this was looked at, and nothing speaks against it"
		}
		if _, err := o.Approve(ctx, p, id, act, offered, true, "", answers); err != nil {
			return err
		}
		if j, err = o.Opinion(ctx, by, id, act, body); err != nil {
			return err
		}
	}
	return nil
}

// Move does an act as by, after the colleagues of the exercise did what the safeguards ask of them.
func (m *Member) Move(ctx context.Context, by rogatory.Actor, id rogatory.RequestID, act rogatory.Act, body rogatory.Body) (docket.File, rogatory.MessageID, error) {
	staff := map[rogatory.OfficerRole]rogatory.Actor{}
	for role, name := range people[m.Code] {
		staff[role] = m.Actor(name, role)
	}
	if err := Review(ctx, m.Node.Office, staff, by, id, act, body); err != nil {
		return docket.File{}, "", err
	}
	return m.Node.Office.Move(ctx, by, id, act, body)
}

// Deliver is Move that waits until the other State has receipted the message, and says how. A refusal is an error.
func (m *Member) Deliver(ctx context.Context, by rogatory.Actor, id rogatory.RequestID, act rogatory.Act, body rogatory.Body) (r docket.Receipted, err error) {
	_, message, err := m.Move(ctx, by, id, act, body)
	if err != nil {
		return r, err
	}
	err = wait(ctx, func() (err error) {
		r, err = m.Node.Office.ReceiptOf(ctx, message)
		return err
	})
	if err == nil && r.Receipt.Outcome == rogatory.RefusedOutcome {
		err = fmt.Errorf("%s refused the message: %s, %s", r.Receipt.From.State, r.Receipt.Code, r.Receipt.Reason)
	}
	return r, err
}

// wait tries until there is no error, as long as patience lasts.
func wait(ctx context.Context, try func() error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("not within %s: %w", patience, err)
		case <-time.After(5 * time.Millisecond):
		}
	}
}
