package journal

import (
	"errors"
	"fmt"
)

// The log is how a book outlives its process: its pages, each a batch that somebody keeps under the page's number. Nothing is
// made for it: it is what the book has in memory.

// logForm is the first byte of a page. Another form is not read.
const logForm = 2

// maxNumber is the highest number of a diary or a word that is believed.
const maxNumber = 1 << 22

// emptied is a page that nobody needs once another one is kept: the one that has what was still wanted of it.
type emptied struct{ number, once uint64 }

// News makes the next batch of the log: its number, its bytes, and the numbers of batches that nobody needs once it is
// kept. No bytes: there is nothing new. More says that there is more.
func (b *Book) News() (number uint64, news []byte, over []uint64, more bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.told == b.closed && len(b.open) > 1 {
		b.turn()
	}
	i, _ := b.find(b.told + 1)
	if i == len(b.pages) {
		return 0, nil, nil, false
	}
	b.told = b.pages[i].number
	for len(b.over) > 0 && b.over[0].once <= b.told {
		over = append(over, b.over[0].number)
		b.over = b.over[1:]
	}
	return b.told, b.pages[i].bytes, over, b.told < b.closed || len(b.open) > 1
}

var errLog = errors.New("it is damaged, or of another Moonlet")

// Load takes a batch of the log as it was kept: all of them, in the order of their numbers, before anything is added. What
// can be read of a damaged one is taken.
func (b *Book) Load(number uint64, news []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	err := eachRecord(news, func(at int, r record) error { return b.take(place{number, at}, r) })
	b.pages = append(b.pages, page{number, news})
	b.size += len(news)
	b.closed, b.told = number, number
	b.free = b.free[:0] // Retain knows better
	if err != nil {
		return fmt.Errorf("batch %d of the journals: %w", number, err)
	}
	return nil
}

// take learns from a record what there is, and where.
func (b *Book) take(at place, r record) error {
	switch r.sort {
	case isWord:
		return b.words.learn(r.number, string(r.body))
	case isName:
		b.takeName(r)
	case isEntry:
		b.takeEntry(b.diaryOf(r.number), at, r)
	default:
		return errLog
	}
	return nil
}

// takeName gives the diary of a number its name. A number may have been another diary's before: that one was forgotten.
func (b *Book) takeName(r record) {
	d, name := b.diaryOf(r.number), string(r.body)
	if d.name != name && (d.name != "" || d.total != r.ordinal) {
		b.forget(d)
		d = b.diaryOf(r.number)
		d.total = r.ordinal
	}
	if other := b.pods[name]; other != nil && other != d {
		b.forget(other)
	}
	b.name(d, name)
}

// takeEntry takes the next of a diary's entries. One that was there before begins the diary anew.
func (b *Book) takeEntry(d *Diary, at place, r record) {
	if r.ordinal <= d.total || d.count == 0 {
		b.live -= d.bytes
		d.count, d.bytes, d.since = 0, 0, at.page
	}
	d.last, d.total = at, r.ordinal-1
	b.grew(d, len(r.body))
}

// diaryOf is the diary of a number: one without a name, where there is none.
func (b *Book) diaryOf(number int) *Diary {
	for len(b.numbers) <= number {
		b.numbers = append(b.numbers, numbered{})
	}
	if b.numbers[number].Diary == nil {
		b.numbers[number] = numbered{Diary: &Diary{number: number}}
	}
	return b.numbers[number].Diary
}

// Retain forgets the journals that keep says no to: of pods that are no more. It follows the last Load.
func (b *Book) Retain(keep func(pod string) bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.free = b.free[:0]
	for n, d := range b.numbers {
		switch {
		case d.Diary == nil:
			b.free = append(b.free, n)
		case d.name == "" || !keep(d.name):
			b.forget(d.Diary)
		}
	}
}
