// Package client speaks JSON over HTTP with one server, and tells errors in the server's own words.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Client sends requests to one server.
type Client struct {
	// Name of the server for people, as `Gitea`.
	Name string
	// Base is the address before every path, without a slash at its end.
	Base string
	// Authorize adds credentials to a request.
	Authorize func(*http.Request) error
	// HTTP does the work.
	HTTP *http.Client
}

// New makes a client that gives up on a request after half a minute.
func New(name, base string, authorize func(*http.Request) error) *Client {
	return &Client{Name: name, Base: strings.TrimSuffix(base, "/"), Authorize: authorize, HTTP: &http.Client{Timeout: 30 * time.Second}}
}

// Token authorizes with a token in the way that Gitea wants it.
func Token(token string) func(*http.Request) error {
	return func(request *http.Request) error {
		request.Header.Set("Authorization", "token "+token)
		return nil
	}
}

// Basic authorizes with a name and a password.
func Basic(name, password string) func(*http.Request) error {
	return func(request *http.Request) error {
		request.SetBasicAuth(name, password)
		return nil
	}
}

// Refused is an answer other than 2xx.
type Refused struct {
	Status  int
	Message string
}

func (refused *Refused) Error() string {
	return refused.Message
}

// IsStatus tells whether an error is an answer with this status.
func IsStatus(err error, status int) bool {
	var refused *Refused
	return errors.As(err, &refused) && refused.Status == status
}

// Get reads what is at a path. It says false if there is nothing.
func (client *Client) Get(ctx context.Context, path string, into any) (bool, error) {
	err := client.Do(ctx, http.MethodGet, path, "", nil, into)
	if IsStatus(err, http.StatusNotFound) {
		return false, nil
	}
	return err == nil, err
}

// Send sends a body as JSON, and reads the answer into `into` unless that is nil.
func (client *Client) Send(ctx context.Context, method, path string, body, into any) error {
	return client.Do(ctx, method, path, "application/json", body, into)
}

// Do sends a request with a body of this type.
func (client *Client) Do(ctx context.Context, method, path, kind string, body, into any) error {
	request, err := client.request(ctx, method, path, kind, body)
	if err != nil {
		return err
	}
	response, err := client.HTTP.Do(request)
	if err != nil {
		return fmt.Errorf("%s does not answer: %w", client.Name, err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, 64<<20))
	if err != nil {
		return fmt.Errorf("%s broke off its answer to %s %s: %w", client.Name, method, path, err)
	}
	if response.StatusCode/100 != 2 {
		return client.refused(method, path, response, answer)
	}
	if into == nil || len(answer) == 0 {
		return nil
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("%s answers %s %s with something else than expected: %w", client.Name, method, path, err)
	}
	return nil
}

func (client *Client) refused(method, path string, response *http.Response, answer []byte) error {
	// Whoever refuses may not be whom we meant, but have its address for a moment: the next request asks anew.
	client.HTTP.CloseIdleConnections()
	return &Refused{response.StatusCode, fmt.Sprintf("%s refuses %s %s: %s: %s", client.Name, method, path, response.Status, message(answer))}
}

func (client *Client) request(ctx context.Context, method, path, kind string, body any) (*http.Request, error) {
	var content io.Reader
	if body != nil {
		bytesOfBody, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(bytesOfBody)
	}
	request, err := http.NewRequestWithContext(ctx, method, client.Base+path, content)
	if err != nil {
		return nil, err
	}
	if body != nil {
		request.Header.Set("Content-Type", kind)
	}
	request.Header.Set("Accept", "application/json")
	return request, client.Authorize(request)
}

// The text of an error: Gitea and Kubernetes both have it in `message`.
func message(answer []byte) string {
	var told struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(answer, &told) == nil && told.Message != "" {
		return told.Message
	}
	text := strings.TrimSpace(string(answer))
	if len(text) > 200 {
		text = text[:200] + "..."
	}
	return text
}
