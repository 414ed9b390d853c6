package provider

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/fault"
	"github.com/moonlet-dev/moonlet/engine/state"
)

// faultBook keeps the faults in force. Orders are taken one at a time; whoever asks what holds reads a snapshot.
type faultBook struct {
	mu     sync.Mutex // held while an order is carried out; scripts run under it, and none can give orders
	set    atomic.Pointer[faultSet]
	number atomic.Uint64 // of the last order
	past   []*standing   // log bursts that ended; guarded by mu
	wake   chan struct{} // an end or a step came nearer
}

func newFaultBook() *faultBook {
	b := &faultBook{wake: make(chan struct{}, 1)}
	b.set.Store(newFaultSet(nil, nil))
	return b
}

// install makes a set the one in force. Callers hold mu.
func (b *faultBook) install(all []*standing) {
	b.set.Store(newFaultSet(all, b.past))
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// Act carries out an order: it happens before Act returns, and where it lasts it survives a restart. The errors are
// [*fault.BadOrder], [fault.ErrNoMatch] and [fault.ErrBlastRadius].
func (p *Provider) Act(ctx context.Context, o fault.Order) (fault.Result, error) {
	o, err := o.Checked()
	if err != nil {
		return fault.Result{}, err
	}
	o.By = cmp.Or(o.By, "user")
	p.faults.mu.Lock()
	defer p.faults.mu.Unlock()
	aim, err := p.aim(o)
	if err != nil {
		return fault.Result{}, err
	}
	if err := p.bound(o, aim); err != nil {
		return fault.Result{}, err
	}
	result := fault.Result{Hits: aim.hits, Matched: aim.matched, DryRun: o.DryRun}
	if o.Lasts > 0 {
		result.Until = p.clock.Now().Add(o.Lasts)
	}
	if o.DryRun || len(aim.hits) == 0 && aim.named() {
		return result, nil
	}
	result.ID, err = p.carryOut(context.WithoutCancel(ctx), o, aim, result.Until) // whole, or not at all
	return result, err
}

// carryOut gives the order its number and does it. Callers hold the book's mu.
func (p *Provider) carryOut(ctx context.Context, o fault.Order, aim aim, until time.Time) (string, error) {
	s := &standing{Active: fault.Active{
		ID: "f" + strconv.FormatUint(p.faults.number.Add(1), 10), Order: o, Since: p.clock.Now(), Until: until, Hits: aim.hits,
	}, uids: aim.uids, match: aim.match, met: new(atomic.Uint64)}
	if err := p.keepNumber(); err != nil {
		return "", err
	}
	verb, err := fault.Find(o.On, o.Verb)
	if err != nil {
		return "", err
	}
	begin(p, s)
	if verb.Lasts || !s.next.IsZero() {
		if err := p.keepFault(ctx, s); err != nil {
			p.unkeep(s)
			return "", err
		}
		p.stand(ctx, s)
	} else {
		p.strikeAll(ctx, s)
	}
	p.tellFault(api.EventFaultSet, s, "")
	p.doFaultsDue(ctx)
	return s.ID, nil
}

// stand lets a fault hold from now on. What is in its way gives way: of two orders of one kind for the same pod or node
// the last one wins.
func (p *Provider) stand(ctx context.Context, s *standing) {
	all, ousted := p.faults.set.Load().displace(s)
	for _, o := range ousted {
		p.faults.retire(o.part(), p.clock.Now())
	}
	p.faults.install(append(all, s))
	for _, o := range ousted {
		p.journalOusted(o, s)
		if len(o.rest.Hits) == 0 {
			p.unkeep(o.was)
			p.tellFault(api.EventFaultEnded, o.was, "gives way to "+s.ID)
		} else {
			p.rekeep(o.rest)
		}
	}
	p.takeEffect(ctx, s, s.begins())
	if s.Verb == verbFreeze {
		p.rekeep(p.withStatuses(s))
	}
}

// takeEffect re-plans whom a fault that was set or has ended concerns.
func (p *Provider) takeEffect(ctx context.Context, s *standing, why string) {
	switch s.On {
	case fault.Pod:
		p.eachHit(s, func(key state.Key) { p.feel(ctx, s, key, why) })
	case fault.Node:
		p.nodesFelt(ctx, s, why)
	case fault.Call:
	case fault.Write:
		p.listeners.writesChanged()
	}
}

// Faults lists the faults in force, the oldest first.
func (p *Provider) Faults() []fault.Active {
	return actives(p.faults.set.Load().all)
}

func actives(all []*standing) []fault.Active {
	out := make([]fault.Active, len(all))
	for i, s := range all {
		out[i] = s.Active
	}
	return out
}

// Undo ends a fault before its time; [fault.ErrNoFault] if none of that ID is in force: what happened once cannot be
// undone.
func (p *Provider) Undo(ctx context.Context, id, by string) error {
	p.faults.mu.Lock()
	defer p.faults.mu.Unlock()
	set := p.faults.set.Load()
	i := slices.IndexFunc(set.all, func(s *standing) bool { return s.ID == id })
	if i < 0 {
		return fmt.Errorf("undo fault %q: %w%s", id, fault.ErrNoFault, set.idsText())
	}
	p.endFaults(ctx, []*standing{set.all[i]}, "undone by "+cmp.Or(by, "user"))
	return nil
}

// ResetFaults ends all faults, or with a run those of that scenario run, and tells which there were, oldest first.
func (p *Provider) ResetFaults(ctx context.Context, run, by string) ([]fault.Active, error) {
	p.faults.mu.Lock()
	defer p.faults.mu.Unlock()
	var over []*standing
	for _, s := range p.faults.set.Load().all {
		if run == "" || s.Run == run {
			over = append(over, s)
		}
	}
	p.endFaults(ctx, over, "reset by "+cmp.Or(by, "user"))
	return actives(over), nil
}

// endFaults ends faults: whom they hit goes on as if they had never been. Callers hold the book's mu.
func (p *Provider) endFaults(ctx context.Context, over []*standing, why string) {
	if len(over) == 0 {
		return
	}
	for _, s := range over {
		p.faults.retire(s, p.clock.Now())
	}
	p.faults.install(p.faults.set.Load().without(over))
	for _, s := range over {
		p.unkeep(s)
		p.takeEffect(context.WithoutCancel(ctx), s, why)
		p.tellFault(api.EventFaultEnded, s, why)
	}
}

// mind ends faults whose time is over and does their steps, until ctx ends.
func (p *Provider) mind(ctx context.Context) {
	for ctx.Err() == nil {
		p.endDue(ctx)
		p.clock.Wait(ctx, p.faults.set.Load().due, p.faults.wake)
	}
}

// endDue does what is due of the faults in force: a step, or the end.
func (p *Provider) endDue(ctx context.Context) {
	if due := p.faults.set.Load().due; due.IsZero() || due.After(p.clock.Now()) {
		return
	}
	p.faults.mu.Lock()
	defer p.faults.mu.Unlock()
	p.doFaultsDue(ctx)
}

// doFaultsDue is endDue for those who hold the book's mu.
func (p *Provider) doFaultsDue(ctx context.Context) {
	now := p.clock.Now()
	for _, s := range p.faults.set.Load().all {
		if !s.next.IsZero() && !s.next.After(now) {
			p.step(ctx, s)
		}
	}
	var over []*standing
	for _, s := range p.faults.set.Load().all {
		if !s.Until.IsZero() && !s.Until.After(now) {
			over = append(over, s)
		}
	}
	p.endFaults(ctx, over, "over")
}

func (p *Provider) tellFault(kind string, s *standing, why string) {
	one := faultView(s.Active)
	p.notices.tell(api.Event{Sequence: p.store.Seq(), At: p.clock.Now(), Type: kind, Fault: &one, Why: why})
	p.log.Info("fault "+map[string]string{api.EventFaultSet: "set", api.EventFaultEnded: "ended"}[kind],
		"fault", s.ID, "verb", s.title(), "hits", len(s.Hits), "by", s.By, "why", cmp.Or(why, s.Why))
}
