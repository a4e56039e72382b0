package main

import (
	"encoding/json"
	"os"
	"sync"
	"time"
)

// entry is one request, written when it is over; one that is never answered, when it comes.
type entry struct {
	// Milliseconds since the world was made.
	At int64 `json:"at"`
	// The name that was called, and the host as image references name it.
	Host       string `json:"host"`
	Registry   string `json:"registry,omitempty"`
	Method     string `json:"method,omitempty"`
	Path       string `json:"path"`
	Repository string `json:"repository,omitempty"`
	// manifest, blob, ping, token, file or other.
	What string `json:"what,omitempty"`
	// Tag or digest.
	Name      string `json:"name,omitempty"`
	Range     string `json:"range,omitempty"`
	SignedIn  bool   `json:"signed_in,omitempty"`
	UserAgent string `json:"user_agent,omitempty"`
	Status    int    `json:"status"`
	// Of the body.
	Bytes int64 `json:"bytes"`
	// The fault that was played, or what went wrong by itself.
	Note string `json:"note,omitempty"`
}

type journal struct {
	mutex sync.Mutex
	file  *os.File
	start time.Time
}

func openJournal(path string) (*journal, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	return &journal{file: file, start: time.Now()}, err
}

func (j *journal) write(one entry) {
	one.At = time.Since(j.start).Milliseconds()
	line, err := json.Marshal(one)
	if err != nil {
		panic(err)
	}
	j.mutex.Lock()
	defer j.mutex.Unlock()
	_, _ = j.file.Write(append(line, '\n'))
}
