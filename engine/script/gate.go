package script

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// gate lets at most so many hooks run at once, and at most so many of one file.
type gate struct {
	perScript int
	wake      chan struct{} // holds a token when the watchdog should rise

	mu      sync.Mutex
	slots   []slot    // guarded by mu
	waiting []*waiter // in order of arrival; guarded by mu
	asleep  bool      // the watchdog waits for a token; guarded by mu
}

// slot is a place for one running hook.
type slot struct {
	taken  bool
	script string
	leash  *leash // nil: nothing runs (yet)
	limit  time.Duration
	turn   uint64 // counts what ran here, so that the watchdog knows new from old

	// The watchdog's own notes.
	seen    uint64        // the turn that the rest belongs to
	since   time.Time     // when it first saw it: callers need not read a clock
	last    time.Time     // when it last saw it
	steps   uint64        // how far the hook had come then
	stalled time.Duration // how long of the time since then the machine gave the hook nothing
	heap    int64         // the smallest heap since then
}

type waiter struct {
	script string
	place  int
	ready  chan struct{} // closed with place set
}

func newGate(slots, perScript int) *gate {
	return &gate{perScript: perScript, slots: make([]slot, slots), wake: make(chan struct{}, 1), asleep: true}
}

// enter waits for a place. What waits here has no time limit but its context.
func (g *gate) enter(ctx context.Context, script string) (int, error) {
	g.mu.Lock()
	if i := g.freeLocked(script); i >= 0 {
		g.takeLocked(i, script)
		g.mu.Unlock()
		return i, nil
	}
	w := &waiter{script: script, ready: make(chan struct{})}
	g.waiting = append(g.waiting, w)
	g.mu.Unlock()
	select {
	case <-w.ready:
		return w.place, nil
	case <-ctx.Done():
		g.giveUp(w)
		return -1, fmt.Errorf("wait for a place to run %s: %w", script, context.Cause(ctx))
	}
}

// giveUp forgets a waiter, or frees the place it was just given.
func (g *gate) giveUp(w *waiter) {
	g.mu.Lock()
	i := slices.Index(g.waiting, w)
	if i >= 0 {
		g.waiting = slices.Delete(g.waiting, i, i+1)
	}
	g.mu.Unlock()
	if i < 0 {
		g.leave(w.place)
	}
}

// arm puts what runs in a place under the watchdog's eyes.
func (g *gate) arm(place int, l *leash, limit time.Duration) {
	g.mu.Lock()
	s := &g.slots[place]
	s.leash, s.limit = l, limit
	s.turn++
	rise := g.asleep
	g.asleep = false
	g.mu.Unlock()
	if rise {
		g.wake <- struct{}{} // has room: it was empty, or asleep would be false
	}
}

// disarm takes a place out of the watchdog's eyes, and tells for how long what ran there stood still meanwhile.
func (g *gate) disarm(place int) (stalled time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := &g.slots[place]
	s.leash = nil
	if s.seen != s.turn {
		return 0
	}
	return s.stalled
}

// leave frees a place and gives it to the first waiter who may have it. After it the leash is not pulled any more.
func (g *gate) leave(place int) {
	g.mu.Lock()
	g.slots[place].taken, g.slots[place].leash = false, nil
	for n, w := range g.waiting {
		if i := g.freeLocked(w.script); i >= 0 {
			g.takeLocked(i, w.script)
			g.waiting = slices.Delete(g.waiting, n, n+1)
			w.place = i
			close(w.ready)
			break
		}
	}
	g.mu.Unlock()
}

// freeLocked finds a free place that script may have, or -1.
func (g *gate) freeLocked(script string) int {
	free, same := -1, 0
	for i := range g.slots {
		switch s := &g.slots[i]; {
		case !s.taken:
			free = i
		case s.script == script:
			same++
		}
	}
	if same >= g.perScript {
		return -1
	}
	return free
}

func (g *gate) takeLocked(i int, script string) {
	g.slots[i].taken, g.slots[i].script = true, script
}
