package provider

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/hook"
	"github.com/moonlet-dev/moonlet/engine/pod"
	"github.com/moonlet-dev/moonlet/engine/state"
)

// Logs is what a container wrote, within the limits; empty while it has not started. An unknown pod or container is
// [state.ErrNotFound]. Without a container name the pod's only container is meant. A script that breaks leaves an
// empty log: its error shows where errors show.
func (p *Provider) Logs(ctx context.Context, r api.LogRequest) ([]byte, error) {
	one := p.store.Get(state.Key{Namespace: r.Namespace, Name: r.Pod})
	if one == nil {
		return nil, fmt.Errorf("pod %s/%s: %w", r.Namespace, r.Pod, state.ErrNotFound)
	}
	container, err := containerOf(one.Object, r.Container)
	if err != nil {
		return nil, err
	}
	run, previous := one.Life.Run(container.Name)
	if r.Previous {
		run = previous
	}
	if run == nil {
		return nil, nil
	}
	q := p.logAsk(container, run, r.Previous)
	if r.Tail != nil {
		q.Tail = *r.Tail
	}
	log, _ := p.logOf(ctx, one, q)
	var text []byte
	for _, line := range log.Lines {
		text = append(append(text, line.Text...), '\n')
	}
	return text, nil
}

// reader is a pod as a hook sees it that only reads.
func (p *Provider) reader(gen *hook.Generation, one *state.Pod) hook.Subject {
	d := draft{p: p, gen: gen, next: one, owner: gen.File(one.Owner)}
	return d.subject("")
}

func (p *Provider) logAsk(container *v1.Container, run *pod.Run, previous bool) hook.LogAsk {
	limits := p.opts.Logs()
	return hook.LogAsk{
		Container: container, Run: run.Number, Started: run.Started, Finished: run.Finished, Previous: previous,
		Tail: -1, MaxLines: cmp.Or(limits.Lines, 10_000), MaxBytes: cmp.Or(limits.Bytes, 1<<20), At: p.clock.Now(),
	}
}

func containerOf(o *v1.Pod, name string) (*v1.Container, error) {
	all := append(append([]v1.Container(nil), o.Spec.InitContainers...), o.Spec.Containers...)
	if name == "" && len(o.Spec.Containers) == 1 {
		return &o.Spec.Containers[0], nil
	}
	names := make([]string, len(all))
	for i := range all {
		if all[i].Name == name {
			return &all[i], nil
		}
		names[i] = all[i].Name
	}
	return nil, fmt.Errorf("container %q in pod %s/%s (has %s): %w", name, o.Namespace, o.Name, strings.Join(names, ", "), state.ErrNotFound)
}
