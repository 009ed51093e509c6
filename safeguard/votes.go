// SPDX-License-Identifier: Apache-2.0

package safeguard

import (
	"slices"
	"strings"
	"unicode/utf8"

	"rogatory"
)

// Vote is what one person said to an act that others have to agree to. One who does not agree says why: a dissent is
// kept, and stops nothing by itself.
type Vote struct {
	Person string               `json:"person"` // the id of the person, not of an account
	Role   rogatory.OfficerRole `json:"role"`
	// Authenticator is the id of the credential and Device the device that it lives in, where that is known: two accounts
	// of one person show here.
	Authenticator string `json:"authenticator"`
	Device        string `json:"device,omitempty"`
	Agree         bool   `json:"agree"`
	Reasons       string `json:"reasons,omitempty"` // mandatory for a dissent
	// Answers are the person's reasons by code of the finding that they answer.
	Answers map[string]string `json:"answers,omitempty"`
}

// Votes are those on one act. Author is who prepared it for others to decide, who has no vote; empty where nobody did and
// whoever decides acts at once.
type Votes struct {
	Author        string `json:"author"`
	Authenticator string `json:"authenticator,omitempty"` // of the author
	Votes         []Vote `json:"votes,omitempty"`
}

// The findings of Settle. Each holds but the last.
const (
	TooFewPeople      = "too_few_people"
	TooFewRoles       = "too_few_roles"
	RoleMissing       = "role_missing"
	SamePerson        = "same_person"        // a person voted twice
	SameDevice        = "same_authenticator" // one credential or device behind two votes
	AuthorVotes       = "author_votes"
	RoleMayNot        = "role_may_not" // a role that decides nothing, or none
	AnswerMissing     = "answer_missing"
	VoteBroken        = "vote_broken" // without person or authenticator
	DissentUnreasoned = "dissent_unreasoned"
)

// minAnswer is the least number of characters of a reason to a finding: below it nobody can learn anything from it.
const minAnswer = 12

// Settle says what votes lack of what an act needs: nothing means that it is settled. A vote that is refused counts for
// nothing, and of two votes that share a person, a credential or a device neither counts: nobody can tell which is the
// real one. A finding is told once.
func (v Votes) Settle(need Need) []Finding {
	var lacks []Finding
	say := func(code string, about ...string) {
		for i := range lacks {
			if lacks[i].Code == code {
				lacks[i].About = append(lacks[i].About, about...)
				return
			}
		}
		lacks = append(lacks, found(code, "24(2)", Hold, about...))
	}
	people, roles, answered := map[string]bool{}, map[rogatory.OfficerRole]bool{}, map[string]bool{}
	for i, vote := range v.Votes {
		if code := v.refused(i); code != "" {
			say(code, vote.Person)
			continue
		}
		if !vote.Agree {
			if utf8.RuneCountInString(strings.TrimSpace(vote.Reasons)) < minAnswer {
				say(DissentUnreasoned, vote.Person)
			}
			continue
		}
		people[vote.Person], roles[vote.Role] = true, true
		for code, reason := range vote.Answers {
			if utf8.RuneCountInString(strings.TrimSpace(reason)) >= minAnswer {
				answered[code] = true
			}
		}
	}
	if len(people) < need.People {
		say(TooFewPeople)
	}
	if len(roles) < need.Roles {
		say(TooFewRoles)
	}
	for _, r := range need.Of {
		if !roles[r] {
			say(RoleMissing, string(r))
		}
	}
	for _, code := range need.Answer {
		if !answered[code] {
			say(AnswerMissing, code)
		}
	}
	return lacks
}

// refused returns why the vote at i counts for nothing.
func (v Votes) refused(i int) string {
	vote := v.Votes[i]
	switch {
	case vote.Person == "" || vote.Authenticator == "":
		return VoteBroken
	case vote.Person == v.Author || v.Authenticator != "" && vote.Authenticator == v.Authenticator:
		return AuthorVotes
	case !slices.Contains([]rogatory.OfficerRole{rogatory.DutyOfficer, rogatory.Decider, rogatory.Custodian}, vote.Role):
		return RoleMayNot
	}
	for j, other := range v.Votes {
		switch {
		case i == j:
		case other.Person == vote.Person:
			return SamePerson
		case other.Authenticator == vote.Authenticator || vote.Device != "" && other.Device == vote.Device:
			return SameDevice
		}
	}
	return ""
}

// Dissent lists the votes of those who did not agree: they are kept with the decision.
func (v Votes) Dissent() []Vote {
	var all []Vote
	for _, vote := range v.Votes {
		if !vote.Agree {
			all = append(all, vote)
		}
	}
	return all
}
