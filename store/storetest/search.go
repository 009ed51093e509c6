// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"fmt"
	"slices"
	"strings"

	"rogatory"
	"rogatory/store"
)

func (e exam) search() {
	id := func(n int) rogatory.RequestID { return caseOne.Request(n) }
	texts := []string{
		"kind:preservation state:drafted bank account 银行 行账",
		"kind:preservation state:refused bank บัญ ัญช",
		"kind:stored_data state:refused accounts حساب nguyen",
		"kind:stored_data state:refused счет 2026",
	}
	e.update(func(tx *store.Tx) error {
		for i, text := range texts {
			if err := tx.InsertRequest(store.Request{ID: id(i + 1), Case: caseOne, Side: rogatory.RequestingSide, Peer: "XB", Kind: "preservation", State: "drafted", Updated: 1, View: []byte("{}")}); err != nil {
				return err
			}
			if err := tx.Index(store.Indexed{Request: id(i + 1), Opened: rogatory.Instant(10 * (i + 1)), Grams: strings.Fields(text)}); err != nil {
				return err
			}
		}
		return nil
	})
	found := func(f store.SearchFilter) (numbers []int, last int64) {
		e.view(func(tx *store.Tx) error {
			hits, err := tx.Search(f)
			for _, h := range hits {
				numbers, last = append(numbers, h.Request.ID.Number()), h.Place
			}
			return err
		})
		return numbers, last
	}
	word := func(words ...string) []string { return words }
	for _, c := range []struct {
		name   string
		filter store.SearchFilter
		want   []int
	}{
		{"everything", store.SearchFilter{}, []int{4, 3, 2, 1}},
		{"a word", store.SearchFilter{Wants: word("account")}, []int{1}},
		{"two", store.SearchFilter{Wants: word("bank", "account")}, []int{1}},
		{"a facet", store.SearchFilter{Wants: word("state:refused")}, []int{4, 3, 2}},
		{"a facet and a word", store.SearchFilter{Wants: word("state:refused", "bank")}, []int{2}},
		{"no piece of a facet", store.SearchFilter{Wants: word("refused")}, nil},
		{"Chinese", store.SearchFilter{Wants: word("银行", "行账")}, []int{1}},
		{"Thai", store.SearchFilter{Wants: word("ัญช")}, []int{2}},
		{"Arabic", store.SearchFilter{Wants: word("حساب")}, []int{3}},
		{"Cyrillic", store.SearchFilter{Wants: word("счет")}, []int{4}},
		{"since", store.SearchFilter{Since: 30}, []int{4, 3}},
		{"until", store.SearchFilter{Until: 30}, []int{2, 1}},
		{"a word, since and until", store.SearchFilter{Wants: word("state:refused"), Since: 20, Until: 40}, []int{3, 2}},
		{"what is nowhere", store.SearchFilter{Wants: word("bank", "nothing")}, nil},
	} {
		got, _ := found(c.filter)
		same(e, c.name, got, c.want)
	}

	page, last := found(store.SearchFilter{Wants: word("state:refused"), Limit: 2})
	same(e, "first page", page, []int{4, 3})
	page, _ = found(store.SearchFilter{Wants: word("state:refused"), Limit: 2, Before: last})
	same(e, "second page", page, []int{2})

	changed := store.Indexed{Request: id(2), Opened: 20, Grams: []string{"state:closed", "other"}}
	e.view(func(tx *store.Tx) error {
		expect(e, tx.CheckIndexed(changed), rogatory.Stale, "search_stale")
		expect(e, tx.CheckIndexed(store.Indexed{Request: id(9)}), rogatory.NotFound, "search_missing")
		return nil
	})
	e.update(func(tx *store.Tx) error { return tx.Index(changed) })
	e.view(func(tx *store.Tx) error { return tx.CheckIndexed(changed) })
	got, _ := found(store.SearchFilter{Wants: word("bank")})
	same(e, "by what it said before", got, []int{1})
	got, _ = found(store.SearchFilter{Wants: word("other")})
	same(e, "by what it says now, in its place", got, []int{2})

	var many []string
	for i := range 1000 {
		many = append(many, fmt.Sprintf("g%d", i))
	}
	long := store.Indexed{Request: id(3), Opened: 30, Grams: many}
	e.update(func(tx *store.Tx) error { return tx.Index(long) })
	e.view(func(tx *store.Tx) error { return tx.CheckIndexed(long) })

	for _, gram := range []string{"", "two words", `"`, "'", `\`, "Big", "a*", "a(b"} {
		bad := store.Indexed{Request: id(1), Grams: []string{gram}}
		e.refused(rogatory.Invalid, "gram_invalid", func(tx *store.Tx) error { return tx.Index(bad) })
		e.refused(rogatory.Invalid, "gram_invalid", func(tx *store.Tx) error {
			_, err := tx.Search(store.SearchFilter{Wants: []string{gram}})
			return err
		})
	}
	e.update(func(tx *store.Tx) error { return tx.ClearIndex() })
	got, _ = found(store.SearchFilter{})
	same(e, "after it was cleared", slices.Clone(got), []int(nil))
	e.update(func(tx *store.Tx) error { return tx.Index(changed) })
	got, _ = found(store.SearchFilter{Wants: word("other")})
	same(e, "built anew", got, []int{2})
}
