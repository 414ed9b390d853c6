// Package journal answers: what happened to a pod, and why?
//
// A [Book] keeps, per pod, the latest entries of its life: what happened, when in the story, what caused it — a
// script and its line, a user, a rule of the kubelet — and the draws that decided it. Same seed, scripts and calls
// give the same entries, byte for byte. The book is bounded per pod, lives in memory, starts no goroutines and may
// be used from any.
package journal

import (
	"slices"
	"sync"
)

// Kept is how many entries a pod's journal holds; older ones are forgotten.
const Kept = 64

// Book is the journals of all pods. The zero value is ready.
type Book struct {
	mu   sync.Mutex
	pods map[string]*ring // by namespace/name; guarded by mu
}

// ring is one pod's latest entries; it grows to Kept and then goes round.
type ring struct {
	entries []Entry
	next    int // where the next one goes once it is full
	total   int // ever written
}

// Add writes entries to the journal of a pod, named namespace/name.
func (b *Book) Add(pod string, entries ...Entry) {
	if len(entries) == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.pods == nil {
		b.pods = map[string]*ring{}
	}
	r := b.pods[pod]
	if r == nil {
		r = &ring{entries: make([]Entry, 0, min(len(entries), Kept))}
		b.pods[pod] = r
	}
	for _, e := range entries {
		if !slices.ContainsFunc(r.entries, e.same) { // an open question asked again and answered alike
			r.add(e)
		}
	}
}

func (r *ring) add(e Entry) {
	r.total++
	if len(r.entries) < Kept {
		r.entries = append(r.entries, e)
		return
	}
	r.entries[r.next] = e
	r.next = (r.next + 1) % Kept
}

// Of gives a pod's entries, oldest first, and how many older ones were forgotten.
func (b *Book) Of(pod string) (entries []Entry, forgotten int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.pods[pod]
	if r == nil {
		return nil, 0
	}
	for i := range r.entries {
		entries = append(entries, r.entries[(r.next+i)%len(r.entries)])
	}
	return entries, r.total - len(entries)
}

// Forget drops a pod's journal.
func (b *Book) Forget(pod string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.pods, pod)
}
