package provider

import (
	"context"
	"slices"
	"time"

	"github.com/goccy/go-json"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moonlet-dev/moonlet/engine/hook"
)

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

// NodeState is how a node is, as config and scripts say.
type NodeState struct {
	Capacity    v1.ResourceList
	Allocatable v1.ResourceList
	Conditions  []v1.NodeCondition // only with the times that a script gave
	Addresses   []v1.NodeAddress
}

// NodeState tells how a node is now. Where a script breaks its last good answer serves; [state.ErrNotFound] if the
// node is not ours. An empty name means the first node.
func (p *Provider) NodeState(ctx context.Context, node string) (NodeState, error) {
	k, err := p.nodeNamed(node)
	if err != nil {
		return NodeState{}, err
	}
	capacity := p.capacity(ctx, k)
	told, _ := p.conditions(ctx, k)
	return NodeState{
		Capacity: capacity, Allocatable: p.node(k).config.allocatable(capacity), Conditions: told, Addresses: p.addresses(ctx, k),
	}, nil
}

// allocatable is what is left to pods of a capacity: config may keep some of its own back.
func (n *Node) allocatable(capacity v1.ResourceList) v1.ResourceList {
	if n.Allocatable == nil {
		return capacity
	}
	left := make(v1.ResourceList, len(capacity))
	for name, all := range capacity {
		kept := n.Capacity[name].DeepCopy()
		if given, ok := n.Allocatable[name]; ok {
			kept.Sub(given)
		} else {
			kept = resource.Quantity{}
		}
		rest := all.DeepCopy()
		rest.Sub(kept)
		if rest.Sign() < 0 {
			rest = resource.Quantity{Format: all.Format}
		}
		left[name] = rest
	}
	return left
}

// CapacityJSON is a node's resources: config's, with what a script laid over them. If the script breaks, its last
// good answer serves; [state.ErrNotFound] if the node is not ours. An empty name means the first node.
func (p *Provider) CapacityJSON(ctx context.Context, node string) ([]byte, error) {
	k, err := p.nodeNamed(node)
	if err != nil {
		return nil, err
	}
	return json.Marshal(p.capacity(ctx, k))
}

func (p *Provider) nodeQuestion(k *nodeKeeper) hook.NodeQuestion {
	return hook.NodeQuestion{Node: k.name, At: p.clock.Now()}
}

func (p *Provider) capacity(ctx context.Context, k *nodeKeeper) v1.ResourceList {
	list, ok := p.hooks.Capacity(ctx, p.node(k).config.Capacity, p.nodeQuestion(k))
	k.mu.Lock()
	defer k.mu.Unlock()
	if ok {
		k.capacity = list
	} else if k.capacity != nil {
		list = k.capacity
	}
	return p.faults.set.Load().capacity(k.name, list)
}

// ConditionsJSON is a node's conditions, as CapacityJSON. Heartbeats advance with every answer; a transition time
// moves only when the condition's status flips.
func (p *Provider) ConditionsJSON(ctx context.Context, node string) ([]byte, error) {
	k, err := p.nodeNamed(node)
	if err != nil {
		return nil, err
	}
	_, stamped := p.conditions(ctx, k)
	return json.Marshal(stamped)
}

// conditions are a node's conditions as told, and with all their times.
func (p *Provider) conditions(ctx context.Context, k *nodeKeeper) (told, stamped []v1.NodeCondition) {
	q := p.nodeQuestion(k)
	told, ok := p.hooks.Conditions(ctx, healthy(), q)
	k.mu.Lock()
	defer k.mu.Unlock()
	if !ok && k.said != nil {
		told = clearTimes(k.said)
	} else {
		k.said = told
	}
	told = p.faults.set.Load().conditions(k.name, worded(told))
	stamped = slices.Clone(told)
	for i := range stamped {
		stamp(&stamped[i], k.conditions, metav1.NewTime(q.At.Truncate(time.Second)))
	}
	if !sameConditions(k.conditions, stamped) {
		k.picture.Store(nil)
	}
	k.conditions = stamped
	return told, stamped
}

// worded gives trouble that a script tells without a reason the words of a kubelet.
func worded(told []v1.NodeCondition) []v1.NodeCondition {
	usual := v1.NodeCondition{Type: v1.NodeReady, Status: v1.ConditionFalse, Reason: "KubeletNotReady", Message: "container runtime is down"}
	out := slices.Clone(told)
	for i := range out {
		c := &out[i]
		if c.Reason != "" || c.Message != "" {
			continue
		}
		if c.Type == usual.Type && c.Status == usual.Status {
			c.Reason, c.Message = usual.Reason, usual.Message
		}
		for _, p := range pressures {
			if c.Type == p.Type && c.Status == v1.ConditionTrue {
				c.Reason, c.Message = p.Reason, p.Message
			}
		}
	}
	return out
}

// sameConditions says that nothing changed but when the conditions were looked at.
func sameConditions(a, b []v1.NodeCondition) bool {
	return slices.EqualFunc(a, b, func(x, y v1.NodeCondition) bool {
		return x.Type == y.Type && x.Status == y.Status && x.Reason == y.Reason && x.Message == y.Message &&
			x.LastTransitionTime.Equal(&y.LastTransitionTime)
	})
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

// AddressesJSON is a node's addresses, as CapacityJSON.
func (p *Provider) AddressesJSON(ctx context.Context, node string) ([]byte, error) {
	k, err := p.nodeNamed(node)
	if err != nil {
		return nil, err
	}
	return json.Marshal(p.addresses(ctx, k))
}

func (p *Provider) addresses(ctx context.Context, k *nodeKeeper) []v1.NodeAddress {
	list, ok := p.hooks.Addresses(ctx, p.node(k).config.Addresses, p.nodeQuestion(k))
	k.mu.Lock()
	defer k.mu.Unlock()
	if !ok && k.addresses != nil {
		return k.addresses
	}
	if list == nil {
		list = []v1.NodeAddress{} // a bare array, never null
	}
	if ok {
		k.addresses = list
	}
	return list
}
