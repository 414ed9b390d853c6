package state_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/moonlet-dev/moonlet/engine/state"
)

func story(events []state.Event) string {
	text := ""
	for _, e := range events {
		text += fmt.Sprintf("%d %s %s\n", e.Seq, e.Kind, e.Pod.Name)
	}
	return text
}

// tell makes three events: added, changed, removed.
func tell(tb testing.TB, s *state.Store, name string) (last *state.Pod) {
	tb.Helper()
	p := create(tb, s, name)[0]
	last = commit(tb, s, state.Change{Key: key(name), Old: p, New: next(p, func(*state.Pod) {})})
	commit(tb, s, state.Change{Key: key(name), Old: last, Wait: true})
	return last
}

func TestSubscriberSeesEveryCommitInOrder(t *testing.T) {
	for name, file := range map[string]string{"memory": "", "file": path(t)} {
		t.Run(name, func(t *testing.T) {
			s := opened(t, state.Options{Path: file})
			sub := s.Subscribe(10)
			defer sub.Close()
			last := tell(t, s, "web")
			var got []state.Event
			for range 3 {
				got = append(got, <-sub.C())
			}
			if want := "1 added web\n2 changed web\n3 removed web\n"; story(got) != want {
				t.Errorf("got\n%swant\n%s", story(got), want)
			}
			if got[2].Pod != last {
				t.Error("a removal does not show the last snapshot")
			}
			if s.Seq() != 3 {
				t.Errorf("Seq %d, want 3", s.Seq())
			}
		})
	}
}

func TestSlowSubscriberIsLetGoAndHoldsNobodyUp(t *testing.T) {
	s := memory(t)
	slow, quick := s.Subscribe(2), s.Subscribe(3)
	defer quick.Close()
	tell(t, s, "web")
	seen := 0
	for range slow.C() { // ends, for the channel is closed
		seen++
	}
	if seen != 2 || !slow.Dropped() {
		t.Errorf("slow subscriber saw %d events, dropped %v; want 2, true", seen, slow.Dropped())
	}
	slow.Close()
	if quick.Dropped() || len(quick.C()) != 3 {
		t.Errorf("the other subscriber has %d events, dropped %v; want 3, false", len(quick.C()), quick.Dropped())
	}
}

func TestClosedSubscriptionGetsNothing(t *testing.T) {
	s := memory(t)
	sub := s.Subscribe(1)
	sub.Close()
	sub.Close()
	create(t, s, "web")
	if _, open := <-sub.C(); open || sub.Dropped() {
		t.Errorf("open %v, dropped %v; want neither", open, sub.Dropped())
	}
}

func TestCloseOfTheStoreEndsSubscriptions(t *testing.T) {
	s := opened(t, state.Options{})
	sub := s.Subscribe(1)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, open := <-sub.C(); open {
		t.Error("still open")
	}
	late := s.Subscribe(1)
	if _, open := <-late.C(); open {
		t.Error("a subscription to a closed store is open")
	}
	late.Close()
}

func TestResumeBeginsWithWhatWasMissed(t *testing.T) {
	s := memory(t)
	tell(t, s, "a")
	sub, err := s.Resume(2, 3)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	tell(t, s, "b")
	var got []state.Event
	for range 4 {
		got = append(got, <-sub.C())
	}
	if want := "3 removed a\n4 added b\n5 changed b\n6 removed b\n"; story(got) != want {
		t.Errorf("got\n%swant\n%s", story(got), want)
	}
}

func TestSinceKeepsTheLatestEvents(t *testing.T) {
	s := memory(t)
	web := create(t, s, "web")[0]
	for range 5000 {
		web = commit(t, s, state.Change{Key: key("web"), Old: web, New: next(web, func(*state.Pod) {})})
	}
	for after, want := range map[uint64]int{5001: 0, 5000: 1, 5001 - 4096: 4096} {
		events, err := s.Since(after)
		if err != nil || len(events) != want {
			t.Errorf("since %d: %d events, %v; want %d", after, len(events), err, want)
			continue
		}
		for i, e := range events {
			if e.Seq != after+1+uint64(i) || e.Pod.Revision != e.Seq {
				t.Fatalf("since %d: event %d has number %d and revision %d", after, i, e.Seq, e.Pod.Revision)
			}
		}
	}
	for name, after := range map[string]uint64{"too far back": 5000 - 4096, "from the future": 5002} {
		if _, err := s.Since(after); !errors.Is(err, state.ErrTooOld) {
			t.Errorf("%s: %v, want ErrTooOld", name, err)
		}
		if _, err := s.Resume(after, 1); !errors.Is(err, state.ErrTooOld) {
			t.Errorf("resume %s: %v, want ErrTooOld", name, err)
		}
	}
}

func TestSeqGoesOnAfterReopening(t *testing.T) {
	file := path(t)
	s := opened(t, state.Options{Path: file})
	tell(t, s, "web")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = opened(t, state.Options{Path: file})
	if events, err := s.Since(3); err != nil || len(events) != 0 {
		t.Errorf("since the last event: %v, %v; want none", events, err)
	}
	if _, err := s.Since(2); !errors.Is(err, state.ErrTooOld) {
		t.Errorf("since an event of the former process: %v, want ErrTooOld", err)
	}
	if p := create(t, s, "db")[0]; p.Revision != 4 {
		t.Errorf("revision %d, want 4", p.Revision)
	}
}
