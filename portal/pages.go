// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"rogatory"
	"rogatory/assistance"
	"rogatory/journal"
	"rogatory/language"
	"rogatory/transparency"
	"rogatory/treaty/atlas"
	"rogatory/treaty/status"
)

func (s *server) home(v *visit) error {
	v.path = ""
	return s.show(v, http.StatusOK, "home", v.T("portal.title"), nil)
}

// treatyRow is a State of the treaty desk's list.
type treatyRow struct {
	Code              rogatory.StateCode
	Name              string
	Phase             string
	Signed, Consented string
	Verified          string
}

type treatyView struct {
	Stands, AsOf string
	Rows         []treatyRow
}

func (s *server) treaty(v *visit) error {
	desk, today := s.Desk(), status.DateOf(v.now.Time())
	tally := desk.Tally(today)
	view := treatyView{AsOf: v.T("treaty.as_of", "date", dayOf(v.Locale, desk.Book().AsOf))}
	if tally.InForce {
		view.Stands = v.T("treaty.in_force", "time", dayOf(v.Locale, tally.Entry))
	} else {
		view.Stands = v.N("treaty.way", int64(len(tally.Dated)), "needed", tally.Needed, "missing", tally.Missing)
	}
	for _, st := range desk.Book().States().All {
		now, err := desk.Status(st.Code, today)
		if err != nil {
			return err
		}
		if now.Phase == status.Outside {
			continue
		}
		row := treatyRow{Code: st.Code, Name: v.State(st.Code), Phase: v.T("phase." + string(now.Phase)), Verified: v.T("verified.no")}
		if now.Signature != nil {
			row.Signed = whenOf(v.Locale, now.Signature.When)
			if now.Signature.Verified {
				row.Verified = v.T("verified.yes")
			}
		}
		if now.Consent != nil {
			row.Consented = whenOf(v.Locale, now.Consent.When)
		}
		view.Rows = append(view.Rows, row)
	}
	slices.SortStableFunc(view.Rows, func(a, b treatyRow) int { return cmp.Compare(a.Name, b.Name) })
	return s.show(v, http.StatusOK, "treaty", v.T("portal.treaty"), view)
}

func dayOf(l *language.Locale, d status.Date) string { return l.Day(rogatory.At(d.Time()), time.UTC) }

// whenOf writes a day as well as it is known.
func whenOf(l *language.Locale, w status.When) string {
	switch {
	case w.On != 0:
		return dayOf(l, w.On)
	case len(w.Between) > 0:
		return dayOf(l, w.Earliest()) + " – " + dayOf(l, w.Latest())
	}
	return "–"
}

func (s *server) atlas(v *visit) error {
	phases, err := atlas.Phases(s.Desk(), status.DateOf(v.now.Time()))
	if err != nil {
		return err
	}
	v.w.Header().Set("Content-Security-Policy", atlas.Policy())
	send(v.w, v.r, http.StatusOK, "image/svg+xml", "public, max-age=3600", atlas.Draw(v.Locale, phases, ""))
	return nil
}

// helpRow is a need or an offer.
type helpRow struct {
	assistance.Listing
	Name, Kind, From, Until string
	Over                    bool
	Tongues, Where          []string
}

type helpView struct{ Needs, Offers []helpRow }

// maxHelp bounds one page of the board; the lists are files of their States.
const maxHelp = 100

func (s *server) help(v *visit) error {
	var book assistance.Book
	if s.Assistance != nil {
		var err error
		if book, err = s.Assistance(); err != nil {
			return err
		}
	}
	today := assistance.Date(v.now.Time().Format(time.DateOnly))
	rows := func(side assistance.Side) (all []helpRow) {
		for _, x := range book.Side(side) {
			if len(all) == maxHelp {
				break
			}
			r := helpRow{Listing: x, Name: v.State(x.State), Kind: v.T("help.kind." + x.Kind), From: dateOf(v.Locale, x.From), Until: dateOf(v.Locale, x.Until), Over: x.Until < today}
			for _, tag := range x.Languages {
				r.Tongues = append(r.Tongues, v.Language(tag))
			}
			for _, region := range x.Regions {
				r.Where = append(r.Where, v.T("help.region."+region))
			}
			all = append(all, r)
		}
		return all
	}
	return s.show(v, http.StatusOK, "help", v.T("help.title"), helpView{rows(assistance.NeedSide), rows(assistance.OfferSide)})
}

func dateOf(l *language.Locale, d rogatory.Date) string {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return l.Isolate(string(d))
	}
	return l.Day(rogatory.At(t), time.UTC)
}

type drillRow struct {
	Pair, Period   string
	N              string
	Machine, Human string
	Address        string
}

// maxDrills bounds one page.
const maxDrills = 400

func (s *server) network(v *visit) error {
	var rows []drillRow
	if s.Drills != nil {
		all, err := s.Drills(v.ctx)
		if err != nil {
			return err
		}
		for _, d := range all[:min(len(all), maxDrills)] {
			rows = append(rows, drillRow{v.State(d.From) + " → " + v.State(d.To), d.Period, v.Number(int64(d.N)), span(v.Locale, d.Machine), span(v.Locale, d.Human), fileAddress(d.Signed, "json")})
		}
	}
	return s.show(v, http.StatusOK, "network", v.T("portal.network"), rows)
}

// span writes a duration by its two greatest units.
func span(l *language.Locale, d time.Duration) string {
	switch hours := int64(d / time.Hour); {
	case d < time.Minute:
		return l.T("figures.span.s", "s", int64(d/time.Second))
	case d < time.Hour:
		return l.T("figures.span.m", "m", int64(d/time.Minute))
	case d < 48*time.Hour:
		return l.T("figures.span.hm", "h", hours, "m", int64(d%time.Hour/time.Minute))
	default:
		return l.T("figures.span.dh", "d", hours/24, "h", hours%24)
	}
}

type policyRow struct{ ID, Article, Words, Effect string }

type editionRow struct{ When, Digest, Tighter, Weaker string }

type safeguardsView struct {
	Digest, Address string
	Rules           []policyRow
	Editions        []editionRow
}

// maxEditions bounds the history on one page.
const maxEditions = 100

func (s *server) safeguards(v *visit) error {
	var view safeguardsView
	if s.Safeguards != nil {
		set, err := s.Safeguards(v.ctx)
		if err != nil {
			return err
		}
		if len(set.Document) > 0 {
			view.Address = fileAddress(set.Document, "txt")
		}
		if !set.Digest.IsZero() {
			view.Digest = v.T("portal.safeguards.digest", "digest", set.Digest.String())
		}
		for _, p := range set.InForce {
			row := policyRow{ID: p.ID, Article: p.Article, Words: p.ID, Effect: p.Effect}
			switch {
			case strings.HasPrefix(p.Key, "safeguard."):
				row.Words = v.T(p.Key)
			case p.Key != "":
				row.Words = p.Key // a national set brings its own
			}
			if slices.Contains([]string{"block", "hold", "flag"}, p.Effect) {
				row.Effect = v.T("safeguard.severity." + p.Effect)
			}
			view.Rules = append(view.Rules, row)
		}
		for _, e := range set.Editions[:min(len(set.Editions), maxEditions)] {
			row := editionRow{When: v.Moment(e.From, time.UTC), Digest: e.Digest.Short(), Tighter: v.Number(int64(e.Tighter)), Weaker: v.Number(int64(e.Weaker))}
			if e.Coming {
				row.When = v.T("portal.edition.coming", "time", row.When)
			}
			view.Editions = append(view.Editions, row)
		}
	}
	return s.show(v, http.StatusOK, "safeguards", v.T("portal.safeguards"), view)
}

type witnessRow struct{ Name, Key, Signed string }

type journalView struct {
	Published    bool
	Name, Key    string
	Size         string
	Root         string
	Note         string
	Tiles        string
	Witnesses    []witnessRow
	Notices      []string
	Certificates []string
}

func (s *server) journal(v *visit) error {
	facts := s.Facts()
	view := journalView{Name: facts.Origin, Key: facts.JournalKey, Tiles: v.T("portal.journal.tiles", "address", "/journal/tile/")}
	if s.Certificates != nil {
		view.Certificates = s.Certificates()
	}
	text, c, err := s.checkpoint(v.ctx)
	if err != nil && !errors.Is(err, journal.ErrUnpublished) {
		return err
	}
	if err == nil {
		view.Published, view.Size, view.Root, view.Note = true, v.Number(c.Size), c.Root.String(), string(text)
	}
	for _, w := range facts.Witnesses {
		row := witnessRow{Name: v.State(w.State), Key: w.Key, Signed: v.T("portal.witness.not")}
		if at, ok := signed(text, w.Key); ok {
			row.Signed = v.Moment(rogatory.At(at), time.UTC)
		}
		view.Witnesses = append(view.Witnesses, row)
	}
	for _, n := range facts.Notices {
		if n.Sort == transparency.Succession {
			view.Notices = append(view.Notices, v.Moment(n.At, time.UTC)+" · "+v.T("portal.notices.successor", "state", n.Text))
		}
	}
	return s.show(v, http.StatusOK, "journal", v.T("portal.journal"), view)
}

// signed returns when a witness cosigned a checkpoint, verified.
func signed(text []byte, key string) (time.Time, bool) {
	w, err := journal.NewCosignatureVerifier(key)
	if err != nil || len(text) == 0 {
		return time.Time{}, false
	}
	n, err := note.Open(text, note.VerifierList(w))
	if err != nil || len(n.Sigs) != 1 {
		return time.Time{}, false
	}
	at, err := journal.CosignatureTime(n.Sigs[0])
	return at, err == nil
}

// reports lists what is published, the newest first.
func (s *server) reports(ctx context.Context) (transparency.List, error) {
	if s.Reports == nil {
		return transparency.List{Version: 1}, nil
	}
	return s.Reports(ctx)
}

func notFound(format string, args ...any) error {
	return rogatory.Fault(rogatory.NotFound, "page_unknown", format, args...)
}

// article is an article's number in a sentence.
func article(l *language.Locale, number string) string {
	if number == transparency.Other {
		return l.T("portal.offence.other")
	}
	return fmt.Sprintf("%s %s", l.Isolate(number), strings.TrimSpace(l.Offence(number)))
}

// board is one side of the assistance board, for a template within a page.
type board struct {
	L     *language.Locale
	Title string
	Rows  []helpRow
}

// Board makes one.
func (v view) Board(title string, rows []helpRow) board { return board{v.Locale, v.T(title), rows} }
