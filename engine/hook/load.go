package hook

import (
	"context"
	"slices"

	"github.com/moonlet-dev/moonlet/engine/script"
)

// Load makes a new generation of sources and lets it serve. All or nothing: with any error the generation that
// serves stays, and the errors say why. Warnings alone do not stop it; they are returned too.
func (h *Hooks) Load(ctx context.Context, sources []script.Source) (*Generation, []*script.Error) {
	h.loads.Lock()
	defer h.loads.Unlock()
	gen, problems := h.build(ctx, h.Current().ID()+1, sources)
	if gen == nil {
		return nil, problems
	}
	h.current.Store(gen)
	return gen, problems
}

// Take lets the scripts serve that another Hooks has loaded: nothing is compiled or tried again. The two must have the
// same Runtime, and the config that scripts see is the other's.
func (h *Hooks) Take(from *Hooks) *Generation {
	h.loads.Lock()
	defer h.loads.Unlock()
	gen := newGeneration(from.Current().set)
	h.current.Store(gen)
	return gen
}

// Check tells what loading sources would say, without loading them.
func (h *Hooks) Check(ctx context.Context, sources []script.Source) []*script.Error {
	_, problems := h.build(ctx, 1, sources)
	return problems
}

func (h *Hooks) build(ctx context.Context, id uint64, sources []script.Source) (*Generation, []*script.Error) {
	set, problems := h.opts.Runtime.Load(id, sources, script.Env{Hooks: Names(), Config: h.opts.Config()})
	if set == nil {
		return nil, problems
	}
	gen := newGeneration(set)
	tried := h.try(ctx, gen)
	problems = append(problems, tried...)
	if len(tried) > 0 {
		return nil, problems
	}
	return gen, problems
}

// Names are all hooks there are, as a load wants them.
func Names() []script.HookSig {
	out := make([]script.HookSig, len(registry))
	for i, s := range registry {
		out[i] = script.HookSig{Name: s.Name, Node: s.Node}
	}
	return out
}

// Errors keeps of problems those that stop a load.
func Errors(problems []*script.Error) []*script.Error {
	return slices.DeleteFunc(slices.Clone(problems), func(e *script.Error) bool { return e.Warning })
}
