package patches

import (
	"context"
	"strings"
	"testing"

	fn "github.com/crossplane/crossplane/v2/proto/fn/v1"
	"google.golang.org/protobuf/types/known/structpb"
	"sigs.k8s.io/yaml"

	"backstack.dev/functions/fields"
	"backstack.dev/functions/state"
)

func structure(text string) *structpb.Struct {
	var value map[string]any
	if err := yaml.UnmarshalStrict([]byte(text), &value); err != nil {
		panic(text + ": " + err.Error())
	}
	made, err := structpb.NewStruct(value)
	if err != nil {
		panic(err)
	}
	return made
}

const order = `
apiVersion: acme.io/v1
kind: Shop
metadata: {name: toys, namespace: demo}
spec: {size: large, replicas: 2, half: 0.5, memory: 64Mi, tags: [a, b], open: true, labels: {a: "1", b: "2"}}`

// A request with one resource, which has these patches.
func request(patches string, observed ...string) *fn.RunFunctionRequest {
	base := "base: {apiVersion: v1, kind: ConfigMap, there: {a: old, list: [1]}}"
	return asked("resources: [{name: web, "+base+", patches: ["+patches+"]}]", observed...)
}

func asked(input string, observed ...string) *fn.RunFunctionRequest {
	request := &fn.RunFunctionRequest{
		Input:    structure("{apiVersion: pt.fn.crossplane.io/v1beta1, kind: Resources, " + input + "}"),
		Observed: &fn.State{Composite: &fn.Resource{Resource: structure(order)}, Resources: map[string]*fn.Resource{}},
		Context:  structure("apiextensions.crossplane.io/environment: {host: here}"),
	}
	for _, each := range observed {
		request.Observed.Resources["web"] = &fn.Resource{Resource: structure(each)}
	}
	return request
}

func ran(request *fn.RunFunctionRequest) (*fn.RunFunctionResponse, error) {
	response := state.Answer(request)
	return response, Run(context.Background(), request, response)
}

// What a path of the resource is after a patch.
func patched(t *testing.T, path, patch string) any {
	t.Helper()
	response, err := ran(request(patch))
	if err != nil {
		t.Errorf("%s: %v", patch, err)
		return nil
	}
	value, _ := fields.Get(state.Plain(response.Desired.Resources["web"].GetResource()), path)
	return value
}

func TestFieldsOfTheOrderGoIntoTheResource(t *testing.T) {
	for patch, want := range map[string]any{
		"{fromFieldPath: spec.size, toFieldPath: to}":                               "large",
		"{type: FromCompositeFieldPath, fromFieldPath: spec.open, toFieldPath: to}": true,
		"{fromFieldPath: spec.nothing, toFieldPath: to}":                            nil,
		"{type: FromEnvironmentFieldPath, fromFieldPath: host, toFieldPath: to}":    "here",
		"{type: CombineFromComposite, toFieldPath: to, combine: {strategy: string, string: {fmt: '%s-%d'}, variables: [{fromFieldPath: metadata.name}, {fromFieldPath: spec.replicas}]}}": "toys-2",
	} {
		if found := patched(t, "to", patch); found != want {
			t.Errorf("%s: %v", patch, found)
		}
	}
	if found := patched(t, "spec.size", "{fromFieldPath: spec.size}"); found != "large" {
		t.Errorf("without toFieldPath it is the same path: %v", found)
	}
}

func TestValuesAreTransformed(t *testing.T) {
	for transform, want := range map[string]any{
		"size {type: map, map: {large: 3}}":                                                                                             int64(3),
		"size {type: match, match: {patterns: [{type: regexp, regexp: '^l', result: x}]}}":                                              "x",
		"size {type: match, match: {patterns: [{type: literal, literal: s, result: x}], fallbackTo: Input}}":                            "large",
		"size {type: match, match: {patterns: [], fallbackValue: {a: 1}}}, {type: string, string: {type: Convert, convert: ToJson}}":    `{"a":1}`,
		"replicas {type: math, math: {multiply: 4}}":                                                                                    int64(8),
		"half {type: math, math: {type: Multiply, multiply: 3}}":                                                                        1.5,
		"replicas {type: math, math: {type: ClampMin, clampMin: 3}}":                                                                    int64(3),
		"replicas {type: math, math: {type: ClampMax, clampMax: 1}}":                                                                    int64(1),
		"replicas {type: convert, convert: {toType: string}}":                                                                           "2",
		"half {type: convert, convert: {toType: string}}":                                                                               "0.5",
		"open {type: convert, convert: {toType: int64}}":                                                                                int64(1),
		"memory {type: convert, convert: {toType: float64, format: quantity}}":                                                          int64(67108864),
		"size {type: string, string: {type: Format, fmt: 'x-%s'}}":                                                                      "x-large",
		"size {type: string, string: {type: Convert, convert: ToUpper}}":                                                                "LARGE",
		"size {type: string, string: {type: Convert, convert: ToBase64}}, {type: string, string: {type: Convert, convert: FromBase64}}": "large",
		"size {type: string, string: {type: Convert, convert: ToSha1}}":                                                                 "5296d5cced2aa1cf19afd9cf498d89f0d85481f2",
		"size {type: string, string: {type: Convert, convert: ToAdler32}}":                                                              "103678476",
		"memory {type: string, string: {type: TrimSuffix, trim: Mi}}, {type: convert, convert: {toType: int}}":                          int64(64),
		"memory {type: string, string: {type: TrimPrefix, trim: '6'}}":                                                                  "4Mi",
		"memory {type: string, string: {type: Regexp, regexp: {match: '(\\d+)(\\w+)', group: 2}}}":                                      "Mi",
		"tags {type: string, string: {type: Join, join: {separator: '+'}}}":                                                             "a+b",
		"size {type: string, string: {type: Replace, replace: {search: l, replace: L}}}":                                                "Large",
	} {
		field, rest, _ := strings.Cut(transform, " ")
		if found := patched(t, "to", "{fromFieldPath: spec."+field+", toFieldPath: to, transforms: ["+rest+"]}"); found != want {
			t.Errorf("%s: %v", transform, found)
		}
	}
}

func TestObjectsCanBeMerged(t *testing.T) {
	for policy, want := range map[string][2]any{
		"Replace": {"1", nil}, "MergeObjects": {"old", int64(1)}, "ForceMergeObjects": {"1", int64(1)},
	} {
		patch := "{fromFieldPath: spec.labels, toFieldPath: there, policy: {toFieldPath: " + policy + "}}"
		if a, list, b := patched(t, "there.a", patch), patched(t, "there.list[0]", patch), patched(t, "there.b", patch); a != want[0] || list != want[1] || b != "2" {
			t.Errorf("%s: %v %v %v", policy, a, list, b)
		}
	}
	if found := patched(t, "there.list[2]", "{fromFieldPath: spec.tags, toFieldPath: there.list, policy: {toFieldPath: AppendArray}}"); found != "b" {
		t.Errorf("%v", found)
	}
}

func TestWhatExistsIsToldInTheOrder(t *testing.T) {
	patches := "{type: ToCompositeFieldPath, fromFieldPath: status.ready}, " +
		"{type: CombineToComposite, toFieldPath: status.pods, combine: {strategy: string, string: {fmt: '%v/%v'}, variables: [{fromFieldPath: status.ready}, {fromFieldPath: status.all}]}}"
	response, err := ran(request(patches, "status: {ready: 1, all: 2}"))
	if err != nil {
		t.Fatal(err)
	}
	status := state.Wanted(response)["status"].(state.Object)
	if status["ready"] != int64(1) || status["pods"] != "1/2" {
		t.Errorf("%v", status)
	}
	if response, err = ran(request(patches)); err != nil || state.Wanted(response)["status"] != nil {
		t.Errorf("nothing exists, and it says %v (%v)", response, err)
	}
}

func TestAResourceWaitsForWhatItNeeds(t *testing.T) {
	patch := "{fromFieldPath: spec.nothing, policy: {fromFieldPath: Required}}"
	response, err := ran(request(patch))
	if err != nil || len(response.Desired.Resources) != 0 || len(response.Results) != 1 || !strings.Contains(response.Results[0].Message, "web is not made yet: patch 1") {
		t.Errorf("%v %v", response, err)
	}
	// Left out, it would be taken away.
	if _, err := ran(request(patch, "kind: ConfigMap")); err == nil || !strings.Contains(err.Error(), "in the order, spec.nothing is not there") {
		t.Error(err)
	}
}

func TestPatchSetsStandForTheirPatches(t *testing.T) {
	response, err := ran(asked("patchSets: [{name: s, patches: [{fromFieldPath: metadata.name}]}], resources: [{name: web, base: {apiVersion: v1, kind: Secret}, patches: [{type: PatchSet, patchSetName: s}]}]"))
	if err != nil || state.Text(state.Plain(response.Desired.Resources["web"].GetResource()), "metadata", "name") != "toys" {
		t.Fatal(err, response)
	}
}

func TestWhatAnEarlierStepMakesCanBePatched(t *testing.T) {
	later := asked("resources: [{name: web, patches: [{fromFieldPath: metadata.name}]}]")
	later.Desired = &fn.State{Resources: map[string]*fn.Resource{"web": {Resource: structure("{kind: Service, spec: {port: 80}}"), Ready: fn.Ready_READY_TRUE}}}
	response, err := ran(later)
	if err != nil {
		t.Fatal(err)
	}
	made := response.Desired.Resources["web"]
	if object := state.Plain(made.GetResource()); made.GetReady() != fn.Ready_READY_TRUE || state.Text(object, "metadata", "name") != "toys" || state.Text(object, "kind") != "Service" {
		t.Errorf("%v", made)
	}
}

func TestReadinessIsJudged(t *testing.T) {
	there := "status: {phase: Running, count: 3, up: true, conditions: [{type: Ready, status: \"True\"}, {type: Available, status: \"False\"}]}"
	for check, ready := range map[string]bool{
		"": true, "{type: None}": true, "{type: MatchCondition, matchCondition: {type: Available, status: \"True\"}}": false,
		"{type: NonEmpty, fieldPath: status.phase}": true, "{type: NonEmpty, fieldPath: status.odd}": false,
		"{type: MatchString, fieldPath: status.phase, matchString: Running}": true, "{type: MatchInteger, fieldPath: status.count, matchInteger: 2}": false,
		"{type: MatchInteger, fieldPath: status.count, matchInteger: 3}": true,
		"{type: MatchTrue, fieldPath: status.up}":                        true, "{type: MatchFalse, fieldPath: status.up}": false,
		"{type: None}, {type: NonEmpty, fieldPath: status.odd}": false,
	} {
		response, err := ran(asked("resources: [{name: web, base: {apiVersion: v1, kind: Pod}, readinessChecks: ["+check+"]}]", there))
		if err != nil || (response.Desired.Resources["web"].GetReady() == fn.Ready_READY_TRUE) != ready {
			t.Errorf("%s: %v %v", check, response, err)
		}
	}
	if response, err := ran(asked("resources: [{name: web, base: {apiVersion: v1, kind: Pod}, readinessChecks: [{type: None}]}]")); err != nil || response.Desired.Resources["web"].GetReady() == fn.Ready_READY_TRUE {
		t.Errorf("what does not exist is not ready: %v %v", response, err)
	}
}

func TestMistakesAreToldWithTheirPlace(t *testing.T) {
	size := func(transform string) *fn.RunFunctionRequest {
		return request("{fromFieldPath: spec.size, transforms: [" + transform + "]}")
	}
	for said, request := range map[string]*fn.RunFunctionRequest{
		`resource web: patch 1 (FromCompositeFieldPath spec.size): transform 1 (map): it has nothing for "large"; it has m, s`: size("{type: map, map: {s: 1, m: 2}}"),
		`unknown field "fromField"`:                      request("{fromField: x}"),
		"ToEnvironmentFieldPath is not supported":        request("{type: ToEnvironmentFieldPath, fromFieldPath: x}"),
		"there is no type Odd":                           request("{type: Odd}"),
		"FromCompositeFieldPath needs fromFieldPath":     request("{}"),
		"CombineFromComposite needs combine":             request("{type: CombineFromComposite, toFieldPath: x}"),
		`there is no patch set "x"`:                      request("{type: PatchSet, patchSetName: x}"),
		"there is no policy.toFieldPath Odd":             request("{fromFieldPath: spec.size, policy: {toFieldPath: Odd}}"),
		`x is looked for in the text "large"`:            request("{fromFieldPath: spec.size.x}"),
		"it takes numbers, not large":                    size("{type: math, math: {multiply: 2}}"),
		`the format "%d" does not fit ["large"]`:         size("{type: string, string: {type: Format, fmt: '%d'}}"),
		"string.type is \"\"":                            size("{type: string, string: {fmt: x}}"),
		"it can be convert, map, match, math or string":  size("{type: odd}"),
		"it has no field math":                           size("{type: math}"),
		"large is no int":                                size("{type: convert, convert: {toType: int}}"),
		`"large" is no quantity`:                         size("{type: convert, convert: {toType: float64, format: quantity}}"),
		"large is no JSON of an object":                  size("{type: convert, convert: {toType: object, format: json}}"),
		"resources is empty":                             asked("resources: []"),
		"environment.patches is not supported":           asked("environment: {patches: [{}]}"),
		"connectionDetails is not supported":             asked("resources: [{name: a, connectionDetails: [{}]}]"),
		"resource 1 has no name":                         asked("resources: [{}]"),
		"two resources have the name a":                  asked("resources: [{name: a}, {name: a}]"),
		"it has no base, and no earlier step makes it":   asked("resources: [{name: a}]"),
		"its base has no apiVersion or no kind":          asked("resources: [{name: a, base: {kind: Pod}}]"),
		"a patch set cannot hold another":                asked("patchSets: [{name: a, patches: [{type: PatchSet}]}]"),
		"readiness check 1 (Odd): there is no such type": asked("resources: [{name: web, base: {apiVersion: v1, kind: Pod}, readinessChecks: [{type: Odd, fieldPath: kind}]}]", "kind: Pod"),
	} {
		if _, err := ran(request); err == nil || !strings.Contains(err.Error(), said) {
			t.Errorf("%q is not in %v", said, err)
		}
	}
}
