// SPDX-License-Identifier: Apache-2.0

// Package conformance examines another node over the wire: whoever writes one learns, requirement by
// requirement of docs/protocol.md, whether it keeps them.
//
// It promises that a requirement passes only on what the examined node answered; that one which could not
// be tried is told as such and never as passed; and that every message that it sends is of an exercise. It
// refuses live nodes. It speaks HTTPS by itself, without the code of our own door. The examined node
// keeps a few requests and refused messages of the examination.
//
// The journal of the partner's node holds entries of messages that were made wrong on purpose, so its
// folder is good for nothing else afterwards. After an error the examination did not take place as a
// whole; it may be begun again with the same node.
package conformance

import (
	"context"
	"crypto/tls"
	_ "embed"
	"errors"
	"fmt"
	"net/http"
	"time"

	"rogatory"
	"rogatory/datafile"
	"rogatory/docket"
)

// Requirement is one sentence of the protocol that can be tried from outside.
type Requirement struct {
	ID      string   `json:"id"`
	Section string   `json:"section"` // of docs/protocol.md
	Text    string   `json:"text"`
	Codes   []string `json:"codes,omitempty"` // any of which a refusal may have
}

//go:embed requirements.json
var requirementsData []byte

// Requirements returns what is examined. A test loads them; an error here would be a defect, so it panics.
func Requirements() []Requirement {
	var file struct {
		Requirements []Requirement `json:"requirements"`
	}
	form := datafile.Form{Code: "requirements_invalid", Size: 64 << 10, Items: 1000} // some 60 sentences
	if _, err := form.Read("requirements.json", requirementsData, &file); err != nil {
		panic("the embedded requirements do not load: " + err.Error())
	}
	return file.Requirements
}

// Outcome says how a requirement came out.
type Outcome string

// The outcomes.
const (
	Pass      Outcome = "pass"
	Fail      Outcome = "fail"
	NotTested Outcome = "not_tested"
)

// Result is the outcome of one requirement.
type Result struct {
	Requirement
	Outcome Outcome `json:"outcome"`
	Words   string  `json:"words,omitempty"` // what was answered instead, or why it was not tried
}

// Partner is the exercise State that examines. Its node runs, so that it can be answered.
type Partner struct {
	Office *docket.Office  // of its node
	TLS    tls.Certificate // of its door
	Them   rogatory.Party  // whom it examines, by the directory
	// Wait is how long people of the examined node have to accept a request and to offer an exhibit of at
	// least two segments. Zero leaves the requirements on evidence untried.
	Wait time.Duration
}

// exam is an examination under way.
type exam struct {
	*Partner
	http    *http.Client
	sealed  []byte // the first valid message, as it was sent
	first   rogatory.Message
	digest  rogatory.Digest
	receipt []byte // of it
	entry   int64  // of it, in the examined node's journal
	request rogatory.RequestID
	codes   []string // that the requirement under trial allows
	seen    checkpoint
	exhibit *rogatory.Exhibit
	tree    []byte
}

// errUntried is wrapped by why a requirement could not be tried.
var errUntried = errors.New("not tried")

func untried(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errUntried, fmt.Sprintf(format, args...))
}

// trial is how a requirement is tried, in the order in which they are.
type trial struct {
	id  string
	try func(context.Context, *exam) error
}

// Examine tries every requirement. Its error is one of the partner; what the examined node does wrong is
// in the results, which are in the order of Requirements.
func (p *Partner) Examine(ctx context.Context) ([]Result, error) {
	if p.Them.Mode != rogatory.Exercise || p.Office.Mode != rogatory.Exercise {
		return nil, rogatory.Fault(rogatory.ModeMismatch, "exercise_only", "only exercise nodes are examined, and %s is %s", p.Them.Code, p.Them.Mode)
	}
	if len(p.Them.Authorities) == 0 || p.Them.Code == p.Office.Us.State {
		return nil, rogatory.Fault(rogatory.Invalid, "target_invalid", "%s cannot be examined by %s", p.Them.Code, p.Office.Us)
	}
	e := &exam{Partner: p}
	client, err := e.client()
	if err != nil {
		return nil, err
	}
	e.http = client
	defer client.CloseIdleConnections()
	asked, err := e.askForEvidence(ctx)
	if err != nil {
		return nil, err
	}
	found := map[string]error{}
	all := Requirements()
	for _, t := range trials() {
		for _, r := range all {
			if r.ID == t.id {
				e.codes = r.Codes
			}
		}
		if len(t.id) > 4 && t.id[:4] == "R-8." && t.id != "R-8.5" {
			if err := e.awaitExhibit(ctx, asked); err != nil {
				found[t.id] = err
				continue
			}
		}
		found[t.id] = t.try(ctx, e)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	var results []Result
	for _, r := range all {
		err, tried := found[r.ID]
		result := Result{Requirement: r, Outcome: Pass}
		switch {
		case !tried:
			result.Outcome, result.Words = NotTested, "there is no trial of it"
		case errors.Is(err, errUntried):
			result.Outcome, result.Words = NotTested, err.Error()
		case err != nil:
			result.Outcome, result.Words = Fail, err.Error()
		}
		results = append(results, result)
	}
	return results, nil
}

// trials lists how each requirement is tried, in an order in which each finds what it needs.
func trials() []trial {
	return []trial{
		{"R-6.1", tlsVersion}, {"R-6.2", doorCertificate}, {"R-6.3", stranger}, {"R-6.4", nobody},
		{"R-6.5", validMessage}, {"R-2.1", receiptFields}, {"R-3.1", receiptSignature}, {"R-5.1", receiptProof},
		{"R-7.1", duplicate}, {"R-7.2", altered}, {"R-7.3", early}, {"R-7.4", gap}, {"R-7.5", taken},
		{"R-7.6", expired}, {"R-7.7", otherMode}, {"R-7.8", future},
		{"R-1.1", otherCase}, {"R-1.2", otherAddressee}, {"R-1.3", otherSender},
		{"R-2.2", unknownMember}, {"R-2.3", otherEncoding}, {"R-2.4", wrongBody}, {"R-2.5", incomplete},
		{"R-3.2", changed}, {"R-3.3", untrusted}, {"R-4.1", otherKey}, {"R-4.2", truncated}, {"R-4.3", tooLarge},
		{"R-5.2", withoutProof}, {"R-5.3", otherProof}, {"R-5.4", brokenProof},
		{"R-6.6", otherMediaType}, {"R-6.7", unknownPath},
		{"R-5.5", journalCheckpoint}, {"R-5.6", journalEntries}, {"R-5.14", journalTiles}, {"R-5.7", journalGrows},
		{"R-5.8", cosigns}, {"R-5.9", otherSize}, {"R-5.10", unknownLog}, {"R-5.11", unsigned}, {"R-5.12", inconsistent}, {"R-5.13", malformed},
		{"R-8.5", notOffered}, {"R-8.1", exhibitTree}, {"R-8.2", exhibitWhole}, {"R-8.3", exhibitRange}, {"R-8.4", cutRange},
	}
}
