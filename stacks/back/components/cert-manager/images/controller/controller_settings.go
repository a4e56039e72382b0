package main

import (
	"errors"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/api/resource"
	logsapi "k8s.io/component-base/logs/api/v1"

	"github.com/cert-manager/cert-manager/internal/apis/config/shared"
	"github.com/cert-manager/cert-manager/pkg/apis/certmanager"
	"github.com/cert-manager/cert-manager/pkg/controller"
	dns "github.com/cert-manager/cert-manager/pkg/issuer/acme/dns/util"
	"github.com/cert-manager/cert-manager/pkg/util"
)

// controllerConfig holds the controller's settings, with upstream's defaults.
type controllerConfig struct {
	context     controller.ContextOptions
	controllers []string
	workers     int
	metrics     string
	health      string
	lease       shared.LeaderElectionConfig
	gates       map[string]bool
	logging     *logsapi.LoggingConfiguration
}

func controllerSettings(args []string) (*controllerConfig, error) {
	cfg := controllerDefaults()
	if err := parse("controller", args, cfg.flags); err != nil {
		return nil, err
	}
	if cfg.workers < 1 {
		return nil, errors.New("--concurrent-workers must be 1 or more")
	}
	return cfg, nil
}

func controllerDefaults() *controllerConfig {
	return &controllerConfig{
		context: controller.ContextOptions{
			KubernetesAPIQPS:   20,
			KubernetesAPIBurst: 50,
			ACMEOptions:        acmeDefaults(),
			IssuerOptions: controller.IssuerOptions{
				ClusterResourceNamespace:        "kube-system",
				ClusterIssuerAmbientCredentials: true,
			},
			IngressShimOptions: controller.IngressShimOptions{
				DefaultIssuerKind:                 "Issuer",
				DefaultIssuerGroup:                certmanager.GroupName,
				DefaultAutoCertificateAnnotations: []string{"kubernetes.io/tls-acme"},
			},
			CertificateOptions: controller.CertificateOptions{
				CopiedAnnotationPrefixes:                 []string{"*", "-kubectl.kubernetes.io/", "-fluxcd.io/", "-argocd.argoproj.io/"},
				CertificateRequestMinimumBackoffDuration: time.Hour,
				CertificateRequestMaximumBackoffDuration: 32 * time.Hour,
			},
			SchedulerOptions: controller.SchedulerOptions{MaxConcurrentChallenges: 60},
		},
		controllers: []string{"*"},
		workers:     5,
		metrics:     "0.0.0.0:9402",
		health:      "0.0.0.0:9403",
		lease: shared.LeaderElectionConfig{
			Enabled:       true,
			Namespace:     "kube-system",
			LeaseDuration: 60 * time.Second,
			RenewDeadline: 40 * time.Second,
			RetryPeriod:   15 * time.Second,
		},
		gates:   map[string]bool{},
		logging: logsapi.NewLoggingConfiguration(),
	}
}

func acmeDefaults() controller.ACMEOptions {
	memory := resource.MustParse("64Mi")
	return controller.ACMEOptions{
		HTTP01SolverImage:                 "quay.io/jetstack/cert-manager-acmesolver:" + util.AppVersion,
		HTTP01SolverResourceRequestCPU:    resource.MustParse("10m"),
		HTTP01SolverResourceRequestMemory: memory,
		HTTP01SolverResourceLimitsCPU:     resource.MustParse("100m"),
		HTTP01SolverResourceLimitsMemory:  memory,
		ACMEHTTP01SolverRunAsNonRoot:      true,
		DNS01CheckAuthoritative:           true,
		DNS01Nameservers:                  dns.RecursiveNameservers,
		DNS01CheckRetryPeriod:             10 * time.Second,
	}
}

func (c *controllerConfig) flags(fs *pflag.FlagSet) {
	options := &c.context
	shared := common{
		kubeconfig: &options.Kubeconfig,
		namespace:  &options.Namespace,
		metrics:    &c.metrics,
		lease:      &c.lease,
		gates:      &c.gates,
		logging:    c.logging,
	}
	shared.flags(fs)

	fs.StringVar(&options.ClusterResourceNamespace, "cluster-resource-namespace", options.ClusterResourceNamespace,
		"namespace of the Secrets of ClusterIssuers")
	fs.StringSliceVar(&c.controllers, "controllers", c.controllers, "controllers to run: *, NAME, -NAME")
	fs.IntVar(&c.workers, "concurrent-workers", c.workers, "workers for each controller")
	fs.IntVar(&options.MaxConcurrentChallenges, "max-concurrent-challenges", options.MaxConcurrentChallenges,
		"challenges worked on at once")
	fs.BoolVar(&options.EnableOwnerRef, "enable-certificate-owner-ref", options.EnableOwnerRef,
		"delete a certificate's Secret with it")
	fs.BoolVar(&options.EnableGatewayAPI, "enable-gateway-api", options.EnableGatewayAPI,
		"make certificates for Gateways; needs their definitions")
	fs.StringVar(&options.DefaultIssuerName, "default-issuer-name", options.DefaultIssuerName,
		"issuer for Ingresses that name none")
	fs.StringVar(&options.DefaultIssuerKind, "default-issuer-kind", options.DefaultIssuerKind, "kind of that issuer")
	fs.StringVar(&options.DefaultIssuerGroup, "default-issuer-group", options.DefaultIssuerGroup,
		"API group of that issuer")
	fs.StringSliceVar(&options.DNS01Nameservers, "dns01-recursive-nameservers", options.DNS01Nameservers,
		"name servers for checks of DNS challenges")
	fs.StringVar(&options.HTTP01SolverImage, "acme-http01-solver-image", options.HTTP01SolverImage,
		"image that answers HTTP challenges")
}
