package main

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"backstack.dev/lib/client"
	"backstack.dev/lib/kube"
)

const exception = "apiVersion: platform.backstack.dev/v1alpha1\nkind: Exception\nmetadata:\n  name: x\n"

func TestOnlySomeKindsNeedAPlatformEngineer(t *testing.T) {
	guarded := defined("platform.backstack.dev", "Exception", "Namespaced", "", "")
	guarded.Metadata.Labels[approvalLabel] = byEngineers
	definitions := []definition{guarded, defined("platform.backstack.dev", "App", "Namespaced", "", "")}
	for name, test := range map[string]struct {
		file changedFile
		is   bool
	}{
		"an exception":      {changedFile{content: []byte(exception)}, true},
		"one that goes":     {changedFile{content: []byte(exception), deleted: true}, false},
		"of another group":  {changedFile{content: []byte(strings.Replace(exception, "platform.backstack.dev", "acme.io", 1))}, false},
		"an app":            {changedFile{content: []byte(order)}, false},
		"what is not YAML":  {changedFile{content: []byte("a: [")}, false},
		"behind an app":     {changedFile{content: []byte(order + "---\n" + exception)}, true},
		"nothing in a file": {changedFile{}, false},
	} {
		if found := guardedOf(definitions, []changedFile{test.file}); slices.Contains(found, "Exception") != test.is {
			t.Errorf("%s: %v", name, found)
		}
	}
}

func TestADevelopersApprovalIsNotThatOfAPlatformEngineer(t *testing.T) {
	reviews := "[]"
	server := httptest.NewServer(http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		answers := map[string]string{
			"compositeresourcedefinitions": `{"items":[{"metadata":{"labels":{"backstack.dev/approval":"platform-engineer"}},"spec":{"group":"platform.backstack.dev","names":{"kind":"Exception"}}}]}`,
			"reviews":                      reviews,
			"assignees":                    `[{"login":"platform-engineer"},{"login":"portal"}]`,
		}
		answer := answers[request.URL.Path[strings.LastIndex(request.URL.Path, "/")+1:]]
		if answer == "" {
			t.Error("asked for", request.URL)
		}
		_, _ = writer.Write([]byte(answer))
	}))
	defer server.Close()
	open := client.New("a server", server.URL, func(*http.Request) error { return nil })
	gitops := &gitops{cluster: &kube.Cluster{Client: open}}
	files := []changedFile{{name: "demo/exception/x.yaml", content: []byte(exception)}}
	for said, waits := range map[string]bool{
		"[]": true,
		`[{"state":"APPROVED","official":true,"user":{"login":"developer"}}]`:                           true,
		`[{"state":"APPROVED","official":false,"user":{"login":"portal"}}]`:                             true,
		`[{"state":"APPROVED","official":true,"stale":true,"user":{"login":"platform-engineer"}}]`:      true,
		`[{"state":"REQUEST_CHANGES","official":true,"user":{"login":"platform-engineer"}}]`:            true,
		`[{"state":"APPROVED","official":true,"user":{"login":"platform-engineer","full_name":"Any"}}]`: false,
	} {
		reviews = said
		found, err := gitops.waitsForEngineer(t.Context(), open, "demo-cluster", pull{Number: 1}, files)
		if err != nil || (found != "") != waits {
			t.Error(said, found, err)
		}
	}
	if found, err := gitops.waitsForEngineer(t.Context(), open, "platform", pull{}, files); err != nil || found != "" {
		t.Error("the platform's own repository has reviewers of its own:", found, err)
	}
}
