package state_test

import (
	"errors"
	"testing"

	"github.com/moonlet-dev/moonlet/engine/state"
)

// note is a journal as the store sees it.
type note string

func (n note) AppendBinary(to []byte) ([]byte, error) { return append(to, n...), nil }

func TestJournalsAreKeptWithTheirPods(t *testing.T) {
	for name, lean := range map[string]bool{"whole": false, "lean": true} {
		t.Run(name, func(t *testing.T) {
			o := state.Options{Path: path(t), Lean: lean}
			s := opened(t, o)
			pods := create(t, s, "web", "gone")
			s.KeepJournal(key("web"), note("first"))
			s.KeepJournal(key("web"), note("crashed twice"))
			s.KeepJournal(key("gone"), note("will go"))
			s.KeepJournal(key("never"), note("was never there"))
			commit(t, s, state.Change{Key: key("gone"), Old: pods[1]})
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = opened(t, o)
			kept := s.TakeJournals()
			if len(kept) != 1 || string(kept[key("web")]) != "crashed twice" {
				t.Errorf("kept %q", kept)
			}
			if again := s.TakeJournals(); again != nil {
				t.Errorf("handed over twice: %q", again)
			}
		})
	}
}

func TestAnUnrememberedPodsJournalGoesToo(t *testing.T) {
	o := state.Options{Path: path(t), Lean: true}
	s := opened(t, o)
	create(t, s, "web")
	s.KeepJournal(key("web"), note("x"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = opened(t, o)
	if err := errors.Join(s.Unremember(key("web")), s.Close()); err != nil {
		t.Fatal(err)
	}
	if kept := opened(t, o).TakeJournals(); len(kept) != 0 {
		t.Errorf("kept %q", kept)
	}
}
