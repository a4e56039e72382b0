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

const (
	orders = "testdata/orders.yaml"
	// What each order becomes. The tests of the languages that are not Go compare with it too.
	made = "testdata/made.json"
	// Writes what the Go templates make of the orders in its place.
	update = "BACKSTACK_UPDATE_CASES"
)

type order struct {
	Name        string            `json:"name"`
	Called      string            `json:"called"`
	Annotations map[string]string `json:"annotations"`
	Spec        map[string]any    `json:"spec"`
	Observed    map[string]any    `json:"observed"`
}

func TestCompositionsOfOneAPIMakeTheSameOfAnOrder(t *testing.T) {
	var all []order
	if err := yaml.UnmarshalStrict(read(t, orders), &all); err != nil {
		t.Fatal(err)
	}
	wanted := map[string]any{}
	if os.Getenv(update) == "" {
		if err := json.Unmarshal(read(t, made), &wanted); err != nil {
			t.Fatal(err)
		}
	}
	for _, order := range all {
		templates := composed(t, "composition-go-templates.yaml", order)
		if os.Getenv(update) != "" {
			wanted[order.Name] = templates
		}
		for language, found := range map[string]any{"Go templates": templates, "patches": composed(t, "composition-patches.yaml", order)} {
			if written(t, found) != written(t, wanted[order.Name]) {
				t.Errorf("%s: %s make\n%s\ninstead of\n%s", order.Name, language, written(t, found), written(t, wanted[order.Name]))
			}
		}
	}
	if os.Getenv(update) != "" {
		bytes, err := json.MarshalIndent(wanted, "", "  ")
		if err != nil || os.WriteFile(made, append(bytes, '\n'), 0o644) != nil {
			t.Fatal(err)
		}
	}
}

func composed(t *testing.T, file string, order order) map[string]any {
	t.Helper()
	name := order.Called
	if name == "" {
		name = "hello"
	}
	composite := map[string]any{
		"apiVersion": "platform.backstack.dev/v1alpha1", "kind": "App",
		"metadata": map[string]any{"name": name, "namespace": "demo", "annotations": order.Annotations},
		"spec":     order.Spec,
	}
	request := &fn.RunFunctionRequest{
		Input:    input(t, file),
		Observed: &fn.State{Composite: &fn.Resource{Resource: structure(t, composite)}, Resources: map[string]*fn.Resource{}},
	}
	for name, value := range order.Observed {
		request.Observed.Resources[name] = &fn.Resource{Resource: structure(t, value)}
	}
	response, err := service{}.RunFunction(context.Background(), request)
	if err != nil || len(response.GetResults()) > 0 {
		t.Fatalf("%s: %v %v", file, response.GetResults(), err)
	}
	return compared(t, response, len(order.Observed) > 0)
}

// What a composition makes, without what may differ.
func compared(t *testing.T, response *fn.RunFunctionResponse, exists bool) map[string]any {
	t.Helper()
	bytes, err := protojson.Marshal(response.GetDesired())
	var desired map[string]any
	if err == nil {
		err = json.Unmarshal(bytes, &desired)
	}
	if err != nil {
		t.Fatal(err)
	}
	if !exists {
		// Patches tell nothing of what does not exist, others that there is none of it.
		delete(desired, "composite")
	}
	// That something is not ready yet, and that it is not known whether it is, are the same to Crossplane.
	for _, each := range desired["resources"].(map[string]any) {
		if resource := each.(map[string]any); resource["ready"] == "READY_FALSE" {
			delete(resource, "ready")
		}
	}
	return desired
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	bytes, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return bytes
}

func input(t *testing.T, file string) *structpb.Struct {
	t.Helper()
	bytes := read(t, filepath.Join(app, file))
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
	return structure(t, value)
}

// Through JSON, for the protocol takes maps of anything alone.
func structure(t *testing.T, value any) *structpb.Struct {
	t.Helper()
	var found structpb.Struct
	bytes, err := json.Marshal(value)
	if err == nil {
		err = protojson.Unmarshal(bytes, &found)
	}
	if err != nil {
		t.Fatal(err)
	}
	return &found
}

func written(t *testing.T, value any) string {
	t.Helper()
	bytes, err := yaml.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(bytes)
}
