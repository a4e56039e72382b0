package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// How Argo CD is told, in its settings, how a kind is: by a script, with the functions of texts that it needs. The first
// is a list by patterns, which Argo CD's component fills before its controller starts; the others are for one kind each.
const (
	patternsKey = "resource.customizations"
	healthKey   = "resource.customizations.health."
	openKey     = "resource.customizations.useOpenLibs."
)

// How long a kind has to be served before the settings change for it. They make Argo CD's controller forget the cluster
// and read it anew; one that hears of a new API between the two panics (startMissingWatches of its cache), and it hears of
// an API again and again until discovery shows it.
const settled = 10 * time.Second

// A kind that Crossplane makes things of.
type composite struct {
	groupKind
	// Since when the API server serves it; zero while it does not.
	served time.Time
}

// Tells Argo CD how healthy a composite is, of whichever API.
func (gitops *gitops) tellHealth(ctx context.Context, kinds []composite) error {
	path := "/api/v1/namespaces/" + gitops.namespace + "/configmaps/argocd-cm"
	var found struct {
		Data map[string]string `json:"data"`
	}
	if there, err := gitops.cluster.Get(ctx, path, &found); err != nil || !there {
		return orElse(err, fmt.Errorf("Argo CD's settings, ConfigMap argocd-cm, do not exist"))
	}
	scripts, err := scriptsOf(found.Data)
	if err != nil {
		return err
	}
	script := scripts[gitops.healthLike]
	if script == "" {
		return fmt.Errorf("ConfigMap argocd-cm, %s: no script for %s", patternsKey, gitops.healthLike)
	}
	changes := healthSettings(found.Data, untold(kinds, scripts), script, time.Now())
	if len(changes) == 0 {
		return nil
	}
	fmt.Printf("tell Argo CD how kinds of the platform's APIs are: %d settings\n", len(changes))
	return gitops.cluster.Merge(ctx, path, map[string]any{"data": changes})
}

// The scripts of the list by patterns.
func scriptsOf(settings map[string]string) (map[string]string, error) {
	var patterns map[string]struct {
		Script string `yaml:"health.lua"`
	}
	if err := yaml.Unmarshal([]byte(settings[patternsKey]), &patterns); err != nil {
		return nil, fmt.Errorf("ConfigMap argocd-cm, %s: %w", patternsKey, err)
	}
	scripts := map[string]string{}
	for pattern, one := range patterns {
		scripts[pattern] = one.Script
	}
	return scripts, nil
}

// The kinds whose group no pattern covers.
func untold(kinds []composite, scripts map[string]string) []composite {
	var left []composite
	for _, kind := range kinds {
		if scripts[kind.Group+"/*"] == "" {
			left = append(left, kind)
		}
	}
	return left
}

// What has to change in the settings; nil takes a key away.
func healthSettings(found map[string]string, kinds []composite, script string, now time.Time) map[string]any {
	changes, known := map[string]any{}, map[string]bool{}
	for _, kind := range kinds {
		name := kind.Group + "_" + kind.Kind
		known[name] = true
		if kind.served.IsZero() || now.Sub(kind.served) < settled {
			continue
		}
		for key, value := range map[string]string{healthKey + name: script, openKey + name: "true"} {
			if found[key] != value {
				changes[key] = value
			}
		}
	}
	for key, value := range found {
		// Of an API that is gone; what somebody else has written there stays.
		name, is := strings.CutPrefix(key, healthKey)
		if is && !known[name] && value == script {
			changes[key], changes[openKey+name] = nil, nil
		}
	}
	return changes
}
