package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"backstack.dev/lib/client"
)

// An API with this label: what is ordered of it needs the approval of a platform engineer, as it bends the platform's rules.
const (
	approvalLabel = "backstack.dev/approval"
	byEngineers   = "platform-engineer"
)

// The kinds among these files that need a platform engineer. Taking such a thing away needs nobody.
func (gitops *gitops) guarded(ctx context.Context, repository string, files []changedFile) ([]string, error) {
	if repository != orderRepository {
		return nil, nil
	}
	definitions, err := gitops.definitions(ctx)
	if err != nil {
		return nil, err
	}
	return guardedOf(definitions, files), nil
}

func guardedOf(definitions []definition, files []changedFile) []string {
	var kinds []string
	for _, file := range files {
		objects, err := objectsOf(file.content)
		if err != nil || file.deleted {
			continue
		}
		for _, object := range objects {
			group, _, _ := strings.Cut(object.APIVersion, "/")
			is := func(one definition) bool {
				return one.Metadata.Labels[approvalLabel] == byEngineers && one.Spec.Group == group &&
					(one.Spec.Names.Kind == object.Kind || one.Spec.ClaimNames.Kind == object.Kind)
			}
			if slices.ContainsFunc(definitions, is) && !slices.Contains(kinds, object.Kind) {
				kinds = append(kinds, object.Kind)
			}
		}
	}
	return kinds
}

// What a pull request still waits for because of such kinds, or nothing.
func (gitops *gitops) waitsForEngineer(ctx context.Context, gitea *client.Client, repository string, pull pull, files []changedFile) (string, error) {
	kinds, err := gitops.guarded(ctx, repository, files)
	if err != nil || len(kinds) == 0 {
		return "", err
	}
	var reviews []reviewed
	path := fmt.Sprintf("/repos/%s/%s/pulls/%d/reviews?limit=50", organisation, repository, pull.Number)
	if err := gitea.Send(ctx, http.MethodGet, path, nil, &reviews); err != nil {
		return "", err
	}
	// Whoever may write to the platform itself; the programs among them give no approval that counts.
	var engineers []account
	if err := gitea.Send(ctx, http.MethodGet, "/repos/"+organisation+"/platform/assignees", nil, &engineers); err != nil {
		return "", err
	}
	for _, review := range reviews {
		if review.counts() && slices.Contains(engineers, review.User) {
			return "", nil
		}
	}
	return fmt.Sprintf("Waits for the approval of a platform engineer, as every %s does", strings.Join(kinds, " and ")), nil
}

// Judges anew what may have waited for this review.
func (gitops *gitops) judgeReviewed(ctx context.Context, gitea *client.Client, repository string, pull pull) error {
	files, err := changedFiles(ctx, gitea, "/repos/"+organisation+"/"+repository, pull)
	if err != nil {
		return err
	}
	if kinds, err := gitops.guarded(ctx, repository, files); err != nil || len(kinds) == 0 {
		return err
	}
	return gitops.judge(ctx, gitea, repository, pull)
}
