// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
)

// key derives everything that happens from the seed and what it is for, so that one step's draws
// never shift those of another.
func key(seed uint64, purpose ...any) [32]byte {
	return sha256.Sum256(fmt.Appendf(nil, "rogatory simulation %d %v", seed, purpose))
}

// chance is a source of its own for that purpose.
func chance(seed uint64, purpose ...any) *rand.Rand {
	return rand.New(rand.NewChaCha8(key(seed, purpose...)))
}

// pick draws one of the list, which must not be empty.
func pick[T any](c *rand.Rand, list []T) T { return list[c.IntN(len(list))] }

// one in n.
func oneIn(c *rand.Rand, n int) bool { return c.IntN(n) == 0 }
