// Command gitops joins Gitea and Argo CD: it gives Argo CD its token, fills repositories that are empty, and tells
// Argo CD at once when something was merged. It keeps what may be ordered where, and makes the namespaces that orders go
// to. It says at pull requests whether Argo CD can read their files, and what
// the platform would make of them.
//
//	gitops         runs until it is told to stop; GET /ready tells whether repositories are filled and Argo CD knows them
//	gitops check   prints that answer, for a startup probe
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"backstack.dev/lib/client"
	"backstack.dev/lib/keep"
	"backstack.dev/lib/kube"
	"backstack.dev/lib/ready"
	"backstack.dev/lib/serve"
	"backstack.dev/lib/settings"
)

type gitops struct {
	cluster *kube.Cluster
	// Gitea's address inside the cluster, and the namespace that its Secrets are in.
	url, giteaNamespace string
	// The namespace of Argo CD, and of this program.
	namespace string
	// The server that says what a change would do.
	assistant *assistant
	// A folder for every repository that is to be filled.
	seeds string
	// The pattern in Argo CD's settings whose script tells how a composite is.
	healthLike string
	// Set once what Git says was applied for the first time.
	applied bool
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "check" {
		os.Exit(ready.Check(os.Getenv("LISTEN")))
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "gitops:", err)
		os.Exit(1)
	}
}

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	values, err := settings.Read("LISTEN", "GITEA_URL", "GITEA_NAMESPACE", "NAMESPACE", "SEEDS", "HEALTH_LIKE", "ASSISTANT_URL", "ASSISTANT_TOKEN")
	if err != nil {
		return err
	}
	cluster, err := kube.InPod()
	if err != nil {
		return err
	}
	gitops := &gitops{
		cluster:        cluster,
		url:            values["GITEA_URL"],
		giteaNamespace: values["GITEA_NAMESPACE"],
		namespace:      values["NAMESPACE"],
		seeds:          values["SEEDS"],
		healthLike:     values["HEALTH_LIKE"],
		assistant:      newAssistant(values["ASSISTANT_URL"], values["ASSISTANT_TOKEN"]),
	}
	state := ready.New("the repositories have not been looked at yet")
	go keep.Until(ctx, state, gitops.pass)
	return serve.Until(ctx, values["LISTEN"], gitops.routes(state))
}

// Looks at everything: what is missing is made.
func (gitops *gitops) pass(ctx context.Context) error {
	for _, step := range []func(context.Context) error{gitops.credentials, gitops.seed, gitops.review, gitops.ready, gitops.orders} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// A client for Gitea as one of its programs, with the token that its Secret holds now.
func (gitops *gitops) gitea(ctx context.Context, user string) (*client.Client, error) {
	values, err := gitops.cluster.Secret(ctx, gitops.giteaNamespace, user)
	if err != nil {
		return nil, err
	}
	if values["token"] == "" {
		return nil, fmt.Errorf("Gitea has not given %s a token yet", user)
	}
	return client.New("Gitea", gitops.url+"/api/v1", client.Token(values["token"])), nil
}
