// SPDX-License-Identifier: Apache-2.0

// Package portal is the public door: pages for everybody, without accounts, cookies or scripts, in eight languages.
//
// It promises that it shows published values and nothing else: whoever builds it lends functions that return them, and
// it has no way to a case. That a page sets no cookie, loads nothing from elsewhere and runs no script, save the page
// that verifies a file, whose own script reads the file in the browser and sends nothing of it. That the language stands
// in the address, so that a link says what was read.
//
// It refuses anything but GET and HEAD. Its page asks for no more of a hash than it takes to look one up, so that it does
// not learn who has which file.
//
// After an error of what it was lent the page says that this part does not answer; the rest of the door stays open.
package portal

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"html/template"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"rogatory"
	"rogatory/assistance"
	"rogatory/clock"
	"rogatory/journal"
	"rogatory/language"
	"rogatory/transparency"
	"rogatory/treaty/status"
)

// Prefix is where the pages lie.
const Prefix = "/public/"

// Drills are figures of exercise calls that both States of a pair measured and signed alike.
type Drills struct {
	From, To       rogatory.StateCode
	Period         string
	N              int
	Machine, Human time.Duration // medians
	Signed         []byte        // the document with both signatures, JSON
}

// Policy is one rule of the safeguards in force.
type Policy struct {
	ID      string
	Article string
	Effect  string // block, hold or flag
	Key     string // of the words in package language; the identifier stands for them if it is empty
}

// Edition is a set of safeguards that counted from a moment on, or will.
type Edition struct {
	From            rogatory.Instant
	Digest          rogatory.Digest
	Tighter, Weaker int  // differences from the set before
	Coming          bool // it waits: it weakens, and its day is not over
}

// Safeguards are the rules that every request has to pass, and how they became what they are.
type Safeguards struct {
	Digest   rogatory.Digest
	InForce  []Policy
	Editions []Edition // the newest first
	Document []byte    // the set itself, as it is evaluated
}

// Config is what the door shows. Functions may be nil: their part then says that nothing is published yet. They are
// called for every page, at once by many.
type Config struct {
	Facts        func() transparency.Facts
	Certificates func() []string // PEM, of the State's authority
	Clock        clock.Clock
	Log          *slog.Logger
	Desk         func() *status.Desk
	Checkpoint   func(context.Context) ([]byte, error) // signed and cosigned, or journal.ErrUnpublished
	Reports      func(context.Context) (transparency.List, error)
	// Report returns a report's bytes and seal; NotFound if there is none of that period.
	Report func(context.Context, transparency.Period) (data, seal []byte, err error)
	Proof  func(context.Context, transparency.Period) ([]byte, error)
	// Attestations are what oversight bodies attest of a report, verified.
	Attestations func(context.Context, transparency.Period) ([]transparency.Attested, error)
	Assistance   func() (assistance.Book, error)
	Drills       func(context.Context) ([]Drills, error)
	Safeguards   func(context.Context) (Safeguards, error)
}

//go:embed pages.html assets/portal.css assets/verify.js assets/hash.js assets/mark.svg
var files embed.FS

// asset is a file that a browser may keep for ever, since its address names its digest.
type asset struct {
	kind string
	raw  []byte
}

type server struct {
	Config
	texts  *language.Catalogue
	pages  *template.Template
	assets map[string]asset
	names  map[string]string // file -> address
	csv    sync.Map          // digest of a report -> that of its CSV: neither ever changes
}

// Policies of the pages. Only the page that verifies has a script, and it talks to nobody but its own origin.
const (
	policy       = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
	policyVerify = "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; worker-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types portal"
)

// New returns the handler of everything below Prefix.
func New(c Config) http.Handler {
	s := &server{Config: c, texts: language.Load(), assets: map[string]asset{}, names: map[string]string{}}
	s.pages = template.Must(template.ParseFS(files, "pages.html"))
	for name, kind := range map[string]string{"portal.css": "text/css; charset=utf-8", "verify.js": "text/javascript; charset=utf-8", "hash.js": "text/javascript; charset=utf-8", "mark.svg": "image/svg+xml"} {
		raw, err := files.ReadFile("assets/" + name)
		if err != nil {
			panic("an embedded file is missing: " + name)
		}
		sum := sha256.Sum256(raw)
		stem, ext, _ := strings.Cut(name, ".")
		hashed := stem + "-" + hex.EncodeToString(sum[:6]) + "." + ext
		s.assets[hashed], s.names[name] = asset{kind, raw}, Prefix+"assets/"+hashed
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+Prefix+"{$}", s.enter)
	mux.HandleFunc("GET "+Prefix+"node.json", s.node)
	mux.HandleFunc("GET "+Prefix+"reports.json", s.list)
	mux.HandleFunc("GET "+Prefix+"digests.json", s.digestList)
	mux.HandleFunc("GET "+Prefix+"{tag}/{rest...}", s.below)
	mux.HandleFunc("GET "+Prefix, s.page(nowhere))
	return mux
}

func nowhere(*server, *visit) error { return notFound("there is no such page") }

// below finds what an address means: a file, or a page in a language.
func (s *server) below(w http.ResponseWriter, r *http.Request) {
	rest := r.PathValue("rest")
	switch r.PathValue("tag") {
	case "reports":
		s.reportFile(w, r, rest)
		return
	case "files":
		s.document(w, r, rest)
		return
	case "assets":
		s.asset(w, r, rest)
		return
	}
	show, ok := map[string]func(*server, *visit) error{"": (*server).home, "treaty": (*server).treaty, "map.svg": (*server).atlas, "report": (*server).report, "report.atom": (*server).feed, "network": (*server).network,
		"safeguards": (*server).safeguards, "assistance": (*server).help, "journal": (*server).journal, "verify": (*server).verify}[rest]
	if period, named := strings.CutPrefix(rest, "report/"); named {
		show, ok = func(s *server, v *visit) error { v.period = transparency.Period(period); return s.report(v) }, true
	}
	if !ok {
		show = nowhere
	}
	s.page(show)(w, r)
}

// visit is one request for a page.
type visit struct {
	*language.Locale
	w    http.ResponseWriter
	r    *http.Request
	ctx  context.Context
	now  rogatory.Instant
	path string // below the language, for the links to other languages

	period transparency.Period // that the address names
}

// enter leads to the language of the browser.
func (s *server) enter(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Vary", "Accept-Language")
	http.Redirect(w, r, Prefix+s.texts.Locale(r.Header.Get("Accept-Language")).Tag()+"/", http.StatusSeeOther)
}

// page answers in the language that the address names. What fails is said in words; what was wrong inside is for the
// log alone.
func (s *server) page(show func(*server, *visit) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		tag := r.PathValue("tag")
		known := slices.Contains(language.Supported(), tag)
		if !known {
			tag = language.Base
		}
		v := &visit{Locale: s.texts.Locale(tag), w: w, r: r, ctx: r.Context(), now: rogatory.At(s.Clock.Now())}
		v.path = strings.TrimPrefix(r.URL.Path, Prefix+tag+"/")
		var err error
		if known {
			err = show(s, v)
		} else {
			err = nowhere(s, v)
		}
		if err == nil {
			return
		}
		status, words := http.StatusServiceUnavailable, "portal.sorry"
		if rogatory.KindOf(err) == rogatory.NotFound || rogatory.KindOf(err) == rogatory.Invalid {
			status, words, v.path = http.StatusNotFound, "portal.missing", ""
		} else if s.Log != nil {
			s.Log.Error("public page", "code", rogatory.CodeOf(err), "error", err.Error())
		}
		if err := s.show(v, status, "message", v.T("portal.title"), v.T(words)); err != nil && s.Log != nil {
			s.Log.Error("public page", "error", err.Error())
		}
	}
}

// view is what a template sees.
type view struct {
	*language.Locale
	Title, Page, Path string
	CSS, JS, Hash     string
	Icon              string
	Name              string // of the State
	Code              rogatory.StateCode
	Exercise          bool
	Now               string
	Tongues           []tongue
	Nav               []entry
	Is                any
}

type tongue struct {
	Tag, Dir, Name string
	Here           bool
}

type entry struct {
	Path, Label, Words string
	Here               bool
}

// At is the address of a page in the language of this one.
func (v view) At(path string) string { return Prefix + v.Tag() + "/" + path }

// Is it a page with a script.
func (v view) Scripted() bool { return v.Page == "verify" }

// sections are the pages in the order of the navigation.
var sections = []struct{ path, label, words string }{
	{"treaty", "portal.treaty", "portal.treaty.go"}, {"report", "portal.report", "portal.report.go"}, {"network", "portal.network", "portal.network.go"},
	{"safeguards", "portal.safeguards", "portal.safeguards.go"}, {"assistance", "help.title", "portal.help.go"}, {"journal", "portal.journal", "portal.journal.go"}, {"verify", "portal.verify", "portal.verify.go"},
}

func (s *server) show(v *visit, status int, page, title string, is any) error {
	facts := s.Facts()
	d := view{Locale: v.Locale, Title: title, Page: page, Path: v.path, CSS: s.names["portal.css"], JS: s.names["verify.js"], Hash: s.names["hash.js"], Icon: s.names["mark.svg"],
		Name: v.State(facts.State), Code: facts.State, Exercise: facts.Mode == rogatory.Exercise, Now: v.Moment(v.now, time.UTC), Is: is}
	for _, tag := range language.Supported() {
		l := s.texts.Locale(tag)
		d.Tongues = append(d.Tongues, tongue{tag, l.Dir(), l.Language(tag), tag == v.Tag()})
	}
	here, _, _ := strings.Cut(v.path, "/")
	for _, e := range sections {
		d.Nav = append(d.Nav, entry{e.path, v.T(e.label), v.T(e.words), e.path == here})
	}
	var b bytes.Buffer
	if err := s.pages.ExecuteTemplate(&b, page, d); err != nil {
		return err
	}
	h := v.w.Header()
	h.Set("Content-Language", v.Tag())
	if page == "verify" {
		h.Set("Content-Security-Policy", policyVerify)
	} else {
		h.Set("Content-Security-Policy", policy)
	}
	send(v.w, v.r, status, "text/html; charset=utf-8", pageKept, b.Bytes())
	return nil
}

// How long a browser or a mirror may keep what it got. A report never changes.
const (
	pageKept   = "public, max-age=60"
	reportKept = "public, max-age=31536000, immutable"
)

// send writes an answer, packed if the reader takes it so.
func send(w http.ResponseWriter, r *http.Request, status int, kind, kept string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Cache-Control", kept)
	h.Set("Vary", "Accept-Encoding")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	if h.Get("Content-Security-Policy") == "" {
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox")
	}
	if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.WriteHeader(status)
		w.Write(body)
		return
	}
	h.Set("Content-Encoding", "gzip")
	w.WriteHeader(status)
	z := gzip.NewWriter(w)
	z.Write(body) // a reader who went away wants no more
	z.Close()
}

func (s *server) asset(w http.ResponseWriter, r *http.Request, name string) {
	a, ok := s.assets[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	if strings.HasPrefix(name, "hash-") {
		w.Header().Set("Content-Security-Policy", "default-src 'none'") // a worker has a policy of its own: it talks to nobody
	}
	send(w, r, http.StatusOK, a.kind, reportKept, a.raw)
}

func (s *server) node(w http.ResponseWriter, r *http.Request) {
	send(w, r, http.StatusOK, "application/json", pageKept, s.Facts().Encode())
}

// fail answers a request for a file.
func (s *server) fail(w http.ResponseWriter, r *http.Request, err error) {
	status := http.StatusServiceUnavailable
	if k := rogatory.KindOf(err); k == rogatory.NotFound || k == rogatory.Invalid {
		status = http.StatusNotFound
	} else if s.Log != nil {
		s.Log.Error("public file", "code", rogatory.CodeOf(err), "error", err.Error())
	}
	problem, _ := json.Marshal(map[string]string{"code": rogatory.CodeOf(err)})
	send(w, r, status, "application/json", "no-store", problem)
}

// checkpoint reads the published checkpoint. Nobody checks it here: the reader does.
func (s *server) checkpoint(ctx context.Context) (note []byte, c journal.Checkpoint, err error) {
	if s.Checkpoint == nil {
		return nil, c, journal.ErrUnpublished
	}
	if note, err = s.Checkpoint(ctx); err != nil {
		return nil, c, err
	}
	text, _, _ := bytes.Cut(note, []byte("\n\n"))
	c, err = journal.ParseCheckpoint(append(slices.Clone(text), '\n'))
	return note, c, err
}
