// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"rogatory"
	"rogatory/alarm"
	"rogatory/desk"
)

// drill is the part of the story in which Aurelia tests whether Borealia's desk answers.
func (s *story) drill(ctx context.Context) error {
	officer := s.a.Actor(people["XA"][rogatory.DutyOfficer], rogatory.DutyOfficer)
	began := rogatory.At(time.Now())
	var last alarm.DrillLine
	err := s.step("Aurelia drills Borealia's desk: who is on duty is woken as for an emergency, and reads that it is a drill.", func() (string, error) {
		s.night.forget()
		id, err := s.a.Node.Desk.SendDrill(ctx, officer, "XB")
		if err != nil {
			return "", err
		}
		var link string
		if err := wait(ctx, func() error { link, err = s.night.reached(firstWoken); return err }); err != nil {
			return "", err
		}
		if pressed, err := answerPage(ctx, http.MethodPost, link); err != nil || pressed != http.StatusOK {
			return "", fmt.Errorf("the button said %d: %w", pressed, err)
		}
		err = wait(ctx, func() error {
			all, err := s.b.Node.Desk.Drills(ctx, s.b.Actor(people["XB"][rogatory.DutyOfficer], rogatory.DutyOfficer), "XA")
			if err == nil && (len(all) == 0 || all[0].Request != id || !all[0].Ended) {
				err = errors.New("the drill has not ended")
			}
			if err == nil {
				last = all[0]
			}
			return err
		})
		took := func(ms int64) time.Duration { return time.Duration(ms) * time.Millisecond }
		return fmt.Sprintf("The message says nothing. Borealia's node had it after %s, a person after %s; then it ended by itself.", took(last.Machine), took(last.Human)), err
	})
	if err != nil {
		return err
	}
	return s.step("Aurelia signs what it measured; Borealia compares that with its own side of the same messages.", func() (string, error) {
		if _, err := s.a.Node.Desk.ProposeFigures(ctx, officer, "XB", began, rogatory.At(time.Now())); err != nil {
			return "", err
		}
		var f desk.Figures
		err := wait(ctx, func() (err error) { f, err = publicFigures(ctx, s.b.Addresses.Office); return err })
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("Both signed the same, so that anybody reads it: %d drill of %s by %s, answered by %d person. (A node does so each quarter.)", f.Drills, f.Of, f.By, f.Human.Answered), nil
	})
}

// publicFigures reads what a node publishes of drills.
func publicFigures(ctx context.Context, office string) (f desk.Figures, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, office+"/drills/figures.json", nil)
	if err != nil {
		return f, err
	}
	client := http.Client{Timeout: patience}
	response, err := client.Do(r)
	if err != nil {
		return f, err
	}
	defer response.Body.Close()
	var public struct{ Figures []desk.Figures }
	if err := json.NewDecoder(io.LimitReader(response.Body, 1<<20)).Decode(&public); err != nil {
		return f, err
	}
	if len(public.Figures) == 0 {
		return f, errors.New("no figures are public yet")
	}
	return public.Figures[0], nil
}
