package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"backstack.dev/lib/client"
)

const (
	organisation = "backstack"
	branch       = "main"
)

// Fills every repository that is empty. One that has a commit belongs to its users and is never written to.
func (gitops *gitops) seed(ctx context.Context) error {
	folders, err := os.ReadDir(gitops.seeds)
	if err != nil {
		return err
	}
	gitea, err := gitops.gitea(ctx, "seeder")
	if err != nil {
		return err
	}
	for _, folder := range folders {
		if err := gitops.fill(ctx, gitea, folder.Name()); err != nil {
			return fmt.Errorf("repository %s: %w", folder.Name(), err)
		}
	}
	return nil
}

func (gitops *gitops) fill(ctx context.Context, gitea *client.Client, name string) error {
	at := "/repos/" + organisation + "/" + name
	var found struct {
		Empty bool `json:"empty"`
	}
	if there, err := gitea.Get(ctx, at, &found); err != nil || !there {
		return orElse(err, fmt.Errorf("Gitea does not have it"))
	}
	if !found.Empty {
		return nil
	}
	files, err := read(filepath.Join(gitops.seeds, name))
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fmt.Errorf("there are no files to fill it with")
	}
	fmt.Printf("fill repository %s with %d files\n", name, len(files))
	// One commit: either all of it is there or nothing.
	return gitea.Send(ctx, http.MethodPost, at+"/contents", map[string]any{
		"branch": branch, "message": "The platform's first state", "files": files,
	}, nil)
}

// The files of a mounted ConfigMap. Its keys have `__` where a path has `/`.
func read(folder string) ([]map[string]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var files []map[string]string
	for _, entry := range entries {
		// Kubernetes' own, as `..data`.
		if strings.HasPrefix(entry.Name(), "..") {
			continue
		}
		content, err := os.ReadFile(filepath.Join(folder, entry.Name()))
		if err != nil {
			return nil, err
		}
		files = append(files, map[string]string{
			"operation": "create", "path": strings.ReplaceAll(entry.Name(), "__", "/"),
			"content": base64.StdEncoding.EncodeToString(content),
		})
	}
	return files, nil
}

func orElse(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}
