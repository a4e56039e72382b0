// Package ext stands for the module of this name, which no module proxy has: it is where a commercial edition adds its
// own settings, and empty otherwise.
package ext

// HTTP has no further settings.
type HTTP struct{}

// Router has no further settings.
type Router struct{}
