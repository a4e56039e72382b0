package main

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Public registries want a token even of those who have no account.
const tokenLife = 5 * time.Minute

type tokens struct {
	// USER:PASSWORD of who may push; empty for nobody.
	publisher string

	mutex sync.Mutex
	given map[string]given
}

type given struct {
	host, repository string
	mayPush          bool
	until            time.Time
}

// isPublisher says whether somebody signed in who may push.
func (t *tokens) isPublisher(r *http.Request) bool {
	user, password, signedIn := r.BasicAuth()
	return signedIn && t.publisher != "" && user+":"+password == t.publisher
}

// open says whether a request carries a token for what it asks for.
func (t *tokens) open(r *http.Request, host, repository string) bool {
	token, isBearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !isBearer {
		return false
	}
	t.mutex.Lock()
	defer t.mutex.Unlock()
	had, known := t.given[token]
	return known && had.host == host && (repository == "" || had.repository == repository) &&
		(had.mayPush || isReading(r)) && time.Now().Before(had.until)
}

func isReading(r *http.Request) bool {
	return r.Method == http.MethodGet || r.Method == http.MethodHead
}

func (c *call) giveToken() {
	mayPush := c.tokens.isPublisher(c.request) &&
		strings.Contains(ofActions(c.request.URL.Query().Get("scope")), "push")
	token := rand.Text()
	c.tokens.mutex.Lock()
	if c.tokens.given == nil {
		c.tokens.given = map[string]given{}
	}
	c.tokens.given[token] = given{c.host, c.entry.Repository, mayPush, time.Now().Add(tokenLife)}
	c.tokens.mutex.Unlock()
	c.writer.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(c.writer).Encode(map[string]any{"token": token, "expires_in": int(tokenLife.Seconds())})
}

// challenge asks for a sign-in.
func (c *call) challenge(kind string) {
	scope := ""
	if c.entry.Repository != "" {
		actions := "pull"
		if !isReading(c.request) {
			actions = "pull,push"
		}
		scope = fmt.Sprintf(`,scope="repository:%s:%s"`, c.entry.Repository, actions)
	}
	switch kind {
	case "bearer":
		value := fmt.Sprintf(`Bearer realm="%s",service="%s"%s`, tokenServer(c.host), c.host, scope)
		c.writer.Header().Set("WWW-Authenticate", value)
	case "basic":
		c.writer.Header().Set("WWW-Authenticate", fmt.Sprintf(`Basic realm="%s"`, c.host))
	}
	c.refuse(http.StatusUnauthorized, "UNAUTHORIZED", "authentication required")
}
