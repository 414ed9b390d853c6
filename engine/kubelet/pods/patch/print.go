package patch

import v1 "k8s.io/api/core/v1"

// Print is the fingerprint of a status. The zero Print is that of an empty one. Prints are values that are never changed;
// they mean nothing outside this process.
type Print struct {
	fields     [fieldCount]uint64 // 0: absent
	conditions []condition
	phase      v1.PodPhase
}

// condition is the fingerprint of one condition.
type condition struct {
	kind  v1.PodConditionType
	truth v1.ConditionStatus
	bare  uint64 // all but its times and its generation
	moved int64  // lastTransitionTime in Unix seconds; 0: none
	seen  int64  // observedGeneration
	ours  bool   // of a type that is no kubelet's, yet written by us
}

// Of returns the fingerprint of a status.
func Of(s *v1.PodStatus) Print {
	p := Print{phase: constant(phases[:], s.Phase)}
	for f := range fields {
		p.fields[f] = fields[f].hash(s)
	}
	if len(s.Conditions) > 0 {
		p.conditions = make([]condition, len(s.Conditions))
		for i := range s.Conditions {
			p.conditions[i] = conditionOf(&s.Conditions[i])
		}
	}
	return p
}

// Equal says whether two statuses agree in all that a kubelet writes or hands on.
func (p Print) Equal(q Print) bool {
	if p.fields != q.fields || len(p.conditions) != len(q.conditions) {
		return false
	}
	for _, c := range p.conditions {
		if d := q.find(c.kind); d == nil || c.bare != d.bare || c.moved != d.moved || c.seen != d.seen {
			return false
		}
	}
	return true
}

// Terminal says that the pod's phase is Succeeded or Failed.
func (p Print) Terminal() bool { return Terminal(p.phase) }

// Ran says that some kubelet had taken the pod in: it has a start time or containers that were reported.
func (p Print) Ran() bool {
	return p.fields[startTime] != 0 || p.fields[containerStatuses] != 0 || p.fields[initContainerStatuses] != 0
}

// Since returns p knowing which conditions in it were written by us, as the print before it knew.
func (p Print) Since(before Print) Print {
	for i := range p.conditions {
		if old := before.find(p.conditions[i].kind); old != nil {
			p.conditions[i].ours = old.ours
		}
	}
	return p
}

// Foreign picks the conditions that others wrote: of types that are no kubelet's, nor ours. Nil if there are none.
func (p Print) Foreign(s *v1.PodStatus) []v1.PodCondition {
	var foreign []v1.PodCondition
	for i := range s.Conditions {
		kind := s.Conditions[i].Type
		if c := p.find(kind); !kubelets(kind) && (c == nil || !c.ours) {
			foreign = append(foreign, s.Conditions[i])
		}
	}
	return foreign
}

func (p Print) find(kind v1.PodConditionType) *condition {
	for i := range p.conditions {
		if p.conditions[i].kind == kind {
			return &p.conditions[i]
		}
	}
	return nil
}

// Terminal says that a phase is one that a pod never leaves.
func Terminal(phase v1.PodPhase) bool { return phase == v1.PodSucceeded || phase == v1.PodFailed }
