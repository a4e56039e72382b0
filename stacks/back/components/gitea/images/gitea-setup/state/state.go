// Package state tells a readiness probe, which is another process, what is still in the way.
package state

import (
	"fmt"
	"os"
	"path/filepath"
)

// The folder must be writable, and gone when the container starts anew.
var file = filepath.Join(os.TempDir(), "not-ready-because")

var last = "\x00"

// Set notes what is in the way; nothing means ready. What is new is logged.
func Set(problem string) {
	if problem == last {
		return
	}
	last = problem
	fmt.Println(or(problem, "ready"))
	if err := os.WriteFile(file, []byte(problem), 0o600); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

// Check prints what is in the way and returns the probe's exit code.
func Check() int {
	problem, err := os.ReadFile(file)
	if err != nil {
		fmt.Println("it has not started yet")
		return 1
	}
	if len(problem) > 0 {
		fmt.Println(string(problem))
		return 1
	}
	return 0
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
