// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"time"

	"rogatory"
	"rogatory/oversight"
)

// overseers are those who look at an office's screen for the oversight body.
var overseers = map[rogatory.StateCode]string{"XA": "M. Adeyemi", "XB": "S. Virtanen", "XC": "R. Okabe"}

// bodies makes the oversight bodies of a world, if it is to have them, and keeps their keys.
func (w *World) bodies(s Settings) (map[rogatory.StateCode][]rogatory.OversightBody, error) {
	all := map[rogatory.StateCode][]rogatory.OversightBody{}
	if !s.Oversight {
		return all, nil
	}
	if err := os.MkdirAll(filepath.Dir(w.OversightKey("XA")), 0o700); err != nil {
		return nil, err
	}
	now := w.clock.Now()
	for _, code := range s.States {
		k, err := oversight.NewKey(rand.Reader, code, "Ombudsman of "+names[code], rogatory.At(now.Add(-time.Minute)), rogatory.At(now.AddDate(2, 0, 0)))
		if err != nil {
			return nil, err
		}
		text, err := k.Marshal()
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(w.OversightKey(code), text, 0o600); err != nil {
			return nil, err
		}
		body, err := k.Body()
		if err != nil {
			return nil, err
		}
		all[code] = []rogatory.OversightBody{body}
	}
	return all, nil
}

// OversightKey is the file with the key of a State's oversight body.
func (w *World) OversightKey(code rogatory.StateCode) string {
	return filepath.Join(w.Dir, "oversight", strings.ToLower(string(code))+".key")
}
