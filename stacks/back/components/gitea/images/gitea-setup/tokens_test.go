package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"backstack.dev/lib/client"
	"backstack.dev/lib/kube"
)

// As much of Gitea, and of an API server with Secrets, as tokens need.
type played struct {
	mutex sync.Mutex
	// By user.
	tokens map[string]string
	scopes map[string][]string
	// Values of Secrets, by their path and key.
	secrets map[string]map[string]string
	// How often a password was checked, and tokens made.
	passwords, made int
}

func (played *played) ServeHTTP(writer http.ResponseWriter, request *http.Request) {
	played.mutex.Lock()
	defer played.mutex.Unlock()
	if strings.Contains(request.URL.Path, "/secrets/") {
		played.secret(writer, request)
		return
	}
	if _, _, basic := request.BasicAuth(); basic {
		played.passwords++
		played.token(writer, request)
		return
	}
	given := strings.TrimPrefix(request.Header.Get("Authorization"), "token ")
	for _, known := range played.tokens {
		if given == known {
			fmt.Fprint(writer, "{}")
			return
		}
	}
	writer.WriteHeader(http.StatusUnauthorized)
}

func (played *played) secret(writer http.ResponseWriter, request *http.Request) {
	if request.Method == http.MethodPatch {
		var patch struct {
			StringData map[string]string `json:"stringData"`
		}
		_ = json.NewDecoder(request.Body).Decode(&patch)
		played.secrets[request.URL.Path] = patch.StringData
		return
	}
	data := map[string]string{}
	for key, value := range played.secrets[request.URL.Path] {
		data[key] = base64.StdEncoding.EncodeToString([]byte(value))
	}
	_ = json.NewEncoder(writer).Encode(map[string]any{"data": data})
}

func (played *played) token(writer http.ResponseWriter, request *http.Request) {
	user := strings.Split(request.URL.Path, "/")[2]
	known := played.tokens[user]
	switch request.Method {
	case http.MethodGet:
		found := []map[string]any{}
		if known != "" {
			found = append(found, map[string]any{"name": tokenName, "token_last_eight": known[len(known)-8:], "scopes": played.scopes[user]})
		}
		_ = json.NewEncoder(writer).Encode(found)
	case http.MethodDelete:
		if known == "" {
			writer.WriteHeader(http.StatusNotFound)
		}
		delete(played.tokens, user)
	case http.MethodPost:
		var wanted struct {
			Scopes []string `json:"scopes"`
		}
		_ = json.NewDecoder(request.Body).Decode(&wanted)
		played.made++
		played.tokens[user], played.scopes[user] = fmt.Sprintf("token-%08d", played.made), wanted.Scopes
		_ = json.NewEncoder(writer).Encode(map[string]string{"sha1": played.tokens[user]})
	}
}

func TestAPasswordIsCheckedOnlyWhereTokensAreMade(t *testing.T) {
	played := &played{tokens: map[string]string{}, scopes: map[string][]string{}, secrets: map[string]map[string]string{}}
	server := httptest.NewServer(played)
	defer server.Close()
	nobody := func(*http.Request) error { return nil }
	start := func() *setup {
		return &setup{
			password:   client.New("Gitea", server.URL, client.Basic(adminName, "secret")),
			cluster:    &kube.Cluster{Client: client.New("the API server", server.URL, nobody)},
			namespace:  "gitea",
			scopesSeen: map[string]bool{},
		}
	}
	running := start()
	look := func(what string, made int, passwordsWanted bool) {
		t.Helper()
		madeBefore, passwordsBefore := played.made, played.passwords
		for _, step := range []func() error{func() error { return running.signIn(t.Context()) }, func() error { return running.tokens(t.Context()) }} {
			if err := step(); err != nil {
				t.Fatalf("%s: %v", what, err)
			}
		}
		if played.made-madeBefore != made {
			t.Errorf("%s: %d tokens made, not %d", what, played.made-madeBefore, made)
		}
		if (played.passwords != passwordsBefore) != passwordsWanted {
			t.Errorf("%s: %d passwords checked", what, played.passwords-passwordsBefore)
		}
	}
	look("the first look", 1+len(tokens), true)
	look("the second look", 0, false)
	running = start()
	look("after a restart", 1, true)
	played.scopes["portal"] = []string{"all"}
	look("scopes that were changed are seen by the next run", 0, false)
	running = start()
	look("by that one", 2, true)
	delete(played.tokens, "argocd")
	look("a token that is gone", 1, true)
	clear(played.tokens)
	running.gitea = nil
	look("all data lost", 1+len(tokens), true)
	for name := range tokens {
		if kept := played.secrets["/api/v1/namespaces/gitea/secrets/"+name]["token"]; kept != played.tokens[name] {
			t.Errorf("%s has %q, not %q", name, kept, played.tokens[name])
		}
	}
}
