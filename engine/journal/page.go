package journal

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"
)

// The entries of all pods lie behind each other in the order in which they came, in pages: whoever writes, writes where the
// last one did, which is the one place in memory that is warm. An entry knows where the one before it of the same pod lies.
// A full page is closed and does not change any more, so that it can be kept in a file as it is (log.go). Once the pages hold
// twice as much as the diaries, the oldest is given up: what in it is still wanted is written anew.

const (
	pageBytes = 64 << 10 // a page is closed when it is that long
	leastKept = 1 << 20  // below that no page is given up
)

// page is a closed page.
type page struct {
	number uint64
	bytes  []byte
}

// place is where a record lies.
type place struct {
	page uint64
	at   int
}

// The sorts of records. Names and words are written only where there is a log: in memory, others know them.
const (
	isEntry = iota // of the diary of that number
	isName         // the diary of that number has this name from here on
	isWord         // the word of that number is this one
)

// record is a record taken apart. Before its body it has its size, sort and number; then an entry has which one of its diary
// it is, and a name how many there were before it; and then an entry has where the one before it lies: how many pages back,
// and where there.
type record struct {
	sort, number int
	ordinal      int
	before       place
	body         []byte
}

const (
	sizeBytes  = 2
	recordHead = sizeBytes + 1 + 2 // of a name or word, nearly
)

// enter appends an entry of a diary to the open page and returns how many bytes that took.
func (b *Book) enter(d *Diary, ordinal int, body []byte) int {
	here := place{b.closed + 1, len(b.open)}
	before := d.last
	if before.page == 0 {
		before, d.since = here, here.page
	}
	begin := b.begin(isEntry, d.number)
	b.open = appendNumber(b.open, ordinal)
	b.open = binary.AppendUvarint(b.open, here.page-before.page)
	b.open = appendNumber(b.open, before.at)
	b.end(begin, body)
	d.last = here
	return len(b.open) - begin
}

// sign tells the log the name of a diary.
func (b *Book) sign(d *Diary) {
	begin := b.begin(isName, d.number)
	b.open = appendNumber(b.open, d.total)
	b.end(begin, []byte(d.name))
}

// teach tells the log the words that are new.
func (b *Book) teach() {
	for _, n := range b.words.fresh {
		if b.Logged {
			b.spellOut(n)
		}
	}
	b.words.fresh = b.words.fresh[:0]
}

func (b *Book) spellOut(word int) { b.end(b.begin(isWord, word), []byte(b.words.list[word])) }

func (b *Book) begin(sort, number int) (begin int) {
	begin = len(b.open)
	b.open = appendNumber(append(b.open, 0, 0, byte(sort)), number) //nolint:gosec // there are three
	return begin
}

func (b *Book) end(begin int, body []byte) {
	b.open = append(b.open, body...)
	binary.LittleEndian.PutUint16(b.open[begin:], uint16(min(len(b.open)-begin, math.MaxUint16))) //nolint:gosec // bounded; texts are cut
}

// room closes the open page if it is full, and opens the first.
func (b *Book) room() {
	if len(b.open) >= pageBytes {
		b.turn()
	}
	if len(b.open) == 0 {
		b.open = append(b.open, logForm)
	}
}

// turn closes the open page.
func (b *Book) turn() {
	b.closed++
	b.pages = append(b.pages, page{b.closed, append(b.spare[:0], b.open...)})
	b.spare = nil
	b.size += len(b.open)
	b.open = append(b.open[:0], logForm)
	b.tidy()
}

// tidy gives up old pages, a few at a time: nobody should wait for it for long.
func (b *Book) tidy() {
	for range 4 {
		if len(b.pages) < 2 || b.size <= max(leastKept, 2*(b.live+b.words.bytes)) {
			return
		}
		oldest := b.pages[0]
		b.rescue(oldest)
		b.pages[0] = page{}
		b.pages = b.pages[1:]
		b.size -= len(oldest.bytes)
		if !b.Logged { // else somebody may still have it
			b.spare = oldest.bytes
		}
		if oldest.number <= b.told {
			b.over = append(b.over, emptied{oldest.number, b.closed + 1})
		}
	}
}

// rescue writes anew what is still wanted of a page.
func (b *Book) rescue(p page) {
	_ = eachRecord(p.bytes, func(_ int, r record) error { // we wrote it: it reads
		switch {
		case r.sort == isWord:
			if b.Logged && r.number < len(b.words.list) {
				b.spellOut(r.number)
			}
		case r.number >= len(b.numbers) || b.numbers[r.number].Diary == nil:
		case r.sort == isName:
			if d := b.numbers[r.number]; d.name == string(r.body) {
				b.sign(d.Diary)
			}
		default:
			if d := b.numbers[r.number]; r.ordinal > d.past && d.since <= p.number {
				b.move(d.Diary)
			}
		}
		return nil
	})
}

// move writes a diary anew.
func (b *Book) move(d *Diary) {
	all := make([]record, 0, d.count)
	b.walk(d, func(r record) bool {
		all = append(all, r)
		return true
	})
	d.last = place{}
	b.live -= d.bytes
	d.count, d.bytes = 0, 0
	for _, r := range slices.Backward(all) {
		size := b.enter(d, r.ordinal, r.body)
		d.count++
		d.bytes += size
		b.live += size
	}
}

// walk shows the entries a diary keeps, the latest first, until more says no.
func (b *Book) walk(d *Diary, more func(record) bool) {
	at := d.last
	for range d.count {
		r, err := b.record(at)
		if err != nil || !more(r) {
			return
		}
		at = r.before
	}
}

// record reads the one at a place.
func (b *Book) record(at place) (record, error) {
	bytes := b.open
	if at.page <= b.closed {
		i, found := b.find(at.page)
		if !found {
			return record{}, errLog
		}
		bytes = b.pages[i].bytes
	}
	if at.at > len(bytes) {
		return record{}, errLog
	}
	r, _, err := readRecord(bytes[at.at:])
	r.before.page = at.page - r.before.page
	return r, err
}

// find is where among the closed pages the one with that number lies, or would.
func (b *Book) find(number uint64) (i int, found bool) {
	return slices.BinarySearchFunc(b.pages, number, func(p page, n uint64) int { return cmp.Compare(p.number, n) })
}

// eachRecord shows the records of a page, with where they lie in it.
func eachRecord(bytes []byte, show func(at int, r record) error) error {
	if len(bytes) == 0 || bytes[0] != logForm {
		return errLog
	}
	for at := 1; at < len(bytes); {
		r, size, err := readRecord(bytes[at:])
		if err == nil {
			err = show(at, r)
		}
		if err != nil {
			return err
		}
		at += size
	}
	return nil
}

// readRecord takes the first record apart. Its place before is told in pages back.
func readRecord(from []byte) (record, int, error) {
	if len(from) < sizeBytes+1 {
		return record{}, 0, errLog
	}
	size := int(binary.LittleEndian.Uint16(from))
	if size < sizeBytes+1 || size > len(from) {
		return record{}, 0, errLog
	}
	in := reader{rest: from[sizeBytes:size]}
	r := record{sort: int(in.byte()), number: in.number(maxNumber)}
	if r.sort != isWord {
		r.ordinal = in.number(math.MaxInt)
	}
	if r.sort == isEntry {
		r.before = place{uint64(in.number(math.MaxInt)), in.number(math.MaxInt)} //nolint:gosec // not negative
	}
	r.body = in.rest
	return r, size, in.err
}
