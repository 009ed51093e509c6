// SPDX-License-Identifier: Apache-2.0

package node

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"rogatory"
	"rogatory/assistance"
	"rogatory/docket"
	"rogatory/journal"
	"rogatory/oversight"
	"rogatory/portal"
	"rogatory/store"
	"rogatory/transparency"
	"rogatory/treaty/status"
)

// reportEvery is how often the node looks whether a period has closed.
const reportEvery = time.Minute

// Settings of the store in which reports lie. What they hold never changes, save the list.
const (
	reportListSetting = "report.list"
	reportSetting     = "report."   // before the period
	attestedSetting   = "attested." // before the period: what bodies attest of it
)

// storedReport is a published report: its bytes, and the seal over them.
type storedReport struct {
	Data []byte `json:"data"`
	Seal []byte `json:"seal"`
}

// Report publishes the report of the last period that has closed, if it is not there yet: the report, its place in the
// list and its entry in the journal are one transaction, so that there is one of each or none, whenever the process
// ends. Weeks in which no node ran have no report of their own; the next one counts them. The first is that of the week
// in which the journal began.
func (n *Node) Report(ctx context.Context) error {
	now := rogatory.At(n.opt.Clock.Now())
	period := transparency.Last(now.Add(-transparency.Wait))
	list, err := n.Reports(ctx)
	if err != nil {
		return err
	}
	if len(list.Reports) > 0 && list.Reports[0].Period.Until() >= period.Until() {
		return nil
	}
	entries, began, err := n.entriesBefore(ctx, period.Until())
	if err != nil || began == 0 || began >= period.Until() {
		return err
	}
	key, err := n.reportKey(ctx)
	if err != nil {
		return err
	}
	var cases []transparency.Case
	if err := n.Office.Transparency(ctx, func(c transparency.Case) { cases = append(cases, c) }); err != nil {
		return err
	}
	head, previous, err := n.reportHead(ctx, list, period, entries)
	if err != nil {
		return err
	}
	data := transparency.Next(head, previous, transparency.Count(cases, entries), key).Encode()
	signer, err := journal.NewSigner(n.keys().JournalSecret())
	if err != nil {
		return err
	}
	seal, err := transparency.Seal(data, signer)
	if err != nil {
		return err
	}
	kept, err := json.Marshal(storedReport{data, seal})
	if err != nil {
		return err
	}
	return n.store.Update(ctx, func(tx *store.Tx) error {
		present, err := readReports(tx)
		if err != nil || !slices.Equal(present.Reports, list.Reports) {
			return err // another round was faster
		}
		present.Reports = slices.Insert(present.Reports, 0, transparency.Listed{Period: period, Digest: rogatory.DigestOf(data)})
		if err := tx.SetSetting(reportSetting+string(period), kept); err != nil {
			return err
		}
		if err := tx.SetSetting(reportListSetting, present.Encode()); err != nil {
			return err
		}
		by := rogatory.Actor{Address: n.config.address(), Officer: rogatory.Officer{Name: "node", Role: rogatory.TheNode}}
		_, err = n.Ledger.Record(tx, rogatory.Entry{Type: rogatory.ReportPublished, At: now, By: by, Name: string(period), Why: rogatory.DigestOf(data).String()})
		return err
	})
}

// reportHead is what a report says beside its figures, and the report before it.
func (n *Node) reportHead(ctx context.Context, list transparency.List, period transparency.Period, entries int64) (head, previous transparency.Report, err error) {
	head = transparency.Report{State: n.config.State, Mode: n.config.Mode, Origin: n.keys().JournalOrigin(), Period: period, Until: period.Until(), Entries: entries}
	if len(list.Reports) == 0 {
		return head, previous, nil
	}
	before, _, err := n.PublishedReport(ctx, list.Reports[0].Period)
	if err != nil {
		return head, previous, err
	}
	head.Previous = rogatory.DigestOf(before)
	previous, err = transparency.Parse(before)
	return head, previous, err
}

// entriesBefore returns how many entries were recorded before a moment, and when the journal began; zero if it is
// empty. Entries stand in the order in which they were recorded: should the clock have been set back, it is the first
// place where time passes the moment.
func (n *Node) entriesBefore(ctx context.Context, at rogatory.Instant) (count int64, began rogatory.Instant, err error) {
	err = n.store.View(ctx, func(tx *store.Tx) error {
		size, err := tx.Size()
		if err != nil || size == 0 {
			return err
		}
		first, err := tx.Entry(0)
		if err != nil {
			return err
		}
		began = first.At
		low, high := int64(0), size
		for low < high {
			middle := low + (high-low)/2
			e, err := tx.Entry(middle)
			if err != nil {
				return err
			}
			if e.At < at {
				low = middle + 1
			} else {
				high = middle
			}
		}
		count = low
		return nil
	})
	return count, began, err
}

// reportKey returns the key that draws what reports hold back, and makes it when it is first needed.
func (n *Node) reportKey(ctx context.Context) (key []byte, err error) {
	err = n.store.Update(ctx, func(tx *store.Tx) error {
		var found bool
		if key, found, err = tx.Setting(docket.ReportKeySetting); err != nil || found {
			return err
		}
		key = make([]byte, transparency.KeySize)
		if _, err := io.ReadFull(n.opt.Random, key); err != nil {
			return rogatory.Fault(rogatory.Internal, "random_failed", "draw the key of the reports: %w", err)
		}
		return tx.SetSetting(docket.ReportKeySetting, key)
	})
	return key, err
}

func readReports(tx *store.Tx) (transparency.List, error) {
	data, found, err := tx.Setting(reportListSetting)
	if err != nil || !found {
		return transparency.List{Version: 1}, err
	}
	l, err := transparency.ParseList(data)
	if err != nil {
		return l, rogatory.Fault(rogatory.Damaged, "setting_damaged", "read setting %s: %w", reportListSetting, err)
	}
	return l, nil
}

// Reports lists what was published, the newest first.
func (n *Node) Reports(ctx context.Context) (l transparency.List, err error) {
	err = n.store.View(ctx, func(tx *store.Tx) error {
		l, err = readReports(tx)
		return err
	})
	return l, err
}

// PublishedReport returns the bytes of a report and their seal, as they were published. It is NotFound
// "report_unknown" if there is none of that period.
func (n *Node) PublishedReport(ctx context.Context, period transparency.Period) (data, seal []byte, err error) {
	var text []byte
	err = n.store.View(ctx, func(tx *store.Tx) error {
		var found bool
		if text, found, err = tx.Setting(reportSetting + string(period)); err == nil && !found {
			err = rogatory.Fault(rogatory.NotFound, "report_unknown", "no report of %.20s was published", period)
		}
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	var kept storedReport
	if err := json.Unmarshal(text, &kept); err != nil {
		return nil, nil, rogatory.Fault(rogatory.Damaged, "setting_damaged", "read the report of %s: %w", period, err)
	}
	return kept.Data, kept.Seal, nil
}

// Attest takes in what an oversight body attests of a published report: "oversight_attestation_invalid" if it is of
// another file, and whatever oversight.OpenAttestation refuses.
func (n *Node) Attest(ctx context.Context, signed []byte) error {
	us, err := n.Party(n.config.State)
	if err != nil {
		return err
	}
	a, body, err := oversight.OpenAttestation(signed, us)
	if err != nil {
		return err
	}
	data, _, err := n.PublishedReport(ctx, transparency.Period(a.Period))
	if err != nil {
		return err
	}
	if a.Report != rogatory.DigestOf(data) {
		return rogatory.Fault(rogatory.Conflict, "oversight_attestation_invalid", "%s attests a report of %s that this node did not publish", body.Name, a.Period)
	}
	return n.store.Update(ctx, func(tx *store.Tx) error {
		all, err := attested(tx, transparency.Period(a.Period))
		if err != nil {
			return err
		}
		all = slices.DeleteFunc(all, func(x transparency.Attested) bool { return x.Key == body.Key })
		all = append(all, transparency.Attested{Body: body.Name, Key: body.Key, At: a.At, Note: string(signed)})
		kept, err := json.Marshal(all)
		if err != nil {
			return err
		}
		return tx.SetSetting(attestedSetting+a.Period, kept)
	})
}

func attested(tx *store.Tx, period transparency.Period) (all []transparency.Attested, err error) {
	kept, found, err := tx.Setting(attestedSetting + string(period))
	if err != nil || !found {
		return nil, err
	}
	if err := json.Unmarshal(kept, &all); err != nil {
		return nil, rogatory.Fault(rogatory.Damaged, "setting_damaged", "read the attestations of %s: %w", period, err)
	}
	return all, nil
}

// Attestations are what oversight bodies attest of a report, as they were verified when they came. One whose body the
// directory does not name any more stays: nobody takes a body's word back by striking it off.
func (n *Node) Attestations(ctx context.Context, period transparency.Period) (all []transparency.Attested, err error) {
	err = n.store.View(ctx, func(tx *store.Tx) error {
		all, err = attested(tx, period)
		return err
	})
	return all, err
}

// ProveReport returns the proof that a report is recorded in the journal. It opens that entry, which names nothing
// but the report. Until the entry is published it is NotFound "report_unproved".
func (n *Node) ProveReport(ctx context.Context, period transparency.Period) ([]byte, error) {
	data, _, err := n.PublishedReport(ctx, period)
	if err != nil {
		return nil, err
	}
	index, err := n.reportEntry(ctx, period, rogatory.DigestOf(data))
	if err != nil {
		return nil, err
	}
	proof, _, err := n.Ledger.ProvePublished(ctx, index)
	if err != nil {
		return nil, rogatory.Fault(rogatory.NotFound, "report_unproved", "the entry of the report of %s is not published yet: %w", period, err)
	}
	return proof, nil
}

// reportEntry finds the entry of a report: the first of its sort after the period has closed.
func (n *Node) reportEntry(ctx context.Context, period transparency.Period, digest rogatory.Digest) (index int64, err error) {
	from, _, err := n.entriesBefore(ctx, period.Until())
	if err != nil {
		return 0, err
	}
	for {
		var last int64 = -1
		index = -1
		err := n.store.View(ctx, func(tx *store.Tx) error {
			rows, err := tx.Entries(from, store.MaxRows)
			if err != nil {
				return err
			}
			for _, row := range rows {
				last = row.Index
				if row.Type != rogatory.ReportPublished {
					continue
				}
				var e rogatory.Entry
				if err := json.Unmarshal(row.Body, &e); err != nil {
					return rogatory.Fault(rogatory.Damaged, "entry_damaged", "read entry %d: %w", row.Index, err).WithHint("run rogatory fsck")
				}
				if e.Name == string(period) && e.Why == digest.String() {
					index = row.Index
					return nil
				}
			}
			return nil
		})
		if err != nil || index >= 0 {
			return index, err
		}
		if last < 0 {
			return 0, rogatory.Fault(rogatory.NotFound, "report_unproved", "no entry records the report of %s", period)
		}
		from = last + 1
	}
}

// CheckReport recomputes a report from this node's entries, with all reports before it, and names every difference;
// there is none if the report is complete and true. It is for whoever may read the entries.
func (n *Node) CheckReport(ctx context.Context, data []byte) ([]string, error) {
	r, err := transparency.Parse(data)
	if err != nil {
		return nil, err
	}
	list, err := n.Reports(ctx)
	if err != nil {
		return nil, err
	}
	key, err := n.reportKey(ctx)
	if err != nil {
		return nil, err
	}
	var cases []transparency.Case
	if err := n.Office.Transparency(ctx, func(c transparency.Case) { cases = append(cases, c) }); err != nil {
		return nil, err
	}
	var published [][]byte
	known := false
	for _, l := range slices.Backward(list.Reports) {
		file, _, err := n.PublishedReport(ctx, l.Period)
		if err != nil {
			return nil, err
		}
		if published = append(published, file); l.Period == r.Period {
			known = true
			break
		}
	}
	if !known {
		return []string{"the node has published no report of " + string(r.Period)}, nil
	}
	last := published[len(published)-1]
	published[len(published)-1] = data
	head := transparency.Report{State: n.config.State, Mode: n.config.Mode, Origin: n.keys().JournalOrigin()}
	var unread error
	differences, err := transparency.Recompute(head, published, cases, func(at rogatory.Instant) int64 {
		count, _, err := n.entriesBefore(ctx, at)
		unread = errors.Join(unread, err)
		return count
	}, key)
	if err := errors.Join(err, unread); err != nil {
		return nil, err
	}
	if !bytes.Equal(data, last) {
		differences = append(differences, "bytes: the node published another file for "+string(r.Period))
	}
	if _, err := n.reportEntry(ctx, r.Period, rogatory.DigestOf(data)); err != nil {
		differences = append(differences, "journal: "+err.Error())
	}
	return differences, nil
}

// facts are what the node says of itself to everybody.
func (n *Node) facts() transparency.Facts {
	f := transparency.Facts{Version: 1, State: n.config.State, Mode: n.config.Mode, Origin: n.keys().JournalOrigin(), JournalKey: n.keys().JournalVerifier(), Witnesses: []transparency.Witness{}, Notices: []transparency.Notice{}}
	if notice, ok := n.succession(); ok {
		f.Notices = append(f.Notices, notice)
	}
	for _, p := range n.book.Book().Parties() {
		if p.Code != n.config.State && p.WitnessKey != "" {
			f.Witnesses = append(f.Witnesses, transparency.Witness{State: p.Code, Key: p.WitnessKey})
		}
	}
	return f
}

// succession is the notice that this journal continues one that was lost, if it does.
func (n *Node) succession() (transparency.Notice, bool) {
	var e rogatory.Entry
	err := n.store.View(context.Background(), func(tx *store.Tx) error { // one row by its key; the answer is small whoever asks
		first, err := tx.Entry(0)
		if err != nil || first.Type != rogatory.JournalSucceeded {
			return err
		}
		return json.Unmarshal(first.Body, &e)
	})
	if err != nil || e.Succession == nil {
		return transparency.Notice{}, false
	}
	text := e.Succession.Origin
	if c, err := journal.PeekCheckpoint([]byte(e.Succession.Checkpoint)); err == nil {
		text = fmt.Sprintf("%s %d", text, c.Size)
	}
	return transparency.Notice{Sort: transparency.Succession, At: e.At, Text: text}, true
}

// PortalOptions are what the public pages show that the node does not hold itself. A nil function shows that nothing
// is published yet.
type PortalOptions struct {
	Assistance func() (assistance.Book, error)
	// Drills and Safeguards stand for those of the node where they are set.
	Drills     func(context.Context) ([]portal.Drills, error)
	Safeguards func(context.Context) (portal.Safeguards, error)
}

// Portal is the door for everybody's eyes: it is lent published values only.
func (n *Node) Portal(o PortalOptions) http.Handler {
	if o.Drills == nil {
		o.Drills = n.publishedDrills
	}
	if o.Safeguards == nil {
		o.Safeguards = n.safeguardsInForce
	}
	return portal.New(portal.Config{Clock: n.opt.Clock, Log: n.opt.Log, Desk: func() *status.Desk { return n.Office.Rules.Desk },
		Facts: n.facts,
		Certificates: func() []string {
			own, err := n.book.Book().Party(n.config.State)
			if err != nil {
				return nil
			}
			return own.Certificates
		},
		Checkpoint: n.Ledger.Checkpoint, Reports: n.Reports, Report: n.PublishedReport,
		Proof: func(ctx context.Context, p transparency.Period) ([]byte, error) {
			proof, err := n.ProveReport(ctx, p)
			if errors.Is(err, journal.ErrUnpublished) {
				err = rogatory.Fault(rogatory.NotFound, "report_unproved", "the journal is not published yet: %w", err)
			}
			return proof, err
		},
		Attestations: n.Attestations, Assistance: o.Assistance, Drills: o.Drills, Safeguards: o.Safeguards})
}

// publishedDrills are the figures of drills that both States signed alike.
func (n *Node) publishedDrills(ctx context.Context) ([]portal.Drills, error) {
	all, err := n.Desk.Published(ctx)
	if err != nil {
		return nil, err
	}
	var list []portal.Drills
	for _, c := range all {
		signed, err := json.Marshal(c.Signed)
		if err != nil {
			return nil, err
		}
		f := c.Figures
		list = append(list, portal.Drills{From: f.By, To: f.Of, Period: f.From.String()[:10] + "/" + f.To.String()[:10], N: f.Drills,
			Machine: time.Duration(f.Machine.Median) * time.Millisecond, Human: time.Duration(f.Human.Median) * time.Millisecond, Signed: signed})
	}
	return list, nil
}

// safeguardsInForce are the policies that this node asks now, and from when which edition of them counted.
func (n *Node) safeguardsInForce(ctx context.Context) (portal.Safeguards, error) {
	set, err := n.Office.Policies(ctx)
	if err != nil {
		return portal.Safeguards{}, err
	}
	all := portal.Safeguards{Digest: set.Digest}
	var text strings.Builder
	for _, p := range set.Rules {
		all.InForce = append(all.InForce, portal.Policy{ID: p.ID, Article: p.Article, Effect: string(p.Severity), Key: p.Advice})
		text.WriteString(p.Text + "\n")
	}
	all.Document = []byte(text.String())
	for _, e := range set.Editions {
		if e.From != 0 {
			all.Editions = append(all.Editions, portal.Edition{From: e.From, Digest: e.Digest, Tighter: e.Tighter, Weaker: e.Weaker, Coming: e.Stands == docket.PoliciesWait})
		}
	}
	return all, nil
}
