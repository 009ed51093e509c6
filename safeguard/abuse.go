// SPDX-License-Identifier: Apache-2.0

package safeguard

import (
	_ "embed"
	"fmt"
	"regexp"

	"rogatory/datafile"
)

//go:embed data/abuse.json
var abuseFile []byte

// Abuse is one way in which the network, or an office of it, could be turned against people, with what stands against it.
type Abuse struct {
	ID     string   `json:"id"`    // AB-01 and so on
	Abuse  string   `json:"abuse"` // what somebody would do
	Answer string   `json:"answer"`
	Tests  []string `json:"tests"`           // package#TestABnn...; a test of the repository holds that they are there
	Limit  string   `json:"limit,omitempty"` // what is not prevented
	// Pending says that no test is named after the case yet, and why.
	Pending string `json:"pending,omitempty"`
}

var (
	abuseFiles = datafile.Form{Code: "abuse_invalid", Hint: "mend that line", Size: 64 << 10, Items: 100}
	abuseTest  = regexp.MustCompile(`^[a-z/-]+#Test[A-Za-z0-9]+$`)
)

// Abuses returns the register that came with this program, in its order.
func Abuses() []Abuse {
	all, err := readAbuses("abuse.json", abuseFile)
	if err != nil {
		panic("the embedded register does not load: " + err.Error()) // a test reads it
	}
	return all
}

// readAbuses reads a register. One that skips a case, or does not say what stands against it, is refused whole with the code
// "abuse_invalid".
func readAbuses(name string, text []byte) ([]Abuse, error) {
	var all []Abuse
	err := datafile.Items(abuseFiles, name, text, func(a Abuse) error {
		switch want := fmt.Sprintf("AB-%02d", len(all)+1); {
		case a.ID != want:
			return fmt.Errorf("%.20q stands where %s is expected", a.ID, want)
		case a.Abuse == "" || a.Answer == "":
			return fmt.Errorf("%s does not say what it is, or what stands against it", a.ID)
		case len(a.Tests) == 0 && a.Pending == "":
			return fmt.Errorf("%s names no test and does not say why", a.ID)
		}
		for _, t := range a.Tests {
			if !abuseTest.MatchString(t) {
				return fmt.Errorf("%s: %.80q names no test of a package", a.ID, t)
			}
		}
		all = append(all, a)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}
