// Package cluster answers: how does a recorder get to see a cluster?
//
// [Record] watches pods, nodes and their leases through informers, and tells a [record.Recorder] of each change with the
// time it came. It writes nothing to the cluster. What it may not read beside pods it does without, and says so.
//
// Goroutines: those of the informers, and one that waits for time to pass; all have ended when Record returns.
package cluster
