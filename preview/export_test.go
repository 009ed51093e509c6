// SPDX-License-Identifier: Apache-2.0

package preview

import "time"

// Instead starts the program with another argument, and gives it another time.
func (r *Renderer) Instead(arg string, wall time.Duration) *Renderer {
	other := *r
	other.args, other.wall = []string{arg}, wall
	return &other
}
