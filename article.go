// SPDX-License-Identifier: Apache-2.0

package rogatory

import (
	"regexp"
	"strconv"
	"strings"
)

// Article names an article of the Convention or a part of it in the one form that is used everywhere:
// the number, then in parentheses paragraph, letter and roman number, as far as they are needed: 40,
// 40(15), 40(15)(a), 2(h), 11(1)(a)(ii). Which paragraphs an article has is not known here.
type Article string

// LastArticle is the number of the Convention's last article. Wrong "full texts" circulate: one with
// another number of articles is another text.
const LastArticle = 68

var articleForm = regexp.MustCompile(`^([1-9][0-9]?)(\([1-9][0-9]?\))?(\([a-z]\))?(\([ivx]{1,4}\))?$`)

// Number returns the article's number, from 1 to LastArticle, or zero if a is not valid.
func (a Article) Number() int {
	m := articleForm.FindStringSubmatch(string(a))
	if m == nil {
		return 0
	}
	if n, err := strconv.Atoi(m[1]); err == nil && n <= LastArticle {
		return n
	}
	return 0
}

// Valid reports whether a has the form of an article, and its number is one of the Convention's.
func (a Article) Valid() bool { return a.Number() > 0 }

// Within reports whether a is b or a part of it: 40(21)(b) is within 40(21) and within 40.
func (a Article) Within(b Article) bool {
	return strings.HasPrefix(string(a), string(b)) && (len(a) == len(b) || a[len(b)] == '(')
}

// Holder returns what a is directly a part of: 40(21) for 40(21)(b), 40 for that, and nothing for 40.
func (a Article) Holder() Article { return a[:max(strings.LastIndexByte(string(a), '('), 0)] }

// ParseArticles reads one article or several, as rules name them: 40(3)(k), 40(29). It returns nothing
// unless each is valid.
func ParseArticles(list string) []Article {
	var all []Article
	for one := range strings.SplitSeq(list, ", ") {
		if !Article(one).Valid() {
			return nil
		}
		all = append(all, Article(one))
	}
	return all
}
