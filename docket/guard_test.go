// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"strings"
	"testing"
	"time"

	"rogatory"
	"rogatory/oversight"
	"rogatory/safeguard"
)

// AB-23, requests in bulk by a program: a thousand submissions, of which a live office takes none by a token, and of which
// at least 99 in a hundred are stopped where somebody lets a script press the button of a screen.
func TestAB23BulkByScript(t *testing.T) {
	const submissions = 1000
	w := guarded(t)
	id := w.drafts(rogatory.StoredData, "", "")
	script := w.xa.decider()

	script.Credential = TokenCredential + "stolen"
	w.xa.Mode = rogatory.Live
	for range submissions {
		w.cannot(w.xa, script, id, rogatory.Send, rogatory.Body{}, "presence_needed")
	}
	w.xa.Mode = rogatory.Exercise

	// What the safeguards would find in thirty requests about one person is another matter: the pace holds without them.
	w.xa.Safeguards = nil
	script.Credential = "passkey:held by a script"
	ids := []rogatory.RequestID{id}
	for len(ids) < 30 {
		ids = append(ids, w.drafts(rogatory.StoredData, "", ""))
	}
	sent, stopped := 0, 0
	for i := range submissions {
		switch _, _, err := w.xa.Move(w.Context(), script, ids[sent], rogatory.Send, rogatory.Body{}); {
		case err == nil:
			sent++
		case rogatory.CodeOf(err) == "pace_reached":
			stopped++
		default:
			t.Fatalf("submission %d: %v", i, err)
		}
	}
	if stopped < submissions*99/100 || sent == 0 {
		t.Errorf("%d of %d were stopped, %d sent", stopped, submissions, sent)
	}
	// Another person sends meanwhile, and the hour ends.
	other := w.xa.as("Lea Haddad", rogatory.Decider)
	other.Credential = "passkey:of another"
	w.does(w.xa, other, ids[sent], rogatory.Send, rogatory.Body{})
	w.pass(time.Hour)
	w.does(w.xa, script, ids[sent+1], rogatory.Send, rogatory.Body{})
	w.carry()
	w.sound()
}

// AB-16, the requested State warns the target: nothing prevents it. What there is: the journal says who had read what came,
// and when, so that two oversight bodies can hold it against what the target did. docs/threats.md says the limit.
func TestAB16WhoReadARequestIsInTheJournal(t *testing.T) {
	w := newWorld(t)
	id := w.sent(rogatory.StoredData)
	read := func(by rogatory.Actor) { w.Helper(); w.ok(w.xb.Saw(w.Context(), by, id)) }
	first := w.xb.now()
	read(w.xb.officer())
	read(w.xb.officer()) // nothing new: one entry
	w.pass(time.Hour)
	read(w.xb.decider())
	read(w.xb.as("Ombudsman", rogatory.Overseer)) // whom oversight looks at is not for the office to know
	w.does(w.xa, w.xa.officer(), id, rogatory.AskStatus, words("Is there any news?"))
	w.carry()
	w.pass(time.Hour)
	read(w.xb.officer()) // there was something new

	entries, err := w.xb.Entries(w.Context(), w.xb.decider(), id, 0, 100)
	w.ok(err)
	var got []string
	for _, e := range entries {
		if e.Entry.Type == rogatory.RequestRead {
			got = append(got, e.Entry.By.Name+" "+e.Entry.At.Sub(first).String())
		}
	}
	if want := "Ana Duarte 0s; Musa Okonkwo 1h0m0s; Ana Duarte 2h0m0s"; strings.Join(got, "; ") != want {
		t.Errorf("the journal says %q, want %q", got, want)
	}
	w.sound()
}

// AB-10, the reviewer who stamps everything: reading and deciding are entries, and the body sees the time between them.
func TestAB10HowLongSomebodyReadIsKnown(t *testing.T) {
	for _, c := range []struct {
		name string
		read time.Duration
	}{{"at once", 20 * time.Second}, {"after half an hour", 30 * time.Minute}} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			k := w.watched("XB")
			w.ok(w.xb.NoteOversight(t.Context(), []rogatory.Party{w.book.parties["XB"]}))
			id := w.sent(rogatory.StoredData)
			w.pass(5 * time.Hour) // it lay there, and nobody looked
			w.ok(w.xb.Saw(w.Context(), w.xb.decider(), id))
			w.pass(c.read)
			w.does(w.xb, w.xb.decider(), id, rogatory.Accept, rogatory.Body{})
			cases := oversight.Cases("XB", w.holding(w.xb, k).Records)
			if len(cases) != 1 || cases[0].Attention != c.read {
				t.Errorf("the body sees %+v, want %s", cases, c.read)
			}
		})
	}
}

// The paces of the data name kinds that there are.
func TestPacesNameKindsThatThereAre(t *testing.T) {
	w := newWorld(t)
	for _, p := range safeguard.Paces() {
		for _, k := range p.Kinds {
			if _, err := w.xa.Rules.Kind(k); err != nil {
				t.Errorf("pace %s: %v", p.Name, err)
			}
		}
	}
}
