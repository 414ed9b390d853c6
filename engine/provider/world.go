package provider

import (
	"sync"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/script"
	"github.com/moonlet-dev/moonlet/engine/state"
)

// snapshotWorld is what pods{} and nodes{} read in one hook call: one moment, however often they look. On a held clock
// that is the moment before this one, so that the order in which pods are served does not show.
func (p *Provider) snapshotWorld() script.World { return &world{p: p} }

type world struct {
	p    *Provider
	pods []*script.Pod
	read bool
}

// Pods lists all pods by namespace and name.
func (w *world) Pods() []*script.Pod {
	if w.read {
		return w.pods
	}
	w.read = true
	if w.p.clock.Held() {
		w.pods = viewAll(w.p.store.Before(w.p.clock.Now()))
	} else {
		w.pods = w.p.world.of(w.p.store.List())
	}
	return w.pods
}

// Nodes lists our nodes by name. What a script writes into their memos is for nobody: only a question's own node
// remembers.
func (w *world) Nodes() []*script.Node {
	w.p.settleMemos()
	memos := w.p.store.NodeMemos()
	nodes := make([]script.Node, len(w.p.nodes.sorted))
	own := make([]script.Memo, len(nodes))
	views := make([]*script.Node, len(nodes))
	for i, k := range w.p.nodes.sorted {
		own[i].Tree = memos[k.name].Tree("")
		nodes[i] = script.Node{Object: w.p.node(k).object, Memo: &own[i]}
		views[i] = &nodes[i]
	}
	return views
}

// worldCache keeps the view of the latest list, for all that look at the same moment.
type worldCache struct {
	mu    sync.Mutex
	list  []*state.Pod  // guarded by mu
	views []*script.Pod // guarded by mu
}

func (c *worldCache) of(list []*state.Pod) []*script.Pod {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(list) != len(c.list) || len(list) > 0 && &list[0] != &c.list[0] {
		c.list, c.views = list, viewAll(list)
	}
	return c.views
}

func viewAll(list []*state.Pod) []*script.Pod {
	views := make([]*script.Pod, len(list))
	for i, pod := range list {
		views[i] = &script.Pod{Object: pod.Object, Status: pod.Status, Script: pod.Owner, Ready: isReady(pod.Status)}
	}
	return views
}

func isReady(s *v1.PodStatus) bool {
	if s == nil {
		return false
	}
	for i := range s.Conditions {
		if s.Conditions[i].Type == v1.PodReady {
			return s.Conditions[i].Status == v1.ConditionTrue
		}
	}
	return false
}
