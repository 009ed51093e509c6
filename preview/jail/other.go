// SPDX-License-Identifier: Apache-2.0

//go:build !linux || (!amd64 && !arm64)

package jail

// Enter is not possible here.
func Enter() (Held, error) { return Held{}, ErrUnable }
