package provider

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

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
	case e.Reason == "Pulled" && strings.HasPrefix(e.Message, "Successfully"):
		e.Message += fmt.Sprintf(". Image size: %d bytes.", imageSize(e.Message))
	case e.Reason == "Pulled" && minor >= 35:
		e.Message += " and can be accessed by the pod"
	case e.Reason == "Unhealthy":
		kind, _, _ := strings.Cut(e.Message, " ")
		e.Message += ": " + probeText(p, e.Container, kind)
	}
	return e, true
}

// imageSize makes up the size of the image that a message names in quotes, between 8 and 136 MB; the same one always has the same.
func imageSize(message string) uint32 {
	_, image, _ := strings.Cut(message, `"`)
	image, _, _ = strings.Cut(image, `"`)
	h := fnv.New32a()
	_, _ = h.Write([]byte(image)) // it does not fail
	return 8_000_000 + h.Sum32()%128_000_000
}

// probeText is how a probe of that kind fails.
func probeText(p *v1.Pod, container, kind string) string {
	switch probe := probeOf(p, container, kind); {
	case probe == nil:
	case probe.TCPSocket != nil:
		return fmt.Sprintf("dial tcp %s:%s: connect: connection refused", p.Status.PodIP, probe.TCPSocket.Port.String())
	case probe.GRPC != nil:
		return "service unhealthy (responded with \"NOT_SERVING\")"
	case probe.Exec != nil:
		return "command exited with code 1"
	}
	return "HTTP probe failed with statuscode: 503"
}

// probeOf is the Startup, Readiness or Liveness probe of a container; nil: it has none.
func probeOf(p *v1.Pod, container, kind string) *v1.Probe {
	for _, list := range [][]v1.Container{p.Spec.Containers, p.Spec.InitContainers} {
		i := slices.IndexFunc(list, func(c v1.Container) bool { return c.Name == container })
		if i < 0 {
			continue
		}
		switch kind {
		case "Startup":
			return list[i].StartupProbe
		case "Liveness":
			return list[i].LivenessProbe
		default:
			return list[i].ReadinessProbe
		}
	}
	return nil
}
