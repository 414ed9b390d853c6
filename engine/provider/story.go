package provider

import (
	"context"
	"strings"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/journal"
	"github.com/moonlet-dev/moonlet/engine/script"
	"github.com/moonlet-dev/moonlet/engine/state"
)

// World is what scenarios read: the pods and nodes as they are now, on a held clock too. Hooks see, on a held clock, the
// moment before this one.
func (p *Provider) World() script.World { return &world{p: p, read: true, pods: p.world.of(p.store.List())} }

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

// DropParams gives back what a scenario run turned, and says how many params that were.
func (p *Provider) DropParams(ctx context.Context, run, by string) int {
	p.reloads.Lock()
	defer p.reloads.Unlock()
	dropped := p.hooks.DropOverrides(run)
	if len(dropped) > 0 {
		p.paramsChanged(ctx, by, strings.Join(dropped, ", ")+" as before", dropped)
	}
	return len(dropped)
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
