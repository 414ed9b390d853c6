package pod

import (
	"time"

	v1 "k8s.io/api/core/v1"
)

// probing is how a container's probes fail in a run. All times are since the run's start; 0: that does not happen.
type probing struct {
	Startup   time.Duration `json:"startup,omitempty"`   // a startup that is not through by then is told of
	Readiness time.Duration `json:"readiness,omitempty"` // a container that is not ready by then is told of
	Liveness  time.Duration `json:"liveness,omitempty"`  // the liveness probe fails from then on
	Kill      time.Duration `json:"kill,omitempty"`      // then the startup or the liveness probe failed often enough
	Grace     time.Duration `json:"grace,omitempty"`     // of that kill
}

// What the API server fills into a probe (Kubernetes: pkg/apis/core/v1/defaults.go).
const (
	defaultPeriod    = 10 * time.Second
	defaultThreshold = 3
)

// firstProbe is when a probe first fails, if it fails: at once after its initial delay. Where the spec has no such probe a
// script stands in for one with the defaults; that of a container which takes a while to start shall not be told of each time.
func firstProbe(spec *v1.Probe) time.Duration {
	if spec == nil {
		return defaultPeriod
	}
	return max(seconds(int64(spec.InitialDelaySeconds)), time.Second)
}

// budget is how long a probe may fail before the kubelet has had enough.
func budget(spec *v1.Probe) time.Duration {
	period, threshold := defaultPeriod, int64(defaultThreshold)
	if spec != nil && spec.PeriodSeconds > 0 {
		period = seconds(int64(spec.PeriodSeconds))
	}
	if spec != nil && spec.FailureThreshold > 0 {
		threshold = int64(spec.FailureThreshold)
	}
	return time.Duration(threshold) * period
}

// probed says of a plan whose Started and Ready are known how the probes fail. Nobody probes init containers.
func (p *plan) probed(o Outcome, spec *v1.Container, pod *v1.Pod) {
	b := &p.Probes
	if first := firstProbe(spec.StartupProbe); o.Unstarted || p.Started > first {
		b.Startup = first
	}
	if first := instant(p.Started).span(firstProbe(spec.ReadinessProbe)); !o.Unstarted && (p.Ready.Never || p.Ready.After > first) {
		b.Readiness = first
	}
	if probe := spec.StartupProbe; probe != nil {
		if most := instant(seconds(int64(probe.InitialDelaySeconds))).span(budget(probe)); o.Unstarted || p.Started > most {
			b.Kill, b.Grace = most, probeGrace(probe, pod)
			return
		}
	}
	if o.LivenessFails != nil && !o.Unstarted {
		b.Liveness = max(*o.LivenessFails, p.Started, firstLiveness(spec.LivenessProbe))
		b.Kill, b.Grace = instant(b.Liveness).span(budget(spec.LivenessProbe)), probeGrace(spec.LivenessProbe, pod)
	}
}

func firstLiveness(spec *v1.Probe) time.Duration {
	if spec == nil {
		return time.Nanosecond
	}
	return firstProbe(spec)
}

// span is a duration that much longer, as long as a Duration may be at most.
func (i instant) span(d time.Duration) time.Duration { return time.Duration(i.plus(d)) }

func probeGrace(spec *v1.Probe, p *v1.Pod) time.Duration {
	if spec != nil && spec.TerminationGracePeriodSeconds != nil {
		return seconds(*spec.TerminationGracePeriodSeconds)
	}
	return grace(p)
}

// ails is what was told of a run's probes already.
type ails uint8

const (
	toldStartup ails = 1 << iota
	toldReadiness
	toldLiveness
)

// ailing is the next failure of a probe to be told of.
func (c *containerLife) ailing() (due instant, what ails) {
	b := &c.Plan.Probes
	if *b == (probing{}) {
		return never, 0
	}
	consider := func(after time.Duration, w ails, applies bool) {
		if after == 0 || c.Told&w != 0 || !applies {
			return
		}
		if at := max(c.Start.plus(after), c.Plan.Floor); due == never || at < due {
			due, what = at, w
		}
	}
	consider(b.Startup, toldStartup, !c.Started)
	consider(b.Readiness, toldReadiness, c.Started && !c.Ready)
	consider(b.Liveness, toldLiveness, c.Started)
	return due, what
}

// killDue is when a failing probe ends the run.
func (c *containerLife) killDue() instant {
	b := &c.Plan.Probes
	if b.Kill == 0 || b.Liveness == 0 && c.Started {
		return never
	}
	return max(c.Start.plus(b.Kill), c.Plan.Floor)
}

// ail tells of the probe that fails.
func (m *machine) ail(i int) {
	c := &m.Containers[i]
	_, what := c.ailing()
	c.Told |= what
	m.unhealthy(c, what.probe(), c.Plan.By)
}

// probe is the one that fails.
func (a ails) probe() string {
	switch a {
	case toldStartup:
		return "Startup"
	case toldLiveness:
		return "Liveness"
	default:
		return "Readiness"
	}
}

// unhealthy tells of a probe that fails.
func (m *machine) unhealthy(c *containerLife, probe, by string) {
	m.event(c.Name, v1.EventTypeWarning, "Unhealthy", probe+" probe failed", by)
}

// killProbed tells a container to stop whose startup or liveness probe failed too often. One that hangs does not heed it.
func (m *machine) killProbed(i int) {
	c := &m.Containers[i]
	probe := "startup"
	if c.Started {
		probe, c.Hung = "liveness", true
	}
	text := "Container " + c.Name + " failed " + probe + " probe"
	if kindOf(m.p, i) == Sidecar || m.p.Spec.RestartPolicy != v1.RestartPolicyNever {
		text += ", will be restarted"
	}
	c.Term, c.Kill = m.at, m.at.plus(c.Plan.Probes.Grace)
	m.event(c.Name, v1.EventTypeNormal, "Killing", text, c.Plan.By)
	m.ruled(c.probeRule())
}

// probeRule says by which rule a failing probe ends the run.
func (c *containerLife) probeRule() string {
	b := &c.Plan.Probes
	if b.Liveness == 0 {
		return "its startup probe failed for " + b.Kill.String()
	}
	return "its liveness probe failed for " + (b.Kill - b.Liveness).String()
}
