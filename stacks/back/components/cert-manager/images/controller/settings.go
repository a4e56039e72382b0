package main

import (
	"errors"
	"fmt"

	"github.com/spf13/pflag"
	"k8s.io/component-base/cli/flag"
	logsapi "k8s.io/component-base/logs/api/v1"

	"github.com/cert-manager/cert-manager/internal/apis/config/shared"
	logf "github.com/cert-manager/cert-manager/pkg/logs"
	"github.com/cert-manager/cert-manager/pkg/util"
	"github.com/cert-manager/cert-manager/pkg/util/feature"
)

// errVersion ends a program that was only asked for its version.
var errVersion = errors.New("version printed")

// parse reads the flags that `add` declares. There is no --config here: upstream's decoder of the
// controller's file links the Venafi client, which no module proxy serves.
func parse(program string, args []string, add func(*pflag.FlagSet)) error {
	fs := pflag.NewFlagSet(program, pflag.ContinueOnError)
	version := fs.Bool("version", false, "print the version and end")
	add(fs)
	if err := fs.Parse(args); err != nil {
		return err
	}
	if *version {
		fmt.Println(util.AppVersion)
		return errVersion
	}
	if rest := fs.Args(); len(rest) > 0 {
		return fmt.Errorf("unknown argument %q", rest[0])
	}
	return nil
}

// common are the settings that controller and cainjector share.
type common struct {
	kubeconfig *string
	namespace  *string
	metrics    *string
	lease      *shared.LeaderElectionConfig
	gates      *map[string]bool
	logging    *logsapi.LoggingConfiguration
}

func (c common) flags(fs *pflag.FlagSet) {
	fs.StringVar(c.kubeconfig, "kubeconfig", *c.kubeconfig, "file that says how to reach the cluster from outside")
	fs.StringVar(c.namespace, "namespace", *c.namespace, "watch this namespace alone")
	fs.StringVar(c.metrics, "metrics-listen-address", *c.metrics, "address for metrics; 0 for none")
	fs.BoolVar(&c.lease.Enabled, "leader-elect", c.lease.Enabled, "work only while holding a lease")
	fs.StringVar(&c.lease.Namespace, "leader-election-namespace", c.lease.Namespace, "namespace of the lease")
	fs.DurationVar(&c.lease.LeaseDuration, "leader-election-lease-duration", c.lease.LeaseDuration,
		"how long others wait before they take a lease over")
	fs.DurationVar(&c.lease.RenewDeadline, "leader-election-renew-deadline", c.lease.RenewDeadline,
		"how long the holder tries to renew before it gives up")
	fs.DurationVar(&c.lease.RetryPeriod, "leader-election-retry-period", c.lease.RetryPeriod, "time between tries")
	fs.Var(flag.NewMapStringBool(c.gates), "feature-gates", "features to switch on or off, as NAME=true,...")
	logf.AddFlags(c.logging, fs)
}

// start applies the settings that are global to the process.
func start(logging *logsapi.LoggingConfiguration, gates map[string]bool) error {
	if err := logf.ValidateAndApply(logging); err != nil {
		return fmt.Errorf("logging: %w", err)
	}
	if err := feature.DefaultMutableFeatureGate.SetFromMap(gates); err != nil {
		return fmt.Errorf("feature gates: %w", err)
	}
	return nil
}
