// SPDX-License-Identifier: Apache-2.0

// Package api is the office's own door: what staff and the ministry's systems ask of the node, over
// HTTP, and the Go client for it.
//
// It promises that every route but those that say only "alive", "ready" and "this is my interface"
// asks for a token; that the actor of each act is the person whose token came with it; that an error
// has a kind, a stable code, a message and often a hint, and never a cause; that evidence is streamed
// both ways and never held in memory; and that a stream which could not be verified to its end is
// broken off, so that nobody mistakes it for the evidence. The interface is described at
// /openapi.json in OpenAPI 3.1.
//
// It refuses unknown members, bodies above a named size, calls that a browser makes for another site,
// and people whose role does not allow what they ask. It has no TLS of its own: keep it on loopback,
// behind the ministry's proxy.
//
// After an error nothing was done, unless the code is "commit_failed"; see package docket. A call that
// got no answer may have been carried out: look, then decide.
package api

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"rogatory"
	"rogatory/clock"
	"rogatory/docket"
	"rogatory/treaty"
)

// Config is what the door needs. Office, Rules, Authenticate, Clock and Log are required. A function
// that is nil closes the routes that need it, with the code "not_provided".
type Config struct {
	Office *docket.Office
	Rules  *treaty.Rules
	Clock  clock.Clock
	Log    *slog.Logger
	// Authenticate says whose token it is. It compares digests, in constant time, so that the time it
	// takes says nothing about a token.
	Authenticate func(token string) (rogatory.Actor, bool)

	// Parties lists the States of the directory.
	Parties func() []rogatory.Party
	// Fetch starts to bring an offered exhibit here and returns at once.
	Fetch func(ctx context.Context, by rogatory.Actor, id rogatory.ExhibitID) error
	// Push brings an exhibit on offer to a State that cannot fetch it, and returns when it is there.
	Push func(ctx context.Context, id rogatory.ExhibitID) error
	// Transfers lists exhibits on their way here.
	Transfers func() []Transfer
	// Package writes a court package of the case to a folder that must not exist.
	Package func(ctx context.Context, by rogatory.Actor, id rogatory.CaseID, why, folder string) error
	// Journal is how others know our journal. Checkpoint and Prove read what is published of it.
	Journal    Journal
	Checkpoint func(ctx context.Context) (note []byte, size int64, err error)
	Prove      func(ctx context.Context, index int64) (proof []byte, err error)
	// CourierExport writes what waits for a State to a folder that must not exist, to be carried on a
	// disk; CourierImport takes in such a folder. Folders are absolute paths on the node's machine.
	CourierExport func(ctx context.Context, by rogatory.Actor, to rogatory.StateCode, folder string) (Courier, error)
	CourierImport func(ctx context.Context, by rogatory.Actor, folder string) (Courier, error)
	// Health says how the node is.
	Health func(ctx context.Context) []Check
	// Pages returns the newest rows of the pager's delivery log.
	Pages func(ctx context.Context, by rogatory.Actor, limit int) ([]PageDelivery, error)
	// Drills are the drills of the 24/7 network; nil where there is no desk.
	Drills *Drills
}

// Journal is how others know our journal.
type Journal struct {
	Origin      string `json:"origin"`
	VerifierKey string `json:"verifier_key" doc:"in C2SP signed-note form"`
	URL         string `json:"url" doc:"prefix of /checkpoint and /tile/"`
}

// Transfer is an exhibit on its way here, in segments.
type Transfer struct {
	Exhibit rogatory.ExhibitID `json:"exhibit"`
	Have    int64              `json:"have" doc:"segments verified and kept"`
	Total   int64              `json:"total"`
	Done    bool               `json:"done"`
	Error   string             `json:"error,omitempty"`
}

// Courier says what a carried folder holds, or what was taken from one.
type Courier struct {
	Folder   string `json:"folder"`
	Messages int    `json:"messages"`
	Receipts int    `json:"receipts"`
	Exhibits int    `json:"exhibits"`
}

// Check is one thing that is well or not, in words.
type Check struct {
	Name  string `json:"name"`
	OK    bool   `json:"ok"`
	Words string `json:"words"`
}

// Limits and waits of the door.
const (
	// maxBody bounds a call that is not a stream. The longest is a request with every field at its
	// greatest length, which the journal limits to the same size.
	maxBody = 1 << 20
	// bodyWait is how long a small body may take to arrive, in a slow office network.
	bodyWait = 10 * time.Second
	// patience is how long a stream may stand still before it is given up.
	patience = 2 * time.Minute
	// healthWait bounds the checks behind readiness and metrics.
	healthWait = 5 * time.Second
)

const prefix = "/api/v1"

type server struct {
	Config
	api huma.API
}

// New returns the door.
func New(c Config) http.Handler {
	mux := http.NewServeMux()
	s := &server{Config: c}
	s.api = humago.New(mux, configuration())
	s.routes()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "alive\n") })
	mux.HandleFunc("GET /readyz", s.ready)
	mux.Handle("GET /metrics", s.metrics())
	s.describe(mux)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, r, rogatory.Fault(rogatory.NotFound, "route_unknown", "there is no %s %.100q here", r.Method, r.URL.Path).WithHint("the interface is described at /openapi.json"))
	})
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, r, rogatory.Fault(rogatory.Denied, "cross_origin", "a browser made this call for another site"))
	}))
	return protection.Handler(s.authenticated(mux))
}

func configuration() huma.Config {
	c := huma.DefaultConfig("rogatory office", "1")
	c.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	c.Info.Description = "What an office of the UN Convention against Cybercrime asks of its node. Every route takes a bearer token. Errors are application/problem+json with kind, code, message and hint."
	c.Info.License = &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"}
	c.DocsPath, c.SchemasPath, c.OpenAPIPath = "", "", "" // no pages for browsers, and describe serves the rest
	c.CreateHooks = nil                                   // no $schema member, which would be made from the Host header
	c.FieldsOptionalByDefault = true                      // a draft may lack anything; the docket says what it lacks
	c.Formats = map[string]huma.Format{"application/json": huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat}
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"token": {Type: "http", Scheme: "bearer"}}
	c.Security = []map[string][]string{{"token": {}}}
	c.Transformers = []huma.Transformer{problems}
	return c
}

// describe serves the description of the interface, made once.
func (s *server) describe(mux *http.ServeMux) {
	schemas := s.api.OpenAPI().Components.Schemas.Map()
	delete(schemas, "ErrorModel") // the library's own form of an error, which this door never sends
	delete(schemas, "ErrorDetail")
	text, err := json.MarshalIndent(s.api.OpenAPI(), "", "  ")
	yaml, yerr := s.api.OpenAPI().YAML()
	if err != nil || yerr != nil {
		panic("describe the interface: it is fixed when the program is built")
	}
	serve := func(path, kind string, data []byte) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.Write(data)
		})
	}
	serve("/openapi.json", "application/openapi+json", text)
	serve("/openapi.yaml", "application/openapi+yaml", yaml)
}

// open lists what needs no token.
func open(path string) bool {
	return path == "/healthz" || path == "/readyz" || path == "/openapi.json" || path == "/openapi.yaml"
}

type actorKey struct{}

// authenticated lets nobody in without a token. The library hands only a context to its handlers, so
// the actor travels in it from here to route, where it becomes a parameter again.
func (s *server) authenticated(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if open(r.URL.Path) {
			next.ServeHTTP(w, r)
			return
		}
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if !strings.EqualFold(scheme, "Bearer") || token == "" {
			s.fail(w, r, rogatory.Fault(rogatory.Denied, codeTokenMissing, "this call needs a token").WithHint("send the header Authorization: Bearer TOKEN"))
			return
		}
		by, ok := s.Authenticate(token)
		if !ok {
			s.fail(w, r, rogatory.Fault(rogatory.Denied, codeTokenUnknown, "nobody here has this token").WithHint("an administrator gives tokens with rogatory person add"))
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), actorKey{}, by)))
	})
}

func (s *server) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), healthWait)
	defer cancel()
	if _, err := s.Office.Outbox(ctx, "dead", 1); err != nil {
		plain(w, http.StatusServiceUnavailable, "not ready\n")
		return
	}
	plain(w, http.StatusOK, "ready\n")
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	w.Write([]byte(text))
}

// answer is a body; the library wants it in a struct.
type answer[T any] struct{ Body T }

// route adds one operation. The handler is told who asks.
func route[I, O any](s *server, method, path, name, summary string, handle func(ctx context.Context, by rogatory.Actor, in *I) (O, error), options ...func(*huma.Operation)) {
	op := huma.Operation{OperationID: name, Method: method, Path: prefix + path, Summary: summary, MaxBodyBytes: maxBody, BodyReadTimeout: bodyWait,
		Responses: map[string]*huma.Response{"default": s.problemResponse()}}
	for _, o := range options {
		o(&op)
	}
	huma.Register(s.api, op, func(ctx context.Context, in *I) (*answer[O], error) {
		by, _ := ctx.Value(actorKey{}).(rogatory.Actor)
		out, err := handle(ctx, by, in)
		if err != nil {
			return nil, s.refuse(method+" "+path, err)
		}
		return &answer[O]{out}, nil
	})
}

// slow lifts the time limits from an operation that works as long as evidence is large.
func slow(op *huma.Operation) {
	op.BodyReadTimeout = -1
	op.Middlewares = append(op.Middlewares, func(ctx huma.Context, next func(huma.Context)) {
		_, w := humago.Unwrap(ctx)
		c := http.NewResponseController(w)
		c.SetReadDeadline(time.Time{}) // a recorder in a test has none: then there is nothing to lift
		c.SetWriteDeadline(time.Time{})
		next(ctx)
	})
}

func status(code int) func(*huma.Operation) {
	return func(op *huma.Operation) { op.DefaultStatus = code }
}

func notProvided(what string) error {
	return rogatory.Fault(rogatory.Unavailable, "not_provided", "this node does not provide %s", what)
}

// needs holds a role against those that may do something which the lifecycle does not name.
func needs(by rogatory.Actor, what string, roles ...rogatory.OfficerRole) error {
	var names []string
	for _, r := range roles {
		if by.Role == r {
			return nil
		}
		names = append(names, string(r))
	}
	return rogatory.Fault(rogatory.Denied, "role_not_allowed", "%s in the role %s may not %s", by.Name, by.Role, what).
		WithHint("this needs the role " + strings.Join(names, " or "))
}

// schemaName names a type in the description of the interface. The safeguards speak of measures and findings as the
// subject does, of other ones.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.PkgPath() == "rogatory/safeguard" {
		return "Safeguard" + name
	}
	return name
}
