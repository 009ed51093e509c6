// SPDX-License-Identifier: Apache-2.0

package directory

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/theupdateframework/go-tuf/v2/metadata"
	"github.com/theupdateframework/go-tuf/v2/metadata/trustedmetadata"

	"rogatory"
)

func TestPartyHasOneEncoding(t *testing.T) {
	p := party("XA")
	p.Name = "Aurélia & <Sœurs> \u2028" // what encoders like to escape differently
	if _, err := MarshalParty(p); err == nil {
		t.Fatal("a line separator in a name was accepted")
	}
	p.Name = "Aurélia & <Sœurs> أوريليا"
	data, err := MarshalParty(p)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(data, []byte(p.Name)) {
		t.Fatalf("the name is escaped in %.80s", data)
	}
	back, err := ParseParty(data)
	if err != nil || !reflect.DeepEqual(back, p) {
		t.Fatalf("%v\n%+v\n%+v", err, back, p)
	}
	swap := func(old, new string) []byte {
		t.Helper()
		if !bytes.Contains(data, []byte(old)) {
			t.Fatalf("the entry holds no %s", old)
		}
		return bytes.Replace(data, []byte(old), []byte(new), 1)
	}
	for name, other := range map[string][]byte{
		"nothing":            nil,
		"space":              swap(`{"code"`, `{ "code"`),
		"line end":           append(bytes.Clone(data), '\n'),
		"second value":       append(bytes.Clone(data), data...),
		"unknown field":      swap(`{"code"`, `{"colour":"red","code"`),
		"repeated field":     swap(`{"code":"XA"`, `{"code":"XB","code":"XA"`),
		"repeated in case":   swap(`{"code":"XA"`, `{"CODE":"XB","code":"XA"`),
		"field in capitals":  swap(`"code"`, `"Code"`),
		"null":               swap(`["en","fr"]`, `null`),
		"other order":        swap(`"code":"XA","name"`, `"name":"x","code":"XA","nam"`),
		"escaped letter":     swap(`"XA"`, `"\u0058A"`),
		"escaped ampersand":  swap(`&`, `\u0026`),
		"not UTF-8":          swap(`Aur`, "\xff"),
		"empty optional":     swap(`"contact_points":[`, `"time_stamp_certificates":[],"contact_points":[`),
		"deeply nested":      []byte(strings.Repeat("[", 100) + strings.Repeat("]", 100)),
		"longer than may be": append(data, bytes.Repeat([]byte(" "), MaxParty)...),
	} {
		if got, err := ParseParty(other); err == nil || !reflect.DeepEqual(got, rogatory.Party{}) {
			t.Errorf("%s: %v, and %v", name, err, got.Code)
		}
	}
}

func TestRefusedParties(t *testing.T) {
	for name, change := range map[string]func(*rogatory.Party){
		"small code":             func(p *rogatory.Party) { p.Code = "xa" },
		"no mode":                func(p *rogatory.Party) { p.Mode = "" },
		"real State in exercise": func(p *rogatory.Party) { p.Code = "FR" },
		"fictional State live":   func(p *rogatory.Party) { p.Mode = rogatory.Live },
		"no name":                func(p *rogatory.Party) { p.Name = " " },
		"name that turns around": func(p *rogatory.Party) { p.Name = "abc\u202edef" },
		"no language":            func(p *rogatory.Party) { p.Languages = nil },
		"odd language":           func(p *rogatory.Party) { p.Languages = []string{"en gb"} },
		"door without TLS":       func(p *rogatory.Party) { p.Endpoint = "http://xa.example/" },
		"door with a password":   func(p *rogatory.Party) { p.Endpoint = "https://a:b@xa.example/" },
		"door with a query":      func(p *rogatory.Party) { p.Endpoint = "https://xa.example/?a=b" },
		"door without a host":    func(p *rogatory.Party) { p.Endpoint = "https:///federation" },
		"journal at a file":      func(p *rogatory.Party) { p.JournalURL = "file:///etc" },
		"no authority":           func(p *rogatory.Party) { p.Authorities = nil },
		"one authority twice":    func(p *rogatory.Party) { p.Authorities = append(p.Authorities, p.Authorities[0]) },
		"authority with a slash": func(p *rogatory.Party) { p.Authorities[0].ID = "a/b" },
		"authority without role": func(p *rogatory.Party) { p.Authorities[0].Roles = nil },
		"unknown role":           func(p *rogatory.Party) { p.Authorities[0].Roles[0] = "king" },
		"one key, two purposes": func(p *rogatory.Party) {
			p.Authorities[0].EvidenceRecipient = p.Authorities[0].MessageRecipient
		},
		"recipient that a quantum computer opens": func(p *rogatory.Party) {
			p.Authorities[0].MessageRecipient = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
		},
		"no certificate":      func(p *rogatory.Party) { p.Certificates = nil },
		"two in one":          func(p *rogatory.Party) { p.Certificates[0] += p.Certificates[0] },
		"not a certificate":   func(p *rogatory.Party) { p.Certificates[0] = "PEM" },
		"journal key of none": func(p *rogatory.Party) { p.JournalKey = "" },
		"journal key for witness": func(p *rogatory.Party) {
			p.WitnessKey = p.JournalKey
		},
		"journal key renamed":    func(p *rogatory.Party) { p.JournalKey = "x" + p.JournalKey },
		"contact without zone":   func(p *rogatory.Party) { p.ContactPoints[0].Zone = "" },
		"too many contacts":      func(p *rogatory.Party) { p.ContactPoints = make([]rogatory.ContactPoint, MaxContacts+1) },
		"telephone with newline": func(p *rogatory.Party) { p.ContactPoints[0].Telephone = "1\n2" },
	} {
		p := party("XA")
		change(&p)
		if _, err := MarshalParty(p); err == nil {
			t.Errorf("%s: accepted", name)
		}
		// What another program wrote is refused in the same way when it is read.
		data, err := encodeParty(p)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ParseParty(data); err == nil {
			t.Errorf("%s: accepted when read", name)
		}
	}
}

func FuzzParseParty(f *testing.F) {
	data, err := MarshalParty(party("XA"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(`{"code":"XA","code":"XB"}`))
	f.Add([]byte(`[null]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := ParseParty(data)
		if err != nil {
			if !reflect.DeepEqual(p, rogatory.Party{}) {
				t.Fatal("an entry beside an error")
			}
			return
		}
		again, err := MarshalParty(p)
		if err != nil || !bytes.Equal(again, data) {
			t.Fatalf("%q parses, and is written as %q (%v)", data, again, err)
		}
	})
}

// FuzzSignedFiles lets hostile bytes through our form checks into the library, as any of the files:
// nothing may panic, whoever signed them.
func FuzzSignedFiles(f *testing.F) {
	s := begin(f)
	files, root := s.published(), s.trustedRoot()
	for _, data := range files {
		f.Add(data)
	}
	f.Add([]byte(`{"signed":{"_type":"timestamp","meta":{"snapshot.json":null}},"signatures":[]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		trusted, err := trustedmetadata.New(root)
		if err != nil {
			t.Fatal(err)
		}
		trusted.RefTime = opening
		if m, _, err := readRoot("root", data); err == nil {
			_ = endorsed(m.Signed, metadata.ROOT, m)
			_, _ = trusted.UpdateRoot(data)
		}
		if m, err := readMetadata[metadata.TimestampType]("timestamp", data, MaxTimestamp); err == nil && timestampForm(m.Signed) == nil {
			trusted.Timestamp = m // as if an operator had signed it
			if s, err := readMetadata[metadata.SnapshotType]("snapshot", files["1.snapshot.json"], MaxSnapshot); err == nil && snapshotForm(s.Signed) == nil {
				_, _ = trusted.UpdateSnapshot(files["1.snapshot.json"], true)
			}
			_, _ = trusted.UpdateTimestamp(data)
		}
		if m, err := readMetadata[metadata.SnapshotType]("snapshot", data, MaxSnapshot); err == nil && snapshotForm(m.Signed) == nil {
			if _, err := json.Marshal(m); err != nil {
				t.Fatal(err)
			}
		}
		if m, err := readMetadata[metadata.TargetsType]("targets", data, MaxTargets); err == nil {
			if targetsForm(m.Signed) == nil || anchorForm(m.Signed, "XA") == nil {
				for _, r := range m.Signed.Delegations.Roles {
					_ = m.VerifyDelegate(r.Name, m)
				}
			}
			_ = entryForm(m.Signed, "XA")
		}
	})
}
