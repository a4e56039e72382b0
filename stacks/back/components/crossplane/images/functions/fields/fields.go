package fields

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// Missing is the error for what a path leads to and is not there.
type Missing struct {
	Path, Step string
}

func (missing Missing) Error() string {
	if missing.Path == missing.Step {
		return fmt.Sprintf("%s is not there", missing.Path)
	}
	return fmt.Sprintf("%s is not there (no %s)", missing.Path, missing.Step)
}

// Get is the value at a path; the error is Missing where there is none.
func Get(object map[string]any, path string) (any, error) {
	segments, err := parse(path)
	if err != nil {
		return nil, err
	}
	var value any = object
	for _, segment := range segments {
		inner, there, err := step(value, segment)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if !there || inner == nil {
			return nil, Missing{path, segment.String()}
		}
		value = inner
	}
	return value, nil
}

func step(value any, segment segment) (inner any, there bool, err error) {
	switch segment.kind {
	case named:
		object, is := value.(map[string]any)
		if !is {
			return nil, false, fmt.Errorf("%s is looked for in %s, which is no object", segment, shape(value))
		}
		inner, there = object[segment.name]
		return inner, there, nil
	case indexed:
		if object, is := value.(map[string]any); is {
			inner, there = object[segment.String()]
			return inner, there, nil
		}
		list, is := value.([]any)
		if !is {
			return nil, false, fmt.Errorf("index %s is looked for in %s, which is no list", segment, shape(value))
		}
		if segment.index >= len(list) {
			return nil, false, nil
		}
		return list[segment.index], true, nil
	}
	return nil, false, errors.New("* stands for many values; it can only be written to")
}

// Set writes a value at a path, and makes what is missing on the way. With * it writes to all that are there.
func Set(object map[string]any, path string, value any) error {
	return Change(object, path, func(any) any { return value })
}

// Change gives a path the value that comes of the one that is there (nil where none is).
func Change(object map[string]any, path string, change func(any) any) error {
	segments, err := parse(path)
	if err != nil {
		return err
	}
	if _, err := put(object, segments, change); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// The value with what the rest of a path leads to changed.
func put(value any, rest []segment, change func(any) any) (any, error) {
	if len(rest) == 0 {
		return change(value), nil
	}
	first, rest := rest[0], rest[1:]
	if value == nil {
		value = empty(first)
	}
	switch value := value.(type) {
	case map[string]any:
		return value, each(keys(value, first), func(key string) error {
			inner, err := put(value[key], rest, change)
			value[key] = inner
			return err
		})
	case []any:
		if first.kind == named {
			break
		}
		for first.kind == indexed && len(value) <= first.index {
			value = append(value, nil)
		}
		return value, each(indexes(value, first), func(index int) error {
			inner, err := put(value[index], rest, change)
			value[index] = inner
			return err
		})
	}
	return nil, fmt.Errorf("%s cannot be written into %s", first, shape(value))
}

func empty(first segment) any {
	if first.kind == named {
		return map[string]any{}
	}
	return []any{}
}

func keys(of map[string]any, first segment) []string {
	if first.kind == every {
		return slices.Sorted(maps.Keys(of))
	}
	return []string{first.String()}
}

func indexes(of []any, first segment) []int {
	if first.kind == indexed {
		return []int{first.index}
	}
	all := make([]int, len(of))
	for index := range of {
		all[index] = index
	}
	return all
}

func each[Key any](keys []Key, write func(Key) error) error {
	for _, key := range keys {
		if err := write(key); err != nil {
			return err
		}
	}
	return nil
}

// What a value is, for messages.
func shape(value any) string {
	switch value := value.(type) {
	case nil:
		return "nothing"
	case map[string]any:
		return "an object"
	case []any:
		return "a list"
	case string:
		return "the text " + strconv.Quote(value)
	}
	return fmt.Sprintf("the value %v", value)
}
