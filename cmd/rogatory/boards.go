// SPDX-License-Identifier: Apache-2.0

package main

import (
	"path/filepath"

	"rogatory/assistance"
	"rogatory/legislation"
)

// The lists of a node that are meant for publication, and where they lie.
func lawsIn(folder string) string       { return filepath.Join(folder, "legislation.json") }
func assistanceIn(folder string) string { return filepath.Join(folder, "assistance", "book.json") }

// readLaws reads the book of laws of a node; an empty one if there is none.
func readLaws(folder string) (legislation.Book, error) {
	data, err := readPublished(lawsIn(folder), legislation.MaxSize)
	if err != nil || data == nil {
		return legislation.Book{}, err
	}
	return legislation.Load(lawsIn(folder), data, legislation.Articles())
}

// readAssistance reads the book of needs and offers of a node; an empty one if there is none.
func readAssistance(folder string) (assistance.Book, error) {
	data, err := readPublished(assistanceIn(folder), assistance.MaxSize)
	if err != nil || data == nil {
		return assistance.Book{}, err
	}
	return assistance.Load(assistanceIn(folder), data, assistance.Standard())
}
