// SPDX-License-Identifier: Apache-2.0

package status

import (
	"rogatory"
	"rogatory/datafile"
)

// Limits of a data file. The largest that we know has 20 kB and 200 rows.
const (
	MaxData = 4 << 20 // bytes; texts of declarations are the bulk of it
	maxRows = 4096    // of one list
)

// dataFiles is the form of this package's files: objects whose members are all there.
var dataFiles = datafile.Form{Code: "treaty_data_invalid", Hint: "nothing of the file was taken; what was in force before stays in force", Size: MaxData, Items: maxRows, Complete: true}

// sheet is a data file whose rows are being checked. The first fault stays and ends the checking.
type sheet struct {
	file *datafile.File
	err  error
}

// readSheet reads a data file into the struct that into points to.
func readSheet(name string, data []byte, into any) (*sheet, error) {
	file, err := dataFiles.Read(name, data, into)
	return &sheet{file: file}, err
}

func (s *sheet) fault(err error, path ...any) {
	if s.err == nil {
		s.err = s.file.Fault(err, path...)
	}
}

// each checks the rows of a list one by one.
func each[T any](s *sheet, name string, rows []T, check func(*T) error) {
	if s.err == nil {
		s.err = datafile.Each(s.file, rows, check, name)
	}
}

// within reports whether article a is b or a part of it.
func within(a, b string) bool { return rogatory.Article(a).Within(rogatory.Article(b)) }
