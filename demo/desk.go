// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"

	"rogatory"
	"rogatory/alarm"
	"rogatory/desk"
	"rogatory/node"
)

// night is what Borealia's desk needs to be woken: a mail server, a receiver of webhooks, and a clock of its
// own. The clock begins three minutes late and catches up when the story says that they have passed.
type night struct {
	clock desksClock
	mail  string // address of the mail server
	hook  string // URL of the receiver
	key   []byte // of the webhooks
	stop  func()

	mu    sync.Mutex
	woken []woken // guarded by mu
}

// woken is one page as it arrived.
type woken struct{ by, whom, link string }

// answerWait is how long the first person has. It is that of a real escalation.
const answerWait = 3 * time.Minute

// desksClock runs behind the machine's by a time that only shrinks.
type desksClock struct {
	mu     sync.Mutex
	behind time.Duration // guarded by mu
}

func (c *desksClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().UTC().Add(-c.behind)
}

func (c *desksClock) After(d time.Duration) <-chan time.Time { return time.After(d) }

func (c *desksClock) catchUp() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.behind = 0
}

// fall starts the mail server and the receiver.
func fall() (*night, error) {
	n := &night{clock: desksClock{behind: answerWait}, key: make([]byte, 32)}
	if _, err := rand.Read(n.key); err != nil {
		return nil, err
	}
	mail, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	hook, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(err, mail.Close())
	}
	server := smtp.NewServer(n)
	server.Domain, server.AllowInsecureAuth, server.ErrorLog = "mail.xb.example", true, log.New(io.Discard, "", 0)
	receiver := &http.Server{Handler: http.HandlerFunc(n.receive), ReadTimeout: 10 * time.Second}
	n.mail, n.hook = mail.Addr().String(), "http://"+hook.Addr().String()+"/"
	var wg sync.WaitGroup
	wg.Go(func() { server.Serve(mail) })
	wg.Go(func() { receiver.Serve(hook) })
	n.stop = func() { server.Close(); receiver.Close(); wg.Wait() }
	return n, nil
}

// NewSession implements smtp.Backend: a mail server that keeps what it is given.
func (n *night) NewSession(*smtp.Conn) (smtp.Session, error) { return &mailing{night: n}, nil }

type mailing struct {
	night *night
	to    string
}

func (m *mailing) Reset()                                    {}
func (m *mailing) Logout() error                             { return nil }
func (m *mailing) Mail(string, *smtp.MailOptions) error      { return nil }
func (m *mailing) Rcpt(to string, _ *smtp.RcptOptions) error { m.to = to; return nil }
func (m *mailing) Data(r io.Reader) error {
	_, err := io.Copy(io.Discard, io.LimitReader(r, 1<<20))
	m.night.add(woken{by: "mail", whom: m.to})
	return err
}

func (n *night) add(w woken) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.woken = append(n.woken, w)
}

// forget lets what comes now be told from what came before.
func (n *night) forget() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.woken = nil
}

// receive takes a webhook whose signature holds, as any stock library would.
func (n *night) receive(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<16))
	mac := hmac.New(sha256.New, n.key)
	fmt.Fprintf(mac, "%s.%s.%s", r.Header.Get("webhook-id"), r.Header.Get("webhook-timestamp"), body)
	var page struct{ To, Link string }
	if err != nil || !hmac.Equal([]byte(r.Header.Get("webhook-signature")), []byte("v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))) || json.Unmarshal(body, &page) != nil {
		http.Error(w, "not signed by the node", http.StatusForbidden)
		return
	}
	n.add(woken{by: "webhook", whom: page.To, link: page.Link})
}

// reached returns what arrived for somebody, once both channels have delivered.
func (n *night) reached(whom string) (link string, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	seen := map[string]bool{}
	for _, w := range n.woken {
		if strings.HasPrefix(w.whom, whom) {
			seen[w.by] = true
			link += w.link
		}
	}
	if !seen["mail"] || !seen["webhook"] {
		return "", fmt.Errorf("%s was not woken on both channels yet", whom)
	}
	return link, nil
}

// The people of Borealia's desk: whose turn it is, and who comes after.
const firstWoken, nextWoken = "lindqvist", "castellan"

// write puts the desk's files into Borealia's folder.
func (n *night) write(dir string, c node.Config) error {
	host, port, err := net.SplitHostPort(n.mail)
	if err != nil {
		return err
	}
	rota := `{
  "version": "2026-11-25.1", "state": "XB", "number": "+888 000 002", "zone": "UTC",
  "people": [{"id": "lindqvist", "name": "B. Lindqvist"}, {"id": "castellan", "name": "R. Castellan"}, {"id": "moreau", "name": "Judge T. Moreau"}],
  "fallback": "castellan", "head": "moreau",
  "rules": [{"id": "always", "person": "lindqvist"}]
}
`
	escalation := fmt.Sprintf(`{
  "version": "2026-11-25.1",
  "channels": [{"id": "mail", "kind": "mail", "provider": "ministry"}, {"id": "alarm", "kind": "webhook", "provider": "alarm-centre"}],
  "policies": [{"id": "urgent", "urgent": true, "kinds": ["preservation"], "cycles": 3, "last_resort": "Drive to the desk: keys at the guard of the ministry", "steps": [
    {"to": "on_duty", "channels": ["mail", "alarm"], "wait_seconds": %[1]d},
    {"to": "fallback", "channels": ["mail", "alarm"], "wait_seconds": %[1]d},
    {"to": "head", "channels": ["mail", "alarm"], "wait_seconds": %[1]d}]}]
}
`, int(answerWait/time.Second))
	pages := fmt.Sprintf(`{
  "door": "http://%s/page/",
  "channels": [
    {"name": "mail", "provider": "ministry", "allow_networks": ["127.0.0.0/8"], "smtp": {"host": %q, "port": %s, "tls": "none", "from": "desk@xb.example"}},
    {"name": "alarm", "provider": "alarm-centre", "allow_networks": ["127.0.0.0/8"], "webhook": {"url": %q, "key_file": "secrets/alarm-hook"}}
  ],
  "people": {
    "lindqvist": {"mail": "lindqvist@xb.example", "alarm": "lindqvist"},
    "castellan": {"mail": "castellan@xb.example", "alarm": "castellan"},
    "moreau": {"mail": "moreau@xb.example", "alarm": "moreau"}
  }
}
`, c.OfficeListen, host, port, n.hook)
	if err := os.MkdirAll(filepath.Join(dir, "secrets"), 0o700); err != nil {
		return err
	}
	for name, text := range map[string]string{node.RotaFile: rota, node.EscalationFile: escalation, node.PagerFile: pages,
		filepath.Join("secrets", "alarm-hook"): "whsec_" + base64.StdEncoding.EncodeToString(n.key) + "\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// wake is the part of the story in which Borealia's desk is woken for a request.
func (s *story) wake(ctx context.Context, id rogatory.RequestID) error {
	reader := s.b.Actor(people["XB"][rogatory.DutyOfficer], rogatory.DutyOfficer)
	var raised alarm.Open
	err := s.step("It is night in Borealia: the node wakes who is on duty, by mail and by a signed webhook of another provider.", func() (string, error) {
		if err := wait(ctx, func() error { _, err := s.night.reached(firstWoken); return err }); err != nil {
			return "", err
		}
		open, err := s.b.Node.Desk.Alarms(ctx, reader)
		if err != nil || len(open) != 1 || open[0].Request != id {
			return "", fmt.Errorf("there are %d alarms: %w", len(open), err)
		}
		raised = open[0]
		return fmt.Sprintf("B. Lindqvist was paged at %s UTC. The page names no case: a link, a code and the hours of the shift.", s.deskTime()), nil
	})
	if err != nil {
		return err
	}
	var link string
	err = s.step("Nobody answers for three minutes (shortened here). The next person is woken.", func() (string, error) {
		s.night.clock.catchUp()
		err := s.b.Node.Desk.Step(ctx)
		if err == nil {
			err = wait(ctx, func() error { link, err = s.night.reached(nextWoken); return err })
		}
		return fmt.Sprintf("R. Castellan was paged at %s UTC, on both channels.", s.deskTime()), err
	})
	if err != nil {
		return err
	}
	return s.step("A mail scanner opens the link, and nothing happens. Then R. Castellan opens it and presses the button.", func() (string, error) {
		looked, err := answerPage(ctx, http.MethodGet, link)
		if err != nil {
			return "", err
		}
		open, err := s.b.Node.Desk.Alarms(ctx, reader)
		if err != nil || looked != http.StatusOK || len(open) != 1 {
			return "", fmt.Errorf("opening the link said %d, and %d alarms are open: %w", looked, len(open), err)
		}
		if pressed, err := answerPage(ctx, http.MethodPost, link); err != nil || pressed != http.StatusOK {
			return "", fmt.Errorf("the button said %d: %w", pressed, err)
		}
		again, err := answerPage(ctx, http.MethodPost, link)
		if err != nil || again != http.StatusConflict {
			return "", fmt.Errorf("the button said %d the second time: %w", again, err)
		}
		var said string
		err = wait(ctx, func() error {
			all, err := s.a.Node.Office.MessagesOf(ctx, s.a.Actor(people["XA"][rogatory.DutyOfficer], rogatory.DutyOfficer), id)
			if err != nil {
				return err
			}
			for _, c := range all {
				if c.Message.Act == rogatory.TellStatus {
					said = c.Message.Body.Text
					return nil
				}
			}
			return errors.New("Aurelia was not told yet")
		})
		if err != nil {
			return "", err
		}
		earlier, err := s.b.Node.Desk.Earlier(ctx, reader, false, 1)
		if err != nil || len(earlier) != 1 || earlier[0].Alarm.ID != raised.Alarm.ID || earlier[0].Alarm.Acknowledged == nil || earlier[0].Alarm.Acknowledged.How != desk.ByLink {
			return "", fmt.Errorf("the alarm does not say who took it: %w", err)
		}
		return fmt.Sprintf("Taken by %s; Aurelia reads, signed by Borealia: %q", earlier[0].Alarm.Acknowledged.By, said), nil
	})
}

func (s *story) deskTime() string { return s.night.clock.Now().Format("15:04:05") }

func answerPage(ctx context.Context, method, link string) (status int, err error) {
	r, err := http.NewRequestWithContext(ctx, method, link, nil)
	if err != nil {
		return 0, err
	}
	client := http.Client{Timeout: patience}
	response, err := client.Do(r)
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}
