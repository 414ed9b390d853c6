package script

import (
	"fmt"
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"time"
)

const (
	patrolEvery = 2 * time.Millisecond
	// patrolsIdle keeps the watchdog up between calls that follow each other, so that only the first pays for waking it.
	patrolsIdle = 25
	// innocentAge is how long a hook must have run before a heap burst can be its fault.
	innocentAge = 5 * time.Millisecond
	// stallFactor is how much longer than its limit a hook may take in all when the machine leaves it standing.
	stallFactor = 10
)

const heapMetric = "/memory/classes/heap/objects:bytes"

// watchdog ends hooks that run too long or during which the heap bursts. Its goroutine ticks only while hooks run, and may
// have to wait for a processor that they have: so they make its rounds too ([watchdog.look]).
type watchdog struct {
	gate  *gate
	burst int64
	born  time.Time
	last  atomic.Int64 // when the last round was, in ns since born
	quit  chan struct{}
	done  chan struct{}
	once  sync.Once
}

// newWatchdog starts the goroutine; stop ends it.
func newWatchdog(g *gate, burst int64) *watchdog {
	w := &watchdog{gate: g, burst: burst, quit: make(chan struct{}), done: make(chan struct{})}
	w.born = wallNow()
	go w.run()
	return w
}

func (w *watchdog) stop() {
	w.once.Do(func() { close(w.quit) })
	<-w.done
}

func (w *watchdog) run() {
	defer close(w.done)
	for {
		select {
		case <-w.quit:
			return
		case <-w.gate.wake:
			w.patrol()
		}
	}
}

// patrol ticks until nothing ran for a while.
func (w *watchdog) patrol() {
	ticker := time.NewTicker(patrolEvery) //nolint:forbidigo // limits are on the wall clock, whatever clock the story has
	defer ticker.Stop()
	for idle := 0; ; {
		select {
		case <-w.quit:
			return
		case <-ticker.C:
			switch busy := w.round(); {
			case busy:
				idle = 0
			case idle >= patrolsIdle && w.gate.rest():
				return
			default:
				idle++
			}
		}
	}
}

// look makes the round that is due, on the goroutine of a hook. While a hook runs, none is late by more than some of its steps.
func (w *watchdog) look() {
	last := w.last.Load()
	if now := time.Since(w.born); now >= time.Duration(last)+patrolEvery && w.last.CompareAndSwap(last, int64(now)) {
		w.round()
	}
}

func wallNow() time.Time {
	return time.Now() //nolint:forbidigo // limits are on the wall clock, whatever clock the story has
}

// round inspects the gate and reports whether anything runs.
func (w *watchdog) round() (busy bool) {
	sample := []metrics.Sample{{Name: heapMetric}}
	metrics.Read(sample)
	now := wallNow()
	w.last.Store(int64(now.Sub(w.born)))
	return w.gate.inspect(now, int64(sample[0].Value.Uint64()), w.burst) //nolint:gosec // no heap has 2^63 bytes
}

// rest puts the watchdog to sleep unless something runs.
func (g *gate) rest() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i := range g.slots {
		if g.slots[i].leash != nil {
			return false
		}
	}
	g.asleep = true
	return true
}

// inspect looks at all that runs, ends what is overdue, and when the heap burst during a hook's life ends the hook that
// runs longest. It reports whether anything runs.
func (g *gate) inspect(now time.Time, heap, burst int64) (busy bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	var suspect *slot
	for i := range g.slots {
		s := &g.slots[i]
		if s.leash == nil {
			continue
		}
		busy = true
		s.note(now, heap)
		switch age := now.Sub(s.since); {
		case s.overdue(age):
			s.leash.pull(tookLonger(s.limit))
			s.leash = nil
		case heap > s.heap+burst && age >= innocentAge && (suspect == nil || s.since.Before(suspect.since)):
			suspect = s
		}
	}
	if suspect != nil {
		suspect.leash.pull(fmt.Sprintf("used too much memory: the heap grew by more than %s while it ran", sizeText(int(burst))))
		suspect.leash = nil
		for i := range g.slots {
			g.slots[i].heap = heap
		}
	}
	return busy
}

func tookLonger(limit time.Duration) string {
	return fmt.Sprintf("took longer than %v: look for a loop that does not end", limit)
}

// overdue forgives the time in which the hook stood still, within bounds: what made it wait may be the machine, but also one
// step that takes long.
func (s *slot) overdue(age time.Duration) bool {
	return age-s.stalled > s.limit || age > stallFactor*s.limit
}

// note begins to watch a new turn, follows the heap down when garbage is collected, and adds up what the machine withheld:
// all the time from one round to the next in which the hook took no step, and that by which a round came late: had the hook
// run, it would have made it.
func (s *slot) note(now time.Time, heap int64) {
	steps := s.leash.steps.Load()
	if s.seen != s.turn {
		s.seen, s.since, s.last, s.heap, s.steps, s.stalled = s.turn, now, now, heap, steps, 0
	}
	passed := max(0, now.Sub(s.last)) // two rounds may overtake each other
	if steps == s.steps {
		s.stalled += passed
	} else {
		s.stalled += max(0, passed-2*patrolEvery)
	}
	s.last, s.steps = now, steps
	s.heap = min(s.heap, heap)
}

func sizeText(n int) string {
	switch {
	case n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<10 && n%(1<<10) == 0:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d bytes", n)
}
