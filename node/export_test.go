// SPDX-License-Identifier: Apache-2.0

package node

import "context"

// Look makes the rounds that a running node makes each second.
func (n *Node) Look() {
	n.watchKeys(context.Background())
	n.watchPeople(context.Background())
}
