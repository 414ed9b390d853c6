package pods

import (
	"context"

	v1 "k8s.io/api/core/v1"
)

// findOrphans asks the provider which pods it has, and notes each with the record of its name: workers then delete at the
// provider what Kubernetes does not have, or has another of.
func (b *Broker) findOrphans(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	pods, err := b.opts.Provider.Pods(ctx)
	b.metrics.call("list", err)
	if err != nil {
		b.opts.Log.Warn("the provider does not list its pods: those that Kubernetes does not have stay for now", "err", err)
		return err
	}
	for _, p := range pods {
		b.queue.add(b.table.found(p), again)
	}
	return nil
}

// findOrphansLater repeats it until it succeeds.
func (b *Broker) findOrphansLater(ctx context.Context) {
	var wait pause
	for ctx.Err() == nil {
		wait.failed(b.opts.Clock.Now(), firstCallPause, mostCallPause, 0)
		b.opts.Clock.Wait(ctx, wait.until, nil)
		if ctx.Err() == nil && b.findOrphans(ctx) == nil {
			return
		}
	}
}

// found notes that the provider has a pod.
func (t *table) found(p *v1.Pod) *record {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.record(key{Namespace: p.Namespace, Name: p.Name})
	if r.seen.pod == nil {
		r.seen.pod, r.seen.gone = p, true
	}
	r.seen.found = p
	return r
}
