package gotemplates

import (
	"fmt"
	"strings"

	"sigs.k8s.io/yaml"

	"backstack.dev/functions/state"
)

type document struct {
	// Where it begins in what the template writes.
	line   int
	object state.Object
}

// The objects that a template wrote, between lines of three dashes.
func split(written string) ([]document, error) {
	var found []document
	var lines []string
	first := 1
	finish := func() error {
		var object state.Object
		// Strictly: a key that is there twice is a line that slipped out of its place.
		if err := yaml.UnmarshalStrict([]byte(strings.Join(lines, "\n")), &object); err != nil {
			return fmt.Errorf("what the template writes from its line %d on is no YAML object: %w", first, err)
		}
		if len(object) > 0 {
			found = append(found, document{line: first, object: object})
		}
		return nil
	}
	for index, line := range strings.Split(written, "\n") {
		rest, parts := strings.CutPrefix(strings.TrimRight(line, " \t\r"), "---")
		if !parts || (rest != "" && !strings.HasPrefix(strings.TrimLeft(rest, " \t"), "#")) {
			lines = append(lines, line)
			continue
		}
		if err := finish(); err != nil {
			return nil, err
		}
		lines, first = nil, index+2
	}
	err := finish()
	return found, err
}
