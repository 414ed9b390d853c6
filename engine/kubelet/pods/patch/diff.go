package patch

import (
	"time"

	v1 "k8s.io/api/core/v1"
)

// Want is the status that Kubernetes should have.
type Want struct {
	Status *v1.PodStatus // shared, and left as it is

	// Verdict says that only phase, reason and message of Status are meant; the rest stays as Kubernetes has it.
	Verdict bool

	// Told are the conditions of others that the provider was told of. What it repeats of them is not written.
	Told []v1.PodCondition

	// Now is the time of transition of conditions that name none.
	Now time.Time
}

// Change is what turns the status that Kubernetes has into the one that is wanted. [Change.Patch] and [Change.Apply] are two
// ways to say it, which lead to the same.
type Change struct {
	have, after Print
	want        *v1.PodStatus
	fields      uint32 // a bit for each that differs
	conditions  []change
}

// Diff compares the status of which have is the print with what is wanted.
func Diff(have Print, w Want) Change {
	c := Change{have: have, after: have, want: w.Status}
	for f := range fields {
		if w.Verdict && f != phase && f != reason && f != message {
			continue
		}
		hash := fields[f].hash(w.Status)
		if hash != have.fields[f] && fields[f].due(have.fields[f], hash) {
			c.fields |= 1 << f
			c.after.fields[f] = hash
		}
	}
	if w.Status.Phase != "" {
		c.after.phase = constant(phases[:], w.Status.Phase)
	}
	if w.Verdict {
		return c
	}
	if c.conditions = diffConditions(have, w.Status.Conditions, w.Told, w.Now.Unix()); len(c.conditions) > 0 {
		c.after.conditions = apply(have.conditions, c.conditions)
	}
	return c
}

// None says that Kubernetes has what is wanted.
func (c *Change) None() bool { return c.fields == 0 && len(c.conditions) == 0 }

// After is the print of the status once the change is made.
func (c *Change) After() Print { return c.after }

// differs says whether a field does.
func (c *Change) differs(f int) bool { return c.fields&(1<<f) != 0 }

// due says whether a field that differs is to be written at all.
func (f *field) due(have, want uint64) bool {
	return f.absent == removed || want != 0 && (f.absent == kept || have == 0)
}

// apply returns the conditions after some changes. The order is Kubernetes' only in passing: prints of one order are
// compared with what the API server makes of the patch, which puts them into the order that we ask for.
func apply(have []condition, changes []change) []condition {
	after := make([]condition, 0, len(have)+len(changes))
	for _, c := range have {
		if changed(changes, c.kind) == nil {
			after = append(after, c)
		}
	}
	for _, c := range changes {
		if c.want != nil {
			after = append(after, c.result)
		}
	}
	return after
}

func changed(changes []change, kind v1.PodConditionType) *change {
	for i := range changes {
		if changes[i].kind == kind {
			return &changes[i]
		}
	}
	return nil
}
