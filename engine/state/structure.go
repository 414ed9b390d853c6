package state

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// structure looks through all pages of a file. bbolt follows their numbers, counts and lengths with unsafe pointers: a
// spoiled one may lead into the Go heap, and then the runtime ends the process, where no guard helps. So bbolt gets to
// see a file only after each of its pointers is known to stay within the page, or the inline bucket, it belongs to.
type structure struct {
	file     io.ReaderAt
	pageSize int
	used     []bool // by page number: each page has one use
	todo     []link // to pages that were not looked at yet
	buf      []byte // of the page that is looked at
}

// link leads to a page. A branch has the first key on that page beside it, a bucket has not.
type link struct {
	id  uint64
	key []byte
}

// checkStructure reads a file that bbolt has opened, and keeps locked, with that page size.
func checkStructure(file *os.File, pageSize int) error {
	const smallest = 1024 // bbolt itself looks for no smaller ones
	if pageSize < smallest || pageSize&(pageSize-1) != 0 {
		return fmt.Errorf("%w: its pages have %d bytes", ErrDamaged, pageSize)
	}
	h, err := newestHead(file, pageSize)
	if err != nil {
		return err
	}
	if h.pageSize != uint64(pageSize) { // bbolt goes by the first head's, and writes on with this one
		return fmt.Errorf("%w: its pages have %d bytes or %d", ErrDamaged, pageSize, h.pageSize)
	}
	if h.free == noFreeList {
		return fmt.Errorf("%w: it has no list of free pages", ErrForeign)
	}
	if err := allThere(file, h.pages, uint64(pageSize)); err != nil {
		return err
	}
	s := &structure{file: file, pageSize: pageSize, used: make([]bool, h.pages), buf: make([]byte, pageSize)}
	return s.walk(h)
}

// allThere says whether nothing was cut off.
func allThere(file *os.File, pages, pageSize uint64) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if size := uint64(info.Size()); size/pageSize < pages { //nolint:gosec // no size is negative
		return fmt.Errorf("%w: %d bytes of %d are missing", ErrDamaged, pages*pageSize-size, pages*pageSize)
	}
	return nil
}

// walk goes through the list of free pages and everything below the root.
func (s *structure) walk(h head) error {
	for _, id := range []uint64{h.free, h.root} {
		if err := s.use(id, 1); err != nil {
			return fmt.Errorf("%w: head page: %w", ErrDamaged, err)
		}
	}
	err := s.look(link{id: h.free}, s.freeList)
	for s.todo = []link{{id: h.root}}; err == nil && len(s.todo) > 0; {
		last := len(s.todo) - 1
		l := s.todo[last]
		s.todo = s.todo[:last]
		err = s.look(l, s.node)
	}
	return err
}

// use notes that pages serve somebody, who must be the only one.
func (s *structure) use(first, n uint64) error {
	for i := range n {
		id := first + i
		if id < 2 || id >= uint64(len(s.used)) {
			return fmt.Errorf("there is no page %d", id)
		}
		if s.used[id] {
			return fmt.Errorf("page %d is used twice", id)
		}
		s.used[id] = true
	}
	return nil
}

// look reads a page and checks what is on it.
func (s *structure) look(l link, check func(page) error) error {
	p, err := s.read(l.id)
	if err == nil {
		p.above = l.key
		err = check(p)
	}
	if err != nil {
		return fmt.Errorf("%w: page %d: %w", ErrDamaged, l.id, err)
	}
	return nil
}

// read returns a page with the overflow behind it. It is good until the next one is read.
func (s *structure) read(id uint64) (page, error) {
	at := int64(id) * int64(s.pageSize) //nolint:gosec // it is in the file
	if _, err := s.file.ReadAt(s.buf[:s.pageSize], at); err != nil {
		return page{}, err
	}
	p := parsePage(s.buf[:s.pageSize])
	if p.id != id {
		return p, fmt.Errorf("it says that it is page %d", p.id)
	}
	if p.overflow == 0 {
		return p, nil
	}
	if err := s.use(id+1, p.overflow); err != nil {
		return p, fmt.Errorf("overflow: %w", err)
	}
	more := s.pageSize * int(p.overflow) //nolint:gosec // it is in the file
	s.buf = slices.Grow(s.buf[:s.pageSize], more)
	p.bytes = s.buf[:s.pageSize+more]
	_, err := s.file.ReadAt(p.bytes[s.pageSize:], at+int64(s.pageSize))
	return p, err
}

// freeList notes the pages that are free: a page with another use must not be among them.
func (s *structure) freeList(p page) error {
	ids, n := p.bytes[pageHead:], p.count
	if n == countFollows {
		n, ids = u64(ids, 0), ids[8:]
	}
	if p.kind != freePage || n > uint64(len(ids)/8) {
		return fmt.Errorf("it lists %d free pages and is of kind %#x", n, p.kind)
	}
	for ; n > 0; n-- {
		if err := s.use(u64(ids, 0), 1); err != nil {
			return fmt.Errorf("free pages: %w", err)
		}
		ids = ids[8:]
	}
	return nil
}

// node checks a branch or a leaf and notes which pages to look at after it.
func (s *structure) node(p page) error {
	switch {
	case p.kind != branchPage && p.kind != leafPage:
		return fmt.Errorf("kind %#x is neither branch nor leaf", p.kind)
	case p.count == 0 && (p.kind == branchPage || p.above != nil):
		return errors.New("it is empty")
	case p.kind == branchPage:
		return p.each(func(e element) error { return s.follow(link{e.child, bytes.Clone(e.key)}) })
	default:
		return p.each(s.bucket)
	}
}

func (s *structure) follow(l link) error {
	s.todo = append(s.todo, l)
	return s.use(l.id, 1)
}

// bucket checks an element that is a bucket. A small one has no pages but, inline, a leaf of its own.
func (s *structure) bucket(e element) error {
	if !e.bucket {
		return nil
	}
	if len(e.value) < bucketHead {
		return fmt.Errorf("a bucket of %d bytes", len(e.value))
	}
	if root := u64(e.value, 0); root != 0 {
		return s.follow(link{id: root})
	}
	return inline(e.value[bucketHead:])
}

// inline holds the leaf to number 0, too: when a bucket outgrows it, bbolt frees the page of that number.
func inline(leaf []byte) error {
	if len(leaf) < pageHead {
		return fmt.Errorf("an inline bucket of %d bytes", len(leaf))
	}
	p := parsePage(leaf)
	if p.kind != leafPage || p.id != 0 {
		return fmt.Errorf("an inline bucket with kind %#x and number %d", p.kind, p.id)
	}
	return p.each(func(e element) error {
		if e.bucket {
			return errors.New("an inline bucket with a bucket in it")
		}
		return nil
	})
}
