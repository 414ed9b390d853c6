package hook

import (
	"cmp"
	"slices"
	"sync"

	"github.com/moonlet-dev/moonlet/engine/script"
)

// Failure is the latest error of one hook of one script, and how often it broke since it was loaded.
type Failure struct {
	Error      *script.Error
	Generation uint64
	Count      int
}

// faultLog keeps the latest failure per script and hook of the newest generation that had any.
type faultLog struct {
	mu       sync.Mutex
	gen      uint64               // guarded by mu
	failures map[tripKey]*Failure // guarded by mu
}

func (l *faultLog) add(gen uint64, e *script.Error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if gen > l.gen || l.failures == nil {
		l.gen, l.failures = gen, map[tripKey]*Failure{}
	}
	key := tripKey{file: e.Script, hook: e.Hook}
	f := l.failures[key]
	if f == nil {
		f = &Failure{}
		l.failures[key] = f
	}
	f.Error, f.Generation = e, gen
	f.Count++
}

// Failures lists what broke in the generation that serves now, by script and hook.
func (h *Hooks) Failures() []Failure {
	h.faults.mu.Lock()
	defer h.faults.mu.Unlock()
	if h.faults.gen != h.Current().ID() {
		return nil
	}
	out := make([]Failure, 0, len(h.faults.failures))
	for _, f := range h.faults.failures {
		out = append(out, *f)
	}
	slices.SortFunc(out, func(a, b Failure) int {
		if a.Error.Script != b.Error.Script {
			return cmp.Compare(a.Error.Script, b.Error.Script)
		}
		return cmp.Compare(a.Error.Hook, b.Error.Hook)
	})
	return out
}
