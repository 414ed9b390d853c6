package pod

import (
	"slices"
	"strings"
	"unicode/utf8"

	v1 "k8s.io/api/core/v1"
)

// sharedMessages is how many bytes the termination messages of all containers of a pod may have together.
const sharedMessages = 12 << 10

// generation is what observedGeneration says; 0 where the Kubernetes version has no such field.
func (n Node) generation(p *v1.Pod) int64 {
	if n.Minor < 35 {
		return 0
	}
	return p.Generation
}

// Status is the status a kubelet on that node would write now. It belongs to the caller.
func (l *Life) Status(p *v1.Pod, n Node) *v1.PodStatus {
	m := &l.m
	start := m.Start.stamp()
	s := &v1.PodStatus{Phase: m.Phase, QOSClass: QOS(p), StartTime: &start, ObservedGeneration: n.generation(p)}
	if m.Rejected != nil {
		s.Reason, s.Message = m.Rejected.Reason, m.Rejected.Message
		return s
	}
	if e := m.Ending; e != nil && m.terminal() {
		s.Reason, s.Message = e.Reason, e.Message
	}
	s.Conditions = m.conditions(p, n)
	m.addresses(s, n)
	m.containers(s, p)
	if m.Hand != nil {
		m.Hand.apply(s)
	}
	return s
}

func (m *memory) addresses(s *v1.PodStatus, n Node) {
	s.HostIP = n.HostIP
	for _, ip := range n.HostIPs {
		s.HostIPs = append(s.HostIPs, v1.HostIP{IP: ip})
	}
	if len(n.HostIPs) == 0 && n.HostIP != "" {
		s.HostIPs = []v1.HostIP{{IP: n.HostIP}}
	}
	ip := m.IP
	if m.HostNet {
		ip = n.HostIP
	}
	if ip == "" || !m.Sandbox && !m.terminal() {
		return
	}
	s.PodIP, s.PodIPs = ip, []v1.PodIP{{IP: ip}}
}

// containers fills in the statuses of the containers: those of init containers in spec order, the others by name.
func (m *memory) containers(s *v1.PodStatus, p *v1.Pod) {
	inits := len(p.Spec.InitContainers)
	all := m.Containers
	if !m.fits(p) {
		all = aligned(all, p)
	}
	if inits > 0 {
		s.InitContainerStatuses = make([]v1.ContainerStatus, 0, inits)
	}
	s.ContainerStatuses = make([]v1.ContainerStatus, 0, len(all)-inits)
	for i := range all {
		to := &s.ContainerStatuses
		if i < inits {
			to = &s.InitContainerStatuses
		}
		*to = append(*to, m.container(&all[i], p, i))
	}
	slices.SortStableFunc(s.ContainerStatuses, func(a, b v1.ContainerStatus) int { return strings.Compare(a.Name, b.Name) })
}

func (m *memory) container(c *containerLife, p *v1.Pod, i int) v1.ContainerStatus {
	spec, started := specOf(p, i), c.Started
	s := v1.ContainerStatus{
		Name: c.Name, Image: spec.Image, RestartCount: c.Restarts, Started: &started,
		Ready: c.Ready || kindOf(p, i) == Init && c.passed(),
	}
	if c.Present || c.everStarted() {
		s.ImageID = imageID(spec.Image)
	}
	last := c.Ended
	switch {
	case c.Stage == running:
		s.ContainerID = containerID(p, c.Name, c.Run)
		s.State.Running = &v1.ContainerStateRunning{StartedAt: c.Start.stamp()}
	case c.Waiting != nil:
		s.State.Waiting = &v1.ContainerStateWaiting{Reason: c.Waiting.Reason, Message: c.Waiting.Message}
	case c.Ended != nil:
		s.State.Terminated = c.Ended.state(c.Name, p)
		s.ContainerID = s.State.Terminated.ContainerID
		last = c.Before
	default:
		s.State.Waiting = &v1.ContainerStateWaiting{Reason: creating(p)}
	}
	if last != nil {
		s.LastTerminationState.Terminated = last.state(c.Name, p)
		if s.ContainerID == "" {
			s.ContainerID = s.LastTerminationState.Terminated.ContainerID
		}
	}
	return s
}

// creating is why a container waits that nothing went wrong with.
func creating(p *v1.Pod) string {
	if len(p.Spec.InitContainers) > 0 {
		return "PodInitializing"
	}
	return "ContainerCreating"
}

// state is the run as Kubernetes writes it.
func (e *ended) state(container string, p *v1.Pod) *v1.ContainerStateTerminated {
	return &v1.ContainerStateTerminated{
		ExitCode: e.Code, Signal: e.Signal, Reason: e.Reason,
		Message:   cut(e.Message, sharedMessages/max(1, len(p.Spec.InitContainers)+len(p.Spec.Containers))),
		StartedAt: e.Started.stamp(), FinishedAt: e.Finished.stamp(),
		ContainerID: containerID(p, container, e.Run),
	}
}

// cut shortens a text to at most n bytes without breaking a character.
func cut(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}
