// SPDX-License-Identifier: Apache-2.0

// Package court writes and verifies the court package: a folder with everything that the office of
// one State can show about a case, made to be checked offline, years later, by people who trust
// neither the office nor its software.
//
//	VERIFY.txt               what this is, and the stock commands that check it
//	SHA256SUMS, SHA512SUMS   of every file but these two, for sha256sum -c and sha512sum -c
//	manifest.asice           the office's signed and time-stamped list: index.json with every other
//	                         file, custody.json in words, files.sha256 for sha256sum -c
//	messages/                each message as it crossed the border, and its receipt
//	exhibits/                the evidence, as plain files
//	custody/                 a certificate of custody of each exhibit, PDF, to read and to print
//	proofs/                  journal entries with their proofs; checkpoints, cosigned and stamped
//	certificates/            the authorities of the States concerned, and of the time-stamps
//	directory/               the signed directory of States, from which those certificates follow
//
// The signed list covers every file but manifest.asice, which carries it, and the two lists of sums,
// which anybody can write again from the rest; neither list of sums covers the other.
//
// It promises that Write leaves either a complete package on disk that Verify accepts, or nothing;
// and that Verify, given a trusted directory root, accepts no package in which any one byte is not
// the byte that the office signed for. What Verify could not establish it says in words. Exhibits
// of any size are streamed; memory does not grow with them.
//
// It refuses to write over anything, to write an exhibit that is not what its seal says, links and
// other irregular files, names that mean something to a shell or a path, and anything beyond the
// named limits. It never uses the network or the machine's clock.
//
// After an error of Write no folder of that name exists that was not there before; a hidden folder
// beside it may remain after a crash and can be deleted. Verify writes nothing. Its error means that
// the folder could not be examined; a package that does not hold is a Report.
package court

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"rogatory"
	"rogatory/asice"
	"rogatory/directory"
	"rogatory/envelope"
)

// Source is what an office holds about a case and gives to the court. All but Title, Custody,
// Checkpoints and Exhibits is required.
type Source struct {
	Case     rogatory.CaseID
	Title    string           // of the case, for people
	Exporter rogatory.Address // the office that makes the package and answers for it
	Made     rogatory.Instant

	Messages    []Message    // in any order
	Custody     []Entry      // entries of the exporter's own journal
	Checkpoints []Checkpoint // those that the custody entries were proved against, and others
	Exhibits    []Exhibit

	// Directory is the metadata chain as directory.Book.Export writes it; it must be good at Made.
	Directory   fs.FS
	TrustedRoot []byte // the directory root that the exporter trusts

	Signer asice.Signer                                  // the exporter's seal
	Stamp  func(digest []byte) (token []byte, err error) // RFC 3161 over a SHA-256 digest
}

// Message is one message of the case and its receipt, both as they crossed the border.
type Message struct {
	// Container is the message with its sender's journal proof attached.
	Container []byte
	// Receipt is the receiver's receipt with the receiver's journal proof attached. It may be missing
	// for a message that the exporter sent; the report will say so.
	Receipt []byte
}

// Entry is the tlog-proof of an entry of the exporter's journal, opened: see ledger.ProvePublished.
type Entry struct{ Proof []byte }

// Checkpoint is a signed checkpoint of a State's journal.
type Checkpoint struct {
	State rogatory.StateCode
	Note  []byte // with its cosignatures
	Stamp []byte // RFC 3161 token over the checkpoint's text without signatures; may be missing
}

// Exhibit is a piece of evidence and a way to read it.
type Exhibit struct {
	rogatory.Exhibit
	Write func(w io.Writer) error // streams the evidence itself, once
	// Certificate makes the certificate of custody, PDF. It may be nil, or make nothing: the package then holds none of it.
	Certificate func() ([]byte, error)
}

const (
	// MaxFiles bounds a package, so that its signed list fits into one container: a line of the list
	// takes some 400 bytes, with its sums 500.
	MaxFiles = 10_000
	// MaxExhibits bounds the exhibits of one package: more are several packages.
	MaxExhibits = 2_000
	// MaxMessages bounds the messages of one package. A lively case has some dozens.
	MaxMessages = 2_000
	// MaxCertificate bounds a certificate of custody: one of six hundred pages takes less.
	MaxCertificate = 16 << 20
	// maxPath bounds a file's path: what old archives and file systems carry.
	maxPath = 200
	// copyBuffer is one read of an exhibit: large enough that system calls do not count.
	copyBuffer = 1 << 20
)

// Write makes the package as the folder dir, which must not exist. It works in a hidden folder beside
// it, makes everything durable, verifies the result as a court will, and only then gives it its
// name. progress may be nil; it is told the file and how many of its bytes are written.
func Write(ctx context.Context, dir string, s Source, progress func(file string, written int64)) error {
	if err := absent(dir); err != nil {
		return err
	}
	work, err := os.MkdirTemp(filepath.Dir(dir), ".court-package-")
	if err != nil {
		return rogatory.Fault(rogatory.Unavailable, "package_not_written", "make a folder for the court package %s: %w", dir, err)
	}
	defer os.RemoveAll(work) // after the rename there is nothing under this name
	a := &assembly{ctx: ctx, dir: work, source: s, progress: progress, sums: map[string]sum{}, folded: map[string]bool{}}
	if err := a.assemble(); err != nil {
		return err
	}
	if err := a.examine(); err != nil {
		return err
	}
	if err := a.settle(); err != nil {
		return fmt.Errorf("make the court package durable: %w", err)
	}
	if err := absent(dir); err != nil {
		return err
	}
	if err := os.Rename(work, dir); err != nil {
		return rogatory.Fault(rogatory.Unavailable, "package_not_written", "give the court package its name %s: %w", dir, err)
	}
	return syncFolder(filepath.Dir(dir))
}

func absent(dir string) error {
	_, err := os.Lstat(dir)
	if err == nil {
		return rogatory.Fault(rogatory.Conflict, "package_exists", "write the court package %s: something of that name exists", dir).
			WithHint("choose another name; nothing is overwritten")
	}
	if !os.IsNotExist(err) {
		return rogatory.Fault(rogatory.Unavailable, "package_not_written", "look for %s: %w", dir, err)
	}
	return nil
}

func invalid(format string, args ...any) error {
	return rogatory.Fault(rogatory.Invalid, "package_invalid", format, args...)
}

// assembly is a package being written.
type assembly struct {
	ctx      context.Context
	dir      string
	source   Source
	progress func(string, int64)

	book   *directory.Book
	index  Index
	opened []openedEntry // the custody entries, in journal order
	// certified are the exhibits with a certificate of custody.
	certified []rogatory.ExhibitID
	sums      map[string]sum  // of every file written
	folded    map[string]bool // their names in lower case
}

// assemble writes all files. It trusts nothing that it is given beyond its form: examine decides.
func (a *assembly) assemble() error {
	s := a.source
	switch {
	case !s.Case.Valid():
		return invalid("case reference %.40q", s.Case)
	case s.Made <= 0 || s.Stamp == nil || s.Directory == nil || s.Signer.Key == nil:
		return invalid("a court package needs its time, a time-stamp authority, the directory and a seal")
	case len(s.Messages) == 0 || len(s.Messages) > MaxMessages:
		return invalid("%d messages, 1 to %d make a court package", len(s.Messages), MaxMessages)
	case len(s.Exhibits) > MaxExhibits:
		return invalid("%d exhibits, at most %d go into one court package", len(s.Exhibits), MaxExhibits)
	}
	book, err := directory.VerifyChain(s.Directory, s.TrustedRoot, s.Made.Time())
	if err != nil {
		return fmt.Errorf("verify the directory for the court package: %w", err)
	}
	a.book = book
	a.index = Index{Version: indexVersion, Mode: book.Mode(), Case: s.Case, Title: s.Title, Exporter: s.Exporter, Made: s.Made}
	for _, step := range []func() error{a.messages, a.custody, a.checkpoints, a.certificates, a.chain, a.exhibits, a.instructions, a.list, a.lists} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (a *assembly) messages() error {
	type numbered struct {
		line     IndexMessage
		own      int64
		from, to []byte
	}
	var all []numbered
	for i, m := range a.source.Messages {
		message, err := envelope.Peek(m.Container)
		if err != nil {
			return fmt.Errorf("read message %d of the court package: %w", i+1, err)
		}
		line, err := describeMessage(message, m.Container, m.Receipt)
		if err != nil {
			return err
		}
		n := numbered{line: line, own: line.Entry, from: m.Container, to: m.Receipt}
		if message.From.State != a.source.Exporter.State {
			if line.ReceiptEntry == nil {
				return invalid("message %s was received, so the exporter's own receipt for it is needed", message.ID)
			}
			n.own = *line.ReceiptEntry
		}
		all = append(all, n)
	}
	slices.SortFunc(all, func(x, y numbered) int { return cmp.Compare(x.own, y.own) })
	width := max(2, len(fmt.Sprint(len(all))))
	for i, n := range all {
		stem := fmt.Sprintf("messages/%0*d-%s-%s", width, i+1, strings.ReplaceAll(string(n.line.Act), "_", "-"), n.line.From.State)
		n.line.File = stem + ".asice"
		if err := a.put(n.line.File, n.from); err != nil {
			return err
		}
		if n.to != nil {
			n.line.Receipt = stem + ".receipt.asice"
			if err := a.put(n.line.Receipt, n.to); err != nil {
				return err
			}
		}
		a.index.Messages = append(a.index.Messages, n.line)
	}
	return nil
}

func (a *assembly) custody() error {
	for i, e := range a.source.Custody {
		opened, err := openEntry(e.Proof)
		if err != nil {
			return fmt.Errorf("read custody entry %d of the court package: %w", i+1, err)
		}
		opened.file = fmt.Sprintf("proofs/entry-%06d.tlog-proof", opened.number)
		if i := slices.IndexFunc(a.opened, func(o openedEntry) bool { return o.number == opened.number }); i >= 0 {
			if !reflect.DeepEqual(a.opened[i], opened) {
				return invalid("two proofs open entry %d of the journal differently", opened.number)
			}
			continue // proved twice
		}
		if err := a.put(opened.file, e.Proof); err != nil {
			return err
		}
		a.opened = append(a.opened, opened)
	}
	slices.SortFunc(a.opened, func(x, y openedEntry) int { return cmp.Compare(x.number, y.number) })
	for _, o := range a.opened {
		a.index.Custody = append(a.index.Custody, o.file)
	}
	return nil
}

func (a *assembly) checkpoints() error {
	count := map[rogatory.StateCode]int{}
	for _, c := range a.source.Checkpoints {
		if !c.State.Valid() {
			return invalid("checkpoint of the State %.4q", c.State)
		}
		text, err := stampedText(c.Note)
		if err != nil {
			return err
		}
		count[c.State]++
		stem := fmt.Sprintf("proofs/%s-checkpoint", c.State)
		if n := count[c.State]; n > 1 {
			stem = fmt.Sprintf("%s-%d", stem, n)
		}
		line := IndexCheckpoint{State: c.State, File: stem + ".txt", Body: stem + ".body"}
		if err := a.put(line.File, c.Note); err != nil {
			return err
		}
		if err := a.put(line.Body, text); err != nil {
			return err
		}
		if len(c.Stamp) != 0 {
			info, err := asice.ReadStamp(c.Stamp)
			if err != nil {
				return fmt.Errorf("read the time-stamp of the checkpoint of %s: %w", c.State, err)
			}
			line.Stamp, line.Stamped = stem+".tst", rogatory.At(info.Time)
			if err := a.put(line.Stamp, c.Stamp); err != nil {
				return err
			}
		}
		a.index.Checkpoints = append(a.index.Checkpoints, line)
	}
	return nil
}

func (a *assembly) certificates() error {
	var stamps []string
	for _, code := range a.index.concerned() {
		party, err := a.book.Party(code)
		if err != nil {
			return err
		}
		if err := a.put("certificates/"+string(code)+".pem", bundle(party.Certificates)); err != nil {
			return err
		}
		stamps = append(stamps, party.TimeStampCertificates...)
	}
	if len(stamps) == 0 {
		return invalid("no State concerned names a time-stamp authority in the directory")
	}
	return a.put(stampCertificates, bundle(stamps))
}

// chain writes what the directory was verified from, and nothing that happened to lie beside it.
func (a *assembly) chain() error {
	for name, data := range a.book.Files() {
		if err := a.put("directory/"+name, data); err != nil {
			return err
		}
	}
	return nil
}

func (a *assembly) exhibits() error {
	for _, e := range a.source.Exhibits {
		name := "exhibits/" + e.FileName
		if a.folded[strings.ToLower(name)] {
			name = "exhibits/" + string(e.ID) + "-" + e.FileName
		}
		if e.Write == nil || !e.ID.Valid() {
			return invalid("exhibit %.40q has no content", e.ID)
		}
		got, err := a.stream(name, e.Seal.Size, e.Write)
		if err != nil {
			return err
		}
		if want := (sum{e.Seal.Size, e.Seal.SHA256, e.Seal.SHA512}); got != want {
			return rogatory.Fault(rogatory.Damaged, "exhibit_damaged", "exhibit %s has %d bytes with SHA-256 %s, its seal says %d with %s",
				e.ID, got.size, got.sha256, want.size, want.sha256).WithHint("run fsck on the vault; the package was not written")
		}
		a.index.Exhibits = append(a.index.Exhibits, IndexExhibit{File: name, Exhibit: e.Exhibit})
		if err := a.certificate(e); err != nil {
			return err
		}
	}
	return nil
}

// certificate writes what a court reads and prints. The proofs prove; it is for people.
func (a *assembly) certificate(e Exhibit) error {
	if e.Certificate == nil {
		return nil
	}
	data, err := e.Certificate()
	if err != nil {
		return fmt.Errorf("make the certificate of custody of exhibit %s: %w", e.ID, err)
	}
	if len(data) == 0 {
		return nil
	}
	if len(data) > MaxCertificate {
		return invalid("the certificate of custody of exhibit %s has %d bytes, at most %d are taken", e.ID, len(data), MaxCertificate)
	}
	a.certified = append(a.certified, e.ID)
	return a.put(certificateFile(e.ID), data)
}

func (a *assembly) instructions() error {
	return a.put(instructionsFile, instructions(a.index, a.certified))
}

// list signs and stamps the list of all that was written.
func (a *assembly) list() error {
	for _, name := range sortedNames(a.sums) {
		s := a.sums[name]
		a.index.Files = append(a.index.Files, IndexFile{name, s.size, s.sha256, s.sha512})
	}
	if len(a.index.Files) > MaxFiles {
		return invalid("%d files, at most %d go into one court package", len(a.index.Files), MaxFiles)
	}
	index, err := json.MarshalIndent(a.index, "", " ")
	if err != nil {
		return invalid("write the list of the court package: %w", err)
	}
	custody, err := custodyInWords(a.opened)
	if err != nil {
		return err
	}
	container, err := asice.Build([]asice.File{
		{Name: indexFile, MediaType: "application/json", Data: index},
		{Name: custodyFile, MediaType: "application/json", Data: custody},
		{Name: signedSumsFile, MediaType: "text/plain", Data: sumsText(a.sums, sum.short)},
	}, a.source.Signer, a.source.Made.Time())
	if err != nil {
		return fmt.Errorf("sign the list of the court package: %w", err)
	}
	if container, err = asice.AttachStamp(container, a.source.Stamp); err != nil {
		return rogatory.Fault(rogatory.Unavailable, "stamp_unavailable", "time-stamp the court package: %w", err).
			WithHint("a court package is worth little without a time-stamp: try again when the authority answers")
	}
	return a.put(manifestFile, container)
}

// lists writes the two lists of sums, which cover everything but themselves.
func (a *assembly) lists() error {
	short, long := sumsText(a.sums, sum.short), sumsText(a.sums, sum.long)
	if err := a.put(shortSumsFile, short); err != nil {
		return err
	}
	return a.put(longSumsFile, long)
}

// examine verifies the finished folder as a court will, so that the office learns before the court
// does. The exhibits were hashed while they were written and are not read again.
func (a *assembly) examine() error {
	written := map[string]sum{}
	for _, e := range a.index.Exhibits {
		written[e.File] = a.sums[e.File]
	}
	report, err := verify(a.ctx, a.dir, Options{TrustedRoot: a.source.TrustedRoot}, written)
	if err != nil {
		return err
	}
	for _, f := range report.Findings {
		if !f.OK {
			return rogatory.Fault(rogatory.Damaged, "package_does_not_hold", "the court package would not hold: %s", f.sentence()).
				WithHint("nothing was written; what is named here must be mended first")
		}
	}
	return nil
}

// plainPath accepts paths that mean the same on every system and need no quoting in a shell.
func plainPath(name string) bool {
	if name == "" || len(name) > maxPath || path.Clean(name) != name {
		return false
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part[0] == '.' || part[0] == '-' || part[len(part)-1] == '.' {
			return false
		}
		for i := range len(part) {
			c := part[i]
			if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '.' && c != '-' && c != '_' {
				return false
			}
		}
	}
	return true
}
