package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// Addresses that mean something in the world. The range is the one that is set aside for measuring networks, so it is
// nobody's. Every address of it is local there, which is how one process can be all hosts.
const (
	local = "198.18.0.0/15"
	// Where the name server listens.
	resolver = "198.18.0.1"
	// The same host may be had at three addresses, and a fault decides which one the name server gives.
	listening = "198.18"
	refusing  = "198.19.0.0/17" // nobody listens there
	dropping  = "198.19.128.0/17"
)

// world is a network namespace and a mount namespace, and the one thread that lives in them: sockets that it opens and
// programs that it starts are in there, everything else of this process is outside.
type world struct {
	net, mount string
	work       chan func()
}

func newWorld(folder string) (*world, error) {
	w := &world{work: make(chan func())}
	made := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := w.enter(folder)
		made <- err
		if err != nil {
			return
		}
		for job := range w.work {
			job()
		}
	}()
	return w, <-made
}

// inside runs a function on the thread that lives in the world.
func (w *world) inside(job func()) {
	done := make(chan struct{})
	w.work <- func() { job(); close(done) }
	<-done
}

func (w *world) enter(folder string) error {
	if err := unix.Unshare(unix.CLONE_NEWNET | unix.CLONE_NEWNS); err != nil {
		return fmt.Errorf("a network namespace cannot be made: %w (this needs root)", err)
	}
	place := fmt.Sprintf("/proc/%d/task/%d/ns/", os.Getpid(), unix.Gettid())
	w.net, w.mount = place+"net", place+"mnt"
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make / private: %w", err)
	}
	if err := files(folder); err != nil {
		return err
	}
	if err := devices(); err != nil {
		return err
	}
	for _, command := range []string{
		"ip link set lo up",
		"ip route add local " + local + " dev lo",
		"iptables -A INPUT -d " + dropping + " -j DROP",
	} {
		words := strings.Fields(command)
		if said, err := exec.Command(words[0], words[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("`%s`: %w: %s", command, err, said)
		}
	}
	return nil
}

// files puts our name server in the place of the machine's, whatever that is.
func files(folder string) error {
	for path, text := range map[string]string{
		"/etc/resolv.conf":   "nameserver " + resolver + "\noptions timeout:2 attempts:2\n",
		"/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
	} {
		if _, err := os.Stat(path); err != nil {
			continue
		}
		own := filepath.Join(folder, filepath.Base(path))
		if err := os.WriteFile(own, []byte(text), 0o644); err != nil {
			return err
		}
		if err := unix.Mount(own, path, "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("mount %s over %s: %w", own, path, err)
		}
	}
	return nil
}

// devices shows the network devices of this namespace in /sys, and keeps the control groups there.
func devices() error {
	groups, err := os.Open("/sys/fs/cgroup")
	if err != nil {
		return err
	}
	defer groups.Close()
	if err := unix.Mount("sysfs", "/sys", "sysfs", 0, ""); err != nil {
		return fmt.Errorf("mount /sys: %w", err)
	}
	from := fmt.Sprintf("/proc/self/fd/%d", groups.Fd())
	if err := unix.Mount(from, "/sys/fs/cgroup", "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("mount the control groups: %w", err)
	}
	return nil
}

// listen opens a socket in the world.
func (w *world) listen(address string) (listener net.Listener, err error) {
	w.inside(func() { listener, err = net.Listen("tcp4", address) })
	return
}

func (w *world) listenPacket(address string) (socket net.PacketConn, err error) {
	w.inside(func() { socket, err = net.ListenPacket("udp4", address) })
	return
}
