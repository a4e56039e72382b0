package main

import (
	"context"
	"errors"
	"fmt"
)

// A composition that nobody has applied, and what it is to be run for.
type draft struct {
	Composition composition `json:"composition"`
	Composites  []given     `json:"composites"`
}

type drafted struct {
	// One for each object, in their order.
	Previews []outcome `json:"previews"`
}

// What came of one object: what would be composed, or why not.
type outcome struct {
	*preview
	Refused string `json:"refused,omitempty"`
}

// Starts functions that know nothing and may do nothing, for somebody's code. What is returned ends them.
type starter interface {
	start(ctx context.Context, functions []string) (runner, func(), error)
}

// Runs a composition that was sent. Its code may be anybody's, so it runs in functions of its own, which nothing else uses
// and which are gone afterwards: what it does to its function it does to no other composition.
func (previewer *previewer) draft(ctx context.Context, asked draft) (*drafted, error) {
	if len(asked.Composites) == 0 {
		return nil, errors.New("this is no question: it has no `composites` to run the composition for")
	}
	functions, end, err := previewer.drafts.start(ctx, asked.Composition.functions())
	if err != nil {
		return nil, fmt.Errorf("functions for a draft cannot be started: %w", err)
	}
	defer end()
	apart := previewer.with(functions)
	found := &drafted{Previews: []outcome{}}
	for _, given := range asked.Composites {
		made, err := apart.run(ctx, &asked.Composition, given)
		switch {
		case errors.As(err, &refused{}):
			found.Previews = append(found.Previews, outcome{Refused: err.Error()})
		case err != nil:
			return nil, err
		default:
			found.Previews = append(found.Previews, outcome{preview: made})
		}
	}
	return found, nil
}

// The functions of a composition, each once.
func (composition *composition) functions() []string {
	var names []string
	known := map[string]bool{}
	for _, step := range composition.Spec.Pipeline {
		if name := step.Function.Name; !known[name] {
			known[name] = true
			names = append(names, name)
		}
	}
	return names
}

func (previewer *previewer) with(functions runner) *previewer {
	other := *previewer
	other.functions = functions
	return &other
}
