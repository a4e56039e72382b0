package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	fn "github.com/crossplane/crossplane/v2/proto/fn/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/structpb"
	"sigs.k8s.io/yaml"
)

// The compositions that the platform offers for one API in several languages.
const app = "../../../gitops/repositories/platform/apis/app"

var orders = map[string]string{
	"the least": `spec: {image: docker.io/hashicorp/http-echo:1.0.0, replicas: 1, port: 8080, size: small}`,
	"all there is": `spec:
  image: docker.io/hashicorp/http-echo:1.0.0
  replicas: 3
  port: 5678
  size: large
  env:
    - {name: "YES", value: "true"}
    - {name: ECHO_TEXT, value: 'a "quoted": # text'}
    - {name: PASSWORD, valueFrom: {secretKeyRef: {name: db, key: password}}}`,
}

const observed = `
deployment:
  apiVersion: apps/v1
  kind: Deployment
  metadata: {name: "7", namespace: demo}
  status: {replicas: 3, readyReplicas: 2, conditions: [{type: Available, status: "True"}]}
service:
  apiVersion: v1
  kind: Service
  metadata: {name: "7", namespace: demo}`

func TestCompositionsOfOneAPIMakeTheSameOfAnOrder(t *testing.T) {
	for name, spec := range orders {
		// A name of digits is a text all the same.
		order := "apiVersion: platform.backstack.dev/v1alpha1\nkind: App\nmetadata:\n  name: \"7\"\n  namespace: demo\n  annotations: {kubectl.kubernetes.io/restartedAt: \"2026-11-30T01:00:00Z\"}\n" + spec
		for when, there := range map[string]string{"before anything exists": "{}", "when all exists": observed} {
			templates := composed(t, "composition-go-templates.yaml", order, there)
			patched := composed(t, "composition-patches.yaml", order, there)
			if there == "{}" {
				// Patches tell nothing of what does not exist; templates say none.
				delete(templates["composite"].(map[string]any), "resource")
				delete(patched["composite"].(map[string]any), "resource")
			}
			if written(t, templates) != written(t, patched) {
				t.Errorf("%s, %s:\nGo templates:\n%s\npatches:\n%s", name, when, written(t, templates), written(t, patched))
			}
		}
	}
}

func composed(t *testing.T, file, order, there string) map[string]any {
	t.Helper()
	request := &fn.RunFunctionRequest{Input: input(t, file), Observed: &fn.State{Composite: &fn.Resource{Resource: object(t, order)}}}
	request.Observed.Resources = map[string]*fn.Resource{}
	for name, value := range object(t, there).GetFields() {
		request.Observed.Resources[name] = &fn.Resource{Resource: value.GetStructValue()}
	}
	response, err := service{}.RunFunction(context.Background(), request)
	if err != nil || len(response.GetResults()) > 0 {
		t.Fatalf("%s: %v %v", file, response.GetResults(), err)
	}
	bytes, err := protojson.Marshal(response.GetDesired())
	if err != nil {
		t.Fatal(err)
	}
	var desired map[string]any
	if err := json.Unmarshal(bytes, &desired); err != nil {
		t.Fatal(err)
	}
	// That something is not ready yet, and that it is not known whether it is, are the same to Crossplane.
	for _, each := range desired["resources"].(map[string]any) {
		if resource := each.(map[string]any); resource["ready"] == "READY_FALSE" {
			delete(resource, "ready")
		}
	}
	return desired
}

func input(t *testing.T, file string) *structpb.Struct {
	t.Helper()
	bytes, err := os.ReadFile(filepath.Join(app, file))
	if err != nil {
		t.Fatal(err)
	}
	steps := object(t, string(bytes)).GetFields()["spec"].GetStructValue().GetFields()["pipeline"].GetListValue().GetValues()
	if len(steps) != 1 {
		t.Fatalf("%s has %d steps", file, len(steps))
	}
	return steps[0].GetStructValue().GetFields()["input"].GetStructValue()
}

func object(t *testing.T, text string) *structpb.Struct {
	t.Helper()
	var value map[string]any
	if err := yaml.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	found, err := structpb.NewStruct(value)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func written(t *testing.T, value any) string {
	t.Helper()
	bytes, err := yaml.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(bytes)
}
