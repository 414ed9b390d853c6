package state_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/moonlet-dev/moonlet/engine/state"
)

func TestCommitComparesWithWhatTheCallerRead(t *testing.T) {
	s := memory(t)
	web := create(t, s, "web")[0]
	newer := commit(t, s, state.Change{Key: key("web"), Old: web, New: next(web, func(*state.Pod) {})})

	for name, c := range map[string]struct {
		change state.Change
		want   error
	}{
		"create what exists":           {state.Change{Key: key("web"), New: newPod("web")}, state.ErrExists},
		"change what is not there":     {state.Change{Key: key("db"), Old: web, New: newPod("db")}, state.ErrNotFound},
		"remove what is not there":     {state.Change{Key: key("db"), Old: web}, state.ErrNotFound},
		"change an older revision":     {state.Change{Key: key("web"), Old: web, New: next(web, func(*state.Pod) {})}, state.ErrConflict},
		"remove an older revision":     {state.Change{Key: key("web"), Old: web}, state.ErrConflict},
		"change in place":              {state.Change{Key: key("web"), Old: newer, New: newer}, state.ErrInvalid},
		"neither old nor new":          {state.Change{Key: key("web")}, state.ErrInvalid},
		"no name":                      {state.Change{Key: key(""), New: newPod("")}, state.ErrInvalid},
		"a name with a NUL byte":       {state.Change{Key: key("a\x00b"), New: newPod("a\x00b")}, state.ErrInvalid},
		"new pod under another name":   {state.Change{Key: key("db"), New: newPod("other")}, state.ErrInvalid},
		"new pod without an object":    {state.Change{Key: key("db"), New: &state.Pod{Key: key("db")}}, state.ErrInvalid},
		"new pod of another namespace": {state.Change{Key: state.Key{Namespace: "x", Name: "web"}, New: newPod("web")}, state.ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := s.Commit(context.Background(), c.change); !errors.Is(err, c.want) {
				t.Errorf("error %v, want %v", err, c.want)
			}
			if got := s.Get(key("web")); got != newer {
				t.Errorf("a refused change left its mark: %+v", got)
			}
			if s.Len() != 1 {
				t.Errorf("%d pods, want 1", s.Len())
			}
		})
	}
}

func TestCommitGivesGrowingRevisions(t *testing.T) {
	s := memory(t)
	web := create(t, s, "web")[0]
	db := create(t, s, "db")[0]
	newer := commit(t, s, state.Change{Key: key("web"), Old: web, New: next(web, func(*state.Pod) {})})
	if web.Revision >= db.Revision || db.Revision >= newer.Revision {
		t.Errorf("revisions %d, %d, %d do not grow", web.Revision, db.Revision, newer.Revision)
	}
}

func TestRemovedPodIsGoneAndItsNameFree(t *testing.T) {
	s := memory(t)
	web := create(t, s, "web")[0]
	if got, err := s.Commit(context.Background(), state.Change{Key: key("web"), Old: web}); got != nil || err != nil {
		t.Fatalf("removal returned %v, %v", got, err)
	}
	if s.Get(key("web")) != nil || s.Len() != 0 || len(s.List()) != 0 {
		t.Error("the pod is still there")
	}
	create(t, s, "web")
}

func TestOnlyOneOfManyRacingCommitsWins(t *testing.T) {
	s := opened(t, state.Options{Path: path(t)})
	web := create(t, s, "web")[0]
	var won sync.Map
	var group sync.WaitGroup
	for i := range 32 {
		group.Go(func() {
			n := next(web, func(p *state.Pod) { p.Attempt = i })
			if _, err := s.Commit(context.Background(), state.Change{Key: key("web"), Old: web, New: n, Wait: true}); err == nil {
				won.Store(i, true)
			} else if !errors.Is(err, state.ErrConflict) {
				t.Errorf("loser got %v", err)
			}
		})
	}
	group.Wait()
	winners := 0
	won.Range(func(i, _ any) bool {
		winners++
		if got := s.Get(key("web")).Attempt; got != i {
			t.Errorf("attempt %d is kept, %v won", got, i)
		}
		return true
	})
	if winners != 1 {
		t.Errorf("%d commits won, want 1", winners)
	}
}

func TestCanceledCommitStandsInMemory(t *testing.T) {
	s, err := state.Open(state.Options{Path: path(t)}) // nobody runs the writer: a durable commit cannot end
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, cancel := context.WithCancel(context.Background())
	sub := make(chan error, 1)
	go func() {
		_, err := s.Commit(ctx, state.Change{Key: key("web"), New: newPod("web"), Wait: true})
		sub <- err
	}()
	for s.Get(key("web")) == nil { // applied
		select {
		case err := <-sub:
			t.Fatalf("commit returned %v before its context ended", err)
		default:
		}
	}
	cancel()
	if err := <-sub; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
	if s.Get(key("web")) == nil {
		t.Error("the change was undone")
	}
	if _, err := s.Commit(ctx, state.Change{Key: key("db"), New: newPod("db")}); !errors.Is(err, context.Canceled) || s.Get(key("db")) != nil {
		t.Errorf("a commit whose context had ended was taken: %v", err)
	}
}

func TestClosedStoreTakesNoChange(t *testing.T) {
	for name, file := range map[string]string{"memory": "memory", "file": path(t)} {
		t.Run(name, func(t *testing.T) {
			s := opened(t, state.Options{Path: file})
			web := create(t, s, "web")[0]
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Commit(context.Background(), state.Change{Key: key("web"), Old: web}); !errors.Is(err, state.ErrClosed) {
				t.Errorf("commit: %v, want ErrClosed", err)
			}
			if err := s.Params().Put(context.Background(), "a", []byte("1")); !errors.Is(err, state.ErrClosed) {
				t.Errorf("put: %v, want ErrClosed", err)
			}
			if err := s.Run(context.Background()); !errors.Is(err, state.ErrClosed) {
				t.Errorf("run: %v, want ErrClosed", err)
			}
			if s.Get(key("web")) != web {
				t.Error("reading stopped")
			}
		})
	}
}

func TestEndedRunRefusesWhatNobodyWouldWrite(t *testing.T) {
	s, err := state.Open(state.Options{Path: path(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	create(t, s, "web")
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if _, err := s.Commit(context.Background(), state.Change{Key: key("db"), New: newPod("db"), Wait: true}); !errors.Is(err, state.ErrClosed) {
		t.Errorf("commit: %v, want ErrClosed", err)
	}
}

func ExampleStore_Commit() {
	s, _ := state.Open(state.Options{Path: "memory"})
	defer s.Close()

	web, _ := s.Commit(context.Background(), state.Change{Key: key("web"), New: newPod("web")})
	changed := *web
	changed.Owner = "flaky"
	_, err := s.Commit(context.Background(), state.Change{Key: key("web"), Old: web, New: &changed})
	fmt.Println(err, s.Get(key("web")).Owner)

	_, err = s.Commit(context.Background(), state.Change{Key: key("web"), Old: web})
	fmt.Println(err)
	// Output:
	// <nil> flaky
	// changed meanwhile
}
