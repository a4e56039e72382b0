package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestOnlyGiteasOwnSignatureCounts(t *testing.T) {
	body := []byte(`{"ref":"refs/heads/main"}`)
	const right = "309fa87e4a76255d1e7c568a2519fac0944f2acffaaa3056ea6f8b634a020a99"
	for name, signature := range map[string]string{"none": "", "another": "00" + right[2:], "no hex": "sha256=xyz"} {
		if signed(body, signature, "key") {
			t.Errorf("%s is taken", name)
		}
	}
	if !signed(body, right, "key") {
		t.Error("Gitea's own is refused")
	}
	if signed(body, "", "") {
		t.Error("without a key nothing may count")
	}
}

func TestARepositoryIsFoundWhereverItStands(t *testing.T) {
	const address = "http://gitea.gitea.svc/gitea/backstack/platform"
	for spec, expected := range map[string]bool{
		`{"source":{"repoURL":"http://gitea.gitea.svc/gitea/backstack/platform.git"}}`:                   true,
		`{"generators":[{"git":{"repoURL":"http://gitea.gitea.svc/gitea/backstack/platform"}}]}`:         true,
		`{"source":{"repoURL":"http://gitea.gitea.svc/gitea/backstack/platform-more.git"}}`:              false,
		`{"source":{"repoURL":"http://elsewhere/?http://gitea.gitea.svc/gitea/backstack/platform.git"}}`: false,
	} {
		if uses(json.RawMessage(spec), address) != expected {
			t.Errorf("%s: expected %v", spec, expected)
		}
	}
}

func TestConfigMapsBecomeFiles(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"apis__app__definition.yaml", "README.md"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(folder, "..data"), 0o700); err != nil {
		t.Fatal(err)
	}
	files, err := read(folder)
	if err != nil || len(files) != 2 || files[1]["path"] != "apis/app/definition.yaml" || files[1]["content"] != "eA==" {
		t.Errorf("%v %v", files, err)
	}
}

func TestFilesThatArgoCDCannotReadAreFound(t *testing.T) {
	const good = "apiVersion: platform.backstack.dev/v1alpha1\nkind: App\nmetadata:\n  name: shop\n"
	for name, test := range map[string]struct {
		file, content string
		fine          bool
	}{
		"good":              {"demo/app/shop.yaml", good, true},
		"with its place":    {"demo/app/shop.yaml", good + "  namespace: demo\n", true},
		"of no namespace":   {"cluster/clusterapp/shop.yaml", strings.Replace(good, "App", "ClusterApp", 1), true},
		"another namespace": {"demo/app/shop.yaml", good + "  namespace: shop\n", false},
		"another name":      {"demo/app/other.yaml", good, false},
		"another kind":      {"demo/webapp/shop.yaml", good, false},
		"too deep":          {"a/demo/app/shop.yaml", good, false},
		"another ending":    {"demo/app/shop.yml", good, false},
		"two objects":       {"demo/app/shop.yaml", good + "---\n" + good, false},
		"empty document":    {"demo/app/shop.yaml", "---\n" + good + "---\n", true},
		"no YAML":           {"demo/app/shop.yaml", good + "spec: [\n", false},
		"no object":         {"demo/app/shop.yaml", "just text\n", false},
	} {
		if problem := problemOf("demo-cluster", test.file, []byte(test.content)); (problem == "") != test.fine {
			t.Errorf("%s: %q", name, problem)
		}
	}
	if problem := problemOf("platform", "apis/a/b/c.yaml", []byte(good+"---\n"+good)); problem != "" {
		t.Error(problem)
	}
}

func TestOnlyASyncThatWaitsLongIsEnded(t *testing.T) {
	sync := func(phase string, age time.Duration) *object {
		one := &object{}
		one.Status.Operation.Phase, one.Status.Operation.StartedAt = phase, time.Now().Add(-age)
		return one
	}
	if !sync("Running", time.Minute).isStuck() {
		t.Error("a sync that runs for a minute is not ended")
	}
	if sync("Running", time.Second).isStuck() || sync("Succeeded", time.Minute).isStuck() {
		t.Error("a sync is ended that should not be")
	}
}
