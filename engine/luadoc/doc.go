// Package luadoc answers: what do editors and readers need to know of the script API?
//
// Everything is made from the registries that the API itself is built from — [script.Library], [hook.Registry] and the
// Kubernetes types — so it cannot drift: a test compares the committed files with what this package makes. It starts
// no goroutines.
package luadoc
