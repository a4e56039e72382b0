package main

import (
	"context"

	"github.com/spf13/pflag"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/cert-manager/cert-manager/internal/apis/config/webhook/validation"
	"github.com/cert-manager/cert-manager/internal/webhook"
	logf "github.com/cert-manager/cert-manager/pkg/logs"
	"github.com/cert-manager/cert-manager/pkg/webhook/options"
)

func runWebhook(ctx context.Context, args []string) error {
	cfg, err := options.NewWebhookConfiguration()
	if err != nil {
		return err
	}
	if err := parse("webhook", args, func(fs *pflag.FlagSet) { options.AddConfigFlags(fs, cfg) }); err != nil {
		return err
	}
	if err := validation.ValidateWebhookConfiguration(cfg, nil).ToAggregate(); err != nil {
		return err
	}
	if err := start(&cfg.Logging, cfg.FeatureGates); err != nil {
		return err
	}

	log := logf.Log.WithName("webhook")
	ctrl.SetLogger(log)
	server, err := webhook.NewCertManagerWebhookServer(log, *cfg)
	if err != nil {
		return err
	}
	return server.Run(logf.NewContext(ctx, log))
}
