// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"

	"rogatory"
	"rogatory/transparency"
)

// The list of digests is fetched whole by whoever verifies, so that a look-up tells nobody what is looked for. It
// stays small: two lines for each week, some 40 kB for ten years.

// published is a file of this door that never changes.
type published struct {
	SHA256  string `json:"sha256"`
	Name    string `json:"name"`
	Address string `json:"address"`
	Proof   string `json:"proof,omitempty"` // address of the proof from the journal
}

type digests struct {
	Version int         `json:"rogatory_digests"`
	Digests []published `json:"digests"`
}

// maxCSV bounds of how many reports the CSV is listed too: two years.
const maxCSV = 104

// documents are the files that this door was lent, by digest.
func (s *server) documents(ctx context.Context) (map[string][]byte, error) {
	all := map[string][]byte{}
	if s.Drills != nil {
		drills, err := s.Drills(ctx)
		if err != nil {
			return nil, err
		}
		for _, d := range drills[:min(len(drills), maxDrills)] {
			all[strings.TrimPrefix(fileAddress(d.Signed, "json"), Prefix+"files/")] = d.Signed
		}
	}
	if s.Safeguards != nil {
		set, err := s.Safeguards(ctx)
		if err != nil {
			return nil, err
		}
		if len(set.Document) > 0 {
			all[strings.TrimPrefix(fileAddress(set.Document, "txt"), Prefix+"files/")] = set.Document
		}
	}
	return all, nil
}

func fileAddress(data []byte, ext string) string {
	return Prefix + "files/" + rogatory.DigestOf(data).String() + "." + ext
}

func (s *server) document(w http.ResponseWriter, r *http.Request, name string) {
	all, err := s.documents(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	data, ok := all[name]
	if !ok {
		s.fail(w, r, notFound("there is no such file"))
		return
	}
	kind := "text/plain; charset=utf-8"
	if strings.HasSuffix(name, ".json") {
		kind = "application/json"
	}
	send(w, r, http.StatusOK, kind, reportKept, data)
}

func (s *server) digests(ctx context.Context) ([]published, error) {
	list, err := s.reports(ctx)
	if err != nil {
		return nil, err
	}
	all := []published{}
	for i, l := range list.Reports {
		base := Prefix + "reports/" + string(l.Period)
		all = append(all, published{l.Digest.String(), string(l.Period) + ".json", base + ".json", base + ".proof"})
		if i >= maxCSV {
			continue
		}
		csv, err := s.csvDigest(ctx, l)
		if err != nil {
			return nil, err
		}
		all = append(all, published{csv.String(), string(l.Period) + ".csv", base + ".csv", base + ".proof"})
	}
	files, err := s.documents(ctx)
	if err != nil {
		return nil, err
	}
	for name, data := range files {
		all = append(all, published{rogatory.DigestOf(data).String(), name, Prefix + "files/" + name, ""})
	}
	return all, nil
}

func (s *server) csvDigest(ctx context.Context, l transparency.Listed) (rogatory.Digest, error) {
	if known, ok := s.csv.Load(l.Digest); ok {
		return known.(rogatory.Digest), nil
	}
	data, _, err := s.Report(ctx, l.Period)
	if err != nil {
		return rogatory.Digest{}, err
	}
	report, err := transparency.Parse(data)
	if err != nil {
		return rogatory.Digest{}, rogatory.Fault(rogatory.Damaged, "report_damaged", "read the stored report of %s: %w", l.Period, err)
	}
	d := rogatory.DigestOf(report.CSV())
	s.csv.Store(l.Digest, d)
	return d, nil
}

func (s *server) digestList(w http.ResponseWriter, r *http.Request) {
	all, err := s.digests(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	data, err := json.Marshal(digests{1, all})
	if err != nil {
		s.fail(w, r, err)
		return
	}
	send(w, r, http.StatusOK, "application/json", pageKept, data)
}

type verifyView struct {
	Typed string
	Wrong bool
	Asked bool
	Whole bool // a whole hash was sent
	Found []published
}

// asked is how much of a hash the page without scripts sends: enough to find what was published, and too little to say
// which file somebody has. With scripts nothing is sent at all. A whole hash from a reader that knows no such limit is
// answered too: it was sent already, and is not shown or kept again.
const asked = 8

// typed is a hash or its beginning, as sha256sum writes it.
var typed = regexp.MustCompile(`^[0-9a-f]{4,64}$`)

func (s *server) verify(v *visit) error {
	var view verifyView
	if q, _, _ := strings.Cut(strings.TrimSpace(v.r.URL.Query().Get("h")), " "); q != "" {
		q = strings.ToLower(q)
		view.Asked, view.Wrong = true, !typed.MatchString(q)
		if !view.Wrong {
			view.Typed, view.Whole = q[:min(len(q), asked)], len(q) == 2*len(rogatory.Digest{})
			all, err := s.digests(v.ctx)
			if err != nil {
				return err
			}
			for _, d := range all {
				if strings.HasPrefix(d.SHA256, q) {
					view.Found = append(view.Found, d)
				}
			}
		}
	}
	return s.show(v, http.StatusOK, "verify", v.T("portal.verify"), view)
}
