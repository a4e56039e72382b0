package main

import (
	"crypto/tls"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestOnlyThePublisherMayPush(t *testing.T) {
	s := newSite(t)
	s.hosts.tokens.publisher = "me:secret"
	server := httptest.NewTLSServer(s.hosts.handler("quay.io", "quay.io"))
	defer server.Close()
	client := server.Client()
	client.Transport.(*http.Transport).TLSClientConfig = &tls.Config{InsecureSkipVerify: true}
	ask := func(method, url, body string, change func(*http.Request)) (*http.Response, string) {
		request, err := http.NewRequest(method, url, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		change(request)
		answer, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		text, _ := io.ReadAll(answer.Body)
		return answer, string(text)
	}
	token := func(scope string, change func(*http.Request)) func(*http.Request) {
		_, body := ask(http.MethodGet, server.URL+"/token?scope=repository:a/b:"+scope, "", change)
		var given struct{ Token string }
		if err := json.Unmarshal([]byte(body), &given); err != nil {
			t.Fatal(err)
		}
		return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+given.Token) }
	}
	as := func(password string) func(*http.Request) {
		return func(r *http.Request) { r.SetBasicAuth("me", password) }
	}
	uploads := server.URL + "/v2/a/b/blobs/uploads/"

	answer, _ := ask(http.MethodPost, uploads, "", func(*http.Request) {})
	if answer.StatusCode != 401 || !strings.Contains(answer.Header.Get("WWW-Authenticate"), "repository:a/b:pull,push") {
		t.Fatal(answer.Status, answer.Header)
	}
	for name, refused := range map[string]func(*http.Request){
		"another password": token("pull,push", as("wrong")), "a token for reading": token("pull", as("secret")),
	} {
		if answer, _ := ask(http.MethodPost, uploads, "", refused); answer.StatusCode != 401 {
			t.Fatal(name, answer.Status)
		}
	}

	publisher := token("pull,push", as("secret"))
	answer, _ = ask(http.MethodPost, uploads, "", publisher)
	place := answer.Header.Get("Location")
	if answer.StatusCode != 202 || !strings.HasPrefix(place, uploads) {
		t.Fatal(answer.Status, place)
	}
	answer, text := ask(http.MethodPut, place+"&digest="+digestOf("blob"), "blob", publisher)
	if answer.StatusCode != 201 {
		t.Fatal(answer.Status, text)
	}
	// It follows the way to the host of blobs, which the client of this test cannot: asked for there.
	if status, _, body, _ := s.get("blobs.quay.io", "quay.io", "/v2/a/b/blobs/"+digestOf("blob"), ""); status != 200 || body != "blob" {
		t.Fatal(status, body)
	}
}
