// SPDX-License-Identifier: Apache-2.0

package pager

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"rogatory"
	"rogatory/clock"
)

// example is the configuration that docs/pager.md shows.
func example(t testing.TB) string {
	t.Helper()
	doc, err := os.ReadFile("../docs/pager.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```json\n(.*?)```").FindAllSubmatch(doc, -1)
	if len(blocks) != 1 {
		t.Fatalf("docs/pager.md has %d examples in JSON, want 1 that is whole", len(blocks))
	}
	return string(blocks[0][1])
}

func TestTheExampleOfTheDocumentWorks(t *testing.T) {
	c, err := ParseConfig([]byte(example(t)))
	if err != nil {
		t.Fatal(err)
	}
	p := newPlace(t)
	routes, err := Open(c, p.dir, clock.Real{})
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]bool{}
	for _, r := range routes {
		switch r.Channel.(type) {
		case *mailer:
			kinds["smtp"] = true
		case *webhook:
			kinds["webhook"] = true
		case *gateway:
			kinds["gateway"] = true
		case *matrix:
			kinds["matrix"] = true
		}
	}
	if len(kinds) != 4 || !TwoProviders(routes) || c.Heartbeat == nil {
		t.Errorf("the example does not show everything: %v", kinds)
	}
	again, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ParseConfig(again); err != nil {
		t.Errorf("written and read again: %v", err)
	}
}

func TestConfigurationsThatAreRefused(t *testing.T) {
	channel := func(s string) string {
		return `{"door":"https://desk.xa.example/","channels":[{"name":"one","provider":"p",` + s + `}]}`
	}
	gateway := func(s string) string { return channel(`"gateway":{` + s + `}`) }
	for name, row := range map[string]struct{ config, says string }{
		"nothing":            {``, "not JSON"},
		"no such channel":    {`{"door":"https://desk.xa.example/","people":{"anna":{"two":"anna"}}}`, "no such channel"},
		"no address":         {`{"door":"https://desk.xa.example/","channels":[{"name":"one","provider":"p","webhook":{"url":"https://a.example/","key_file":"k"}}],"people":{"anna":{"one":""}}}`, "an address is not printable"},
		"half":               {`{"door":`, "not JSON"},
		"two":                {`{"door":"https://desk.xa.example/"} {}`, "something follows"},
		"unknown member":     {`{"door":"https://desk.xa.example/","dor":1}`, `"dor"`},
		"password in place":  {channel(`"smtp":{"host":"m.example","from":"a@b.example","password":"` + password + `"}`), `"password"`},
		"wrong type":         {channel(`"timeout_seconds":"` + password + `","webhook":{}`), "timeout_seconds is of the wrong type"},
		"no door":            {`{}`, "door:"},
		"no name":            {`{"door":"https://desk.xa.example/","channels":[{"provider":"p","webhook":{"url":"https://a.example","key_file":"k"}}]}`, "channels[0]: name"},
		"no kind":            {channel(`"timeout_seconds":1`), "exactly one"},
		"two kinds":          {channel(`"webhook":{"url":"https://a.example","key_file":"k"},"matrix":{"homeserver":"https://a.example","token_file":"k"}`), "exactly one"},
		"a name twice":       {`{"door":"https://desk.xa.example/","channels":[{"name":"one","provider":"p","webhook":{"url":"https://a.example","key_file":"k"}},{"name":"one","provider":"p","webhook":{"url":"https://a.example","key_file":"k"}}]}`, "stands twice"},
		"patience of hours":  {channel(`"timeout_seconds":7200,"webhook":{"url":"https://a.example","key_file":"k"}`), "timeout_seconds"},
		"network with host":  {channel(`"allow_networks":["10.1.2.3/8"],"webhook":{"url":"https://a.example","key_file":"k"}`), "allow_networks[0]"},
		"network by name":    {channel(`"allow_networks":["inside"],"webhook":{"url":"https://a.example","key_file":"k"}`), "allow_networks[0]"},
		"webhook in clear":   {channel(`"webhook":{"url":"http://a.example","key_file":"k"}`), "url is not"},
		"webhook with name":  {channel(`"webhook":{"url":"https://u:` + password + `@a.example","key_file":"k"}`), "url is not"},
		"webhook of files":   {channel(`"webhook":{"url":"file:///etc/passwd","key_file":"k"}`), "url is not"},
		"webhook, no key":    {channel(`"webhook":{"url":"https://a.example"}`), "key_file"},
		"mail without host":  {channel(`"smtp":{"from":"a@b.example"}`), "host is not"},
		"mail in clear":      {channel(`"smtp":{"host":"m.example","tls":"none","from":"a@b.example"}`), "tls none"},
		"mail as it comes":   {channel(`"smtp":{"host":"m.example","tls":"maybe","from":"a@b.example"}`), "tls is not"},
		"sender with a name": {channel(`"smtp":{"host":"m.example","from":"A <a@b.example>"}`), "from is not"},
		"name, no password":  {channel(`"smtp":{"host":"m.example","from":"a@b.example","username":"u"}`), "go together"},
		"other sign-in":      {channel(`"smtp":{"host":"m.example","from":"a@b.example","auth":"ntlm"}`), "auth is not"},
		"port":               {channel(`"smtp":{"host":"m.example","from":"a@b.example","port":70000}`), "port"},
		"homeserver's path":  {channel(`"matrix":{"homeserver":"https://a.example/x","token_file":"k"}`), "homeserver"},
		"gateway in clear":   {gateway(`"url":"http://a.example/"`), "url is not"},
		"host from the page": {gateway(`"url":"https://{{.To}}/"`), "url does not begin"},
		"host half written":  {gateway(`"url":"https://a.example{{.To}}/"`), "url does not begin"},
		"no such field":      {gateway(`"url":"https://a.example/","body":"{{.Case}}"`), "body is not"},
		"no such secret":     {gateway(`"url":"https://a.example/","body":"{{secret \"k\"}}"`), "body is not"},
		"a loop":             {gateway(`"url":"https://a.example/","body":"{{range 1000000000}}{{end}}"`), "body is not"},
		"a hidden loop":      {gateway(`"url":"https://a.example/","body":"{{if .To}}{{range 1000000000}}{{end}}{{end}}"`), "body is not"},
		"a definition":       {gateway(`"url":"https://a.example/","body":"{{define \"a\"}}{{template \"a\"}}{{end}}"`), "body is not"},
		"a bomb":             {gateway(`"url":"https://a.example/","body":"{{printf \"%999999s\" .To}}"`), "body is not"},
		"half a template":    {gateway(`"url":"https://a.example/","body":"{{.To"`), "body is not"},
		"text as header":     {gateway(`"url":"https://a.example/","headers":{"X-Text":"{{.Text}}"}`), "a header"},
		"other host":         {gateway(`"url":"https://a.example/","headers":{"host":"b.example"}`), "a header"},
		"GET with a body":    {gateway(`"url":"https://a.example/","method":"GET","body":"x"`), "GET"},
		"other method":       {gateway(`"url":"https://a.example/","method":"DELETE"`), "method"},
		"an endless answer":  {gateway(`"url":"https://a.example/","success_text":"` + strings.Repeat("x", 201) + `"`), "success_text"},
		"redirect is good":   {gateway(`"url":"https://a.example/","success_min":200,"success_max":302`), "success_min"},
		"text in the url":    {gateway(`"url":"https://a.example/{{.Text}}"`), "urlquery"},
		"heartbeat, no file": {`{"door":"https://desk.xa.example/","heartbeat":{}}`, "url_file"},
		"too long":           {strings.Repeat(" ", MaxConfig+1), "more than"},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := ParseConfig([]byte(row.config))
			want(t, err, rogatory.Invalid, "page_config_invalid")
			if err != nil && !strings.Contains(err.Error(), row.says) {
				t.Errorf("%v does not say %q", err, row.says)
			}
			if c.Door != "" || c.Channels != nil {
				t.Error("something came beside the error")
			}
		})
	}
}

func FuzzParseConfig(f *testing.F) {
	f.Add([]byte(example(f)))
	f.Add([]byte(`{"door":"https://d.example/","channels":[{"name":"a","provider":"b","gateway":{"url":"https://a.example/{{urlquery .To}}"}}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := ParseConfig(data)
		if err != nil {
			if c.Door != "" || c.Channels != nil || c.Heartbeat != nil {
				t.Fatal("something came beside the error")
			}
			return
		}
		again, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ParseConfig(again); err != nil {
			t.Fatalf("%s was accepted, and then not: %v", data, err)
		}
	})
}

// A template that compiles ends, and stays within its bound.
func FuzzTemplate(f *testing.F) {
	for _, s := range []string{`{{.Text}}`, `{{json .To}}`, `{{if .Code}}a{{else}}b{{end}}`, `{{range 9}}{{end}}`, `{{printf "%9s" .To | urlquery}}`, `{{secret "a"}}`, `{{$a := .To}}{{$a}}`} {
		f.Add(s)
	}
	sees := fieldsOf(sample(), "sample")
	f.Fuzz(func(t *testing.T, text string) {
		out, err := render(text, sees, func(string) (string, error) { return apiKey, nil })
		if len(out) > maxRendered || err != nil && out != "" {
			t.Fatalf("%d bytes, %v", len(out), err)
		}
	})
}
