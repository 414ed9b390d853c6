package pods

import (
	"context"
	"errors"
	"fmt"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moonlet-dev/moonlet/engine/kubelet"
)

// The pauses after a call that the provider refused.
const (
	firstCallPause = time.Second
	mostCallPause  = 5 * time.Minute
)

// tell brings the provider to have the pod as Kubernetes has it. It returns when to try again; zero: it is done.
func (b *Broker) tell(ctx context.Context, r *record, s *seen) time.Time {
	m := &r.mine
	if !m.calls.over(b.opts.Clock.Now()) {
		return m.calls.until
	}
	for {
		name, err := b.call(ctx, r, s)
		if name == "" {
			m.calls.done()
			return time.Time{}
		}
		b.metrics.call(name, err)
		if err != nil {
			b.opts.Log.Debug("the provider refused", "call", name, "pod", r.name.String(), "err", err)
			return b.pauseCalls(r, s)
		}
	}
}

// pauseCalls leaves the provider alone for a while about what it was to be told, and returns until when.
func (b *Broker) pauseCalls(r *record, s *seen) time.Time {
	m := &r.mine
	m.tried = s.wish()
	m.calls.failed(b.opts.Clock.Now(), firstCallPause, mostCallPause, 0)
	return m.calls.until
}

// call makes the call that is due, if any, and names it.
func (b *Broker) call(ctx context.Context, r *record, s *seen) (name string, err error) {
	m := &r.mine
	if m.told != nil && m.told.UID != s.pod.UID {
		if err := b.evict(ctx, m.told); err != nil {
			return "delete", b.refused(s.pod, "ProviderDeleteFailed", err)
		}
		m.told = nil
		return "delete", nil
	}
	switch {
	case m.lost, m.finished, m.told == nil && s.status.Terminal(), m.terminal && !s.deleting():
		return "", nil
	case m.told == nil && s.status.Ran():
		return "adopt", b.adopt(ctx, r, s)
	case m.told == nil && s.deleting():
		return "", nil // it never was; it is finished at once
	case m.told == nil:
		return "create", b.create(ctx, r, s)
	case s.deleting() && (!m.ended || s.grace() < m.grace):
		return "delete", b.end(ctx, r, s)
	case !s.deleting() && s.told != m.print:
		return "update", b.update(ctx, r, s)
	}
	return "", nil
}

func (b *Broker) create(ctx context.Context, r *record, s *seen) error {
	p, err := b.resolve(ctx, s.pod)
	if err == nil {
		err = b.opts.Provider.CreatePod(ctx, p)
	}
	if err != nil {
		r.mine.refusal = err.Error()
		return b.refused(s.pod, "ProviderCreateFailed", err)
	}
	b.accepted(r, s)
	return nil
}

// adopt takes over a pod that ran. Where there is nobody to adopt it, the provider must know it, or it is lost.
func (b *Broker) adopt(ctx context.Context, r *record, s *seen) error {
	if b.adopter != nil {
		p, err := b.resolve(ctx, s.pod)
		if err != nil {
			p = s.pod // it runs already: a Secret that is gone by now does not end it
		}
		if err := b.adopter.AdoptPod(ctx, p); err != nil {
			return b.refused(s.pod, "ProviderAdoptFailed", err)
		}
		b.accepted(r, s)
		return nil
	}
	_, err := b.opts.Provider.PodStatus(ctx, kubelet.RefTo(s.pod))
	switch {
	case err == nil:
		b.accepted(r, s)
	case errors.Is(err, kubelet.ErrNotFound):
		r.mine.lost = true
	default:
		return err
	}
	return nil
}

func (b *Broker) update(ctx context.Context, r *record, s *seen) error {
	p, err := b.resolve(ctx, s.pod)
	if err == nil {
		err = b.opts.Provider.UpdatePod(ctx, p)
	}
	if err != nil {
		return b.refused(s.pod, "ProviderUpdateFailed", err)
	}
	b.accepted(r, s)
	return nil
}

// accepted notes that the provider has the pod.
func (b *Broker) accepted(r *record, s *seen) {
	b.table.settle(r, s)
	r.mine.told, r.mine.print, r.mine.refusal = s.pod, s.told, ""
}

// end tells the provider to end a deleted pod. One that it does not know has ended.
func (b *Broker) end(ctx context.Context, r *record, s *seen) error {
	err := b.opts.Provider.DeletePod(ctx, s.pod)
	if err != nil && !errors.Is(err, kubelet.ErrNotFound) {
		return b.refused(s.pod, "ProviderDeleteFailed", err)
	}
	r.mine.told, r.mine.ended, r.mine.grace = s.pod, true, s.grace()
	return nil
}

// evict tells the provider to forget a pod that Kubernetes does not have any more.
func (b *Broker) evict(ctx context.Context, p *v1.Pod) error {
	last := *p
	if last.DeletionTimestamp == nil {
		last.DeletionTimestamp = &metav1.Time{Time: b.opts.Clock.Now()}
	}
	last.DeletionGracePeriodSeconds = new(int64(0))
	err := b.opts.Provider.DeletePod(ctx, &last)
	if errors.Is(err, kubelet.ErrNotFound) {
		return nil
	}
	return err
}

func (b *Broker) resolve(ctx context.Context, p *v1.Pod) (*v1.Pod, error) {
	if b.opts.Resolve == nil {
		return p, nil
	}
	resolved, err := b.opts.Resolve(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("resolve its environment: %w", err)
	}
	return resolved, nil
}

// refused tells people what the provider would not do.
func (b *Broker) refused(p *v1.Pod, reason string, err error) error {
	b.opts.Tell(p, kubelet.Event{Type: v1.EventTypeWarning, Reason: reason, Message: err.Error()})
	return err
}

// forget makes the provider forget a pod that Kubernetes does not have, and forgets it too.
func (b *Broker) forget(ctx context.Context, r *record, s *seen) time.Time {
	m := &r.mine
	if !m.calls.over(b.opts.Clock.Now()) {
		return m.calls.until
	}
	if m.told != nil {
		err := b.evict(ctx, m.told)
		b.metrics.call("delete", err)
		if err != nil {
			return b.pauseCalls(r, s)
		}
		m.told = nil
	}
	b.table.drop(r)
	return time.Time{}
}
