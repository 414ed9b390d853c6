package pod

import (
	"fmt"
	"strings"

	v1 "k8s.io/api/core/v1"
)

// systemCritical is the least priority of critical pods (Kubernetes: scheduling.SystemCriticalPriority).
const systemCritical = 2_000_000_000

// Critical says that a kubelet treats the pod as critical.
func Critical(p *v1.Pod) bool { return p.Spec.Priority != nil && *p.Spec.Priority >= systemCritical }

// Pressed says why a node under pressure does not take a pod; nil: it does. Under nothing but memory pressure only pods
// without any requests and limits are refused, and of these not the ones that tolerate it.
func Pressed(p *v1.Pod, under []v1.NodeConditionType) *Rejection {
	if len(under) == 0 || Critical(p) {
		return nil
	}
	if len(under) == 1 && under[0] == v1.NodeMemoryPressure {
		taint := &v1.Taint{Key: v1.TaintNodeMemoryPressure, Effect: v1.TaintEffectNoSchedule}
		if QOS(p) != v1.PodQOSBestEffort || tolerates(p, taint) {
			return nil
		}
	}
	names := make([]string, len(under))
	for i, c := range under {
		names[i] = string(c)
	}
	return &Rejection{Reason: "Evicted", Message: fmt.Sprintf("Pod was rejected: The node had condition: [%s]. ", strings.Join(names, " "))}
}

func tolerates(p *v1.Pod, t *v1.Taint) bool {
	for _, have := range p.Spec.Tolerations {
		if bears(have, t) {
			return true
		}
	}
	return false
}
