package patches

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"backstack.dev/functions/state"
)

type transform struct {
	Type    string         `json:"type"`
	Math    *calculation   `json:"math"`
	Map     map[string]any `json:"map"`
	Match   *match         `json:"match"`
	String  *words         `json:"string"`
	Convert *conversion    `json:"convert"`
}

type calculation struct {
	Type     string `json:"type"`
	Multiply *int64 `json:"multiply"`
	ClampMin *int64 `json:"clampMin"`
	ClampMax *int64 `json:"clampMax"`
}

type match struct {
	Patterns []struct {
		Type    string `json:"type"`
		Literal string `json:"literal"`
		Regexp  string `json:"regexp"`
		Result  any    `json:"result"`
	} `json:"patterns"`
	FallbackTo    string `json:"fallbackTo"`
	FallbackValue any    `json:"fallbackValue"`
}

// What a value becomes.
func (transform transform) apply(value any) (any, error) {
	switch {
	case transform.Type == "map" && transform.Map != nil:
		return transform.lookup(value)
	case transform.Type == "match" && transform.Match != nil:
		return transform.Match.apply(value)
	case transform.Type == "math" && transform.Math != nil:
		return transform.Math.apply(value)
	case transform.Type == "string" && transform.String != nil:
		return transform.String.apply(value)
	case transform.Type == "convert" && transform.Convert != nil:
		return transform.Convert.apply(value)
	case slices.Contains([]string{"map", "match", "math", "string", "convert"}, transform.Type):
		return nil, fmt.Errorf("it has no field %s", transform.Type)
	}
	return nil, errors.New("there is no such type: it can be convert, map, match, math or string")
}

func (transform transform) lookup(value any) (any, error) {
	key, is := value.(string)
	if !is {
		return nil, fmt.Errorf("it takes texts, not %v", value)
	}
	found, there := transform.Map[key]
	if !there {
		return nil, fmt.Errorf("it has nothing for %q; it has %s", key, strings.Join(slices.Sorted(maps.Keys(transform.Map)), ", "))
	}
	return state.Whole(found), nil
}

func (match *match) apply(value any) (any, error) {
	text, is := value.(string)
	for index, pattern := range match.Patterns {
		switch pattern.Type {
		case "", "literal":
			if is && text == pattern.Literal {
				return state.Whole(pattern.Result), nil
			}
		case "regexp":
			compiled, err := regexp.Compile(pattern.Regexp)
			if err != nil {
				return nil, fmt.Errorf("pattern %d: %w", index+1, err)
			}
			if is && compiled.MatchString(text) {
				return state.Whole(pattern.Result), nil
			}
		default:
			return nil, fmt.Errorf("pattern %d: there is no type %s: it can be literal or regexp", index+1, pattern.Type)
		}
	}
	if match.FallbackTo == "Input" {
		return value, nil
	}
	return state.Whole(match.FallbackValue), nil
}

func (calculation *calculation) apply(value any) (any, error) {
	operand, operate := calculation.Multiply, multiply
	switch calculation.Type {
	case "", "Multiply":
	case "ClampMin":
		operand, operate = calculation.ClampMin, func(value, least float64) float64 { return max(value, least) }
	case "ClampMax":
		operand, operate = calculation.ClampMax, func(value, most float64) float64 { return min(value, most) }
	default:
		return nil, fmt.Errorf("there is no type %s: it can be Multiply, ClampMin or ClampMax", calculation.Type)
	}
	if operand == nil {
		return nil, fmt.Errorf("math.type %s has no number", calculation.Type)
	}
	switch value := value.(type) {
	case int64:
		return int64(operate(float64(value), float64(*operand))), nil
	case float64:
		return operate(value, float64(*operand)), nil
	}
	return nil, fmt.Errorf("it takes numbers, not %v", value)
}

func multiply(value, by float64) float64 { return value * by }

// Text of values by a format of Go.
func format(how string, values ...any) (string, error) {
	text := fmt.Sprintf(how, values...)
	if strings.Contains(text, "%!") && !strings.Contains(how, "%!") {
		shown, _ := json.Marshal(values)
		return "", fmt.Errorf("the format %q does not fit %s: %%s is for texts, %%d for whole numbers, %%v for anything", how, shown)
	}
	return text, nil
}
