package patch

import (
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Apply is the status that the change makes of one, which must be that of the print that [Diff] was given. It leaves that as it
// is, and shares with it and with the wanted one.
func (c *Change) Apply(have *v1.PodStatus) *v1.PodStatus {
	after := *have
	for f := range fields {
		if c.differs(f) {
			fields[f].set(&after, c.want)
		}
	}
	if len(c.conditions) > 0 {
		after.Conditions = c.applyConditions(have.Conditions)
	}
	return &after
}

// applyConditions are the wanted ones in their order, then those of others.
func (c *Change) applyConditions(have []v1.PodCondition) []v1.PodCondition {
	after := make([]v1.PodCondition, 0, len(have)+len(c.want.Conditions))
	for i := range c.want.Conditions {
		kind := c.want.Conditions[i].Type
		old, change := find(have, kind), changed(c.conditions, kind)
		switch {
		case change != nil:
			after = append(after, change.apply(old))
		case old != nil:
			after = append(after, *old)
		}
	}
	for i := range have {
		kind := have[i].Type
		if find(c.want.Conditions, kind) == nil && changed(c.conditions, kind) == nil {
			after = append(after, have[i])
		}
	}
	return after
}

// apply is the condition that a change makes of the one there was; nil: there was none.
func (c *change) apply(old *v1.PodCondition) v1.PodCondition {
	var after v1.PodCondition
	if old != nil {
		after = *old
	}
	after.Type, after.Status, after.Reason, after.Message = c.kind, c.want.Status, c.want.Reason, c.want.Message
	if c.moved != 0 {
		after.LastTransitionTime = metav1.NewTime(time.Unix(c.moved, 0))
	}
	if c.want.ObservedGeneration != 0 {
		after.ObservedGeneration = c.want.ObservedGeneration
	}
	return after
}

// find returns the condition of a type; nil if there is none.
func find(list []v1.PodCondition, kind v1.PodConditionType) *v1.PodCondition {
	for i := range list {
		if list[i].Type == kind {
			return &list[i]
		}
	}
	return nil
}
