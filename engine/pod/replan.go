package pod

import (
	"slices"
	"time"

	v1 "k8s.io/api/core/v1"
)

// Replan asks every open question again, with its old number and time: a script or a param changed. What is committed
// stays: exits, readiness once reached, terminal phases. What should have happened already by the new answers happens
// now, never before. Then it advances. If all answers are what they were, it does no more than Advance.
func (l *Life) Replan(p *v1.Pod, now time.Time, ask Asker) (*Life, []Event) {
	if l.m.terminal() {
		return l, nil
	}
	m := l.work(p, now, ask)
	for i := range m.Containers {
		switch m.Containers[i].Stage { //nolint:exhaustive // the other stages have no open question
		case pulling:
			m.askPullAgain(i)
		case starting, running:
			m.askStartAgain(i)
		}
	}
	asked := slices.Clone(m.Containers)
	m.run()
	if len(m.events) == 0 && slices.Equal(asked, l.m.Containers) && slices.Equal(m.Containers, asked) && m.Clock == l.m.Clock {
		return l, nil
	}
	return m.life()
}
