// Package patches composes by patches and transforms: the input kind that upstream's function-patch-and-transform
// documents, without environment patches that write and without connection details.
package patches

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/structpb"

	"backstack.dev/functions/state"
)

// Kind is the input that it takes.
const Kind = "pt.fn.crossplane.io/v1beta1 Resources"

type input struct {
	APIVersion  string          `json:"apiVersion"`
	Kind        string          `json:"kind"`
	Metadata    json.RawMessage `json:"metadata"`
	PatchSets   []patchSet      `json:"patchSets"`
	Environment *struct {
		Patches []json.RawMessage `json:"patches"`
	} `json:"environment"`
	Resources []resource `json:"resources"`
}

type patchSet struct {
	Name    string  `json:"name"`
	Patches []patch `json:"patches"`
}

type resource struct {
	Name              string            `json:"name"`
	Base              state.Object      `json:"base"`
	Patches           []patch           `json:"patches"`
	ReadinessChecks   []check           `json:"readinessChecks"`
	ConnectionDetails []json.RawMessage `json:"connectionDetails"`
}

type patch struct {
	Type          string      `json:"type"`
	FromFieldPath string      `json:"fromFieldPath"`
	ToFieldPath   string      `json:"toFieldPath"`
	PatchSetName  string      `json:"patchSetName"`
	Combine       *combine    `json:"combine"`
	Transforms    []transform `json:"transforms"`
	Policy        struct {
		FromFieldPath string `json:"fromFieldPath"`
		ToFieldPath   string `json:"toFieldPath"`
	} `json:"policy"`
}

type combine struct {
	Variables []struct {
		FromFieldPath string `json:"fromFieldPath"`
	} `json:"variables"`
	Strategy string `json:"strategy"`
	String   *struct {
		Format string `json:"fmt"`
	} `json:"string"`
}

// Where a patch takes its value, and where it writes.
type direction struct {
	from, to string
	combines bool
}

const (
	composite   = "the order"
	composed    = "the resource"
	environment = "the environment"
)

var directions = map[string]direction{
	"FromCompositeFieldPath":   {composite, composed, false},
	"ToCompositeFieldPath":     {composed, composite, false},
	"FromEnvironmentFieldPath": {environment, composed, false},
	"CombineFromComposite":     {composite, composed, true},
	"CombineToComposite":       {composed, composite, true},
	"CombineFromEnvironment":   {environment, composed, true},
}

var writesEnvironment = []string{"ToEnvironmentFieldPath", "CombineToEnvironment"}

func read(given *structpb.Struct) (*input, error) {
	var asked input
	written, err := protojson.Marshal(given)
	if err != nil {
		return nil, fmt.Errorf("the step's input cannot be read: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(written))
	// A field that is written wrong, or that this function does not know, is not passed over.
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&asked); err != nil {
		return nil, fmt.Errorf("the step's input is not as this function knows it: %w", err)
	}
	if asked.Environment != nil && len(asked.Environment.Patches) > 0 {
		return nil, errors.New("environment.patches is not supported by this platform's own function: it reads the environment (FromEnvironmentFieldPath) and does not write it")
	}
	return &asked, asked.expand()
}

// Puts patch sets in the place of their names, and looks at what can be told before there is an order.
func (asked *input) expand() error {
	sets := map[string][]patch{}
	for _, set := range asked.PatchSets {
		if slices.ContainsFunc(set.Patches, func(patch patch) bool { return patch.Type == "PatchSet" }) {
			return fmt.Errorf("patch set %s: a patch set cannot hold another", set.Name)
		}
		sets[set.Name] = set.Patches
	}
	seen := map[string]bool{}
	for index := range asked.Resources {
		resource := &asked.Resources[index]
		if resource.Name == "" {
			return fmt.Errorf("resource %d has no name: give each one of its own, by which Crossplane knows it again", index+1)
		}
		if seen[resource.Name] {
			return fmt.Errorf("two resources have the name %s", resource.Name)
		}
		seen[resource.Name] = true
		if err := resource.expand(sets); err != nil {
			return fmt.Errorf("resource %s: %w", resource.Name, err)
		}
	}
	return nil
}

func (resource *resource) expand(sets map[string][]patch) error {
	if len(resource.ConnectionDetails) > 0 {
		return errors.New("connectionDetails is not supported by this platform's own function; orders of Crossplane 2 have no connection details")
	}
	var all []patch
	for index, patch := range resource.Patches {
		if patch.Type != "PatchSet" {
			all = append(all, patch)
			continue
		}
		set, there := sets[patch.PatchSetName]
		if !there {
			return fmt.Errorf("patch %d: there is no patch set %q", index+1, patch.PatchSetName)
		}
		all = append(all, set...)
	}
	for index := range all {
		if err := all[index].check(); err != nil {
			return fmt.Errorf("patch %d: %w", index+1, err)
		}
	}
	resource.Patches = all
	return nil
}

func (patch *patch) check() error {
	if patch.Type == "" {
		patch.Type = "FromCompositeFieldPath"
	}
	if slices.Contains(writesEnvironment, patch.Type) {
		return fmt.Errorf("%s is not supported by this platform's own function: it reads the environment and does not write it", patch.Type)
	}
	direction, known := directions[patch.Type]
	if !known {
		return fmt.Errorf("there is no type %s", patch.Type)
	}
	if direction.combines {
		if patch.Combine == nil || len(patch.Combine.Variables) == 0 || patch.Combine.Strategy != "string" || patch.Combine.String == nil {
			return fmt.Errorf("%s needs combine with variables, strategy: string, and string.fmt", patch.Type)
		}
		if patch.ToFieldPath == "" {
			return fmt.Errorf("%s needs toFieldPath", patch.Type)
		}
		return nil
	}
	if patch.FromFieldPath == "" {
		return fmt.Errorf("%s needs fromFieldPath", patch.Type)
	}
	if patch.ToFieldPath == "" {
		patch.ToFieldPath = patch.FromFieldPath
	}
	return nil
}

// How messages call it.
func (patch *patch) String() string {
	if directions[patch.Type].combines {
		return fmt.Sprintf("%s to %s", patch.Type, patch.ToFieldPath)
	}
	return fmt.Sprintf("%s %s", patch.Type, patch.FromFieldPath)
}
