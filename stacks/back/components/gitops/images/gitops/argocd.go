package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// An Application or ApplicationSet, as far as it matters here.
type object struct {
	Metadata struct {
		Name string `json:"name"`
	} `json:"metadata"`
	// Searched for the address of a repository, wherever it stands.
	Spec   json.RawMessage `json:"spec"`
	Status struct {
		// Of an Application: every revision that was applied.
		History []struct{} `json:"history"`
		Sync    struct {
			Status string `json:"status"`
		} `json:"sync"`
		// What is wrong with an Application, or how an ApplicationSet is.
		Conditions []struct {
			Type    string `json:"type"`
			Status  string `json:"status"`
			Message string `json:"message"`
		} `json:"conditions"`
		Operation struct {
			Phase     string    `json:"phase"`
			Message   string    `json:"message"`
			StartedAt time.Time `json:"startedAt"`
		} `json:"operationState"`
	} `json:"status"`
}

func (gitops *gitops) path(kind string) string {
	return "/apis/argoproj.io/v1alpha1/namespaces/" + gitops.namespace + "/" + kind
}

// Argo CD looks at an object anew, past its cache, when it has the annotation; it takes the annotation off.
func refreshOf(kind string) map[string]string {
	if kind == "applications" {
		return map[string]string{"argocd.argoproj.io/refresh": "normal"}
	}
	// A set that fails keeps the annotation and tries again minutes later: only a new value is a change that wakes it.
	return map[string]string{"argocd.argoproj.io/application-set-refresh": time.Now().Format(time.RFC3339Nano)}
}

// Has Argo CD look at whatever uses this repository, given as `organisation/name` or `organisation`.
func (gitops *gitops) refresh(ctx context.Context, repository string) error {
	address := gitops.url + "/" + repository
	// First the sets: what they make new is looked at anyway.
	for _, kind := range []string{"applicationsets", "applications"} {
		var list struct {
			Items []object `json:"items"`
		}
		if err := gitops.cluster.Send(ctx, http.MethodGet, gitops.path(kind), nil, &list); err != nil {
			return err
		}
		for _, one := range list.Items {
			if !uses(one.Spec, address) {
				continue
			}
			patch := map[string]any{"metadata": map[string]any{"annotations": refreshOf(kind)}}
			if one.isStuck() {
				patch["status"] = map[string]any{"operationState": map[string]any{"phase": "Terminating"}}
				fmt.Printf("end the sync of %s, which waits since %s\n", one.Metadata.Name, one.Status.Operation.StartedAt.Format(time.TimeOnly))
			}
			if err := gitops.cluster.Merge(ctx, gitops.path(kind)+"/"+one.Metadata.Name, patch); err != nil {
				return err
			}
			fmt.Printf("refresh %s %s\n", strings.TrimSuffix(kind, "s"), one.Metadata.Name)
		}
	}
	return nil
}

// How long a sync may take before a newer revision ends it.
const patience = 15 * time.Second

// A sync waits without end for what it applied to become healthy, and tries again and again what is refused: what is
// merged to mend it would never be looked at.
func (one *object) isStuck() bool {
	return one.Status.Operation.Phase == "Running" && time.Since(one.Status.Operation.StartedAt) > patience
}

// Whether a spec names a repository: the address itself, or followed by `.git`, `/` or the end of the text.
func uses(spec json.RawMessage, address string) bool {
	for _, after := range []string{`"`, `.git"`, "/"} {
		if strings.Contains(string(spec), `"`+address+after) {
			return true
		}
	}
	return false
}

// Ready means: Argo CD has applied the platform once, and makes Applications of what developers ask for. What
// goes wrong later is told by the Applications themselves and does not make this program unready.
func (gitops *gitops) ready(ctx context.Context) error {
	if gitops.applied {
		return nil
	}
	var platform, demo object
	if there, err := gitops.cluster.Get(ctx, gitops.path("applications")+"/platform", &platform); err != nil || !there {
		return orElse(err, fmt.Errorf("Application platform does not exist"))
	}
	if platform.Status.Sync.Status != "Synced" && len(platform.Status.History) == 0 {
		return fmt.Errorf("Argo CD has not applied repository platform yet: %s", platform.why())
	}
	if there, err := gitops.cluster.Get(ctx, gitops.path("applicationsets")+"/demo-cluster", &demo); err != nil || !there {
		return orElse(err, fmt.Errorf("ApplicationSet demo-cluster does not exist"))
	}
	if demo.is("ResourcesUpToDate") {
		gitops.applied = true
		return nil
	}
	if demo.is("ErrorOccurred") {
		// It asked before this program could answer, and would ask again only minutes later.
		patch := map[string]any{"metadata": map[string]any{"annotations": refreshOf("applicationsets")}}
		if err := gitops.cluster.Merge(ctx, gitops.path("applicationsets")+"/"+orderRepository, patch); err != nil {
			return err
		}
	}
	return fmt.Errorf("ApplicationSet demo-cluster has not made its Applications yet: %s", demo.why())
}

func (one *object) is(condition string) bool {
	for _, told := range one.Status.Conditions {
		if told.Type == condition && told.Status == "True" {
			return true
		}
	}
	return false
}

// What Argo CD says of an object that is not as it should be.
func (one *object) why() string {
	var told []string
	for _, condition := range one.Status.Conditions {
		// An Application's conditions have no status: they are there only while something is wrong.
		if condition.Status == "" || condition.Type == "ErrorOccurred" && condition.Status == "True" {
			told = append(told, condition.Message)
		}
	}
	if one.Status.Operation.Phase != "" {
		told = append(told, strings.TrimSpace(one.Status.Operation.Phase+" "+one.Status.Operation.Message))
	}
	if len(told) == 0 {
		return "it says nothing yet"
	}
	return strings.Join(told, "; ")
}
