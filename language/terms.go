// SPDX-License-Identifier: Apache-2.0

package language

import "rogatory"

// term returns the words for an identifier, or the identifier itself where there are none: another State's
// rules may be newer than ours.
func (l *Locale) term(group, id string) string {
	if t, ok := l.text(group + "." + id); ok && t.forms == nil {
		return t.plain
	}
	return l.Isolate(id)
}

// State returns the short name of a State or organisation as the United Nations writes it in the language,
// or the code of one that we do not know.
func (l *Locale) State(code rogatory.StateCode) string { return l.term("state", string(code)) }

// Language returns the name of a language, by its BCP 47 tag.
func (l *Locale) Language(tag string) string { return l.term("language", tag) }

// Kind returns the title of a kind of request.
func (l *Locale) Kind(id rogatory.RequestKind) string { return l.term("kind", string(id)) }

// Part returns the title of a part of a kind.
func (l *Locale) Part(kind rogatory.RequestKind, id string) string {
	return l.term("part", string(kind)+"."+id)
}

// Marking returns what stands on everything that a kind brings; only kinds with a marking have one.
func (l *Locale) Marking(id rogatory.RequestKind) string { return l.term("marking", string(id)) }

// Duty returns how far the Convention obliges the requested State, by a treaty.Duty.
func (l *Locale) Duty(id string) string { return l.term("duty", id) }

// Act returns what an officer does, as a button says it: "Refuse".
func (l *Locale) Act(a rogatory.Act) string { return l.term("act", string(a)) }

// Done returns what was done by an act, as a timeline says it: "Request refused".
func (l *Locale) Done(a rogatory.Act) string { return l.term("done", string(a)) }

// RequestState returns where a request stands.
func (l *Locale) RequestState(s rogatory.State) string { return l.term("request_state", string(s)) }

// Role returns the role of a person (rogatory.OfficerRole) or of an authority (rogatory.Role).
func (l *Locale) Role(r string) string { return l.term("role", r) }

// Side returns the part that a State plays in a request.
func (l *Locale) Side(s rogatory.Side) string { return l.term("side", string(s)) }

// Mode returns whether a node is live or in exercise.
func (l *Locale) Mode(m rogatory.Mode) string { return l.term("mode", string(m)) }

// Basis returns the legal basis of a request.
func (l *Locale) Basis(b rogatory.LegalBasis) string { return l.term("legal_basis", string(b)) }

// ConsentUse returns what a consent is asked for.
func (l *Locale) ConsentUse(u rogatory.ConsentUse) string { return l.term("consent_use", string(u)) }

// Ground returns the text of a ground for refusal or postponement.
func (l *Locale) Ground(id rogatory.Ground) string { return l.term("ground", string(id)) }

// Never returns the text of a reason that the Convention forbids as a ground.
func (l *Locale) Never(id rogatory.Ground) string { return l.term("never", string(id)) }

// Outcome returns how an executed or refused request ended.
func (l *Locale) Outcome(id rogatory.Outcome) string { return l.term("outcome", string(id)) }

// Field returns the label of a field.
func (l *Locale) Field(id string) string { return l.term("field", id) }

// Hint returns one sentence of help for a field.
func (l *Locale) Hint(id string) string { return l.term("hint", id) }

// Choice returns one of the values that a field offers.
func (l *Locale) Choice(field, value string) string { return l.term("choice", field+"."+value) }

// Example returns what a request of the kind may say in a field, and false for what is written in the same way in
// every language: a choice, and a period. Identifiers, addresses and times within it are invariant.
func (l *Locale) Example(kind rogatory.RequestKind, field string) (string, bool) {
	for _, key := range []string{"example." + string(kind) + "." + field, "example." + field} {
		if words, ok := l.Known(key); ok {
			return words, true
		}
	}
	return "", false
}

// Channel returns the name of a channel other than the network.
func (l *Locale) Channel(c rogatory.Channel) string { return l.term("channel", string(c)) }

// Offence returns the title of an offence, by its article, "7" to "17".
func (l *Locale) Offence(article string) string { return l.term("offence", article) }

// EntryType returns what a journal entry records.
func (l *Locale) EntryType(t rogatory.EntryType) string { return l.term("entry", string(t)) }

// DeadlineName returns what is due at a deadline, by the name of its clock.
func (l *Locale) DeadlineName(name string) string { return l.term("deadline", name) }

// DeadlineState returns whether a deadline is running, met, passed or stopped.
func (l *Locale) DeadlineState(state string) string { return l.term("deadline_state", state) }

// Fault returns in one sentence or two what an error means and what to do, by its code and, where that has no
// words of its own, by its kind. It tells less than the error itself, whose message has the values and is English.
func (l *Locale) Fault(e *rogatory.Error) string {
	for _, key := range []string{"fault." + e.Code, "fault.kind." + string(e.Kind)} {
		if t, ok := l.text(key); ok && t.forms == nil {
			return t.plain
		}
	}
	return ""
}

// Finding returns what the review of a request found, by its code; field is its label. See Fault.
func (l *Locale) Finding(code, field string) string {
	key := "finding." + code
	if t, ok := l.text(key); !ok || t.forms != nil {
		key = "finding.other"
	}
	return l.T(key, "field", field)
}
