package patches

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	fn "github.com/crossplane/crossplane/v2/proto/fn/v1"
	"google.golang.org/protobuf/types/known/structpb"

	"backstack.dev/functions/fields"
	"backstack.dev/functions/state"
)

// What patches read and write, besides the resource that they belong to.
type composing struct {
	request  *fn.RunFunctionRequest
	response *fn.RunFunctionResponse
	order    state.Object
	// What the order shall be.
	wanted state.Object
	around state.Object
}

// Run answers a request that has such an input.
func Run(_ context.Context, request *fn.RunFunctionRequest, response *fn.RunFunctionResponse) error {
	asked, err := read(request.GetInput())
	if err != nil {
		return err
	}
	if len(asked.Resources) == 0 {
		return errors.New("resources is empty: write there what is to be made")
	}
	around, _ := state.Plain(request.GetContext())[state.Environment].(state.Object)
	composing := &composing{request: request, response: response, order: state.Composite(request), wanted: state.Wanted(response), around: around}
	for index := range asked.Resources {
		if err := composing.compose(&asked.Resources[index]); err != nil {
			return fmt.Errorf("resource %s: %w", asked.Resources[index].Name, err)
		}
	}
	return state.Want(response, composing.order, composing.wanted)
}

func (composing *composing) compose(resource *resource) error {
	earlier := composing.response.Desired.Resources[resource.Name]
	made, err := base(resource, earlier)
	if err != nil {
		return err
	}
	var observed state.Object
	if there := composing.request.GetObserved().GetResources()[resource.Name]; there != nil {
		observed = state.Plain(there.GetResource())
	}
	for index := range resource.Patches {
		patch := &resource.Patches[index]
		err := composing.apply(patch, made, observed)
		var missing required
		if errors.As(err, &missing) && observed == nil {
			// It waits for a value; one that exists would be taken away by being left out.
			state.Warn(composing.response, "resource %s is not made yet: patch %d (%s): %v", resource.Name, index+1, patch, err)
			return nil
		}
		if err != nil {
			return fmt.Errorf("patch %d (%s): %w", index+1, patch, err)
		}
	}
	value, err := structpb.NewStruct(fractions(made))
	if err != nil {
		return fmt.Errorf("it cannot be given back: %w", err)
	}
	ready := earlier.GetReady()
	if observed != nil {
		if ready, err = judge(resource.ReadinessChecks, observed); err != nil {
			return err
		}
	}
	composing.response.Desired.Resources[resource.Name] = &fn.Resource{Resource: value, Ready: ready}
	return nil
}

// What patches begin with: the resource's base, or what an earlier function made by this name.
func base(resource *resource, earlier *fn.Resource) (state.Object, error) {
	if resource.Base == nil {
		if earlier == nil {
			return nil, errors.New("it has no base, and no earlier step makes it")
		}
		return state.Plain(earlier.GetResource()), nil
	}
	if state.Text(resource.Base, "apiVersion") == "" || state.Text(resource.Base, "kind") == "" {
		return nil, errors.New("its base has no apiVersion or no kind")
	}
	return state.Whole(resource.Base).(state.Object), nil
}

// A value that a patch cannot do without.
type required struct{ error }

func (required required) Unwrap() error { return required.error }

func (composing *composing) apply(patch *patch, made, observed state.Object) error {
	direction := directions[patch.Type]
	from, to := composing.order, made
	switch direction.from {
	case environment:
		from = composing.around
	case composed:
		// Read from what exists: what is asked for has no status.
		from = observed
	}
	if direction.to == composite {
		to = composing.wanted
	}
	if from == nil {
		from = state.Object{}
	}
	value, err := patch.value(from)
	if missing := (fields.Missing{}); errors.As(err, &missing) {
		if patch.Policy.FromFieldPath != "Required" {
			return nil
		}
		if direction.to == composite && observed == nil {
			return nil
		}
		return required{fmt.Errorf("in %s, %w", direction.from, err)}
	}
	if err != nil {
		return err
	}
	for index, each := range patch.Transforms {
		if value, err = each.apply(value); err != nil {
			return fmt.Errorf("transform %d (%s): %w", index+1, each.Type, err)
		}
	}
	// A copy: two places must not be one value that later patches change.
	return write(to, patch, clone(value))
}

func (patch *patch) value(from state.Object) (any, error) {
	if !directions[patch.Type].combines {
		return fields.Get(from, patch.FromFieldPath)
	}
	var values []any
	for _, variable := range patch.Combine.Variables {
		value, err := fields.Get(from, variable.FromFieldPath)
		if err != nil {
			return nil, err
		}
		values = append(values, value)
	}
	return format(patch.Combine.String.Format, values...)
}

func write(to state.Object, patch *patch, value any) error {
	switch patch.Policy.ToFieldPath {
	case "", "Replace":
		return fields.Set(to, patch.ToFieldPath, value)
	case "MergeObjects", "MergeObject":
		return fields.Change(to, patch.ToFieldPath, func(there any) any { return merge(there, value, false, false) })
	case "MergeObjectsAppendArrays":
		return fields.Change(to, patch.ToFieldPath, func(there any) any { return merge(there, value, false, true) })
	case "ForceMergeObjects":
		return fields.Change(to, patch.ToFieldPath, func(there any) any { return merge(there, value, true, false) })
	case "ForceMergeObjectsAppendArrays", "AppendArray":
		return fields.Change(to, patch.ToFieldPath, func(there any) any { return merge(there, value, true, true) })
	}
	return fmt.Errorf("there is no policy.toFieldPath %s", patch.Policy.ToFieldPath)
}

// What is there with what is new: objects into each other, lists over or behind each other, anything else by force or not.
func merge(there, value any, force, appends bool) any {
	switch value := value.(type) {
	case nil:
		return there
	case state.Object:
		into, is := there.(state.Object)
		if !is {
			break
		}
		for key, each := range value {
			into[key] = merge(into[key], each, force, appends)
		}
		return into
	case []any:
		if list, is := there.([]any); is && appends {
			return append(list, value...)
		}
		return value
	}
	if there == nil || force {
		return value
	}
	return there
}

func clone(value any) any {
	bytes, err := json.Marshal(value)
	if err != nil {
		return value
	}
	var copied any
	if json.Unmarshal(bytes, &copied) != nil {
		return value
	}
	return state.Whole(copied)
}

// The protocol knows numbers with a fraction alone.
func fractions(object state.Object) state.Object {
	var copied state.Object
	bytes, err := json.Marshal(object)
	if err != nil || json.Unmarshal(bytes, &copied) != nil {
		return object
	}
	return copied
}
