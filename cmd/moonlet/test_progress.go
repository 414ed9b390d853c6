package main

import (
	"fmt"
	"io"
	"sync"

	"github.com/moonlet-dev/moonlet/engine/sim/suite"
)

// testProgress shows on a terminal how far a test run is; elsewhere nothing.
type testProgress struct {
	w     io.Writer
	on    bool
	mu    sync.Mutex
	shown int // thousandths; guarded by mu
}

func newTestProgress(w io.Writer) *testProgress {
	return &testProgress{w: w, on: screenOf(w).terminal, shown: -1}
}

func (p *testProgress) show(at suite.Progress) {
	if !p.on {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if part := 1000 * at.Played / at.All; part > p.shown {
		p.shown = part
		fmt.Fprintf(p.w, "\r\x1b[K%d of %d runs, %d failed", at.Played, at.All, at.Failed)
	}
}

func (p *testProgress) clear() {
	if p.on {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
