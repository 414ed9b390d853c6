// Package record answers: which story did these pods and nodes tell?
//
// A [Recorder] is told of every change of a pod or a node, with the time it was seen. [Recorder.Story] is what can be
// told again: a life for each pod — what its node did with it, how its image came, how each run of each container went —
// and what befell pods and nodes from outside, by time. [Story.Lua] is that as one Lua file: lives become behaviours,
// the rest a scenario.
//
// A run that began while somebody looked ends by its own life, so long after its start. One that was under way already
// began nobody knows when, so the scenario ends it. What follows by a kubelet's rules is not written down: restarts,
// back-off, phases, conditions.
//
// It is pure: it knows no cluster and no clock, and starts no goroutine. Package record/cluster looks at a cluster for it.
package record
