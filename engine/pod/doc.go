// Package pod answers one question: what would a kubelet report?
//
// The main type is [Life], all that must be remembered of one pod: which runs its containers had, what the current ones
// will do, when the conditions last flipped. Out of a pod's spec, the answers of an [Asker] and the time it derives what
// happens next ([Life.Advance]), when ([Life.Due]) and how that looks in Kubernetes ([Life.Status]).
//
//	Begin ──► Advance ──► Advance ──► Delete ──► Advance ──► Gone
//	             │ asks: how does this pull go? what will this run do?
//	             └ Status: the v1.PodStatus a kubelet would write now
//
// A container goes through stages (see stage.go); every stage has a due time, and Advance executes whatever is due in the
// order of those times, each at its own time: one step of ten hours ends in the same Life as a thousand small ones.
//
// The package has no clock, starts no goroutine, does no I/O and knows nothing of Lua. A Life is never changed once it
// was returned, so it may be shared freely between goroutines.
package pod
