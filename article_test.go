// SPDX-License-Identifier: Apache-2.0

package rogatory

import (
	"slices"
	"testing"
)

func TestArticlesHaveOneForm(t *testing.T) {
	for a, number := range map[Article]int{"1": 1, "68": 68, "2(h)": 2, "40(21)": 40, "40(21)(b)": 40, "40(15)(a)": 40, "41(3)(e)": 41, "11(1)(a)(ii)": 11} {
		if !a.Valid() || a.Number() != number {
			t.Errorf("%s is an article and has number %d", a, a.Number())
		}
	}
	for _, a := range []Article{"", "0", "07", "69", "100", "a", "40()", "40(0)", "40(07)", "40(100)", "40(21", "40(21)b", "40 (21)", "40(21))", "40(B)", "40(b)(21)", "40(1)(2)",
		"-1", "40((1))", "63.2", "Art 40", "40, 41", "40 ", "40\n", "11(1)(a)(ll)"} {
		if a.Valid() || a.Number() != 0 {
			t.Errorf("%q is no article", a)
		}
	}
}

func TestArticlesHoldTheirParts(t *testing.T) {
	for _, c := range []struct {
		part, whole Article
		within      bool
	}{{"40(21)(b)", "40(21)", true}, {"40(21)(b)", "40", true}, {"40", "40", true}, {"40", "40(21)", false}, {"4", "40", false}, {"40", "4", false}} {
		if c.part.Within(c.whole) != c.within {
			t.Errorf("%s within %s: not %t", c.part, c.whole, c.within)
		}
	}
	if a := Article("40(21)(b)"); a.Holder() != "40(21)" || a.Holder().Holder() != "40" || a.Holder().Holder().Holder() != "" {
		t.Error("what holds 40(21)(b)")
	}
}

func TestParseArticles(t *testing.T) {
	if all := ParseArticles("2(c), 2(d), 40"); !slices.Equal(all, []Article{"2(c)", "2(d)", "40"}) {
		t.Errorf("read as %q", all)
	}
	for _, list := range []string{"", "40,41", "40, ", ", 40", "40, 69", "40; 41"} {
		if all := ParseArticles(list); all != nil {
			t.Errorf("%q is read as %q", list, all)
		}
	}
}

// FuzzArticle: what is valid is within everything that holds it, and each of these is valid.
func FuzzArticle(f *testing.F) {
	f.Add("11(1)(a)(ii)")
	f.Add("2(h)")
	f.Add("40(0)")
	f.Fuzz(func(t *testing.T, text string) {
		a := Article(text)
		for up := a.Holder(); a.Valid() && up != ""; up = up.Holder() {
			if !up.Valid() || !a.Within(up) || up.Number() != a.Number() {
				t.Fatalf("%q in %q", a, up)
			}
		}
	})
}
