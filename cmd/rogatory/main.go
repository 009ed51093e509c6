// SPDX-License-Identifier: Apache-2.0

// Command rogatory is one State's node and its tools.
package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"

	"github.com/alecthomas/kong"

	"rogatory"
	"rogatory/node"
)

func officeDoor(*node.Node) (http.Handler, error) { return nil, nil }

func main() {
	var cli struct {
		Demo demoCmd `cmd:"" help:"Play the story of a request between three exercise States."`
	}
	ctx := kong.Parse(&cli, kong.Name("rogatory"))
	if err := ctx.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "rogatory:", err)
		if e, ok := errors.AsType[*rogatory.Error](err); ok && e.Hint != "" {
			fmt.Fprintln(os.Stderr, "hint:", e.Hint)
		}
		os.Exit(1)
	}
}
