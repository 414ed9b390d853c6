// Package nodes answers: how does Kubernetes see our nodes?
//
// A [Keeper] registers nodes, renews their leases, writes their status and takes them away. What a node is it asks
// ([Options].Describe), and whether it is alive ([Options].Beats): a node whose heart does not beat falls silent, and
// nothing of it reaches Kubernetes until it beats again.
//
// Leases come before all else. They are renewed by goroutines of their own, one for each renewal under way, and
// through a client of their own where one is given. Everything else about a node — describing it, writing its
// status — goes through a queue with a few workers, one at a time for each node. One watch of all our nodes shows
// what others did: a node that was deleted is registered again, a Ready that the node controller made Unknown is
// written again.
//
// Who keeps a node is told by its annotation [Owner] and its lease. A node that somebody else keeps alive is left
// alone, at start and later.
//
// The package knows no pods, except to end those of a node that is drained. It starts goroutines in [Keeper.Run],
// which all end with it; [Keeper.Start] and [Keeper.Leave] use some that end before they return.
package nodes
