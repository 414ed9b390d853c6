package pods

import (
	"log/slog"
	"sync"
	"time"
)

// trouble logs errors of one kind once, however many pods and tries they hit: when one is new, and when it is over.
type trouble struct {
	log  *slog.Logger
	text string

	mu   sync.Mutex
	last string // guarded by mu; "": none
}

// report takes notice of an outcome; args go to the log.
func (t *trouble) report(err error, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case err == nil && t.last != "":
		t.last = ""
		t.log.Info(t.text+": over", args...)
	case err != nil && t.last != err.Error():
		t.last = err.Error()
		t.log.Warn(t.text, append(args, "err", err)...)
	}
}

// pause is how long to leave something alone that failed.
type pause struct {
	until time.Time // zero: not at all
	tries int
}

// over says whether it may be tried.
func (p *pause) over(now time.Time) bool { return !now.Before(p.until) }

// failed makes the pause longer: from first on it doubles up to most. atLeast is what somebody asked for.
func (p *pause) failed(now time.Time, first, most, atLeast time.Duration) {
	d := most
	if p.tries < 16 {
		d = min(first<<p.tries, most)
	}
	p.tries++
	p.until = now.Add(max(d, atLeast))
}

// done ends it.
func (p *pause) done() { *p = pause{} }
