package pod

import (
	"fmt"
	"slices"
	"strings"

	v1 "k8s.io/api/core/v1"
)

// Allocation is what a node has and what of it is taken.
type Allocation struct {
	NodeName    string
	Labels      map[string]string
	Taints      []v1.Taint
	Allocatable v1.ResourceList // a resource it does not name is not limited
	Used        v1.ResourceList // by the pods that are there, as Requests counts
	Pods        int             // how many are there
}

// Admit says why the node does not take a pod; nil: it does. The checks, their order and their words are the kubelet's;
// NoSchedule taints are heeded too, for there may be no scheduler before us.
func Admit(p *v1.Pod, n Allocation) *Rejection {
	if r := n.fit(p); r != nil {
		return r
	}
	switch {
	case !n.selected(p):
		return predicate("NodeAffinity", "node(s) didn't match Pod's node affinity/selector")
	case p.Spec.NodeName != "" && n.NodeName != "" && p.Spec.NodeName != n.NodeName:
		return predicate("NodeName", "node(s) didn't match the requested node name")
	case !n.tolerated(p):
		return predicate("TaintToleration", "node(s) had taints that the pod didn't tolerate")
	default:
		return nil
	}
}

func predicate(name, why string) *Rejection {
	return Rejected(name, fmt.Sprintf("Predicate %s failed: %s", name, why))
}

// fit compares what the pod asks for with what is left: first the number of pods, then cpu, memory, ephemeral storage,
// then all else by name.
func (n Allocation) fit(p *v1.Pod) *Rejection {
	if limit, ok := n.Allocatable[v1.ResourcePods]; ok && int64(n.Pods)+1 > limit.Value() {
		return out(v1.ResourcePods, 1, int64(n.Pods), limit.Value())
	}
	requests := Requests(p)
	for _, name := range inOrder(requests) {
		limit, ok := n.Allocatable[name]
		if !ok {
			continue
		}
		asked, used, capacity := amount(name, requests[name]), amount(name, n.Used[name]), amount(name, limit)
		if asked > 0 && asked > capacity-used {
			return out(name, asked, used, capacity)
		}
	}
	return nil
}

func out(name v1.ResourceName, asked, used, capacity int64) *Rejection {
	const text = "Node didn't have enough resource: %s, requested: %d, used: %d, capacity: %d"
	return Rejected("OutOf"+string(name), fmt.Sprintf(text, name, asked, used, capacity))
}

func inOrder(list v1.ResourceList) []v1.ResourceName {
	first := []v1.ResourceName{v1.ResourceCPU, v1.ResourceMemory, v1.ResourceEphemeralStorage}
	names := make([]v1.ResourceName, 0, len(list))
	for name := range list {
		names = append(names, name)
	}
	rank := func(n v1.ResourceName) int {
		if i := slices.Index(first, n); i >= 0 {
			return i
		}
		return len(first)
	}
	slices.SortFunc(names, func(a, b v1.ResourceName) int {
		if d := rank(a) - rank(b); d != 0 {
			return d
		}
		return strings.Compare(string(a), string(b))
	})
	return names
}

// tolerated says that the pod bears every taint that keeps pods away.
func (n Allocation) tolerated(p *v1.Pod) bool {
	for i := range n.Taints {
		t := &n.Taints[i]
		if t.Effect != v1.TaintEffectNoExecute && t.Effect != v1.TaintEffectNoSchedule {
			continue
		}
		if !slices.ContainsFunc(p.Spec.Tolerations, func(have v1.Toleration) bool { return bears(have, t) }) {
			return false
		}
	}
	return true
}

func bears(have v1.Toleration, t *v1.Taint) bool {
	switch {
	case have.Effect != "" && have.Effect != t.Effect:
		return false
	case have.Operator == v1.TolerationOpExists:
		return have.Key == "" || have.Key == t.Key
	case have.Operator == "" || have.Operator == v1.TolerationOpEqual:
		return have.Key == t.Key && have.Value == t.Value
	default:
		return false
	}
}
