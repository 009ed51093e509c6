// SPDX-License-Identifier: Apache-2.0

package assistance

import (
	"rogatory"
	"rogatory/datafile"
)

// Limits on a file: thousands of needs and offers are more than one person can read.
const (
	MaxSize  = 4 << 20
	MaxItems = 5000
)

// lists is the form of this package's files.
var lists = datafile.Form{Code: "list_invalid", Hint: "nothing was taken from the file; mend that line and read it again", Size: MaxSize, Items: MaxItems}

// Date is a day, such as 2027-01-31.
type Date = rogatory.Date
