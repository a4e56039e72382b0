package main

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// misbehave answers instead of the registry, if the fault is one that does.
func (c *call) misbehave(fault *fault) bool {
	if fault == nil {
		return false
	}
	switch fault.Kind {
	case "silent":
		c.journal.write(c.entry)
		<-c.request.Context().Done()
		c.entry.Note = "silent, given up by the client"
	case "refused", "dropped", "nameless":
		// Over a connection that was there before.
		panic(http.ErrAbortHandler)
	case "status":
		if fault.RetryAfter != "" {
			c.writer.Header().Set("Retry-After", fault.RetryAfter)
		}
		code := map[int]string{403: "DENIED", 404: "NAME_UNKNOWN", 429: "TOOMANYREQUESTS"}[fault.Status]
		if code == "" {
			code = "UNKNOWN"
		}
		c.refuse(fault.Status, code, fmt.Sprintf("played: %d", fault.Status))
	case "unauthorised":
		if c.entry.What == "token" {
			c.refuse(http.StatusUnauthorized, "UNAUTHORIZED", "incorrect username or password")
		} else {
			c.challenge(fault.Challenge)
		}
	case "portal":
		c.portal(fault)
	default:
		return false
	}
	return true
}

// portal is what a network answers to everything until people have signed in.
func (c *call) portal(fault *fault) {
	if fault.Redirect != "" {
		http.Redirect(c.writer, c.request, fault.Redirect, http.StatusFound)
		return
	}
	page := "<!doctype html><title>Welcome</title><h1>Welcome to our network</h1><form>Accept the terms</form>\n"
	c.writer.Header().Set("Content-Type", "text/html; charset=utf-8")
	c.writer.Header().Set("Content-Length", strconv.Itoa(len(page)))
	_, _ = c.writer.Write([]byte(page))
}

// writer notes what was answered.
type writer struct {
	http.ResponseWriter
	// The host that the registry behind answers for: it has the host's repositories below that name.
	host   string
	status int
	bytes  int64
}

func (w *writer) WriteHeader(status int) {
	w.status = status
	if location := w.Header().Get("Location"); w.host != "" && location != "" {
		w.Header().Set("Location", strings.Replace(location, "/v2/"+w.host+"/", "/v2/", 1))
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *writer) Write(part []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	written, err := w.ResponseWriter.Write(part)
	w.bytes += int64(written)
	return written, err
}

// cutting breaks the connection after so many bytes.
type cutting struct {
	*writer
	left int64
}

func (c *cutting) Write(part []byte) (int, error) {
	if int64(len(part)) > c.left {
		_, _ = c.writer.Write(part[:c.left])
		// They must be on their way first.
		_ = http.NewResponseController(c.writer.ResponseWriter).Flush()
		panic(http.ErrAbortHandler)
	}
	written, err := c.writer.Write(part)
	c.left -= int64(written)
	return written, err
}

// spoiling changes one byte of what is sent, so that nothing but its digest tells: in a manifest a digit of a digest, so
// that it is the sound manifest of something else.
type spoiling struct {
	*writer
	spoilt bool
}

func (s *spoiling) Write(part []byte) (int, error) {
	if s.spoilt || len(part) == 0 {
		return s.writer.Write(part)
	}
	s.spoilt = true
	changed := bytes.Clone(part)
	digest := []byte(`"sha256:`)
	switch at := bytes.Index(changed, digest) + len(digest); {
	case at < len(digest) || at >= len(changed):
		changed[0] ^= 0xff
	case changed[at] == '0':
		changed[at] = '1'
	default:
		changed[at] = '0'
	}
	return s.writer.Write(changed)
}
