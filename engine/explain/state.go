package explain

import (
	"cmp"
	"fmt"
	"strings"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/pod"
)

// State says in one sentence in which state a pod is, with the reason its status gives for it.
func State(p *v1.Pod, s *v1.PodStatus) string {
	switch {
	case s.Phase == v1.PodSucceeded || s.Phase == v1.PodFailed:
		return ended(s)
	case p.DeletionTimestamp != nil:
		return "it is being deleted" + after(busy(s, running))
	}
	for _, all := range [][]v1.ContainerStatus{s.InitContainerStatuses, s.ContainerStatuses} {
		for i := range all {
			if trouble := troubleOf(&all[i]); trouble != "" {
				return trouble
			}
		}
	}
	return calm(s)
}

// ended is the sentence of a pod whose phase is terminal.
func ended(s *v1.PodStatus) string {
	switch {
	case s.Reason != "" || s.Message != "":
		return "it ended as " + join(": ", s.Reason, strings.TrimSpace(s.Message))
	case s.Phase == v1.PodSucceeded:
		return "all its containers are done"
	}
	for _, all := range [][]v1.ContainerStatus{s.InitContainerStatuses, s.ContainerStatuses} {
		for i := range all {
			if t := all[i].State.Terminated; t != nil && t.ExitCode != 0 {
				return fmt.Sprintf("%s exited with %s, and its restart policy says no more", all[i].Name, exit(t))
			}
		}
	}
	return "it failed"
}

// troubleOf is the sentence of a container with which something is wrong; "" if nothing is.
func troubleOf(c *v1.ContainerStatus) string {
	last := c.LastTerminationState.Terminated
	switch w := c.State.Waiting; {
	case w == nil && c.State.Terminated != nil && c.State.Terminated.ExitCode != 0:
		return fmt.Sprintf("%s exited with %s", c.Name, exit(c.State.Terminated))
	case w == nil, w.Reason == "ContainerCreating", w.Reason == "PodInitializing":
		return ""
	case w.Reason == "CrashLoopBackOff" && last != nil:
		return fmt.Sprintf("%s ended for the %s time with %s, and waits for its restart", c.Name, pod.Ordinal(int(c.RestartCount)+1), exit(last))
	default:
		return join(": ", c.Name+" waits", cmp.Or(w.Message, w.Reason))
	}
}

func exit(t *v1.ContainerStateTerminated) string {
	return join(", ", fmt.Sprintf("code %d", t.ExitCode), t.Reason, t.Message)
}

// calm is the sentence of a pod with which nothing is wrong.
func calm(s *v1.PodStatus) string {
	switch {
	case s.Phase == v1.PodPending && len(busy(s, creating)) > 0:
		return "it starts: " + strings.Join(busy(s, creating), ", ") + " not yet created"
	case s.Phase == v1.PodPending:
		return "it starts" + after(busy(s, running))
	}
	if late := busy(s, unready); len(late) > 0 {
		return "it runs, not ready: " + strings.Join(late, ", ")
	}
	for _, c := range s.Conditions {
		if c.Type == v1.PodReady && c.Status != v1.ConditionTrue {
			return "it runs, not ready: " + join(": ", c.Reason, c.Message)
		}
	}
	return "it runs and is ready"
}

func creating(c *v1.ContainerStatus) bool { return c.State.Running == nil && c.State.Terminated == nil }

func running(c *v1.ContainerStatus) bool { return c.State.Running != nil }

func unready(c *v1.ContainerStatus) bool { return !c.Ready }

// busy names the containers that something holds of.
func busy(s *v1.PodStatus, holds func(*v1.ContainerStatus) bool) []string {
	var names []string
	for _, all := range [][]v1.ContainerStatus{s.InitContainerStatuses, s.ContainerStatuses} {
		for i := range all {
			if holds(&all[i]) {
				names = append(names, all[i].Name)
			}
		}
	}
	return names
}

func after(names []string) string {
	if len(names) == 0 {
		return ""
	}
	if len(names) == 1 {
		return ": " + names[0] + " still runs"
	}
	return ": " + strings.Join(names, ", ") + " still run"
}

// join joins what is not empty.
func join(sep string, parts ...string) string {
	var kept []string
	for _, p := range parts {
		if p != "" {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, sep)
}
