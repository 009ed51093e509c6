// SPDX-License-Identifier: Apache-2.0

package court

import (
	"encoding/json"
	"fmt"
	"strings"

	"rogatory"
	"rogatory/journal"
)

// openedEntry is a journal entry as its proof opens it. Whether the proof holds is another question.
type openedEntry struct {
	file   string
	number int64
	entry  rogatory.Entry
}

func openEntry(proof []byte) (openedEntry, error) {
	p, err := journal.ParseProof(proof)
	if err != nil {
		return openedEntry{}, err
	}
	_, body, err := journal.Opening(p.Extra)
	if err != nil {
		return openedEntry{}, err
	}
	e, err := parseEntry(body)
	return openedEntry{number: p.Index, entry: e}, err
}

// parseEntry reads the body of a journal entry. journal.Opening has bounded it.
func parseEntry(body []byte) (rogatory.Entry, error) {
	var e rogatory.Entry
	if err := strictJSON(body, &e); err != nil {
		return rogatory.Entry{}, fmt.Errorf("read journal entry: %w", err)
	}
	if e.Type == "" || e.At <= 0 {
		return rogatory.Entry{}, fmt.Errorf("a journal entry lacks its type or time")
	}
	return e, nil
}

// exhibitOf returns which exhibit an entry is about, if any.
func exhibitOf(e rogatory.Entry) rogatory.ExhibitID {
	if e.Exhibit != nil {
		return e.Exhibit.ID
	}
	if id := rogatory.ExhibitID(e.Name); id.Valid() {
		return id
	}
	return ""
}

// custodyLine is an entry as custody.json tells it: who, when, what, why.
type custodyLine struct {
	Entry   int64              `json:"entry"`
	At      rogatory.Instant   `json:"at"`
	By      rogatory.Actor     `json:"by"`
	Type    rogatory.EntryType `json:"type"`
	Exhibit rogatory.ExhibitID `json:"exhibit,omitempty"`
	Words   string             `json:"words"`
	Proof   string             `json:"proof"` // the file that proves it
}

// custodyInWords writes custody.json. It follows from the proofs alone, so Verify writes it again and
// compares: the words cannot say anything that the entries do not.
func custodyInWords(entries []openedEntry) ([]byte, error) {
	lines := []custodyLine{}
	for _, o := range entries {
		lines = append(lines, custodyLine{o.number, o.entry.At, o.entry.By, o.entry.Type, exhibitOf(o.entry), inWords(o.entry), o.file})
	}
	data, err := json.MarshalIndent(lines, "", " ")
	if err != nil {
		return nil, invalid("write %s: %w", custodyFile, err)
	}
	return data, nil
}

// inWords tells one entry as a sentence without its time.
func inWords(e rogatory.Entry) string {
	who := e.By.Address.String()
	if e.By.Name != "" {
		who = fmt.Sprintf("%s (%s) of %s", e.By.Name, e.By.Role, who)
	}
	what := map[rogatory.EntryType]string{
		rogatory.NodeCreated: "created the node", rogatory.NodeStarted: "started the node",
		rogatory.RequestDrafted: "drafted the request", rogatory.RequestRevised: "revised the request",
		rogatory.MessageSent: "sent", rogatory.MessageReceived: "received", rogatory.MessageRefused: "recorded and refused",
		rogatory.MessageReceipted: "took in the receipt for", rogatory.MessageUndelivered: "gave up delivering",
		rogatory.MessageRevived: "took up again the delivery of",
		rogatory.ExhibitSealed:  "sealed", rogatory.ExhibitReceived: "received and verified", rogatory.ExhibitOpened: "opened",
		rogatory.ExhibitExported: "exported", rogatory.ExhibitQuarantined: "put in quarantine, unread,", rogatory.ExhibitReleaseVote: "stood for releasing from quarantine",
		rogatory.ExhibitReleased: "released from quarantine", rogatory.ExhibitCut: "had the rows that were asked for cut out into", rogatory.DeadlinePassed: "let pass the deadline",
		rogatory.DirectoryChanged: "took over a new directory",
		rogatory.CourierExported:  "wrote a courier folder", rogatory.CourierImported: "read a courier folder",
	}[e.Type]
	if what == "" {
		what = "recorded " + string(e.Type)
	}
	parts := []string{who, what}
	if e.Type == rogatory.MessageReceived || e.Type == rogatory.MessageRefused {
		// The entry names who spoke; that it arrived is the node's own doing.
		parts = []string{"the node", what, "from", who}
	}
	if m := e.Message; m != nil {
		parts = append(parts, fmt.Sprintf("message %s (%s, number %d from %s to %s)", m.ID, m.Act, m.Sequence, m.From, m.To))
	}
	if e.Exhibit != nil {
		parts = append(parts, fmt.Sprintf("exhibit %s, %q", e.Exhibit.ID, e.Exhibit.Title))
	}
	if e.Name != "" {
		parts = append(parts, e.Name)
	}
	if e.Request != "" {
		parts = append(parts, "in "+string(e.Request))
	}
	words := strings.Join(parts, " ")
	if e.Why != "" {
		words += ": " + e.Why
	}
	return words
}
