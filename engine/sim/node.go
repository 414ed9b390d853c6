package sim

import (
	"net/netip"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/moonlet-dev/moonlet/engine/provider"
)

// DefaultNode is a node as serve has it without any config.
func DefaultNode() provider.Node {
	return provider.Node{
		Name: "virtual-kubelet", OS: "Linux", Arch: "amd64", Minor: 33,
		Capacity: v1.ResourceList{
			v1.ResourceCPU: resource.MustParse("20"), v1.ResourceMemory: resource.MustParse("100Gi"), v1.ResourcePods: resource.MustParse("110"),
		},
		Labels:    map[string]string{"kubernetes.io/hostname": "virtual-kubelet"},
		Addresses: []v1.NodeAddress{{Type: v1.NodeInternalIP, Address: "192.0.2.1"}},
		PodCIDR:   netip.MustParsePrefix("10.128.0.0/12"),
	}
}

// nodeSet is the nodes of a Sim. They never change.
type nodeSet struct {
	names  []string
	byName map[string]*provider.Node
}

func nodesOf(o *Options) nodeSet {
	set := nodeSet{names: o.Nodes, byName: map[string]*provider.Node{}}
	if len(set.names) == 0 {
		set.names = []string{o.node("").Name}
	}
	for _, name := range set.names {
		set.byName[name] = o.node(name)
	}
	return set
}

// node is a node as the options want it, of that name where one is given. Nodes share nothing.
func (o *Options) node(name string) *provider.Node {
	n := DefaultNode()
	if o.Node != nil {
		o.Node(&n)
	}
	if name == "" {
		return &n
	}
	n.Name, n.Labels["kubernetes.io/hostname"] = name, name
	if o.Each != nil {
		o.Each(&n)
	}
	return &n
}
