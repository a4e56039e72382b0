// Package state reads what Crossplane tells a function, and writes what the function answers.
package state

import (
	"fmt"
	"math"
	"time"

	fn "github.com/crossplane/crossplane/v2/proto/fn/v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"
)

// Object is any object of Kubernetes.
type Object = map[string]any

// Environment is where functions keep what EnvironmentConfigs say, in the pipeline's context.
const Environment = "apiextensions.crossplane.io/environment"

// For how long Crossplane may take the same answer again.
const fresh = time.Minute

// Answer begins a response with all that earlier functions want.
func Answer(request *fn.RunFunctionRequest) *fn.RunFunctionResponse {
	desired := &fn.State{}
	if request.GetDesired() != nil {
		desired = proto.CloneOf(request.GetDesired())
	}
	if desired.Resources == nil {
		desired.Resources = map[string]*fn.Resource{}
	}
	return &fn.RunFunctionResponse{
		Meta:    &fn.ResponseMeta{Tag: request.GetMeta().GetTag(), Ttl: durationpb.New(fresh)},
		Desired: desired,
		Context: request.GetContext(),
	}
}

// Refusal ends the pipeline and says why.
func Refusal(request *fn.RunFunctionRequest, err error) *fn.RunFunctionResponse {
	response := Answer(request)
	response.Results = []*fn.Result{{Severity: fn.Severity_SEVERITY_FATAL, Message: err.Error()}}
	return response
}

// Warn tells people something, and goes on.
func Warn(response *fn.RunFunctionResponse, format string, values ...any) {
	response.Results = append(response.Results, &fn.Result{Severity: fn.Severity_SEVERITY_WARNING, Message: fmt.Sprintf(format, values...)})
}

// Composite is the order.
func Composite(request *fn.RunFunctionRequest) Object {
	return Plain(request.GetObserved().GetComposite().GetResource())
}

// Wanted is what functions want the order to be, so far.
func Wanted(response *fn.RunFunctionResponse) Object {
	return Plain(response.GetDesired().GetComposite().GetResource())
}

// Want takes over what the order shall be. Crossplane takes nothing without a type.
func Want(response *fn.RunFunctionResponse, order, wanted Object) error {
	wanted["apiVersion"], wanted["kind"] = order["apiVersion"], order["kind"]
	value, err := structpb.NewStruct(wanted)
	if err != nil {
		return fmt.Errorf("the order cannot be given back: %w", err)
	}
	if response.Desired.Composite == nil {
		response.Desired.Composite = &fn.Resource{}
	}
	response.Desired.Composite.Resource = value
	return nil
}

// Plain is an object with whole numbers as such: the protocol itself knows only fractions.
func Plain(value *structpb.Struct) Object {
	if value == nil {
		return Object{}
	}
	return Whole(value.AsMap()).(Object)
}

// Whole gives numbers without a fraction as whole ones, however deep they are.
func Whole(value any) any {
	switch value := value.(type) {
	case Object:
		for key, each := range value {
			value[key] = Whole(each)
		}
	case []any:
		for index, each := range value {
			value[index] = Whole(each)
		}
	case float64:
		// Beyond, a fraction cannot tell two whole numbers apart.
		if value == math.Trunc(value) && math.Abs(value) < 1<<53 {
			return int64(value)
		}
	}
	return value
}

// Text is the text at the end of a path, or nothing.
func Text(of Object, path ...string) string {
	for _, key := range path[:len(path)-1] {
		of, _ = of[key].(Object)
	}
	found, _ := of[path[len(path)-1]].(string)
	return found
}

// Condition is one of an object's conditions, or one with the status Unknown.
func Condition(of Object, kind string) Object {
	status, _ := of["status"].(Object)
	conditions, _ := status["conditions"].([]any)
	for _, each := range conditions {
		if condition, is := each.(Object); is && condition["type"] == kind {
			return condition
		}
	}
	return Object{"type": kind, "status": "Unknown"}
}
