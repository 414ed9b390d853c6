package provider

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/pod"
	"github.com/moonlet-dev/moonlet/engine/state"
)

// nodesFelt lets nodes be as a fault that begins or ends to hit them says, and has the journals of their pods say so.
func (p *Provider) nodesFelt(ctx context.Context, s *standing, why string) {
	for _, name := range s.Hits {
		if k := p.nodes.byName[name]; k != nil { // else it is one of another configuration
			p.nodeNow(ctx, k)
		}
	}
	p.eachOf(p.podsOn(s.Hits), func(one *state.Pod) {
		p.suffer(ctx, one.Key, func(d *draft) error {
			d.adopt()
			d.note(s.entry(why))
			d.reask()
			return nil
		})
	})
}

// nodeNow has everybody look at the node again.
func (p *Provider) nodeNow(ctx context.Context, k *nodeKeeper) {
	p.conditions(ctx, k)
	p.listeners.nodeChanged(k.name)
	p.notices.tell(api.Event{Sequence: p.store.Seq(), At: p.clock.Now(), Type: api.EventNodeChanged, Node: k.name})
}

// silenced says that a fault keeps the node's heart from beating.
func (f *faultSet) silenced(node string) bool {
	if f.onNode(node, verbSilence) != nil {
		return true
	}
	s := f.onNode(node, verbShutdown)
	return s != nil && s.off
}

// pressures are the conditions that faults lay over a node's, by the argument of verb pressure.
var pressures = map[string]v1.NodeCondition{
	"memory": {Type: v1.NodeMemoryPressure, Reason: "KubeletHasInsufficientMemory", Message: "kubelet has insufficient memory available"},
	"disk":   {Type: v1.NodeDiskPressure, Reason: "KubeletHasDiskPressure", Message: "kubelet has disk pressure"},
	"pid":    {Type: v1.NodePIDPressure, Reason: "KubeletHasInsufficientPID", Message: "kubelet has insufficient PID available"},
}

// conditions lays over a node's conditions what faults say, in the words of a kubelet.
func (f *faultSet) conditions(node string, told []v1.NodeCondition) []v1.NodeCondition {
	if len(f.nodes[node]) == 0 {
		return told
	}
	told = slices.Clone(told)
	var unready []string
	for _, s := range f.nodes[node] {
		switch s.Verb {
		case verbPressure:
			c := pressures[s.Text("kind")]
			c.Status = v1.ConditionTrue
			told = withCondition(told, c)
		case verbNotReady:
			unready = append(unready, s.Text("reason"))
		case verbShutdown:
			unready = append(unready, "node is shutting down")
		}
	}
	if unready != nil {
		told = withCondition(told, v1.NodeCondition{
			Type: v1.NodeReady, Status: v1.ConditionFalse, Reason: "KubeletNotReady", Message: "[" + strings.Join(unready, ", ") + "]",
		})
		if len(unready) == 1 {
			told[slices.IndexFunc(told, isReadyCondition)].Message = unready[0]
		}
	}
	return told
}

func isReadyCondition(c v1.NodeCondition) bool { return c.Type == v1.NodeReady }

// withCondition is the list with a condition in its place, or before Ready, which is last.
func withCondition(all []v1.NodeCondition, c v1.NodeCondition) []v1.NodeCondition {
	if i := slices.IndexFunc(all, func(have v1.NodeCondition) bool { return have.Type == c.Type }); i >= 0 {
		all[i] = c
		return all
	}
	if i := slices.IndexFunc(all, isReadyCondition); i >= 0 {
		return slices.Insert(all, i, c)
	}
	return append(all, c)
}

// capacity lays over a node's resources what faults say.
func (f *faultSet) capacity(node string, list v1.ResourceList) v1.ResourceList {
	s := f.onNode(node, verbCapacity)
	if s == nil {
		return list
	}
	with := list.DeepCopy()
	for _, one := range s.Names("resources") {
		name, quantity, _ := strings.Cut(one, "=")
		if q, err := resource.ParseQuantity(quantity); err == nil {
			with[v1.ResourceName(name)] = q
		}
	}
	return with
}

// refuse says why a node in that trouble takes no such pod, as a kubelet would; nil: it takes it.
func (f *faultSet) refuse(node string, o *v1.Pod) *pod.Rejection {
	if len(f.nodes[node]) == 0 {
		return nil
	}
	if f.onNode(node, verbShutdown) != nil {
		return &pod.Rejection{Reason: "NodeShutdown", Message: "Pod was rejected: Pod was rejected as the node is shutting down."}
	}
	var under []v1.NodeConditionType
	for _, s := range f.nodes[node] {
		if s.Verb == verbPressure {
			under = append(under, pressures[s.Text("kind")].Type)
		}
	}
	return pod.Pressed(o, under)
}

// begin plans the steps of a verb that takes several.
func begin(p *Provider, s *standing) {
	switch s.Verb {
	case verbShutdown:
		s.left = p.order(s.Hits, byPriority)
		s.next = s.Since
	case verbDrain:
		s.left = slices.DeleteFunc(p.order(s.Hits, byName), p.ofDaemonSet)
		s.next = s.Since
		if len(s.left) > 0 {
			s.Until = s.Since.Add(time.Duration(len(s.left)-1) * s.Duration("every"))
		}
	}
}

// order lists the pods of nodes that can be ended by their node: not those that are over.
func (p *Provider) order(nodes []string, by func(a, b *state.Pod) int) []string {
	pods := slices.DeleteFunc(p.podsOn(nodes), func(one *state.Pod) bool { return one.Life.Terminal() })
	slices.SortStableFunc(pods, by)
	var keys []string
	for _, one := range pods {
		keys = append(keys, one.String())
	}
	return keys
}

// ofDaemonSet says that a pod would be back at once, so that it is not drained.
func (p *Provider) ofDaemonSet(key string) bool {
	one := p.store.Get(keyNamed(key))
	return one != nil && slices.ContainsFunc(ownersOf(one.Object), func(owner string) bool { return strings.HasPrefix(owner, "DaemonSet/") })
}

func byName(a, b *state.Pod) int { return a.Compare(b.Key) }

func byPriority(a, b *state.Pod) int {
	return cmp.Or(cmp.Compare(priorityOf(a), priorityOf(b)), a.Compare(b.Key))
}

func priorityOf(one *state.Pod) int32 {
	if p := one.Object.Spec.Priority; p != nil {
		return *p
	}
	return 0
}
