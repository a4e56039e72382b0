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
	mutex sync.Mutex
	given map[string]given
}

type given struct {
	host, repository string
	until            time.Time
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
		time.Now().Before(had.until)
}

func (c *call) giveToken() {
	token := rand.Text()
	c.tokens.mutex.Lock()
	if c.tokens.given == nil {
		c.tokens.given = map[string]given{}
	}
	c.tokens.given[token] = given{c.host, c.entry.Repository, time.Now().Add(tokenLife)}
	c.tokens.mutex.Unlock()
	c.writer.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(c.writer).Encode(map[string]any{"token": token, "expires_in": int(tokenLife.Seconds())})
}

// challenge asks for a sign-in.
func (c *call) challenge(kind string) {
	scope := ""
	if c.entry.Repository != "" {
		scope = fmt.Sprintf(`,scope="repository:%s:pull"`, c.entry.Repository)
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
