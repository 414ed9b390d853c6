package kubeletapi

import (
	"bufio"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// listPods shows the pods bound to the node, with what the provider says of them.
func (s *Server) listPods(w http.ResponseWriter, _ *http.Request, c *call) error {
	return writePods(w, s.podsOf(c))
}

// listRunningPods shows what runs, as a container runtime knows it: names and images of running containers.
func (s *Server) listRunningPods(w http.ResponseWriter, _ *http.Request, c *call) error {
	var running []*v1.Pod
	for _, p := range s.podsOf(c) {
		if seen := runtimeView(p); len(seen.Spec.Containers) > 0 {
			running = append(running, seen)
		}
	}
	return writePods(w, running)
}

func (s *Server) podsOf(c *call) []*v1.Pod {
	var pods []*v1.Pod
	for _, node := range s.nodes(c) {
		pods = append(pods, s.Pods.Pods(node)...)
	}
	slices.SortFunc(pods, func(a, b *v1.Pod) int {
		if d := strings.Compare(a.Namespace, b.Namespace); d != 0 {
			return d
		}
		return strings.Compare(a.Name, b.Name)
	})
	return pods
}

func runtimeView(p *v1.Pod) *v1.Pod {
	seen := &v1.Pod{ObjectMeta: metav1.ObjectMeta{Name: p.Name, Namespace: p.Namespace, UID: p.UID}}
	for _, list := range [][]v1.ContainerStatus{p.Status.InitContainerStatuses, p.Status.ContainerStatuses, p.Status.EphemeralContainerStatuses} {
		for i := range list {
			if list[i].State.Running != nil {
				seen.Spec.Containers = append(seen.Spec.Containers, v1.Container{Name: list[i].Name, Image: list[i].Image})
			}
		}
	}
	return seen
}

// writePods writes a PodList pod by pod: ten thousand of them need not be in memory as text.
func writePods(w http.ResponseWriter, pods []*v1.Pod) error {
	w.Header().Set("Content-Type", "application/json")
	out := bufio.NewWriterSize(w, 64<<10)
	_, _ = out.WriteString(`{"kind":"PodList","apiVersion":"v1","metadata":{},"items":[`) // Flush says what went wrong
	for i, p := range pods {
		if i > 0 {
			_ = out.WriteByte(',')
		}
		text, err := json.Marshal(p)
		if err != nil {
			return err
		}
		_, _ = out.Write(text)
	}
	_, _ = out.WriteString("]}\n")
	return out.Flush()
}
