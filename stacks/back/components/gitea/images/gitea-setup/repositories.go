package main

import (
	"context"
	"net/http"
	"reflect"
	"slices"
)

// Makes the repositories that are missing, empty, and mends their settings and the rule for their branch.
func (setup *setup) repositories(ctx context.Context) error {
	for _, repository := range repositories {
		if err := setup.repository(ctx, repository); err != nil {
			return err
		}
	}
	return nil
}

func (setup *setup) repository(ctx context.Context, repository repository) error {
	at := "/repos/" + organisation + "/" + repository.name
	found := map[string]any{}
	there, err := setup.gitea.Get(ctx, at, &found)
	if err != nil {
		return err
	}
	if !there {
		setup.say("make repository %s", repository.name)
		err := setup.gitea.Send(ctx, http.MethodPost, "/orgs/"+organisation+"/repos", map[string]any{
			"name": repository.name, "description": repository.description, "default_branch": branch,
		}, &found)
		if err != nil {
			return err
		}
	}
	if differs(repositorySettings, found) {
		setup.say("set up repository %s", repository.name)
		return setup.gitea.Send(ctx, http.MethodPatch, at, repositorySettings, nil)
	}
	return nil
}

// The rules name teams, which are dropped silently while they may not read the repository: so this comes after teams.
func (setup *setup) protections(ctx context.Context) error {
	for _, repository := range repositories {
		if err := setup.protection(ctx, repository); err != nil {
			return err
		}
	}
	return nil
}

func (setup *setup) protection(ctx context.Context, repository repository) error {
	at := "/repos/" + organisation + "/" + repository.name + "/branch_protections"
	wanted := protection(repository, setup.fourEyes)
	found := map[string]any{}
	there, err := setup.gitea.Get(ctx, at+"/"+branch, &found)
	switch {
	case err != nil:
		return err
	case !there:
		setup.say("protect %s of %s", branch, repository.name)
		wanted["rule_name"] = branch
		return setup.gitea.Send(ctx, http.MethodPost, at, wanted, nil)
	case differs(wanted, found):
		setup.say("mend the protection of %s of %s", branch, repository.name)
		return setup.gitea.Send(ctx, http.MethodPatch, at+"/"+branch, wanted, nil)
	}
	return nil
}

// Whether what was found lacks something of what is wanted. Lists are sets.
func differs(wanted, found map[string]any) bool {
	for key, value := range wanted {
		list, isList := value.([]any)
		other, _ := found[key].([]any)
		if isList && !sameSet(list, other) || !isList && !reflect.DeepEqual(value, found[key]) {
			return true
		}
	}
	return false
}

// Whether one list has all of another's items: of Gitea's events, one stands for several, which it all tells.
func hasAll[T comparable](one, other []T) bool {
	return !slices.ContainsFunc(other, func(item T) bool { return !slices.Contains(one, item) })
}

func sameSet[T comparable](one, other []T) bool {
	in := func(list []T) func(T) bool {
		return func(item T) bool { return slices.Contains(list, item) }
	}
	return !slices.ContainsFunc(one, not(in(other))) && !slices.ContainsFunc(other, not(in(one)))
}

func not[T any](test func(T) bool) func(T) bool {
	return func(item T) bool { return !test(item) }
}
