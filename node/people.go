// SPDX-License-Identifier: Apache-2.0

package node

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"rogatory"
	"rogatory/docket"
	"rogatory/store"
)

// Person is someone who may use the office's door with a token.
type Person struct {
	Name        string               `json:"name"`
	Role        rogatory.OfficerRole `json:"role"`
	TokenSHA256 rogatory.Digest      `json:"token_sha256"`
	Login       string               `json:"login,omitempty"` // as the ministry's sign-in names the person
}

type people struct {
	People []Person `json:"people"`
}

// People lists who may use the office's door.
func People(dir string) ([]Person, error) {
	var p people
	if err := readStrict(filepath.Join(dir, peopleFile), "people_invalid", &p); err != nil {
		return nil, err
	}
	for i, one := range p.People {
		if find(p.People[:i], one.Name) >= 0 {
			return nil, rogatory.Fault(rogatory.Invalid, "people_invalid", "%s lists %.60q twice", peopleFile, one.Name)
		}
	}
	return p.People, nil
}

func find(all []Person, name string) int {
	return slices.IndexFunc(all, func(p Person) bool { return p.Name == name })
}

// AddPerson gives a person a token, which is kept in DIR/tokens/NAME for the command line on this
// machine and is otherwise known only by its digest. A running node lets the person in at once.
//
// Order of writes, here and in the functions below: people.json, then the token's file. After a crash in
// between, RenewToken gives another.
func AddPerson(dir, name string, role rogatory.OfficerRole) (token string, err error) {
	roles := []rogatory.OfficerRole{rogatory.DutyOfficer, rogatory.Decider, rogatory.Custodian, rogatory.Administrator, rogatory.Overseer}
	if !slices.Contains(roles, role) {
		return "", rogatory.Fault(rogatory.Invalid, "role_unknown", "role %.30q is not known", role).WithHint("the roles are officer, decider, custodian, administrator and oversight")
	}
	if name == "" || len(name) > 100 || filepath.Base(name) != name || strings.HasPrefix(name, ".") {
		return "", rogatory.Fault(rogatory.Invalid, "name_invalid", "name %.60q cannot be used", name)
	}
	all, err := People(dir)
	if err != nil {
		return "", err
	}
	if find(all, name) >= 0 {
		return "", rogatory.Fault(rogatory.Conflict, "person_exists", "%s has a token already", name).
			WithHint("rogatory person token gives another in its place; for another role, remove the person first")
	}
	token, digest := newToken()
	return token, keepPeople(dir, append(all, Person{Name: name, Role: role, TokenSHA256: digest}), name, token)
}

// RenewToken gives a person another token in the place of the one they have, which ends at once.
func RenewToken(dir, name string) (token string, err error) {
	all, err := People(dir)
	if err != nil {
		return "", err
	}
	i := find(all, name)
	if i < 0 {
		return "", personUnknown(name)
	}
	token, all[i].TokenSHA256 = newToken()
	return token, keepPeople(dir, all, name, token)
}

// RemovePerson takes a person off the list; their token ends at once. What they did stays recorded.
func RemovePerson(dir, name string) error {
	all, err := People(dir)
	if err != nil {
		return err
	}
	i := find(all, name)
	if i < 0 {
		return personUnknown(name)
	}
	if err := keepPeople(dir, slices.Delete(all, i, i+1), "", ""); err != nil {
		return err
	}
	if err := os.Remove(filepath.Join(dir, tokensDir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return rogatory.Fault(rogatory.Unavailable, "people_not_written", "remove the token of %s, which is good for nothing now: %w", name, err)
	}
	return nil
}

// SetLogin says how the ministry's sign-in names a person; empty takes it away.
func SetLogin(dir, name, login string) error {
	all, err := People(dir)
	if err != nil {
		return err
	}
	i := find(all, name)
	if i < 0 {
		return personUnknown(name)
	}
	if j := slices.IndexFunc(all, func(p Person) bool { return login != "" && p.Login == login && p.Name != name }); j >= 0 {
		return rogatory.Fault(rogatory.Conflict, "login_taken", "%.60q is the sign-in of %s already", login, all[j].Name)
	}
	all[i].Login = login
	return keepPeople(dir, all, "", "")
}

// PersonOf names whom the ministry's sign-in means; NotFound "person_unknown" if nobody.
func (n *Node) PersonOf(ctx context.Context, login string) (string, error) {
	all, err := n.people(ctx)
	if err != nil {
		return "", err
	}
	for _, p := range all {
		if login != "" && p.Login == login {
			return p.Name, nil
		}
	}
	return "", rogatory.Fault(rogatory.NotFound, "person_unknown", "nobody here signs in as %.60q", login).WithHint("an administrator says who that is: rogatory person login NAME LOGIN")
}

func personUnknown(name string) error {
	return rogatory.Fault(rogatory.NotFound, "person_unknown", "nobody is called %.60q here", name).WithHint("rogatory person list tells who has a token")
}

func newToken() (string, rogatory.Digest) {
	secret := make([]byte, 32)
	rand.Read(secret)
	token := base64.RawURLEncoding.EncodeToString(secret)
	return token, rogatory.DigestOf([]byte(token))
}

func keepPeople(dir string, all []Person, name, token string) error {
	text, err := json.MarshalIndent(people{all}, "", "  ")
	if err != nil {
		return err
	}
	if err = replace(filepath.Join(dir, peopleFile), append(text, '\n')); err == nil && token != "" {
		err = replace(filepath.Join(dir, tokensDir, name), []byte(token+"\n"))
	}
	if err != nil {
		return rogatory.Fault(rogatory.Unavailable, "people_not_written", "write %s: %w", peopleFile, err)
	}
	return nil
}

// Authenticate returns who holds the token. Nobody acts who is not in the journal yet: a list that
// cannot be recorded lets nobody in.
func (n *Node) Authenticate(token string) (rogatory.Actor, bool) {
	ctx, cancel := context.WithTimeout(context.Background(), outsideTimeout)
	defer cancel()
	all, err := n.people(ctx)
	n.note(peopleFile, err)
	if err != nil {
		return rogatory.Actor{}, false
	}
	sum := sha256.Sum256([]byte(token))
	for _, p := range all {
		if subtle.ConstantTimeCompare(sum[:], p.TokenSHA256[:]) == 1 {
			return rogatory.Actor{Address: n.config.address(), Officer: rogatory.Officer{Name: p.Name, Role: p.Role}, Credential: docket.TokenCredential + hex.EncodeToString(sum[:8])}, true
		}
	}
	return rogatory.Actor{}, false
}

// watchPeople records changes that nobody has used yet.
func (n *Node) watchPeople(ctx context.Context) error {
	_, err := n.people(ctx)
	n.note(peopleFile, err)
	return nil
}

// peopleSetting holds the list that was recorded last, with the digests of the tokens.
const peopleSetting = "people"

// people reads people.json and records what is different from the list that was recorded last, in one
// transaction: an entry for each change, and the list. So whoever edits the file, by command or by
// hand, while the node runs or while it does not, the journal says what changed, and when the node
// noticed: at its start, within a second, or before the first act of a new person. A change that was
// undone before that is not seen.
func (n *Node) people(ctx context.Context) ([]Person, error) {
	all, err := People(n.dir)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(all)
	if err != nil {
		return nil, err
	}
	n.list.mu.Lock()
	defer n.list.mu.Unlock()
	if n.list.recorded == rogatory.DigestOf(text) {
		return n.list.all, nil
	}
	if n.start.gate.Err() != nil {
		return n.recordedPeople(ctx, all)
	}
	err = n.store.Update(ctx, func(tx *store.Tx) error {
		var last []Person
		if v, found, err := tx.Setting(peopleSetting); err != nil {
			return err
		} else if found {
			if err := json.Unmarshal(v, &last); err != nil {
				return rogatory.Fault(rogatory.Damaged, "setting_damaged", "read setting %s: %w", peopleSetting, err)
			}
		}
		if all, err = n.withoutVoid(tx, last, all); err != nil {
			return err
		}
		changes := changesOf(last, all)
		if len(changes) == 0 {
			return nil
		}
		for _, c := range changes {
			by := rogatory.Actor{Address: n.config.address(), Officer: rogatory.Officer{Name: "node", Role: rogatory.TheNode}}
			e := rogatory.Entry{Type: rogatory.PersonChanged, At: rogatory.At(n.opt.Clock.Now()), By: by, Name: fmt.Sprintf("%s (%s)", c.Name, c.Role), Why: c.Change, Person: &c}
			if _, err := n.Ledger.Record(tx, e); err != nil {
				return err
			}
		}
		recorded, err := json.Marshal(all)
		if err != nil {
			return err
		}
		return tx.SetSetting(peopleSetting, recorded)
	})
	if err != nil {
		return nil, err
	}
	// Whoever is on the list no more leaves no passkey: one of the same name next year is somebody else.
	if err := n.dropPasskeys(func(name string) bool { return find(all, name) < 0 }); err != nil {
		return nil, err
	}
	n.list.recorded, n.list.all = rogatory.DigestOf(text), all
	return all, nil
}

// voidSetting holds the digests of tokens that were taken from a person or replaced: an old copy of the list brings none
// of them back.
const voidSetting = "people.void"

// withoutVoid voids the tokens that are in the last list and not in this one, and returns this one without those whose
// token was voided before.
func (n *Node) withoutVoid(tx *store.Tx, last, all []Person) ([]Person, error) {
	void := map[rogatory.Digest]bool{}
	v, found, err := tx.Setting(voidSetting)
	if err != nil {
		return nil, err
	}
	if found {
		if err := json.Unmarshal(v, &void); err != nil {
			return nil, rogatory.Fault(rogatory.Damaged, "setting_damaged", "read setting %s: %w", voidSetting, err)
		}
	}
	var back []string
	left := slices.DeleteFunc(slices.Clone(all), func(p Person) bool {
		if void[p.TokenSHA256] {
			back = append(back, p.Name)
		}
		return void[p.TokenSHA256]
	})
	var problem error
	if len(back) > 0 {
		problem = rogatory.Fault(rogatory.Conflict, "person_came_back", "%s is on the list again with a token that was taken away: the list may be an old copy", strings.Join(back, ", ")).
			WithHint("rogatory person remove, then add, gives a new token to who is meant to come back")
	}
	n.note("people who came back", problem)
	before := len(void)
	for _, p := range last {
		if p.TokenSHA256 != (rogatory.Digest{}) && !slices.ContainsFunc(left, func(q Person) bool { return q.TokenSHA256 == p.TokenSHA256 }) {
			void[p.TokenSHA256] = true
		}
	}
	if len(void) == before {
		return left, nil
	}
	text, err := json.Marshal(void)
	if err != nil {
		return nil, err
	}
	return left, tx.SetSetting(voidSetting, text)
}

// recordedPeople are those of the list whom the journal knows as they are, while nothing can be recorded: a person who was
// taken off, or whose token was changed, does not come back with an old copy of the list, and a new one waits.
func (n *Node) recordedPeople(ctx context.Context, all []Person) ([]Person, error) {
	var last []Person
	err := n.store.View(ctx, func(tx *store.Tx) error {
		v, found, err := tx.Setting(peopleSetting)
		if err != nil || !found {
			return err
		}
		return json.Unmarshal(v, &last)
	})
	return slices.DeleteFunc(slices.Clone(all), func(p Person) bool { return !slices.Contains(last, p) }), err
}

// changesOf tells what happened between two lists, removals first.
func changesOf(before, after []Person) []rogatory.PersonChange {
	var changes []rogatory.PersonChange
	add := func(p Person, change string) {
		changes = append(changes, rogatory.PersonChange{Officer: rogatory.Officer{Name: p.Name, Role: p.Role}, Change: change})
	}
	byName := func(a, b Person) int { return cmp.Compare(a.Name, b.Name) }
	before, after = slices.SortedFunc(slices.Values(before), byName), slices.SortedFunc(slices.Values(after), byName)
	for _, p := range before {
		if i := find(after, p.Name); i < 0 || after[i].Role != p.Role {
			add(p, rogatory.PersonRemoved)
		}
	}
	for _, p := range after {
		switch i := find(before, p.Name); {
		case i < 0 || before[i].Role != p.Role:
			add(p, rogatory.PersonAdded)
		case before[i].TokenSHA256 != p.TokenSHA256:
			add(p, rogatory.PersonToken)
		case before[i].Login != p.Login:
			add(p, rogatory.PersonLogin)
		}
	}
	return changes
}
