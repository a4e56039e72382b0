package main

import (
	"context"
	"fmt"
	"maps"
)

// The Secret in which Argo CD finds how it may read the organisation's repositories.
const repositoriesSecret = "gitea-repositories"

// Gives Argo CD the token that Gitea made for it.
func (gitops *gitops) credentials(ctx context.Context) error {
	from, err := gitops.cluster.Secret(ctx, gitops.giteaNamespace, "argocd")
	if err != nil {
		return err
	}
	if from["token"] == "" {
		return fmt.Errorf("Gitea has not given Argo CD a token yet")
	}
	found, err := gitops.cluster.Secret(ctx, gitops.namespace, repositoriesSecret)
	if err != nil {
		return err
	}
	wanted := map[string]string{
		"type": "git", "url": gitops.url + "/" + organisation, "username": from["username"], "password": from["token"],
	}
	if maps.Equal(found, wanted) {
		return nil
	}
	fmt.Println("give Argo CD its token for Gitea")
	if err := gitops.cluster.SetSecret(ctx, gitops.namespace, repositoriesSecret, wanted); err != nil {
		return err
	}
	// What failed without it need not wait for its next turn.
	return gitops.refresh(ctx, organisation)
}
