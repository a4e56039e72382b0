package gotemplates

import (
	"context"
	"strings"
	"testing"

	fn "github.com/crossplane/crossplane/v2/proto/fn/v1"
	"google.golang.org/protobuf/types/known/structpb"

	"backstack.dev/functions/state"
)

type object = map[string]any

func structure(of object) *structpb.Struct {
	made, err := structpb.NewStruct(of)
	if err != nil {
		panic(err)
	}
	return made
}

func request(template string) *fn.RunFunctionRequest {
	return &fn.RunFunctionRequest{
		Input: structure(object{"source": "Inline", "inline": object{"template": template}}),
		Observed: &fn.State{
			Composite: &fn.Resource{Resource: structure(object{
				"apiVersion": "acme.io/v1", "kind": "Shop", "metadata": object{"name": "toys"}, "spec": object{"size": 2.0, "tags": []any{"a", "b"}},
			})},
			Resources: map[string]*fn.Resource{"web": {Resource: structure(object{
				"kind": "Deployment", "status": object{"conditions": []any{object{"type": "Available", "status": "True", "reason": "Enough"}}},
			})}},
		},
		Context: structure(object{state.Environment: object{"host": "here"}}),
	}
}

func ran(request *fn.RunFunctionRequest) (*fn.RunFunctionResponse, error) {
	response := state.Answer(request)
	return response, Run(context.Background(), request, response)
}

const web = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  annotations:\n    {{ setResourceNameAnnotation \"web\" }}\n"

func TestATemplateMakesObjectsTheirReadinessAndTheOrdersStatus(t *testing.T) {
	response, err := ran(request(web + `    gotemplating.fn.crossplane.io/ready: "True"
    kept: "yes"
data:
  name: {{ .observed.composite.resource.metadata.name | upper }}
  size: {{ .observed.composite.resource.spec.size | quote }}
--- # the order
apiVersion: acme.io/v1
kind: Shop
status:
  web: {{ (getResourceCondition "Available" .observed.resources.web).Reason }}
  front: {{ (getResourceCondition "Available" (getComposedResource . "front")).Status }}
  host: {{ getCompositionEnvVar . "host" }}
---
`))
	if err != nil || len(response.Results) > 0 {
		t.Fatal(err, response.Results)
	}
	made := response.Desired.Resources["web"]
	object := made.GetResource().AsMap()
	if made.GetReady() != fn.Ready_READY_TRUE || state.Text(object, "data", "name") != "TOYS" || state.Text(object, "data", "size") != "2" {
		t.Errorf("%v", made)
	}
	if found := annotations(object); len(found) != 1 || found["kept"] != "yes" {
		t.Errorf("what is said to the function is left in the object, or what is not is gone: %v", found)
	}
	wanted := state.Wanted(response)
	if wanted["kind"] != "Shop" || state.Text(wanted, "status", "web") != "Enough" || state.Text(wanted, "status", "front") != "Unknown" || state.Text(wanted, "status", "host") != "here" {
		t.Errorf("%v", wanted)
	}
}

func TestWhatEarlierStepsWantStays(t *testing.T) {
	asked := request("apiVersion: acme.io/v1\nkind: Shop\nstatus: {deep: {new: 1}}")
	asked.Desired = &fn.State{
		Composite: &fn.Resource{Resource: structure(object{"status": object{"old": 1.0, "deep": object{"old": 1.0}}})},
		Resources: map[string]*fn.Resource{"earlier": {Resource: structure(object{"kind": "Service"})}},
	}
	response, err := ran(asked)
	if err != nil || response.Desired.Resources["earlier"] == nil {
		t.Fatal(err, response)
	}
	status := state.Wanted(response)["status"].(object)
	if deep := status["deep"].(object); status["old"] != int64(1) || deep["old"] != int64(1) || deep["new"] != int64(1) {
		t.Errorf("%v", status)
	}
}

func TestObjectsCanBeInstructions(t *testing.T) {
	head := "\n---\napiVersion: " + instructions + "\nkind: "
	response, err := ran(request(head + "Context\ndata: {apiextensions.crossplane.io/environment: {more: 1}}" +
		head + "ClaimConditions\nconditions: [{type: Sold, status: \"False\", reason: Empty, message: all gone}]" +
		head + "ExtraResources\nrequirements: {settings: {apiVersion: v1, kind: ConfigMap, namespace: demo, matchName: settings}, all: {apiVersion: v1, kind: Secret, matchLabels: {a: b}}}" +
		head + "CompositeConnectionDetails\ndata: {password: {{ \"secret\" | b64enc }}}"))
	if err != nil {
		t.Fatal(err)
	}
	environment := response.Context.AsMap()[state.Environment].(object)
	if environment["host"] != "here" || environment["more"] != 1.0 {
		t.Errorf("%v", environment)
	}
	if one := response.Conditions[0]; one.Type != "Sold" || one.GetStatus() != fn.Status_STATUS_CONDITION_FALSE || one.GetMessage() != "all gone" {
		t.Errorf("%v", one)
	}
	needs := response.Requirements.Resources
	if needs["settings"].GetMatchName() != "settings" || needs["settings"].GetNamespace() != "demo" || needs["all"].GetMatchLabels().GetLabels()["a"] != "b" {
		t.Errorf("%v", needs)
	}
	if string(response.Desired.Composite.ConnectionDetails["password"]) != "secret" {
		t.Errorf("%v", response.Desired.Composite)
	}
}

func TestTemplatesReadWhatTheyAskedFor(t *testing.T) {
	asked := request(web + `data: {host: {{ (index (getExtraResources . "settings") 0).resource.data.host }}}`)
	asked.RequiredResources = map[string]*fn.Resources{"settings": {Items: []*fn.Resource{{Resource: structure(object{"data": object{"host": "there"}})}}}}
	response, err := ran(asked)
	if err != nil || state.Text(response.Desired.Resources["web"].Resource.AsMap(), "data", "host") != "there" {
		t.Fatal(err, response)
	}
}

func TestTemplatesCanHaveOtherBracketsAndBeParts(t *testing.T) {
	asked := request(`[[ define "tags" ]][[ range . ]]- [[ . ]]
[[ end ]][[ end ]]apiVersion: v1
kind: ConfigMap
metadata: {annotations: {gotemplating.fn.crossplane.io/composition-resource-name: web}}
tags:[[ include "tags" .observed.composite.resource.spec.tags | nindent 2 ]]
again: [[ (fromYaml "a: [1]").a | toYaml | quote ]]`)
	asked.Input.Fields["delims"] = structpb.NewStructValue(structure(object{"left": "[[", "right": "]]"}))
	response, err := ran(asked)
	if err != nil {
		t.Fatal(err)
	}
	if tags := response.Desired.Resources["web"].Resource.AsMap()["tags"].([]any); len(tags) != 2 || tags[1] != "b" {
		t.Errorf("%v", tags)
	}
}

func TestWhatIsNotThereIsToldWithItsLine(t *testing.T) {
	response, err := ran(request(web + "data:\n  colour: {{ .observed.composite.resource.spec.colour }}"))
	if err != nil || len(response.Results) != 1 || response.Results[0].Severity != fn.Severity_SEVERITY_WARNING {
		t.Fatal(err, response)
	}
	if said := response.Results[0].Message; !strings.Contains(said, "line 7 of the template (colour:") || !strings.Contains(said, "there is no colour") {
		t.Error(said)
	}
}

func TestMistakesAreToldWithTheirPlace(t *testing.T) {
	asked := func(source string) *fn.RunFunctionRequest {
		asked := request("x")
		asked.Input.Fields["source"] = structpb.NewStringValue(source)
		return asked
	}
	options := request("x")
	options.Input.Fields["options"] = structpb.NewListValue(&structpb.ListValue{Values: []*structpb.Value{structpb.NewStringValue("odd=1")}})
	for said, request := range map[string]*fn.RunFunctionRequest{
		"line 6 of the template ({{ .observed.composite.resource.spec.size.colour.deep }})":               request(web + "{{ .observed.composite.resource.spec.size.colour.deep }}"),
		"line 6 of the template ({{ .observed.nobody.name }}): .observed.nobody.name: there is no nobody": request(web + "{{ .observed.nobody.name }}"),
		`function "env" not defined`:                                                request(web + `{{ env "HOME" }}`),
		"line 6 of the template ({{ if }}): missing value for if":                   request(web + "{{ if }}"),
		`"loop" includes itself without end`:                                        request(`{{ define "loop" }}{{ include "loop" . }}{{ end }}{{ include "loop" . }}`),
		"from its line 2 on is no YAML object":                                      request("---\na: [\n"),
		`key "a" already set in map`:                                                request("a: 1\na: 2\n"),
		"line 1 of what the template writes: an object without apiVersion and kind": request("a: 1\n"),
		"has no annotation " + resourceName:                                         request("apiVersion: v1\nkind: Secret\nmetadata: {name: s}"),
		"two objects have the annotation":                                           request(web + "---\n" + web),
		"it can be True, False or Unspecified":                                      request(web + "    gotemplating.fn.crossplane.io/ready: \"yes\""),
		"the type \"Ready\" is Crossplane's own":                                    request("apiVersion: " + instructions + "\nkind: ClaimConditions\nconditions: [{type: Ready}]"),
		"it can be ClaimConditions":                                                 request("apiVersion: " + instructions + "\nkind: Odd"),
		"writes more than 2 MiB":                                                    request(`{{ range until 3000000 }}a{{ end }}`),
		"source: FileSystem is not supported":                                       asked("FileSystem"),
		"source: Environment is not supported":                                      asked("Environment"),
		`source: "Elsewhere" is unknown`:                                            asked("Elsewhere"),
		"inline.template is empty":                                                  request(" "),
		"unrecognized option: odd":                                                  options,
	} {
		if _, err := ran(request); err == nil || !strings.Contains(err.Error(), said) {
			t.Errorf("%q is not in %v", said, err)
		}
	}
}
