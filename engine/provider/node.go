package provider

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moonlet-dev/moonlet/engine/hook"
	"github.com/moonlet-dev/moonlet/engine/pod"
	"github.com/moonlet-dev/moonlet/engine/script"
	"github.com/moonlet-dev/moonlet/engine/state"
)

// Node is a node as config describes it. It must not be changed.
type Node struct {
	Name        string
	OS          string // "Linux" or "Windows"
	Arch        string
	Minor       int // Kubernetes minor version whose status shapes are written
	Capacity    v1.ResourceList
	Allocatable v1.ResourceList // nil: all of Capacity
	Labels      map[string]string
	Taints      []v1.Taint
	Addresses   []v1.NodeAddress
	PodCIDR     netip.Prefix
	Admission   bool // refuse pods that a kubelet would refuse
}

// nodeBook has a keeper for each of our nodes. It never changes.
type nodeBook struct {
	first  *nodeKeeper
	sorted []*nodeKeeper // by name
	byName map[string]*nodeKeeper
}

func newNodeBook(names []string) nodeBook {
	b := nodeBook{byName: make(map[string]*nodeKeeper, len(names))}
	for _, name := range names {
		b.byName[name] = &nodeKeeper{name: name}
	}
	b.first = b.byName[names[0]]
	for _, name := range slices.Compact(slices.Sorted(slices.Values(names))) {
		b.sorted = append(b.sorted, b.byName[name])
	}
	return b
}

// of is the keeper of the node that a pod belongs to: the one it names, or the first where that is not ours, for
// clients of the web-provider API may bind pods to whatever they call us.
func (b *nodeBook) of(name string) *nodeKeeper {
	if k := b.byName[name]; k != nil {
		return k
	}
	return b.first
}

// nodeNamed is the keeper of the node of that name, or of the first where the name is empty.
func (p *Provider) nodeNamed(name string) (*nodeKeeper, error) {
	if name == "" {
		return p.nodes.first, nil
	}
	if k := p.nodes.byName[name]; k != nil {
		return k, nil
	}
	return nil, fmt.Errorf("node %q: %w: it is none of ours", name, state.ErrNotFound)
}

// nodeKeeper remembers of one node what config does not say: the last good answers of its hooks and since when each
// condition is as it is.
type nodeKeeper struct {
	name string

	mu         sync.Mutex
	capacity   v1.ResourceList    // last good answer; guarded by mu
	said       []v1.NodeCondition // last good answer; guarded by mu
	conditions []v1.NodeCondition // as last served; guarded by mu
	addresses  []v1.NodeAddress   // last good answer; guarded by mu
	beats      int                // heartbeats asked for; guarded by mu

	picture atomic.Pointer[picture] // changed under mu only
}

// picture is a node as pods and scripts see it. It is made anew when config or a condition changed.
type picture struct {
	config *Node    // what it was made of
	known  *v1.Node // and what Kubernetes had; nil: nothing
	facts  pod.Node
	object *v1.Node
}

// node is a node of ours as it is now.
func (p *Provider) node(k *nodeKeeper) *picture {
	config, known := p.opts.Node(k.name), p.knownNode(k.name)
	if seen := k.picture.Load(); seen != nil && seen.config == config && seen.known == known {
		return seen
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	fresh := &picture{config: config, known: known, facts: config.facts(), object: config.object(k.conditions)}
	if known != nil {
		fresh.object.Labels = known.Labels
	}
	k.picture.Store(fresh)
	return fresh
}

// ReadNodes lets nodes have, for scripts and verbs, the labels that they have in Kubernetes. read gives what Kubernetes
// has of a node; nil: nothing.
func (p *Provider) ReadNodes(read func(name string) *v1.Node) { p.readNode.Store(&read) }

func (p *Provider) knownNode(name string) *v1.Node {
	if read := p.readNode.Load(); read != nil {
		return (*read)(name)
	}
	return nil
}

// facts is what the pod machine must know of the node.
func (n *Node) facts() pod.Node {
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

// object is the Kubernetes Node, in the conditions that were served last, healthy before.
func (n *Node) object(conditions []v1.NodeCondition) *v1.Node {
	if conditions == nil {
		conditions = healthy()
	}
	return &v1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: n.Name, Labels: n.Labels},
		Spec:       v1.NodeSpec{Taints: n.Taints, PodCIDR: cidrText(n.PodCIDR)},
		Status: v1.NodeStatus{
			Capacity: n.Capacity, Allocatable: n.Allocatable, Addresses: n.Addresses, Conditions: conditions,
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

// scriptNode is a node as a hook sees it.
func (p *Provider) scriptNode(q hook.NodeAsk) *script.Node {
	k := p.nodes.of(q.Name)
	return &script.Node{Object: p.node(k).object, Memo: &script.Memo{Tree: p.nodeMemo(k.name).Tree(q.Ask)}}
}

// facts is what the pod machine must know of the draft's node.
func (d *draft) facts() pod.Node { return d.p.node(d.nodeKeeper()).facts }

// nodeKeeper is the keeper of the draft's node.
func (d *draft) nodeKeeper() *nodeKeeper { return d.p.nodes.of(d.next.Object.Spec.NodeName) }

// Beats asks whether a node renews its lease now. Each call is a new question. A script that breaks does not silence
// a node.
func (p *Provider) Beats(ctx context.Context, node string) bool {
	k := p.nodes.of(node)
	if p.faults.set.Load().silenced(k.name) {
		return false
	}
	k.mu.Lock()
	k.beats++
	n := k.beats
	k.mu.Unlock()
	return p.hooks.Heartbeat(ctx, hook.NodeQuestion{Node: k.name, Number: n, At: p.clock.Now()})
}
