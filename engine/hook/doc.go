// Package hook answers: which hooks exist, what do they get, what may they return, and what if they are absent?
//
// A hook is a question put to a function that a script defines. [Hooks] holds the current [Generation] of scripts,
// finds which file owns a pod, asks the question with the draws, memo and params that belong to it, and turns the
// answer into a Go type. Where no script answers — the hook is absent, broken or tripped — the caller is told so
// and takes the built-in behaviour; a script never takes a call down.
//
// In Lua, Kubernetes objects keep their JSON names and what is ours is snake_case; a hook has one word everywhere:
// Lua on_create, Go [Hooks.OnCreate], metric label hook="on_create", test on_create_*.
//
// The package knows scripts, not pods' lives: when a question is asked, and what its answer does, is the provider's
// business. It starts no goroutines. All methods may be called from any goroutine.
package hook
