// SPDX-License-Identifier: Apache-2.0

// Command rogatory is one State's node and its tools.
//
// Results go to standard output, words for people to standard error. After an error a hint says what
// to do next. Nothing is overwritten silently, and nothing asks: every question has a flag. The exit
// status is 0 when it was done, 1 when it failed, and 2 when the command was not understood.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/alecthomas/kong"

	"rogatory"
	"rogatory/preview"
	"rogatory/preview/render"
)

const description = `The open office software of the UN Convention against Cybercrime: one State's node and its tools.

A request, from the desk of one State to the court of the other:

  rogatory request new --as anna --kind preservation --to XB --example > request.json
  rogatory request new --as anna --from request.json
  rogatory request send XA-2026-7K3M9Q2P.1 --as bruno
  rogatory request answer XA-2026-7K3M9Q2P.1 accept --node xb --as carla
  rogatory exhibit seal XA-2026-7K3M9Q2P.2 auth.log --node xb --as dino --title "SSH log" --acquired "order 7 of the Borealia court"
  rogatory exhibit fetch XB-E-5TQ0ZC8H1M4A --as elsa
  rogatory package export XA-2026-7K3M9Q2P hearing-1 --as elsa --why "hearing of 3 December"

Commands that act for a person take --as NAME, whose token is in the node's folder, and talk to the running node.`

// commands is the whole command line.
type commands struct {
	globals

	Init    initCmd    `cmd:"" help:"Make a node: keys, journal, database and configuration. Only this command makes them."`
	Serve   serveCmd   `cmd:"" help:"Run the node until interrupted."`
	Check   checkCmd   `cmd:"" help:"Validate the configuration, keys and people without starting; tell the health of a running node."`
	Fsck    fsckCmd    `cmd:"" help:"Derive everything again from the journal and name the first damaged thing. The node must not be running."`
	Migrate migrateCmd `cmd:"" help:"Bring the database up to this program's schema. Make a backup first."`
	Backup  backupCmds `cmd:"" help:"Copy a node, and try whether the copy can be restored."`
	Demo    demoCmd    `cmd:"" help:"Play the story of a request between three exercise States."`

	Practice practiceCmds `cmd:"" help:"Learn the work in ten exercises between exercise nodes on this machine; examine another node."`

	Deadline  deadlineCmds  `cmd:"" help:"Time limits: computed, compared, planned. Needs no node."`
	Rota      rotaCmds      `cmd:"" help:"Who is on duty at the desk, and who is next. Needs no node."`
	Drill     drillCmds     `cmd:"" help:"Test whether the contact points of other States answer, and say what it took."`
	Pager     pagerCmds     `cmd:"" help:"Wake a person for a test; tell what became of pages."`
	Person    personCmds    `cmd:"" help:"Who may use the office's door."`
	Key       keyCmds       `cmd:"" help:"The node's keys: list and rotate them."`
	Request   requestCmds   `cmd:"" help:"Requests to other States and from them."`
	Subject   subjectCmds   `cmd:"" help:"The persons whom a request concerns: secrecy with its end, who is told, and the review of emergencies."`
	Safeguard safeguardCmds `cmd:"" help:"What the safeguards ask of people before an act is done."`
	Search    searchCmds    `cmd:"" help:"Look for cases, in any script."`
	Rules     rulesCmds     `cmd:"" help:"The rules that the node goes by, as data that a jurist can mend."`
	Money     moneyCmds     `cmd:"" help:"Stop the money of a fraud, and say what came back."`
	Exhibit   exhibitCmds   `cmd:"" help:"Evidence: seal, offer, fetch, open."`
	Outbox    outboxCmds    `cmd:"" help:"Messages on their way out."`
	Letter    letterCmd     `cmd:"" help:"Write the letter of a request, its refusal, or a certificate as PDF or HTML, in the languages of both States."`
	Courier   courierCmds   `cmd:"" help:"Messages and exhibits carried on a disk instead of the line."`
	Package   packageCmds   `cmd:"" help:"Court packages."`
	Journal   journalCmds   `cmd:"" help:"The node's journal."`
	Report    reportCmds    `cmd:"" help:"The transparency reports that the office publishes."`
	Monitor   monitorCmd    `cmd:"" help:"Follow another node's public journal and reports from outside, from nothing but its address."`
	Gate      gateCmds      `cmd:"" help:"Whether the node may sign."`
	Witness   witnessCmds   `cmd:"" help:"Who watches the node's journal."`
	Treaty    treatyCmds    `cmd:"" help:"The treaty desk: who is bound to what, and on which legal basis to ask."`
	Oversight oversightCmds `cmd:"" help:"For the oversight body: its key, the feed that leaves nothing out, alarms, two journals compared."`
	Directory directoryCmds `cmd:"" help:"The directory of States: a ceremony of several key holders."`
	Offence   offenceCmds   `cmd:"" help:"Offences of the Convention and of national laws; dual criminality; serious crime."`

	Assistance  assistanceCmds  `cmd:"" help:"Technical assistance: needs, offers and matches (Arts 54 to 56)."`
	Legislation legislationCmds `cmd:"" help:"Which articles a State's law implements, and what is left to do."`
}

// globals hold for every command.
type globals struct {
	Node string `help:"Folder of the node." env:"ROGATORY_NODE" default:"." type:"path" placeholder:"DIR"`
	JSON bool   `name:"json" help:"Results as JSON, for machines."`
	As   string `help:"Who acts: a name whose token is in DIR/tokens, or a file that holds a token. Default: the token in $ROGATORY_TOKEN." placeholder:"NAME"`
}

// collectAt is how much may be allocated, in per cent of what lives, before the garbage collector
// runs. A node keeps little, some MiB, and each message leaves some hundred KiB behind at once, so with
// Go's default of 100 it would collect several times a second to win little. GOGC overrides it.
const collectAt = 300

func main() {
	if len(os.Args) == 2 && os.Args[1] == preview.Command {
		os.Exit(render.Main(os.Stdin, os.Stdout)) // the child of a preview, and nothing else
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectAt)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// exit is how the parser ends after it has printed help.
type exit int

// run is the program without the process.
func run(ctx context.Context, args []string, out, words io.Writer) (code int) {
	defer func() {
		switch e := recover().(type) {
		case nil:
		case exit:
			code = int(e)
		default:
			panic(e)
		}
	}()
	var cli commands
	parser, err := kong.New(&cli, kong.Name("rogatory"), kong.Description(description), kong.Writers(out, words),
		kong.Exit(func(code int) { panic(exit(code)) }), kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true, WrapUpperBound: 100}))
	if err != nil {
		fmt.Fprintln(words, "rogatory:", err)
		return 1
	}
	command, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintln(words, "rogatory:", err)
		name := "rogatory"
		if e, ok := errors.AsType[*kong.ParseError](err); ok && e.Context != nil {
			for _, p := range e.Context.Path {
				if p.Command != nil {
					name += " " + p.Command.Name
				}
			}
		}
		fmt.Fprintf(words, "hint: %s --help tells what can be given\n", name)
		return 2
	}
	command.Bind(&desk{ctx: ctx, globals: cli.globals, out: out, words: words, terminal: terminal(words)})
	if err := command.Run(); err != nil {
		return report(words, err)
	}
	return 0
}

// report says what is wrong and what to do next.
func report(words io.Writer, err error) int {
	fmt.Fprintln(words, "rogatory:", visible(err.Error()))
	e, ok := errors.AsType[*rogatory.Error](err)
	if ok && e.Hint != "" {
		fmt.Fprintln(words, "hint:", visible(e.Hint))
	}
	if ok && e.Code == codeUsage {
		return 2
	}
	return 1
}

// codeUsage marks what the parser could not see: flags that do not go together.
const codeUsage = "usage"

func usage(format string, args ...any) *rogatory.Error {
	return rogatory.Fault(rogatory.Invalid, codeUsage, format, args...)
}

func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
