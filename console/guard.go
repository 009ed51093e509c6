// SPDX-License-Identifier: Apache-2.0

package console

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"rogatory"
)

// This file guards accounts. A session is worth something in the browser and at the address where it began, and nowhere else;
// a passkey of today decides nothing alone. The connection below cannot be bound to: the console stands behind a proxy that
// ends TLS. Whoever controls the person's own browser is not kept out by any of this, but by a second person.

func (s *server) guardRoutes(mux *http.ServeMux) {
	s.page(mux, "POST people/{name}/vouch", (*server).vouched)
}

// placeOf is what of a call stays the same as long as a session does: the browser, and the network that the proxy next to
// us says. Client hints are left out, since browsers do not send them with every call. Somebody on the machine itself could say another address, and gains nothing by it.
func placeOf(r *http.Request) string {
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	text := strings.Join([]string{r.UserAgent(), networkOf(strings.TrimSpace(hops[len(hops)-1]))}, "\x00")
	return rogatory.DigestOf([]byte(text)).String()
}

// homeBits are those of an IPv6 address that name one home or office: a machine changes the others as it likes, each day or
// with each connection (RFC 8981).
const homeBits = 64

// networkOf is an address, or of IPv6 the network in which its machine changes addresses by itself. Some proxies write a port
// behind it, which changes with each connection.
func networkOf(hop string) string {
	if host, _, err := net.SplitHostPort(hop); err == nil {
		hop = host
	}
	at, err := netip.ParseAddr(strings.Trim(hop, "[]"))
	if err != nil {
		return hop
	}
	if at = at.Unmap().WithZone(""); at.Is4() {
		return at.String()
	}
	return netip.PrefixFrom(at, homeBits).Masked().String()
}

// elsewhere ends a session whose cookie comes from another browser or network than it began in, and reports whether it did.
// The person signs in again; what was typed is kept as when a session runs out.
func (s *server) elsewhere(v *visit, name string) bool {
	if s.sessions.GetString(v.ctx, sessionPlace) == placeOf(v.r) {
		return false
	}
	s.end(v, name, "a session was shown from another browser or address, and ended")
	return true
}

func (s *server) end(v *visit, name, why string) {
	s.Log.Warn(why, "person", name)
	if err := s.sessions.Destroy(v.ctx); err != nil {
		s.Log.Error("console session", "err", err)
	}
}

// What begins the credential of whoever came that way.
const (
	passkeyCredential  = "passkey:"
	ministryCredential = "ministry:"
	demoCredential     = "demo:"
)

// opens reports whether what was shown at the door still opens it: the passkey may have been taken away since, the ministry's
// sign-in given to somebody else, and a person of the same name be somebody new.
func (s *server) opens(ctx context.Context, name, credential string) (bool, error) {
	if id, ok := strings.CutPrefix(credential, passkeyCredential); ok {
		_, held, err := s.passkeyOf(name, id)
		return held, err
	}
	if login, ok := strings.CutPrefix(credential, ministryCredential); ok && s.Ministry != nil {
		is, err := s.Ministry.Person(ctx, login)
		if rogatory.KindOf(err) == rogatory.NotFound {
			return false, nil
		}
		return err == nil && is == name, err
	}
	return strings.HasPrefix(credential, demoCredential) && s.demo(), nil
}

// passkeyOf finds a passkey of a person by its ID in base64url.
func (s *server) passkeyOf(name, id string) (Passkey, bool, error) {
	raw, err := base64.RawURLEncoding.DecodeString(id)
	if err != nil {
		return Passkey{}, false, nil
	}
	all, err := s.Keys.Passkeys(name)
	i := slices.IndexFunc(all, func(k Passkey) bool { return bytes.Equal(k.ID, raw) })
	if err != nil || i < 0 {
		return Passkey{}, false, err
	}
	return all[i], true, nil
}

// settled refuses who came with a passkey that is too new to decide with, in a live office ("passkey_new").
func (v *visit) settled() error {
	id, passkey := strings.CutPrefix(v.by.Credential, passkeyCredential)
	if !passkey || v.s.Office.Mode != rogatory.Live {
		return nil
	}
	k, held, err := v.s.passkeyOf(v.by.Name, id)
	if err != nil {
		return err
	}
	if !held {
		return rogatory.Fault(rogatory.Denied, "passkey_not_held", "the passkey of this session is not kept any more").WithHint("sign in again")
	}
	if ready := k.ready(); v.now < ready {
		return rogatory.Fault(rogatory.Denied, "passkey_new", "this passkey is new and decides nothing before %s", ready).WithHint("a colleague who knows that it is yours vouches for it on the page of people")
	}
	return nil
}

// mayVouch reports whether a person of a role may: who works on cases, and not who gives out links.
func mayVouch(role rogatory.OfficerRole) bool {
	return role == rogatory.DutyOfficer || role == rogatory.Decider || role == rogatory.Custodian
}

// anySettled reports whether somebody may vouch whose passkey is not new.
func (s *server) anySettled(v *visit) (bool, error) {
	people, err := s.People(v.ctx)
	if err != nil {
		return false, err
	}
	for _, p := range people {
		if !mayVouch(p.Role) {
			continue
		}
		all, err := s.Keys.Passkeys(p.Name)
		if err != nil {
			return false, err
		}
		if slices.ContainsFunc(all, func(k Passkey) bool { return v.now >= k.ready() }) {
			return true, nil
		}
	}
	return false, nil
}

// vouched takes the word of a colleague. One whose own passkey is new may give it only where nobody can decide yet who might
// give it, as on an office's first day: else two people with two stolen links would vouch for each other.
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
	if err := v.settled(); err != nil {
		if others, asked := s.anySettled(v); asked != nil || others {
			return errors.Join(err, asked)
		}
	}
	seen, err := strconv.ParseInt(v.r.PostFormValue("seen"), 10, 64)
	if err != nil {
		return rogatory.Fault(rogatory.Invalid, "form_unread", "the form says %.40q of the passkeys of %s", v.r.PostFormValue("seen"), name)
	}
	if err := s.Keys.Vouch(v.ctx, v.by, name, rogatory.Instant(seen)); err != nil {
		return err
	}
	v.say("guard.vouched", "name", name)
	return v.to("people")
}
