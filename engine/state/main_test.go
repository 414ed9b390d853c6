package state_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/moonlet-dev/moonlet/engine/pod"
	"github.com/moonlet-dev/moonlet/engine/state"
)

// helperEnv makes the test binary play another process: the value is the part, the arguments follow "--".
const helperEnv = "MOONLET_STATE_HELPER"

func TestMain(m *testing.M) {
	if part := os.Getenv(helperEnv); part != "" {
		os.Exit(helper(part, os.Args[len(os.Args)-1]))
	}
	goleak.VerifyTestMain(m)
}

// start is when the stories of these tests begin.
var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func key(name string) state.Key { return state.Key{Namespace: "default", Name: name} }

func object(name string) *v1.Pod {
	return &v1.Pod{
		TypeMeta:   metav1.TypeMeta{Kind: "Pod", APIVersion: "v1"},
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name, UID: types.UID("uid-" + name), Labels: map[string]string{"app": name}},
		Spec:       v1.PodSpec{Containers: []v1.Container{{Name: "app", Image: "nginx:1.27"}}},
	}
}

// newPod is a pod as its creation would commit it.
func newPod(name string) *state.Pod {
	o := object(name)
	return &state.Pod{
		Key: key(name), UID: o.UID, Incarnation: 1, Attempt: 1,
		Object: o, Life: pod.Begin(o, start, pod.Beginning{IP: "10.0.0.1"}),
	}
}

// next is p changed by edit, ready to be committed.
func next(p *state.Pod, edit func(*state.Pod)) *state.Pod {
	n := *p
	edit(&n)
	return &n
}

// memory opens a store without a file.
func memory(tb testing.TB) *state.Store {
	tb.Helper()
	return opened(tb, state.Options{})
}

// path is a state file that does not exist yet.
func path(tb testing.TB) string {
	tb.Helper()
	return filepath.Join(tb.TempDir(), "moonlet.db")
}

// opened opens a store, runs its writer and closes it at the end.
func opened(tb testing.TB, o state.Options) *state.Store {
	tb.Helper()
	s, err := state.Open(o)
	if err != nil {
		tb.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Run(context.Background()) }()
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Errorf("Close: %v", err)
		}
		if err := <-ended; err != nil && !errors.Is(err, state.ErrClosed) { // closed before it began
			tb.Errorf("Run: %v", err)
		}
	})
	return s
}

// commit commits and returns the new snapshot.
func commit(tb testing.TB, s *state.Store, c state.Change) *state.Pod {
	tb.Helper()
	p, err := s.Commit(context.Background(), c)
	if err != nil {
		tb.Fatalf("commit %s: %v", c.Key, err)
	}
	return p
}

// create commits new pods and waits until they are durable.
func create(tb testing.TB, s *state.Store, names ...string) []*state.Pod {
	tb.Helper()
	pods := make([]*state.Pod, len(names))
	for i, name := range names {
		pods[i] = commit(tb, s, state.Change{Key: key(name), New: newPod(name), Wait: true})
	}
	return pods
}

func names(pods []*state.Pod) string {
	text := ""
	for i, p := range pods {
		if i > 0 {
			text += " "
		}
		text += p.Name
	}
	return text
}

func helper(part, arg string) int {
	parts := map[string]func(string) error{
		"crash": crashHelper, "open": openHelper, "full": fullHelper, "open as nobody": openAsNobodyHelper,
	}
	if err := parts[part](arg); err != nil {
		fmt.Println("error:", err)
		return 1
	}
	return 0
}
