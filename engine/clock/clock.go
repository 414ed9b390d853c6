// Package clock answers: what time is it, and who holds it?
//
// The story clock moves pods. In a running Moonlet it is [Real]; in tests, previews and scenarios it is a
// [HeldClock], which moves only when its owner says so. Time limits of scripts, TLS and leases never use a held clock:
// they are about the machine, not about the story.
//
// The package starts no goroutines.
package clock

import (
	"context"
	"sync"
	"time"
)

// Clock tells the time of the story. Implementations are safe for use from any goroutine.
type Clock interface {
	// Now is the present moment of the story, in UTC.
	Now() time.Time
	// Sleep waits for d or until ctx ends, whose error it then returns. A held clock records d and returns at once.
	Sleep(ctx context.Context, d time.Duration) error
	// Wait returns at moment until, or when wake delivers, or when ctx ends. A zero until waits for the other two.
	// On a held clock the moment comes when somebody moves it there; what is due then is his business.
	Wait(ctx context.Context, until time.Time, wake <-chan struct{})
	// Held says whether time stands still until somebody moves it.
	Held() bool
}

// Real is the machine's clock.
func Real() Clock { return realClock{} }

type realClock struct{}

func (realClock) Now() time.Time { return time.Now().UTC() }
func (realClock) Held() bool     { return false }

func (realClock) Sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c realClock) Wait(ctx context.Context, until time.Time, wake <-chan struct{}) {
	var due <-chan time.Time
	if !until.IsZero() {
		timer := time.NewTimer(until.Sub(c.Now()))
		defer timer.Stop()
		due = timer.C
	}
	select {
	case <-due:
	case <-wake:
	case <-ctx.Done():
	}
}

// Hold returns a clock that stands at start until it is moved.
func Hold(start time.Time) *HeldClock { return &HeldClock{now: start.UTC()} }

// HeldClock stands still until [HeldClock.Set] moves it.
type HeldClock struct {
	mu    sync.Mutex
	now   time.Time     // guarded by mu
	slept time.Duration // guarded by mu
	moved chan struct{} // closed by the next Set, for those who wait; nil: nobody does; guarded by mu
}

// Now is the moment at which the clock is held.
func (c *HeldClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Held is true.
func (c *HeldClock) Held() bool { return true }

// Wait returns when the clock is moved to until or beyond, when wake delivers or when ctx ends.
func (c *HeldClock) Wait(ctx context.Context, until time.Time, wake <-chan struct{}) {
	for {
		var moved <-chan struct{}
		if !until.IsZero() {
			if moved = c.next(until); moved == nil {
				return
			}
		}
		select {
		case <-moved:
		case <-wake:
			return
		case <-ctx.Done():
			return
		}
	}
}

// next is closed when the clock moves; nil: until has come.
func (c *HeldClock) next(until time.Time) <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.now.Before(until) {
		return nil
	}
	if c.moved == nil {
		c.moved = make(chan struct{})
	}
	return c.moved
}

// Set moves the clock to t. It never moves back: an earlier t is ignored.
func (c *HeldClock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.After(c.now) {
		c.now = t.UTC()
		if c.moved != nil {
			close(c.moved)
			c.moved = nil
		}
	}
}

// Sleep records d and returns at once: waiting would wait for ever.
func (c *HeldClock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if d > 0 {
		c.slept += d
	}
	return ctx.Err()
}

// Slept is the sum of all durations that [HeldClock.Sleep] recorded.
func (c *HeldClock) Slept() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.slept
}
