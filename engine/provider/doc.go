// Package provider answers: what happens on each provider call, and on each due time?
//
// A [Provider] joins the parts that do not know each other: it reads a pod's snapshot from the state, asks the hooks,
// lets the pod machine compute, and commits what came of it if the snapshot still holds — if not, it starts over.
// Every change of a pod, whoever wants it, is such a round; see draft.go.
//
//	createPod, updatePod, deletePod,
//	or what Kubernetes does to it   ─┐
//	a due time                      ─┼─► draft: snapshot → hooks → machine → status → commit → journal
//	new scripts, a turned param     ─┘
//
// Pods live on one of our nodes, which share all but what their hooks answer and remember (node.go). Where they are
// Kubernetes' nothing of them is copied, encoded or waited for, and who must know is told by [Provider.OnStatus] and
// its like (kubernetes.go, listeners.go).
//
// No lock is held while a script runs. [Provider.Run] starts the goroutines: one that waits for due times and a few
// workers that do what is due, fair between scripts, and one that ends faults when their time is over (faults.go). On a held clock nothing runs by itself: [Provider.Advance] moves
// time and does, pod by pod in name order, what falls due. A session (exec.go) has goroutines as long as it lasts, and
// one that reads what its client sends until whoever made the stream closes it.
package provider
