package pod

import (
	"time"

	v1 "k8s.io/api/core/v1"
)

// hand is what was set of a status by hand.
type hand struct {
	Init       []v1.ContainerStatus `json:"init,omitempty"`
	Containers []v1.ContainerStatus `json:"containers,omitempty"`
}

// Stop takes over a terminal status that was set from outside: the lab's Stop Pod, or the status hook. Its phase, reason,
// message and terminated containers are taken as given and stay; all runs end. A status whose phase is not terminal, or a
// pod that is already at its end, changes nothing.
func (l *Life) Stop(p *v1.Pod, s *v1.PodStatus, at time.Time) (*Life, []Event) {
	if l.m.terminal() || s.Phase != v1.PodSucceeded && s.Phase != v1.PodFailed {
		return l, nil
	}
	m := l.work(p, at, nil)
	e := m.endingNow(0)
	e.Phase, e.Reason, e.Message = s.Phase, s.Reason, s.Message
	m.stopStarting(e)
	m.stopRuns(s.Phase)
	m.Hand = &hand{Init: terminated(s.InitContainerStatuses), Containers: terminated(s.ContainerStatuses)}
	m.conclude(e)
	return m.life()
}

// stopRuns ends all runs with what fits the phase.
func (m *machine) stopRuns(phase v1.PodPhase) {
	exit := Exit{Code: 137}
	if phase == v1.PodSucceeded {
		exit = Exit{}
	}
	for i := range m.Containers {
		if m.Containers[i].Stage == running {
			m.leave(i, exit, m.Containers[i].by())
		}
	}
}

// terminated are copies of the statuses of containers that ended.
func terminated(all []v1.ContainerStatus) []v1.ContainerStatus {
	var out []v1.ContainerStatus
	for i := range all {
		if all[i].State.Terminated == nil {
			continue
		}
		c := all[i].DeepCopy()
		c.Ready, c.Started = false, new(bool)
		out = append(out, *c)
	}
	return out
}

// apply puts what was set by hand into a derived status.
func (h *hand) apply(s *v1.PodStatus) {
	overlay(s.InitContainerStatuses, h.Init)
	overlay(s.ContainerStatuses, h.Containers)
}

func overlay(to, from []v1.ContainerStatus) {
	for i := range from {
		for j := range to {
			if to[j].Name == from[i].Name {
				to[j] = given(from[i], to[j])
			}
		}
	}
}

// given is a status set by hand, with what it leaves out. Restarts that happened cannot be unmade.
func given(c, derived v1.ContainerStatus) v1.ContainerStatus {
	g := *c.DeepCopy()
	g.RestartCount = max(c.RestartCount, derived.RestartCount)
	if g.Image == "" {
		g.Image = derived.Image
	}
	if g.ImageID == "" {
		g.ImageID = derived.ImageID
	}
	if g.ContainerID == "" {
		g.ContainerID = derived.ContainerID
	}
	if d := derived.State.Terminated; d != nil {
		timed(g.State.Terminated, d)
	}
	return g
}

// timed gives an end without times those of the run that it ended: the lab's Stop Pod sends none.
func timed(t, d *v1.ContainerStateTerminated) {
	if t.StartedAt.IsZero() {
		t.StartedAt = d.StartedAt
	}
	if t.FinishedAt.IsZero() {
		t.FinishedAt = d.FinishedAt
	}
}
