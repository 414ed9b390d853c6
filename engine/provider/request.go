package provider

import (
	"context"
	"sync"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/fault"
	"github.com/moonlet-dev/moonlet/engine/hook"
)

// Watched tells whether any script or fault in force wants to see calls of that name. If not, [Provider.Fault] need not be asked.
func (p *Provider) Watched(call string) bool {
	return p.hooks.Current().Watched(call) || p.faults.set.Load().watchesCall(call)
}

// Fault tells what should go wrong with a call: first what was set by verbs, then what the scripts ask for.
func (p *Provider) Fault(ctx context.Context, c api.Call) fault.Fault {
	set := p.onCall(p.faults.set.Load(), c)
	if !p.hooks.Current().Watched(c.Name) {
		return set
	}
	call := hook.Call{Name: c.Name, Namespace: c.Namespace, Pod: c.Pod, Container: c.Container, Number: p.calls.next(c.Name)}
	return set.Add(p.hooks.OnRequest(ctx, call, p.clock.Now()))
}

// callCounter numbers the watched calls of each name from 1. The zero value is ready.
type callCounter struct {
	mu sync.Mutex
	n  map[string]int // guarded by mu
}

func (c *callCounter) next(call string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n == nil {
		c.n = map[string]int{}
	}
	c.n[call]++
	return c.n[call]
}
