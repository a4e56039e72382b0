package kernel

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
)

// apart says that the tests run in a network of their own already, and whose.
const apart = "PODNET_TEST_APART"

// TestMain runs the tests once more in a network namespace that is nobody's, which is the node of these tests. Who is
// not root becomes it there, where the machine lets everybody do so.
func TestMain(tests *testing.M) {
	switch os.Getenv(apart) {
	case "root":
		os.Exit(tests.Run())
	case "user":
		if err := netlink.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "a"}, PeerName: "b"}); err != nil {
			fmt.Println("SKIPPED: this needs root, or user namespaces that may have networks:", err)
			os.Exit(0)
		}
		os.Exit(tests.Run())
	}
	again := exec.Command("/proc/self/exe", os.Args[1:]...)
	owner := "root"
	if os.Getuid() != 0 {
		owner = "user"
	}
	again.Env = append(os.Environ(), apart+"="+owner)
	again.Stdout, again.Stderr = os.Stdout, os.Stderr
	again.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	if owner == "user" {
		again.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		again.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
		again.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}
	}
	if err := again.Run(); owner == "user" && errors.Is(err, os.ErrPermission) {
		fmt.Println("SKIPPED: this needs root, or user namespaces:", err)
	} else if err != nil {
		fmt.Fprintln(os.Stderr, "in a network of their own:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// machine is a network namespace with one interface that leads to the node, as a pod has it.
type machine struct {
	address netip.Addr
	space   netns.NsHandle
}

var gateway = netip.MustParseAddr("169.254.1.1")

// plug makes a machine and leads the node's traffic for it there.
func plug(test *testing.T, address string) *machine {
	test.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	node, err := netns.Get()
	must(test, err)
	defer node.Close()
	space, err := netns.New() // and this thread is in it
	must(test, err)
	made := &machine{netip.MustParseAddr(address), space}
	name := fmt.Sprintf("v%d", number.Add(1))
	pair := &netlink.Veth{
		LinkAttrs: netlink.LinkAttrs{Name: "eth0"}, PeerName: name, PeerNamespace: netlink.NsFd(node),
	}
	must(test, netlink.LinkAdd(pair))
	inside := connect(test, "eth0", address)
	connect(test, "lo", "127.0.0.1")
	way := &netlink.Route{LinkIndex: inside, Dst: host(gateway), Scope: netlink.SCOPE_LINK}
	must(test, netlink.RouteAdd(way))
	must(test, netlink.RouteAdd(&netlink.Route{Gw: gateway.AsSlice()}))
	must(test, netns.Set(node))
	outside := connect(test, name, gateway.String())
	must(test, netlink.RouteAdd(&netlink.Route{LinkIndex: outside, Dst: host(made.address), Scope: netlink.SCOPE_LINK}))
	must(test, os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0o644))
	test.Cleanup(func() {
		if link, err := netlink.LinkByName(name); err == nil {
			netlink.LinkDel(link)
		}
		space.Close()
	})
	return made
}

var number atomic.Int32

// connect gives an interface its address and switches it on.
func connect(test *testing.T, name, address string) int {
	test.Helper()
	link, err := netlink.LinkByName(name)
	must(test, err)
	if name != "lo" {
		must(test, netlink.AddrAdd(link, &netlink.Addr{IPNet: host(netip.MustParseAddr(address))}))
	}
	must(test, netlink.LinkSetUp(link))
	return link.Attrs().Index
}

func host(address netip.Addr) *net.IPNet {
	return &net.IPNet{IP: address.AsSlice(), Mask: net.CIDRMask(32, 32)}
}

// in does something on a machine: sockets that are made there stay there.
func (machine *machine) in(test *testing.T, do func()) {
	test.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	node, err := netns.Get()
	must(test, err)
	defer node.Close()
	must(test, netns.Set(machine.space))
	defer func() { must(test, netns.Set(node)) }()
	do()
}

// serve answers each line with it until the test ends.
func (machine *machine) serve(test *testing.T, ports ...uint16) {
	test.Helper()
	for _, port := range ports {
		machine.in(test, func() {
			listener, err := net.Listen("tcp4", netip.AddrPortFrom(netip.IPv4Unspecified(), port).String())
			must(test, err)
			test.Cleanup(func() { listener.Close() })
			go func() {
				for {
					connection, err := listener.Accept()
					if err != nil {
						return
					}
					go func() {
						defer connection.Close()
						text := make([]byte, 1)
						for {
							if _, err := connection.Read(text); err != nil {
								return
							}
							connection.Write(text)
						}
					}()
				}
			}()
		})
	}
}

// patience is how long a packet may take. What is not to arrive is not waited for as long: it would take microseconds.
func patience(wanted bool) time.Duration {
	if wanted {
		return 5 * time.Second
	}
	return 150 * time.Millisecond
}

// open connects to a port; nil if nobody answers.
func (machine *machine) open(test *testing.T, to *machine, port uint16, wanted bool) (connection net.Conn) {
	test.Helper()
	machine.in(test, func() {
		dialer := net.Dialer{Timeout: patience(wanted)}
		connection, _ = dialer.Dial("tcp4", netip.AddrPortFrom(to.address, port).String())
	})
	if connection != nil {
		test.Cleanup(func() { connection.Close() })
	}
	return connection
}

// talks says whether a connection works.
func talks(connection net.Conn) bool {
	connection.SetDeadline(time.Now().Add(patience(true)))
	if _, err := connection.Write([]byte("x")); err != nil {
		return false
	}
	_, err := connection.Read(make([]byte, 1))
	return err == nil
}

// arrives sends a packet of any protocol whose header begins with two ports.
func (machine *machine) arrives(test *testing.T, to *machine, protocol int, port uint16, wanted bool) (arrived bool) {
	test.Helper()
	var receiver, sender net.PacketConn
	network := fmt.Sprintf("ip4:%d", protocol)
	to.in(test, func() {
		var err error
		receiver, err = net.ListenPacket(network, to.address.String())
		must(test, err)
	})
	defer receiver.Close()
	machine.in(test, func() {
		var err error
		sender, err = net.ListenPacket(network, machine.address.String())
		must(test, err)
	})
	defer sender.Close()
	packet := []byte{0x9c, 0x40, byte(port >> 8), byte(port), 0, 12, 0, 0, 1, 2, 3, 4}
	_, err := sender.WriteTo(packet, &net.IPAddr{IP: to.address.AsSlice()})
	must(test, err)
	receiver.SetDeadline(time.Now().Add(patience(wanted)))
	_, _, err = receiver.ReadFrom(make([]byte, 64))
	return err == nil
}

func must(test *testing.T, err error) {
	test.Helper()
	if err != nil {
		test.Fatal(err)
	}
}

// nodeSpace is the node itself.
func nodeSpace(test *testing.T) netns.NsHandle {
	test.Helper()
	space, err := netns.Get()
	must(test, err)
	test.Cleanup(func() { space.Close() })
	return space
}
