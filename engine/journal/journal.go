// Package journal answers: what happened to a pod, and why?
//
// A [Book] keeps, per pod, the latest entries of its life: what happened, when in the story, and what caused it — a
// script's line and what it drew, a user, a fault and who set it, a rule of the kubelet. Same seed, scripts and calls
// give the same entries. The book is bounded per pod, starts no goroutines and may be used from any.
//
// An entry takes some 30 to 100 bytes: a pod's entries are one piece of memory without pointers, and a text that is
// met again is a number in it (words.go, record.go). A log of what is added carries it over a restart (log.go).
package journal

import "sync"

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

	mu    sync.Mutex
	pods  map[string]*Diary // by name; guarded by mu
	live  int               // bytes of all records; guarded by mu
	words words             // guarded by mu
	next  []byte            // the entry being added; guarded by mu

	unsaved []*Diary // with entries that the log does not have; guarded by mu
	log     []batch  // the oldest first; guarded by mu
	logged  int      // bytes of the log; guarded by mu
	number  uint64   // of the newest batch; guarded by mu
}

// Diary is one pod's latest entries. Its fields are guarded by the book's mu.
type Diary struct {
	name    string
	records []byte // oldest first, from start on
	start   int
	count   int
	total   int // ever written

	unsaved int    // of the entries, those that the log does not have
	listed  bool   // in Book.unsaved
	begins  uint64 // the batch of the log from which on it can be read; 0: it is not there
	gone    bool   // forgotten
}

// Add is [Book.Write] for those who have no Diary at hand.
func (b *Book) Add(pod string, entries ...Entry) { b.Write(b.Diary(pod), entries...) }

// Diary is the journal of a pod, under any name that is its own; an empty one where there is none.
func (b *Book) Diary(pod string) *Diary {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.diary(pod)
}

// Write writes entries to a pod's journal, unless that was forgotten. An answer to a question put again is written only
// where it is another one.
func (b *Book) Write(d *Diary, entries ...Entry) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if d.gone {
		return
	}
	for i := range entries {
		if e := &entries[i]; !e.Again || !b.has(d, e) {
			b.add(d, e)
		}
	}
	if b.Logged && !d.listed && d.unsaved > 0 {
		d.listed = true
		b.unsaved = append(b.unsaved, d)
	}
}

// diary is a pod's, a new one where there is none. Callers hold mu.
func (b *Book) diary(pod string) *Diary {
	d := b.pods[pod]
	if d != nil {
		return d
	}
	if b.pods == nil {
		b.pods = map[string]*Diary{}
	}
	d = &Diary{name: pod}
	b.pods[pod] = d
	return d
}

// add puts an entry behind the others. Callers hold mu.
func (b *Book) add(d *Diary, e *Entry) {
	b.next = appendRecord(b.next[:0], e, &b.words)
	before := len(d.kept())
	d.makeRoom(len(b.next))
	d.records = append(d.records, b.next...)
	d.count++
	d.total++
	for d.count > Kept || len(d.kept()) > maxBytes && d.count > 1 {
		d.start += recordSize(d.kept())
		d.count--
	}
	d.unsaved = min(d.unsaved+1, d.count)
	b.live += len(d.kept()) - before
}

// kept are the records there are.
func (d *Diary) kept() []byte { return d.records[d.start:] }

// makeRoom moves the records to the front where what was forgotten left enough room there, else it grows by a quarter:
// doubling would leave half of a hundred thousand diaries empty. Mostly it does nothing: a diary is cold memory, and to
// move it at every step would cost more than all else.
func (d *Diary) makeRoom(n int) {
	if len(d.records)+n <= cap(d.records) {
		return
	}
	into := d.records
	if need := len(d.kept()) + n; need > cap(into)*4/5 {
		into = make([]byte, need*5/4)
	}
	d.records = into[:copy(into[:cap(into)], d.kept())]
	d.start = 0
}

// has says that the question was answered that way when it was last put. Callers hold mu.
func (b *Book) has(d *Diary, e *Entry) (same bool) {
	for rest := d.kept(); len(rest) > 0; {
		n := recordSize(rest)
		if asks(rest[:n], e.Ask) {
			known, err := readRecord(rest[:n], &b.words)
			if err == nil && known.Hook == e.Hook && known.Container == e.Container {
				same = known.sameAnswer(e)
			}
		}
		rest = rest[n:]
	}
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
	for rest := d.kept(); len(rest) > 0; {
		n := recordSize(rest)
		if e, err := readRecord(rest[:n], &b.words); err == nil { // we wrote it: it reads
			entries = append(entries, e)
		}
		rest = rest[n:]
	}
	return entries, d.total - len(entries)
}

// Forget drops a pod's journal.
func (b *Book) Forget(pod string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.forget(pod)
}

// forget is Forget for those who hold mu.
func (b *Book) forget(pod string) {
	if d := b.pods[pod]; d != nil {
		d.gone = true
		b.live -= len(d.kept())
		delete(b.pods, pod)
	}
}
