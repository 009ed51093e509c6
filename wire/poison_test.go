// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"rogatory"
)

// AB-18: a folder that a courier brings is as hostile as a file of evidence. What it names leads nowhere, and a thing that
// is no plain file is not waited for.
func TestAB18PoisonedParcel(t *testing.T) {
	const message = "messages/00000001.age"
	sums := func(t *testing.T, folder string, change func(string) string) {
		name := filepath.Join(folder, parcelSums)
		text, err := os.ReadFile(name)
		must(t, err)
		must(t, os.Chmod(name, 0o600))
		must(t, os.WriteFile(name, []byte(change(string(text))), 0o600))
	}
	for _, c := range []struct {
		name   string
		poison func(t *testing.T, folder string)
	}{
		{"a name that climbs", func(t *testing.T, f string) {
			sums(t, f, func(s string) string { return strings.Replace(s, message, "../../../etc/passwd", 1) })
		}},
		{"an absolute name", func(t *testing.T, f string) {
			sums(t, f, func(s string) string { return strings.Replace(s, message, "/etc/passwd", 1) })
		}},
		{"a name of a device", func(t *testing.T, f string) {
			sums(t, f, func(s string) string { return strings.Replace(s, message, "messages/CON", 1) })
		}},
		{"a million names", func(t *testing.T, f string) {
			sums(t, f, func(s string) string { return strings.Repeat(s, 1_000_000/strings.Count(s, "\n")) })
		}},
		{"a link to a file of ours", func(t *testing.T, f string) {
			must(t, os.Remove(filepath.Join(f, message)))
			must(t, os.Symlink("/etc/passwd", filepath.Join(f, message)))
		}},
		{"a folder that is a link", func(t *testing.T, f string) {
			must(t, os.RemoveAll(filepath.Join(f, "messages")))
			must(t, os.Symlink("/etc", filepath.Join(f, "messages")))
		}},
		{"a pipe, which never ends", func(t *testing.T, f string) {
			must(t, os.Remove(filepath.Join(f, message)))
			must(t, syscall.Mkfifo(filepath.Join(f, message), 0o600))
		}},
		{"a file as large as a disk", func(t *testing.T, f string) {
			must(t, os.Chmod(filepath.Join(f, message), 0o600))
			must(t, os.Truncate(filepath.Join(f, message), 1<<40)) // sparse
		}},
		{"a folder where a file is named", func(t *testing.T, f string) {
			must(t, os.Remove(filepath.Join(f, message)))
			must(t, os.Mkdir(filepath.Join(f, message), 0o700))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			folder, _ := packed(t, rehearse(t, nil), 10)
			must(t, filepath.WalkDir(folder, func(name string, d os.DirEntry, err error) error {
				if err == nil && d.IsDir() {
					err = os.Chmod(name, 0o700)
				}
				return err
			}))
			c.poison(t, folder)
			done := make(chan error, 1)
			go func() {
				parcel, err := ReadCourier(folder, "XA")
				if err == nil {
					defer parcel.Close()
					for _, e := range parcel.Messages() {
						if err == nil {
							err = e
						}
					}
				}
				done <- err
			}()
			select {
			case err := <-done:
				if k := rogatory.KindOf(err); err == nil || k != rogatory.Invalid && k != rogatory.Damaged {
					t.Errorf("it is met by %v", err)
				}
			case <-time.After(20 * time.Second):
				t.Error("the reader hangs")
			}
		})
	}
}
