package provider

import (
	"fmt"
	"strings"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/moonlet-dev/moonlet/engine/fault"
	"github.com/moonlet-dev/moonlet/engine/state"
)

// aim is whom an order hits.
type aim struct {
	match   *fault.Matcher
	matched int                  // how many the selector fitted
	hits    []string             // nil for calls and writes, which have no names
	uids    map[string]types.UID // of pods
	touched map[string]bool      // the pods that are concerned, for the blast radius
}

func (a aim) named() bool { return a.hits != nil }

// aim finds whom an order hits; nobody is [fault.ErrNoMatch], unless that is allowed.
func (p *Provider) aim(o fault.Order) (aim, error) {
	m, err := o.Select.Compile()
	if err != nil {
		return aim{}, err
	}
	switch o.On {
	case fault.Pod:
		return p.aimAtPods(o, m)
	case fault.Node:
		return p.aimAtNodes(o, m)
	default:
		a := aim{match: m, touched: map[string]bool{}}
		for _, one := range p.store.List() {
			if m.Match(subjectOf(one)) {
				a.touched[one.String()] = true
			}
		}
		return a, nil
	}
}

func (p *Provider) aimAtPods(o fault.Order, m *fault.Matcher) (aim, error) {
	a := aim{match: m, hits: []string{}, uids: map[string]types.UID{}, touched: map[string]bool{}}
	pods := p.store.List()
	able := map[string]*state.Pod{}
	var keys []string
	for _, one := range pods {
		if !m.Match(subjectOf(one)) {
			continue
		}
		a.matched++
		if reaches(o, one) {
			keys = append(keys, one.String())
			able[one.String()] = one
		}
	}
	if len(keys) == 0 && !o.AllowEmpty {
		return a, p.noPod(o, pods, a.matched)
	}
	for _, key := range m.Sample(p.opts.Seed, keys) {
		a.hits = append(a.hits, key)
		a.uids[key], a.touched[key] = able[key].UID, true
	}
	return a, nil
}

func (p *Provider) aimAtNodes(o fault.Order, m *fault.Matcher) (aim, error) {
	a := aim{match: m, hits: []string{}, touched: map[string]bool{}}
	var keys []string
	for _, k := range p.nodes.sorted {
		if m.Match(p.nodeSubject(k)) {
			a.matched++
			keys = append(keys, k.name)
		}
	}
	if len(keys) == 0 && !o.AllowEmpty {
		return a, p.noNode(o)
	}
	a.hits = append(a.hits, m.Sample(p.opts.Seed, keys)...)
	for _, one := range p.podsOn(a.hits) {
		a.touched[one.String()] = true
	}
	return a, nil
}

// noPod says why an order hits no pod.
func (p *Provider) noPod(o fault.Order, pods []*state.Pod, matched int) error {
	if len(pods) == 0 {
		return fmt.Errorf("%s: %w: there are no pods", o.Verb, fault.ErrNoMatch)
	}
	if matched > 0 {
		return fmt.Errorf("%s: %w: %s", o.Verb, fault.ErrNoMatch, unable(o, matched))
	}
	subjects := make([]fault.Subject, len(pods))
	for i, one := range pods {
		subjects[i] = subjectOf(one)
	}
	return fmt.Errorf("%s: %w%s", o.Verb, fault.ErrNoMatch, o.Select.Hint("pod", subjects))
}

// unable says why none of those that fit can be hit.
func unable(o fault.Order, matched int) string {
	fit, are := fmt.Sprintf("%d pods fit", matched), "they are"
	if matched == 1 {
		fit, are = "one pod fits", "it is"
	}
	switch container := o.Text("container"); {
	case o.Verb != "crash" && o.Verb != "exit" && o.Verb != "oom" && o.Verb != "finish":
		return fit + ", but " + are + " over"
	case container != "":
		return fmt.Sprintf("%s, but no container %q runs there", fit, container)
	default:
		return fit + ", but no container runs there now"
	}
}

func (p *Provider) noNode(o fault.Order) error {
	subjects := make([]fault.Subject, len(p.nodes.sorted))
	for i, k := range p.nodes.sorted {
		subjects[i] = p.nodeSubject(k)
	}
	return fmt.Errorf("%s: %w%s", o.Verb, fault.ErrNoMatch, o.Select.Hint("node", subjects))
}

// reaches says that the verb can do something to the pod.
func reaches(o fault.Order, one *state.Pod) bool {
	switch o.Verb {
	case verbFreeze:
		return !one.Life.Gone()
	case "crash", "exit", "oom", "finish":
		return runs(one, o.Text("container"))
	default:
		return !one.Life.Terminal()
	}
}

// runs says that the container runs, or any where none is named.
func runs(one *state.Pod, container string) bool {
	if one.Life.Terminal() {
		return false
	}
	for _, list := range [][]v1.Container{one.Object.Spec.Containers, one.Object.Spec.InitContainers} {
		for i := range list {
			if container != "" && list[i].Name != container {
				continue
			}
			if run, _ := one.Life.Run(list[i].Name); run != nil && run.Finished.IsZero() {
				return true
			}
		}
	}
	return false
}

// SelectPods lists the pods that a selector picks, by namespace and name.
func (p *Provider) SelectPods(s fault.Selector) ([]*state.Pod, error) {
	m, err := s.Compile()
	if err != nil {
		return nil, err
	}
	found := map[string]*state.Pod{}
	var keys []string
	for _, one := range p.store.List() {
		if m.Match(subjectOf(one)) {
			keys = append(keys, one.String())
			found[one.String()] = one
		}
	}
	var out []*state.Pod
	for _, key := range m.Sample(p.opts.Seed, keys) {
		out = append(out, found[key])
	}
	return out, nil
}

// SelectNodes lists the names of the nodes that a selector picks.
func (p *Provider) SelectNodes(s fault.Selector) ([]string, error) {
	m, err := s.Compile()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, k := range p.nodes.sorted {
		if m.Match(p.nodeSubject(k)) {
			names = append(names, k.name)
		}
	}
	return m.Sample(p.opts.Seed, names), nil
}

func subjectOf(one *state.Pod) fault.Subject {
	return fault.Subject{
		Namespace: one.Namespace, Name: one.Name, Labels: one.Object.Labels, Node: one.Object.Spec.NodeName, Script: one.Owner,
		Owners: ownersOf(one.Object),
	}
}

func (p *Provider) nodeSubject(k *nodeKeeper) fault.Subject {
	return fault.Subject{Name: k.name, Node: k.name, Labels: p.node(k).object.Labels}
}

// ownersOf lists the owners of a pod as Kind/name, those behind its ReplicaSet and its Job too.
func ownersOf(o *v1.Pod) []string {
	var owners []string
	for _, r := range o.OwnerReferences {
		owners = append(owners, r.Kind+"/"+r.Name)
		switch r.Kind {
		case "ReplicaSet":
			if name, ok := strings.CutSuffix(r.Name, "-"+o.Labels["pod-template-hash"]); ok {
				owners = append(owners, "Deployment/"+name)
			}
		case "Job":
			if i := strings.LastIndexByte(r.Name, '-'); i > 0 && strings.Trim(r.Name[i+1:], "0123456789") == "" {
				owners = append(owners, "CronJob/"+r.Name[:i])
			}
		}
	}
	return owners
}
