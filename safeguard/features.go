// SPDX-License-Identifier: Apache-2.0

package safeguard

import (
	_ "embed"
	"fmt"

	"rogatory/datafile"
)

//go:embed data/features.json
var featuresFile []byte

// Built says how far something that critics of the Convention ask for has come.
type Built string

// The states of a feature.
const (
	InOffice Built = "office" // it happens in the office
	AsRule   Built = "rule"   // decided and tested here; the office does not ask for it yet
	Partly   Built = "partly" // with what is missing
	NotBuilt Built = "no"     // with the reason
)

// Feature is one thing that critics of the Convention ask of software like this.
type Feature struct {
	Number int      `json:"number"`
	Asked  string   `json:"asked"`
	By     string   `json:"by"`
	State  Built    `json:"state"`
	Where  []string `json:"where,omitempty"` // files and folders of this repository; after # the name of a test
	Note   string   `json:"note,omitempty"`  // what is missing, or why not
}

var featureFiles = datafile.Form{Code: "features_invalid", Hint: "mend that line", Size: 64 << 10, Items: 100}

// Features returns the list that came with this program, in the order of those who asked.
func Features() []Feature {
	var all []Feature
	if err := datafile.Items(featureFiles, "features.json", featuresFile, func(f Feature) error {
		switch {
		case f.Number != len(all)+1:
			return fmt.Errorf("feature %d stands where %d is expected", f.Number, len(all)+1)
		case f.Asked == "" || f.By == "":
			return fmt.Errorf("feature %d does not say what is asked for, or by whom", f.Number)
		case f.State != InOffice && f.State != AsRule && f.State != Partly && f.State != NotBuilt:
			return fmt.Errorf("feature %d: %.20q is no state", f.Number, f.State)
		case f.State != NotBuilt && len(f.Where) == 0:
			return fmt.Errorf("feature %d does not say where", f.Number)
		case (f.State == Partly || f.State == NotBuilt) && f.Note == "":
			return fmt.Errorf("feature %d does not say why not", f.Number)
		}
		all = append(all, f)
		return nil
	}); err != nil {
		panic("the embedded list does not load: " + err.Error()) // a test reads it
	}
	return all
}
