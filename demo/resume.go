// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"rogatory"
	"rogatory/clock"
	"rogatory/directory"
	"rogatory/keyring"
	"rogatory/node"
	"rogatory/tsa"
)

// Resume opens the world that Begin made in a folder, with the same States: its nodes go on where they
// stopped, at the same addresses. The directory is renewed first, so that a world may lie for months.
// Stop ends it.
func Resume(ctx context.Context, s Settings) (*World, error) {
	ctx, stop := context.WithCancel(ctx)
	w := &World{Dir: s.Dir, Members: map[rogatory.StateCode]*Member{}, stop: stop, clock: s.Clock}
	if err := w.resume(ctx, s); err != nil {
		return nil, errors.Join(err, w.Stop())
	}
	return w, nil
}

func (w *World) resume(ctx context.Context, s Settings) error {
	if err := w.refresh(); err != nil {
		return err
	}
	for i, code := range s.States {
		m := &Member{Code: code, Dir: filepath.Join(s.Dir, strings.ToLower(string(code)))}
		c, err := node.LoadConfig(m.Dir)
		if err != nil {
			return err
		}
		if i == 0 {
			if err := w.resumeStamps(ctx, c.TimeStamp.URL); err != nil {
				return err
			}
		}
		w.Members[code] = m
		if err := w.run(ctx, m, s); err != nil {
			return fmt.Errorf("start node %s: %w", code, err)
		}
	}
	return w.opened(ctx)
}

func (w *World) resumeStamps(ctx context.Context, url string) error {
	text, err := os.ReadFile(filepath.Join(w.Dir, stampFile))
	if err != nil {
		return err
	}
	authority, err := tsa.LoadAuthority(text, rand.Reader, time.Now)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		return rogatory.Fault(rogatory.Unavailable, "listen_failed", "listen for the exercise's time-stamp authority: %w", err).WithHint("another program may use the address, or the world in this folder runs already")
	}
	w.stamps(ctx, authority, l)
	return nil
}

// keepOperator keeps the key that publishes the exercise's directory.
func (w *World) keepOperator(key ed25519.PrivateKey) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(w.Dir, operatorFile), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600)
}

// publisher returns the directory's folder and the key that publishes it.
func (w *World) publisher() (*directory.Repository, ed25519.PrivateKey, error) {
	text, err := os.ReadFile(filepath.Join(w.Dir, operatorFile))
	if err != nil {
		return nil, nil, rogatory.Fault(rogatory.NotFound, "world_missing", "there is no exercise in %s: %w", w.Dir, err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, nil, rogatory.Fault(rogatory.Invalid, "operator_invalid", "%s holds no key", operatorFile)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	key, ok := parsed.(ed25519.PrivateKey)
	if err != nil || !ok {
		return nil, nil, rogatory.Fault(rogatory.Invalid, "operator_invalid", "%s holds no Ed25519 key", operatorFile)
	}
	repo, err := directory.Open(filepath.Join(w.Dir, "directory"), clock.Real{})
	return repo, key, err
}

func (w *World) refresh() error {
	repo, key, err := w.publisher()
	if err == nil {
		_, err = repo.Refresh(key)
	}
	return err
}

// RotateMessageKey gives a member the next message key and publishes it. The member opens what is sealed
// to it within a second; the others use it once they have read the directory again. Earlier keys stay.
//
// Order of writes: the key's file, then the State's entry, then the directory. After a crash in between
// the earlier key is still the one that others use.
func (w *World) RotateMessageKey(code rogatory.StateCode) error {
	m := w.Members[code]
	keys, err := keyring.Load(filepath.Join(m.Dir, "keys"))
	if err == nil {
		keys, err = keys.Rotate("message", rand.Reader, time.Now())
	}
	if err != nil {
		return err
	}
	return w.publishKeys(m, keys)
}

// PublishKeys has the directory list the keys that a member has now in its folder.
func (w *World) PublishKeys(code rogatory.StateCode) error {
	m := w.Members[code]
	keys, err := keyring.Load(filepath.Join(m.Dir, "keys"))
	if err != nil {
		return err
	}
	return w.publishKeys(m, keys)
}

func (w *World) publishKeys(m *Member, keys *keyring.Keyring) error {
	repo, key, err := w.publisher()
	if err != nil {
		return err
	}
	if err := repo.SubmitParty(m.Node.Config().Party(keys), keys.DirectoryEntry()); err != nil {
		return err
	}
	_, err = repo.Publish(key)
	return err
}
