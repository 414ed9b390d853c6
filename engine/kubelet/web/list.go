package web

import (
	"context"
	"errors"
	"sync"
	"time"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/client"
)

// listing is which pods the web provider listed last.
type listing struct {
	mu  sync.Mutex
	at  time.Time    // guarded by mu
	has map[key]bool // guarded by mu
}

// Pods lists the pods that the web provider has. One that does not tell its namespace is left out: deleting it might
// hit another pod. A web provider that has no getPods, or answers nothing at all, lists none.
func (p *Provider) Pods(ctx context.Context) ([]*v1.Pod, error) {
	all, err := read(ctx, p, func() ([]*v1.Pod, error) { return p.client.GetPods(ctx) })
	switch {
	case client.NoSuchCall(err) || errors.Is(err, client.ErrEmpty):
		p.once(ctx, "the web provider does not list its pods: those that Kubernetes no longer has stay there", "err", err)
	case err != nil:
		return nil, said(err)
	}
	pods := make([]*v1.Pod, 0, len(all))
	has := make(map[key]bool, len(all))
	for _, pod := range all {
		if pod.Name == "" || pod.Namespace == "" {
			p.once(ctx, "the web provider lists pods without name or namespace: they are left alone")
			continue
		}
		if !has[keyOf(pod)] {
			pods = append(pods, pod)
		}
		has[keyOf(pod)] = true
		p.memory.found(pod)
	}
	p.listing.note(p.clock.Now(), has)
	p.met.Store(true)
	return pods, nil
}

func (l *listing) note(at time.Time, has map[key]bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.at, l.has = at, has
}

func (l *listing) last() (has map[key]bool, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.has, l.at
}

// meet learns once which pods the web provider has, and of which incarnation.
func (p *Provider) meet(ctx context.Context) error {
	if p.met.Load() {
		return nil
	}
	_, err := p.Pods(ctx)
	return err
}

// lists says whether the web provider lists a pod that it knows no status of: one that was created and has none yet.
// Only pods whose getPodStatus finds nothing are looked for, all of them in one list.
func (p *Provider) lists(ctx context.Context, of key, k known) bool {
	if k.leaving {
		return false
	}
	has, at := p.listing.last()
	if p.clock.Now().Sub(at) >= p.opts.Poll || !at.After(k.at) {
		if _, err := p.Pods(ctx); err != nil {
			return true // until we know better
		}
		has, _ = p.listing.last()
	}
	return has[of]
}
