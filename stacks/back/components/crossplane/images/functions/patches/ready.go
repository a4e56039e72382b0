package patches

import (
	"errors"
	"fmt"

	fn "github.com/crossplane/crossplane/v2/proto/fn/v1"

	"backstack.dev/functions/fields"
	"backstack.dev/functions/state"
)

// How it is told that a resource is ready.
type check struct {
	Type           string `json:"type"`
	FieldPath      string `json:"fieldPath"`
	MatchString    string `json:"matchString"`
	MatchInteger   int64  `json:"matchInteger"`
	MatchCondition struct {
		Type   string `json:"type"`
		Status string `json:"status"`
	} `json:"matchCondition"`
}

// Without checks, what exists is ready when its condition Ready says so.
func judge(checks []check, observed state.Object) (fn.Ready, error) {
	if len(checks) == 0 {
		whole := check{Type: "MatchCondition"}
		checks = []check{whole}
	}
	for index, check := range checks {
		ready, err := check.met(observed)
		if err != nil {
			return fn.Ready_READY_UNSPECIFIED, fmt.Errorf("readiness check %d (%s): %w", index+1, check.Type, err)
		}
		if !ready {
			return fn.Ready_READY_FALSE, nil
		}
	}
	return fn.Ready_READY_TRUE, nil
}

func (check check) met(observed state.Object) (bool, error) {
	switch check.Type {
	case "None":
		return true, nil
	case "MatchCondition":
		kind, status := check.MatchCondition.Type, check.MatchCondition.Status
		if kind == "" {
			kind = "Ready"
		}
		if status == "" {
			status = "True"
		}
		return state.Condition(observed, kind)["status"] == status, nil
	}
	value, err := fields.Get(observed, check.FieldPath)
	if missing := (fields.Missing{}); errors.As(err, &missing) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	switch check.Type {
	case "NonEmpty":
		return true, nil
	case "MatchString":
		return value == check.MatchString, nil
	case "MatchInteger":
		return value == check.MatchInteger, nil
	case "MatchTrue":
		return value == true, nil
	case "MatchFalse":
		return value == false, nil
	}
	return false, errors.New("there is no such type: it can be MatchCondition, MatchFalse, MatchInteger, MatchString, MatchTrue, NonEmpty or None")
}
