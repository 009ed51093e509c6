// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"encoding/json"
	"slices"
	"strings"

	"rogatory"
	"rogatory/safeguard"
	"rogatory/store"
)

// This file keeps programs from doing what people are to do: neither a stolen token nor a script that somebody wrote is to
// send or to hand over in bulk.

// TokenCredential begins the credential of whoever came with a token, as programs do.
const TokenCredential = "token:"

// Decides reports whether only a decider may do an act: for these a person proves anew to be there.
func Decides(act rogatory.Act) bool {
	for _, t := range rogatory.Lifecycle() {
		if t.Act == act && slices.ContainsFunc(t.Roles, func(r rogatory.OfficerRole) bool { return r != rogatory.Decider && r != rogatory.TheNode }) {
			return false
		}
	}
	return true
}

// present refuses a token where a live office wants a person: a token proves that a program has it, and nothing of who sits
// there. In an exercise programs may play people.
func (o *Office) present(by rogatory.Actor, what string) error {
	if !o.programs(by.Credential) {
		return nil
	}
	return rogatory.Fault(rogatory.Denied, "presence_needed", "%s came with a token, and may not %s", by.Name, what).
		WithHint("a program may draft; a person sends, decides and hands over in the console, with a passkey")
}

// programs reports whether a credential is one behind which nobody has to sit: a token, in a live office.
func (o *Office) programs(credential string) bool {
	return o.Mode == rogatory.Live && strings.HasPrefix(credential, TokenCredential)
}

// presentFor is present for an act that only a decider may do and that the safeguards judge, and for keeping a request secret
// for longer, which puts off that people are told. What stops or refuses never waits.
func (o *Office) presentFor(by rogatory.Actor, act rogatory.Act, body rogatory.Body) error {
	_, secrecy := body.Details[rogatory.SecrecyUntil]
	if !secrecy && (!Decides(act) || !safeguard.Judges(act)) {
		return nil
	}
	return o.present(by, string(act))
}

// paceSetting begins the names of the settings in which it is kept when a person last sent requests.
const paceSetting = "pace."

// paced counts a request that by is about to send, and refuses one too many in the hour ("pace_reached"). Who works in the
// process itself came by no door and is not counted, nor is a program that plays a person of an exercise: a screen counts,
// and in a live office a token would.
func (o *Office) paced(tx *store.Tx, by rogatory.Actor, kind rogatory.RequestKind) error {
	if by.Credential == "" || strings.HasPrefix(by.Credential, TokenCredential) && !o.programs(by.Credential) {
		return nil
	}
	p := safeguard.PaceOf(safeguard.Paces(), kind)
	name := paceSetting + p.Name + "." + by.Name
	kept, found, err := tx.Setting(name)
	if err != nil {
		return err
	}
	var past []rogatory.Instant
	if found {
		if err := json.Unmarshal(kept, &past); err != nil {
			return rogatory.Fault(rogatory.Damaged, "setting_damaged", "read setting %s: %w", name, err)
		}
	}
	past, room := p.Take(past, o.now())
	if room != 0 {
		return rogatory.Fault(rogatory.Busy, "pace_reached", "%s sent %d requests within the hour, no more are sent before %s", by.Name, p.Hour, room).
			WithHint("a colleague may send, or wait: each request takes a person who reads it")
	}
	text, err := json.Marshal(past)
	if err != nil {
		return err
	}
	return tx.SetSetting(name, text)
}
