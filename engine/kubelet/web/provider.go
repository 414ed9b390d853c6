package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/client"
	"github.com/moonlet-dev/moonlet/engine/clock"
	"github.com/moonlet-dev/moonlet/engine/kubelet"
)

// Provider is a web provider seen as a provider of nodes. Its methods may be called from any goroutine.
type Provider struct {
	opts   Options
	client *client.Client
	clock  clock.Clock
	log    *slog.Logger

	memory    memory
	listing   listing
	met       atomic.Bool      // the web provider has told which pods it has
	warned    sync.Map         // texts that were logged and need not be again
	described chan description // holds the one that was last; taking it is the right to ask anew

	changed     func(kubelet.PodRef) // set before Run
	nodeChanged func(node string)    // set before Run
}

var (
	_ kubelet.Provider      = (*Provider)(nil)
	_ kubelet.Adopter       = (*Provider)(nil)
	_ kubelet.Notifier      = (*Provider)(nil)
	_ kubelet.NodeDescriber = (*Provider)(nil)
	_ kubelet.LogReader     = (*Provider)(nil)
	_ kubelet.Runner        = (*Provider)(nil)
)

// Close ends idle connections.
func (p *Provider) Close() error {
	p.client.Close()
	return nil
}

// CreatePod hands a pod over. An older incarnation of it is deleted first. A pod that an earlier attempt left there
// although it failed is found and kept: some web providers would run it twice.
func (p *Provider) CreatePod(ctx context.Context, pod *v1.Pod) error {
	if err := p.meet(ctx); err != nil {
		return err
	}
	switch k, ok := p.memory.get(keyOf(pod)); {
	case ok && k.isOther(pod.UID):
		if err := p.retire(ctx, k); err != nil {
			return err
		}
	case ok && k.unsure:
		if has, err := p.has(ctx, keyOf(pod)); err != nil || has {
			return p.settle(pod, has, err)
		}
	case ok:
		p.memory.hold(pod, false, p.clock.Now())
		return nil
	}
	return p.create(ctx, pod)
}

func (p *Provider) create(ctx context.Context, pod *v1.Pod) error {
	err := p.write(ctx, func() error { return p.client.CreatePod(ctx, newborn(pod)) })
	if err == nil {
		return p.settle(pod, true, nil)
	}
	if refused, ok := errors.AsType[*client.Error](err); ok {
		if refused.Code < 500 {
			p.memory.forget(keyOf(pod), pod.UID)
			return said(err)
		}
		has, checked := p.has(ctx, keyOf(pod))
		if checked == nil && !has {
			p.memory.forget(keyOf(pod), pod.UID)
			return said(err)
		}
		if has {
			p.log.InfoContext(ctx, "createPod was refused, yet the web provider has the pod", "pod", kubelet.RefTo(pod).String(), "err", err)
			return p.settle(pod, true, nil)
		}
	}
	return p.settle(pod, false, said(err))
}

// settle notes how a createPod ended. An error leaves it open whether the pod is there.
func (p *Provider) settle(pod *v1.Pod, has bool, err error) error {
	if err != nil && !arrived(err) {
		return err
	}
	p.memory.hold(pod, !has, p.clock.Now())
	return err
}

// has asks whether a pod is there.
func (p *Provider) has(ctx context.Context, of key) (bool, error) {
	switch _, err := p.status(ctx, of); {
	case err == nil:
		return true, nil
	case client.NotFound(err):
		return false, nil
	default:
		return false, said(err)
	}
}

// retire ends an incarnation whose name is wanted by the next.
func (p *Provider) retire(ctx context.Context, k known) error {
	last, none := k.pod.DeepCopy(), int64(0)
	last.DeletionGracePeriodSeconds = &none
	err := p.write(ctx, func() error { return p.client.DeletePod(ctx, last) })
	if err != nil && !client.NotFound(err) {
		return fmt.Errorf("delete the pod of that name that was there before: %w", said(err))
	}
	p.memory.forget(keyOf(k.pod), k.uid)
	return nil
}

// UpdatePod hands over metadata and spec, with the status that the web provider has: those that store the body whole
// would else fall back to one that is older. A web provider without updatePod is left in peace.
func (p *Provider) UpdatePod(ctx context.Context, pod *v1.Pod) error {
	k, ok := p.memory.get(keyOf(pod))
	if ok && k.isOther(pod.UID) {
		return kubelet.ErrNotFound
	}
	now, err := p.current(ctx, keyOf(pod), k, ok)
	if err != nil {
		return err
	}
	body := lean(pod)
	body.Status = *now
	err = p.write(ctx, func() error { return p.client.UpdatePod(ctx, body) })
	if client.NoSuchCall(err) {
		p.once(ctx, "the web provider takes no updates of pods", "err", err)
		err = nil
	}
	if err != nil {
		return said(err)
	}
	p.memory.hold(pod, false, p.clock.Now())
	return nil
}

// DeletePod asks for the end of a pod.
func (p *Provider) DeletePod(ctx context.Context, pod *v1.Pod) error {
	k, ok := p.memory.get(keyOf(pod))
	if ok && k.isOther(pod.UID) {
		return kubelet.ErrNotFound
	}
	err := p.write(ctx, func() error { return p.client.DeletePod(ctx, lean(pod)) })
	if client.NotFound(err) {
		p.memory.forget(keyOf(pod), pod.UID)
		return kubelet.ErrNotFound
	}
	if err != nil {
		return said(err)
	}
	p.memory.leaving(keyOf(pod))
	if p.changed != nil { // most have let go of it by now
		p.changed(kubelet.RefTo(pod))
	}
	return nil
}

// AdoptPod claims a pod that ran under another process. Whether the web provider still has it shows in its status.
func (p *Provider) AdoptPod(ctx context.Context, pod *v1.Pod) error {
	if err := p.meet(ctx); err != nil {
		return err
	}
	p.memory.adopt(pod)
	return nil
}

// PodStatus asks how a pod is.
func (p *Provider) PodStatus(ctx context.Context, ref kubelet.PodRef) (*v1.PodStatus, error) {
	if err := p.meet(ctx); err != nil {
		return nil, err
	}
	of := key{ref.Namespace, ref.Name}
	k, ok := p.memory.get(of)
	if ok && k.isOther(ref.UID) {
		return nil, kubelet.ErrNotFound
	}
	now, err := p.current(ctx, of, k, ok)
	if errors.Is(err, kubelet.ErrNotFound) {
		p.memory.forget(of, ref.UID)
	}
	if err != nil {
		return nil, err
	}
	return p.memory.told(ref, now, p.now(), p.opts.NodeIP), nil
}

// current is what the web provider says of a pod. Where it finds no status although it lists the pod, it is what it
// said before: several providers keep pods that have no status yet.
func (p *Provider) current(ctx context.Context, of key, k known, ok bool) (*v1.PodStatus, error) {
	now, err := p.status(ctx, of)
	switch {
	case client.NotFound(err) && (!ok || !p.lists(ctx, of, k)):
		return nil, kubelet.ErrNotFound
	case client.NotFound(err) && k.said != nil:
		return k.said, nil
	case client.NotFound(err):
		return &v1.PodStatus{}, nil
	case err != nil:
		return nil, said(err)
	}
	return now, nil
}

// status is what the web provider says of a pod; null is a status that says nothing yet.
func (p *Provider) status(ctx context.Context, of key) (*v1.PodStatus, error) {
	s, err := read(ctx, p, func() (*v1.PodStatus, error) { return p.client.GetPodStatus(ctx, of.namespace, of.name) })
	if errors.Is(err, client.ErrNull) {
		return &v1.PodStatus{}, nil
	}
	return s, err
}
