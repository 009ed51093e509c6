// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"rogatory"
	"rogatory/docket"
	"rogatory/language"
	"rogatory/oversight"
	"rogatory/safeguard"
)

// oversightCmds are for the body that watches over an office. They run on its own machine and need no node; they can
// read everything and do nothing in a case.
type oversightCmds struct {
	Key     oversightKeyCmd     `cmd:"" help:"Make the body's key in FILE, and print what the State's node.json and directory entry say of it."`
	Pull    oversightPullCmd    `cmd:"" help:"Fetch all that is new from the node, hold it against the published journal, and keep it sealed."`
	Read    oversightReadCmd    `cmd:"" help:"Read what was pulled: the entries, or one request with every message. Works offline."`
	Alarms  oversightAlarmsCmd  `cmd:"" help:"Patterns that give abuse away, the requests to look at first, and what became of fictitious ones."`
	Attest  oversightAttestCmd  `cmd:"" help:"Make a published report anew from what was pulled; if it is equal, say so under the body's key."`
	Seed    oversightSeedCmd    `cmd:"" help:"Put a fictitious request into the office's queue. It never leaves the node."`
	Salt    oversightSaltCmd    `cmd:"" help:"Draw the salt of one comparison, which both bodies use."`
	List    oversightListCmd    `cmd:"" help:"Write the blinded list of all messages with another State, signed, for its body."`
	Compare oversightCompareCmd `cmd:"" help:"Hold the lists of two States against each other; name what is missing or altered, and write the proof."`
	Verify  oversightVerifyCmd  `cmd:"" help:"Verify the proof of a difference, as a third person."`
}

// readKey reads the body's key, from a file that nobody else may read.
func readKey(name string) (oversight.Key, error) {
	info, err := os.Stat(name)
	if err != nil {
		return oversight.Key{}, rogatory.Fault(rogatory.NotFound, "file_missing", "read a key: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return oversight.Key{}, rogatory.Fault(rogatory.Denied, "oversight_key_open", "%s may be read by others", name).WithHint("chmod 600 " + name)
	}
	data, err := readSmall(name)
	if err != nil {
		return oversight.Key{}, err
	}
	return oversight.ParseKey(data)
}

type oversightKeyCmd struct {
	File  string `arg:"" help:"New file for the key." type:"path"`
	State string `help:"Two-letter code of the State." required:"" placeholder:"XX"`
	Name  string `help:"Name of the body." required:""`
	From  string `help:"Since when it reads. Later than the directory's news need to reach every node. Default: now." placeholder:"DATE"`
	Until string `help:"Until when. Default: two years later." placeholder:"DATE"`
}

// Run makes a key. The private half stays in the file; what is printed is public.
func (c *oversightKeyCmd) Run(d *desk) error {
	from := rogatory.At(time.Now())
	var err error
	if c.From != "" {
		if from, err = moment(c.From); err != nil {
			return err
		}
	}
	until := rogatory.At(from.Time().AddDate(2, 0, 0))
	if c.Until != "" {
		if until, err = moment(c.Until); err != nil {
			return err
		}
	}
	k, err := oversight.NewKey(rand.Reader, rogatory.StateCode(c.State), c.Name, from, until)
	if err != nil {
		return err
	}
	data, err := k.Marshal()
	if err != nil {
		return err
	}
	body, err := k.Body()
	if err != nil {
		return err
	}
	if err := writeNew(c.File, data, 0o600); err != nil {
		return err
	}
	d.say("the key is in %s: keep it away from the node and its operator, and a copy elsewhere", c.File)
	d.say("next: the State lists what follows under oversight in node.json and submits its entry, rogatory directory submit")
	text, err := json.MarshalIndent(body, "", "  ")
	if err != nil {
		return err
	}
	return d.give(body, func(w io.Writer) { fmt.Fprintf(w, "%s\n", text) })
}

type oversightPullCmd struct {
	From      string `help:"Address of the node's public door, such as https://journal.example." required:"" placeholder:"URL"`
	Key       string `help:"File of the body's key." required:"" type:"path" placeholder:"FILE"`
	Into      string `help:"Folder for what is pulled; made if it is not there." required:"" type:"path" placeholder:"FOLDER"`
	Directory string `help:"The published directory of States: its address, or a folder that has it." required:"" placeholder:"PLACE"`
	Root      string `help:"File with the trusted root of the directory." required:"" type:"existingfile" placeholder:"FILE"`
}

// Run pulls.
func (c *oversightPullCmd) Run(d *desk) error {
	k, err := readKey(c.Key)
	if err != nil {
		return err
	}
	f, err := openFolder(d, c.Into, c.Directory, c.Root)
	if err != nil {
		return err
	}
	held, err := f.holding(k)
	if err != nil {
		return err
	}
	before := held.Size()
	size, err := f.pull(d, k, held, c.From)
	if err != nil {
		return err
	}
	result := map[string]any{"state": k.State, "entries": held.Size(), "new": held.Size() - before, "published": size, "messages": messagesIn(held)}
	return d.give(result, func(w io.Writer) {
		fmt.Fprintf(w, "%s\t%d entries held, %d of them new\t%d published: every one accounted for\t%d messages\n", k.State, held.Size(), held.Size()-before, size, messagesIn(held))
	})
}

func messagesIn(h *oversight.Holding) (n int) {
	for _, r := range h.Records {
		if r.Message != nil {
			n++
		}
	}
	return n
}

// held opens what a body pulled before and holds it against the checkpoint of then.
func held(d *desk, folder, key string) (oversight.Key, pulled, *oversight.Holding, error) {
	k, err := readKey(key)
	if err != nil {
		return k, pulled{}, nil, err
	}
	f, err := openFolder(d, folder, "", "")
	if err != nil {
		return k, f, nil, err
	}
	h, err := f.holding(k)
	if err == nil {
		_, _, err = f.against(h, k.State)
	}
	return k, f, h, err
}

type oversightReadCmd struct {
	Folder  string `arg:"" help:"Folder of what was pulled." type:"existingdir"`
	Request string `arg:"" optional:"" help:"Only this request, with its messages."`
	Key     string `help:"File of the body's key." required:"" type:"path" placeholder:"FILE"`
}

// Run reads.
func (c *oversightReadCmd) Run(d *desk) error {
	_, _, h, err := held(d, c.Folder, c.Key)
	if err != nil {
		return err
	}
	type row struct {
		Index   int64             `json:"index"`
		Entry   rogatory.Entry    `json:"entry"`
		Message *rogatory.Message `json:"message,omitempty"`
	}
	rows := []row{}
	for _, r := range h.Records {
		if c.Request == "" || string(r.Entry.Request) == c.Request {
			rows = append(rows, row{r.Index, r.Entry, r.Message})
		}
	}
	return d.give(rows, func(w io.Writer) {
		for _, r := range rows {
			fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\n", r.Index, r.Entry.At, r.Entry.Type, line(r.Entry.By.Name), r.Entry.Request)
			if c.Request != "" && r.Message != nil {
				text, err := json.MarshalIndent(r.Message.Body, "", "  ")
				if err == nil {
					fmt.Fprintf(w, "%s\n", text)
				}
			}
		}
	})
}

type oversightAlarmsCmd struct {
	Folder   string `arg:"" help:"Folder of what was pulled." type:"existingdir"`
	Key      string `help:"File of the body's key." required:"" type:"path" placeholder:"FILE"`
	Rules    string `help:"File of thresholds in the place of the program's own." type:"existingfile" placeholder:"FILE"`
	Office   string `help:"Folder with the rules that the office made its own, as for attest." type:"existingdir" placeholder:"FOLDER"`
	Language string `help:"In which language to tell." default:"en" placeholder:"TAG"`
	Top      int    `help:"How many requests to look at first." default:"20"`
}

// Run tells the alarms.
func (c *oversightAlarmsCmd) Run(d *desk) error {
	rules := oversight.Standard()
	if c.Rules != "" {
		data, err := readSmall(c.Rules)
		if err != nil {
			return err
		}
		if rules, err = oversight.ReadRules(c.Rules, data); err != nil {
			return err
		}
	}
	k, _, h, err := held(d, c.Folder, c.Key)
	if err != nil {
		return err
	}
	now := rogatory.At(time.Now())
	cases := oversight.Cases(k.State, h.Records)
	own, err := officeRules(c.Office, h)
	if err != nil {
		return err
	}
	affairs, err := docket.Affairs(own, safeguard.Convention(), h, now)
	if err != nil {
		return err
	}
	alarms, ranked, outcomes := rules.Alarms(cases, affairs, now), rules.Rank(cases, now), oversight.Outcomes(cases)
	ranked = ranked[:min(len(ranked), max(c.Top, 0))]
	l := language.Load().Locale(c.Language)
	type look struct {
		Request rogatory.RequestID `json:"request"`
		Score   int                `json:"score"`
		Signs   []string           `json:"signs"`
	}
	result := struct {
		Alarms []oversight.Alarm   `json:"alarms"`
		Look   []look              `json:"look"`
		Seeds  []oversight.Outcome `json:"seeds"`
	}{append([]oversight.Alarm{}, alarms...), []look{}, append([]oversight.Outcome{}, outcomes...)}
	for _, r := range ranked {
		if r.Score > 0 {
			result.Look = append(result.Look, look{r.ID, r.Score, r.Signs})
		}
	}
	return d.give(result, func(w io.Writer) {
		if len(alarms) == 0 {
			fmt.Fprintln(w, l.T("oversight.none"))
		}
		for _, a := range alarms {
			fmt.Fprintln(w, alarmWords(l, a))
			for _, id := range a.Requests {
				fmt.Fprintf(w, "\t%s\n", id)
			}
		}
		if len(result.Look) > 0 {
			fmt.Fprintln(w, l.T("oversight.look"))
		}
		for _, r := range result.Look {
			fmt.Fprintf(w, "\t%s\t%d\t%s\n", r.Request, r.Score, signWords(l, r.Signs))
		}
		for _, o := range outcomes {
			decision := l.T("oversight.seed.open")
			if o.Decision != "" {
				decision = l.T("oversight.seed.decided", "act", l.Done(o.Decision), "name", o.By, "time", fmt.Sprint(o.Seconds))
			}
			fmt.Fprintf(w, "%s\t%s\n", o.Request, decision)
		}
	})
}

// alarmWords says an alarm in a person's language.
func alarmWords(l *language.Locale, a oversight.Alarm) string {
	return l.T(a.Key(), "state", l.State(a.State), "name", a.Person, "count", int64(a.Count), "of", int64(a.Of), "minutes", int64(a.Minutes), "time", l.Moment(a.From, time.UTC))
}

func signWords(l *language.Locale, signs []string) string {
	var words []string
	for _, s := range signs {
		words = append(words, l.T("oversight.sign."+s))
	}
	return strings.Join(words, " · ")
}

type oversightSeedCmd struct {
	File      string `arg:"" help:"The order as JSON: id, from, to, by, sequence and request." type:"existingfile"`
	To        string `help:"Address of the node's public door." required:"" placeholder:"URL"`
	Key       string `help:"File of the body's key." required:"" type:"path" placeholder:"FILE"`
	Directory string `help:"The published directory of States: its address, or a folder that has it." required:"" placeholder:"PLACE"`
	Root      string `help:"File with the trusted root of the directory." required:"" type:"existingfile" placeholder:"FILE"`
	Keep      string `help:"New file for the signed order: the body's commitment." required:"" type:"path" placeholder:"FILE"`
}

// Run sends an order. It is kept before it is sent.
func (c *oversightSeedCmd) Run(d *desk) error {
	k, err := readKey(c.Key)
	if err != nil {
		return err
	}
	data, err := readSmall(c.File)
	if err != nil {
		return err
	}
	signed, sealed, err := sealSeed(d, k, data, c.Directory, c.Root)
	if err != nil {
		return err
	}
	if err := writeNew(c.Keep, signed, 0o600); err != nil {
		return err
	}
	answer, err := post(d, c.To, oversight.SeedPath, "application/age", sealed, maxSmall)
	if err != nil {
		return err
	}
	var placed struct {
		Request rogatory.RequestID `json:"request"`
	}
	if err := json.Unmarshal(answer, &placed); err != nil {
		return rogatory.Fault(rogatory.Untrusted, "oversight_page_invalid", "read the answer of %s: %w", c.To, err)
	}
	d.say("the order with the digest %s is in the queue; alarms tells the outcome after the next pull", rogatory.DigestOf(signed))
	return d.give(placed, func(w io.Writer) { fmt.Fprintln(w, placed.Request) })
}

type oversightSaltCmd struct{}

// Run draws a salt.
func (c *oversightSaltCmd) Run(d *desk) error {
	salt := make([]byte, oversight.SaltSize)
	if _, err := io.ReadFull(rand.Reader, salt); err != nil {
		return fmt.Errorf("draw a salt: %w", err)
	}
	d.say("give it to the other body alone; for the next comparison draw another")
	return d.give(map[string]string{"salt": hex.EncodeToString(salt)}, func(w io.Writer) { fmt.Fprintln(w, hex.EncodeToString(salt)) })
}
