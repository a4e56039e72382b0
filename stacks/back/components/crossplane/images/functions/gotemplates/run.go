// Package gotemplates composes by Go templates: the input kind that upstream's function-go-templating documents, with
// templates written in the composition itself.
package gotemplates

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"text/template"

	fn "github.com/crossplane/crossplane/v2/proto/fn/v1"
	"google.golang.org/protobuf/encoding/protojson"

	"backstack.dev/functions/state"
)

// Kind is the input that it takes.
const Kind = "gotemplating.fn.crossplane.io/v1beta1 GoTemplate"

const (
	// What templates are called in messages.
	name = "inline"
	// What a template may write.
	largest = 2 << 20
	// What text/template writes for what is not there.
	nothing = "<no value>"
)

type input struct {
	Source string `json:"source"`
	Inline struct {
		Template string `json:"template"`
	} `json:"inline"`
	Delims struct {
		Left  string `json:"left"`
		Right string `json:"right"`
	} `json:"delims"`
	Options []string `json:"options"`
}

// Run answers a request that has such an input.
func Run(ctx context.Context, request *fn.RunFunctionRequest, response *fn.RunFunctionResponse) error {
	asked, err := read(request)
	if err != nil {
		return err
	}
	values, err := values(request)
	if err != nil {
		return err
	}
	written, err := asked.write(ctx, values)
	if err != nil {
		return err
	}
	taker := taker{request: request, response: response, order: state.Composite(request), seen: map[string]bool{}}
	err = taker.all(written)
	if !strings.Contains(written, nothing) {
		return err
	}
	missing := asked.missing(ctx, values)
	if err != nil {
		// Likely the reason.
		return fmt.Errorf("%w; %s", err, missing)
	}
	state.Warn(response, "%s", missing)
	return nil
}

func read(request *fn.RunFunctionRequest) (*input, error) {
	var asked input
	bytes, err := protojson.Marshal(request.GetInput())
	if err != nil {
		return nil, fmt.Errorf("the step's input cannot be read: %w", err)
	}
	if err := json.Unmarshal(bytes, &asked); err != nil {
		return nil, fmt.Errorf("the step's input is no GoTemplate: %w", err)
	}
	switch asked.Source {
	case "Inline":
	case "FileSystem", "Environment":
		return nil, fmt.Errorf("source: %s is not supported by this platform's own function: write the template below inline.template, with source: Inline", asked.Source)
	default:
		return nil, fmt.Errorf("source: %q is unknown: it is Inline", asked.Source)
	}
	if strings.TrimSpace(asked.Inline.Template) == "" {
		return nil, errors.New("inline.template is empty: write the template there")
	}
	return &asked, nil
}

// What templates are given: the request, under the names of its fields.
func values(request *fn.RunFunctionRequest) (state.Object, error) {
	var values state.Object
	bytes, err := protojson.Marshal(request)
	if err == nil {
		err = json.Unmarshal(bytes, &values)
	}
	if err != nil {
		return nil, fmt.Errorf("the request cannot be given to a template: %w", err)
	}
	// Templates ask for others' objects by the older name, under which Crossplane 2 no longer gives them.
	if given, is := values["requiredResources"].(state.Object); is {
		values["extraResources"] = given
	}
	return values, nil
}

func (asked *input) write(ctx context.Context, values state.Object, options ...string) (string, error) {
	parsed := template.New(name).Delims(asked.Delims.Left, asked.Delims.Right)
	if err := configure(parsed, append(asked.Options, options...)); err != nil {
		return "", err
	}
	output := &bounded{ctx: ctx}
	parsed.Funcs(functions(ctx, parsed))
	if _, err := parsed.Parse(asked.Inline.Template); err != nil {
		return "", asked.explain(err)
	}
	if err := parsed.Execute(output, values); err != nil {
		return "", asked.explain(err)
	}
	return output.String(), nil
}

// text/template panics where it does not know an option.
func configure(parsed *template.Template, options []string) (err error) {
	defer func() {
		if problem := recover(); problem != nil {
			err = fmt.Errorf("options: %v", problem)
		}
	}()
	parsed.Option(options...)
	return nil
}

// Which value is not there, where a template wrote that it is not.
func (asked *input) missing(ctx context.Context, values state.Object) string {
	if _, err := asked.write(ctx, values, "missingkey=error"); err != nil {
		return fmt.Sprintf("the template writes %q: %v", nothing, err)
	}
	return fmt.Sprintf("the template writes %q: a value that it takes is not there", nothing)
}

// Text that ends where it becomes too long, or where nobody waits for it any more.
type bounded struct {
	ctx context.Context
	bytes.Buffer
}

func (output *bounded) Write(text []byte) (int, error) {
	if err := output.ctx.Err(); err != nil {
		return 0, fmt.Errorf("the template takes too long: %w", err)
	}
	if output.Len()+len(text) > largest {
		return 0, fmt.Errorf("the template writes more than %d MiB", largest>>20)
	}
	return output.Buffer.Write(text)
}
