package provider

import (
	"fmt"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/pod"
)

// ours are the reasons that only a journal knows. A kubelet tells of them by the pod's status.
var ours = map[string]bool{"SandboxReady": true, "Ready": true, "Exited": true, "Succeeded": true}

// kubeletEvent is what a kubelet of Kubernetes 1.minor would tell of something that happened to a pod; false: nothing.
func kubeletEvent(p *v1.Pod, e pod.Event, minor int) (pod.Event, bool) {
	switch {
	case ours[e.Reason], e.Reason == "Failed" && e.Container == "": // the pod's phase
		return e, false
	case e.Reason == "Created" && minor >= 36:
		e.Message = "Container created"
	case e.Reason == "Started" && minor >= 36:
		e.Message = "Container started"
	case e.Reason == "Unhealthy":
		e.Message += ": " + probeText(p, e.Container)
	}
	return e, true
}

// probeText is how a readiness probe of the container fails.
func probeText(p *v1.Pod, container string) string {
	for i := range p.Spec.Containers {
		c := &p.Spec.Containers[i]
		if c.Name != container || c.ReadinessProbe == nil {
			continue
		}
		switch probe := c.ReadinessProbe; {
		case probe.TCPSocket != nil:
			return fmt.Sprintf("dial tcp %s:%s: connect: connection refused", p.Status.PodIP, probe.TCPSocket.Port.String())
		case probe.GRPC != nil:
			return "service unhealthy (responded with \"NOT_SERVING\")"
		case probe.Exec != nil:
			return "command exited with code 1"
		}
	}
	return "HTTP probe failed with statuscode: 503"
}
