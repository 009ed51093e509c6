// SPDX-License-Identifier: Apache-2.0

// Package console is the officers' screens: a queue by what runs out first, one page for each request,
// the composer, exhibits and their custody, the treaty desk, and what a night shift needs.
//
// It promises that every screen works without a script; that a person is signed in by a passkey, and
// again for what only a decider may do; that each act shows what will be journaled before it happens;
// that a form which could not be taken keeps what was typed and says what to mend beside the field; that
// nothing is done on a page that has become stale; and that what others wrote is shown as text and never
// run. It asks no other site for anything.
//
// It decides nothing: package docket does, and refuses what a screen should not have offered. It refuses
// posts that a browser makes for another site, and people who are not on the node's list any more.
// Sessions are kept in memory: after a restart everybody signs in again. It has no TLS of its own: keep
// it on loopback, behind the ministry's proxy.
//
// After an error nothing was done, unless the code is "commit_failed"; see package docket.
package console

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/alexedwards/scs/v2"

	"rogatory"
	"rogatory/alarm"
	"rogatory/assistance"
	"rogatory/clock"
	"rogatory/docket"
	"rogatory/language"
	"rogatory/legislation"
	"rogatory/notice/post"
	"rogatory/pdf"
	"rogatory/treaty"
	"rogatory/upload"
)

// Config is what the console needs. Office, Rules, Clock, Log, People, Keys and Parties are required;
// what a nil function would do is said to be missing.
type Config struct {
	Office *docket.Office
	Rules  *treaty.Rules
	Clock  clock.Clock
	Log    *slog.Logger
	// People lists who may work here, read again for each page: who is taken off the list is out.
	People func(ctx context.Context) ([]rogatory.Officer, error)
	Keys   Keys
	// Parties lists the States of the directory.
	Parties func() []rogatory.Party
	// Demo lets anybody sign in as anybody by one click. It is heeded in exercise mode only.
	Demo bool
	// Origin is how browsers reach the office, such as https://office.example; empty means as the
	// browser says, which a passkey holds against the name that it was made for.
	Origin string

	// Desk is the 24/7 desk; nil without one. Rota changes who is on duty; nil where that is not done here.
	Desk *alarm.Desk
	Rota Rota
	// Post tells people by day what can wait; nil where nobody is told.
	Post *post.Post

	// Ministry is the ministry's own sign-in; nil without one. It needs Origin.
	Ministry *Ministry

	// Fetch begins to bring an offered exhibit here and returns at once.
	Fetch func(ctx context.Context, by rogatory.Actor, id rogatory.ExhibitID) error
	// Transfers lists exhibits on their way here.
	Transfers func() []Transfer
	// Package writes a court package of the case to a folder that must not exist.
	Package func(ctx context.Context, by rogatory.Actor, id rogatory.CaseID, why, folder string) error
	// Setup says what is ready, and Rehearse tries a backup beside the running node.
	Setup    func(ctx context.Context) Setup
	Rehearse func(ctx context.Context) error
	// Render makes rendered copies of evidence; nil if this node makes none.
	Render Render
	// Uploads keeps files that come in pieces; nil if they come in one only.
	Uploads *upload.Shelf
	// Health says how the node is.
	Health func(ctx context.Context) []Check

	// Laws and Assistance read the published lists of the node; nil means that there are none.
	Laws       func() (legislation.Book, error)
	Assistance func() (assistance.Book, error)
}

// Transfer is an exhibit on its way here, in segments.
type Transfer struct {
	Exhibit     rogatory.ExhibitID
	Have, Total int64
	Done        bool
	Error       string
}

// Check is one thing that is well or not, in words.
type Check struct {
	Name  string
	OK    bool
	Words string
}

// Prefix is where the console lies at the office's door.
const Prefix = "/console/"

// maxForm bounds a form: a request with every field at its greatest length, as at the office's other door.
const maxForm = 1 << 20

// Sessions end by themselves: a shift is eight hours, and a hand-over takes a while.
const (
	sessionLife = 12 * time.Hour
	idleTime    = 2 * time.Hour
)

// watched is how the desk stood a moment ago.
type watched struct {
	sync.Mutex
	at    rogatory.Instant
	state alarm.State
}

type server struct {
	Config
	sessions *scs.SessionManager
	assets   assets
	watched  watched
	texts    *language.Catalogue
	spoken   []*language.Locale // those that have all their texts
	looks    *looks
	sealing  locks // uploads that are being sealed
	spent    spent
	patterns []string // of the routes, without Prefix, as they were added
	census   census
	fonts    func() (*pdf.Library, error)
}

// New returns the console. It answers below Prefix.
func New(c Config) http.Handler {
	s := &server{Config: c, sessions: newSessions(c), assets: loadAssets(), texts: language.Load(), looks: newLooks(), fonts: sync.OnceValues(pdf.Open)}
	s.spoken = whole(s.texts)
	s.sessions.ErrorFunc = func(w http.ResponseWriter, r *http.Request, err error) {
		s.Log.Error("console session", "err", err)
		http.Error(w, "the session could not be read", http.StatusInternalServerError)
	}
	mux := http.NewServeMux()
	s.routes(mux)
	protection := http.NewCrossOriginProtection()
	return headers(protection.Handler(mux))
}

func newSessions(c Config) *scs.SessionManager {
	m := scs.New()
	m.Store, m.Codec = newSessionStore(), sessionCodec{}
	m.Lifetime, m.IdleTimeout = sessionLife, idleTime
	// Cookies know no ports: two exercise nodes on one machine need names of their own.
	m.Cookie.Name = "rogatory-" + strings.ToLower(string(c.Office.Us.State))
	m.Cookie.Path = Prefix
	m.Cookie.HttpOnly = true
	m.Cookie.SameSite = http.SameSiteLaxMode
	if m.Cookie.Secure = strings.HasPrefix(c.Origin, "https://"); m.Cookie.Secure {
		// No other host under the ministry's domain, and nothing without TLS, can set such a cookie.
		m.Cookie.Name, m.Cookie.Path = "__Host-"+m.Cookie.Name, "/"
	}
	m.Cookie.Persist = false
	return m
}

// headers say what a page may do: show itself, and nothing from elsewhere.
func headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; worker-src 'self'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), publickey-credentials-get=(self), publickey-credentials-create=(self)")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

func (s *server) routes(mux *http.ServeMux) {
	mux.HandleFunc("GET "+Prefix+"assets/{name}", s.asset)

	s.open(mux, "GET sign-in", (*server).signIn)
	s.open(mux, "POST sign-in/demo", (*server).signInDemo)
	s.open(mux, "POST sign-in/begin", (*server).passkeyBegin)
	s.open(mux, "POST sign-in/finish", (*server).passkeyFinish)
	s.open(mux, "GET enrol", (*server).enrol)
	s.open(mux, "POST enrol/begin", (*server).enrolBegin)
	s.open(mux, "POST enrol/finish", (*server).enrolFinish)
	s.open(mux, "POST choose", (*server).choose)
	s.open(mux, "POST sign-out", (*server).signOut)
	s.page(mux, "GET confirm", (*server).confirm)
	s.page(mux, "POST confirm/demo", (*server).confirmDemo)
	s.page(mux, "GET resume", (*server).resume)

	s.page(mux, "GET {$}", func(s *server, v *visit) error { return v.to("inbox") })
	s.page(mux, "GET inbox", (*server).inbox)
	s.page(mux, "GET duty", (*server).duty)
	s.searchRoutes(mux)
	s.oversightRoutes(mux)
	s.guardRoutes(mux)
	s.excessRoutes(mux)
	s.page(mux, "POST requests/{id}/claim", (*server).claim)
	s.page(mux, "POST requests/{id}/assign", (*server).assigned)
	s.page(mux, "POST requests/{id}/aside", (*server).aside)
	s.page(mux, "POST bulk", (*server).bulk)
	s.page(mux, "POST bulk/undo", (*server).bulkUndo)
	s.page(mux, "GET keys", (*server).keysPage)
	s.page(mux, "GET requests/{id}", (*server).request)
	s.letterRoutes(mux)
	s.reviewRoutes(mux)
	s.caseworkRoutes(mux)
	s.policyRoutes(mux)
	s.page(mux, "GET requests/{id}/acts/{act}", (*server).actPage)
	s.page(mux, "POST requests/{id}/acts/{act}", (*server).actDone)
	s.page(mux, "GET new", (*server).newPage)
	s.page(mux, "POST new", (*server).newDone)
	s.page(mux, "GET requests/{id}/draft", (*server).tasks)
	s.page(mux, "GET requests/{id}/draft/{part}", (*server).partPage)
	s.page(mux, "POST requests/{id}/draft/{part}", (*server).partDone)
	s.page(mux, "GET requests/{id}/seal", (*server).sealPage)
	s.page(mux, "POST requests/{id}/seal", (*server).sealDone)
	s.previewRoutes(mux)
	s.uploadRoutes(mux)
	s.page(mux, "GET exhibits/{id}", (*server).exhibit)
	s.page(mux, "POST exhibits/{id}/fetch", (*server).fetch)
	s.page(mux, "POST exhibits/{id}/open", (*server).openExhibit)
	s.page(mux, "GET cases/{id}/package", (*server).packagePage)
	s.page(mux, "POST cases/{id}/package", (*server).packageDone)
	s.page(mux, "GET treaty", (*server).treatyDesk)
	s.page(mux, "GET treaty/{code}", (*server).treatyState)
	s.page(mux, "GET deadlines", (*server).whatIf)
	s.page(mux, "GET agenda", (*server).agenda)
	s.page(mux, "GET agenda.ics", (*server).agendaFile)
	s.page(mux, "GET people", (*server).people)
	s.page(mux, "GET setup", (*server).setup)
	s.page(mux, "POST setup/backup", (*server).rehearse)
	s.page(mux, "GET people/{name}/recover", (*server).recoverPage)
	s.page(mux, "POST people/{name}/recover", (*server).recoverAsked)
	s.page(mux, "POST people/{name}/link", (*server).recoverGiven)
	s.open(mux, "GET sign-in/ministry", (*server).ministry)
	s.open(mux, "GET sign-in/ministry/back", (*server).ministryBack)
	s.page(mux, "GET directory", (*server).contactSheet)
	s.page(mux, "POST directory/{state}/verified", (*server).contactVerified)
	s.page(mux, "GET desk", (*server).deskPage)
	s.page(mux, "POST desk/alarms/{id}", (*server).alarmAnswered)
	s.page(mux, "POST desk/notes", (*server).noteLeft)
	s.page(mux, "POST desk/notes/{id}/read", (*server).noteRead)
	s.page(mux, "GET rota", (*server).rotaPage)
	s.page(mux, "GET rota.ics", (*server).rotaFile)
	s.page(mux, "POST rota/override", (*server).overrideAdded)
	s.page(mux, "POST rota/swap", (*server).swapAdded)
	s.page(mux, "GET outbox", (*server).outbox)
	s.page(mux, "POST outbox/{id}/revive", (*server).revive)
	s.boards(mux)
	s.noticeRoutes(mux)
	s.page(mux, "GET directory/sheet", (*server).keptSheet)
	mux.HandleFunc("GET "+Prefix+"contacts-worker.js", s.contactWorker)
	mux.HandleFunc("GET "+Prefix+"duty/waiting", s.dutyWaiting)
	s.drillRoutes(mux)
	s.subjectRoutes(mux)

	mux.Handle(Prefix, s.sessions.LoadAndSave(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := s.visit(w, r)
		s.fail(v, rogatory.Fault(rogatory.NotFound, "page_unknown", "there is no page %.100q here", r.URL.Path))
	})))
}

// open adds a route for people who may not be signed in yet.
func (s *server) open(mux *http.ServeMux, pattern string, handle func(*server, *visit) error) {
	s.patterns = append(s.patterns, pattern)
	method, path, _ := strings.Cut(pattern, " ")
	mux.Handle(method+" "+Prefix+path, s.sessions.LoadAndSave(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := s.visit(w, r)
		if streams[pattern] {
			v.streams = true
		} else {
			r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		}
		if err := handle(s, v); err != nil {
			s.fail(v, err)
		}
	})))
}

// page adds a route for people who are signed in. A form that comes without a session, because it ran
// out, is kept for whoever signs in next in the same browser.
func (s *server) page(mux *http.ServeMux, pattern string, handle func(*server, *visit) error) {
	s.open(mux, pattern, func(s *server, v *visit) error {
		if v.by.Name == "" {
			if wantsJSON(v.r) { // a script that goes on when somebody has signed in again
				http.Error(v.w, "{}", http.StatusUnauthorized)
				return nil
			}
			s.keep(v)
			return v.to("sign-in")
		}
		return handle(s, v)
	})
}

// streams are the routes whose bodies may have any size: their handlers read them as they come, and bound them.
var streams = map[string]bool{
	"POST requests/{id}/seal": true,
	"PUT uploads/{id}":        true,
	"POST policies/try":       true,
}
