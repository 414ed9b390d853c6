package provider

import (
	"fmt"
	"slices"
	"time"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/explain"
	"github.com/moonlet-dev/moonlet/engine/fault"
	"github.com/moonlet-dev/moonlet/engine/hook"
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
	entries, forgotten := p.journal.Of(diary(one))
	e := api.Explanation{
		Pod: p.view(one), At: p.clock.Now(), State: explain.State(one.Object, one.Status), Generation: p.hooks.Current().ID(),
		Causes: causes(entries), Forgotten: forgotten, Next: p.next(one),
	}
	for _, s := range p.faultsOn(one) {
		e.Faults = append(e.Faults, s.ID)
	}
	if n := len(entries); n > 0 {
		e.Since = &entries[n-1].At
	}
	return e, nil
}

// next is what happens to a pod by itself: by the machine's rules, and by what we do with it.
func (p *Provider) next(one *state.Pod) []api.Next {
	gen := p.hooks.Current()
	owner := gen.File(one.Owner)
	next := []api.Next{}
	for _, n := range one.Life.Next(followed(one)) {
		switch {
		case n.Hook != "" && !gen.Asks(owner, n.Hook): // nobody is asked
			continue
		case n.Hook != "":
			n.By = gen.Where(owner, n.Hook)
		case n.What == "start" && one.Life.Delayed():
			n.By = gen.Where(owner, hook.OnCreate)
		}
		next = append(next, api.Next{At: when(n.At), What: n.What, Container: n.Container, Text: n.Text, Rule: n.Rule, By: n.By})
	}
	if u := one.Update; u != nil {
		next = append(next, api.Next{At: &u.Until, What: "update", Text: "is updated", By: gen.Where(owner, hook.OnUpdate)})
	}
	if w := extraOf(one).memory.next(); !w.IsZero() {
		next = append(next, api.Next{At: &w, What: "ask", Text: "usage is asked, against the memory limit", By: gen.Where(owner, hook.Usage)})
	}
	for _, s := range p.faultsOn(one) {
		next = append(next, api.Next{At: when(s.Until), What: "fault", Text: faultText(s), By: s.By})
	}
	slices.SortStableFunc(next, sooner)
	return next
}

// faultsOn are the faults in force on a pod and on its node.
func (p *Provider) faultsOn(one *state.Pod) []*standing {
	set := p.faults.set.Load()
	on := slices.DeleteFunc(slices.Clone(set.pods[one.String()]), func(s *standing) bool { return s.uids[one.String()] != one.UID })
	return append(on, set.nodes[p.nodes.of(one.Object.Spec.NodeName).name]...)
}

func faultText(s *standing) string {
	text := "fault " + s.ID + " (" + s.title() + ")"
	if s.On == fault.Node {
		text += " on its node"
	}
	if s.Until.IsZero() {
		return text + " holds until it is undone"
	}
	return text + " ends"
}

// followed is the object that the pod's runs follow.
func followed(one *state.Pod) *v1.Pod {
	if one.Update != nil {
		return one.Update.From
	}
	return one.Object
}

func when(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// sooner orders by time, what has none last.
func sooner(a, b api.Next) int {
	switch {
	case a.At == nil && b.At == nil:
		return 0
	case a.At == nil:
		return 1
	case b.At == nil:
		return -1
	default:
		return a.At.Compare(*b.At)
	}
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

// tells says whether anybody will read what is noted.
func (p *Provider) tells() bool { return p.opts.NoJournal == nil || !p.opts.NoJournal.Load() }

// write writes a pod's journal, in the order of what happened: what a hook was asked on the way was noted first.
func (p *Provider) write(one *state.Pod, entries ...journal.Entry) {
	if len(entries) == 0 || !p.tells() {
		return
	}
	inOrder(entries)
	d := extraOf(one).diary
	if d == nil {
		d = p.journal.Diary(diary(one))
	}
	p.journal.Write(d, entries...)
	p.store.KeepJournals(&p.journal)
}

// diary is where the pod's journal is written: a pod keeps it, so that nobody need look for it at every step.
func (d *draft) diary() *journal.Diary {
	if d.old != nil && d.old.UID == d.next.UID {
		if known := extraOf(d.old).diary; known != nil {
			return known
		}
	}
	if !d.tells() {
		return nil
	}
	return d.p.journal.Diary(diary(d.next))
}

// inOrder sorts what hardly ever needs it.
func inOrder(entries []journal.Entry) {
	for i := 1; i < len(entries); i++ {
		if entries[i].At.Before(entries[i-1].At) {
			slices.SortStableFunc(entries, func(a, b journal.Entry) int { return a.At.Compare(b.At) })
			return
		}
	}
}

// diary is the name of a pod's journal: an incarnation has its own.
func diary(one *state.Pod) string { return one.Namespace + "/" + one.Name + "/" + string(one.UID) }

// keptJournals takes over the journals that the state file has, of the pods that there still are.
func (p *Provider) keptJournals() {
	p.journal.Logged = p.store.Lasting()
	batches := p.store.TakeJournals()
	for _, b := range batches {
		if err := p.journal.Load(b.Number, b.News); err != nil {
			p.log.Warn("some of what pods did before is forgotten", "err", err)
		}
	}
	if len(batches) == 0 {
		return
	}
	known := map[string]bool{}
	for _, one := range p.Known() {
		known[diary(one)] = true
	}
	p.journal.Retain(func(name string) bool { return known[name] })
}
