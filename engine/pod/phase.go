package pod

import v1 "k8s.io/api/core/v1"

// phase is the pod's phase. A terminal one stays; only [machine.close] makes one, when nothing can run any more. While
// the pod is being ended the phase is held as it was.
func (m *machine) phase() v1.PodPhase {
	if m.terminal() || m.Ending != nil {
		return m.Phase
	}
	if m.initPending() {
		return v1.PodPending
	}
	apps := m.Containers[len(m.p.Spec.InitContainers):]
	for i := range apps {
		if !apps[i].everStarted() {
			return v1.PodPending
		}
	}
	if len(apps) == 0 {
		return v1.PodPending
	}
	return v1.PodRunning
}

// initPending says that an init container still has to do its part, which a sidecar has not once an app container ran.
func (m *machine) initPending() bool {
	began := false
	for i := len(m.p.Spec.InitContainers); i < len(m.Containers); i++ {
		began = began || m.Containers[i].everStarted()
	}
	for i := range m.p.Spec.InitContainers {
		c := &m.Containers[i]
		if kindOf(m.p, i) == Sidecar {
			if !began && !c.Started {
				return true
			}
			continue
		}
		if !c.passed() {
			return true
		}
	}
	return false
}
