package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Where developers order, and Argo CD's project for it.
const orderRepository = "demo-cluster"

// What belongs to no namespace lies in this folder.
const clusterFolder = "cluster"

// Keeps what developers may order, and where: by the APIs that there are, and the rules for namespaces.
func (gitops *gitops) orders(ctx context.Context) error {
	kinds, err := gitops.offered(ctx)
	if err != nil {
		return err
	}
	rules, err := gitops.namespaceRules(ctx)
	if err != nil {
		return err
	}
	spaces, err := gitops.namespaces(ctx)
	if err != nil {
		return err
	}
	if err := gitops.tellHealth(ctx, kinds.all); err != nil {
		return err
	}
	changed, err := gitops.keepProject(ctx, kinds, destinations(rules, spaces), rules)
	if err != nil {
		return err
	}
	made, err := gitops.makeNamespaces(ctx, rules, spaces)
	if err != nil {
		return err
	}
	if !changed && !made {
		return nil
	}
	// What was refused before need not wait for its next turn.
	return gitops.refresh(ctx, organisation+"/"+orderRepository)
}

// Looks again and again for a while: what a merge brings is there only when Argo CD and Crossplane are done with it.
func (gitops *gitops) follow(ctx context.Context) {
	const times, between = 20, 3 * time.Second
	for range times {
		select {
		case <-ctx.Done():
			return
		case <-time.After(between):
		}
		if err := gitops.orders(ctx); err != nil {
			fmt.Println(err)
		}
	}
}

// A kind of an API, as Argo CD's project lists it.
type groupKind struct {
	Group string `json:"group"`
	Kind  string `json:"kind"`
}

type offer struct {
	wide, namespaced []groupKind
	// All of them, for Argo CD's notion of their health.
	all []composite
}

// An API that carries this label with the value `false` is only for other APIs to be made of.
const offeredLabel = "backstack.dev/offered"

type definition struct {
	Metadata struct {
		Labels map[string]string `json:"labels"`
	} `json:"metadata"`
	Spec struct {
		Group string `json:"group"`
		Scope string `json:"scope"`
		Names struct {
			Kind string `json:"kind"`
		} `json:"names"`
		ClaimNames struct {
			Kind string `json:"kind"`
		} `json:"claimNames"`
	} `json:"spec"`
	Status struct {
		Conditions []struct {
			Type               string    `json:"type"`
			Status             string    `json:"status"`
			LastTransitionTime time.Time `json:"lastTransitionTime"`
		} `json:"conditions"`
	} `json:"status"`
}

// Since when what it defines, or offers as a claim, is served; zero if it is not.
func (definition *definition) served() time.Time {
	var since time.Time
	for _, one := range definition.Status.Conditions {
		switch {
		case one.Type != "Established" && one.Type != "Offered":
		case one.Status != "True":
			return time.Time{}
		case one.LastTransitionTime.After(since):
			since = one.LastTransitionTime
		}
	}
	return since
}

// What can be ordered: whatever is defined, in whichever group.
func (gitops *gitops) offered(ctx context.Context) (offer, error) {
	definitions, err := gitops.definitions(ctx)
	return offerOf(definitions), err
}

func (gitops *gitops) definitions(ctx context.Context) ([]definition, error) {
	var list struct {
		Items []definition `json:"items"`
	}
	path := "/apis/apiextensions.crossplane.io/v2/compositeresourcedefinitions"
	if there, err := gitops.cluster.Get(ctx, path, &list); err != nil || !there {
		return nil, orElse(err, fmt.Errorf("Crossplane's kinds are not there yet"))
	}
	return list.Items, nil
}

func offerOf(definitions []definition) offer {
	var found offer
	for _, one := range definitions {
		kind := groupKind{one.Spec.Group, one.Spec.Names.Kind}
		found.all = append(found.all, composite{kind, one.served()})
		claim := groupKind{one.Spec.Group, one.Spec.ClaimNames.Kind}
		if claim.Kind != "" {
			found.all = append(found.all, composite{claim, one.served()})
		}
		switch {
		case one.Metadata.Labels[offeredLabel] == "false":
		case claim.Kind != "":
			found.namespaced = append(found.namespaced, claim)
		case one.Spec.Scope == "Namespaced":
			found.namespaced = append(found.namespaced, kind)
		default:
			found.wide = append(found.wide, kind)
		}
	}
	byName := func(a, b groupKind) int { return strings.Compare(a.Group+"/"+a.Kind, b.Group+"/"+b.Kind) }
	for _, kinds := range [][]groupKind{found.wide, found.namespaced} {
		slices.SortFunc(kinds, byName)
	}
	return found
}

type destination struct {
	Server    string `json:"server"`
	Namespace string `json:"namespace"`
}

type projectSpec struct {
	Destinations []destination `json:"destinations"`
	Wide         []groupKind   `json:"clusterResourceWhitelist"`
	Namespaced   []groupKind   `json:"namespaceResourceWhitelist"`
}

// The annotation of the project from which others learn how a namespace that is made will be.
const newNamespaces = "backstack.dev/new-namespaces"

// Brings Argo CD's project to what may be ordered where. It says whether anything had to be changed.
func (gitops *gitops) keepProject(ctx context.Context, kinds offer, open []destination, rules namespaceRules) (bool, error) {
	wanted := projectSpec{
		Destinations: open, Wide: append([]groupKind{}, kinds.wide...),
		Namespaced: append(slices.Clone(kinds.namespaced), groupKind{"", "ConfigMap"}),
	}
	told, err := json.Marshal(map[string]any{"labels": rules.labels, "rule": rules.words()})
	if err != nil {
		return false, err
	}
	path := gitops.path("appprojects") + "/" + orderRepository
	var found struct {
		Metadata struct {
			Annotations map[string]string `json:"annotations"`
		} `json:"metadata"`
		Spec projectSpec `json:"spec"`
	}
	if there, err := gitops.cluster.Get(ctx, path, &found); err != nil || !there {
		return false, orElse(err, fmt.Errorf("AppProject %s does not exist", orderRepository))
	}
	if reflect.DeepEqual(found.Spec, wanted) && found.Metadata.Annotations[newNamespaces] == string(told) {
		return false, nil
	}
	fmt.Printf("AppProject %s: %d kinds, %d rules for namespaces\n", orderRepository, len(wanted.Wide)+len(wanted.Namespaced), len(open))
	return true, gitops.cluster.Merge(ctx, path, map[string]any{
		"metadata": map[string]any{"annotations": map[string]string{newNamespaces: string(told)}},
		"spec":     wanted,
	})
}

// Every YAML file of the orders' repository that stands where an order does.
func (gitops *gitops) orderFiles(ctx context.Context) ([]string, error) {
	gitea, err := gitops.gitea(ctx, "seeder")
	if err != nil {
		return nil, err
	}
	var files []string
	for page := 1; ; page++ {
		var tree struct {
			Tree []struct {
				Path string `json:"path"`
				Type string `json:"type"`
			} `json:"tree"`
			Truncated bool `json:"truncated"`
		}
		path := fmt.Sprintf("/repos/%s/%s/git/trees/%s?recursive=true&per_page=1000&page=%d", organisation, orderRepository, branch, page)
		if err := gitea.Send(ctx, http.MethodGet, path, nil, &tree); err != nil {
			return nil, err
		}
		for _, entry := range tree.Tree {
			if entry.Type == "blob" && isOrder(entry.Path) {
				files = append(files, entry.Path)
			}
		}
		if !tree.Truncated || len(tree.Tree) == 0 {
			return files, nil
		}
	}
}

// Whether a path is that of an order: `<namespace>/<kind>/<name>.yaml`.
func isOrder(path string) bool {
	return strings.Count(path, "/") == 2 && strings.HasSuffix(path, ".yaml")
}
