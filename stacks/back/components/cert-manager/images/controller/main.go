// Command cert-manager is cert-manager's controller, webhook and cainjector in one program, told apart
// by the name it is started under.
//
// Upstream keeps its commands in modules nested in its repository, which no module proxy serves. All
// that they put together is in the main module, so this is a main of our own around it. Its module
// path lies below upstream's, because only then does Go let it import upstream's internal packages.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/spf13/pflag"

	logf "github.com/cert-manager/cert-manager/pkg/logs"
)

var programs = map[string]func(context.Context, []string) error{
	"controller": runController,
	"webhook":    runWebhook,
	"cainjector": runCAInjector,
}

func main() {
	name := filepath.Base(os.Args[0])
	run, ok := programs[name]
	if !ok {
		fmt.Fprintf(os.Stderr, "%s: start this under the name controller, webhook or cainjector\n", name)
		os.Exit(2)
	}

	logf.InitLogs()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	logf.FlushLogs()

	if err != nil && !errors.Is(err, pflag.ErrHelp) && !errors.Is(err, errVersion) {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
}
