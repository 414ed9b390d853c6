package nodes

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Annotations of nodes.
const (
	Owner     = "moonlet.dev/kubelet"  // who keeps the node: Options.Identity
	kept      = "moonlet.dev/kept"     // which labels, annotations and taints are ours, as JSON
	cordoned  = "moonlet.dev/cordoned" // we made the node unschedulable, and undo it when we take the node again
	resources = "metrics.k8s.io/resource-metrics-path"
)

// Virtual is the label that all nodes have that no machine stands behind, and its usual value.
const (
	virtualLabel = "type"
	virtualValue = "virtual-kubelet"
)

// labels are those of a node.
func (t Template) labels(name string) map[string]string {
	all := map[string]string{
		virtualLabel:                    virtualValue,
		"kubernetes.io/role":            "agent",
		"node-role.kubernetes.io/agent": "",
		v1.LabelHostname:                name,
		v1.LabelNodeExcludeBalancers:    "true",
		"alpha.service-controller.kubernetes.io/exclude-balancer": "true",
	}
	if t.Info.OperatingSystem != "" {
		all[v1.LabelOSStable] = t.Info.OperatingSystem
	}
	if t.Info.Architecture != "" {
		all[v1.LabelArchStable] = t.Info.Architecture
	}
	if t.Zone != nil && name != "" {
		if zone := t.Zone(name); zone != "" {
			all[v1.LabelTopologyZone] = zone
		}
	}
	maps.Copy(all, t.Labels)
	for old, label := range oldLabels {
		if value, has := all[label]; has && all[old] == "" {
			all[old] = value
		}
	}
	return all
}

// oldLabels are the names that labels had before, as a kubelet writes them too. Where one is missing, Kubernetes' node
// lifecycle controller adds it, with a request for every node.
var oldLabels = map[string]string{"beta.kubernetes.io/os": v1.LabelOSStable, "beta.kubernetes.io/arch": v1.LabelArchStable}

// annotations are those of a node, but for the one that lists what is ours.
func (t Template) annotations(name, identity string) map[string]string {
	all := map[string]string{resources: "/nodes/" + name + "/metrics/resource"}
	maps.Copy(all, t.Annotations)
	all[Owner] = identity
	return all
}

// spec is that of a new node.
func (t Template) spec(name string) v1.NodeSpec {
	spec := v1.NodeSpec{Taints: t.Taints, PodCIDR: t.PodCIDR}
	if t.PodCIDR != "" {
		spec.PodCIDRs = []string{t.PodCIDR}
	}
	if t.ProviderID != nil {
		spec.ProviderID = t.ProviderID(name)
	}
	return spec
}

// info is the machine, system and software of a node.
func (t Template) info(name string) v1.NodeSystemInfo {
	info := t.Info
	if info.MachineID == "" {
		info.MachineID = fmt.Sprintf("%x", digest("machine", name))
	}
	if info.SystemUUID == "" {
		info.SystemUUID = uuid("system", name)
	}
	if info.BootID == "" {
		info.BootID = uuid("boot", name)
	}
	return info
}

// digest is sixteen bytes that are always the same for a node, and others for another.
func digest(what, name string) []byte {
	sum := sha256.Sum256([]byte(what + "/" + name))
	return sum[:16]
}

func uuid(what, name string) string {
	b := digest(what, name)
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// newNode is a node as it is created, with its status: the API server keeps that, so the node is Ready at once.
func (k *Keeper) newNode(name string, status *v1.NodeStatus) *v1.Node {
	t := k.o.Template
	n := &v1.Node{
		ObjectMeta: metav1.ObjectMeta{
			Name: name, Labels: t.labels(name), Annotations: t.annotations(name, k.o.Identity),
		},
		Spec:   t.spec(name),
		Status: *status.DeepCopy(),
	}
	n.Annotations[kept] = ours(n.Labels, n.Annotations, n.Spec.Taints).String()
	n.Status.Conditions = timed(status.Conditions, nil, k.o.Clock.Now())
	return n
}

// describe asks how a node is, and returns our part of its status, whose conditions have no times yet. While the
// provider cannot say, the node is as it was, but not Ready.
func (k *Keeper) describe(ctx context.Context, n *node) *v1.NodeStatus {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	state, err := k.o.Describe(ctx, n.name)
	n.mu.Lock()
	if err == nil {
		n.state = state
	}
	state = n.state
	n.mu.Unlock()

	t := k.o.Template
	s := &v1.NodeStatus{
		Capacity: state.Capacity, Allocatable: state.Allocatable, Addresses: state.Addresses,
		Conditions: conditions(state.Conditions),
	}
	if s.Capacity == nil {
		s.Capacity = t.Capacity
		if s.Allocatable == nil {
			s.Allocatable = t.Allocatable
		}
	}
	if s.Allocatable == nil {
		s.Allocatable = s.Capacity
	}
	if s.Addresses == nil {
		s.Addresses = t.Addresses
	}
	if s.NodeInfo = t.info(n.name); state.Info != nil {
		s.NodeInfo = *state.Info
	}
	if t.Port != nil {
		s.DaemonEndpoints.KubeletEndpoint.Port = t.Port(n.name)
	}
	if err != nil {
		notReady(s.Conditions, err)
	}
	return s
}
