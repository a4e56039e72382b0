package main

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// hosts is what stands before the registry: each public host with its ways.
type hosts struct {
	registry http.Handler
	faults   *faults
	journal  *journal
	// Address -> file, of what is no image.
	files  string
	tokens tokens
}

// callNames are the names under which clients call a host: blobs come from a host of their own, as they do from every
// public registry, and Docker's has further ones.
func callNames(host string) []string {
	if host == "docker.io" {
		return []string{"docker.io", "registry-1.docker.io", "index.docker.io", "auth.docker.io", blobHost(host)}
	}
	return []string{host, blobHost(host)}
}

func blobHost(host string) string { return "blobs." + host }

func tokenServer(host string) string {
	if host == "docker.io" {
		return "https://auth.docker.io/token"
	}
	return "https://" + host + "/token"
}

// call is one request.
type call struct {
	*hosts
	name, host string
	writer     *writer
	request    *http.Request
	entry      entry
}

// handler answers for one name.
func (h *hosts) handler(name, host string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.TLS == nil {
			http.Redirect(w, r, "https://"+name+r.URL.RequestURI(), http.StatusMovedPermanently)
			return
		}
		c := &call{hosts: h, name: name, host: host, writer: &writer{ResponseWriter: w}, request: r}
		c.entry = entry{
			Host: name, Registry: host, Method: r.Method, Path: r.URL.Path,
			Range: r.Header.Get("Range"), SignedIn: r.Header.Get("Authorization") != "", UserAgent: r.UserAgent(),
		}
		c.entry.What, c.entry.Repository, c.entry.Name = c.meant()
		defer func() {
			c.entry.Status, c.entry.Bytes = c.writer.status, c.writer.bytes
			h.journal.write(c.entry)
		}()
		c.answer()
	})
}

// meant says what is asked for: its kind, the repository, and tag or digest.
func (c *call) meant() (what, repository, name string) {
	path := c.request.URL.Path
	rest, isRegistry := strings.CutPrefix(path, "/v2/")
	switch {
	case c.hasFiles(c.name):
		return "file", "", path
	case path == "/token":
		return "token", ofScope(c.request.URL.Query().Get("scope")), ""
	case path == "/v2" || path == "/v2/":
		return "ping", "", ""
	case !isRegistry:
		return "other", "", ""
	}
	if at := strings.LastIndex(rest, "/manifests/"); at > 0 {
		return "manifest", rest[:at], rest[at+len("/manifests/"):]
	}
	if at := strings.LastIndex(rest, "/blobs/"); at > 0 {
		what = "blob"
		if c.name != blobHost(c.host) && c.request.Method == http.MethodGet {
			what = "redirect"
		}
		return what, rest[:at], rest[at+len("/blobs/"):]
	}
	return "other", rest, ""
}

// ofScope is the repository that a token is wanted for.
func ofScope(scope string) string {
	parts := strings.Split(scope, ":")
	if len(parts) != 3 || parts[0] != "repository" {
		return ""
	}
	return parts[1]
}

// ofActions is what somebody wants to do there.
func ofActions(scope string) string {
	return scope[strings.LastIndex(scope, ":")+1:]
}

func (c *call) answer() {
	fault, wait := c.faults.ofRequest(c.host, c.name, c.entry.Repository, c.entry.What)
	if wait > 0 {
		select {
		case <-time.After(wait):
		case <-c.request.Context().Done():
			return
		}
	}
	if fault != nil {
		c.entry.Note = fault.Kind
	}
	if c.misbehave(fault) {
		return
	}
	switch {
	case c.entry.What == "file":
		c.file()
	case c.entry.What == "token":
		c.giveToken()
	case !isReading(c.request) && (c.tokens.publisher == "" || c.name == blobHost(c.host)):
		c.refuse(http.StatusUnauthorized, "UNAUTHORIZED", "authentication required")
	case c.name == blobHost(c.host):
		c.blob(fault)
	case !c.tokens.open(c.request, c.host, c.entry.Repository):
		c.challenge("bearer")
	case c.entry.What == "redirect":
		target := url.URL{Scheme: "https", Host: blobHost(c.host), Path: c.request.URL.Path}
		http.Redirect(c.writer, c.request, target.String(), http.StatusTemporaryRedirect)
	default:
		c.serve(fault)
	}
}

// blob is the answer of the host that has the blobs. It is handed out to whoever knows its address, and refuses those
// who send it the registry's token along, as the object stores behind the public registries do.
func (c *call) blob(fault *fault) {
	if c.request.Header.Get("Authorization") != "" {
		c.writer.WriteHeader(http.StatusBadRequest)
		return
	}
	c.serve(fault)
}

// serve lets the registry behind answer, which has this host's repositories below its name.
func (c *call) serve(fault *fault) {
	if fault.is("missing") {
		c.refuse(http.StatusNotFound, "MANIFEST_UNKNOWN", "manifest unknown")
		return
	}
	path, isRegistry := strings.CutPrefix(c.request.URL.Path, "/v2/")
	if c.entry.Repository != "" && isRegistry {
		path = c.host + "/" + path
	} else if c.entry.What != "ping" {
		c.refuse(http.StatusNotFound, "NAME_UNKNOWN", "repository name not known to registry")
		return
	}
	request := c.request.Clone(c.request.Context())
	request.URL.Path, request.URL.RawPath, request.RequestURI = "/v2/"+path, "", "/v2/"+path
	request.Header.Del("Authorization")
	c.writer.host = c.host
	switch {
	case fault.is("cut") && c.request.Method == http.MethodGet:
		c.registry.ServeHTTP(&cutting{writer: c.writer, left: fault.After}, request)
	case fault.is("wrong") && c.request.Method == http.MethodGet:
		c.registry.ServeHTTP(&spoiling{writer: c.writer}, request)
	default:
		c.registry.ServeHTTP(c.writer, request)
	}
}

func (c *call) refuse(status int, code, message string) {
	c.writer.Header().Set("Content-Type", "application/json")
	c.writer.WriteHeader(status)
	problem := map[string]string{"code": code, "message": message}
	_ = json.NewEncoder(c.writer).Encode(map[string]any{"errors": []any{problem}})
}

// file answers with a file that is no image.
func (c *call) file() {
	path, known := c.fileTable()["https://"+c.name+c.request.URL.Path]
	if !known {
		http.NotFound(c.writer, c.request)
		return
	}
	text, err := os.ReadFile(path)
	if err != nil {
		c.entry.Note = err.Error()
		http.NotFound(c.writer, c.request)
		return
	}
	c.writer.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = c.writer.Write(text)
}

func (h *hosts) hasFiles(name string) bool {
	for address := range h.fileTable() {
		if strings.HasPrefix(address, "https://"+name+"/") {
			return true
		}
	}
	return false
}

func (h *hosts) fileTable() map[string]string {
	table := map[string]string{}
	if text, err := os.ReadFile(h.files); err == nil {
		if err := json.Unmarshal(text, &table); err != nil {
			panic("files.json: " + err.Error())
		}
	}
	return table
}
