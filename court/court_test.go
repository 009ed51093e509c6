// SPDX-License-Identifier: Apache-2.0

package court

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"rogatory"
	"rogatory/asice"
)

// A court gets a package and verifies it, long after every certificate in it has run out.
func TestHolds(t *testing.T) {
	t.Parallel()
	s := begin(t)
	dir := s.write()
	r := s.verify(dir)
	if !r.Holds() {
		t.Fatal(failures(r))
	}
	if r.Case != "XA-2020-7K3M9Q2P" || r.Mode != rogatory.Exercise || !r.Stamped.Equal(s.now) || !strings.Contains(r.Verdict(), "HOLDS") || !strings.Contains(r.Verdict(), "EXERCISE") {
		t.Errorf("the report is about %s in mode %s, stamped %s: %s", r.Case, r.Mode, r.Stamped, r.Verdict())
	}
	said := strings.Join(s.words(r), "\n")
	for _, want := range []string{
		"messages/01-send-XA.asice: number 1 (send) from XA/justice to XB/justice",
		"messages/01-send-XA.receipt.asice: XB/justice signed that it took it in",
		"messages/05-take-XA.asice",
		"numbered 1, 2, 3",
		"cosigned by XB, XC",
		"6 custody entries are in the journal of XA, as XB, XC saw it",
		"Officer of XA (custodian) of XA/justice opened exhibit XB-E-000000000001",
		"exhibits/auth.log is exhibit XB-E-000000000001",
		"exhibits/XB-E-000000000002-auth.log is exhibit XB-E-000000000002",
		"USE LIMIT: condition: not to be used for the death penalty",
		"USE LIMIT: not to be given to a third State",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("the report does not say %q:\n%s", want, said)
		}
	}
	if strings.Contains(strings.Join(r.NotProved, " "), "root is the true one") {
		t.Error("the reader brought a root, and the report doubts it")
	}

	// Twice the same report.
	if again := s.verify(dir); !reflect.DeepEqual(r, again) {
		t.Error("the second report differs from the first")
	}

	// Without a root the report says whose word it took.
	alone, err := Verify(context.Background(), dir, Options{})
	s.must(err)
	if !alone.Holds() || !strings.Contains(strings.Join(alone.NotProved, " "), "root is the true one") {
		t.Errorf("without a root: %s\n%v", failures(alone), alone.NotProved)
	}
	// A root of somebody else's directory, and a day on which the directory had run out.
	other := stage(t)
	other.publish("h7", "h8", "h9")
	for name, o := range map[string]Options{"another root": {TrustedRoot: other.root}, "years later": {TrustedRoot: s.root, At: time.Now()}} {
		r, err := Verify(context.Background(), dir, o)
		s.must(err)
		if r.Holds() || !strings.Contains(failures(r), "directory/ does not hold") {
			t.Errorf("%s: %s", name, failures(r))
		}
	}
}

func (s *scene) words(r *Report) (out []string) {
	for _, f := range r.Findings {
		out = append(append(out, f.Words), f.Detail...)
	}
	return out
}

// Any one byte of any file.
func TestEveryByteCounts(t *testing.T) {
	t.Parallel()
	s := begin(t)
	dir := s.write()
	for _, name := range files(t, dir) {
		full := filepath.Join(dir, name)
		data, err := os.ReadFile(full)
		s.must(err)
		for _, at := range []int{0, len(data) / 2, len(data) - 1} {
			changed := bytes.Clone(data)
			changed[at] ^= 1
			s.must(os.WriteFile(full, changed, 0o644))
			options := []Options{{TrustedRoot: s.root}}
			if at == len(data)/2 {
				options = append(options, Options{})
			}
			for _, o := range options {
				r, err := Verify(context.Background(), dir, o)
				s.must(err)
				first := ""
				for _, f := range r.Findings {
					if !f.OK {
						first = f.Words
						break
					}
				}
				if r.Holds() || !strings.Contains(first, name) || !strings.Contains(r.Verdict(), name) {
					t.Errorf("%s with byte %d of %d changed: %s", name, at, len(data), r.Verdict())
				}
				if strings.HasPrefix(first, "Changed") && first != "Changed since it was signed for: "+name+"." {
					t.Errorf("%s was changed, and another is blamed: %s", name, first)
				}
			}
		}
		s.must(os.WriteFile(full, data, 0o644))
	}
	if r := s.verify(dir); !r.Holds() {
		t.Fatalf("restored, it does not hold: %s", failures(r))
	}
}

// What the folder itself can suffer. The attacker also writes both lists of sums anew.
func TestFolderChanged(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(s *scene, dir string)
		words  string
	}{
		{"a file is removed", func(s *scene, dir string) { s.must(os.Remove(filepath.Join(dir, "messages/02-acknowledge-XB.asice"))) },
			"Missing from the package: messages/02-acknowledge-XB.asice"},
		{"a list of sums is removed", func(s *scene, dir string) { s.must(os.Remove(filepath.Join(dir, longSumsFile))) }, "Missing from the package: SHA512SUMS"},
		{"the signed list is removed", func(s *scene, dir string) { s.must(os.Remove(filepath.Join(dir, manifestFile))) }, "manifest.asice is missing"},
		{"the directory is removed", func(s *scene, dir string) { s.must(os.RemoveAll(filepath.Join(dir, "directory"))) }, "directory/ does not hold"},
		{"a file is added", func(s *scene, dir string) {
			s.must(os.WriteFile(filepath.Join(dir, "exhibits/planted.log"), []byte("x"), 0o644))
		}, "not in the signed list: exhibits/planted.log"},
		{"a file grows beyond reason", func(s *scene, dir string) { s.must(os.Truncate(filepath.Join(dir, "exhibits/auth.log"), 1<<42)) },
			"Changed since it was signed for: exhibits/auth.log"},
		{"two receipts are swapped", func(s *scene, dir string) {
			a, b := filepath.Join(dir, "messages/01-send-XA.receipt.asice"), filepath.Join(dir, "messages/05-take-XA.receipt.asice")
			s.must(os.Rename(a, a+"x"))
			s.must(os.Rename(b, a))
			s.must(os.Rename(a+"x", b))
		}, "messages/01-send-XA.receipt.asice, messages/05-take-XA.receipt.asice"},
		{"a file becomes a link", func(s *scene, dir string) {
			name := filepath.Join(dir, "exhibits/auth.log")
			s.must(os.Rename(name, name+".moved"))
			s.must(os.Symlink(name+".moved", name))
		}, `no plain file with a plain name: "exhibits/auth.log"`},
		{"a link leads out", func(s *scene, dir string) {
			s.must(os.Symlink("/etc/passwd", filepath.Join(dir, "exhibits/passwd")))
		}, `"exhibits/passwd"`},
		{"a name with a line feed", func(s *scene, dir string) {
			s.must(os.WriteFile(filepath.Join(dir, "a\nb"), nil, 0o644))
		}, `"a\nb"`},
		{"a hidden folder", func(s *scene, dir string) { s.must(os.MkdirAll(filepath.Join(dir, ".x/y"), 0o755)) }, `".x"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := begin(t)
			dir := s.write()
			c.change(s, dir)
			s.resum(dir)
			r := s.verify(dir)
			if r.Holds() || !strings.Contains(failures(r), c.words) {
				t.Errorf("want %q in:\n%s", c.words, failures(r))
			}
		})
	}
}

// resum writes the lists of sums as anybody could, for the small files that are there.
func (s *scene) resum(dir string) {
	s.Helper()
	sums := map[string]sum{}
	for _, name := range files(s, dir) {
		info, err := os.Lstat(filepath.Join(dir, name))
		s.must(err)
		if outside(name) && name != manifestFile || !info.Mode().IsRegular() || info.Size() > 1<<30 {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, name))
		s.must(err)
		sums[name] = sumOf(data)
	}
	for name, digest := range map[string]func(sum) string{shortSumsFile: sum.short, longSumsFile: sum.long} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			s.must(os.WriteFile(filepath.Join(dir, name), sumsText(sums, digest), 0o644))
		}
	}
}

// The exporter itself is the forger: it signs and stamps whatever it likes, with its own key. And
// Write refuses to publish any of it.
func TestForgedByExporter(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		forge func(s *scene)
		words string
	}{
		{"a message by another key", func(s *scene) {
			m := s.messages[2]
			s.source.Messages[2] = s.deliver(m, s.xb, s.xa, asice.Signer{Key: s.xc.seal.Key, Certificate: s.xc.seal.Certificate})
		}, "messages/08-accept-XB.asice does not hold"},
		{"a message by the exporter in the other's name", func(s *scene) {
			s.source.Messages[2] = s.deliver(s.messages[2], s.xb, s.xa, s.xa.seal)
		}, "messages/08-accept-XB.asice does not hold"},
		{"swapped receipts", func(s *scene) {
			m := s.source.Messages
			m[0].Receipt, m[4].Receipt = m[4].Receipt, m[0].Receipt
		}, "messages/01-send-XA.receipt.asice does not hold as the receipt for messages/01-send-XA.asice"},
		{"the proof of another message", func(s *scene) {
			a, err := asice.Parse(s.source.Messages[4].Container)
			s.must(err)
			proof, _ := a.Proof("journal")
			s.source.Messages[0].Container, err = asice.AttachProof(s.source.Messages[0].Container, "journal", proof)
			s.must(err)
		}, "opens another entry"},
		{"the same message twice", func(s *scene) { s.source.Messages = append(s.source.Messages, s.source.Messages[0]) }, "is the same message as messages/01-send-XA.asice"},
		{"evidence under another seal", func(s *scene) {
			other := []byte("sshd[3]: nothing happened\n")
			x := exhibit(1, other)
			s.source.Exhibits[0] = Exhibit{Exhibit: x, Write: func(w io.Writer) error { _, err := w.Write(other); return err }}
		}, "offers it with another seal"},
		{"use limits left out", func(s *scene) { s.source.Exhibits[0].Limits.Conditions = nil }, "its title, origin or use limits are not those that were offered"},
		{"an exhibit that nobody offered", func(s *scene) {
			x := exhibit(3, []byte("planted"))
			s.source.Exhibits = append(s.source.Exhibits, Exhibit{Exhibit: x, Write: func(w io.Writer) error { _, err := io.WriteString(w, "planted"); return err }})
		}, "exhibits/XB-E-000000000003-auth.log does not hold"},
		{"receiving left out of custody", func(s *scene) { s.source.Custody = append(s.source.Custody[:1], s.source.Custody[2:]...) }, "the package does not show that it was received"},
		{"opened before it was received", func(s *scene) {
			x := s.source.Exhibits[0].Exhibit
			first := s.xa.record(rogatory.Entry{Type: rogatory.ExhibitOpened, At: rogatory.At(s.now), By: s.xa.officer(), Exhibit: &x})
			second := s.xa.record(rogatory.Entry{Type: rogatory.ExhibitReceived, At: rogatory.At(s.now), By: s.xa.officer(), Exhibit: &x})
			note := s.xa.checkpoint()
			s.source.Custody = []Entry{{s.xa.prove(first, note)}, {s.xa.prove(second, note)}}
			s.source.Exhibits = s.source.Exhibits[:1]
		}, "its custody is out of order: it was opened"},
		{"custody of another journal", func(s *scene) { s.source.Custody[0] = Entry{s.xb.prove(1, s.xb.checkpoint())} }, "Not shown to be entries of the journal of XA"},
		{"a checkpoint of another journal", func(s *scene) { s.source.Checkpoints[0].State = "XB" }, "proofs/XB-checkpoint.txt does not hold"},
		{"a stamp for something else", func(s *scene) { s.source.Checkpoints[0].Stamp = s.source.Checkpoints[1].Stamp }, "its time-stamp proofs/XA-checkpoint.tst"},
		{"signed by an office that is not the exporter", func(s *scene) { s.source.Signer = s.xb.seal }, "manifest.asice is not signed by XA/justice"},
		{"a second history", func(s *scene) {
			s.xa.journal.bodies, s.xa.journal.salts, s.xa.journal.hashes = nil, nil, nil
			at := rogatory.At(s.now)
			var last int64
			for range 7 {
				last = s.xa.record(rogatory.Entry{Type: rogatory.NodeStarted, At: at, By: s.xa.officer()})
			}
			s.source.Custody = append(s.source.Custody, Entry{s.xa.prove(last, s.xa.checkpoint())})
		}, "signed with two histories"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := begin(t)
			c.forge(s)
			r := s.verify(s.forge())
			if r.Holds() || !strings.Contains(failures(r), c.words) {
				t.Errorf("want %q in:\n%s", c.words, failures(r))
			}
			dir := filepath.Join(t.TempDir(), "court-package")
			err := Write(context.Background(), dir, s.source, nil)
			if rogatory.CodeOf(err) != "package_does_not_hold" {
				t.Errorf("Write says %v", err)
			}
			nothingLeft(t, dir)
		})
	}
}

// resign has the exporter sign and stamp another list over the same folder.
func (s *scene) resign(dir string, change func(x *Index, custody *[]byte)) {
	s.Helper()
	data, err := os.ReadFile(filepath.Join(dir, manifestFile))
	s.must(err)
	c, err := asice.Parse(data)
	s.must(err)
	x, err := ParseIndex(c.Files[0].Data)
	s.must(err)
	change(&x, &c.Files[1].Data)
	c.Files[0].Data, err = json.MarshalIndent(x, "", " ")
	s.must(err)
	sums := map[string]sum{}
	for _, f := range x.Files {
		sums[f.Name] = sum{f.Size, f.SHA256, f.SHA512}
	}
	c.Files[2].Data = sumsText(sums, sum.short)
	data, err = asice.Build(c.Files, s.source.Signer, s.source.Made.Time())
	s.must(err)
	data, err = asice.AttachStamp(data, s.stamp)
	s.must(err)
	s.must(os.WriteFile(filepath.Join(dir, manifestFile), data, 0o644))
	s.resum(dir)
}

// The signed list itself lies.
func TestListLies(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(x *Index, custody *[]byte)
		words  string
	}{
		{"a stowaway", func(x *Index, _ *[]byte) {
			x.Files = append(x.Files, IndexFile{Name: "zz.txt", SHA256: sumOf(nil).sha256, SHA512: sumOf(nil).sha512})
		},
			"no part of a court package: zz.txt"},
		{"another number", func(x *Index, _ *[]byte) { x.Messages[1].Sequence = 7 }, "messages/02-acknowledge-XB.asice does not hold"},
		{"another entry", func(x *Index, _ *[]byte) { *x.Messages[0].ReceiptEntry = 7 }, "messages/01-send-XA.asice does not hold"},
		{"another time of receipt", func(x *Index, _ *[]byte) { x.Messages[0].Received++ }, "messages/01-send-XA.asice does not hold"},
		{"another case", func(x *Index, _ *[]byte) { x.Case = "XA-2020-AAAAAAAA" }, "it belongs to case XA-2020-7K3M9Q2P"},
		{"another mode", func(x *Index, _ *[]byte) { x.Mode = rogatory.Live }, "manifest.asice says live"},
		{"another exporter", func(x *Index, _ *[]byte) { x.Exporter.State = "XC" }, "manifest.asice is not signed by XC/justice"},
		{"an exporter that nobody knows", func(x *Index, _ *[]byte) { x.Exporter.State = "XZ" }, "XZ/justice is not in the directory"},
		{"another time of a checkpoint", func(x *Index, _ *[]byte) { x.Checkpoints[0].Stamped++ }, "proofs/XA-checkpoint.txt does not hold"},
		{"other words about custody", func(_ *Index, custody *[]byte) {
			*custody = bytes.Replace(*custody, []byte("9 March"), []byte("8 March"), 1)
		},
			"custody.json in manifest.asice does not say"},
		{"custody left out", func(x *Index, _ *[]byte) { x.Custody = x.Custody[1:] }, "no part of a court package: proofs/entry-000004.tlog-proof"},
		{"custody in another order", func(x *Index, _ *[]byte) { x.Custody[0], x.Custody[1] = x.Custody[1], x.Custody[0] }, "in the order of the journal"},
		{"another title of an exhibit", func(x *Index, _ *[]byte) { x.Exhibits[0].Exhibit.Title = "x" }, "exhibits/auth.log does not hold"},
		{"exhibits exchanged", func(x *Index, _ *[]byte) {
			x.Exhibits[0].File, x.Exhibits[1].File = x.Exhibits[1].File, x.Exhibits[0].File
		}, "the file is not what the seal says"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := begin(t)
			dir := s.write()
			s.must(os.WriteFile(filepath.Join(dir, "zz.txt"), nil, 0o644))
			s.resign(dir, c.change)
			if r := s.verify(dir); r.Holds() || !strings.Contains(failures(r), c.words) {
				t.Errorf("want %q in:\n%s", c.words, failures(r))
			}
		})
	}

	// And one that does not lie holds.
	s := begin(t)
	dir := s.write()
	s.resign(dir, func(*Index, *[]byte) {})
	if r := s.verify(dir); !r.Holds() {
		t.Error(failures(r))
	}
}

// An office whose clock runs ahead is no forger, but a reader should know.
func TestFastClock(t *testing.T) {
	s := begin(t)
	s.source.Stamp = func(digest []byte) ([]byte, error) {
		s.now = s.source.Made.Time().Add(-2 * time.Hour)
		return s.stamp(digest)
	}
	r := s.verify(s.write())
	if !r.Holds() || !strings.Contains(strings.Join(r.NotProved, " "), "The package itself states the time 2020-03-02 11:08:00 UTC, later than the time-stamp") {
		t.Error(failures(r), r.NotProved)
	}
}

func nothingLeft(t *testing.T, dir string) {
	t.Helper()
	found, err := os.ReadDir(filepath.Dir(dir))
	if err != nil || len(found) != 0 {
		t.Errorf("after the refusal there is %v (%v)", found, err)
	}
}

// What is missing is not forged: the package holds and says what it does not show.
func TestLeftOpen(t *testing.T) {
	s := begin(t)
	s.source.Messages[0].Receipt = nil
	s.source.Messages = append(s.source.Messages[:1], s.source.Messages[2:]...)
	s.source.Checkpoints = s.source.Checkpoints[1:]
	s.source.Custody = s.source.Custody[:5] // without the second opening
	r := s.verify(s.write())
	if !r.Holds() {
		t.Fatal(failures(r))
	}
	open := strings.Join(r.NotProved, "\n")
	for _, want := range []string{
		"That messages/01-send-XA.asice was received",
		"numbered 1 to 1 from XB to XA",
		"When 5 of the custody entries existed",
		"Who opened exhibit XB-E-000000000002",
		"clocks were right",
		"nothing was left out",
	} {
		if !strings.Contains(open, want) {
			t.Errorf("the report does not leave open %q:\n%s", want, open)
		}
	}
}

// The State that sealed the evidence can show its side, too.
func TestSealingStateExports(t *testing.T) {
	s := begin(t)
	note := s.xb.checkpoint(s.xc)
	s.source.Exporter, s.source.Signer = s.xb.address(), s.xb.seal
	s.source.Checkpoints = []Checkpoint{{State: "XB", Note: note}}
	s.source.Custody = nil
	for _, n := range s.sealed {
		s.source.Custody = append(s.source.Custody, Entry{s.xb.prove(n, note)})
	}
	r := s.verify(s.write())
	if !r.Holds() || !strings.Contains(strings.Join(s.words(r), "\n"), "Officer of XB (custodian) of XB/justice sealed exhibit XB-E-000000000001") {
		t.Error(failures(r), s.words(r))
	}
	s.source.Custody = s.source.Custody[1:]
	if r := s.verify(s.forge()); r.Holds() || !strings.Contains(failures(r), "exhibits/auth.log does not hold") || !strings.Contains(failures(r), "does not show that it was sealed") {
		t.Errorf("without the sealing: %s", failures(r))
	}
}

// A message that was recorded and refused is told as that.
func TestRefusedMessage(t *testing.T) {
	s := begin(t)
	s.refusal = "message_expired"
	s.send(s.xa, s.xb, rogatory.Withdraw, rogatory.Body{Text: "no longer needed"})
	r := s.verify(s.write())
	if !r.Holds() || !strings.Contains(strings.Join(s.words(r), "\n"), "did not act on it (message_expired)") {
		t.Error(failures(r), s.words(r))
	}
}

// Evidence of any size passes through in constant memory, and its progress is told.
func TestConstantMemory(t *testing.T) {
	s := begin(t)
	const size, chunk = 64 << 20, 256 << 10
	zeroes := make([]byte, chunk)
	h := newHasher()
	for range size / chunk {
		h.write(zeroes)
	}
	x := exhibit(9, nil)
	x.FileName = "disk.img"
	x.Seal.Size, x.Seal.SHA256, x.Seal.SHA512 = size, h.sum().sha256, h.sum().sha512
	sealed := s.xb.record(rogatory.Entry{Type: rogatory.ExhibitSealed, At: rogatory.At(s.now), By: s.xb.officer(), Request: "XA-2020-7K3M9Q2P.1", Exhibit: &x})
	s.source.Exporter, s.source.Signer = s.xb.address(), s.xb.seal
	s.source.Checkpoints, s.source.Custody = nil, []Entry{{s.xb.prove(sealed, s.xb.checkpoint())}}
	s.source.Exhibits = []Exhibit{{Exhibit: x, Write: func(w io.Writer) error {
		for range size / chunk {
			if _, err := w.Write(zeroes); err != nil {
				return err
			}
		}
		return nil
	}}}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	told := map[string]int64{}
	dir := filepath.Join(t.TempDir(), "court-package")
	s.must(Write(context.Background(), dir, s.source, func(file string, n int64) { told[file] = n }))
	read := map[string]int64{}
	r, err := Verify(context.Background(), dir, Options{TrustedRoot: s.root, Progress: func(file string, n int64) { read[file] = n }})
	s.must(err)
	runtime.ReadMemStats(&after)
	if !r.Holds() {
		t.Fatal(failures(r))
	}
	if told["exhibits/disk.img"] != size || read["exhibits/disk.img"] != size {
		t.Errorf("told %d bytes written and %d read", told["exhibits/disk.img"], read["exhibits/disk.img"])
	}
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > size/2 {
		t.Errorf("%d bytes were allocated for an exhibit of %d", allocated, size)
	}
}

func TestWriteRefuses(t *testing.T) {
	t.Parallel()
	full := errors.New("disk full")
	for _, c := range []struct {
		name   string
		change func(s *scene)
		code   string
	}{
		{"no messages", func(s *scene) { s.source.Messages = nil }, "package_invalid"},
		{"a malformed case", func(s *scene) { s.source.Case = "X" }, "package_invalid"},
		{"no stamp", func(s *scene) { s.source.Stamp = nil }, "package_invalid"},
		{"a stamp authority that is down", func(s *scene) { s.source.Stamp = func([]byte) ([]byte, error) { return nil, errors.New("down") } }, "stamp_unavailable"},
		{"a directory that has run out", func(s *scene) { s.source.Made = rogatory.At(time.Now()) }, "directory_expired"},
		{"a received message without our receipt", func(s *scene) { s.source.Messages[1].Receipt = nil }, "package_invalid"},
		{"a message without its proof", func(s *scene) {
			c, err := asice.Build([]asice.File{{Name: "x", MediaType: "text/plain"}}, s.xa.seal, s.now)
			s.must(err)
			s.source.Messages[0].Container = c
		}, "container_malformed"},
		{"damaged evidence", func(s *scene) {
			s.source.Exhibits[0].Write = func(w io.Writer) error { _, err := w.Write(make([]byte, s.source.Exhibits[0].Seal.Size)); return err }
		}, "exhibit_damaged"},
		{"more evidence than its seal says", func(s *scene) {
			s.source.Exhibits[0].Write = func(w io.Writer) error { _, err := w.Write(make([]byte, 1<<20)); return err }
		}, "package_not_written"},
		{"evidence that breaks off", func(s *scene) { s.source.Exhibits[1].Write = func(w io.Writer) error { return full } }, "package_not_written"},
		{"two openings of one entry", func(s *scene) {
			kept := s.xa.journal
			s.xa.journal = ledger{}
			for range 5 {
				s.xa.record(rogatory.Entry{Type: rogatory.NodeStarted, At: rogatory.At(s.now), By: s.xa.officer()})
			}
			s.source.Custody = append(s.source.Custody, Entry{s.xa.prove(4, s.xa.checkpoint())})
			s.xa.journal = kept
		}, "package_invalid"},
		{"a file name that leads out", func(s *scene) { s.source.Exhibits[0].FileName = "../../auth.log" }, "package_invalid"},
		{"a file name for a shell", func(s *scene) { s.source.Exhibits[0].FileName = "$(reboot)" }, "package_invalid"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := begin(t)
			c.change(s)
			dir := filepath.Join(t.TempDir(), "court-package")
			if err := Write(context.Background(), dir, s.source, nil); rogatory.CodeOf(err) != c.code {
				t.Errorf("refused as %s (%v), wanted %s", rogatory.CodeOf(err), err, c.code)
			}
			nothingLeft(t, dir)
		})
	}

	s := begin(t)
	dir := s.write()
	if err := Write(context.Background(), dir, s.source, nil); rogatory.CodeOf(err) != "package_exists" {
		t.Errorf("over a package: %v", err)
	}
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	dir = filepath.Join(t.TempDir(), "court-package")
	if err := Write(gone, dir, s.source, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("after the caller has gone: %v", err)
	}
	nothingLeft(t, dir)
	if _, err := Verify(gone, s.write(), Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("verifying after the caller has gone: %v", err)
	}
	if _, err := Verify(context.Background(), dir, Options{}); rogatory.CodeOf(err) != "package_not_found" {
		t.Errorf("verifying nothing: %v", err)
	}
}

// The package in testdata was written once and is kept, so that what courts hold goes on holding.
// -update writes it anew, which is right only before the first release.
func TestArchived(t *testing.T) {
	dir, root := filepath.Join("testdata", "exercise-package"), filepath.Join("testdata", "exercise-root.json")
	if *update {
		s := begin(t)
		s.must(os.RemoveAll(dir))
		s.must(Write(context.Background(), dir, s.source, nil))
		s.must(os.WriteFile(root, s.root, 0o644))
	}
	trusted, err := os.ReadFile(root)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Verify(context.Background(), dir, Options{TrustedRoot: trusted})
	if err != nil {
		t.Fatal(err)
	}
	if !r.Holds() || len(r.Findings) < 25 {
		t.Errorf("after %d steps: %s", len(r.Findings), failures(r))
	}
}

var update = flag.Bool("update", false, "write the package in testdata anew")

// Large evidence is hashed by two hands at once; the digests are those of one.
func TestHasher(t *testing.T) {
	data := bytes.Repeat([]byte("evidence "), 100_000)
	h := newHasher()
	for _, n := range []int{1, 100, parallelHash - 1, parallelHash, parallelHash + 1, 0} {
		h.write(data[h.size : h.size+int64(n)])
	}
	h.write(data[h.size:])
	if h.sum() != sumOf(data) {
		t.Error("the digests differ")
	}
}

// commands extracts what VERIFY.txt tells people to type.
func (s *scene) commands(dir string) []string {
	s.Helper()
	text, err := os.ReadFile(filepath.Join(dir, instructionsFile))
	s.must(err)
	var out []string
	for line := range strings.Lines(string(text)) {
		if command, found := strings.CutPrefix(line, "    "); found {
			out = append(out, strings.TrimSuffix(command, "\n"))
		}
	}
	return out
}

// shell types the commands into a real shell in the folder and stops at the first that fails.
func (s *scene) shell(dir string, commands []string) (string, error) {
	s.Helper()
	for _, tool := range []string{"sh", "openssl", "sha256sum", "sha512sum", "unzip", "base64", "cut", "cmp"} {
		if _, err := exec.LookPath(tool); err != nil {
			s.Fatalf("this test needs the program %s (Debian packages openssl, unzip, coreutils, diffutils): %v", tool, err)
		}
	}
	c := exec.Command("sh", "-e", "-x", "-c", strings.Join(commands, "\n"))
	c.Dir = dir
	c.Env = append(os.Environ(), "TMPDIR="+s.TempDir(), "LC_ALL=C")
	out, err := c.CombinedOutput()
	return string(out), err
}

// The commands of VERIFY.txt, typed as they stand, with tools that others wrote, years later.
func TestStockCommands(t *testing.T) {
	t.Parallel()
	s := begin(t)
	dir := s.write()
	commands := s.commands(dir)
	out, err := s.shell(dir, commands)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	messages := 2 * len(s.messages)
	if n := strings.Count(out, "CAdES Verification successful"); n != messages+1 {
		t.Errorf("openssl verified %d signatures, there are %d", n, messages+1)
	}
	if n := strings.Count(out, "Verification: OK"); n != 3 {
		t.Errorf("openssl verified %d time-stamps, there are 3:\n%s", n, out)
	}
	if left := s.verify(dir); !left.Holds() {
		t.Errorf("the commands left something behind: %s", failures(left))
	}

	// Each change is found, although the attacker has written the two lists of sums anew.
	for _, name := range []string{"exhibits/auth.log", "messages/02-acknowledge-XB.asice", "messages/05-take-XA.receipt.asice", "proofs/XA-checkpoint.body", "proofs/XB-checkpoint.tst",
		"certificates/XB.pem", "directory/timestamp.json", manifestFile} {
		full := filepath.Join(dir, name)
		data, err := os.ReadFile(full)
		s.must(err)
		changed := bytes.Clone(data)
		changed[len(changed)/2] ^= 1
		s.must(os.WriteFile(full, changed, 0o644))
		s.resum(dir)
		if out, err := s.shell(dir, commands); err == nil {
			t.Errorf("%s changed, and all commands succeed:\n%s", name, out)
		}
		s.must(os.WriteFile(full, data, 0o644))
	}
	s.resum(dir)
	if out, err := s.shell(dir, commands); err != nil {
		t.Fatalf("restored: %v\n%s", err, out)
	}

	// A forger in the exporter's office has no key of XB: openssl finds the message, by itself.
	s.source.Messages[2] = s.deliver(s.messages[2], s.xb, s.xa, asice.Signer{Key: s.xc.seal.Key, Certificate: s.xc.seal.Certificate})
	dir = s.forge()
	out, err = s.shell(dir, s.commands(dir))
	if err == nil || !strings.Contains(out, "Verification failure") {
		t.Errorf("a forged message: %v\n%s", err, out)
	}
}

// Nothing that claims to be a list is believed, or read back otherwise than it was written.
func FuzzIndex(f *testing.F) {
	f.Add([]byte(`{}`))
	f.Add([]byte(`{"rogatory_court":1,"case":"XA-2020-7K3M9Q2P","files":[{"name":"../x"}]}`))
	s := begin(f)
	data, err := os.ReadFile(filepath.Join(s.write(), manifestFile))
	s.must(err)
	c, err := asice.Parse(data)
	s.must(err)
	f.Add(c.Files[0].Data)
	f.Fuzz(func(t *testing.T, data []byte) {
		x, err := ParseIndex(data)
		if err != nil {
			if !reflect.DeepEqual(x, Index{}) {
				t.Error("something came back beside the error")
			}
			return
		}
		for _, file := range x.Files {
			if !plainPath(file.Name) || outside(file.Name) {
				t.Errorf("accepted the name %q", file.Name)
			}
		}
	})
}

// An entry is read strictly, whatever a journal may hold.
func FuzzEntry(f *testing.F) {
	f.Add([]byte(`{"type":"exhibit.sealed","at":"2020-03-02T09:00:00.000000Z","by":{"state":"XA","authority":"justice","name":"n","role":"node"}}`))
	f.Add([]byte(`{"type":"exhibit.sealed"} trailing`))
	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := parseEntry(body)
		if err != nil && !reflect.DeepEqual(e, rogatory.Entry{}) {
			t.Error("something came back beside the error")
		}
		if err == nil && inWords(e) == "" {
			t.Error("an entry without words")
		}
	})
}
