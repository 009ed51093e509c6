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
var apart = []string{keysDir, tokensDir, enrolDir, secretsDir, uploadsDir, lockFile, runFile, backupFile}

// Folders of a rehearsal, which a killed process leaves behind. One holds copies of keys, so no backup takes them along
// and the next start removes them.
const (
	restorePrefix   = "restore-"
	rehearsalPrefix = "rehearsal-"
)

// sweepRehearsals removes what a killed rehearsal left.
func sweepRehearsals(dir string) error {
	for _, prefix := range []string{restorePrefix, rehearsalPrefix} {
		left, err := filepath.Glob(filepath.Join(dir, prefix+"*"))
		if err != nil {
			return err
		}
		for _, name := range left {
			if err := os.RemoveAll(name); err != nil {
				return err
			}
		}
	}
	return nil
}

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
	now := rogatory.At(c.Now())
	err = os.MkdirAll(filepath.Dir(to), 0o700)
	if err == nil {
		err = os.Mkdir(to, 0o700)
	}
	if errors.Is(err, fs.ErrExist) {
		return rogatory.Fault(rogatory.Conflict, "backup_exists", "there is something at %s already", to).WithHint("name a folder that does not exist")
	}
	if err == nil {
		if err = copyNode(ctx, config, dir, to, carry(linked)); err != nil {
			os.RemoveAll(to)
		}
	}
	if err != nil {
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

// carry copies one object of the vault, or links it where that is allowed and the disk can.
func carry(linked bool) func(from, to string) error {
	return func(from, to string) error {
		if linked && os.Link(from, to) == nil {
			return nil
		}
		return copyFile(from, to)
	}
}

// copyNode copies the database, the small files and, object by object, the evidence; a nil object leaves the vault out.
func copyNode(ctx context.Context, config Config, dir, to string, object func(from, to string) error) error {
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
		top, rest, _ := strings.Cut(filepath.ToSlash(name), "/")
		switch {
		case object == nil && top == vaultDir, slices.Contains(apart, top), strings.HasPrefix(top, restorePrefix), strings.HasPrefix(top, rehearsalPrefix), path == to:
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case strings.HasPrefix(path, from.Source), strings.HasSuffix(name, ".new"):
			return nil
		}
		target := filepath.Join(to, name)
		// Of the vault only whole objects are copied: what is on its way is fetched or sealed again.
		evidence := top == vaultDir
		switch {
		case d.IsDir():
			return os.MkdirAll(target, 0o700)
		case !d.Type().IsRegular(), evidence && !strings.HasPrefix(rest, vaultObjects+"/"):
			return nil
		case evidence:
			return object(path, target)
		}
		return copyFile(path, target)
	})
}

// vaultObjects is the folder of whole exhibits within the vault.
const vaultObjects = "objects"

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
	scratch, err := os.MkdirTemp(dir, restorePrefix)
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
	if err := copyNode(ctx, config, backup, trial, nil); err != nil {
		return 0, err
	}
	// The evidence is read where it lies: a second copy of it could fill the node's disk.
	evidence, err := filepath.Abs(filepath.Join(backup, vaultDir))
	if err == nil {
		err = os.Symlink(evidence, filepath.Join(trial, vaultDir))
	}
	if err != nil {
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
	scratch, err := os.MkdirTemp(n.dir, rehearsalPrefix)
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
