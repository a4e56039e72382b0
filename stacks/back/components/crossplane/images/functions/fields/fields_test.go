package fields

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

func parsed(t *testing.T, text string) map[string]any {
	t.Helper()
	var value map[string]any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatal(err)
	}
	return value
}

func TestWhatIsAtAPathIsRead(t *testing.T) {
	object := parsed(t, `{"a": {"b.c/d": [{"e": "found"}], "0": "zero"}, "n": null, "s": "text"}`)
	for _, path := range []string{"a[b.c/d][0].e", "a.0", "a[0]"} {
		if value, err := Get(object, path); err != nil || (value != "found" && value != "zero") {
			t.Errorf("%s: %v %v", path, value, err)
		}
	}
	for _, path := range []string{"b", "a.x.y", "a[b.c/d][1]", "n", "n.x"} {
		_, err := Get(object, path)
		if missing := (Missing{}); !errors.As(err, &missing) {
			t.Errorf("%s: %v", path, err)
		}
	}
	for path, said := range map[string]string{
		"s.x": `x is looked for in the text "text"`, "a[*]": "only be written", "a[b.c/d].e": "in a list", "s[0]": "no list",
		"": "is empty", "a..b": "a dot without a name", "a.": "a dot without a name", "a[": "without its ]", "a[9999]": "beyond 1024",
	} {
		if _, err := Get(object, path); err == nil || !strings.Contains(err.Error(), said) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestWhatIsMissingOnTheWayIsMade(t *testing.T) {
	object := parsed(t, `{"list": [{"name": "a"}, {"name": "b"}]}`)
	for path, value := range map[string]any{"labels[a.b/c]": "x", "new[1].deep": "y", "list[*].image": "z", "list[2].name": "c"} {
		if err := Set(object, path, value); err != nil {
			t.Error(err)
		}
	}
	delete(object["list"].([]any)[2].(map[string]any), "image")
	made, _ := json.Marshal(object)
	if string(made) != `{"labels":{"a.b/c":"x"},"list":[{"image":"z","name":"a"},{"image":"z","name":"b"},{"name":"c"}],"new":[null,{"deep":"y"}]}` {
		t.Errorf("%s", made)
	}
	if err := Set(object, "labels[a.b/c].deeper", 1); err == nil || !strings.Contains(err.Error(), `deeper cannot be written into the text "x"`) {
		t.Error(err)
	}
	if err := Set(object, "list.name", 1); err == nil || !strings.Contains(err.Error(), "name cannot be written into a list") {
		t.Error(err)
	}
}
