package gotemplates

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"

	fn "github.com/crossplane/crossplane/v2/proto/fn/v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	"backstack.dev/functions/state"
)

// Objects of this version are no objects of the cluster: they tell the function something.
const instructions = "meta.gotemplating.fn.crossplane.io/v1alpha1"

func (taker *taker) follow(kind string, object state.Object) error {
	switch kind {
	case "CompositeConnectionDetails":
		return taker.connection(object)
	case "ClaimConditions":
		return taker.conditions(object)
	case "Context":
		return taker.context(object)
	case "ExtraResources":
		return taker.require(object)
	}
	return fmt.Errorf("%s knows no %s: it can be ClaimConditions, CompositeConnectionDetails, Context or ExtraResources", instructions, kind)
}

func (taker *taker) connection(object state.Object) error {
	if taker.response.Desired.Composite == nil {
		if err := state.Want(taker.response, taker.order, state.Object{}); err != nil {
			return err
		}
	}
	details := map[string][]byte{}
	data, _ := object["data"].(state.Object)
	for key := range data {
		value, err := base64.StdEncoding.DecodeString(state.Text(data, key))
		if err != nil {
			return fmt.Errorf("CompositeConnectionDetails: %s is not in base64 (use b64enc): %w", key, err)
		}
		details[key] = value
	}
	taker.response.Desired.Composite.ConnectionDetails = details
	return nil
}

var statuses = map[string]fn.Status{
	"True":    fn.Status_STATUS_CONDITION_TRUE,
	"False":   fn.Status_STATUS_CONDITION_FALSE,
	"Unknown": fn.Status_STATUS_CONDITION_UNKNOWN,
}

var targets = map[string]fn.Target{
	"":                  fn.Target_TARGET_COMPOSITE,
	"Composite":         fn.Target_TARGET_COMPOSITE,
	"CompositeAndClaim": fn.Target_TARGET_COMPOSITE_AND_CLAIM,
}

func (taker *taker) conditions(object state.Object) error {
	var said struct {
		Conditions []struct {
			Type, Status, Reason, Message, Target string
		}
	}
	if err := into(object, &said); err != nil {
		return fmt.Errorf("ClaimConditions: %w", err)
	}
	for _, each := range said.Conditions {
		if slices.Contains([]string{"", "Healthy", "Ready", "Synced"}, each.Type) {
			return fmt.Errorf("ClaimConditions: the type %q is Crossplane's own", each.Type)
		}
		status, known := statuses[each.Status]
		target, aimed := targets[each.Target]
		if !known || !aimed {
			return fmt.Errorf("ClaimConditions: %s has the status %q and the target %q; statuses are True, False and Unknown (in quotes), targets Composite and CompositeAndClaim",
				each.Type, each.Status, each.Target)
		}
		condition := &fn.Condition{Type: each.Type, Status: status, Reason: each.Reason, Target: target.Enum()}
		if each.Message != "" {
			condition.Message = proto.String(each.Message)
		}
		taker.response.Conditions = append(taker.response.Conditions, condition)
	}
	return nil
}

func (taker *taker) context(object state.Object) error {
	data, _ := object["data"].(state.Object)
	merged, err := structpb.NewStruct(over(taker.response.GetContext().AsMap(), data))
	if err != nil {
		return fmt.Errorf("Context: %w", err)
	}
	taker.response.Context = merged
	return nil
}

func (taker *taker) require(object state.Object) error {
	var said struct {
		Requirements map[string]struct {
			APIVersion  string            `json:"apiVersion"`
			Kind        string            `json:"kind"`
			Namespace   string            `json:"namespace"`
			MatchName   string            `json:"matchName"`
			MatchLabels map[string]string `json:"matchLabels"`
		} `json:"requirements"`
	}
	if err := into(object, &said); err != nil {
		return fmt.Errorf("ExtraResources: %w", err)
	}
	if taker.response.Requirements == nil {
		taker.response.Requirements = &fn.Requirements{Resources: map[string]*fn.ResourceSelector{}}
	}
	for name, each := range said.Requirements {
		selector := &fn.ResourceSelector{ApiVersion: each.APIVersion, Kind: each.Kind}
		if each.Namespace != "" {
			selector.Namespace = proto.String(each.Namespace)
		}
		if each.MatchName != "" {
			selector.Match = &fn.ResourceSelector_MatchName{MatchName: each.MatchName}
		} else {
			selector.Match = &fn.ResourceSelector_MatchLabels{MatchLabels: &fn.MatchLabels{Labels: each.MatchLabels}}
		}
		taker.response.Requirements.Resources[name] = selector
	}
	return nil
}

func into(object state.Object, said any) error {
	bytes, err := json.Marshal(object)
	if err != nil {
		return err
	}
	return json.Unmarshal(bytes, said)
}
