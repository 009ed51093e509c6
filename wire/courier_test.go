// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"rogatory"
	"rogatory/vault"
)

// packed writes a parcel from XB to XA with two messages, a receipt and one exhibit.
func packed(t *testing.T, s *stage, size int) (folder string, seal rogatory.Seal) {
	t.Helper()
	seal = s.there.deposit(t, size)
	folder = filepath.Join(t.TempDir(), "parcel")
	must(t, WriteCourier(t.Context(), folder, Parcel{
		From: "XB", To: "XA",
		Messages: [][]byte{[]byte("first sealed"), []byte("second sealed")},
		Receipts: [][]byte{[]byte("signed receipt")},
		Vault:    s.there.vault, Exhibits: []rogatory.Seal{seal},
	}))
	return folder, seal
}

func TestCourierBringsTheSameAsTheLineAndTwiceIsHarmless(t *testing.T) {
	s := rehearse(t, nil)
	folder, seal := packed(t, s, 5<<20+99)
	for round := range 2 {
		c, err := ReadCourier(folder, "XA")
		must(t, err)
		if c.From() != "XB" {
			t.Errorf("from %s", c.From())
		}
		var got []string
		for m, err := range c.Messages() {
			must(t, err)
			_, err = s.here.Receive(t.Context(), c.From(), m)
			must(t, err)
			got = append(got, string(m))
		}
		for r, err := range c.Receipts() {
			must(t, err)
			got = append(got, string(r))
		}
		if want := "first sealed|second sealed|signed receipt"; strings.Join(got, "|") != want {
			t.Errorf("got %q, want %s", got, want)
		}
		if roots := c.Exhibits(); len(roots) != 1 || roots[0] != seal.Root {
			t.Errorf("exhibits %v", roots)
		}
		in, err := s.here.vault.Expect(seal)
		if round == 0 {
			must(t, err)
			must(t, c.Fill(t.Context(), in, nil))
			must(t, c.Fill(t.Context(), in, nil)) // nothing is missing any more
			arrive(t, s.here.vault, in)
		} else {
			wantCode(t, err, rogatory.Conflict, "exhibit_held")
		}
		must(t, c.Close())
	}
}

func TestStockSha256sumChecksTheParcel(t *testing.T) {
	tool, err := exec.LookPath("sha256sum")
	if err != nil {
		t.Fatalf("this test needs sha256sum of the coreutils: %v", err)
	}
	folder, _ := packed(t, rehearse(t, nil), 3<<20)
	check := exec.CommandContext(t.Context(), tool, "--check", "--strict", "--quiet", parcelSums)
	check.Dir = folder
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("sha256sum: %v\n%s", err, out)
	}
}

func TestWornParcelGivesWhatIsGoodAndTheLineTheRest(t *testing.T) {
	s := rehearse(t, nil)
	folder, seal := packed(t, s, 9<<20)
	name := filepath.Join(folder, filepath.FromSlash(exhibitName(seal.Root, messageSuffix)))
	data, err := os.ReadFile(name)
	must(t, err)
	data[3*vault.SegmentSize+5] ^= 1
	data[7*vault.SegmentSize] ^= 1
	must(t, os.WriteFile(name, data[:len(data)-10], 0o600)) // and cut in the last segment
	must(t, os.WriteFile(filepath.Join(folder, "messages", "00000001.age"), []byte("First sealed"), 0o600))

	c, err := ReadCourier(folder, "XA")
	must(t, err)
	defer c.Close()
	n := 0
	for m, err := range c.Messages() {
		if n++; n == 1 {
			wantCode(t, err, rogatory.Damaged, "courier_damaged")
			if m != nil {
				t.Error("a worn message was given out")
			}
			continue
		}
		must(t, err)
	}
	in, err := s.here.vault.Expect(seal)
	must(t, err)
	err = c.Fill(t.Context(), in, nil)
	wantCode(t, err, rogatory.Damaged, "courier_damaged")
	if !strings.Contains(err.Error(), "segment 3 of") {
		t.Errorf("the segment is not named: %v", err)
	}
	if have, total := in.Done(); have != total-3 {
		t.Errorf("%d of %d segments were taken, 3 are worn", have, total)
	}
	must(t, s.client.Pull(t.Context(), s.party, in, nil))
	arrive(t, s.here.vault, in)
}

func TestParcelForAnotherStateIsNotOpened(t *testing.T) {
	folder, _ := packed(t, rehearse(t, nil), 10)
	_, err := ReadCourier(folder, "XC")
	wantCode(t, err, rogatory.Denied, "parcel_misdelivered")
	_, err = ReadCourier(filepath.Join(folder, "exhibits"), "XA")
	wantCode(t, err, rogatory.Invalid, "parcel_invalid")
	_, err = ReadCourier(filepath.Join(folder, "nowhere"), "XA")
	wantCode(t, err, rogatory.Unavailable, "courier_disk")
}

func TestParcelCannotPointElsewhere(t *testing.T) {
	folder, _ := packed(t, rehearse(t, nil), 10)
	secret := filepath.Join(t.TempDir(), "secret")
	must(t, os.WriteFile(secret, []byte("first sealed"), 0o600))
	message := filepath.Join(folder, "messages", "00000001.age")
	must(t, os.Remove(message))
	must(t, os.Symlink(secret, message))
	c, err := ReadCourier(folder, "XA")
	must(t, err)
	defer c.Close()
	for _, err := range c.Messages() {
		wantCode(t, err, rogatory.Invalid, "parcel_invalid")
		break
	}
}

func TestParcelIsWrittenWholeOrNotAtAll(t *testing.T) {
	s := rehearse(t, nil)
	seal := s.there.deposit(t, 3<<20)
	damage(t, s.theirs, seal.Root, 1)
	folder := filepath.Join(t.TempDir(), "parcel")
	p := Parcel{From: "XB", To: "XA", Vault: s.there.vault, Exhibits: []rogatory.Seal{seal}}
	wantCode(t, WriteCourier(t.Context(), folder, p), rogatory.Damaged, "segment_damaged")
	for _, name := range []string{folder, folder + unfinished} {
		if _, err := os.Stat(name); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is there: %v", name, err)
		}
	}
	must(t, os.Mkdir(folder+unfinished, 0o700)) // as after a crash
	p.Exhibits = nil
	must(t, WriteCourier(t.Context(), folder, p))
	wantCode(t, WriteCourier(t.Context(), folder, p), rogatory.Conflict, "parcel_exists")

	p.To = "XB"
	wantCode(t, WriteCourier(t.Context(), folder+"2", p), rogatory.Invalid, "parcel_invalid")
	p.To, p.Receipts = "XA", [][]byte{make([]byte, maxReceipt+1)}
	wantCode(t, WriteCourier(t.Context(), folder+"2", p), rogatory.Invalid, "parcel_too_large")
}

func FuzzSums(f *testing.F) {
	root := rogatory.DigestOf(nil).String()
	f.Add([]byte(root + "  parcel.json\n" + root + "  messages/00000001.age\n" + root + "  exhibits/" + root + ".tree\n"))
	f.Add([]byte(root + "  ../../etc/passwd\n"))
	f.Add([]byte(root + "  messages/00000001.age\n" + root + "  messages/00000001.age\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		sums, err := parseSums(text)
		if err != nil {
			if sums != nil {
				t.Fatal("sums beside an error")
			}
			return
		}
		for name := range sums {
			if !filepath.IsLocal(name) || strings.ContainsAny(name, "\\ \x00") {
				t.Errorf("name %q", name)
			}
		}
	})
}

func FuzzLabel(f *testing.F) {
	f.Add([]byte(`{"format":"rogatory courier 1","from":"XB","to":"XA"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		l, err := parseLabel(text)
		if err != nil && l != (label{}) {
			t.Fatal("a label beside an error")
		}
		if err == nil && (!l.From.Valid() || !l.To.Valid()) {
			t.Errorf("label %+v", l)
		}
	})
}

func FuzzProblem(f *testing.F) {
	f.Add([]byte(`{"kind":"busy","code":"quota_rate","message":"too many","retry_after_s":3}`))
	f.Add([]byte("{\"kind\":\"denied\",\"code\":\"x\",\"message\":\"a\\u001b[2Jb\\u202e\"}"))
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := parseProblem(body)
		if err != nil {
			if p != (problem{}) {
				t.Fatal("a problem beside an error")
			}
			return
		}
		if !validCode(p.Code) || printable(p.Message) != p.Message || p.Retry < 0 {
			t.Errorf("problem %+v", p)
		}
	})
}

func FuzzSegmentRange(f *testing.F) {
	f.Add("bytes=0-1048575", int64(3<<20+5))
	f.Add("bytes=-5", int64(3<<20+5))
	f.Add("bytes=9223372036854775807-9223372036854775807", int64(1))
	f.Fuzz(func(t *testing.T, header string, size int64) {
		if size < 1 || size > vault.MaxSealedSize {
			return
		}
		first, count, err := segmentRange(header, size)
		if err != nil {
			if first != 0 || count != 0 {
				t.Fatal("a range beside an error")
			}
			return
		}
		segments := (size + vault.SegmentSize - 1) / vault.SegmentSize
		if first < 0 || count < 1 || first+count > segments {
			t.Errorf("%q of %d bytes is %d segments from %d", header, size, count, first)
		}
	})
}

func FuzzStanding(f *testing.F) {
	f.Add([]byte(`{"have":3,"total":9,"tree":true,"done":false,"missing":[{"first":2,"count":6}]}`), int64(9))
	f.Add([]byte(`{"have":0,"total":9,"missing":[{"first":9223372036854775807,"count":9223372036854775807}]}`), int64(9))
	f.Fuzz(func(t *testing.T, data []byte, total int64) {
		if total < 1 || total > vault.MaxSegments {
			return
		}
		s, err := parseStanding(data, total)
		if err != nil {
			return
		}
		for _, gap := range s.Missing {
			if gap.First < 0 || gap.Count < 1 || gap.First+gap.Count > total {
				t.Errorf("gap %+v of %d", gap, total)
			}
		}
		if n := s.begun(span{0, total}); n < 0 || n > total {
			t.Errorf("%d of %d begun", n, total)
		}
	})
}

func TestTextsOfAPeerCannotMoveTheCursor(t *testing.T) {
	p, err := parseProblem([]byte(`{"kind":"denied","code":"x","message":"a\u001b[2J\u202eb\n` + strings.Repeat("y", 1000) + `"}`))
	must(t, err)
	if bytes.ContainsAny([]byte(p.Message), "\x1b\n\u202e") || len(p.Message) > maxText {
		t.Errorf("message %q", p.Message)
	}
}
