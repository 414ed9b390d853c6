package pod

import (
	"fmt"
	"time"

	v1 "k8s.io/api/core/v1"
)

// change is what is due of a run.
type change int

// Of changes due at once the lower comes first.
const (
	asks    change = iota // nobody said yet what the run does
	starts                // the startup passes
	flips                 // readiness changes
	ailed                 // a probe fails, and that is told
	exits                 // by itself
	kills                 // a probe failed too often
	stops                 // in answer to SIGTERM
	dies                  // of SIGKILL
	expires               // the answer must be asked for again
)

// runDue is what is due next of a running container.
func (m *memory) runDue(c *containerLife) (due instant, what change) {
	if c.Plan == nil {
		return m.Clock, asks
	}
	consider := func(at instant, w change) {
		if at != never && (due == never || at < due) {
			due, what = at, w
		}
	}
	if !c.Started && !c.Plan.Unstarted {
		consider(max(c.Start.plus(c.Plan.Started), c.Plan.Floor), starts)
	}
	if !m.Held.Unready {
		consider(c.flipDue(), flips)
	}
	if c.Term == never && m.Ending == nil {
		at, _ := c.ailing()
		consider(at, ailed)
		consider(c.killDue(), kills)
	}
	if e := c.Plan.Exit; e != nil {
		consider(max(c.Start.plus(e.After), c.Plan.Floor), exits)
	}
	if c.Term != never && !m.hangs() {
		at, w := m.stopDue(c)
		consider(at, w)
	}
	consider(c.Plan.Expires, expires)
	return due, what
}

// stopDue is when and how a container ends that was told to.
func (m *memory) stopDue(c *containerLife) (instant, change) {
	t, least := m.termination(c), c.Plan.Floor
	if m.Ending != nil {
		least = max(least, m.Ending.Floor)
		if t != nil && t == m.Ending.Term && t.Never {
			return never, dies
		}
	}
	if c.Kill <= c.Term || t != nil && t.Never {
		return max(c.Kill, c.Term), dies
	}
	answer := max(c.Term, min(least, c.Kill))
	if t != nil {
		answer = max(answer, c.Term.plus(t.After))
	}
	if answer > c.Kill {
		return c.Kill, dies
	}
	return answer, stops
}

// flipDue is when the container's readiness next changes.
func (c *containerLife) flipDue() instant {
	r := c.Plan.Ready
	if !c.Started || !c.Reached && r.Never {
		return never
	}
	base := max(c.Flipped, c.Plan.Floor)
	if !c.Reached {
		base = max(base, c.Start.plus(r.After))
	}
	if c.wanted(base) != c.Ready {
		return base
	}
	return c.boundary(base)
}

// wanted is the readiness that the plan wants of a container that is, or was, due to be ready.
func (c *containerLife) wanted(at instant) bool {
	r := c.Plan.Ready
	first := c.Start.plus(r.After)
	if r.Up == 0 || at < first {
		return true
	}
	return time.Duration(at-first)%(r.Up+r.Down) < r.Up
}

// boundary is when the plan next wants the readiness to change, after that instant.
func (c *containerLife) boundary(after instant) instant {
	r := c.Plan.Ready
	if r.Up == 0 {
		return never
	}
	first := c.Start.plus(r.After)
	if after < first {
		return first.plus(r.Up)
	}
	cycle := r.Up + r.Down
	phase := time.Duration(after-first) % cycle
	if phase < r.Up {
		return after.plus(r.Up - phase)
	}
	return after.plus(cycle - phase)
}

func (m *machine) stepRun(i int) {
	c := &m.Containers[i]
	_, what := m.runDue(c)
	switch what {
	case asks:
		m.at = max(m.at, m.now)
		m.Clock = m.at
		m.askStartAgain(i)
	case starts:
		c.Started, c.Flipped = true, m.at
	case flips:
		m.flip(i)
	case ailed:
		m.ail(i)
	case kills:
		m.killProbed(i)
	case exits:
		m.leave(i, *c.Plan.Exit, c.by())
	case stops:
		m.leave(i, answered(m.termination(c)), c.by())
	case dies:
		m.leave(i, Exit{Code: 137}, c.by())
	case expires:
		m.askStartAgain(i)
	}
}

// termination is what holds for a container that was told to end; nil: the built-in rule.
func (m *memory) termination(c *containerLife) *Termination {
	if m.Ending != nil && m.Ending.Term != nil {
		return m.Ending.Term
	}
	if c.Hung && c.Plan.Term == nil {
		return &Termination{Never: true}
	}
	return c.Plan.Term
}

// answered is the exit of a container that heeds SIGTERM.
func answered(t *Termination) Exit {
	if t != nil && t.Code != nil {
		return Exit{Code: *t.Code}
	}
	return Exit{Code: 143}
}

// flip changes readiness. Flaps of the past during which nothing else happened are passed over, but for the last two:
// nobody could tell the difference afterwards.
func (m *machine) flip(i int) {
	c := &m.Containers[i]
	if r := c.Plan.Ready; c.Reached && r.Up > 0 && m.at.plus(2*(r.Up+r.Down)) < m.now {
		m.at = c.lastFlip(m.at, m.quiet(i))
		m.Clock = m.at
	}
	c.Flipped = m.at
	want := c.wanted(m.at)
	if want == c.Ready {
		return
	}
	c.Reached, c.Ready = true, want
	if want {
		m.event(c.Name, v1.EventTypeNormal, "Ready", fmt.Sprintf("Container %s is ready", c.Name), c.Plan.By)
		return
	}
	m.unhealthy(c, "Readiness", c.Plan.By)
}

// quiet is until when nothing but this container's readiness changes, at most now.
func (m *machine) quiet(i int) instant {
	c := m.Containers[i]
	c.Started, c.Reached, c.Ready, c.Plan = true, true, true, without(c.Plan)
	others := m.memory
	others.Containers = append(append([]containerLife{c}, m.Containers[:i]...), m.Containers[i+1:]...)
	due, _ := others.earliest()
	if due == never || due > m.now {
		return m.now
	}
	return due - 1
}

// without is the plan of a container that stays ready.
func without(p *plan) *plan {
	q := *p
	q.Ready = Readiness{}
	return &q
}

// lastFlip is the last but one boundary up to a limit, or at if there are no two after it.
func (c *containerLife) lastFlip(at, limit instant) instant {
	r := c.Plan.Ready
	first := c.Start.plus(r.After)
	cycle := r.Up + r.Down
	if limit <= at || limit < first.plus(2*cycle) {
		return at
	}
	whole := first.plus(time.Duration(limit-first) / cycle * cycle) // a boundary to ready, at or before the limit
	if whole.plus(r.Up) <= limit {
		return max(at, whole)
	}
	return max(at, whole-instant(r.Down))
}
