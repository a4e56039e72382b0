package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	fn "github.com/crossplane/crossplane/v2/proto/fn/v1"
	"google.golang.org/grpc/credentials"

	"backstack.dev/lib/client"
	"backstack.dev/lib/kube"
)

const (
	functionLabel = "pkg.crossplane.io/function"
	draftLabel    = "app.kubernetes.io/name"
	draftName     = "composition-draft"
	// By this variable Crossplane tells a function where its certificate is.
	certificatesVariable = "TLS_SERVER_CERTS_DIR"
	// A pod that nobody ended ends itself.
	longestLife = 90 * time.Second
	cleanupTime = 10 * time.Second
	// Before a watch that ended is begun anew.
	again = time.Second
)

// A watch of the pods of drafts, shorter than a request may take.
var watched = "?watch=1&timeoutSeconds=20&labelSelector=" + url.QueryEscape(draftLabel+"="+draftName)

// Starts pods for drafts in a namespace where an account has no rights and a pod reaches nobody.
type sandbox struct {
	api *kube.Cluster
	// Where Crossplane's functions run, whose images and settings the pods get.
	functions string
	// Where the pods run.
	namespace string
}

// The functions of one draft.
type apart struct {
	addresses map[string]string
	secure    credentials.TransportCredentials
}

func (apart *apart) run(ctx context.Context, function string, request *fn.RunFunctionRequest) (*fn.RunFunctionResponse, error) {
	return call(ctx, function, "passthrough:///"+apart.addresses[function], apart.secure, request)
}

// Only one draft runs at a time, so whatever is there before it is left from one that was cut off.
func (sandbox *sandbox) start(ctx context.Context, functions []string) (runner, func(), error) {
	if err := sandbox.clear(ctx); err != nil {
		return nil, nil, err
	}
	end := func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTime)
		defer cancel()
		if err := sandbox.clear(ctx); err != nil {
			fmt.Println("pods of a draft are left:", err)
		}
	}
	running, err := sandbox.startAll(ctx, functions)
	if err != nil {
		end()
		return nil, nil, err
	}
	return running, end, nil
}

func (sandbox *sandbox) startAll(ctx context.Context, functions []string) (*apart, error) {
	keys, err := newKeys()
	if err != nil {
		return nil, err
	}
	secret := map[string]any{
		"metadata": map[string]any{"name": draftName, "labels": map[string]string{draftLabel: draftName}}, "data": keys.files,
	}
	if err := sandbox.api.Send(ctx, http.MethodPost, sandbox.path("secrets"), secret, nil); err != nil {
		return nil, err
	}
	ports := map[string]int{}
	for _, function := range functions {
		pod, err := sandbox.runtime(ctx, function)
		if err != nil {
			return nil, err
		}
		ports[function] = pod.port()
		if err := sandbox.api.Send(ctx, http.MethodPost, sandbox.path("pods"), pod.draft(function), nil); err != nil {
			return nil, err
		}
	}
	addresses, err := sandbox.ready(ctx, ports)
	if err != nil {
		return nil, err
	}
	return &apart{addresses, keys.client}, nil
}

func (sandbox *sandbox) path(kind string) string {
	return "/api/v1/namespaces/" + sandbox.namespace + "/" + kind
}

// Takes away whatever there is of drafts.
func (sandbox *sandbox) clear(ctx context.Context) error {
	for _, kind := range []string{"pods", "secrets"} {
		path := sandbox.path(kind) + "?gracePeriodSeconds=0&labelSelector=" + url.QueryEscape(draftLabel+"="+draftName)
		if err := sandbox.api.Send(ctx, http.MethodDelete, path, nil, nil); err != nil {
			return err
		}
	}
	return nil
}

// The pod that serves a function for Crossplane.
func (sandbox *sandbox) runtime(ctx context.Context, function string) (*pod, error) {
	var list struct {
		Items []pod `json:"items"`
	}
	path := "/api/v1/namespaces/" + sandbox.functions + "/pods?labelSelector=" + url.QueryEscape(functionLabel+"="+function)
	if _, err := sandbox.api.Get(ctx, path, &list); err != nil {
		return nil, err
	}
	for _, one := range list.Items {
		if one.isReady() && len(one.Spec.Containers) > 0 {
			return &one, nil
		}
	}
	return nil, fmt.Errorf("function %s does not run", function)
}

// Waits until every function serves, and tells where.
func (sandbox *sandbox) ready(ctx context.Context, ports map[string]int) (map[string]string, error) {
	addresses := map[string]string{}
	var failed error
	see := func(content json.RawMessage) (bool, error) {
		var one pod
		if err := json.Unmarshal(content, &one); err != nil {
			return false, err
		}
		function := one.Metadata.Labels[functionLabel]
		if one.Status.Phase == "Failed" {
			failed = fmt.Errorf("the pod of function %s failed: %s", function, one.Status.Message)
		}
		if one.isReady() {
			addresses[function] = net.JoinHostPort(one.Status.IP, strconv.Itoa(ports[function]))
		}
		return failed != nil || len(addresses) == len(ports), nil
	}
	for {
		err := sandbox.api.Watch(ctx, sandbox.path("pods")+watched, see)
		if refused := (&client.Refused{}); err == nil || errors.As(err, &refused) {
			return addresses, errors.Join(failed, err)
		}
		// The server ends a watch now and then; one that begins anew tells first what is there.
		select {
		case <-ctx.Done():
			missing := slices.DeleteFunc(slices.Sorted(maps.Keys(ports)), func(function string) bool { return addresses[function] != "" })
			return nil, errors.Join(fmt.Errorf("not ready in time: %v", missing), ctx.Err())
		case <-time.After(again):
		}
	}
}
