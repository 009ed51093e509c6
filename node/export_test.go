// SPDX-License-Identifier: Apache-2.0

package node

import "context"

// Look makes the rounds that a running node makes each second.
func (n *Node) Look() {
	n.watchKeys(context.Background())
	n.watchPeople(context.Background())
	n.watchDrills(context.Background())
}

// Drill is one look at the drills, as a running node makes each few seconds.
func (n *Node) Drill() { n.drill(context.Background()) }

// AskAgain asks those who watch the journal, as a running node does from time to time.
func (n *Node) AskAgain(ctx context.Context) error { return n.tryGate(ctx, true) }
