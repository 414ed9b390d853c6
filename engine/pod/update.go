package pod

import (
	"fmt"
	"slices"
	"time"

	v1 "k8s.io/api/core/v1"
)

// Update takes a changed object: a container whose image changed is restarted, activeDeadlineSeconds counts anew from
// the pod's start, conditions of others are taken over, containers that are new or no longer there begin and vanish.
func (l *Life) Update(old, changed *v1.Pod, now time.Time) (*Life, []Event) {
	m := l.work(changed, now, nil)
	if theirs := foreign(changed.Status.Conditions); len(theirs) > 0 {
		m.Foreign = theirs
	}
	if !m.terminal() {
		m.Deadline, m.HostNet = deadline(changed, m.Start), changed.Spec.HostNetwork
		m.redefine(old)
	}
	same := m.Deadline == l.m.Deadline && m.HostNet == l.m.HostNet && equalConditions(m.Foreign, l.m.Foreign)
	if same && slices.Equal(m.Containers, l.m.Containers) {
		return l, nil
	}
	m.settle()
	return m.life()
}

// redefine restarts the containers whose image changed.
func (m *machine) redefine(old *v1.Pod) {
	if m.Ending != nil {
		return
	}
	for i := range m.Containers {
		if image := imageOf(old, m.Containers[i].Name); image != "" && image != specOf(m.p, i).Image {
			m.changeImage(i)
		}
	}
}

func imageOf(p *v1.Pod, container string) string {
	for i := range len(p.Spec.InitContainers) + len(p.Spec.Containers) {
		if c := specOf(p, i); c.Name == container {
			return c.Image
		}
	}
	return ""
}

// changeImage forgets all back-off: what failed was another image.
func (m *machine) changeImage(i int) {
	c := &m.Containers[i]
	c.Present, c.PullBack, c.Crash = false, backoff{}, backoff{}
	switch c.Stage {
	case running:
		m.Clock = m.at
		c.Changed, c.Term, c.Kill = true, m.at, m.at.plus(grace(m.p))
		m.event(c.Name, v1.EventTypeNormal, "Killing", fmt.Sprintf("Container %s definition changed, will be restarted", c.Name), "")
	case queued, pulling, failed, exited, backOff:
		c.Pull = nil
		m.queue(c, m.at)
	case waiting, starting, done:
	}
}
