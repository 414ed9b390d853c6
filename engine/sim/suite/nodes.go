package suite

import (
	"cmp"
	"fmt"
	"maps"

	"github.com/moonlet-dev/moonlet/engine/provider"
	"github.com/moonlet-dev/moonlet/engine/script"
)

// givenNodes are the nodes that a test begins with.
type givenNodes struct {
	names []string
	by    map[string]func(*provider.Node)
	admit bool
}

func nodesOf(g script.TestGiven) *givenNodes {
	n := &givenNodes{by: map[string]func(*provider.Node){}, admit: g.Admission}
	for _, some := range g.Nodes {
		name := cmp.Or(some.Name, "node")
		if some.Count == 0 {
			n.add(name, 0, some)
		}
		for i := range some.Count {
			n.add(fmt.Sprintf("%s-%d", name, i), i, some)
		}
	}
	return n
}

func (n *givenNodes) add(name string, nth int, g script.GivenNodes) {
	n.names = append(n.names, name)
	n.by[name] = func(node *provider.Node) {
		maps.Copy(node.Labels, g.Labels)
		if len(g.Zones) > 0 {
			node.Labels["topology.kubernetes.io/zone"] = g.Zones[nth%len(g.Zones)]
		}
		maps.Copy(node.Capacity, g.Capacity)
	}
}

// dress makes a node what the test wants it to be.
func (n *givenNodes) dress(node *provider.Node) {
	node.Admission = n.admit
	if change := n.by[node.Name]; change != nil {
		change(node)
	}
}
