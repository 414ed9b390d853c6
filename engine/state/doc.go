// Package state answers: what does the node hold now, and what after a crash?
//
// The main type is [Store]: pods as immutable snapshots, the heap of their due times, the counters of names that
// were deleted, node memos, params, faults and facts, and the file that keeps what must survive. One change of one pod is a
// [Change]; [Store.Commit] checks the revision, applies it in memory, appends it to the file and then tells
// subscribers:
//
//	Commit ──► memory ──► queue ──► writer: one transaction, one fsync ──► waiting commits ──► subscribers
//
// The package computes nothing: what a pod's life means, its status and its due time come from the caller. It holds
// no lock while it encodes, writes or tells anybody anything.
//
// Persisted are the object, and beside it the smaller record of life and memo, so that a tick rewrites only the
// small part. Derived things (status, encoded bytes, due time, owner) are the caller's to compute again after
// [Open].
//
// One goroutine exists, the writer. [Store.Run] is that goroutine: the caller starts it and waits for it.
package state
