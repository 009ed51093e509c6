// SPDX-License-Identifier: Apache-2.0

package rogatory

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// floor is what one package may import of ours, and why it is so.
type floor struct {
	may     string
	because string
}

// plan says who may import whom. It is policy, not a record: do not edit it to make a build pass.
// Names are folders; "." is the root package.
var plan = map[string]floor{
	".":         {"", "the subject depends on nothing"},
	"clock":     {"", "time is a dependency, and has none"},
	"journal":   {"", "a log of opaque leaves; it must not know what a case is"},
	"asice":     {"", "containers and signatures; it must not know what a case is, and could be used by anyone"},
	"datafile":  {".", "how data files are read, whatever they say: no rule, no disk"},
	"treaty":    {". datafile", "rules are values, read from a data file; no database, no clock"},
	"deadline":  {". datafile", "rules and calendars are values, read from data files; no clock, and no zone files of the machine"},
	"vault":     {".", "bytes and digests; whose they are it need not know"},
	"tsa":       {"asice", "time-stamps for containers"},
	"envelope":  {". asice", "our messages, signed and sealed; no network code, so that it can be reviewed alone"},
	"keyring":   {". asice journal", "keys in the forms that containers and journals want"},
	"directory": {". clock", "the book of other States: verified by time and by keys only"},
	"store":     {". journal", "stores entries with the hashes of their tree; rules of the office are not here"},
	"ledger":    {". clock journal store", "the journal at work in the store's transaction"},

	"desk":        {". datafile deadline", "who is on duty and who is woken are values: no clock, no chance, no line to anybody"},
	"pager":       {". clock language", "how a person is woken; it must not know what a case is, so that no page can tell; of words only those of its notices"},
	"notice":      {".", "who is told what when is a value: no clock, no line to anybody"},
	"assistance":  {". datafile", "needs, offers and matches are values, read from lists: no case data, no disk"},
	"legislation": {". datafile", "articles and laws are values, read from lists: no disk"},
	"upload":      {". clock", "pieces on their way, encrypted; what they are evidence of it need not know"},
	"statistics":  {".", "figures are values: no clock, no disk, no content of a case"},
	"plot":        {"", "a drawing of numbers; it must not know what they count"},
	"language":    {".", "words and figures are values: no clock, no disk"},
	"search":      {".", "texts and queries are values: it must not know where they lie"},

	"treaty/offence":  {". datafile", "offences and facts are values, read from data files; it stands alone"},
	"treaty/status":   {". datafile treaty", "who is bound to what is a value; no database, no clock, no disk"},
	"preview":         {".", "the parent of previews parses nothing: no parser may be reached from it"},
	"preview/jail":    {"", "how a process shuts itself in"},
	"preview/render":  {"preview preview/jail", "the child: all parsing of evidence is here, and only a program's hidden command runs it"},
	"vault/disk":      {". vault", "where the bytes lie"},
	"vault/bucket":    {". vault", "where the bytes lie"},
	"vault/memory":    {". vault", "a disk that fails on request"},
	"vault/vaulttest": {". vault", "the exam of disks"},
	"store/storetest": {". clock journal store", "the exam of engines"},

	"safeguard":    {". datafile", "policies, questions and findings are values: no clock, no disk, no case, and no list of people"},
	"transparency": {". journal", "published figures are values: counts in, a report out; it signs notes and checks proofs, and has no clock, no disk and no case"},
	"treaty/atlas": {". language treaty/status", "a drawing of where States stand, for the officers and for everybody: it knows no office"},
	"monitor":      {". clock journal transparency", "it follows a node from nothing but its address: it must not see the office that it watches"},
	"oversight":    {". datafile envelope journal", "what a body holds and what follows from it are values: no disk, no clock, no way to act in an office"},
	"letter":       {". language pdf treaty", "papers are made of values: the request, the treaty's words, the journal's entries"},
	"pdf":          {"", "a writer of paper: it knows no law and no case"},
	"docket":       {". asice clock deadline envelope journal ledger oversight safeguard search statistics store transparency treaty treaty/status vault", "contracts only: never a driver, never a door"},
	"court":        {". asice directory envelope journal tsa", "the verifier is independent: it must not see the office that it checks"},
	"wire":         {". clock envelope vault", "the States' door; the office implements what it declares"},
	"console":      {". alarm assistance clock deadline desk docket language legislation letter notice notice/post oversight pdf plot preview safeguard search statistics store treaty treaty/atlas treaty/status upload", "the officers' screens: docket's rulebook counts deadlines and knows who is bound; lists and figures are values; of store only the words in and out"},
	"api":          {". clock deadline docket safeguard treaty", "the door for people and programs of the office"},
	"portal":       {". assistance clock journal language transparency treaty treaty/atlas treaty/status", "the public door has no key to the file room: it is lent published values, and shows them by the words, the map and the treaty desk that everybody may see"},
	"alarm":        {". clock desk docket ledger pager store treaty", "the desk at work in the store's transaction; the docket does not know it"},
	"notice/post":  {". alarm clock deadline docket language notice pager store", "notices at work in the store's transaction, over the channels of the desk; the docket does not know it"},
	"doorbell":     {". clock language", "the page that a link opens: it knows a token and a code, and nothing that waits"},

	"node":                 {". alarm api asice assistance clock console court datafile deadline desk directory docket doorbell envelope journal keyring language ledger letter notice/post oversight pager pdf portal safeguard store transparency treaty treaty/status tsa upload vault vault/bucket vault/disk wire", "the only place where drivers, doors and office meet"},
	"demo":                 {". alarm api asice clock court desk directory docket envelope journal keyring ledger node oversight safeguard store treaty tsa vault wire", "an exercise of several nodes in one process"},
	"sim":                  {". clock docket envelope journal keyring ledger node store treaty vault vault/memory wire", "many nodes, one seed"},
	"cmd/rogatory-verify":  {". asice court directory envelope journal", "independence: it checks without the office's code"},
	"scripts/worldmap":     {"", "makes the outlines of the map; it is run by hand"},
	"cmd/rogatory-sim":     {". sim", "long simulations"},
	"bench":                {". asice clock console demo directory docket envelope journal keyring ledger node safeguard store treaty tsa vault vault/disk wire", "measures the parts and the whole"},
	"practice":             {". clock datafile demo docket keyring node store treaty", "a school of exercise nodes: what it checks it reads from the docket, as people do"},
	"practice/conformance": {". asice datafile docket envelope journal oversight store", "examines another node over the wire, without the code of our own door"},
	"cmd/rogatory":         {". alarm api asice assistance clock console court deadline demo desk directory docket envelope journal keyring language legislation letter monitor node oversight pager pdf practice practice/conformance preview preview/render safeguard store transparency treaty treaty/offence treaty/status vault vault/disk wire", "the one binary: it asks, and prints"},
}

// Some files wait for the operating system, whose deadlines know no clock but its own.
var machineTime = []string{"wire/server.go", "api/evidence.go"}

// programs run on the machine's clock, as people do.
var programs = []string{"demo", "bench"}

// sources lists our Go files that are not tests, by folder.
func sources(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	err := fs.WalkDir(os.DirFS("."), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && name != "." && (strings.HasPrefix(d.Name(), ".") || strings.HasPrefix(d.Name(), "_") || slices.Contains([]string{"testdata", "docs", "bin"}, d.Name())) {
			return fs.SkipDir
		}
		if strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") {
			found[path.Dir(name)] = append(found[path.Dir(name)], name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) < 10 {
		t.Fatalf("only %d packages were found: this test has to run in the module's root", len(found))
	}
	return found
}

func TestFloorPlan(t *testing.T) {
	for folder, files := range sources(t) {
		room, ok := plan[folder]
		if !ok {
			t.Errorf("%s is not in the floor plan: say what it may import, and why", folder)
			continue
		}
		may := strings.Fields(room.may)
		for _, name := range files {
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, spec := range file.Imports {
				imported, err := strconv.Unquote(spec.Path.Value)
				if err != nil {
					t.Fatal(err)
				}
				ours, ok := strings.CutPrefix(imported+"/", "rogatory/")
				if !ok {
					continue
				}
				if ours = strings.TrimSuffix(ours, "/"); ours == "" {
					ours = "."
				}
				if !slices.Contains(may, ours) {
					t.Errorf("%s imports %s, which %s may not: %s", name, ours, folder, room.because)
				}
			}
			ambient(t, name, folder, file)
		}
	}
}

// ambient finds what happens because of an import, and time that nobody was given.
func ambient(t *testing.T, name, folder string, file *ast.File) {
	t.Helper()
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if n.Name.Name == "init" && n.Recv == nil {
				t.Errorf("%s has an init function: nothing may happen because of an import", name)
			}
		case *ast.SelectorExpr:
			x, ok := n.X.(*ast.Ident)
			if ok && x.Name == "time" && slices.Contains([]string{"Now", "Since", "Until", "Sleep", "After", "Tick"}, n.Sel.Name) &&
				folder != "clock" && !strings.HasPrefix(folder, "cmd/") && !slices.Contains(programs, folder) && !slices.Contains(machineTime, name) {
				t.Errorf("%s uses time.%s: time comes in by a parameter", name, n.Sel.Name)
			}
		}
		return true
	})
}

// The plan has no circle: every package stands on those below it.
func TestFloorPlanPointsDown(t *testing.T) {
	const (
		unseen = iota
		above
		done
	)
	seen := map[string]int{}
	var visit func(name string, way []string)
	visit = func(name string, way []string) {
		switch seen[name] {
		case done:
			return
		case above:
			t.Fatalf("the plan goes in a circle: %s", strings.Join(append(way, name), " > "))
		}
		seen[name] = above
		room, ok := plan[name]
		if !ok {
			t.Errorf("%s is allowed to somebody and is not in the plan", name)
		}
		if room.because == "" {
			t.Errorf("%s has no reason", name)
		}
		for _, below := range strings.Fields(room.may) {
			visit(below, append(way, name))
		}
		seen[name] = done
	}
	for name := range plan {
		visit(name, nil)
	}
}

// Doors do not know one another, and only the house knows them.
func TestDoorsAreApart(t *testing.T) {
	doors := []string{"wire", "api", "console", "doorbell", "portal"}
	house := append([]string{"node", "sim", "cmd/rogatory"}, programs...)
	for name, room := range plan {
		for _, below := range strings.Fields(room.may) {
			if slices.Contains(doors, below) && !slices.Contains(house, name) {
				t.Errorf("%s may see the door %s", name, below)
			}
		}
	}
	for _, never := range []string{"docket", "ledger", "store", "vault", "keyring"} {
		for _, name := range []string{"portal", "cmd/rogatory-verify", "court"} {
			if slices.Contains(strings.Fields(plan[name].may), never) {
				t.Errorf("%s may see %s", name, never)
			}
		}
	}
}
