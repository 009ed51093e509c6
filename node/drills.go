// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"rogatory"
	"rogatory/alarm"
	"rogatory/desk"
)

// DrillsFile says how often this State drills the others; without it each State once a month. It is in the node's
// folder, beside RotaFile.
const DrillsFile = "drills.json"

const (
	drillEvery  = 5 * time.Second // how often the node looks whether a drill is due, answered or over
	publishAge  = 2 * time.Second // how old published figures may be: nobody waits for them, and a reader costs little
	figuresPath = "/drills/figures.json"
)

// drilled is what the node knows of its drill rules, and the figures that were published last.
type drilled struct {
	sync.Mutex
	seen   rogatory.Digest  // of the file; guarded by the mutex
	read   bool             // the file was read once; guarded by the mutex
	rules  *desk.DrillRules // in force; guarded by the mutex
	public []byte           // guarded by the mutex
	at     rogatory.Instant // of public; guarded by the mutex
}

// DrillRules reads the drill rules of the node in dir; nil without a file.
func DrillRules(dir string) (*desk.DrillRules, error) {
	data, err := drillsFile(dir)
	if err != nil || data == nil {
		return nil, err
	}
	return desk.LoadDrills(DrillsFile, data)
}

func drillsFile(dir string) ([]byte, error) {
	f, err := os.Open(filepath.Join(dir, DrillsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var data []byte
	if err == nil {
		defer f.Close()
		data, err = io.ReadAll(io.LimitReader(f, desk.MaxDataSize+1))
	}
	if err != nil {
		return nil, rogatory.Fault(rogatory.Unavailable, "file_unreadable", "read %s: %w", DrillsFile, err)
	}
	return append([]byte{}, data...), nil // an empty file is not a missing one
}

// readDrills takes the drill rules up, or those that an administrator has changed. Rules that do not hold change
// nothing.
func (n *Node) readDrills() error {
	d := &n.drills
	d.Lock()
	defer d.Unlock()
	data, err := drillsFile(n.dir)
	if err != nil {
		return err
	}
	seen := rogatory.DigestOf(fmt.Appendf(nil, "%t %s", data == nil, data))
	if d.read && seen == d.seen {
		return nil
	}
	var rules *desk.DrillRules
	if data != nil {
		if rules, err = desk.LoadDrills(DrillsFile, data); err != nil {
			return err
		}
	}
	d.seen, d.rules, d.read = seen, rules, true
	n.Desk.UseDrills(&alarm.Drilling{Rules: rules, Peers: n.contacts})
	return nil
}

// contacts are the other States of the directory that have a point of contact with a node.
func (n *Node) contacts() []rogatory.StateCode {
	var all []rogatory.StateCode
	for _, p := range n.book.Book().Parties() {
		for _, a := range p.Authorities {
			if p.Code != n.config.State && a.Has(rogatory.PointOfContact) {
				all = append(all, p.Code)
				break
			}
		}
	}
	return all
}

func (n *Node) watchDrills(context.Context) error {
	n.note("drill rules", n.readDrills())
	return nil
}

func (n *Node) drill(ctx context.Context) error {
	n.note("drills", n.Desk.StepDrills(ctx))
	return nil
}

// drillHealth says how the drills stand.
func (n *Node) drillHealth(say func(name string, err error, good string)) {
	n.drills.Lock()
	rules := n.drills.rules
	n.drills.Unlock()
	on, all := 0, n.contacts()
	for _, c := range all {
		if _, is := rules.Every(c); is {
			on++
		}
	}
	words := fmt.Sprintf("this State drills %d of the %d points of contact in the directory", on, len(all))
	var err error
	if rules != nil && rules.Off {
		words = "off in " + DrillsFile + ": this State does not test whether the others answer"
		if n.config.Mode == rogatory.Live {
			err = errors.New(words)
		}
	}
	say("drill plan", err, words)
}

// publishedFigures is what anybody may read of drills.
type publishedFigures struct {
	State   rogatory.StateCode `json:"state"`
	Mode    rogatory.Mode      `json:"mode"`
	Figures []publishedQuarter `json:"figures"`
}

type publishedQuarter struct {
	desk.Figures
	Signed []publishedSignature `json:"signed"`
}

type publishedSignature struct {
	State   rogatory.StateCode `json:"state"`
	Message rogatory.Digest    `json:"message"` // SHA-256 of the signature file of the message in which it was said
}

// serveFigures answers at figuresPath with the figures of drills that both States signed alike. It takes nothing of
// the request, and reads the store once in publishAge at most.
func (n *Node) serveFigures(w http.ResponseWriter, r *http.Request) {
	data, err := n.figuresJSON(r.Context())
	if err != nil {
		n.opt.Log.Error("public door", "code", rogatory.CodeOf(err))
		http.Error(w, "the figures cannot be read now", http.StatusServiceUnavailable)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", fmt.Sprintf("public, max-age=%d", int(publishAge/time.Second)))
	_, _ = w.Write(data)
}

func (n *Node) figuresJSON(ctx context.Context) ([]byte, error) {
	d := &n.drills
	d.Lock()
	defer d.Unlock()
	now := rogatory.At(n.opt.Clock.Now())
	if d.public != nil && now.Sub(d.at).Abs() < publishAge {
		return d.public, nil
	}
	all, err := n.Desk.Published(ctx)
	if err != nil {
		return nil, err
	}
	p := publishedFigures{State: n.config.State, Mode: n.config.Mode, Figures: []publishedQuarter{}}
	for _, c := range all {
		q := publishedQuarter{Figures: c.Figures}
		for _, s := range c.Signed {
			q.Signed = append(q.Signed, publishedSignature{s.Signer, s.Message})
		}
		p.Figures = append(p.Figures, q)
	}
	data, err := json.MarshalIndent(p, "", "  ")
	if err == nil {
		d.public, d.at = append(data, '\n'), now
	}
	return d.public, err
}
