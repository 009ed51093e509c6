// SPDX-License-Identifier: Apache-2.0

package safeguard

import _ "embed"

//go:embed example.cedar
var exampleFile []byte

// Example is a file of national policies to start from.
func Example() File { return File{Name: "national.cedar", Data: exampleFile} }
