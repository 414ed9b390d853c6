package pod

import (
	"time"

	v1 "k8s.io/api/core/v1"
)

// Held is what is kept from happening to a pod, as long as it is held.
type Held struct {
	Unready bool `json:"unready,omitempty"` // its containers fail their readiness probes
	NoEnd   bool `json:"noEnd,omitempty"`   // once it is deleted it does not come to its end, not even by SIGKILL
}

// Held is what is held at present.
func (l *Life) Held() Held { return l.m.Held }

// Hold sets what is held from now on, in place of what was. What is let go happens now, if it would have happened already.
// by is who says so, for events.
func (l *Life) Hold(p *v1.Pod, h Held, at time.Time, by string) (*Life, []Event) {
	if l.m.terminal() { // only its end can still be held up
		h.Unready = l.m.Held.Unready
	}
	if h == l.m.Held {
		return l, nil
	}
	m := l.work(p, at, nil)
	was := m.Held
	m.Held, m.Clock = h, m.at
	for i := range m.Containers {
		c := &m.Containers[i]
		if c.Stage != running || was.Unready == h.Unready {
			continue
		}
		c.Flipped = m.at
		if h.Unready && c.Ready {
			c.Ready = false
			m.unhealthy(c, "Readiness", by)
		}
	}
	m.settle()
	return m.life()
}

// hangs says that the pod was deleted and is kept from ending.
func (m *memory) hangs() bool { return m.Held.NoEnd && m.Ending != nil && m.Ending.Deleted }
