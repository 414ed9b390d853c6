package provider

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/goccy/go-json"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moonlet-dev/moonlet/engine/pod"
	"github.com/moonlet-dev/moonlet/engine/script"
)

// Node is the node as config describes it. It is read anew for every question, so that a changed config shows at
// once, and must not be changed.
type Node struct {
	Name        string
	OS          string // "Linux" or "Windows"
	Arch        string
	Minor       int // Kubernetes minor version whose status shapes are written
	Capacity    v1.ResourceList
	Allocatable v1.ResourceList
	Labels      map[string]string
	Taints      []v1.Taint
	Addresses   []v1.NodeAddress
	PodCIDR     netip.Prefix
	Admission   bool // refuse pods that a kubelet would refuse
}

// nodeKeeper remembers of the node what config does not say: the last good answers of its hooks and since when each
// condition is as it is.
type nodeKeeper struct {
	mu         sync.Mutex
	capacity   v1.ResourceList    // last good answer; guarded by mu
	conditions []v1.NodeCondition // as last served; guarded by mu
	addresses  []v1.NodeAddress   // last good answer; guarded by mu
	memo       memoKeeper
}

// facts is what the pod machine must know of the node.
func (k *nodeKeeper) facts(n Node) pod.Node {
	f := pod.Node{Minor: n.Minor}
	for _, a := range n.Addresses {
		if a.Type == v1.NodeInternalIP {
			f.HostIPs = append(f.HostIPs, a.Address)
		}
	}
	if len(f.HostIPs) > 0 {
		f.HostIP = f.HostIPs[0]
	}
	return f
}

// healthy are the conditions of a node that is well, in the order and words of a kubelet.
func healthy() []v1.NodeCondition {
	condition := func(kind v1.NodeConditionType, status v1.ConditionStatus, reason, message string) v1.NodeCondition {
		return v1.NodeCondition{Type: kind, Status: status, Reason: reason, Message: message}
	}
	return []v1.NodeCondition{
		condition(v1.NodeMemoryPressure, v1.ConditionFalse, "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
		condition(v1.NodeDiskPressure, v1.ConditionFalse, "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
		condition(v1.NodePIDPressure, v1.ConditionFalse, "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
		condition(v1.NodeReady, v1.ConditionTrue, "KubeletReady", "kubelet is posting ready status"),
	}
}

// CapacityJSON is the node's resources: config's, with what a script lays over them. It never fails: if the script
// breaks, its last good answer serves.
func (p *Provider) CapacityJSON(ctx context.Context) ([]byte, error) {
	return json.Marshal(p.capacity(ctx))
}

func (p *Provider) capacity(ctx context.Context) v1.ResourceList {
	def := p.opts.Node().Capacity
	list, ok := p.hooks.Capacity(ctx, def, p.clock.Now())
	p.node.mu.Lock()
	defer p.node.mu.Unlock()
	if !ok && p.node.capacity != nil {
		return p.node.capacity
	}
	if ok {
		p.node.capacity = list
	}
	return list
}

// ConditionsJSON is the node's conditions. Heartbeats advance with every answer; a transition time moves only when
// the condition's status flips.
func (p *Provider) ConditionsJSON(ctx context.Context) ([]byte, error) {
	return json.Marshal(p.conditions(ctx))
}

func (p *Provider) conditions(ctx context.Context) []v1.NodeCondition {
	now := p.clock.Now()
	list, ok := p.hooks.Conditions(ctx, healthy(), now)
	p.node.mu.Lock()
	defer p.node.mu.Unlock()
	if !ok && p.node.conditions != nil {
		list = clearTimes(p.node.conditions)
	}
	list = slices.Clone(list)
	for i := range list {
		stamp(&list[i], p.node.conditions, metav1.NewTime(now.Truncate(time.Second)))
	}
	p.node.conditions = list
	return list
}

// stamp gives a condition the times that its script did not give.
func stamp(c *v1.NodeCondition, before []v1.NodeCondition, now metav1.Time) {
	if c.LastHeartbeatTime.IsZero() {
		c.LastHeartbeatTime = now
	}
	if !c.LastTransitionTime.IsZero() {
		return
	}
	c.LastTransitionTime = now
	for _, b := range before {
		if b.Type == c.Type && b.Status == c.Status {
			c.LastTransitionTime = b.LastTransitionTime
		}
	}
}

func clearTimes(list []v1.NodeCondition) []v1.NodeCondition {
	out := slices.Clone(list)
	for i := range out {
		out[i].LastHeartbeatTime, out[i].LastTransitionTime = metav1.Time{}, metav1.Time{}
	}
	return out
}

// AddressesJSON is the node's addresses.
func (p *Provider) AddressesJSON(ctx context.Context) ([]byte, error) {
	return json.Marshal(p.addresses(ctx))
}

func (p *Provider) addresses(ctx context.Context) []v1.NodeAddress {
	list, ok := p.hooks.Addresses(ctx, p.opts.Node().Addresses, p.clock.Now())
	p.node.mu.Lock()
	defer p.node.mu.Unlock()
	if !ok && p.node.addresses != nil {
		return p.node.addresses
	}
	if list == nil {
		list = []v1.NodeAddress{} // a bare array, never null
	}
	if ok {
		p.node.addresses = list
	}
	return list
}

// scriptNode is the node as a hook sees it when it is asked the question of that name.
func (p *Provider) scriptNode(ask string) *script.Node {
	n := p.opts.Node()
	return &script.Node{Object: p.object(n), Memo: &script.Memo{Tree: p.nodeMemo().Tree(ask)}}
}

// object is the Kubernetes Node.
func (p *Provider) object(n Node) *v1.Node {
	return &v1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: n.Name, Labels: n.Labels},
		Spec:       v1.NodeSpec{Taints: n.Taints, PodCIDR: cidrText(n.PodCIDR)},
		Status: v1.NodeStatus{
			Capacity: n.Capacity, Allocatable: n.Allocatable, Addresses: n.Addresses,
			NodeInfo: v1.NodeSystemInfo{OperatingSystem: n.OS, Architecture: n.Arch},
		},
	}
}

func cidrText(p netip.Prefix) string {
	if !p.IsValid() {
		return ""
	}
	return p.String()
}
