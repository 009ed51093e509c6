// SPDX-License-Identifier: Apache-2.0

package safeguard

import (
	"crypto/hmac"
	"crypto/sha256"

	"encoding/hex"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"

	"rogatory"
)

// Spans over which requests are linked, and refusals remembered. They are ours; the Convention has none.
const (
	LinkWindow = 90 * 24 * time.Hour // pieces of one picture
	DeskWindow = 72 * time.Hour      // one officer or device, about one provider
	CoolOff    = 30 * 24 * time.Hour // after a refusal about the same identifiers
	LinkedAt   = 3                   // the piece, counting from one, at which the picture is shown
)

// maxIdentifier bounds an identifier that is normalised: the longest mail address has 254 characters.
const maxIdentifier = 1024

// inert are the ways in which people write an address so that nobody clicks on it.
var inert = strings.NewReplacer("[.]", ".", "(.)", ".", " [at] ", "@", "[at]", "@", " (at) ", "@", "(at)", "@", "hxxp", "http")

// Normalise returns the forms under which an identifier is found again, the strictest first: letters small and without
// look-alikes, mail addresses without dots and additions, telephone numbers in E.164 and by their end, addresses of
// networks in one form, handles with and without their host. Two identifiers that share a form may be one person's: it
// is a hint, and people look. Nothing comes back for what is empty.
func Normalise(identifier string) []string {
	s := strings.ToValidUTF8(identifier[:min(len(identifier), maxIdentifier)], "")
	s = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) || r == 0x00AD {
			return -1
		}
		return r
	}, digitsOf(norm.NFKC.String(s)))
	s = strings.ToLower(strings.TrimSpace(s))
	s = inert.Replace(s)
	for _, scheme := range []string{"mailto:", "tel:", "sms:", "acct:", "xmpp:", "sip:"} {
		s = strings.TrimPrefix(s, scheme)
	}
	if i := strings.LastIndexByte(s, '<'); i >= 0 && strings.HasSuffix(s, ">") {
		s = s[i+1 : len(s)-1] // a name before an address
	}
	s = strings.TrimSpace(s)
	if s == "" {
		return nil
	}
	if a, ok := address(s); ok {
		return []string{"ip:" + a.String()}
	}
	if forms := telephone(s); forms != nil {
		return forms
	}
	if forms := handle(s); forms != nil {
		return forms
	}
	if local, host, ok := strings.Cut(s, "@"); ok && local != "" && strings.Contains(host, ".") {
		return []string{mail(local, host)}
	}
	if bare := skeleton(strings.Join(strings.Fields(s), " ")); bare != "" {
		return []string{"text:" + bare}
	}
	return nil
}

// digitsOf writes the digits of every script as ours.
func digitsOf(s string) string {
	return strings.Map(func(r rune) rune {
		if r > unicode.MaxASCII && unicode.Is(unicode.Nd, r) {
			zero := r
			for unicode.Is(unicode.Nd, zero-1) && r-zero < 9 {
				zero--
			}
			return '0' + r - zero
		}
		return r
	}, s)
}

// address reads an address of a network in the forms that people write: with a port, with zeros before, in hexadecimal,
// or as IPv4 within IPv6.
func address(s string) (netip.Addr, bool) {
	host := s
	if rest, ok := strings.CutPrefix(s, "["); ok {
		if host, _, ok = strings.Cut(rest, "]"); !ok {
			return netip.Addr{}, false
		}
	} else if strings.Count(s, ":") == 1 {
		host, _, _ = strings.Cut(s, ":")
	}
	host, _, _ = strings.Cut(host, "%") // a zone
	if a, err := netip.ParseAddr(host); err == nil {
		return a.Unmap(), true
	}
	if digits, ok := strings.CutPrefix(host, "0x"); ok && len(digits) == 8 {
		if b, err := hex.DecodeString(digits); err == nil {
			return netip.AddrFrom4([4]byte(b)), true
		}
	}
	var four [4]byte
	parts := strings.Split(host, ".")
	if len(parts) != 4 {
		return netip.Addr{}, false
	}
	for i, p := range parts {
		n, err := strconv.ParseUint(p, 10, 8)
		if err != nil || len(p) > 3 {
			return netip.Addr{}, false
		}
		four[i] = byte(n)
	}
	return netip.AddrFrom4(four), true
}

var phone = regexp.MustCompile(`^\(?(\+|00)?[0-9][0-9 ()./\-\x{2010}-\x{2015}]{5,30}$`)

// phoneTail is how many digits at its end tell a subscriber's number, with or without the codes before it.
const phoneTail = 8

// mostNational is how many digits a number without its + has at most: a longer one names a device or an account, and its end does
// not tell it from another.
const mostNational = 14

func telephone(s string) []string {
	s = strings.ReplaceAll(s, "(+", "+")
	s = strings.TrimPrefix(s, "(")
	if !phone.MatchString(s) {
		return nil
	}
	international := strings.HasPrefix(s, "+") || strings.HasPrefix(s, "00")
	s = strings.ReplaceAll(strings.TrimPrefix(s, "00"), "(0)", "") // the trunk digit, for callers at home
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
	if len(digits) < phoneTail || len(digits) > 17 || !international && len(digits) > mostNational {
		return nil
	}
	tail := "tel-end:" + digits[len(digits)-phoneTail:]
	if international {
		return []string{"tel:+" + digits, tail}
	}
	return []string{tail}
}

var (
	profile = regexp.MustCompile(`^(?:https?://)?(?:www\.|m\.|mobile\.)?([^/\s@?#]+\.[^/\s@?#]+)/(?:(?:u|user|users|profile|c|in|people)/)?@?([^/\s?#@]+)/?(?:[?#].*)?$`)
	at      = regexp.MustCompile(`^@([^@\s/]+)(?:@([^@\s/]+\.[^@\s/]+))?$`)
)

// handle reads a name on a service: @name, @name@host, and the address of a profile.
func handle(s string) []string {
	if m := at.FindStringSubmatch(s); m != nil {
		return handles(m[1], m[2])
	}
	if m := profile.FindStringSubmatch(s); m != nil {
		return handles(m[2], m[1])
	}
	return nil
}

func handles(name, host string) []string {
	name = skeleton(name)
	if host == "" {
		return []string{"handle:" + name}
	}
	return []string{"handle:" + name + "@" + hostOf(host), "handle:" + name}
}

// mail drops what most services ignore: what follows a plus sign, and dots.
func mail(local, host string) string {
	local, _, _ = strings.Cut(local, "+")
	host = hostOf(host)
	if host == "googlemail.com" {
		host = "gmail.com"
	}
	return "mail:" + skeleton(strings.ReplaceAll(strings.Trim(local, `"`), ".", "")) + "@" + host
}

func hostOf(host string) string {
	host = strings.TrimSuffix(host, ".")
	if named, err := idna.Punycode.ToUnicode(host); err == nil {
		host = named
	}
	return skeleton(host)
}

// skeleton is a name as it looks: without marks, and each letter that looks like one of ours as ours.
func skeleton(s string) string {
	return strings.Map(func(r rune) rune {
		if to, ok := lookalikes[r]; ok {
			return to
		}
		return r
	}, plain(strings.ToLower(s)))
}

// unmix is a word as it looks where it mixes scripts; a word of one script stays as it is.
func unmix(w string) string {
	var latin, other bool
	for _, r := range w {
		latin = latin || unicode.Is(unicode.Latin, r)
		other = other || unicode.In(r, unicode.Cyrillic, unicode.Greek)
	}
	if latin && (other || strings.ContainsAny(w, "0134$")) {
		return strings.Map(func(r rune) rune {
			if to, ok := written[r]; ok {
				return to
			}
			if to, ok := lookalikes[r]; ok {
				return to
			}
			return r
		}, w)
	}
	return w
}

// lookalikes are small letters of other scripts, and digits, that look like small Latin letters: a short part of the
// confusables of Unicode Technical Standard 39, of those that keyboards have.
var lookalikes = map[rune]rune{
	'а': 'a', 'е': 'e', 'о': 'o', 'р': 'p', 'с': 'c', 'у': 'y', 'х': 'x', 'і': 'i', 'ї': 'i', 'ј': 'j', 'ѕ': 's', 'ԁ': 'd', 'һ': 'h',
	'ԛ': 'q', 'ԝ': 'w', 'ѵ': 'v', 'к': 'k', 'м': 'm', 'т': 't', 'в': 'b', 'н': 'h', 'г': 'r', 'п': 'n', 'ӏ': 'l', 'ь': 'b', 'ё': 'e',
	'α': 'a', 'ο': 'o', 'ρ': 'p', 'ν': 'v', 'τ': 't', 'υ': 'u', 'ι': 'i', 'κ': 'k', 'χ': 'x', 'ε': 'e', 'η': 'n', 'γ': 'y', 'ω': 'w', 'β': 'b',
	'ı': 'i', 'ɑ': 'a', 'ɡ': 'g', 'ł': 'l', 'ø': 'o', 'đ': 'd', 'ð': 'd', 'þ': 'p', 'ß': 'b', 'ſ': 's', 'ʟ': 'l', 'ɩ': 'i', 'օ': 'o', 'ս': 'u',
	'0': 'o', '1': 'l', '|': 'l',
}

// written are signs that are written for letters in words, to get past a reader that is a machine.
var written = map[rune]rune{'3': 'e', '4': 'a', '$': 's', '1': 'i'}

// Key is the secret of one node's index: without it, nobody can ask whether a person was ever asked about.
type Key [32]byte

// Index is the name under which a form of an identifier is kept: HMAC-SHA-256 under the node's key, cut to 16 bytes.
// The index holds no identifier.
func Index(key Key, form string) [16]byte {
	mac := hmac.New(sha256.New, key[:])
	mac.Write([]byte(form))
	return [16]byte(mac.Sum(nil))
}

// Marks are the names of all forms of all identifiers, in order and each once.
func Marks(key Key, identifiers []string) [][16]byte {
	var all [][16]byte
	for _, id := range split(identifiers) {
		for _, form := range Normalise(id) {
			all = append(all, Index(key, form))
		}
	}
	slices.SortFunc(all, func(a, b [16]byte) int { return slices.Compare(a[:], b[:]) })
	return slices.Compact(all)
}

// Piece is what the index keeps of a request.
type Piece struct {
	Request rogatory.RequestID `json:"request"`
	Case    rogatory.CaseID    `json:"case"`
	State   rogatory.StateCode `json:"state"` // that asks
	At      rogatory.Instant   `json:"at"`
	Officer string             `json:"officer,omitempty"`
	Device  string             `json:"device,omitempty"`
	Marks   [][16]byte         `json:"marks,omitempty"`
	// Custodian is the mark of who holds the data.
	Custodian [16]byte         `json:"custodian,omitzero"`
	Refused   rogatory.Instant `json:"refused,omitzero"`
}

// Linked is what an index knows about a request.
type Linked struct {
	Requests   []rogatory.RequestID `json:"requests,omitempty"` // the others, oldest first
	Refused    []rogatory.RequestID `json:"refused,omitempty"`  // about the same identifiers
	Cooling    bool                 `json:"cooling"`
	Cumulative bool                 `json:"cumulative"` // this is the third piece, or a later one
}

// Into returns f with what the index knows.
func (l Linked) Into(f Facts) Facts {
	f.Linked, f.Refusals = Number(int64(len(l.Requests))), Number(int64(len(l.Refused)))
	f.Cooling, f.Cumulative = True(l.Cooling), True(l.Cumulative)
	return f
}

// Cumulative links a request with those before it: by an identifier in any of its forms, by the case, or by officer or
// device where the same provider is asked within three days. The picture is shown at the third piece.
func Cumulative(history []Piece, next Piece) Linked {
	var l Linked
	for _, p := range slices.SortedStableFunc(slices.Values(history), func(a, b Piece) int { return int(max(-1, min(1, a.At-b.At))) }) {
		if p.Request == next.Request {
			continue
		}
		person := slices.ContainsFunc(p.Marks, func(m [16]byte) bool { return slices.Contains(next.Marks, m) })
		apart := next.At.Sub(p.At).Abs()
		desk := (p.Officer != "" && p.Officer == next.Officer || p.Device != "" && p.Device == next.Device) &&
			p.Custodian == next.Custodian && p.Custodian != [16]byte{} && apart <= DeskWindow
		if person && p.Refused != 0 {
			l.Refused = append(l.Refused, p.Request)
			l.Cooling = l.Cooling || next.At.Sub(p.Refused) < CoolOff
		}
		if apart <= LinkWindow && (person || p.Case == next.Case && next.Case != "" || desk) {
			l.Requests = append(l.Requests, p.Request)
		}
	}
	l.Cumulative = len(l.Requests)+1 >= LinkedAt
	return l
}
