package provider

import (
	"context"
	"slices"
	"strings"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/journal"
	"github.com/moonlet-dev/moonlet/engine/script"
	"github.com/moonlet-dev/moonlet/engine/state"
)

// World is what scenarios read: the pods and nodes as they are now, on a held clock too, where hooks see the moment
// before this one. A node that a fault silences is not ready there, nor are its pods: nobody reaches them, whatever their
// status says.
func (p *Provider) World() script.World {
	w := &world{p: p, read: true, pods: p.world.of(p.store.List())}
	if set := p.faults.set.Load(); len(set.nodes) > 0 {
		return &reachedWorld{w, set}
	}
	return w
}

// reachedWorld is the world as those see it who reach for it.
type reachedWorld struct {
	*world
	set *faultSet
}

// Pods implements [script.World].
func (w *reachedWorld) Pods() []*script.Pod {
	pods := slices.Clone(w.world.Pods())
	for i, pod := range pods {
		if pod.Ready && w.set.silenced(w.p.nodes.of(pod.Object.Spec.NodeName).name) {
			lost := *pod
			lost.Ready = false
			pods[i] = &lost
		}
	}
	return pods
}

// Nodes implements [script.World].
func (w *reachedWorld) Nodes() []*script.Node {
	nodes := w.world.Nodes()
	for _, n := range nodes {
		if w.set.silenced(n.Object.Name) {
			n.Object = lost(n.Object)
		}
	}
	return nodes
}

// lost is a node as the control plane has it once it is missed.
func lost(n *v1.Node) *v1.Node {
	n = n.DeepCopy()
	for i := range n.Status.Conditions {
		c := &n.Status.Conditions[i]
		c.Status, c.Reason, c.Message = v1.ConditionUnknown, "NodeStatusUnknown", "Kubelet stopped posting node status."
	}
	return n
}

// OverrideParam turns a param, "script.name", for a scenario run. The pods whose scripts see it are re-planned before it
// returns. A restart forgets it.
func (p *Provider) OverrideParam(ctx context.Context, run, by, param string, value any) error {
	p.reloads.Lock()
	defer p.reloads.Unlock()
	scriptName, name, _ := strings.Cut(param, ".")
	turned, err := p.hooks.OverrideParam(run, scriptName, name, value)
	if err != nil {
		return err
	}
	p.paramsChanged(ctx, by, paramText(turned), []string{param})
	return nil
}

// DropParams gives back what a scenario run turned, and says which params that were: "flaky.crash_rate".
func (p *Provider) DropParams(ctx context.Context, run, by string) []string {
	p.reloads.Lock()
	defer p.reloads.Unlock()
	dropped := p.hooks.DropOverrides(run)
	if len(dropped) > 0 {
		p.paramsChanged(ctx, by, strings.Join(dropped, ", ")+" as before", dropped)
	}
	return dropped
}

// paramsChanged re-plans those who see the params, and tells of them.
func (p *Provider) paramsChanged(ctx context.Context, by, message string, keys []string) {
	scripts := map[string]bool{}
	for _, key := range keys {
		scriptName, _, _ := strings.Cut(key, ".")
		scripts[scriptName] = true
	}
	why := journal.Entry{What: "Param", Message: message, Kind: journal.Param, By: by}
	p.replanAll(ctx, why, func(_ context.Context, pod *state.Pod) bool { return scripts[defaultScript] || scripts[pod.Owner] })
	p.listeners.nodeChanged("")
	for _, one := range p.hooks.Params() {
		if set := api.Param(one); scripts[one.Script] {
			p.notices.tell(api.Event{Sequence: p.store.Seq(), At: p.clock.Now(), Type: api.EventParamSet, Param: &set})
		}
	}
}

// Sources are the scripts that serve; they must not be changed.
func (p *Provider) Sources() []script.Source {
	if sources := p.sources.Load(); sources != nil {
		return *sources
	}
	return nil
}
