// Command gitops joins Gitea and Argo CD: it gives Argo CD its token, fills repositories that are empty, and tells
// Argo CD at once when something was merged. It says at pull requests whether Argo CD can read their files.
//
//	gitops         runs until it is told to stop
//	gitops check   tells whether repositories are filled and Argo CD knows them, for a readiness probe
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"backstack.dev/gitea-setup/client"
	"backstack.dev/gitea-setup/kube"
	"backstack.dev/gitea-setup/serve"
	"backstack.dev/gitea-setup/state"
)

const (
	between    = time.Minute
	retryAfter = 2 * time.Second
)

type gitops struct {
	cluster *kube.Cluster
	// Address that Gitea's events come in at.
	listen string
	// Gitea's address inside the cluster, and the namespace that its Secrets are in.
	url, giteaNamespace string
	// The namespace of Argo CD, and of this program.
	namespace string
	// A folder for every repository that is to be filled.
	seeds string
	// Set once what Git says was applied for the first time.
	applied bool
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "check" {
		os.Exit(state.Check())
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "gitops:", err)
		os.Exit(1)
	}
}

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	cluster, err := kube.InPod()
	if err != nil {
		return err
	}
	gitops := &gitops{cluster: cluster}
	settings := map[string]*string{
		"LISTEN": &gitops.listen, "GITEA_URL": &gitops.url, "GITEA_NAMESPACE": &gitops.giteaNamespace, "NAMESPACE": &gitops.namespace, "SEEDS": &gitops.seeds,
	}
	for name, value := range settings {
		if *value = os.Getenv(name); *value == "" {
			return fmt.Errorf("%s is not set", name)
		}
	}
	go gitops.keep(ctx)
	return serve.Until(ctx, gitops.listen, gitops.routes())
}

// Looks at everything, again and again: what is missing is made, so it does not matter where an earlier run ended.
func (gitops *gitops) keep(ctx context.Context) {
	state.Set("the repositories have not been looked at yet")
	for ctx.Err() == nil {
		wait := between
		if err := gitops.pass(ctx); err == nil {
			state.Set("")
		} else if ctx.Err() == nil {
			wait = retryAfter
			state.Set(err.Error())
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}

func (gitops *gitops) pass(ctx context.Context) error {
	for _, step := range []func(context.Context) error{gitops.credentials, gitops.seed, gitops.review, gitops.ready} {
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
