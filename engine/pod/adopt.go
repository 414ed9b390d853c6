package pod

import (
	"slices"
	"strings"
	"time"

	v1 "k8s.io/api/core/v1"
)

// Adopt takes a pod over of which only the status is known. Its containers go on where they are: the run of a running one
// is restartCount + 1, begun at startedAt, and is asked about by the next Advance; what thereby should have happened
// already happens then.
func Adopt(p *v1.Pod, s *v1.PodStatus, now time.Time) *Life {
	if s.Phase != v1.PodSucceeded && s.Phase != v1.PodFailed && s.StartTime == nil && len(s.ContainerStatuses) == 0 {
		fresh := Begin(p, now, Beginning{IP: s.PodIP})
		fresh.m.Foreign = foreign(s.Conditions)
		return fresh
	}
	a := adoption{now: moment(now), p: p, s: s}
	a.begin()
	if a.m.Rejected != nil {
		return &Life{a.m}
	}
	a.m.Containers = aligned(nil, p)
	for i := range a.m.Containers {
		if c := a.status(i); c != nil {
			a.container(i, c)
		}
	}
	a.conditions()
	w := machine{memory: a.m, p: p, at: a.now}
	if w.terminal() {
		w.stopStarting(ending{At: a.now, Kill: a.now, Phase: s.Phase, Reason: s.Reason, Message: s.Message})
	}
	w.observe()
	return &Life{w.memory}
}

// adoption is a status being taken over.
type adoption struct {
	m   memory
	now instant
	p   *v1.Pod
	s   *v1.PodStatus
}

func (a *adoption) begin() {
	s, m := a.s, &a.m
	m.Start, m.Clock, m.Phase = a.now, a.now, s.Phase
	if s.StartTime != nil {
		m.Start = moment(s.StartTime.Time)
	}
	if m.HostNet = a.p.Spec.HostNetwork; !m.HostNet {
		m.IP = s.PodIP
	}
	m.Foreign = foreign(s.Conditions)
	if !m.terminal() {
		m.Deadline = deadline(a.p, m.Start)
		m.Sandbox = s.PodIP != "" && a.isTrue(v1.PodReadyToStartContainers)
		m.Phase = v1.PodPending
		return
	}
	if len(s.ContainerStatuses)+len(s.InitContainerStatuses) == 0 && s.Reason != "" {
		m.Rejected = &Rejection{Reason: s.Reason, Message: s.Message}
	}
}

func (a *adoption) isTrue(t v1.PodConditionType) bool {
	c := find(a.s.Conditions, t)
	return c == nil || c.Status == v1.ConditionTrue // older kubelets do not write them all
}

// conditions keeps since when they are what they are.
func (a *adoption) conditions() {
	for i, t := range conditionTypes {
		a.m.Since[i] = a.now
		c := find(a.s.Conditions, t)
		if c == nil {
			continue
		}
		a.m.True.set(condition(i), c.Status == v1.ConditionTrue)
		if since := moment(c.LastTransitionTime.Time); since != never {
			a.m.Since[i] = since
		}
	}
	a.m.True.set(scheduled, true)
}

// status finds the status of the ith container.
func (a *adoption) status(i int) *v1.ContainerStatus {
	all, name := a.s.ContainerStatuses, specOf(a.p, i).Name
	if i < len(a.p.Spec.InitContainers) {
		all = a.s.InitContainerStatuses
	}
	for j := range all {
		if all[j].Name == name {
			return &all[j]
		}
	}
	return nil
}

func (a *adoption) container(i int, s *v1.ContainerStatus) {
	c := &a.m.Containers[i]
	c.Restarts, c.Run = max(s.RestartCount, 0), int(max(s.RestartCount, 0))+1
	c.Present = s.ImageID != ""
	last := s.LastTerminationState.Terminated
	switch {
	case s.State.Running != nil:
		c.Ended = a.ended(last, c.Run-1)
		a.running(c, s)
	case s.State.Terminated != nil:
		c.Ended, c.Before = a.ended(s.State.Terminated, c.Run), a.ended(last, c.Run-1)
		a.exited(i)
	case last != nil:
		c.Ended = a.ended(last, c.Run)
		a.waiting(c, s.State.Waiting)
	default:
		c.Run = int(c.Restarts)
		a.waiting(c, s.State.Waiting)
	}
}

func (a *adoption) ended(t *v1.ContainerStateTerminated, run int) *ended {
	if t == nil {
		return nil
	}
	return &ended{
		Run: run, Started: moment(t.StartedAt.Time), Finished: moment(t.FinishedAt.Time),
		Code: t.ExitCode, Signal: t.Signal, Reason: t.Reason, Message: t.Message,
	}
}

func (a *adoption) running(c *containerLife, s *v1.ContainerStatus) {
	c.Start = moment(s.State.Running.StartedAt.Time)
	if c.Start == never || c.Start > a.now {
		c.Start = a.now
	}
	if a.m.terminal() { // nothing can run in such a pod
		c.Ended = lost()
		return
	}
	c.Stage, c.Asked, c.Present, a.m.Sandbox = running, c.Start, true, true
	c.Started = s.Started != nil && *s.Started || s.Ready
	c.Ready, c.Reached, c.Flipped = s.Ready, s.Ready, a.now
	if c.Restarts > 0 {
		c.Crash = backoff{Delay: guess(c.Restarts), Updated: c.Start}
	}
}

func (a *adoption) exited(i int) {
	c := &a.m.Containers[i]
	c.Stage = done
	if !a.m.terminal() && restarts(a.p, i, c.Ended.Code) {
		c.Stage, c.Due = exited, max(a.now, c.Ended.Finished.plus(shown))
	}
	if c.Restarts > 0 {
		c.Crash = backoff{Delay: guess(c.Restarts), Updated: c.Ended.Started}
	}
}

func (a *adoption) waiting(c *containerLife, w *v1.ContainerStateWaiting) {
	if w == nil || a.m.terminal() || w.Reason == "" || w.Reason == "ContainerCreating" || w.Reason == "PodInitializing" {
		return
	}
	c.Waiting = &refusal{Reason: w.Reason, Message: w.Message}
	c.Stage, c.Due = queued, a.now
	switch {
	case w.Reason == "CrashLoopBackOff" && c.Ended != nil:
		c.Crash = backoff{Delay: told(w.Message, c.Restarts), Updated: c.Ended.Started}
		c.Stage, c.Due = backOff, max(a.now, c.Ended.Finished.plus(c.Crash.Delay))
	case c.Ended != nil:
		c.Stage, c.Due = exited, a.now
	case w.Reason == "ImagePullBackOff":
		c.PullBack = backoff{Delay: firstBackoff, Updated: a.now}
		c.Pulls, c.Due = 1, a.now.plus(firstBackoff)
	}
}

// told is the crash back-off that a message tells of.
func told(message string, restarts int32) time.Duration {
	text, ok := strings.CutPrefix(message, "back-off ")
	text, _, _ = strings.Cut(text, " ")
	d, err := time.ParseDuration(text)
	if !ok || err != nil || d < 0 {
		return guess(restarts)
	}
	return min(d, mostBackoff)
}

// guess is the crash back-off that belongs to so many restarts in a row.
func guess(restarts int32) time.Duration {
	if restarts <= 0 {
		return 0
	}
	return min(firstBackoff<<min(restarts-1, 5), mostBackoff)
}

// Behind says that a status tells of more than this life knows: a run that began or ended meanwhile, or the pod's end.
func (l *Life) Behind(s *v1.PodStatus) bool {
	over := s.Phase == v1.PodSucceeded || s.Phase == v1.PodFailed
	if over != l.m.terminal() {
		return over
	}
	progress := map[string]int32{}
	for i := range l.m.Containers {
		c := &l.m.Containers[i]
		progress[c.Name] = steps(c.Restarts, c.Stage == running, c.Ended != nil)
	}
	behind := func(all []v1.ContainerStatus) bool {
		return slices.ContainsFunc(all, func(c v1.ContainerStatus) bool {
			ended := c.State.Terminated != nil || c.LastTerminationState.Terminated != nil
			return steps(c.RestartCount, c.State.Running != nil, ended) > progress[c.Name]
		})
	}
	return behind(s.InitContainerStatuses) || behind(s.ContainerStatuses)
}

// steps counts the starts and ends of a container that was restarted so often.
func steps(restarts int32, runs, ended bool) int32 {
	switch {
	case runs:
		return 2*restarts + 1
	case ended:
		return 2*restarts + 2
	default:
		return 0
	}
}
