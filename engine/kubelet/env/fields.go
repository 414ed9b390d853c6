package env

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// field is a fieldRef's value: what a kubelet gives to environments. The pod's own addresses are empty until it has
// some, which on a virtual node is later than its environment.
func (r *Resolver) field(p *v1.Pod, path string) (string, error) {
	if name, key, ok := subscript(path); ok {
		switch name {
		case "metadata.labels":
			return p.Labels[key], nil
		case "metadata.annotations":
			return p.Annotations[key], nil
		}
	}
	switch path {
	case "metadata.name":
		return p.Name, nil
	case "metadata.namespace":
		return p.Namespace, nil
	case "metadata.uid":
		return string(p.UID), nil
	case "spec.nodeName":
		return p.Spec.NodeName, nil
	case "spec.serviceAccountName":
		return p.Spec.ServiceAccountName, nil
	case "status.podIP":
		return p.Status.PodIP, nil
	case "status.podIPs":
		return strings.Join(podIPs(p), ","), nil
	case "status.hostIP":
		return first(r.hostIPs(p)), nil
	case "status.hostIPs":
		return strings.Join(r.hostIPs(p), ","), nil
	}
	return "", fmt.Errorf("fieldPath %q is not supported in environments", path)
}

// subscript takes a path like metadata.labels['app'] apart.
func subscript(path string) (name, key string, ok bool) {
	name, rest, ok := strings.Cut(path, "['")
	if !ok {
		return "", "", false
	}
	key, ok = strings.CutSuffix(rest, "']")
	return name, key, ok
}

func podIPs(p *v1.Pod) (ips []string) {
	for _, ip := range p.Status.PodIPs {
		ips = append(ips, ip.IP)
	}
	return ips
}

func (r *Resolver) hostIPs(p *v1.Pod) (ips []string) {
	for _, ip := range p.Status.HostIPs {
		ips = append(ips, ip.IP)
	}
	if len(ips) == 0 && p.Status.HostIP != "" {
		ips = []string{p.Status.HostIP}
	}
	if len(ips) == 0 && r.opts.HostIPs != nil {
		ips = r.opts.HostIPs(p.Spec.NodeName)
	}
	return ips
}

func first(all []string) string {
	if len(all) == 0 {
		return ""
	}
	return all[0]
}

// resource is a resourceFieldRef's value: a container's request or limit in units of the divisor, rounded up. A limit
// that is not set is what the node has.
func (r *Resolver) resource(ctx context.Context, p *v1.Pod, c *v1.Container, ref *v1.ResourceFieldSelector) (string, error) {
	if ref.ContainerName != "" && ref.ContainerName != c.Name {
		if c = containerNamed(p, ref.ContainerName); c == nil {
			return "", fmt.Errorf("container %s not found", ref.ContainerName)
		}
	}
	kind, name, _ := strings.Cut(ref.Resource, ".")
	amount, lists := v1.ResourceName(name), map[string]v1.ResourceList{"limits": c.Resources.Limits, "requests": c.Resources.Requests}
	have, known := lists[kind]
	usual := amount == v1.ResourceCPU || amount == v1.ResourceMemory || amount == v1.ResourceEphemeralStorage
	if !known || (!usual && !strings.HasPrefix(name, v1.ResourceHugePagesPrefix)) {
		return "", fmt.Errorf("unsupported container resource : %s", ref.Resource)
	}
	q, set := have[amount]
	if kind == "limits" && (!set || q.IsZero()) && r.opts.Allocatable != nil {
		q = r.opts.Allocatable(ctx, p.Spec.NodeName)[amount]
	}
	return inUnits(q, ref.Divisor, amount == v1.ResourceCPU), nil
}

func containerNamed(p *v1.Pod, name string) *v1.Container {
	for _, all := range [][]v1.Container{p.Spec.Containers, p.Spec.InitContainers} {
		for i := range all {
			if all[i].Name == name {
				return &all[i]
			}
		}
	}
	return nil
}

// inUnits divides, and rounds up. CPUs are counted in thousandths.
func inUnits(q, divisor resource.Quantity, milli bool) string {
	have, unit := q.Value(), cmp.Or(divisor.Value(), 1)
	if milli {
		have, unit = q.MilliValue(), cmp.Or(divisor.MilliValue(), 1000)
	}
	up := have / unit
	if have%unit > 0 {
		up++
	}
	return strconv.FormatInt(up, 10)
}
