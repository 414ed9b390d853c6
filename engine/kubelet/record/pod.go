package record

import (
	"strings"
	"time"

	v1 "k8s.io/api/core/v1"
)

// podTale is what was seen of one pod.
type podTale struct {
	pod        *v1.Pod // as it was seen last
	start      time.Time
	first      time.Time // when it was seen first
	sandbox    time.Time // when containers could be started; zero: not yet, or its node does not say
	inherited  bool      // it was there before the recording
	containers []*containerTale
	deleted    time.Time
	gone       time.Time
	end        *podEnd
	rows       []string
}

// podEnd is how the node, not the containers, ended a pod.
type podEnd struct {
	at              time.Time
	reason, message string
	rejected        bool // it never ran
}

func newPodTale(p *v1.Pod, start, at time.Time) *podTale {
	t := &podTale{pod: p, start: start, first: at}
	for i := range p.Spec.InitContainers {
		t.containers = append(t.containers, newContainerTale(&p.Spec.InitContainers[i], true))
	}
	for i := range p.Spec.Containers {
		t.containers = append(t.containers, newContainerTale(&p.Spec.Containers[i], false))
	}
	t.inherited = p.CreationTimestamp.Time.Before(start.Truncate(time.Second))
	return t
}

// see says whether kubectl shows it otherwise than before.
func (t *podTale) see(p *v1.Pod, at time.Time, seen *Seen) (changed bool) {
	t.pod = p
	if t.deleted.IsZero() && p.DeletionTimestamp != nil {
		t.deleted = at
	}
	if t.sandbox.IsZero() && ready(p, v1.PodReadyToStartContainers) {
		t.sandbox = at
	}
	t.ending(p, at, seen)
	view := look{
		start: t.start, at: at, deleting: !t.deleted.IsZero(), byNode: t.end != nil,
		over: p.Status.Phase == v1.PodSucceeded || p.Status.Phase == v1.PodFailed, late: overdue(p),
	}
	for _, c := range t.containers {
		if s := statusOf(p, c.name); s != nil {
			c.see(s, view, seen)
		}
	}
	before := len(t.rows)
	t.row(podRow(p), seen)
	return before > 0 && len(t.rows) > before
}

// deadline is why a pod fails that had no more time.
const deadline = "DeadlineExceeded"

// overdue says that a pod failed because its spec gives it no more time: that need not be told.
func overdue(p *v1.Pod) bool {
	return p.Status.Reason == deadline && p.Status.StartTime != nil && p.Spec.ActiveDeadlineSeconds != nil
}

// toldAt is when the containers of a pod were told to end.
func (t *podTale) toldAt(c *containerTale) time.Time {
	switch {
	case !t.deleted.IsZero():
		return t.deleted
	case overdue(t.pod):
		return t.pod.Status.StartTime.Add(time.Duration(*t.pod.Spec.ActiveDeadlineSeconds) * time.Second)
	}
	var last time.Time // a sidecar goes when the others are done
	for _, o := range t.containers {
		if n := len(o.starts); n > 0 && o != c && !o.init && !o.sidecar {
			last = maxTime(last, o.starts[n-1].ended)
		}
	}
	return last
}

// left is when a pod was deleted: when it was told to end or, where it got no time for that, when it was there no more.
// Zero: it stayed.
func (t *podTale) left() time.Time {
	if t.deleted.IsZero() {
		return t.gone
	}
	return t.deleted
}

// ending notes that the node ended the pod, or never let it in.
func (t *podTale) ending(p *v1.Pod, at time.Time, seen *Seen) {
	if t.end != nil || p.Status.Phase != v1.PodFailed || p.Status.Reason == "" || overdue(p) {
		return
	}
	t.end = &podEnd{at: at, reason: p.Status.Reason, message: p.Status.Message, rejected: len(p.Status.ContainerStatuses) == 0}
	seen.Troubles++
}

func (t *podTale) row(row string, seen *Seen) {
	if len(t.rows) == 0 || t.rows[len(t.rows)-1] != row {
		t.rows = append(t.rows, row)
		seen.Changes++
	}
}

// madeUp says that the pod's name says nothing: the next pod in its place has another.
func (t *podTale) madeUp() bool {
	if t.pod.GenerateName == "" {
		return false
	}
	for _, o := range t.pod.OwnerReferences {
		if o.Kind == "StatefulSet" {
			return false // it makes its names by counting
		}
	}
	return true
}

// pattern is the pod's name where it says something, else what names in its place begin with.
func (t *podTale) pattern() string {
	if !t.madeUp() {
		return t.pod.Name
	}
	stem := t.pod.GenerateName
	if hash := t.pod.Labels["pod-template-hash"]; hash != "" {
		stem = strings.TrimSuffix(stem, hash+"-") // of a ReplicaSet; the Deployment counts
	}
	return stem + "*"
}

// place is the node of a pod of which there is one on each.
func (t *podTale) place() string {
	for _, o := range t.pod.OwnerReferences {
		if o.Kind == "DaemonSet" {
			return t.pod.Spec.NodeName
		}
	}
	return ""
}

func ready(p *v1.Pod, kind v1.PodConditionType) bool {
	for i := range p.Status.Conditions {
		if c := &p.Status.Conditions[i]; c.Type == kind {
			return c.Status == v1.ConditionTrue
		}
	}
	return false
}

func statusOf(p *v1.Pod, container string) *v1.ContainerStatus {
	for _, all := range [][]v1.ContainerStatus{p.Status.InitContainerStatuses, p.Status.ContainerStatuses} {
		for i := range all {
			if all[i].Name == container {
				return &all[i]
			}
		}
	}
	return nil
}
