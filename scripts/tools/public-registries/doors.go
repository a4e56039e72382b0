package main

import (
	"bytes"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"time"
)

// doors are the listeners of all hosts.
type doors struct {
	world     *world
	authority *authority
	hosts     *hosts
	faults    *faults
	journal   *journal
}

// open lets a name's address be connected to.
func (d *doors) open(address, name, host string, played bool) error {
	secure, err := d.world.listen(address + ":443")
	if err != nil {
		return err
	}
	plain, err := d.world.listen(address + ":80")
	if err != nil {
		return err
	}
	if !played {
		go d.pass(secure, name, "443")
		go d.pass(plain, name, "80")
		return nil
	}
	certificate := func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		return d.authority.certificate(name, d.faults.ofConnection(host, name).is("untrusted"))
	}
	server := &http.Server{
		Handler:           d.hosts.handler(name, host),
		TLSConfig:         &tls.Config{GetCertificate: certificate, NextProtos: []string{"h2", "http/1.1"}},
		ReadHeaderTimeout: time.Minute,
		ErrorLog:          log.New(ownFaults{}, name+": ", 0),
	}
	go func() { _ = server.ServeTLS(guarded{secure, d, name, host}, "", "") }()
	go func() { _ = server.Serve(plain) }()
	return nil
}

// ownFaults are what a server has to say, but for clients that break off, which is theirs to tell.
type ownFaults struct{}

func (ownFaults) Write(text []byte) (int, error) {
	if bytes.Contains(text, []byte("TLS handshake error")) || bytes.Contains(text, []byte("error reading preface")) {
		return len(text), nil
	}
	return os.Stderr.Write(text)
}

// guarded is a listener before which a fault of the whole host takes effect.
type guarded struct {
	net.Listener
	doors      *doors
	name, host string
}

func (g guarded) Accept() (net.Conn, error) {
	for {
		connection, err := g.Listener.Accept()
		if err != nil {
			return nil, err
		}
		fault := g.doors.faults.ofConnection(g.host, g.name)
		switch {
		case fault.is("silent"):
			go func() { _, _ = io.Copy(io.Discard, connection); connection.Close() }()
		// Somebody who had the usual address already.
		case fault.is("refused"), fault.is("dropped"), fault.is("nameless"):
			reset(connection)
		default:
			return connection, nil
		}
		g.doors.journal.write(entry{Host: g.name, Path: "(connection)", Note: fault.Kind})
	}
}

func reset(connection net.Conn) {
	if tcp, ok := connection.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	connection.Close()
}

// pass connects to the real host of that name.
func (d *doors) pass(listener net.Listener, name, port string) {
	for {
		here, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer here.Close()
			there, err := net.DialTimeout("tcp", net.JoinHostPort(name, port), 30*time.Second)
			if err != nil {
				d.journal.write(entry{Host: name, Path: "(outside)", Note: err.Error()})
				return
			}
			defer there.Close()
			d.journal.write(entry{Host: name, Path: "(outside)", Bytes: join(here, there)})
		}()
	}
}

// join copies both ways until both ends have said all, and counts what came from there.
func join(here, there net.Conn) int64 {
	out := make(chan int64)
	go func() {
		sent, _ := io.Copy(there, here)
		closeWrite(there)
		out <- sent
	}()
	came, _ := io.Copy(here, there)
	closeWrite(here)
	<-out
	return came
}

func closeWrite(connection net.Conn) {
	if tcp, ok := connection.(*net.TCPConn); ok {
		_ = tcp.CloseWrite()
	}
}
