package record

import (
	"fmt"
	"slices"
	"strings"

	v1 "k8s.io/api/core/v1"
)

// podRow is what kubectl would show of a pod, without times: phase, and of each container its state, restarts and
// readiness.
func podRow(p *v1.Pod) string {
	words := []string{string(p.Status.Phase)}
	if p.Status.Reason != "" {
		words[0] += "/" + p.Status.Reason
	}
	if p.DeletionTimestamp != nil {
		words = append(words, "Terminating")
	}
	for _, all := range [][]v1.ContainerStatus{p.Status.InitContainerStatuses, p.Status.ContainerStatuses} {
		for i := range all {
			words = append(words, containerRow(&all[i]))
		}
	}
	return strings.Join(words, " ")
}

func containerRow(s *v1.ContainerStatus) string {
	state := "running"
	switch {
	case s.State.Waiting != nil:
		state = s.State.Waiting.Reason
	case s.State.Terminated != nil:
		state = fmt.Sprintf("%s(%d)", s.State.Terminated.Reason, s.State.Terminated.ExitCode)
	}
	text := fmt.Sprintf("%s=%s", s.Name, state)
	if s.RestartCount > 0 {
		text += fmt.Sprintf("*%d", s.RestartCount)
	}
	if s.Ready {
		text += "+ready"
	}
	return text
}

// nodeRow is what a node says of itself.
func nodeRow(n *v1.Node) string {
	var words []string
	for i := range n.Status.Conditions {
		c := &n.Status.Conditions[i]
		if c.Type == v1.NodeReady || c.Status == v1.ConditionTrue {
			words = append(words, fmt.Sprintf("%s=%s", c.Type, c.Status))
		}
	}
	slices.Sort(words)
	return strings.Join(words, " ")
}
