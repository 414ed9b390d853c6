package kubeletapi

import "sync"

// tally counts what runs, lets nothing begin once it is closed, and can be waited for. The zero value is ready.
type tally struct {
	mu      sync.Mutex
	closed  bool           // guarded by mu
	running sync.WaitGroup // grows under mu only
}

// begin says whether something may run; end says that it is over.
func (t *tally) begin() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.closed {
		t.running.Add(1)
	}
	return !t.closed
}

func (t *tally) end() { t.running.Done() }

// close waits until all is over.
func (t *tally) close() {
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	t.running.Wait()
}
