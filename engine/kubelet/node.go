package kubelet

import (
	"context"

	v1 "k8s.io/api/core/v1"
)

// NodeState is how a node is now. What is left out has a default: of the configuration, else a healthy node's.
type NodeState struct {
	Capacity    v1.ResourceList
	Allocatable v1.ResourceList    // nil: Capacity
	Conditions  []v1.NodeCondition // heartbeat and transition times left zero are kept by the kubelet half
	Addresses   []v1.NodeAddress
	Info        *v1.NodeSystemInfo // nil: the configuration's
}

// NodeDescriber is a Provider that knows how its nodes are.
type NodeDescriber interface {
	// DescribeNode is asked every ten seconds and whenever the provider calls what it was given by WatchNodes. An error
	// makes the node NotReady with the error as its message.
	DescribeNode(ctx context.Context, node string) (NodeState, error)

	// WatchNodes is called once, before all other calls. changed("") means: all nodes. It returns at once and may be
	// called from any goroutine.
	WatchNodes(changed func(node string))
}

// NodeReader is a Provider that wants to know what Kubernetes has of its nodes: labels that people gave them, say.
type NodeReader interface {
	// ReadNodes is called once, before all other calls. read returns at once, may be called from any goroutine, and
	// gives a node that is shared and must not be changed; nil: Kubernetes has none of that name, as far as we know.
	ReadNodes(read func(node string) *v1.Node)
}

// Heart is a Provider that may let nodes fall silent, as machines do that died.
type Heart interface {
	// Beats is asked before each renewal of the node's lease. While it says no, nothing of the node reaches Kubernetes.
	Beats(ctx context.Context, node string) bool
}
