// SPDX-License-Identifier: Apache-2.0

package console

// gateView is why the node signs nothing; empty if it does.
type gateView struct{ State, Code string }

func (f frame) gate() gateView {
	state, code := f.s.Office.Gate()
	if state == "open" {
		return gateView{}
	}
	return gateView{state, code}
}
