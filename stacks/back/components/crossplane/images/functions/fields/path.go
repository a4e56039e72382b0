// Package fields reads and writes what is at a path in an object, by Crossplane's field paths: names with dots between
// them, and in brackets indexes, names with dots of their own, or * for all there are.
package fields

import (
	"fmt"
	"strconv"
	"strings"
)

// Largest index: one more would be a list that fills memory with nothing.
const furthest = 1024

// A step of a path: a name, or an index of a list.
type segment struct {
	name  string
	index int
	kind  kind
}

type kind int

const (
	named kind = iota
	indexed
	every
)

func (segment segment) String() string {
	switch segment.kind {
	case indexed:
		return strconv.Itoa(segment.index)
	case every:
		return "*"
	}
	return segment.name
}

func parse(path string) ([]segment, error) {
	wrong := func(problem string) error { return fmt.Errorf("the field path %q %s", path, problem) }
	if path == "" {
		return nil, wrong("is empty")
	}
	var found []segment
	for rest := path; rest != ""; {
		var next segment
		if inner, bracket := strings.CutPrefix(rest, "["); bracket {
			end := strings.IndexByte(inner, ']')
			if end < 1 {
				return nil, wrong("has a [ without its ] or with nothing between them")
			}
			next, rest = bracketed(inner[:end]), inner[end+1:]
		} else {
			end := strings.IndexAny(rest, ".[")
			if end < 0 {
				end = len(rest)
			}
			next, rest = segment{name: rest[:end]}, rest[end:]
			if next.name == "" {
				return nil, wrong("has a dot without a name")
			}
			if next.name == "*" {
				next.kind = every
			}
		}
		if next.kind == indexed && next.index > furthest {
			return nil, wrong(fmt.Sprintf("has an index beyond %d", furthest))
		}
		found = append(found, next)
		if after, dot := strings.CutPrefix(rest, "."); dot {
			if after == "" || after[0] == '[' || after[0] == '.' {
				return nil, wrong("has a dot without a name")
			}
			rest = after
		}
	}
	return found, nil
}

func bracketed(text string) segment {
	if text == "*" {
		return segment{kind: every}
	}
	if index, err := strconv.ParseUint(text, 10, 31); err == nil {
		return segment{kind: indexed, index: int(index)}
	}
	return segment{name: text}
}
