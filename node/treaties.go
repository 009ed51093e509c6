// SPDX-License-Identifier: Apache-2.0

package node

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"rogatory"
	"rogatory/treaty/status"
)

// Where a node keeps what its office decided to go by, below its folder.
const (
	RulesFolder    = "rules"
	StatusFile     = "status.json"     // who is bound, as imported from the depositary
	AgreementsFile = "agreements.json" // other instruments that the office recorded
)

// Treaties opens the treaty desk for a node's folder: its own files where it has them, else the data that
// came with this program. A file that does not hold is refused, and nothing is returned.
func Treaties(dir string) (*status.Desk, error) {
	desk := status.Embedded()
	var book *status.Book
	var agreements []status.Agreement
	states := desk.Book().States()
	data, err := readRules(dir, StatusFile)
	if err == nil && data != nil {
		book, err = status.LoadBook(StatusFile, data, states)
	}
	if err != nil {
		return nil, err
	}
	if data, err = readRules(dir, AgreementsFile); err == nil && data != nil {
		agreements, err = status.LoadAgreements(AgreementsFile, data, states)
	}
	if err != nil {
		return nil, err
	}
	return desk.With(book, agreements), nil
}

// readRules reads a file of the rules folder; nothing without an error when there is none.
func readRules(dir, file string) ([]byte, error) {
	f, err := os.Open(filepath.Join(dir, RulesFolder, file))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, rogatory.Fault(rogatory.Unavailable, "file_unreadable", "read the rules: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, status.MaxData+1))
	if err != nil {
		return nil, rogatory.Fault(rogatory.Unavailable, "file_unreadable", "read %s: %w", file, err)
	}
	return data, nil
}
