package main

import (
	"context"
	"fmt"
	"net/http"
)

type hook struct {
	ID     int64             `json:"id"`
	Active bool              `json:"active"`
	Config map[string]string `json:"config"`
	Events []string          `json:"events"`
}

// Tells whoever listens what happens in the organisation's repositories: who delivers what is merged, and who tells people of it.
func (setup *setup) webhooks(ctx context.Context) error {
	at := "/orgs/" + organisation + "/hooks"
	var found []hook
	if err := setup.gitea.Send(ctx, http.MethodGet, at+"?limit=50", nil, &found); err != nil {
		return err
	}
	for _, url := range setup.hookURLs {
		if err := setup.webhook(ctx, at, url, found); err != nil {
			return err
		}
	}
	return nil
}

func (setup *setup) webhook(ctx context.Context, at, url string, found []hook) error {
	events := []string{"push", "pull_request", "pull_request_sync"}
	wanted := map[string]any{
		"type": "gitea", "active": true, "events": events,
		"config": map[string]string{"url": url, "content_type": "json", "secret": setup.hookSecret},
	}
	for _, hook := range found {
		if hook.Config["url"] != url {
			continue
		}
		// Gitea does not tell the secret, so it is written once in every run of this program.
		if setup.hooksWritten[url] && hook.Active && hasAll(hook.Events, events) {
			return nil
		}
		setup.hooksWritten[url] = true
		return setup.gitea.Send(ctx, http.MethodPatch, fmt.Sprintf("%s/%d", at, hook.ID), wanted, nil)
	}
	setup.say("make the webhook to %s", url)
	setup.hooksWritten[url] = true
	return setup.gitea.Send(ctx, http.MethodPost, at, wanted, nil)
}

const portalSecret = "portal"

type application struct {
	ID           int64    `json:"id"`
	Name         string   `json:"name"`
	ClientID     string   `json:"client_id"`
	ClientSecret string   `json:"client_secret"`
	Trusted      bool     `json:"skip_secondary_authorization"`
	RedirectURIs []string `json:"redirect_uris"`
}

// Lets people sign in to the portal with their Gitea account. Gitea tells the application's secret only when it
// writes it: so it is written anew when the Secret does not know this application.
func (setup *setup) portal(ctx context.Context) error {
	kept, err := setup.cluster.Secret(ctx, setup.namespace, portalSecret)
	if err != nil {
		return err
	}
	const at = "/user/applications/oauth2"
	var found []application
	if err := setup.gitea.Send(ctx, http.MethodGet, at+"?limit=50", nil, &found); err != nil {
		return err
	}
	wanted := map[string]any{
		"name": "Portal", "confidential_client": true, "redirect_uris": []string{setup.callback},
		// Who was asked once is not asked again: see grants.
		"skip_secondary_authorization": true,
	}
	method, path := http.MethodPost, at
	for _, one := range found {
		if one.Name != wanted["name"] {
			continue
		}
		known := kept["oauth_client_id"] == one.ClientID && kept["oauth_client_secret"] != ""
		if known && one.Trusted && sameSet(one.RedirectURIs, []string{setup.callback}) {
			setup.portalID = one.ClientID
			return nil
		}
		method, path = http.MethodPatch, fmt.Sprintf("%s/%d", at, one.ID)
	}
	setup.say("write the OAuth2 application of the portal, for %s", setup.callback)
	var made application
	if err := setup.gitea.Send(ctx, method, path, wanted, &made); err != nil {
		return err
	}
	setup.portalID = made.ClientID
	return setup.cluster.SetSecret(ctx, setup.namespace, portalSecret, map[string]string{
		"oauth_client_id": made.ClientID, "oauth_client_secret": made.ClientSecret,
	})
}
