// SPDX-License-Identifier: Apache-2.0

package practice

import (
	"context"
	"fmt"
	"io"
	"math/big"
	"strings"

	"rogatory"
	"rogatory/demo"
	"rogatory/docket"
)

// maxEvidence bounds what a script seals: an exercise needs a few segments, not gigabytes.
const maxEvidence = 64 << 20

// Counter is the counter-State: it drives its node's office as its officers would.
type Counter struct {
	Office  *docket.Office
	Scripts []Script
	People  map[rogatory.OfficerRole]string
	To      rogatory.Address // whom its own requests are for
	// Keys tells how many message keys it has had, and Rotate gives it the next. Without them it keeps its
	// key.
	Keys   func() (int, error)
	Rotate func() error
}

func (c *Counter) as(role rogatory.OfficerRole) rogatory.Actor {
	return rogatory.Actor{Address: c.Office.Us, Officer: rogatory.Officer{Name: c.People[role], Role: role}}
}

// Round does what is due by that moment, on every request, and returns how many deeds were done. A deed
// that fails is told and tried again in the next round; it does not keep others from being done.
func (c *Counter) Round(ctx context.Context, now rogatory.Instant) (did int, err error) {
	files, err := all(func(after string) ([]docket.File, string, error) {
		return c.Office.Requests(ctx, c.as(rogatory.DutyOfficer), docket.Filter{After: after, Limit: docket.MaxPage})
	})
	if err != nil {
		return 0, err
	}
	var failed error
	for _, s := range c.Scripts {
		if s.Opens == nil || !s.Wants(files) {
			continue
		}
		if err := c.open(ctx, s, now); err != nil {
			failed = fmt.Errorf("send %q: %w", s.Opens.Title, err)
			continue
		}
		did++
	}
	for _, f := range files {
		n, err := c.answer(ctx, f.ID, now)
		did += n
		if err != nil && failed == nil {
			failed = fmt.Errorf("answer %s: %w", f.ID, err)
		}
	}
	return did, failed
}

func (c *Counter) open(ctx context.Context, s Script, now rogatory.Instant) error {
	r, err := s.Opens.Request(c.Office.Rules.Rules, now)
	if err != nil {
		return err
	}
	f, err := c.Office.Draft(ctx, c.as(rogatory.DutyOfficer), c.To, "", r)
	if err != nil {
		return err
	}
	return c.move(ctx, c.as(rogatory.Decider), f.ID, rogatory.Send, rogatory.Body{})
}

// maxDeeds bounds what one round does on a request; no script has so many deeds.
const maxDeeds = 20

func (c *Counter) answer(ctx context.Context, id rogatory.RequestID, now rogatory.Instant) (did int, err error) {
	for did < maxDeeds {
		x, err := c.situation(ctx, id)
		if err != nil {
			return did, err
		}
		due, ok := ScriptFor(c.Scripts, x.File.Request.Title).Next(x)
		if !ok || due.At > now {
			return did, nil
		}
		if err := c.do(ctx, x, due.Deed, now); err != nil {
			return did, fmt.Errorf("%s: %w", due.Deed.Do, err)
		}
		did++
	}
	return did, nil
}

func (c *Counter) situation(ctx context.Context, id rogatory.RequestID) (x Situation, err error) {
	if x.File, err = c.Office.File(ctx, id); err != nil {
		return x, err
	}
	if x.Kind, err = c.Office.Rules.Kind(x.File.Request.Kind); err != nil {
		return x, err
	}
	if x.Keys = 1; c.Keys != nil {
		if x.Keys, err = c.Keys(); err != nil {
			return x, err
		}
	}
	x.Messages, err = c.Office.MessagesOf(ctx, c.as(rogatory.DutyOfficer), id)
	return x, err
}

func (c *Counter) do(ctx context.Context, x Situation, d Deed, now rogatory.Instant) error {
	id := x.File.ID
	switch d.Do {
	case RotateKey:
		if c.Rotate == nil {
			return rogatory.Fault(rogatory.Unavailable, "key_fixed", "this counter-State cannot change its key")
		}
		return c.Rotate()
	case SealEvidence:
		title := d.Title
		if title == "" {
			title = "Server log"
		}
		_, err := c.Office.Seal(ctx, c.as(rogatory.Custodian), id, docket.Sealing{Title: title, FileName: "exercise.log", MediaType: "text/plain",
			Acquired: "by order 7/2026 of the exercise court of Borealia"}, evidence(id, d.Bytes), nil)
		return err
	}
	b := d.Body(x, c.Office.Rules.Rules, now)
	if d.Do == rogatory.Offer {
		for _, e := range x.File.Exhibits {
			if e.Ours && e.State == docket.Sealed {
				b.Exhibit = &rogatory.Exhibit{ID: e.Exhibit.ID}
			}
		}
	}
	return c.move(ctx, c.as(RoleFor(d.Do, x.File.Side)), id, d.Do, b)
}

// move does an act after the counter-State's people did what its safeguards ask of them.
func (c *Counter) move(ctx context.Context, by rogatory.Actor, id rogatory.RequestID, act rogatory.Act, b rogatory.Body) error {
	staff := map[rogatory.OfficerRole]rogatory.Actor{}
	for role := range c.People {
		staff[role] = c.as(role)
	}
	if err := demo.Review(ctx, c.Office, staff, by, id, act, b); err != nil {
		return err
	}
	_, _, err := c.Office.Move(ctx, by, id, act, b)
	return err
}

// evidence is a log that says of itself that it is invented.
func evidence(id rogatory.RequestID, size int64) io.Reader {
	text := "2026-11-02T03:14:07Z EXERCISE web sshd[4242]: Accepted password for admin from 198.51.100.17, request " + string(id) + "\n"
	if size == 0 {
		return strings.NewReader(strings.Repeat(text, 20))
	}
	return io.LimitReader(&endless{line: []byte(text)}, size)
}

// endless repeats a line.
type endless struct {
	line []byte
	rest []byte
}

func (e *endless) Read(p []byte) (n int, err error) {
	for n < len(p) {
		if len(e.rest) == 0 {
			e.rest = e.line
		}
		m := copy(p[n:], e.rest)
		n, e.rest = n+m, e.rest[m:]
	}
	return n, nil
}

func newRat(a, b int64) *big.Rat { return big.NewRat(a, b) }

// cents writes a number with two decimals, cut down.
func cents(n *big.Rat) string {
	hundredths := new(big.Int).Quo(new(big.Int).Mul(n.Num(), big.NewInt(100)), n.Denom())
	return new(big.Rat).SetFrac(hundredths, big.NewInt(100)).FloatString(2)
}

// all reads every page.
func all(page func(after string) ([]docket.File, string, error)) (files []docket.File, err error) {
	for after := ""; ; {
		some, next, err := page(after)
		if err != nil {
			return nil, err
		}
		if files = append(files, some...); next == "" {
			return files, nil
		}
		after = next
	}
}

// Source reads the docket of a trainee.
type Source interface {
	Requests(ctx context.Context, q docket.Filter) (files []docket.File, next string, err error)
	Messages(ctx context.Context, id rogatory.RequestID) ([]docket.Correspondence, error)
	Entries(ctx context.Context, id rogatory.RequestID, from int64, n int) ([]docket.Logged, error)
}

// OfficeSource reads an office of this process.
type OfficeSource struct {
	Office *docket.Office
	By     rogatory.Actor
}

// Requests implements Source.
func (s OfficeSource) Requests(ctx context.Context, q docket.Filter) ([]docket.File, string, error) {
	return s.Office.Requests(ctx, s.By, q)
}

// Messages implements Source.
func (s OfficeSource) Messages(ctx context.Context, id rogatory.RequestID) ([]docket.Correspondence, error) {
	return s.Office.MessagesOf(ctx, s.By, id)
}

// Entries implements Source.
func (s OfficeSource) Entries(ctx context.Context, id rogatory.RequestID, from int64, n int) ([]docket.Logged, error) {
	return s.Office.Entries(ctx, s.By, id, from, n)
}

// maxEntries is read of one request at a time.
const maxEntries = 200

// Read makes a view of a docket: the requests of exercises, what was said on them and what the journal
// holds of them. holds are the cases whose court package holds.
func Read(ctx context.Context, s Source, holds []rogatory.CaseID) (View, error) {
	v := View{Messages: map[rogatory.RequestID][]docket.Correspondence{}, Entries: map[rogatory.RequestID][]docket.Logged{}, Packages: map[rogatory.CaseID]bool{}}
	for _, c := range holds {
		v.Packages[c] = true
	}
	files, err := all(func(after string) ([]docket.File, string, error) {
		return s.Requests(ctx, docket.Filter{After: after, Limit: docket.MaxPage})
	})
	if err != nil {
		return View{}, err
	}
	for _, f := range files {
		if number, _ := Mark(f.Request.Title); number == 0 {
			continue
		}
		v.Files = append(v.Files, f)
		if v.Messages[f.ID], err = s.Messages(ctx, f.ID); err != nil {
			return View{}, err
		}
		for from := int64(0); ; {
			some, err := s.Entries(ctx, f.ID, from, maxEntries)
			if err != nil {
				return View{}, err
			}
			v.Entries[f.ID] = append(v.Entries[f.ID], some...)
			if len(some) < maxEntries {
				break
			}
			from = some[len(some)-1].Index + 1
		}
	}
	return v, nil
}
