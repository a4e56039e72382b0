package main

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	fn "github.com/crossplane/crossplane/v2/proto/fn/v1"

	"backstack.dev/lib/kube"
)

// What the pod's account may read.
type cluster struct {
	api *kube.Cluster
}

func (cluster *cluster) composition(ctx context.Context, name string) (*composition, error) {
	var found composition
	path := "/apis/apiextensions.crossplane.io/v1/compositions/" + url.PathEscape(name)
	if there, err := cluster.api.Get(ctx, path, &found); err != nil || !there {
		return nil, orMissing(err, "there is no composition %q", name)
	}
	return &found, nil
}

// Objects that a function asks for, as the pod's account may read them.
func (cluster *cluster) resources(ctx context.Context, selector *fn.ResourceSelector) ([]object, error) {
	collection, err := cluster.collection(ctx, selector)
	if err != nil {
		return nil, err
	}
	if name := selector.GetMatchName(); name != "" {
		var found object
		there, err := cluster.api.Get(ctx, collection+"/"+url.PathEscape(name), &found)
		if err != nil || !there {
			return nil, err
		}
		return []object{found}, nil
	}
	var labels []string
	for key, value := range selector.GetMatchLabels().GetLabels() {
		labels = append(labels, key+"="+value)
	}
	slices.Sort(labels)
	var list struct {
		Items []object `json:"items"`
	}
	if _, err := cluster.api.Get(ctx, collection+"?labelSelector="+url.QueryEscape(strings.Join(labels, ",")), &list); err != nil {
		return nil, err
	}
	for _, item := range list.Items {
		// Items of a list leave their own type out.
		item["apiVersion"], item["kind"] = selector.GetApiVersion(), selector.GetKind()
	}
	return list.Items, nil
}

// The path of all objects of a kind.
func (cluster *cluster) collection(ctx context.Context, selector *fn.ResourceSelector) (string, error) {
	version := selector.GetApiVersion()
	root := "/apis/" + version
	if !strings.Contains(version, "/") {
		root = "/api/" + version
	}
	var served struct {
		Resources []struct {
			Name       string `json:"name"`
			Kind       string `json:"kind"`
			Namespaced bool   `json:"namespaced"`
		} `json:"resources"`
	}
	if _, err := cluster.api.Get(ctx, root, &served); err != nil {
		return "", err
	}
	for _, each := range served.Resources {
		if each.Kind != selector.GetKind() || strings.Contains(each.Name, "/") {
			continue
		}
		if each.Namespaced && selector.GetNamespace() != "" {
			return root + "/namespaces/" + url.PathEscape(selector.GetNamespace()) + "/" + each.Name, nil
		}
		return root + "/" + each.Name, nil
	}
	return "", fmt.Errorf("the cluster has no kind %s in %s", selector.GetKind(), version)
}

func orMissing(err error, format string, values ...any) error {
	if err != nil {
		return err
	}
	return fmt.Errorf(format, values...)
}
