// Package journal answers: what happened to a pod, and why?
//
// A [Book] keeps, per pod, the latest entries of its life: what happened, when in the story, and what caused it — a
// script's line and what it drew, a user, a fault and who set it, a rule of the kubelet. Same seed, scripts and calls
// give the same entries. The book is bounded per pod, starts no goroutines and may be used from any.
//
// An entry takes some 30 to 100 bytes: a pod's entries are one piece of memory without pointers, and a text that is
// met again is a number in it (words.go). What is saved of a pod stands for itself (record.go).
package journal

import (
	"errors"
	"fmt"
	"math"
	"sync"
)

const (
	// Kept is how many entries a pod's journal holds; older ones are forgotten.
	Kept = 64
	// maxBytes is how much room they may take, whatever scripts write into them.
	maxBytes = 8 << 10
)

// Book is the journals of all pods. The zero value is ready.
type Book struct {
	mu    sync.Mutex
	pods  map[string]*Diary // by namespace/name; guarded by mu
	words words             // guarded by mu
	next  []byte            // the entry being added; guarded by mu
}

// Diary is one pod's latest entries.
type Diary struct {
	book    *Book
	records []byte // oldest first; guarded by book.mu
	count   int    // guarded by book.mu
	total   int    // ever written; guarded by book.mu
}

// Add writes entries to the journal of a pod, named namespace/name, and returns that journal. An answer that is there
// already, because an open question was asked again, is not written twice.
func (b *Book) Add(pod string, entries ...Entry) *Diary {
	b.mu.Lock()
	defer b.mu.Unlock()
	d := b.pods[pod]
	if d == nil {
		d = &Diary{book: b}
		if b.pods == nil {
			b.pods = map[string]*Diary{}
		}
		b.pods[pod] = d
	}
	for i := range entries {
		if e := &entries[i]; e.Hook == "" || !d.has(e) {
			d.add(e)
		}
	}
	return d
}

// add puts an entry behind the others. Callers hold the book's mu.
func (d *Diary) add(e *Entry) {
	next := appendRecord(d.book.next[:0], e, &d.book.words)
	d.book.next = next
	d.records = append(roomFor(d.records, len(next)), next...)
	d.count++
	d.total++
	drop := 0
	for d.count > Kept || len(d.records)-drop > maxBytes && d.count > 1 {
		drop += recordSize(d.records[drop:])
		d.count--
	}
	if drop > 0 {
		d.records = d.records[:copy(d.records, d.records[drop:])]
	}
}

// roomFor grows by a quarter: doubling would leave half of a hundred thousand diaries empty.
func roomFor(b []byte, n int) []byte {
	if len(b)+n <= cap(b) {
		return b
	}
	grown := make([]byte, len(b), (len(b)+n)*5/4)
	copy(grown, b)
	return grown
}

// has says that the question was answered that way when it was last put. Callers hold the book's mu.
func (d *Diary) has(e *Entry) (same bool) {
	for rest := d.records; len(rest) > 0; {
		n := recordSize(rest)
		if asks(rest[:n], e.Ask) {
			known, err := readRecord(rest[:n], &d.book.words)
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
	for rest := d.records; len(rest) > 0; {
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
	delete(b.pods, pod)
}

// savedForm is the first byte of what is saved. Another form is not read.
const savedForm = 1

// AppendBinary implements [encoding.BinaryAppender]: the diary as it is now, in bytes that stand for themselves.
func (d *Diary) AppendBinary(to []byte) ([]byte, error) {
	d.book.mu.Lock()
	records, total, words := string(d.records), d.total, d.book.words.reader()
	d.book.mu.Unlock()
	to = appendNumber(append(to, savedForm), total)
	local := newLocal()
	for rest := []byte(records); len(rest) > 0; {
		n := recordSize(rest)
		e, err := readRecord(rest[:n], words)
		if err != nil {
			return nil, err
		}
		to = appendRecord(to, &e, local)
		rest = rest[n:]
	}
	return to, nil
}

var errSaved = errors.New("it is damaged, or of another Moonlet")

// Load takes a pod's journal as it was saved.
func (b *Book) Load(pod string, saved []byte) error {
	if len(saved) == 0 || saved[0] != savedForm {
		return fmt.Errorf("journal of pod %s: %w", pod, errSaved)
	}
	total, rest, err := readNumber(saved[1:], math.MaxInt)
	entries, local := []Entry{}, newLocal()
	for err == nil && len(rest) > 0 {
		n := recordSize(rest)
		if n > len(rest) {
			err = errSaved
			break
		}
		var e Entry
		e, err = readRecord(rest[:n], local)
		entries, rest = append(entries, e), rest[n:]
	}
	if err != nil {
		return fmt.Errorf("journal of pod %s: %w", pod, err)
	}
	d := b.Add(pod, entries...)
	b.mu.Lock()
	defer b.mu.Unlock()
	d.total = max(total, d.count)
	return nil
}
