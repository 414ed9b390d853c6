// Package stage answers: where does a story play when there is no cluster?
//
// [New] makes a [scenario.Stage] of a held clock, a provider in memory, and the nodes and pods that a file's given{}
// names or that manifests describe. It stands in for what a cluster does to pods, as far as stories need it: it places
// them on nodes, and replaces those of a Deployment that ended. It is no scheduler: pods go to the ready node with the
// fewest of their kind, and what they request is not looked at. Nor does it evict pods from nodes that fell silent.
//
// A Stage is used by one goroutine at a time.
package stage
