package script

import (
	"strings"
	"testing"
	"time"
)

// guarded is one hook under the eyes of a watchdog whose clock the test moves.
type guarded struct {
	gate  *gate
	leash *leash
	now   time.Time
}

func guard(limit time.Duration) *guarded {
	w := &guarded{gate: newGate(1, 1), leash: &leash{done: make(chan struct{})}, now: time.Unix(0, 0)}
	w.gate.arm(0, w.leash, limit)
	w.look(0, false)
	return w
}

// look is one patrol after a time in which the hook ran, or stood still.
func (w *guarded) look(after time.Duration, ran bool) {
	for range 16 {
		if ran {
			w.leash.Done()
		}
	}
	w.now = w.now.Add(after)
	w.gate.inspect(w.now, 0, 1<<20)
}

func (w *guarded) ended() string {
	why, _ := w.leash.pulled()
	return why
}

func TestAHookThatRunsIsEndedAtItsLimit(t *testing.T) {
	w := guard(20 * time.Millisecond)
	for range 10 {
		w.look(patrolEvery, true)
	}
	if w.ended() != "" {
		t.Fatalf("ended at its limit, not after it: %s", w.ended())
	}
	w.look(patrolEvery, true)
	if !strings.Contains(w.ended(), "took longer than 20ms") {
		t.Fatalf("not ended after its limit: %q", w.ended())
	}
}

// Where the machine is busy with other things, the hook stands still or the watchdog itself comes late.
func TestAHookIsNotBlamedForABusyMachine(t *testing.T) {
	w := guard(20 * time.Millisecond)
	for range 20 {
		w.look(patrolEvery, false)
	}
	w.look(60*time.Millisecond, true)
	if w.ended() != "" {
		t.Fatalf("blamed: %s", w.ended())
	}
	if stalled := w.gate.disarm(0); stalled != 40*time.Millisecond+60*time.Millisecond-2*patrolEvery {
		t.Errorf("stalled for %v", stalled)
	}
}

func TestAHookThatStandsStillForTooLongIsEndedAllTheSame(t *testing.T) {
	w := guard(20 * time.Millisecond)
	for range stallFactor * 10 {
		w.look(patrolEvery, false)
	}
	if w.ended() != "" {
		t.Fatalf("ended too early: %s", w.ended())
	}
	if w.look(patrolEvery, false); w.ended() == "" {
		t.Fatal("not ended")
	}
}

// A watchdog that gets no processor while hooks have them all would come too late: hooks make its rounds.
func TestAHookThatRunsIsEndedThoughTheWatchdogSleeps(t *testing.T) {
	w := &watchdog{gate: newGate(1, 1), burst: 1 << 40, born: time.Now()}
	l := &leash{dog: w, done: make(chan struct{})}
	w.gate.arm(0, l, 5*time.Millisecond)
	for range int64(1 << 40) {
		select {
		case <-l.Done():
			if !strings.Contains(l.why, "took longer than 5ms") {
				t.Error(l.why)
			}
			return
		default:
		}
	}
	t.Error("not ended")
}
