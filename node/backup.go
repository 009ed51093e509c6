// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"rogatory"
	"rogatory/clock"
	"rogatory/store"
	"rogatory/vault"
)

// backupFile tells when a backup was made and tried.
const backupFile = "backup.json"

// apart is what a backup leaves out: keys lie in the safe and not beside what they open, tokens and links are made
// anew, and the rest belongs to the machine.
var apart = []string{keysDir, tokensDir, enrolDir, secretsDir, lockFile, runFile, backupFile, vaultDir}

// Backups is what is known about the backups of a node.
type Backups struct {
	Made    rogatory.Instant `json:"made,omitzero"`
	Folder  string           `json:"folder,omitempty"`
	Tried   rogatory.Instant `json:"tried,omitzero"` // the last time that a copy was restored and checked
	Entries int64            `json:"entries,omitempty"`
	Problem string           `json:"problem,omitempty"` // of that try; empty if it held
}

// BackupsOf reads what is known; zero if nothing is.
func BackupsOf(dir string) (Backups, error) {
	var b Backups
	err := readStrict(filepath.Join(dir, backupFile), "backup_invalid", &b)
	if errors.Is(err, fs.ErrNotExist) {
		return Backups{}, nil
	}
	return b, err
}

func keepBackups(dir string, change func(*Backups)) error {
	b, err := BackupsOf(dir)
	if err != nil {
		return err
	}
	change(&b)
	text, err := json.MarshalIndent(b, "", "  ")
	if err == nil {
		err = replace(filepath.Join(dir, backupFile), append(text, '\n'))
	}
	if err != nil {
		return rogatory.Fault(rogatory.Unavailable, "backup_not_written", "write %s: %w", backupFile, err)
	}
	return nil
}

// Backup copies a node, running or not, to a folder that must not exist: first the database as it stands at one moment,
// then the vault's objects and the small files. The keys are not among them. With linked, objects are linked where the
// disk allows it. After an error the folder is gone.
func Backup(ctx context.Context, dir, to string, linked bool, c clock.Clock) error {
	config, err := LoadConfig(dir)
	if err != nil {
		return err
	}
	if _, err := os.Stat(to); err == nil {
		return rogatory.Fault(rogatory.Conflict, "backup_exists", "there is something at %s already", to).WithHint("name a folder that does not exist")
	}
	now := rogatory.At(c.Now())
	err = os.MkdirAll(to, 0o700)
	if err == nil {
		err = copyNode(ctx, config, dir, to, linked)
	}
	if err != nil {
		os.RemoveAll(to)
		if _, ok := errors.AsType[*rogatory.Error](err); ok {
			return err
		}
		return rogatory.Fault(rogatory.Unavailable, "backup_failed", "back up to %s: %w", to, err)
	}
	if linked {
		return nil
	}
	return keepBackups(dir, func(b *Backups) { b.Made, b.Folder = now, to })
}

func copyNode(ctx context.Context, config Config, dir, to string, linked bool) error {
	from, into := config.store(dir), config.store(to)
	if err := store.Copy(ctx, from, into.Source); err != nil {
		return err
	}
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err := errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil || name == "." {
			return err
		}
		top, _, _ := strings.Cut(filepath.ToSlash(name), "/")
		evidence := top == vaultDir
		if slices.Contains(apart, top) && !evidence || strings.HasPrefix(path, from.Source) || strings.HasSuffix(name, ".new") || path == to {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		target := filepath.Join(to, name)
		switch {
		case d.IsDir():
			return os.MkdirAll(target, 0o700)
		case !d.Type().IsRegular():
			return nil
		case evidence && linked && os.Link(path, target) == nil:
			return nil
		}
		err = copyFile(path, target)
		if evidence && errors.Is(err, fs.ErrNotExist) {
			return nil // an upload that was given up meanwhile
		}
		return err
	})
}

func copyFile(from, to string) error {
	r, err := os.Open(from)
	if err != nil {
		return err
	}
	defer r.Close()
	w, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, r)
	return errors.Join(err, w.Sync(), w.Close())
}

// TryBackup restores a backup in a folder of its own, with the keys of the node, and derives everything again from its
// journal. It changes neither the backup nor the node, and remembers the outcome in the node's folder.
func TryBackup(ctx context.Context, dir, backup string, depth vault.Depth, c clock.Clock) (int64, error) {
	entries, err := restored(ctx, dir, backup, depth)
	problem := ""
	if err != nil {
		problem = err.Error()
	}
	return entries, errors.Join(err, keepBackups(dir, func(b *Backups) { b.Tried, b.Entries, b.Problem = rogatory.At(c.Now()), entries, problem }))
}

func restored(ctx context.Context, dir, backup string, depth vault.Depth) (int64, error) {
	scratch, err := os.MkdirTemp(dir, "restore-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(scratch)
	config, err := LoadConfig(backup)
	if err != nil {
		return 0, err
	}
	trial := filepath.Join(scratch, "node")
	if err := os.Mkdir(trial, 0o700); err != nil {
		return 0, err
	}
	if err := copyNode(ctx, config, backup, trial, true); err != nil {
		return 0, err
	}
	keys, err := os.ReadDir(filepath.Join(dir, keysDir))
	if err != nil {
		return 0, err
	}
	if err := os.Mkdir(filepath.Join(trial, keysDir), 0o700); err != nil {
		return 0, err
	}
	for _, k := range keys {
		if k.Type().IsRegular() {
			if err := copyFile(filepath.Join(dir, keysDir, k.Name()), filepath.Join(trial, keysDir, k.Name())); err != nil {
				return 0, err
			}
		}
	}
	n, err := Open(ctx, trial, Options{Inspect: true})
	if err != nil {
		return 0, err
	}
	defer n.Close()
	found, err := n.Fsck(ctx, depth)
	return found.Entries, err
}

// RehearseBackup backs the node up beside itself, restores the copy, checks it and takes it away again.
func (n *Node) RehearseBackup(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, rehearsalTime)
	defer cancel()
	scratch, err := os.MkdirTemp(n.dir, "rehearsal-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	to := filepath.Join(scratch, "backup")
	if err := Backup(ctx, n.dir, to, true, n.opt.Clock); err != nil {
		return errors.Join(err, keepBackups(n.dir, func(b *Backups) { b.Tried, b.Problem = rogatory.At(n.opt.Clock.Now()), err.Error() }))
	}
	_, err = TryBackup(ctx, n.dir, to, vault.Structure, n.opt.Clock)
	return err
}

// rehearsalTime bounds a rehearsal: a large node takes minutes, and one that hangs must not hold a screen for ever.
const rehearsalTime = 30 * time.Minute
