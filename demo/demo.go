// SPDX-License-Identifier: Apache-2.0

// Package demo plays the story of a request between exercise States, on real nodes in folders of
// their own, over real connections on loopback: nothing in it is faked but the States.
//
// It promises that each printed step happened, with what was proved and how long it took. It refuses
// a folder that holds nodes already. After an error the nodes are stopped and their folders remain,
// to be looked at.
package demo

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"rogatory"
	"rogatory/court"
	"rogatory/docket"
	"rogatory/journal"
	"rogatory/node"
	"rogatory/treaty"
	"rogatory/vault"
)

// Options of a demo.
type Options struct {
	Dir      string
	Once     bool   // stop after the story
	Evidence string // folder with real files; a bundled set is used where it is missing
	Out      io.Writer
	Terminal bool // draw progress bars in place
	Door     func(*node.Node) (http.Handler, error)
	Database func(rogatory.StateCode) node.Database // nil means SQLite
}

// patience is how long the story waits for another node before it calls it a failure.
const patience = 30 * time.Second

type story struct {
	Options
	w      *World
	a, b   *Member
	night  *night // of Borealia
	log    *os.File
	number int
}

// Run plays the story and then, unless Once is set, stays up until ctx ends.
func Run(ctx context.Context, o Options) error {
	s := &story{Options: o}
	fmt.Fprintf(o.Out, "EXERCISE. States, persons and events are invented; signatures, proofs and transfers are real.\nFolder: %s\n\n", o.Dir)
	defer func() {
		s.log.Close()
		if s.night != nil {
			s.night.stop()
		}
	}()
	if err := s.play(ctx); err != nil {
		if s.w != nil {
			err = errors.Join(err, s.w.Stop())
		}
		return err
	}
	if o.Once {
		return s.w.Stop()
	}
	addresses, err := s.w.writeAddresses()
	if err == nil && o.Door != nil {
		err = s.leave(ctx)
	}
	if err != nil {
		return errors.Join(err, s.w.Stop())
	}
	codes := slices.Sorted(maps.Keys(s.w.Members))
	of := func(code rogatory.StateCode, door string) string {
		return addresses[strings.ToLower(string(code))+"."+door]
	}
	if o.Door != nil {
		fmt.Fprintf(o.Out, "\nOpen a console in a browser and choose who you are; one click, for this is an exercise:\n")
		for _, code := range codes {
			p := people[code]
			fmt.Fprintf(o.Out, "  %-9s %s  as %s (duty officer), %s (decides), %s (custodian) or %s (oversight)\n", names[code], of(code, "console"), p[rogatory.DutyOfficer], p[rogatory.Decider], p[rogatory.Custodian], overseers[code])
		}
	}
	fmt.Fprintf(o.Out, "\nWhat everybody may see, without an account:\n")
	for _, code := range codes {
		fmt.Fprintf(o.Out, "  %-9s %s\n", names[code], of(code, "public"))
	}
	fmt.Fprintf(o.Out, "\nOn the command line:\n  bin/rogatory --node %s --as \"A. Okafor\" request list\n  bin/rogatory monitor %s --once\n  bin/rogatory-verify %s\n", filepath.Join(o.Dir, "xa"), strings.TrimSuffix(of("XA", "public"), "/public/"), filepath.Join(o.Dir, "court-package"))
	fmt.Fprintf(o.Out, "\nThe nodes stay up until you interrupt (Ctrl-C). All addresses are in %s, people's tokens in %s.\n", filepath.Join(o.Dir, "addresses.json"), filepath.Join(o.Dir, "xa", "tokens"))
	<-ctx.Done()
	return s.w.Stop()
}

// leave puts open work on the desks, for whoever opens a console: an emergency that waits for Aurelia,
// and a draft of Aurelia that waits for a second person.
func (s *story) leave(ctx context.Context) error {
	rules := treaty.Convention()
	urgent, err := rules.Example(rogatory.EmergencyData, "", rogatory.At(time.Now()))
	if err != nil {
		return err
	}
	urgent.Title = "Subscriber of an account that announced a suicide"
	us := rogatory.Address{State: "XA", Authority: "justice"}
	f, err := s.b.Node.Office.Draft(ctx, s.b.Actor(people["XB"][rogatory.DutyOfficer], rogatory.DutyOfficer), us, "", urgent)
	if err != nil {
		return err
	}
	if _, err := s.act(ctx, s.b, rogatory.Decider, f.ID, rogatory.Send, rogatory.Body{}); err != nil {
		return err
	}
	query, err := rules.Example("location_query", "", rogatory.At(time.Now()))
	if err != nil {
		return err
	}
	query.Title = "Which provider holds the address 203.0.113.8"
	_, err = s.a.Node.Office.Draft(ctx, s.a.Actor(people["XA"][rogatory.DutyOfficer], rogatory.DutyOfficer), rogatory.Address{State: "XC", Authority: "justice"}, "", query)
	return err
}

// step does one thing and tells it: what, what was proved, how long it took.
func (s *story) step(what string, do func() (proved string, err error)) error {
	s.number++
	start := time.Now()
	proved, err := do()
	if err != nil {
		fmt.Fprintf(s.Out, "%2d  %s\n    FAILED: %v\n", s.number, what, err)
		return fmt.Errorf("step %d: %w", s.number, err)
	}
	fmt.Fprintf(s.Out, "%2d  %s\n    %s  (%s)\n", s.number, what, proved, time.Since(start).Round(time.Millisecond))
	return nil
}

func (s *story) play(ctx context.Context) error {
	var files []piece
	err := s.step("The exercise States hold a key ceremony and start their offices.", func() (string, error) {
		var err error
		if err = os.MkdirAll(s.Dir, 0o700); err != nil {
			return "", err
		}
		if s.log, err = os.OpenFile(filepath.Join(s.Dir, "nodes.log"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600); err != nil {
			return "", err
		}
		if s.night, err = fall(); err != nil {
			return "", err
		}
		prepare := func(dir string, c node.Config) error {
			if c.State != "XB" {
				return nil
			}
			return s.night.write(dir, c)
		}
		if s.w, err = Begin(ctx, Settings{Log: slog.New(slog.NewTextHandler(s.log, nil)), Dir: s.Dir, States: []rogatory.StateCode{"XA", "XB", "XC"}, Door: s.Door, Database: s.Database,
			Oversight: true, Prepare: prepare, DeskClock: &s.night.clock}); err != nil {
			return "", err
		}
		s.a, s.b = s.w.Members["XA"], s.w.Members["XB"]
		if _, err := s.w.writeAddresses(); err != nil {
			return "", err
		}
		files, err = evidence(s.Evidence, filepath.Join(s.Dir, "evidence"))
		return s.w.Ceremony + "; three nodes listen.", err
	})
	if err != nil {
		return err
	}
	preservation, err := s.preserve(ctx, files)
	if err != nil {
		return err
	}
	stored, err := s.disclose(ctx, preservation, files)
	if err != nil {
		return err
	}
	if err := s.refused(ctx); err != nil {
		return err
	}
	if err := s.drill(ctx); err != nil {
		return err
	}
	return s.court(ctx, stored)
}

// act performs an act and waits for the other State's receipt.
func (s *story) act(ctx context.Context, m *Member, role rogatory.OfficerRole, id rogatory.RequestID, act rogatory.Act, body rogatory.Body) (string, error) {
	r, err := m.Deliver(ctx, m.Actor(people[m.Code][role], role), id, act, body)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("Receipted: it is entry %d of the journal of %s, proved by the signed receipt.", r.Entry, names[r.Receipt.From.State]), nil
}

var offence = rogatory.Offence{Articles: []string{"7"}, MaximumYears: 5, Law: "Penal Code of Aurelia, section 212a"}

func (s *story) preserve(ctx context.Context, files []piece) (rogatory.RequestID, error) {
	var id rogatory.RequestID
	var lines []string
	for _, p := range files {
		lines = append(lines, strings.ToLower(p.title)+" ("+filepath.Base(p.path)+")")
	}
	steps := []struct {
		what string
		do   func() (string, error)
	}{
		{"Aurelia's officer drafts a request to preserve the logs of an intrusion (Art 42).", func() (string, error) {
			f, err := s.a.Node.Office.Draft(ctx, s.a.Actor(people["XA"][rogatory.DutyOfficer], rogatory.DutyOfficer), rogatory.Address{State: "XB", Authority: "justice"}, "", rogatory.Request{
				Kind: rogatory.Preservation42, Title: "Intrusion into the web server of the Ministry of Health", Offence: offence, Language: "en",
				Contents: map[string]string{
					"authority":     "Public Prosecutor's Office of Aurelia, cybercrime section",
					"offence_facts": "On 2 November 2026 a person entered the ministry's web server through SQL injection and guessed SSH passwords.",
					"data":          "At Borealia Hosting Ltd, server 203.0.113.8, 1 to 3 November 2026: " + strings.Join(lines, ", ") + ". They show the intruder's addresses and acts.",
					"custodian":     "Borealia Hosting Ltd", "necessity": "The logs rotate after 14 days and are the only trace of the intruder.",
					"intention": "A request for disclosure follows within 30 days.", "confidentiality": "Until 1 March 2027: the suspect is at large."}})
			id = f.ID
			return fmt.Sprintf("Draft %s is kept, and in the journal.", id), err
		}},
		{"The officer tries to send it alone; the office refuses, for two people are needed.", func() (string, error) {
			_, _, err := s.a.Node.Office.Move(ctx, s.a.Actor(people["XA"][rogatory.DutyOfficer], rogatory.Decider), id, rogatory.Send, rogatory.Body{})
			if rogatory.CodeOf(err) != "second_person_needed" {
				return "", fmt.Errorf("the office should have refused, and said: %v", err)
			}
			return "Refused with code second_person_needed.", nil
		}},
		{"The prosecutor approves: it is signed, sealed to Borealia's key and delivered.", func() (string, error) {
			return s.act(ctx, s.a, rogatory.Decider, id, rogatory.Send, rogatory.Body{})
		}},
		{"Borealia's duty officer acknowledges: a person has it.", func() (string, error) {
			return s.act(ctx, s.b, rogatory.DutyOfficer, id, rogatory.Acknowledge, rogatory.Body{Text: "Received at the 24/7 desk.", Language: "en"})
		}},
		{"Borealia's judge accepts.", func() (string, error) {
			return s.act(ctx, s.b, rogatory.Decider, id, rogatory.Accept, rogatory.Body{})
		}},
		{"Borealia preserves the data and certifies their digests; at least 60 days (Art 42(8)).", func() (string, error) {
			var p rogatory.Preservation
			for _, f := range files {
				size, sum, err := digestFile(f.path)
				if err != nil {
					return "", err
				}
				p.Items = append(p.Items, rogatory.PreservedItem{Description: f.title, Size: size, SHA256: sum})
			}
			proved, err := s.act(ctx, s.b, rogatory.Custodian, id, rogatory.Preserve, rogatory.Body{Preservation: &p})
			if err != nil {
				return "", err
			}
			f, err := s.a.Node.Office.File(ctx, id)
			return fmt.Sprintf("%s Preserved until %s.", proved, f.Preservation.Until.Time().Format("2006-01-02")), err
		}},
	}
	for i, step := range steps {
		if err := s.step(step.what, step.do); err != nil {
			return "", err
		}
		if i == sentStep {
			if err := s.wake(ctx, id); err != nil {
				return "", err
			}
		}
	}
	return id, nil
}

// sentStep is the step of the preservation after which it is with Borealia.
const sentStep = 2

func digestFile(name string) (int64, rogatory.Digest, error) {
	f, err := os.Open(name)
	if err != nil {
		return 0, rogatory.Digest{}, err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, f)
	return n, rogatory.Digest(h.Sum(nil)), err
}

func (s *story) disclose(ctx context.Context, preservation rogatory.RequestID, files []piece) (rogatory.RequestID, error) {
	var id rogatory.RequestID
	err := s.step("Aurelia asks for the preserved data (Arts 40, 44); the preservation is held until that is decided.", func() (string, error) {
		f, err := s.a.Node.Office.Draft(ctx, s.a.Actor(people["XA"][rogatory.DutyOfficer], rogatory.DutyOfficer), rogatory.Address{State: "XB", Authority: "justice"}, preservation.Case(), rogatory.Request{
			Kind: rogatory.StoredData, Title: "Disclosure of the preserved data", Offence: offence, Language: "en", Follows: preservation,
			Contents: map[string]string{
				"authority": "Public Prosecutor's Office of Aurelia, cybercrime section", "subject": "Criminal investigation 2026/118 for illegal access, conducted by the prosecutor of the cybercrime section",
				"facts":      "On 2 November 2026 a person entered the ministry's web server through SQL injection and guessed SSH passwords.",
				"assistance": "Disclosure of the preserved logs, packet capture and disk image, with SHA-256 digests.", "persons": "The user of 198.51.100.17 on 2 November 2026.",
				"period": "2026-11-01T00:00Z to 2026-11-03T23:59Z", "purpose": "Evidence in investigation 2026/118", "data_category": "content", "authorisation": "Order 44/2026 of the District Court of Aurelia, 3 November 2026",
				"vulnerability": "The provider overwrites its logs after 14 days."}})
		if err != nil {
			return "", err
		}
		id = f.ID
		proved, err := s.act(ctx, s.a, rogatory.Decider, id, rogatory.Send, rogatory.Body{})
		if err != nil {
			return "", err
		}
		held, err := s.b.Node.Office.File(ctx, preservation)
		if err == nil && held.HeldBy != id {
			err = fmt.Errorf("the preservation is not held")
		}
		return proved + " Borealia holds the preserved data for it.", err
	})
	if err != nil {
		return "", err
	}
	err = s.step("Borealia acknowledges and accepts with a condition.", func() (string, error) {
		if _, err := s.act(ctx, s.b, rogatory.DutyOfficer, id, rogatory.Acknowledge, rogatory.Body{}); err != nil {
			return "", err
		}
		proved, err := s.act(ctx, s.b, rogatory.Decider, id, rogatory.Accept, rogatory.Body{Verdict: &rogatory.Verdict{Conditions: []string{"Names of patients are redacted before anything is made public."}}})
		return proved + " The condition travels with each exhibit.", err
	})
	if err != nil {
		return "", err
	}
	err = s.step("Aurelia's prosecutor agrees to the condition: it binds from here on.", func() (string, error) {
		proved, err := s.act(ctx, s.a, rogatory.Decider, id, rogatory.Agree, rogatory.Body{})
		return proved + " Without it nothing may be handed over (Art 40(28)).", err
	})
	if err != nil {
		return "", err
	}
	var sealed []rogatory.Exhibit
	for _, p := range files {
		err := s.step(fmt.Sprintf("Borealia's examiner seals %s, in one pass.", p.title), func() (string, error) {
			x, err := s.seal(ctx, id, p)
			if err != nil {
				return "", err
			}
			sealed = append(sealed, x)
			return fmt.Sprintf("%s, %s, SHA-256 %s..., root %s... over %d segments.", x.ID, size(x.Seal.Size), x.Seal.SHA256.Short(), x.Seal.Root.Short(), x.Seal.Segments()), nil
		})
		if err != nil {
			return "", err
		}
	}
	err = s.step("Another person, the judge, releases the exhibits.", func() (string, error) {
		var proved string
		for _, x := range sealed {
			var err error
			if proved, err = s.act(ctx, s.b, rogatory.Decider, id, rogatory.Offer, rogatory.Body{Exhibit: &rogatory.Exhibit{ID: x.ID, FileName: x.FileName, Expires: rogatory.At(time.Now()).Add(7 * treaty.Day)}}); err != nil {
				return "", err
			}
		}
		return proved, nil
	})
	if err != nil {
		return "", err
	}
	for _, x := range sealed {
		err := s.step(fmt.Sprintf("Aurelia fetches %s: every segment is verified before it counts.", x.FileName), func() (string, error) {
			start := time.Now()
			err := s.a.Node.Fetch(ctx, s.a.Actor(people["XA"][rogatory.Custodian], rogatory.Custodian), x.ID, s.bar)
			if err != nil {
				return "", err
			}
			err = wait(ctx, func() error {
				_, e, err := s.b.Node.Office.Exhibit(ctx, x.ID)
				if err == nil && e.State != docket.Taken {
					err = errors.New("not receipted yet")
				}
				return err
			})
			return fmt.Sprintf("%s held in Aurelia's vault, %s; Borealia has the signed root.", size(x.Seal.SealedSize), rate(x.Seal.SealedSize, time.Since(start))), err
		})
		if err != nil {
			return "", err
		}
	}
	return id, s.step("Borealia reports the request executed.", func() (string, error) {
		return s.act(ctx, s.b, rogatory.Decider, id, rogatory.Execute, rogatory.Body{Verdict: &rogatory.Verdict{Outcome: rogatory.Complete}})
	})
}

func (s *story) seal(ctx context.Context, id rogatory.RequestID, p piece) (rogatory.Exhibit, error) {
	f, err := os.Open(p.path)
	if err != nil {
		return rogatory.Exhibit{}, err
	}
	defer f.Close()
	return s.b.Node.Office.Seal(ctx, s.b.Actor(people["XB"][rogatory.Custodian], rogatory.Custodian), id, docket.Sealing{Title: p.title, FileName: filepath.Base(p.path), MediaType: p.mediaType, Acquired: p.acquired,
		Limits: rogatory.UseLimits{Confidential: true}}, f, nil)
}

// bar draws the progress of a transfer.
func (s *story) bar(have, total int64) {
	if !s.Terminal || total < 8 {
		return
	}
	const width = 40
	done := int(have * width / total)
	fmt.Fprintf(s.Out, "\r    [%s%s] %3d %%", strings.Repeat("=", done), strings.Repeat(" ", width-done), have*100/total)
	if have == total {
		fmt.Fprint(s.Out, "\r"+strings.Repeat(" ", width+16)+"\r")
	}
}

func size(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d bytes", n)
}

func rate(n int64, d time.Duration) string {
	return fmt.Sprintf("%.0f MiB/s", float64(n)/(1<<20)/max(d.Seconds(), 1e-6))
}

// refused is the second story: a request with a ground against it.
func (s *story) refused(ctx context.Context) error {
	return s.step("Aurelia asks for a journalist's mail; Borealia refuses (Art 40(22)) and gives reasons (Art 40(25)).", func() (string, error) {
		f, err := s.a.Node.Office.Draft(ctx, s.a.Actor(people["XA"][rogatory.DutyOfficer], rogatory.DutyOfficer), rogatory.Address{State: "XB", Authority: "justice"}, "", rogatory.Request{
			Kind: rogatory.StoredData, Title: "Mailbox of the editor of a newspaper", Offence: rogatory.Offence{Articles: []string{"7"}, Law: "Penal Code of Aurelia, section 212a"}, Language: "en",
			Contents: map[string]string{"authority": "Ministry of the Interior of Aurelia", "subject": "Inquiry 2026/131 into a publication", "facts": "A newspaper published documents of the ministry.",
				"assistance": "Disclosure of the editor's mailbox.", "persons": "The editor of the Borealia Courier.", "period": "2026-01-01T00:00Z to 2026-11-01T00:00Z", "purpose": "Inquiry 2026/131", "data_category": "content", "authorisation": "Order 51/2026 of the District Court of Aurelia"}})
		if err != nil {
			return "", err
		}
		if _, err := s.act(ctx, s.a, rogatory.Decider, f.ID, rogatory.Send, rogatory.Body{}); err != nil {
			return "", err
		}
		if _, err := s.act(ctx, s.b, rogatory.DutyOfficer, f.ID, rogatory.Acknowledge, rogatory.Body{}); err != nil {
			return "", err
		}
		v := rogatory.Verdict{Ground: "R22", Reasons: "The facts describe a publication and no access to any system. There are substantial grounds to believe that the request aims at prosecuting a person for political opinions."}
		proved, err := s.act(ctx, s.b, rogatory.Decider, f.ID, rogatory.Refuse, rogatory.Body{Verdict: &v})
		return fmt.Sprintf("%s Ground R22: %s %s", proved, treaty.Convention().Grounds["R22"].Text+".", "Neither State can delete it unseen."), err
	})
}

// court exports the package and verifies it as a court would.
func (s *story) court(ctx context.Context, id rogatory.RequestID) error {
	to := filepath.Join(s.Dir, "court-package")
	err := s.step("Aurelia exports the court package.", func() (string, error) {
		err := wait(ctx, func() error {
			f, err := s.a.Node.Office.File(ctx, id)
			if err == nil && f.State != rogatory.Executed {
				err = errors.New("the report of execution is awaited")
			}
			return err
		})
		if err != nil {
			return "", err
		}
		by := s.a.Actor(people["XA"][rogatory.Custodian], rogatory.Custodian)
		return "Folder " + to + "; start with its VERIFY.txt.", s.a.Node.ExportPackage(ctx, by, id.Case(), "evidence in investigation 2026/118", to, nil)
	})
	if err != nil {
		return err
	}
	err = s.step("A court verifies the package offline.", func() (string, error) {
		root, err := os.ReadFile(filepath.Join(s.a.Dir, "directory-root.json"))
		if err != nil {
			return "", err
		}
		r, err := court.Verify(ctx, to, court.Options{TrustedRoot: root})
		if err != nil {
			return "", err
		}
		if !r.Holds() {
			return "", errors.New(r.Verdict())
		}
		return fmt.Sprintf("%s (%d steps)", r.Verdict(), len(r.Findings)), nil
	})
	if err != nil {
		return err
	}
	return s.step("Each journal is witnessed by the two other States and checked from its first entry.", func() (string, error) {
		var words []string
		for _, code := range []rogatory.StateCode{"XA", "XB", "XC"} {
			n := s.w.Members[code].Node
			if err := s.witnessed(ctx, n); err != nil {
				return "", fmt.Errorf("%s: %w", code, err)
			}
			found, err := n.Fsck(ctx, vault.Full)
			if err != nil {
				return "", fmt.Errorf("%s: %w", code, err)
			}
			words = append(words, fmt.Sprintf("%s %d entries, %d messages, %d exhibits", names[code], found.Entries, found.Messages, found.Exhibits))
		}
		return strings.Join(words, "; ") + ": all hold.", nil
	})
}

// witnessed waits until the node's published checkpoint bears the cosignatures of all other States.
func (s *story) witnessed(ctx context.Context, n *node.Node) error {
	own := n.Config().State
	return wait(ctx, func() error {
		c, err := n.Ledger.Latest(ctx)
		if err != nil {
			return err
		}
		lines := strings.Count(string(c.Note), "\n— ")
		if want := 1 + len(n.Book().Parties()) - 1; lines < want {
			return fmt.Errorf("the checkpoint of %s has %d of %d signatures: %w", own, lines, want, journal.ErrUnpublished)
		}
		return nil
	})
}
