package state

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
)

// What bbolt writes, as it lies in the file. Numbers are in the byte order of the machine.
const (
	pageHead    = 16
	elementSize = 16
	bucketHead  = 16 // root page and sequence
	headSize    = 64

	branchPage, leafPage, freePage = 0x01, 0x02, 0x10 // kinds

	countFollows = 0xFFFF    // the first free page stands for the number of all that follow
	noFreeList   = 1<<64 - 1 // bbolt would find the free pages by itself, in a goroutine that no guard helps
)

func u16(b []byte, at int) uint64 { return uint64(binary.NativeEndian.Uint16(b[at:])) }
func u32(b []byte, at int) uint64 { return uint64(binary.NativeEndian.Uint32(b[at:])) }
func u64(b []byte, at int) uint64 { return binary.NativeEndian.Uint64(b[at:]) }

// head is one of the two pages that lead to all others. Transactions write them by turns.
type head struct {
	pageSize, root, free, pages, transaction uint64
	intact                                   bool
}

func parseHead(b []byte) head {
	const magic, version = 0xED0CDAED, 2
	sum := fnv.New64a()
	_, _ = sum.Write(b[:56])
	return head{
		pageSize: u32(b, 8), root: u64(b, 16), free: u64(b, 32), pages: u64(b, 40), transaction: u64(b, 48),
		intact: u32(b, 0) == magic && u32(b, 4) == version && u64(b, 56) == sum.Sum64(),
	}
}

// newestHead returns the head that bbolt goes by, for reading and for writing.
func newestHead(file io.ReaderAt, pageSize int) (newest head, err error) {
	b := make([]byte, headSize)
	for i := range 2 {
		if _, err := file.ReadAt(b, int64(i*pageSize+pageHead)); err != nil {
			return newest, fmt.Errorf("%w: head page: %w", ErrDamaged, err)
		}
		if h := parseHead(b); h.intact && (!newest.intact || h.transaction > newest.transaction) {
			newest = h
		}
	}
	if !newest.intact {
		return newest, fmt.Errorf("%w: no head page is intact", ErrDamaged)
	}
	return newest, nil
}

// page is any other page, or the leaf in an inline bucket.
type page struct {
	id, kind, count, overflow uint64
	bytes                     []byte // all of it, with the overflow
	above                     []byte // the key beside the link to it
}

func parsePage(b []byte) page {
	return page{id: u64(b, 0), kind: u16(b, 8), count: u16(b, 10), overflow: u32(b, 12), bytes: b}
}

// element is a key with its value, or with the page below.
type element struct {
	position, keySize, valueSize uint64 // of the key, counted from the element; its value lies behind it
	key, value                   []byte
	bucket                       bool   // in a leaf
	child                        uint64 // in a branch
}

// element parses element i, but for key and value.
func (p page) element(i uint64) element {
	b := p.bytes[pageHead+elementSize*i:]
	if p.kind == branchPage {
		return element{position: u32(b, 0), keySize: u32(b, 4), child: u64(b, 8)}
	}
	return element{bucket: u32(b, 0)&1 != 0, position: u32(b, 4), keySize: u32(b, 8), valueSize: u32(b, 12)}
}

// each calls fn with the elements of a branch or leaf. bbolt writes keys and values in the order of their elements and
// without gaps. To insist on that is simpler than bounds, and finds a count that is too small.
func (p page) each(fn func(element) error) error {
	data := pageHead + elementSize*p.count
	if data > uint64(len(p.bytes)) {
		return fmt.Errorf("%d elements do not fit", p.count)
	}
	for i := range p.count {
		e := p.element(i)
		value := data + e.keySize
		end := value + e.valueSize
		if pageHead+elementSize*i+e.position != data || e.keySize == 0 || end > uint64(len(p.bytes)) {
			return fmt.Errorf("element %d of %d: key and value are not in their place", i, p.count)
		}
		e.key, e.value = p.bytes[data:value], p.bytes[value:end]
		if i == 0 && p.above != nil && !bytes.Equal(e.key, p.above) { // else bbolt would write the page twice into the branch
			return errors.New("its first key is not the one that leads to it")
		}
		if err := fn(e); err != nil {
			return fmt.Errorf("element %d of %d: %w", i, p.count, err)
		}
		data = end
	}
	return nil
}
