package main

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

const callback = "https://portal.example/frame"

// Gitea's pages, as far as somebody signs in there and lets an application know them.
func pages(t *testing.T, granted *int) *httptest.Server {
	mux := http.NewServeMux()
	isIn := func(request *http.Request) bool {
		cookie, err := request.Cookie("session")
		return err == nil && cookie.Value == "of-ann"
	}
	mux.HandleFunc("POST /user/login", func(writer http.ResponseWriter, request *http.Request) {
		if request.PostFormValue("user_name") == "ann" && request.PostFormValue("password") == "right" {
			http.SetCookie(writer, &http.Cookie{Name: "session", Value: "of-ann", Secure: true})
		}
	})
	mux.HandleFunc("GET /login/oauth/authorize", func(writer http.ResponseWriter, request *http.Request) {
		switch {
		case !isIn(request):
			http.Redirect(writer, request, "/user/login", http.StatusSeeOther)
		case *granted > 0:
			http.Redirect(writer, request, callback+"?code=1", http.StatusSeeOther)
		}
	})
	mux.HandleFunc("POST /login/oauth/grant", func(writer http.ResponseWriter, request *http.Request) {
		if !isIn(request) || request.PostFormValue("granted") != "true" || request.PostFormValue("scope") != portalScopes {
			http.Error(writer, "no", http.StatusBadRequest)
			return
		}
		*granted++
		http.Redirect(writer, request, callback+"?code=1&state=setup", http.StatusSeeOther)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

func TestPeopleAreNotAskedAboutThePlatformsOwnPortal(t *testing.T) {
	granted := 0
	server := pages(t, &granted)
	for range 2 {
		if err := newVisitor(server.URL).grant(t.Context(), "ann", "right", "portal", callback); err != nil || granted != 1 {
			t.Fatalf("%v, granted %d times", err, granted)
		}
	}
}

func TestWhoHasAnotherPasswordIsLeftAlone(t *testing.T) {
	granted := 0
	server := pages(t, &granted)
	if err := newVisitor(server.URL).grant(t.Context(), "ann", "older", "portal", callback); err != nil || granted != 0 {
		t.Fatalf("%v, granted %d times", err, granted)
	}
}
