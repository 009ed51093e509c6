// SPDX-License-Identifier: Apache-2.0

package api

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"rogatory"
	"rogatory/docket"
	"rogatory/treaty"
)

// Client speaks to one node's office door for one person. Its errors are *rogatory.Error, with the
// kind, code, message and hint that the node gave; Unavailable "node_unreachable" when no node
// answered. It may be used by several goroutines.
type Client struct {
	URL   string // such as http://127.0.0.1:8443
	Token string
	HTTP  *http.Client // http.DefaultClient if nil; the context of each call bounds its time
}

// maxAnswer bounds an answer that is not a stream: a page of requests with every field at its
// greatest length.
const maxAnswer = 256 << 20

// maxProblem bounds an error's body.
const maxProblem = 64 << 10

// Draft drafts a request.
func (c *Client) Draft(ctx context.Context, d Draft) (f docket.File, err error) {
	return f, c.call(ctx, http.MethodPost, "/requests", d, &f)
}

// Record enters a request that came by another channel.
func (c *Client) Record(ctx context.Context, a Arrival) (f docket.File, err error) {
	return f, c.call(ctx, http.MethodPost, "/arrivals", a, &f)
}

// Heard records what the other State said on a request by another channel.
func (c *Client) Heard(ctx context.Context, id rogatory.RequestID, h HeardOf) (f docket.File, err error) {
	return f, c.call(ctx, http.MethodPost, "/requests/"+esc(id)+"/heard", h, &f)
}

// Review says what a draft lacks, and what a careful colleague would ask.
func (c *Client) Review(ctx context.Context, id rogatory.RequestID) (found []treaty.Finding, err error) {
	return found, c.call(ctx, http.MethodGet, "/requests/"+esc(id)+"/review", nil, &found)
}

// Money reads what was recovered of attempted losses, by currency.
func (c *Client) Money(ctx context.Context) (all []treaty.Tally, err error) {
	return all, c.call(ctx, http.MethodGet, "/money", nil, &all)
}

// Relay seals an exhibit that one State gave for another one.
func (c *Client) Relay(ctx context.Context, id rogatory.ExhibitID, to rogatory.RequestID) (x rogatory.Exhibit, err error) {
	return x, c.call(ctx, http.MethodPost, "/exhibits/"+esc(id)+"/relay", Relaying{to}, &x)
}

// Renew records that the domestic order to preserve was renewed.
func (c *Client) Renew(ctx context.Context, id rogatory.RequestID, order string) (f docket.File, err error) {
	return f, c.call(ctx, http.MethodPost, "/requests/"+esc(id)+"/renewals", Renewal{order}, &f)
}

// Search looks for requests.
func (c *Client) Search(ctx context.Context, q Search) (r docket.Results, err error) {
	return r, c.call(ctx, http.MethodPost, "/searches", q, &r)
}

// SearchDigest returns what the journal has of a query.
func (c *Client) SearchDigest(ctx context.Context, query string) (d SearchDigest, err error) {
	return d, c.call(ctx, http.MethodPost, "/searches/digest", Search{Query: query}, &d)
}

// Retention lists what lies in the vault for requests that have ended.
func (c *Client) Retention(ctx context.Context) (all []docket.Keeping, err error) {
	return all, c.call(ctx, http.MethodGet, "/retention", nil, &all)
}

// Keep keeps an exhibit for a pending proceeding; without a name it is kept no longer.
func (c *Client) Keep(ctx context.Context, id rogatory.ExhibitID, p Proceeding) error {
	return c.call(ctx, http.MethodPost, "/exhibits/"+esc(id)+"/keep", p, nil)
}

// Delete deletes an exhibit whose term is over.
func (c *Client) Delete(ctx context.Context, id rogatory.ExhibitID) (d Deletion, err error) {
	return d, c.call(ctx, http.MethodPost, "/exhibits/"+esc(id)+"/delete", nil, &d)
}

// Adopt records that a data file takes effect.
func (c *Client) Adopt(ctx context.Context, a Adoption) error {
	return c.call(ctx, http.MethodPost, "/adoptions", a, nil)
}

// Revise replaces what a draft says.
func (c *Client) Revise(ctx context.Context, id rogatory.RequestID, d Draft) (f docket.File, err error) {
	return f, c.call(ctx, http.MethodPut, "/requests/"+esc(id), d, &f)
}

// Requests lists a page of requests.
func (c *Client) Requests(ctx context.Context, q docket.Filter) (p Page, err error) {
	v := url.Values{}
	for name, value := range map[string]string{"side": string(q.Side), "peer": string(q.Peer), "state": string(q.State), "kind": string(q.Kind), "after": q.After} {
		if value != "" {
			v.Set(name, value)
		}
	}
	if q.Limit > 0 {
		v.Set("limit", strconv.Itoa(q.Limit))
	}
	return p, c.call(ctx, http.MethodGet, "/requests?"+v.Encode(), nil, &p)
}

// Request reads the file of a request.
func (c *Client) Request(ctx context.Context, id rogatory.RequestID) (f docket.File, err error) {
	return f, c.call(ctx, http.MethodGet, "/requests/"+esc(id), nil, &f)
}

// Case reads the files of a case.
func (c *Client) Case(ctx context.Context, id rogatory.CaseID) (files []docket.File, err error) {
	return files, c.call(ctx, http.MethodGet, "/cases/"+esc(id), nil, &files)
}

// Move acts on a request.
func (c *Client) Move(ctx context.Context, id rogatory.RequestID, act rogatory.Act, body rogatory.Body) (m Moved, err error) {
	return m, c.call(ctx, http.MethodPost, "/requests/"+esc(id)+"/acts", Move{act, body}, &m)
}

// Messages reads what both States said on a request.
func (c *Client) Messages(ctx context.Context, id rogatory.RequestID) (all []docket.Correspondence, err error) {
	return all, c.call(ctx, http.MethodGet, "/requests/"+esc(id)+"/messages", nil, &all)
}

// Seal seals what src yields for the other State. It is read once and not kept; progress may be nil.
func (c *Client) Seal(ctx context.Context, id rogatory.RequestID, s docket.Sealing, src io.Reader, progress func(bytes int64)) (x rogatory.Exhibit, err error) {
	header, err := asciiJSON(s)
	if err != nil {
		return x, err
	}
	r, err := c.request(ctx, http.MethodPost, "/requests/"+esc(id)+"/exhibits", io.NopCloser(&counted{r: src, progress: progress}))
	if err != nil {
		return x, err
	}
	r.Header.Set("Content-Type", "application/octet-stream")
	r.Header.Set(sealingHeader, header)
	r.Header.Set("Expect", "100-continue") // a refusal comes before gigabytes are sent
	return x, c.do(r, &x)
}

// Exhibit reads what an exhibit is and where it stands.
func (c *Client) Exhibit(ctx context.Context, id rogatory.ExhibitID) (x ExhibitView, err error) {
	return x, c.call(ctx, http.MethodGet, "/exhibits/"+esc(id), nil, &x)
}

// Fetch begins to bring an offered exhibit to the node; Transfers tells how far it is.
func (c *Client) Fetch(ctx context.Context, id rogatory.ExhibitID) error {
	return c.call(ctx, http.MethodPost, "/exhibits/"+esc(id)+"/fetch", nil, &none{})
}

// Push brings an exhibit on offer to a State that cannot fetch it, and returns when it is there.
func (c *Client) Push(ctx context.Context, id rogatory.ExhibitID) error {
	return c.call(ctx, http.MethodPost, "/exhibits/"+esc(id)+"/push", nil, &none{})
}

// Transfers lists exhibits on their way to the node.
func (c *Client) Transfers(ctx context.Context) (all []Transfer, err error) {
	return all, c.call(ctx, http.MethodGet, "/transfers", nil, &all)
}

// Open opens an exhibit into a new file. The file gets its name only when it is complete, has the size
// and the SHA-256 of its seal, and is on disk; nothing is overwritten, and after an error nothing is
// left. progress may be nil.
func (c *Client) Open(ctx context.Context, id rogatory.ExhibitID, why, file string, progress func(bytes int64)) (rogatory.Exhibit, error) {
	if _, err := os.Lstat(file); !errors.Is(err, fs.ErrNotExist) {
		return rogatory.Exhibit{}, fileExists(file)
	}
	x, err := c.Exhibit(ctx, id)
	if err != nil {
		return rogatory.Exhibit{}, err
	}
	suffix := make([]byte, 8)
	rand.Read(suffix)
	temp := filepath.Join(filepath.Dir(file), ".opening-"+hex.EncodeToString(suffix))
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return rogatory.Exhibit{}, rogatory.Fault(rogatory.Unavailable, "file_not_written", "make a file beside %s: %w", file, err)
	}
	defer os.Remove(temp)
	sum := sha256.New()
	size, err := c.OpenTo(ctx, id, why, io.MultiWriter(f, sum), progress)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return rogatory.Exhibit{}, keepFault(err, "open exhibit %s into %s", id, file)
	}
	if size != x.Exhibit.Seal.Size || rogatory.Digest(sum.Sum(nil)) != x.Exhibit.Seal.SHA256 {
		return rogatory.Exhibit{}, rogatory.Fault(rogatory.Untrusted, "digest_mismatch", "what came for exhibit %s is not what its seal says", id).WithHint("open it again; if it stays so, run rogatory fsck on the node")
	}
	if err := os.Link(temp, file); err != nil { // unlike a rename, a link never replaces
		if errors.Is(err, fs.ErrExist) {
			return rogatory.Exhibit{}, fileExists(file)
		}
		return rogatory.Exhibit{}, rogatory.Fault(rogatory.Unavailable, "file_not_written", "name %s: %w", file, err)
	}
	folder, err := os.Open(filepath.Dir(file))
	if err != nil {
		return rogatory.Exhibit{}, rogatory.Fault(rogatory.Unavailable, "file_not_written", "sync the folder of %s: %w", file, err)
	}
	if err := errors.Join(folder.Sync(), folder.Close()); err != nil {
		return rogatory.Exhibit{}, rogatory.Fault(rogatory.Unavailable, "file_not_written", "sync the folder of %s: %w", file, err)
	}
	return x.Exhibit, nil
}

// OpenTo writes an exhibit's bytes to w and returns how many. They are not the evidence unless the
// error is nil and they were held against the seal; Open does both.
func (c *Client) OpenTo(ctx context.Context, id rogatory.ExhibitID, why string, w io.Writer, progress func(bytes int64)) (int64, error) {
	body, err := json.Marshal(Reason{why})
	if err != nil {
		return 0, err
	}
	r, err := c.request(ctx, http.MethodPost, "/exhibits/"+esc(id)+"/open", bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := c.send(r)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	n, err := io.Copy(w, &counted{r: resp.Body, progress: progress})
	if err != nil {
		err = rogatory.Fault(rogatory.Unavailable, "stream_broken", "the exhibit broke off after %d bytes: %w", n, err).WithHint("the node's log says why; what came was thrown away")
	}
	return n, err
}

// Package has a court package written to a folder on the node's machine, an absolute path.
func (c *Client) Package(ctx context.Context, id rogatory.CaseID, call PackageCall) error {
	return c.call(ctx, http.MethodPost, "/cases/"+esc(id)+"/package", call, &Folder{})
}

// Outbox lists deliveries in a state; what waits and what was set aside if it is empty.
func (c *Client) Outbox(ctx context.Context, state string) (all []docket.Dispatch, err error) {
	path := "/outbox"
	if state != "" {
		path += "?state=" + url.QueryEscape(state)
	}
	return all, c.call(ctx, http.MethodGet, path, nil, &all)
}

// Revive has a delivery tried again that was set aside.
func (c *Client) Revive(ctx context.Context, id rogatory.MessageID) error {
	return c.call(ctx, http.MethodPost, "/outbox/"+esc(id)+"/revive", nil, &none{})
}

// Journal reads how others know the journal.
func (c *Client) Journal(ctx context.Context) (v JournalView, err error) {
	return v, c.call(ctx, http.MethodGet, "/journal", nil, &v)
}

// Checkpoint reads the published checkpoint.
func (c *Client) Checkpoint(ctx context.Context) (string, error) {
	var t Text
	err := c.call(ctx, http.MethodGet, "/journal/checkpoint", nil, &t)
	return t.Text, err
}

// Entries reads journal entries from an index on, those of one request if id is not empty.
func (c *Client) Entries(ctx context.Context, id rogatory.RequestID, from int64, n int) (all []docket.Logged, err error) {
	v := url.Values{"from": {strconv.FormatInt(from, 10)}, "n": {strconv.Itoa(n)}}
	if id != "" {
		v.Set("request", string(id))
	}
	return all, c.call(ctx, http.MethodGet, "/journal/entries?"+v.Encode(), nil, &all)
}

// Proof reads the proof of a journal entry.
func (c *Client) Proof(ctx context.Context, index int64) (string, error) {
	var t Text
	err := c.call(ctx, http.MethodGet, "/journal/proofs/"+strconv.FormatInt(index, 10), nil, &t)
	return t.Text, err
}

// Kinds reads the rules.
func (c *Client) Kinds(ctx context.Context) (*treaty.Rules, error) {
	r := new(treaty.Rules)
	if err := c.call(ctx, http.MethodGet, "/kinds", nil, r); err != nil {
		return nil, err
	}
	return r, nil
}

// Parties lists the States of the directory.
func (c *Client) Parties(ctx context.Context) (all []rogatory.Party, err error) {
	return all, c.call(ctx, http.MethodGet, "/parties", nil, &all)
}

// CourierExport has what waits for a State written as a folder on the node's machine.
func (c *Client) CourierExport(ctx context.Context, to rogatory.StateCode, folder string) (r Courier, err error) {
	return r, c.call(ctx, http.MethodPost, "/courier/export", CourierCall{to, folder}, &r)
}

// CourierImport has a folder on the node's machine taken in.
func (c *Client) CourierImport(ctx context.Context, folder string) (r Courier, err error) {
	return r, c.call(ctx, http.MethodPost, "/courier/import", CourierCall{Folder: folder}, &r)
}

// Health reads how the node is.
func (c *Client) Health(ctx context.Context) (all []Check, err error) {
	return all, c.call(ctx, http.MethodGet, "/health", nil, &all)
}

// Me reads whose token the client has.
func (c *Client) Me(ctx context.Context) (a rogatory.Actor, err error) {
	return a, c.call(ctx, http.MethodGet, "/me", nil, &a)
}

func esc[T ~string](id T) string { return url.PathEscape(string(id)) }

func (c *Client) request(ctx context.Context, method, path string, body io.Reader) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(c.URL, "/")+prefix+path, body)
	if err != nil {
		return nil, rogatory.Fault(rogatory.Invalid, "node_url_invalid", "the node's address %.100q cannot be used: %w", c.URL, err)
	}
	r.Header.Set("Authorization", "Bearer "+c.Token)
	r.Header.Set("Accept", "application/json")
	return r, nil
}

func (c *Client) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("encode call of %s: %w", path, err)
		}
		body = bytes.NewReader(data)
	}
	r, err := c.request(ctx, method, path, body)
	if err != nil {
		return err
	}
	if in != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	return c.do(r, out)
}

func (c *Client) do(r *http.Request, out any) error {
	resp, err := c.send(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err == nil && len(data) > maxAnswer {
		err = fmt.Errorf("more than %d bytes", maxAnswer)
	}
	if err == nil && out != nil {
		err = json.Unmarshal(data, out)
	}
	if err != nil {
		return rogatory.Fault(rogatory.Unavailable, "answer_broken", "the node's answer to %s %s cannot be read: %w", r.Method, r.URL.Path, err).
			WithHint("what was asked may have been done: look before you repeat it")
	}
	return nil
}

// send returns an answer of success, or the error that the node told.
func (c *Client) send(r *http.Request) (*http.Response, error) {
	h := c.HTTP
	if h == nil {
		h = http.DefaultClient
	}
	resp, err := h.Do(r)
	if err != nil {
		if cause := context.Cause(r.Context()); cause != nil {
			return nil, cause
		}
		return nil, rogatory.Fault(rogatory.Unavailable, "node_unreachable", "the node at %s does not answer: %w", c.URL, err).
			WithHint("start it with rogatory serve, or give the right folder with --node")
	}
	if resp.StatusCode/100 == 2 {
		return resp, nil
	}
	defer resp.Body.Close()
	data, _ := io.ReadAll(io.LimitReader(resp.Body, maxProblem))
	var p Problem
	if err := json.Unmarshal(data, &p); err != nil || p.Code == "" || statuses[p.Kind] == 0 {
		return nil, rogatory.Fault(rogatory.Unavailable, "answer_unknown", "what answers at %s is not a node's office door: status %d", c.URL, resp.StatusCode)
	}
	return nil, &rogatory.Error{Kind: p.Kind, Code: p.Code, Message: p.Message, Hint: p.Hint}
}

func fileExists(name string) error {
	return rogatory.Fault(rogatory.Conflict, "file_exists", "%s exists already", name).WithHint("give another name; nothing is overwritten")
}

// keepFault gives an error of the machine words, and leaves one that has them as it is.
func keepFault(err error, format string, args ...any) error {
	if e, ok := errors.AsType[*rogatory.Error](err); ok {
		return e
	}
	return rogatory.Fault(rogatory.Unavailable, "file_not_written", format+": %w", append(args, err)...)
}

// counted tells how much was read.
type counted struct {
	r        io.Reader
	n        int64
	progress func(int64)
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	if c.progress != nil && n > 0 {
		c.progress(c.n)
	}
	return n, err
}
