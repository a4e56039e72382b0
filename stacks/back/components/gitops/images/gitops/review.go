package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"backstack.dev/lib/client"
)

// The name under which the verdict stands at a pull request. The branch's protection asks for it.
const checkName = "files"

// A pull request, as far as it matters here.
type pull struct {
	Number int64 `json:"number"`
	Head   struct {
		SHA string `json:"sha"`
	} `json:"head"`
	Base struct {
		SHA string `json:"sha"`
	} `json:"base"`
}

// Looks at the files of every open pull request that has no verdict yet, for events that were missed.
func (gitops *gitops) review(ctx context.Context) error {
	gitea, err := gitops.gitea(ctx, "seeder")
	if err != nil {
		return err
	}
	for _, repository := range []string{"platform", "demo-cluster"} {
		var open []pull
		at := "/repos/" + organisation + "/" + repository
		if err := gitea.Send(ctx, http.MethodGet, at+"/pulls?state=open&limit=50", nil, &open); err != nil {
			return err
		}
		for _, pull := range open {
			var statuses []struct {
				Context string `json:"context"`
				State   string `json:"status"`
			}
			if err := gitea.Send(ctx, http.MethodGet, at+"/statuses/"+pull.Head.SHA+"?limit=50", nil, &statuses); err != nil {
				return err
			}
			known := false
			for _, status := range statuses {
				// One that is still pending was begun by a program that ended before it was through.
				known = known || status.Context == checkName && status.State != "pending"
			}
			if !known {
				if err := gitops.judge(ctx, gitea, repository, pull); err != nil {
					return err
				}
			}
			if err := judgeSecond(ctx, gitea, repository, pull); err != nil {
				return err
			}
		}
	}
	return nil
}

// Says at a pull request whether Argo CD will be able to read its files (one that it cannot read
// stops what the same Application applies), and what the platform makes of each.
func (gitops *gitops) judge(ctx context.Context, gitea *client.Client, repository string, pull pull) error {
	at := "/repos/" + organisation + "/" + repository
	files, err := changedFiles(ctx, gitea, at, pull)
	if err != nil {
		return err
	}
	for _, file := range files {
		if problem := problemOf(repository, file.name, file.content); problem != "" && !file.deleted {
			return say(ctx, gitea, at, pull, "failure", file.name+": "+problem)
		}
	}
	if problem, err := gitops.placeProblem(ctx, repository, files); err != nil || problem != "" {
		if err != nil {
			return err
		}
		return say(ctx, gitea, at, pull, "failure", problem)
	}
	if err := say(ctx, gitea, at, pull, "pending", "Policies and compositions are asked"); err != nil {
		return err
	}
	verdict := gitops.verdict(ctx, repository, files)
	if err := comment(ctx, gitea, at, pull, verdict.comment()); err != nil {
		fmt.Println(err)
	}
	waits, err := gitops.waitsForEngineer(ctx, gitea, repository, pull, files)
	if err != nil {
		return err
	}
	if waits != "" && verdict.state() == "success" {
		return say(ctx, gitea, at, pull, "pending", waits)
	}
	return say(ctx, gitea, at, pull, verdict.state(), verdict.line())
}

// The verdict in a line. Gitea keeps 255 letters of it.
func say(ctx context.Context, gitea *client.Client, at string, pull pull, state, text string) error {
	fmt.Printf("%s#%d: %s: %s\n", at, pull.Number, state, text)
	if runes := []rune(text); len(runes) > 250 {
		text = string(runes[:247]) + "..."
	}
	return gitea.Send(ctx, http.MethodPost, at+"/statuses/"+pull.Head.SHA, map[string]any{
		"context": checkName, "state": state, "description": text,
	}, nil)
}

// A file of a pull request: with its new content, or with the last one if it goes.
type changedFile struct {
	name    string
	deleted bool
	content []byte
}

// The manifests that a pull request changes.
func changedFiles(ctx context.Context, gitea *client.Client, at string, pull pull) ([]changedFile, error) {
	const most = 50
	var files []changedFile
	for page := 1; ; page++ {
		var changed []struct {
			Name   string `json:"filename"`
			Status string `json:"status"`
		}
		path := fmt.Sprintf("%s/pulls/%d/files?limit=%d&page=%d", at, pull.Number, most, page)
		if err := gitea.Send(ctx, http.MethodGet, path, nil, &changed); err != nil {
			return nil, err
		}
		for _, file := range changed {
			if !isManifest(file.Name) {
				continue
			}
			deleted := file.Status == "deleted"
			commit := pull.Head.SHA
			if deleted {
				commit = pull.Base.SHA
			}
			content, err := contentOf(ctx, gitea, at, file.Name, commit)
			if err != nil {
				return nil, err
			}
			files = append(files, changedFile{file.Name, deleted, content})
		}
		if len(changed) < most {
			return files, nil
		}
	}
}

// A file's content in a commit.
func contentOf(ctx context.Context, gitea *client.Client, at, name, commit string) ([]byte, error) {
	var file struct {
		Content string `json:"content"`
	}
	path := at + "/contents/" + strings.ReplaceAll(url.PathEscape(name), "%2F", "/") + "?ref=" + url.QueryEscape(commit)
	if err := gitea.Send(ctx, http.MethodGet, path, nil, &file); err != nil {
		return nil, err
	}
	return base64.StdEncoding.DecodeString(file.Content)
}
