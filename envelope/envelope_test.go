// SPDX-License-Identifier: Apache-2.0

package envelope_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"math/bits"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"rogatory"
	"rogatory/asice"
	"rogatory/envelope"
	"rogatory/tsa"
)

func encode(t testing.TB, v any) []byte {
	t.Helper()
	data, err := envelope.Encode(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestAMessageIsReadAsItWasWritten(t *testing.T) {
	data := encode(t, message())
	got, err := envelope.DecodeMessage(data)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, message()) {
		t.Errorf("read as %+v", got)
	}
	r, err := envelope.DecodeReceipt(encode(t, receipt()))
	if err != nil || r != receipt() {
		t.Errorf("receipt read as %+v (%v)", r, err)
	}
}

// One message has one encoding. Whatever else JSON would read as the same is refused.
func TestOtherEncodingsAreRefused(t *testing.T) {
	good := string(encode(t, message()))
	swap := func(from, to string) string {
		if !strings.Contains(good, from) {
			t.Fatalf("the message does not hold %s", from)
		}
		return strings.Replace(good, from, to, 1)
	}
	for name, data := range map[string]string{
		"a space":                   swap(`{"rogatory":1`, `{ "rogatory":1`),
		"a line at the end":         good + "\n",
		"a second document":         good + good,
		"a tail":                    good + "x",
		"cut off":                   good[:len(good)-1],
		"a number as 1.0":           swap(`"sequence":1`, `"sequence":1.0`),
		"a number as 1e0":           swap(`"sequence":1`, `"sequence":1e0`),
		"an unknown member":         swap(`"mode"`, `"mood":1,"mode"`),
		"a member twice":            swap(`"mode":"exercise"`, `"mode":"live","mode":"exercise"`),
		"a member in capitals":      swap(`"mode"`, `"Mode"`),
		"members in another order":  swap(`"rogatory":1,"mode":"exercise"`, `"mode":"exercise","rogatory":1`),
		"a needless escape":         swap(`"A. Duarte"`, `"\u0041. Duarte"`),
		"an escaped angle":          swap(`<`, `\u003c`),
		"an empty member spelt out": swap(`"approved_by"`, `"x":null,"approved_by"`),
		"null for nothing":          swap(`"body":{`, `"body":{"verdict":null,`),
		"a time without fractions":  swap(`12:00:00.000000Z`, `12:00:00Z`),
		"a time of another zone":    swap(`12:00:00.000000Z`, `13:00:00.000000+01:00`),
		"a byte-order mark":         "\ufeff" + good,
		"no UTF-8":                  swap("A. Duarte", "A. \xff"),
		"nothing":                   "",
		"too much":                  strings.Repeat(" ", envelope.MaxMessage) + good,
	} {
		if m, err := envelope.DecodeMessage([]byte(data)); rogatory.KindOf(err) != rogatory.Invalid || !reflect.DeepEqual(m, rogatory.Message{}) {
			t.Errorf("%s: %+v, %v", name, m, err)
		}
	}
}

func TestMessagesOfAnotherFormAreRefused(t *testing.T) {
	for name, change := range map[string]func(m *rogatory.Message){
		"protocol 2":               func(m *rogatory.Message) { m.Protocol = 2 },
		"no mode":                  func(m *rogatory.Message) { m.Mode = "" },
		"another mode":             func(m *rogatory.Message) { m.Mode = "rehearsal" },
		"no identifier":            func(m *rogatory.Message) { m.ID = "" },
		"an identifier of chance":  func(m *rogatory.Message) { m.ID = "019ac5a2-7c1f-4abc-8def-0123456789ab" },
		"a case for a request":     func(m *rogatory.Message) { m.Request = "XA-2026-7K3M9Q2P" },
		"no sender":                func(m *rogatory.Message) { m.From = rogatory.Address{} },
		"a sender with a slash":    func(m *rogatory.Message) { m.From.Authority = "../justice" },
		"a sender in capitals":     func(m *rogatory.Message) { m.From.Authority = "Justice" },
		"a long authority":         func(m *rogatory.Message) { m.To.Authority = rogatory.AuthorityID(strings.Repeat("a", 41)) },
		"to oneself":               func(m *rogatory.Message) { m.To.State = m.From.State },
		"sequence nought":          func(m *rogatory.Message) { m.Sequence = 0 },
		"incarnation nought":       func(m *rogatory.Message) { m.Incarnation = 0 },
		"never sent":               func(m *rogatory.Message) { m.Sent = 0 },
		"expired before sent":      func(m *rogatory.Message) { m.Expires = m.Sent },
		"by nobody":                func(m *rogatory.Message) { m.By.Name = "" },
		"by a long name":           func(m *rogatory.Message) { m.By.Name = strings.Repeat("é", 121) },
		"by an administrator":      func(m *rogatory.Message) { m.By.Role = rogatory.Administrator },
		"approved by an overseer":  func(m *rogatory.Message) { m.ApprovedBy.Role = rogatory.Overseer },
		"answering nothing":        func(m *rogatory.Message) { m.Body.Answers = "that" },
		"an act of the house":      func(m *rogatory.Message) { m.Act = rogatory.Revise },
		"an act of another dance":  func(m *rogatory.Message) { m.Act = "waltz" },
		"a request without an act": func(m *rogatory.Message) { m.Act = "" },
	} {
		m := message()
		change(&m)
		if _, err := envelope.DecodeMessage(encode(t, m)); rogatory.CodeOf(err) != "message_invalid" {
			t.Errorf("%s is read: %v", name, err)
		}
	}
}

func TestReceiptsOfAnotherFormAreRefused(t *testing.T) {
	for name, change := range map[string]func(r *rogatory.Receipt){
		"protocol 2":                 func(r *rogatory.Receipt) { r.Protocol = 2 },
		"another mode":               func(r *rogatory.Receipt) { r.Mode = "" },
		"of no message":              func(r *rogatory.Receipt) { r.Message = "" },
		"of no digest":               func(r *rogatory.Receipt) { r.Digest = rogatory.Digest{} },
		"from nobody":                func(r *rogatory.Receipt) { r.From.State = "" },
		"to nobody":                  func(r *rogatory.Receipt) { r.To.Authority = "" },
		"no number":                  func(r *rogatory.Receipt) { r.Sequence = 0 },
		"at no time":                 func(r *rogatory.Receipt) { r.Received = 0 },
		"neither received nor not":   func(r *rogatory.Receipt) { r.Outcome = "perhaps" },
		"a refusal without a code":   func(r *rogatory.Receipt) { r.Outcome = rogatory.RefusedOutcome },
		"an acceptance with a code":  func(r *rogatory.Receipt) { r.Code = "mode_mismatch" },
		"an unknown outcome refused": func(r *rogatory.Receipt) { r.Outcome, r.Code = "gone", "gone" },
	} {
		r := receipt()
		change(&r)
		if got, err := envelope.DecodeReceipt(encode(t, r)); rogatory.CodeOf(err) != "message_invalid" || got != (rogatory.Receipt{}) {
			t.Errorf("%s is read: %v", name, err)
		}
	}
	long := receipt()
	long.Outcome, long.Code, long.Reason = rogatory.RefusedOutcome, "x", strings.Repeat("x", envelope.MaxReceipt)
	if _, err := envelope.DecodeReceipt(encode(t, long)); rogatory.CodeOf(err) != "message_too_large" {
		t.Errorf("a receipt of %d letters: %v", len(long.Reason), err)
	}
}

// Every act carries exactly its parts: whatever may be there is there, and nothing hides.
func TestBodyFitsAct(t *testing.T) {
	parts := map[string]func(b *rogatory.Body){
		"request":      func(b *rogatory.Body) { b.Request = message().Body.Request },
		"verdict":      func(b *rogatory.Body) { b.Verdict = &rogatory.Verdict{} },
		"preservation": func(b *rogatory.Body) { b.Preservation = &rogatory.Preservation{} },
		"exhibit": func(b *rogatory.Body) {
			b.Exhibit = &rogatory.Exhibit{Limits: rogatory.UseLimits{Conditions: []string{}}, ID: exhibitID, FileName: "disk.img", Expires: 1}
		},
		"exhibit_id": func(b *rogatory.Body) { b.ExhibitID = exhibitID },
		"root":       func(b *rogatory.Body) { b.Root = rogatory.Digest{1} },
		"answers":    func(b *rogatory.Body) { b.Answers = messageID },
		"text":       func(b *rogatory.Body) { b.Text = "words" },
		"measure":    func(b *rogatory.Body) { b.Measure = &rogatory.Measure{} },
		"consent":    func(b *rogatory.Body) { b.Consent = &rogatory.Consent{Use: rogatory.OtherUse, Purpose: "case 4"} },
		"recovery": func(b *rogatory.Body) {
			b.Recovery = &rogatory.Recovery{Attempted: rogatory.Amount{Value: "2", Code: "EUR"}, Frozen: rogatory.Amount{Value: "1", Code: "EUR"}, Returned: rogatory.Amount{Value: "1", Code: "EUR"}}
		},
		"figures": func(b *rogatory.Body) {
			b.Figures = &rogatory.DrillFigures{By: "XA", Of: "XB", Mode: rogatory.Exercise, From: 1, To: 2}
		},
		"details": func(b *rogatory.Body) { b.Details = map[string]string{"provider": "Cascadia Net"} },
	}
	names := []string{"request", "verdict", "preservation", "exhibit", "exhibit_id", "root", "answers", "text", "measure", "consent", "recovery", "details", "figures"}
	const together = 4 // no act has more parts than three, so four show what is too many
	table := map[rogatory.Act]struct{ must, may string }{
		rogatory.Start: {"measure", "text"}, rogatory.Stop: {"text", "measure"}, rogatory.AskRelease: {"text", ""}, rogatory.Hear: {"text", ""}, rogatory.Represent: {"answers text", ""},
		rogatory.AskStatus: {"text", ""}, rogatory.TellStatus: {"text", ""}, rogatory.Correct: {"text", "answers"}, rogatory.DiscussCosts: {"text", ""},
		rogatory.Agree: {"verdict", "text"}, rogatory.AskConsent: {"consent", "text"}, rogatory.GiveConsent: {"answers", "verdict text"}, rogatory.DenyConsent: {"answers text", ""},
		rogatory.NotifyDisclosure: {"text", "exhibit_id"}, rogatory.DiscloseTraffic: {"details", "text"}, rogatory.ReportRecovery: {"recovery", "text"},
		rogatory.ConfirmInWriting: {"", "text"}, rogatory.CertifyDeletion: {"exhibit_id root text", ""},
		rogatory.Send: {"request", "text"}, rogatory.Acknowledge: {"", "text"}, rogatory.AskMore: {"text", ""}, rogatory.Supplement: {"answers text", ""},
		rogatory.Consult: {"text", ""}, rogatory.Accept: {"", "verdict text"}, rogatory.Postpone: {"verdict", "text"}, rogatory.Refuse: {"verdict", "text"},
		rogatory.Warn: {"text", ""}, rogatory.Confirm: {"", "text"}, rogatory.Preserve: {"preservation", "text"},
		rogatory.RequestExtension: {"preservation|measure", "text"}, rogatory.Extend: {"preservation|measure", "text"}, rogatory.Offer: {"exhibit", "text"}, rogatory.RevokeOffer: {"exhibit_id text", ""},
		rogatory.Take: {"exhibit_id root", "text"}, rogatory.Execute: {"verdict", "text details"}, rogatory.Withdraw: {"text", ""},
		rogatory.Release: {"", "text"}, rogatory.Close: {"", "text"},
		rogatory.StartDrill: {"", ""}, rogatory.EndDrill: {"", ""}, rogatory.StateFigures: {"figures", ""},
	}
	for _, row := range rogatory.Lifecycle() {
		fits, ok := table[row.Act]
		local := row.Act == rogatory.Draft || row.Act == rogatory.Revise
		if ok == local {
			t.Errorf("the act %s is missing here, or should be", row.Act)
		}
		for mask := range 1 << len(names) { // every combination of so many parts
			if bits.OnesCount(uint(mask)) > together {
				continue
			}
			m := message()
			m.Act, m.Body = row.Act, rogatory.Body{}
			good := !local
			if one, other, either := strings.Cut(fits.must, "|"); either {
				a, b := mask&(1<<slices.Index(names, one)) != 0, mask&(1<<slices.Index(names, other)) != 0
				good = good && a != b
			}
			for i, name := range names {
				there := mask&(1<<i) != 0
				if there {
					parts[name](&m.Body)
				}
				must, may := slices.Contains(strings.Fields(fits.must), name), slices.Contains(strings.FieldsFunc(fits.may+" "+fits.must, func(r rune) bool { return r == ' ' || r == '|' }), name)
				good = good && (there || !must) && (!there || must || may)
			}
			if mask%2 == 1 && row.Act != rogatory.Send && mask != 1 {
				continue // a request in another act was seen once
			}
			_, err := envelope.DecodeMessage(encode(t, m))
			if good != (err == nil) {
				t.Fatalf("%s with body %+v: %v", row.Act, m.Body, err)
			}
		}
	}
}

func TestExhibitNamesAreTheSameOnEverySystem(t *testing.T) {
	for name, ok := range map[string]bool{
		"disk.img": true, "web-server_2026.log": true, "a": true, strings.Repeat("a", 100): true,
		"": false, strings.Repeat("a", 101): false, ".hidden": false, "-rf": false, "..": false, "a/b": false, `a\b`: false, "a b": false, "ü": false, "a\x00": false, "a:b": false,
	} {
		m := message()
		m.Act, m.Body = rogatory.Offer, rogatory.Body{Exhibit: &rogatory.Exhibit{Limits: rogatory.UseLimits{Conditions: []string{}}, ID: exhibitID, FileName: name, Expires: 1}}
		if _, err := envelope.DecodeMessage(encode(t, m)); (err == nil) != ok {
			t.Errorf("the file name %q: %v", name, err)
		}
	}
}

func TestSignAndOpen(t *testing.T) {
	xa := newState(t, "XA", "Aurelia")
	container, digest, err := envelope.Sign(message(), xa.Seal())
	if err != nil {
		t.Fatal(err)
	}
	with, err := envelope.AttachProof(container, []byte("c2sp.org/tlog-proof@v1\n"))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		container []byte
		proof     string
	}{"bare": {container, ""}, "with a proof": {with, "c2sp.org/tlog-proof@v1\n"}} {
		o, err := envelope.Open(c.container, xa.party, noon)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !reflect.DeepEqual(o.Message, message()) || o.Digest != digest || string(o.Proof) != c.proof || !bytes.Equal(o.Container, c.container) || !o.Signed.Equal(noon) ||
			!o.Signer.Equal(xa.Seal().Certificate) {
			t.Errorf("%s: opened as %+v", name, o)
		}
		if m, d, err := envelope.PeekDigest(c.container); err != nil || d != digest || m.ID != messageID {
			t.Errorf("%s: peeked %s %s (%v)", name, m.ID, d, err)
		}
	}
}

// A translation that says nothing of the fields is spelled as empty, like every other list and map.
func TestATranslationIsSpelledLikeTheRest(t *testing.T) {
	xa := newState(t, "XA", "Aurelia")
	m := message()
	r := *m.Body.Request
	r.Translation = &rogatory.Translation{Language: "fr", By: "M. Diop", Title: "Conservation"}
	m.Body.Request = &r
	container, _, err := envelope.Sign(m, xa.Seal())
	if err != nil {
		t.Fatal(err)
	}
	o, err := envelope.Open(container, xa.party, noon)
	if err != nil {
		t.Fatal(err)
	}
	if got := o.Message.Body.Request.Translation; got == nil || got.Contents == nil || got.By != "M. Diop" {
		t.Errorf("the translation is read as %+v", got)
	}
	if r.Translation.Contents != nil {
		t.Error("signing changed the caller's request")
	}
}

// What we sign, every receiver can read: text that has no one encoding is refused before it is signed
// and numbered, not after it was sent.
func TestOnlyReadableMessagesAreSigned(t *testing.T) {
	xa := newState(t, "XA", "Aurelia")
	for name, change := range map[string]func(m *rogatory.Message){
		"no UTF-8 in a title": func(m *rogatory.Message) { m.Body.Request.Title = "caf\xe9" },
		"no UTF-8 in a name":  func(m *rogatory.Message) { m.By.Name = "\xff" },
		"no UTF-8 in a key":   func(m *rogatory.Message) { m.Body.Request.Contents["\xff"] = "x" },
		"a malformed address": func(m *rogatory.Message) { m.To.State = "xb" },
		"too much":            func(m *rogatory.Message) { m.Body.Text = strings.Repeat("x", envelope.MaxMessage) },
	} {
		m := message()
		change(&m)
		if c, _, err := envelope.Sign(m, xa.Seal()); rogatory.KindOf(err) != rogatory.Invalid || c != nil {
			t.Errorf("%s was signed: %v", name, err)
		}
	}
	bad := receipt()
	bad.Sequence = 0
	if c, _, err := envelope.SignReceipt(bad, xa.Seal()); rogatory.KindOf(err) != rogatory.Invalid || c != nil {
		t.Errorf("a receipt without a number was signed: %v", err)
	}
}

func TestWhoMayNotSpeak(t *testing.T) {
	xa, xb, imposter := newState(t, "XA", "Aurelia"), newState(t, "XB", "Borealia"), newState(t, "XA", "Aurelia")
	signed := func(m rogatory.Message, by state) []byte {
		c, _, err := envelope.Sign(m, by.Seal())
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	good := signed(message(), xa)
	fromTax := message()
	fromTax.From.Authority = "tax"
	withoutUs, moreAuthorities := xa.party, xa.party
	withoutUs.Authorities = []rogatory.Authority{{ID: "police"}}
	moreAuthorities.Authorities = append(slices.Clone(xa.party.Authorities), rogatory.Authority{ID: "tax"})
	damaged := xa.party
	damaged.Certificates = []string{"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}
	odd := xa.party
	odd.Certificates = []string{xa.AuthorityPEM() + "more"}
	asXA := xb.party
	asXA.Code = "XA" // as if the directory mixed up the keys of two States
	flipped := bytes.Clone(good)
	flipped[bytes.Index(flipped, []byte("Duarte"))] ^= 1

	var reader envelope.Reader
	for _, c := range []struct {
		name      string
		container []byte
		party     rogatory.Party
		at        time.Time
		want      string
	}{
		{"the State itself", good, xa.party, noon, ""},
		{"another State's keys", good, xb.party, noon, "certificate_untrusted"},
		{"an authority of the same name", signed(message(), imposter), xa.party, noon, "certificate_untrusted"},
		{"another State signs", signed(message(), xb), xb.party, noon, "wrong_signer"},
		{"another State signs, and the directory believes it", signed(message(), xb), asXA, noon, "wrong_signer"},
		{"another authority of the State", signed(fromTax, xa), moreAuthorities, noon, "wrong_signer"},
		{"an authority that was taken off the directory", good, withoutUs, noon, "authority_unknown"},
		{"before its certificate", good, xa.party, noon.AddDate(-1, 0, 0), "certificate_expired"},
		{"after its certificate", good, xa.party, noon.AddDate(4, 0, 0), "certificate_expired"},
		{"no certificates", good, rogatory.Party{Code: "XA"}, noon, "certificate_untrusted"},
		{"a damaged directory", good, damaged, noon, "certificate_invalid"},
		{"a directory with a tail", good, odd, noon, "certificate_invalid"},
		{"a changed letter", flipped, xa.party, noon, ""},
		{"no container", []byte("PK"), xa.party, noon, "container_malformed"},
	} {
		o, err := envelope.Open(c.container, c.party, c.at)
		for range 2 { // a reader says the same, whatever it has read before
			again, remembered := reader.Open(c.container, c.party, c.at)
			if rogatory.CodeOf(remembered) != rogatory.CodeOf(err) || again.Digest != o.Digest {
				t.Errorf("%s: a reader with a memory says %v, one without %v", c.name, remembered, err)
			}
		}
		switch {
		case c.name == "a changed letter":
			if err == nil || o.Container != nil {
				t.Errorf("%s: opened", c.name)
			}
		case c.want == "" && err != nil, c.want != "" && (rogatory.CodeOf(err) != c.want || o.Container != nil || o.Message.ID != ""):
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
}

// Not one bit of a signed container can be changed without notice.
func TestEveryBitCounts(t *testing.T) {
	xa := newState(t, "XA", "Aurelia")
	container, _, err := envelope.Sign(message(), xa.Seal())
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(container); i += 7 { // every byte would take a second for no more insight
		bad := bytes.Clone(container)
		bad[i] ^= 1 << (i % 8)
		if _, err := envelope.Open(bad, xa.party, noon); err == nil {
			t.Errorf("bit %d of byte %d changed nothing", i%8, i)
		}
	}
}

func TestReceiptIsOpenedOnlyAsAReceipt(t *testing.T) {
	xb := newState(t, "XB", "Borealia")
	container, _, err := envelope.SignReceipt(receipt(), xb.Seal())
	if err != nil {
		t.Fatal(err)
	}
	with, err := envelope.AttachProof(container, []byte("c2sp.org/tlog-proof@v1\n"))
	if err != nil {
		t.Fatal(err)
	}
	r, proof, err := envelope.OpenReceipt(with, xb.party, noon)
	if err != nil || r != receipt() || string(proof) != "c2sp.org/tlog-proof@v1\n" {
		t.Errorf("receipt %+v, proof %q, %v", r, proof, err)
	}
	if _, err := envelope.Open(container, xb.party, noon); rogatory.CodeOf(err) != "container_malformed" {
		t.Errorf("a receipt was opened as a message: %v", err)
	}
	if _, _, err := envelope.OpenReceipt(container, newState(t, "XA", "Aurelia").party, noon); rogatory.CodeOf(err) != "certificate_untrusted" {
		t.Errorf("a receipt of another State: %v", err)
	}
	xa := newState(t, "XA", "Aurelia")
	if container, _, err = envelope.SignReceipt(receipt(), xa.Seal()); err != nil {
		t.Fatal(err)
	}
	if _, _, err := envelope.OpenReceipt(container, xa.party, noon); rogatory.CodeOf(err) != "wrong_signer" {
		t.Errorf("a receipt that another State signed: %v", err)
	}
}

// A container holds the message and nothing else, even if all of it is signed.
func TestNothingElseTravels(t *testing.T) {
	xa := newState(t, "XA", "Aurelia")
	data := encode(t, message())
	file := func(name, media string, data []byte) asice.File {
		return asice.File{Name: name, MediaType: media, Data: data}
	}
	for name, files := range map[string][]asice.File{
		"a second file":      {file("message.json", "application/json", data), file("more.txt", "text/plain", []byte("psst"))},
		"another name":       {file("letter.json", "application/json", data)},
		"another media type": {file("message.json", "text/html", data)},
	} {
		c, err := asice.Build(files, xa.Seal(), noon)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := envelope.Open(c, xa.party, noon); rogatory.CodeOf(err) != "container_malformed" {
			t.Errorf("%s: %v", name, err)
		}
	}
	c, _, err := envelope.Sign(message(), xa.Seal())
	if err != nil {
		t.Fatal(err)
	}
	if c, err = asice.AttachProof(c, "gossip", []byte("x\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := envelope.Open(c, xa.party, noon); rogatory.CodeOf(err) != "container_malformed" {
		t.Errorf("a proof of another name: %v", err)
	}
	stamper, err := tsa.NewAuthority(rand.Reader, func() time.Time { return noon }, "Exercise stamps")
	if err != nil {
		t.Fatal(err)
	}
	if c, _, err = envelope.Sign(message(), xa.Seal()); err != nil {
		t.Fatal(err)
	}
	if c, err = asice.AttachStamp(c, stamper.Stamp); err != nil {
		t.Fatal(err)
	}
	if _, err := envelope.Open(c, xa.party, noon); rogatory.CodeOf(err) != "container_malformed" {
		t.Errorf("a stamp, which travels in court packages only: %v", err)
	}
}

func TestSealAndUnseal(t *testing.T) {
	xb, other := newState(t, "XB", "Borealia"), newState(t, "XC", "Cascadia")
	secret := []byte("the container")
	sealed, err := envelope.Seal(secret, xb.MessageRecipient())
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, secret) {
		t.Error("the secret is in the envelope")
	}
	if got, err := envelope.Unseal(t.Context(), sealed, xb.MessageIdentities()...); err != nil || !bytes.Equal(got, secret) {
		t.Errorf("unsealed %q (%v)", got, err)
	}
	if got, err := envelope.Unseal(t.Context(), sealed, other.MessageIdentities()...); rogatory.CodeOf(err) != "wrong_key" || got != nil {
		t.Errorf("another State reads %q (%v)", got, err)
	}
	if got, err := envelope.Unseal(t.Context(), sealed, xb.EvidenceIdentities()...); rogatory.CodeOf(err) != "wrong_key" || got != nil {
		t.Errorf("the evidence key reads messages: %q (%v)", got, err)
	}
	for i := range sealed {
		bad := bytes.Clone(sealed)
		bad[i] ^= 1
		if got, err := envelope.Unseal(t.Context(), bad[:len(bad)-i%2], xb.MessageIdentities()...); err == nil || got != nil {
			t.Fatalf("with byte %d changed it opens as %q", i, got)
		}
	}
	if _, err := envelope.Unseal(t.Context(), make([]byte, envelope.MaxEnvelope+1), xb.MessageIdentities()...); rogatory.CodeOf(err) != "message_too_large" {
		t.Errorf("an envelope above the limit: %v", err)
	}
	// A small envelope can hold much: the limit holds for what comes out too.
	large, err := envelope.Seal(make([]byte, asice.MaxContainer+1), xb.MessageRecipient())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := envelope.Unseal(t.Context(), large, xb.MessageIdentities()...); rogatory.CodeOf(err) != "message_too_large" {
		t.Errorf("a container above the limit: %v", err)
	}
}

func TestWeakRecipientsAreRefused(t *testing.T) {
	for name, recipient := range map[string]string{
		"nothing":               "",
		"a recipient of before": "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p",
		"a key of ssh":          "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN",
		"a word":                "borealia",
	} {
		if sealed, err := envelope.Seal([]byte("x"), recipient); rogatory.CodeOf(err) != "weak_recipient" || sealed != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestKeysThatWereReplacedStillOpen(t *testing.T) {
	xb := newState(t, "XB", "Borealia")
	old, err := envelope.Seal([]byte("on its way"), xb.MessageRecipient())
	if err != nil {
		t.Fatal(err)
	}
	next, err := xb.RotateMessage()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := envelope.Unseal(t.Context(), old, next.MessageIdentities()...); err != nil || string(got) != "on its way" {
		t.Errorf("%q, %v", got, err)
	}
}

// FuzzDecodeMessage: what is read is written the same way, byte for byte.
func FuzzDecodeMessage(f *testing.F) {
	f.Add(encode(f, message()))
	refusal := message()
	refusal.Act, refusal.Body = rogatory.Refuse, rogatory.Body{Verdict: &rogatory.Verdict{Ground: "R22", Reasons: "why"}, Text: "sorry", Language: "en"}
	f.Add(encode(f, refusal))
	offer := message()
	offer.Act, offer.Body = rogatory.Offer, rogatory.Body{Exhibit: &rogatory.Exhibit{Limits: rogatory.UseLimits{Conditions: []string{}}, ID: exhibitID, FileName: "disk.img", Expires: 1}}
	f.Add(encode(f, offer))
	f.Add([]byte(`{"rogatory":1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := envelope.DecodeMessage(data)
		if err != nil {
			if !reflect.DeepEqual(m, rogatory.Message{}) {
				t.Error("something was returned with an error")
			}
			return
		}
		if again := encode(t, m); !bytes.Equal(again, data) {
			t.Errorf("%s is written %s", data, again)
		}
	})
}

// FuzzDecodeReceipt: as FuzzDecodeMessage.
func FuzzDecodeReceipt(f *testing.F) {
	f.Add(encode(f, receipt()))
	refused := receipt()
	refused.Outcome, refused.Code, refused.Reason = rogatory.RefusedOutcome, "mode_mismatch", "this node takes exercise messages only"
	f.Add(encode(f, refused))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := envelope.DecodeReceipt(data)
		if err != nil {
			if r != (rogatory.Receipt{}) {
				t.Error("something was returned with an error")
			}
			return
		}
		if again := encode(t, r); !bytes.Equal(again, data) {
			t.Errorf("%s is written %s", data, again)
		}
	})
}

// FuzzTexts: whatever people write, a message is either refused by its sender or read by its receiver.
func FuzzTexts(f *testing.F) {
	xa := newState(f, "XA", "Aurelia")
	f.Add("a name", "a text", "a key")
	f.Add("\u2028", "<&>\x00\x7f", "\xff")
	f.Fuzz(func(t *testing.T, name, text, key string) {
		m := message()
		m.By.Name, m.Body.Text, m.Body.Request.Contents = name, text, map[string]string{key: text, "authority": name}
		c, _, err := envelope.Sign(m, xa.Seal())
		if err != nil {
			return
		}
		o, err := envelope.Open(c, xa.party, noon)
		if err != nil {
			t.Fatalf("what was signed cannot be read: %v", err)
		}
		a, _ := json.Marshal(m)
		b, _ := json.Marshal(o.Message)
		if !bytes.Equal(a, b) {
			t.Errorf("%s is read as %s", a, b)
		}
	})
}
