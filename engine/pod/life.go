package pod

import (
	"encoding/json"
	"slices"
	"time"

	v1 "k8s.io/api/core/v1"
)

// Life is what must be remembered of a pod. It is never changed: methods return a new Life, or the same one where
// nothing changed. It turns into JSON and back without loss.
type Life struct {
	m memory
}

// memory is the content of a Life. What it points to is shared between lives and never changed.
type memory struct {
	Start    instant           `json:"start,omitempty"`    // status.startTime
	Clock    instant           `json:"clock,omitempty"`    // of the last thing that happened
	Floor    instant           `json:"floor,omitempty"`    // the kubelet was down until then: it starts and pulls nothing before
	Delay    instant           `json:"delay,omitempty"`    // end of the create delay; never once it is over
	Deadline instant           `json:"deadline,omitempty"` // of activeDeadlineSeconds
	IP       string            `json:"ip,omitempty"`
	HostNet  bool              `json:"hostNet,omitempty"`
	Sandbox  bool              `json:"sandbox,omitempty"` // it is ready to start containers
	Phase    v1.PodPhase       `json:"phase,omitempty"`
	Rejected *Rejection        `json:"rejected,omitempty"`
	True     flags             `json:"true,omitempty"` // the conditions whose status is True
	Since    [kept]instant     `json:"since"`          // when each last flipped
	Foreign  []v1.PodCondition `json:"foreign,omitempty"`

	Containers []containerLife `json:"containers,omitempty"` // init containers, then the others, in spec order
	Ending     *ending         `json:"ending,omitempty"`
	Hand       *hand           `json:"hand,omitempty"`
	Held       Held            `json:"held,omitzero"`
}

// MarshalJSON implements [json.Marshaler].
func (l *Life) MarshalJSON() ([]byte, error) { return json.Marshal(&l.m) }

// UnmarshalJSON implements [json.Unmarshaler]. It is meant for a new Life only.
func (l *Life) UnmarshalJSON(b []byte) error { return json.Unmarshal(b, &l.m) }

// Begin is the life of a pod that its node sees for the first time. Nothing is asked before the first Advance.
func Begin(p *v1.Pod, at time.Time, b Beginning) *Life {
	start := moment(at)
	m := memory{
		Start: start, Clock: start, Delay: start.plus(b.Delay), IP: b.IP, HostNet: p.Spec.HostNetwork,
		Phase: v1.PodPending, Foreign: foreign(p.Status.Conditions), Rejected: b.Rejected,
	}
	for i := range m.Since {
		m.Since[i] = start
	}
	m.True.set(scheduled, true)
	if b.Rejected != nil {
		m.Phase, m.Delay = v1.PodFailed, never
		return &Life{m}
	}
	m.Deadline = deadline(p, start)
	m.Containers = aligned(nil, p)
	w := machine{memory: m, p: p, at: start}
	w.observe()
	return &Life{w.memory}
}

func deadline(p *v1.Pod, start instant) instant {
	if d := p.Spec.ActiveDeadlineSeconds; d != nil {
		return start.plus(seconds(*d))
	}
	return never
}

// seconds is a number of seconds from a spec, as long as a Duration may be at most.
func seconds(n int64) time.Duration {
	const most = int64(1<<63-1) / int64(time.Second)
	return time.Duration(min(max(n, 0), most)) * time.Second
}

// Due is when something next happens by itself; zero: never.
func (l *Life) Due() time.Time {
	due, _ := l.m.earliest()
	return due.time()
}

// Delayed says that the create delay still runs.
func (l *Life) Delayed() bool { return l.m.delayed() }

func (m *memory) delayed() bool { return m.Delay != never && m.Ending == nil && !m.terminal() }

// Delay moves the end of the create delay, but not before now. It does nothing once the delay is over.
func (l *Life) Delay(until, now time.Time) *Life {
	if !l.m.delayed() || moment(until) == l.m.Delay {
		return l
	}
	m := l.m
	m.Delay = max(moment(until), moment(now), m.Clock)
	return l.with(m)
}

// IP is the pod's own address; "" while it has none.
func (l *Life) IP() string { return l.m.IP }

// WithIP gives the pod its address. Without one, unless it lives in the host's network, it gets no sandbox and starts
// nothing.
func (l *Life) WithIP(ip string) *Life {
	m := l.m
	m.IP = ip
	return l.with(m)
}

// WithConditions takes over the conditions that others than the kubelet keep in the pod's status: readiness gates,
// DisruptionTarget of an eviction. They are shown in front of our own; the next Advance counts the gates.
func (l *Life) WithConditions(all []v1.PodCondition) *Life {
	m := l.m
	m.Foreign = foreign(all)
	if equalConditions(m.Foreign, l.m.Foreign) {
		return l
	}
	return &Life{m}
}

// Resume says that the kubelet was down until now: exits keep their due time, but starts and pulls happen not before
// now.
func (l *Life) Resume(now time.Time) *Life {
	due, _ := l.m.earliest()
	if due == never || due >= moment(now) || l.m.Floor >= moment(now) {
		return l
	}
	m := l.m
	m.Floor = moment(now)
	return &Life{m}
}

// with is the life with another memory that has the same containers and conditions.
func (l *Life) with(m memory) *Life {
	if m.Delay == l.m.Delay && m.IP == l.m.IP {
		return l
	}
	return &Life{m}
}

// Terminal says that phase Succeeded or Failed is reached. That is for good.
func (l *Life) Terminal() bool { return l.m.terminal() }

func (m *memory) terminal() bool { return m.Phase == v1.PodSucceeded || m.Phase == v1.PodFailed }

// Gone says that the pod was deleted and nothing of it runs any more: it can be forgotten.
func (l *Life) Gone() bool { return l.m.terminal() && l.Deleting() && !l.m.Held.NoEnd }

// Deleting says that the pod was deleted.
func (l *Life) Deleting() bool { return l.m.Ending != nil && l.m.Ending.Deleted }

// Open says that the numbered question of that hook ("on_pull" or "on_start") about a container is not decided yet:
// a Replan would ask it again.
func (l *Life) Open(hook, container string, number int) bool {
	i := slices.IndexFunc(l.m.Containers, func(c containerLife) bool { return c.Name == container })
	if i < 0 {
		return false
	}
	c := &l.m.Containers[i]
	switch hook {
	case "on_pull":
		return c.Stage == pulling && c.Pulls == number
	case "on_start":
		return (c.Stage == running || c.Stage == starting) && c.Run == number
	default:
		return false
	}
}

// Run is what logs are read from: the run that "kubectl logs" and "kubectl logs --previous" of the container mean; nil
// where there was none. Both are the same while a crashed container waits for its restart.
func (l *Life) Run(container string) (current, previous *Run) {
	i := slices.IndexFunc(l.m.Containers, func(c containerLife) bool { return c.Name == container })
	if i < 0 {
		return nil, nil
	}
	c := &l.m.Containers[i]
	switch {
	case c.Stage == running:
		return &Run{Number: c.Run, Started: c.Start.time()}, c.Ended.run()
	case c.Waiting != nil:
		return c.Ended.run(), c.Ended.run()
	default:
		return c.Ended.run(), c.Before.run()
	}
}
