package main

// What Gitea shall have. Everything here is made when it is missing and mended when it differs; whatever
// else there is, and every password once it is set, is left alone.

const (
	organisation = "backstack"
	platform     = "platform"
	demoCluster  = "demo-cluster"
	branch       = "main"
	// The team whose approval some orders need.
	engineers = "platform-engineers"
	adminName = "gitea-admin"
	// Behind the @ of every address; no mail is sent. The portal takes who somebody is from before it.
	mailDomain = "backstack.example"
)

// A person or a program that signs in.
type user struct {
	name, fullName string
	// Where a person's password comes from. Programs have a token instead.
	passwordVariable string
	// Sees only what a team of it may see.
	restricted bool
}

var users = []user{
	{name: "developer", fullName: "Developer", passwordVariable: "DEVELOPER_PASSWORD"},
	{name: "platform-engineer", fullName: "Platform Engineer", passwordVariable: "PLATFORM_ENGINEER_PASSWORD"},
	{name: "portal", fullName: "Portal"},
	{name: "assistant", fullName: "Assistant"},
	{name: "argocd", fullName: "Argo CD", restricted: true},
	{name: "seeder", fullName: "Platform"},
}

// Programs' tokens, each kept in the Secret of the user's name.
var tokens = map[string][]string{
	// Reading, branches and pull requests; comments on pull requests count as issues.
	"portal":    {"write:issue", "write:repository", "read:organization", "read:user"},
	"assistant": {"write:issue", "write:repository", "read:organization", "read:user"},
	"argocd":    {"read:repository"},
	// What a pull request does stands in a comment.
	"seeder": {"write:issue", "write:repository"},
}

type team struct {
	Name         string
	description  string
	access       string
	members      []string
	repositories []string
}

var teams = []team{
	{"developers", "Write to demo-cluster.", "write", []string{"developer"}, []string{demoCluster}},
	{engineers, "Write everywhere.", "write", []string{"platform-engineer"}, []string{platform, demoCluster}},
	{"reviewers", "Read and review what the platform is made of.", "read", []string{"developer"}, []string{platform}},
	{"proposers", "Programs that open pull requests; their reviews do not count and they cannot merge.", "write",
		[]string{"portal", "assistant"}, []string{platform, demoCluster}},
	{"seeders", "Writes a repository's first files.", "write", []string{"seeder"}, []string{platform, demoCluster}},
	{"readers", "Argo CD, which only reads.", "read", []string{"argocd"}, []string{platform, demoCluster}},
}

type repository struct {
	name, description string
	// Teams whose approval counts, and teams who may merge.
	approve, merge []string
}

var repositories = []repository{
	{platform, "What the platform is made of: APIs, compositions, policies. Argo CD applies it.",
		[]string{"platform-engineers", "reviewers"}, []string{"platform-engineers"}},
	{demoCluster, "What developers ask for: <namespace>/<kind>/<name>.yaml. Argo CD applies it.",
		[]string{"developers", "platform-engineers"}, []string{"developers", "platform-engineers"}},
}

// What a repository's settings shall be, by their names in Gitea's API.
var repositorySettings = map[string]any{
	"default_branch": branch, "has_wiki": false, "has_projects": false, "has_packages": false, "has_actions": false,
	"has_releases": false, "default_delete_branch_after_merge": true, "default_merge_style": "merge",
}

// The rule for the branch that is applied: changed by merging only, with one approval of somebody other than the
// author, and files that can be read. Only the seeder pushes, and it does so into an empty repository only.
//
// With four eyes, that somebody is not the one for whom a program proposed it either.
func protection(repository repository, fourEyes bool) map[string]any {
	// Component gitops makes these checks at every pull request.
	checks := []any{"files"}
	if fourEyes {
		checks = append(checks, "second person")
	}
	return map[string]any{
		"enable_push": true, "enable_push_whitelist": true,
		"push_whitelist_usernames": []any{"seeder"}, "push_whitelist_teams": []any{},
		"enable_merge_whitelist": true, "merge_whitelist_teams": names(repository.merge), "merge_whitelist_usernames": []any{},
		"required_approvals": 1.0, "enable_approvals_whitelist": true, "approvals_whitelist_teams": names(repository.approve),
		"block_on_rejected_reviews": true, "dismiss_stale_approvals": true,
		"enable_status_check": true, "status_check_contexts": checks,
	}
}

func names(list []string) []any {
	any := make([]any, len(list))
	for index, name := range list {
		any[index] = name
	}
	return any
}
