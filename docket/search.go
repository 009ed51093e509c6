// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strings"

	"rogatory"
	"rogatory/search"
	"rogatory/store"
)

// Found is a request that a search found, and why.
type Found struct {
	File    File         `json:"file"`
	Reasons []search.Hit `json:"reasons"` // empty if only typed pieces were asked for
}

// Results is a page of what a search found.
type Results struct {
	Found []Found `json:"found"`
	// Next is what to give as the place of the next page; zero on the last one.
	Next int64 `json:"next,omitempty"`
	// Entry is where the journal records that this was searched for.
	Entry int64 `json:"entry"`
}

const (
	// FoundPage is how many requests a page of results shows: each has several lines.
	FoundPage = 7
	// lookedThrough bounds how many files one search reads for a page. An index finds a little too much
	// only where words have to follow on one another; after as many as this the reader is asked whether
	// to look further.
	lookedThrough = 400
)

// Search looks for requests, those first that were opened here last. It needs the right to read cases.
//
// Every search is journaled before anything is shown: who, how many were shown, and of the query only a
// digest under a key that this office keeps, because a query names people before any case does, and the
// journal is for ever. Whoever suspects that a certain thing was searched for can have it compared: see
// SearchDigest. If the entry cannot be written, nothing is shown.
func (o *Office) Search(ctx context.Context, by rogatory.Actor, text string, place int64) (Results, error) {
	if err := MayRead(by); err != nil {
		return Results{}, err
	}
	q, err := search.Parse(text)
	if err != nil {
		return Results{}, err
	}
	if q.Empty() {
		return Results{}, rogatory.Fault(rogatory.Invalid, "search_empty", "the search says nothing to look for").WithHint("give a word, or a piece such as state:refused")
	}
	if err := o.known(q); err != nil {
		return Results{}, err
	}
	r, err := o.find(ctx, q, place)
	if err != nil {
		return Results{}, err
	}
	err = o.Store.Update(ctx, func(tx *store.Tx) error {
		key, err := o.searchKey(tx)
		if err != nil {
			return err
		}
		r.Entry, err = o.Ledger.Record(tx, rogatory.Entry{Type: rogatory.CasesSearched, At: o.now(), By: by,
			Search: &rogatory.SearchRef{Query: searchDigest(key, q), Found: len(r.Found), More: r.Next != 0}})
		return err
	})
	if err != nil {
		return Results{}, err
	}
	return r, nil
}

// known refuses a kind or state that nothing can have: a misspelt one would find nothing, silently.
func (o *Office) known(q search.Query) error {
	for _, f := range q.Facets {
		switch f.Name {
		case search.Kind:
			if _, err := o.Rules.Kind(rogatory.RequestKind(f.Value)); err != nil {
				return err
			}
		case search.State:
			states := statesOfRequests()
			if !slices.Contains(states, f.Value) {
				return rogatory.Fault(rogatory.Invalid, "search_invalid", "a request is never %.40q", f.Value).WithHint("its states are " + strings.Join(states, ", "))
			}
		}
	}
	return nil
}

func statesOfRequests() []string {
	var all []string
	for _, t := range rogatory.Lifecycle() {
		if t.To != "" && !slices.Contains(all, string(t.To)) {
			all = append(all, string(t.To))
		}
	}
	return all
}

// find returns a page without journaling.
func (o *Office) find(ctx context.Context, q search.Query, place int64) (Results, error) {
	r := Results{Found: []Found{}}
	f := store.SearchFilter{Wants: q.Wants(), Since: q.Since, Until: q.Until, Before: place, Limit: FoundPage + 1}
	err := o.Store.View(ctx, func(tx *store.Tx) error {
		for looked := 0; ; {
			hits, err := tx.Search(f)
			if err != nil {
				return err
			}
			for _, h := range hits {
				if len(r.Found) == FoundPage || looked == lookedThrough {
					r.Next = f.Before
					return nil
				}
				files, err := filesOf([]store.Request{h.Request})
				if err != nil {
					return err
				}
				if reasons, ok := search.Match(q, searchFields(files[0])); ok {
					r.Found = append(r.Found, Found{files[0], reasons})
				}
				looked++
				f.Before = h.Place
			}
			if len(hits) < f.Limit {
				return nil
			}
		}
	})
	return r, err
}

// searchFields lists what a request is found by: what people wrote in it, and what our file of it holds
// besides. Their names are those of the fields, or of the parts of a file. The words of messages are not
// among them, and nothing is that the file does not hold in clear.
func searchFields(f File) []search.Field {
	all := []search.Field{{Name: search.Ref, Text: string(f.ID)}, {Name: "title", Text: f.Request.Title}}
	add := func(name string, texts ...string) {
		if text := strings.TrimSpace(strings.Join(texts, "\n")); text != "" {
			all = append(all, search.Field{Name: name, Text: text})
		}
	}
	names := make([]string, 0, len(f.Request.Contents))
	for name := range f.Request.Contents {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		add(name, f.Request.Contents[name])
	}
	if t := f.Request.Translation; t != nil {
		add("title", t.Title)
		for _, name := range slices.Sorted(maps.Keys(t.Contents)) {
			add(name, t.Contents[name])
		}
	}
	add("law", f.Request.Offence.Law)
	for _, p := range f.Request.Payments {
		add("payments", p.From.Number, p.From.Institution, p.To.Number, p.To.Institution)
	}
	add("author", f.Author)
	if f.Verdict != nil {
		add("verdict", f.Verdict.Reasons)
	}
	add("conditions", f.Conditions...)
	for _, i := range f.Preservation.Items {
		add("preserved", i.Description)
	}
	for _, x := range f.Exhibits {
		add("exhibit", string(x.Exhibit.ID), x.Exhibit.Title)
	}
	for _, c := range f.Consents {
		add("consent", c.Consent.Purpose, c.Words)
	}
	return all
}

// indexedOf is what the index holds of a file: nothing beyond the file, and no order of its words.
func indexedOf(f File) store.Indexed {
	requesting, requested := f.Us.State, f.Them.State
	if f.Side == rogatory.RequestedSide {
		requesting, requested = requested, requesting
	}
	facets := []search.Facet{{Name: search.From, Value: strings.ToLower(string(requesting))}, {Name: search.To, Value: strings.ToLower(string(requested))},
		{Name: search.Kind, Value: string(f.Request.Kind)}, {Name: search.State, Value: string(f.State)}}
	x := store.Indexed{Request: f.ID, Opened: f.Opened}
	for _, each := range facets {
		x.Grams = append(x.Grams, each.Gram())
	}
	var texts strings.Builder
	for _, field := range searchFields(f) {
		texts.WriteString(field.Text)
		texts.WriteString("\n")
	}
	x.Grams = append(x.Grams, search.Grams(texts.String())...)
	return x
}

// searchKeySetting holds the key of the digests of queries. Who deletes it makes them mean nothing.
const searchKeySetting = "search.key"

func (o *Office) searchKey(tx *store.Tx) ([]byte, error) {
	key, found, err := tx.Setting(searchKeySetting)
	if err != nil || found && len(key) == sha256.Size {
		return key, err
	}
	key = make([]byte, sha256.Size)
	if _, err := io.ReadFull(o.Random, key); err != nil {
		return nil, err
	}
	return key, tx.SetSetting(searchKeySetting, key)
}

func searchDigest(key []byte, q search.Query) rogatory.Digest {
	mac := hmac.New(sha256.New, key)
	io.WriteString(mac, q.String())
	return rogatory.Digest(mac.Sum(nil))
}

// SearchDigest returns what the journal has of a query, to hold it against entries: for oversight only.
func (o *Office) SearchDigest(ctx context.Context, by rogatory.Actor, text string) (rogatory.Digest, error) {
	if by.Role != rogatory.Overseer {
		return rogatory.Digest{}, rogatory.Fault(rogatory.Denied, "role_not_allowed", "%s in the role %s may not compare searches", by.Name, by.Role).WithHint("this needs the role oversight")
	}
	q, err := search.Parse(text)
	if err != nil {
		return rogatory.Digest{}, err
	}
	var digest rogatory.Digest
	err = o.Store.View(ctx, func(tx *store.Tx) error {
		key, found, err := tx.Setting(searchKeySetting)
		if err == nil && !found {
			err = rogatory.Fault(rogatory.NotFound, "search_none", "nothing was ever searched for here")
		}
		digest = searchDigest(key, q)
		return err
	})
	return digest, err
}

// reindexBatch is how many requests one transaction of Reindex takes.
const reindexBatch = 200

// Reindex makes the index of the search and the queue anew from the files, in the order in which these were
// opened, and returns how many there are. Until it is over, both show only a part. It changes no case and is
// safe to be run again. Who holds which request stays as it is.
func (o *Office) Reindex(ctx context.Context) (int, error) {
	type place struct {
		id     rogatory.RequestID
		opened rogatory.Instant
	}
	var all []place
	where := store.RequestFilter{Limit: store.MaxRows}
	for {
		var rows []store.Request
		err := o.Store.View(ctx, func(tx *store.Tx) (err error) {
			rows, err = tx.Requests(where)
			return err
		})
		if err != nil {
			return 0, err
		}
		for _, row := range rows {
			var f struct {
				Opened rogatory.Instant `json:"opened"`
			}
			if err := json.Unmarshal(row.View, &f); err != nil {
				return 0, rogatory.Fault(rogatory.Damaged, "view_damaged", "read the file of %s: %w", row.ID, err).WithHint("run rogatory fsck")
			}
			all = append(all, place{row.ID, f.Opened})
			where.Before, where.BeforeID = row.Updated, row.ID
		}
		if len(rows) < store.MaxRows {
			break
		}
	}
	slices.SortFunc(all, func(a, b place) int { return cmp.Or(cmp.Compare(a.opened, b.opened), cmp.Compare(a.id, b.id)) })
	if err := o.Store.Update(ctx, func(tx *store.Tx) error { return tx.ClearIndex() }); err != nil {
		return 0, err
	}
	for some := range slices.Chunk(all, reindexBatch) {
		err := o.Store.Update(ctx, func(tx *store.Tx) error {
			for _, p := range some {
				f, err := o.must(tx, p.id)
				if err == nil {
					err = tx.Index(indexedOf(f))
				}
				if err == nil {
					err = setPlace(tx, f)
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return 0, err
		}
	}
	return len(all), o.Store.Update(ctx, takeOverClaims)
}

// EnsureIndexed makes index and queue if there are fewer requests in the index than there are, as after a
// migration from a schema that had neither, or after a Reindex that was broken off.
func (o *Office) EnsureIndexed(ctx context.Context) error {
	var n store.DerivedCounts
	err := o.Store.View(ctx, func(tx *store.Tx) (err error) {
		n, err = tx.Derived()
		return err
	})
	if err == nil && n.Requests != n.Indexed {
		_, err = o.Reindex(ctx)
	}
	return err
}
