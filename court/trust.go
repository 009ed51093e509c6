// SPDX-License-Identifier: Apache-2.0

package court

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"rogatory"
	"rogatory/asice"
	"rogatory/directory"
	"rogatory/envelope"
	"rogatory/journal"
)

// directory verifies the chain of metadata as of the stamp's time, and the stamp by the authorities
// that this directory names.
func (x *examination) directory() bool {
	trusted, own := x.options.TrustedRoot, false
	if trusted == nil {
		own = true
		var err error
		if trusted, err = x.oldestRoot(); err != nil {
			x.report.fail("directory/ holds no root of the directory of States.", err.Error())
			return false
		}
	}
	if len(x.manifest.Stamps) == 0 {
		x.report.fail(manifestFile + " carries no time-stamp.")
		return false
	}
	claim, err := asice.ReadStamp(x.manifest.Stamps[0].Token)
	if err != nil {
		x.report.fail(manifestFile+" carries a time-stamp that cannot be read.", err.Error())
		return false
	}
	at := x.options.At
	if at.IsZero() {
		at = claim.Time
	}
	chain, err := fs.Sub(x.files, "directory")
	if err == nil {
		x.book, err = directory.VerifyChain(chain, trusted, at)
	}
	if err != nil {
		x.report.fail("The directory of States in directory/ does not hold as of "+moment(rogatory.At(at))+".", err.Error())
		return false
	}
	for name, data := range x.book.Files() {
		if s, here := x.sums["directory/"+name]; here && s != sumOf(data) && !bytes.Equal(data, trusted) {
			x.report.fail("directory/" + name + " changed while it was being verified.")
			return false
		}
	}
	if x.book.Mode() != x.index.Mode {
		x.report.fail(fmt.Sprintf("%s says %s, the directory is for %s.", manifestFile, x.index.Mode, x.book.Mode()))
		return false
	}
	var names []string
	for _, p := range x.book.Parties() {
		names = append(names, fmt.Sprintf("%s, %s", p.Code, p.Name))
	}
	by := "the root that you gave"
	if own {
		by = "the root in the package"
		x.report.unproved("That the directory's root is the true one: it came with the package (SHA-256 %s). Give a root that you trust with --root, or compare.", rogatory.DigestOf(trusted))
	}
	x.report.ok(fmt.Sprintf("The directory of %d States is signed as %s demands, and was good at %s.", len(names), by, moment(rogatory.At(at))), names...)

	exporter, err := x.book.Party(x.index.Exporter.State)
	if err != nil {
		x.report.fail(fmt.Sprintf("The exporter %s is not in the directory.", x.index.Exporter), err.Error())
		return false
	}
	pool, err := envelope.Pool(exporter.TimeStampCertificates)
	var times []time.Time
	if err == nil {
		times, err = x.manifest.VerifyStamps(pool)
	}
	if err != nil {
		x.report.fail("The time-stamp of "+manifestFile+" does not hold.", err.Error())
		return false
	}
	x.stamped = times[0]
	x.report.Stamped = x.stamped
	x.report.ok(fmt.Sprintf("%s existed at %s: a time-stamp authority that %s relies on says so.", manifestFile, moment(rogatory.At(x.stamped)), exporter.Code))
	return true
}

// oldestRoot returns the first of the roots in the package, from which all others follow.
func (x *examination) oldestRoot() ([]byte, error) {
	oldest := 0
	for name := range x.sizes {
		number, found := strings.CutSuffix(strings.TrimPrefix(name, "directory/"), ".root.json")
		if n, err := strconv.Atoi(number); found && err == nil && n > 0 && (oldest == 0 || n < oldest) {
			oldest = n
		}
	}
	return x.read(fmt.Sprintf("directory/%d.root.json", oldest), directory.MaxRoot)
}

// signature asks who signed the list.
func (x *examination) signature() {
	roots, err := x.book.Roots(x.index.Exporter.State)
	var v *asice.Verified
	if err == nil {
		v, err = x.manifest.Verify(roots, x.stamped)
	}
	if err == nil {
		err = speaksFor(v.Certificate, x.index.Exporter, x.book)
	}
	if err != nil {
		x.report.fail(fmt.Sprintf("%s is not signed by %s.", manifestFile, x.index.Exporter), err.Error())
		return
	}
	x.report.ok(fmt.Sprintf("%s signed the list, with a certificate of %s that was valid then (%s).", x.index.Exporter, x.index.Exporter.State, v.Certificate.Subject.CommonName))
	x.remarkOnClock(x.index.Made, x.stamped, "The package itself")
}

// speaksFor holds a certificate against an address: O is the State, OU the authority.
func speaksFor(c *x509.Certificate, a rogatory.Address, book *directory.Book) error {
	if !slices.Contains(c.Subject.Organization, string(a.State)) || !slices.Contains(c.Subject.OrganizationalUnit, string(a.Authority)) {
		return fmt.Errorf("the certificate of %q does not speak for %s", c.Subject.CommonName, a)
	}
	_, _, err := book.Authority(a)
	return err
}

// remarkOnClock says where an office states a time after the stamp that covers the statement.
func (x *examination) remarkOnClock(stated rogatory.Instant, stamp time.Time, what string) {
	if stated.Time().After(stamp.Add(clockTolerance)) {
		x.report.unproved("%s states the time %s, later than the time-stamp over it: the office's clock was wrong.", what, moment(stated))
	}
}

// certificates holds the PEM files, which the stock commands use, against the directory.
func (x *examination) certificates() {
	var wrong, stamps []string
	for _, code := range x.index.concerned() {
		name := "certificates/" + string(code) + ".pem"
		p, err := x.book.Party(code)
		data, readErr := x.read(name, maxBundle)
		if err != nil || readErr != nil || !bytes.Equal(data, bundle(p.Certificates)) {
			wrong = append(wrong, name)
		}
		stamps = append(stamps, p.TimeStampCertificates...)
		if err == nil && x.book.StandingOf(code, x.stamped) != directory.Fresh {
			x.report.unproved("That the directory's entry of %s was up to date when the package was stamped: the State had let it run out.", code)
		}
	}
	if data, err := x.read(stampCertificates, maxBundle); err != nil || !bytes.Equal(data, bundle(stamps)) {
		wrong = append(wrong, stampCertificates)
	}
	if len(wrong) > 0 {
		x.report.fail("Not the certificates that the directory names: "+enumerate(wrong)+".", wrong...)
		return
	}
	x.report.ok("The files in certificates/ are those that the States name in the directory.")
}

// prove verifies a proof against a State's journal and returns the entry that it opens.
func (x *examination) prove(proof []byte, code rogatory.StateCode) (rogatory.Entry, journal.Inclusion, error) {
	party, err := x.book.Party(code)
	if err != nil {
		return rogatory.Entry{}, journal.Inclusion{}, err
	}
	key, err := journal.NewVerifier(party.JournalKey)
	if err != nil {
		return rogatory.Entry{}, journal.Inclusion{}, err
	}
	witnesses, err := x.witnesses(code)
	if err != nil {
		return rogatory.Entry{}, journal.Inclusion{}, err
	}
	in, err := journal.VerifyProof(proof, party.JournalOrigin, key, witnesses)
	if err != nil {
		return rogatory.Entry{}, journal.Inclusion{}, err
	}
	e, err := parseEntry(in.Body)
	if err != nil {
		return rogatory.Entry{}, journal.Inclusion{}, err
	}
	x.remember(code, in.Checkpoint)
	at, body := place{code, in.Index}, rogatory.DigestOf(in.Body)
	if had, seen := x.bodies[at]; seen && had != body {
		x.forks = append(x.forks, fmt.Sprintf("entry %d of the journal of %s", in.Index, code))
	}
	x.bodies[at] = body
	return e, in, nil
}

func (x *examination) remember(code rogatory.StateCode, c journal.Checkpoint) {
	at := place{code, c.Size}
	if had, seen := x.roots[at]; seen && had != c.Root {
		x.forks = append(x.forks, fmt.Sprintf("the journal of %s at %d entries", code, c.Size))
	}
	x.roots[at] = c.Root
}

// witnesses is the policy that asks for nothing and names every other State's witness: a State that
// cosigns its own journal proves nothing by it.
func (x *examination) witnesses(code rogatory.StateCode) (*journal.Policy, error) {
	var b strings.Builder
	for _, p := range x.book.Parties() {
		if p.Code != code {
			fmt.Fprintf(&b, "witness %s %s\n", p.Code, p.WitnessKey)
		}
	}
	return journal.ParsePolicy([]byte(b.String() + "quorum none\n"))
}
