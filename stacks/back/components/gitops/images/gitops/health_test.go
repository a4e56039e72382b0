package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"gopkg.in/yaml.v3"
)

func servedAt(group, kind string, served time.Time) composite {
	return composite{groupKind{group, kind}, served}
}

func TestArgoCDKnowsTheHealthOfEveryAPI(t *testing.T) {
	now := time.Now()
	database := servedAt("databases.acme.io", "Database", now.Add(-time.Minute))
	changes := healthSettings(map[string]string{
		healthKey + "gone.io_App":   "script",
		healthKey + "apps_Mine":     "somebody's own",
		"resource.customizations.x": "y",
	}, []composite{database}, "script", now)
	wanted := map[string]any{
		healthKey + "databases.acme.io_Database": "script", openKey + "databases.acme.io_Database": "true",
		healthKey + "gone.io_App": nil, openKey + "gone.io_App": nil,
	}
	if !reflect.DeepEqual(changes, wanted) {
		t.Error(changes)
	}
	right := map[string]string{healthKey + "databases.acme.io_Database": "script", openKey + "databases.acme.io_Database": "true"}
	if changes := healthSettings(right, []composite{database}, "script", now); len(changes) > 0 {
		t.Error("what is right is written again:", changes)
	}
}

func TestSettingsDoNotChangeWhileAKindIsBeingDefined(t *testing.T) {
	now := time.Now()
	for name, served := range map[string]time.Time{"not yet": {}, "a moment ago": now.Add(-settled / 2)} {
		kinds := []composite{servedAt("acme.io", "Queue", served)}
		if changes := healthSettings(nil, kinds, "script", now); len(changes) > 0 {
			t.Errorf("%s: %v", name, changes)
		}
		// Nor is what was told of it taken back: its definition may have been replaced.
		told := map[string]string{healthKey + "acme.io_Queue": "script", openKey + "acme.io_Queue": "true"}
		if changes := healthSettings(told, kinds, "script", now); len(changes) > 0 {
			t.Errorf("%s: %v", name, changes)
		}
	}
}

// Else each start of a platform changes the settings while its first APIs are being defined.
func TestTheFirstAPIsAreToldBeforeTheControllerStarts(t *testing.T) {
	var settings struct {
		Data map[string]string `yaml:"data"`
	}
	content, err := os.ReadFile("../../../argocd/manifests/config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(content, &settings); err != nil {
		t.Fatal(err)
	}
	scripts, err := scriptsOf(settings.Data)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range firstDefinitions(t) {
		if left := untold([]composite{servedAt(one.Spec.Group, one.Spec.Names.Kind, time.Time{})}, scripts); len(left) > 0 {
			t.Errorf("%v: no pattern of %s covers it", left[0], patternsKey)
		}
	}
	if left := untold([]composite{servedAt("acme.io", "Queue", time.Time{})}, scripts); len(left) != 1 {
		t.Error("a group that no pattern names is left out")
	}
}

// The definitions that repository `platform` holds at first.
func firstDefinitions(t *testing.T) []definition {
	t.Helper()
	files, err := filepath.Glob("../../repositories/platform/apis/*/definition.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no definitions:", err)
	}
	found := make([]definition, len(files))
	for n, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		// The fields are named for JSON, but YAML's own rule, to lower a name, finds those that matter here.
		if err := yaml.Unmarshal(content, &found[n]); err != nil {
			t.Fatal(err)
		}
		if found[n].Spec.Group == "" || found[n].Spec.Names.Kind == "" {
			t.Errorf("%s: %+v", file, found[n])
		}
	}
	return found
}

func TestAKindIsServedSinceTheLastOfItsConditions(t *testing.T) {
	early, late := time.Unix(100, 0), time.Unix(200, 0)
	for name, one := range map[string]struct {
		conditions string
		since      time.Time
	}{
		"nothing said": {`[]`, time.Time{}},
		"not yet":      {`[{type: Established, status: "False"}]`, time.Time{}},
		"served":       {`[{type: Established, status: "True", lastTransitionTime: 1970-01-01T00:01:40Z}]`, early},
		"its claim too": {`[{type: Established, status: "True", lastTransitionTime: 1970-01-01T00:01:40Z},
			{type: Offered, status: "True", lastTransitionTime: 1970-01-01T00:03:20Z}]`, late},
		"its claim not": {`[{type: Established, status: "True", lastTransitionTime: 1970-01-01T00:01:40Z},
			{type: Offered, status: "False", lastTransitionTime: 1970-01-01T00:03:20Z}]`, time.Time{}},
	} {
		var definition definition
		var conditions []map[string]any
		if err := yaml.Unmarshal([]byte(one.conditions), &conditions); err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(map[string]any{"status": map[string]any{"conditions": conditions}})
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &definition); err != nil {
			t.Fatal(err)
		}
		if !definition.served().Equal(one.since) {
			t.Errorf("%s: %v", name, definition.served())
		}
	}
}
