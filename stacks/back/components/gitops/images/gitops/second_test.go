package main

import "testing"

func TestASecondPersonHasNoPartInTheCommits(t *testing.T) {
	by := func(login, message string) commit {
		one := commit{Author: &account{Login: login}}
		one.Commit.Message = message
		return one
	}
	approval := func(login string) reviewed {
		return reviewed{State: "APPROVED", Official: true, User: account{Login: login}}
	}
	stale, asked := approval("bob"), approval("bob")
	stale.Stale, asked.State = true, "REQUEST_CHANGES"
	ordered := by("portal", "Add App shop\n\nOrdered-for: user:default/ann\n")
	for name, test := range map[string]struct {
		commits  []commit
		reviews  []reviewed
		expected string
	}{
		"nobody":                  {[]commit{ordered}, nil, "pending"},
		"the one who ordered":     {[]commit{ordered}, []reviewed{approval("ann")}, "pending"},
		"another":                 {[]commit{ordered}, []reviewed{approval("ann"), approval("bob")}, "success"},
		"another, of older files": {[]commit{ordered}, []reviewed{stale}, "pending"},
		"another, against it":     {[]commit{ordered}, []reviewed{asked}, "pending"},
		"one who added to it":     {[]commit{ordered, by("bob", "More")}, []reviewed{approval("bob")}, "pending"},
	} {
		if state, text := second(test.commits, test.reviews); state != test.expected {
			t.Errorf("%s: %s, %s", name, state, text)
		}
	}
	if _, text := second([]commit{ordered}, nil); text != "Waits for the approval of somebody other than ann, portal" {
		t.Error(text)
	}
}
