package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"

	"backstack.dev/lib/client"
	"gopkg.in/yaml.v3"
)

// What the platform makes of a pull request.
type verdict struct {
	files []judged
	// The files may stand on each other, as a composition on its definition, and each was judged by itself: what is missing
	// may come with another one.
	together bool
	// Why nobody was asked. Then the pull request is not held up: what is wrong with it is reported after the merge, too.
	silent string
}

// What it makes of one file.
type judged struct {
	name    string
	preview *preview
	// Why it cannot be told.
	unclear string
}

// Asks about every file. What cannot be asked about is said, and nothing more.
func (gitops *gitops) verdict(ctx context.Context, repository string, files []changedFile) verdict {
	// What developers order stands for itself.
	verdict := verdict{together: repository != "demo-cluster" && len(files) > 1}
	for _, file := range files {
		one := judged{name: file.name}
		arguments, why := question(repository, file)
		if why != "" {
			one.unclear = why
			verdict.files = append(verdict.files, one)
			continue
		}
		preview, err := gitops.assistant.preview(ctx, arguments)
		switch {
		case err == nil:
			one.preview = preview
		case isUnclear(err):
			one.unclear = err.Error()
		default:
			verdict.silent = err.Error()
			return verdict
		}
		verdict.files = append(verdict.files, one)
	}
	return verdict
}

// The question about a file, or why there is none.
func question(repository string, file changedFile) (map[string]any, string) {
	objects, err := objectsOf(file.content)
	if err != nil || len(objects) == 0 {
		return nil, "it holds no object"
	}
	if !file.deleted {
		content, err := placed(repository, file, objects)
		if err != nil {
			return nil, err.Error()
		}
		return map[string]any{"manifest": content, "file": repository + ":" + file.name}, ""
	}
	if len(objects) > 1 {
		return nil, fmt.Sprintf("it goes with the %d objects in it", len(objects))
	}
	one := objects[0]
	name := one.Metadata.Name
	if namespace := namespaceOf(repository, file.name, one); namespace != "" {
		name = namespace + "/" + name
	}
	return map[string]any{"entity": one.Kind + ":" + name, "action": "delete"}, ""
}

// In the developers' repository the folder is the namespace.
func namespaceOf(repository, name string, object manifest) string {
	folder, _, _ := strings.Cut(name, "/")
	if object.Metadata.Namespace != "" || repository != "demo-cluster" || folder == "cluster" {
		return object.Metadata.Namespace
	}
	return folder
}

// The manifest with its namespace, where that is only the folder's name.
func placed(repository string, file changedFile, objects []manifest) (string, error) {
	if len(objects) != 1 || objects[0].Metadata.Namespace != "" {
		return string(file.content), nil
	}
	namespace := namespaceOf(repository, file.name, objects[0])
	if namespace == "" {
		return string(file.content), nil
	}
	var document map[string]any
	if err := yaml.NewDecoder(bytes.NewReader(file.content)).Decode(&document); err != nil {
		return "", err
	}
	if metadata, is := document["metadata"].(map[string]any); is {
		metadata["namespace"] = namespace
	}
	content, err := yaml.Marshal(document)
	return string(content), err
}

func (verdict verdict) refused() []string {
	if verdict.together {
		return nil
	}
	return verdict.reasons()
}

func (verdict verdict) reasons() []string {
	var reasons []string
	for _, file := range verdict.files {
		if file.preview != nil && !file.preview.Acceptable {
			reasons = append(reasons, strings.TrimPrefix(file.preview.Verdict, "not acceptable: "))
		}
	}
	return reasons
}

func (verdict verdict) warnings() []string {
	var warnings []string
	if verdict.together {
		for _, reason := range verdict.reasons() {
			warnings = append(warnings, reason+" (unless another file of this pull request brings it)")
		}
	}
	for _, file := range verdict.files {
		if file.preview != nil {
			warnings = append(warnings, file.preview.warnings()...)
		}
	}
	return warnings
}

func (verdict verdict) state() string {
	if len(verdict.refused()) > 0 {
		return "failure"
	}
	return "success"
}

// In a line, as it stands beside the check.
func (verdict verdict) line() string {
	refused, warnings, unclear := verdict.refused(), len(verdict.warnings()), 0
	for _, file := range verdict.files {
		if file.preview == nil {
			unclear++
		}
	}
	switch {
	case len(refused) > 0:
		return strings.Join(refused, "; ")
	case verdict.silent != "":
		return "Argo CD can read every file; policies could not be asked"
	case warnings == 1:
		return "Argo CD can read every file; a policy is not content, see the comment"
	case warnings > 1:
		return fmt.Sprintf("Argo CD can read every file; %d things are not as policies want them, see the comment", warnings)
	}
	if unclear > 0 {
		return "Argo CD can read every file; what it does could not be told of all, see the comment"
	}
	return "Argo CD can read every file, and every policy is content"
}

// As it stands among the comments.
func (verdict verdict) comment() string {
	var text strings.Builder
	text.WriteString(commentMark + "\n")
	if verdict.silent != "" {
		fmt.Fprintf(&text, "What this does could not be told: %s.\n", verdict.silent)
		return text.String()
	}
	text.WriteString("**What this does**\n")
	for _, file := range verdict.files {
		if file.preview == nil {
			fmt.Fprintf(&text, "\n`%s`: cannot be told: %s\n", file.name, file.unclear)
			continue
		}
		fmt.Fprintf(&text, "\n`%s`: %s\n", file.name, file.preview.Summary)
		for _, line := range file.preview.effects() {
			fmt.Fprintf(&text, "- %s\n", line)
		}
	}
	list(&text, "**Refused**", verdict.refused())
	list(&text, "**Not as it should be**, and not refused", verdict.warnings())
	return text.String()
}

func list(text *strings.Builder, title string, items []string) {
	if len(items) == 0 {
		return
	}
	fmt.Fprintf(text, "\n%s\n\n", title)
	for _, item := range items {
		fmt.Fprintf(text, "- %s\n", strings.ReplaceAll(item, "\n", " "))
	}
}

// What becomes of what it is made of, in the order in which people ask: what is lost first.
func (preview *preview) effects() []string {
	var lines []string
	byEffect := map[string][]string{"delete": preview.GoesToo}
	if preview.Composed != nil {
		for _, resource := range preview.Composed.Resources {
			byEffect[resource.Effect] = append(byEffect[resource.Effect], resource.Object)
		}
	}
	for _, effect := range []struct{ name, word string }{{"delete", "deletes"}, {"create", "creates"}, {"change", "changes"}} {
		if objects := byEffect[effect.name]; len(objects) > 0 {
			lines = append(lines, effect.word+" "+strings.Join(objects, ", "))
		}
	}
	return lines
}

func (preview *preview) warnings() []string {
	all := preview.DryRun
	if preview.Composed != nil {
		all = append(all[:len(all):len(all)], preview.Composed.DryRun...)
	}
	var warnings []string
	for _, tried := range all {
		for _, warning := range tried.Warnings {
			warnings = append(warnings, tried.Object+": "+warning)
		}
	}
	for _, image := range preview.Images {
		// Of one that could not be looked for, the pod will say whether it is there.
		if image.State != "found" {
			warnings = append(warnings, "image "+image.Image+": "+image.Detail)
		}
	}
	return warnings
}

// By this the comment is known again: a pull request has one, which follows its last commit.
const commentMark = "<!-- the platform's verdict -->"

func comment(ctx context.Context, gitea *client.Client, at string, pull pull, text string) error {
	var comments []struct {
		ID   int64  `json:"id"`
		Body string `json:"body"`
	}
	path := fmt.Sprintf("%s/issues/%d/comments", at, pull.Number)
	if err := gitea.Send(ctx, http.MethodGet, path, nil, &comments); err != nil {
		return err
	}
	for _, one := range comments {
		if strings.HasPrefix(one.Body, commentMark) {
			return gitea.Send(ctx, http.MethodPatch, fmt.Sprintf("%s/issues/comments/%d", at, one.ID), map[string]any{"body": text}, nil)
		}
	}
	return gitea.Send(ctx, http.MethodPost, path, map[string]any{"body": text}, nil)
}
