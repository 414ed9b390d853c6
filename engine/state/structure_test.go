package state_test

import (
	"encoding/binary"
	"errors"
	"hash/fnv"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/moonlet-dev/moonlet/engine/state"
)

// smallFile is a state file of 20 pods with the same bytes each time: the free list that state uses allocates by
// chance. Its last transactions change nothing, for one of them is lost with its head page, which is the second.
func smallFile(tb testing.TB) string {
	tb.Helper()
	from, err := bbolt.Open(goodFile(tb), 0o600, nil)
	if err != nil {
		tb.Fatal(err)
	}
	file := path(tb)
	to, err := bbolt.Open(file, 0o600, nil)
	if err != nil {
		tb.Fatal(err)
	}
	if err := errors.Join(bbolt.Compact(to, from, 0), from.Close(), to.Close()); err != nil {
		tb.Fatal(err)
	}
	for range 3 { // so that there are free pages
		edit(tb, file, func(*bbolt.Tx) error { return nil })
	}
	return file
}

// damage is a number written over the one that was there.
type damage struct {
	name  string
	at    uint64
	value any // of the width in the file
	want  string
}

func (d damage) bytes(tb testing.TB) []byte {
	tb.Helper()
	b, err := binary.Append(nil, binary.NativeEndian, d.value)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// manyFree says that the count of free pages takes the place of the first one.
type manyFree struct {
	Count    uint16
	Overflow uint32
	First    uint64
}

// damages is every kind of number that bbolt goes by, spoiled.
func damages(text []byte, head uint64) []damage {
	const kind, count, overflow, table, element = 8, 10, 12, 16, 16 // in a page
	const position, keySize, valueSize, child = 4, 8, 12, 8         // in an element, of a leaf but for the last
	half := func(at uint64) uint64 { return uint64(binary.NativeEndian.Uint32(text[at:])) }
	root := number(text, head+boltRoot) * boltPage
	entry := func(bucket uint64) uint64 { return root + table + bucket*element }
	value := func(at uint64) uint64 { return at + half(at+position) + half(at+keySize) }
	const lives, moonlet, objects, params = 4, 5, 7, 8 // of the nine buckets
	branch := number(text, value(entry(objects))) * boltPage
	leaf := number(text, branch+table+child) * boltPage
	list := number(text, head+boltFree) * boltPage
	inline := value(entry(params)) + 16
	elements := func(page uint64) uint16 { return binary.NativeEndian.Uint16(text[page+count:]) }

	return []damage{
		{"head: page size too small", 16 + 8, uint32(512), "its pages have 512 bytes"},
		{"head: page size crooked", 16 + 8, uint32(5000), "its pages have 5000 bytes"},
		{"head: another page size", head + 16 + 8, uint32(8192), "its pages have 4096 bytes or 8192"},
		{"head: too many pages", head + boltPages, uint64(1 << 20), "bytes of 4294967296 are missing"},
		{"head: too few pages", head + boltPages, uint64(4), "there is no page"},
		{"head: root is a head", head + boltRoot, uint64(1), "there is no page 1"},
		{"head: root beyond the end", head + boltRoot, uint64(math.MaxUint64), "there is no page"},
		{"head: root is the free list", head + boltRoot, list / boltPage, "is used twice"},
		{"head: free list is a head", head + boltFree, uint64(0), "there is no page 0"},
		{"free list: number", list, uint64(77), "it says that it is page 77"},
		{"free list: kind", list + kind, uint16(2), "is of kind 0x2"},
		{"free list: does not fit", list + count, uint16(5000), "it lists 5000 free pages"},
		{"free list: huge", list + count, manyFree{math.MaxUint16, 0, 1 << 62}, "it lists 4611686018427387904 free pages"},
		{"free list: one too many", list + count, elements(list) + 1, "there is no page 0"},
		{"free list: page beyond", list + boltIDs, uint64(1 << 60), "there is no page 1152921504606846976"},
		{"free list: page twice", list + boltIDs, number(text, list+boltIDs+8), "is used twice"},
		{"free list: page in use", list + boltIDs, leaf / boltPage, "is used twice"},
		{"page: number", leaf, uint64(77), "it says that it is page 77"},
		{"page: no kind", leaf + kind, uint16(0), "kind 0x0 is neither"},
		{"page: two kinds", leaf + kind, uint16(3), "kind 0x3 is neither"},
		{"page: a free list", leaf + kind, uint16(16), "kind 0x10 is neither"},
		{"page: a branch in fact a leaf", leaf + kind, uint16(1), "not in their place"},
		{"page: overflow beyond the end", leaf + overflow, uint32(math.MaxUint32), "overflow"},
		{"page: overflow too long", leaf + overflow, uint32(1), "used twice"},
		{"leaf: count does not fit", leaf + count, uint16(60000), "60000 elements do not fit"},
		{"leaf: empty", leaf + count, uint16(0), "it is empty"},
		{"leaf: count too small", leaf + count, elements(leaf) - 1, "not in their place"},
		{"leaf: position far away", leaf + table + position, uint32(math.MaxUint32), "element 0 of"},
		{"leaf: position in the table", leaf + table + position, uint32(0), "element 0 of"},
		{"leaf: no key", leaf + table + keySize, uint32(0), "element 0 of"},
		{"leaf: long key", leaf + table + keySize, uint32(math.MaxUint32), "element 0 of"},
		{"leaf: long value", leaf + table + valueSize, uint32(math.MaxUint32), "element 0 of"},
		{"leaf: value too short", leaf + table + valueSize, uint32(3), "element 1 of"},
		{"leaf: a record as bucket", leaf + table, uint32(1), "there is no page"},
		{"branch: leads nowhere", branch + count, uint16(0), "it is empty"},
		{"branch: a lower key", branch + table + half(branch+table), byte('c'), "its first key is not the one"},
		{"branch: to itself", branch + table + child, branch / boltPage, "is used twice"},
		{"branch: to the root", branch + table + child, root / boltPage, "is used twice"},
		{"branch: to a head", branch + table + child, uint64(1), "there is no page 1"},
		{"branch: beyond the end", branch + table + child, uint64(1 << 50), "there is no page 1125899906842624"},
		{"branch: position", branch + table, uint32(math.MaxUint32), "element 0 of"},
		{"branch: long key", branch + table + 4, uint32(math.MaxUint32), "element 0 of"},
		{"bucket: root beyond the end", value(entry(objects)), uint64(1 << 50), "there is no page 1125899906842624"},
		{"bucket: root of another", value(entry(objects)), number(text, value(entry(lives))), "is used twice"},
		{"bucket: said to be inline", value(entry(objects)), uint64(0), "an inline bucket"},
		{"bucket: cut off", entry(params) + valueSize, uint32(15), "a bucket of 15 bytes"},
		{"inline: cut off", entry(params) + valueSize, uint32(31), "an inline bucket of 15 bytes"},
		{"inline: number", inline, leaf / boltPage, "an inline bucket with kind 0x2 and number"},
		{"inline: kind", inline + kind, uint16(1), "an inline bucket with kind 0x1"},
		{"inline: count", inline + count, uint16(1), "1 elements do not fit"},
		{"inline: position", value(entry(moonlet)) + 16 + table + position, uint32(math.MaxUint32), "element 0 of 3"},
		{"inline: long value", value(entry(moonlet)) + 16 + table + valueSize, uint32(math.MaxUint32), "element 0 of 3"},
		{"inline: a bucket in it", value(entry(moonlet)) + 16 + table, uint32(1), "a bucket in it"},
	}
}

func TestEveryDamagedNumberIsFoundBeforeItIsFollowed(t *testing.T) {
	good, head := readHead(t, smallFile(t))
	file := path(t)
	for _, d := range damages(good, head) {
		t.Run(d.name, func(t *testing.T) {
			bad := slices.Clone(good)
			copy(bad[d.at:], d.bytes(t))
			sealHeads(bad)
			if err := os.WriteFile(file, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			mustRefuse(t, file, state.ErrDamaged)
			if _, err := state.Open(state.Options{Path: file}); err != nil && !strings.Contains(err.Error(), d.want) {
				t.Errorf("error %q does not say %q", err, d.want)
			}
		})
	}
}

// sealHeads makes the checksums of both head pages right: what is to be found behind them is what is wrong.
func sealHeads(text []byte) {
	for _, head := range []uint64{0, boltPage} {
		sum := fnv.New64a()
		_, _ = sum.Write(text[head+16 : head+boltSum])
		binary.NativeEndian.PutUint64(text[head+boltSum:], sum.Sum64())
	}
}

// TestFileWithoutFreeListIsForeign opens what another program may have written: bbolt would walk it unguarded.
func TestFileWithoutFreeListIsForeign(t *testing.T) {
	file := goodFile(t)
	db, err := bbolt.Open(file, 0o600, &bbolt.Options{NoFreelistSync: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Update(func(*bbolt.Tx) error { return nil }), db.Close()); err != nil {
		t.Fatal(err)
	}
	mustRefuse(t, file, state.ErrForeign)
}

// editSize is what the fuzzer says of one byte: three bytes where it is, one what it becomes.
const editSize = 4

// FuzzDamagedFile overwrites bytes anywhere: a file opens with all its pods and can be written, or is refused unchanged.
func FuzzDamagedFile(f *testing.F) {
	good, head := readHead(f, smallFile(f))
	for _, d := range damages(good, head) {
		var edits []byte
		for i, b := range d.bytes(f) {
			at := binary.LittleEndian.AppendUint32(nil, uint32(d.at)+uint32(i))
			edits = append(append(edits, at[:3]...), b)
		}
		f.Add(edits, true)
		f.Add(edits, false)
	}
	f.Fuzz(func(t *testing.T, edits []byte, seal bool) {
		bad := slices.Clone(good)
		for e := range slices.Chunk(edits[:min(len(edits), 32*editSize)/editSize*editSize], editSize) {
			bad[(int(e[0])|int(e[1])<<8|int(e[2])<<16)%len(bad)] = e[3]
		}
		if seal {
			sealHeads(bad)
		}
		mustOpenOrRefuse(t, bad)
	})
}

func mustOpenOrRefuse(t *testing.T, text []byte) {
	t.Helper()
	file := path(t)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := state.Open(state.Options{Path: file})
	if err != nil {
		if after, _ := os.ReadFile(file); !slices.Equal(after, text) {
			t.Errorf("refused with %v, and changed", err)
		}
		return
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = opened(t, state.Options{Path: file})
	create(t, s, "one-more")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s = opened(t, state.Options{Path: file}); s.Len() != 21 {
		t.Errorf("opened with %d pods, want 20 and one more", s.Len())
	}
}
