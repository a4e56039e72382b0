// public-registries is the Internet as far as images are concerned, played on this machine: a network namespace in
// which every registry host answers by its own name and over TLS, with a real distribution registry behind all of
// them, an empty Docker Engine, and a table of what goes wrong.
//
//	world      the namespaces, and what names and addresses mean in there
//	names      a name server: each name has an address of its own, which tells the listener who was meant
//	doors      connections: played, passed on to the real Internet, or badly behaved
//	proxy      a company's proxy to the real Internet
//	authority  the certificates
//	hosts      what a public host adds to a registry: tokens, a host for blobs, nobody may push
//	faults     the table of what goes wrong, read anew for each request
//	journal    one line of JSON for each request
//	engine     the Docker Engine
//
// Everything lies in one folder: faults.json and files.json are read, requests.jsonl, ca.pem and engine.log are
// written. On standard output comes one line of JSON when all of it is ready. It ends, with everything that it
// started, on SIGTERM, or when its standard input is closed.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

type options struct {
	folder    string
	hosts     list
	storage   string
	publisher string
	outside   bool
	proxy     bool
	engine    bool
}

// list is a flag that may be given several times.
type list []string

func (l *list) String() string     { return strings.Join(*l, ",") }
func (l *list) Set(v string) error { *l = append(*l, v); return nil }

// ready is what whoever started this needs to know.
type ready struct {
	// Files for `nsenter --net=... --mount=...`.
	Net   string `json:"net"`
	Mount string `json:"mount"`
	// Port on this machine's own loopback of the registry behind, without TLS and faults: to fill it.
	Registry int `json:"registry"`
	// For DOCKER_HOST; empty without an engine.
	Engine string `json:"engine,omitempty"`
	// For SSL_CERT_FILE.
	Authorities string `json:"authorities"`
}

func main() {
	var o options
	flag.StringVar(&o.folder, "folder", "", "folder of this world; made if it is not there")
	flag.StringVar(&o.storage, "storage", "", "folder of the registry's files (default: registry in the folder)")
	flag.Var(&o.hosts, "host", "registry host as image references name it; may be given several times")
	flag.StringVar(&o.publisher, "publisher", "", "USER:PASSWORD of who may push, at every host (default: nobody)")
	flag.BoolVar(&o.outside, "outside", false, "pass connections to other names on to the real ones")
	flag.BoolVar(&o.proxy, "proxy", false, "an HTTP proxy at "+proxyAddress+" leads to the real hosts of other names")
	flag.BoolVar(&o.engine, "engine", false, "start an empty Docker Engine in there")
	flag.Parse()
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(o options) error {
	if o.folder == "" || len(o.hosts) == 0 {
		return fmt.Errorf("--folder and at least one --host are needed")
	}
	folder, err := filepath.Abs(o.folder)
	if err != nil {
		return err
	}
	if o.storage == "" {
		o.storage = filepath.Join(folder, "registry")
	}
	if err := os.MkdirAll(o.storage, 0o755); err != nil {
		return err
	}
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		ended <- syscall.SIGTERM
	}()
	journal, err := openJournal(filepath.Join(folder, "requests.jsonl"))
	if err != nil {
		return err
	}
	authority, err := newAuthority(folder)
	if err != nil {
		return err
	}
	world, err := newWorld(folder)
	if err != nil {
		return err
	}
	faults := &faults{path: filepath.Join(folder, "faults.json")}
	registry := newRegistry(o.storage)
	port, err := fillingPort(registry)
	if err != nil {
		return err
	}
	hosts := &hosts{registry: registry, faults: faults, journal: journal, files: filepath.Join(folder, "files.json")}
	hosts.tokens.publisher = o.publisher
	doors := &doors{world: world, authority: authority, hosts: hosts, faults: faults, journal: journal}
	names := newNames(world, doors, o.hosts, o.outside)
	if err := names.serve(); err != nil {
		return err
	}
	if o.proxy {
		if err := (proxy{journal}).serve(world); err != nil {
			return err
		}
	}
	answer := ready{Net: world.net, Mount: world.mount, Registry: port, Authorities: authority.bundle}
	if o.engine {
		engine, err := startEngine(world, folder, authority.bundle)
		if err != nil {
			return err
		}
		defer engine.stop()
		answer.Engine = engine.address
	}
	if err := json.NewEncoder(os.Stdout).Encode(answer); err != nil {
		return err
	}
	<-ended
	return nil
}
