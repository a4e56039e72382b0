package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"backstack.dev/lib/client"
)

// The check that asks for the approval of somebody other than whoever wants the change. A program is the author of what it
// proposes for a person, so Gitea itself would let that person approve. Asked for where the branch's protection names it.
const secondName = "second person"

// How a program says in a commit for whom it made it, as `Ordered-for: user:default/ann`.
const trailer = "Ordered-for: "

type account struct {
	Login string `json:"login"`
}

type commit struct {
	Author *account `json:"author"`
	Commit struct {
		Message string `json:"message"`
	} `json:"commit"`
}

type reviewed struct {
	State     string  `json:"state"`
	Official  bool    `json:"official"`
	Stale     bool    `json:"stale"`
	Dismissed bool    `json:"dismissed"`
	User      account `json:"user"`
}

// Whether it is an approval that the branch's rule takes for one.
func (review reviewed) counts() bool {
	return review.State == "APPROVED" && review.Official && !review.Stale && !review.Dismissed
}

// Says at a pull request whether a second person has approved it, if the rule for its branch wants to know.
func judgeSecond(ctx context.Context, gitea *client.Client, repository string, pull pull) error {
	at := "/repos/" + organisation + "/" + repository
	var branch struct {
		Contexts []string `json:"status_check_contexts"`
	}
	if err := gitea.Send(ctx, http.MethodGet, at+"/branches/main", nil, &branch); err != nil {
		return err
	}
	if !slices.Contains(branch.Contexts, secondName) {
		return nil
	}
	var commits []commit
	if err := gitea.Send(ctx, http.MethodGet, fmt.Sprintf("%s/pulls/%d/commits?limit=50&stat=false&files=false", at, pull.Number), nil, &commits); err != nil {
		return err
	}
	var reviews []reviewed
	if err := gitea.Send(ctx, http.MethodGet, fmt.Sprintf("%s/pulls/%d/reviews?limit=50", at, pull.Number), nil, &reviews); err != nil {
		return err
	}
	state, text := second(commits, reviews)
	return gitea.Send(ctx, http.MethodPost, at+"/statuses/"+pull.Head.SHA, map[string]any{
		"context": secondName, "state": state, "description": text,
	}, nil)
}

// Whether somebody has approved who had no part in the commits.
func second(commits []commit, reviews []reviewed) (string, string) {
	involved := involved(commits)
	for _, review := range reviews {
		if review.counts() && !slices.Contains(involved, review.User.Login) {
			return "success", "approved by " + review.User.Login
		}
	}
	return "pending", "Waits for the approval of somebody other than " + strings.Join(involved, ", ")
}

// Who wrote commits, and for whom programs did.
func involved(commits []commit) []string {
	var found []string
	add := func(name string) {
		if name != "" && !slices.Contains(found, name) {
			found = append(found, name)
		}
	}
	for _, commit := range commits {
		for line := range strings.Lines(commit.Commit.Message) {
			if person, is := strings.CutPrefix(strings.TrimSpace(line), trailer); is {
				add(person[strings.LastIndex(person, "/")+1:])
			}
		}
		if commit.Author != nil {
			add(commit.Author.Login)
		}
	}
	return found
}
