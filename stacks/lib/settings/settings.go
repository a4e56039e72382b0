// Package settings reads what a pod's manifest gives its program.
package settings

import (
	"fmt"
	"os"
)

// Read gives the values of environment variables by name; each has to be set.
func Read(names ...string) (map[string]string, error) {
	values := map[string]string{}
	for _, name := range names {
		if values[name] = os.Getenv(name); values[name] == "" {
			return nil, fmt.Errorf("%s is not set", name)
		}
	}
	return values, nil
}
