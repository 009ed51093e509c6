// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"

	"rogatory"
	"rogatory/language"
	"rogatory/treaty"
)

// The end of evidence and what comes on paper, in a browser and in both directions of writing: a judge who reads nothing
// deletes what is due, and an officer records a letter.
func TestTheEndOfEvidence(t *testing.T) {
	t.Parallel()
	for _, tag := range []string{"en", "ar"} {
		t.Run(tag, func(t *testing.T) { t.Parallel(); ended(t, tag) })
	}
}

func ended(t *testing.T, tag string) {
	b := &tab{t: t, ctx: browser(t), axe: axe(t), l: language.Load().Locale(tag)}
	w := exercise(t)
	xa, xb := w.Members["XA"], w.Members["XB"]
	x := given(t, xa, xb)
	b.base = strings.Replace(xb.Addresses.Office, "127.0.0.1", "localhost", 1)
	b.open("/console/sign-in")
	b.press(b.l.Language(tag))
	b.as(xb, "Judge T. Moreau")
	here := "/console/exhibits/" + string(x.ID)
	b.open("/console/agenda")
	b.press(b.words("retention.title"))
	b.see(b.words("retention.runs"))
	b.examine("/console/retention")
	b.examine(here)
	b.examine(here + "?digest=" + strings.Repeat("0", 64))
	b.examine(here + "/keep")

	xb.Node.Office.Clock = later{by: 400 * treaty.Day}
	b.open("/console/retention")
	b.see(b.words("retention.is_due"))
	b.press(b.words("delete.title"))
	b.see(b.words("delete.gone"), x.Seal.SHA256.String())
	b.examine(here + "/delete")
	b.press(b.words("delete.do"))
	b.see(b.words("delete.done", "state", b.l.State("XA")))
	b.press(b.words("letter.heading.deletion"))
	b.see(x.Seal.SHA256.String())
	b.examine(here + "/deletion")
	b.examine(here)

	b.as(xb, "B. Lindqvist")
	b.open("/console/new")
	b.press(b.words("arrival.title"))
	b.examine("/console/arrivals")
	b.open("/console/arrivals/" + string(rogatory.Preservation42))
	b.fill("reference", "CC 17/2026")
	b.press(b.words("enter.check"))
	b.see(b.words("wrong.missing", "label", b.words("arrival.channel")), b.words("wrong.missing", "label", b.words("arrival.sender")))
	b.examine("/console/arrivals/" + string(rogatory.Preservation42))
	b.examine("/console/elsewhere")
}
