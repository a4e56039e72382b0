package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const order = "apiVersion: platform.backstack.dev/v1alpha1\nkind: App\nmetadata:\n  name: shop\nspec:\n  image: nginx\n"

func TestTheFolderIsTheNamespaceOfWhatIsAsked(t *testing.T) {
	asked, why := question("demo-cluster", changedFile{name: "demo/app/shop.yaml", content: []byte(order)})
	if why != "" || !strings.Contains(asked["manifest"].(string), "namespace: demo") || asked["file"] != "demo-cluster:demo/app/shop.yaml" {
		t.Error(asked, why)
	}
	asked, _ = question("demo-cluster", changedFile{name: "cluster/app/shop.yaml", content: []byte(order)})
	if asked["manifest"] != order {
		t.Error("what has no namespace gets none:", asked)
	}
	asked, _ = question("demo-cluster", changedFile{name: "demo/app/shop.yaml", deleted: true, content: []byte(order)})
	if asked["entity"] != "App:demo/shop" || asked["action"] != "delete" {
		t.Error(asked)
	}
	asked, _ = question("platform", changedFile{name: "apis/a/b.yaml", content: []byte(order + "---\n" + order)})
	if asked["manifest"] != order+"---\n"+order {
		t.Error(asked)
	}
	if _, why = question("platform", changedFile{name: "a.yaml", content: []byte("")}); why == "" {
		t.Error("an empty file is asked about")
	}
}

// The judge, as it answers over HTTP.
func judgeThat(t *testing.T, status int, answer string) *gitops {
	server := httptest.NewServer(http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		body, _ := io.ReadAll(request.Body)
		if request.Header.Get("Authorization") != "Bearer secret" || !json.Valid(body) {
			t.Errorf("asked with %v: %s", request.Header, body)
		}
		writer.WriteHeader(status)
		_, _ = io.WriteString(writer, answer)
	}))
	t.Cleanup(server.Close)
	return &gitops{assistant: newAssistant(server.URL, "secret")}
}

func TestAVerdictTellsWhatHappensAndWhatIsNotRight(t *testing.T) {
	files := []changedFile{{name: "demo/app/shop.yaml", content: []byte(order)}}
	facts := `{"result":{"structuredContent":{"summary":"Create App demo/shop","acceptable":true,"verdict":"acceptable",
		"dry_run":[{"object":"App demo/shop","warnings":["no-nginx: use another"]}],
		"composed":{"resources":[{"object":"Service demo/shop","effect":"keep"},{"object":"Deployment demo/shop","effect":"create"}],
		"dry_run":[{"object":"Deployment demo/shop","warnings":["no limits"]}]}}}}`
	verdict := judgeThat(t, 200, facts).verdict(t.Context(), "demo-cluster", files)
	comment := verdict.comment()
	for _, part := range []string{"Create App demo/shop", "- creates Deployment demo/shop\n", "no-nginx: use another", "no limits"} {
		if !strings.Contains(comment, part) {
			t.Errorf("%q is not in %s", part, comment)
		}
	}
	if verdict.state() != "success" || !strings.Contains(verdict.line(), "2 things") || strings.Contains(comment, "Refused") {
		t.Error(verdict.state(), verdict.line(), comment)
	}
}

func TestWhatIsNotAcceptableFails(t *testing.T) {
	files := []changedFile{{name: "demo/app/shop.yaml", content: []byte(order)}}
	facts := `{"result":{"structuredContent":{"summary":"Create App demo/shop","acceptable":false,"verdict":"not acceptable: spec.port must be a number"}}}`
	verdict := judgeThat(t, 200, facts).verdict(t.Context(), "demo-cluster", files)
	if verdict.state() != "failure" || verdict.line() != "spec.port must be a number" || !strings.Contains(verdict.comment(), "**Refused**") {
		t.Error(verdict.state(), verdict.line(), verdict.comment())
	}
}

func TestFilesOfThePlatformMayStandOnEachOther(t *testing.T) {
	facts := `{"result":{"structuredContent":{"acceptable":false,"verdict":"not acceptable: no definition defines Database"}}}`
	one := changedFile{name: "apis/a.yaml", content: []byte(order)}
	for repository, state := range map[string]string{"platform": "success", "demo-cluster": "failure"} {
		verdict := judgeThat(t, 200, facts).verdict(t.Context(), repository, []changedFile{one, one})
		if verdict.state() != state || !strings.Contains(verdict.comment(), "no definition defines Database") {
			t.Error(repository, verdict.state(), verdict.comment())
		}
	}
	verdict := judgeThat(t, 200, facts).verdict(t.Context(), "platform", []changedFile{one})
	if verdict.state() != "failure" {
		t.Error("a file by itself has nobody to wait for")
	}
}

func TestAJudgeThatIsAwayHoldsUpNobody(t *testing.T) {
	files := []changedFile{{name: "demo/app/shop.yaml", content: []byte(order)}}
	for answer, line := range map[string]string{
		`{"result":{"isError":true,"content":[{"text":"several documents"}]}}`: "could not be told of all",
		`{"error":{"message":"no cluster"}}`:                                   "policies could not be asked",
	} {
		verdict := judgeThat(t, 200, answer).verdict(t.Context(), "demo-cluster", files)
		if verdict.state() != "success" || !strings.Contains(verdict.line(), line) {
			t.Error(answer, verdict.state(), verdict.line())
		}
	}
	verdict := judgeThat(t, 502, "").verdict(t.Context(), "demo-cluster", files)
	if verdict.state() != "success" || !strings.Contains(verdict.comment(), "could not be told") {
		t.Error(verdict.comment())
	}
}

func TestAnUnclearFileIsNotCalledContent(t *testing.T) {
	verdict := verdict{files: []judged{{name: "a.yaml", unclear: "it holds no object"}}}
	if line := verdict.line(); !strings.Contains(line, "could not be told of all") {
		t.Error(line)
	}
	if comment := verdict.comment(); !strings.Contains(comment, "cannot be told: it holds no object") {
		t.Error(comment)
	}
}

func TestWhatGoesWithADeletionIsToldFirst(t *testing.T) {
	preview := preview{GoesToo: []string{"Deployment demo/shop", "Cluster demo/db"}}
	if lines := preview.effects(); len(lines) != 1 || lines[0] != "deletes Deployment demo/shop, Cluster demo/db" {
		t.Error(lines)
	}
}
