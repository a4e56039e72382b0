// Package keep does something again and again, for programs that keep things as they should be.
package keep

import (
	"context"
	"time"

	"backstack.dev/lib/ready"
)

const (
	between    = time.Minute
	retryAfter = 2 * time.Second
)

// Until looks at everything until the context ends: each minute, and soon again after a look that failed. A look makes what
// is missing, so it does not matter where an earlier one ended. The program is ready while the last one succeeded.
func Until(ctx context.Context, state *ready.State, look func(context.Context) error) {
	for ctx.Err() == nil {
		wait := between
		if err := look(ctx); err == nil {
			state.Set("")
		} else if ctx.Err() == nil {
			wait = retryAfter
			state.Set(err.Error())
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}
