package gotemplates

import (
	"errors"
	"fmt"

	fn "github.com/crossplane/crossplane/v2/proto/fn/v1"
	"google.golang.org/protobuf/types/known/structpb"

	"backstack.dev/functions/state"
)

// What templates say to the function about an object; it is not part of the object.
const (
	resourceName = "gotemplating.fn.crossplane.io/composition-resource-name"
	readyWhen    = "gotemplating.fn.crossplane.io/ready"
)

var readiness = map[string]fn.Ready{
	"":            fn.Ready_READY_UNSPECIFIED,
	"Unspecified": fn.Ready_READY_UNSPECIFIED,
	"True":        fn.Ready_READY_TRUE,
	"False":       fn.Ready_READY_FALSE,
}

// Takes what a template wrote into the answer.
type taker struct {
	request  *fn.RunFunctionRequest
	response *fn.RunFunctionResponse
	order    state.Object
	// Names that are taken.
	seen map[string]bool
}

func (taker *taker) all(written string) error {
	documents, err := split(written)
	if err != nil {
		return err
	}
	for _, document := range documents {
		if err := taker.take(document.object); err != nil {
			return fmt.Errorf("line %d of what the template writes: %w", document.line, err)
		}
	}
	return nil
}

func (taker *taker) take(object state.Object) error {
	version, kind := state.Text(object, "apiVersion"), state.Text(object, "kind")
	if version == "" || kind == "" {
		return errors.New("an object without apiVersion and kind")
	}
	if version == instructions {
		return taker.follow(kind, object)
	}
	annotations := annotations(object)
	name := state.Text(annotations, resourceName)
	ready, known := readiness[state.Text(annotations, readyWhen)]
	if !known {
		return fmt.Errorf("%s: the annotation %s is %q; it can be True, False or Unspecified", kind, readyWhen, annotations[readyWhen])
	}
	strip(object, annotations)
	switch {
	case name != "":
		return taker.composed(name, ready, object)
	case version == taker.order["apiVersion"] && kind == taker.order["kind"]:
		return taker.reported(ready, object)
	}
	return fmt.Errorf("%s %s has no annotation %s: give each object a name of its own there, by which Crossplane knows it again",
		kind, state.Text(object, "metadata", "name"), resourceName)
}

func annotations(object state.Object) state.Object {
	metadata, _ := object["metadata"].(state.Object)
	found, _ := metadata["annotations"].(state.Object)
	return found
}

func strip(object, annotations state.Object) {
	delete(annotations, resourceName)
	delete(annotations, readyWhen)
	if metadata, is := object["metadata"].(state.Object); is && len(annotations) == 0 {
		delete(metadata, "annotations")
	}
}

func (taker *taker) composed(name string, ready fn.Ready, object state.Object) error {
	if taker.seen[name] {
		return fmt.Errorf("two objects have the annotation %s: %s", resourceName, name)
	}
	taker.seen[name] = true
	value, err := structpb.NewStruct(object)
	if err != nil {
		return fmt.Errorf("%s cannot be given back: %w", name, err)
	}
	if ready == fn.Ready_READY_UNSPECIFIED {
		ready = taker.response.Desired.Resources[name].GetReady()
	}
	taker.response.Desired.Resources[name] = &fn.Resource{Resource: value, Ready: ready}
	return nil
}

// An object of the order's own kind is the order: its status is what people see of it.
func (taker *taker) reported(ready fn.Ready, object state.Object) error {
	wanted := state.Wanted(taker.response)
	if status, is := object["status"].(state.Object); is {
		wanted["status"] = over(wanted["status"], status)
	}
	if err := state.Want(taker.response, taker.order, wanted); err != nil {
		return err
	}
	if ready != fn.Ready_READY_UNSPECIFIED {
		taker.response.Desired.Composite.Ready = ready
	}
	return nil
}

// What is there with what is new over it.
func over(there any, changes state.Object) state.Object {
	into, is := there.(state.Object)
	if !is {
		into = state.Object{}
	}
	for key, value := range changes {
		if inner, is := value.(state.Object); is {
			value = over(into[key], inner)
		}
		into[key] = value
	}
	return into
}
