// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"hash"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"rogatory"
	"rogatory/docket"
	"rogatory/treaty"
	"rogatory/vault/memory"
)

const (
	// tailLines is how much of the story an error tells.
	tailLines = 30
	// stormDays bounds how long the world may stay broken: shorter than the life of a message and of
	// an offer, so that nothing runs out that should not, and longer than deliveries are tried.
	stormDays = 20
	// replays are the letters that somebody on the line keeps, to send them again.
	replays = 20
	// maxRequests per office keeps runs short, and requests long.
	maxRequests = 3
)

// play is one run.
type play struct {
	stage  *Stage
	seed   uint64
	dir    string
	step   int
	houses []*house
	trace  hash.Hash
	story  []string
	counts map[string]int

	air     []*letter
	kept    []*letter // seen by somebody who sends them again
	cut     map[[2]int]bool
	weather weather
	elapsed time.Duration

	breached error              // a promise that did not hold
	promised map[promise][]byte // receipts given
	content  map[rogatory.ExhibitID]rogatory.Digest
	limits   map[clockOf]rogatory.Instant
}

// weather is how bad the lines of this run are, in percent of letters.
type weather struct{ before, after, twice, damaged, slow, failing int }

func (p *play) say(format string, args ...any) {
	line := fmt.Sprintf("%4d ", p.step) + fmt.Sprintf(format, args...)
	fmt.Fprintln(p.trace, line)
	p.story = append(p.story, line)
}

func (p *play) tail() string {
	return "\nthe last steps:\n" + strings.Join(p.story[max(0, len(p.story)-tailLines):], "\n")
}

func (p *play) all(ctx context.Context, o Options) error {
	c := chance(p.seed, "world")
	p.weather = weather{c.IntN(40), c.IntN(40), c.IntN(30), c.IntN(6), c.IntN(12), c.IntN(14)}
	for i := range o.States {
		// Well within what offices forgive one another.
		skew := time.Duration(c.IntN(8*60)-4*60) * time.Second
		h, err := p.newHouse(ctx, i, skew)
		if err != nil {
			return err
		}
		p.houses = append(p.houses, h)
	}
	for p.step = 1; p.step <= o.Steps; p.step++ {
		if err := p.one(ctx); err != nil {
			return err
		}
	}
	return p.mend(ctx)
}

// one step: something happens in one office, perhaps as its power goes.
func (p *play) one(ctx context.Context) error {
	c := chance(p.seed, "step", p.step)
	for _, h := range p.houses {
		h.random.Seed(key(p.seed, "random", h.code, p.step))
	}
	// The first States do most of it, so that requests get somewhere.
	h := p.houses[min(c.IntN(len(p.houses)), c.IntN(len(p.houses)))]
	p.pass(time.Duration(c.IntN(60)) * time.Second)
	if oneIn(c, 15) {
		p.change(c)
	}
	if h.down {
		if c.IntN(3) > 0 {
			return nil
		}
		p.say("%s starts again", h.code)
		if err := p.open(ctx, h); err != nil {
			return err
		}
		return p.hold(ctx, h)
	}
	l := (*letter)(nil)
	n := c.IntN(100)
	if n >= 46 && n < 82 {
		if l = p.catch(c); l != nil {
			h = l.to
			if l.receipt != nil {
				h = l.from
			}
		}
	}
	armed := c.IntN(100) < p.weather.failing
	if armed && !h.down {
		if oneIn(c, 3) {
			h.disk.Inject(memory.Fault{At: 1 + c.IntN(16), Done: oneIn(c, 4), Lasting: true})
		} else {
			h.power = power{point: pick(c, []string{"begin", "closure", "before_commit", "after_commit"}), skip: c.IntN(3)}
		}
	}
	err := p.act(ctx, h, l, n, c)
	broken := h.power.hit || h.down
	h.power = power{}
	if armed && !broken {
		// The disk failed, or will no more.
		broken = err != nil
	}
	if broken && !h.down || !h.down && oneIn(c, 40) {
		p.say("%s loses power", h.code)
		if err := p.crash(h, c); err != nil {
			return err
		}
		if c.IntN(2) == 0 {
			if err := p.open(ctx, h); err != nil {
				return err
			}
		}
		if armed {
			err = p.breached // what the power did to the step is nobody's fault
		}
	} else if armed && !h.down {
		h.disk.Inject(memory.Fault{})
	}
	if err != nil {
		return err
	}
	return p.hold(ctx, h)
}

// act does what n says; an error is one that nobody should see, unless the power went.
func (p *play) act(ctx context.Context, h *house, l *letter, n int, c *rand.Rand) error {
	switch {
	case l != nil:
		return p.arrive(ctx, l, c)
	case n < 6:
		return p.draft(ctx, h, c)
	case n < 36:
		return p.officer(ctx, h, c)
	case n < 46:
		return p.post(ctx, h, c)
	case n < 82:
		return p.officer(ctx, h, c)
	case n < 92:
		return p.fetch(ctx, h, c)
	case n < 95:
		p.passTime(c)
		return nil
	case n < 97:
		return p.tick(ctx, h)
	case n < 98:
		return p.publish(ctx, h)
	default:
		return p.again(ctx, c)
	}
}

// change alters the lines or breaks a clock.
func (p *play) change(c *rand.Rand) {
	n := len(p.houses)
	switch c.IntN(6) {
	case 0: // one direction
		from, to := c.IntN(n), c.IntN(n)
		p.cut[[2]int{from, to}] = true
		p.say("the line %d to %d is cut", from, to)
	case 1: // one State alone
		i := c.IntN(n)
		for j := range n {
			p.cut[[2]int{i, j}], p.cut[[2]int{j, i}] = true, true
		}
		p.say("%s is alone", p.houses[i].code)
	case 2: // lines come back one by one
		i, j := c.IntN(n), c.IntN(n)
		delete(p.cut, [2]int{i, j})
		delete(p.cut, [2]int{j, i})
		p.say("the line between %d and %d is back", i, j)
	case 3, 4:
		clear(p.cut)
		p.say("all lines are back")
	case 5:
		h := pick(c, p.houses)
		by := -h.wrong
		if h.wrong == 0 {
			by = pick(c, []time.Duration{-time.Hour, time.Hour, 20 * time.Minute})
		}
		h.wrong += by
		h.time.Advance(by)
		p.say("the clock of %s jumps by %s", h.code, by)
	}
}

func (p *play) passTime(c *rand.Rand) {
	d := pick(c, []time.Duration{time.Second, 30 * time.Second, 10 * time.Minute, 3 * time.Hour, treaty.Day, 8 * treaty.Day})
	if p.elapsed+d > stormDays*treaty.Day {
		d = time.Minute
	}
	p.pass(d)
	p.say("%s pass", d)
}

func (p *play) pass(d time.Duration) {
	p.elapsed += d
	for _, h := range p.houses {
		h.time.Advance(d)
	}
}

func (p *play) tick(ctx context.Context, h *house) error {
	err := h.Tick(ctx)
	p.say("%s looks at its deadlines: %s", h.code, outcome(err))
	return err
}

func (p *play) publish(ctx context.Context, h *house) error {
	cp, err := h.Ledger.Publish(ctx)
	p.say("%s publishes %d entries: %s", h.code, cp.Size, outcome(err))
	return err
}

func outcome(err error) string {
	if err == nil {
		return "done"
	}
	return rogatory.CodeOf(err)
}

// refused lets pass the refusals that people get when things moved on.
func refused(err error) error {
	if rogatory.KindOf(err) == rogatory.Conflict && rogatory.CodeOf(err) != "exhibit_held" {
		return nil
	}
	return err
}

// draft opens a request, on its own or following a preservation.
func (p *play) draft(ctx context.Context, h *house, c *rand.Rand) error {
	files, err := h.files(ctx)
	if err != nil || len(files) >= maxRequests {
		return err
	}
	to := p.houses[min(c.IntN(len(p.houses)), c.IntN(len(p.houses)))]
	if to == h {
		return nil
	}
	kind := pick(c, []rogatory.RequestKind{rogatory.Preservation42, rogatory.StoredData, rogatory.StoredData, rogatory.EmergencyData})
	var within rogatory.CaseID
	var follows rogatory.RequestID
	if kind == rogatory.StoredData {
		i := slices.IndexFunc(files, func(f docket.File) bool {
			return f.Side == rogatory.RequestingSide && f.Request.Kind == rogatory.Preservation42 && f.State != rogatory.Drafted
		})
		if i >= 0 {
			within, follows, to = files[i].ID.Case(), files[i].ID, p.house(files[i].Them.State)
		}
	}
	f, err := h.Draft(ctx, h.officer(), to.keys.Address(), within, p.words(kind, follows))
	p.say("%s drafts %s %s for %s: %s", h.code, kind, f.ID, to.code, outcome(err))
	return err
}

func (p *play) house(code rogatory.StateCode) *house {
	return p.houses[slices.IndexFunc(p.houses, func(h *house) bool { return h.code == code })]
}

func (p *play) words(kind rogatory.RequestKind, follows rogatory.RequestID) rogatory.Request {
	r := rogatory.Request{Kind: kind, Title: "SSH logs of 203.0.113.8", Language: "en", Follows: follows, Contents: map[string]string{},
		Offence: rogatory.Offence{Articles: []string{"7"}, Law: "Penal Code, section 205"}}
	for _, k := range p.stage.rules.Kinds {
		if k.ID == kind {
			for _, name := range k.Required {
				r.Contents[name] = p.stage.rules.Fields[name].Example
			}
		}
	}
	return r
}

// option is something that somebody of an office could do now.
type option struct {
	file docket.File
	kind treaty.Kind
	rule rogatory.Transition // of the act, if it is one
	open docket.ExhibitFile  // to be opened, if it has an ID
	seal bool
}

// reluctance is how seldom an act is done that could be, or few requests would live long enough to
// be interesting: one in so many.
var reluctance = map[rogatory.Act]int{rogatory.Withdraw: 30, rogatory.Close: 12, rogatory.Refuse: 6, rogatory.RevokeOffer: 4, rogatory.Revise: 6,
	rogatory.Postpone: 3, rogatory.AskMore: 4, rogatory.Consult: 4, rogatory.Warn: 2, rogatory.Execute: 4, rogatory.Extend: 2, rogatory.RequestExtension: 3, rogatory.Release: 6}

// talkative is the same for what moves nothing: one in so many chances.
const talkative = 60

// officer has somebody of the office do what a file allows.
func (p *play) officer(ctx context.Context, h *house, c *rand.Rand) error {
	files, err := h.files(ctx)
	if err != nil {
		return err
	}
	var options []option
	for _, f := range files {
		kind, err := p.stage.rules.Kind(f.Request.Kind)
		if err != nil {
			return err
		}
		for _, x := range f.Exhibits {
			if (x.Ours || x.State == docket.Held) && oneIn(c, 4) {
				options = append(options, option{file: f, kind: kind, open: x})
			}
		}
		if f.Side == rogatory.RequestedSide && f.State == rogatory.Accepted && kind.Allows(rogatory.Offer) && len(f.Exhibits) < 3 {
			options = append(options, option{file: f, kind: kind, seal: true})
		}
		for _, t := range rogatory.Lifecycle() {
			if _, _, err := rogatory.Next(f.State, t.Act, f.Side); err != nil || t.Act == rogatory.Draft || t.Act == rogatory.Take || !kind.AllowsBy(t.Act, f.Side) {
				continue
			}
			n := reluctance[t.Act]
			if t.Act.Talk() && t.Act != rogatory.Agree {
				n = talkative
			}
			if n > 0 && !oneIn(c, n) {
				continue
			}
			options = append(options, option{file: f, kind: kind, rule: t})
		}
	}
	if len(options) == 0 {
		return nil
	}
	switch o := pick(c, options); {
	case o.seal:
		return p.seal(ctx, h, o.file, c)
	case o.open.Exhibit.ID != "":
		return p.openExhibit(ctx, h, o.open)
	default:
		return p.perform(ctx, h, o, c)
	}
}

// perform has the right person do an act of the lifecycle.
func (p *play) perform(ctx context.Context, h *house, o option, c *rand.Rand) error {
	f, act := o.file, o.rule.Act
	by, ok := h.who(o.rule.Roles)
	if !ok {
		return nil
	}
	if act == rogatory.Revise {
		_, err := h.Revise(ctx, by, f.ID, f.Them, f.Request)
		p.say("%s revises %s: %s", h.code, f.ID, outcome(err))
		return refused(err)
	}
	words, ok := body(p.stage.rules, f, o.kind, act, rogatory.At(h.time.Now()), c)
	if !ok {
		return nil
	}
	after, id, err := h.Move(ctx, by, f.ID, act, words)
	p.say("%s: %s on %s is %s, message %s: %s", h.code, act, f.ID, after.State, id, outcome(err))
	if err != nil {
		return refused(err)
	}
	p.counts["act "+string(act)]++
	if oneIn(c, 2) {
		return p.post(ctx, h, c)
	}
	return nil
}

// body is what a person says with an act; false if there is nothing to say.
func body(rules *treaty.Rules, f docket.File, kind treaty.Kind, act rogatory.Act, now rogatory.Instant, c *rand.Rand) (b rogatory.Body, ok bool) {
	exhibit := func(state docket.ExhibitState) rogatory.ExhibitID {
		for _, x := range f.Exhibits {
			if x.Ours && x.State == state {
				return x.Exhibit.ID
			}
		}
		return ""
	}
	switch act {
	case rogatory.AskMore, rogatory.Consult, rogatory.Supplement, rogatory.Warn, rogatory.Withdraw,
		rogatory.AskStatus, rogatory.TellStatus, rogatory.Correct, rogatory.DiscussCosts, rogatory.NotifyDisclosure:
		b.Text, b.Language = "words", "en"
	case rogatory.Agree:
		return b, len(f.Conditions) > 0 && f.Agreed == 0
	case rogatory.AskConsent:
		b.Consent = &rogatory.Consent{Use: rogatory.OtherUse, Purpose: "a second investigation"}
	case rogatory.GiveConsent, rogatory.DenyConsent:
		b.Text, b.Language = "words", "en"
		for _, q := range f.Consents {
			if q.State == docket.ConsentAsked && q.By != f.Side {
				b.Answers = q.Asked
				return b, true
			}
		}
		return b, false
	case rogatory.DiscloseTraffic:
		b.Details = map[string]string{"provider": "Cascadia Net", "path": "198.51.100.17 to 192.0.2.40"}
	case rogatory.ReportRecovery, rogatory.CertifyDeletion:
		return b, false // of money, and of what was deleted
	case rogatory.Accept:
		if oneIn(c, 2) {
			b.Verdict = &rogatory.Verdict{Conditions: []string{"not to be published"}}
		}
	case rogatory.Refuse:
		ground := pick(c, kind.Refuse)
		if rules.Grounds[ground].OutsideOnly && len(f.Request.Offence.Articles) > 0 {
			return b, false // these are for offences outside the Convention
		}
		b.Verdict = &rogatory.Verdict{Ground: ground, Reasons: "the ground applies to these facts"}
	case rogatory.Postpone:
		if len(kind.Postpone) == 0 {
			return b, false
		}
		b.Verdict = &rogatory.Verdict{Ground: pick(c, kind.Postpone), Reasons: "an investigation runs", Review: now.Add(30 * treaty.Day)}
	case rogatory.Execute:
		b.Verdict = &rogatory.Verdict{Outcome: rogatory.Complete}
	case rogatory.Preserve:
		b.Preservation = &rogatory.Preservation{Items: []rogatory.PreservedItem{{Description: "auth.log", Size: 4096, SHA256: rogatory.DigestOf([]byte("auth.log"))}}}
	case rogatory.RequestExtension:
		b.Preservation = &rogatory.Preservation{Days: 30}
	case rogatory.Extend:
		b.Preservation = &rogatory.Preservation{Until: f.Preservation.Until.Add(20 * treaty.Day)}
	case rogatory.Offer:
		id := exhibit(docket.Sealed)
		b.Exhibit = &rogatory.Exhibit{ID: id}
		return b, id != ""
	case rogatory.RevokeOffer:
		b.ExhibitID, b.Text, b.Language = exhibit(docket.Offered), "the order was quashed", "en"
		return b, b.ExhibitID != ""
	}
	return b, true
}

func (p *play) seal(ctx context.Context, h *house, f docket.File, c *rand.Rand) error {
	size := 1 + c.IntN(4000)
	if oneIn(c, 5) {
		size = 2<<20 + c.IntN(1<<20) // several segments
	}
	data := make([]byte, size)
	rand.NewChaCha8(key(p.seed, "evidence", p.step)).Read(data)
	x, err := h.Seal(ctx, h.custodian(), f.ID, docket.Sealing{Title: "auth.log", FileName: "auth.log", MediaType: "text/plain", Acquired: "order 7 of the court"}, bytes.NewReader(data), nil)
	p.say("%s seals %d bytes as %s for %s: %s", h.code, size, x.ID, f.ID, outcome(err))
	if x.ID != "" {
		p.content[x.ID] = rogatory.DigestOf(data)
	}
	if err == nil {
		p.counts["sealed"]++
	}
	return refused(err)
}

// openExhibit checks that what comes out is what went in, on whichever side.
func (p *play) openExhibit(ctx context.Context, h *house, x docket.ExhibitFile) error {
	sum := sha256.New()
	err := h.StreamExhibit(ctx, h.custodian(), x.Exhibit.ID, "analysis", sum, nil)
	p.say("%s opens %s: %s", h.code, x.Exhibit.ID, outcome(err))
	if err != nil {
		return refused(err)
	}
	p.counts["opened"]++
	if got := rogatory.Digest(sum.Sum(nil)); got != p.content[x.Exhibit.ID] {
		return p.breach("exhibit %s opened in %s is not what was sealed", x.Exhibit.ID, h.code)
	}
	return nil
}
