// Package patch answers: what must be written so that Kubernetes' status of a pod is the provider's?
//
// A [Print] stands for a status that is not kept: one number per field, and a little more per condition. [Diff]
// compares the print of what Kubernetes has with the status a provider reports. The [Change] between them can be said as
// the smallest strategic merge patch, or applied to a status that was kept after all, and foretells the print of the outcome.
//
// What belongs to others is left alone: conditions of types that no kubelet writes, the nominated node, claims. The
// package talks to nobody and starts no goroutines.
package patch
