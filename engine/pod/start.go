package pod

import (
	"cmp"
	"time"

	v1 "k8s.io/api/core/v1"
)

// plan is an answer to on_start being played, with the built-in rules filled in.
type plan struct {
	Started time.Duration `json:"started,omitempty"` // since the run's start

	Unstarted bool         `json:"unstarted,omitempty"` // it never gets through its startup
	Ready     Readiness    `json:"ready,omitzero"`      // since the run's start
	Exit      *Exit        `json:"exit,omitempty"`
	Error     *StartError  `json:"error,omitempty"`
	Probes    probing      `json:"probes,omitzero"`
	Term      *Termination `json:"term,omitempty"`
	Floor     instant      `json:"floor,omitempty"` // the answer came late: nothing of it happens before
	Expires   instant      `json:"expires,omitempty"`
	By        string       `json:"by,omitempty"`
}

// try begins a start of a container whose image is there.
func (m *machine) try(i int) {
	c := &m.Containers[i]
	c.Run++
	c.Asked = m.at
	c.Plan = m.askStart(i)
	if c.Plan.Error != nil {
		c.Stage, c.Due = starting, m.at.plus(c.Plan.Error.After)
		return
	}
	m.begin(i)
}

// askStart asks what the container's run will do.
func (m *machine) askStart(i int) *plan {
	c := &m.Containers[i]
	o := m.ask.Start(m.question(i, c.Run))
	p := planned(o, specOf(m.p, i), kindOf(m.p, i))
	if kindOf(m.p, i) != Init && p.Error == nil {
		p.probed(o, specOf(m.p, i), m.p)
	}
	p.Expires = m.expiry(o.Expires)
	return p
}

// planned fills in what an outcome leaves to the spec.
func planned(o Outcome, spec *v1.Container, kind Kind) *plan {
	p := &plan{Exit: o.Exit, Error: o.StartError, Term: o.Terminate, By: o.By, Unstarted: o.Unstarted}
	switch {
	case o.Started != nil:
		p.Started = max(*o.Started, 0)
	case spec.StartupProbe != nil:
		p.Started = seconds(int64(spec.StartupProbe.InitialDelaySeconds))
	}
	p.Ready = Readiness{After: p.Started}
	switch {
	case o.Ready != nil:
		p.Ready = steady(*o.Ready, p.Started)
	case spec.ReadinessProbe != nil:
		p.Ready.After += seconds(int64(spec.ReadinessProbe.InitialDelaySeconds))
	}
	if kind == Init {
		if p.Exit == nil && !p.Ready.Never && !p.Unstarted {
			p.Exit = &Exit{After: p.Ready.After}
		}
		p.Ready = Readiness{Never: true} // nobody probes it
	}
	return p
}

// steady brings a readiness into bounds: not before the startup, no phase under a second.
func steady(r Readiness, started time.Duration) Readiness {
	r.After = max(r.After, started)
	if r.Up <= 0 || r.Down <= 0 {
		r.Up, r.Down = 0, 0
		return r
	}
	r.Up, r.Down = max(r.Up, time.Second), max(r.Down, time.Second)
	return r
}

// begin starts the run that c.Plan tells of.
func (m *machine) begin(i int) {
	c := &m.Containers[i]
	m.created(c)
	c.Stage, c.Due = running, never
	c.Start = m.at
	c.Started, c.Reached, c.Ready, c.Flipped, c.Told, c.Hung = false, false, false, m.at, 0, false
	c.Term, c.Kill = never, never
	m.tellCreated(c.Name, c.Plan.By)
	m.tellStarted(c.Name, c.Plan.By)
}

// created notes that there is a new container where perhaps a dead one was.
func (m *machine) created(c *containerLife) {
	if c.Ended != nil {
		c.Restarts++
	}
	c.Waiting, c.Before = nil, nil
}

// deadCode is the exit code of the dead container that a failed start leaves behind.
var deadCode = map[string]Exit{
	"":                   {Code: 128, Reason: "StartError"},
	"RunContainerError":  {Code: 128, Reason: "StartError"},
	"PostStartHookError": {Code: 137, Reason: "Error"},
}

// tellStartError tells of a container that could not be started what the kubelet tells of it (Kubernetes: startContainer
// in pkg/kubelet/kuberuntime).
func (m *machine) tellStartError(container string, e StartError, by string) {
	warn := func(text string) { m.event(container, v1.EventTypeWarning, "Failed", text+e.Message, by) }
	switch e.Reason {
	case "PreCreateHookError":
		warn("Internal PreCreateContainer hook failed: ")
	case "PreStartHookError":
		warn("Internal PreStartContainer hook failed: ")
	case "RunContainerError":
		m.tellCreated(container, by)
		warn("Error: ")
	case "PostStartHookError":
		m.tellCreated(container, by)
		m.tellStarted(container, by)
		m.event(container, v1.EventTypeWarning, "FailedPostStartHook", "PostStartHook failed", by)
		m.event(container, v1.EventTypeNormal, "Killing", "FailedPostStartHook", by)
	default:
		warn("Error: ")
	}
}

func (m *machine) tellCreated(container, by string) {
	m.event(container, v1.EventTypeNormal, "Created", "Created container: "+container, by)
}

func (m *machine) tellStarted(container, by string) {
	m.event(container, v1.EventTypeNormal, "Started", "Started container "+container, by)
}

func (m *machine) stepStart(i int) {
	c := &m.Containers[i]
	if m.at < c.Due {
		m.askStartAgain(i)
		return
	}
	if c.Plan.Error == nil { // it was asked again, and now the container can be started
		m.begin(i)
		return
	}
	e := *c.Plan.Error
	if e.Reason == "" {
		e.Reason = "RunContainerError"
	}
	by := c.Plan.By
	m.tellStartError(c.Name, e, by)
	if dead, ok := deadCode[e.Reason]; ok {
		m.created(c)
		c.Start = m.at
		dead.Message = e.Dead
		if e.Reason == "RunContainerError" {
			dead.Message = cmp.Or(e.Dead, e.Message)
		}
		m.leave(i, dead, by)
		if c.Stage == exited { // else what is left of it says all
			c.Waiting = &refusal{Reason: e.Reason, Message: e.Message}
		}
		return
	}
	c.Plan = nil
	c.Waiting = &refusal{Reason: e.Reason, Message: e.Message}
	m.queue(c, m.at.plus(retry))
}

// askStartAgain asks the open question of a start once more. What thereby should have happened already happens now.
func (m *machine) askStartAgain(i int) {
	c := &m.Containers[i]
	old, answer := c.Plan, m.askStart(i)
	if old != nil && old.same(answer) {
		answer.Floor = old.Floor
		c.Plan = keep(old, answer)
		return
	}
	answer.Floor = m.at
	c.Plan = answer
	switch {
	case c.Stage == running:
		answer.Error = nil // too late: it did start
	case answer.Error == nil:
		c.Due = m.at
	default:
		c.Due = max(c.Asked.plus(answer.Error.After), m.at)
	}
}

// same says that two plans do the same.
func (p *plan) same(o *plan) bool {
	return p.Started == o.Started && p.Unstarted == o.Unstarted && p.Ready == o.Ready && p.Probes == o.Probes && equal(p.Exit, o.Exit) &&
		equal(p.Error, o.Error) && equalTermination(p.Term, o.Term)
}

// keep is the old plan itself where the answer does not even say it differently.
func keep(old, answer *plan) *plan {
	if old.Expires == answer.Expires && old.By == answer.By {
		return old
	}
	return answer
}

func equal[T comparable](a, b *T) bool { return a == b || a != nil && b != nil && *a == *b }

func equalTermination(a, b *Termination) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.After == b.After && a.Never == b.Never && equal(a.Code, b.Code)
}
