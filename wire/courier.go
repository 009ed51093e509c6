// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"rogatory"
	"rogatory/envelope"
	"rogatory/vault"
)

// A parcel is a folder on a disk that somebody carries, when there is no line or the evidence is
// too large for it:
//
//	parcel.json             {"format":"rogatory courier 1","from":"XB","to":"XA"}
//	messages/00000001.age   sealed messages, in the order in which they are to be handed in
//	receipts/00000001.asice signed receipts for messages that the addressee sent
//	exhibits/<root>.age     sealed exhibits, and
//	exhibits/<root>.tree    their leaf hashes, 32 bytes each
//	SHA256SUMS              of all the others, for sha256sum --check
//
// Nothing in it is new: messages are sealed and signed, exhibits are sealed and named by their
// content. So the sums only tell a worn disk from a good one, and an import may be repeated.

const (
	courierFormat = "rogatory courier 1"

	// MaxParcelFiles bounds the messages, and the receipts, of one parcel: weeks of traffic.
	MaxParcelFiles = 10_000
	// MaxParcelExhibits bounds the exhibits of one parcel.
	MaxParcelExhibits = 1000

	parcelLabel = "parcel.json"
	parcelSums  = "SHA256SUMS"

	// maxLabel bounds the label in bytes: three short members.
	maxLabel = 1 << 10
	// maxSumsLine and maxSums bound SHA256SUMS in bytes: 64 digits, two spaces and the longest
	// path, for each file.
	maxSumsLine = 160
	maxSums     = maxSumsLine * (2*MaxParcelFiles + 2*MaxParcelExhibits + 1)

	messagesFolder = "messages"
	receiptsFolder = "receipts"
	exhibitsFolder = "exhibits"
	messageSuffix  = ".age"
	receiptSuffix  = ".asice"
	treeSuffix     = ".tree"

	// unfinished is added to the name of a parcel that is being written.
	unfinished = ".writing"
)

// Parcel is what a courier is given.
type Parcel struct {
	From rogatory.StateCode // this State
	To   rogatory.StateCode // the State addressed

	Messages [][]byte // sealed, in the order of their sequence numbers
	Receipts [][]byte // signed containers

	Vault    *vault.Vault // where the exhibits are; needed only if there are any
	Exhibits []rogatory.Seal
}

type label struct {
	Format string             `json:"format"`
	From   rogatory.StateCode `json:"from"`
	To     rogatory.StateCode `json:"to"`
}

// WriteCourier writes a parcel as a new folder. It returns once everything is synced and the
// folder has its name; an existing one is never replaced (Conflict, "parcel_exists"). Each segment
// is hashed before it is written, and a damaged one ends the attempt.
//
// After an error, or a crash, there may be a folder with ".writing" added to the name; the next
// attempt replaces it.
func WriteCourier(ctx context.Context, folder string, p Parcel) (err error) {
	if err := p.validate(); err != nil {
		return err
	}
	if _, err := os.Lstat(folder); err == nil {
		return rogatory.Fault(rogatory.Conflict, "parcel_exists", "write a parcel to %s: there is something by that name", folder)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return courierFault(err, "write a parcel to %s", folder)
	}
	temporary := folder + unfinished
	if err := os.RemoveAll(temporary); err != nil {
		return courierFault(err, "remove the unfinished parcel %s", temporary)
	}
	defer func() {
		if err != nil {
			_ = os.RemoveAll(temporary) // or else by the next attempt
		}
	}()
	if err := os.Mkdir(temporary, 0o700); err != nil {
		return courierFault(err, "make the folder %s", temporary)
	}
	w := &packer{folder: temporary}
	if err := w.pack(ctx, p); err != nil {
		return err
	}
	if err := os.Rename(temporary, folder); err != nil {
		return courierFault(err, "give the parcel its name %s", folder)
	}
	return syncFolder(filepath.Dir(folder))
}

func (p Parcel) validate() error {
	if !p.From.Valid() || !p.To.Valid() || p.From == p.To {
		return rogatory.Fault(rogatory.Invalid, "parcel_invalid", "a parcel from %q to %q", p.From, p.To)
	}
	if len(p.Messages) > MaxParcelFiles || len(p.Receipts) > MaxParcelFiles || len(p.Exhibits) > MaxParcelExhibits {
		return rogatory.Fault(rogatory.Invalid, "parcel_too_large", "a parcel of %d messages, %d receipts and %d exhibits; %d, %d and %d are allowed",
			len(p.Messages), len(p.Receipts), len(p.Exhibits), MaxParcelFiles, MaxParcelFiles, MaxParcelExhibits)
	}
	for i, m := range p.Messages {
		if len(m) > envelope.MaxEnvelope {
			return fmt.Errorf("message %d of the parcel: %w", i+1, tooLarge(int64(len(m))))
		}
	}
	for i, r := range p.Receipts {
		if len(r) > maxReceipt {
			return rogatory.Fault(rogatory.Invalid, "parcel_too_large", "receipt %d of the parcel has %d bytes, at most %d are allowed", i+1, len(r), maxReceipt)
		}
	}
	for _, seal := range p.Exhibits {
		if err := vault.Validate(seal); err != nil {
			return err
		}
	}
	if len(p.Exhibits) > 0 && p.Vault == nil {
		return rogatory.Fault(rogatory.Invalid, "parcel_invalid", "a parcel of %d exhibits and no vault to take them from", len(p.Exhibits))
	}
	return nil
}

// packer writes the files of a parcel and their sums.
type packer struct {
	folder string
	sums   bytes.Buffer
}

func (w *packer) pack(ctx context.Context, p Parcel) error {
	for _, name := range []string{messagesFolder, receiptsFolder, exhibitsFolder} {
		if err := os.Mkdir(filepath.Join(w.folder, name), 0o700); err != nil {
			return courierFault(err, "make the folder %s of the parcel", name)
		}
	}
	text, err := json.Marshal(label{courierFormat, p.From, p.To})
	if err != nil {
		return fmt.Errorf("write the label of the parcel: %w", err)
	}
	if err := w.bytes(parcelLabel, append(text, '\n')); err != nil {
		return err
	}
	for i, m := range p.Messages {
		if err := w.bytes(numbered(messagesFolder, i+1, messageSuffix), m); err != nil {
			return err
		}
	}
	for i, r := range p.Receipts {
		if err := w.bytes(numbered(receiptsFolder, i+1, receiptSuffix), r); err != nil {
			return err
		}
	}
	for _, seal := range p.Exhibits {
		if err := w.file(exhibitName(seal.Root, messageSuffix), func(f io.Writer) error {
			return p.Vault.WriteSegments(ctx, f, seal.Root, 0, seal.Segments())
		}); err != nil {
			return err
		}
		if err := w.file(exhibitName(seal.Root, treeSuffix), func(f io.Writer) error {
			return p.Vault.WriteTree(f, seal.Root)
		}); err != nil {
			return err
		}
	}
	sums := bytes.Clone(w.sums.Bytes())
	if err := w.bytes(parcelSums, sums); err != nil {
		return err
	}
	for _, name := range []string{messagesFolder, receiptsFolder, exhibitsFolder, "."} {
		if err := syncFolder(filepath.Join(w.folder, name)); err != nil {
			return err
		}
	}
	return nil
}

func (w *packer) bytes(name string, data []byte) error {
	return w.file(name, func(f io.Writer) error {
		_, err := f.Write(data)
		return err
	})
}

// file writes one file, synced, and its sum.
func (w *packer) file(name string, write func(io.Writer) error) error {
	f, err := os.OpenFile(filepath.Join(w.folder, filepath.FromSlash(name)), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return courierFault(err, "create %s of the parcel", name)
	}
	sum := sha256.New()
	err = write(io.MultiWriter(f, sum))
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return courierFault(err, "write %s of the parcel", name)
	}
	fmt.Fprintf(&w.sums, "%x  %s\n", sum.Sum(nil), name)
	return nil
}

func numbered(folder string, n int, suffix string) string {
	return fmt.Sprintf("%s/%08d%s", folder, n, suffix)
}

func exhibitName(root rogatory.Digest, suffix string) string {
	return exhibitsFolder + "/" + root.String() + suffix
}

func syncFolder(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return courierFault(err, "open folder %s", name)
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		return courierFault(err, "sync folder %s", name)
	}
	return nil
}

// courierFault gives an error of the courier's disk a kind; an error of ours keeps its own.
func courierFault(err error, format string, args ...any) error {
	doing := fmt.Sprintf(format, args...)
	if _, ok := errors.AsType[*rogatory.Error](err); ok {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return rogatory.Fault(rogatory.Unavailable, "courier_disk", "%s: %w", doing, err)
}

// Courier is a parcel that came. It reads nothing outside its folder, whatever links lie there.
type Courier struct {
	root  *os.Root
	label label
	sums  map[string]rogatory.Digest
}

// ReadCourier opens a parcel for the State that it must be addressed to. Errors are Invalid, "parcel_invalid" for
// what is no parcel, Denied, "parcel_misdelivered" for one to another State, and Unavailable, "courier_disk".
//
// The label is as trustworthy as the courier; what the parcel holds is verified by whoever takes it
// in, as if it had come over the line.
func ReadCourier(folder string, to rogatory.StateCode) (_ *Courier, err error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, courierFault(err, "open the parcel %s", folder)
	}
	c := &Courier{root: root}
	defer func() {
		if err != nil {
			_ = root.Close() // read only
		}
	}()
	text, err := c.read(parcelLabel, maxLabel)
	if err != nil {
		return nil, err
	}
	if c.label, err = parseLabel(text); err != nil {
		return nil, err
	}
	if c.label.To != to {
		return nil, rogatory.Fault(rogatory.Denied, "parcel_misdelivered", "the parcel from %s is addressed to %s, not to %s", c.label.From, c.label.To, to)
	}
	sums, err := c.read(parcelSums, maxSums)
	if err != nil {
		return nil, err
	}
	if c.sums, err = parseSums(sums); err != nil {
		return nil, err
	}
	if c.sums[parcelLabel] != rogatory.DigestOf(text) {
		return nil, worn(parcelLabel)
	}
	return c, nil
}

func worn(name string) error {
	return rogatory.Fault(rogatory.Damaged, "courier_damaged", "%s of the parcel is not what was written", name).
		WithHint("have the parcel written again; what was taken in already may come twice")
}

func parseLabel(text []byte) (label, error) {
	if len(text) > maxLabel {
		return label{}, rogatory.Fault(rogatory.Invalid, "parcel_invalid", "a label of %d bytes", len(text))
	}
	var l label
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&l); err != nil {
		return label{}, rogatory.Fault(rogatory.Invalid, "parcel_invalid", "read the label of the parcel: %w", err)
	}
	if l.Format != courierFormat || !l.From.Valid() || !l.To.Valid() || l.From == l.To {
		return label{}, rogatory.Fault(rogatory.Invalid, "parcel_invalid", "a parcel of the format %.40q from %.8q to %.8q", l.Format, l.From, l.To)
	}
	return l, nil
}

// parseSums reads SHA256SUMS: only names that a parcel can have, each once.
func parseSums(text []byte) (map[string]rogatory.Digest, error) {
	if len(text) > maxSums {
		return nil, rogatory.Fault(rogatory.Invalid, "parcel_invalid", "%s of %d bytes", parcelSums, len(text))
	}
	sums := make(map[string]rogatory.Digest)
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, maxSumsLine)
	for lines.Scan() {
		sum, name, ok := strings.Cut(lines.Text(), "  ")
		digest, err := rogatory.ParseDigest(sum)
		if !ok || err != nil || !parcelName(name) {
			return nil, rogatory.Fault(rogatory.Invalid, "parcel_invalid", "line %.100q of %s", lines.Text(), parcelSums)
		}
		if _, twice := sums[name]; twice {
			return nil, rogatory.Fault(rogatory.Invalid, "parcel_invalid", "%s is named twice in %s", name, parcelSums)
		}
		sums[name] = digest
	}
	if err := lines.Err(); err != nil {
		return nil, rogatory.Fault(rogatory.Invalid, "parcel_invalid", "read %s: %w", parcelSums, err)
	}
	return sums, nil
}

// parcelName reports whether a parcel can have a file of that name.
func parcelName(name string) bool {
	if name == parcelLabel {
		return true
	}
	folder, base := path.Split(name)
	switch folder {
	case messagesFolder + "/":
		return isNumbered(base, messageSuffix)
	case receiptsFolder + "/":
		return isNumbered(base, receiptSuffix)
	case exhibitsFolder + "/":
		stem, ok := strings.CutSuffix(base, messageSuffix)
		if !ok {
			stem, ok = strings.CutSuffix(base, treeSuffix)
		}
		_, err := rogatory.ParseDigest(stem)
		return ok && err == nil
	}
	return false
}

func isNumbered(base, suffix string) bool {
	stem, ok := strings.CutSuffix(base, suffix)
	if !ok || len(stem) != 8 {
		return false
	}
	for _, c := range []byte(stem) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// open opens a plain file of the parcel: no link, and no pipe on which we would wait for ever.
func (c *Courier) open(name string) (*os.File, error) {
	info, err := c.root.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, rogatory.Fault(rogatory.Invalid, "parcel_invalid", "the parcel has no %s: %w", name, err)
	}
	for folder := path.Dir(name); err != nil && folder != "."; folder = path.Dir(folder) { // one that is a link may lead out of the parcel
		if info, e := c.root.Lstat(folder); e == nil && !info.IsDir() {
			return nil, rogatory.Fault(rogatory.Invalid, "parcel_invalid", "%s of the parcel is no plain folder", folder)
		}
	}
	if err != nil {
		return nil, courierFault(err, "look for %s of the parcel", name)
	}
	if !info.Mode().IsRegular() {
		return nil, rogatory.Fault(rogatory.Invalid, "parcel_invalid", "%s of the parcel is no plain file", name)
	}
	f, err := c.root.Open(name)
	if err != nil {
		return nil, courierFault(err, "open %s of the parcel", name)
	}
	return f, nil
}

// read returns a whole file of at most limit bytes.
func (c *Courier) read(name string, limit int64) ([]byte, error) {
	f, err := c.open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, courierFault(err, "read %s of the parcel", name)
	}
	if int64(len(data)) > limit {
		return nil, rogatory.Fault(rogatory.Invalid, "parcel_too_large", "%s of the parcel has more than %d bytes", name, limit)
	}
	return data, nil
}

// From returns the State that the label names as the sender.
func (c *Courier) From() rogatory.StateCode { return c.label.From }

// Messages yields the sealed messages in their order, for Inbox.Receive. After an error the next
// one may still be good.
func (c *Courier) Messages() iter.Seq2[[]byte, error] {
	return c.files(messagesFolder, envelope.MaxEnvelope)
}

// Receipts yields the signed receipts in their order. After an error the next one may still be good.
func (c *Courier) Receipts() iter.Seq2[[]byte, error] { return c.files(receiptsFolder, maxReceipt) }

func (c *Courier) files(folder string, limit int64) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		names := slices.Sorted(maps.Keys(c.sums))
		for _, name := range names {
			if path.Dir(name) != folder {
				continue
			}
			data, err := c.read(name, limit)
			if err == nil && rogatory.DigestOf(data) != c.sums[name] {
				data, err = nil, worn(name)
			}
			if !yield(data, err) {
				return
			}
		}
	}
}

// Exhibits returns the roots of the exhibits in the parcel, in order.
func (c *Courier) Exhibits() []rogatory.Digest {
	var roots []rogatory.Digest
	for _, name := range slices.Sorted(maps.Keys(c.sums)) {
		if stem, ok := strings.CutSuffix(path.Base(name), messageSuffix); ok && path.Dir(name) == exhibitsFolder {
			root, err := rogatory.ParseDigest(stem)
			if err == nil { // parseSums saw to it
				roots = append(roots, root)
			}
		}
	}
	return roots
}

// Fill takes into an expected exhibit what it lacks from the parcel, each segment verified and
// everything synced. A worn segment does not keep the others from being taken; the error then
// names the first (Damaged, "courier_damaged"), and the rest can come over the line. The
// caller commits if the error is nil. progress may be nil.
func (c *Courier) Fill(ctx context.Context, in *vault.Incoming, progress func(have, total int64)) error {
	seal := in.Seal()
	if !in.HasTree() {
		f, err := c.open(exhibitName(seal.Root, treeSuffix))
		if err != nil {
			return err
		}
		err = in.SetTree(f)
		_ = f.Close() // read only
		if err != nil {
			return err
		}
	}
	f, err := c.open(exhibitName(seal.Root, messageSuffix))
	if err != nil {
		return err
	}
	defer f.Close()
	err = c.fill(ctx, in, f, progress)
	if flushErr := in.Flush(); err == nil {
		err = flushErr
	}
	return err
}

func (c *Courier) fill(ctx context.Context, in *vault.Incoming, f io.ReaderAt, progress func(have, total int64)) error {
	seal := in.Seal()
	var bad error
	for from := int64(0); ; {
		gap, ok := firstGap(in, from)
		if !ok {
			return bad
		}
		n := min(gap.Count, pullSegments)
		src := io.NewSectionReader(f, gap.First*vault.SegmentSize, length(seal.SealedSize, gap.First, n))
		kept, err := in.PutFrom(ctx, gap.First, src)
		from = gap.First + kept
		switch {
		case err != nil && (rogatory.CodeOf(err) == "segment_damaged" || rogatory.CodeOf(err) == "transfer_cut"):
		case err != nil:
			return err
		case kept < n: // the file ends early
		default:
			if progress != nil {
				progress(in.Done())
			}
			continue
		}
		if bad == nil {
			bad = worn(fmt.Sprintf("segment %d of exhibit %s", from, seal.Root.Short()))
		}
		from++
	}
}

// firstGap returns the first missing segments from a number on.
func firstGap(in *vault.Incoming, from int64) (span, bool) {
	for _, r := range in.Missing(maxPlanned) {
		if end := r.First + r.Count; end > from {
			first := max(r.First, from)
			return span{first, end - first}, true
		}
	}
	return span{}, false
}

// Close releases the folder, so that the disk can be taken out.
func (c *Courier) Close() error { return c.root.Close() }
