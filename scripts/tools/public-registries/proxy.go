package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// proxy is a company's way out: whoever is in the world reaches the rest of the Internet through it, by names that mean
// nothing in there.
type proxy struct{ journal *journal }

// proxyAddress is where it listens in the world.
const proxyAddress = resolver + ":3128"

func (p proxy) serve(w *world) error {
	listener, err := w.listen(proxyAddress)
	if err != nil {
		return fmt.Errorf("the proxy: %w", err)
	}
	go func() { _ = http.Serve(listener, p) }()
	return nil
}

func (p proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	entry := entry{Host: r.URL.Hostname(), Method: r.Method, Path: "(proxy)"}
	var err error
	if r.Method == http.MethodConnect {
		entry.Bytes, err = tunnel(w, r.URL.Host)
	} else {
		entry.Bytes, err = forward(w, r)
	}
	if err != nil {
		entry.Note = err.Error()
	}
	p.journal.write(entry)
}

// tunnel lets the two speak by themselves.
func tunnel(w http.ResponseWriter, address string) (int64, error) {
	there, err := net.DialTimeout("tcp", address, 30*time.Second)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return 0, err
	}
	defer there.Close()
	here, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return 0, err
	}
	defer here.Close()
	if _, err := io.WriteString(here, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		return 0, err
	}
	return join(here, there), nil
}

// forward asks in the place of whoever asks without TLS.
func forward(w http.ResponseWriter, r *http.Request) (int64, error) {
	request := r.Clone(r.Context())
	request.RequestURI = ""
	request.Header.Del("Proxy-Connection")
	answer, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return 0, err
	}
	defer answer.Body.Close()
	for name, values := range answer.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.StatusCode)
	return io.Copy(w, answer.Body)
}
