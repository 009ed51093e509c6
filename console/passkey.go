// SPDX-License-Identifier: Apache-2.0

package console

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"rogatory"
)

// Keys keeps people's passkeys, and the one-time links by which they register one. A key is the public
// part of a passkey; it opens nothing by itself.
type Keys interface {
	// Passkeys lists those of a person.
	Passkeys(name string) ([]Passkey, error)
	// Keep adds a passkey to those of a person.
	Keep(name string, k Passkey) error
	// Used keeps what a passkey says of itself after it was used, such as its counter; NotFound "passkey_not_held" if it
	// was taken away meanwhile, and then it does not come back.
	Used(name string, k Passkey) error
	// Enrolment says whose link it is; NotFound "enrolment_unknown" if it is nobody's, or ran out.
	Enrolment(token string) (name string, err error)
	// Recoveries lists the wishes for a new link that are open.
	Recoveries(ctx context.Context) ([]Recovery, error)
	// AskRecovery asks for a new link for somebody else, who lost the passkey. It is journaled.
	AskRecovery(ctx context.Context, by rogatory.Actor, name, why string) error
	// GrantRecovery gives the link, if another person asked for it. The person's passkeys before are good for
	// nothing from then on, whatever becomes of the link.
	GrantRecovery(ctx context.Context, by rogatory.Actor, name string) (token string, err error)
	// Vouch says that the new passkeys of somebody else are that person's own: they need not wait. It is journaled. Seen is
	// when the newest was registered that the colleague was shown; Stale "page_stale" if that is not the newest any more.
	Vouch(ctx context.Context, by rogatory.Actor, name string, seen rogatory.Instant) error
	// EndEnrolment makes a link useless; NotFound "enrolment_unknown" if somebody did before.
	EndEnrolment(token string) error
}

// Recovery is a wish for a new link: one person asks, another gives.
type Recovery struct {
	Name string           `json:"name"` // who lost the passkey
	By   string           `json:"by"`
	At   rogatory.Instant `json:"at"`
	Why  string           `json:"why"`
}

// Passkey is one passkey of a person, for one name of this site.
type Passkey struct {
	ID   []byte          `json:"id"`
	Site string          `json:"site"` // the name that it was made for
	Data json.RawMessage `json:"data"` // as the library that checks it wants it
	// Since is when it was registered, and Vouched who said that it is the person's own. Keys kept them; a console does not
	// set them.
	Since   rogatory.Instant `json:"since,omitzero"`
	Vouched string           `json:"vouched,omitempty"`
}

// NewKeyWait is how long a passkey decides nothing after it was registered, unless a colleague vouches for it: whoever stole
// an enrolment link, or the cookie of an administrator, is found out by the person who cannot sign in the next morning.
const NewKeyWait = 24 * time.Hour

// ready is from when on a passkey decides.
func (k Passkey) ready() rogatory.Instant {
	if k.Since == 0 || k.Vouched != "" {
		return 0
	}
	return k.Since.Add(NewKeyWait)
}

// holder is a person as the library wants one.
type holder struct {
	name string
	keys []webauthn.Credential
}

func (h holder) WebAuthnID() []byte {
	sum := sha256.Sum256([]byte("rogatory person " + h.name))
	return sum[:]
}
func (h holder) WebAuthnName() string                       { return h.name }
func (h holder) WebAuthnDisplayName() string                { return h.name }
func (h holder) WebAuthnCredentials() []webauthn.Credential { return h.keys }

// rite is a ceremony under way, kept in the session.
type rite struct {
	Name  string               `json:"name"`
	Token string               `json:"token,omitempty"` // of an enrolment
	Begun rogatory.Instant     `json:"begun"`
	Data  webauthn.SessionData `json:"data"`
}

// riteLife is how long a ceremony may take: the device is looked for, a finger is dried.
const riteLife = 5 * time.Minute

// spent are the challenges that were answered within riteLife. The session forgets one as well, but a call of the same
// session that began before may write it back.
type spent struct {
	mu sync.Mutex
	at map[string]rogatory.Instant
}

// once reports whether it is the first time that this challenge is answered.
func (s *spent) once(challenge string, now rogatory.Instant) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.at == nil {
		s.at = map[string]rogatory.Instant{}
	}
	maps.DeleteFunc(s.at, func(_ string, at rogatory.Instant) bool { return now.Sub(at) > riteLife })
	_, again := s.at[challenge]
	s.at[challenge] = now
	return !again
}

// site returns the name under which browsers reach the console, and the library for it.
func (s *server) site(r *http.Request) (string, *webauthn.WebAuthn, error) {
	host, origins := r.Host, []string{"https://" + r.Host}
	if s.Origin != "" {
		u, err := url.Parse(s.Origin)
		if err != nil {
			return "", nil, err
		}
		host, origins = u.Host, []string{s.Origin}
	}
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	if name == "localhost" && s.Origin == "" {
		origins = append(origins, "http://"+r.Host)
	}
	if net.ParseIP(strings.Trim(name, "[]")) != nil {
		return "", nil, rogatory.Fault(rogatory.Invalid, "site_has_no_name", "passkeys need a name, and this page was opened at the address %s", name).
			WithHint("open it as localhost on this machine, or under the name of the office")
	}
	lib, err := webauthn.New(&webauthn.Config{RPID: name, RPDisplayName: "rogatory, " + s.Office.Us.String(), RPOrigins: origins,
		AuthenticatorSelection: protocol.AuthenticatorSelection{UserVerification: protocol.VerificationRequired, ResidentKey: protocol.ResidentKeyRequirementPreferred}})
	return name, lib, err
}

func (s *server) holder(name, site string) (holder, error) {
	h := holder{name: name}
	keys, err := s.Keys.Passkeys(name)
	if err != nil {
		return h, err
	}
	for _, k := range keys {
		var c webauthn.Credential
		if k.Site != site {
			continue
		}
		if err := json.Unmarshal(k.Data, &c); err != nil {
			return h, rogatory.Fault(rogatory.Damaged, "passkey_damaged", "read a passkey of %s: %w", name, err)
		}
		h.keys = append(h.keys, c)
	}
	return h, nil
}

// ask is what the script sends to begin.
type ask struct {
	Name  string `json:"name"`
	Token string `json:"token"`
}

func (v *visit) readAsk() (ask, error) {
	var a ask
	if err := json.NewDecoder(v.r.Body).Decode(&a); err != nil {
		return a, rogatory.Fault(rogatory.Invalid, "ask_invalid", "the question of the browser cannot be read: %w", err)
	}
	return a, nil
}

func (v *visit) answer(what any) error {
	v.w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(v.w).Encode(what)
}

func (s *server) keepRite(v *visit, r rite) error {
	r.Begun = v.now
	text, err := json.Marshal(r)
	s.sessions.Put(v.ctx, sessionRite, string(text))
	return err
}

func (s *server) popRite(v *visit) (rite, error) {
	var r rite
	text := s.sessions.PopString(v.ctx, sessionRite)
	if text == "" || json.Unmarshal([]byte(text), &r) != nil || v.now.Sub(r.Begun) > riteLife || !s.spent.once(r.Data.Challenge, v.now) {
		return rite{}, rogatory.Fault(rogatory.Stale, "rite_over", "this sign-in took too long").WithHint("begin again")
	}
	return r, nil
}

func unproved(err error) error {
	return rogatory.Fault(rogatory.Denied, "passkey_not_held", "the passkey does not hold: %w", err).WithHint("try again, or ask an administrator for a new enrolment link")
}

// passkeyBegin begins a sign-in, or a proof of presence by somebody who is signed in.
func (s *server) passkeyBegin(v *visit) error {
	a, err := v.readAsk()
	if err != nil {
		return err
	}
	if v.by.Name != "" {
		a.Name = v.by.Name
	}
	site, lib, err := s.site(v.r)
	if err != nil {
		return err
	}
	h, err := s.holder(a.Name, site)
	if err != nil {
		return err
	}
	if len(h.keys) == 0 {
		return rogatory.Fault(rogatory.NotFound, "passkey_none", "nobody called %.60q has a passkey here", a.Name).WithHint("an administrator gives an enrolment link with rogatory person enrol")
	}
	options, data, err := lib.BeginLogin(h, webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return unproved(err)
	}
	if err := s.keepRite(v, rite{Name: a.Name, Data: *data}); err != nil {
		return err
	}
	return v.answer(options)
}

func (s *server) passkeyFinish(v *visit) error {
	r, err := s.popRite(v)
	if err != nil {
		return err
	}
	site, lib, err := s.site(v.r)
	if err != nil {
		return err
	}
	h, err := s.holder(r.Name, site)
	if err != nil {
		return err
	}
	c, err := lib.FinishLogin(h, r.Data, v.r)
	if err != nil {
		return unproved(err)
	}
	if c.Authenticator.CloneWarning {
		return rogatory.Fault(rogatory.Untrusted, "passkey_cloned", "this passkey was used elsewhere since: it may have been copied").WithHint("tell your administrator, who takes it off the list")
	}
	k, err := passkeyFor(site, c)
	if err == nil {
		err = s.Keys.Used(r.Name, k)
	}
	if err != nil {
		return err
	}
	return s.cameWith(v, r.Name, k)
}

// cameWith begins the session of whoever has just proved to hold a passkey, and tells the script where to go.
func (s *server) cameWith(v *visit, name string, k Passkey) error {
	to, err := s.enter(v, name, passkeyCredential+base64.RawURLEncoding.EncodeToString(k.ID), true)
	if err != nil {
		return err
	}
	return v.answer(map[string]string{"to": to})
}

func passkeyFor(site string, c *webauthn.Credential) (Passkey, error) {
	data, err := json.Marshal(c)
	return Passkey{ID: c.ID, Site: site, Data: data}, err
}

// enrol shows the page of a one-time link.
func (s *server) enrol(v *visit) error {
	token := v.r.FormValue("token")
	name, err := s.Keys.Enrolment(token)
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, enrolScreen(v.frame(v.loc.T("enrol.title"), ""), name, token))
}

func (s *server) enrolBegin(v *visit) error {
	a, err := v.readAsk()
	if err != nil {
		return err
	}
	name, err := s.Keys.Enrolment(a.Token)
	if err != nil {
		return err
	}
	site, lib, err := s.site(v.r)
	if err != nil {
		return err
	}
	h, err := s.holder(name, site)
	if err != nil {
		return err
	}
	others, err := s.held(v.ctx, site)
	if err != nil {
		return err
	}
	// An authenticator that holds anybody's passkey refuses: nobody stands for an act twice with one key.
	options, data, err := lib.BeginRegistration(h, webauthn.WithExclusions(webauthn.Credentials(others).CredentialDescriptors()))
	if err != nil {
		return unproved(err)
	}
	if err := s.keepRite(v, rite{Name: name, Token: a.Token, Data: *data}); err != nil {
		return err
	}
	return v.answer(options)
}

// held are the passkeys of everybody here for a site.
func (s *server) held(ctx context.Context, site string) (all []webauthn.Credential, err error) {
	people, err := s.People(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range people {
		h, err := s.holder(p.Name, site)
		if err != nil {
			return nil, err
		}
		all = append(all, h.keys...)
	}
	return all, nil
}

// enrolFinish ends the link, then keeps the passkey: of two who use one link at once, one registers. Dying in between
// leaves neither, and another link is asked for.
func (s *server) enrolFinish(v *visit) error {
	r, err := s.popRite(v)
	if err != nil {
		return err
	}
	over := rogatory.Fault(rogatory.Stale, "enrolment_over", "the link has been used").WithHint("ask for another")
	if name, err := s.Keys.Enrolment(r.Token); err != nil || name != r.Name {
		return over
	}
	site, lib, err := s.site(v.r)
	if err != nil {
		return err
	}
	c, err := lib.FinishRegistration(holder{name: r.Name}, r.Data, v.r)
	if err != nil {
		return unproved(err)
	}
	k, err := passkeyFor(site, c)
	if err != nil {
		return err
	}
	if err := s.Keys.EndEnrolment(r.Token); rogatory.KindOf(err) == rogatory.NotFound {
		return over
	} else if err != nil {
		return err
	}
	if err := s.Keys.Keep(r.Name, k); err != nil {
		return err
	}
	return s.cameWith(v, r.Name, k)
}
