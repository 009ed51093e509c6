// SPDX-License-Identifier: Apache-2.0

package legislation

import (
	"rogatory"
	"rogatory/datafile"
)

// Limits on a file: 68 articles of all States, each with an enactment or two, fit in.
const (
	MaxSize  = 16 << 20
	MaxItems = 50000
)

// lists is the form of this package's files.
var lists = datafile.Form{Code: "list_invalid", Hint: "nothing was taken from the file; mend that line and read it again", Size: MaxSize, Items: MaxItems}

// Date is a day, such as 2027-01-31.
type Date = rogatory.Date
