// SPDX-License-Identifier: Apache-2.0

package pager

import "rogatory/clock"

// Open makes the routes of a configuration, in its order. dir is the node's folder, below which the
// files of secrets lie. Certificates are read now, secrets at each delivery. No connection is made.
func Open(config Config, dir string, c clock.Clock) ([]Route, error) {
	if err := config.Check(); err != nil {
		return nil, err
	}
	routes := make([]Route, 0, len(config.Channels))
	for _, ch := range config.Channels {
		e, err := ch.Line.egress(ch.Name, dir)
		if err != nil {
			return nil, err
		}
		secret := func(member, name string) secretFile {
			return secretFile{ch.Name, member, below(dir, name)}
		}
		var channel Channel
		switch {
		case ch.SMTP != nil:
			channel = &mailer{e, ch.SMTP.defaults(), secret("password_file", ch.SMTP.PasswordFile), c}
		case ch.Webhook != nil:
			channel = &webhook{e, *ch.Webhook, secret("key_file", ch.Webhook.KeyFile), c}
		case ch.Gateway != nil:
			g := &gateway{e, ch.Gateway.defaults(), map[string]secretFile{}}
			for name, file := range ch.Gateway.SecretFiles {
				g.secrets[name] = secret("secret_files "+name, file)
			}
			channel = g
		default: // Check left no other
			channel = &matrix{e, *ch.Matrix, secret("token_file", ch.Matrix.TokenFile)}
		}
		routes = append(routes, NewRoute(ch.Name, ch.Provider, channel, c))
	}
	return routes, nil
}
