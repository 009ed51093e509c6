// SPDX-License-Identifier: Apache-2.0

package console

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"rogatory"
)

// Ministry is an OpenID Connect provider by which people sign in (OpenID Connect Core 1.0, code flow with PKCE,
// RFC 7636).
type Ministry struct {
	Issuer, ClientID, Secret string
	Claim                    string // of the ID token that names a person; empty means sub
	// Person says whom the claim means; NotFound "person_unknown" if nobody.
	Person func(ctx context.Context, login string) (name string, err error)
	// Client carries the calls to the provider.
	Client *http.Client
}

// sessionMinistry holds a sign-in that went to the ministry.
const sessionMinistry = "ministry"

// departure is what has to come back as it went.
type departure struct {
	State    string           `json:"state"`
	Nonce    string           `json:"nonce"`
	Verifier string           `json:"verifier"`
	At       rogatory.Instant `json:"at"`
}

// departureLife is how long a sign-in at the ministry may take.
const departureLife = 10 * time.Minute

func ministryFault(err error) error {
	return rogatory.Fault(rogatory.Unavailable, "ministry_silent", "the ministry's sign-in does not answer as it should: %w", err).WithHint("try again, or sign in with your passkey")
}

// provider reads what the ministry's sign-in says of itself, each time: it rotates its keys as it likes.
func (s *server) provider(ctx context.Context) (*oidc.Provider, oauth2.Config, context.Context, error) {
	m := s.Ministry
	if m == nil || s.Origin == "" {
		return nil, oauth2.Config{}, ctx, rogatory.Fault(rogatory.NotFound, "ministry_none", "this office has no sign-in of the ministry")
	}
	ctx = oidc.ClientContext(ctx, m.Client)
	p, err := oidc.NewProvider(ctx, m.Issuer)
	if err != nil {
		return nil, oauth2.Config{}, ctx, ministryFault(err)
	}
	return p, oauth2.Config{ClientID: m.ClientID, ClientSecret: m.Secret, Endpoint: p.Endpoint(), RedirectURL: s.Origin + Prefix + "sign-in/ministry/back", Scopes: []string{oidc.ScopeOpenID}}, ctx, nil
}

// ministry sends the browser to the ministry's sign-in. Whoever is signed in already proves again to be there.
func (s *server) ministry(v *visit) error {
	_, config, _, err := s.provider(v.ctx)
	if err != nil {
		return err
	}
	d := departure{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), At: v.now}
	text, err := json.Marshal(d)
	if err != nil {
		return err
	}
	s.sessions.Put(v.ctx, sessionMinistry, string(text))
	options := []oauth2.AuthCodeOption{oidc.Nonce(d.Nonce), oauth2.S256ChallengeOption(d.Verifier)}
	if v.by.Name != "" {
		options = append(options, oauth2.SetAuthURLParam("prompt", "login"), oauth2.SetAuthURLParam("max_age", "0"))
	}
	http.Redirect(v.w, v.r, config.AuthCodeURL(d.State, options...), http.StatusSeeOther)
	return nil
}

// ministryBack takes what the ministry says. It counts as a proof of presence only if the person signed in there just
// now, and not by a session of yesterday.
func (s *server) ministryBack(v *visit) error {
	var d departure
	text := s.sessions.PopString(v.ctx, sessionMinistry)
	q := v.r.URL.Query()
	if text == "" || json.Unmarshal([]byte(text), &d) != nil || v.now.Sub(d.At) > departureLife || subtle.ConstantTimeCompare([]byte(d.State), []byte(q.Get("state"))) != 1 {
		return rogatory.Fault(rogatory.Stale, "rite_over", "this sign-in took too long, or was not begun here").WithHint("begin again")
	}
	if why := q.Get("error"); why != "" {
		return rogatory.Fault(rogatory.Denied, "ministry_refused", "the ministry's sign-in says %.60q", why).WithHint("try again, or sign in with your passkey")
	}
	p, config, ctx, err := s.provider(v.ctx)
	if err != nil {
		return err
	}
	token, err := config.Exchange(ctx, q.Get("code"), oauth2.VerifierOption(d.Verifier))
	if err != nil {
		return ministryFault(err)
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := p.VerifierContext(ctx, &oidc.Config{ClientID: s.Ministry.ClientID, Now: s.Clock.Now}).Verify(ctx, raw)
	if err != nil {
		return rogatory.Fault(rogatory.Untrusted, "ministry_unproved", "what the ministry's sign-in says does not hold: %w", err)
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(d.Nonce)) != 1 {
		return rogatory.Fault(rogatory.Untrusted, "ministry_unproved", "what the ministry's sign-in says belongs to another sign-in")
	}
	var claims struct {
		AuthTime int64 `json:"auth_time"`
	}
	all := map[string]any{}
	if err := id.Claims(&claims); err == nil {
		err = id.Claims(&all)
	}
	if err != nil {
		return ministryFault(err)
	}
	login, err := loginOf(s.Ministry.Claim, id.Subject, all)
	if err != nil {
		return err
	}
	name, err := s.Ministry.Person(v.ctx, login)
	if err != nil {
		return err
	}
	signedIn := rogatory.At(time.Unix(claims.AuthTime, 0))
	present := claims.AuthTime > 0 && v.now.Sub(signedIn).Abs() < freshFor // a moment to come proves nothing
	if v.by.Name != "" && v.by.Name != name {
		return rogatory.Fault(rogatory.Denied, "other_person", "%s is signed in here, and the ministry says %.60q", v.by.Name, name).WithHint("sign out first")
	}
	to, err := s.enter(v, name, ministryCredential+login, present)
	if err == nil {
		http.Redirect(v.w, v.r, to, http.StatusSeeOther)
	}
	return err
}

// loginOf is how the ministry names a person: by sub, or by the claim that was configured. A mail address that it says it has
// not verified is what its user typed, and names nobody.
func loginOf(claim, subject string, claims map[string]any) (string, error) {
	if claim == "" {
		return subject, nil
	}
	login, _ := claims[claim].(string)
	if verified, said := claims["email_verified"].(bool); claim == "email" && said && !verified {
		return "", rogatory.Fault(rogatory.Untrusted, "ministry_unproved", "the ministry's sign-in has not verified that %.60q is the person's", login)
	}
	return login, nil
}
