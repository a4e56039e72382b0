package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	fn "github.com/crossplane/crossplane/v2/proto/fn/v1"
	"google.golang.org/protobuf/types/known/structpb"
)

type fake struct {
	steps []step
	// What functions do, by name.
	does map[string]func(*fn.RunFunctionRequest) *fn.RunFunctionResponse
}

func (fake fake) composition(context.Context, string) (*composition, error) {
	var found composition
	found.Spec.Pipeline = fake.steps
	return &found, nil
}

func (fake fake) resources(_ context.Context, selector *fn.ResourceSelector) ([]object, error) {
	if selector.GetKind() != "Settings" {
		return nil, fmt.Errorf("may not read %s", selector.GetKind())
	}
	return []object{{"kind": "Settings", "data": object{"host": "here"}}}, nil
}

func (fake fake) run(_ context.Context, function string, request *fn.RunFunctionRequest) (*fn.RunFunctionResponse, error) {
	return fake.does[function](request), nil
}

func named(function string) (step step) {
	step.Step, step.Function.Name = function, function
	return step
}

func desired(resources object) *fn.State {
	state := &fn.State{Resources: map[string]*fn.Resource{}}
	for name, resource := range resources {
		value, _ := structpb.NewStruct(resource.(object))
		state.Resources[name] = &fn.Resource{Resource: value}
	}
	return state
}

func previewed(fake fake) (*preview, error) {
	previewer := previewer{cluster: fake, functions: fake}
	return previewer.preview(context.Background(), question{"c", given{Composite: object{"metadata": object{"name": "shop", "namespace": "demo"}}}})
}

func TestFunctionsGoOnFromEachOther(t *testing.T) {
	first := func(request *fn.RunFunctionRequest) *fn.RunFunctionResponse {
		return &fn.RunFunctionResponse{Desired: desired(object{"web": object{"kind": "Deployment", "metadata": object{"name": "shop"}}})}
	}
	second := func(request *fn.RunFunctionRequest) *fn.RunFunctionResponse {
		state := request.GetDesired()
		state.Resources["front"] = desired(object{"front": object{"kind": "Service"}}).Resources["front"]
		return &fn.RunFunctionResponse{Desired: state, Results: []*fn.Result{{Severity: fn.Severity_SEVERITY_WARNING, Message: "no port"}}}
	}
	found, err := previewed(fake{[]step{named("a"), named("b")}, map[string]func(*fn.RunFunctionRequest) *fn.RunFunctionResponse{"a": first, "b": second}})
	if err != nil || len(found.Resources) != 2 || !slices.Equal(found.Says, []string{"no port"}) {
		t.Fatalf("%v %v", found, err)
	}
	service := found.Resources[0]
	if text(service, "metadata", "generateName") != "shop-" || text(service, "metadata", "namespace") != "demo" || text(service, "metadata", "annotations", resourceName) != "front" {
		t.Errorf("what Crossplane adds is missing: %v", service)
	}
	if name := text(found.Resources[1], "metadata", "name"); name != "shop" {
		t.Errorf("a name of its own is lost: %q", name)
	}
}

func TestAFunctionGetsWhatItAsksForAndWhatItMayNotHaveIsSaid(t *testing.T) {
	asks := func(request *fn.RunFunctionRequest) *fn.RunFunctionResponse {
		response := &fn.RunFunctionResponse{Requirements: &fn.Requirements{Resources: map[string]*fn.ResourceSelector{
			"settings": {ApiVersion: "v1", Kind: "Settings"}, "secret": {ApiVersion: "v1", Kind: "Secret"},
		}}}
		if items := request.GetRequiredResources()["settings"].GetItems(); len(items) == 1 {
			response.Results = []*fn.Result{{Message: "has settings"}}
		}
		return response
	}
	found, err := previewed(fake{[]step{named("a")}, map[string]func(*fn.RunFunctionRequest) *fn.RunFunctionResponse{"a": asks}})
	if err != nil || !slices.Equal(found.Says, []string{"has settings"}) || len(found.Limits) != 1 || !strings.Contains(found.Limits[0], "may not read Secret") {
		t.Fatalf("%+v %v", found, err)
	}
}

func TestAFatalResultEndsThePreview(t *testing.T) {
	ends := func(*fn.RunFunctionRequest) *fn.RunFunctionResponse {
		return &fn.RunFunctionResponse{Results: []*fn.Result{{Severity: fn.Severity_SEVERITY_FATAL, Message: "no such size"}}}
	}
	_, err := previewed(fake{[]step{named("a")}, map[string]func(*fn.RunFunctionRequest) *fn.RunFunctionResponse{"a": ends}})
	if !errors.As(err, &refused{}) || !strings.Contains(err.Error(), "no such size") {
		t.Fatal(err)
	}
}
