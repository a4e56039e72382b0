package main

import (
	"context"
	"fmt"
	"maps"
	"slices"

	fn "github.com/crossplane/crossplane/v2/proto/fn/v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
)

const (
	resourceName = "crossplane.io/composition-resource-name"
	compositeOf  = "crossplane.io/composite"
	// A function that still asks for something new after so many turns never stops.
	mostTurns = 5
)

type object = map[string]any

type question struct {
	// Name of the composition to run.
	Composition string `json:"composition"`
	given
}

// What a composition is run for.
type given struct {
	// The object, with the defaults that the API server gives it.
	Composite object `json:"composite"`
	// What it is composed of now, if it exists.
	Observed []object `json:"observed"`
}

type preview struct {
	Resources []object `json:"resources"`
	// What functions said, most of it warnings.
	Says []string `json:"says"`
	// What could not be given to the functions.
	Limits []string `json:"limits"`
}

type composition struct {
	Metadata struct {
		Name string `json:"name"`
	} `json:"metadata"`
	Spec struct {
		Mode     string `json:"mode"`
		Pipeline []step `json:"pipeline"`
	} `json:"spec"`
}

type step struct {
	Step     string `json:"step"`
	Function struct {
		Name string `json:"name"`
	} `json:"functionRef"`
	Input        object `json:"input"`
	Credentials  []any  `json:"credentials"`
	Requirements struct {
		Resources []required `json:"requiredResources"`
	} `json:"requirements"`
}

// What a step of a composition says that its function needs.
type required struct {
	Name        string            `json:"requirementName"`
	APIVersion  string            `json:"apiVersion"`
	Kind        string            `json:"kind"`
	ObjectName  string            `json:"name"`
	Namespace   string            `json:"namespace"`
	MatchLabels map[string]string `json:"matchLabels"`
}

func (need required) selector() *fn.ResourceSelector {
	selector := &fn.ResourceSelector{ApiVersion: need.APIVersion, Kind: need.Kind}
	if need.Namespace != "" {
		selector.Namespace = proto.String(need.Namespace)
	}
	if need.ObjectName != "" {
		selector.Match = &fn.ResourceSelector_MatchName{MatchName: need.ObjectName}
	} else {
		selector.Match = &fn.ResourceSelector_MatchLabels{MatchLabels: &fn.MatchLabels{Labels: need.MatchLabels}}
	}
	return selector
}

// Calls a function.
type runner interface {
	run(ctx context.Context, function string, request *fn.RunFunctionRequest) (*fn.RunFunctionResponse, error)
}

// Reads what the pipeline needs of the cluster.
type source interface {
	composition(ctx context.Context, name string) (*composition, error)
	resources(ctx context.Context, selector *fn.ResourceSelector) ([]object, error)
}

type previewer struct {
	cluster   source
	functions runner
	drafts    starter
}

// A function does not take the object as it is; everything else that goes wrong is the platform's matter.
type refused struct{ message string }

func (refused refused) Error() string { return "it refuses: " + refused.message }

// One run of a pipeline, and what came of it so far.
type attempt struct {
	*previewer
	request *fn.RunFunctionRequest
	found   preview
}

func (previewer *previewer) preview(ctx context.Context, asked question) (*preview, error) {
	composition, err := previewer.cluster.composition(ctx, asked.Composition)
	if err != nil {
		return nil, err
	}
	return previewer.run(ctx, composition, asked.given)
}

// Runs a composition, with the functions and what the cluster says, for one object.
func (previewer *previewer) run(ctx context.Context, composition *composition, given given) (*preview, error) {
	name := composition.Metadata.Name
	if composition.Spec.Mode != "" && composition.Spec.Mode != "Pipeline" {
		return nil, fmt.Errorf("composition %s has mode %s; only pipelines can be run ahead", name, composition.Spec.Mode)
	}
	observed, err := observed(given)
	if err != nil {
		return nil, err
	}
	run := attempt{previewer: previewer, request: &fn.RunFunctionRequest{Observed: observed, Desired: &fn.State{}}}
	run.found = preview{Resources: []object{}, Says: []string{}, Limits: []string{}}
	for _, step := range composition.Spec.Pipeline {
		if err := run.step(ctx, step); err != nil {
			return nil, fmt.Errorf("step %s of composition %s: %w", step.Step, name, err)
		}
	}
	desired := run.request.Desired.GetResources()
	for _, name := range slices.Sorted(maps.Keys(desired)) {
		run.found.Resources = append(run.found.Resources, composed(given.Composite, name, desired[name].GetResource().AsMap()))
	}
	return &run.found, nil
}

func observed(given given) (*fn.State, error) {
	composite, err := structpb.NewStruct(given.Composite)
	if err != nil {
		return nil, fmt.Errorf("the object cannot be given to a function: %w", err)
	}
	state := &fn.State{Composite: &fn.Resource{Resource: composite}, Resources: map[string]*fn.Resource{}}
	for _, each := range given.Observed {
		name := text(each, "metadata", "annotations", resourceName)
		if name == "" {
			continue
		}
		resource, err := structpb.NewStruct(each)
		if err != nil {
			return nil, fmt.Errorf("%s cannot be given to a function: %w", name, err)
		}
		state.Resources[name] = &fn.Resource{Resource: resource}
	}
	return state, nil
}

// Runs one function, again and again while it asks for more.
func (run *attempt) step(ctx context.Context, step step) error {
	input, err := structpb.NewStruct(step.Input)
	if err != nil {
		return fmt.Errorf("its input cannot be given to a function: %w", err)
	}
	if step.Input != nil {
		run.request.Input = input
	} else {
		run.request.Input = nil
	}
	if len(step.Credentials) > 0 {
		run.found.Limits = append(run.found.Limits, fmt.Sprintf("step %s was run without its credentials", step.Step))
	}
	run.request.Meta = &fn.RequestMeta{Capabilities: []fn.Capability{
		fn.Capability_CAPABILITY_CAPABILITIES, fn.Capability_CAPABILITY_REQUIRED_RESOURCES, fn.Capability_CAPABILITY_CONDITIONS,
	}}
	needs := map[string]*fn.ResourceSelector{}
	for _, need := range step.Requirements.Resources {
		needs[need.Name] = need.selector()
	}
	for range mostTurns {
		run.request.RequiredResources = run.gather(ctx, needs)
		response, err := run.functions.run(ctx, step.Function.Name, run.request)
		if err != nil {
			return err
		}
		asks := maps.Clone(needs)
		maps.Copy(asks, response.GetRequirements().GetResources())
		//lint:ignore SA1019 Functions made before Crossplane 2 ask in this field.
		maps.Copy(asks, response.GetRequirements().GetExtraResources())
		if maps.EqualFunc(asks, needs, func(a, b *fn.ResourceSelector) bool { return proto.Equal(a, b) }) {
			return run.take(response)
		}
		needs = asks
	}
	return fmt.Errorf("function %s still asks for more after %d turns", step.Function.Name, mostTurns)
}

func (run *attempt) gather(ctx context.Context, needs map[string]*fn.ResourceSelector) map[string]*fn.Resources {
	gathered := map[string]*fn.Resources{}
	for name, selector := range needs {
		found, err := run.cluster.resources(ctx, selector)
		if err != nil {
			limit := fmt.Sprintf("the function asks for %s, which cannot be read: %v", name, err)
			if !slices.Contains(run.found.Limits, limit) {
				run.found.Limits = append(run.found.Limits, limit)
			}
		}
		resources := &fn.Resources{}
		for _, each := range found {
			if value, err := structpb.NewStruct(each); err == nil {
				resources.Items = append(resources.Items, &fn.Resource{Resource: value})
			}
		}
		gathered[name] = resources
	}
	return gathered
}

// Takes over what a function answered; the next one goes on from there.
func (run *attempt) take(response *fn.RunFunctionResponse) error {
	for _, result := range response.GetResults() {
		if result.GetSeverity() == fn.Severity_SEVERITY_FATAL {
			return refused{result.GetMessage()}
		}
		run.found.Says = append(run.found.Says, result.GetMessage())
	}
	run.request.Desired = response.GetDesired()
	if run.request.Desired == nil {
		run.request.Desired = &fn.State{}
	}
	run.request.Context = response.GetContext()
	return nil
}

// An object with what Crossplane adds to everything that it composes.
func composed(composite object, name string, resource object) object {
	metadata := inner(resource, "metadata")
	owner := text(composite, "metadata", "name")
	if text(resource, "metadata", "name") == "" && text(resource, "metadata", "generateName") == "" {
		metadata["generateName"] = owner + "-"
	}
	if namespace := text(composite, "metadata", "namespace"); namespace != "" {
		metadata["namespace"] = namespace
	}
	inner(metadata, "annotations")[resourceName] = name
	inner(metadata, "labels")[compositeOf] = owner
	return resource
}

// The map under a key, made if it is not there.
func inner(of object, key string) object {
	if found, is := of[key].(object); is {
		return found
	}
	made := object{}
	of[key] = made
	return made
}

// The text at the end of a path, or nothing.
func text(of object, path ...string) string {
	for _, key := range path[:len(path)-1] {
		of, _ = of[key].(object)
	}
	found, _ := of[path[len(path)-1]].(string)
	return found
}
