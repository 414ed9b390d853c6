package nodes

import (
	"fmt"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moonlet-dev/moonlet/engine/kubelet"
)

// words are a condition's reason and message.
type words struct{ reason, message string }

// usual is what a kubelet writes for its conditions.
var usual = map[v1.NodeConditionType]map[v1.ConditionStatus]words{
	v1.NodeMemoryPressure: {
		v1.ConditionFalse: {"KubeletHasSufficientMemory", "kubelet has sufficient memory available"},
		v1.ConditionTrue:  {"KubeletHasInsufficientMemory", "kubelet has insufficient memory available"},
	},
	v1.NodeDiskPressure: {
		v1.ConditionFalse: {"KubeletHasNoDiskPressure", "kubelet has no disk pressure"},
		v1.ConditionTrue:  {"KubeletHasDiskPressure", "kubelet has disk pressure"},
	},
	v1.NodePIDPressure: {
		v1.ConditionFalse: {"KubeletHasSufficientPID", "kubelet has sufficient PID available"},
		v1.ConditionTrue:  {"KubeletHasInsufficientPID", "kubelet has insufficient PID available"},
	},
	v1.NodeReady: {
		v1.ConditionTrue:  {"KubeletReady", "kubelet is posting ready status"},
		v1.ConditionFalse: {"KubeletNotReady", "container runtime is down"},
	},
}

// conditions completes those of a provider: a kubelet's own are always there, in a kubelet's order with Ready last, and
// whoever says nothing else has a kubelet's words.
func conditions(given []v1.NodeCondition) []v1.NodeCondition {
	all := make([]v1.NodeCondition, 0, len(given)+len(usual))
	for _, t := range []v1.NodeConditionType{v1.NodeMemoryPressure, v1.NodeDiskPressure, v1.NodePIDPressure} {
		all = append(all, complete(pick(given, t, v1.ConditionFalse)))
	}
	for _, c := range given {
		if usual[c.Type] == nil && find(all, c.Type) == nil {
			all = append(all, complete(c))
		}
	}
	return append(all, complete(pick(given, v1.NodeReady, v1.ConditionTrue)))
}

func pick(given []v1.NodeCondition, t v1.NodeConditionType, healthy v1.ConditionStatus) v1.NodeCondition {
	if c := find(given, t); c != nil {
		return *c
	}
	return v1.NodeCondition{Type: t, Status: healthy}
}

func complete(c v1.NodeCondition) v1.NodeCondition {
	if c.Status == "" {
		c.Status = v1.ConditionTrue
	}
	w := usual[c.Type][c.Status]
	if c.Reason == "" {
		c.Reason = w.reason
	}
	if c.Message == "" {
		c.Message = w.message
	}
	return c
}

// notReady says of all conditions but Ready what they are, and of Ready that a node could not be described.
func notReady(all []v1.NodeCondition, err error) {
	*find(all, v1.NodeReady) = v1.NodeCondition{
		Type: v1.NodeReady, Status: v1.ConditionFalse, Reason: usual[v1.NodeReady][v1.ConditionFalse].reason, Message: err.Error(),
	}
}

// timed gives conditions their times, where the provider left them open: now is when they were looked at, and they
// changed when their status differs from what Kubernetes has.
func timed(all, have []v1.NodeCondition, now time.Time) []v1.NodeCondition {
	timed := make([]v1.NodeCondition, len(all))
	for i, c := range all {
		if c.LastHeartbeatTime.IsZero() {
			c.LastHeartbeatTime = metav1.NewTime(now)
		}
		if c.LastTransitionTime.IsZero() {
			c.LastTransitionTime = metav1.NewTime(now)
			if h := find(have, c.Type); h != nil && h.Status == c.Status {
				c.LastTransitionTime = h.LastTransitionTime
			}
		}
		timed[i] = c
	}
	return timed
}

func find(all []v1.NodeCondition, t v1.NodeConditionType) *v1.NodeCondition {
	for i := range all {
		if all[i].Type == t {
			return &all[i]
		}
	}
	return nil
}

// ready says whether Kubernetes believes that a node is Ready.
func ready(n *v1.Node) bool {
	c := find(n.Status.Conditions, v1.NodeReady)
	return c != nil && c.Status == v1.ConditionTrue
}

// happened is what a kubelet tells of its node when it has changed from one set of conditions to another.
func happened(node string, from, to []v1.NodeCondition) []kubelet.Event {
	var events []kubelet.Event
	for _, c := range to {
		if h := find(from, c.Type); h != nil && h.Status == c.Status {
			continue
		}
		if reason := eventOf[c.Type][c.Status]; reason != "" {
			events = append(events, statusNow(node, reason))
		}
	}
	return events
}

// eventOf is the reason of the event that a condition's new status is.
var eventOf = map[v1.NodeConditionType]map[v1.ConditionStatus]string{
	v1.NodeMemoryPressure: {v1.ConditionFalse: "NodeHasSufficientMemory", v1.ConditionTrue: "NodeHasInsufficientMemory"},
	v1.NodeDiskPressure:   {v1.ConditionFalse: "NodeHasNoDiskPressure", v1.ConditionTrue: "NodeHasDiskPressure"},
	v1.NodePIDPressure:    {v1.ConditionFalse: "NodeHasSufficientPID", v1.ConditionTrue: "NodeHasInsufficientPID"},
	v1.NodeReady:          {v1.ConditionFalse: "NodeNotReady", v1.ConditionTrue: "NodeReady"},
}

func statusNow(node, reason string) kubelet.Event {
	return kubelet.Event{
		Type: v1.EventTypeNormal, Reason: reason, Message: fmt.Sprintf("Node %s status is now: %s", node, reason),
	}
}

var starting = kubelet.Event{Type: v1.EventTypeNormal, Reason: "Starting", Message: "Starting kubelet."}
