// SPDX-License-Identifier: Apache-2.0

package safeguard

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"
	"github.com/cedar-policy/cedar-go/x/exp/ast"
	cedarschema "github.com/cedar-policy/cedar-go/x/exp/schema"
	"github.com/cedar-policy/cedar-go/x/exp/schema/resolved"
	"github.com/cedar-policy/cedar-go/x/exp/schema/validate"

	"rogatory"
	"rogatory/datafile"
)

//go:embed policies/*.cedar
var conventionFiles embed.FS

//go:embed schema.cedarschema
var schemaFile []byte

// Limits on policies: the Convention's own set has five files of a few kilobytes and some forty policies.
const (
	MaxPolicyFile = 64 << 10
	MaxFiles      = 50
	MaxPolicies   = 300
	maxNesting    = 40  // brackets in one policy: Cedar's parser recurses
	maxAdvice     = 300 // characters of a national set's own text
	maxQuorum     = 5   // people: an office that needs more stands still
)

// Policy is one rule of a set.
type Policy struct {
	ID       string   `json:"id"`
	Article  string   `json:"article"`
	Severity Severity `json:"severity"`
	Advice   string   `json:"advice"`
	Quorum   int      `json:"quorum"`
	Roles    []string `json:"roles,omitempty"`
	// Facts are the names of the facts that the policy reads.
	Facts []string `json:"facts,omitempty"`
	// Text is the policy in its one form, without comments.
	Text string `json:"text"`
	File string `json:"file"`
	Line int    `json:"line"`
}

// Set is policies that were read and found to fit the schema. The zero Set has none, and holds everything.
type Set struct {
	policies []Policy
	cedar    *cedar.PolicySet
	digest   rogatory.Digest
}

// File is a policy file, as it was read from somewhere.
type File struct {
	Name string `json:"name"`
	Data []byte `json:"data"`
}

// Policies lists the policies in their order.
func (s Set) Policies() []Policy { return slices.Clone(s.policies) }

// Digest is the SHA-256 over the schema and each file's name, length and bytes in their order: what the journal
// records when the set takes effect. Zero for the zero Set.
func (s Set) Digest() rogatory.Digest { return s.digest }

// Policy returns the policy of that id.
func (s Set) Policy(id string) (Policy, bool) {
	i := slices.IndexFunc(s.policies, func(p Policy) bool { return p.ID == id })
	if i < 0 {
		return Policy{}, false
	}
	return s.policies[i], true
}

// schema is what policies may ask for.
type schema struct {
	*resolved.Schema
	validator *validate.Validator
	actions   types.EntityMap
}

// readSchema returns the one schema, which nobody writes to after it was read.
var readSchema = sync.OnceValue(func() *schema {
	var s cedarschema.Schema
	s.SetFilename("schema.cedarschema")
	err := s.UnmarshalCedar(schemaFile)
	if err == nil {
		var r *resolved.Schema
		if r, err = s.Resolve(); err == nil {
			actions := types.EntityMap{}
			for uid, a := range r.Actions {
				actions[uid] = a.Entity
			}
			return &schema{r, validate.New(r, validate.WithStrict()), actions}
		}
	}
	panic("the embedded schema does not load: " + err.Error()) // a test reads it
})

// knows reports whether a value is one of its closed list.
func (s *schema) knows(uid types.EntityUID) bool {
	return slices.Contains(s.Enums[uid.Type].Values, uid)
}

// Convention returns the Convention's own policies. A test reads them; an error here would be a defect, so it panics.
func Convention() Set {
	names, err := fs.Glob(conventionFiles, "policies/*.cedar")
	var files []File
	for _, name := range names {
		var data []byte
		if data, err = conventionFiles.ReadFile(name); err != nil {
			break
		}
		files = append(files, File{strings.TrimPrefix(name, "policies/"), data})
	}
	if err == nil {
		var s Set
		if s, err = Read(files); err == nil {
			return s
		}
	}
	panic("the embedded policies do not load: " + err.Error())
}

// Read reads policy files strictly. Whatever does not fit the schema, lacks an annotation or has one too many, names no
// article, permits instead of forbids, or uses an id twice refuses the whole set: nothing is returned with an error,
// which names file and line, and whoever had a set keeps it. A set without policies is refused as well.
func Read(files []File) (Set, error) {
	schema := readSchema()
	set := Set{cedar: cedar.NewPolicySet()}
	sum := sha256.New()
	fmt.Fprintf(sum, "%d\n%s", len(schemaFile), schemaFile)
	if len(files) > MaxFiles {
		return Set{}, refuse("the set", 1, fmt.Errorf("%d files, at most %d are read", len(files), MaxFiles))
	}
	where := map[string]string{}
	for i, f := range files {
		if slices.ContainsFunc(files[:i], func(g File) bool { return g.Name == f.Name }) {
			return Set{}, refuse(f.Name, 1, errors.New("a file of that name is there twice"))
		}
		list, err := parse(f)
		if err != nil {
			return Set{}, err
		}
		fmt.Fprintf(sum, "%q %d\n%s", f.Name, len(f.Data), f.Data)
		for _, p := range list {
			line := p.Position().Line
			one, err := schema.policy(p)
			if err != nil {
				return Set{}, refuse(f.Name, line, err)
			}
			one.File, one.Line = f.Name, line
			if before, twice := where[one.ID]; twice {
				return Set{}, refuse(f.Name, line, fmt.Errorf("the id %s is there already: %s", one.ID, before))
			}
			where[one.ID] = fmt.Sprintf("%s:%d", f.Name, line)
			if set.policies = append(set.policies, one); len(set.policies) > MaxPolicies {
				return Set{}, refuse(f.Name, line, fmt.Errorf("more than %d policies", MaxPolicies))
			}
			set.cedar.Add(cedar.PolicyID(one.ID), p)
		}
	}
	if len(set.policies) == 0 {
		return Set{}, refuse("the set", 1, errors.New("there are no policies"))
	}
	set.digest = rogatory.Digest(sum.Sum(nil))
	return set, nil
}

// Join puts a national set behind the Convention's own. It only adds: an id of the Convention's set is refused, and so is
// a key of words that the Convention's set does not have. With no national policies the Convention's set comes back.
func Join(convention, national Set) (Set, error) {
	if len(convention.policies) == 0 {
		return Set{}, refuse("the set", 1, errors.New("the Convention's own policies come first, and there are none"))
	}
	if len(national.policies) == 0 {
		return convention, nil
	}
	joined := Set{policies: slices.Clone(convention.policies), cedar: cedar.NewPolicySet()}
	for _, s := range []Set{convention, national} {
		if s.cedar == nil {
			continue
		}
		for id, p := range s.cedar.All() {
			joined.cedar.Add(id, p)
		}
	}
	for _, p := range national.policies {
		if _, ok := convention.Policy(p.ID); ok {
			return Set{}, refuse(p.File, p.Line, fmt.Errorf("the id %s is one of the Convention's own policies: a national set adds, and takes nothing away", p.ID))
		}
		if adviceForm.MatchString(p.Advice) && !slices.ContainsFunc(convention.policies, func(q Policy) bool { return q.Advice == p.Advice }) {
			return Set{}, refuse(p.File, p.Line, fmt.Errorf("nobody has words for %s: write the advice itself", p.Advice))
		}
		joined.policies = append(joined.policies, p)
	}
	joined.digest = rogatory.Digest(sha256.Sum256(slices.Concat(convention.digest[:], national.digest[:])))
	return joined, nil
}

func refuse(name string, line int, err error) error {
	return rogatory.Fault(rogatory.Invalid, "policies_invalid", "read %s:%d: %w", name, line, err).
		WithHint("mend that line; nothing of the set was loaded, and the set before stays in force")
}

var parserPlace = regexp.MustCompile(`:(\d+):\d+`)

// parse reads one file, and turns what the parser makes of it into an error with a line.
func parse(f File) (list cedar.PolicyList, err error) {
	if len(f.Data) > MaxPolicyFile {
		return nil, refuse(f.Name, 1, fmt.Errorf("%d bytes, at most %d are read", len(f.Data), MaxPolicyFile))
	}
	if line, ok := tooDeep(f.Data); ok {
		return nil, refuse(f.Name, line, fmt.Errorf("more than %d levels of brackets", maxNesting))
	}
	defer func() { // the parser is not ours, and a file that a person wrote must not stop the office
		if r := recover(); r != nil {
			list, err = nil, refuse(f.Name, 1, fmt.Errorf("the parser failed: %v", r))
		}
	}()
	list, err = cedar.NewPolicyListFromBytes(f.Name, f.Data)
	if err != nil {
		line := 1
		if m := parserPlace.FindStringSubmatch(err.Error()); m != nil {
			line, _ = strconv.Atoi(m[1])
		}
		return nil, refuse(f.Name, max(line, 1), err)
	}
	return list, nil
}

// tooDeep finds the line on which brackets or signs stand deeper than any policy needs.
func tooDeep(data []byte) (line int, deep bool) {
	depth, signs := 0, 0
	for i, b := range data {
		switch b {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth--
		}
		if b == '!' || b == '-' {
			signs++
		} else if b != ' ' && b != '\n' && b != '\t' && b != '\r' {
			signs = 0
		}
		if depth > maxNesting || signs > maxNesting {
			return 1 + bytes.Count(data[:i], []byte("\n")), true
		}
	}
	return 0, false
}

var (
	annotations = []types.AnnotationKey{"id", "article", "severity", "advice", "quorum", "roles"}
	idForm      = regexp.MustCompile(`^[a-z][a-z0-9_]{2,40}$`)
	adviceForm  = regexp.MustCompile(`^safeguard\.advice\.[a-z][a-z0-9_]*$`)
	roleNames   = []string{string(rogatory.DutyOfficer), string(rogatory.Decider), string(rogatory.Custodian)}
)

// policy checks one policy against the schema and its annotations against our forms.
func (s *schema) policy(p *cedar.Policy) (one Policy, err error) {
	notes := p.Annotations()
	for _, key := range slices.Sorted(maps.Keys(notes)) {
		if !slices.Contains(annotations, key) {
			return Policy{}, fmt.Errorf("unknown annotation @%s", key)
		}
	}
	for _, key := range annotations[:5] {
		if notes[key] == "" {
			return Policy{}, fmt.Errorf("the annotation @%s is missing", key)
		}
	}
	one = Policy{ID: string(notes["id"]), Article: string(notes["article"]), Severity: Severity(notes["severity"]), Advice: string(notes["advice"])}
	if one.Quorum, err = strconv.Atoi(string(notes["quorum"])); err != nil || one.Quorum < 1 || one.Quorum > maxQuorum || strconv.Itoa(one.Quorum) != string(notes["quorum"]) {
		return Policy{}, fmt.Errorf("@quorum %.20q is no number of people from 1 to %d", notes["quorum"], maxQuorum)
	}
	one.Roles = strings.Fields(string(notes["roles"]))
	for _, r := range one.Roles {
		if !slices.Contains(roleNames, r) {
			return Policy{}, fmt.Errorf("@roles names %.40q: roles are %s", r, strings.Join(roleNames, ", "))
		}
	}
	switch {
	case !idForm.MatchString(one.ID):
		return Policy{}, fmt.Errorf("@id %.60q is not 3 to 41 small letters, digits and underscores", one.ID)
	case slices.Contains(codes, one.ID):
		return Policy{}, fmt.Errorf("@id %s is a word that this package uses itself", one.ID)
	case len(rogatory.ParseArticles(one.Article)) == 0:
		return Policy{}, fmt.Errorf("@article %.60q is no article of the Convention", one.Article)
	case !slices.Contains([]Severity{Block, Hold, Flag}, one.Severity):
		return Policy{}, fmt.Errorf("@severity %.40q is not block, hold or flag", one.Severity)
	case p.Effect() != cedar.Forbid:
		return Policy{}, errors.New("a policy says what is held (forbid); what is allowed is not said here (permit)")
	}
	if !adviceForm.MatchString(one.Advice) {
		if err := datafile.CheckText("@advice", one.Advice, maxAdvice); err != nil {
			return Policy{}, err
		}
	}
	if err := s.fits(one.ID, p); err != nil {
		return Policy{}, err
	}
	one.Facts, one.Text = reads(p), string(p.MarshalCedar())
	return one, nil
}

// fits asks the validator; a failure of its own refuses the policy.
func (s *schema) fits(id string, p *cedar.Policy) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the validator failed: %v", r)
		}
	}()
	tree := (*ast.Policy)(p.AST())
	if err := s.values(tree); err != nil {
		return err
	}
	return s.validator.Policy(id, tree)
}

// values refuses a value that its closed list does not have, which the validator lets pass: such a condition would
// never fire, and nobody would notice.
func (s *schema) values(p *ast.Policy) error {
	var all []types.EntityUID
	for _, scope := range []any{p.Principal, p.Action, p.Resource} {
		switch scope := scope.(type) {
		case ast.ScopeTypeEq:
			all = append(all, scope.Entity)
		case ast.ScopeTypeIn:
			all = append(all, scope.Entity)
		case ast.ScopeTypeInSet:
			all = append(all, scope.Entities...)
		case ast.ScopeTypeIsIn:
			all = append(all, scope.Entity)
		}
	}
	for _, c := range p.Conditions {
		ast.Inspect(ast.NewNode(c.Body), func(n ast.IsNode) bool {
			if v, ok := n.(ast.NodeValue); ok {
				if uid, ok := v.Value.(types.EntityUID); ok {
					all = append(all, uid)
				}
			}
			return true
		})
	}
	for _, uid := range all {
		if _, action := s.Actions[uid]; !action && !s.knows(uid) {
			return fmt.Errorf("unknown value %s", uid)
		}
	}
	return nil
}

// reads lists the facts that a policy asks for.
func reads(p *cedar.Policy) []string {
	var all []string
	for _, c := range p.AST().Conditions {
		ast.Inspect(ast.NewNode(c.Body), func(n ast.IsNode) bool {
			if access, ok := n.(ast.NodeTypeAccess); ok && !slices.Contains(all, string(access.Value)) {
				all = append(all, string(access.Value))
			}
			return true
		})
	}
	slices.Sort(all)
	return all
}
