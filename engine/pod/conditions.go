package pod

import (
	"fmt"
	"slices"
	"strings"

	v1 "k8s.io/api/core/v1"
)

// condition is one of the conditions a kubelet keeps, in the order it writes them.
type condition int

const (
	readyToStart condition = iota
	initialized
	ready
	containersReady
	scheduled
	kept // how many there are
)

var conditionTypes = [kept]v1.PodConditionType{
	v1.PodReadyToStartContainers, v1.PodInitialized, v1.PodReady, v1.ContainersReady, v1.PodScheduled,
}

// flags is a set of conditions.
type flags uint8

func (f flags) has(c condition) bool { return f&(1<<c) != 0 }

func (f *flags) set(c condition, to bool) {
	*f &^= 1 << c
	if to {
		*f |= 1 << c
	}
}

// observe takes note of the phase and of every condition that flipped, at m.at.
func (m *machine) observe() {
	m.Phase = m.phase()
	all := m.containersReady()
	m.note(readyToStart, m.Sandbox)
	m.note(initialized, m.Phase == v1.PodSucceeded || m.initialized())
	m.note(containersReady, all)
	m.note(ready, all && len(m.unmetGates(m.p)) == 0)
}

func (m *machine) note(c condition, status bool) {
	if m.True.has(c) == status {
		return
	}
	m.True.set(c, status)
	m.Since[c], m.Clock = m.at, max(m.Clock, m.at)
}

// initialized says that all init containers did their part.
func (m *machine) initialized() bool {
	for i := len(m.p.Spec.InitContainers); i < len(m.Containers); i++ {
		if m.Containers[i].everStarted() {
			return true
		}
	}
	return len(m.incomplete(m.p)) == 0
}

// incomplete are the init containers that did not do their part.
func (m *memory) incomplete(p *v1.Pod) []string {
	var names []string
	for i := range min(len(p.Spec.InitContainers), len(m.Containers)) {
		c := &m.Containers[i]
		if did := c.passed() || kindOf(p, i) == Sidecar && c.Started; !did {
			names = append(names, c.Name)
		}
	}
	return names
}

func (m *machine) containersReady() bool {
	if m.terminal() {
		return false
	}
	for i := range m.Containers {
		if !m.Containers[i].Ready && kindOf(m.p, i) != Init {
			return false
		}
	}
	return true
}

// unready are the containers and sidecars that are not ready.
func (m *memory) unready(p *v1.Pod) []string {
	var names []string
	for i := range m.Containers {
		if c := &m.Containers[i]; !c.Ready && kindOf(p, i) != Init {
			names = append(names, c.Name)
		}
	}
	return names
}

// gatesCounted says that the Ready condition heeds the readiness gates as they are now.
func (m *memory) gatesCounted(p *v1.Pod) bool {
	if len(p.Spec.ReadinessGates) == 0 {
		return true
	}
	return m.True.has(ready) == (m.True.has(containersReady) && len(m.unmetGates(p)) == 0)
}

// unmetGates says of every readiness gate that is not met why.
func (m *memory) unmetGates(p *v1.Pod) []string {
	var why []string
	for _, gate := range p.Spec.ReadinessGates {
		switch c := find(m.others(p), gate.ConditionType); {
		case c == nil:
			why = append(why, fmt.Sprintf("corresponding condition of pod readiness gate %q does not exist.", gate.ConditionType))
		case c.Status != v1.ConditionTrue:
			why = append(why, fmt.Sprintf("the status of pod readiness gate %q is not \"True\", but %s", gate.ConditionType, c.Status))
		}
	}
	return why
}

func find(all []v1.PodCondition, t v1.PodConditionType) *v1.PodCondition {
	i := slices.IndexFunc(all, func(c v1.PodCondition) bool { return c.Type == t })
	if i < 0 {
		return nil
	}
	return &all[i]
}

// others are the conditions that others keep: those of the object's own status, and of those it lacks the remembered.
func (m *memory) others(p *v1.Pod) []v1.PodCondition {
	if len(p.Status.Conditions) == 0 {
		return m.Foreign
	}
	all := foreign(p.Status.Conditions)
	for _, c := range m.Foreign {
		if find(all, c.Type) == nil {
			all = append(all, c)
		}
	}
	return all
}

// foreign are the conditions that are not the kubelet's own.
func foreign(all []v1.PodCondition) []v1.PodCondition {
	var theirs []v1.PodCondition
	for _, c := range all {
		if !slices.Contains(conditionTypes[:], c.Type) {
			theirs = append(theirs, c)
		}
	}
	return theirs
}

func equalConditions(a, b []v1.PodCondition) bool {
	return slices.EqualFunc(a, b, func(x, y v1.PodCondition) bool {
		sameTimes := x.LastTransitionTime.Equal(&y.LastTransitionTime) && x.LastProbeTime.Equal(&y.LastProbeTime)
		x.LastTransitionTime, x.LastProbeTime = y.LastTransitionTime, y.LastProbeTime
		return sameTimes && x == y
	})
}

// conditions are all conditions as a kubelet writes them.
func (m *memory) conditions(p *v1.Pod, n Node) []v1.PodCondition {
	theirs := m.others(p)
	size := int(kept) + len(theirs)
	if m.Ending != nil && m.Ending.Disruption != nil {
		size++
	}
	out := make([]v1.PodCondition, 0, size)
	disruption := find(theirs, v1.DisruptionTarget)
	for _, c := range theirs {
		if c.Type != v1.DisruptionTarget {
			out = append(out, c)
		}
	}
	switch e := m.Ending; {
	case e != nil && e.Disruption != nil && m.terminal():
		out = append(out, v1.PodCondition{
			Type: v1.DisruptionTarget, Status: v1.ConditionTrue, LastTransitionTime: m.Since[readyToStart].stamp(),
			Reason: e.Disruption.Reason, Message: e.Disruption.Message, ObservedGeneration: n.generation(p),
		})
	case disruption != nil:
		out = append(out, *disruption)
	}
	for i, t := range conditionTypes {
		c := v1.PodCondition{Type: t, Status: v1.ConditionFalse, LastTransitionTime: m.Since[i].stamp(), ObservedGeneration: n.generation(p)}
		if m.True.has(condition(i)) {
			c.Status = v1.ConditionTrue
		}
		c.Reason, c.Message = m.why(p, condition(i))
		out = append(out, c)
	}
	return out
}

// why is the reason and the message that go with a condition.
func (m *memory) why(p *v1.Pod, c condition) (reason, message string) {
	switch c {
	case initialized:
		return m.whyInitialized(p)
	case containersReady:
		return m.whyUnready(p)
	case ready:
		if !m.True.has(containersReady) || m.True.has(ready) {
			return m.whyUnready(p)
		}
		return "ReadinessGatesNotReady", strings.Join(m.unmetGates(p), ", ")
	default:
		return "", ""
	}
}

func (m *memory) whyInitialized(p *v1.Pod) (reason, message string) {
	switch {
	case m.Phase == v1.PodSucceeded:
		return podCompleted, ""
	case m.True.has(initialized):
		return "", ""
	default:
		return "ContainersNotInitialized", listed("containers with incomplete status", m.incomplete(p))
	}
}

// The reasons of unready conditions once a pod is at its end.
const (
	podCompleted = "PodCompleted"
	podFailed    = "PodFailed"
)

func (m *memory) whyUnready(p *v1.Pod) (reason, message string) {
	switch {
	case m.Phase == v1.PodSucceeded:
		return podCompleted, ""
	case m.Phase == v1.PodFailed:
		return podFailed, ""
	case m.True.has(containersReady):
		return "", ""
	default:
		return "ContainersNotReady", listed("containers with unready status", m.unready(p))
	}
}

func listed(what string, names []string) string { return what + ": [" + strings.Join(names, " ") + "]" }
