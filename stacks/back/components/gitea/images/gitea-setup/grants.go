package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
)

// What the portal asks for when somebody signs in.
const portalScopes = "openid profile email"

// Gitea asks each person once whether the portal may know them, in words that frighten, also about an application that it
// trusts. The portal belongs to the platform: what people would answer is answered for them, once in a run of this program,
// with the password that they have at first. Whoever has changed it is asked.
func (setup *setup) grants(ctx context.Context) error {
	for _, user := range users {
		password := os.Getenv(user.passwordVariable)
		if user.passwordVariable == "" || password == "" || setup.granted[user.name] == setup.portalID {
			continue
		}
		visitor := newVisitor(strings.TrimSuffix(setup.password.Base, "/api/v1"))
		if err := visitor.grant(ctx, user.name, password, setup.portalID, setup.callback); err != nil {
			return err
		}
		setup.granted[user.name] = setup.portalID
	}
	return nil
}

// A person at Gitea's pages.
type visitor struct {
	base    string
	cookies map[string]string
	http    *http.Client
}

func newVisitor(base string) *visitor {
	return &visitor{base: base, cookies: map[string]string{}, http: &http.Client{
		// Where a page leads to is the answer.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Signs in, and lets an application know who this is. Nothing happens where that was done, or where the password is another.
func (visitor *visitor) grant(ctx context.Context, name, password, application, callback string) error {
	if _, _, err := visitor.send(ctx, http.MethodPost, "/user/login", url.Values{"user_name": {name}, "password": {password}}); err != nil {
		return err
	}
	wish := url.Values{"client_id": {application}, "redirect_uri": {callback}, "scope": {portalScopes}, "state": {"setup"}, "nonce": {""}}
	query := url.Values{"response_type": {"code"}}
	for key, value := range wish {
		query[key] = value
	}
	status, _, err := visitor.send(ctx, http.MethodGet, "/login/oauth/authorize?"+query.Encode(), nil)
	if err != nil || status != http.StatusOK {
		// It leads to the application at once, or to where one signs in.
		return err
	}
	wish.Set("granted", "true")
	status, location, err := visitor.send(ctx, http.MethodPost, "/login/oauth/grant", wish)
	if err == nil && !strings.HasPrefix(location, callback+"?code=") {
		return fmt.Errorf("Gitea answered %d when %s let the portal know them", status, name)
	}
	return err
}

// Sends a form, and keeps what Gitea wants to be told next time. Its cookies are for browsers that come by HTTPS: within the
// cluster nobody does.
func (visitor *visitor) send(ctx context.Context, method, path string, form url.Values) (int, string, error) {
	request, err := http.NewRequestWithContext(ctx, method, visitor.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, "", err
	}
	if form != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, value := range visitor.cookies {
		request.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	answer, err := visitor.http.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	for _, cookie := range answer.Cookies() {
		visitor.cookies[cookie.Name] = cookie.Value
	}
	return answer.StatusCode, answer.Header.Get("Location"), nil
}
