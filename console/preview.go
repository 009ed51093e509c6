// SPDX-License-Identifier: Apache-2.0

package console

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"rogatory"
	"rogatory/docket"
	"rogatory/language"
	"rogatory/preview"
)

// Render makes a rendered copy of a file, in a process of its own: see package preview.
type Render func(ctx context.Context, src io.ReaderAt, ask preview.Ask) (preview.Copy, error)

// looks are the leaves to read that people hold, by person and exhibit, and the types of files that were
// seen on the way. Neither outlives the program: after a restart the reason is given again.
type looks struct {
	mu    sync.Mutex
	open  map[lookKey]*docket.Look
	types map[rogatory.ExhibitID]string
	// pictures are those of pages that were just shown, for the browser that asks for them next: what was painted is not
	// painted twice.
	pictures map[lookKey]picture
}

type picture struct {
	page int // 0 for an image
	png  []byte
}

type lookKey struct {
	name    string
	exhibit rogatory.ExhibitID
}

// maxLooks and maxTypes bound what is held: an office's people and exhibits of some years.
const (
	maxLooks = 1000
	maxTypes = 100_000
	// maxPictures bounds the pictures that wait, of at most a few megabytes each; beyond it one is painted again.
	maxPictures = 16
)

func newLooks() *looks {
	return &looks{open: map[lookKey]*docket.Look{}, types: map[rogatory.ExhibitID]string{}, pictures: map[lookKey]picture{}}
}

func (l *looks) keep(look *docket.Look, now rogatory.Instant) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for k, each := range l.open {
		if each.Until < now || len(l.open) >= maxLooks {
			delete(l.open, k)
		}
	}
	l.open[lookKey{look.By.Name, look.Exhibit.ID}] = look
}

func (l *looks) of(by rogatory.Actor, id rogatory.ExhibitID, now rogatory.Instant) *docket.Look {
	l.mu.Lock()
	defer l.mu.Unlock()
	if look := l.open[lookKey{by.Name, id}]; look != nil && now <= look.Until {
		return look
	}
	return nil
}

// show keeps the picture of a page until its browser asks for it.
func (l *looks) show(by rogatory.Actor, id rogatory.ExhibitID, p picture) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for k := range l.pictures {
		if len(l.pictures) < maxPictures {
			break
		}
		delete(l.pictures, k)
	}
	l.pictures[lookKey{by.Name, id}] = p
}

// shown takes the picture of a page; nil if another waits, or none.
func (l *looks) shown(by rogatory.Actor, id rogatory.ExhibitID, page int) []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	k := lookKey{by.Name, id}
	p, ok := l.pictures[k]
	if !ok || p.page != page {
		return nil
	}
	delete(l.pictures, k)
	return p.png
}

func (l *looks) learn(id rogatory.ExhibitID, kind string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.types) < maxTypes {
		l.types[id] = kind
	}
}

func (l *looks) kind(id rogatory.ExhibitID) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.types[id]
}

func (s *server) previewRoutes(mux *http.ServeMux) {
	s.page(mux, "POST exhibits/{id}/look", (*server).lookInto)
	s.page(mux, "GET exhibits/{id}/look", (*server).look)
	s.page(mux, "GET exhibits/{id}/look.png", (*server).lookPicture)
}

// fileRow is one file of a request, as the table on an exhibit's page shows it.
type fileRow struct {
	docket.ExhibitFile
	Type     string // by content, once somebody looked; empty before
	Came     string // when it was sealed here or came here whole
	Verified string // when all of it was last read and held against its digests
	Unseen   bool   // this person has not opened or looked into it
	This     bool
}

// filesOf lists the files of a request with what the journal says of them.
func (s *server) filesOf(v *visit, f docket.File, this rogatory.ExhibitID) ([]fileRow, error) {
	entries, err := s.entriesOf(v, f.ID)
	if err != nil {
		return nil, err
	}
	zone := zoneOf(s.party(s.Office.Us.State))
	var rows []fileRow
	for _, x := range f.Exhibits {
		row := fileRow{ExhibitFile: x, Type: s.looks.kind(x.Exhibit.ID), Unseen: true, This: x.Exhibit.ID == this}
		for _, e := range entries {
			if e.Entry.Exhibit == nil || e.Entry.Exhibit.ID != x.Exhibit.ID {
				continue
			}
			time := when(v.loc, e.Entry.At, zone)
			switch e.Entry.Type {
			case rogatory.ExhibitSealed, rogatory.ExhibitCut, rogatory.ExhibitReceived:
				row.Came, row.Verified = time, time
			case rogatory.ExhibitExported:
				row.Verified = time
			case rogatory.ExhibitOpened:
				if e.Entry.Name != docket.RenderedCopy {
					row.Verified = time
				}
				row.Unseen = row.Unseen && e.Entry.By.Name != v.by.Name
			}
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// lookInto takes the reason, which is journaled as an opening, and goes to the rendered copy.
func (s *server) lookInto(v *visit) error {
	if err := v.r.ParseForm(); err != nil {
		return rogatory.Fault(rogatory.Invalid, "form_unread", "the form cannot be read: %w", err)
	}
	p, err := s.exhibitPage(v)
	if err != nil {
		return err
	}
	if p.Why = strings.TrimSpace(v.r.PostForm.Get("why")); p.Why == "" {
		p.Wrong = v.loc.T("wrong.why")
		return v.show(http.StatusUnprocessableEntity, exhibitScreen(v.frame(p.Exhibit.Title, "inbox"), p))
	}
	look, err := s.Office.LookInto(v.ctx, v.by, p.Exhibit.ID, p.Why)
	if err != nil {
		return err
	}
	s.looks.keep(look, v.now)
	return v.to("exhibits/" + string(p.Exhibit.ID) + "/look")
}

type lookPage struct {
	exhibitView
	Copy    preview.Copy
	Ask     preview.Ask
	Until   string
	Rows    []hexRow
	Fault   *rogatory.Error
	Prev    int64 // -1 if there is none
	Next    int64
	Picture string
}

type hexRow struct {
	At          int64
	Offset      string
	Left, Right string // sixteen bytes in two halves
	Chars       string
	Marked      bool
}

// leave returns the look that the person holds; nil, after the browser was sent to give a reason.
func (s *server) leave(v *visit) (*docket.Look, error) {
	if s.Render == nil {
		return nil, rogatory.Fault(rogatory.Unavailable, "preview_unguarded", "this node renders nothing").WithHint("download the original")
	}
	id := rogatory.ExhibitID(v.r.PathValue("id"))
	look := s.looks.of(v.by, id, v.now)
	if look == nil {
		v.say("preview.ended")
		return nil, v.to("exhibits/" + string(id))
	}
	return look, nil
}

// asked reads the address: as, at, mark, page, charset.
func asked(q url.Values, size int64) preview.Ask {
	number := func(name string) int64 {
		n, err := strconv.ParseInt(strings.TrimSpace(q.Get(name)), 0, 64) // 0x1f as well as 31
		if err != nil || n < 0 {
			return 0
		}
		return min(n, max(size-1, 0))
	}
	ask := preview.Ask{As: preview.As(q.Get("as")), Size: size, Charset: q.Get("charset")}
	if ask.As == preview.AsHex {
		ask.At, ask.Mark = number("at")/16*16, number("mark")
		if q.Get("mark") == "" {
			ask.Mark = ask.At
		}
	}
	if ask.As == preview.AsPages {
		page, err := strconv.Atoi(strings.TrimSpace(q.Get("page")))
		if err != nil {
			page = 1
		}
		ask.Page = min(max(page, 1), preview.MaxPages)
	}
	return ask
}

func (s *server) look(v *visit) error {
	look, err := s.leave(v)
	if look == nil {
		return err
	}
	f, x, err := s.Office.Exhibit(v.ctx, look.Exhibit.ID)
	if err != nil {
		return err
	}
	p := lookPage{exhibitView: exhibitView{x, f.ID}, Until: when(v.loc, look.Until, zoneOf(s.party(s.Office.Us.State))), Prev: -1, Next: -1}
	p.Ask = asked(v.r.URL.Query(), x.Exhibit.Seal.Size)
	status := http.StatusOK
	if p.Copy, err = s.render(v, look, &p.Ask); err != nil {
		if p.Fault = faultOf(err); p.Fault == nil || p.Fault.Kind == rogatory.Internal || p.Fault.Code == "preview_unknown" {
			return err
		}
		status = statusOf(err)
		p.Copy.Tabs = []preview.As{preview.AsHex, preview.AsText}
	}
	if kind := string(p.Copy.Type); kind != "" {
		s.looks.learn(x.Exhibit.ID, kind)
		if disguised(x.Exhibit.FileName, kind) {
			p.Copy.Remarks = append(p.Copy.Remarks, preview.Disguised)
		}
	}
	if p.Ask.As == preview.AsHex && p.Fault == nil {
		p.Rows = hexRows(p.Copy, p.Ask.Mark)
		if p.Ask.At > 0 {
			p.Prev = max(0, p.Ask.At-preview.HexPage)
		}
		if p.Copy.Cut {
			p.Next = p.Ask.At + preview.HexPage
		}
	}
	if p.Copy.PNG != nil {
		s.looks.show(v.by, x.Exhibit.ID, picture{p.Copy.Page, p.Copy.PNG})
	}
	if p.Ask.As == preview.AsImage && p.Copy.PNG != nil {
		p.Picture = Prefix + "exhibits/" + string(x.Exhibit.ID) + "/look.png"
	}
	if p.Ask.As == preview.AsPages && p.Fault == nil {
		p.turn()
	}
	return v.show(status, lookScreen(v.frame(x.Exhibit.Title, "inbox"), p))
}

// turn gives the page its picture, and the pages before and after it.
func (p *lookPage) turn() {
	at := int64(p.Copy.Page)
	if p.Copy.PNG != nil {
		p.Picture = Prefix + "exhibits/" + string(p.Exhibit.ID) + "/look.png" + pageLink(at)
	}
	if at > 1 {
		p.Prev = at - 1
	}
	if at < min(p.Copy.Count, preview.MaxPages) {
		p.Next = at + 1
	}
}

func pageLink(page int64) string { return "?as=" + string(preview.AsPages) + "&page=" + number(page) }

// lookPicture is the picture alone, painted anew: an image, or a page.
func (s *server) lookPicture(v *visit) error {
	look, err := s.leave(v)
	if look == nil {
		return err
	}
	ask := asked(v.r.URL.Query(), look.Exhibit.Seal.Size)
	if ask.As != preview.AsPages {
		ask = preview.Ask{As: preview.AsImage, Size: ask.Size}
	}
	plain, err := look.Open(v.ctx, v.by) // the leave may be over, or the evidence gone, since it was painted
	if err != nil {
		return err
	}
	plain.Close()
	png := s.looks.shown(v.by, look.Exhibit.ID, ask.Page)
	if png == nil {
		c, err := s.render(v, look, &ask)
		if err != nil {
			return err
		}
		if png = c.PNG; png == nil {
			return rogatory.Fault(rogatory.NotFound, "page_unknown", "exhibit %s has no picture", look.Exhibit.ID)
		}
	}
	v.w.Header().Set("Content-Type", "image/png")
	v.w.Header().Set("Content-Length", strconv.Itoa(len(png)))
	_, err = v.w.Write(png)
	return err
}

// render opens the evidence and has it rendered; without a way to look, in the best way that its type has.
func (s *server) render(v *visit, look *docket.Look, ask *preview.Ask) (preview.Copy, error) {
	plain, err := look.Open(v.ctx, v.by)
	if err != nil {
		return preview.Copy{}, err
	}
	defer plain.Close()
	if ask.As == "" {
		facts, err := s.Render(v.ctx, plain, preview.Ask{As: preview.Facts, Size: ask.Size})
		if err != nil {
			return preview.Copy{}, err
		}
		if ask.As = preview.AsHex; len(facts.Tabs) > 0 {
			ask.As = facts.Tabs[0]
		}
	}
	return s.Render(v.ctx, plain, *ask)
}

func hexRows(c preview.Copy, mark int64) []hexRow {
	var rows []hexRow
	for at := 0; at < len(c.Bytes); at += 16 {
		line := c.Bytes[at:min(at+16, len(c.Bytes))]
		var halves [2][]string
		chars := make([]byte, 0, 16)
		for i, b := range line {
			halves[i/8] = append(halves[i/8], fmt.Sprintf("%02x", b))
			if b < 0x20 || b > 0x7e {
				b = '.'
			}
			chars = append(chars, b)
		}
		offset := c.At + int64(at)
		rows = append(rows, hexRow{offset, fmt.Sprintf("%08x", offset), strings.Join(halves[0], " "), strings.Join(halves[1], " "), string(chars), mark >= offset && mark < offset+16})
	}
	return rows
}

// endings are the types that the endings of names promise, where people rely on them.
var endings = map[string][]string{
	".jpg": {"image/jpeg"}, ".jpeg": {"image/jpeg"}, ".png": {"image/png"}, ".gif": {"image/gif"}, ".pdf": {"application/pdf"}, ".zip": {"application/zip"},
	".txt": {"text/"}, ".log": {"text/", "application/json", "application/x-ndjson"}, ".csv": {"text/"}, ".eml": {"message/rfc822", "text/"}, ".evtx": {"application/x-ms-evtx"}, ".e01": {"application/x-ewf"},
	".pcap": {"application/vnd.tcpdump.pcap", "application/x-pcapng"}, ".pcapng": {"application/x-pcapng"}, ".gz": {"application/gzip"}, ".tar": {"application/x-tar"}, ".mp4": {"video/"}, ".mp3": {"audio/"},
	".docx": {"application/vnd.openxmlformats", "application/zip"}, ".xlsx": {"application/vnd.openxmlformats", "application/zip"},
}

// disguised: the name says another type than the content.
func disguised(name, kind string) bool {
	i := strings.LastIndex(name, ".")
	if i < 0 {
		return false
	}
	promised := endings[strings.ToLower(name[i:])]
	return promised != nil && !slices.ContainsFunc(promised, func(p string) bool { return strings.HasPrefix(kind, p) })
}

// lookLink is the address of another way to look.
func lookLink(p lookPage, as preview.As) string {
	return Prefix + "exhibits/" + string(p.Exhibit.ID) + "/look?as=" + string(as)
}

func hexLink(at, mark int64) string {
	link := "?as=" + string(preview.AsHex) + "&at=" + number(at) // on the same page: there is one for each row
	if mark >= 0 {
		link += "&mark=" + number(mark)
	}
	return link
}

func joined(lines []preview.Text) string {
	var b strings.Builder
	for i, l := range lines {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(string(l))
	}
	return b.String()
}

// timeOf writes a time of a file, which the child gave as RFC 3339.
func timeOf(l *language.Locale, s string) string {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return ""
	}
	return l.Moment(rogatory.At(t), time.UTC)
}

func remarkWords(l *language.Locale, all []preview.Remark) []string {
	var words []string
	for _, r := range all {
		words = append(words, l.T("preview.remark."+string(r)))
	}
	return words
}

func guarded(c preview.Copy, g preview.Guard) bool { return slices.Contains(c.Guards, g) }

// dash stands where a table has nothing to say.
func dash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}
