package pod

import (
	"maps"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// Requests are the resources that a pod asks of its node, as the scheduler counts them: the sum of its containers and
// sidecars, or what an init container takes at its peak if that is more, and the pod's overhead. Requests of the pod as a
// whole replace those of its containers; a limit without a request counts as one.
func Requests(p *v1.Pod) v1.ResourceList {
	sum, sidecars, peak := v1.ResourceList{}, v1.ResourceList{}, v1.ResourceList{}
	for i := range p.Spec.Containers {
		add(sum, requests(&p.Spec.Containers[i].Resources))
	}
	for i := range p.Spec.InitContainers {
		c := &p.Spec.InitContainers[i]
		if isSidecar(c) {
			add(sidecars, requests(&c.Resources))
			most(peak, sidecars)
			continue
		}
		during := sidecars.DeepCopy()
		add(during, requests(&c.Resources))
		most(peak, during)
	}
	add(sum, sidecars)
	most(sum, peak)
	if p.Spec.Resources != nil {
		for name, q := range requests(p.Spec.Resources) {
			sum[name] = q.DeepCopy()
		}
	}
	add(sum, p.Spec.Overhead)
	return sum
}

// requests are what is asked for, and limits where nothing is.
func requests(r *v1.ResourceRequirements) v1.ResourceList {
	if len(r.Limits) == 0 {
		return r.Requests
	}
	all := r.Limits.DeepCopy()
	maps.Copy(all, r.Requests)
	return all
}

func add(to, from v1.ResourceList) {
	for name, q := range from {
		sum := to[name].DeepCopy()
		sum.Add(q)
		to[name] = sum
	}
}

func most(to, from v1.ResourceList) {
	for name, q := range from {
		if had, ok := to[name]; !ok || q.Cmp(had) > 0 {
			to[name] = q.DeepCopy()
		}
	}
}

// QOS is the class that a kubelet gives a pod.
func QOS(p *v1.Pod) v1.PodQOSClass {
	if p.Spec.Resources != nil {
		return qos(*p.Spec.Resources)
	}
	class, first := v1.PodQOSBestEffort, true
	consider := func(containers []v1.Container) {
		for i := range containers {
			c := qos(containers[i].Resources)
			if !first && c != class {
				c = v1.PodQOSBurstable
			}
			class, first = c, false
		}
	}
	consider(p.Spec.InitContainers)
	consider(p.Spec.Containers)
	return class
}

// qos is the class of a pod with such a container only: Guaranteed wants equal limits and requests of cpu and memory.
func qos(r v1.ResourceRequirements) v1.PodQOSClass {
	class := v1.PodQOSGuaranteed
	none := true
	for _, name := range [...]v1.ResourceName{v1.ResourceCPU, v1.ResourceMemory} {
		limit, request := r.Limits[name], r.Requests[name]
		if request.IsZero() {
			request = limit
		}
		none = none && limit.IsZero() && request.IsZero()
		if limit.IsZero() || limit.Cmp(request) != 0 {
			class = v1.PodQOSBurstable
		}
	}
	if none {
		return v1.PodQOSBestEffort
	}
	return class
}

// amount is how the kubelet counts a resource in messages: cpu in thousandths.
func amount(name v1.ResourceName, q resource.Quantity) int64 {
	if name == v1.ResourceCPU {
		return q.MilliValue()
	}
	return q.Value()
}
