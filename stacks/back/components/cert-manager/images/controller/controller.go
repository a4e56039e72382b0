package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"

	"github.com/cert-manager/cert-manager/internal/apis/config/shared"
	"github.com/cert-manager/cert-manager/pkg/controller"
	"github.com/cert-manager/cert-manager/pkg/healthz"
	logf "github.com/cert-manager/cert-manager/pkg/logs"
)

// leaseGrace is how long past its end a lost lease still counts as healthy.
const leaseGrace = 20 * time.Second

func runController(ctx context.Context, args []string) error {
	cfg, err := controllerSettings(args)
	if err != nil {
		return err
	}
	if err := start(cfg.logging, cfg.gates); err != nil {
		return err
	}

	ctx = logf.NewContext(ctx, logf.Log, "controller")
	group, ctx := errgroup.WithContext(ctx)
	health := healthz.NewServer(leaseGrace)
	group.Go(func() error {
		listener, err := net.Listen("tcp", cfg.health)
		if err != nil {
			return fmt.Errorf("health: %w", err)
		}
		return health.Start(ctx, listener)
	})
	group.Go(func() error { return work(ctx, cfg, health) })
	return group.Wait()
}

// work runs the controllers, after the lease is won where one is asked for, until the context ends.
func work(ctx context.Context, cfg *controllerConfig, health *healthz.Server) error {
	factory, err := controller.NewContextFactory(ctx, cfg.context)
	if err != nil {
		return err
	}
	base, err := factory.Build()
	if err != nil {
		return err
	}
	collect(base)

	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return serveMetrics(ctx, base, cfg.metrics) })
	group.Go(func() error {
		if !cfg.lease.Enabled {
			return runControllers(ctx, cfg, factory, base)
		}
		return lead(ctx, cfg.lease, base, health, func(ctx context.Context) error {
			return runControllers(ctx, cfg, factory, base)
		})
	})
	return group.Wait()
}

// runControllers starts each enabled controller and then what they watch.
func runControllers(
	ctx context.Context, cfg *controllerConfig, factory *controller.ContextFactory, base *controller.Context,
) error {
	log := logf.FromContext(ctx)
	group, ctx := errgroup.WithContext(ctx)
	known := controller.Known()
	for _, name := range cfg.enabled() {
		construct, ok := known[name]
		if !ok {
			return fmt.Errorf("controller %s is not in this build", name)
		}
		instance, err := construct(factory)
		if err != nil {
			return fmt.Errorf("controller %s: %w", name, err)
		}
		log.V(logf.InfoLevel).Info("starting controller", "controller", name)
		group.Go(func() error { return instance.Run(cfg.workers, ctx) })
	}

	// Each constructor has said by now what it watches.
	base.SharedInformerFactory.Start(ctx.Done())
	base.KubeSharedInformerFactory.Start(ctx.Done())
	base.HTTP01ResourceMetadataInformersFactory.Start(ctx.Done())
	if base.GatewaySolverEnabled {
		base.GWShared.Start(ctx.Done())
	}
	return group.Wait()
}

// collect tells the metrics where to count objects; it must come before the informers start.
func collect(base *controller.Context) {
	issuers := base.SharedInformerFactory.Certmanager().V1()
	base.Metrics.SetupCertificateCollector(issuers.Certificates().Lister())
	base.Metrics.SetupIssuerCollector(issuers.Issuers().Lister())
	if base.Namespace == "" {
		base.Metrics.SetupClusterIssuerCollector(issuers.ClusterIssuers().Lister())
	}
	base.Metrics.SetupACMECollector(base.SharedInformerFactory.Acme().V1().Challenges().Lister())
}

func serveMetrics(ctx context.Context, base *controller.Context, address string) error {
	if address == "0" {
		return nil
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	server := base.Metrics.NewServer(listener)
	stop := context.AfterFunc(ctx, func() {
		// The context has ended already: the last answers get a moment of their own.
		last, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = server.Shutdown(last)
	})
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// lead runs `run` while this process holds the lease, and fails when it loses it.
func lead(
	ctx context.Context, cfg shared.LeaderElectionConfig, base *controller.Context, health *healthz.Server,
	run func(context.Context) error,
) error {
	name, err := os.Hostname()
	if err != nil {
		return err
	}
	identity := fmt.Sprintf("%s-%d", name, time.Now().UnixNano())
	lock, err := resourcelock.New(resourcelock.LeasesResourceLock, cfg.Namespace, "cert-manager-controller",
		base.Client.CoreV1(), base.Client.CoordinationV1(),
		resourcelock.ResourceLockConfig{Identity: identity, EventRecorder: base.Recorder})
	if err != nil {
		return err
	}

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	finished := make(chan error, 1)
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock:            lock,
		LeaseDuration:   cfg.LeaseDuration,
		RenewDeadline:   cfg.RenewDeadline,
		RetryPeriod:     cfg.RetryPeriod,
		ReleaseOnCancel: true,
		WatchDog:        health.LeaderHealthzAdaptor,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(ctx context.Context) {
				err := run(ctx)
				finished <- err
				cancel(err)
			},
			OnStoppedLeading: func() {},
		},
	})
	if err != nil {
		return err
	}
	elector.Run(ctx)

	select {
	case err := <-finished:
		return err
	default:
	}
	if ctx.Err() != nil {
		return nil
	}
	return errors.New("the lease was lost")
}
