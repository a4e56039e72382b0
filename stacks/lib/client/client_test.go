package client

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestAnswersAreToldInTheServersWords(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		if request.Header.Get("Authorization") != "token secret" {
			writer.WriteHeader(http.StatusUnauthorized)
			return
		}
		switch request.URL.Path {
		case "/there":
			fmt.Fprint(writer, `{"name": "shop"}`)
		case "/refused":
			writer.WriteHeader(http.StatusUnprocessableEntity)
			fmt.Fprint(writer, `{"message": "the name is taken"}`)
		case "/long":
			writer.WriteHeader(http.StatusBadGateway)
			fmt.Fprint(writer, strings.Repeat("x", 1000))
		case "/else":
			fmt.Fprint(writer, "<html>")
		default:
			writer.WriteHeader(http.StatusNotFound)
		}
	}))
	gitea := New("Gitea", server.URL+"/", Token("secret"))
	var found struct{ Name string }
	if there, err := gitea.Get(t.Context(), "/there", &found); !there || err != nil || found.Name != "shop" {
		t.Errorf("%v %v %v", there, err, found)
	}
	if there, err := gitea.Get(t.Context(), "/nowhere", nil); there || err != nil {
		t.Errorf("what is not there: %v %v", there, err)
	}
	for path, wanted := range map[string]string{
		"/refused": "Gitea refuses GET /refused: 422 Unprocessable Entity: the name is taken",
		"/long":    "Gitea refuses GET /long: 502 Bad Gateway: " + strings.Repeat("x", 200) + "...",
		"/else":    "Gitea answers GET /else with something else than expected: invalid character '<' looking for beginning of value",
	} {
		if _, err := gitea.Get(t.Context(), path, &found); err == nil || err.Error() != wanted {
			t.Errorf("%s: %v", path, err)
		}
	}
	if _, err := New("Gitea", server.URL, Basic("me", "secret")).Get(t.Context(), "/there", nil); !IsStatus(err, http.StatusUnauthorized) {
		t.Errorf("another sign-in: %v", err)
	}
	server.Close()
	if _, err := gitea.Get(t.Context(), "/there", nil); err == nil || !strings.HasPrefix(err.Error(), "Gitea does not answer: ") {
		t.Errorf("nobody there: %v", err)
	}
}
