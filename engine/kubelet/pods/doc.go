// Package pods answers: how do Kubernetes' pods reach the provider, and its statuses Kubernetes?
//
// A [Broker] watches the pods bound to its nodes, and keeps one small record of each. Whatever happens — Kubernetes
// changed a pod, the provider changed a status, a pause is over — only puts the record into a queue. A worker then
// compares three things: what Kubernetes has, what the provider was told, what status the provider reports; and does what
// is needed to make them agree. It never matters how often something was said, or which of two happened first: only
// what is the case when the worker looks.
//
//	watch ──► record ──► queue ──► worker ──► Provider: create, adopt, update, delete
//	                       ▲          └─────► Kubernetes: write the status, delete
//	Provider: changed ─────┘
//
// The life of a pod:
//
//   - New and bound: it is created at the provider. If it ran before, under another process, an [kubelet.Adopter] adopts
//     it; another provider is asked for its status, and where it knows of none the pod has been lost: Failed, NotFound.
//   - Refused: Pending (or Failed, with restartPolicy Never) with reason ProviderFailed, tried again after 1, 2, 4 …
//     seconds, at most 5 minutes, at once when the pod is changed.
//   - Deleted: the provider is told, and told again if the grace becomes shorter. Once it reports a terminal phase, or no
//     longer knows the pod, the last status is written and the object deleted. Nobody else ends the grace: a
//     provider that never ends a pod keeps it Terminating, as machines can.
//   - Gone, or replaced by another pod of its name: the provider is told to forget it, with grace 0.
//
// The first status of a new pod replaces what it had, on the condition that it is still the pod that the watch told of.
// All others, and the first where that is refused, are written as one patch of what differs. There is at most one write
// at a time per pod, always of the status that the provider reports then: a newer status is never overwritten by an
// older one. Writes that fail are repeated after 0.1 s, doubling up to 30 s, or when the API server says; a pod that is
// not there is left to the watch. While a node is silent nothing at all happens to its pods; [Broker.Reassert] makes up
// for it.
//
// Pods are handed to the provider without their status (but for conditions that others wrote) and managedFields; pods
// that are to be adopted have all of it. They are shared, not copied.
//
// It does not resolve env, write events or know nodes: see the packages env, events and nodes. [Broker.Run] starts one
// goroutine per watch, one per worker, and one that minds the time. Up to 32 nodes have a watch each; more share one, as do
// fewer once pods come and go in crowds: the API server cuts off watches of single nodes then.
package pods
