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

// again closes a store and opens it anew.
func again(t *testing.T, s *state.Store, o state.Options) *state.Store {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return opened(t, o)
}
