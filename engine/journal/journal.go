// Package journal answers: what happened to a pod, and why?
//
// A [Book] keeps, per pod, the latest entries of its life: what happened, when in the story, what caused it — a
// script and its line, a user, a rule of the kubelet — and the draws that decided it. Same seed, scripts and calls
// give the same entries, byte for byte. The book is bounded per pod, lives in memory, starts no goroutines and may
// be used from any.
package journal

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unique"
)

// Kept is how many entries a pod's journal holds; older ones are forgotten.
const Kept = 64

// Entry is one thing that happened to a pod.
type Entry struct {
	At         time.Time // in the story
	What       string    // a word: Created, Pulled, Started, Exited, Reloaded …
	Container  string    // empty: the pod as a whole
	Message    string
	By         string // "flaky.lua:12", "user", "kubelet"
	Generation uint64 // of the scripts, where one was asked
	Draws      string // "chance=0.61 exponential=12.4"
}

// String is the entry as one line.
func (e Entry) String() string {
	var b strings.Builder
	b.WriteString(e.At.UTC().Format("2006-01-02T15:04:05.000Z"))
	for _, part := range []string{e.What, e.Container, e.Message} {
		if part != "" {
			b.WriteString("  " + part)
		}
	}
	if e.By != "" {
		b.WriteString("  by " + e.By)
	}
	if e.Generation != 0 {
		b.WriteString(" generation " + strconv.FormatUint(e.Generation, 10))
	}
	if e.Draws != "" {
		b.WriteString("  drew " + e.Draws)
	}
	return b.String()
}

// Book is the journals of all pods. The zero value is ready.
type Book struct {
	mu   sync.Mutex
	pods map[string]*ring // by namespace/name; guarded by mu
}

// ring is one pod's latest entries; it grows to Kept and then goes round.
type ring struct {
	entries []packed
	next    int // where the next one goes once it is full
	total   int // ever written
}

// packed is an entry as it is kept: half as large, and what ten thousand pods have in common is there once.
type packed struct {
	at                           int64 // nanoseconds since 1970
	generation                   uint64
	what, container, message, by unique.Handle[string]
	draws                        string // hardly ever the same
}

func pack(e Entry) packed {
	return packed{
		at: e.At.UnixNano(), generation: e.Generation, draws: e.Draws,
		what: unique.Make(e.What), container: unique.Make(e.Container), message: unique.Make(e.Message), by: unique.Make(e.By),
	}
}

func (p packed) entry() Entry {
	return Entry{
		At: time.Unix(0, p.at).UTC(), Generation: p.generation, Draws: p.draws,
		What: p.what.Value(), Container: p.container.Value(), Message: p.message.Value(), By: p.by.Value(),
	}
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
		r = &ring{entries: make([]packed, 0, min(len(entries), Kept))}
		b.pods[pod] = r
	}
	for _, e := range entries {
		if p := pack(e); !slices.Contains(r.entries, p) { // an open question asked again and answered alike
			r.add(p)
		}
	}
}

func (r *ring) add(e packed) {
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
		entries = append(entries, r.entries[(r.next+i)%len(r.entries)].entry())
	}
	return entries, r.total - len(entries)
}

// Forget drops a pod's journal.
func (b *Book) Forget(pod string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.pods, pod)
}
