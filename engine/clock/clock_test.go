package clock_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/moonlet-dev/moonlet/engine/clock"
)

var (
	_ clock.Clock = clock.Real()
	_ clock.Clock = (*clock.HeldClock)(nil)
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// elapsed is how long fn takes on the clock of the bubble it runs in.
func elapsed(fn func()) time.Duration {
	before := time.Now()
	fn()
	return time.Since(before)
}

func canceledAfter(d time.Duration) context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(d, cancel)
	return ctx
}

func TestRealClockTellsTheTimeInUTC(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := clock.Real().Now()
		if now.Location() != time.UTC || !now.Equal(time.Now()) || clock.Real().Held() {
			t.Errorf("now %v, held %v", now, clock.Real().Held())
		}
	})
}

func TestRealSleep(t *testing.T) {
	for name, c := range map[string]struct {
		sleep, cancel, took time.Duration
		want                error
	}{
		"waits":                       {time.Minute, time.Hour, time.Minute, nil},
		"ends with its context":       {time.Hour, time.Second, time.Second, context.Canceled},
		"does not wait for nothing":   {0, time.Hour, 0, nil},
		"does not wait for less":      {-time.Hour, time.Hour, 0, nil},
		"says when it was over first": {0, -1, 0, context.Canceled},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx := canceledAfter(c.cancel)
				if c.cancel < 0 {
					<-ctx.Done()
				}
				var err error
				took := elapsed(func() { err = clock.Real().Sleep(ctx, c.sleep) })
				if took != c.took || !errors.Is(err, c.want) {
					t.Errorf("took %v, error %v; want %v, %v", took, err, c.took, c.want)
				}
			})
		})
	}
}

func TestWaitReturnsAtTheFirstOfItsReasons(t *testing.T) {
	for name, c := range map[string]struct {
		held                     bool
		until, wake, cancel, got time.Duration
	}{
		"real: the moment":               {until: 1, wake: 2, cancel: 3, got: 1},
		"real: a moment that has passed": {until: -5, wake: 2, cancel: 3, got: 0},
		"real: earlier news":             {until: 2, wake: 1, cancel: 3, got: 1},
		"real: the end of the context":   {until: 3, wake: 2, cancel: 1, got: 1},
		"real: no moment, news":          {wake: 2, cancel: 3, got: 2},
		"real: no moment, the end":       {wake: 3, cancel: 2, got: 2},
		"held: no moment by itself":      {held: true, until: 1, wake: 2, cancel: 3, got: 2},
		"held: the end of the context":   {held: true, until: 1, wake: 3, cancel: 2, got: 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				story := clock.Real()
				if c.held {
					story = clock.Hold(time.Now())
				}
				wake := make(chan struct{}, 1)
				time.AfterFunc(c.wake*time.Second, func() { wake <- struct{}{} })
				ctx := canceledAfter(c.cancel * time.Second)
				var until time.Time
				if c.until != 0 {
					until = time.Now().Add(c.until * time.Second)
				}
				if got := elapsed(func() { story.Wait(ctx, until, wake) }); got != c.got*time.Second {
					t.Errorf("returned after %v, want %v", got, c.got*time.Second)
				}
			})
		})
	}
}

func TestHeldWaitEndsWhenTheClockIsMovedThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clock.Hold(start)
		var woke time.Time
		go func() {
			c.Wait(t.Context(), start.Add(time.Minute), nil)
			woke = c.Now()
		}()
		for range 3 {
			synctest.Wait()
			if !woke.IsZero() {
				t.Errorf("it woke at %v", woke)
			}
			c.Set(c.Now().Add(29 * time.Second))
		}
		synctest.Wait()
		if want := start.Add(87 * time.Second); !woke.Equal(want) {
			t.Errorf("it woke at %v, want %v", woke, want)
		}
		c.Wait(t.Context(), start, nil) // has passed
	})
}

func TestHeldClockMovesForwardOnlyAndOnlyWhenSet(t *testing.T) {
	zone := time.FixedZone("elsewhere", 3600)
	c := clock.Hold(start.In(zone))
	if !c.Held() || c.Now() != start {
		t.Errorf("held %v, now %v; want true, %v in UTC", c.Held(), c.Now(), start)
	}
	c.Set(start.Add(time.Hour).In(zone))
	c.Set(start.Add(time.Minute))
	if want := start.Add(time.Hour); c.Now() != want {
		t.Errorf("now %v, want %v in UTC", c.Now(), want)
	}
}

func TestHeldSleepIsRecordedAndDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clock.Hold(start)
		ctx, cancel := context.WithCancel(context.Background())
		took := elapsed(func() {
			for _, d := range []time.Duration{time.Hour, 0, -time.Hour, time.Minute} {
				if err := c.Sleep(ctx, d); err != nil {
					t.Error(err)
				}
			}
		})
		if took != 0 || c.Slept() != time.Hour+time.Minute || c.Now() != start {
			t.Errorf("took %v, recorded %v, now %v", took, c.Slept(), c.Now())
		}
		cancel()
		if err := c.Sleep(ctx, time.Second); !errors.Is(err, context.Canceled) {
			t.Errorf("after the end of its context: %v", err)
		}
	})
}
