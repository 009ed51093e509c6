// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/tlog"

	"rogatory"
	"rogatory/demo"
	"rogatory/docket"
	"rogatory/journal"
	"rogatory/keyring"
	"rogatory/ledger"
	"rogatory/node"
	"rogatory/store"
	"rogatory/store/storetest"
	"rogatory/vault"
)

// base is what somebody with all rights on it can do in a database; with its keys, if it is also the node's operator.
type base struct {
	t   *testing.T
	c   store.Config
	run func(query string, args ...any) (int64, error)
	get func(query string, to any, args ...any) error
}

func (b base) do(query string, args ...any) {
	b.t.Helper()
	n, err := b.run(query, args...)
	if err != nil {
		b.t.Fatalf("%s: %v", query, err)
	}
	if n == 0 {
		b.t.Fatalf("%s: changes nothing, so it tests nothing", query)
	}
}

func (b base) blob(query string, args ...any) (v []byte) {
	b.t.Helper()
	if err := b.get(query, &v, args...); err != nil {
		b.t.Fatalf("%s: %v", query, err)
	}
	return v
}

// contents returns what is sealed in a column, by the last part of its row's name: of an entry, its salt and its body.
func (b base) contents(column string) map[string][]byte {
	b.t.Helper()
	all := map[string][]byte{}
	storetest.Rewrite(b.t, b.c, column, func(row []any, v []byte) []byte { all[fmt.Sprint(row[len(row)-1])] = v; return v })
	return all
}

// rewrite is what only who has the keys can do: change what is sealed in one row of a column.
func (b base) rewrite(column, row string, change func(v []byte) []byte) {
	b.t.Helper()
	if storetest.Rewrite(b.t, b.c, column, func(r []any, v []byte) []byte {
		if fmt.Sprint(r[len(r)-1]) != row {
			return v
		}
		return change(v)
	}) == 0 {
		b.t.Fatalf("rewriting %s of %s changes nothing, so it tests nothing", column, row)
	}
}

func word(old, new string) func([]byte) []byte {
	return func(v []byte) []byte { return bytes.Replace(v, []byte(old), []byte(new), 1) }
}

func (b base) text(query string, args ...any) (v string) {
	b.t.Helper()
	if err := b.get(query, &v, args...); err != nil {
		b.t.Fatalf("%s: %v", query, err)
	}
	return v
}

func (b base) number(query string, args ...any) (v int64) {
	b.t.Helper()
	if err := b.get(query, &v, args...); err != nil {
		b.t.Fatalf("%s: %v", query, err)
	}
	return v
}

func openBase(t *testing.T, dir string) (base, func()) {
	t.Helper()
	d := must(node.LoadConfig(dir))(t).Database
	c := store.Config{Engine: d.Engine, Source: d.Source, Keys: must(keyring.Load(filepath.Join(dir, "keys")))(t).Database()}
	if d.Engine == store.SQLite {
		c.Source = filepath.Join(dir, d.Source)
		db := must(sql.Open("sqlite", filepath.Join(dir, d.Source)))(t)
		return base{t, c, func(q string, args ...any) (int64, error) {
			r, err := db.Exec(q, args...)
			if err != nil {
				return 0, err
			}
			return r.RowsAffected()
		}, func(q string, to any, args ...any) error { return db.QueryRow(q, args...).Scan(to) }}, func() { db.Close() }
	}
	conn := must(pgx.Connect(t.Context(), d.Source))(t)
	return base{t, c, func(q string, args ...any) (int64, error) {
		tag, err := conn.Exec(t.Context(), q, args...)
		return tag.RowsAffected(), err
	}, func(q string, to any, args ...any) error { return conn.QueryRow(t.Context(), q, args...).Scan(to) }}, func() { conn.Close(context.Background()) }
}

// refusal is the entry by which XB's journal commits to its refusal.
func (b base) refusal() int64 {
	return b.number("SELECT entry_index FROM message WHERE direction = 'out' AND act = 'refuse'")
}

// anew computes the tree of a journal anew over what now stands in its rows, as one who owns the whole database can.
func (b base) anew() {
	b.t.Helper()
	var edge journal.Edge
	contents := b.contents("journal_entry.body")
	for i := range int64(len(contents)) {
		v := contents[fmt.Sprint(i)]
		leaf := journal.Commit([32]byte(v), v[32:])
		b.do("UPDATE journal_entry SET leaf = $1 WHERE entry_index = $2", leaf[:], i)
		next, hashes, err := edge.Append([]journal.Leaf{leaf})
		if err != nil {
			b.t.Fatal(err)
		}
		for j, h := range hashes {
			b.do("UPDATE journal_hash SET hash = $1 WHERE hash_index = $2", h[:], tlog.StoredHashCount(i)+int64(j))
		}
		edge = next
	}
	root := edge.Root()
	b.do("UPDATE journal_state SET root = $1", root[:])
	b.do("DELETE FROM checkpoint")
}

// badDay are the acts of a database administrator who means ill. fsck names each, with one of these codes.
var badDay = []struct {
	name  string
	edit  func(b base)
	codes string
}{
	{"the refusal is deleted from the journal", func(b base) { b.do("DELETE FROM journal_entry WHERE entry_index = $1", b.refusal()) }, "entry_missing"},
	{"the refusal's entry is rewritten, with the keys", func(b base) {
		b.rewrite("journal_entry.body", fmt.Sprint(b.refusal()), word("refuse", "accept"))
	}, "journal_damaged entry_damaged"},
	{"the refusal's entry is replaced by another", func(b base) {
		b.do("UPDATE journal_entry SET body = (SELECT body FROM journal_entry WHERE entry_index = 1) WHERE entry_index = $1", b.refusal())
	}, "value_damaged"},
	{"the refusal's entry is written in clear", func(b base) {
		b.do("UPDATE journal_entry SET body = $1 WHERE entry_index = $2", []byte(`{"type": "message.sent", "message": {"act": "accept"}}`), b.refusal())
	}, "value_damaged"},
	{"two entries are swapped", func(b base) {
		b.do("UPDATE journal_entry SET entry_index = -1 WHERE entry_index = 2")
		b.do("UPDATE journal_entry SET entry_index = 2 WHERE entry_index = 3")
		b.do("UPDATE journal_entry SET entry_index = 3 WHERE entry_index = -1")
	}, "journal_damaged value_damaged"},
	{"an entry's salt is changed, with the keys", func(b base) {
		b.rewrite("journal_entry.body", "2", func(v []byte) []byte { v[0] ^= 1; return v })
	}, "journal_damaged entry_damaged"},
	{"an entry's leaf is changed", func(b base) { b.do("UPDATE journal_entry SET leaf = $1 WHERE entry_index = 2", make([]byte, 32)) }, "journal_damaged entry_damaged"},
	{"an entry is listed under another request", func(b base) {
		b.do("UPDATE journal_entry SET request_id = '', case_id = '' WHERE entry_index = $1", b.refusal())
	}, "entry_damaged"},
	{"an entry is listed with another time", func(b base) { b.do("UPDATE journal_entry SET at = at - 1 WHERE entry_index = $1", b.refusal()) }, "entry_damaged"},
	{"an entry is emptied as if its content were lost", func(b base) {
		b.do("UPDATE journal_entry SET type = 'content.lost', body = $1, salt = $2, at = 0, case_id = '', request_id = '' WHERE entry_index = $3", []byte{}, make([]byte, 32), b.refusal())
	}, "entry_damaged"},
	{"an entry is emptied as if its content were lost, with the keys", func(b base) {
		b.do("UPDATE journal_entry SET type = 'content.lost', at = 0, case_id = '', request_id = '' WHERE entry_index = $1", b.refusal())
		b.rewrite("journal_entry.body", fmt.Sprint(b.refusal()), func([]byte) []byte { return make([]byte, 32) })
	}, "content_missing"},
	{"a tree hash is changed", func(b base) { b.do("UPDATE journal_hash SET hash = $1 WHERE hash_index = 5", make([]byte, 32)) }, "journal_damaged"},
	{"the tree is computed anew over a rewritten entry, with the keys", func(b base) {
		b.rewrite("journal_entry.body", fmt.Sprint(b.refusal()), word(`"refuse"`, `"accept"`))
		b.anew()
	}, "message_damaged"},
	{"all from the refusal on is cut off", func(b base) {
		cut(b.t, b.refusal(), func(q string, args ...any) error { _, err := b.run(q, args...); return err },
			func(i int64) ([]byte, error) {
				return b.blob("SELECT hash FROM journal_hash WHERE hash_index = $1", i), nil
			}, "$1")
	}, "message_missing receipt_damaged view_damaged request_missing sequence_broken search_stale exhibit_damaged request_damaged delivery_damaged"},
	{"the published checkpoint is changed", func(b base) {
		b.do("UPDATE checkpoint SET note = $1", []byte("nothing\n\n"))
	}, "checkpoint_damaged"},
	{"a message that came is deleted", func(b base) { b.do("DELETE FROM message WHERE direction = 'in' AND sequence = 1") }, "message_missing"},
	{"the refusal itself is deleted", func(b base) { b.do("DELETE FROM message WHERE act = 'refuse'") }, "message_missing"},
	{"a message is cut short", func(b base) {
		b.do("UPDATE message SET container = $1 WHERE act = 'refuse'", b.blob("SELECT container FROM message WHERE act = 'refuse'")[:900])
	}, "value_damaged"},
	{"a message is cut short, with the keys", func(b base) {
		b.rewrite("message.container", b.text("SELECT id FROM message WHERE act = 'refuse'"), func(v []byte) []byte { return v[:900] })
	}, "message_damaged"},
	{"two messages change places, with the keys", func(b base) {
		one, two := b.text("SELECT id FROM message WHERE direction = 'in' AND sequence = 1"), b.text("SELECT id FROM message WHERE direction = 'in' AND sequence = 2")
		all := b.contents("message.container")
		b.rewrite("message.container", one, func([]byte) []byte { return all[two] })
		b.rewrite("message.container", two, func([]byte) []byte { return all[one] })
	}, "message_damaged"},
	{"two messages change places", func(b base) {
		one := b.blob("SELECT container FROM message WHERE direction = 'in' AND sequence = 1")
		b.do("UPDATE message SET container = $1 WHERE direction = 'in' AND sequence = 1", b.blob("SELECT container FROM message WHERE direction = 'in' AND sequence = 2"))
		b.do("UPDATE message SET container = $1 WHERE direction = 'in' AND sequence = 2", one)
	}, "value_damaged"},
	{"a receipt is swapped", func(b base) {
		b.do("UPDATE message SET receipt = $1 WHERE act = 'refuse'", b.blob("SELECT receipt FROM message WHERE direction = 'out' AND act = 'accept'"))
	}, "value_damaged"},
	{"a receipt is swapped, with the keys", func(b base) {
		other := b.contents("message.receipt")[b.text("SELECT id FROM message WHERE direction = 'out' AND act = 'accept'")]
		b.rewrite("message.receipt", b.text("SELECT id FROM message WHERE act = 'refuse'"), func([]byte) []byte { return other })
	}, "receipt_damaged"},
	{"a receipt is taken away", func(b base) { b.do("UPDATE message SET receipt = $1 WHERE act = 'refuse'", []byte{}) }, "delivery_damaged receipt_damaged"},
	{"a delivery is removed", func(b base) { b.do("DELETE FROM outbox WHERE sequence = 1") }, "delivery_missing"},
	{"a delivery is marked as never made", func(b base) { b.do("UPDATE outbox SET state = 'waiting' WHERE sequence = 1") }, "delivery_damaged"},
	{"a request is deleted", func(b base) { b.do("DELETE FROM request WHERE state = 'refused'") }, "request_missing"},
	{"a request's file is exchanged for another", func(b base) {
		b.do("UPDATE request SET view = $1 WHERE state = 'refused'", b.blob("SELECT view FROM request WHERE state <> 'refused' LIMIT 1"))
	}, "value_damaged"},
	{"a request's file is embellished, with the keys", func(b base) {
		b.rewrite("request.view", b.text("SELECT id FROM request WHERE state = 'refused'"), word("refused", "granted"))
	}, "view_damaged"},
	{"a request is listed as answered", func(b base) { b.do("UPDATE request SET state = 'executed' WHERE state = 'refused'") }, "request_damaged"},
	{"the numbering is set back", func(b base) { b.do("UPDATE peer SET last_in = last_in - 1") }, "sequence_broken"},
	{"a request is taken out of the queue", func(b base) { b.do("DELETE FROM queue") }, "queue_stale"},
	{"an exhibit is hidden", func(b base) { b.do("DELETE FROM exhibit") }, "request_damaged exhibit_damaged"},
	{"an exhibit points at another object", func(b base) { b.do("UPDATE exhibit SET root = $1", make([]byte, 32)) }, "exhibit_damaged"},
	{"an exhibit is listed as deleted", func(b base) { b.do("UPDATE exhibit SET state = 'deleted'") }, "exhibit_damaged"},
}

// silentDeletion is a world in which XB refused a request of XA, and both are stopped.
func silentDeletion(t *testing.T, database node.Database, keep func(string)) (xa, xb, old string) {
	t.Helper()
	w := must(demo.Begin(context.Background(), demo.Settings{Dir: filepath.Join(t.TempDir(), "world"), States: []rogatory.StateCode{"XA", "XB"}, Offline: true,
		Database: func(s rogatory.StateCode) node.Database {
			if s == "XB" {
				return database
			}
			return node.Database{Engine: store.SQLite, Source: "node.db"}
		}}))(t)
	if err := w.Stop(); err != nil {
		t.Fatal(err)
	}
	xa, xb = w.Members["XA"].Dir, w.Members["XB"].Dir
	old = filepath.Join(t.TempDir(), "old")
	a, b := runs(t, wakes(t, xa)), runs(t, wakes(t, xb))
	a.opens()
	b.opens()
	b.known(a)
	b.stop()
	copyTree(t, old, xb)
	keep("old")
	b = runs(t, wakes(t, xb))
	b.opens()
	refused, granted := a.asks("XB", true), a.asks("XB", true)
	b.gets(refused, rogatory.Requested)
	b.gets(granted, rogatory.Requested)
	b.moves(refused, rogatory.Decider, rogatory.Refuse, rogatory.Body{Verdict: &rogatory.Verdict{Ground: "R36", Reasons: "the data would not be protected"}})
	b.moves(granted, rogatory.Decider, rogatory.Accept, rogatory.Body{})
	b.seals(granted)
	a.gets(refused, rogatory.Refused)
	a.gets(granted, rogatory.Accepted)
	a.known(b)
	b.known(a)
	b.stop()
	a.stop()
	keep("now")
	return xa, xb, old
}

func fsck(t *testing.T, dir string) (docket.Findings, error) {
	t.Helper()
	n, err := node.Open(t.Context(), dir, node.Options{Inspect: true})
	if err != nil {
		return docket.Findings{}, err
	}
	defer n.Close()
	return n.Fsck(t.Context(), vault.Structure)
}

// AB-06, silent deletion of refusals: what the database's administrator does, fsck names or a peer proves.
func TestAB06TheDatabaseAdministratorsBadDay(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("minutes of restores")
	}
	dsn := storetest.Postgres(t)
	for _, engine := range []string{store.SQLite, store.Postgres} {
		t.Run(engine, func(t *testing.T) {
			source, copies := "node.db", map[string]string{}
			keep := func(string) {}
			if engine == store.Postgres {
				source = dsn()
				keep = func(label string) { copies[label] = cloneDatabase(t, source, label) }
			}
			xa, xb, old := silentDeletion(t, node.Database{Engine: engine, Source: source}, keep)
			pure := filepath.Join(t.TempDir(), "pure")
			copyTree(t, pure, xb)
			if engine == store.Postgres {
				useDatabase(t, pure, copies["now"])
			}
			n := 0
			damage := func(t *testing.T, edit func(base)) string {
				t.Helper()
				dir := filepath.Join(t.TempDir(), "xb")
				copyTree(t, dir, pure)
				if engine == store.Postgres {
					n++
					useDatabase(t, dir, cloneDatabase(t, copies["now"], fmt.Sprint("e", n)))
				}
				b, end := openBase(t, dir)
				defer end()
				edit(b)
				return dir
			}
			if _, err := fsck(t, damage(t, func(base) {})); err != nil {
				t.Fatalf("nothing was edited: %v", err)
			}
			for _, e := range badDay {
				t.Run(e.name, func(t *testing.T) {
					_, err := fsck(t, damage(t, e.edit))
					if rogatory.KindOf(err) != rogatory.Damaged || !strings.Contains(" "+e.codes+" journal_damaged ", " "+rogatory.CodeOf(err)+" ") {
						t.Errorf("fsck says %v (%s), want damage: %s", err, rogatory.CodeOf(err), e.codes)
					}
				})
			}
			// What hangs together is beyond fsck; here a peer speaks.
			t.Run("the old database is put back", func(t *testing.T) {
				copyTree(t, xb, old)
				if engine == store.Postgres {
					useDatabase(t, xb, cloneDatabase(t, copies["old"], "again"))
				}
				if _, err := fsck(t, xb); err != nil {
					t.Fatalf("an old copy hangs together: %v", err)
				}
				a := runs(t, wakes(t, xa))
				b := wakes(t, xb)
				defer b.Close()
				refuses(t, b, ledger.Behind)
				provesRefusal(t, a.Node, b, xb)
				a.stop()
			})
			t.Run("the refusal is deleted, and the tree computed anew, with the keys", func(t *testing.T) {
				copyTree(t, xb, damage(t, func(b base) {
					other := b.contents("journal_entry.body")["1"]
					b.rewrite("journal_entry.body", fmt.Sprint(b.refusal()), func([]byte) []byte { return other })
					b.do("DELETE FROM outbox WHERE message IN (SELECT id FROM message WHERE act = 'refuse')")
					b.do("DELETE FROM message WHERE act = 'refuse'")
					b.anew()
				}))
				a := runs(t, wakes(t, xa))
				b := wakes(t, xb)
				defer b.Close()
				refuses(t, b, ledger.Forked)
				provesRefusal(t, a.Node, b, xb)
				a.stop()
			})
		})
	}
}

// provesRefusal has both sides compare their records: the one that lost the refusal finds it missing at home, and the other
// holds what proves to a third person that it was there.
func provesRefusal(t *testing.T, a, b *node.Node, dir string) {
	t.Helper()
	found := must(b.Compare(t.Context(), "XA"))(t)
	for _, d := range found.Differences {
		if d.State != "XB" || d.What != node.Missing || d.From != "XB" {
			continue
		}
		// A third person has the proof and the journal's key, and nothing else.
		key := must(keyring.Load(filepath.Join(dir, "keys")))(t)
		entry, err := docket.OpenProof([]byte(d.Proof), rogatory.Party{Code: "XB", JournalOrigin: key.JournalOrigin(), JournalKey: key.JournalVerifier()})
		if err != nil {
			t.Fatalf("the proof does not hold: %v", err)
		}
		if entry.Type == rogatory.MessageSent && entry.Message.Act == rogatory.Refuse {
			return
		}
	}
	text, _ := json.Marshal(found)
	t.Fatal(errors.New("nobody proves the refusal: " + string(text)))
}
