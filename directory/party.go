// SPDX-License-Identifier: Apache-2.0

package directory

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"filippo.io/age"

	"rogatory"
)

// Bounds of one State's entry.
const (
	// MaxParty bounds an entry. Two hybrid recipients are 4 KiB, so this is some fifty authorities.
	MaxParty = 256 << 10
	// MaxAuthorities, MaxCertificates and MaxContacts bound the lists that every node walks.
	MaxAuthorities  = 64
	MaxCertificates = 16
	MaxContacts     = 32
	// MaxOversight bounds the oversight bodies of a State: two or three, and their successors. Each that is
	// in force makes every message two kilobytes longer.
	MaxOversight = 8
	// maxText bounds one name, address or key: the longest, a hybrid recipient, has 1,959 characters.
	maxText = 4096
	// maxCertificate bounds one PEM certificate; post-quantum ones will need some 20 KiB.
	maxCertificate = 32 << 10
)

// MarshalParty returns the one encoding of an entry: JSON in the order of the fields, without
// spaces. An entry that ParseParty would refuse is refused.
func MarshalParty(p rogatory.Party) ([]byte, error) {
	if err := checkParty(p); err != nil {
		return nil, err
	}
	data, err := encodeParty(p)
	if err != nil {
		return nil, err
	}
	if len(data) > MaxParty {
		return nil, invalidParty(p.Code, "it has %d bytes, %d are allowed", len(data), MaxParty)
	}
	return data, nil
}

// ParseParty reads an entry. It refuses unknown and repeated fields, null, more than MaxParty
// bytes, and every encoding but that of MarshalParty.
func ParseParty(data []byte) (rogatory.Party, error) {
	var p rogatory.Party
	if err := strictJSON(data, MaxParty); err != nil {
		return rogatory.Party{}, invalidParty("", "%w", err)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return rogatory.Party{}, invalidParty("", "%w", err)
	}
	again, err := encodeParty(p)
	if err != nil {
		return rogatory.Party{}, err
	}
	if !bytes.Equal(again, data) {
		return rogatory.Party{}, invalidParty(p.Code, "it is not in the one encoding of an entry")
	}
	if err := checkParty(p); err != nil {
		return rogatory.Party{}, err
	}
	return p, nil
}

func encodeParty(p rogatory.Party) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(p); err != nil {
		return nil, invalidParty(p.Code, "%w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// invalidParty takes a code from hostile input too, so it repeats two characters of it at most.
func invalidParty(code rogatory.StateCode, format string, args ...any) *rogatory.Error {
	return rogatory.Fault(rogatory.Invalid, "directory_entry", "directory entry of %.2q: "+format, append([]any{code}, args...)...)
}

func checkParty(p rogatory.Party) error {
	bad := func(format string, args ...any) error { return invalidParty(p.Code, format, args...) }
	if !p.Code.Valid() {
		return bad("the code is not two capital letters")
	}
	if err := checkMode(p); err != nil {
		return err
	}
	if !text(p.Name) {
		return bad("the name %.40q is empty, too long or not plain text", p.Name)
	}
	if err := languages(p.Languages); err != nil {
		return bad("languages: %w", err)
	}
	if err := door(p.Endpoint, "https"); err != nil {
		return bad("endpoint: %w", err)
	}
	for _, prefix := range []string{p.JournalURL, p.WitnessURL} {
		if err := door(prefix, "https", "http"); err != nil { // what is read there proves itself
			return bad("journal or witness address: %w", err)
		}
	}
	if !text(p.JournalOrigin) {
		return bad("the journal origin %.40q is empty, too long or not plain text", p.JournalOrigin)
	}
	if err := verifierKey(p.JournalKey, keyOfLog); err != nil {
		return bad("journal key: %w", err)
	}
	if err := verifierKey(p.WitnessKey, keyOfWitness); err != nil {
		return bad("witness key: %w", err)
	}
	if n := len(p.Authorities); n == 0 || n > MaxAuthorities {
		return bad("%d authorities, 1 to %d are allowed", n, MaxAuthorities)
	}
	for i, a := range p.Authorities {
		if err := checkAuthority(a); err != nil {
			return bad("authority %.64q: %w", a.ID, err)
		}
		if slices.ContainsFunc(p.Authorities[:i], func(b rogatory.Authority) bool { return a.ID == b.ID }) {
			return bad("authority %q is there twice", a.ID)
		}
	}
	if n := len(p.Certificates); n == 0 || n > MaxCertificates || len(p.TimeStampCertificates) > MaxCertificates {
		return bad("%d certificates, and %d for time-stamps: 1 to %d, and up to %d, are allowed", n, len(p.TimeStampCertificates), MaxCertificates, MaxCertificates)
	}
	for _, c := range slices.Concat(p.Certificates, p.TimeStampCertificates) {
		if _, err := authorityCertificate(c); err != nil {
			return bad("%w", err)
		}
	}
	if len(p.ContactPoints) > MaxContacts {
		return bad("%d contact points, up to %d are allowed", len(p.ContactPoints), MaxContacts)
	}
	for _, c := range p.ContactPoints {
		if !text(c.Name) || !text(c.Zone) || c.Telephone != "" && !text(c.Telephone) || c.Mail != "" && !text(c.Mail) {
			return bad("contact point %.40q: name and zone must be there, and all must be plain text", c.Name)
		}
		if err := languages(c.Languages); err != nil {
			return bad("contact point %.40q: languages: %w", c.Name, err)
		}
	}
	if len(p.Oversight) > MaxOversight {
		return bad("%d oversight bodies, up to %d are allowed", len(p.Oversight), MaxOversight)
	}
	for i, b := range p.Oversight {
		if err := checkOversight(p, b); err != nil {
			return bad("oversight body %.40q: %w", b.Name, err)
		}
		if slices.ContainsFunc(p.Oversight[:i], func(o rogatory.OversightBody) bool { return o.Recipient == b.Recipient || o.Key == b.Key }) {
			return bad("oversight body %.40q has a key of another", b.Name)
		}
	}
	return nil
}

// checkOversight also refuses a key that the State's offices or its journal hold: who is seen and who sees
// would be the same.
func checkOversight(p rogatory.Party, b rogatory.OversightBody) error {
	if !text(b.Name) {
		return fmt.Errorf("the name is empty, too long or not plain text")
	}
	if len(b.Recipient) > maxText {
		return fmt.Errorf("recipient of %d characters", len(b.Recipient))
	}
	if _, err := age.ParseHybridRecipient(b.Recipient); err != nil {
		return fmt.Errorf("recipient %.20q is not a hybrid age recipient", b.Recipient)
	}
	if err := verifierKey(b.Key, keyOfLog); err != nil {
		return fmt.Errorf("key: %w", err)
	}
	if b.From <= 0 || b.Until <= b.From {
		return fmt.Errorf("it is in force from %s until %s", b.From, b.Until)
	}
	for _, a := range p.Authorities {
		if b.Recipient == a.MessageRecipient || b.Recipient == a.EvidenceRecipient {
			return fmt.Errorf("its recipient is that of the authority %q", a.ID)
		}
	}
	if _, ours, _ := strings.Cut(p.JournalKey, "+"); strings.HasSuffix(b.Key, ours[max(0, len(ours)-44):]) {
		return fmt.Errorf("its key is that of the journal")
	}
	return nil
}

// checkMode keeps real States out of exercises and fictional ones out of live traffic.
func checkMode(p rogatory.Party) error {
	switch {
	case p.Mode != rogatory.Exercise && p.Mode != rogatory.Live:
		return invalidParty(p.Code, "the mode is %.20q", p.Mode)
	case p.Code.Fictional() != (p.Mode == rogatory.Exercise):
		return rogatory.Fault(rogatory.ModeMismatch, "mode_mismatch",
			"directory entry of %s: mode %s, but XA to XZ are for exercises and all other codes for live traffic", p.Code, p.Mode)
	}
	return nil
}

func checkAuthority(a rogatory.Authority) error {
	if a.ID == "" || len(a.ID) > 64 || strings.Trim(string(a.ID), "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return fmt.Errorf("the identifier is not 1 to 64 of a-z, 0-9 and hyphen")
	}
	if !text(a.Name) {
		return fmt.Errorf("the name %.40q is empty, too long or not plain text", a.Name)
	}
	if len(a.Roles) == 0 {
		return fmt.Errorf("it has no role")
	}
	for i, r := range a.Roles {
		switch r {
		case rogatory.CentralAuthority, rogatory.PointOfContact, rogatory.ExtraditionAuthority,
			rogatory.CompetentAuthority, rogatory.LawEnforcement:
		default:
			return fmt.Errorf("unknown role %.40q", r)
		}
		if slices.Contains(a.Roles[:i], r) {
			return fmt.Errorf("role %q is there twice", r)
		}
	}
	if a.MessageRecipient == a.EvidenceRecipient {
		return fmt.Errorf("messages and evidence share one recipient key")
	}
	for _, r := range []string{a.MessageRecipient, a.EvidenceRecipient} {
		if len(r) > maxText {
			return fmt.Errorf("recipient of %d characters", len(r))
		}
		if _, err := age.ParseHybridRecipient(r); err != nil {
			return fmt.Errorf("recipient %.20q is not a hybrid age recipient", r)
		}
	}
	return nil
}

// text reports whether s is a line that a person can be shown: no control or formatting
// characters, which could make a screen say something else than was signed.
func text(s string) bool {
	return strings.TrimSpace(s) != "" && len(s) <= maxText && utf8.ValidString(s) &&
		!strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) && r != '\u200c' && r != '\u200d' })
}

// languages checks the form of BCP 47 tags.
func languages(tags []string) error {
	if len(tags) == 0 || len(tags) > 32 {
		return fmt.Errorf("%d tags, 1 to 32 are allowed", len(tags))
	}
	for i, t := range tags {
		if len(t) < 2 || len(t) > 35 || strings.ContainsFunc(t, func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-'
		}) {
			return fmt.Errorf("%.40q is not a language tag", t)
		}
		if slices.Contains(tags[:i], t) {
			return fmt.Errorf("%q is there twice", t)
		}
	}
	return nil
}

func door(address string, schemes ...string) error {
	u, err := url.Parse(address)
	if err != nil || len(address) > maxText {
		return fmt.Errorf("%.80q is not an address", address)
	}
	if !slices.Contains(schemes, u.Scheme) || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.ForceQuery ||
		u.Fragment != "" || u.String() != address {
		return fmt.Errorf("%.80q is not a plain %s address", address, strings.Join(schemes, " or "))
	}
	return nil
}

// Signature types of C2SP signed-note: a log's own key, and a witness's Ed25519 cosignature key.
const (
	keyOfLog     = 0x01
	keyOfWitness = 0x04
)

// verifierKey checks a verifier key of C2SP signed-note, name+hash+key, and that the hash is right.
func verifierKey(s string, kind byte) error {
	parts := strings.SplitN(s, "+", 3)
	if len(s) > maxText || len(parts) != 3 || !text(parts[0]) || strings.ContainsFunc(parts[0], unicode.IsSpace) {
		return fmt.Errorf("%.80q is not of the form name+hash+key", s)
	}
	key, err := base64.StdEncoding.Strict().DecodeString(parts[2])
	if err != nil || len(key) != 33 || key[0] != kind {
		return fmt.Errorf("%.80q does not hold an Ed25519 key of type %#02x", s, kind)
	}
	sum := sha256.Sum256(append([]byte(parts[0]+"\n"), key...))
	if hex.EncodeToString(sum[:4]) != parts[1] || base64.StdEncoding.EncodeToString(key) != parts[2] {
		return fmt.Errorf("%.80q has the wrong hash", s)
	}
	return nil
}

// authorityCertificate reads one PEM certificate of a certification authority, alone in its text.
func authorityCertificate(s string) (*x509.Certificate, error) {
	if len(s) > maxCertificate {
		return nil, fmt.Errorf("certificate of %d bytes, %d are allowed", len(s), maxCertificate)
	}
	block, rest := pem.Decode([]byte(s))
	if block == nil || block.Type != "CERTIFICATE" || len(rest) != 0 || string(pem.EncodeToMemory(block)) != s {
		return nil, fmt.Errorf("certificate %.40q is not one plain PEM certificate", s)
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	if !c.IsCA || !c.BasicConstraintsValid {
		return nil, fmt.Errorf("certificate of %.80q is not that of a certification authority", c.Subject)
	}
	return c, nil
}

// cloneParty copies p deeply, so that what a caller does to its copy stays there.
func cloneParty(p rogatory.Party) rogatory.Party {
	p.Languages = slices.Clone(p.Languages)
	p.Certificates = slices.Clone(p.Certificates)
	p.TimeStampCertificates = slices.Clone(p.TimeStampCertificates)
	p.Authorities = slices.Clone(p.Authorities)
	for i := range p.Authorities {
		p.Authorities[i].Roles = slices.Clone(p.Authorities[i].Roles)
	}
	p.ContactPoints = slices.Clone(p.ContactPoints)
	for i := range p.ContactPoints {
		p.ContactPoints[i].Languages = slices.Clone(p.ContactPoints[i].Languages)
	}
	p.Oversight = slices.Clone(p.Oversight)
	return p
}
