package state_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/moonlet-dev/moonlet/engine/state"
)

func TestListIsSortedByNamespaceThenName(t *testing.T) {
	s := memory(t)
	for _, k := range []state.Key{{"b", "a"}, {"a", "z"}, {"a-b", "a"}, {"a", "b"}} {
		p := newPod(k.Name)
		p.Key = k
		commit(t, s, state.Change{Key: k, New: p})
	}
	var got []string
	for _, p := range s.List() {
		got = append(got, p.String())
	}
	if want := []string{"a/b", "a/z", "a-b/a", "b/a"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestListIsASnapshot(t *testing.T) {
	s := memory(t)
	web := create(t, s, "web")[0]
	before := s.List()
	if again := s.List(); &again[0] != &before[0] {
		t.Error("the list was made anew though nothing changed")
	}
	newer := commit(t, s, state.Change{Key: key("web"), Old: web, New: next(web, func(*state.Pod) {})})
	create(t, s, "db")
	if len(before) != 1 || before[0] != web {
		t.Error("an old list changed")
	}
	if after := s.List(); names(after) != "db web" || after[1] != newer {
		t.Errorf("new list: %q", names(after))
	}
}

// TestListAgreesWithAModel walks through creations, changes, removals and re-creations.
func TestListAgreesWithAModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s, err := state.Open(state.Options{})
		if err != nil {
			rt.Fatal(err)
		}
		defer s.Close()
		model := map[string]*state.Pod{}
		for range rapid.IntRange(1, 60).Draw(rt, "steps") {
			n := rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f", "g"}).Draw(rt, "name")
			c := state.Change{Key: key(n), Old: model[n]}
			if c.Old == nil || rapid.Bool().Draw(rt, "keep") {
				c.New = newPod(n)
			}
			p, err := s.Commit(rt.Context(), c)
			if err != nil {
				rt.Fatal(err)
			}
			if model[n] = p; p == nil {
				delete(model, n)
			}
			if !rapid.Bool().Draw(rt, "look") {
				continue
			}
			list := s.List()
			if len(list) != len(model) || !slices.IsSortedFunc(list, func(a, b *state.Pod) int { return a.Compare(b.Key) }) {
				rt.Fatalf("%d pods listed, %d exist: %q", len(list), len(model), names(list))
			}
			for _, p := range list {
				if model[p.Name] != p {
					rt.Fatalf("%s is listed at a revision that is not its last", p.Name)
				}
			}
		}
	})
}

func TestBeforeIsWhatWasBeforeTheMoment(t *testing.T) {
	s := memory(t)
	at := func(n int, c state.Change) *state.Pod {
		t.Helper()
		c.At = second(n)
		return commit(t, s, c)
	}
	changed := at(1, state.Change{Key: key("changed"), New: newPod("changed")})
	removed := at(1, state.Change{Key: key("removed"), New: newPod("removed")})
	if got := s.Before(second(1)); len(got) != 0 {
		t.Errorf("before 1: %q, want none", names(got))
	}
	if got := names(s.Before(second(2))); got != "changed removed" {
		t.Errorf("before 2, nothing done at 2: %q", got)
	}

	newer := at(2, state.Change{Key: key("changed"), Old: changed, New: next(changed, func(*state.Pod) {})})
	early := s.Before(second(2))
	at(2, state.Change{Key: key("removed"), Old: removed})
	created := at(2, state.Change{Key: key("created"), New: newPod("created")})
	at(2, state.Change{Key: key("changed"), Old: newer, New: next(newer, func(*state.Pod) {})})
	at(2, state.Change{Key: key("created"), Old: created, New: next(created, func(*state.Pod) {})})
	for name, got := range map[string][]*state.Pod{"in the middle of the moment": early, "after all its changes": s.Before(second(2))} {
		if !slices.Equal(got, []*state.Pod{changed, removed}) {
			t.Errorf("%s: %q, want the pods of moment 1", name, names(got))
		}
	}
	if got := names(s.Before(second(3))); got != "changed created" {
		t.Errorf("before 3: %q", got)
	}
	if got := s.Before(second(1)); !slices.Equal(got, []*state.Pod{changed, removed}) {
		t.Errorf("before a moment long past: %q, want the oldest that is known", names(got))
	}
}

func TestBeforeIgnoresChangesOutsideTheStory(t *testing.T) {
	s := memory(t)
	create(t, s, "web") // no At
	if got := names(s.Before(second(1))); got != "web" {
		t.Errorf("got %q", got)
	}
}
