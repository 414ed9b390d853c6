package provider

import (
	"sync"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/moonlet-dev/moonlet/engine/pod"
	"github.com/moonlet-dev/moonlet/engine/state"
)

// admission refuses what a kubelet would refuse, where config asks for it. It holds the requests of pods that are
// being created, so that two at once do not both get the last place. The zero value is ready.
type admission struct {
	mu      sync.Mutex
	pending map[state.Key]claim // guarded by mu
}

// claim is what a pod that is being created wants of its node.
type claim struct {
	of       *nodeKeeper
	requests v1.ResourceList
}

// refuse says why the draft's pod cannot run on this node; nil: it can, and its requests are held until it is
// committed or released.
func (a *admission) refuse(d *draft) *pod.Rejection {
	k := d.nodeKeeper()
	if r := d.p.faults.set.Load().refuse(k.name, d.next.Object); r != nil {
		return r
	}
	n := d.p.node(k).config
	if !n.Admission {
		return nil
	}
	allocatable := n.allocatable(d.p.capacity(d.ctx, k))
	a.mu.Lock()
	defer a.mu.Unlock()
	used, pods := a.usedLocked(d, k)
	rejection := pod.Admit(d.next.Object, pod.Allocation{
		NodeName: n.Name, Labels: n.Labels, Taints: n.Taints,
		Allocatable: allocatable, Used: used, Pods: pods,
	})
	if rejection == nil {
		if a.pending == nil {
			a.pending = map[state.Key]claim{}
		}
		a.pending[d.next.Key] = claim{k, pod.Requests(d.next.Object)}
	}
	return rejection
}

// usedLocked sums the requests of all pods of the node that can still run, but for the one that asks.
func (a *admission) usedLocked(d *draft, k *nodeKeeper) (used v1.ResourceList, pods int) {
	used = v1.ResourceList{}
	counted := map[state.Key]bool{d.next.Key: true}
	for _, p := range d.p.store.List() {
		if d.p.nodes.of(p.Object.Spec.NodeName) != k {
			continue
		}
		if !counted[p.Key] && !p.Life.Terminal() {
			addAll(used, pod.Requests(p.Object))
			pods++
		}
		counted[p.Key] = true
	}
	for key, claim := range a.pending {
		if claim.of == k && !counted[key] {
			addAll(used, claim.requests)
			pods++
		}
	}
	return used, pods
}

func addAll(sum, more v1.ResourceList) {
	for name, q := range more {
		total := resource.Quantity{}
		if have, ok := sum[name]; ok {
			total = have.DeepCopy()
		}
		total.Add(q)
		sum[name] = total
	}
}

// release lets go of what a pod held while it was created: from now on the list says what it uses.
func (a *admission) release(key state.Key) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.pending, key)
}
