// Package lua answers: how does a provider of Lua scripts run Kubernetes' pods?
//
// [Provider] satisfies [kubelet.Provider] and all the interfaces beside it, by what [provider.Provider] does: it
// translates names and errors, and knows which of a kubelet's calls means the end of a pod and which means that it is to
// be forgotten. What pods do, and what is remembered of them, is not its business.
//
// The provider behind it runs as part of its engine. Its own goroutines live as long as a call: one that passes on the
// sizes of a terminal, and those of package forward.
package lua
