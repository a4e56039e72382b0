package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"backstack.dev/lib/ready"
)

const largest = 4 << 20

// A verdict that takes longer is made anew at the next look at everything.
const verdictTime = 2 * time.Minute

// What Gitea tells of, as far as it matters here.
type event struct {
	Ref        string `json:"ref"`
	Action     string `json:"action"`
	Pull       *pull  `json:"pull_request"`
	Repository struct {
		Name     string `json:"name"`
		FullName string `json:"full_name"`
		Branch   string `json:"default_branch"`
	} `json:"repository"`
}

func (gitops *gitops) routes(state *ready.State) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET "+ready.Path, state)
	mux.HandleFunc("POST /api/v1/getparams.execute", gitops.generate)
	mux.HandleFunc("POST /gitea", func(writer http.ResponseWriter, request *http.Request) {
		status, text := gitops.receive(request)
		writer.WriteHeader(status)
		fmt.Fprintln(writer, text)
	})
	return mux
}

// Takes an event that carries Gitea's signature. The answer stands in Gitea beside the delivery.
//
// The payload's addresses are those that browsers use; Argo CD knows the cluster's own. So only the repository's
// name is taken from it.
func (gitops *gitops) receive(request *http.Request) (int, string) {
	body, err := io.ReadAll(io.LimitReader(request.Body, largest+1))
	if err != nil || len(body) > largest {
		return http.StatusBadRequest, "the event is too large, or broke off"
	}
	// Read each time: it is the same Secret that Gitea's webhook was made with.
	shared, err := gitops.cluster.Secret(request.Context(), gitops.giteaNamespace, "webhook")
	if err != nil {
		return http.StatusInternalServerError, err.Error()
	}
	if !signed(body, request.Header.Get("X-Gitea-Signature"), shared["secret"]) {
		return http.StatusForbidden, "the signature is wrong"
	}
	var event event
	if err := json.Unmarshal(body, &event); err != nil {
		return http.StatusBadRequest, "the event is not JSON"
	}
	if event.Pull != nil {
		return gitops.look(request.Context(), &event)
	}
	if request.Header.Get("X-Gitea-Event") != "push" || event.Ref != "refs/heads/"+event.Repository.Branch {
		return http.StatusOK, "not a change of a default branch: nothing to do"
	}
	// Before Argo CD looks: what is missing for it is made first. Should that fail, the next look at everything makes good.
	if err := gitops.orders(request.Context()); err != nil {
		fmt.Println(err)
	}
	if event.Repository.Name != orderRepository {
		// New APIs come a little later.
		go gitops.follow(context.WithoutCancel(request.Context()))
	}
	if err := gitops.refresh(request.Context(), event.Repository.FullName); err != nil {
		fmt.Println(err)
		return http.StatusBadGateway, err.Error()
	}
	return http.StatusOK, "Argo CD looks at " + event.Repository.FullName
}

// Judges a pull request's files when they are new, and who approved it when somebody did.
func (gitops *gitops) look(ctx context.Context, event *event) (int, string) {
	isNew := event.Action == "opened" || event.Action == "reopened" || event.Action == "synchronized"
	if !isNew && event.Action != "reviewed" {
		return http.StatusOK, "neither its files nor its reviews have changed: nothing to do"
	}
	gitea, err := gitops.gitea(ctx, "seeder")
	if err != nil {
		fmt.Println(err)
		return http.StatusBadGateway, err.Error()
	}
	// Gitea waits a few seconds for an answer, and the verdict may take longer.
	go func() {
		ctx, end := context.WithTimeout(context.WithoutCancel(ctx), verdictTime)
		defer end()
		var err error
		if isNew {
			err = gitops.judge(ctx, gitea, event.Repository.Name, *event.Pull)
		} else {
			err = gitops.judgeReviewed(ctx, gitea, event.Repository.Name, *event.Pull)
		}
		if err == nil {
			err = judgeSecond(ctx, gitea, event.Repository.Name, *event.Pull)
		}
		if err != nil {
			fmt.Println(err)
		}
	}()
	return http.StatusAccepted, "it is looked at"
}

func signed(body []byte, signature, secret string) bool {
	if secret == "" {
		return false
	}
	sum := hmac.New(sha256.New, []byte(secret))
	sum.Write(body)
	given, err := hex.DecodeString(signature)
	return err == nil && hmac.Equal(given, sum.Sum(nil))
}
