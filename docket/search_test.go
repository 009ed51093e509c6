// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"rogatory"
	"rogatory/journal"
	"rogatory/store"
	"rogatory/vault"
)

// An officer looks for what both offices hold, in several scripts; what changes is found by what it says now.
func TestSearchStory(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	id := w.sent(rogatory.Preservation42)
	second := w.xa.words(rogatory.StoredData, "")
	second.Title = "Nguyễn Văn Đức, 银行账户, تجميد الحساب, บัญชีธนาคาร"
	draft, err := w.xa.Draft(ctx, w.xa.officer(), w.xb.Us, "", second)
	w.ok(err)

	look := func(h *house, query string) (found []rogatory.RequestID, reasons string) {
		t.Helper()
		r, err := h.Search(ctx, h.officer(), query, 0)
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		for _, f := range r.Found {
			found = append(found, f.File.ID)
			for _, why := range f.Reasons {
				for _, s := range why.Spans {
					if s.Marked {
						reasons += why.Field + "=" + s.Text + ";"
					}
				}
			}
		}
		return found, reasons
	}
	for query, want := range map[string]string{"nguyen duc": "title=Nguyễn;title=Đức;", "账户": "title=账户;", "الحساب": "title=الحساب;", "ธนาคาร": "title=ธนาคาร;",
		"state:drafted from:XA": "", "ref:" + string(draft.ID): "ref=" + string(draft.ID) + ";"} {
		found, reasons := look(w.xa, query)
		if len(found) != 1 || found[0] != draft.ID || reasons != want {
			t.Errorf("%q finds %v because of %q", query, found, reasons)
		}
	}
	if found, _ := look(w.xb, "kind:preservation"); len(found) != 1 || found[0] != id {
		t.Errorf("the receiving office finds %v", found)
	}
	if found, _ := look(w.xa, "from:XA"); len(found) != 2 || found[0] != draft.ID {
		t.Errorf("all of ours, the last first, are %v", found)
	}

	translated := second
	translated.Translation = &rogatory.Translation{Language: "fr", By: "M. Diop", Title: "Gel d'un compte bancaire", Contents: map[string]string{}}
	if _, err := w.xa.Revise(ctx, w.xa.officer(), draft.ID, w.xb.Us, translated); err != nil {
		t.Fatal(err)
	}
	if found, reasons := look(w.xa, "bancaire"); len(found) != 1 || reasons != "title=bancaire;" {
		t.Errorf("by its translation %v is found, because of %q", found, reasons)
	}

	second.Title = "another matter"
	_, err = w.xa.Revise(ctx, w.xa.officer(), draft.ID, w.xb.Us, second)
	w.ok(err)
	if found, _ := look(w.xa, "银行账户"); len(found) != 0 {
		t.Errorf("what it said before is found: %v", found)
	}
	if found, _ := look(w.xa, "another"); len(found) != 1 {
		t.Errorf("what it says now finds %v", found)
	}
	w.sound()
}

func TestSearchIsRefusedAndJournaled(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.sent(rogatory.Preservation42)
	admin := w.xa.officer()
	admin.Role = rogatory.Administrator
	for _, c := range []struct {
		name  string
		by    rogatory.Actor
		query string
		code  string
	}{
		{"who sees no cases", admin, "mail", "role_not_allowed"},
		{"nothing", w.xa.officer(), " ", "search_empty"},
		{"an unknown kind", w.xa.officer(), "kind:presrvation", "kind_unknown"},
		{"an unknown state", w.xa.officer(), "state:refusd", "search_invalid"},
		{"what cannot be read", w.xa.officer(), "before:tomorrow", "search_invalid"},
	} {
		if _, err := w.xa.Search(ctx, c.by, c.query, 0); rogatory.CodeOf(err) != c.code {
			t.Errorf("%s: %v (%s)", c.name, err, rogatory.CodeOf(err))
		}
	}

	r, err := w.xa.Search(ctx, w.xa.officer(), "Okonkwo", 0)
	w.ok(err)
	var row store.Entry
	w.ok(w.xa.Store.View(ctx, func(tx *store.Tx) (err error) { row, err = tx.Entry(r.Entry); return err }))
	var e rogatory.Entry
	w.ok(json.Unmarshal(row.Body, &e))
	if e.Type != rogatory.CasesSearched || e.By.Name != w.xa.officer().Name || e.Search == nil || e.Search.Found != len(r.Found) {
		t.Errorf("the entry is %+v", e)
	}
	if strings.Contains(strings.ToLower(string(row.Body)), "okonkwo") {
		t.Error("the journal says what was searched for")
	}
	overseer := w.xa.officer()
	overseer.Role = rogatory.Overseer
	if d, err := w.xa.SearchDigest(ctx, overseer, " OKONKWO "); err != nil || d != e.Search.Query {
		t.Errorf("oversight cannot find the search again: %v, %v", d, err)
	}
	if _, err := w.xa.SearchDigest(ctx, w.xa.officer(), "okonkwo"); rogatory.CodeOf(err) != "role_not_allowed" {
		t.Errorf("an officer compares searches: %v", err)
	}
	w.xa.power.fail("before_commit", 0)
	if r, err := w.xa.Search(ctx, w.xa.officer(), "mail", 0); err == nil || len(r.Found) > 0 {
		t.Errorf("without its entry a search shows %v, %v", r, err)
	}
}

// The index is lost, or says something else than the files: fsck names it, and it is built anew.
func TestSearchIndexIsCheckedAndBuiltAnew(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	var ids []rogatory.RequestID
	for range 3 {
		ids = append(ids, w.sent(rogatory.Preservation42))
		w.xa.time.Advance(time.Second)
		w.xb.time.Advance(time.Second)
	}
	key, err := journal.NewVerifier(w.xa.keys.JournalVerifier())
	w.ok(err)
	for _, c := range []struct {
		name, code string
		harm       func(tx *store.Tx) error
	}{
		{"all of it is gone", "search_missing", func(tx *store.Tx) error { return tx.ClearIndex() }},
		{"a request is found by something else", "search_stale", func(tx *store.Tx) error {
			return tx.Index(store.Indexed{Request: ids[1], Opened: 1, Grams: []string{"other"}})
		}},
	} {
		w.ok(w.xa.Store.Update(ctx, c.harm))
		if _, err := w.xa.Check(ctx, key, vault.Structure); rogatory.CodeOf(err) != c.code || !strings.Contains(err.Error(), "XA-") {
			t.Errorf("%s: %v", c.name, err)
		}
		if n, err := w.xa.Reindex(ctx); err != nil || n != 3 {
			t.Errorf("%s: built anew: %d, %v", c.name, n, err)
		}
		w.sound()
		r, err := w.xa.Search(ctx, w.xa.officer(), "from:XA", 0)
		w.ok(err)
		if len(r.Found) != 3 || r.Found[0].File.ID != ids[2] {
			t.Errorf("%s: found %d", c.name, len(r.Found))
		}
	}
}

// Whatever the index holds stands in clear in the file beside it.
func TestIndexHoldsNoMoreThanTheFile(t *testing.T) {
	w := newWorld(t)
	id := w.sent(rogatory.StoredData)
	f, err := w.xa.File(t.Context(), id)
	w.ok(err)
	view, err := json.Marshal(f)
	w.ok(err)
	for _, field := range searchFields(f) {
		text, err := json.Marshal(field.Text)
		w.ok(err)
		for _, piece := range bytes.Split(bytes.Trim(text, `"`), []byte(`\n`)) {
			if !bytes.Contains(view, piece) {
				t.Errorf("%s: %s is not in the file", field.Name, piece)
			}
		}
	}
}
