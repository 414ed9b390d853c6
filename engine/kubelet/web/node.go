package web

import (
	"context"
	"slices"
	"strings"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/moonlet-dev/moonlet/engine/kubelet"
)

// description is the node as it was described last. The protocol knows one node: all of ours share it.
type description struct {
	at    time.Time
	state kubelet.NodeState
	err   error
}

// DescribeNode asks for capacity, conditions and addresses. What the API server would refuse is left out.
func (p *Provider) DescribeNode(ctx context.Context, _ string) (kubelet.NodeState, error) {
	select {
	case last := <-p.described:
		if last.at.IsZero() || p.clock.Now().Sub(last.at) >= time.Second {
			last.state, last.err = p.describe(ctx)
			last.at = p.clock.Now()
		}
		p.described <- last
		return last.state, last.err
	case <-ctx.Done():
		return kubelet.NodeState{}, ctx.Err()
	}
}

func (p *Provider) describe(ctx context.Context) (s kubelet.NodeState, err error) {
	capacity, err := read(ctx, p, func() (v1.ResourceList, error) { return p.client.Capacity(ctx) })
	if err != nil {
		return s, said(err)
	}
	conditions, err := read(ctx, p, func() ([]v1.NodeCondition, error) { return p.client.NodeConditions(ctx) })
	if err != nil {
		return s, said(err)
	}
	addresses, err := read(ctx, p, func() ([]v1.NodeAddress, error) { return p.client.NodeAddresses(ctx) })
	if err != nil {
		return s, said(err)
	}
	return kubelet.NodeState{Capacity: p.resources(ctx, capacity), Conditions: nodeConditions(conditions), Addresses: nodeAddresses(addresses)}, nil
}

// resources leaves out what no node can have, and finds the usual resources in any spelling.
func (p *Provider) resources(ctx context.Context, in v1.ResourceList) v1.ResourceList {
	if len(in) == 0 {
		return nil
	}
	out := v1.ResourceList{}
	for name, quantity := range in {
		if usual := v1.ResourceName(strings.ToLower(string(name))); usual != name && slices.Contains(everywhere, usual) {
			if _, both := in[usual]; both {
				continue
			}
			name = usual
		}
		if quantity.Sign() < 0 || (!isUsual(name) && (!strings.Contains(string(name), "/") || len(validation.IsQualifiedName(string(name))) > 0)) {
			p.once(ctx, "a resource of the web provider's capacity is none that a node can have: it is left out", "resource", string(name), "quantity", quantity.String())
			continue
		}
		out[name] = whole(name, quantity)
	}
	return out
}

// whole rounds down what Kubernetes counts in whole numbers: pods and devices.
func whole(name v1.ResourceName, q resource.Quantity) resource.Quantity {
	up := resource.NewQuantity(q.Value(), q.Format)
	if (name == v1.ResourcePods || !isUsual(name)) && up.Cmp(q) > 0 {
		return *resource.NewQuantity(q.Value()-1, q.Format)
	}
	return q
}

// everywhere are the resources that need no prefix.
var everywhere = []v1.ResourceName{v1.ResourceCPU, v1.ResourceMemory, v1.ResourcePods, v1.ResourceEphemeralStorage, v1.ResourceStorage}

func isUsual(name v1.ResourceName) bool {
	return slices.Contains(everywhere, name) || strings.HasPrefix(string(name), v1.ResourceHugePagesPrefix)
}

// nodeConditions spells statuses as Kubernetes does. Times are left to the kubelet half: many providers send that of
// the request.
func nodeConditions(in []v1.NodeCondition) []v1.NodeCondition {
	var out []v1.NodeCondition
	for _, c := range in {
		if c.Type == "" {
			continue
		}
		c.Status = conditionStatus(c.Status)
		c.LastHeartbeatTime, c.LastTransitionTime = metav1.Time{}, metav1.Time{}
		out = slices.DeleteFunc(out, func(o v1.NodeCondition) bool { return o.Type == c.Type })
		out = append(out, c)
	}
	return out
}

// conditionStatus is True, False or Unknown, in whatever letters it came.
func conditionStatus(s v1.ConditionStatus) v1.ConditionStatus {
	for _, known := range []v1.ConditionStatus{v1.ConditionTrue, v1.ConditionFalse} {
		if strings.EqualFold(string(s), string(known)) {
			return known
		}
	}
	return v1.ConditionUnknown
}

// nodeAddresses leaves out what is empty or there twice.
func nodeAddresses(in []v1.NodeAddress) []v1.NodeAddress {
	var out []v1.NodeAddress
	for _, a := range in {
		if a.Type != "" && a.Address != "" && !slices.Contains(out, a) {
			out = append(out, a)
		}
	}
	return out
}
