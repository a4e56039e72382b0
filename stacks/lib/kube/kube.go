// Package kube reads and changes a few Kubernetes objects from within a pod.
package kube

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"

	"backstack.dev/lib/client"
)

const account = "/var/run/secrets/kubernetes.io/serviceaccount/"

// Cluster is the API server, as the pod's service account.
type Cluster struct {
	*client.Client
}

// InPod finds the API server and the account's token where Kubernetes puts them.
func InPod() (*Cluster, error) {
	host, port := os.Getenv("KUBERNETES_SERVICE_HOST"), os.Getenv("KUBERNETES_SERVICE_PORT")
	if host == "" || port == "" {
		return nil, errors.New("this is not a pod: KUBERNETES_SERVICE_HOST is not set")
	}
	authority, err := os.ReadFile(account + "ca.crt")
	if err != nil {
		return nil, fmt.Errorf("no certificate of the cluster: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(authority) {
		return nil, errors.New(account + "ca.crt holds no certificate")
	}
	api := client.New("the API server", "https://"+net.JoinHostPort(host, port), authorize)
	api.HTTP.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	return &Cluster{api}, nil
}

// The token is read each time: the kubelet renews it.
func authorize(request *http.Request) error {
	token, err := os.ReadFile(account + "token")
	if err != nil {
		return fmt.Errorf("no token of the service account: %w", err)
	}
	request.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	return nil
}

// Merge changes an object by a merge patch.
func (cluster *Cluster) Merge(ctx context.Context, path string, patch any) error {
	return cluster.Do(ctx, http.MethodPatch, path+"?fieldManager=backstack-gitea", "application/merge-patch+json", patch, nil)
}

// Secret reads a Secret's values. It must exist; it may be empty.
func (cluster *Cluster) Secret(ctx context.Context, namespace, name string) (map[string]string, error) {
	var secret struct {
		Data map[string][]byte `json:"data"`
	}
	if err := cluster.Do(ctx, http.MethodGet, secretPath(namespace, name), "", nil, &secret); err != nil {
		return nil, err
	}
	values := make(map[string]string, len(secret.Data))
	for key, value := range secret.Data {
		values[key] = string(value)
	}
	return values, nil
}

// SetSecret writes values of a Secret that exists; others it has stay.
func (cluster *Cluster) SetSecret(ctx context.Context, namespace, name string, values map[string]string) error {
	return cluster.Merge(ctx, secretPath(namespace, name), map[string]any{"stringData": values})
}

func secretPath(namespace, name string) string {
	return "/api/v1/namespaces/" + namespace + "/secrets/" + name
}
