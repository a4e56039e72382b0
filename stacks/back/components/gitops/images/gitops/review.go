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
			}
			if err := gitea.Send(ctx, http.MethodGet, at+"/statuses/"+pull.Head.SHA+"?limit=50", nil, &statuses); err != nil {
				return err
			}
			known := false
			for _, status := range statuses {
				known = known || status.Context == checkName
			}
			if !known {
				if err := judge(ctx, gitea, repository, pull); err != nil {
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

// Says at a pull request whether Argo CD will be able to read its files: one that it cannot read would stop all
// others in the repository from being applied.
func judge(ctx context.Context, gitea *client.Client, repository string, pull pull) error {
	at := "/repos/" + organisation + "/" + repository
	problem, err := firstProblem(ctx, gitea, at, repository, pull)
	if err != nil {
		return err
	}
	state, text := "success", "Argo CD can read every file"
	if problem != "" {
		state, text = "failure", problem
	}
	fmt.Printf("%s#%d: %s\n", repository, pull.Number, text)
	if len(text) > 250 {
		text = text[:247] + "..."
	}
	return gitea.Send(ctx, http.MethodPost, at+"/statuses/"+pull.Head.SHA, map[string]any{
		"context": checkName, "state": state, "description": text,
	}, nil)
}

func firstProblem(ctx context.Context, gitea *client.Client, at, repository string, pull pull) (string, error) {
	const most = 50
	for page := 1; ; page++ {
		var changed []struct {
			Name   string `json:"filename"`
			Status string `json:"status"`
		}
		path := fmt.Sprintf("%s/pulls/%d/files?limit=%d&page=%d", at, pull.Number, most, page)
		if err := gitea.Send(ctx, http.MethodGet, path, nil, &changed); err != nil {
			return "", err
		}
		for _, file := range changed {
			if file.Status == "deleted" || !isManifest(file.Name) {
				continue
			}
			content, err := contentOf(ctx, gitea, at, file.Name, pull.Head.SHA)
			if err != nil {
				return "", err
			}
			if problem := problemOf(repository, file.Name, content); problem != "" {
				return file.Name + ": " + problem, nil
			}
		}
		if len(changed) < most {
			return "", nil
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
