package patch

import (
	"hash/maphash"

	v1 "k8s.io/api/core/v1"
)

// kubelets says whether a kubelet alone writes conditions of this type.
func kubelets(kind v1.PodConditionType) bool {
	switch kind {
	case v1.PodScheduled, v1.PodInitialized, v1.PodReady, v1.ContainersReady, v1.PodReadyToStartContainers,
		v1.PodResizePending, v1.PodResizeInProgress, v1.AllContainersRestarting:
		return true
	default:
		return false
	}
}

var kinds = [...]v1.PodConditionType{
	v1.PodScheduled, v1.PodInitialized, v1.PodReady, v1.ContainersReady, v1.PodReadyToStartContainers, v1.DisruptionTarget,
}

var phases = [...]v1.PodPhase{v1.PodPending, v1.PodRunning, v1.PodSucceeded, v1.PodFailed}

var truths = [...]v1.ConditionStatus{v1.ConditionTrue, v1.ConditionFalse, v1.ConditionUnknown}

// constant returns the constant equal to s in place of s, which would keep a decoded message in memory.
func constant[T ~string](known []T, s T) T {
	for _, k := range known {
		if k == s {
			return k
		}
	}
	return s
}

func conditionOf(c *v1.PodCondition) condition {
	return condition{
		kind: constant(kinds[:], c.Type), truth: constant(truths[:], c.Status),
		bare: hashBare(c), moved: unix(&c.LastTransitionTime), seen: c.ObservedGeneration,
	}
}

// hashBare is one number for a condition without its times and generation.
func hashBare(c *v1.PodCondition) uint64 {
	var h maphash.Hash
	h.SetSeed(seed)
	for _, s := range [...]string{string(c.Status), c.Reason, c.Message} {
		_, _ = h.WriteString(s)
		_ = h.WriteByte(0)
	}
	return h.Sum64()
}

// agrees says whether a condition of Kubernetes needs no change to be the wanted one. When a pod was scheduled, the
// scheduler knows best; and where the provider names no time of transition or no generation, Kubernetes' own stands.
func (c condition) agrees(want condition) bool {
	return c.bare == want.bare &&
		(c.moved == want.moved || want.moved == 0 || want.kind == v1.PodScheduled) &&
		(c.seen == want.seen || want.seen == 0)
}

// change is one condition to be written, or to be removed.
type change struct {
	want   *v1.PodCondition // nil: remove
	kind   v1.PodConditionType
	had    bool  // Kubernetes has one of the kind
	moved  int64 // the time of transition to be written; 0: that of Kubernetes stays
	result condition
}

// diffConditions lists what must change. told are the conditions of others that the provider was told of: what it merely
// repeats of them is not its own.
func diffConditions(have Print, want, told []v1.PodCondition, now int64) []change {
	var changes []change
	for i := range want {
		if c, ok := diffCondition(have.find(want[i].Type), &want[i], told, now); ok {
			if changes == nil {
				changes = make([]change, 0, len(want)) // of a new pod, all
			}
			changes = append(changes, c)
		}
	}
	for i := range have.conditions {
		c := have.conditions[i]
		if (kubelets(c.kind) || c.ours) && find(want, c.kind) == nil {
			changes = append(changes, change{kind: c.kind})
		}
	}
	return changes
}

func diffCondition(old *condition, want *v1.PodCondition, told []v1.PodCondition, now int64) (change, bool) {
	result := conditionOf(want)
	if !kubelets(want.Type) {
		if old != nil && !old.ours || old == nil && find(told, want.Type) != nil {
			return change{}, false
		}
		result.ours = true
	}
	if old != nil && old.agrees(result) {
		return change{}, false
	}
	moved := result.moved
	switch flipped := old == nil || old.truth != result.truth; {
	case flipped && moved == 0:
		moved = now
	case !flipped && want.Type == v1.PodScheduled:
		moved = 0
	}
	result.moved = moved
	if moved == 0 && old != nil {
		result.moved = old.moved
	}
	if result.seen == 0 && old != nil {
		result.seen = old.seen
	}
	return change{want: want, kind: result.kind, had: old != nil, moved: moved, result: result}, true
}
