package pod

import (
	"time"

	v1 "k8s.io/api/core/v1"
)

// machine is a Life being moved on. It lives for one call.
type machine struct {
	memory
	p      *v1.Pod
	ask    Asker   // nil where no question can come up
	at     instant // of what is happening
	now    instant // of the call
	events []Event
}

// work opens the life for changes at a time.
func (l *Life) work(p *v1.Pod, now time.Time, ask Asker) *machine {
	m := &machine{memory: l.m, p: p, ask: ask, now: moment(now)}
	m.at = max(m.now, m.Clock)
	if m.fits(p) {
		m.Containers = append(make([]containerLife, 0, len(m.Containers)), m.Containers...)
	} else {
		m.Containers = aligned(m.Containers, p)
	}
	return m
}

// life closes the machine.
func (m *machine) life() (*Life, []Event) { return &Life{m.memory}, m.events }

// Advance does all that is due up to now, each thing at its own due time, asking as it goes. The caller keeps calls for
// one pod apart.
func (l *Life) Advance(p *v1.Pod, now time.Time, ask Asker) (*Life, []Event) {
	if due, _ := l.m.earliest(); (due == never || due > moment(now)) && l.m.fits(p) && l.m.gatesCounted(p) {
		return l, nil
	}
	m := l.work(p, now, ask)
	m.run()
	return m.life()
}

// run executes what is due. It ends: whatever repeats by itself (restarts, pulls, flaps, answers that expire) takes time.
func (m *machine) run() {
	if !m.fits(m.p) || !m.gatesCounted(m.p) {
		m.settle()
	}
	for {
		due, who := m.earliest()
		if due == never || due > m.now {
			return
		}
		m.at = max(due, m.Clock)
		m.Clock = m.at
		m.step(who)
		m.settle()
	}
}

// Who is due, where it is not a container.
const (
	theSandbox  = -1
	theDeadline = -2
)

// earliest is when something is due next and what. Of things due at once the sandbox comes first, then the containers in
// order, then the deadline: an exit at the last moment still counts.
func (m *memory) earliest() (due instant, who int) {
	if m.terminal() {
		return never, 0
	}
	if m.Ending == nil {
		due, who = m.sandboxDue(), theSandbox
	}
	for i := range m.Containers {
		if d := m.due(&m.Containers[i]); d != never && (due == never || d < due) {
			due, who = d, i
		}
	}
	if m.Ending == nil && m.Deadline != never && (due == never || m.Deadline < due) {
		due, who = m.Deadline, theDeadline
	}
	return due, who
}

// due is when something happens to the container by itself.
func (m *memory) due(c *containerLife) instant {
	switch c.Stage {
	case waiting, done:
		return never
	case running:
		due, _ := m.runDue(c)
		return due
	case pulling:
		due := max(c.Asked.plus(c.Pull.After), c.Pull.Floor, m.Floor)
		if e := c.Pull.Expires; e != never && e < due {
			return e
		}
		return due
	case queued, backOff:
		return max(c.Due, m.Floor)
	case starting:
		if e := c.Plan.Expires; e != never && e < c.Due {
			return e
		}
		return c.Due
	default:
		return c.Due
	}
}

func (m *memory) sandboxDue() instant {
	switch {
	case m.Delay == forever:
		return never
	case m.Delay != never:
		return max(m.Delay, m.Floor)
	case !m.Sandbox && m.addressed():
		return m.Clock
	default:
		return never
	}
}

// addressed says that nothing keeps the network from being set up.
func (m *memory) addressed() bool { return m.HostNet || m.IP != "" }

// step executes what is due, at m.at.
func (m *machine) step(who int) {
	switch who {
	case theSandbox:
		m.createSandbox()
	case theDeadline:
		m.exceedDeadline()
	default:
		m.stepContainer(who)
	}
}

func (m *machine) createSandbox() {
	late := m.Delay == never // it is the address that came late: nobody knows when
	m.Delay = never
	if !m.addressed() {
		return
	}
	if late {
		m.at = max(m.at, m.now)
		m.Clock = m.at
	}
	m.Sandbox = true
	m.event("", v1.EventTypeNormal, "SandboxReady", "Pod sandbox created", "")
}

func (m *machine) stepContainer(i int) {
	switch c := &m.Containers[i]; c.Stage {
	case queued:
		m.bring(i)
	case pulling:
		m.stepPull(i)
	case failed:
		m.showPullBackOff(i)
	case starting:
		m.stepStart(i)
	case running:
		m.stepRun(i)
	case exited:
		m.afterExit(c)
	case backOff:
		m.restart(c)
	case waiting, done: // never due
	}
}

// settle draws the consequences that take no time: whose turn it is, whether the pod is over, which conditions flipped.
func (m *machine) settle() {
	if !m.terminal() && m.Rejected == nil {
		if m.Ending == nil && m.Sandbox {
			m.start()
		}
		if m.Ending != nil {
			m.end()
		}
	}
	m.observe()
}

// start gives the containers their turn: init containers one after the other, then all others. When all of the pod's
// work is done it begins to end the sidecars.
func (m *machine) start() {
	inits := len(m.p.Spec.InitContainers)
	for i := range inits {
		c := &m.Containers[i]
		if c.Stage == waiting {
			m.queue(c, m.at)
		}
		switch {
		case kindOf(m.p, i) == Sidecar && (c.Started || m.appsBegan()):
		case c.passed():
		case c.over():
			m.finish()
			return
		default:
			return
		}
	}
	all := true
	for i := inits; i < len(m.Containers); i++ {
		c := &m.Containers[i]
		if c.Stage == waiting {
			m.queue(c, m.at)
		}
		all = all && c.over()
	}
	if all {
		m.finish()
	}
}

// appsBegan says that the pod got past its init containers once: from then on sidecars start without their turn.
func (m *machine) appsBegan() bool {
	for i := len(m.p.Spec.InitContainers); i < len(m.Containers); i++ {
		if m.Containers[i].Stage != waiting {
			return true
		}
	}
	return false
}

func (m *machine) queue(c *containerLife, due instant) { c.Stage, c.Due = queued, due }

// ruled names the rule behind the event told last.
func (m *machine) ruled(rule string) { m.events[len(m.events)-1].Rule = rule }

func (m *machine) event(container, kind, reason, message, by string) {
	if m.events == nil {
		m.events = make([]Event, 0, 8) // a plain start makes seven
	}
	m.events = append(m.events, Event{
		At: m.at.time(), Container: container, Type: kind, Reason: reason, Message: message, By: by,
	})
}
