// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"rogatory"
)

// This file is all that knows the two engines and their drivers. The SQL elsewhere is one text for
// both: parameters $1, $2 numbered in order of first appearance, ON CONFLICT and RETURNING as both
// have them, booleans as TRUE and FALSE.

// busyTimeout is how long an update waits for another process's: for SQLite that is a backup or an
// administrator's tool, for PostgreSQL the other replicas, whose groups take some 20 ms each.
const busyTimeout = 10 * time.Second

// statementTimeout ends a statement on PostgreSQL that should take milliseconds, and a transaction
// that its replica has forgotten while the others wait for it.
const statementTimeout = 60 * time.Second

// walLimit is the size in bytes to which SQLite cuts its write-ahead log back after a peak.
const walLimit = 64 << 20

// migrations are numbered SQL files, the same names for both engines.
//
//go:embed migrations
var migrations embed.FS

// engine is what differs between the two.
type engine struct {
	name      string
	path      string          // of SQLite's file
	server    *pgx.ConnConfig // of PostgreSQL
	begin     string          // starts a group of updates
	state     string          // reads the journal's state, and makes other replicas wait
	beginView string

	crypt    *cryptor // seals and opens; nil for Copy alone
	indexKey int      // number of the key whose tokens the index of the search holds
}

func engineOf(c Config) (engine, error) {
	if c.Source == "" {
		return engine{}, rogatory.Fault(rogatory.Invalid, "store_source", "open store: no source given")
	}
	switch c.Engine {
	case SQLite:
		path, err := filepath.Abs(c.Source)
		if err != nil {
			return engine{}, rogatory.Fault(rogatory.Invalid, "store_source", "open store %q: %w", c.Source, err)
		}
		return engine{
			name: SQLite,
			path: path,
			// A deferred transaction that turns to writing fails at once, whatever the timeout.
			begin:     "BEGIN IMMEDIATE",
			state:     "SELECT size, root FROM journal_state WHERE id = 1",
			beginView: "BEGIN",
		}, nil
	case Postgres:
		server, err := pgx.ParseConfig(c.Source)
		if err != nil {
			// The cause is not kept: it may hold the password.
			return engine{}, rogatory.Fault(rogatory.Invalid, "store_source", "open store: the connection string cannot be read")
		}
		if server.ConnectTimeout == 0 {
			server.ConnectTimeout = busyTimeout
		}
		for name, value := range map[string]string{
			"application_name": "rogatory",
			// Compiling a query takes longer than any of ours.
			"jit":                                 "off",
			"lock_timeout":                        milliseconds(busyTimeout),
			"statement_timeout":                   milliseconds(statementTimeout),
			"idle_in_transaction_session_timeout": milliseconds(statementTimeout),
		} {
			server.RuntimeParams[name] = value
		}
		return engine{
			name:   Postgres,
			server: server,
			// The lock makes writers take turns, as SQLite does; under it each statement sees all
			// that was committed. Serializable transactions would instead fail and repeat.
			begin:     "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
			state:     "SELECT size, root FROM journal_state WHERE id = 1 FOR UPDATE",
			beginView: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
		}, nil
	}
	return engine{}, rogatory.Fault(rogatory.Invalid, "store_engine", "open store: engine %q is neither %q nor %q", c.Engine, SQLite, Postgres)
}

func milliseconds(d time.Duration) string { return fmt.Sprint(d.Milliseconds()) }

// database opens a handle with exactly one connection.
func (e engine) database(write bool) (*sql.DB, error) {
	var db *sql.DB
	if e.name == Postgres {
		db = stdlib.OpenDB(*e.server)
	} else {
		options := url.Values{
			// rw: only Create makes a file.
			"mode": {"rw"},
			// Stray double quotes are errors, and SQL cannot write to the schema behind SQLite's back.
			"_dqs": {"0"}, "_defensive": {"1"},
		}
		for _, p := range e.pragmas(write) {
			if p.set {
				options.Add("_pragma", fmt.Sprintf("%s(%s)", p.name, p.want))
			}
		}
		var err error
		db, err = sql.Open("sqlite", (&url.URL{Scheme: "file", Path: e.path, RawQuery: options.Encode()}).String())
		if err != nil {
			return nil, rogatory.Fault(rogatory.Internal, "store_open", "open store %s: %w", e.path, err)
		}
	}
	db.SetMaxOpenConns(1)
	return db, nil
}

// setting is a property of a connection. On nearly all of them durability or integrity rests.
type setting struct {
	name, want string
	set        bool // set it on each connection; otherwise it is only checked
}

// pragmas returns the settings of a SQLite connection. The journal mode is a property of the file,
// given by Create: a file that has lost it was handled by someone, and is not silently converted.
func (e engine) pragmas(write bool) []setting {
	readOnly := "1"
	if write {
		readOnly = "0"
	}
	return []setting{
		{"journal_mode", "wal", false},
		{"busy_timeout", milliseconds(busyTimeout), true},
		{"synchronous", "2", true}, // FULL: a commit is on disk when it returns
		{"foreign_keys", "1", true},
		{"trusted_schema", "0", true},
		{"journal_size_limit", fmt.Sprint(walLimit), true},
		// What undoes one closure of a group, and sorting, stays in memory: as a temporary file it was
		// 7 % of a sending node's processor time. Durability does not rest on it.
		{"temp_store", "2", true},
		// The committer checkpoints between groups. If SQLite did so within COMMIT, a full disk
		// would be reported by a commit that has happened.
		{"wal_autocheckpoint", "0", true},
		{"query_only", readOnly, true},
	}
}

// connect opens one connection and reads back the settings that durability rests on.
func (e engine) connect(ctx context.Context, write bool) (*session, error) {
	db, err := e.database(write)
	if err != nil {
		return nil, err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		db.Close()
		fault, _ := e.diagnose(err)
		return nil, fault
	}
	s := &session{db: db, conn: conn, prepared: map[string]*sql.Stmt{}}
	if err := e.check(ctx, conn, write); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// check refuses a connection on which an acknowledged commit could be lost.
func (e engine) check(ctx context.Context, conn *sql.Conn, write bool) error {
	refuse := func(name, have, want string) error {
		return rogatory.Fault(rogatory.Invalid, "store_settings", "open store: setting %s is %q, must be %s", name, have, want)
	}
	read := func(query string) (value string, err error) {
		if err = conn.QueryRowContext(ctx, query).Scan(&value); err != nil {
			fault, _ := e.diagnose(err)
			return "", fault
		}
		return value, nil
	}
	if e.name == SQLite {
		for _, p := range e.pragmas(write) {
			have, err := read("PRAGMA " + p.name)
			if err != nil {
				return err
			}
			if have != p.want {
				return refuse(p.name, have, p.want)
			}
		}
		return nil
	}
	for _, p := range []setting{
		{"fsync", "on", false},
		{"full_page_writes", "on", false},
		{"server_encoding", "UTF8", false},
		{"transaction_read_only", "off", false}, // a standby is behind, and cannot be written to
	} {
		have, err := read("SHOW " + p.name)
		if err != nil {
			return err
		}
		if have != p.want {
			return refuse(p.name, have, p.want)
		}
	}
	have, err := read("SHOW synchronous_commit")
	if err == nil && have == "off" {
		err = refuse("synchronous_commit", have, "on, or another value that waits for the local disk")
	}
	return err
}

// create makes room for a new store, and fails if there is one.
func (e engine) create(ctx context.Context) error {
	exists := func(where string) error {
		return rogatory.Fault(rogatory.Conflict, "store_exists", "create store: there is something at %s already", where)
	}
	if e.name == SQLite {
		// Private from its first moment: it holds names, offences and drafts.
		f, err := os.OpenFile(e.path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) {
			return exists(e.path)
		}
		if err != nil {
			return rogatory.Fault(rogatory.Unavailable, "store_create", "create store: %w", err)
		}
		if err := f.Close(); err != nil {
			return rogatory.Fault(rogatory.Unavailable, "store_create", "create store: %w", err)
		}
	}
	db, err := e.database(true)
	if err != nil {
		return err
	}
	defer db.Close()
	if e.name == SQLite {
		_, err = db.ExecContext(ctx, "PRAGMA journal_mode = WAL")
	} else {
		var n int
		err = db.QueryRowContext(ctx, "SELECT count(*) FROM information_schema.tables WHERE table_schema = current_schema()").Scan(&n)
		if n > 0 {
			return exists("database " + e.server.Database)
		}
	}
	if err != nil {
		fault, _ := e.diagnose(err)
		e.discard()
		return fault
	}
	return nil
}

// discard removes what create made, so that a failed Create can be repeated. On PostgreSQL each
// migration is a transaction of its own, and an operator empties the database.
func (e engine) discard() {
	if e.name == SQLite {
		for _, suffix := range []string{"", "-wal", "-shm"} {
			os.Remove(e.path + suffix)
		}
	}
}

// settle makes the name of a new file durable.
func (e engine) settle() error {
	if e.name != SQLite {
		return nil
	}
	d, err := os.Open(filepath.Dir(e.path))
	if err == nil {
		err = errors.Join(d.Sync(), d.Close())
	}
	if err != nil {
		return rogatory.Fault(rogatory.Unavailable, "store_create", "create store: sync its folder: %w", err)
	}
	return nil
}

// provider returns the migrations of the engine, over a database handle that the caller closes.
func (e engine) provider(db *sql.DB) (*goose.Provider, error) {
	folder, err := fs.Sub(migrations, "migrations/"+e.name)
	if err != nil {
		return nil, err
	}
	options := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true)}
	dialect := goose.DialectSQLite3
	if e.name == Postgres {
		dialect = goose.DialectPostgres
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return nil, err
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	return goose.NewProvider(dialect, db, folder, options...)
}

func migrate(ctx context.Context, e engine) error {
	db, err := e.database(true)
	if err != nil {
		return err
	}
	defer db.Close()
	p, err := e.provider(db)
	if err == nil {
		_, err = p.Up(ctx)
	}
	if err != nil {
		return rogatory.Fault(rogatory.Unavailable, "store_migration", "migrate store: %w", err)
	}
	return nil
}

// versions returns the schema version of the store and that of this program, without writing.
func versions(ctx context.Context, e engine) (have, want int64, err error) {
	missing := func() error {
		return rogatory.Fault(rogatory.NotFound, "store_missing", "open store: there is none at %s", e.place()).
			WithHint("create one, or mend the path; a store that should be there must be found, not replaced")
	}
	if e.name == SQLite {
		if _, err := os.Stat(e.path); errors.Is(err, fs.ErrNotExist) {
			return 0, 0, missing()
		}
	}
	db, err := e.database(false)
	if err != nil {
		return 0, 0, err
	}
	defer db.Close()
	tables := "SELECT count(*) FROM sqlite_master WHERE name = 'goose_db_version'"
	if e.name == Postgres {
		tables = "SELECT count(*) FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = 'goose_db_version'"
	}
	var found int
	err = db.QueryRowContext(ctx, tables).Scan(&found)
	if err == nil && found == 0 {
		return 0, 0, missing()
	}
	if err == nil {
		err = db.QueryRowContext(ctx, "SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied").Scan(&have)
	}
	if err != nil {
		fault, _ := e.diagnose(err)
		return 0, 0, fault
	}
	p, err := e.provider(db)
	if err != nil {
		return 0, 0, rogatory.Fault(rogatory.Internal, "store_migration", "open store: %w", err)
	}
	for _, source := range p.ListSources() {
		want = max(want, source.Version)
	}
	return have, want, nil
}

func (e engine) place() string {
	if e.name == SQLite {
		return e.path
	}
	return "database " + e.server.Database
}

func newer(have, want int64) error {
	return rogatory.Fault(rogatory.Conflict, "store_schema", "open store: its schema is version %d, this program knows %d", have, want).
		WithHint("run the newer program that migrated it")
}

// reach is how far an error of the engine reaches.
type reach int

const (
	oneClosure reach = iota // the statement had no effect; the transaction goes on
	wholeGroup              // the transaction is lost, and known to be
	oneMore                 // the same, and it will succeed if it is repeated
	wholeStore              // the disk or the file cannot be trusted any further
)

// diagnose turns an error of the engine into one that someone can act on, and says how far it
// reaches when it came from a statement. For COMMIT see undecided.
func (e engine) diagnose(err error) (*rogatory.Error, reach) {
	fault := func(kind rogatory.Kind, code, text string) *rogatory.Error {
		return rogatory.Fault(kind, code, "%s: %w", text, err)
	}
	const (
		unique  = "there is one by that name or number already"
		missing = "it names something that is not there"
		full    = "the disk of the store is full"
		busy    = "another process is writing to the store"
		damaged = "the store is damaged"
	)
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		switch lite.Code() {
		case sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_UNIQUE:
			return fault(rogatory.Conflict, "already_exists", unique), oneClosure
		case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
			return fault(rogatory.Invalid, "reference_unknown", missing), oneClosure
		}
		switch lite.Code() & 0xff { // the primary code, under the extended one
		case sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_RANGE, sqlite3.SQLITE_READONLY:
			return fault(rogatory.Internal, "store_statement", "the database refused a statement"), oneClosure
		case sqlite3.SQLITE_FULL:
			return fault(rogatory.Busy, "disk_full", full), wholeGroup
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
			return fault(rogatory.Busy, "store_busy", busy), wholeGroup
		case sqlite3.SQLITE_IOERR:
			return fault(rogatory.Unavailable, "store_io", "the disk of the store failed"), wholeStore
		case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
			return fault(rogatory.Damaged, "store_damaged", damaged), wholeStore
		}
		return fault(rogatory.Unavailable, "store_unavailable", "the database failed"), wholeGroup
	}
	if server, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch server.Code {
		case "23505":
			return fault(rogatory.Conflict, "already_exists", unique), oneClosure
		case "23503":
			return fault(rogatory.Invalid, "reference_unknown", missing), oneClosure
		case "40001", "40P01":
			return fault(rogatory.Busy, "store_busy", "another transaction came between"), oneMore
		case "53100":
			return fault(rogatory.Busy, "disk_full", full), wholeGroup
		case "55P03":
			return fault(rogatory.Busy, "store_busy", busy), wholeGroup
		}
		switch server.Code[:min(2, len(server.Code))] {
		case "22", "23", "25", "42", "54":
			return fault(rogatory.Internal, "store_statement", "the database refused a statement"), oneClosure
		case "XX":
			return fault(rogatory.Damaged, "store_damaged", damaged), wholeStore
		}
	}
	if ours, ok := errors.AsType[*rogatory.Error](err); ok {
		if ours.Kind == rogatory.Damaged {
			return ours, wholeStore
		}
		return ours, wholeGroup
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fault(rogatory.Unavailable, "store_unavailable", "the work was given up"), wholeGroup
	}
	return fault(rogatory.Unavailable, "store_unavailable", "the database does not answer"), wholeGroup
}

// undecided reports whether a failed COMMIT may yet have happened.
func (e engine) undecided(err error) bool {
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		primary := lite.Code() & 0xff
		return primary != sqlite3.SQLITE_FULL && primary != sqlite3.SQLITE_BUSY
	}
	if server, ok := errors.AsType[*pgconn.PgError](err); ok {
		return server.SeverityUnlocalized != "ERROR" // FATAL and PANIC end the session, at whatever point it was
	}
	return true
}

// session is one connection with its prepared statements. One goroutine uses it at a time.
type session struct {
	db       *sql.DB
	conn     *sql.Conn
	prepared map[string]*sql.Stmt // as many as there are SQL texts in this package
}

func (s *session) close() error {
	for _, stmt := range s.prepared {
		stmt.Close()
	}
	return errors.Join(s.conn.Close(), s.db.Close())
}

// prepare returns the statement for the text.
func (s *session) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	if stmt := s.prepared[query]; stmt != nil {
		return stmt, nil
	}
	stmt, err := s.conn.PrepareContext(ctx, query)
	if err == nil {
		s.prepared[query] = stmt
	}
	return stmt, err
}

// run executes a statement without parameters and results.
func (s *session) run(ctx context.Context, query string) error {
	_, err := s.conn.ExecContext(ctx, query)
	return err
}

// whole reports whether the open transaction can be committed. PostgreSQL answers COMMIT in a
// failed transaction with a rollback and no error.
func (s *session) whole() (ok bool) {
	err := s.conn.Raw(func(c any) error {
		if c, is := c.(*stdlib.Conn); is {
			ok = c.Conn().PgConn().TxStatus() == 'T'
			return nil
		}
		_, ok = c.(driver.Conn)
		return nil
	})
	return err == nil && ok
}

// patience bounds a group of updates. A disk answers or fails; a network may do neither.
func (e engine) patience() (context.Context, context.CancelFunc) {
	if e.name == SQLite {
		return context.Background(), func() {} // without an end, statements need no watcher
	}
	return context.WithTimeout(context.Background(), 2*statementTimeout)
}
