// Argo CD as one program with many names: the name it is called by picks the part that runs.
//
// Upstream has such a program too, but a main package cannot be imported; and this one brings a
// page of its own, because Argo CD's web pages are not built in its Go module.
package main

import (
	"embed"
	"errors"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/spf13/cobra"

	controller "github.com/argoproj/argo-cd/v3/cmd/argocd-application-controller/commands"
	applicationset "github.com/argoproj/argo-cd/v3/cmd/argocd-applicationset-controller/commands"
	cmpserver "github.com/argoproj/argo-cd/v3/cmd/argocd-cmp-server/commands"
	commitserver "github.com/argoproj/argo-cd/v3/cmd/argocd-commit-server/commands"
	dex "github.com/argoproj/argo-cd/v3/cmd/argocd-dex/commands"
	askpass "github.com/argoproj/argo-cd/v3/cmd/argocd-git-ask-pass/commands"
	k8sauth "github.com/argoproj/argo-cd/v3/cmd/argocd-k8s-auth/commands"
	notification "github.com/argoproj/argo-cd/v3/cmd/argocd-notification/commands"
	reposerver "github.com/argoproj/argo-cd/v3/cmd/argocd-repo-server/commands"
	server "github.com/argoproj/argo-cd/v3/cmd/argocd-server/commands"
	client "github.com/argoproj/argo-cd/v3/cmd/argocd/commands"
	"github.com/argoproj/argo-cd/v3/common"
	"github.com/argoproj/argo-cd/v3/ui"
)

// What the API server answers to a browser, in place of the web pages.
// The server looks for dist/app/index.html in it.
//
//go:embed dist
var pages embed.FS

// Parts that run inside the cluster. Every other name is the command line client.
var parts = map[string]func() *cobra.Command{
	common.CommandApplicationController:    controller.NewCommand,
	common.CommandApplicationSetController: applicationset.NewCommand,
	common.CommandCMPServer:                cmpserver.NewCommand,
	common.CommandCommitServer:             commitserver.NewCommand,
	common.CommandDex:                      dex.NewCommand,
	common.CommandGitAskPass:               askpass.NewCommand,
	common.CommandK8sAuth:                  k8sauth.NewCommand,
	common.CommandNotifications:            notification.NewCommand,
	common.CommandRepoServer:               reposerver.NewCommand,
	common.CommandServer:                   server.NewCommand,
}

func main() {
	ui.Embedded = pages
	name := calledAs()
	if part, ok := parts[name]; ok {
		if err := part().Execute(); err != nil {
			os.Exit(1)
		}
		return
	}
	os.Exit(runClient())
}

// The repo server sets ARGOCD_BINARY_NAME to have git call this program as its password helper.
func calledAs() string {
	if name := os.Getenv("ARGOCD_BINARY_NAME"); name != "" {
		return name
	}
	return filepath.Base(os.Args[0])
}

// The client hands an unknown command to a plugin on the path; only then is the error worth a word.
func runClient() int {
	command := client.NewCommand()
	command.SilenceErrors = true
	command.SilenceUsage = true
	err := command.Execute()
	if err == nil {
		return 0
	}
	message, err := client.NewDefaultPluginHandler().HandleCommandExecutionError(err, true, os.Args)
	if err == nil {
		return 0
	}
	os.Stderr.WriteString(message)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	return 1
}
