package preview

import (
	v1 "k8s.io/api/core/v1"
)

// now notes what the row is from that time on.
func (r *Row) now(at Seconds, s State, why string) {
	if n := len(r.Spans); n > 0 {
		last := &r.Spans[n-1]
		if last.State == s && last.Why == why {
			return
		}
		if last.From == at { // it never was that
			r.Spans = r.Spans[:n-1]
			r.now(at, s, why)
			return
		}
		last.To = at
	}
	r.Spans = append(r.Spans, Span{From: at, State: s, Why: why})
}

// close ends the last span, and counts how long the row was ready.
func (r *Row) close(end Seconds) {
	if len(r.Spans) == 0 || end == 0 {
		return
	}
	r.Spans[len(r.Spans)-1].To = end
	var ready Seconds
	for _, s := range r.Spans {
		if s.State == Ready {
			ready += s.To - s.From
		}
	}
	r.Ready = float64(ready) / float64(end)
}

// container notes a container's status.
func (r *Row) container(at Seconds, c *v1.ContainerStatus) {
	state, why := containerState(c)
	r.now(at, state, why)
	ended := c.State.Terminated
	if ended == nil {
		ended = c.LastTerminationState.Terminated
	}
	ends := int(c.RestartCount)
	if c.State.Terminated != nil || c.State.Waiting != nil && c.LastTerminationState.Terminated != nil {
		ends++
	}
	if ended != nil && ends > len(r.Exits) {
		r.Exits = append(r.Exits, Exit{At: at, Code: ended.ExitCode, Reason: ended.Reason})
	}
	r.Restarts = int(c.RestartCount)
}

func containerState(c *v1.ContainerStatus) (s State, why string) {
	switch {
	case c.State.Running != nil && c.Ready:
		return Ready, ""
	case c.State.Running != nil:
		return Running, ""
	case c.State.Terminated != nil && c.State.Terminated.ExitCode == 0:
		return Done, c.State.Terminated.Reason
	case c.State.Terminated != nil:
		return Failed, c.State.Terminated.Reason
	case c.State.Waiting != nil && !begins(c.State.Waiting.Reason):
		return Backoff, c.State.Waiting.Reason
	case c.State.Waiting != nil:
		return Waiting, c.State.Waiting.Reason
	default:
		return Waiting, ""
	}
}

// begins tells the reasons of a container that has yet to begin from those of one that waits because something failed.
func begins(reason string) bool {
	return reason == "" || reason == "ContainerCreating" || reason == "PodInitializing"
}

// podState is what the pod is as a whole; word is what kubectl shows.
func podState(s *v1.PodStatus, word string) (state State, why string) {
	switch s.Phase {
	case v1.PodSucceeded:
		return Done, ""
	case v1.PodFailed:
		return Failed, word
	case v1.PodRunning:
		if readyNow(s) {
			return Ready, ""
		}
		if word != string(v1.PodRunning) {
			return Backoff, word
		}
		return Running, ""
	default:
		if word != string(v1.PodPending) && !begins(word) {
			return Backoff, word
		}
		return Waiting, ""
	}
}

func readyNow(s *v1.PodStatus) bool {
	for i := range s.Conditions {
		if s.Conditions[i].Type == v1.PodReady {
			return s.Conditions[i].Status == v1.ConditionTrue
		}
	}
	return false
}
