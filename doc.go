// SPDX-License-Identifier: Apache-2.0

// Package rogatory holds the nouns of the UN Convention against Cybercrime as software sees them:
// party, authority, case, request, message, receipt, verdict, exhibit, journal entry; and the one
// table of lawful transitions, Lifecycle. (A letter rogatory is the classical name of one court's
// request to another.)
//
// What it promises: values and pure functions, the same on both sides of a border; one text form for
// each identifier, digest and instant; a closed list of error kinds. What it refuses: input and
// output of any sort, clocks, chance, and imports beyond the standard library. After an error of a
// parser the value is zero.
//
// The way through the other packages: wire or api (doors), envelope (bytes), directory (whose key is
// that), docket (the office) with treaty (rules) and ledger (journal) over store and vault; node puts
// them together, court and cmd/rogatory-verify check from outside. docs/life-of-a-request.md walks it.
//
// The names and JSON forms of this package are stable: signed documents are made of them.
package rogatory
