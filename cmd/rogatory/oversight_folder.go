// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"rogatory"
	"rogatory/directory"
	"rogatory/envelope"
	"rogatory/journal"
	"rogatory/oversight"
)

// pulled is the folder in which a body keeps what it pulled:
//
//	pages/NNNNNNNNNNNN.age   sealed pages of the feed, by their first entry; only the body's key opens them
//	checkpoint               the last published checkpoint that they were held against
//	parties/XX.json          the directory's entries of the States, as verified then
//	withheld-*.checkpoint    checkpoints against which they did not hold: evidence
type pulled struct{ dir string }

// openFolder opens the folder. With a directory it takes its entries over, verified; without one it must have them.
func openFolder(d *desk, dir, book, root string) (pulled, error) {
	f := pulled{dir}
	if book == "" {
		return f, nil
	}
	b, err := verifiedBook(d, book, root)
	if err != nil {
		return f, err
	}
	for _, sub := range []string{"pages", "parties"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			return f, rogatory.Fault(rogatory.Unavailable, "file_not_written", "make a folder: %w", err)
		}
	}
	for _, p := range b.Parties() {
		text, err := directory.MarshalParty(p)
		if err != nil {
			return f, err
		}
		if err := replaceFile(filepath.Join(dir, "parties", string(p.Code)+".json"), text); err != nil {
			return f, err
		}
	}
	return f, nil
}

// verifiedBook verifies the directory of States in a folder, or at the address where it is published.
func verifiedBook(d *desk, place, root string) (*directory.Book, error) {
	trusted, err := readSmall(root)
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(place, "https://") || strings.HasPrefix(place, "http://") {
		return directory.VerifyPublished(d.ctx, directory.HTTPSource{URL: place, HTTP: &http.Client{Timeout: directoryWait}}, trusted, time.Now())
	}
	if _, err := os.Stat(place); err != nil {
		return nil, rogatory.Fault(rogatory.NotFound, "file_missing", "read the directory of States: %w", err)
	}
	return directory.VerifyChain(os.DirFS(place), trusted, time.Now())
}

// directoryWait bounds one file of the directory.
const directoryWait = time.Minute

// replaceFile swaps a file for a new one, whole.
func replaceFile(name string, data []byte) error {
	tmp := name + ".new"
	if err := os.WriteFile(tmp, data, 0o600); err != nil {
		return rogatory.Fault(rogatory.Unavailable, "file_not_written", "write a file: %w", err)
	}
	if err := os.Rename(tmp, name); err != nil {
		return rogatory.Fault(rogatory.Unavailable, "file_not_written", "write a file: %w", err)
	}
	return nil
}

func (f pulled) party(code rogatory.StateCode) (rogatory.Party, error) {
	if !code.Valid() {
		return rogatory.Party{}, rogatory.Fault(rogatory.Invalid, "state_invalid", "%.10q is not a State", code)
	}
	data, err := readSmall(filepath.Join(f.dir, "parties", string(code)+".json"))
	if err != nil {
		return rogatory.Party{}, err
	}
	return directory.ParseParty(data)
}

// holding opens the pages, in order.
func (f pulled) holding(k oversight.Key) (*oversight.Holding, error) {
	h := &oversight.Holding{State: k.State}
	names, err := filepath.Glob(filepath.Join(f.dir, "pages", "*.age"))
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil || info.Size() > oversight.MaxPage {
			return nil, rogatory.Fault(rogatory.Damaged, "oversight_page_invalid", "%s cannot be read or is too large", filepath.Base(name))
		}
		sealed, err := os.ReadFile(name)
		if err != nil {
			return nil, rogatory.Fault(rogatory.Unavailable, "file_unreadable", "read a page: %w", err)
		}
		page, err := oversight.OpenPage(sealed, k)
		if err != nil {
			return nil, err
		}
		if err := h.Take(page); err != nil {
			return nil, err
		}
	}
	return h, nil
}

// against holds what is held against the checkpoint of the last pull.
func (f pulled) against(h *oversight.Holding, state rogatory.StateCode) (journal.Checkpoint, []byte, error) {
	signed, err := os.ReadFile(filepath.Join(f.dir, "checkpoint"))
	if errors.Is(err, fs.ErrNotExist) {
		return journal.Checkpoint{}, nil, rogatory.Fault(rogatory.NotFound, "file_missing", "nothing was pulled into %s yet", f.dir).WithHint("rogatory oversight pull")
	}
	if err != nil {
		return journal.Checkpoint{}, nil, rogatory.Fault(rogatory.Unavailable, "file_unreadable", "read a checkpoint: %w", err)
	}
	c, err := f.check(h, state, signed)
	return c, signed, err
}

func (f pulled) check(h *oversight.Holding, state rogatory.StateCode, signed []byte) (journal.Checkpoint, error) {
	p, err := f.party(state)
	if err != nil {
		return journal.Checkpoint{}, err
	}
	log, err := journal.NewVerifier(p.JournalKey)
	if err != nil {
		return journal.Checkpoint{}, err
	}
	return h.Against(signed, p.JournalOrigin, log)
}

// pullAgain is how often a pull asks anew because the journal grew meanwhile.
const pullAgain = 3

// pull fetches what is new and holds it against what the journal publishes at the address of the directory, which need
// not be where the feed comes from. Each page is on disk before the next is asked for.
func (f pulled) pull(d *desk, k oversight.Key, h *oversight.Holding, from string) (int64, error) {
	p, err := f.party(k.State)
	if err != nil {
		return 0, err
	}
	for again := 0; ; again++ {
		for {
			ask, err := k.SignAsk(h.Size(), rogatory.At(time.Now()))
			if err != nil {
				return 0, err
			}
			sealed, err := post(d, from, oversight.Path, oversight.MediaTypeAsk, ask, oversight.MaxPage)
			if err != nil {
				return 0, err
			}
			page, err := oversight.OpenPage(sealed, k)
			if err != nil {
				return 0, err
			}
			name := filepath.Join(f.dir, "pages", fmt.Sprintf("%012d.age", h.Size()))
			if err := h.Take(page); err != nil {
				return 0, err
			}
			if len(page.Items) == 0 {
				break
			}
			if err := replaceFile(name, sealed); err != nil {
				return 0, err
			}
		}
		signed, err := fetch(d, p.JournalURL+"/checkpoint", journal.MaxCheckpoint)
		if err != nil {
			return 0, err
		}
		c, err := f.check(h, k.State, signed)
		if err == nil {
			return c.Size, replaceFile(filepath.Join(f.dir, "checkpoint"), signed)
		}
		if c.Size > h.Size() && again < pullAgain {
			continue // it grew since; the feed has what is new, or does not
		}
		if rogatory.CodeOf(err) == "oversight_withheld" {
			kept := filepath.Join(f.dir, fmt.Sprintf("withheld-%d.checkpoint", c.Size))
			if e := replaceFile(kept, signed); e != nil {
				return 0, errors.Join(err, e)
			}
			d.say("the checkpoint against which it does not hold is kept in %s", kept)
		}
		return 0, err
	}
}

func fetch(d *desk, address string, limit int) ([]byte, error) {
	r, err := http.NewRequestWithContext(d.ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, rogatory.Fault(rogatory.Invalid, "address_invalid", "%.80q is not an address", address)
	}
	return exchange(r, limit)
}

func post(d *desk, door, path, mediaType string, body []byte, limit int) ([]byte, error) {
	r, err := http.NewRequestWithContext(d.ctx, http.MethodPost, strings.TrimSuffix(door, "/")+path, bytes.NewReader(body))
	if err != nil {
		return nil, rogatory.Fault(rogatory.Invalid, "address_invalid", "%.80q is not an address", door)
	}
	r.Header.Set("Content-Type", mediaType)
	return exchange(r, limit)
}

// pullWait bounds one page: forty megabytes over a slow line.
const pullWait = 10 * time.Minute

func exchange(r *http.Request, limit int) ([]byte, error) {
	resp, err := (&http.Client{Timeout: pullWait}).Do(r)
	if err != nil {
		return nil, rogatory.Fault(rogatory.Unavailable, "node_unreachable", "%s does not answer: %w", r.URL.Host, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, int64(limit)+1))
	if err != nil || len(body) > limit {
		return nil, rogatory.Fault(rogatory.Unavailable, "node_unreachable", "%s broke off, or sent more than %d bytes", r.URL.Host, limit)
	}
	if resp.StatusCode == http.StatusOK {
		return body, nil
	}
	var said struct{ Kind, Code, Message, Hint string }
	if json.Unmarshal(body, &said) != nil || said.Code == "" {
		return nil, rogatory.Fault(rogatory.Unavailable, "node_unreachable", "%s answers %s", r.URL.Host, resp.Status)
	}
	return nil, rogatory.Fault(rogatory.Kind(said.Kind), said.Code, "%s", said.Message).WithHint(said.Hint)
}

// sealSeed signs an order and seals it to the office.
func sealSeed(d *desk, k oversight.Key, data []byte, book, root string) (signed, sealed []byte, err error) {
	var s oversight.Seed
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil {
		return nil, nil, rogatory.Fault(rogatory.Invalid, "oversight_seed_invalid", "read an order: %w", err)
	}
	b, err := verifiedBook(d, book, root)
	if err != nil {
		return nil, nil, err
	}
	_, office, err := b.Authority(s.To)
	if err != nil {
		return nil, nil, err
	}
	if signed, err = k.SignSeed(s); err != nil {
		return nil, nil, err
	}
	sealed, err = envelope.Seal(signed, office.MessageRecipient)
	return signed, sealed, err
}

// readSalt reads a salt in hexadecimal digits.
func readSalt(text string) ([]byte, error) {
	salt, err := hex.DecodeString(text)
	if err != nil || len(salt) != oversight.SaltSize {
		return nil, rogatory.Fault(rogatory.Invalid, "oversight_list_invalid", "the salt is not %d bytes in hexadecimal digits", oversight.SaltSize).WithHint("rogatory oversight salt draws one")
	}
	return salt, nil
}
