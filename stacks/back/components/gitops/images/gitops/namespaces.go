package main

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"

	"backstack.dev/lib/client"
	"gopkg.in/yaml.v3"
)

// By this label a namespace is one for applications; its value says what they are for.
const environmentLabel = "backstack.dev/environment"

// On an order and on a namespace: the group whose it is, as the portal reads it.
const ownerAnnotation = "terasky.backstage.io/owner"

// Which namespaces an order may make, and how they will be. Platform engineers write it in the ConfigMap `new-namespaces`.
type namespaceRules struct {
	// Patterns with `*`. What is refused is refused, whatever else is allowed.
	allowed, refused []string
	labels           map[string]string
}

// While nobody has written rules.
func defaultRules() namespaceRules {
	return namespaceRules{
		allowed: []string{"*"},
		// Kubernetes' own, the one that everything without a namespace falls into, and ours.
		refused: []string{"kube-*", "default", "backstack-*", "openshift-*"},
		labels:  map[string]string{environmentLabel: "development"},
	}
}

func (gitops *gitops) namespaceRules(ctx context.Context) (namespaceRules, error) {
	var found struct {
		Data map[string]string `json:"data"`
	}
	at := "/api/v1/namespaces/" + gitops.namespace + "/configmaps/new-namespaces"
	there, err := gitops.cluster.Get(ctx, at, &found)
	if err != nil || !there {
		return defaultRules(), err
	}
	return rulesOf(found.Data), nil
}

// The rules as somebody wrote them, a pattern or a label a line.
func rulesOf(data map[string]string) namespaceRules {
	rules := defaultRules()
	if text, is := data["allowed"]; is {
		rules.allowed = strings.Fields(text)
	}
	if text, is := data["refused"]; is {
		rules.refused = strings.Fields(text)
	}
	for line := range strings.Lines(data["labels"]) {
		if key, value, is := strings.Cut(strings.TrimSpace(line), "="); is {
			rules.labels[strings.TrimSpace(key)] = strings.TrimSpace(value)
		}
	}
	return rules
}

// In words, for the field of a form and for whoever is refused.
func (rules namespaceRules) words() string {
	if len(rules.allowed) == 0 {
		return "No order makes a new namespace: a platform engineer does."
	}
	text := "A new name makes a new namespace"
	if !slices.Contains(rules.allowed, "*") {
		text += "; it has to be like " + strings.Join(rules.allowed, ", ")
	}
	if len(rules.refused) > 0 {
		text += "; not " + strings.Join(rules.refused, ", ") + ", nor a namespace of the platform itself"
	}
	return text + "."
}

// A namespace of the cluster: what its labels say it is for, or nothing.
type space struct {
	name, environment string
}

func (gitops *gitops) namespaces(ctx context.Context) ([]space, error) {
	var list struct {
		Items []struct {
			Metadata struct {
				Name   string            `json:"name"`
				Labels map[string]string `json:"labels"`
			} `json:"metadata"`
		} `json:"items"`
	}
	if err := gitops.cluster.Send(ctx, http.MethodGet, "/api/v1/namespaces", nil, &list); err != nil {
		return nil, err
	}
	var spaces []space
	for _, one := range list.Items {
		spaces = append(spaces, space{one.Metadata.Name, one.Metadata.Labels[environmentLabel]})
	}
	return spaces, nil
}

// Why no order may go to a namespace, or nothing. One that is there has to be for applications; another one is made.
func (rules namespaceRules) problem(name string, spaces []space) string {
	if name == clusterFolder {
		return ""
	}
	for _, one := range spaces {
		if one.name == name && one.environment == "" {
			return fmt.Sprintf("namespace %s is not for applications: it has no label %s", name, environmentLabel)
		} else if one.name == name {
			return ""
		}
	}
	if !namespaceName.MatchString(name) || len(name) > 63 {
		return fmt.Sprintf("%q cannot be a namespace: lower-case letters, digits and dashes, 63 at most", name)
	}
	fits := func(pattern string) bool {
		fits, err := path.Match(pattern, name)
		return err == nil && fits
	}
	if !slices.ContainsFunc(rules.allowed, fits) || slices.ContainsFunc(rules.refused, fits) {
		return fmt.Sprintf("namespace %s does not exist, and no order may make it. %s", name, rules.words())
	}
	return ""
}

var namespaceName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`)

// Why an order of a pull request may not go where it would, or nothing.
func (gitops *gitops) placeProblem(ctx context.Context, repository string, files []changedFile) (string, error) {
	if repository != orderRepository {
		return "", nil
	}
	rules, err := gitops.namespaceRules(ctx)
	if err != nil {
		return "", err
	}
	spaces, err := gitops.namespaces(ctx)
	if err != nil {
		return "", err
	}
	for _, file := range files {
		name, _, _ := strings.Cut(file.name, "/")
		if problem := rules.problem(name, spaces); problem != "" && !file.deleted {
			return file.name + ": " + problem, nil
		}
	}
	return "", nil
}

// The same as Argo CD wants to know it: what is open, and with `!` what is not, whatever else is.
func destinations(rules namespaceRules, spaces []space) []destination {
	var open, closed []string
	for _, one := range spaces {
		if one.environment == "" {
			closed = append(closed, "!"+one.name)
		} else {
			open = append(open, one.name)
		}
	}
	for _, pattern := range rules.refused {
		// One that is there and for applications is open, although nobody may make it.
		if !slices.Contains(open, pattern) && !slices.Contains(closed, "!"+pattern) {
			closed = append(closed, "!"+pattern)
		}
	}
	// Not a namespace: the folder of what belongs to none.
	open = append(open, clusterFolder)
	slices.Sort(open)
	slices.Sort(closed)
	var all []destination
	for _, names := range [][]string{open, rules.allowed, closed} {
		for _, name := range names {
			all = append(all, destination{"https://kubernetes.default.svc", name})
		}
	}
	return all
}

// Makes the namespaces that orders go to and that are not there, as far as the rules let them. It says whether it made any.
func (gitops *gitops) makeNamespaces(ctx context.Context, rules namespaceRules, spaces []space) (bool, error) {
	files, err := gitops.orderFiles(ctx)
	if err != nil {
		return false, err
	}
	made := false
	for name, files := range missing(files, spaces) {
		if rules.problem(name, spaces) != "" {
			// Argo CD says so at the order.
			continue
		}
		owner, err := gitops.ownerOf(ctx, files)
		if err != nil {
			return made, err
		}
		if err := gitops.makeNamespace(ctx, name, owner, rules.labels); err != nil {
			return made, err
		}
		made = true
	}
	return made, nil
}

// The namespaces that are not there, and the files that want them.
func missing(files []string, spaces []space) map[string][]string {
	found := map[string][]string{}
	for _, file := range files {
		name, _, _ := strings.Cut(file, "/")
		is := func(one space) bool { return one.name == name }
		if name != clusterFolder && !slices.ContainsFunc(spaces, is) {
			found[name] = append(found[name], file)
		}
	}
	return found
}

// Whose a new namespace is: that of the first order in it that says whose it is itself.
func (gitops *gitops) ownerOf(ctx context.Context, files []string) (string, error) {
	gitea, err := gitops.gitea(ctx, "seeder")
	if err != nil {
		return "", err
	}
	for _, file := range files {
		content, err := contentOf(ctx, gitea, "/repos/"+organisation+"/"+orderRepository, file, branch)
		if err != nil {
			return "", err
		}
		var order struct {
			Metadata struct {
				Annotations map[string]string `yaml:"annotations"`
			} `yaml:"metadata"`
		}
		// One that cannot be read is told by Argo CD.
		if yaml.Unmarshal(content, &order) == nil && order.Metadata.Annotations[ownerAnnotation] != "" {
			return order.Metadata.Annotations[ownerAnnotation], nil
		}
	}
	return "", nil
}

func (gitops *gitops) makeNamespace(ctx context.Context, name, owner string, labels map[string]string) error {
	fmt.Printf("make namespace %s, which an order asks for\n", name)
	labels = maps.Clone(labels)
	labels["backstack.dev/repository"] = orderRepository
	metadata := map[string]any{"name": name, "labels": labels}
	if owner != "" {
		metadata["annotations"] = map[string]string{ownerAnnotation: owner}
	}
	err := gitops.cluster.Send(ctx, http.MethodPost, "/api/v1/namespaces", map[string]any{
		"apiVersion": "v1", "kind": "Namespace", "metadata": metadata,
	}, nil)
	// Somebody was faster.
	if client.IsStatus(err, http.StatusConflict) {
		return nil
	}
	return err
}
