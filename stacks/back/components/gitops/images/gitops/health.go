package main

import (
	"context"
	"fmt"
	"os"
	"strings"
)

// How Argo CD is told, in its settings, how a kind is: by a script, with the functions of texts that it needs.
const (
	healthKey = "resource.customizations.health."
	openKey   = "resource.customizations.useOpenLibs."
)

// Tells Argo CD how healthy a composite is, of whichever API: a script for each kind, for its settings know no way to say it
// of all that Crossplane makes.
func (gitops *gitops) tellHealth(ctx context.Context, kinds offer) error {
	script, err := os.ReadFile(gitops.health)
	if err != nil {
		return err
	}
	path := "/api/v1/namespaces/" + gitops.namespace + "/configmaps/argocd-cm"
	var found struct {
		Data map[string]string `json:"data"`
	}
	if there, err := gitops.cluster.Get(ctx, path, &found); err != nil || !there {
		return orElse(err, fmt.Errorf("Argo CD's settings, ConfigMap argocd-cm, do not exist"))
	}
	changes := healthSettings(found.Data, kinds.all, string(script))
	if len(changes) == 0 {
		return nil
	}
	fmt.Printf("tell Argo CD how kinds of the platform's APIs are: %d settings\n", len(changes))
	return gitops.cluster.Merge(ctx, path, map[string]any{"data": changes})
}

// What has to change in the settings; nil takes a key away.
func healthSettings(found map[string]string, kinds []groupKind, script string) map[string]any {
	wanted := map[string]string{}
	for _, kind := range kinds {
		name := kind.Group + "_" + kind.Kind
		wanted[healthKey+name], wanted[openKey+name] = script, "true"
	}
	changes := map[string]any{}
	for key, value := range wanted {
		if found[key] != value {
			changes[key] = value
		}
	}
	for key, value := range found {
		// Of an API that is gone; what somebody else has written there stays.
		name, is := strings.CutPrefix(key, healthKey)
		if _, stays := wanted[key]; is && !stays && value == script {
			changes[key], changes[openKey+name] = nil, nil
		}
	}
	return changes
}
