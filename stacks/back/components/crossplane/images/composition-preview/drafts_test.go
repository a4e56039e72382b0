package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	fn "github.com/crossplane/crossplane/v2/proto/fn/v1"

	"backstack.dev/lib/client"
	"backstack.dev/lib/kube"
)

type starting struct {
	fake
	started []string
	ended   int
}

func (starting *starting) start(_ context.Context, functions []string) (runner, func(), error) {
	starting.started = functions
	return starting.fake, func() { starting.ended++ }, nil
}

func TestADraftRunsInFunctionsOfItsOwn(t *testing.T) {
	drafts := &starting{fake: fake{does: map[string]func(*fn.RunFunctionRequest) *fn.RunFunctionResponse{
		"picky": func(request *fn.RunFunctionRequest) *fn.RunFunctionResponse {
			if request.Observed.Composite.Resource.AsMap()["bad"] == true {
				return &fn.RunFunctionResponse{Results: []*fn.Result{{Severity: fn.Severity_SEVERITY_FATAL, Message: "no"}}}
			}
			return &fn.RunFunctionResponse{Desired: desired(object{"web": object{"kind": "Deployment"}})}
		},
	}}}
	// The functions that serve Crossplane have nothing to do with it.
	previewer := previewer{cluster: drafts.fake, functions: fake{}, drafts: drafts}
	asked := draft{Composites: []given{{Composite: object{"bad": true}}, {Composite: object{"metadata": object{"name": "shop"}}}}}
	asked.Composition.Spec.Pipeline = []step{named("picky"), named("picky")}
	found, err := previewer.draft(t.Context(), asked)
	if err != nil {
		t.Fatal(err)
	}
	if first := found.Previews[0]; first.preview != nil || !strings.HasSuffix(first.Refused, "it refuses: no") {
		t.Errorf("%+v", first)
	}
	if second := found.Previews[1]; second.Refused != "" || len(second.Resources) != 1 {
		t.Errorf("%+v", second)
	}
	if !slices.Equal(drafts.started, []string{"picky"}) || drafts.ended != 1 {
		t.Errorf("started %v, ended %d times", drafts.started, drafts.ended)
	}
	if _, err := previewer.draft(t.Context(), draft{}); err == nil {
		t.Error("a draft for nothing")
	}
}

const functionPod = `{"metadata": {"labels": {"pkg.crossplane.io/function": "picky"}}, "spec": {
	"serviceAccountName": "function-picky", "securityContext": {"runAsUser": 2000},
	"containers": [{"image": "here/picky", "args": ["--debug"], "env": [{"name": "TLS_SERVER_CERTS_DIR", "value": "/keys"}],
		"ports": [{"name": "grpc", "containerPort": 9000}], "resources": {"limits": {"memory": "512Mi"}},
		"volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}, {"name": "tls-server-certs", "mountPath": "/keys"}, {"name": "disk", "mountPath": "/disk"}]}],
	"volumes": [{"name": "tmp", "emptyDir": {}}, {"name": "tls-server-certs", "secret": {}}, {"name": "disk", "hostPath": {}}]},
	"status": {"conditions": [{"type": "Ready", "status": "True"}]}}`

// An API server with a function's pod; pods of drafts are ready when they are watched, or fail.
type apiServer struct {
	sync.Mutex
	log    []string
	posted []object
	fails  bool
	// Watches that end before anything is ready.
	early int
}

func (api *apiServer) ServeHTTP(writer http.ResponseWriter, request *http.Request) {
	api.Lock()
	defer api.Unlock()
	api.log = append(api.log, request.Method+" "+request.URL.Path)
	switch {
	case request.URL.Query().Has("watch"):
		state := `"podIP": "10.0.0.9", "conditions": [{"type": "Ready", "status": "True"}]`
		if api.fails {
			state = `"phase": "Failed", "message": "no such image"`
		}
		fmt.Fprint(writer, `{"type": "ADDED", "object": {"metadata": {"labels": {"pkg.crossplane.io/function": "picky"}}, "status": {}}}`)
		if api.early > 0 {
			api.early--
			return
		}
		fmt.Fprintf(writer, `{"type": "MODIFIED", "object": {"metadata": {"labels": {"pkg.crossplane.io/function": "picky"}}, "status": {%s}}}`, state)
	case request.Method == http.MethodPost:
		var posted object
		_ = json.NewDecoder(request.Body).Decode(&posted)
		api.posted = append(api.posted, posted)
	case request.Method == http.MethodGet:
		if strings.HasSuffix(request.URL.Query().Get("labelSelector"), "=picky") {
			fmt.Fprintf(writer, `{"items": [%s]}`, functionPod)
		} else {
			fmt.Fprint(writer, `{"items": []}`)
		}
	}
}

func sandboxAt(t *testing.T, api *apiServer) *sandbox {
	t.Helper()
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	return &sandbox{&kube.Cluster{Client: client.New("API", server.URL, client.Token("t"))}, "functions", "drafts"}
}

func TestADraftsPodIsItsFunctionsWithoutAccountAndWithAnEnd(t *testing.T) {
	api := &apiServer{}
	running, end, err := sandboxAt(t, api).start(t.Context(), []string{"picky"})
	if err != nil {
		t.Fatal(err)
	}
	if address := running.(*apart).addresses["picky"]; address != "10.0.0.9:9000" {
		t.Error(address)
	}
	end()
	wanted := []string{
		"DELETE /api/v1/namespaces/drafts/pods", "DELETE /api/v1/namespaces/drafts/secrets", "POST /api/v1/namespaces/drafts/secrets",
		"GET /api/v1/namespaces/functions/pods", "POST /api/v1/namespaces/drafts/pods", "GET /api/v1/namespaces/drafts/pods",
		"DELETE /api/v1/namespaces/drafts/pods", "DELETE /api/v1/namespaces/drafts/secrets",
	}
	if !slices.Equal(api.log, wanted) {
		t.Error(api.log)
	}
	spec := inner(api.posted[1], "spec")
	if spec["automountServiceAccountToken"] != false || spec["serviceAccountName"] != nil || spec["activeDeadlineSeconds"] == nil {
		t.Error(spec)
	}
	text, _ := json.Marshal(spec)
	for part, is := range map[string]bool{
		`"here/picky"`: true, `"--debug"`: true, `"mountPath":"/keys"`: true, `"mountPath":"/tmp"`: true, `"memory":"512Mi"`: true,
		"/disk": false, "hostPath": false, "tls-server-certs": false,
	} {
		if strings.Contains(string(text), part) != is {
			t.Errorf("%s: %s", part, text)
		}
	}
}

func TestAWatchThatEndsEarlyIsBegunAnew(t *testing.T) {
	running, end, err := sandboxAt(t, &apiServer{early: 1}).start(t.Context(), []string{"picky"})
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	if running.(*apart).addresses["picky"] == "" {
		t.Error(running)
	}
}

func TestADraftThatCannotStartLeavesNothing(t *testing.T) {
	for function, why := range map[string]string{"picky": "the pod of function picky failed: no such image", "gone": "function gone does not run"} {
		api := &apiServer{fails: true}
		_, _, err := sandboxAt(t, api).start(t.Context(), []string{function})
		if err == nil || err.Error() != why {
			t.Error(err)
		}
		if last := api.log[len(api.log)-1]; last != "DELETE /api/v1/namespaces/drafts/secrets" {
			t.Error(api.log)
		}
	}
}
