// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"rogatory"
	"rogatory/clock"
	"rogatory/demo"
	"rogatory/treaty"
)

// latinWords are the Latin words that stand on screens of other scripts: designations, and the names of files and keys.
var latinWords = []string{
	"rogatory", "UTC", "PDF", "SHA", "CSV", "JSON", "EUR", "BTC", "IP", "TCP", "SQL", "SSH", "MiB", "kB", "MB", "GB", "B", "T", "Z", "j", "k", "x", "e", "f", "Enter", "Esc",
	"ICS", "iCal", "RFC", "TLS", "OIDC", "SVG", "P", "a", "b", "c", "d", "S", "V", "M", "de", "minimis", "NAT", "ID", "h", "s", "min", "EXERCISE",
}

// ownNames are people, authorities, channels and languages by their own names.
var ownNames = strings.NewReplacer("A. Okafor", "", "B. Lindqvist", "", "R. Castellan", "", "H. Mwangi", "", "Prosecutor L. Haddad", "", "Judge T. Moreau", "", "Custodian N. Silva", "", "Examiner 14", "",
	"Central Authority of Aurelia", "", "Central Authority of Borealia", "", "XA/justice", "", "XB/justice", "", "gate", "", "bell", "", "English", "", "Français", "", "Español", "", "Tiếng Việt", "")

// inert are what a text holds as it is in every language: periods as the rules read them, references, digests, addresses, zones and whatever has a digit.
var inert = regexp.MustCompile(`\S*[0-9][0-9TZ:-]*Z to [0-9TZ:-]+Z|https?://\S+|[\w.+-]+@[\w.-]+|\b(Africa|America|Asia|Atlantic|Australia|Europe|Indian|Pacific|Etc)/[\w/+-]+|\S*[0-9]\S*|\b[\w-]+\.(json|pem|csv|ics|log|policy)\b|\bfrom:|\bX[A-Z]\b|\b[IVX]+\b|\brogatory( [a-z]+)*( --?[a-z]+| [A-Z]+)*|\bnode\.json|\borigin\b|\bkeys\b|\bhttps\b|\bR[0-9A-Z_]+\b`)

// latinRuns walks a page and gives the text that is in Latin letters and is neither marked as another language nor as
// something that a person wrote, a code or a value.
func latinRuns(n *html.Node, tag string) (runs []string) {
	if n.Type == html.TextNode {
		text := inert.ReplaceAllString(ownNames.Replace(n.Data), " ")
		var words []string
		for _, w := range regexp.MustCompile(`[A-Za-zÀ-ɏ]+`).FindAllString(text, -1) {
			if !slices.Contains(latinWords, w) {
				words = append(words, w)
			}
		}
		if len(words) > 0 {
			runs = append(runs, strings.Join(strings.Fields(n.Data), " "))
		}
		return runs
	}
	if n.Type == html.ElementNode {
		if slices.Contains([]string{"script", "style", "code", "pre", "bdi", "kbd", "textarea", "svg", "template", "title"}, n.Data) {
			return nil
		}
		for _, a := range n.Attr {
			if a.Key == "lang" && a.Val != tag || a.Key == "class" && slices.Contains(strings.Fields(a.Val), "mono") || a.Key == "dir" && a.Val == "auto" && n.Data != "p" {
				return nil
			}
		}
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		runs = append(runs, latinRuns(c, tag)...)
	}
	return runs
}

func linksOf(n *html.Node) (all []string) {
	if n.Type == html.ElementNode && n.Data == "a" {
		for _, a := range n.Attr {
			if a.Key == "href" && strings.HasPrefix(a.Val, "/console/") {
				all = append(all, strings.SplitN(a.Val, "#", 2)[0])
			}
		}
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		all = append(all, linksOf(c)...)
	}
	return all
}

// kindOfPage is the address without what differs between pages of one kind, so that each kind is read a few times.
func kindOfPage(path string) string {
	u, err := url.Parse(path)
	if err != nil {
		return path
	}
	p := regexp.MustCompile(`/[A-Z][A-Z0-9.-]+`).ReplaceAllString(u.Path, "/ID")
	for _, key := range []string{"show", "rule"} {
		if u.Query().Has(key) {
			return p + "?" + key
		}
	}
	return p
}

// Limits of the walk: pages of one kind, and pages of one language.
const (
	alike    = 6
	maxPages = 250
)

// Every screen that can be reached from the inbox is read in four scripts other than the Latin one. What is in Latin
// letters there is a name, a code or a text of a person, and is marked so.
func TestNoScreenIsHalfEnglish(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := exerciseWith(t, desked(t))
	xa, xb := w.Members["XA"], w.Members["XB"]
	officer := xa.Actor("A. Okafor", rogatory.DutyOfficer)
	for _, kind := range []rogatory.RequestKind{rogatory.Preservation42, rogatory.EmergencyData, "asset_freeze", "content_interception", "general_assistance", "extradition"} {
		r, err := treaty.Convention().Example(kind, "", rogatory.At(clock.Real{}.Now()))
		if err != nil {
			continue
		}
		if _, err := xa.Node.Office.Draft(ctx, officer, rogatory.Address{State: "XB", Authority: "justice"}, "", r); err != nil {
			t.Fatal(err)
		}
	}
	for _, reader := range []struct {
		member *demo.Member
		name   string
	}{{xa, "A. Okafor"}, {xb, "Judge T. Moreau"}} {
		for _, tag := range []string{"ar", "zh", "ru", "th"} {
			g := newGuest(t, strings.Replace(reader.member.Addresses.Office, "127.0.0.1", "localhost", 1))
			g.post("/console/sign-in/demo", url.Values{"name": {reader.name}})
			g.post("/console/choose", url.Values{"language": {tag}})
			readAll(t, g, tag)
		}
	}
}

func readAll(t *testing.T, g *guest, tag string) {
	queue := []string{"/console/inbox", "/console/deadlines?rule=supplement&state=XB&from=2026-11-27T09:00", "/console/deadlines?rule=preservation_minimum&state=FR&from=2026-11-27T09:00", "/console/treaty/AT", "/console/treaty/QA"}
	seen, kinds, told := map[string]bool{}, map[string]int{}, map[string]bool{}
	pages := 0
	for len(queue) > 0 && pages < maxPages {
		path := queue[0]
		queue = queue[1:]
		kind := kindOfPage(path)
		if seen[path] || kinds[kind] >= alike {
			continue
		}
		seen[path] = true
		kinds[kind]++
		r, err := g.http.Get(g.base + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r.Body)
		r.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if r.StatusCode != http.StatusOK || !strings.HasPrefix(r.Header.Get("Content-Type"), "text/html") {
			continue
		}
		page, err := html.Parse(strings.NewReader(string(body)))
		if err != nil {
			t.Fatal(err)
		}
		pages++
		if !strings.Contains(string(body), `lang="`+tag+`"`) {
			t.Fatalf("%s is not in %s", path, tag)
		}
		for _, run := range latinRuns(page, tag) {
			if !told[run] {
				told[run] = true
				t.Errorf("%s in %s: %.160q", path, tag, run)
			}
		}
		queue = append(queue, linksOf(page)...)
	}
	t.Logf("%s: %d pages", tag, pages)
	if pages < 30 {
		t.Errorf("only %d pages were read in %s", pages, tag)
	}
}

func TestLatinRunsAreFound(t *testing.T) {
	t.Parallel()
	page, err := html.Parse(strings.NewReader(`<html lang="ru"><body><p>Слово word</p><p lang="en">English</p><bdi>Aurelia</bdi><p>SHA-256 XA/2026/118</p></body></html>`))
	if err != nil {
		t.Fatal(err)
	}
	if got := latinRuns(page, "ru"); !slices.Equal(got, []string{"Слово word"}) {
		t.Errorf("found %q", got)
	}
}
