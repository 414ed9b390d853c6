package provider

import (
	"context"
	"slices"
	"time"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/pod"
	"github.com/moonlet-dev/moonlet/engine/state"
)

// step does the next step of a fault that takes several. Callers hold the book's mu.
func (p *Provider) step(ctx context.Context, s *standing) {
	next := *s
	if s.Verb == verbDrain {
		p.drainStep(ctx, &next)
	} else {
		p.shutdownStep(ctx, &next)
	}
	all := slices.Clone(p.faults.set.Load().all)
	if i := slices.IndexFunc(all, func(one *standing) bool { return one.ID == s.ID }); i >= 0 {
		all[i] = &next
	}
	p.faults.install(all)
	p.rekeep(&next)
	if next.off != s.off {
		for _, node := range next.Hits {
			p.listeners.nodeChanged(node)
		}
	}
}

// drainStep throws the next pod out, or all of them. With the last one the drain is over.
func (p *Provider) drainStep(ctx context.Context, s *standing) {
	every := s.Duration("every")
	for len(s.left) > 0 {
		key := keyNamed(s.left[0])
		s.left = s.left[1:]
		if one := p.store.Get(key); one == nil || one.Life.Terminal() {
			continue
		}
		p.endByNode(ctx, s, key, drained)
		if every > 0 {
			break
		}
	}
	if len(s.left) > 0 {
		s.next = p.clock.Now().Add(every)
	} else {
		s.next, s.Until = time.Time{}, p.clock.Now()
	}
}

func drained(o *v1.Pod) pod.End {
	const message = "The node was drained. "
	return pod.End{
		Reason: "Evicted", Message: message, Event: v1.EventTypeWarning, Grace: podGrace(o),
		Disruption: &pod.Disruption{Reason: v1.PodReasonTerminationByKubelet, Message: message},
	}
}

// lookAfter is how soon a shutdown looks whether the pods that it ended are gone.
const lookAfter = time.Second

// shutdownStep ends the ordinary pods first, then, when they are over or their time is, the critical ones; when the
// grace is over the machine is off.
func (p *Provider) shutdownStep(ctx context.Context, s *standing) {
	now := p.clock.Now()
	grace := s.Duration("grace")
	critical := min(s.Duration("critical"), grace)
	off, turn := s.Since.Add(grace), s.Since.Add(grace-critical)
	ordinary, reserved := p.split(s.left)
	switch {
	case s.off:
	case !now.Before(off):
		p.shutAll(ctx, s, s.left, 0)
		s.left, s.off, s.next = nil, true, time.Time{}
		return
	case len(ordinary) > 0:
		p.shutAll(ctx, s, ordinary, turn.Sub(now))
		s.left = reserved
	case len(reserved) > 0 && (!now.Before(turn) || p.over(s)):
		p.shutAll(ctx, s, reserved, off.Sub(now))
		s.left = nil
	}
	s.next = off
	if len(s.left) > 0 {
		s.next = earlier(off, now.Add(lookAfter))
	}
}

// split tells critical pods from the others.
func (p *Provider) split(keys []string) (ordinary, critical []string) {
	for _, key := range keys {
		if one := p.store.Get(keyNamed(key)); one != nil && pod.Critical(one.Object) {
			critical = append(critical, key)
		} else {
			ordinary = append(ordinary, key)
		}
	}
	return ordinary, critical
}

// over says that of the pods of the nodes only those that are still to be ended are left.
func (p *Provider) over(s *standing) bool {
	left := setOf(s.left)
	return !slices.ContainsFunc(p.podsOn(s.Hits), func(one *state.Pod) bool {
		return !one.Life.Terminal() && !left[one.String()]
	})
}

// shutAll ends pods on behalf of their shutting node, each within its own grace or what is left.
func (p *Provider) shutAll(ctx context.Context, s *standing, keys []string, left time.Duration) {
	for _, key := range keys {
		p.endByNode(ctx, s, keyNamed(key), func(o *v1.Pod) pod.End { return pod.Shutdown(min(podGrace(o), left)) })
	}
}

// endByNode ends one pod on behalf of its node.
func (p *Provider) endByNode(ctx context.Context, s *standing, key state.Key, how func(*v1.Pod) pod.End) {
	p.suffer(ctx, key, func(d *draft) error {
		if d.next.Life.Terminal() {
			return errUnchanged
		}
		d.note(s.entry("ends the pod"))
		d.doDue()
		life, events := d.next.Life.End(d.acted(), how(d.acted()), d.at)
		d.next.Life = life
		d.happened(events)
		d.advance()
		return nil
	})
}

func podGrace(o *v1.Pod) time.Duration { return graceOf(o, o) }
