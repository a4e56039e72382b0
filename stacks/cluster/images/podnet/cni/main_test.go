package main

import (
	"testing"

	"github.com/containernetworking/cni/pkg/skel"
)

func TestTheAddressIsWhatThePluginsBeforeGave(test *testing.T) {
	for text, wanted := range map[string]string{
		`{"cniVersion": "1.0.0", "name": "podnet", "type": "podnet", "prevResult": {"cniVersion": "1.0.0",
			"ips": [{"address": "fd00::2/64"}, {"address": "10.1.0.2/24", "gateway": "10.1.0.1"}]}}`: "10.1.0.2",
		`{"cniVersion": "0.4.0", "name": "podnet", "type": "podnet", "prevResult": {"cniVersion": "0.4.0",
			"ips": [{"version": "4", "address": "10.1.0.3/24"}]}}`: "10.1.0.3",
		`{"cniVersion": "1.0.0", "name": "podnet", "type": "podnet", "prevResult": {"cniVersion": "1.0.0"}}`: "invalid IP",
	} {
		configuration, err := read(&skel.CmdArgs{StdinData: []byte(text)})
		if err != nil {
			test.Fatal(err)
		}
		if address, err := addressOf(configuration); err != nil || address.String() != wanted {
			test.Errorf("%s: %v, %v", text, address, err)
		}
	}
}

func TestWithoutAPluginBeforeThereIsNothingToAnnounce(test *testing.T) {
	text := `{"cniVersion": "1.0.0", "name": "podnet", "type": "podnet"}`
	if err := add(&skel.CmdArgs{StdinData: []byte(text)}); err == nil {
		test.Error("it takes a pod without an address")
	}
}
