package provider

import (
	"fmt"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/explain"
	"github.com/moonlet-dev/moonlet/engine/journal"
	"github.com/moonlet-dev/moonlet/engine/state"
)

// Explain says why a pod is in the state it is in, and what comes next; [state.ErrNotFound] if there is none of that
// name.
func (p *Provider) Explain(namespace, name string) (api.Explanation, error) {
	key := state.Key{Namespace: namespace, Name: name}
	one := p.store.Get(key)
	if one == nil {
		return api.Explanation{}, fmt.Errorf("explain pod %s: %w", key, state.ErrNotFound)
	}
	entries, forgotten := p.journal.Of(key.String())
	e := api.Explanation{
		Pod: p.view(one), At: p.clock.Now(), State: explain.State(one.Object, one.Status), Generation: p.hooks.Current().ID(),
		Causes: causes(entries), Forgotten: forgotten, Next: p.next(one),
	}
	if n := len(entries); n > 0 {
		e.Since = &entries[n-1].At
	}
	return e, nil
}

// next is what happens to a pod by itself.
func (p *Provider) next(one *state.Pod) []api.Next {
	next := []api.Next{}
	if due := one.Due; !due.IsZero() {
		next = append(next, api.Next{At: &due, What: "due", Text: "changes"})
	}
	return next
}

// causes are journal entries as they go over the wire.
func causes(entries []journal.Entry) []api.Cause {
	out := make([]api.Cause, len(entries))
	for i, e := range entries {
		out[i] = api.Cause{
			At: e.At, What: e.What, Container: e.Container, Message: e.Message, Kind: string(e.Kind), By: e.By, Rule: e.Rule,
			Why: e.Why, Fault: e.Fault, Hook: e.Hook, Ask: e.Ask, Generation: e.Generation,
		}
		for _, d := range e.Draws {
			out[i].Draws = append(out[i].Draws, api.Draw(d))
		}
	}
	return out
}
