package patches

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"backstack.dev/functions/state"
)

// A transform to another type.
type conversion struct {
	ToType string `json:"toType"`
	Format string `json:"format"`
}

func (conversion *conversion) apply(value any) (any, error) {
	switch conversion.Format {
	case "", "none":
	case "quantity":
		text, is := value.(string)
		if !is || conversion.ToType != "float64" {
			return nil, fmt.Errorf("format quantity is for texts that become float64, not for %v", value)
		}
		return quantity(text)
	case "json":
		return parsed(value, conversion.ToType)
	default:
		return nil, fmt.Errorf("there is no format %s: it can be none, quantity or json", conversion.Format)
	}
	var converted any
	var err error
	switch conversion.ToType {
	case "string":
		return text(value), nil
	case "int", "int64":
		converted, err = whole(value)
	case "float64":
		converted, err = fraction(value)
	case "bool":
		converted, err = truth(value)
	case "object", "array":
		if matches(value, conversion.ToType) {
			return value, nil
		}
		return nil, fmt.Errorf("%v becomes an %s only with format: json", value, conversion.ToType)
	default:
		return nil, fmt.Errorf("there is no toType %s: it can be string, int, int64, float64, bool, object or array", conversion.ToType)
	}
	if err != nil {
		return nil, fmt.Errorf("%v is no %s", value, conversion.ToType)
	}
	return converted, nil
}

func matches(value any, kind string) bool {
	if _, is := value.(state.Object); is {
		return kind == "object"
	}
	_, is := value.([]any)
	return is && kind == "array"
}

func parsed(value any, kind string) (any, error) {
	var found any
	text, is := value.(string)
	if err := json.Unmarshal([]byte(text), &found); !is || err != nil || !matches(found, kind) {
		return nil, fmt.Errorf("%v is no JSON of an %s", value, kind)
	}
	return state.Whole(found), nil
}

func text(value any) string {
	if number, is := value.(float64); is {
		return strconv.FormatFloat(number, 'f', -1, 64)
	}
	return fmt.Sprint(value)
}

func whole(value any) (any, error) {
	switch value := value.(type) {
	case string:
		return strconv.ParseInt(value, 10, 64)
	case int64:
		return value, nil
	case float64:
		return int64(value), nil
	case bool:
		if value {
			return int64(1), nil
		}
		return int64(0), nil
	}
	return nil, strconv.ErrSyntax
}

func fraction(value any) (any, error) {
	if value, is := value.(string); is {
		return strconv.ParseFloat(value, 64)
	}
	if value, is := value.(float64); is {
		return value, nil
	}
	number, err := whole(value)
	if err != nil {
		return nil, err
	}
	return float64(number.(int64)), nil
}

func truth(value any) (any, error) {
	switch value := value.(type) {
	case string:
		return strconv.ParseBool(value)
	case int64:
		return value == 1, nil
	case float64:
		return value == 1, nil
	case bool:
		return value, nil
	}
	return nil, strconv.ErrSyntax
}

var (
	thousands = map[string]float64{"n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18}
	binary    = []string{"Ki", "Mi", "Gi", "Ti", "Pi", "Ei"}
)

// The number that a quantity of Kubernetes stands for, as 250m or 64Mi.
func quantity(text string) (any, error) {
	for index, suffix := range binary {
		if number, is := strings.CutSuffix(text, suffix); is {
			return scaled(text, number, math.Pow(1024, float64(index+1)))
		}
	}
	end := strings.TrimRight(text, "numkMGTPE")
	factor, known := thousands[text[len(end):]]
	if !known {
		return nil, fmt.Errorf("%q is no quantity", text)
	}
	return scaled(text, end, factor)
}

func scaled(text, number string, factor float64) (any, error) {
	value, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return nil, fmt.Errorf("%q is no quantity", text)
	}
	return value * factor, nil
}
