package main

import (
	"context"
	"net/http"

	"backstack.dev/lib/client"
)

const tokenName = "backstack"

// Takes a token of the administrator's for all but tokens themselves, for which Gitea wants a password. It checks a password
// with much work, each time anew: for a look each minute that was more than all else that it does at rest.
func (setup *setup) signIn(ctx context.Context) error {
	if setup.gitea != nil {
		return nil
	}
	// Nobody knows any more the one that an earlier run of this program had.
	if err := setup.password.Send(ctx, http.MethodDelete, "/users/"+adminName+"/tokens/"+tokenName, nil, nil); err != nil && !client.IsStatus(err, http.StatusNotFound) {
		return err
	}
	token, err := setup.makeToken(ctx, adminName, []string{"all"})
	if err != nil {
		return err
	}
	setup.gitea = client.New(setup.password.Name, setup.password.Base, client.Token(token))
	return nil
}

// Gives every program a token of just the scopes it needs, kept in its Secret. A token that the Secret knows and
// Gitea has stays as it is.
func (setup *setup) tokens(ctx context.Context) error {
	for _, user := range users {
		if scopes, needed := tokens[user.name]; needed {
			if err := setup.token(ctx, user.name, scopes); err != nil {
				return err
			}
		}
	}
	return nil
}

func (setup *setup) token(ctx context.Context, name string, scopes []string) error {
	kept, err := setup.cluster.Secret(ctx, setup.namespace, name)
	if err != nil {
		return err
	}
	if setup.scopesSeen[name] {
		if works, err := setup.works(ctx, kept["token"]); err != nil || works {
			return err
		}
	}
	at := "/users/" + name + "/tokens"
	var found []struct {
		Name   string   `json:"name"`
		Last   string   `json:"token_last_eight"`
		Scopes []string `json:"scopes"`
	}
	if err := setup.password.Send(ctx, http.MethodGet, at+"?limit=50", nil, &found); err != nil {
		return err
	}
	for _, token := range found {
		if token.Name != tokenName {
			continue
		}
		known := kept["token"]
		if len(known) > 8 && known[len(known)-8:] == token.Last && sameSet(token.Scopes, scopes) {
			setup.scopesSeen[name] = true
			return nil
		}
		if err := setup.password.Send(ctx, http.MethodDelete, at+"/"+tokenName, nil, nil); err != nil {
			return err
		}
	}
	setup.say("make a token for %s", name)
	made, err := setup.makeToken(ctx, name, scopes)
	if err != nil {
		return err
	}
	// Also where writing it fails: then the Secret's does not work, and another one is made.
	setup.scopesSeen[name] = true
	return setup.cluster.SetSecret(ctx, setup.namespace, name, map[string]string{"username": name, "token": made})
}

func (setup *setup) makeToken(ctx context.Context, user string, scopes []string) (string, error) {
	var made struct {
		Token string `json:"sha1"`
	}
	err := setup.password.Send(ctx, http.MethodPost, "/users/"+user+"/tokens", map[string]any{"name": tokenName, "scopes": scopes}, &made)
	return made.Token, err
}

// Whether Gitea takes a token. Every program may read this repository.
func (setup *setup) works(ctx context.Context, token string) (bool, error) {
	gitea := client.New(setup.password.Name, setup.password.Base, client.Token(token))
	there, err := gitea.Get(ctx, "/repos/"+organisation+"/"+demoCluster, nil)
	if client.IsStatus(err, http.StatusUnauthorized) || client.IsStatus(err, http.StatusForbidden) {
		return false, nil
	}
	return there, err
}
