// SPDX-License-Identifier: Apache-2.0

package treaty

import (
	"cmp"
	"time"

	"rogatory"
)

// ExampleOf is what a request of the kind may say in a field.
func (r *Rules) ExampleOf(k Kind, field string) string {
	return cmp.Or(k.Examples[field], r.Fields[field].Example)
}

// exampleTerm is the time that an example asks for: within what the exercise States allow.
const exampleTerm = 7 * Day

// Example returns a request of the kind and part that lacks nothing when it is sent on that day: every
// required field says its example. With an empty part it is the kind's first. It returns Invalid for a
// kind or part that is not known.
func (r *Rules) Example(id rogatory.RequestKind, part string, on rogatory.Instant) (rogatory.Request, error) {
	k, err := r.Kind(id)
	if err != nil {
		return rogatory.Request{}, err
	}
	if part == "" && len(k.Parts) > 0 {
		part = k.Parts[0].ID
	}
	title := k.Title
	if p, ok := k.Part(part); ok {
		title = p.Title
	} else if part != "" {
		return rogatory.Request{}, rogatory.Fault(rogatory.Invalid, "part_unknown", "a %s request has no part %.40q", k.ID, part).WithHint("the parts are " + parts(k))
	}
	article := "7"
	switch {
	case len(k.Only) > 0:
		article = k.Only[len(k.Only)-1]
	case k.Payments != "":
		article = "13"
	}
	req := rogatory.Request{Kind: k.ID, Part: part, Title: "An example: " + title, Language: "en", Contents: map[string]string{}, Rules: r.Version,
		Offence: rogatory.Offence{Articles: []string{article}, Law: "Penal Code of Aurelia, section 205"}}
	required, _ := k.FieldsOf(part)
	for _, f := range append(required, k.RequiredFor[article]...) {
		req.Contents[f] = r.ExampleOf(k, f)
	}
	if k.Term == NeedRequired {
		req.Term = rogatory.Term{From: on.Add(time.Hour), To: on.Add(exampleTerm)}
	}
	if k.Payments == NeedRequired {
		req.Payments = []rogatory.Payment{
			{From: rogatory.Account{Number: "XA120000004411", Institution: "Bank of Aurelia"}, To: rogatory.Account{Number: "XB100000001234", Institution: "Bank of Borealia"},
				Amount: rogatory.Amount{Value: "12500.00", Code: "EUR"}, At: on.Add(-3 * time.Hour)},
			{From: rogatory.Account{Number: "XB100000001234", Institution: "Bank of Borealia"}, To: rogatory.Account{Number: "bc1qexample", Institution: "Borealia Exchange"},
				Amount: rogatory.Amount{Value: "0.14", Code: "BTC"}, At: on.Add(-2 * time.Hour)},
		}
	}
	if k.Fingerprints == NeedRequired {
		for _, what := range []string{"first recording (exercise)", "second recording (exercise)", "third recording (exercise)"} {
			req.Fingerprints = append(req.Fingerprints, rogatory.Fingerprint{Algorithm: "sha256", Value: rogatory.DigestOf([]byte(what)).String()})
		}
	}
	return req, nil
}
