// Package provider answers: what happens on each provider call, and on each due time?
//
// A [Provider] joins the parts that do not know each other: it reads a pod's snapshot from the state, asks the hooks,
// lets the pod machine compute, and commits what came of it if the snapshot still holds — if not, it starts over.
// Every change of a pod, whoever wants it, is such a round; see draft.go.
//
//	createPod, updatePod, deletePod ─┐
//	a due time                      ─┼─► draft: snapshot → hooks → machine → status → commit → journal
//	new scripts, a turned param     ─┘
//
// No lock is held while a script runs. [Provider.Run] starts the goroutines: one that waits for due times and a few
// workers that do what is due, fair between scripts. On a held clock nothing runs by itself: [Provider.Advance] moves
// time and does, pod by pod in name order, what falls due.
package provider
