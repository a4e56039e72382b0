// Command gitea-setup keeps Gitea as the platform needs it: organisation, users, teams, repositories, protected
// branches, the webhook, programs' tokens and the portal's OAuth2 application.
//
// It looks at everything, makes what is missing, mends what differs, and does so again every minute. So it may be
// killed at any point, and a Gitea whose data were lost is set up anew.
//
//	gitea-setup         runs until it is told to stop
//	gitea-setup check   tells whether the last look found (or left) everything as it should be, for a readiness probe
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
	"backstack.dev/gitea-setup/state"
)

const (
	between    = time.Minute
	retryAfter = 2 * time.Second
)

type setup struct {
	gitea       *client.Client
	cluster     *kube.Cluster
	namespace   string
	callback    string
	hookURL     string
	hookSecret  string
	hookWritten bool
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "check" {
		os.Exit(state.Check())
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	setup, err := fromEnvironment()
	if err != nil {
		fmt.Fprintln(os.Stderr, "gitea-setup:", err)
		os.Exit(1)
	}
	setup.run(ctx)
}

func fromEnvironment() (*setup, error) {
	cluster, err := kube.InPod()
	if err != nil {
		return nil, err
	}
	values := map[string]string{}
	for _, name := range []string{"GITEA_URL", "GITEA_ADMIN_PASSWORD", "NAMESPACE", "PORTAL_CALLBACK", "WEBHOOK_URL", "WEBHOOK_SECRET"} {
		if values[name] = os.Getenv(name); values[name] == "" {
			return nil, fmt.Errorf("%s is not set", name)
		}
	}
	admin := client.Basic(adminName, values["GITEA_ADMIN_PASSWORD"])
	return &setup{
		gitea:      client.New("Gitea", values["GITEA_URL"]+"/api/v1", admin),
		cluster:    cluster,
		namespace:  values["NAMESPACE"],
		callback:   values["PORTAL_CALLBACK"],
		hookURL:    values["WEBHOOK_URL"],
		hookSecret: values["WEBHOOK_SECRET"],
	}, nil
}

func (setup *setup) run(ctx context.Context) {
	state.Set("Gitea is being set up")
	for ctx.Err() == nil {
		wait := between
		err := setup.pass(ctx)
		if err != nil && ctx.Err() == nil {
			wait = retryAfter
			state.Set(err.Error())
		} else if err == nil {
			state.Set("")
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}

// One look at everything, in the order in which things need each other.
func (setup *setup) pass(ctx context.Context) error {
	steps := []struct {
		what string
		do   func(context.Context) error
	}{
		{"users", setup.users},
		{"organisation", setup.organisation},
		{"repositories", setup.repositories},
		{"teams", setup.teams},
		{"protected branches", setup.protections},
		{"webhook", setup.webhook},
		{"tokens", setup.tokens},
		{"sign-in of the portal", setup.portal},
	}
	for _, step := range steps {
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
	}
	return nil
}

func (setup *setup) say(format string, arguments ...any) {
	fmt.Printf(format+"\n", arguments...)
}
