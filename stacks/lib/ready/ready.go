// Package ready tells what keeps a program from being ready: the kubelet by a status, people in words.
package ready

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

// Path is where a program answers whether it is ready.
const Path = "/ready"

// State is what is in the way of one program.
type State struct {
	mutex   sync.Mutex
	problem string
}

// New is the state of a program that starts: so far, this is in the way.
func New(problem string) *State {
	return &State{problem: problem}
}

// Set notes what is in the way; nothing means ready. What is new is logged.
func (state *State) Set(problem string) {
	state.mutex.Lock()
	defer state.mutex.Unlock()
	if problem == state.problem {
		return
	}
	state.problem = problem
	_, text := state.answer()
	fmt.Println(text)
}

// ServeHTTP answers with 200, or with 503 and what is in the way.
func (state *State) ServeHTTP(writer http.ResponseWriter, _ *http.Request) {
	state.mutex.Lock()
	status, text := state.answer()
	state.mutex.Unlock()
	writer.WriteHeader(status)
	fmt.Fprintln(writer, text)
}

func (state *State) answer() (int, string) {
	if state.problem == "" {
		return http.StatusOK, "ready"
	}
	return http.StatusServiceUnavailable, state.problem
}

// Check asks the program that listens at this address of the same pod, as `:8080`. It prints the answer and returns an exit
// code. The kubelet leaves out what an HTTP probe is answered; a command's output it tells.
func Check(listen string) int {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		fmt.Fprintln(os.Stderr, "no address to ask:", err)
		return 1
	}
	if host == "" {
		host = "127.0.0.1"
	}
	client := http.Client{Timeout: 4 * time.Second}
	response, err := client.Get("http://" + net.JoinHostPort(host, port) + Path)
	if err != nil {
		fmt.Println("it has not started yet")
		return 1
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(response.Body, 4096))
	fmt.Println(strings.TrimSpace(string(text)))
	if response.StatusCode != http.StatusOK {
		return 1
	}
	return 0
}
