// SPDX-License-Identifier: Apache-2.0

// Package desk says who is on duty at a State's 24/7 point of contact, who is woken when nobody answers,
// and what the people of the desk hand to one another (Article 41).
//
// It promises that each answer is a pure function of values: screen and pager call the same OnDuty with the
// same rota and get the same person. At every moment there is exactly one person on duty. A rota in which
// the rules leave a gap within the next thirty days is refused by Validate, with the local times. Changes of
// the clocks have one meaning: a hand-over at a local time that comes twice happens the first time, and one
// at a local time that does not exist happens when the clocks jump. An escalation never passes a step over,
// ends at the first acknowledgement, and otherwise with a named last resort.
//
// It refuses input and output, clocks and chance: moments, random bytes and data come in as parameters. It
// refuses data files whole, with the line. Alarms and pages have no member for what waits, so that nothing about
// a case reaches who carries a page. Secrets of acknowledgement are kept as digests.
//
// After an error of a loader nothing is returned. Functions that change a value return the changed one and
// leave theirs as it was; where an error comes with a changed value, the function says so.
package desk
