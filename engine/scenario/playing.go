package scenario

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/moonlet-dev/moonlet/engine/api"
)

// playing is a run under way: how far it is, as its events tell it, and how to end it.
type playing struct {
	name string // of the run
	end  context.CancelCauseFunc
	over chan struct{} // closed when the run has ended and is undone

	mu     sync.Mutex
	run    api.ScenarioRun // guarded by mu
	ending bool            // it was ended from outside, or undoes what it did; guarded by mu
	waits  []waiting       // of branches that wait or expect; guarded by mu
}

// waiting is a branch that waits, until then at the latest, or for an expectation.
type waiting struct {
	line    int
	expects string // empty: it waits for the time alone
	until   time.Time
}

// note takes in what has happened.
func (p *playing) note(e api.ScenarioEvent) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e.Type {
	case api.ScenarioStep:
		p.run.Steps++
	case api.ScenarioWaits:
		p.waits = append(after(e.At, p.waits), waiting{line: e.Line, until: *e.Until})
	case api.ScenarioExpects:
		p.waits = append(p.waits, waiting{e.Line, e.Expect.What, *e.Until})
	case api.ScenarioJudged:
		p.judged(e.Expect)
	case api.ScenarioRestored:
		p.ending = true
	case api.ScenarioEnded:
		p.run.Undone = e.Verdict.Undone
	}
}

// judged counts an expectation, which nobody waits for any more. Callers hold mu.
func (p *playing) judged(e *api.ScenarioExpectation) {
	if e.Held {
		p.run.Held++
	} else {
		p.run.Failed++
	}
	mine := func(w waiting) bool { return w.expects == e.What && w.line == e.Line }
	if i := slices.IndexFunc(p.waits, mine); i >= 0 {
		p.waits = slices.Delete(p.waits, i, i+1)
	}
}

// after are those that still wait then. An expectation is waited for until it is judged, however late that is.
func after(now time.Time, waits []waiting) []waiting {
	return slices.DeleteFunc(waits, func(w waiting) bool { return w.expects == "" && !w.until.After(now) })
}

// view is the run as it is now. Of branches that wait side by side it tells the one whose time comes first.
func (p *playing) view(now time.Time) api.ScenarioRun {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.run
	p.waits = after(now, p.waits)
	switch {
	case p.ending:
		r.State = api.ScenarioEnding
	case len(p.waits) == 0:
		r.State = api.ScenarioRunning
	default:
		w := slices.MinFunc(p.waits, func(a, b waiting) int { return cmp.Or(a.until.Compare(b.until), a.line-b.line) })
		r.State, r.Line, r.Expects, r.Until = api.ScenarioWaiting, w.line, w.expects, &w.until
	}
	return r
}

// stop ends the run, and does not wait for that.
func (p *playing) stop(why error) {
	p.mu.Lock()
	p.ending = true
	p.mu.Unlock()
	p.end(why)
}
