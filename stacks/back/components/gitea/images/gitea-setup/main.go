// Command gitea-setup keeps Gitea as the platform needs it: organisation, users, teams, repositories, protected
// branches, the webhook, programs' tokens and the portal's OAuth2 application.
//
// It looks at everything, makes what is missing, mends what differs, and does so again every minute. So it may be
// killed at any point, and a Gitea whose data were lost is set up anew.
//
//	gitea-setup         runs until it is told to stop; GET /ready tells whether all is as it should be
//	gitea-setup check   prints that answer, for a startup probe
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"backstack.dev/lib/client"
	"backstack.dev/lib/keep"
	"backstack.dev/lib/kube"
	"backstack.dev/lib/ready"
	"backstack.dev/lib/serve"
	"backstack.dev/lib/settings"
)

type setup struct {
	// Gitea as its administrator, by password and by token.
	password, gitea *client.Client
	cluster         *kube.Cluster
	namespace       string
	callback        string
	// Who is told what happens, and what signs it.
	hookURLs     []string
	hookSecret   string
	hooksWritten map[string]bool
	// Nobody approves what they asked for themselves, whoever proposed it.
	fourEyes bool
	// Programs whose token was seen to have the scopes it should have.
	scopesSeen map[string]bool
	// The portal's OAuth2 application, and people who let it know them.
	portalID string
	granted  map[string]string
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "check" {
		os.Exit(ready.Check(os.Getenv("LISTEN")))
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "gitea-setup:", err)
		os.Exit(1)
	}
}

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	values, err := settings.Read("LISTEN", "GITEA_URL", "GITEA_ADMIN_PASSWORD", "NAMESPACE", "PORTAL_CALLBACK", "WEBHOOK_URLS", "WEBHOOK_SECRET", "FOUR_EYES")
	if err != nil {
		return err
	}
	cluster, err := kube.InPod()
	if err != nil {
		return err
	}
	setup := &setup{
		password:     client.New("Gitea", values["GITEA_URL"]+"/api/v1", client.Basic(adminName, values["GITEA_ADMIN_PASSWORD"])),
		cluster:      cluster,
		namespace:    values["NAMESPACE"],
		callback:     values["PORTAL_CALLBACK"],
		hookURLs:     strings.Fields(values["WEBHOOK_URLS"]),
		hookSecret:   values["WEBHOOK_SECRET"],
		fourEyes:     values["FOUR_EYES"] == "true",
		hooksWritten: map[string]bool{},
		scopesSeen:   map[string]bool{},
		granted:      map[string]string{},
	}
	state := ready.New("Gitea is being set up")
	go keep.Until(ctx, state, setup.pass)
	mux := http.NewServeMux()
	mux.Handle("GET "+ready.Path, state)
	return serve.Until(ctx, values["LISTEN"], mux)
}

// One look at everything, in the order in which things need each other.
func (setup *setup) pass(ctx context.Context) error {
	steps := []struct {
		what string
		do   func(context.Context) error
	}{
		{"sign-in", setup.signIn},
		{"users", setup.users},
		{"organisation", setup.organisation},
		{"repositories", setup.repositories},
		{"teams", setup.teams},
		{"protected branches", setup.protections},
		{"webhooks", setup.webhooks},
		{"tokens", setup.tokens},
		{"sign-in of the portal", setup.portal},
		{"people's word for the portal", setup.grants},
	}
	for _, step := range steps {
		if err := step.do(ctx); err != nil {
			if client.IsStatus(err, http.StatusUnauthorized) {
				// A Gitea whose data were lost does not know the token.
				setup.gitea = nil
			}
			return fmt.Errorf("%s: %w", step.what, err)
		}
	}
	return nil
}

func (setup *setup) say(format string, arguments ...any) {
	fmt.Printf(format+"\n", arguments...)
}
