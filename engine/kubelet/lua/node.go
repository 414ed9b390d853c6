package lua

import (
	"context"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/kubelet"
)

// DescribeNode implements [kubelet.NodeDescriber]: config, and what node hooks lay over it. A script that breaks makes
// no node unready, its last good answer serves.
func (p *Provider) DescribeNode(ctx context.Context, node string) (kubelet.NodeState, error) {
	s, err := p.scripts.NodeState(ctx, node)
	if err != nil {
		return kubelet.NodeState{}, translate(err)
	}
	return kubelet.NodeState{Capacity: s.Capacity, Allocatable: s.Allocatable, Conditions: s.Conditions, Addresses: s.Addresses}, nil
}

// WatchNodes implements [kubelet.NodeDescriber]. Loaded scripts, a turned param, a changed config and what hooks write
// into node.memo may change a node.
func (p *Provider) WatchNodes(changed func(node string)) { p.scripts.OnNode(changed) }

// ReadNodes implements [kubelet.NodeReader]: scripts and verbs see the labels that the nodes have in Kubernetes.
func (p *Provider) ReadNodes(read func(node string) *v1.Node) { p.scripts.ReadNodes(read) }

// Beats implements [kubelet.Heart] by hook heartbeat.
func (p *Provider) Beats(ctx context.Context, node string) bool { return p.scripts.Beats(ctx, node) }
