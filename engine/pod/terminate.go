package pod

import (
	"fmt"
	"time"

	v1 "k8s.io/api/core/v1"
)

// ending is how a whole pod comes to its end: first the containers proper get SIGTERM, then, as they are gone, the
// sidecars from the last to the first. Until nothing runs any more the phase stays what it was.
type ending struct {
	Deleted    bool         `json:"deleted,omitempty"`
	At         instant      `json:"at"`
	Kill       instant      `json:"kill"`            // when the grace is over
	Term       *Termination `json:"term,omitempty"`  // overrides what the runs say
	Floor      instant      `json:"floor,omitempty"` // Term is known since then
	Phase      v1.PodPhase  `json:"phase,omitempty"` // "": as the exit codes say
	Reason     string       `json:"reason,omitempty"`
	Message    string       `json:"message,omitempty"`
	Disruption *Disruption  `json:"disruption,omitempty"`
}

// Delete begins the graceful end of a deleted pod: all containers get SIGTERM, and after the grace SIGKILL. t, if given,
// overrides how the runs answer SIGTERM; a t that Never ends holds out even against SIGKILL. A second Delete can only
// shorten the grace. Nothing is started any more.
func (l *Life) Delete(p *v1.Pod, at time.Time, grace time.Duration, t *Termination) (*Life, []Event) {
	m := l.work(p, at, nil)
	e := m.endingNow(grace)
	if e.Deleted && t == nil && m.Ending != nil && e.Kill == m.Ending.Kill {
		return l, nil
	}
	e.Deleted = true
	if t != nil {
		e.Term, e.Floor = t, m.at
	}
	m.conclude(e)
	return m.life()
}

// Retermination replaces the override of [Life.Delete] while the pod is terminating. What should thereby have ended
// already ends now.
func (l *Life) Retermination(t *Termination, now time.Time) *Life {
	if l.m.terminal() || !l.Deleting() || equalTermination(t, l.m.Ending.Term) {
		return l
	}
	m, e := l.m, *l.m.Ending
	e.Term, e.Floor = t, max(moment(now), m.Clock)
	m.Ending = &e
	return &Life{m}
}

// End ends a pod on behalf of its node: eviction, shutdown, preemption. Phase, reason and the disruption show when
// nothing runs any more.
func (l *Life) End(p *v1.Pod, e End, at time.Time) (*Life, []Event) {
	if l.m.terminal() {
		return l, nil
	}
	m := l.work(p, at, nil)
	if e.Event != "" {
		m.event("", e.Event, e.Reason, e.Message, e.By)
	}
	if e.Lost {
		m.lose()
	}
	m.conclude(m.because(e))
	return m.life()
}

// because is the ending for a reason.
func (m *machine) because(e End) ending {
	how := m.endingNow(e.Grace)
	how.Phase, how.Reason, how.Message, how.Disruption = e.Phase, e.Reason, e.Message, e.Disruption
	if how.Phase != v1.PodSucceeded {
		how.Phase = v1.PodFailed
	}
	return how
}

// exceedDeadline ends a pod whose activeDeadlineSeconds are over.
func (m *machine) exceedDeadline() {
	e := exceeded(m.p)
	m.event("", e.Event, e.Reason, e.Message, "")
	m.conclude(m.because(e))
}

// finish ends a pod whose work is done: at most its sidecars still run.
func (m *machine) finish() {
	if m.Ending == nil {
		m.stopStarting(m.endingNow(grace(m.p)))
	}
}

// endingNow is an ending that begins now, or the one under way with its grace shortened.
func (m *machine) endingNow(grace time.Duration) ending {
	kill := m.at.plus(grace)
	if m.Ending == nil {
		return ending{At: m.at, Kill: kill}
	}
	e := *m.Ending
	e.Kill = min(e.Kill, kill)
	return e
}

// conclude sets an ending to work.
func (m *machine) conclude(e ending) {
	m.Clock = m.at
	m.stopStarting(e)
	m.settle()
}

// stopStarting makes sure that what does not run now never will.
func (m *machine) stopStarting(e ending) {
	m.Ending = &e
	m.Delay = never
	if m.terminal() {
		return
	}
	for i := range m.Containers {
		c := &m.Containers[i]
		if c.Stage == running {
			c.Changed = false
			if c.Term != never {
				c.Kill = min(c.Kill, e.Kill)
			}
			continue
		}
		c.clear()
		c.Stage, c.Due = done, never
	}
}

// lose makes a pod forget where its containers are.
func (m *machine) lose() {
	for i := range m.Containers {
		c := &m.Containers[i]
		if c.Stage != running {
			continue
		}
		gone := lost()
		c.clear()
		c.Run++ // it counts as one more, as its ID tells
		c.Restarts++
		gone.Run, gone.Started, gone.Finished = c.Run, m.at, m.at
		c.Ended, c.Before = gone, nil
		c.Stage, c.Due = done, never
	}
}

// end tells those to stop whose turn it is; when nothing runs any more the pod's phase is terminal.
func (m *machine) end() {
	apps, last := false, -1
	for i := range m.Containers {
		switch {
		case m.Containers[i].Stage != running:
		case kindOf(m.p, i) == Sidecar:
			last = i
		default:
			apps = true
			m.signal(&m.Containers[i])
		}
	}
	switch {
	case apps:
	case last >= 0:
		m.signal(&m.Containers[last])
	case !m.hangs():
		m.close()
	}
}

// signal sends SIGTERM once.
func (m *machine) signal(c *containerLife) {
	if c.Term != never {
		return
	}
	c.Term, c.Kill = m.at, m.Ending.Kill
	m.event(c.Name, v1.EventTypeNormal, "Killing", "Stopping container "+c.Name, "")
	m.ruled("SIGTERM, with " + time.Duration(c.Kill-c.Term).String() + " of grace")
}

// close makes the phase terminal. App containers that an initialized pod never ran are called lost.
func (m *machine) close() {
	phase := m.Ending.Phase
	failed := false
	initialized := m.initialized()
	for i := range m.Containers {
		c := &m.Containers[i]
		c.Due = never
		kind := kindOf(m.p, i)
		if kind == App && c.Ended == nil && initialized {
			c.Ended = lost()
		}
		failed = failed || kind != Sidecar && !c.passed()
	}
	if phase == "" {
		phase = v1.PodSucceeded
		if failed {
			phase = v1.PodFailed
		}
	}
	m.Phase, m.Sandbox, m.Delay = phase, false, never
	m.event("", phaseType(phase), string(phase), m.endText(), "")
}

func phaseType(p v1.PodPhase) string {
	if p == v1.PodFailed {
		return v1.EventTypeWarning
	}
	return v1.EventTypeNormal
}

func (m *machine) endText() string {
	if e := m.Ending; e.Reason != "" {
		return fmt.Sprintf("%s: %s", e.Reason, e.Message)
	}
	return "all containers are done"
}
