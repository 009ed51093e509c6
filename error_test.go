// SPDX-License-Identifier: Apache-2.0

package rogatory

import (
	"errors"
	"fmt"
	"io"
	"testing"
)

func TestFaultKeepsCauseApartFromMessage(t *testing.T) {
	err := Fault(Unavailable, "peer_silent", "deliver to %s: %w", "XB", io.ErrUnexpectedEOF)
	if err.Message != "deliver to XB" || err.Error() != "deliver to XB: unexpected EOF" {
		t.Errorf("message %q, error %q", err.Message, err)
	}
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error("the cause is lost")
	}
	plain := Fault(Invalid, "title_missing", "the title is missing").WithHint("give one")
	if plain.Error() != "the title is missing" || plain.Hint != "give one" || plain.Unwrap() != nil {
		t.Errorf("%+v", plain)
	}
}

func TestKindAndCodeSurviveWrapping(t *testing.T) {
	inner := Fault(Denied, "role_not_allowed", "no")
	for what, c := range map[string]struct {
		err  error
		kind Kind
		code string
	}{
		"ours":                {inner, Denied, "role_not_allowed"},
		"ours, wrapped":       {fmt.Errorf("while sending: %w", inner), Denied, "role_not_allowed"},
		"ours within ours":    {Fault(Damaged, "view_damaged", "read: %w", inner), Damaged, "view_damaged"},
		"joined with another": {errors.Join(io.EOF, inner), Denied, "role_not_allowed"},
		"not ours":            {io.EOF, Internal, "internal"},
	} {
		if KindOf(c.err) != c.kind || CodeOf(c.err) != c.code {
			t.Errorf("%s: %s %s, want %s %s", what, KindOf(c.err), CodeOf(c.err), c.kind, c.code)
		}
	}
	if KindOf(nil) != "" {
		t.Errorf("no error is of kind %s", KindOf(nil))
	}
}
