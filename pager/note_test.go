// SPDX-License-Identifier: Apache-2.0

package pager

import (
	"io"
	"mime"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"testing"

	"rogatory"
	"rogatory/clock"
	"rogatory/language"
)

func noteOf(numbers ...int64) Note {
	return Note{ID: "019abcde-0000-7000-8000-00000000000a", Node: rogatory.Address{State: "XA", Authority: "justice"}, Numbers: numbers, Origin: "https://office.xa.example",
		Path: "/console/notices", Created: 1_790_000_000_000_000, To: map[string]string{"mail": "anna@example.org"}}
}

func TestWhatANoteSays(t *testing.T) {
	en := language.Load().Locale("en")
	live := noteOf(17)
	live.Node.State = "FR"
	unlinked := noteOf(17)
	unlinked.Origin = ""
	one := noteOf(17)
	one.Path += "/17"
	for _, row := range []struct {
		name, want string
		note       Note
	}{
		{"one item", "Exercise, XA/justice: item 17 needs you\nSign in to look at it:\nhttps://office.xa.example/console/notices/17\n019abcde-0000-7000-8000-00000000000a\n", one},
		{"three", "Exercise, XA/justice: 3 items need you\nItems 4, 5 and 9\nSign in to look at it:\nhttps://office.xa.example/console/notices\n019abcde-0000-7000-8000-00000000000a\n", noteOf(4, 5, 9)},
		{"more than are named", "Exercise, XA/justice: 6 items need you\nSign in to look at it:\nhttps://office.xa.example/console/notices\n019abcde-0000-7000-8000-00000000000a\n", noteOf(1, 2, 3, 4, 5, 6)},
		{"a test", "Exercise, XA/justice: a test of how you are told\nSign in to look at it:\nhttps://office.xa.example/console/notices\n019abcde-0000-7000-8000-00000000000a\n", noteOf()},
		{"no exercise", "FR/justice: item 17 needs you\nSign in to look at it:\nhttps://office.xa.example/console/notices\n019abcde-0000-7000-8000-00000000000a\n", live},
		{"no link", "Exercise, XA/justice: item 17 needs you\nSign in at the office to look at it.\n019abcde-0000-7000-8000-00000000000a\n", unlinked},
	} {
		page, err := NewNote(en, row.note)
		if err != nil {
			t.Fatalf("%s: %v", row.name, err)
		}
		if page.Text() != row.want || !strings.HasPrefix(page.Text(), page.Subject()+"\n") || page.Code() != "" {
			t.Errorf("%s says %q", row.name, page.Text())
		}
	}
}

func TestNotesThatAreNotBuilt(t *testing.T) {
	en := language.Load().Locale("en")
	for name, spoil := range map[string]func(*Note){
		"no identifier":           func(n *Note) { n.ID = "" },
		"a node with a name":      func(n *Note) { n.Node.Authority = "Case 12" },
		"no time":                 func(n *Note) { n.Created = 0 },
		"no address":              func(n *Note) { n.To = nil },
		"an address of two lines": func(n *Note) { n.To = map[string]string{"mail": "a\nb"} },
		"no number":               func(n *Note) { n.Numbers = []int64{0} },
		"a number like a case":    func(n *Note) { n.Numbers = []int64{20261125} },
		"an office in clear":      func(n *Note) { n.Origin = "http://office.xa.example" },
		"an office with a query":  func(n *Note) { n.Path = "/console?case=1" },
	} {
		n := noteOf(1)
		spoil(&n)
		if _, err := NewNote(en, n); rogatory.CodeOf(err) != "page_invalid" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A note in Arabic reaches a mail server that knows seven bits, and is read there as it was written.
func TestANoteInEveryLanguageByMail(t *testing.T) {
	for _, tag := range language.Supported() {
		page, err := NewNote(language.Load().Locale(tag), noteOf(4, 5, 9))
		if err != nil {
			t.Fatal(err)
		}
		m := mailer{config: SMTPConfig{From: "desk@example.org"}, clock: clock.NewManual(night)}
		msg, err := m.message(page, "anna@example.org")
		if err != nil {
			t.Fatal(err)
		}
		var wire strings.Builder
		if _, err := msg.WriteTo(&wire); err != nil {
			t.Fatal(err)
		}
		if i := strings.IndexFunc(wire.String(), func(r rune) bool { return r > 126 }); i >= 0 {
			t.Fatalf("%s: the message has more than seven bits", tag)
		}
		got, err := mail.ReadMessage(strings.NewReader(wire.String()))
		if err != nil {
			t.Fatal(err)
		}
		subject, err := new(mime.WordDecoder).DecodeHeader(got.Header.Get("Subject"))
		if err != nil || subject != page.Subject() {
			t.Errorf("%s: the subject is %q, want %q: %v", tag, subject, page.Subject(), err)
		}
		body, err := io.ReadAll(quotedprintable.NewReader(got.Body))
		if text := strings.ReplaceAll(string(body), "\r\n", "\n"); err != nil || strings.TrimSpace(text) != strings.TrimSpace(page.Text()) {
			t.Errorf("%s: the text is %q, want %q: %v", tag, text, page.Text(), err)
		}
		if got.Header.Get("Content-Language") != tag || !strings.Contains(got.Header.Get("Content-Type"), "UTF-8") || got.Header.Get("Importance") != "" {
			t.Errorf("%s: the header is %v", tag, got.Header)
		}
	}
}

// A note goes over each sort of channel as a page does.
func TestANoteOverATemplate(t *testing.T) {
	page, err := NewNote(language.Load().Locale("ar"), noteOf(4))
	if err != nil {
		t.Fatal(err)
	}
	g := GatewayConfig{URL: "https://sms.example/send?to={{urlquery .To}}", Body: `{"text":{{json .Text}},"code":{{json .Code}}}`}.defaults()
	o, wrong, err := g.render(fieldsOf(page, "+888"), func(string) (string, error) { return "", nil })
	if wrong != "" || err != nil || !strings.Contains(o.body, "البند") || !strings.Contains(o.body, `"code":""`) {
		t.Errorf("the gateway is called with %+v, %s, %v", o, wrong, err)
	}
}
