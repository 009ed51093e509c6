// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"rogatory"
	"rogatory/docket"
	"rogatory/journal"
	"rogatory/ledger"
	"rogatory/store"
)

// PersonOf returns who of the node in dir holds a token. Nothing is recorded.
func PersonOf(dir, token string) (rogatory.Officer, error) {
	all, err := People(dir)
	if err != nil {
		return rogatory.Officer{}, err
	}
	sum := rogatory.DigestOf([]byte(token))
	for _, p := range all {
		if subtle.ConstantTimeCompare(sum[:], p.TokenSHA256[:]) == 1 {
			return rogatory.Officer{Name: p.Name, Role: p.Role}, nil
		}
	}
	return rogatory.Officer{}, rogatory.Fault(rogatory.Denied, "token_unknown", "nobody of this office has that token")
}

// Succeed closes the journal of the node in dir for good, and lets a new one with a new name and key follow it. The node
// must not run; two people answer for it, of whom one decides. It asks the other States first, and refuses where the
// journal can go on (journal_not_lost).
//
// The old database goes to the folder closed-N, where it can still be read; its cases are not carried over. With PostgreSQL
// it stays where it is, and to is the connection string of an empty database for the new journal; node.json names that one
// from then on, and closed-N holds node.json as it was. Numbers of messages go on, and so does what this node remembers as a
// witness. The new journal must be listed by the directory before the node starts again.
//
// Order: the new database, under another name or in its own place; the key; the old database into its folder, and the new one
// in its place. After a crash in between the node does not start, as the directory lists another key, and Succeed can be
// called again, with another empty database if the one that was named is not empty any more.
func Succeed(ctx context.Context, dir string, first, second rogatory.Officer, why, to string) (rogatory.Succession, error) {
	var none rogatory.Succession
	if first.Name == second.Name {
		return none, rogatory.Fault(rogatory.Denied, "second_person_needed", "%s cannot close a journal alone", first.Name)
	}
	may := []rogatory.OfficerRole{rogatory.Decider, rogatory.Administrator}
	if !slices.Contains(may, first.Role) || !slices.Contains(may, second.Role) || first.Role != rogatory.Decider && second.Role != rogatory.Decider {
		return none, rogatory.Fault(rogatory.Denied, "role_not_allowed", "%s (%s) and %s (%s) may not close a journal", first.Name, first.Role, second.Name, second.Role).
			WithHint("this needs two of the roles decider and administrator, one of them decider")
	}
	if why = strings.TrimSpace(why); why == "" || len(why) > maxWhy {
		return none, rogatory.Fault(rogatory.Invalid, "reason_missing", "say why the journal is closed, in at most %d bytes", maxWhy)
	}
	config, err := LoadConfig(dir)
	if err != nil {
		return none, err
	}
	if needs := config.Database.Engine != store.SQLite; needs != (to != "") {
		return none, rogatory.Fault(rogatory.Invalid, "succession_target", "a journal in %s is closed with another database %v", config.Database.Engine, map[bool]string{true: "that is named", false: "beside it, which is not named"}[needs]).
			WithHint("PostgreSQL: make an empty database and name it with --to; SQLite: leave --to out")
	}
	n, err := Open(ctx, dir, Options{Inspect: true})
	if err != nil {
		return none, err
	}
	s, kept, err := n.closing(ctx)
	if err = errors.Join(err, n.Close()); err != nil {
		return none, err
	}
	s.Responsible, s.Reason = []string{fmt.Sprintf("%s (%s)", first.Name, first.Role), fmt.Sprintf("%s (%s)", second.Name, second.Role)}, why
	return s, n.succeed(ctx, s, kept, to)
}

// memory is what a successor keeps of the old database.
type memory struct {
	settings  map[string][]byte
	witnessed []store.Witnessed
	forks     []store.Fork
	wrongs    []store.Misconduct
}

// closing finds out whether the journal is lost, and what its successor has to say and to keep.
func (n *Node) closing(ctx context.Context) (s rogatory.Succession, m memory, err error) {
	all := n.ask(ctx, nil)
	own, err := n.Ledger.Own(ctx)
	if err != nil {
		return s, m, err
	}
	answers, ok := enough(nil, all)
	v, err := ledger.Judge(own, len(all), answers, ok)
	if err != nil {
		return s, m, err
	}
	if !ok && len(all) > 0 {
		return s, m, rogatory.Fault(rogatory.Unavailable, "start_held", "nothing is closed before enough of the other States have answered: %s", v.Words)
	}
	lost := v.Code == ledger.Forked
	back, _, err := n.copies(ctx, own.Size, all)
	if err != nil {
		return s, m, err
	}
	if v.Code == ledger.Behind {
		leaves, err := n.leaves(ctx, own.Size, v.Target.Size, all)
		if err != nil {
			return s, m, err
		}
		lost = v.Target.Size < v.Known || int64(len(leaves)) < v.Target.Size-own.Size
	}
	if !lost {
		return s, m, rogatory.Fault(rogatory.Conflict, "journal_not_lost", "the journal can go on: %s", v.Words).WithHint("start the node: what is missing comes back from the other States")
	}
	latest, err := n.Ledger.Latest(ctx)
	if err != nil && !errors.Is(err, journal.ErrUnpublished) {
		return s, m, err
	}
	s = rogatory.Succession{Origin: n.keys().JournalOrigin(), Key: n.keys().JournalVerifier(), Checkpoint: string(latest.Note), Had: own.Size}
	size := latest.Size
	for _, a := range answers {
		if a.Seen.Size >= size && a.Seen.Note != nil {
			size, s.Checkpoint = a.Seen.Size, string(a.Seen.Note)
		}
	}
	m.settings = map[string][]byte{}
	err = n.store.View(ctx, func(tx *store.Tx) error {
		peers, err := tx.Peers()
		if err != nil {
			return err
		}
		for _, p := range peers {
			numbers := rogatory.Numbers{State: p.State, Out: p.LastOut, In: p.LastIn}
			for _, b := range back {
				if b.Message.To.State == p.State {
					numbers.Out = max(numbers.Out, b.Message.Sequence)
				}
				if b.Message.From.State == p.State {
					numbers.In = max(numbers.In, b.Message.Sequence)
				}
			}
			s.Numbers = append(s.Numbers, numbers)
		}
		names := []string{incarnationSetting, peopleSetting, voidSetting, rotaSetting}
		for _, p := range n.book.Book().Parties() { // who closes a journal is not rid of oversight by that
			names = append(names, docket.OversightSettings(p.Code)...)
		}
		for _, name := range names {
			v, found, err := tx.Setting(name)
			if err != nil {
				return err
			}
			if found {
				m.settings[name] = v
			}
		}
		for _, p := range n.book.Book().Parties() {
			w, found, err := tx.Witnessed(p.JournalOrigin)
			if err != nil {
				return err
			}
			if found {
				m.witnessed = append(m.witnessed, w)
			}
		}
		if m.forks, err = tx.Forks(); err == nil {
			m.wrongs, err = tx.Misconducts()
		}
		return err
	})
	return s, m, err
}

// succeed makes the new database and key, and puts the old database away. The node is closed.
func (n *Node) succeed(ctx context.Context, s rogatory.Succession, m memory, to string) error {
	source := filepath.Join(n.dir, n.config.Database.Source)
	c := store.Config{Engine: n.config.Database.Engine, Source: to, Keys: n.keys().Database()}
	if to == "" {
		c.Source = source + successorSuffix
		for _, suffix := range databaseFiles {
			if err := os.Remove(c.Source + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
		}
	}
	if err := store.Create(ctx, c); err != nil {
		return err
	}
	if err := m.into(ctx, c, s); err != nil {
		return err
	}
	if _, err := n.keys().SucceedJournal(rand.Reader); err != nil {
		return err
	}
	closed, err := n.closedFolder()
	if err != nil {
		return err
	}
	if to != "" {
		return n.moveTo(to, closed)
	}
	for _, suffix := range databaseFiles {
		if err := os.Rename(source+suffix, filepath.Join(closed, filepath.Base(source)+suffix)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	for _, suffix := range []string{"-wal", "-shm", ""} { // the database itself last: with it the node has a journal
		if err := os.Rename(c.Source+suffix, source+suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// successorSuffix ends the name of a new SQLite database until it takes its place; databaseFiles are those of one.
const successorSuffix = ".successor"

var databaseFiles = []string{"", "-wal", "-shm"}

// closedFolder makes the next folder closed-N.
func (n *Node) closedFolder() (string, error) {
	for i := 1; ; i++ {
		closed := filepath.Join(n.dir, "closed-"+strconv.Itoa(i))
		if err := os.Mkdir(closed, 0o700); err == nil || !errors.Is(err, os.ErrExist) {
			return closed, err
		}
	}
}

// moveTo has node.json name another database, after a copy of it as it was.
func (n *Node) moveTo(source, closed string) error {
	name := filepath.Join(n.dir, configFile)
	before, err := os.ReadFile(name)
	if err == nil {
		err = writeNew(filepath.Join(closed, configFile), before)
	}
	config := n.config
	config.Database.Source = source
	var text []byte
	if err == nil {
		text, err = json.MarshalIndent(config, "", "  ")
	}
	if err == nil {
		err = replace(name, append(text, '\n'))
	}
	if err != nil {
		return rogatory.Fault(rogatory.Unavailable, "config_not_written", "name the new database in %s: %w", configFile, err)
	}
	return nil
}

// into writes what a successor keeps into its new database.
func (m memory) into(ctx context.Context, c store.Config, s rogatory.Succession) error {
	st, err := store.Open(ctx, c)
	if err != nil {
		return err
	}
	err = st.Update(ctx, func(tx *store.Tx) error {
		err := ledger.SetSuccession(tx, s)
		for name, v := range m.settings {
			err = errors.Join(err, tx.SetSetting(name, v))
		}
		for _, p := range s.Numbers {
			err = errors.Join(err, tx.SetNumbers(p.State, p.Out, p.In))
		}
		for _, w := range m.witnessed {
			err = errors.Join(err, tx.SetWitnessed(w))
		}
		for _, f := range m.forks {
			err = errors.Join(err, tx.AddFork(f))
		}
		for _, w := range m.wrongs {
			err = errors.Join(err, tx.AddMisconduct(w))
		}
		return err
	})
	return errors.Join(err, st.Close())
}

// originPrefix begins the name of the setting that says by which journal a State is known here.
const originPrefix = "journal.of."

// knownJournal is a journal by its name and key.
type knownJournal struct {
	Origin string `json:"origin"`
	Key    string `json:"key"`
}

// meet compares each State's journal in the directory with the one it is known by here. Another one is taken only if it
// says in public, in its first entry, which one it follows and what is lost of it.
func (n *Node) meet(ctx context.Context) error {
	for _, p := range n.book.Book().Parties() {
		if p.Code == n.config.State {
			continue
		}
		now := knownJournal{p.JournalOrigin, p.JournalKey}
		known, err := n.knownAs(ctx, p.Code)
		if err != nil {
			return err
		}
		if known != now && known != (knownJournal{}) {
			err = n.follows(ctx, p, known)
			n.note("journal of "+string(p.Code), err)
			if err != nil {
				n.refuseJournal(p.Code, err)
				continue
			}
		}
		if known != now {
			text, err := json.Marshal(now)
			if err == nil {
				err = n.store.Update(ctx, func(tx *store.Tx) error { return tx.SetSetting(originPrefix+string(p.Code), text) })
			}
			if err != nil {
				return err
			}
		}
		n.refuseJournal(p.Code, nil)
	}
	return nil
}

func (n *Node) knownAs(ctx context.Context, s rogatory.StateCode) (known knownJournal, err error) {
	err = n.store.View(ctx, func(tx *store.Tx) error {
		v, found, err := tx.Setting(originPrefix + string(s))
		if err == nil && found {
			err = json.Unmarshal(v, &known)
		}
		return err
	})
	return known, err
}

func (n *Node) follows(ctx context.Context, p rogatory.Party, known knownJournal) error {
	key, err := journal.NewVerifier(known.Key)
	if err != nil {
		return err
	}
	proof, err := readSuccession(ctx, p.JournalURL)
	if err != nil {
		return err
	}
	first, err := docket.OpenProof(proof, p)
	if err != nil {
		return err
	}
	parsed, err := journal.ParseProof(proof)
	if err != nil {
		return err
	}
	var seen store.Witnessed
	if err := n.store.View(ctx, func(tx *store.Tx) (err error) { seen, _, err = tx.Witnessed(known.Origin); return err }); err != nil {
		return err
	}
	return ledger.Follows(first, parsed.Index, known.Origin, key, known.Key, seen)
}

func readSuccession(ctx context.Context, url string) ([]byte, error) {
	const most = 128 << 10 // a proof
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(url, "/")+"/succession", nil)
	if err != nil {
		return nil, err
	}
	resp, err := boundedHTTP().Do(req)
	if err != nil {
		return nil, rogatory.Fault(rogatory.Unavailable, "peer_unreachable", "read the word on the succession: %w", err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, most+1))
	if err == nil && (resp.StatusCode != http.StatusOK || len(b) > most) {
		err = rogatory.Fault(rogatory.Untrusted, "succession_missing", "the journal at %.200s changed its name or key, and does not say which one it follows", url)
	}
	return b, err
}

// refuseJournal says of a State that its journal is not taken, or nil that it is.
func (n *Node) refuseJournal(s rogatory.StateCode, why error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.strange == nil {
		n.strange = map[rogatory.StateCode]error{}
	}
	if delete(n.strange, s); why != nil {
		n.strange[s] = why
	}
}

// strangeJournal returns why a State's journal is not taken.
func (n *Node) strangeJournal(s rogatory.StateCode) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if why := n.strange[s]; why != nil {
		return rogatory.Fault(rogatory.Untrusted, "journal_changed", "the directory lists another journal for %s, which does not follow the one that was known: %w", s, why).
			WithHint("ask that State by telephone; it has to close the old journal in public")
	}
	return nil
}

// successionDoor shows the first entry of a successor to everybody.
func (n *Node) successionDoor(w http.ResponseWriter, r *http.Request) {
	proof, err := n.Ledger.Succession(r.Context())
	w.Header().Set("Cache-Control", "no-store")
	if err != nil {
		http.Error(w, "this journal follows no other", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Write(proof)
}
