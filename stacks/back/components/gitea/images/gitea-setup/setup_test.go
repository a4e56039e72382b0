package main

import "testing"

func TestWhatDiffersIsSeen(t *testing.T) {
	wanted := map[string]any{"required_approvals": 1.0, "enable_push": true, "teams": []any{"a", "b"}}
	for name, test := range map[string]struct {
		found   map[string]any
		differs bool
	}{
		"same":           {map[string]any{"required_approvals": 1.0, "enable_push": true, "teams": []any{"b", "a"}, "more": 1}, false},
		"another number": {map[string]any{"required_approvals": 0.0, "enable_push": true, "teams": []any{"a", "b"}}, true},
		"a team dropped": {map[string]any{"required_approvals": 1.0, "enable_push": true, "teams": []any{"a"}}, true},
		"a team more":    {map[string]any{"required_approvals": 1.0, "enable_push": true, "teams": []any{"a", "b", "c"}}, true},
		"no list":        {map[string]any{"required_approvals": 1.0, "enable_push": true, "teams": nil}, true},
	} {
		if differs(wanted, test.found) != test.differs {
			t.Errorf("%s: expected %v", name, test.differs)
		}
	}
}

func TestNobodyIsNamedWhoIsNotMade(t *testing.T) {
	known := map[string]bool{}
	for _, user := range users {
		known[user.name] = true
	}
	teamNames := map[string]bool{}
	for _, team := range teams {
		teamNames[team.Name] = true
		for _, member := range team.members {
			if !known[member] {
				t.Errorf("team %s: %s", team.Name, member)
			}
		}
	}
	for _, repository := range repositories {
		for _, name := range append(repository.approve, repository.merge...) {
			if !teamNames[name] {
				t.Errorf("repository %s: team %s", repository.name, name)
			}
		}
	}
	for name := range tokens {
		if !known[name] {
			t.Errorf("token of %s", name)
		}
	}
}
