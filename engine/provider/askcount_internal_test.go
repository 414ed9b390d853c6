package provider

import (
	"fmt"
	"testing"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/pod"
	"github.com/moonlet-dev/moonlet/engine/state"
)

// What is kept of pods does not grow with those that are gone.
func TestQuestionsAboutPodsThatAreGoneAreForgotten(t *testing.T) {
	store, err := state.Open(state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	key := state.Key{Namespace: "default", Name: "web"}
	stays := &state.Pod{Key: key, Incarnation: 1, Object: &v1.Pod{}, Life: &pod.Life{}}
	if _, err := store.Commit(t.Context(), state.Change{Key: key, New: stays}); err != nil {
		t.Fatal(err)
	}
	var asks askCounter
	if n := asks.next(store, stays, "exec/app"); n != 1 {
		t.Errorf("the first question is number %d", n)
	}
	for n := range 5000 {
		asks.next(store, &state.Pod{Key: state.Key{Namespace: "default", Name: fmt.Sprint("gone-", n)}, Incarnation: 1}, "exec/app")
	}
	if len(asks.counts) > 1100 {
		t.Errorf("%d pods are remembered, and one is there", len(asks.counts))
	}
	if n := asks.next(store, stays, "exec/app"); n != 2 {
		t.Errorf("the second question about the pod that stayed is number %d", n)
	}
	if n := asks.next(store, &state.Pod{Key: key, Incarnation: 2}, "exec/app"); n != 1 {
		t.Errorf("the first question about the next pod of that name is number %d", n)
	}
}
