package main

import (
	"context"
	"log"
	"time"

	typed "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
)

// patience is how long the node may lack Services before it takes pods all the same: somebody may
// have chosen to run without kube-proxy.
const patience = 20 * time.Second

// awaitServices waits until Services work on this node. A node that takes pods earlier starts them
// into a network where the API server's Service address leads nowhere, and most of them then exit.
// Asking the API server through that very address is the one test that is right for every mode of
// kube-proxy; its own health check says yes before its rules are in place.
func awaitServices(ctx context.Context) {
	config, err := rest.InClusterConfig()
	if err != nil {
		return
	}
	config.Timeout = time.Second
	client, err := typed.NewForConfig(config)
	if err != nil {
		return
	}
	deadline := time.Now().Add(patience)
	for time.Now().Before(deadline) && ctx.Err() == nil {
		if _, err = client.RESTClient().Get().AbsPath("/version").DoRaw(ctx); err == nil {
			return
		}
		time.Sleep(200 * time.Millisecond)
	}
	log.Printf("Services do not work on this node: %v", err)
}
