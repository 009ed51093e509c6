// SPDX-License-Identifier: Apache-2.0

package court

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"rogatory"
	"rogatory/asice"
	"rogatory/directory"
	"rogatory/journal"
)

// Options say what the reader brings along.
type Options struct {
	// TrustedRoot is directory root metadata that the reader trusts. If it is nil, the oldest root in
	// the package is taken, and the report says that nobody has shown it to be the true one.
	TrustedRoot []byte
	// At is as of when the directory must have been good. Zero means the time of the package's stamp.
	At time.Time
	// Progress, if set, is told the file that is being read and how many of its bytes are done.
	Progress func(file string, done int64)
}

const (
	// maxUnlisted bounds what is read of a file while no signed list says how large it should be:
	// nothing but exhibits is larger.
	maxUnlisted = 64 << 20
	// maxSums bounds a list of sums: MaxFiles lines of the longest path and a SHA-512 digest.
	maxSums = MaxFiles * (maxPath + 131)
	// maxStamp bounds a time-stamp token with its certificates; post-quantum ones stay below it.
	maxStamp = 64 << 10
	// maxBundle bounds a file of certificates: what directory entries may name, for a dozen States.
	maxBundle = 8 << 20
	// clockTolerance is how far apart the clocks of an office and of a time-stamp authority may be
	// before the report remarks on it.
	clockTolerance = 5 * time.Minute
)

// Verify examines the package in the folder dir, offline, and reports what it found. The error means
// that there was nothing to examine or that ctx was done; a package that does not hold is no error.
func Verify(ctx context.Context, dir string, o Options) (*Report, error) {
	return verify(ctx, dir, o, nil)
}

// verify is Verify; known are the sums of files that were just written and need not be read again.
func verify(ctx context.Context, dir string, o Options, known map[string]sum) (*Report, error) {
	root, err := os.OpenRoot(dir) // no name within leads out of it
	if err != nil {
		return nil, rogatory.Fault(rogatory.NotFound, "package_not_found", "open the court package %s: %w", dir, err)
	}
	defer root.Close()
	x := &examination{
		ctx: ctx, files: root.FS(), options: o, report: &Report{Findings: []Finding{}, NotProved: []string{}},
		sizes: map[string]int64{}, sums: known, listed: map[string]IndexFile{}, roots: map[place]journal.Hash{}, bodies: map[place]rogatory.Digest{},
	}
	if x.sums == nil {
		x.sums = map[string]sum{}
	}
	if err := x.examine(); err != nil {
		return nil, err
	}
	return x.report, nil
}

// examination is one run of Verify.
type examination struct {
	ctx     context.Context
	files   fs.FS
	options Options
	report  *Report

	sizes    map[string]int64 // of the regular files found
	sums     map[string]sum   // of those that were read
	manifest *asice.Container
	index    Index
	listed   map[string]IndexFile // the index by name; empty if it could not be read

	book    *directory.Book
	stamped time.Time

	// What the proofs have shown so far, to notice a journal with two histories.
	roots  map[place]journal.Hash    // by size
	bodies map[place]rogatory.Digest // by entry number
	forks  []string

	messages []heldMessage
	custody  []heldEntry
}

// place is a number within a State's journal: a size or an entry.
type place struct {
	state rogatory.StateCode
	n     int64
}

// heldMessage is a message that was verified.
type heldMessage struct {
	IndexMessage
	message rogatory.Message
	own     int64 // the number of its entry in the exporter's journal
	hasOwn  bool
}

// heldEntry is a custody entry whose proof was verified.
type heldEntry struct {
	openedEntry
	cosigned bool
}

func (x *examination) examine() error {
	if err := x.survey(); err != nil {
		return err
	}
	x.openManifest()
	if err := x.hash(); err != nil {
		return err
	}
	x.compare()
	x.checkSums(shortSumsFile, "SHA-256", sum.short, func(f IndexFile) string { return f.SHA256.String() })
	x.checkSums(longSumsFile, "SHA-512", sum.long, func(f IndexFile) string { return f.SHA512.String() })
	if len(x.listed) == 0 || !x.directory() {
		x.report.unproved("Anything about signatures, journals and custody: the steps above failed, so they could not be checked.")
		return x.ctx.Err()
	}
	for _, step := range []func(){x.signature, x.certificates, x.checkMessages, x.numbering, x.checkCheckpoints, x.checkCustody, x.checkExhibits, x.history, x.leftOver, x.limits} {
		if err := x.ctx.Err(); err != nil {
			return err
		}
		step()
	}
	return nil
}

// survey lists the folder. It follows no link and opens no file.
func (x *examination) survey() error {
	var odd []string
	err := fs.WalkDir(x.files, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name == ".":
			return nil
		case len(x.sizes)+len(odd) > 2*MaxFiles:
			return fmt.Errorf("there are more than %d files", 2*MaxFiles)
		case !plainPath(name) || !d.IsDir() && !d.Type().IsRegular():
			odd = append(odd, strconv.Quote(name))
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case d.IsDir():
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		x.sizes[name] = info.Size()
		return nil
	})
	if err != nil {
		return rogatory.Fault(rogatory.Unavailable, "package_unreadable", "list the court package: %w", err)
	}
	if len(odd) > 0 {
		x.report.fail("The folder holds what is no plain file with a plain name: "+enumerate(odd)+".", odd...)
	}
	return nil
}

// openManifest reads the signed list, so far without asking who signed it.
func (x *examination) openManifest() {
	data, err := x.read(manifestFile, asice.MaxContainer)
	if err == nil {
		x.manifest, err = asice.Parse(data)
	}
	var index []byte
	if err == nil {
		index, err = x.fromManifest(indexFile)
	}
	if err == nil {
		x.index, err = ParseIndex(index)
	}
	if err != nil {
		x.report.fail(manifestFile+" is missing, was changed or is damaged, so there is no signed list to hold the files against.", err.Error())
		return
	}
	for _, f := range x.index.Files {
		x.listed[f.Name] = f
	}
	r := x.report
	r.Case, r.Title, r.Mode, r.Exporter, r.Made = x.index.Case, x.index.Title, x.index.Mode, x.index.Exporter, x.index.Made
}

func (x *examination) fromManifest(name string) ([]byte, error) {
	for _, f := range x.manifest.Files {
		if f.Name == name {
			return f.Data, nil
		}
	}
	return nil, fmt.Errorf("%s has no %s", manifestFile, name)
}

// hash reads every file once, as far as its size is the one that was signed for.
func (x *examination) hash() error {
	for _, name := range sortedNames(x.sizes) {
		if _, done := x.sums[name]; done {
			continue
		}
		limit := int64(maxUnlisted)
		if f, ok := x.listed[name]; ok {
			limit = f.Size
		}
		if x.sizes[name] > limit {
			continue
		}
		s, err := x.hashOne(name, limit)
		if x.ctx.Err() != nil {
			return x.ctx.Err()
		}
		if err != nil {
			x.report.fail(name+" cannot be read.", err.Error())
			continue
		}
		x.sums[name] = s
	}
	return nil
}

func (x *examination) hashOne(name string, limit int64) (sum, error) {
	f, err := x.files.Open(name)
	if err != nil {
		return sum{}, err
	}
	defer f.Close()
	h := newHasher()
	buffer := make([]byte, min(copyBuffer, limit+1))
	for {
		if err := x.ctx.Err(); err != nil {
			return sum{}, err
		}
		n, err := f.Read(buffer)
		h.write(buffer[:n])
		if h.size > limit {
			return sum{}, fmt.Errorf("it grew beyond %d bytes while it was read", limit)
		}
		if x.options.Progress != nil {
			x.options.Progress(name, h.size)
		}
		if err == io.EOF {
			return h.sum(), nil
		}
		if err != nil {
			return sum{}, err
		}
	}
}

// read returns a small file, and makes sure that it is the one whose sums are compared.
func (x *examination) read(name string, limit int64) ([]byte, error) {
	size, found := x.sizes[name]
	switch {
	case !found:
		return nil, fmt.Errorf("%s is missing", name)
	case size > limit:
		return nil, fmt.Errorf("%s has %d bytes, at most %d are read", name, size, limit)
	}
	f, err := x.files.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if known, ok := x.sums[name]; ok && known != sumOf(data) || int64(len(data)) > limit {
		return nil, fmt.Errorf("%s changed while it was being verified", name)
	}
	x.sums[name] = sumOf(data)
	return data, nil
}

// compare holds the folder against the signed list: nothing changed, nothing missing, nothing more.
func (x *examination) compare() {
	if len(x.listed) == 0 {
		return
	}
	var changed, missing, extra, detail []string
	for _, f := range x.index.Files {
		size, here := x.sizes[f.Name]
		s, read := x.sums[f.Name]
		switch {
		case !here:
			missing = append(missing, f.Name)
		case size != f.Size:
			changed = append(changed, f.Name)
			detail = append(detail, fmt.Sprintf("%s has %d bytes, %d were signed for", f.Name, size, f.Size))
		case !read || s.sha256 != f.SHA256 || s.sha512 != f.SHA512:
			changed = append(changed, f.Name)
			detail = append(detail, fmt.Sprintf("%s does not have the digests that were signed for (SHA-256 %s)", f.Name, f.SHA256))
		}
	}
	for _, name := range sortedNames(x.sizes) {
		if _, ok := x.listed[name]; !ok && !outside(name) {
			extra = append(extra, name)
		}
	}
	for _, name := range []string{shortSumsFile, longSumsFile} {
		if _, here := x.sizes[name]; !here {
			missing = append(missing, name)
		}
	}
	if len(changed) > 0 {
		x.report.fail("Changed since it was signed for: "+enumerate(changed)+".", detail...)
	}
	if len(missing) > 0 {
		x.report.fail("Missing from the package: "+enumerate(missing)+".", missing...)
	}
	if len(extra) > 0 {
		x.report.fail("In the folder and not in the signed list: "+enumerate(extra)+".", extra...)
	}
	if len(changed)+len(missing)+len(extra) == 0 {
		x.report.ok(fmt.Sprintf("The folder holds exactly the %d files of the signed list, each with the size and both digests stated there.", len(x.listed)))
	}
	signed := map[string]sum{}
	for name, f := range x.listed {
		signed[name] = sum{f.Size, f.SHA256, f.SHA512}
	}
	if text, err := x.fromManifest(signedSumsFile); err != nil || !bytes.Equal(text, sumsText(signed, sum.short)) {
		x.report.fail(manifestFile + " is at odds with itself: its " + signedSumsFile + " does not say what its " + indexFile + " says.")
	}
}

// checkSums reads one of the two lists that nobody signed. Where it does not fit a file that is as it
// was signed, the list is to blame.
func (x *examination) checkSums(list, algorithm string, digest func(sum) string, signed func(IndexFile) string) {
	data, err := x.read(list, maxSums)
	if err != nil {
		x.report.fail(list+" cannot be used.", err.Error())
		return
	}
	covered := map[string]sum{}
	for name := range x.sizes {
		if name != shortSumsFile && name != longSumsFile {
			covered[name] = x.sums[name] // zero, which fits nothing, if it was not read
		}
	}
	if bytes.Equal(data, sumsText(covered, digest)) {
		x.report.ok(fmt.Sprintf("Every file has the %s digest that %s states.", algorithm, list))
		return
	}
	stated := map[string]string{}
	garbled := false
	for line := range strings.Lines(string(data)) {
		value, name, found := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		if _, twice := stated[name]; !found || twice || !plainPath(name) {
			garbled = true
			continue
		}
		stated[name] = value
	}
	var files, lines []string
	for _, name := range sortedNames(covered) {
		f, known := x.listed[name]
		value, found := stated[name]
		switch {
		case found && value == digest(covered[name]):
		case known && signed(f) == digest(covered[name]), name == manifestFile && x.manifest != nil:
			lines = append(lines, name)
		default:
			files = append(files, name)
		}
		delete(stated, name)
	}
	gone := sortedNames(stated)
	if len(files) > 0 {
		x.report.fail(fmt.Sprintf("Not the file that %s states: %s.", list, enumerate(files)), files...)
	}
	if len(lines) > 0 || garbled || len(gone) > 0 || len(files) == 0 {
		about := slices.Concat(lines, gone)
		words := list + " was changed or is damaged"
		if len(about) > 0 {
			words += ": it is wrong about " + enumerate(about)
		}
		x.report.fail(words+".", about...)
	}
}

// leftOver finds files that the list names and that are no part of a package: nothing rides along.
func (x *examination) leftOver() {
	known := map[string]bool{instructionsFile: true, stampCertificates: true}
	for _, m := range x.index.Messages {
		known[m.File], known[m.Receipt] = true, true
	}
	for _, name := range x.index.Custody {
		known[name] = true
	}
	for _, c := range x.index.Checkpoints {
		known[c.File], known[c.Body], known[c.Stamp] = true, true, true
	}
	for _, e := range x.index.Exhibits {
		known[e.File], known[certificateFile(e.Exhibit.ID)] = true, true
	}
	for _, code := range x.index.concerned() {
		known["certificates/"+string(code)+".pem"] = true
	}
	var stray []string
	for _, f := range x.index.Files {
		if !known[f.Name] && !strings.HasPrefix(f.Name, "directory/") {
			stray = append(stray, f.Name)
		}
	}
	if len(stray) > 0 {
		x.report.fail("Signed for, and no part of a court package: "+enumerate(stray)+".", stray...)
	}
}

// history is where two histories of one journal would show.
func (x *examination) history() {
	if len(x.forks) > 0 {
		x.report.fail("A journal was signed with two histories: "+enumerate(x.forks)+".", x.forks...)
		return
	}
	x.report.ok("No two proofs in the package contradict each other about any journal.")
}

// limits says what no package can prove.
func (x *examination) limits() {
	covered := map[int64]bool{}
	for _, e := range x.custody {
		covered[e.number] = covered[e.number] || e.cosigned
	}
	alone := 0
	for _, m := range x.messages {
		if !m.hasOwn || !covered[m.own] {
			alone++
		}
	}
	if alone > 0 {
		x.report.unproved("That other States saw the journal of %s with %d of the %d messages in it: for those, the package rests on the signatures of the two States.", x.index.Exporter.State, alone, len(x.index.Messages))
	}
	x.report.unproved("That the offices' clocks were right: times of messages and entries are as the offices state them; the time-stamps show only that all of it existed by then.")
	x.report.unproved("That no key was stolen or withdrawn before it was used, beyond what the directory of %s says.", moment(rogatory.At(x.book.Issued())))
	if slices.ContainsFunc(x.index.Exhibits, func(e IndexExhibit) bool { _, ok := x.listed[certificateFile(e.Exhibit.ID)]; return ok }) {
		x.report.unproved("That the certificates in custody/ say what the entries in proofs/ say: they are papers of %s, signed for with the list, and were not read.", x.index.Exporter)
	}
	x.report.unproved("That nothing was left out: the package holds what %s chose to put into it.", x.index.Exporter)
	x.report.unproved("That what a piece of evidence says is true, or that it was obtained lawfully.")
}
