package announce

import (
	"context"
	"errors"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestWhatIsToldIsHeededBeforeItIsAnswered(test *testing.T) {
	socket := filepath.Join(test.TempDir(), "run", "socket")
	told := Announcement{"shop", "server", "1", "sandbox", netip.MustParseAddr("10.1.0.2")}
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	answered := make(chan error, 1)
	// Nobody listens yet: whoever tells waits.
	go func() { answered <- Tell(ctx, socket, told) }()
	time.Sleep(2 * retry)
	heeded, on := make(chan Announcement), make(chan struct{})
	must(test, Listen(ctx, socket, func(_ context.Context, announcement Announcement) error {
		heeded <- announcement
		<-on
		return nil
	}))
	if found := <-heeded; found != told {
		test.Errorf("%v arrives as %v", told, found)
	}
	select {
	case err := <-answered:
		test.Errorf("answered too early: %v", err)
	case <-time.After(retry):
	}
	close(on)
	must(test, <-answered)
}

func TestAPodThatGoesHasNoAddress(test *testing.T) {
	socket := filepath.Join(test.TempDir(), "socket")
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	must(test, Listen(ctx, socket, func(_ context.Context, announcement Announcement) error {
		if announcement.Address.IsValid() {
			return errors.New("it has an address")
		}
		return nil
	}))
	must(test, Tell(ctx, socket, Announcement{Name: "server"}))
	err := Tell(ctx, socket, Announcement{Name: "server", Address: netip.MustParseAddr("10.1.0.2")})
	if err == nil || err.Error() != "it has an address" {
		test.Errorf("what was refused is %v", err)
	}
}

func TestNobodyIsWaitedForWithoutEnd(test *testing.T) {
	ctx, stop := context.WithTimeout(context.Background(), 3*retry)
	defer stop()
	err := Tell(ctx, filepath.Join(test.TempDir(), "socket"), Announcement{})
	if err == nil || !strings.Contains(err.Error(), "podnet does not answer") {
		test.Errorf("where nobody listens: %v", err)
	}
}

func TestASocketThatWasLeftIsReplaced(test *testing.T) {
	socket := filepath.Join(test.TempDir(), "socket")
	nothing := func(context.Context, Announcement) error { return nil }
	for range 2 {
		ctx, stop := context.WithCancel(context.Background())
		defer stop()
		must(test, Listen(ctx, socket, nothing))
	}
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	must(test, Tell(ctx, socket, Announcement{}))
}

func must(test *testing.T, err error) {
	test.Helper()
	if err != nil {
		test.Fatal(err)
	}
}
