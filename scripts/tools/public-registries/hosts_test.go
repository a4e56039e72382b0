package main

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// site is one played host, called as clients call it but for the name server and the namespaces.
type site struct {
	t      *testing.T
	hosts  *hosts
	folder string
}

const (
	manifestType = "application/vnd.oci.image.manifest.v1+json"
	emptyConfig  = `{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}`
)

func newSite(t *testing.T) *site {
	folder := t.TempDir()
	journal, err := openJournal(filepath.Join(folder, "requests.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	registry := newRegistry(filepath.Join(folder, "registry"))
	faults := &faults{path: filepath.Join(folder, "faults.json")}
	h := &hosts{registry: registry, faults: faults, journal: journal, files: filepath.Join(folder, "files.json")}
	return &site{t, h, folder}
}

// push fills the registry behind.
func (s *site) push(repository, tag string) string {
	digest := s.pushBlob(repository, emptyConfig)
	manifest := fmt.Sprintf(`{"schemaVersion":2,"mediaType":%q,"config":{"mediaType":`+
		`"application/vnd.oci.image.config.v1+json","digest":%q,"size":%d},"layers":[]}`, manifestType, digest, len(emptyConfig))
	request := httptest.NewRequest(http.MethodPut, "/v2/"+repository+"/manifests/"+tag, strings.NewReader(manifest))
	request.Header.Set("Content-Type", manifestType)
	answer := httptest.NewRecorder()
	s.hosts.registry.ServeHTTP(answer, request)
	if answer.Code != http.StatusCreated {
		s.t.Fatal(answer.Code, answer.Body)
	}
	return digest
}

func (s *site) pushBlob(repository, content string) string {
	digest := digestOf(content)
	begun := httptest.NewRecorder()
	s.hosts.registry.ServeHTTP(begun, httptest.NewRequest(http.MethodPost, "/v2/"+repository+"/blobs/uploads/", nil))
	place := begun.Header().Get("Location") + "&digest=" + digest
	done := httptest.NewRecorder()
	s.hosts.registry.ServeHTTP(done, httptest.NewRequest(http.MethodPut, place, strings.NewReader(content)))
	if done.Code != http.StatusCreated {
		s.t.Fatal(done.Code, done.Body)
	}
	return digest
}

// get asks a name of a host, following nothing.
func (s *site) get(name, host, path, token string) (status int, header http.Header, body string, broken error) {
	server := httptest.NewTLSServer(s.hosts.handler(name, host))
	defer server.Close()
	client := server.Client()
	client.Transport.(*http.Transport).TLSClientConfig = &tls.Config{InsecureSkipVerify: true}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	client.Timeout = 2 * time.Second
	request, err := http.NewRequest(http.MethodGet, server.URL+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	request.Header.Set("Accept", manifestType)
	answer, err := client.Do(request)
	if err != nil {
		return 0, nil, "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return answer.StatusCode, answer.Header, string(text), err
}

func (s *site) token(host, repository string) string {
	_, _, body, err := s.get(host, host, "/token?service="+host+"&scope=repository:"+repository+":pull", "")
	var answer struct{ Token string }
	if err := errors.Join(err, json.Unmarshal([]byte(body), &answer)); err != nil {
		s.t.Fatal(err, body)
	}
	return answer.Token
}

func (s *site) fault(table string) {
	if err := os.WriteFile(filepath.Join(s.folder, "faults.json"), []byte(table), 0o644); err != nil {
		s.t.Fatal(err)
	}
}

func TestEachHostHasItsOwnRepositoriesAndWantsAToken(t *testing.T) {
	s := newSite(t)
	digest := s.push("quay.io/a/b", "1")
	status, header, _, _ := s.get("quay.io", "quay.io", "/v2/a/b/manifests/1", "")
	want := `Bearer realm="https://quay.io/token",service="quay.io",scope="repository:a/b:pull"`
	if status != 401 || header.Get("WWW-Authenticate") != want {
		t.Fatal(status, header)
	}
	token := s.token("quay.io", "a/b")
	if status, _, body, _ := s.get("quay.io", "quay.io", "/v2/a/b/manifests/1", token); status != 200 || !strings.Contains(body, digest) {
		t.Fatal(status, body)
	}
	if status, _, _, _ := s.get("quay.io", "quay.io", "/v2/a/c/manifests/1", token); status != 401 {
		t.Fatal("a token opens one repository only:", status)
	}
	if status, _, _, _ := s.get("ghcr.io", "ghcr.io", "/v2/a/b/manifests/1", s.token("ghcr.io", "a/b")); status != 404 {
		t.Fatal("another host has other repositories:", status)
	}
}

func TestBlobsComeFromAHostThatWantsNoToken(t *testing.T) {
	s := newSite(t)
	digest := s.push("quay.io/a/b", "1")
	path := "/v2/a/b/blobs/" + digest
	status, header, _, _ := s.get("quay.io", "quay.io", path, s.token("quay.io", "a/b"))
	if status != 307 || header.Get("Location") != "https://blobs.quay.io"+path {
		t.Fatal(status, header)
	}
	if status, _, body, _ := s.get("blobs.quay.io", "quay.io", path, ""); status != 200 || body != emptyConfig {
		t.Fatal(status, body)
	}
	if status, _, _, _ := s.get("blobs.quay.io", "quay.io", path, "x"); status != 400 {
		t.Fatal("a token does not belong there:", status)
	}
}

func TestFaultsAreOfAHostARepositoryAndAKind(t *testing.T) {
	s := newSite(t)
	digest := s.push("quay.io/a/b", "1")
	s.push("quay.io/a/c", "1")
	b, c := s.token("quay.io", "a/b"), s.token("quay.io", "a/c")
	manifest := func(repository, token string) (int, string) {
		status, _, body, _ := s.get("quay.io", "quay.io", "/v2/a/"+repository+"/manifests/1", token)
		return status, body
	}
	_, sound := manifest("b", b)
	s.fault(`[{"id":"1","host":"quay.io","repository":"a/b","kind":"status","status":429,"retry_after":"7","times":1}]`)
	status, header, _, _ := s.get("quay.io", "quay.io", "/v2/a/b/manifests/1", b)
	if status != 429 || header.Get("Retry-After") != "7" {
		t.Fatal(status, header)
	}
	if status, _ := manifest("b", b); status != 200 {
		t.Fatal("once only:", status)
	}
	s.fault(`[{"id":"2","repository":"a/*","what":"manifest","kind":"wrong"},{"id":"3","host":"*","kind":"missing"}]`)
	if status, body := manifest("c", c); status != 200 || body == sound || len(body) != len(sound) || !json.Valid([]byte(body)) {
		t.Fatal(status, body)
	}
	path := "/v2/a/b/blobs/" + digest
	s.fault(`[{"id":"4","host":"quay.io","what":"blob","kind":"cut","after":10}]`)
	if _, _, body, broken := s.get("blobs.quay.io", "quay.io", path, ""); body != emptyConfig[:10] || broken == nil {
		t.Fatal(body, broken)
	}
	s.fault(`[{"id":"5","host":"quay.io","kind":"portal"}]`)
	if _, header, body, _ := s.get("quay.io", "quay.io", "/v2/", ""); !strings.HasPrefix(body, "<!doctype") || header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Fatal(body)
	}
	s.fault(`[{"id":"6","host":"quay.io","repository":"a/b","kind":"silent"}]`)
	if _, _, _, broken := s.get("quay.io", "quay.io", "/v2/a/b/manifests/1", b); broken == nil {
		t.Fatal("it answered")
	}
	s.fault(`[{"id":"7","host":"quay.io","what":"token","kind":"unauthorised"},{"id":"8","kind":"slow","milliseconds":300}]`)
	start := time.Now()
	if status, _, _, _ := s.get("quay.io", "quay.io", "/token?scope=repository:a/b:pull", ""); status != 401 {
		t.Fatal(status)
	}
	if manifest("c", c); time.Since(start) < 300*time.Millisecond {
		t.Fatal("not slow")
	}
}

func TestRequestsAreWrittenDown(t *testing.T) {
	s := newSite(t)
	s.push("quay.io/a/b", "1")
	s.get("quay.io", "quay.io", "/v2/a/b/manifests/1", s.token("quay.io", "a/b"))
	text, err := os.ReadFile(filepath.Join(s.folder, "requests.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var last entry
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil || len(lines) != 2 {
		t.Fatal(err, string(text))
	}
	if last.Registry != "quay.io" || last.Repository != "a/b" || last.What != "manifest" || last.Name != "1" ||
		last.Status != 200 || last.Bytes == 0 || !last.SignedIn {
		t.Fatal(lines)
	}
}

func digestOf(content string) string { return fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(content))) }
