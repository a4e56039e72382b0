// Package ext stands in for a module nested in Traefik's repository, which no module proxy serves.
// Traefik embeds these two types in its own as a place for settings of other editions;
// here they hold none.
package ext

// HTTP adds nothing to the HTTP configuration.
type HTTP struct{}

// Router adds nothing to a router.
type Router struct{}
