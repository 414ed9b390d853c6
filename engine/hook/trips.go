package hook

import (
	"sync"
	"sync/atomic"

	"github.com/moonlet-dev/moonlet/engine/script"
)

const (
	killsToTrip    = 3 // limit kills in a row that trip a hook for one pod
	podsToTripFile = 3 // tripped pods that trip it for the whole script
)

// trips switches off hooks that hit their limits again and again: first for the pod, soon for the script, until the
// next generation. The zero value is ready.
type trips struct {
	any   atomic.Bool // nothing was ever killed: the common case costs one load
	mu    sync.Mutex
	kills map[tripKey]int // in a row; guarded by mu
	pods  map[tripKey]int // tripped pods, by key without pod; guarded by mu
}

type tripKey struct{ file, hook, pod string }

func (t *trips) tripped(f *script.File, hook, pod string) bool {
	if !t.any.Load() {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.kills[tripKey{f.Name, hook, pod}] >= killsToTrip || t.pods[tripKey{file: f.Name, hook: hook}] >= podsToTripFile
}

// record counts a kill, or forgets the pod's kills after a call that ended by itself.
func (t *trips) record(f *script.File, hook, pod string, killed bool) {
	if !killed && !t.any.Load() {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	key := tripKey{f.Name, hook, pod}
	if !killed {
		delete(t.kills, key)
		return
	}
	if t.kills == nil {
		t.kills, t.pods = map[tripKey]int{}, map[tripKey]int{}
	}
	t.any.Store(true)
	t.kills[key]++
	if t.kills[key] == killsToTrip {
		t.pods[tripKey{file: f.Name, hook: hook}]++
	}
}
