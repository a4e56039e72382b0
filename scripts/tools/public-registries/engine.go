package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// engine is a Docker Engine of the machine's own program, with nothing in it, that lives in the world.
type engine struct {
	address string
	command *exec.Cmd
	ended   chan struct{}
}

func startEngine(w *world, folder, authorities string) (*engine, error) {
	place := filepath.Join(folder, "engine")
	if err := os.MkdirAll(place, 0o711); err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(folder, "engine.log"))
	if err != nil {
		return nil, err
	}
	socket := filepath.Join(folder, "engine.sock")
	command := exec.Command("dockerd", "--host", "unix://"+socket,
		// Nothing of the machine's own engine is touched, nor the containerd that it may share with others.
		"--config-file", filepath.Join(folder, "engine.json"),
		"--data-root", filepath.Join(place, "data"), "--exec-root", filepath.Join(place, "exec"),
		"--pidfile", filepath.Join(folder, "engine.pid"),
		"--containerd-namespace", "played", "--containerd-plugins-namespace", "plugins.played")
	command.Env = append(os.Environ(), "SSL_CERT_FILE="+authorities)
	command.Stdout, command.Stderr = log, log
	// It ends with us, however we end; a signal that is meant for us is not for it.
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM, Setpgid: true}
	if err := os.WriteFile(filepath.Join(folder, "engine.json"), []byte("{}\n"), 0o644); err != nil {
		return nil, err
	}
	w.inside(func() { err = command.Start() })
	if err != nil {
		return nil, fmt.Errorf("the Docker Engine: %w", err)
	}
	e := &engine{address: "unix://" + socket, command: command, ended: make(chan struct{})}
	go func() { _ = command.Wait(); close(e.ended) }()
	return e, e.await(socket, log.Name())
}

func (e *engine) await(socket, log string) error {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}
	client := &http.Client{Transport: &http.Transport{DialContext: dial}, Timeout: 5 * time.Second}
	for tries := 0; tries < 240; tries++ {
		if answer, err := client.Get("http://engine/_ping"); err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-e.ended:
			return fmt.Errorf("the Docker Engine ended; see %s", log)
		case <-time.After(250 * time.Millisecond):
		}
	}
	e.stop()
	return fmt.Errorf("the Docker Engine does not answer; see %s", log)
}

// stop ends the engine, which ends its containers.
func (e *engine) stop() {
	_ = e.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-e.ended:
	case <-time.After(time.Minute):
		_ = e.command.Process.Kill()
		<-e.ended
	}
}
