package main

import (
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"

	"backstack.dev/lib/client"
	"backstack.dev/lib/kube"
)

var spaces = []space{{"argocd", ""}, {"demo", "development"}, {"shop", "production"}, {"default", ""}}

func TestAnOrderMakesOnlyNamespacesThatTheRulesLetIt(t *testing.T) {
	rules := defaultRules()
	for name, part := range map[string]string{
		"demo": "", "shop": "", "lab": "", "cluster": "", "team-a": "",
		"argocd": "not for applications", "default": "not for applications", "kube-x": "no order may make it. A new name",
		"backstack-x": "no order may make it", "Lab": "cannot be a namespace", "lab-": "cannot be a namespace", "a.b": "cannot be a namespace",
		strings.Repeat("a", 64): "cannot be a namespace",
	} {
		problem := rules.problem(name, spaces)
		if (part == "") != (problem == "") || !strings.Contains(problem, part) {
			t.Errorf("%s: %q", name, problem)
		}
	}
}

func TestRulesAreWhatPlatformEngineersWrite(t *testing.T) {
	rules := rulesOf(map[string]string{"allowed": "team-*\nlab", "refused": "team-x", "labels": "cost=low\nbackstack.dev/environment = test\n"})
	for name, fine := range map[string]bool{"lab": true, "team-a": true, "team-x": false, "other": false, "demo": true} {
		if problem := rules.problem(name, spaces); (problem == "") != fine {
			t.Errorf("%s: %q", name, problem)
		}
	}
	if rules.labels[environmentLabel] != "test" || rules.labels["cost"] != "low" {
		t.Error(rules.labels)
	}
	if words := rules.words(); !strings.Contains(words, "like team-*, lab") || !strings.Contains(words, "not team-x") {
		t.Error(words)
	}
	if none := rulesOf(map[string]string{"allowed": ""}); none.problem("lab", spaces) == "" || !strings.Contains(none.words(), "No order") {
		t.Error("an empty list allows nothing:", none.words())
	}
}

func TestArgoCDIsToldTheSameRules(t *testing.T) {
	var names []string
	for _, one := range destinations(defaultRules(), spaces) {
		names = append(names, one.Namespace)
	}
	wanted := []string{"cluster", "demo", "shop", "*", "!argocd", "!backstack-*", "!default", "!kube-*", "!openshift-*"}
	if !slices.Equal(names, wanted) {
		t.Error(names)
	}
	// A namespace that somebody declared to be for applications is open, although no order could make it.
	open := destinations(defaultRules(), []space{{"default", "development"}})
	if slices.ContainsFunc(open, func(one destination) bool { return one.Namespace == "!default" }) {
		t.Error(open)
	}
}

func TestNamespacesAreMissingThatFilesWant(t *testing.T) {
	found := missing([]string{"lab/app/a.yaml", "lab/app/b.yaml", "demo/app/c.yaml", "cluster/clusterapp/d.yaml"}, spaces)
	if !reflect.DeepEqual(found, map[string][]string{"lab": {"lab/app/a.yaml", "lab/app/b.yaml"}}) {
		t.Error(found)
	}
}

func defined(group, kind, scope, claim, offered string) definition {
	var one definition
	one.Spec.Group, one.Spec.Names.Kind, one.Spec.Scope, one.Spec.ClaimNames.Kind = group, kind, scope, claim
	one.Metadata.Labels = map[string]string{offeredLabel: offered}
	return one
}

func TestWhatIsDefinedCanBeOrderedInWhicheverGroup(t *testing.T) {
	found := offerOf([]definition{
		defined("platform.backstack.dev", "App", "Namespaced", "", ""),
		defined("databases.acme.io", "Database", "Namespaced", "", ""),
		defined("databases.acme.io", "Server", "Cluster", "", "true"),
		defined("old.acme.io", "XQueue", "LegacyCluster", "Queue", ""),
		defined("acme.io", "Part", "Namespaced", "", "false"),
	})
	wanted := []groupKind{{"databases.acme.io", "Database"}, {"old.acme.io", "Queue"}, {"platform.backstack.dev", "App"}}
	if !slices.Equal(found.namespaced, wanted) || !slices.Equal(found.wide, []groupKind{{"databases.acme.io", "Server"}}) {
		t.Error(found)
	}
	if len(found.all) != 6 {
		t.Error("health is told of all, also of what is only a part:", found.all)
	}
}

func TestEveryFileBecomesAnApplicationUnderANameThatIsTakenOnce(t *testing.T) {
	found := applications([]string{"demo/app/my-app.yaml", "demo/app/My_App.yaml", "demo/app/My App.yaml"})
	var names []string
	for _, one := range found {
		names = append(names, one.Name)
	}
	if !slices.Equal(names, []string{"demo-app-my-app", "demo-app-my-app-2", "demo-app-my-app-3"}) {
		t.Error(names)
	}
	first := orderFile{"demo-app-my-app", orderPath{"demo/app", "my-app.yaml", []string{"demo", "app"}}}
	if !reflect.DeepEqual(found[0], first) {
		t.Error(found[0])
	}
	for path, is := range map[string]bool{"demo/app/a.yaml": true, "README.md": false, "a.yaml": false, "a/b/c/d.yaml": false, "a/b/c.yml": false} {
		if isOrder(path) != is {
			t.Error(path)
		}
	}
}

func TestOnlyArgoCDIsToldWhatThereIsAndNothingIsNoAnswer(t *testing.T) {
	tree := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		switch {
		case strings.HasSuffix(request.URL.Path, "/secrets/generator"):
			_, _ = writer.Write([]byte(`{"data":{"token":"cmlnaHQ="}}`))
		case strings.HasSuffix(request.URL.Path, "/secrets/seeder"):
			_, _ = writer.Write([]byte(`{"data":{"token":"eA=="}}`))
		case strings.Contains(request.URL.Path, "/git/trees/main"):
			writer.WriteHeader(tree)
			_, _ = writer.Write([]byte(`{"tree":[{"path":"demo/app/broken.yaml","type":"blob"},{"path":"demo/app","type":"tree"},{"path":"README.md","type":"blob"}]}`))
		default:
			t.Error("asked for", request.URL)
		}
	}))
	defer server.Close()
	cluster := &kube.Cluster{Client: client.New("the API server", server.URL, func(*http.Request) error { return nil })}
	gitops := &gitops{cluster: cluster, url: server.URL, giteaNamespace: "gitea", namespace: "argocd"}
	ask := func(token string) (int, string) {
		request := httptest.NewRequest(http.MethodPost, "/api/v1/getparams.execute", strings.NewReader(`{"applicationSetName":"demo-cluster"}`))
		request.Header.Set("Authorization", "Bearer "+token)
		answer := httptest.NewRecorder()
		gitops.generate(answer, request)
		return answer.Code, answer.Body.String()
	}
	if status, _ := ask("wrong"); status != http.StatusForbidden {
		t.Error("a stranger is told:", status)
	}
	wanted := `{"output":{"parameters":[{"name":"demo-app-broken","path":{"path":"demo/app","filename":"broken.yaml","segments":["demo","app"]}}]}}`
	if status, body := ask("right"); status != http.StatusOK || strings.TrimSpace(body) != wanted {
		t.Error(status, body)
	}
	tree = http.StatusInternalServerError
	if status, body := ask("right"); status/100 == 2 {
		t.Error("without Git all orders would be taken away:", body)
	}
}
