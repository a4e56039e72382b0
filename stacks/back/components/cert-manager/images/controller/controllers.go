package main

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/cert-manager/cert-manager/internal/controller/feature"
	"github.com/cert-manager/cert-manager/pkg/controller/acmechallenges"
	"github.com/cert-manager/cert-manager/pkg/controller/acmeorders"
	gateways "github.com/cert-manager/cert-manager/pkg/controller/certificate-shim/gateways"
	ingresses "github.com/cert-manager/cert-manager/pkg/controller/certificate-shim/ingresses"
	requestacme "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/acme"
	"github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/approver"
	requestca "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/ca"
	requestselfsigned "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/selfsigned"
	requestvault "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/vault"
	"github.com/cert-manager/cert-manager/pkg/controller/certificates/issuing"
	"github.com/cert-manager/cert-manager/pkg/controller/certificates/keymanager"
	"github.com/cert-manager/cert-manager/pkg/controller/certificates/metrics"
	"github.com/cert-manager/cert-manager/pkg/controller/certificates/readiness"
	"github.com/cert-manager/cert-manager/pkg/controller/certificates/requestmanager"
	"github.com/cert-manager/cert-manager/pkg/controller/certificates/revisionmanager"
	"github.com/cert-manager/cert-manager/pkg/controller/certificates/trigger"
	csracme "github.com/cert-manager/cert-manager/pkg/controller/certificatesigningrequests/acme"
	csrca "github.com/cert-manager/cert-manager/pkg/controller/certificatesigningrequests/ca"
	csrselfsigned "github.com/cert-manager/cert-manager/pkg/controller/certificatesigningrequests/selfsigned"
	csrvault "github.com/cert-manager/cert-manager/pkg/controller/certificatesigningrequests/vault"
	"github.com/cert-manager/cert-manager/pkg/controller/clusterissuers"
	"github.com/cert-manager/cert-manager/pkg/controller/issuers"
	utilfeature "github.com/cert-manager/cert-manager/pkg/util/feature"

	// The kinds of issuer announce themselves. Venafi's client cannot be had from a module proxy.
	_ "github.com/cert-manager/cert-manager/pkg/issuer/acme"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/ca"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/selfsigned"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/vault"
)

// standard controllers are what `*` stands for.
var standard = []string{
	acmechallenges.ControllerName,
	acmeorders.ControllerName,
	approver.ControllerName,
	clusterissuers.ControllerName,
	ingresses.ControllerName,
	issuers.ControllerName,
	issuing.ControllerName,
	keymanager.ControllerName,
	metrics.ControllerName,
	readiness.ControllerName,
	requestacme.CRControllerName,
	requestca.CRControllerName,
	requestmanager.ControllerName,
	requestselfsigned.CRControllerName,
	requestvault.CRControllerName,
	revisionmanager.ControllerName,
	trigger.ControllerName,
}

// signing controllers serve Kubernetes' own signing requests, behind a feature gate.
var signing = []string{
	csracme.CSRControllerName,
	csrca.CSRControllerName,
	csrselfsigned.CSRControllerName,
	csrvault.CSRControllerName,
}

// enabled names the controllers to run.
func (c *controllerConfig) enabled() []string {
	names := sets.New[string]()
	for _, name := range c.controllers {
		switch {
		case name == "*":
			names.Insert(standard...)
		case !strings.HasPrefix(name, "-"):
			names.Insert(name)
		}
	}
	if utilfeature.DefaultFeatureGate.Enabled(feature.ExperimentalCertificateSigningRequestControllers) {
		names.Insert(signing...)
	}
	if c.context.EnableGatewayAPI {
		names.Insert(gateways.ControllerName)
	}
	if c.context.Namespace != "" {
		// Whoever may see one namespace alone cannot serve what has none.
		names.Delete(signing...)
		names.Delete(clusterissuers.ControllerName)
	}
	for _, name := range c.controllers {
		if without, ok := strings.CutPrefix(name, "-"); ok {
			names.Delete(without)
		}
	}
	return slices.Sorted(slices.Values(names.UnsortedList()))
}
