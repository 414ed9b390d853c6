package state_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/moonlet-dev/moonlet/engine/state"
)

// dueAt sets the due time of a pod, creating it where needed.
func dueAt(tb testing.TB, s *state.Store, name string, due time.Time) {
	tb.Helper()
	old, n := s.Get(key(name)), newPod(name)
	n.Due = due
	commit(tb, s, state.Change{Key: key(name), Old: old, New: n})
}

func second(n int) time.Time { return start.Add(time.Duration(n) * time.Second) }

func TestPopDueGivesTheLongestOverdueFirst(t *testing.T) {
	s := memory(t)
	for name, due := range map[string]int{"c": 2, "b": 1, "a": 2, "later": 4} {
		dueAt(t, s, name, second(due))
	}
	create(t, s, "never")
	if got := names(s.PopDue(second(3))); got != "b a c" {
		t.Errorf("due at 3: %q, want %q", got, "b a c")
	}
	if got := s.NextDue(); !got.Equal(second(4)) {
		t.Errorf("next due %v", got)
	}
	if got := s.PopDue(second(3)); got != nil {
		t.Errorf("popped twice: %q", names(got))
	}
}

func TestPoppedPodComesBackByCommitOrRequeue(t *testing.T) {
	s := memory(t)
	dueAt(t, s, "web", second(1))
	s.PopDue(second(1))
	dueAt(t, s, "web", second(1))
	if got := names(s.PopDue(second(1))); got != "web" {
		t.Errorf("after commit: %q", got)
	}
	s.Requeue(key("web"))
	if got := names(s.PopDue(second(1))); got != "web" {
		t.Errorf("after requeue: %q", got)
	}
	s.Requeue(key("unknown"))
	create(t, s, "never")
	s.Requeue(key("never"))
	if got := s.NextDue(); !got.IsZero() {
		t.Errorf("next due %v, want none", got)
	}
}

func TestRemovedPodIsNeverDue(t *testing.T) {
	s := memory(t)
	dueAt(t, s, "web", second(1))
	commit(t, s, state.Change{Key: key("web"), Old: s.Get(key("web"))})
	if got := s.PopDue(second(9)); got != nil {
		t.Errorf("due: %q", names(got))
	}
}

func TestWakeComesWithEarlierNewsOnly(t *testing.T) {
	s := memory(t)
	woken := func() bool {
		select {
		case <-s.Wake():
			return true
		default:
			return false
		}
	}
	for _, step := range []struct {
		what string
		name string
		due  time.Time
		want bool
	}{
		{"the first due time", "a", second(5), true},
		{"a later one", "b", second(6), false},
		{"the same moment", "c", second(5), false},
		{"an earlier one", "b", second(4), true},
		{"the earliest pod becomes earlier", "b", second(3), true},
		{"the earliest pod becomes later", "b", second(7), false},
		{"no due time any more", "b", time.Time{}, false},
	} {
		dueAt(t, s, step.name, step.due)
		if got := woken(); got != step.want {
			t.Errorf("%s: woken %v, want %v", step.what, got, step.want)
		}
	}
	s.PopDue(second(9))
	s.Requeue(key("a"))
	if !woken() {
		t.Error("not woken by a requeue into an empty heap")
	}
}

// TestDueOrderAgreesWithAModel compares the heap with a plain map.
func TestDueOrderAgreesWithAModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s, err := state.Open(state.Options{})
		if err != nil {
			rt.Fatal(err)
		}
		defer s.Close()
		model := map[string]int{} // due second; 0: not queued
		name := rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f"})
		rt.Repeat(map[string]func(*rapid.T){
			"commit": func(rt *rapid.T) {
				n, due := name.Draw(rt, "name"), rapid.IntRange(0, 8).Draw(rt, "due")
				p := newPod(n)
				if due > 0 {
					p.Due = second(due)
				}
				if _, err := s.Commit(rt.Context(), state.Change{Key: key(n), Old: s.Get(key(n)), New: p}); err != nil {
					rt.Fatal(err)
				}
				model[n] = due
			},
			"remove": func(rt *rapid.T) {
				n := name.Draw(rt, "name")
				if old := s.Get(key(n)); old != nil {
					if _, err := s.Commit(rt.Context(), state.Change{Key: key(n), Old: old}); err != nil {
						rt.Fatal(err)
					}
				}
				delete(model, n)
			},
			"pop": func(rt *rapid.T) {
				now := rapid.IntRange(0, 9).Draw(rt, "now")
				var last *state.Pod
				for _, p := range s.PopDue(second(now)) {
					if last != nil && (p.Due.Before(last.Due) || p.Due.Equal(last.Due) && p.Compare(last.Key) <= 0) {
						rt.Fatalf("%s before %s", last.Name, p.Name)
					}
					if due := model[p.Name]; due == 0 || due > now {
						rt.Fatalf("%s popped at %d, due %d", p.Name, now, due)
					}
					last, model[p.Name] = p, 0
				}
				for n, due := range model {
					if due > 0 && due <= now {
						rt.Fatalf("%s not popped at %d, due %d", n, now, due)
					}
				}
			},
			"": func(rt *rapid.T) {
				earliest := time.Time{}
				for _, due := range model {
					if due > 0 && (earliest.IsZero() || second(due).Before(earliest)) {
						earliest = second(due)
					}
				}
				if got := s.NextDue(); !got.Equal(earliest) {
					rt.Fatalf("next due %v, want %v", got, earliest)
				}
			},
		})
	})
}
