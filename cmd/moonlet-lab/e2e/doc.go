// Package e2e runs Moonlet against a real control plane, with the real kubectl and the real client-go: make e2e.
//
// Its scenarios are testdata/*.txtar; what needs more than a shell would give is a test in Go. All share one lab, and each
// has a namespace and nodes of its own. Nothing here is built when Moonlet is.
package e2e
