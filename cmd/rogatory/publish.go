// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"rogatory"
	"rogatory/node"
)

// Files that an office keeps for publication lie in the node's folder and hold no case data. They are
// read and written here.

// readPublished reads such a file, of at most so many bytes; nothing if there is none.
func readPublished(name string, most int) ([]byte, error) {
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, rogatory.Fault(rogatory.Unavailable, "file_unreadable", "read a file: %w", err)
	}
	return readOpen(f, most)
}

// amend puts into the place of a file what change makes of it (nothing, if there is none yet). The new
// file is made beside it, which also keeps a second writer out, and is on disk before it gets the name.
// After an error of change, and after a crash, the file is as it was; a crash can leave FILE.new.
func amend(name string, most int, change func(old []byte) ([]byte, error)) (err error) {
	failed := func(err error) error {
		return rogatory.Fault(rogatory.Unavailable, "file_not_written", "write %s: %w", name, err)
	}
	fresh := name + ".new"
	f, err := os.OpenFile(fresh, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return rogatory.Fault(rogatory.Conflict, "file_being_written", "%s is there: somebody is writing, or a writing was cut short", fresh).
			WithHint("if nobody is writing, delete it and try again; " + name + " is whole")
	}
	if err != nil {
		return failed(err)
	}
	defer func() {
		f.Close() // a second time when all went well, which does no harm
		if err != nil {
			os.Remove(fresh)
		}
	}()
	old, err := readPublished(name, most)
	if err != nil {
		return err
	}
	data, err := change(old)
	if err != nil {
		return err
	}
	if old != nil && bytes.Equal(old, data) {
		return os.Remove(fresh)
	}
	if _, err := f.Write(data); err != nil {
		return failed(err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return failed(err)
	}
	if err := os.Rename(fresh, name); err != nil {
		return failed(err)
	}
	folder, err := os.Open(filepath.Dir(name))
	if err != nil {
		return failed(err)
	}
	if err := errors.Join(folder.Sync(), folder.Close()); err != nil {
		return failed(err)
	}
	return nil
}

// acting is for which State a command acts.
type acting struct {
	State string `help:"The State that acts, where the folder holds no node." placeholder:"XA"`
}

// of returns the State: the node's, or the one given where there is no node.
func (a acting) of(d *desk) (rogatory.StateCode, error) {
	state := rogatory.StateCode(a.State)
	if exists(filepath.Join(d.globals.Node, "node.json")) {
		config, err := node.LoadConfig(d.globals.Node)
		if err != nil {
			return "", err
		}
		if state != "" && state != config.State {
			return "", usage("the node in %s is that of %s, not of %.10q", d.globals.Node, config.State, state)
		}
		return config.State, nil
	}
	if state == "" {
		return "", usage("say which State acts").WithHint("give --state XX, or --node DIR with the folder of a node")
	}
	if !state.Valid() {
		return "", usage("state %.10q is not a code of two capital letters", state)
	}
	return state, nil
}

// onDay returns the day given, or today in UTC.
func onDay(given string) (string, error) {
	if given == "" {
		return time.Now().UTC().Format(time.DateOnly), nil
	}
	if t, err := time.Parse(time.DateOnly, given); err != nil || t.Format(time.DateOnly) != given {
		return "", usage("%.40q is not a day", given).WithHint("write 2027-01-31")
	}
	return given, nil
}
