package main

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime"
	kubescheme "k8s.io/client-go/kubernetes/scheme"
	apiregistration "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	config "github.com/cert-manager/cert-manager/internal/apis/config/cainjector"
	configscheme "github.com/cert-manager/cert-manager/internal/apis/config/cainjector/scheme"
	"github.com/cert-manager/cert-manager/internal/apis/config/cainjector/validation"
	"github.com/cert-manager/cert-manager/internal/kube"
	"github.com/cert-manager/cert-manager/pkg/api"
	configv1 "github.com/cert-manager/cert-manager/pkg/apis/config/cainjector/v1alpha1"
	"github.com/cert-manager/cert-manager/pkg/controller/cainjector"
	logf "github.com/cert-manager/cert-manager/pkg/logs"
	"github.com/cert-manager/cert-manager/pkg/util"
)

func runCAInjector(ctx context.Context, args []string) error {
	cfg, err := cainjectorSettings(args)
	if err != nil {
		return err
	}
	if err := start(&cfg.Logging, cfg.FeatureGates); err != nil {
		return err
	}

	ctrl.SetLogger(logf.Log.WithName("cainjector"))
	manager, err := cainjectorManager(cfg)
	if err != nil {
		return err
	}
	if err := cainjector.RegisterAllInjectors(ctx, manager, injectors(cfg)); err != nil {
		return err
	}
	return manager.Start(ctx)
}

func cainjectorSettings(args []string) (*config.CAInjectorConfiguration, error) {
	scheme, _, err := configscheme.NewSchemeAndCodecs()
	if err != nil {
		return nil, err
	}
	versioned := &configv1.CAInjectorConfiguration{}
	scheme.Default(versioned)
	cfg := &config.CAInjectorConfiguration{}
	if err := scheme.Convert(versioned, cfg, nil); err != nil {
		return nil, err
	}

	shared := common{
		kubeconfig: &cfg.KubeConfig,
		namespace:  &cfg.Namespace,
		metrics:    &cfg.MetricsListenAddress,
		lease:      &cfg.LeaderElectionConfig,
		gates:      &cfg.FeatureGates,
		logging:    &cfg.Logging,
	}
	if err := parse("cainjector", args, shared.flags); err != nil {
		return nil, err
	}
	return cfg, validation.ValidateCAInjectorConfiguration(cfg, nil).ToAggregate()
}

func cainjectorManager(cfg *config.CAInjectorConfiguration) (ctrl.Manager, error) {
	rest, err := kube.BuildClientConfig("", cfg.KubeConfig)
	if err != nil {
		return nil, fmt.Errorf("cluster access: %w", err)
	}
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		kubescheme.AddToScheme, apiextensions.AddToScheme, apiregistration.AddToScheme, api.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			return nil, err
		}
	}

	lease := cfg.LeaderElectionConfig
	options := ctrl.Options{
		Scheme:                        scheme,
		Metrics:                       server.Options{BindAddress: cfg.MetricsListenAddress},
		LeaderElection:                lease.Enabled,
		LeaderElectionID:              "cert-manager-cainjector-leader-election",
		LeaderElectionNamespace:       lease.Namespace,
		LeaderElectionReleaseOnCancel: true,
		LeaseDuration:                 &lease.LeaseDuration,
		RenewDeadline:                 &lease.RenewDeadline,
		RetryPeriod:                   &lease.RetryPeriod,
		// Only the metadata of Secrets is watched; the few that matter are read when they do.
		Client: client.Options{Cache: &client.CacheOptions{DisableFor: []client.Object{&corev1.Secret{}}}},
	}
	if cfg.Namespace != "" {
		options.Cache.DefaultNamespaces = map[string]cache.Config{cfg.Namespace: {}}
	}
	return ctrl.NewManager(util.RestConfigWithUserAgent(rest, "cainjector"), options)
}

func injectors(cfg *config.CAInjectorConfiguration) cainjector.SetupOptions {
	into := cfg.EnableInjectableConfig
	return cainjector.SetupOptions{
		Namespace:                    cfg.Namespace,
		IgnoreNamespaces:             cfg.IgnoreNamespaces,
		EnableCertificatesDataSource: cfg.EnableDataSourceConfig.Certificates,
		EnabledReconcilersFor: map[string]bool{
			cainjector.MutatingWebhookConfigurationName:   into.MutatingWebhookConfigurations,
			cainjector.ValidatingWebhookConfigurationName: into.ValidatingWebhookConfigurations,
			cainjector.CustomResourceDefinitionName:       into.CustomResourceDefinitions,
			cainjector.APIServiceName:                     into.APIServices,
		},
	}
}
