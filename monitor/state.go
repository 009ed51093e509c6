// SPDX-License-Identifier: Apache-2.0

package monitor

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"rogatory"
	"rogatory/journal"
	"rogatory/transparency"
)

const (
	stateFile = "state.json"
	maxState  = 4 << 20
	// CheckpointFile has the last checkpoint that was verified, as it was signed: for others to compare theirs with.
	CheckpointFile = "checkpoint.txt"
)

// state is what a monitor remembers of one node.
type state struct {
	Version   int                   `json:"rogatory_monitor"`
	URL       string                `json:"url"`
	Origin    string                `json:"origin"`
	Key       string                `json:"key"`
	Witnesses []string              `json:"witnesses"` // keys, as first seen
	FirstSeen rogatory.Instant      `json:"first_seen,omitzero"`
	Changed   rogatory.Instant      `json:"changed,omitzero"` // when the size was last seen to grow
	Size      int64                 `json:"size"`
	Root      journal.Hash          `json:"root"`
	Note      []byte                `json:"note"`    // the signed checkpoint
	Checked   int64                 `json:"checked"` // entries whose leaves were read
	Rounds    int64                 `json:"rounds"`
	Reports   []transparency.Listed `json:"reports"` // verified, the oldest first
}

func readState(folder, address string) (state, error) {
	fresh := state{Version: 1, URL: address}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return state{}, rogatory.Fault(rogatory.Unavailable, "folder_failed", "make the folder %s: %w", folder, err)
	}
	f, err := os.Open(filepath.Join(folder, stateFile))
	if errors.Is(err, fs.ErrNotExist) {
		return fresh, nil
	}
	if err != nil {
		return state{}, rogatory.Fault(rogatory.Unavailable, "folder_failed", "read %s: %w", folder, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxState+1))
	if err != nil {
		return state{}, rogatory.Fault(rogatory.Unavailable, "folder_failed", "read %s: %w", folder, err)
	}
	s, err := parseState(data)
	if err != nil {
		return state{}, err
	}
	if s.URL != address {
		return state{}, rogatory.Fault(rogatory.Conflict, "folder_of_other", "the folder %s follows %s", folder, s.URL).WithHint("give each node a folder of its own")
	}
	return s, nil
}

func parseState(data []byte) (state, error) {
	var s state
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	err := d.Decode(&s)
	if err == nil && (len(data) > maxState || s.Version != 1 || s.Size < 0 || s.Size > journal.MaxSize || s.Checked < 0 || s.Checked > s.Size || s.Rounds < 0) {
		err = errors.New("it is out of bounds")
	}
	if err != nil {
		return state{}, rogatory.Fault(rogatory.Invalid, "state_invalid", "read what the monitor remembers: %w", err).WithHint("begin again in another folder, and keep this one: it may be evidence")
	}
	return s, nil
}

// write replaces the state in one step, and then its copy of the checkpoint for others.
func (s state) write(folder string) error {
	data, err := json.MarshalIndent(s, "", " ")
	if err == nil {
		err = replace(filepath.Join(folder, stateFile), append(data, '\n'))
	}
	if err == nil && len(s.Note) > 0 {
		err = replace(filepath.Join(folder, CheckpointFile), s.Note)
	}
	if err != nil {
		return rogatory.Fault(rogatory.Unavailable, "folder_failed", "keep what was seen in %s: %w", folder, err)
	}
	return nil
}

func replace(name string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// maxEvidence bounds the files that one folder keeps: a node that is wrong every minute fills no disk.
const maxEvidence = 1000

// evidence keeps what contradicts, byte for byte, under a name that says what it is. What is there already stays.
func (w *watch) evidence(code Code, parts ...[]byte) {
	for i, data := range parts {
		name := filepath.Join(w.Folder, fmt.Sprintf("evidence-%s-%s-%d.txt", code, rogatory.DigestOf(bytes.Join(parts, []byte{0})).Short(), i+1))
		if _, err := os.Stat(name); err == nil {
			continue
		}
		if all, err := filepath.Glob(filepath.Join(w.Folder, "evidence-*")); err != nil || len(all) >= maxEvidence {
			return
		}
		if err := replace(name, data); err != nil {
			w.round.find(Unreachable, "the evidence could not be kept: %v", err)
		}
	}
}

// keep stores a verified report; kept reads it again.
func (w *watch) keep(l transparency.Listed, data []byte) error {
	return replace(filepath.Join(w.Folder, "report-"+string(l.Period)+".json"), data)
}

func (w *watch) kept(l transparency.Listed) (transparency.Report, error) {
	data, err := os.ReadFile(filepath.Join(w.Folder, "report-"+string(l.Period)+".json"))
	if err != nil {
		return transparency.Report{}, rogatory.Fault(rogatory.Damaged, "folder_damaged", "read the report of %s: %w", l.Period, err)
	}
	if rogatory.DigestOf(data) != l.Digest {
		return transparency.Report{}, rogatory.Fault(rogatory.Damaged, "folder_damaged", "the folder's own copy of the report of %s was changed", l.Period)
	}
	return transparency.Parse(data)
}
