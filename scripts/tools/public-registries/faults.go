package main

import (
	"encoding/json"
	"os"
	"path"
	"sync"
	"time"
)

// fault is one line of the table: what goes wrong, where, and for how long. The first that fits a request counts.
type fault struct {
	// Tells lines apart, so that one keeps its count when the table changes.
	ID string `json:"id"`
	// Registry host as image references name it, or the very name that is called (the host for blobs, the token
	// server); with `*` for any part. Empty: all.
	Host string `json:"host"`
	// Repository, with `*` for any part of a segment, and `**` for all. Empty: whatever is asked, or the host itself.
	Repository string `json:"repository"`
	// manifest, blob, ping, token or file. Empty: all.
	What string `json:"what"`
	Kind string `json:"kind"`

	// For `status`.
	Status     int    `json:"status"`
	RetryAfter string `json:"retry_after"`
	// For `unauthorised`: bearer, basic or none.
	Challenge string `json:"challenge"`
	// For `portal`: where people are sent.
	Redirect string `json:"redirect"`
	// For `cut`: after so many bytes.
	After int64 `json:"after"`
	// For `slow`, which changes nothing else: further lines count.
	Milliseconds int `json:"milliseconds"`

	// For so many requests only; for so many seconds only, from its first time on. 0: for ever.
	Times   int     `json:"times"`
	Seconds float64 `json:"seconds"`
}

// Kinds that take effect before anything is asked, if they are about a whole host.
var ofConnections = map[string]bool{
	"nameless": true, "refused": true, "dropped": true, "silent": true, "untrusted": true,
}

func (f *fault) is(kind string) bool { return f != nil && f.Kind == kind }

func (f *fault) isWholeHost() bool { return f.Repository == "" && f.What == "" }

type faults struct {
	path  string
	mutex sync.Mutex
	used  map[string]*use
}

type use struct {
	count int
	first time.Time
}

// ofConnection is the fault of a whole host that shows before anything is asked of it.
func (f *faults) ofConnection(host, name string) *fault {
	for _, one := range f.read() {
		if ofConnections[one.Kind] && one.isWholeHost() && one.fits(host, name) && f.stillCounts(&one, false) {
			return &one
		}
	}
	return nil
}

// ofRequest is the fault of a request, and how long its answer has to wait.
func (f *faults) ofRequest(host, name, repository, what string) (*fault, time.Duration) {
	var wait time.Duration
	for _, one := range f.read() {
		asked := (one.Repository == "" || glob(one.Repository, repository)) && (one.What == "" || one.What == what)
		if !asked || !one.fits(host, name) || !f.stillCounts(&one, true) {
			continue
		}
		if one.Kind != "slow" {
			return &one, wait
		}
		wait += time.Duration(one.Milliseconds) * time.Millisecond
	}
	return nil, wait
}

func (f *fault) fits(host, name string) bool {
	return f.Host == "" || glob(f.Host, host) || glob(f.Host, name)
}

func glob(pattern, text string) bool {
	if pattern == "**" {
		return true
	}
	fits, err := path.Match(pattern, text)
	return err == nil && fits
}

// stillCounts says whether a line has times and seconds left, and counts a request.
func (f *faults) stillCounts(one *fault, request bool) bool {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if f.used == nil {
		f.used = map[string]*use{}
	}
	had := f.used[one.ID]
	if had == nil {
		had = &use{first: time.Now()}
		f.used[one.ID] = had
	}
	if one.Times > 0 && had.count >= one.Times {
		return false
	}
	if one.Seconds > 0 && time.Since(had.first).Seconds() > one.Seconds {
		return false
	}
	if request {
		had.count++
	}
	return true
}

// read takes the table as it is now; it is small.
func (f *faults) read() []fault {
	text, err := os.ReadFile(f.path)
	if err != nil {
		return nil
	}
	var table []fault
	if err := json.Unmarshal(text, &table); err != nil {
		panic("faults.json: " + err.Error())
	}
	return table
}
