package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	fn "github.com/crossplane/crossplane/v2/proto/fn/v1"

	"backstack.dev/functions/gotemplates"
	"backstack.dev/functions/patches"
	"backstack.dev/functions/state"
)

// What each kind of input is answered by.
var kinds = map[string]func(context.Context, *fn.RunFunctionRequest, *fn.RunFunctionResponse) error{
	gotemplates.Kind: gotemplates.Run,
	patches.Kind:     patches.Run,
}

type service struct {
	fn.UnimplementedFunctionRunnerServiceServer
}

func (service) RunFunction(ctx context.Context, request *fn.RunFunctionRequest) (response *fn.RunFunctionResponse, _ error) {
	response = state.Answer(request)
	// A template may call what was not made for its values; the others' questions are to be answered all the same.
	defer func() {
		if problem := recover(); problem != nil {
			response = state.Refusal(request, fmt.Errorf("the function failed: %v", problem))
		}
	}()
	if err := compose(ctx, request, response); err != nil {
		return state.Refusal(request, err), nil
	}
	return response, nil
}

func compose(ctx context.Context, request *fn.RunFunctionRequest, response *fn.RunFunctionResponse) error {
	input := request.GetInput().GetFields()
	kind := input["apiVersion"].GetStringValue() + " " + input["kind"].GetStringValue()
	run, known := kinds[kind]
	if !known {
		return fmt.Errorf("the step's input has the kind %q; this function takes %s", kind, strings.Join(slices.Sorted(maps.Keys(kinds)), " and "))
	}
	return run(ctx, request, response)
}
