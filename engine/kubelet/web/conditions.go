package web

import (
	"slices"
	"strings"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
)

// conditions are those that are said, and the five of a kubelet. s is the status without them.
func (a account) conditions(s *v1.PodStatus) []v1.PodCondition {
	concluded := a.concluded(s)
	all := a.saidConditions()
	for _, c := range concluded {
		i := slices.IndexFunc(all, func(o v1.PodCondition) bool { return o.Type == c.Type })
		switch {
		case i < 0:
			all = append(all, c)
		case all[i].Status == v1.ConditionTrue && s.Phase != v1.PodRunning && (c.Type == v1.PodReady || c.Type == v1.ContainersReady):
			all[i] = c // what does not run is not ready, whatever was said while it did
		}
	}
	for i := range all {
		a.settle(&all[i])
	}
	return all
}

// saidConditions are those that the API server takes, each once, in Kubernetes' letters.
func (a account) saidConditions() (all []v1.PodCondition) {
	for _, c := range a.said.Conditions {
		if len(validation.IsQualifiedName(string(c.Type))) > 0 {
			continue
		}
		c.Status = conditionStatus(c.Status)
		c.Reason, c.Message = cut(c.Reason, longestReason), cut(c.Message, longestMessage)
		c.ObservedGeneration = max(0, c.ObservedGeneration)
		all = slices.DeleteFunc(all, func(o v1.PodCondition) bool { return o.Type == c.Type })
		all = append(all, c)
	}
	return all
}

// settle sets the times. A condition has been as it is since its status changed, whatever time the provider gives.
func (a account) settle(c *v1.PodCondition) {
	c.LastProbeTime = metav1.Time{}
	var before []v1.PodCondition
	if a.before != nil {
		before = a.before.Conditions
	}
	for _, o := range before {
		if o.Type == c.Type && o.Status == c.Status && !o.LastTransitionTime.IsZero() {
			c.LastTransitionTime = o.LastTransitionTime
			return
		}
	}
	if c.LastTransitionTime.IsZero() {
		c.LastTransitionTime = a.now
	}
}

// concluded are a kubelet's conditions as they follow from phase and containers, in its order.
func (a account) concluded(s *v1.PodStatus) []v1.PodCondition {
	initialized, ready := a.initialized(s), a.ready(s)
	sandbox := v1.PodCondition{Type: v1.PodReadyToStartContainers, Status: v1.ConditionFalse}
	if s.Phase == v1.PodRunning {
		sandbox.Status = v1.ConditionTrue
	}
	containersReady := ready
	containersReady.Type = v1.ContainersReady
	scheduled := v1.PodCondition{Type: v1.PodScheduled, Status: v1.ConditionTrue}
	return []v1.PodCondition{sandbox, initialized, ready, containersReady, scheduled}
}

func (a account) initialized(s *v1.PodStatus) v1.PodCondition {
	c := v1.PodCondition{Type: v1.PodInitialized, Status: v1.ConditionTrue}
	if s.Phase == v1.PodSucceeded {
		c.Reason = "PodCompleted"
		return c
	}
	var waiting []string
	for _, i := range s.InitContainerStatuses {
		if !i.Ready && (i.Started == nil || !*i.Started || !a.isSidecar(i.Name)) {
			waiting = append(waiting, i.Name)
		}
	}
	if len(waiting) == 0 {
		return c
	}
	c.Status, c.Reason = v1.ConditionFalse, "ContainersNotInitialized"
	c.Message = "containers with incomplete status: " + inBrackets(waiting)
	if s.Phase == v1.PodFailed {
		c.Reason, c.Message = "PodFailed", ""
	}
	return c
}

func (a account) isSidecar(name string) bool {
	return slices.ContainsFunc(a.pod.Spec.InitContainers, func(c v1.Container) bool { return c.Name == name && isSidecar(&c) })
}

func (a account) ready(s *v1.PodStatus) v1.PodCondition {
	c := v1.PodCondition{Type: v1.PodReady, Status: v1.ConditionFalse}
	var unready []string
	for _, one := range s.ContainerStatuses {
		if !one.Ready {
			unready = append(unready, one.Name)
		}
	}
	switch {
	case s.Phase == v1.PodSucceeded:
		c.Reason = "PodCompleted"
	case s.Phase == v1.PodFailed:
		c.Reason = "PodFailed"
	case s.Phase == v1.PodUnknown:
		c.Reason = "UnknownContainerStatuses"
	case len(unready) > 0:
		c.Reason, c.Message = "ContainersNotReady", "containers with unready status: "+inBrackets(unready)
	case s.Phase == v1.PodRunning:
		c.Status = v1.ConditionTrue
	}
	return c
}

func inBrackets(names []string) string { return "[" + strings.Join(names, " ") + "]" }
