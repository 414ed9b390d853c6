package hook

import (
	"context"
	"fmt"
	"slices"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/moonlet-dev/moonlet/engine/script"
)

// nodeFile is the first file in name order that defines a node hook.
func (g *Generation) nodeFile(hook string) *script.File {
	i := slices.IndexFunc(g.Files(), func(f *script.File) bool { return f.Has(hook) })
	if i < 0 {
		return nil
	}
	return g.Files()[i]
}

// nodeHooks are the hooks that tell how a node is. [Heartbeat] is asked apart from them.
var nodeHooks = []string{Capacity, Conditions, Addresses}

// DescribesNodes tells whether any script has a say in how nodes are.
func (g *Generation) DescribesNodes() bool {
	return slices.ContainsFunc(nodeHooks, func(hook string) bool { return g.nodeFile(hook) != nil })
}

// NodeQuestion is a question about one node.
type NodeQuestion struct {
	Node   string    // its name; empty: the first of ours
	Number int       // of the question where each time is a new one, from 1; 0: it is always the same
	At     time.Time // of the story
}

// askNode puts a node hook; it reports false where no script answers or the script broke.
func (h *Hooks) askNode(ctx context.Context, hook string, n NodeQuestion, read func(script.Value) error) (Asked, bool) {
	gen := h.Current()
	file := gen.nodeFile(hook)
	if file == nil {
		return Asked{Generation: gen.ID()}, false
	}
	node := h.opts.Node(NodeAsk{Name: n.Node})
	name := node.Object.Name
	q := question{subject: Subject{Gen: gen}, node: name, hook: hook, container: name, number: n.Number, at: n.At, args: []any{node}}
	return h.call(ctx, file, "", q, func(a script.Answer) error {
		v := value(a, 0)
		if v.Kind() == script.Nil {
			return nil
		}
		return read(v)
	})
}

// Heartbeat asks whether a node renews its lease: unless a script says false it does, also where the script breaks.
func (h *Hooks) Heartbeat(ctx context.Context, n NodeQuestion) bool {
	beats := true
	_, answered := h.askNode(ctx, Heartbeat, n, func(v script.Value) error {
		if v.Kind() != script.Bool {
			return fmt.Errorf("answer: %s does not say whether the node is alive: return false for silence, nothing or true for life", describe(v))
		}
		beats = v.Bool()
		return nil
	})
	return beats || !answered
}

// Capacity asks for a node's resources and lays the answer over def, which is not changed. ok is false where a
// script was asked and broke.
func (h *Hooks) Capacity(ctx context.Context, def v1.ResourceList, n NodeQuestion) (list v1.ResourceList, ok bool) {
	out := def.DeepCopy()
	asked, answered := h.askNode(ctx, Capacity, n, func(v script.Value) error {
		given := map[string]resource.Quantity{}
		if err := v.Decode("capacity", &given); err != nil {
			return err
		}
		for name, q := range given {
			if q.Sign() < 0 {
				return fmt.Errorf("capacity[%q]: %s is below zero", name, q.String())
			}
			if out == nil {
				out = v1.ResourceList{}
			}
			out[v1.ResourceName(name)] = q
		}
		return nil
	})
	return orDefault(out, def, answered), !asked.Broken
}

// Conditions asks for a node's conditions; each answered one replaces the default of its type.
func (h *Hooks) Conditions(ctx context.Context, def []v1.NodeCondition, n NodeQuestion) (list []v1.NodeCondition, ok bool) {
	out := slices.Clone(def)
	asked, answered := h.askNode(ctx, Conditions, n, func(v script.Value) error {
		var given []v1.NodeCondition
		if err := v.Decode("conditions", &given); err != nil {
			return err
		}
		for at, c := range given {
			if err := checkCondition(c); err != nil {
				return fmt.Errorf("conditions[%d]%w", at+1, err)
			}
			i := slices.IndexFunc(out, func(o v1.NodeCondition) bool { return o.Type == c.Type })
			if i < 0 {
				out = append(out, c)
			} else {
				out[i] = c
			}
		}
		return nil
	})
	return orDefault(out, def, answered), !asked.Broken
}

func checkCondition(c v1.NodeCondition) error {
	switch {
	case c.Type == "":
		return fmt.Errorf(".type: missing")
	case c.Status != v1.ConditionTrue && c.Status != v1.ConditionFalse && c.Status != v1.ConditionUnknown:
		return fmt.Errorf(".status: want \"True\", \"False\" or \"Unknown\", got %q", c.Status)
	}
	return nil
}

// Addresses asks for a node's addresses; those answered replace the defaults of their types.
func (h *Hooks) Addresses(ctx context.Context, def []v1.NodeAddress, n NodeQuestion) (list []v1.NodeAddress, ok bool) {
	var out []v1.NodeAddress
	asked, answered := h.askNode(ctx, Addresses, n, func(v script.Value) error {
		var given []v1.NodeAddress
		if err := v.Decode("addresses", &given); err != nil {
			return err
		}
		for at, a := range given {
			if a.Type == "" || a.Address == "" {
				return fmt.Errorf("addresses[%d]: want type and address, such as { type = \"InternalIP\", address = \"10.0.0.1\" }", at+1)
			}
		}
		kept := slices.DeleteFunc(slices.Clone(def), func(d v1.NodeAddress) bool {
			return slices.ContainsFunc(given, func(a v1.NodeAddress) bool { return a.Type == d.Type })
		})
		out = append(kept, given...)
		return nil
	})
	if out == nil {
		out = def
	}
	return orDefault(out, def, answered), !asked.Broken
}

func orDefault[T any](answer, def T, answered bool) T {
	if answered {
		return answer
	}
	return def
}
