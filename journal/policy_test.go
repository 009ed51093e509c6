// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"fmt"
	"strings"
	"testing"
)

// vkeys returns n different keys of witnesses.
func vkeys(t testing.TB, n int) []string {
	t.Helper()
	keys := make([]string, n)
	for i := range keys {
		keys[i] = newWitnessKey(t, fmt.Sprintf("w%d.example", i), byte(i+1)).vkey
	}
	return keys
}

func TestQuorumOfGroupsWithinGroups(t *testing.T) {
	k := vkeys(t, 6)
	p := mustPolicy(t, `
# The example of C2SP tlog-policy: two operators, three witnesses each.
witness X1 `+k[0]+`
witness X2 `+k[1]+` https://x2.example/
	witness	X3  `+k[2]+`
group X-witnesses 2 X1 X2 X3

witness Y1 `+k[3]+`
witness Y2 `+k[4]+`
witness Y3 `+k[5]+`
group Y-witnesses any Y1 Y2 Y3
group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
`)
	for cosigned, want := range map[string]bool{
		"":                  false,
		"X1 X2":             false,
		"X1 Y1":             false,
		"Y1 Y2 Y3":          false,
		"X1 X2 X3":          false,
		"X1 X3 Y2":          true,
		"X2 X3 Y1 Y2":       true,
		"X1 X2 X3 Y1 Y2 Y3": true,
	} {
		got := p.Satisfied(func(name string) bool { return strings.Contains(cosigned, name) })
		if got != want {
			t.Errorf("cosigned by %q: satisfied %v, want %v", cosigned, got, want)
		}
	}
	if w := p.Witnesses(); len(w) != 6 || w[1].Name != "X2" || w[1].URL != "https://x2.example/" {
		t.Errorf("witnesses %+v", w)
	}
}

func TestQuorumMayBeOneWitnessOrNone(t *testing.T) {
	k := vkeys(t, 1)
	one := mustPolicy(t, "witness W "+k[0]+"\nquorum W\n")
	none := mustPolicy(t, "witness W "+k[0]+"\nquorum none\n")
	nobody := func(string) bool { return false }
	if one.Satisfied(nobody) || !one.Satisfied(func(n string) bool { return n == "W" }) {
		t.Error("a quorum of one witness does not ask for that witness")
	}
	if !none.Satisfied(nobody) {
		t.Error("the quorum none asks for somebody")
	}
	if (&Policy{}).Satisfied(func(string) bool { return true }) {
		t.Error("a policy that was never parsed is satisfied")
	}
}

func TestPolicyFilesWithMistakesAreRefused(t *testing.T) {
	k := vkeys(t, 2)
	log := newLogKey(t, aurelia, 99).vkey
	// The same public key under another name, with the matching ID.
	_, renamed, err := GenerateCosigner(chance(1), "other.example")
	if err != nil {
		t.Fatal(err)
	}
	w := "witness A " + k[0] + "\nwitness B " + k[1] + "\n"
	var logs, groups strings.Builder
	for i := range MaxPolicyLogs + 1 {
		_, vkey, err := GenerateKey(strings.NewReader(fmt.Sprintf("%032d", i)), aurelia)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&logs, "log %s\n", vkey)
	}
	for i := range MaxPolicyGroups {
		fmt.Fprintf(&groups, "group g%d any %s\n", i, map[bool]string{true: "A", false: fmt.Sprintf("g%d", i-1)}[i == 0])
	}
	for name, text := range map[string]string{
		"empty":                        "",
		"no quorum":                    w,
		"two quorums":                  w + "quorum A\nquorum B\n",
		"unknown quorum":               w + "quorum C\n",
		"quorum before its definition": "quorum A\n" + w,
		"unknown keyword":              w + "signer A\nquorum A\n",
		"a value too many":             w + "quorum A B\n",
		"witness without key":          "witness A\nquorum none\n",
		"witness named none":           "witness none " + k[0] + "\nquorum none\n",
		"name twice":                   "witness A " + k[0] + "\nwitness A " + k[1] + "\nquorum A\n",
		"witness twice":                "witness A " + k[0] + "\nwitness B " + k[0] + "\nquorum A\n",
		"witness twice, renamed":       "witness A " + k[0] + "\nwitness B " + renamed + "\nquorum A\n",
		"log twice":                    "log " + log + "\nlog " + log + "\nquorum none\n",
		"log with a witness's key":     "log " + k[0] + "\nquorum none\n",
		"witness with a log's key":     "witness A " + log + "\nquorum A\n",
		"unknown member":               w + "group g any C\nquorum g\n",
		"member none":                  w + "group g any none\nquorum g\n",
		"member of itself":             w + "group g any g\nquorum g\n",
		"member twice":                 w + "group g 2 A A\nquorum g\n",
		"member of two groups":         w + "group g any A B\ngroup h any A\nquorum h\n",
		"group without members":        w + "group g any\nquorum g\n",
		"threshold zero":               w + "group g 0 A B\nquorum g\n",
		"threshold too great":          w + "group g 3 A B\nquorum g\n",
		"threshold with zeroes":        w + "group g 02 A B\nquorum g\n",
		"group named as a witness":     w + "group A any B\nquorum A\n",
		"no last line end":             w + "quorum A",
		"carriage returns":             w + "quorum A\r\n",
		"DEL":                          "# \x7f\n" + w + "quorum A\n",
		"comment behind a value":       w + "quorum A # all of us\n",
		"too many logs":                logs.String() + "quorum none\n",
		"too many groups":              w + groups.String() + "group last any B\nquorum last\n",
		"too long":                     w + "quorum A\n" + strings.Repeat("#", MaxPolicy) + "\n",
	} {
		if _, err := ParsePolicy([]byte(text)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	// The widest that is allowed, and names beyond ASCII.
	if _, err := ParsePolicy([]byte(w + groups.String() + "quorum g255\n")); err != nil {
		t.Errorf("%d groups: %v", MaxPolicyGroups, err)
	}
	if _, err := ParsePolicy([]byte("witness \u212a\u3000 " + k[0] + "\nquorum \u212a\u3000\n")); err != nil {
		t.Errorf("a name of opaque octets: %v", err)
	}
}
