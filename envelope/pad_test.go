// SPDX-License-Identifier: Apache-2.0

package envelope_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"rogatory"
	"rogatory/asice"
	"rogatory/envelope"
)

func TestPadmeIsThatOfThePaper(t *testing.T) {
	for n, want := range map[int]int{0: 0, 1: 1, 2: 2, 8: 8, 9: 10, 15: 16, 100: 104, 1000: 1024, 1025: 1088, 16 << 10: 16 << 10, 16<<10 + 1: 17 << 10, 1_000_000: 1_015_808, asice.MaxContainer + 1: envelope.MaxPadded} {
		if got := envelope.Padme(n); got != want {
			t.Errorf("%d bytes are padded to %d, want %d", n, got, want)
		}
	}
	lengths := map[int]bool{}
	for n := 1; n <= 4<<20; n += 1 + n/997 {
		p := envelope.Padme(n)
		if p < n || (p-n)*1000 > n*120 || envelope.Padme(p) != p {
			t.Fatalf("%d bytes are padded to %d", n, p)
		}
		lengths[p] = true
	}
	if len(lengths) > 700 {
		t.Errorf("%d lengths are left up to 4 MiB", len(lengths))
	}
}

func TestPaddingHasOneForm(t *testing.T) {
	for _, n := range []int{0, 1, 5000, envelope.MinPadded - 1, envelope.MinPadded, 40_000} {
		data := bytes.Repeat([]byte{0}, n) // the hardest: it ends like padding
		p := envelope.Pad(data)
		got, err := envelope.Unpad(p)
		if err != nil || !bytes.Equal(got, data) || len(p) < envelope.MinPadded {
			t.Fatalf("%d bytes: %d padded, %d back, %v", n, len(p), len(got), err)
		}
		for name, bad := range map[string][]byte{"as it was": data, "a zero more": append(bytes.Clone(p), 0), "a zero less": p[:len(p)-1], "another mark": append(bytes.Clone(p[:len(p)-1]), 1), "nothing": nil} {
			if _, err := envelope.Unpad(bad); rogatory.CodeOf(err) != "envelope_unpadded" {
				t.Errorf("%d bytes, %s: %v", n, name, err)
			}
		}
	}
}

func FuzzUnpad(f *testing.F) {
	f.Add([]byte("PK"))
	f.Add(envelope.Pad([]byte("PK")))
	f.Fuzz(func(t *testing.T, p []byte) {
		if data, err := envelope.Unpad(p); err == nil && !bytes.Equal(envelope.Pad(data), p) {
			t.Fatal("padding has two forms")
		}
	})
}

// flow is what an observer of the line sees of one message, and what the message is.
type flow struct{ act, size int }

// What somebody learns who counts bytes on the line: of 200 messages of four acts, by sizes that were learnt from 200
// others, no more than guessing among those of the same bucket gives. Without padding the same observer does much better.
func TestAB09SizesTellNoMoreThanTheirBucket(t *testing.T) {
	r := rand.New(rand.NewChaCha8([32]byte{9}))
	words := func(low, high int) string { return strings.Repeat("a ", low+r.IntN(high-low)) }
	xb := newState(t, "XB", "Borealia")
	signer := exerciseSigner(t, "xa-seal.exercise-only.pem")
	make1 := func(act int) rogatory.Message {
		m := message()
		m.ID = rogatory.MessageID(fmt.Sprintf("019ac5a2-7c1f-7abc-8def-%012x", r.Uint64()&0xffffffffffff))
		switch act {
		case 0: // an acknowledgement
			m.Act, m.Body = rogatory.Acknowledge, rogatory.Body{}
		case 1: // a question
			m.Act, m.Body = rogatory.AskMore, rogatory.Body{Text: words(40, 400), Language: "en"}
		case 2: // a refusal
			m.Act, m.Body = rogatory.Refuse, rogatory.Body{Verdict: &rogatory.Verdict{Ground: "sovereignty", Reasons: words(500, 1500)}}
		case 3: // a request
			m.Body.Request.Contents["data"] = words(1500, 9000)
		}
		return m
	}
	watch := func(size func(container []byte) int) (caught, guessed float64) {
		const flows = 200
		see := func() []flow {
			var all []flow
			for i := range flows {
				container, _, err := envelope.Sign(make1(i%4), signer)
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, flow{i % 4, size(container)})
			}
			return all
		}
		learnt, seen := see(), see()
		// The observer says of each message what the nearest sizes that it learnt were mostly of.
		bucket := map[int]map[int]int{} // of the padded length: how many of each act
		right := 0
		for _, f := range seen {
			best, votes := 1<<62, map[int]int{}
			for _, l := range learnt {
				d := l.size - f.size
				if d *= d; d < best {
					best, votes = d, map[int]int{}
				}
				if d == best {
					votes[l.act]++
				}
			}
			act, most := -1, 0
			for a := range 4 {
				if votes[a] > most {
					act, most = a, votes[a]
				}
			}
			if act == f.act {
				right++
			}
			b := envelope.Padme(max(f.size, envelope.MinPadded))
			if bucket[b] == nil {
				bucket[b] = map[int]int{}
			}
			bucket[b][f.act]++
		}
		guesses := 0
		for _, acts := range bucket {
			most := 0
			for _, n := range acts {
				most = max(most, n)
			}
			guesses += most
		}
		return 100 * float64(right) / flows, 100 * float64(guesses) / flows
	}
	caught, guessed := watch(func(container []byte) int {
		sealed, err := envelope.Seal(container, xb.MessageRecipient())
		if err != nil {
			t.Fatal(err)
		}
		return len(sealed)
	})
	t.Logf("padded: %.1f %% told apart, %.1f %% by guessing among bucket peers", caught, guessed)
	if caught > guessed+5 {
		t.Errorf("by the sizes on the line %.1f %% are told apart, by guessing %.1f %%", caught, guessed)
	}
	bare, guess := watch(func(container []byte) int { return len(container) })
	t.Logf("unpadded: %.1f %%, %.1f %% by guessing", bare, guess)
	if bare <= guess+5 {
		t.Errorf("the observer is of no use: without padding it tells apart %.1f %%, by guessing %.1f %%", bare, guess)
	}
}

func BenchmarkSealPadded(b *testing.B) {
	container, _, err := envelope.Sign(message(), exerciseSigner(b, "xa-seal.exercise-only.pem"))
	if err != nil {
		b.Fatal(err)
	}
	to := strings.TrimSpace(string(read(b, "xb-recipient.txt")))
	sealed, err := envelope.Seal(container, to)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(len(container)), "B/container")
	b.ReportMetric(float64(len(sealed)), "B/sealed")
	b.Run("pad", func(b *testing.B) {
		for b.Loop() {
			if p, err := envelope.Unpad(envelope.Pad(container)); err != nil || len(p) != len(container) {
				b.Fatal(err)
			}
		}
	})
	b.Run("seal", func(b *testing.B) {
		for b.Loop() {
			if _, err := envelope.Seal(container, to); err != nil {
				b.Fatal(err)
			}
		}
	})
}
