package state_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/moonlet-dev/moonlet/engine/state"
)

// told is journals that tell batches one after the other.
type told struct {
	next  uint64
	texts []string
	over  []uint64
}

func (j *told) News() (uint64, []byte, []uint64, bool) {
	if len(j.texts) == 0 {
		return 0, nil, nil, false
	}
	text := j.texts[0]
	j.texts = j.texts[1:]
	j.next++
	over := j.over
	j.over = nil
	return j.next, []byte(text), over, len(j.texts) > 0
}

func TestJournalsAreKeptInTheOrderOfTheirNumbers(t *testing.T) {
	for name, lean := range map[string]bool{"whole": false, "lean": true} {
		t.Run(name, func(t *testing.T) {
			o := state.Options{Path: path(t), Lean: lean}
			s := opened(t, o)
			long := strings.Repeat("x", 100_000)
			s.KeepJournals(&told{next: 8, texts: []string{"one", long, "three"}})
			s = again(t, s, o)
			want := []state.Batch{{Number: 9, News: []byte("one")}, {Number: 10, News: []byte(long)}, {Number: 11, News: []byte("three")}}
			if got := s.TakeJournals(); !cmp.Equal(got, want) {
				t.Error(cmp.Diff(want, got))
			}
			if twice := s.TakeJournals(); twice != nil {
				t.Errorf("handed over twice: %v", twice)
			}
			s.KeepJournals(&told{next: 11, texts: []string{"four"}, over: []uint64{9, 10}})
			s = again(t, s, o)
			want = []state.Batch{want[2], {Number: 12, News: []byte("four")}}
			if got := s.TakeJournals(); !cmp.Equal(got, want) {
				t.Error(cmp.Diff(want, got))
			}
		})
	}
}

// More batches than one transaction takes are kept all the same.
func TestManyBatchesOfJournalsAreKept(t *testing.T) {
	const many = 40
	long := strings.Repeat("x", 100_000)
	texts := make([]string, many)
	for i := range texts {
		texts[i] = long
	}
	o := state.Options{Path: path(t)}
	s := opened(t, o)
	s.KeepJournals(&told{texts: texts})
	s = again(t, s, o)
	kept := s.TakeJournals()
	if len(kept) != many {
		t.Fatalf("%d of %d batches are kept", len(kept), many)
	}
	for i, b := range kept {
		if b.Number != uint64(i+1) || string(b.News) != long {
			t.Errorf("batch %d has number %d and %d bytes", i+1, b.Number, len(b.News))
		}
	}
}

// again closes a store and opens it anew.
func again(t *testing.T, s *state.Store, o state.Options) *state.Store {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return opened(t, o)
}
