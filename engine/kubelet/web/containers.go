package web

import (
	"cmp"
	"math"
	"slices"

	v1 "k8s.io/api/core/v1"
)

// containers are the statuses of the pod's containers, or of its init containers: one for each, and no others.
func (a account) containers(s *v1.PodStatus, init bool) []v1.ContainerStatus {
	specs, said, before := a.pod.Spec.Containers, a.said.ContainerStatuses, []v1.ContainerStatus(nil)
	if a.before != nil {
		before = a.before.ContainerStatuses
	}
	if init {
		specs, said = a.pod.Spec.InitContainers, a.said.InitContainerStatuses
		if a.before != nil {
			before = a.before.InitContainerStatuses
		}
	}
	if len(a.pod.Spec.Containers) == 0 { // known by its status only
		for _, c := range said {
			specs = append(specs, v1.Container{Name: c.Name, Image: c.Image})
		}
	}
	var all []v1.ContainerStatus
	for i := range specs {
		if s.Phase == v1.PodUnknown && last(said, specs[i].Name) == nil {
			continue // there is nothing to conclude it from
		}
		l := life{account: a, status: s, spec: &specs[i], init: init, before: last(before, specs[i].Name)}
		all = append(all, l.container(last(said, specs[i].Name)))
	}
	if !init {
		slices.SortStableFunc(all, func(x, y v1.ContainerStatus) int { return cmp.Compare(x.Name, y.Name) })
	}
	return all
}

// last is the last of the statuses that have a name; nil if none has.
func last(all []v1.ContainerStatus, name string) *v1.ContainerStatus {
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].Name == name {
			return &all[i]
		}
	}
	return nil
}

// life is one container of an account.
type life struct {
	account
	status *v1.PodStatus // as far as it is made: phase, reason, startTime
	spec   *v1.Container
	init   bool
	before *v1.ContainerStatus // nil: nothing yet
}

// container is the container's status. said is nil where the web provider says nothing of it.
func (l life) container(said *v1.ContainerStatus) v1.ContainerStatus {
	c := v1.ContainerStatus{Name: l.spec.Name, Image: l.spec.Image}
	if said == nil {
		c.State = l.supposed()
		c.Ready = l.supposedReady(c.State)
	} else {
		c = v1.ContainerStatus{
			Name: l.spec.Name, Image: cmp.Or(said.Image, l.spec.Image), ImageID: said.ImageID, ContainerID: said.ContainerID,
			Ready: said.Ready, Started: said.Started, RestartCount: max(0, said.RestartCount),
			State: l.state(said.State), LastTerminationState: v1.ContainerState{Terminated: said.LastTerminationState.Terminated},
			Resources: said.Resources, AllocatedResources: said.AllocatedResources, VolumeMounts: mounts(said.VolumeMounts), User: l.user(said.User),
			StopSignal: said.StopSignal,
		}
	}
	if l.before != nil {
		l.keep(&c)
	}
	l.agree(&c)
	return c
}

// keep holds on to what may not be taken back.
func (l life) keep(c *v1.ContainerStatus) {
	c.RestartCount = max(c.RestartCount, l.before.RestartCount)
	if ended := l.before.State.Terminated; ended != nil && c.State.Terminated == nil && !l.mayRestart(ended.ExitCode) {
		c.State = l.before.State
	}
	if run := l.before.State.Running; run != nil && c.State.Running != nil && c.RestartCount == l.before.RestartCount && !run.StartedAt.IsZero() {
		c.State.Running = run
	}
	if c.LastTerminationState.Terminated == nil {
		c.LastTerminationState.Terminated = l.before.LastTerminationState.Terminated
	}
}

// agree makes ready and started say what the state can mean: only what runs is ready, or an init container that is done.
func (l life) agree(c *v1.ContainerStatus) {
	running := c.State.Running != nil
	switch {
	case l.init && c.State.Terminated != nil:
		c.Ready = c.State.Terminated.ExitCode == 0
	case !running:
		c.Ready = false
	}
	if c.Started == nil || !running {
		c.Started = &running
	}
}

// state is one of the states that are said, the one that fits the phase; where none is said, or none fits, what may be
// supposed. A terminal phase leaves nothing running, though what never began may still wait.
func (l life) state(said v1.ContainerState) v1.ContainerState {
	started := l.status.StartTime
	switch {
	case said.Terminated != nil && (isTerminal(l.status.Phase) || (said.Running == nil && said.Waiting == nil)):
		t := *said.Terminated
		t.Reason, t.Message = cut(t.Reason, longestReason), cut(t.Message, longestMessage)
		return v1.ContainerState{Terminated: &t}
	case isTerminal(l.status.Phase) && (said.Waiting == nil || said.Running != nil):
		s := l.supposed()
		if said.Running != nil && !said.Running.StartedAt.IsZero() {
			s.Terminated.StartedAt = said.Running.StartedAt
		}
		return s
	case said.Running != nil && said.Running.StartedAt.IsZero():
		return v1.ContainerState{Running: &v1.ContainerStateRunning{StartedAt: *started}}
	case said.Running != nil:
		return v1.ContainerState{Running: said.Running}
	case said.Waiting != nil:
		w := *said.Waiting
		w.Reason, w.Message = cut(w.Reason, longestReason), cut(w.Message, longestMessage)
		return v1.ContainerState{Waiting: &w}
	}
	return l.supposed()
}

// supposed is the state that a container is in if all we know is the pod's phase.
func (l life) supposed() v1.ContainerState {
	done := l.init && !isSidecar(l.spec)
	switch {
	case l.status.Phase == v1.PodFailed && !done:
		return l.terminated(1, cmp.Or(l.status.Reason, "Error"), l.status.Message)
	case isTerminal(l.status.Phase) || (done && l.status.Phase == v1.PodRunning):
		return l.terminated(0, "Completed", "")
	case l.status.Phase == v1.PodRunning:
		return v1.ContainerState{Running: &v1.ContainerStateRunning{StartedAt: *l.status.StartTime}}
	case len(l.pod.Spec.InitContainers) > 0:
		return v1.ContainerState{Waiting: &v1.ContainerStateWaiting{Reason: "PodInitializing"}}
	}
	return v1.ContainerState{Waiting: &v1.ContainerStateWaiting{Reason: "ContainerCreating"}}
}

// terminated is the end of a container of which the web provider tells no end. It was now, or it was seen before.
func (l life) terminated(code int32, reason, message string) v1.ContainerState {
	if l.before != nil && l.before.State.Terminated != nil && l.before.State.Terminated.ExitCode == code {
		return l.before.State
	}
	from := *l.status.StartTime
	if l.before != nil && l.before.State.Running != nil {
		from = l.before.State.Running.StartedAt
	}
	return v1.ContainerState{Terminated: &v1.ContainerStateTerminated{ExitCode: code, Reason: reason, Message: message, StartedAt: from, FinishedAt: l.now}}
}

// supposedReady says whether a container of which nothing is said is ready: if it runs, and the pod is not said to be
// unready.
func (l life) supposedReady(s v1.ContainerState) bool {
	for _, c := range l.said.Conditions {
		if (c.Type == v1.PodReady || c.Type == v1.ContainersReady) && conditionStatus(c.Status) != v1.ConditionTrue {
			return false
		}
	}
	return s.Running != nil
}

func isSidecar(c *v1.Container) bool {
	return c.RestartPolicy != nil && *c.RestartPolicy == v1.ContainerRestartPolicyAlways
}

// mayRestart says whether the API server lets the container run again after it ended with code.
func (l life) mayRestart(code int32) bool {
	if len(l.spec.RestartPolicyRules) > 0 {
		return true // for the API server to judge
	}
	policy := l.pod.Spec.RestartPolicy
	if l.spec.RestartPolicy != nil {
		policy = v1.RestartPolicy(*l.spec.RestartPolicy)
	}
	return policy == v1.RestartPolicyAlways || policy == "" || (policy == v1.RestartPolicyOnFailure && code != 0)
}

// mounts leaves out what only drivers know.
func mounts(in []v1.VolumeMountStatus) []v1.VolumeMountStatus {
	out := slices.Clone(in)
	for i := range out {
		out[i].VolumeStatus = nil
	}
	return out
}

// user is whom a container ran as, where there can be such a user.
func (l life) user(u *v1.ContainerUser) *v1.ContainerUser {
	if u == nil || u.Linux == nil || (l.pod.Spec.OS != nil && l.pod.Spec.OS.Name == v1.Windows) {
		return nil
	}
	for _, id := range append([]int64{u.Linux.UID, u.Linux.GID}, u.Linux.SupplementalGroups...) {
		if id < 0 || id > math.MaxInt32 {
			return nil
		}
	}
	return u
}
