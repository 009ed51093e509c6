// SPDX-License-Identifier: Apache-2.0

package console

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"rogatory"
	"rogatory/docket"
	"rogatory/language"
	"rogatory/store"
	"rogatory/treaty"
	"rogatory/upload"
)

// maySeal: a custodian seals evidence where the kind hands exhibits over from this side, while it is due.
func maySeal(role rogatory.OfficerRole, f docket.File, k treaty.Kind) bool {
	if role != rogatory.Custodian || !k.AllowsBy(rogatory.Offer, f.Side) {
		return false
	}
	_, _, err := rogatory.Next(f.State, rogatory.Offer, f.Side)
	return err == nil
}

// handView is one hand through which an exhibit went.
type handView struct {
	Time  string
	There string
	Who   string
	What  string
	Why   string
	Type  rogatory.EntryType
	// Theirs is whether the other State acted, Where the node that journaled it.
	Theirs   bool
	Where    string
	Digest   string // of the evidence, as it was then held against
	Unproved bool   // nothing from the other State proves it yet
}

type exhibitPage struct {
	exhibitView
	File      docket.File
	ThemName  string
	Hands     []handView
	Transfer  *Transfer
	MayFetch  bool
	MayOpen   bool
	MayOffer  bool
	MayLook   bool
	MayRelay  bool
	MayDecide bool
	Keeping   *keptView // once its request has ended
	Files     []fileRow // of the request
	Compare   compareView
	Wrong     string // of the reason
	Why       string
	About     comparedView
}

func (s *server) exhibitPage(v *visit) (exhibitPage, error) {
	var p exhibitPage
	if err := docket.MayRead(v.by); err != nil {
		return p, err
	}
	id := rogatory.ExhibitID(v.r.PathValue("id"))
	f, x, err := s.Office.Exhibit(v.ctx, id)
	if err != nil {
		return p, err
	}
	p = exhibitPage{exhibitView: exhibitView{x, f.ID}, File: f, ThemName: s.name(v.loc, f.Them.State)}
	custodian := v.by.Role == rogatory.Custodian
	p.MayFetch = custodian && !x.Ours && x.State == docket.Offered && s.Fetch != nil
	opener := custodian
	if x.Quarantine != nil {
		opener = v.by.Role == rogatory.Decider && v.by.Name != x.By
	}
	p.MayOpen = opener && (x.State == docket.Held || x.Ours && x.State != docket.Deleted)
	p.MayOffer = x.Ours && x.State == docket.Sealed && x.Quarantine == nil && slices.ContainsFunc(s.actsOf(f, v.by), func(a actView) bool { return a.Act == rogatory.Offer })
	if s.Transfers != nil {
		for _, t := range s.Transfers() {
			if t.Exhibit == id && x.State == docket.Offered {
				p.Transfer = &t
			}
		}
	}
	p.MayLook = p.MayOpen && s.Render != nil
	p.About = comparedOf(v, x)
	p.MayRelay, p.MayDecide = mayRelay(v.by.Role, x), v.by.Role == rogatory.Decider
	if k, kept, err := s.Office.KeepingOf(v.ctx, v.by, id); err != nil {
		return p, err
	} else if kept {
		row := s.kept(v, k)
		p.Keeping = &row
	}
	if p.Files, err = s.filesOf(v, f, id); err != nil {
		return p, err
	}
	p.Compare = compared(x.Exhibit, v.r.URL.Query().Get("digest"))
	p.Hands, err = s.hands(v, f, id)
	return p, err
}

// hands reads the custody of an exhibit from the journal: entries that name it, and messages that do.
func (s *server) hands(v *visit, f docket.File, id rogatory.ExhibitID) ([]handView, error) {
	entries, err := s.entriesOf(v, f.ID)
	if err != nil {
		return nil, err
	}
	messages, err := s.Office.MessagesOf(v.ctx, v.by, f.ID)
	if err != nil {
		return nil, err
	}
	byEntry := map[int64]docket.Correspondence{}
	for _, m := range messages {
		byEntry[m.Entry] = m
	}
	us, their := zoneOf(s.party(s.Office.Us.State)), zoneOf(s.party(f.Them.State))
	var all []handView
	for _, e := range entries {
		h := handView{Type: e.Entry.Type, Where: f.Us.String(), Time: when(v.loc, e.Entry.At, us), Who: whoOf(v.loc, e.Entry.By.Officer), Why: saidOf(v.loc, e.Entry)}
		if us != their {
			h.There = v.loc.T("clock.there", "time", when(v.loc, e.Entry.At, their))
		}
		m, isMessage := byEntry[e.Index]
		switch {
		case isMessage && e.Entry.Type != rogatory.MessageReceipted && (m.Message.Body.ExhibitID == id || m.Message.Body.Exhibit != nil && m.Message.Body.Exhibit.ID == id):
			var l lineView
			s.message(v, &l, m, f)
			h.What, h.Who, h.Theirs, h.Unproved = l.What, l.Who, m.Direction == store.In, l.Proof == ""
			if h.Theirs {
				h.Where = f.Them.String()
			}
			if l.Problem != "" {
				h.Why = l.Problem
			}
			if l.Proof != "" {
				h.Why = l.Proof
			}
		case e.Entry.Exhibit != nil && e.Entry.Exhibit.ID == id:
			if h.What = entryWords(v.loc, e.Entry, zoneOf(s.party(s.Office.Us.State))); e.Entry.Type == rogatory.ExhibitOpened && e.Entry.Name == docket.RenderedCopy {
				h.What = v.loc.T("preview.looked")
			}
		default:
			continue
		}
		switch e.Entry.Type {
		case rogatory.ExhibitSealed, rogatory.ExhibitReceived, rogatory.ExhibitOpened, rogatory.ExhibitExported:
			if e.Entry.Exhibit != nil {
				h.Digest = e.Entry.Exhibit.Seal.SHA256.Short()
			}
		}
		all = append(all, h)
	}
	return all, nil
}

func (s *server) exhibit(v *visit) error {
	p, err := s.exhibitPage(v)
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, exhibitScreen(v.frame(p.Exhibit.Title, "inbox"), p))
}

func (s *server) fetch(v *visit) error {
	p, err := s.exhibitPage(v)
	if err != nil {
		return err
	}
	if !p.MayFetch {
		return rogatory.Fault(rogatory.Conflict, "exhibit_not_offered", "exhibit %s cannot be fetched by %s (%s) while it is %s", p.Exhibit.ID, v.by.Name, v.by.Role, p.State).WithHint("a custodian fetches what is on offer")
	}
	if _, err := s.Office.Incoming(v.ctx, p.File.Them.State, p.Exhibit.Seal.Root); err != nil {
		return err
	}
	if err := s.Fetch(v.ctx, v.by, p.Exhibit.ID); err != nil {
		return err
	}
	return v.to("exhibits/" + string(p.Exhibit.ID))
}

// openExhibit sends the evidence as a download. Status and headers go with the first byte; what fails
// after it breaks the connection off, so that nobody mistakes a part for the whole.
func (s *server) openExhibit(v *visit) error {
	if err := v.r.ParseForm(); err != nil {
		return rogatory.Fault(rogatory.Invalid, "form_unread", "the form cannot be read: %w", err)
	}
	p, err := s.exhibitPage(v)
	if err != nil {
		return err
	}
	p.Why = strings.TrimSpace(v.r.PostForm.Get("why"))
	if !p.MayOpen {
		return rogatory.Fault(rogatory.Denied, "role_not_allowed", "exhibit %s cannot be opened by %s (%s) while it is %s", p.Exhibit.ID, v.by.Name, v.by.Role, p.State).WithHint("a custodian opens what is held here")
	}
	if p.Why == "" {
		p.Wrong = v.loc.T("wrong.why")
		return v.show(http.StatusUnprocessableEntity, exhibitScreen(v.frame(p.Exhibit.Title, "inbox"), p))
	}
	out := &download{v: v, name: p.Exhibit.FileName, size: p.Exhibit.Seal.Size}
	if _, err := s.Office.OpenExhibitTo(v.ctx, v.by, p.Exhibit.ID, p.Why, out, nil); err != nil {
		if !out.begun {
			return err
		}
		s.Log.Error("console open exhibit", "err", err)
		panic(http.ErrAbortHandler)
	}
	out.begin()
	return nil
}

// download begins with the first byte that is written.
type download struct {
	v     *visit
	name  string
	size  int64 // -1 if it is not known
	begun bool
}

func (d *download) begin() {
	if d.begun {
		return
	}
	d.begun = true
	h := d.v.w.Header()
	h.Set("Content-Type", "application/octet-stream") // never what somebody else said it is
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": d.name}))
	if d.size >= 0 {
		h.Set("Content-Length", strconv.FormatInt(d.size, 10))
	}
	d.v.w.WriteHeader(http.StatusOK)
}

// Write implements io.Writer.
func (d *download) Write(p []byte) (int, error) {
	d.begin()
	return d.v.w.Write(p)
}

type sealView struct {
	File       docket.File
	ThemName   string
	Fields     []field
	Fault      *rogatory.Error
	Unfinished []upload.Upload
}

func (s *server) sealForm(l *language.Locale, values map[string]string) []field {
	return []field{
		{Name: "title", Label: l.T("seal.name"), Hint: l.T("seal.name.hint"), Form: "text", Value: values["title"], Needed: true, Example: l.T("example.seal.name")},
		{Name: "acquired", Label: l.T("seal.acquired"), Hint: l.T("seal.acquired.hint"), Article: "44(1)", Form: "area", Value: values["acquired"], Needed: true, Example: l.T("example.seal.acquired")},
		{Name: "time_column", Label: l.T("excess.time_column"), Hint: l.T("excess.time_column.hint"), Form: "text", Value: values["time_column"]},
		{Name: "identifier_columns", Label: l.T("excess.identifier_columns"), Hint: l.T("excess.identifier_columns.hint"), Form: "text", Value: values["identifier_columns"]},
	}
}

func (s *server) sealPage(v *visit) error {
	f, err := v.file()
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, sealScreen(v.frame(v.loc.T("seal.title"), "inbox"), sealView{File: f, ThemName: s.name(v.loc, f.Them.State), Fields: s.sealForm(v.loc, nil), Unfinished: s.unfinished(v, f.ID)}))
}

// maxFormValue bounds a text of an upload's form.
const maxFormValue = 16 << 10

// sealDone reads the form as it comes: the texts first, then the file, which is sealed in one pass and
// never held in memory or on disk in clear.
func (s *server) sealDone(v *visit) error {
	f, err := v.file()
	if err != nil {
		return err
	}
	values := map[string]string{}
	again := func(e *rogatory.Error, name, wrong string) error {
		fields := s.sealForm(v.loc, values)
		for i := range fields {
			if fields[i].Name == name {
				fields[i].Wrong = wrong
			}
		}
		io.Copy(io.Discard, io.LimitReader(v.r.Body, maxForm))
		return v.show(http.StatusUnprocessableEntity, sealScreen(v.frame(v.loc.T("seal.title"), "inbox"), sealView{f, s.name(v.loc, f.Them.State), fields, e, s.unfinished(v, f.ID)}))
	}
	form, err := v.r.MultipartReader()
	if err != nil {
		return rogatory.Fault(rogatory.Invalid, "form_unread", "the form cannot be read: %w", err)
	}
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return again(rogatory.Fault(rogatory.Invalid, "file_missing", "no file was chosen").WithHint("choose the file that is to be sealed"), "", "")
		}
		if err != nil {
			return rogatory.Fault(rogatory.Invalid, "form_unread", "the form cannot be read: %w", err)
		}
		if part.FormName() != "file" {
			text, err := io.ReadAll(io.LimitReader(part, maxFormValue))
			if err != nil {
				return rogatory.Fault(rogatory.Invalid, "form_unread", "the form cannot be read: %w", err)
			}
			values[part.FormName()] = strings.TrimSpace(string(text))
			continue
		}
		for _, each := range s.sealForm(v.loc, values) {
			if each.Needed && each.Value == "" {
				return again(nil, each.Name, v.loc.T("wrong.missing", "label", each.Label))
			}
		}
		if part.FileName() == "" {
			return again(rogatory.Fault(rogatory.Invalid, "file_missing", "no file was chosen").WithHint("choose the file that is to be sealed"), "", "")
		}
		x, err := s.Office.Seal(v.ctx, v.by, f.ID, docket.Sealing{Title: values["title"], FileName: safeName(part.FileName()), MediaType: "application/octet-stream", Acquired: values["acquired"],
			Limits: rogatory.UseLimits{Confidential: true}, Columns: namedColumns(values)}, part, nil)
		if e := faultOf(err); e != nil && e.Kind != rogatory.Internal {
			return again(e, "", "")
		}
		if err != nil {
			return err
		}
		v.say("seal.done", "id", x.ID)
		return v.to("exhibits/" + string(x.ID))
	}
}

// maxFileName leaves room for what a court package puts before the name.
const maxFileName = 120

// safeName makes a name that means the same on every system: what a court package takes.
func safeName(name string) string {
	name = filepath.Base(strings.ReplaceAll(name, `\`, "/"))
	safe := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '-' || r == '_' {
			return r
		}
		return '_'
	}, name)
	safe = strings.Trim(safe, ".-")
	if len(safe) > maxFileName {
		safe = safe[len(safe)-maxFileName:]
	}
	if strings.Trim(safe, "_.-") == "" {
		return "exhibit.bin"
	}
	return strings.TrimLeft(safe, ".-")
}

type packageView struct {
	Case  rogatory.CaseID
	Files []docket.File
	Why   string
	Wrong string
	May   bool
}

func (s *server) packageView(v *visit) (packageView, error) {
	p := packageView{Case: rogatory.CaseID(v.r.PathValue("id")), May: v.by.Role == rogatory.Custodian && s.Package != nil}
	var err error
	p.Files, err = s.Office.RequestsOfCase(v.ctx, v.by, p.Case)
	return p, err
}

func (s *server) packagePage(v *visit) error {
	p, err := s.packageView(v)
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, packageScreen(v.frame(v.loc.T("package.title"), "inbox"), p))
}

// packageDone writes the package to a temporary folder, sends it as one archive, and removes it.
func (s *server) packageDone(v *visit) error {
	if err := v.r.ParseForm(); err != nil {
		return rogatory.Fault(rogatory.Invalid, "form_unread", "the form cannot be read: %w", err)
	}
	p, err := s.packageView(v)
	if err != nil {
		return err
	}
	if !p.May {
		return rogatory.Fault(rogatory.Denied, "role_not_allowed", "%s in the role %s may not export evidence", v.by.Name, v.by.Role).WithHint("this needs the role custodian")
	}
	if p.Why = strings.TrimSpace(v.r.PostForm.Get("why")); p.Why == "" {
		p.Wrong = v.loc.T("wrong.why")
		return v.show(http.StatusUnprocessableEntity, packageScreen(v.frame(v.loc.T("package.title"), "inbox"), p))
	}
	base, err := os.MkdirTemp("", "rogatory-package-")
	if err != nil {
		return fmt.Errorf("make a folder for the package: %w", err)
	}
	defer os.RemoveAll(base)
	name := "court-package-" + string(p.Case)
	folder := filepath.Join(base, name)
	why, err := s.Office.ForUse(v.ctx, v.by, p.Case, p.Why, rogatory.Consent{Use: rogatory.ConsentUse(v.r.PostForm.Get("use")), To: strings.TrimSpace(v.r.PostForm.Get("third"))})
	if err != nil {
		return err
	}
	if err := s.Package(v.ctx, v.by, p.Case, why, folder); err != nil {
		return err
	}
	out := &download{v: v, name: name + ".zip", size: -1}
	if err := pack(v.ctx, out, base); err != nil {
		if !out.begun {
			return err
		}
		s.Log.Error("console package", "err", err)
		panic(http.ErrAbortHandler)
	}
	return nil
}

// pack writes a folder as a zip archive, stored and not compressed: digests are checked after unpacking,
// and most evidence is packed already.
func pack(ctx context.Context, w io.Writer, base string) error {
	z := zip.NewWriter(w)
	err := fs.WalkDir(os.DirFS(base), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return errors.Join(err, ctx.Err())
		}
		from, err := os.Open(filepath.Join(base, path))
		if err != nil {
			return err
		}
		defer from.Close()
		to, err := z.CreateHeader(&zip.FileHeader{Name: path, Method: zip.Store})
		if err != nil {
			return err
		}
		_, err = io.Copy(to, from)
		return err
	})
	return errors.Join(err, z.Close())
}
