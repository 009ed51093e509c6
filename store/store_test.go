// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"rogatory"
	"rogatory/journal"
	"rogatory/store"
	"rogatory/store/storetest"
)

// childPath is set in the environment of the process that is there to be killed.
const childPath = "ROGATORY_STORE_TEST_CHILD"

func TestMain(m *testing.M) {
	if path := os.Getenv(childPath); path != "" {
		fmt.Fprintln(os.Stderr, writeForEver(path))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func lite(t testing.TB) store.Config {
	return store.Config{Engine: store.SQLite, Source: filepath.Join(t.TempDir(), "a store?mode=ro#1.db"), Keys: storetest.Keys()}
}

func code(t testing.TB, err error, kind rogatory.Kind, code string) {
	t.Helper()
	if rogatory.KindOf(err) != kind || rogatory.CodeOf(err) != code {
		t.Errorf("got error %v (%s, %s), want %s, %s", err, rogatory.KindOf(err), rogatory.CodeOf(err), kind, code)
	}
}

func TestSQLite(t *testing.T) {
	storetest.Exercise(t, func(t *testing.T) *store.Store { return storetest.New(t, lite(t)) })
}

func TestPostgres(t *testing.T) {
	dsn := storetest.Postgres(t)
	postgres := func() store.Config {
		return store.Config{Engine: store.Postgres, Source: dsn(), Keys: storetest.Keys()}
	}
	storetest.Exercise(t, func(t *testing.T) *store.Store { return storetest.New(t, postgres()) })

	t.Run("content lies sealed", func(t *testing.T) {
		sealing(t, postgres, func(c store.Config) []byte { return storetest.Dump(t, c.Source) })
	})

	t.Run("three replicas write one journal", func(t *testing.T) {
		c := postgres()
		replicas := []*store.Store{storetest.New(t, c), storetest.Open(t, c), storetest.Open(t, c)}
		var each sync.WaitGroup
		for i := range 90 {
			each.Go(func() {
				if err := replicas[i%3].Update(t.Context(), func(tx *store.Tx) error {
					_, err := tx.Append(storetest.Entry(i), storetest.Entry(1000+i))
					return err
				}); err != nil {
					t.Error(err)
				}
			})
		}
		each.Wait()
		journalIsWhole(t, storetest.Open(t, c), 180)
	})

	t.Run("a deadlock is run again", func(t *testing.T) {
		c := postgres()
		c.Source += " deadlock_timeout=200ms"
		s := storetest.New(t, c)
		ctx := t.Context()
		if err := s.Update(ctx, func(tx *store.Tx) error { return tx.SetSetting("a", []byte{1}) }); err != nil {
			t.Fatal(err)
		}
		other, err := pgx.Connect(ctx, c.Source+" deadlock_timeout=60s")
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close(context.Background())
		run := func(query string) {
			t.Helper()
			if _, err := other.Exec(ctx, query); err != nil {
				t.Error(err)
			}
		}
		run("BEGIN")
		run("UPDATE setting SET value = '\\x02' WHERE name = 'a'")
		runs := make(chan bool, 10)
		ended := make(chan error)
		go func() {
			// One in the same group does not live to see the second run.
			defer func() { recover() }()
			s.Update(ctx, func(tx *store.Tx) error {
				go func() {
					ended <- s.Update(ctx, func(tx *store.Tx) error {
						if _, err := tx.Append(storetest.Entry(1)); err != nil {
							return err
						}
						runs <- true
						return tx.SetSetting("a", []byte{3})
					})
				}()
				for store.Queued(s) == 0 {
					runtime.Gosched()
				}
				panic("gone")
			})
		}()
		<-runs
		run("UPDATE journal_state SET size = size") // held by the store, which waits for the setting
		run("COMMIT")
		if err := <-ended; err != nil {
			t.Error(err)
		}
		// How often depends on how long the other transaction takes to end; that it counts once does not.
		if len(runs) < 1 {
			t.Error("the closure was not run again")
		}
		journalIsWhole(t, s, 1)
	})

	t.Run("settings that lose commits are refused", func(t *testing.T) {
		c := postgres()
		if err := store.Create(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		for _, option := range []string{" synchronous_commit=off", " default_transaction_read_only=on"} {
			bad := c
			bad.Source += option
			_, err := store.Open(t.Context(), bad)
			code(t, err, rogatory.Invalid, "store_settings")
		}
	})

	t.Run("a store is created once and found only where it is", func(t *testing.T) {
		c := postgres()
		_, err := store.Open(t.Context(), c)
		code(t, err, rogatory.NotFound, "store_missing")
		if err := store.Create(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		code(t, store.Create(t.Context(), c), rogatory.Conflict, "store_exists")
	})

	t.Run("both engines have the same tables and columns", func(t *testing.T) {
		ctx := t.Context()
		p, l := postgres(), lite(t)
		if err := errors.Join(store.Create(ctx, p), store.Create(ctx, l)); err != nil {
			t.Fatal(err)
		}
		conn, err := pgx.Connect(ctx, p.Source)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(ctx)
		rows, err := conn.Query(ctx, "SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = 'public'")
		if err != nil {
			t.Fatal(err)
		}
		server, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		var file []string
		for _, row := range query(t, l, "SELECT m.name || '.' || c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%'") {
			file = append(file, row)
		}
		// Each engine keeps the grams of the search in its own way: a column here, tables of FTS5 there.
		grams := func(name string) bool {
			return strings.HasPrefix(name, "search_gram") || name == "search_request.grams"
		}
		server, file = slices.DeleteFunc(server, grams), slices.DeleteFunc(file, grams)
		slices.Sort(server)
		slices.Sort(file)
		if !slices.Equal(server, file) {
			t.Errorf("PostgreSQL has %v\nSQLite has %v", server, file)
		}
		if len(file) < 60 {
			t.Errorf("only %d columns", len(file))
		}
		names := map[string][]string{}
		for _, engine := range []string{store.SQLite, store.Postgres} {
			files, err := os.ReadDir("migrations/" + engine)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range files {
				names[f.Name()] = append(names[f.Name()], engine)
			}
		}
		for name, engines := range maps.All(names) {
			if len(engines) != 2 {
				t.Errorf("migration %s is there for %v only", name, engines)
			}
		}
	})
}

// query runs SQL on the file of a store, behind its back, and returns the first column.
func query(t testing.TB, c store.Config, text string) (all []string) {
	t.Helper()
	db, err := sql.Open("sqlite", (strings.NewReplacer("?", "%3f", "#", "%23", " ", "%20")).Replace("file:"+c.Source))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query(text)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// journalIsWhole checks that the journal has so many entries, that each is in its tree, and that
// the root is that of the leaves.
func journalIsWhole(t testing.TB, s *store.Store, want int64) {
	t.Helper()
	err := s.View(context.Background(), func(tx *store.Tx) error {
		size, err := tx.Size()
		if err != nil {
			return err
		}
		if want >= 0 && size != want {
			t.Errorf("the journal has %d entries, want %d", size, want)
		}
		var edge journal.Edge
		for edge.Size() < size {
			entries, err := tx.Entries(edge.Size(), store.MaxRows)
			if err != nil {
				return err
			}
			leaves := make([]journal.Leaf, len(entries))
			for i, e := range entries {
				if e.Index != edge.Size()+int64(i) {
					return fmt.Errorf("entry %d is at %d", e.Index, edge.Size()+int64(i))
				}
				leaves[i] = journal.Commit(e.Salt, e.Body)
			}
			if edge, _, err = edge.Append(leaves); err != nil {
				return err
			}
			if len(entries) == 0 {
				return fmt.Errorf("entries end at %d of %d", edge.Size(), size)
			}
		}
		root, err := journal.Root(size, tx)
		if err == nil && root != edge.Root() {
			err = errors.New("the root is not that of the leaves")
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestOpenRefuses(t *testing.T) {
	ctx := t.Context()
	c := lite(t)
	_, err := store.Open(ctx, c)
	code(t, err, rogatory.NotFound, "store_missing")
	code(t, store.Migrate(ctx, c), rogatory.NotFound, "store_missing")
	if _, err := os.Stat(c.Source); !errors.Is(err, os.ErrNotExist) {
		t.Error("looking for a store made one")
	}
	if err := store.Create(ctx, c); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(c.Source); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file of a store is %v, %v", info.Mode(), err)
	}
	code(t, store.Create(ctx, c), rogatory.Conflict, "store_exists")
	if err := store.Migrate(ctx, c); err != nil {
		t.Errorf("migrating what is migrated: %v", err)
	}

	query(t, c, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, 1)")
	_, err = store.Open(ctx, c)
	code(t, err, rogatory.Conflict, "store_schema")
	code(t, store.Migrate(ctx, c), rogatory.Conflict, "store_schema")
	query(t, c, "DELETE FROM goose_db_version WHERE version_id = 99999")
	query(t, c, "UPDATE goose_db_version SET is_applied = 0 WHERE version_id > 0")
	_, err = store.Open(ctx, c)
	code(t, err, rogatory.Conflict, "store_schema")
	query(t, c, "UPDATE goose_db_version SET is_applied = 1")

	query(t, c, "PRAGMA journal_mode = DELETE")
	_, err = store.Open(ctx, c)
	code(t, err, rogatory.Invalid, "store_settings")
	query(t, c, "PRAGMA journal_mode = WAL")

	storetest.Open(t, c)
	for _, bad := range []store.Config{{Engine: "sqlite3", Source: c.Source}, {Engine: store.SQLite}, {Engine: store.Postgres, Source: "port=x"}} {
		if _, err := store.Open(ctx, bad); rogatory.KindOf(err) != rogatory.Invalid {
			t.Errorf("opening %+v: %v", bad, err)
		}
	}
	text := lite(t)
	if err := os.WriteFile(text.Source, slices.Repeat([]byte("not a database. "), 100), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = store.Open(ctx, text)
	code(t, err, rogatory.Damaged, "store_damaged")
}

// A flipped bit is found before it is served.
func TestDamageIsFound(t *testing.T) {
	for _, story := range []struct {
		spoil string
		code  string // of the error at reading the entry; empty if Open refuses
	}{
		{"UPDATE journal_entry SET body = x'00' WHERE entry_index = 5", "value_damaged"},
		{"UPDATE journal_entry SET body = (SELECT body FROM journal_entry WHERE entry_index = 6) WHERE entry_index = 5", "value_damaged"},
		{"UPDATE journal_entry SET leaf = zeroblob(32) WHERE entry_index = 5", "entry_damaged"},
		{"UPDATE journal_hash SET hash = zeroblob(32) WHERE hash_index = (SELECT max(hash_index) FROM journal_hash)", ""},
		{"UPDATE journal_state SET root = zeroblob(32)", ""},
		{"UPDATE journal_state SET size = size - 1", ""},
		{"UPDATE journal_state SET size = size + 100", ""},
	} {
		c := lite(t)
		s := storetest.New(t, c)
		if err := s.Update(t.Context(), func(tx *store.Tx) error {
			for i := range 13 {
				if _, err := tx.Append(storetest.Entry(i)); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		s.Close()
		query(t, c, story.spoil)
		s, err := store.Open(t.Context(), c)
		if (err != nil) != (story.code == "") {
			t.Errorf("%s: open returned %v", story.spoil, err)
		}
		if err != nil {
			continue
		}
		code(t, s.View(t.Context(), func(tx *store.Tx) error { _, err := tx.Entry(5); return err }), rogatory.Damaged, story.code)
		s.Close()
	}
}

// At each point a group can fail with nothing stored, or with all of it stored and reported as
// failed. The store is opened again each time: never is there a half.
func TestFaults(t *testing.T) {
	errDisk := errors.New("rehearsed")
	for _, story := range []struct {
		point  string
		stored bool
		code   string
		broken bool // until opened again
	}{
		{"begin", false, "store_unavailable", false},
		{"closure", false, "store_unavailable", false},
		{"before_commit", false, "commit_failed", false},
		{"after_commit", true, "commit_failed", true},
	} {
		t.Run(story.point, func(t *testing.T) {
			c := lite(t)
			var failing bool // read by the committer within Update only
			c.Fault = func(point string) error {
				if failing && point == story.point {
					return errDisk
				}
				return nil
			}
			s := storetest.New(t, c)
			work := func(tx *store.Tx) error {
				if _, err := tx.Append(storetest.Entry(1), storetest.Entry(2)); err != nil {
					return err
				}
				if n, err := tx.NextSequence("XB"); err != nil || n == 0 {
					return fmt.Errorf("number %d: %w", n, err)
				}
				return tx.SetSetting("a", []byte{1})
			}
			failing = true
			err := s.Update(t.Context(), work)
			code(t, err, rogatory.Unavailable, story.code)
			if !errors.Is(err, errDisk) {
				t.Errorf("the cause is lost: %v", err)
			}
			failing = false
			stored := func(s *store.Store) bool {
				var entries, sequence int64
				var setting bool
				if err := s.View(t.Context(), func(tx *store.Tx) (err error) {
					entries, err = tx.Size()
					if err != nil {
						return err
					}
					peer, err := tx.Peer("XB")
					sequence = peer.LastOut
					if err != nil {
						return err
					}
					_, setting, err = tx.Setting("a")
					return err
				}); err != nil {
					t.Fatal(err)
				}
				if (entries == 2) != setting || (sequence == 1) != setting {
					t.Errorf("half is stored: %d entries, number %d, setting %v", entries, sequence, setting)
				}
				return setting
			}
			if got := stored(s); got != story.stored {
				t.Errorf("stored is %v", got)
			}
			err = s.Update(t.Context(), func(tx *store.Tx) error { return nil })
			if story.broken {
				code(t, err, rogatory.Unavailable, "store_failed")
			} else if err != nil {
				t.Errorf("the next update: %v", err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			again := storetest.Open(t, c)
			if got := stored(again); got != story.stored {
				t.Errorf("stored after opening again is %v", got)
			}
			if !story.stored {
				if err := again.Update(t.Context(), work); err != nil {
					t.Error(err)
				}
			}
			journalIsWhole(t, again, 2)
		})
	}
}

// A full disk is no reason to stop for good: nothing is stored, and when there is room it goes on.
func TestDiskFull(t *testing.T) {
	c := lite(t)
	s := storetest.New(t, c)
	big := make([]byte, 1<<19)
	fill := func(i int) error {
		return s.Update(t.Context(), func(tx *store.Tx) error {
			e := storetest.Entry(i)
			e.Body = big
			_, err := tx.Append(e)
			return err
		})
	}
	store.LimitPages(t, s, 500)
	var stored int64
	var err error
	for err == nil && stored < 100 {
		if err = fill(int(stored)); err == nil {
			stored++
		}
	}
	code(t, err, rogatory.Busy, "disk_full")
	if stored == 0 {
		t.Error("nothing could be stored before the disk was full")
	}
	journalIsWhole(t, s, stored)
	store.LimitPages(t, s, 1<<30)
	if err := fill(int(stored)); err != nil {
		t.Errorf("with room again: %v", err)
	}
	journalIsWhole(t, s, stored+1)
}

// writeForEver writes as fast as it can and says what was acknowledged.
func writeForEver(path string) error {
	s, err := store.Open(context.Background(), store.Config{Engine: store.SQLite, Source: path, Keys: storetest.Keys()})
	if err != nil {
		return err
	}
	out := bufio.NewWriter(os.Stdout)
	var mu sync.Mutex
	failed := make(chan error)
	for worker := range 8 {
		go func() {
			for i := 0; ; i++ {
				name := fmt.Sprintf("%d.%d", worker, i)
				var first int64
				err := s.Update(context.Background(), func(tx *store.Tx) (err error) {
					if first, err = tx.Append(storetest.Entry(i)); err != nil {
						return err
					}
					return tx.SetSetting(name, fmt.Append(nil, first))
				})
				if err != nil {
					failed <- err
					return
				}
				mu.Lock()
				fmt.Fprintln(out, name, first)
				out.Flush()
				mu.Unlock()
			}
		}()
	}
	return <-failed
}

// What was acknowledged is there after the process was killed in the midst of writing.
func TestKill(t *testing.T) {
	c := lite(t)
	storetest.New(t, c).Close()
	said := map[string]string{}
	for round := range 3 {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), childPath+"="+c.Source)
		child.Stderr = os.Stderr
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 0; lines.Scan(); n++ {
			if n == 300+100*round {
				child.Process.Kill()
			}
			if name, index, whole := strings.Cut(lines.Text(), " "); whole {
				said[fmt.Sprint(round, " ", name)] = index
			}
		}
		child.Wait()
		s := storetest.Open(t, c)
		journalIsWhole(t, s, -1)
		if err := s.View(t.Context(), func(tx *store.Tx) error {
			size, err := tx.Size()
			if err != nil {
				return err
			}
			for key, index := range said {
				var at int64
				fmt.Sscan(index, &at)
				if at >= size {
					t.Errorf("%s was acknowledged as entry %d of %d", key, at, size)
				}
				if name, ours := strings.CutPrefix(key, fmt.Sprint(round, " ")); ours {
					value, _, err := tx.Setting(name)
					if err != nil {
						return err
					}
					if string(value) != index {
						t.Errorf("setting %s is %q, acknowledged was %s", name, value, index)
					}
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		s.Close()
	}
	if len(said) < 1000 {
		t.Errorf("only %d updates were acknowledged", len(said))
	}
}

func benchmarks(b *testing.B, open func() *store.Store) {
	b.Run("append batches of 1000", func(b *testing.B) {
		s := open()
		batch := make([]store.Entry, 1000)
		for i := range batch {
			batch[i] = storetest.Entry(i)
			batch[i].Body = make([]byte, 300)
			batch[i].Request = "XA-2026-7K3M9Q2P.1"
		}
		for b.Loop() {
			if err := s.Update(b.Context(), func(tx *store.Tx) error { _, err := tx.Append(batch...); return err }); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.N)*1000/b.Elapsed().Seconds(), "entries/s")
	})
	for _, workers := range []int{1, 32} {
		b.Run(fmt.Sprintf("small updates by %d", workers), func(b *testing.B) {
			s := open()
			work := make(chan int)
			var each sync.WaitGroup
			for range workers {
				each.Go(func() {
					for i := range work {
						if err := s.Update(context.Background(), func(tx *store.Tx) error {
							if _, err := tx.Append(storetest.Entry(i)); err != nil {
								return err
							}
							n, err := tx.NextSequence("XB")
							if err != nil {
								return err
							}
							return tx.Enqueue(store.Delivery{Message: rogatory.MessageID(fmt.Sprintf("0190a1b2-c3d4-7000-8000-%012x", i)), Peer: "XB", Sequence: n})
						}); err != nil {
							b.Error(err)
						}
					}
				})
			}
			i := 0
			for b.Loop() {
				work <- i
				i++
			}
			close(work)
			each.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "updates/s")
		})
	}
	b.Run("claim 64 of 100000 waiting", func(b *testing.B) {
		s := open()
		n := 0
		for n < 100_000 {
			if err := s.Update(b.Context(), func(tx *store.Tx) error {
				for range 5000 {
					n++
					peer := rogatory.StateCode([]byte{'A' + byte(n%20), 'A' + byte(n/20%10)})
					sequence, err := tx.NextSequence(peer)
					if err != nil {
						return err
					}
					if err := tx.Enqueue(store.Delivery{Message: rogatory.MessageID(fmt.Sprintf("0190a1b2-c3d4-7000-8000-%012x", n)), Peer: peer, Sequence: sequence, NextAt: 1}); err != nil {
						return err
					}
				}
				return nil
			}); err != nil {
				b.Fatal(err)
			}
		}
		now := rogatory.Instant(1)
		for b.Loop() {
			now += 2
			if err := s.Update(b.Context(), func(tx *store.Tx) error {
				all, err := tx.Claim(now, 1000, 64, 4)
				for _, d := range all {
					err = errors.Join(err, tx.Fail(d.Message, d.Fence, now, "busy"))
				}
				if err == nil && len(all) != 64 {
					err = fmt.Errorf("%d claimed", len(all))
				}
				return err
			}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkSQLite(b *testing.B) {
	benchmarks(b, func() *store.Store { return storetest.New(b, lite(b)) })
}

func BenchmarkPostgres(b *testing.B) {
	dsn := storetest.Postgres(b)
	benchmarks(b, func() *store.Store {
		return storetest.New(b, store.Config{Engine: store.Postgres, Source: dsn(), Keys: storetest.Keys()})
	})
}
