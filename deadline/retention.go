// SPDX-License-Identifier: Apache-2.0

package deadline

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"rogatory"
)

// Period is an amount of time after an event.
type Period struct {
	Amount int  `json:"amount"`
	Unit   Unit `json:"unit"` // not hours
}

// String writes the period for people.
func (p Period) String() string {
	unit := strings.ReplaceAll(string(p.Unit), "_", " ")
	if p.Amount == 1 {
		unit = strings.TrimSuffix(unit, "s")
	}
	return fmt.Sprintf("%d %s", p.Amount, unit)
}

// RetentionRule says when something is looked at again, and when it is deleted.
type RetentionRule struct {
	ID       string          `json:"id"`
	Version  int             `json:"version"`
	What     string          `json:"what"`  // what is kept
	Sides    []rogatory.Side `json:"sides"` // who keeps it
	Title    string          `json:"title"`
	Basis    Basis           `json:"basis"`
	Article  string          `json:"article"`
	From     Event           `json:"from"`
	Review   Period          `json:"review"` // is it still needed
	Delete   Period          `json:"delete"` // it goes, unless a proceeding holds it
	Verified bool            `json:"verified"`
}

func (v RetentionRule) check() error {
	switch {
	case len(v.Sides) == 0 || v.What == "" || len(v.What) > MaxCertificateLine:
		return errors.New("what is kept, or by which sides, is missing or too long")
	case v.Basis == NationalRule:
		return errors.New("national rules of retention are not read yet")
	}
	for i, s := range v.Sides {
		if s != rogatory.RequestingSide && s != rogatory.RequestedSide || slices.Contains(v.Sides[:i], s) {
			return fmt.Errorf("side %.40q is unknown or there twice", s)
		}
	}
	if v.Review.Unit == Hours || v.Delete.Unit == Hours {
		return errors.New("retention is counted in days, working days or months")
	}
	if err := errors.Join(v.limit(v.Review).check(), v.limit(v.Delete).check()); err != nil {
		return err
	}
	if v.Review.Unit != v.Delete.Unit || v.Review.Amount > v.Delete.Amount {
		return errors.New("review and deletion are counted in one unit, and the review comes first")
	}
	return nil
}

// limit is the period as a rule that Compute reads.
func (v RetentionRule) limit(p Period) Rule {
	r := Rule{ID: v.ID, Version: v.Version, Title: v.Title, Basis: v.Basis, Article: v.Article, From: v.From, Direction: After,
		Amount: p.Amount, Unit: p.Unit, Whose: Holder, Falls: EndOfDay, IfNotWorking: Stay, Bound: Exact, Verified: v.Verified}
	if p.Unit != Months {
		r.FirstDay = NextDay
	}
	return r
}

// fitsRetention refuses a rule that is there already, or two of which both would apply.
func (r *Rules) fitsRetention(v RetentionRule) error {
	if len(r.retention) == MaxRules {
		return fmt.Errorf("more than %d retention rules", MaxRules)
	}
	for _, o := range r.retention {
		if o.ID == v.ID && o.Version == v.Version {
			return fmt.Errorf("version %d is there twice", v.Version)
		}
		if o.ID == v.ID || o.What != v.What {
			continue
		}
		for _, s := range v.Sides {
			if slices.Contains(o.Sides, s) {
				return fmt.Errorf("it overlaps with %q: both say when the %s State deletes %s", o.ID, s, v.What)
			}
		}
	}
	return nil
}

// Retention returns the newest version of a retention rule. The code of its error is rule_unknown.
func (r *Rules) Retention(id string) (RetentionRule, error) {
	var found RetentionRule
	var ids []string
	for _, v := range r.retention {
		if v.ID == id && v.Version > found.Version {
			found = v
		}
		if !slices.Contains(ids, v.ID) {
			ids = append(ids, v.ID)
		}
	}
	if found.ID == "" {
		return RetentionRule{}, rogatory.Fault(rogatory.NotFound, "rule_unknown", "no retention rule %.60q", id).
			WithHint("the retention rules are " + strings.Join(ids, ", "))
	}
	return found, nil
}

// AllRetention returns every retention rule in the file's order, older versions included.
func (r *Rules) AllRetention() []RetentionRule { return slices.Clone(r.retention) }

// Proceeding is a reason to keep something: a case, an appeal, a claim.
type Proceeding struct {
	Name  string           `json:"name"`
	Ended rogatory.Instant `json:"ended"` // zero while it is pending
}

// RetentionTerm says how long something is kept.
type RetentionTerm struct {
	Rule        string           `json:"rule"`
	Version     int              `json:"version"`
	What        string           `json:"what"`
	Review      Due              `json:"review"`
	Delete      Due              `json:"delete"`                 // by the rule alone
	DeleteAt    rogatory.Instant `json:"delete_at"`              // from when it may and must be deleted; not set while a proceeding holds it
	HeldBy      []string         `json:"held_by,omitempty"`      // pending proceedings
	ProlongedBy string           `json:"prolonged_by,omitempty"` // an ended proceeding that moved DeleteAt past the rule's date
}

// MaxProceedings bounds what can hold one thing.
const MaxProceedings = 1000

// Retention returns when something is reviewed and deleted that is kept since the event, by the
// calendar of the State that keeps it. A pending proceeding holds it: then no date of deletion is set.
// A proceeding that ended later than the rule's date moves the deletion to its end. Errors are those of
// Compute, and too_many_proceedings.
func Retention(rule RetentionRule, event rogatory.Instant, c Calendar, proceedings ...Proceeding) (RetentionTerm, error) {
	if err := rule.check(); err != nil {
		return RetentionTerm{}, rogatory.Fault(rogatory.Invalid, "rule_invalid", "retention rule %.60q: %w", rule.ID, err)
	}
	if len(proceedings) > MaxProceedings {
		return RetentionTerm{}, rogatory.Fault(rogatory.Invalid, "too_many_proceedings", "%d proceedings, at most %d are read", len(proceedings), MaxProceedings)
	}
	review, err := Compute(rule.limit(rule.Review), event, c)
	if err != nil {
		return RetentionTerm{}, err
	}
	remove, err := Compute(rule.limit(rule.Delete), event, c)
	if err != nil {
		return RetentionTerm{}, err
	}
	t := RetentionTerm{Rule: rule.ID, Version: rule.Version, What: rule.What, Review: review, Delete: remove, DeleteAt: remove.At}
	for _, p := range proceedings {
		switch {
		case p.Ended == 0:
			t.HeldBy = append(t.HeldBy, p.Name)
		case p.Ended > t.DeleteAt:
			t.DeleteAt, t.ProlongedBy = p.Ended, p.Name
		}
	}
	if len(t.HeldBy) > 0 {
		t.DeleteAt, t.ProlongedBy = 0, ""
	}
	return t, nil
}

// Certificate states that something was deleted. It names what was deleted by its digest, so that
// whoever kept the digest can match it; it contains nothing of the content.
type Certificate struct {
	What    string             `json:"what"` // kind and identifier
	Digest  rogatory.Digest    `json:"digest"`
	State   rogatory.StateCode `json:"state"`
	By      string             `json:"by"` // the person and office that deleted
	Rule    string             `json:"rule"`
	Version int                `json:"version"`
	Due     rogatory.Instant   `json:"due"` // from when it had to be deleted
	At      rogatory.Instant   `json:"at"`  // when it was deleted
}

// MaxCertificateLine bounds the texts of a certificate, in bytes: each is one line.
const MaxCertificateLine = 200

// Certify makes the certificate of a deletion under a term. A deletion while a proceeding holds the
// thing is refused with deletion_held, one before its time with deletion_early, and texts that are
// empty, too long or more than one line with certificate_invalid.
func Certify(t RetentionTerm, what string, digest rogatory.Digest, state rogatory.StateCode, by string, at rogatory.Instant) (Certificate, error) {
	switch {
	case len(t.HeldBy) > 0:
		return Certificate{}, rogatory.Fault(rogatory.Conflict, "deletion_held", "%.80q is held by %.80q", what, t.HeldBy[0])
	case at < t.DeleteAt || t.DeleteAt == 0:
		return Certificate{}, rogatory.Fault(rogatory.Conflict, "deletion_early", "%.80q is kept until %s, not only until %s", what, t.DeleteAt, at)
	case !state.Valid() || digest.IsZero() || t.Rule == "" || at > lastMoment:
		return Certificate{}, rogatory.Fault(rogatory.Invalid, "certificate_invalid", "certificate of %.80q: the digest, the State or the rule is missing", what)
	}
	for _, text := range []string{what, by} {
		if strings.TrimSpace(text) != text || text == "" || len(text) > MaxCertificateLine || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar }) {
			return Certificate{}, rogatory.Fault(rogatory.Invalid, "certificate_invalid", "certificate: %.80q is empty, too long or not one line of text", text)
		}
	}
	return Certificate{What: what, Digest: digest, State: state, By: by, Rule: t.Rule, Version: t.Version, Due: t.DeleteAt, At: at}, nil
}

// Text is the certificate in plain text, the same for the same certificate: what is signed and printed.
func (c Certificate) Text() string {
	return fmt.Sprintf(`CERTIFICATE OF DELETION

What:      %s
SHA-256:   %s
State:     %s
Deleted:   %s
Had to be: %s
Rule:      %s, version %d
By:        %s

Nothing of the content is kept. The digest is, so that a copy could be recognised.
`, c.What, c.Digest, c.State, c.At, c.Due, c.Rule, c.Version, c.By)
}
