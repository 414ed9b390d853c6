// Package web answers: how is a web provider, in any language, a provider of Kubernetes nodes?
//
// [Provider] turns the kubelet's calls into those of the web-provider API of 2018, and what comes back into what
// Kubernetes can take. Of a web provider's answers only two things are believed: which pods there are, and how they are.
// Their metadata and spec are those that Kubernetes gave us, since many providers drop fields; statuses are completed
// to what a kubelet would write, see complete. Bodies are never logged: the pods in them carry secrets.
//
// It does no more than the protocol can: exec, attach and port-forward are left out, logs have neither times nor
// beginnings. Restarts, back-off and probes are the web provider's business.
//
// One goroutine exists, that of whoever calls [Provider.Run]: it says when to look at the pods again.
package web
