package pod

import (
	"time"

	v1 "k8s.io/api/core/v1"
)

// Killing is how running containers are ended from outside.
type Killing struct {
	Container string // "": all app containers that run, or the init container whose turn it is
	Exit      Exit   // After does not count: it happens now
	By        string // who did it, for events
}

// OOM is the exit of a container that went over its memory limit.
func OOM() Exit { return Exit{Code: 137, Reason: "OOMKilled"} }

// Kill ends the current run of containers there and then, as if the process had done so itself: what follows is up to the
// restart policy. If nothing of that runs it returns the same Life.
func (l *Life) Kill(p *v1.Pod, k Killing, at time.Time) (*Life, []Event) {
	if l.m.terminal() {
		return l, nil
	}
	m := l.work(p, at, nil)
	victims := m.victims(k.Container)
	if len(victims) == 0 {
		return l, nil
	}
	m.Clock = m.at
	for _, i := range victims {
		m.leave(i, k.Exit, k.By)
	}
	m.settle()
	return m.life()
}

// victims are the running containers of that name; without a name the app containers, before those the init container
// whose turn it is.
func (m *machine) victims(name string) []int {
	var inits, apps []int
	for i := range m.Containers {
		c, kind := &m.Containers[i], kindOf(m.p, i)
		switch {
		case c.Stage != running:
		case name != "" && c.Name == name:
			return []int{i}
		case kind == App:
			apps = append(apps, i)
		case kind == Init:
			inits = append(inits, i)
		}
	}
	switch {
	case name != "":
		return nil
	case len(apps) > 0:
		return apps
	default:
		return inits
	}
}
