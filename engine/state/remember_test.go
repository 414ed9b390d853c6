package state_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/moonlet-dev/moonlet/engine/state"
)

// lean opens a store whose pods somebody else keeps.
func lean(tb testing.TB, file string) *state.Store {
	tb.Helper()
	return opened(tb, state.Options{Path: file, Lean: true})
}

func TestALeanFileRemembersPodsWithoutTheirObjects(t *testing.T) {
	file := path(t)
	s := lean(t, file)
	web := newPod("web")
	web.Incarnation, web.Attempt, web.Deletes = 3, 2, 1
	web.Memo = record(t, nil, "on_start/app/1", tree{"crashes": 1.0})
	web = commit(t, s, state.Change{Key: key("web"), New: web, Wait: true})
	gone := create(t, s, "gone")[0]
	commit(t, s, state.Change{Key: key("gone"), Old: gone})
	if s.Remembered(key("web")) != nil {
		t.Error("a pod that is there is remembered too")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	s = lean(t, file)
	if s.Len() != 0 {
		t.Errorf("%d pods are there", s.Len())
	}
	past := s.Remembered(key("web"))
	if past == nil || past.Object != nil {
		t.Fatalf("remembered is %+v", past)
	}
	was := *web
	was.Object, was.Revision = nil, past.Revision
	if d := cmp.Diff(kept(t, &was), kept(t, past)); d != "" {
		t.Errorf("(-committed +remembered):\n%s", d)
	}
	if n := s.Count(key("web")); n.Incarnation != 3 || n.Attempt != 2 || n.UID != "uid-web" {
		t.Errorf("count is %+v", n)
	}
	if all := s.AllRemembered(); names(all) != "web" {
		t.Errorf("all remembered: %s", names(all))
	}
}

func TestWhatIsTakenInOrForgottenIsRememberedNoMore(t *testing.T) {
	for name, drop := range map[string]func(*state.Store) error{
		"taken in": func(s *state.Store) error {
			commit(t, s, state.Change{Key: key("web"), New: newPod("web")})
			commit(t, s, state.Change{Key: key("web"), Old: s.Get(key("web")), Wait: true})
			return nil
		},
		"forgotten":                    func(s *state.Store) error { return s.Unremember(key("web")) },
		"another incarnation rejected": func(s *state.Store) error { return s.SetCount(key("web"), state.Count{Incarnation: 2, UID: "2"}) },
	} {
		t.Run(name, func(t *testing.T) {
			file := path(t)
			s := lean(t, file)
			create(t, s, "web", "db")
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = lean(t, file)
			if err := drop(s); err != nil {
				t.Fatal(err)
			}
			if s.Remembered(key("web")) != nil {
				t.Error("still remembered")
			}
			if n := s.Count(key("web")); n.Incarnation == 0 {
				t.Error("its counters are gone")
			}
			if err := errors.Join(s.Unremember(key("nobody")), s.Close()); err != nil {
				t.Fatal(err)
			}
			if all := lean(t, file).AllRemembered(); names(all) != "db" {
				t.Errorf("the file remembers %s", names(all))
			}
		})
	}
}

func TestLeanAndWholePodsInOneFileLeaveEachOtherAlone(t *testing.T) {
	file := path(t)
	s := opened(t, state.Options{Path: file})
	create(t, s, "served")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = lean(t, file)
	create(t, s, "bound")
	if s.Len() != 1 || len(s.AllRemembered()) != 0 {
		t.Errorf("%d pods, %d remembered", s.Len(), len(s.AllRemembered()))
	}
	s = reopen(t, s, file)
	if list := s.List(); names(list) != "served" || list[0].Object == nil {
		t.Errorf("pods are %s", names(list))
	}
}

func TestALeanStoreTellsAtOnceAndWritesWhenSomebodyWaits(t *testing.T) {
	s := lean(t, path(t))
	sub := s.Subscribe(10)
	defer sub.Close()
	for range 100 { // a second each, were they not gathered and hurried
		p := commit(t, s, state.Change{Key: key("web"), New: newPod("web")})
		if e := <-sub.C(); e.Pod != p {
			t.Fatalf("told %v", e)
		}
		commit(t, s, state.Change{Key: key("web"), Old: p, Wait: true})
		<-sub.C()
	}
}

func TestAStoreKeepsAsManyEventsAsItIsTold(t *testing.T) {
	s := opened(t, state.Options{Events: 2})
	tell(t, s, "web")
	if events, err := s.Since(1); err != nil || len(events) != 2 {
		t.Errorf("%d events (%v)", len(events), err)
	}
	if _, err := s.Since(0); !errors.Is(err, state.ErrTooOld) {
		t.Errorf("the third last is kept: %v", err)
	}
}
