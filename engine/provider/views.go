package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/fault"
	"github.com/moonlet-dev/moonlet/engine/hook"
	"github.com/moonlet-dev/moonlet/engine/pod"
	"github.com/moonlet-dev/moonlet/engine/script"
	"github.com/moonlet-dev/moonlet/engine/state"
)

// Pods lists the pods that a filter lets through, by namespace and name.
func (p *Provider) Pods(f api.PodFilter) []api.Pod {
	out := []api.Pod{}
	match, err := fault.Selector{Namespace: f.Namespace, Name: f.Name, Node: f.Node, Owner: f.Owner, Script: f.Script}.Compile()
	if err != nil {
		return out // the door has refused it: it is no pattern, and fits nobody
	}
	for _, one := range p.store.List() {
		if f.Limit > 0 && len(out) == f.Limit {
			break
		}
		if passes(f, match, one) {
			out = append(out, p.view(one))
		}
	}
	return out
}

func passes(f api.PodFilter, match *fault.Matcher, one *state.Pod) bool {
	return (f.Phase == "" || f.Phase == string(one.Status.Phase)) &&
		(f.Labels == nil || f.Labels.Matches(labels.Set(one.Object.Labels))) && match.Match(subjectOf(one))
}

func (p *Provider) view(one *state.Pod) api.Pod {
	ready, status, restarts := pod.Row(one.Object, one.Status, p.clock.Now())
	v := api.Pod{
		Namespace: one.Namespace, Name: one.Name, UID: string(one.UID), Phase: string(one.Status.Phase),
		Ready: ready, Status: status, Restarts: restarts, IP: one.Status.PodIP, Node: one.Object.Spec.NodeName,
		Script: one.Owner, Labels: one.Object.Labels, Containers: len(one.Object.Spec.Containers),
		Created: one.Created, Revision: one.Revision,
	}
	if !one.Due.IsZero() {
		due := one.Due
		v.Due = &due
	}
	return v
}

// Pod is one pod with all we know of it; [state.ErrNotFound] if there is none of that name.
func (p *Provider) Pod(namespace, name string) (api.PodDetail, error) {
	one := p.store.Get(state.Key{Namespace: namespace, Name: name})
	if one == nil {
		return api.PodDetail{}, fmt.Errorf("pod %s/%s: %w", namespace, name, state.ErrNotFound)
	}
	object, err := wholeJSON(one)
	return api.PodDetail{Pod: p.view(one), Memo: one.Memo.Tree(""), Object: object}, err
}

// Journal is what happened to a pod, oldest first.
func (p *Provider) Journal(namespace, name string) ([]api.Cause, error) {
	key := state.Key{Namespace: namespace, Name: name}
	one := p.store.Get(key)
	if one == nil {
		return nil, fmt.Errorf("pod %s: %w", key, state.ErrNotFound)
	}
	entries, _ := p.journal.Of(diary(one))
	return causes(entries), nil
}

// Scripts lists the scripts that serve, each with what is wrong with it as it is on disk.
func (p *Provider) Scripts() []api.Script {
	owned := map[string]int{}
	for _, one := range p.store.List() {
		owned[one.Owner]++
	}
	out := []api.Script{}
	for _, f := range p.hooks.Current().Files() {
		out = append(out, p.scriptView(f, owned))
	}
	return out
}

func (p *Provider) scriptView(f *script.File, owned map[string]int) api.Script {
	v := api.Script{Name: scriptName(f), Hash: f.Hash, Match: matchText(f.Match), Hooks: []api.Hook{}, Params: []api.Param{}, Pods: owned[scriptName(f)]}
	for _, s := range hook.Registry() {
		if f.Has(s.Name) {
			v.Hooks = append(v.Hooks, api.Hook{Name: s.Name, Line: f.Line(s.Name)})
		}
	}
	for _, one := range p.Params() {
		if one.Script == v.Name {
			v.Params = append(v.Params, one)
		}
	}
	for _, e := range p.scriptErrors() {
		if e.Script == f.Name {
			v.Problems = append(v.Problems, Problem(e))
		}
	}
	return v
}

// scriptErrors are what is wrong with the folder as saved, and what broke while it ran.
func (p *Provider) scriptErrors() []*script.Error {
	known := p.Problems()
	all := append(append([]*script.Error(nil), known.Errors...), known.Warnings...)
	for _, f := range p.hooks.Failures() {
		all = append(all, f.Error)
	}
	return all
}

// Script is one script with its text; [state.ErrNotFound] if none of that name serves.
func (p *Provider) Script(name string) (api.Script, error) {
	f := p.hooks.Current().File(name)
	if f == nil {
		return api.Script{}, fmt.Errorf("script %q: %w", name, state.ErrNotFound)
	}
	owned := map[string]int{}
	for _, one := range p.store.List() {
		owned[one.Owner]++
	}
	v := p.scriptView(f, owned)
	v.Text = string(f.Text)
	return v, nil
}

// Problem is a script's error as it goes over the wire.
func Problem(e *script.Error) api.Problem {
	return api.Problem{
		Script: e.Script, Line: e.Line, Column: e.Col, Hook: e.Hook, Kind: string(e.Kind), Warning: e.Warning, Text: e.Text, Source: e.Source,
	}
}

func matchText(m *script.Match) string {
	switch {
	case m == nil:
		return ""
	case m.All:
		return "every pod"
	case m.Func:
		return "a function"
	}
	var parts []string
	add := func(what string, values []string) {
		if len(values) > 0 {
			parts = append(parts, what+" "+strings.Join(values, "|"))
		}
	}
	if len(m.Labels) > 0 {
		parts = append(parts, "labels "+labels.Set(m.Labels).String())
	}
	if len(m.Annotations) > 0 {
		parts = append(parts, "annotations "+labels.Set(m.Annotations).String())
	}
	add("namespace", m.Namespaces)
	add("name", m.Names)
	add("node", m.Nodes)
	add("owner", m.Owners)
	add("calls", m.Calls)
	return strings.Join(parts, ", ")
}

// faultView is a fault as it goes over the wire.
func faultView(a fault.Active) api.Fault {
	v := api.Fault{
		ID: a.ID, Run: a.Run, Since: a.Since, Hits: append([]string{}, a.Hits...),
		Action: api.Action{Verb: a.Verb, On: string(a.On), Select: api.Selector(a.Select), Args: a.Args, By: a.By, Why: a.Why},
	}
	if a.Lasts > 0 {
		v.Lasts = a.Lasts.String()
	}
	if !a.Until.IsZero() {
		v.Until = &a.Until
	}
	return v
}

// Params lists the params of all scripts with the values they have now.
func (p *Provider) Params() []api.Param {
	out := []api.Param{}
	for _, one := range p.hooks.Params() {
		out = append(out, api.Param(one))
	}
	return out
}

// SetParam turns a param by hand. It survives restarts, and pods whose scripts see it are re-planned before SetParam
// returns.
func (p *Provider) SetParam(ctx context.Context, scriptName, name string, value any) (api.Param, error) {
	one, err := p.setParam(ctx, scriptName, name, value)
	if err != nil {
		return api.Param{}, err
	}
	set := api.Param(one)
	p.notices.tell(api.Event{Sequence: p.store.Seq(), At: p.clock.Now(), Type: api.EventParamSet, Param: &set})
	return set, nil
}

func (p *Provider) keepParam(ctx context.Context, one hook.Param) error {
	value, err := json.Marshal(one.Value)
	if err != nil {
		return fmt.Errorf("param %s.%s: %w: %w", one.Script, one.Name, state.ErrInvalid, err)
	}
	return p.store.Params().Put(ctx, one.Script+"."+one.Name, value)
}

// keptParams are the params set by hand before a restart.
func keptParams(store *state.Store, log *slog.Logger) map[string]any {
	out := map[string]any{}
	for key, value := range store.Params().All() {
		var v any
		if err := json.Unmarshal(value, &v); err != nil {
			log.Warn("a kept param is not readable", "param", key, "err", err)
			continue
		}
		out[key] = v
	}
	return out
}

// Node is our first node.
func (p *Provider) Node() api.Node { return p.nodeView(p.nodes.first) }

// NodeNamed is our node of that name, the first one where the name is empty; [state.ErrNotFound] if there is none.
func (p *Provider) NodeNamed(name string) (api.Node, error) {
	k, err := p.nodeNamed(name)
	if err != nil {
		return api.Node{}, err
	}
	return p.nodeView(k), nil
}

func (p *Provider) nodeView(k *nodeKeeper) api.Node {
	ctx := context.Background() // the hooks bound themselves
	n := p.node(k).config
	_, conditions := p.conditions(ctx, k)
	pods := 0
	for _, one := range p.store.List() {
		if p.nodes.of(one.Object.Spec.NodeName) == k {
			pods++
		}
	}
	return api.Node{
		Name: n.Name, OS: n.OS, Generation: p.hooks.Current().ID(), Seed: int64(p.opts.Seed), //nolint:gosec // the seed's bits, as config gave them
		Pods: pods, Capacity: p.capacity(ctx, k), Conditions: conditions, Addresses: p.addresses(ctx, k),
		Memo: p.nodeMemo(k.name).Tree(""),
	}
}

// Ready tells whether all is well: the scripts as saved last serve, none of their hooks is broken, and the state can
// be written.
func (p *Provider) Ready() []api.Check {
	scripts := api.Check{Name: "scripts", OK: true, Message: "generation " + p.Generation()}
	if broken := p.Problems().Errors; len(broken) > 0 {
		scripts.Message = fmt.Sprintf("generation %s serves on, the folder as saved does not load: %s", p.Generation(), broken[0])
	}
	hooks := api.Check{Name: "hooks", OK: true}
	if failures := p.hooks.Failures(); len(failures) > 0 {
		last := failures[0]
		hooks.Message = fmt.Sprintf("%s broke %d times, its default serves: %s", last.Error.Hook, last.Count, last.Error)
	}
	store := api.Check{Name: "state", OK: true}
	if err := p.store.Err(); err != nil {
		store.OK, store.Message = false, err.Error()
	}
	return []api.Check{scripts, hooks, p.configCheck(), store}
}

// ConfigProblem is told why a changed config file is not taken; nil: it is.
func (p *Provider) ConfigProblem(err error) { p.badConfig.Store(&err) }

func (p *Provider) configCheck() api.Check {
	c := api.Check{Name: "config", OK: true}
	if err := p.badConfig.Load(); err != nil && *err != nil {
		c.Message = "the last good config serves on: " + (*err).Error()
	}
	return c
}

// JournalText is a pod's journal as lines, for people and for tests.
func (p *Provider) JournalText(namespace, name string) string {
	one := p.store.Get(state.Key{Namespace: namespace, Name: name})
	if one == nil {
		return ""
	}
	entries, forgotten := p.journal.Of(diary(one))
	var b strings.Builder
	if forgotten > 0 {
		fmt.Fprintf(&b, "(%d older entries are forgotten)\n", forgotten)
	}
	for _, e := range entries {
		b.WriteString(e.String())
		b.WriteByte('\n')
	}
	return b.String()
}
