// SPDX-License-Identifier: Apache-2.0

package court

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// AB-18: a court package is as hostile as what is in it. A verifier that is given things which are no plain files says so; it
// waits for none, follows none, and reads none without an end.
func TestAB18PoisonedPackage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		poison func(s *scene, file string)
	}{
		{"a link to a file of ours", func(s *scene, file string) { s.must(os.Remove(file)); s.must(os.Symlink("/etc/passwd", file)) }},
		{"a link within the package", func(s *scene, file string) {
			s.must(os.Rename(file, file+".kept"))
			s.must(os.Symlink(filepath.Base(file)+".kept", file))
		}},
		{"a pipe, which never ends", func(s *scene, file string) { s.must(os.Remove(file)); s.must(syscall.Mkfifo(file, 0o600)) }},
		{"a folder", func(s *scene, file string) { s.must(os.Remove(file)); s.must(os.Mkdir(file, 0o700)) }},
		{"a file as large as a disk", func(s *scene, file string) { s.must(os.Truncate(file, 1<<40)) }}, // sparse
		{"one that nobody listed", func(s *scene, file string) {
			s.must(os.WriteFile(filepath.Join(filepath.Dir(file), "CON.exe"), []byte("MZ"), 0o755))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := begin(t)
			dir := s.write()
			var message string
			for _, name := range files(t, dir) {
				if strings.HasPrefix(name, "messages/") && message == "" {
					message = filepath.Join(dir, name)
				}
			}
			c.poison(s, message)
			done := make(chan *Report, 1)
			go func() {
				r, err := Verify(context.Background(), dir, Options{TrustedRoot: s.root})
				if err != nil {
					t.Error(err)
				}
				done <- r
			}()
			select {
			case r := <-done:
				if r == nil || r.Holds() {
					t.Error("the package holds")
				}
			case <-time.After(time.Minute):
				t.Error("the verifier hangs")
			}
		})
	}
}
