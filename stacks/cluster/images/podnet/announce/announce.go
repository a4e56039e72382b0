// Package announce is how a pod's network is told to podnet before the pod starts.
//
// The API server learns a pod's address only after the pod has been started. Until then no policy could be about the
// pod. So a plugin, which the container runtime calls for each pod (see ../cni), announces the address, and waits until
// podnet has written the rules that follow.
package announce

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// Socket is where podnet listens, on the node and in its own container alike. It goes when the node stops.
const Socket = "/run/podnet/announce.sock"

// retry is the wait before podnet is asked once more.
const retry = 100 * time.Millisecond

// Announcement is what is so for a pod from now on.
type Announcement struct {
	Namespace string    `json:"namespace"`
	Name      string    `json:"name"`
	UID       types.UID `json:"uid"`
	// Sandbox is the runtime's name for what holds the pod's network.
	Sandbox string `json:"sandbox"`
	// Address is the pod's. None: its network is taken away.
	Address netip.Addr `json:"address"`
}

// answer says what went wrong, if anything did.
type answer struct {
	Error string `json:"error,omitempty"`
}

// Tell announces and waits for the answer. Podnet may be about to start, so it is asked again until the context ends.
func Tell(ctx context.Context, socket string, announcement Announcement) error {
	for {
		err := ask(ctx, socket, announcement)
		if err == nil || errors.As(err, new(refused)) {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("podnet does not answer: %w", err)
		case <-time.After(retry):
		}
	}
}

// refused is an answer that will be the same the next time.
type refused string

func (text refused) Error() string { return string(text) }

func ask(ctx context.Context, socket string, announcement Announcement) error {
	connection, err := new(net.Dialer).DialContext(ctx, "unix", socket)
	if err != nil {
		return err
	}
	defer connection.Close()
	if deadline, ok := ctx.Deadline(); ok {
		if err := connection.SetDeadline(deadline); err != nil {
			return err
		}
	}
	if err := json.NewEncoder(connection).Encode(announcement); err != nil {
		return err
	}
	var answer answer
	if err := json.NewDecoder(connection).Decode(&answer); err != nil {
		return err
	}
	if answer.Error != "" {
		return refused(answer.Error)
	}
	return nil
}

// Listen takes announcements until the context ends. Each is answered when it has been heeded.
func Listen(ctx context.Context, socket string, heed func(context.Context, Announcement) error) error {
	if err := os.MkdirAll(filepath.Dir(socket), 0o755); err != nil {
		return err
	}
	// What a podnet from before left.
	if err := os.Remove(socket); err != nil && !os.IsNotExist(err) {
		return err
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	if err := os.Chmod(socket, 0o600); err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if ctx.Err() != nil {
				return
			}
			if err != nil {
				log.Printf("announcements: %v", err)
				time.Sleep(retry)
				continue
			}
			go serve(ctx, connection, heed)
		}
	}()
	return nil
}

// longest is how long somebody may take to say something.
const longest = 30 * time.Second

func serve(ctx context.Context, connection net.Conn, heed func(context.Context, Announcement) error) {
	defer connection.Close()
	if err := connection.SetDeadline(time.Now().Add(longest)); err != nil {
		return
	}
	var announcement Announcement
	var answer answer
	err := json.NewDecoder(connection).Decode(&announcement)
	if err == nil {
		err = heed(ctx, announcement)
	}
	if err != nil {
		answer.Error = err.Error()
	}
	if err := json.NewEncoder(connection).Encode(answer); err != nil {
		log.Printf("announcement of %s/%s: %v", announcement.Namespace, announcement.Name, err)
	}
}
