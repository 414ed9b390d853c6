package pod

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// evictions are the ways in which a kubelet ends a running pod on its own account, each as it writes it (Kubernetes:
// pkg/kubelet/eviction, nodeshutdown, preemption).
var evictions = map[string]func(*v1.Pod) End{
	"memory":            lowOn("memory", "100Mi", "52Mi", v1.ResourceMemory, "812Mi"),
	"ephemeral-storage": lowOn("ephemeral-storage", "10%", "8%", v1.ResourceEphemeralStorage, "14Gi"),
	"inodes": func(*v1.Pod) End {
		return pressed("The node was low on resource: inodes. Threshold quantity: 5%, available: 3%. ")
	},
	"pids": func(*v1.Pod) End {
		return pressed("The node was low on resource: pids. Threshold quantity: 10%, available: 4%. ")
	},
	"ephemeral-limit": overPodLimit,
	"container-limit": overContainerLimit,
	"emptydir-limit":  overEmptyDirLimit,
	"shutdown":        func(p *v1.Pod) End { return Shutdown(grace(p)) },
	"deadline":        exceeded,
	"preempted":       preempted,
	"container-lost":  func(*v1.Pod) End { return End{Lost: true} },
}

// exceeded is the end of a pod whose activeDeadlineSeconds are over.
func exceeded(p *v1.Pod) End {
	return End{
		Reason: "DeadlineExceeded", Message: "Pod was active on the node longer than the specified deadline",
		Event: v1.EventTypeNormal, Grace: grace(p),
	}
}

// Evictions names all that [Evicted] knows, sorted.
func Evictions() []string { return slices.Sorted(maps.Keys(evictions)) }

// Evicted is how a kubelet ends a pod for that reason, for [Life.End]; false: there is no such reason. Amounts come from the
// pod's spec where it names them.
func Evicted(p *v1.Pod, why string) (End, bool) {
	end, ok := evictions[why]
	if !ok {
		return End{}, false
	}
	return end(p), true
}

// pressed is an eviction because the node is low on something. The kubelet gives such a pod no time.
func pressed(message string) End {
	return End{Reason: "Evicted", Message: message, Event: v1.EventTypeWarning, Disruption: byKubelet(message)}
}

func byKubelet(message string) *Disruption {
	return &Disruption{Reason: v1.PodReasonTerminationByKubelet, Message: message}
}

// lowOn is an eviction because the node is low on a resource: it tells of each container that uses more than it asked for.
func lowOn(what, threshold, available string, name v1.ResourceName, used string) func(*v1.Pod) End {
	return func(p *v1.Pod) End {
		var text strings.Builder
		fmt.Fprintf(&text, "The node was low on resource: %s. Threshold quantity: %s, available: %s. ", what, threshold, available)
		for i := range p.Spec.Containers {
			c := &p.Spec.Containers[i]
			use, request := resource.MustParse(used), c.Resources.Requests[name]
			if request.Cmp(use) >= 0 {
				use.Add(request)
			}
			fmt.Fprintf(&text, "Container %s was using %s, request is %s, has larger consumption of %s. ", c.Name, use.String(), request.String(), what)
		}
		return pressed(text.String())
	}
}

// overLimit is an eviction of a pod that used too much itself: no disruption.
func overLimit(format string, args ...any) End {
	return End{Reason: "Evicted", Message: fmt.Sprintf(format, args...), Event: v1.EventTypeWarning}
}

func overPodLimit(p *v1.Pod) End {
	var sum resource.Quantity
	for i := range p.Spec.Containers {
		sum.Add(p.Spec.Containers[i].Resources.Limits[v1.ResourceEphemeralStorage])
	}
	return overLimit("Pod ephemeral local storage usage exceeds the total limit of containers %s. ", orGi(sum))
}

func overContainerLimit(p *v1.Pod) End {
	c := &p.Spec.Containers[0]
	for i := range p.Spec.Containers {
		if _, ok := p.Spec.Containers[i].Resources.Limits[v1.ResourceEphemeralStorage]; ok {
			c = &p.Spec.Containers[i]
			break
		}
	}
	return overLimit("Container %s exceeded its local ephemeral storage limit %q. ", c.Name, orGi(c.Resources.Limits[v1.ResourceEphemeralStorage]))
}

func overEmptyDirLimit(p *v1.Pod) End {
	name, limit := "cache", resource.Quantity{}
	for i := range p.Spec.Volumes {
		if v := &p.Spec.Volumes[i]; v.EmptyDir != nil {
			name = v.Name
			if v.EmptyDir.SizeLimit != nil {
				limit = *v.EmptyDir.SizeLimit
				break
			}
		}
	}
	return overLimit("Usage of EmptyDir volume %q exceeds the limit %q. ", name, orGi(limit))
}

// orGi is a quantity as Kubernetes writes it, 1Gi where there is none.
func orGi(q resource.Quantity) string {
	if q.IsZero() {
		return "1Gi"
	}
	return q.String()
}

// Shutdown is the end of a running pod whose node shuts down gracefully.
func Shutdown(grace time.Duration) End {
	const message = "Pod was terminated in response to imminent node shutdown."
	return End{Reason: "Terminated", Message: message, Grace: grace, Disruption: byKubelet(message)}
}

// preempted is the end of a pod that makes room for a critical one.
func preempted(p *v1.Pod) End {
	const message = "Preempted in order to admit critical pod"
	return End{
		Reason: "Preempting", Message: message, Event: v1.EventTypeWarning, Grace: grace(p),
		Disruption: byKubelet("Pod was preempted by Kubelet to accommodate a critical pod."),
	}
}
