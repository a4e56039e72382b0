package main

import (
	"context"
	"strings"
	"testing"

	fn "github.com/crossplane/crossplane/v2/proto/fn/v1"
)

func TestAnInputOfAnotherKindIsRefused(t *testing.T) {
	request := &fn.RunFunctionRequest{
		Meta:  &fn.RequestMeta{Tag: "t"},
		Input: object(t, "{apiVersion: krm.kcl.dev/v1alpha1, kind: KCLInput}"),
	}
	response, err := service{}.RunFunction(context.Background(), request)
	if err != nil || len(response.Results) != 1 || response.Results[0].Severity != fn.Severity_SEVERITY_FATAL {
		t.Fatal(err, response)
	}
	said := response.Results[0].Message
	if !strings.Contains(said, `"krm.kcl.dev/v1alpha1 KCLInput"`) || !strings.Contains(said, "gotemplating.fn.crossplane.io/v1beta1 GoTemplate and pt.fn") || response.Meta.Tag != "t" {
		t.Error(said)
	}
}

func TestAFailureInsideATemplateIsAnAnswer(t *testing.T) {
	// Sprig's function panics.
	request := &fn.RunFunctionRequest{Input: object(t, `{apiVersion: gotemplating.fn.crossplane.io/v1beta1, kind: GoTemplate, source: Inline, inline: {template: "{{ repeat -1 \"a\" }}"}}`)}
	response, err := service{}.RunFunction(context.Background(), request)
	if err != nil || len(response.Results) != 1 || response.Results[0].Severity != fn.Severity_SEVERITY_FATAL {
		t.Fatal(err, response)
	}
}
