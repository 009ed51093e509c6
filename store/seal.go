// SPDX-License-Identifier: Apache-2.0

package store

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash"
	"io"
	"reflect"
	"strconv"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"

	"rogatory"
)

// This file is where content becomes unreadable on its way into the database, and readable on its way out. What cases
// say lies there under a key that is not in the database: XChaCha20-Poly1305 for each value, with its table, column and
// row as associated data, so that a value opens in its own place only.
//
// A sealed value is: sealVersion, the number of its key, 24 random bytes, the ciphertext with its tag. No bytes stay no
// bytes: they hide nothing, and SQL asks whether a receipt is there.

// KeySize is the length of a database key in bytes.
const KeySize = 32

// maxKeys is how many keys a byte counts; zero stands for none.
const maxKeys = 255

const (
	sealVersion = 1
	sealHeader  = 2 // version and number of the key
	// sealOverhead is by how much a value grows.
	sealOverhead = sealHeader + chacha20poly1305.NonceSizeX + chacha20poly1305.Overhead
)

// tokenBytes is how much of a keyed digest stands for a gram of the search: two of a million grams are alike by a chance of
// one in 10^12, and would make a search look at one file too many.
const tokenBytes = 10

// Keys are the secrets under which content lies in the database, the oldest first: the first one is number 1. What is
// written is sealed under the last one; what was sealed under any of them opens.
type Keys [][KeySize]byte

// Format prints how many keys there are, so that no log prints one.
func (k Keys) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "%d database keys", len(k)) }

// Seal returns what is stored of a value in a column of a row, which is named by its primary key.
func (k Keys) Seal(column string, row []any, value []byte) ([]byte, error) {
	c, err := newCryptor(k)
	if err != nil {
		return nil, err
	}
	return c.seal(column, row, value), nil
}

// Open returns the value of what is stored in a column of a row: Damaged "value_damaged" if it was not sealed for that
// place under one of the keys, Unavailable "database_key_missing" if its key is not held.
func (k Keys) Open(column string, row []any, stored []byte) ([]byte, error) {
	c, err := newCryptor(k)
	if err != nil {
		return nil, err
	}
	return c.open(column, row, stored)
}

// cryptor is Keys, ready for work. It may be used concurrently.
type cryptor struct {
	values []cipher.AEAD
	index  [][]byte // keys of the tokens of the search
}

func newCryptor(keys Keys) (*cryptor, error) {
	if len(keys) == 0 || len(keys) > maxKeys {
		return nil, rogatory.Fault(rogatory.Unavailable, "database_key_missing", "open store: there are %d database keys", len(keys)).
			WithHint("put the key folder back from its backup: without database.1.key nobody reads what cases say")
	}
	c := &cryptor{}
	for _, key := range keys {
		var derived [2][]byte
		for i, use := range []string{"rogatory database values", "rogatory database search"} {
			var err error
			if derived[i], err = hkdf.Key(sha256.New, key[:], nil, use, KeySize); err != nil {
				return nil, err
			}
		}
		aead, err := chacha20poly1305.NewX(derived[0])
		if err != nil {
			return nil, err
		}
		c.values, c.index = append(c.values, aead), append(c.index, derived[1])
	}
	return c, nil
}

// place is what a sealed value is bound to, besides its header. Each part goes after its length, so that no two rows
// have one place.
func place(header []byte, column string, row []any) []byte {
	b := append([]byte{}, header...)
	add := func(part string) { b = append(binary.AppendUvarint(b, uint64(len(part))), part...) }
	add(column)
	for _, part := range row {
		add(textOf(part))
	}
	return b
}

// textOf is a part of a primary key as text, be it given itself or by its address.
func textOf(part any) string {
	v := reflect.Indirect(reflect.ValueOf(part))
	switch v.Kind() {
	case reflect.String:
		return v.String()
	case reflect.Int64:
		return strconv.FormatInt(v.Int(), 10)
	}
	return string(v.Bytes())
}

func (c *cryptor) seal(column string, row []any, value []byte) []byte {
	if len(value) == 0 {
		return []byte{}
	}
	stored := make([]byte, sealHeader+chacha20poly1305.NonceSizeX, sealOverhead+len(value))
	stored[0], stored[1] = sealVersion, byte(len(c.values))
	nonce := stored[sealHeader:]
	rand.Read(nonce) // cannot fail: it ends the process instead
	return c.values[len(c.values)-1].Seal(stored, nonce, value, place(stored[:sealHeader], column, row))
}

func (c *cryptor) open(column string, row []any, stored []byte) ([]byte, error) {
	if len(stored) == 0 {
		return []byte{}, nil
	}
	where := func() string {
		var parts []string
		for _, part := range row {
			parts = append(parts, fmt.Sprintf("%.64q", textOf(part)))
		}
		return column + " of row " + strings.Join(parts, ", ")
	}
	damaged := func(how string) error {
		return rogatory.Fault(rogatory.Damaged, "value_damaged", "read %s: %s", where(), how).WithHint("run fsck, restore")
	}
	if len(stored) < sealOverhead || stored[0] != sealVersion || stored[1] == 0 {
		return nil, damaged("it is not sealed")
	}
	number := int(stored[1])
	if number > len(c.values) {
		return nil, rogatory.Fault(rogatory.Unavailable, "database_key_missing", "read %s: it is sealed under database key %d, and %d are held", where(), number, len(c.values)).
			WithHint(fmt.Sprintf("put database.%d.key back into the key folder from its backup", number))
	}
	header, nonce := stored[:sealHeader], stored[sealHeader:sealHeader+chacha20poly1305.NonceSizeX]
	value, err := c.values[number-1].Open(nil, nonce, stored[sealHeader+len(nonce):], place(header, column, row))
	if err != nil {
		return nil, damaged("it was changed, or belongs to another row")
	}
	return value, nil
}

// sealed is a value on its way into a column of a row. Bytes go into a column of bytes, text into one of text.
type sealed struct {
	column string
	row    []any
	value  any // []byte or string
}

func seal(column string, value any, row ...any) sealed { return sealed{column, row, value} }

func (s sealed) size() int {
	if text, ok := s.value.(string); ok {
		return len(text) + sealOverhead
	}
	return len(s.value.([]byte)) + sealOverhead
}

// bind gives the database what is to be stored in place of what is to be sealed.
func (c *cryptor) bind(args []any) []any {
	bound := args
	for i, a := range args {
		s, ok := a.(sealed)
		if !ok {
			continue
		}
		if &bound[0] == &args[0] {
			bound = append([]any{}, args...)
		}
		if text, ok := s.value.(string); ok {
			bound[i] = base64.RawStdEncoding.EncodeToString(c.seal(s.column, s.row, []byte(text)))
		} else {
			bound[i] = c.seal(s.column, s.row, s.value.([]byte))
		}
	}
	return bound
}

// opened is where a sealed column is read to. The parts of the row are read with it, and given by their addresses.
type opened struct {
	column string
	to     any // *[]byte or *string
	row    []any
}

func unseal(column string, to any, row ...any) opened { return opened{column, to, row} }

// scan reads a row, and opens what is sealed in it.
func (c *cryptor) scan(scan func(...any) error, to []any) error {
	plain := to
	var secrets []opened
	for i, t := range to {
		o, ok := t.(opened)
		if !ok {
			continue
		}
		if len(secrets) == 0 {
			plain = append([]any{}, to...)
		}
		plain[i] = o.to
		secrets = append(secrets, o)
	}
	if err := scan(plain...); err != nil {
		return err
	}
	for _, o := range secrets {
		var err error
		switch to := o.to.(type) {
		case *[]byte:
			*to, err = c.open(o.column, o.row, *to)
		case *string:
			var stored, value []byte
			if stored, err = base64.RawStdEncoding.DecodeString(*to); err != nil {
				stored = []byte(*to) // which is not sealed
			}
			value, err = c.open(o.column, o.row, stored)
			*to = string(value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// tokens turns grams into what stands for them in the index of the search.
type tokens struct{ mac hash.Hash }

func (c *cryptor) tokens(key int) tokens { return tokens{hmac.New(sha256.New, c.index[key-1])} }

// of returns the token of a gram: small letters and digits, as the engines' indexes take them.
func (t tokens) of(gram string) string {
	t.mac.Reset()
	io.WriteString(t.mac, "gram\n"+gram)
	return strings.ToLower(base32.StdEncoding.EncodeToString(t.mac.Sum(nil)[:tokenBytes]))
}

func (t tokens) all(grams []string) []string {
	all := make([]string, len(grams))
	for i, g := range grams {
		all[i] = t.of(g)
	}
	return all
}

// digest names what is indexed: another text has another one.
func (t tokens) digest(x Indexed) []byte {
	t.mac.Reset()
	fmt.Fprintf(t.mac, "file\n%d\n", x.Opened)
	for _, g := range x.Grams {
		fmt.Fprintf(t.mac, "%s\n", g)
	}
	return t.mac.Sum(nil)
}
