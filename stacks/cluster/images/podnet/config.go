package main

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
)

// configPath is where the container runtime looks for the pod network's configuration.
const configPath = "/etc/cni/net.d/10-podnet.conflist"

// config says how a pod gets its interface: a pair of virtual interfaces without a bridge, an
// address of the node's range, and the pod's host ports.
func config(pods netip.Prefix, mtu int) ([]byte, error) {
	type object = map[string]any
	return json.MarshalIndent(object{
		"cniVersion": "1.0.0",
		"name":       "podnet",
		"plugins": []object{
			{
				"type":   "ptp",
				"ipMasq": false, // done once for the whole pod network, see masquerade
				"mtu":    mtu,
				"ipam": object{
					"type": "host-local",
					// Below /run, so that no address stays taken when a node starts again.
					"dataDir": "/run/cni-ipam-state",
					"ranges":  [][]object{{{"subnet": pods.String()}}},
					"routes":  []object{{"dst": "0.0.0.0/0"}},
				},
			},
			{"type": "portmap", "capabilities": object{"portMappings": true}},
			{"type": "podnet"}, // see cni: the pod starts when the rules of policies know it
		},
	}, "", "  ")
}

// writeConfig puts the configuration in place as a whole: the runtime reads it as soon as it appears.
func writeConfig(pods netip.Prefix) error {
	mtu, err := uplinkMTU()
	if err != nil {
		return err
	}
	content, err := config(pods, mtu)
	if err != nil {
		return err
	}
	if present, err := os.ReadFile(configPath); err == nil && bytes.Equal(present, content) {
		return nil
	}
	temporary := filepath.Join(filepath.Dir(configPath), ".podnet.tmp")
	if err := os.WriteFile(temporary, content, 0o644); err != nil {
		return err
	}
	return os.Rename(temporary, configPath)
}
