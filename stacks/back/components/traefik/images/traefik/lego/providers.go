// Package dns takes the place of lego's list of DNS providers, which links the clients of some two hundred companies: what
// is left are those that reach any provider, through a command, a web hook or an acme-dns server.
package dns

import (
	"fmt"

	"github.com/go-acme/lego/v5/challenge"
	"github.com/go-acme/lego/v5/providers/dns/acmedns"
	"github.com/go-acme/lego/v5/providers/dns/exec"
	"github.com/go-acme/lego/v5/providers/dns/httpreq"
)

// NewDNSChallengeProviderByName is what users of the list call.
func NewDNSChallengeProviderByName(name string) (challenge.Provider, error) {
	switch name {
	case "acme-dns", "acmedns":
		return acmedns.NewDNSProvider()
	case "exec":
		return exec.NewDNSProvider()
	case "httpreq":
		return httpreq.NewDNSProvider()
	}
	return nil, fmt.Errorf("DNS provider %q is not in this build; it has acme-dns, exec and httpreq", name)
}
