package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
)

// Makes the users that are missing.
func (setup *setup) users(ctx context.Context) error {
	for _, user := range users {
		there, err := setup.gitea.Get(ctx, "/users/"+user.name, nil)
		if err != nil {
			return err
		}
		if !there {
			if err := setup.makeUser(ctx, user); err != nil {
				return err
			}
		}
	}
	return nil
}

func (setup *setup) makeUser(ctx context.Context, user user) error {
	// Nobody ever signs in with a program's password.
	password := rand.Text()
	if user.passwordVariable != "" {
		if password = os.Getenv(user.passwordVariable); password == "" {
			return fmt.Errorf("no password for %s: %s is not set", user.name, user.passwordVariable)
		}
	}
	setup.say("make user %s", user.name)
	return setup.gitea.Send(ctx, http.MethodPost, "/admin/users", map[string]any{
		"username": user.name, "full_name": user.fullName, "email": user.name + "@" + mailDomain,
		"password": password, "must_change_password": false, "restricted": user.restricted, "visibility": "limited",
	}, nil)
}

func (setup *setup) organisation(ctx context.Context) error {
	there, err := setup.gitea.Get(ctx, "/orgs/"+organisation, nil)
	if err != nil || there {
		return err
	}
	setup.say("make organisation %s", organisation)
	return setup.gitea.Send(ctx, http.MethodPost, "/orgs", map[string]any{
		"username": organisation, "full_name": "Backstack", "visibility": "limited",
		"description": "The platform's own repositories.",
	}, nil)
}

// Makes the teams that are missing, and puts members and repositories into them.
func (setup *setup) teams(ctx context.Context) error {
	var found []struct {
		ID   int64  `json:"id"`
		Name string `json:"name"`
	}
	if err := setup.gitea.Send(ctx, http.MethodGet, "/orgs/"+organisation+"/teams?limit=50", nil, &found); err != nil {
		return err
	}
	ids := map[string]int64{}
	for _, team := range found {
		ids[team.Name] = team.ID
	}
	for _, team := range teams {
		id, there := ids[team.Name]
		if !there {
			var err error
			if id, err = setup.makeTeam(ctx, team); err != nil {
				return err
			}
		}
		at := fmt.Sprintf("/teams/%d", id)
		if err := setup.fillTeam(ctx, at, team); err != nil {
			return err
		}
		if team.Name == engineers {
			if err := setup.tellEngineers(ctx, at); err != nil {
				return err
			}
		}
	}
	return nil
}

// Tells who the platform engineers are, beside the token of the program that asks for their approval: Gitea itself tells the
// members of a team only to those who are in it.
func (setup *setup) tellEngineers(ctx context.Context, at string) error {
	var members []struct {
		Login string `json:"login"`
	}
	if err := setup.gitea.Send(ctx, http.MethodGet, at+"/members?limit=50", nil, &members); err != nil {
		return err
	}
	var names []string
	for _, member := range members {
		names = append(names, member.Login)
	}
	slices.Sort(names)
	wanted := strings.Join(names, " ")
	kept, err := setup.cluster.Secret(ctx, setup.namespace, "seeder")
	if err != nil || kept[engineers] == wanted {
		return err
	}
	setup.say("the platform engineers are %s", wanted)
	return setup.cluster.SetSecret(ctx, setup.namespace, "seeder", map[string]string{engineers: wanted})
}

func (setup *setup) makeTeam(ctx context.Context, team team) (int64, error) {
	setup.say("make team %s", team.Name)
	var made struct {
		ID int64 `json:"id"`
	}
	units := map[string]string{}
	for _, unit := range []string{"code", "pulls", "issues"} {
		units["repo."+unit] = team.access
	}
	err := setup.gitea.Send(ctx, http.MethodPost, "/orgs/"+organisation+"/teams", map[string]any{
		"name": team.Name, "description": team.description, "permission": team.access, "units_map": units,
		"visibility": "limited",
	}, &made)
	return made.ID, err
}

func (setup *setup) fillTeam(ctx context.Context, at string, team team) error {
	var needed []string
	for _, member := range team.members {
		needed = append(needed, at+"/members/"+member)
	}
	for _, name := range team.repositories {
		needed = append(needed, at+"/repos/"+organisation+"/"+name)
	}
	for _, path := range needed {
		there, err := setup.gitea.Get(ctx, path, nil)
		if err != nil {
			return err
		}
		if !there {
			if err := setup.gitea.Send(ctx, http.MethodPut, path, nil, nil); err != nil {
				return err
			}
		}
	}
	return nil
}
