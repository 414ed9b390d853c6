package kubeletapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	stats "k8s.io/kubelet/pkg/apis/stats/v1alpha1"

	"github.com/moonlet-dev/moonlet/engine/kubelet"
)

// What a node uses that runs nothing: its system and its kubelet.
const (
	idleCores  = 0.05
	idleMemory = 256 << 20
)

// statsSummary shows what the pods of a node use and their sum.
func (s *Server) statsSummary(w http.ResponseWriter, r *http.Request, c *call) error {
	summary, err := s.summary(r.Context(), c)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", " ")
	return encoder.Encode(summary)
}

// summary asks the provider about each node of the call. Nodes together have no name.
func (s *Server) summary(ctx context.Context, c *call) (*stats.Summary, error) {
	meter, ok := s.Provider.(kubelet.Meter)
	if !ok {
		return nil, unsupported("usage")
	}
	now := s.Clock.Now()
	total := kubelet.ContainerUsage{}
	all := &stats.Summary{Pods: []stats.PodStats{}}
	for _, node := range s.nodes(c) {
		usage, err := meter.Usage(ctx, node)
		if err != nil {
			return nil, fmt.Errorf("usage of node %s: %w", node, err)
		}
		pods, used := s.ledger.book(node, usage)
		total.CPUSeconds += used + idleCores*now.Sub(s.ledger.began).Seconds()
		total.CPU += idleCores
		total.MemoryBytes += idleMemory
		for i := range usage {
			pod := podStats(usage[i], pods[i], now)
			total.CPU += float64(*pod.CPU.UsageNanoCores) / nano
			total.MemoryBytes += *pod.Memory.WorkingSetBytes
			all.Pods = append(all.Pods, pod)
		}
	}
	all.Node = stats.NodeStats{
		NodeName: c.node, StartTime: metav1.NewTime(s.ledger.began),
		CPU: cpuStats(total, now), Memory: memoryStats(total.MemoryBytes, 0, now),
	}
	return all, nil
}

// podStats sums up a pod. Its CPU seconds include containers that ended.
func podStats(u kubelet.PodUsage, seconds float64, now time.Time) stats.PodStats {
	p := stats.PodStats{
		PodRef:     stats.PodReference{Name: u.Pod.Name, Namespace: u.Pod.Namespace, UID: string(u.Pod.UID)},
		StartTime:  u.Pod.CreationTimestamp,
		Containers: make([]stats.ContainerStats, len(u.Containers)),
	}
	if u.Pod.Status.StartTime != nil {
		p.StartTime = *u.Pod.Status.StartTime
	}
	total := kubelet.ContainerUsage{CPUSeconds: seconds}
	for i, c := range u.Containers {
		total.CPU += c.CPU
		total.MemoryBytes += c.MemoryBytes
		p.Containers[i] = stats.ContainerStats{
			Name: c.Name, StartTime: metav1.NewTime(c.Started),
			CPU: cpuStats(c, now), Memory: memoryStats(c.MemoryBytes, memoryLimit(&u.Pod.Spec, c.Name), now),
		}
	}
	p.CPU, p.Memory = cpuStats(total, now), memoryStats(total.MemoryBytes, 0, now)
	return p
}

const nano = float64(time.Second)

func cpuStats(u kubelet.ContainerUsage, now time.Time) *stats.CPUStats {
	cores, seconds := uint64(max(u.CPU, 0)*nano), uint64(max(u.CPUSeconds, 0)*nano)
	return &stats.CPUStats{Time: metav1.NewTime(now), UsageNanoCores: &cores, UsageCoreNanoSeconds: &seconds}
}

// memoryStats says how much is left, too, where there is a limit in bytes; 0: there is none.
func memoryStats(bytes, limit uint64, now time.Time) *stats.MemoryStats {
	m := &stats.MemoryStats{Time: metav1.NewTime(now), UsageBytes: &bytes, WorkingSetBytes: &bytes}
	if limit > 0 {
		left := limit - min(bytes, limit)
		m.AvailableBytes = &left
	}
	return m
}

func memoryLimit(spec *v1.PodSpec, container string) uint64 {
	for _, list := range [][]v1.Container{spec.Containers, spec.InitContainers} {
		if i := slices.IndexFunc(list, func(c v1.Container) bool { return c.Name == container }); i >= 0 {
			return uint64(max(list[i].Resources.Limits.Memory().Value(), 0))
		}
	}
	return 0
}
