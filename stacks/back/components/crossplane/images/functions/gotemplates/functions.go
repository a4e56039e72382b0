package gotemplates

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig/v3"
	"sigs.k8s.io/yaml"

	"backstack.dev/functions/state"
)

// Templates that include each other deeper than this never end.
const deepest = 100

// Condition is what templates read of one, by upstream's names.
type Condition struct {
	Type, Status, Reason, Message, LastTransitionTime string
}

// What templates can call: Sprig's functions, and those that know Crossplane.
func functions(ctx context.Context, parsed *template.Template) template.FuncMap {
	all := sprig.TxtFuncMap()
	// These would tell of this pod and its network, which have nothing to do with an order.
	for _, each := range []string{"env", "expandenv", "getHostByName"} {
		delete(all, each)
	}
	all["include"] = include(ctx, parsed)
	all["toYaml"] = toYaml
	all["fromYaml"] = fromYaml
	all["randomChoice"] = func(choices ...string) (string, error) {
		if len(choices) == 0 {
			return "", errors.New("randomChoice has nothing to choose from")
		}
		return choices[rand.IntN(len(choices))], nil
	}
	all["getResourceCondition"] = getResourceCondition
	all["setResourceNameAnnotation"] = func(name string) string { return resourceName + ": " + name }
	all["getCompositeResource"] = func(request state.Object) any {
		return inside(request, "observed", "composite", "resource")
	}
	all["getComposedResource"] = func(request state.Object, name string) any {
		return inside(request, "observed", "resources", name, "resource")
	}
	all["getExtraResources"] = func(request state.Object, name string) any {
		return inside(request, "extraResources", name, "items")
	}
	all["getCompositionEnvVar"] = func(request state.Object, name string) any {
		return inside(request, "context", state.Environment, name)
	}
	return all
}

func include(ctx context.Context, parsed *template.Template) func(string, any) (string, error) {
	depth := 0
	return func(name string, values any) (string, error) {
		depth++
		defer func() { depth-- }()
		if depth > deepest {
			return "", fmt.Errorf("%q includes itself without end", name)
		}
		output := &bounded{ctx: ctx}
		err := parsed.ExecuteTemplate(output, name, values)
		return output.String(), err
	}
}

func toYaml(value any) (string, error) {
	written, err := yaml.Marshal(value)
	return strings.TrimSuffix(string(written), "\n"), err
}

func fromYaml(text string) (value any, err error) {
	err = yaml.Unmarshal([]byte(text), &value)
	return value, err
}

func getResourceCondition(kind string, resource any) Condition {
	of, _ := resource.(state.Object)
	if inner, is := of["resource"].(state.Object); is {
		of = inner
	}
	found := state.Condition(of, kind)
	field := func(key string) string { return state.Text(found, key) }
	return Condition{field("type"), field("status"), field("reason"), field("message"), field("lastTransitionTime")}
}

// What is at the end of a path, or nothing.
func inside(of state.Object, path ...string) any {
	var value any = of
	for _, key := range path {
		object, is := value.(state.Object)
		if !is {
			return nil
		}
		value = object[key]
	}
	return value
}
