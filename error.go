// SPDX-License-Identifier: Apache-2.0

package rogatory

import (
	"errors"
	"fmt"
)

// Kind says what the caller can do about an error. The list is closed: kinds are added, never
// reordered or reused, because they cross borders.
type Kind string

// The kinds. The comment of each says what to do.
const (
	Invalid      Kind = "invalid"       // mend what was sent; trying again as it is cannot help
	NotFound     Kind = "not_found"     // nothing by that name, or not for this caller to see
	Conflict     Kind = "conflict"      // the state of things moved on; look again, then decide
	Denied       Kind = "denied"        // this person or party may not do this
	Untrusted    Kind = "untrusted"     // a signature, key, digest or directory does not hold
	Stale        Kind = "stale"         // too old or expired; obtain the present version
	Busy         Kind = "busy"          // over a quota or a limit; try again after the time given
	Unavailable  Kind = "unavailable"   // a peer, disk or service does not answer; try again later
	Damaged      Kind = "damaged"       // stored data does not match its digest; run fsck, restore
	ModeMismatch Kind = "mode_mismatch" // exercise and live traffic never mix
	Internal     Kind = "internal"      // a defect or an unforeseen failure; the operator's log says more
)

// Error is an error that someone can act on.
//
// Code is stable and finer than Kind, such as "wrong_addressee"; Message is for people: lower
// case, no full stop, with the value that was attempted. Err is the cause, for the operator's log
// and for errors.Is; it is never shown to a foreign peer.
type Error struct {
	Kind    Kind
	Code    string
	Message string
	Hint    string // what to do next, where that is known
	Err     error
}

// Error returns the message and the cause.
func (e *Error) Error() string {
	if e.Err == nil {
		return e.Message
	}
	return e.Message + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Fault makes an error of a kind with a stable code. A final %w is kept as the cause.
func Fault(kind Kind, code, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	cause := errors.Unwrap(err)
	message := err.Error()
	if cause != nil {
		if tail := ": " + cause.Error(); len(message) > len(tail) && message[len(message)-len(tail):] == tail {
			message = message[:len(message)-len(tail)]
		}
	}
	return &Error{Kind: kind, Code: code, Message: message, Err: cause}
}

// WithHint returns the error with a sentence that says what to do next.
func (e *Error) WithHint(hint string) *Error {
	e.Hint = hint
	return e
}

// KindOf returns the kind of err: Internal for an error that is not ours, empty for nil.
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// CodeOf returns the stable code of err, "internal" for an error that is not ours.
func CodeOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return "internal"
}
