package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"gopkg.in/yaml.v3"
)

// What is read of a Kubernetes object.
type manifest struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string `yaml:"kind"`
	Metadata   struct {
		Name      string `yaml:"name"`
		Namespace string `yaml:"namespace"`
	} `yaml:"metadata"`
}

func isManifest(name string) bool {
	end := path.Ext(name)
	return end == ".yaml" || end == ".yml" || end == ".json"
}

// What keeps Argo CD from reading a file, or nothing.
func problemOf(repository, name string, content []byte) string {
	objects, err := objectsOf(content)
	if err != nil {
		return "not YAML: " + strings.ReplaceAll(err.Error(), "\n", " ")
	}
	if repository != "demo-cluster" {
		return ""
	}
	parts := strings.Split(name, "/")
	if len(parts) != 3 || path.Ext(name) != ".yaml" {
		return "the path must be <namespace>/<kind>/<name>.yaml"
	}
	if len(objects) != 1 {
		return fmt.Sprintf("it has %d objects; a file is one", len(objects))
	}
	one := objects[0]
	namespace, kind, named := parts[0], parts[1], strings.TrimSuffix(parts[2], ".yaml")
	switch {
	case one.APIVersion == "" || one.Kind == "":
		return "apiVersion and kind are missing"
	case strings.ToLower(one.Kind) != kind:
		return fmt.Sprintf("its kind is %s, so its folder must be %s", one.Kind, strings.ToLower(one.Kind))
	case one.Metadata.Name != named:
		return fmt.Sprintf("its name is %q, so the file must be %s.yaml", one.Metadata.Name, one.Metadata.Name)
	case one.Metadata.Namespace != "" && one.Metadata.Namespace != namespace:
		return fmt.Sprintf("its namespace is %s, its folder %s", one.Metadata.Namespace, namespace)
	}
	return ""
}

// The objects of a file; empty documents are none.
func objectsOf(content []byte) ([]manifest, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	var found []manifest
	for {
		var document yaml.Node
		if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
			return found, nil
		} else if err != nil {
			return nil, err
		}
		if len(document.Content) == 1 && document.Content[0].Tag == "!!null" {
			continue
		}
		var object manifest
		if err := document.Decode(&object); err != nil {
			return nil, err
		}
		found = append(found, object)
	}
}
