// Package journal answers: what happened to a pod, and why?
//
// A [Book] keeps, per pod, the latest entries of its life: what happened, when in the story, and what caused it — a
// script's line and what it drew, a user, a fault and who set it, a rule of the kubelet. Same seed, scripts and calls
// give the same entries. The book is bounded per pod, starts no goroutines and may be used from any.
//
// An entry takes some 50 bytes: entries are bytes in pages without pointers (page.go), and a text that is met again is a
// number in them (words.go, record.go). The same pages carry the book over a restart (log.go).
package journal

import (
	"slices"
	"sync"
	"sync/atomic"
)

const (
	// Kept is how many entries a pod's journal holds; older ones are forgotten.
	Kept = 64
	// maxBytes is how much room they may take, whatever scripts write into them.
	maxBytes = 8 << 10
)

// Book is the journals of all pods. The zero value is ready.
type Book struct {
	// Logged says that somebody keeps what [Book.News] tells. It must not change.
	Logged bool

	mu      sync.Mutex
	pods    map[string]*Diary // by name; guarded by mu
	numbers []numbered        // by their numbers; guarded by mu
	free    []int             // numbers that nobody has; guarded by mu
	words   words             // guarded by mu
	body    []byte            // of the entry being added; guarded by mu
	live    int               // bytes of what the diaries keep; guarded by mu

	pages  []page    // closed, the oldest first; guarded by mu
	open   []byte    // the page being filled; guarded by mu
	spare  []byte    // room for the next page; guarded by mu
	closed uint64    // the number of the newest closed page; guarded by mu
	size   int       // bytes of the closed pages; guarded by mu
	told   uint64    // the newest page that News gave; guarded by mu
	over   []emptied // pages that are no more, but still in the log; guarded by mu
}

// numbered is the diary of a number, if there is one. What is asked of all of them in a row is here: they lie far apart.
type numbered struct {
	*Diary
	past int // its entries up to this one are forgotten
}

// Diary is one pod's latest entries. Its fields are guarded by the book's mu.
type Diary struct {
	name   string
	number int
	last   place       // of the latest entry
	since  uint64      // no entry lies in a page before that one
	count  int         // of the entries kept
	bytes  int         // they take, nearly
	total  int         // ever written
	gone   atomic.Bool // forgotten
}

// Add is [Book.Write] for those who have no Diary at hand.
func (b *Book) Add(pod string, entries ...Entry) { b.Write(b.Diary(pod), entries...) }

// Diary is the journal of a pod, under any name that is its own; an empty one where there is none.
func (b *Book) Diary(pod string) *Diary {
	b.mu.Lock()
	defer b.mu.Unlock()
	if d := b.pods[pod]; d != nil {
		return d
	}
	d := &Diary{}
	if n := len(b.free); n > 0 {
		d.number, b.free = b.free[n-1], b.free[:n-1]
	} else {
		d.number = len(b.numbers)
		b.numbers = append(b.numbers, numbered{})
	}
	b.numbers[d.number] = numbered{Diary: d}
	b.name(d, pod)
	if b.Logged {
		b.room()
		b.sign(d)
	}
	return d
}

// Warm has the processor fetch the diary while its caller has other things to do.
func (d *Diary) Warm() {
	if d != nil {
		d.gone.Load()
	}
}

func (b *Book) name(d *Diary, pod string) {
	if b.pods == nil {
		b.pods = map[string]*Diary{}
	}
	b.live += len(pod) - len(d.name)
	d.name = pod
	b.pods[pod] = d
}

// Write writes entries to a pod's journal, unless that was forgotten. An answer to a question put again is written only
// where it is another one.
func (b *Book) Write(d *Diary, entries ...Entry) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if d.gone.Load() {
		return
	}
	for i := range entries {
		if e := &entries[i]; !e.Again || !b.has(d, e) {
			b.add(d, e)
		}
	}
}

// add puts an entry behind the others.
func (b *Book) add(d *Diary, e *Entry) {
	b.body = appendBody(b.body[:0], e, &b.words)
	b.room()
	b.teach()
	b.grew(d, b.enter(d, d.total+1, b.body))
}

// grew counts an entry of a diary, of so many bytes, and forgets the oldest ones where there are too many. How long those are lies far
// away in memory: they count as much as the others do on average.
func (b *Book) grew(d *Diary, size int) {
	d.total++
	d.count++
	d.bytes += size
	b.live += size
	for d.count > Kept || d.bytes > maxBytes && d.count > 1 {
		oldest := d.bytes / d.count
		d.count--
		d.bytes -= oldest
		b.live -= oldest
	}
	b.numbers[d.number].past = d.total - d.count
}

// has says that the question was answered that way when it was last put.
func (b *Book) has(d *Diary, e *Entry) (same bool) {
	b.walk(d, func(r record) bool {
		if !asks(r.body, e.Ask) {
			return true
		}
		known, err := readBody(r.body, &b.words)
		if err != nil || known.Hook != e.Hook || known.Container != e.Container {
			return true
		}
		same = known.sameAnswer(e)
		return false
	})
	return same
}

// Of gives a pod's entries, oldest first, and how many older ones were forgotten.
func (b *Book) Of(pod string) (entries []Entry, forgotten int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	d := b.pods[pod]
	if d == nil {
		return nil, 0
	}
	entries = make([]Entry, 0, d.count)
	b.walk(d, func(r record) bool {
		if e, err := readBody(r.body, &b.words); err == nil { // we wrote it: it reads, unless the log was damaged
			entries = append(entries, e)
		}
		return true
	})
	slices.Reverse(entries)
	return entries, d.total - len(entries)
}

// Forget drops a pod's journal.
func (b *Book) Forget(pod string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if d := b.pods[pod]; d != nil {
		b.forget(d)
	}
}

func (b *Book) forget(d *Diary) {
	d.gone.Store(true)
	b.live -= d.bytes + len(d.name)
	delete(b.pods, d.name)
	b.numbers[d.number] = numbered{}
	b.free = append(b.free, d.number)
}
