// SPDX-License-Identifier: Apache-2.0

package safeguard

import (
	_ "embed"
	"errors"
	"fmt"
	"iter"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"rogatory"
	"rogatory/datafile"
)

//go:embed data/signals.json
var signalsFile []byte

// Limits on a vocabulary and on what is read with it.
const (
	MaxVocabulary = 256 << 10
	maxPhrases    = 2000
	maxPhrase     = 80        // characters
	MaxHeard      = 256 << 10 // bytes of a text; what is longer is cut, and a request cannot be that long
)

// Phrases are words of one language that hint at one signal.
type Phrases struct {
	Signal   Signal `json:"signal"`
	Language string `json:"language"`
	// Verified: somebody who speaks the language and knows its law has looked at them.
	Verified bool `json:"verified"`
	// Phrases are in small letters. A star stands for the rest of a word.
	Phrases []string `json:"phrases"`
}

// Vocabulary is what a reading of a request listens for. A phrase raises a question for a person; it never refuses, and
// its absence proves nothing.
type Vocabulary struct {
	Version string    `json:"version"`
	Phrases []Phrases `json:"phrases"`
	// People are words for the people whose data may be asked for: a number before one of them is a number of people.
	People []string `json:"people"`
	listen []listener
	people []string // folded
	number *regexp.Regexp
}

type listener struct {
	signal Signal
	grams  []uint16 // of the phrase: a text that lacks one does not hold it
	find   func(text heard) bool
}

// grams are the runs of three bytes of a text, hashed: most phrases are ruled out by them without being looked for.
type grams [1 << 16 / 64]uint64

// maxGrams is how many of a phrase are kept: enough to rule out nearly all.
const maxGrams = 6

func gram(s string, i int) uint16 {
	return uint16((uint32(s[i]) | uint32(s[i+1])<<8 | uint32(s[i+2])<<16) * 2654435761 >> 16)
}

func (g *grams) add(s string) {
	for i := range len(s) - 2 {
		n := gram(s, i)
		g[n/64] |= 1 << (n % 64)
	}
}

func (g *grams) may(hold []uint16) bool {
	for _, n := range hold {
		if g[n/64]&(1<<(n%64)) == 0 {
			return false
		}
	}
	return true
}

// gramsOf are those of a phrase up to its first star.
func gramsOf(phrase string) (all []uint16) {
	phrase, _, _ = strings.Cut(phrase, "*")
	for i := range min(len(phrase)-2, maxGrams) {
		all = append(all, gram(phrase, i))
	}
	return all
}

var signalFiles = datafile.Form{Code: "signals_invalid", Hint: "mend that line; nothing of the file was loaded", Size: MaxVocabulary, Items: maxPhrases, Complete: true}

// TheVocabulary returns the vocabulary that came with this program.
func TheVocabulary() Vocabulary {
	v, err := ReadVocabulary("signals.json", signalsFile)
	if err != nil {
		panic("the embedded vocabulary does not load: " + err.Error()) // a test reads it
	}
	return v
}

// ReadVocabulary reads a vocabulary strictly: an unknown signal, an empty phrase and one in another form than it is
// compared in refuse it whole, naming the line.
func ReadVocabulary(name string, data []byte) (Vocabulary, error) {
	var v Vocabulary
	f, err := signalFiles.Read(name, data, &v)
	if err != nil {
		return Vocabulary{}, err
	}
	if v.Version == "" || len(v.Phrases) == 0 || len(v.People) == 0 {
		return Vocabulary{}, f.Fault(errors.New("a vocabulary has a version, phrases and words for people"))
	}
	schema := readSchema()
	if err := datafile.Each(f, v.Phrases, func(p *Phrases) error {
		switch {
		case !schema.has("Signal", string(p.Signal)):
			return fmt.Errorf("the signal %.40q is unknown to the schema of policies", p.Signal)
		case p.Language == "" || len(p.Phrases) == 0:
			return fmt.Errorf("the phrases of %s have no language, or there are none", p.Signal)
		}
		for _, phrase := range p.Phrases {
			l, err := listen(p.Signal, phrase)
			if err != nil {
				return err
			}
			v.listen = append(v.listen, l)
		}
		return nil
	}, "phrases"); err != nil {
		return Vocabulary{}, err
	}
	var people []string
	for i, word := range v.People {
		if err := checkPhrase(word); err != nil {
			return Vocabulary{}, f.Fault(err, "people", i)
		}
		v.people = append(v.people, fold(word))
		people = append(people, regexp.QuoteMeta(fold(word)))
	}
	v.number = regexp.MustCompile(`^([0-9]{1,3}(?:[ ,.’'٬][0-9]{3})+|[0-9]{1,15})((?:\s?[\p{L}]{0,12}){0,2}?)\s?(?:` + strings.Join(people, "|") + `)`)
	return v, nil
}

func checkPhrase(phrase string) error {
	if err := datafile.CheckText("a phrase", phrase, maxPhrase); err != nil {
		return err
	}
	if strings.HasPrefix(phrase, "*") || strings.Contains(phrase, "**") || strings.Contains(phrase, " *") || len(strings.ReplaceAll(fold(phrase), "*", "")) < 2 {
		return fmt.Errorf("the phrase %q is too short, or begins a word with a star", phrase)
	}
	return nil
}

// heard is a text in the forms that phrases are looked for in.
type heard struct{ folded, plain string }

func listen(signal Signal, phrase string) (listener, error) {
	if err := checkPhrase(phrase); err != nil {
		return listener{}, err
	}
	body := fold(phrase)
	if dense(body) {
		body = strings.ReplaceAll(body, "*", "")
		return listener{signal, gramsOf(body), func(t heard) bool { return strings.Contains(t.folded, body) }}, nil
	}
	find := finder(body)
	if bare := plain(body); bare != body && latin(body) {
		bared := finder(bare)
		return listener{signal, gramsOf(bare), func(t heard) bool { return find(t.folded) || bared(t.plain) }}, nil
	}
	return listener{signal, gramsOf(body), func(t heard) bool { return find(t.folded) }}, nil
}

// finder finds a phrase where a word begins, and where a word ends unless a star leaves it open.
func finder(phrase string) func(string) bool {
	body, open := strings.CutSuffix(phrase, "*")
	if first, _, inner := strings.Cut(body, "*"); inner {
		whole := regexp.MustCompile(`^` + strings.ReplaceAll(regexp.QuoteMeta(body), `\*`, `[\p{L}\p{M}]*`))
		return func(text string) bool {
			return hasWord(text, first, true, func(rest string) bool {
				at := whole.FindStringIndex(rest)
				return at != nil && (open || endsWord(rest[at[1]:]))
			})
		}
	}
	return func(text string) bool { return hasWord(text, body, open, nil) }
}

func endsWord(rest string) bool {
	r, _ := utf8.DecodeRuneInString(rest)
	return rest == "" || !letter(r)
}

// hasWord finds a phrase where a word begins. also, if there is one, decides by the text from there on.
func hasWord(text, phrase string, open bool, also func(rest string) bool) bool {
	for from := 0; ; {
		i := strings.Index(text[from:], phrase)
		if i < 0 {
			return false
		}
		i += from
		before, _ := utf8.DecodeLastRuneInString(text[:i])
		if (i == 0 || !letter(before)) && (open || endsWord(text[i+len(phrase):])) && (also == nil || also(text[i:])) {
			return true
		}
		_, n := utf8.DecodeRuneInString(text[i:])
		from = i + n
	}
}

func letter(r rune) bool { return unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsNumber(r) }

// dense reports whether a phrase is of a script that writes no spaces, or puts particles before its words as Arabic
// does: there it is looked for anywhere.
func dense(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool {
		return unicode.In(r, unicode.Han, unicode.Thai, unicode.Arabic)
	})
}

func latin(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Latin, r) })
}

// arabic brings together letters that are written one for the other.
var arabic = strings.NewReplacer("أ", "ا", "إ", "ا", "آ", "ا", "ى", "ي", "ة", "ه", "ـ", "")

// fold brings a text into the form in which phrases are compared: NFKC, small letters, single spaces, without signs
// that nobody sees, and with words that mix scripts as they look.
func fold(s string) string {
	s = norm.NFKC.String(strings.ToLower(norm.NFKC.String(s)))
	s = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) || r >= 0x064B && r <= 0x0652 || r == 0x00AD {
			return -1
		}
		return r
	}, s)
	var words []string
	for w := range strings.FieldsSeq(arabic.Replace(s)) {
		words = append(words, unmix(w))
	}
	return strings.Join(words, " ")
}

// plain is a text without the marks on its letters: what was written without accents is found as well.
func plain(s string) string {
	return norm.NFC.String(strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFD.String(s)))
}

// Listen says what a text hints at, in order and each once. It reads any of the languages: nobody has to say which.
func (v Vocabulary) Listen(text string) []Signal { return v.hear(text, nil) }

// hear is Listen for some signals: none means all but those of breadth, which stand for themselves only in what is asked.
func (v Vocabulary) hear(text string, only []Signal) []Signal {
	if len(text) > MaxHeard {
		text = strings.ToValidUTF8(text[:MaxHeard], "")
	}
	f := fold(text)
	t := heard{f, plain(f)}
	var have grams
	have.add(t.folded)
	have.add(t.plain)
	found := map[Signal]bool{}
	for _, l := range v.listen {
		if only == nil && slices.Contains(breadthSignals, l.signal) || only != nil && !slices.Contains(only, l.signal) || found[l.signal] {
			continue
		}
		if have.may(l.grams) && l.find(t) {
			found[l.signal] = true
		}
	}
	return sortedKeys(found)
}

// numberSpan is how many bytes from a number on are looked at: the number, two words, and who is counted.
const numberSpan = 200

// numbers yields where each run of digits begins.
func numbers(s string) iter.Seq[int] {
	return func(yield func(int) bool) {
		inside := false
		for i := range len(s) {
			digit := s[i] >= '0' && s[i] <= '9'
			if digit && !inside && !yield(i) {
				return
			}
			inside = digit
		}
	}
}

// most is the largest number of people that a text names.
func (v Vocabulary) most(text string) (largest int64) {
	f := fold(text[:min(len(text), MaxHeard)])
	if v.number == nil || !slices.ContainsFunc(v.people, func(word string) bool { return strings.Contains(f, word) }) {
		return 0
	}
	for at := range numbers(f) {
		m := v.number.FindStringSubmatch(f[at:min(len(f), at+numberSpan)])
		if m == nil {
			continue
		}
		digits := strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' {
				return r
			}
			return -1
		}, m[1])
		if n, err := strconv.ParseInt(digits, 10, 64); err == nil && !(n >= 1900 && n < 2100 && strings.TrimSpace(m[2]) != "") { // a year, and a word after it
			largest = max(largest, n)
		}
	}
	return largest
}

// Structure says what the form of a request hints at, whatever its story: an offence that is none of Articles 7 to 16,
// a penalty that was raised so that it counts as serious, and no record of dual criminality (AB-04).
func Structure(f Facts) []Signal {
	var all []Signal
	if !slices.ContainsFunc(f.Articles, func(a rogatory.Article) bool { return a.Number() >= 7 && a.Number() <= 16 }) {
		all = append(all, "unlisted_offence")
	}
	if f.PenaltyRaised == Yes {
		all = append(all, "penalty_inflated")
	}
	if f.Dual == NotRecorded || f.Dual == "" {
		all = append(all, "no_dual_record")
	}
	slices.Sort(all)
	return all
}
