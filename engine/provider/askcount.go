package provider

import (
	"sync"

	"github.com/moonlet-dev/moonlet/engine/state"
)

// askCounter numbers the questions that people ask of pods: the nth exec of a container draws as the nth did in
// another process with the same seed. The zero value is ready.
type askCounter struct {
	mu     sync.Mutex
	counts map[state.Key]*podAsks // guarded by mu
	sweep  int                    // how many pods there may be before the gone ones are forgotten; guarded by mu
}

type podAsks struct {
	incarnation int
	of          map[string]int
}

// next counts a question about a pod, from 1.
func (a *askCounter) next(store *state.Store, one *state.Pod, what string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.counts == nil {
		a.counts = map[state.Key]*podAsks{}
	}
	asks := a.counts[one.Key]
	if asks == nil || asks.incarnation != one.Incarnation {
		asks = &podAsks{incarnation: one.Incarnation, of: map[string]int{}}
		a.counts[one.Key] = asks
		a.sweep = forgetGone(store, a.counts, a.sweep)
	}
	asks.of[what]++
	return asks.of[what]
}

// forgetGone drops what is kept of pods that are gone, once more are kept than most. It returns the next most.
func forgetGone[T any](store *state.Store, kept map[state.Key]T, most int) int {
	if len(kept) <= max(most, 1024) {
		return most
	}
	for key := range kept {
		if store.Get(key) == nil {
			delete(kept, key)
		}
	}
	return 2 * len(kept)
}
