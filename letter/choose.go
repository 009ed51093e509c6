// SPDX-License-Identifier: Apache-2.0

package letter

import (
	"slices"

	"rogatory"
	"rogatory/language"
)

// Paper names a kind of document.
type Paper string

// The papers.
const (
	RequestPaper      Paper = "request"
	RefusalPaper      Paper = "refusal"
	PreservationPaper Paper = "preservation"
	CustodyPaper      Paper = "custody"
	DeletionPaper     Paper = "deletion"
)

// Spoken is a message of a request, with the digest of its signature file and its entry in our journal.
type Spoken struct {
	Message rogatory.Message
	Digest  rogatory.Digest
	Entry   int64
}

// Papers lists the papers that a request has so far, besides the certificates of custody of its exhibits.
func Papers(spoken []Spoken) []Paper {
	all := []Paper{RequestPaper}
	if _, ok := last(spoken, rogatory.Refuse); ok {
		all = append(all, RefusalPaper)
	}
	if _, ok := preserved(spoken); ok {
		all = append(all, PreservationPaper)
	}
	return all
}

// Of makes a paper of a request from what both States said, in the order of the journal. A request that was not
// sent is a draft. The error is NotFound where nothing was refused, or preserved.
func Of(paper Paper, f Facts, spoken []Spoken, ls ...*language.Locale) (Document, error) {
	switch paper {
	case RequestPaper:
		if m, ok := last(spoken, rogatory.Send); ok {
			f.Message = m.facts(f.Request.Language)
		}
		return Request(f, ls...), nil
	case RefusalPaper:
		m, ok := last(spoken, rogatory.Refuse)
		if !ok || m.Message.Body.Verdict == nil {
			return Document{}, missing("%s was not refused", f.ID)
		}
		f.Message = m.facts(m.Message.Body.Language)
		return Refusal(f, *m.Message.Body.Verdict, ls...), nil
	case PreservationPaper:
		m, ok := preserved(spoken)
		if !ok {
			return Document{}, missing("no data are stated as preserved on %s", f.ID)
		}
		f.Message = m.facts(m.Message.Body.Language)
		return Preservation(f, term(spoken), ls...), nil
	}
	return Document{}, rogatory.Fault(rogatory.Invalid, "paper_unknown", "there is no paper %.20q of a request", string(paper)).
		WithHint("request, refusal, preservation; custody and deletion are those of an exhibit")
}

func missing(format string, args ...any) error {
	return rogatory.Fault(rogatory.NotFound, "paper_missing", format, args...).WithHint("the letter of the request itself is there")
}

func (s Spoken) facts(tag string) Message {
	return Message{Sent: s.Message.Sent, By: s.Message.By, Approved: s.Message.ApprovedBy, Digest: s.Digest, Language: tag}
}

func last(spoken []Spoken, acts ...rogatory.Act) (Spoken, bool) {
	for _, s := range slices.Backward(spoken) {
		if slices.Contains(acts, s.Message.Act) {
			return s, true
		}
	}
	return Spoken{}, false
}

// preserved returns the last message that says until when data are preserved.
func preserved(spoken []Spoken) (Spoken, bool) {
	for _, s := range slices.Backward(spoken) {
		if p := s.Message.Body.Preservation; p != nil && (s.Message.Act == rogatory.Preserve || s.Message.Act == rogatory.Extend) {
			return s, true
		}
	}
	return Spoken{}, false
}

// term is what all messages together say of a preservation: the first beginning, the last end and items.
func term(spoken []Spoken) rogatory.Preservation {
	var all rogatory.Preservation
	for _, s := range spoken {
		p := s.Message.Body.Preservation
		if p == nil || s.Message.Act != rogatory.Preserve && s.Message.Act != rogatory.Extend {
			continue
		}
		if all.Since == 0 {
			all.Since = p.Since
		}
		if p.Until != 0 {
			all.Until = p.Until
		}
		if len(p.Items) > 0 {
			all.Items = p.Items
		}
	}
	return all
}

// DeletionOf finds the message by which a State certified that it deleted an exhibit.
func DeletionOf(id rogatory.ExhibitID, by rogatory.StateCode, spoken []Spoken) (Spoken, bool) {
	for _, s := range slices.Backward(spoken) {
		if m := s.Message; m.Act == rogatory.CertifyDeletion && m.Body.ExhibitID == id && m.From.State == by {
			return s, true
		}
	}
	return Spoken{}, false
}

// EventsOf picks what is about an exhibit out of the entries of its request, in the order given. Messages are
// about it where they offer, take, or speak of it.
func EventsOf(id rogatory.ExhibitID, entries []Event, spoken []Spoken) []Event {
	said := map[int64]bool{}
	for _, s := range spoken {
		if b := s.Message.Body; b.ExhibitID == id || b.Exhibit != nil && b.Exhibit.ID == id {
			said[s.Entry] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(entries), func(e Event) bool {
		return !said[e.Index] && e.Entry.Name != string(id) && (e.Entry.Exhibit == nil || e.Entry.Exhibit.ID != id)
	})
}

// MaxEvents bounds the entries that a certificate of custody lists: some six hundred pages.
const MaxEvents = 20_000
