package journal

import (
	"errors"
	"fmt"
	"math"
)

// The log is how a book outlives its process: batches of bytes in the order of their numbers, each with what was written
// since the one before, of all pods. Appending costs next to nothing, however many pods there are and however much each
// has kept. So that the log does not grow for ever the oldest batch is taken out once the log is twice as long as what it
// tells: the diaries that begin there are written anew, whole.

const (
	batchBytes = 256 << 10 // a batch is closed when it is that long
	leastLog   = 1 << 20   // below that nothing is taken out
)

// batch is a piece of the log that somebody keeps.
type batch struct {
	number uint64
	size   int
	begins []*Diary // the diaries whose whole content is in this batch and those after it
}

// logForm is the first byte of a batch. Another form is not read.
const logForm = 1

// News makes the next batch of the log: its number, its bytes, and the numbers of batches that nobody needs once it is
// kept. No bytes: there is nothing new. More says that there is more than a batch should hold.
func (b *Book) News() (number uint64, news []byte, over []uint64, more bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.unsaved) == 0 {
		return 0, nil, nil, false
	}
	b.number++
	w := batchWriter{batch: batch{number: b.number}, bytes: []byte{logForm}, words: newLocal()}
	if len(b.log) > 0 && b.logged > max(leastLog, 2*b.live) {
		oldest := b.log[0]
		b.log, b.logged = b.log[1:], b.logged-oldest.size
		over = append(over, oldest.number)
		for _, d := range oldest.begins {
			if d.begins == oldest.number && !d.gone {
				d.begins = 0
				w.write(d, &b.words)
			}
		}
	}
	for len(b.unsaved) > 0 && len(w.bytes) < batchBytes {
		d := b.unsaved[0]
		b.unsaved = b.unsaved[1:]
		d.listed = false
		if !d.gone && d.unsaved > 0 {
			w.write(d, &b.words)
		}
	}
	w.size = len(w.bytes)
	b.log, b.logged = append(b.log, w.batch), b.logged+w.size
	return w.number, w.bytes, over, len(b.unsaved) > 0
}

// batchWriter makes one batch.
type batchWriter struct {
	batch
	bytes []byte
	words *local
}

// write appends what the log does not have of a diary: all of it, where it does not begin in the log.
func (w *batchWriter) write(d *Diary, shared *words) {
	whole, skip := 0, d.count-d.unsaved
	if d.begins == 0 {
		whole, skip = 1, 0
		d.begins = w.number
		w.begins = append(w.begins, d)
	}
	w.bytes = w.words.spell(w.bytes, d.name)
	w.bytes = appendNumber(w.bytes, whole)
	w.bytes = appendNumber(w.bytes, d.total)
	w.bytes = appendNumber(w.bytes, d.count-skip)
	for rest := d.kept(); len(rest) > 0; {
		n := recordSize(rest)
		if skip--; skip < 0 {
			if e, err := readRecord(rest[:n], shared); err == nil { // we wrote it: it reads
				w.bytes = appendRecord(w.bytes, &e, w.words)
			}
		}
		rest = rest[n:]
	}
	d.unsaved = 0
}

var errLog = errors.New("it is damaged, or of another Moonlet")

// Load takes a batch of the log as it was kept: all of them, in the order of their numbers, before anything is added.
func (b *Book) Load(number uint64, news []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	kept := batch{number: number, size: len(news)}
	r := reader{rest: news, d: newLocal()}
	if r.byte() != logForm {
		r.err = errLog
	}
	for r.err == nil && len(r.rest) > 0 {
		name, whole := r.text(), r.number(1) == 1
		total, count := r.number(math.MaxInt), r.number(math.MaxInt)
		if r.err != nil {
			break
		}
		if whole {
			b.forget(name)
		}
		d := b.diary(name)
		if d.begins == 0 {
			d.begins = number
			kept.begins = append(kept.begins, d)
		}
		for ; count > 0 && r.err == nil; count-- {
			var e Entry
			if e, r.err = readRecord(r.skip(recordSize(r.rest)), r.d); r.err == nil {
				b.add(d, &e)
			}
		}
		d.unsaved, d.total = 0, max(total, d.count)
	}
	b.number = max(b.number, number)
	b.log, b.logged = append(b.log, kept), b.logged+kept.size
	if r.err != nil {
		return fmt.Errorf("batch %d of the journals: %w", number, r.err)
	}
	return nil
}

// Retain forgets the journals that keep says no to: of pods that are no more.
func (b *Book) Retain(keep func(pod string) bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for name := range b.pods {
		if !keep(name) {
			b.forget(name)
		}
	}
}
