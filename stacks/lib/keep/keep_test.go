package keep

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"backstack.dev/lib/ready"
)

func TestALookThatFailsIsRepeatedSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		state := ready.New("nothing was looked at yet")
		status := func() int {
			recorder := httptest.NewRecorder()
			state.ServeHTTP(recorder, nil)
			return recorder.Code
		}
		start, looks := time.Now(), []time.Duration{}
		go Until(ctx, state, func(context.Context) error {
			looks = append(looks, time.Since(start))
			if len(looks) == 1 {
				return errors.New("Gitea does not answer")
			}
			return nil
		})
		synctest.Wait()
		if len(looks) != 1 || status() != http.StatusServiceUnavailable {
			t.Errorf("after a look that failed: %v, %d", looks, status())
		}
		time.Sleep(2 * time.Minute)
		stop()
		synctest.Wait()
		if len(looks) != 3 || looks[1] != retryAfter || looks[2] != retryAfter+between || status() != http.StatusOK {
			t.Errorf("looks at %v, %d", looks, status())
		}
	})
}
