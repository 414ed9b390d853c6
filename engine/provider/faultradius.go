package provider

import (
	"fmt"
	"slices"

	"github.com/moonlet-dev/moonlet/engine/fault"
)

// Radius bounds whom faults hit. The zero value does not.
type Radius struct {
	Pods  int     // at most so many; 0: any number
	Share float64 // at most that share of all pods; 0: any
}

// bound refuses an order that, with the faults in force, would concern more pods than the configuration allows.
func (p *Provider) bound(o fault.Order, a aim) error {
	if p.opts.Radius == nil {
		return nil
	}
	r := p.opts.Radius()
	if r == (Radius{}) {
		return nil
	}
	n, all := p.concerned(a.touched), p.store.Len()
	switch {
	case r.Pods > 0 && n > r.Pods:
		return fmt.Errorf("%s: %w: with the faults in force it concerns %d pods, and limits.blast_radius is %d", o.Verb, fault.ErrBlastRadius, n, r.Pods)
	case r.Share > 0 && float64(n) > r.Share*float64(all):
		return fmt.Errorf("%s: %w: with the faults in force it concerns %d of %d pods, and limits.blast_radius is %g%%",
			o.Verb, fault.ErrBlastRadius, n, all, 100*r.Share)
	}
	return nil
}

// concerned counts the pods that are touched, or hit by a fault in force.
func (p *Provider) concerned(touched map[string]bool) int {
	set, n := p.faults.set.Load(), 0
	for _, one := range p.store.List() {
		node := p.nodes.of(one.Object.Spec.NodeName).name
		if touched[one.String()] || len(set.pods[one.String()]) > 0 || len(set.nodes[node]) > 0 || set.anyCall(subjectOf(one)) {
			n++
		}
	}
	return n
}

func (f *faultSet) anyCall(s fault.Subject) bool {
	concerns := func(one *standing) bool { return one.match.Match(s) }
	return slices.ContainsFunc(f.calls, concerns) || slices.ContainsFunc(f.writes, concerns)
}
