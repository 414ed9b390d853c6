package pod

import (
	"fmt"
	"strconv"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/duration"
)

// Row is what kubectl prints of a pod with that status: READY, STATUS, RESTARTS.
func Row(p *v1.Pod, s *v1.PodStatus, now time.Time) (ready, status, restarts string) {
	r := row{p: p, s: s, word: string(s.Phase)}
	r.pod()
	r.inits()
	if !r.initializing || statusOf(s.Conditions, v1.PodInitialized) == v1.ConditionTrue {
		r.apps()
	}
	r.deletion()
	return fmt.Sprintf("%d/%d", r.ready, r.total), r.word, r.restartText(now)
}

// row is a printed row in the making.
type row struct {
	p *v1.Pod
	s *v1.PodStatus

	word         string
	ready, total int
	initializing bool
	all, sidecar restartCount // of all init containers; of the sidecars among them
}

// restartCount counts restarts and keeps when the last run ended.
type restartCount struct {
	n    int32
	last metav1.Time
}

func (r *restartCount) add(c *v1.ContainerStatus) {
	r.n += c.RestartCount
	if t := c.LastTerminationState.Terminated; t != nil && r.last.Before(&t.FinishedAt) {
		r.last = t.FinishedAt
	}
}

func (r *row) pod() {
	if r.s.Reason != "" {
		r.word = r.s.Reason
	}
	for _, c := range r.s.Conditions {
		if c.Type == v1.PodScheduled && c.Reason == v1.PodReasonSchedulingGated {
			r.word = v1.PodReasonSchedulingGated
		}
	}
	r.total = len(r.p.Spec.Containers)
	for i := range r.p.Spec.InitContainers {
		if isSidecar(&r.p.Spec.InitContainers[i]) {
			r.total++
		}
	}
}

// inits reads the init containers up to the first that is not through.
func (r *row) inits() {
	for i := range r.s.InitContainerStatuses {
		c := &r.s.InitContainerStatuses[i]
		r.all.add(c)
		restartable := r.restartable(c.Name)
		if restartable {
			r.sidecar.add(c)
		}
		switch t := c.State.Terminated; {
		case t != nil && t.ExitCode == 0:
			continue
		case restartable && c.Started != nil && *c.Started:
			if c.Ready {
				r.ready++
			}
			continue
		case t != nil:
			r.word = "Init:" + endWord(t)
		case c.State.Waiting != nil && c.State.Waiting.Reason != "" && c.State.Waiting.Reason != "PodInitializing":
			r.word = "Init:" + c.State.Waiting.Reason
		default:
			r.word = fmt.Sprintf("Init:%d/%d", i, len(r.p.Spec.InitContainers))
		}
		r.initializing = true
		return
	}
}

func (r *row) restartable(name string) bool {
	for i := range r.p.Spec.InitContainers {
		if c := &r.p.Spec.InitContainers[i]; c.Name == name {
			return isSidecar(c)
		}
	}
	return false
}

// endWord is the reason of an end, or its signal or code.
func endWord(t *v1.ContainerStateTerminated) string {
	switch {
	case t.Reason != "":
		return t.Reason
	case t.Signal != 0:
		return fmt.Sprintf("Signal:%d", t.Signal)
	default:
		return fmt.Sprintf("ExitCode:%d", t.ExitCode)
	}
}

// apps reads the app containers; the first one's word wins.
func (r *row) apps() {
	r.all = r.sidecar
	runs := false
	for i := len(r.s.ContainerStatuses) - 1; i >= 0; i-- {
		c := &r.s.ContainerStatuses[i]
		r.all.add(c)
		switch {
		case c.State.Waiting != nil && c.State.Waiting.Reason != "":
			r.word = c.State.Waiting.Reason
		case c.State.Terminated != nil:
			r.word = endWord(c.State.Terminated)
		case c.Ready && c.State.Running != nil:
			runs = true
			r.ready++
		}
	}
	if r.word != "Completed" || !runs {
		return
	}
	r.word = "NotReady"
	if statusOf(r.s.Conditions, v1.PodReady) == v1.ConditionTrue {
		r.word = "Running"
	}
}

func statusOf(all []v1.PodCondition, t v1.PodConditionType) v1.ConditionStatus {
	if c := find(all, t); c != nil {
		return c.Status
	}
	return ""
}

func (r *row) deletion() {
	switch {
	case r.p.DeletionTimestamp == nil:
	case r.s.Reason == "NodeLost":
		r.word = "Unknown"
	case r.s.Phase != v1.PodSucceeded && r.s.Phase != v1.PodFailed:
		r.word = "Terminating"
	}
}

func (r *row) restartText(now time.Time) string {
	text := strconv.Itoa(int(r.all.n))
	if r.all.n == 0 || r.all.last.IsZero() {
		return text
	}
	return fmt.Sprintf("%s (%s ago)", text, duration.HumanDuration(now.Sub(r.all.last.Time)))
}
