// SPDX-License-Identifier: Apache-2.0

package console

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"

	"rogatory"
)

// This file guards accounts. A session is worth something in the browser and at the address where it began, and nowhere else;
// a passkey of today decides nothing alone. The connection below cannot be bound to: the console stands behind a proxy that
// ends TLS. Whoever controls the person's own browser is not kept out by any of this, but by a second person.

func (s *server) guardRoutes(mux *http.ServeMux) {
	s.page(mux, "POST people/{name}/vouch", (*server).vouched)
}

// placeOf is what of a call stays the same as long as a session does: the browser, and the address that the proxy next to
// us says. Client hints are left out, since browsers do not send them with every call. Somebody on the machine itself could say another address, and gains nothing by it.
func placeOf(r *http.Request) string {
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	text := strings.Join([]string{r.UserAgent(), strings.TrimSpace(hops[len(hops)-1])}, "\x00")
	return rogatory.DigestOf([]byte(text)).String()
}

// elsewhere ends a session whose cookie comes from another browser or address than it began in, and reports whether it did.
// The person signs in again; what was typed is kept as when a session runs out.
func (s *server) elsewhere(v *visit, name string) bool {
	if s.sessions.GetString(v.ctx, sessionPlace) == placeOf(v.r) {
		return false
	}
	s.Log.Warn("a session was shown from another browser or address, and ended", "person", name)
	if err := s.sessions.Destroy(v.ctx); err != nil {
		s.Log.Error("console session", "err", err)
	}
	return true
}

// settled refuses who came with a passkey that is too new to decide with, in a live office ("passkey_new").
func (v *visit) settled() error {
	id, passkey := strings.CutPrefix(v.by.Credential, passkeyCredential)
	if !passkey || v.s.Office.Mode != rogatory.Live {
		return nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(id)
	if err != nil {
		return err
	}
	all, err := v.s.Keys.Passkeys(v.by.Name)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(k Passkey) bool { return bytes.Equal(k.ID, raw) })
	if i < 0 {
		return rogatory.Fault(rogatory.Denied, "passkey_not_held", "the passkey of this session is not kept any more").WithHint("sign in again")
	}
	if ready := all[i].ready(); v.now < ready {
		return rogatory.Fault(rogatory.Denied, "passkey_new", "this passkey is new and decides nothing before %s", ready).WithHint("a colleague who knows that it is yours vouches for it on the page of people")
	}
	return nil
}

// mayVouch reports whether a person of a role may: who works on cases, and not who gives out links.
func mayVouch(role rogatory.OfficerRole) bool {
	return role == rogatory.DutyOfficer || role == rogatory.Decider || role == rogatory.Custodian
}

// vouched takes the word of a colleague. A colleague whose own passkey is as new may give it: on an office's first day all are.
func (s *server) vouched(v *visit) error {
	if ok, err := v.proven(); err != nil || !ok {
		return err
	}
	name := v.r.PathValue("name")
	if !mayVouch(v.by.Role) {
		return rogatory.Fault(rogatory.Denied, "role_not_allowed", "%s in the role %s may not vouch for a passkey", v.by.Name, v.by.Role)
	}
	if name == v.by.Name {
		return rogatory.Fault(rogatory.Denied, "second_person_needed", "nobody vouches for their own passkey")
	}
	if err := s.Keys.Vouch(v.ctx, v.by, name); err != nil {
		return err
	}
	v.say("guard.vouched", "name", name)
	return v.to("people")
}
