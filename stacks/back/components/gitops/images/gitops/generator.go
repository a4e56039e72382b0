package main

import (
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"regexp"
	"strings"
)

// What an ApplicationSet is told of a file: the same as by Argo CD's own generator for files, and the Application's name.
type orderFile struct {
	Name string    `json:"name"`
	Path orderPath `json:"path"`
}

type orderPath struct {
	Path     string   `json:"path"`
	Filename string   `json:"filename"`
	Segments []string `json:"segments"`
}

// Tells the ApplicationSet which files there are. Argo CD's own generator reads every file, and stops at the first that is
// not YAML: then no order of anybody becomes an Application. Here each file becomes one, and what cannot be read is told by
// its own Application, with its name and line.
func (gitops *gitops) generate(writer http.ResponseWriter, request *http.Request) {
	given := strings.TrimPrefix(request.Header.Get("Authorization"), "Bearer ")
	secret, err := gitops.cluster.Secret(request.Context(), gitops.namespace, generatorSecret)
	if err != nil || secret["token"] == "" || subtle.ConstantTimeCompare([]byte(given), []byte(secret["token"])) != 1 {
		http.Error(writer, "this is for Argo CD", http.StatusForbidden)
		return
	}
	files, err := gitops.orderFiles(request.Context())
	if err != nil {
		// Anything but a list: an empty one would take every order away.
		fmt.Println(err)
		http.Error(writer, err.Error(), http.StatusBadGateway)
		return
	}
	writer.Header().Set("Content-Type", "application/json")
	answer := map[string]any{"output": map[string]any{"parameters": applications(files)}}
	if err := json.NewEncoder(writer).Encode(answer); err != nil {
		fmt.Println(err)
	}
}

// The Secret with which Argo CD proves that it is Argo CD.
const generatorSecret = "generator"

// What Applications cannot be called.
var unfit = regexp.MustCompile(`[^a-z0-9.-]+`)

func applications(files []string) []orderFile {
	all, taken := make([]orderFile, 0, len(files)), map[string]bool{}
	for _, file := range files {
		folder, filename := path.Split(file)
		folder = strings.TrimSuffix(folder, "/")
		segments := strings.Split(folder, "/")
		name := strings.Join(append(segments[:len(segments):len(segments)], strings.TrimSuffix(filename, ".yaml")), "-")
		// One that Kubernetes would refuse stops the whole set as well.
		name = strings.Trim(unfit.ReplaceAllString(strings.ToLower(name), "-"), "-.")
		for number := 2; taken[name]; number++ {
			name = fmt.Sprintf("%s-%d", strings.TrimSuffix(name, fmt.Sprintf("-%d", number-1)), number)
		}
		taken[name] = true
		all = append(all, orderFile{name, orderPath{folder, filename, segments}})
	}
	return all
}
