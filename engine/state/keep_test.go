package state_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/moonlet-dev/moonlet/engine/state"
)

// reopen closes a store and opens its file again.
func reopen(tb testing.TB, s *state.Store, file string) *state.Store {
	tb.Helper()
	if err := s.Close(); err != nil {
		tb.Fatal(err)
	}
	return opened(tb, state.Options{Path: file})
}

// kept is the part of a pod that must survive.
func kept(tb testing.TB, p *state.Pod) map[string]any {
	tb.Helper()
	if p == nil {
		return nil
	}
	life, err := json.Marshal(p.Life)
	if err != nil {
		tb.Fatal(err)
	}
	return map[string]any{
		"key": p.Key, "uid": p.UID, "incarnation": p.Incarnation, "attempt": p.Attempt,
		"updates": p.Updates, "deletes": p.Deletes, "created": p.Created.UnixNano(),
		"object": p.Object, "life": string(life), "memo": p.Memo.Tree(""), "asks": p.Memo.Asks(),
	}
}

func TestEverythingKeptComesBack(t *testing.T) {
	for _, fsync := range []bool{false, true} {
		t.Run(fmt.Sprintf("fsync %v", fsync), func(t *testing.T) {
			file := path(t)
			s := opened(t, state.Options{Path: file, Fsync: fsync})
			ctx := context.Background()
			create(t, s, "db", "gone")
			web := newPod("web")
			web.Incarnation, web.Attempt, web.Owner, web.Due = 3, 2, "flaky", second(1)
			web.Updates, web.Deletes, web.Created = 4, 5, second(6)
			web.Memo = record(t, nil, "on_start/app/1", tree{"crashes": 1.0, "list": []any{"a", nil, true}})
			web.Status, web.StatusJSON, web.Extra = &v1.PodStatus{}, []byte("{}"), 1
			commit(t, s, state.Change{Key: key("web"), New: web, Wait: true})
			lived := commit(t, s, state.Change{Key: key("db"), Old: s.Get(key("db")), New: next(s.Get(key("db")), func(p *state.Pod) {
				p.Life = p.Life.WithIP("10.0.0.7")
			})})
			commit(t, s, state.Change{Key: key("gone"), Old: s.Get(key("gone"))})
			node := record(t, nil, "capacity", tree{"n": 1.0})
			if err := s.SetNodeMemo("node-1", nil, node); err != nil {
				t.Fatal(err)
			}
			if err := s.Params().Put(ctx, "flaky/crash_rate", json.RawMessage(`0.5`)); err != nil {
				t.Fatal(err)
			}
			if err := s.Facts().Put(ctx, "seed", json.RawMessage(`42`)); err != nil {
				t.Fatal(err)
			}

			s = reopen(t, s, file)
			if got := names(s.List()); got != "db web" {
				t.Fatalf("pods %q", got)
			}
			for _, was := range []*state.Pod{web, lived} {
				is := s.Get(was.Key)
				if diff := cmp.Diff(kept(t, was), kept(t, is)); diff != "" {
					t.Errorf("%s changed:\n%s", was.Name, diff)
				}
				if is.Status != nil || is.StatusJSON != nil || is.ObjectJSON != nil || is.Owner != "" || is.Extra != nil || !is.Due.IsZero() {
					t.Errorf("%s has derived fields: %+v", was.Name, is)
				}
			}
			if diff := cmp.Diff(node.Tree(""), s.NodeMemo("node-1").Tree("")); diff != "" {
				t.Errorf("node memo changed:\n%s", diff)
			}
			if got, _ := s.Params().Get("flaky/crash_rate"); string(got) != "0.5" {
				t.Errorf("param %s", got)
			}
			if got, _ := s.Facts().Get("seed"); string(got) != "42" {
				t.Errorf("seed %s", got)
			}
			if got, want := s.Count(key("gone")), (state.Count{Incarnation: 1, Attempt: 1, UID: "uid-gone"}); got != want {
				t.Errorf("count of the removed pod %v, want %v", got, want)
			}
		})
	}
}

// TestObjectsComeBackAsTheyWere holds the JSON that keeps objects against real ones.
func TestObjectsComeBackAsTheyWere(t *testing.T) {
	samples, err := filepath.Glob("testdata/pods/*")
	if err != nil || len(samples) == 0 {
		t.Fatalf("no samples: %v", err)
	}
	file := path(t)
	s := opened(t, state.Options{Path: file})
	want := map[state.Key]*v1.Pod{}
	for _, sample := range samples {
		text, err := os.ReadFile(sample)
		if err != nil {
			t.Fatal(err)
		}
		o := new(v1.Pod)
		if err := yaml.UnmarshalStrict(text, o); err != nil {
			t.Fatalf("%s: %v", sample, err)
		}
		o.Status = v1.PodStatus{}
		k := state.Key{Namespace: o.Namespace, Name: o.Name}
		commit(t, s, state.Change{Key: k, New: &state.Pod{Key: k, Object: o}, Wait: true})
		want[k] = o
	}
	s = reopen(t, s, file)
	for k, o := range want {
		if diff := cmp.Diff(o, s.Get(k).Object); diff != "" {
			t.Errorf("%s changed:\n%s", k, diff)
		}
	}
}

func TestRemovalsComeBack(t *testing.T) {
	file := path(t)
	s := opened(t, state.Options{Path: file})
	ctx := context.Background()
	for _, table := range []state.Table{s.Params(), s.Facts()} {
		for _, value := range []json.RawMessage{json.RawMessage(`1`), nil} {
			if err := table.Put(ctx, "x", value); err != nil {
				t.Fatal(err)
			}
		}
	}
	memo := record(t, nil, "a", tree{"x": 1.0})
	for _, err := range []error{s.SetNodeMemo("n", nil, memo), s.SetNodeMemo("n", memo, nil)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	s = reopen(t, s, file)
	if len(s.Params().All()) != 0 || len(s.Facts().All()) != 0 || s.NodeMemo("n") != nil {
		t.Errorf("something came back: %v %v %v", s.Params().All(), s.Facts().All(), s.NodeMemo("n"))
	}
}

func TestTableRefusesWhatItCannotKeep(t *testing.T) {
	s := memory(t)
	for name, put := range map[string]func() error{
		"no key":       func() error { return s.Params().Put(context.Background(), "", json.RawMessage(`1`)) },
		"no JSON":      func() error { return s.Params().Put(context.Background(), "x", json.RawMessage(`{`)) },
		"no node name": func() error { return s.SetNodeMemo("", nil, nil) },
		"no pod name":  func() error { return s.SetCount(key(""), state.Count{}) },
	} {
		if err := put(); !errors.Is(err, state.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
	}
}

func TestNodeMemoComparesWithWhatTheCallerRead(t *testing.T) {
	s := memory(t)
	first := record(t, nil, "a", tree{"x": 1.0})
	if err := s.SetNodeMemo("n", nil, first); err != nil {
		t.Fatal(err)
	}
	if err := s.SetNodeMemo("n", nil, record(t, nil, "b", tree{"x": 2.0})); !errors.Is(err, state.ErrConflict) {
		t.Errorf("error %v, want ErrConflict", err)
	}
	if s.NodeMemo("n") != first {
		t.Error("the memo was replaced")
	}
}

func TestCountOutlivesThePod(t *testing.T) {
	s := memory(t)
	if got := s.Count(key("web")); got != (state.Count{}) {
		t.Errorf("a new name has %v", got)
	}
	rejected := state.Count{Incarnation: 1, Attempt: 2, UID: "uid-web", Rejected: true}
	if err := s.SetCount(key("web"), rejected); err != nil {
		t.Fatal(err)
	}
	if got, want := s.Count(key("web")), rejected; got != want {
		t.Errorf("after a rejected creation %v, want %v", got, want)
	}
	web := newPod("web")
	web.Incarnation, web.Attempt = 1, 3
	commit(t, s, state.Change{Key: key("web"), New: web})
	if err := s.SetCount(key("web"), state.Count{Incarnation: 9}); err != nil {
		t.Fatal(err)
	}
	want := state.Count{Incarnation: 1, Attempt: 3, UID: "uid-web"}
	if got := s.Count(key("web")); got != want {
		t.Errorf("of a living pod %v, want %v", got, want)
	}
	commit(t, s, state.Change{Key: key("web"), Old: web})
	if got := s.Count(key("web")); got != want {
		t.Errorf("after the removal %v, want %v", got, want)
	}
}

func TestCountForgetsTheNamesSetLongestAgo(t *testing.T) {
	file := path(t)
	s := opened(t, state.Options{Path: file})
	name := func(i int) state.Key { return key(fmt.Sprintf("pod-%d", i)) }
	const limit = 65_536
	for i := range limit + 2 {
		if i == limit {
			// Named again just before the limit is passed: no longer the oldest.
			if err := s.SetCount(name(0), state.Count{Incarnation: 2}); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.SetCount(name(i), state.Count{Incarnation: 1}); err != nil {
			t.Fatal(err)
		}
	}
	check := func(s *state.Store) {
		t.Helper()
		for i, want := range map[int]int{0: 2, 1: 0, 2: 0, 3: 1, limit + 1: 1} {
			if got := s.Count(name(i)).Incarnation; got != want {
				t.Errorf("pod-%d has incarnation %d, want %d", i, got, want)
			}
		}
	}
	check(s)
	s = reopen(t, s, file)
	check(s)
	if err := s.SetCount(name(limit+2), state.Count{Incarnation: 1}); err != nil {
		t.Fatal(err)
	}
	if got := s.Count(name(3)); got != (state.Count{}) {
		t.Errorf("after reopening the order is lost: pod-3 has %v", got)
	}
}
