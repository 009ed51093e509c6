// SPDX-License-Identifier: Apache-2.0

package console

import "net/http"

// Patterns are the routes of a console, without Prefix.
func Patterns(c Config) []string {
	s := &server{Config: c}
	s.sessions = newSessions(c)
	s.routes(http.NewServeMux())
	return s.patterns
}
