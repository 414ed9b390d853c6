package nodes

import (
	"context"
	"errors"
	"fmt"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	v1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// States of node.beating.
const (
	resting   int32 = iota
	beating         // somebody renews
	beatAgain       // and has to look once more afterwards
)

// pulse has a node's heart listened to and its lease renewed, in a goroutine of its own, so that no node waits for
// another. due is when the renewal was due; zero: it is not, and only what changed is looked after.
func (k *Keeper) pulse(ctx context.Context, n *node, due time.Time) {
	if n.beating.CompareAndSwap(resting, beating) {
		k.beats.Go(func() { k.beatOn(ctx, n, due) })
	} else {
		n.beating.CompareAndSwap(beating, beatAgain)
	}
}

func (k *Keeper) beatOn(ctx context.Context, n *node, due time.Time) {
	k.beat(ctx, n, due)
	for !n.beating.CompareAndSwap(beating, resting) {
		n.beating.Store(beating)
		k.beat(ctx, n, time.Time{})
	}
}

// beat does what a pulse asks for. A node whose heart stands still falls silent here, and one that beats again begins
// to come back: the lease first, then the status, which the queue's workers write.
func (k *Keeper) beat(ctx context.Context, n *node, due time.Time) {
	if ctx.Err() != nil || k.left.Load() {
		return
	}
	if !k.alive(ctx, n) {
		k.hush(n, "its heart does not beat")
		return
	}
	api := n.known()
	registered := api != nil && k.mine(n, api)
	if registered && due.IsZero() && !n.silent.Load() {
		return
	}
	err := k.insist(ctx, n, due)
	if not := (*refused)(nil); errors.As(err, &not) {
		k.hush(n, not.Error())
	}
	if err != nil {
		return
	}
	if n.comeBack() || !registered {
		k.queue.Add(n)
	}
}

func (k *Keeper) alive(ctx context.Context, n *node) bool {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return k.o.Beats(ctx, n.name)
}

func (k *Keeper) hush(n *node, why string) {
	if n.hush() {
		k.metrics.silent.Inc()
		k.o.Log.Info("node falls silent", "node", n.name, "why", why)
	}
}

// insist renews until it succeeds, we are refused, or the next renewal is due, and measures how long that took. More
// than a quarter of the lease's duration is late, but early enough that the lease has not expired.
func (k *Keeper) insist(ctx context.Context, n *node, due time.Time) error {
	if due.IsZero() {
		due = k.o.Clock.Now()
	}
	for pause := firstRetry; ; pause = min(2*pause, lastRetry/2) {
		err := k.assert(ctx, n)
		lag := k.o.Clock.Now().Sub(due)
		over := err != nil && lag+pause > k.renewPeriod()
		not := (*refused)(nil)
		if errors.As(err, &not) || ctx.Err() != nil {
			return err
		}
		if over || err == nil && lag > k.o.LeaseDuration/4 {
			k.metrics.late.Inc()
		}
		if err == nil {
			k.metrics.lag.Observe(lag.Seconds())
			return nil
		}
		k.fails.note(ctx, "lease is not renewed", n.name, err)
		if over || k.o.Clock.Sleep(ctx, pause) != nil {
			return err
		}
	}
}

// assert renews the lease of a node, which it first registers where it is not ours any more.
func (k *Keeper) assert(ctx context.Context, n *node) error {
	if api := n.known(); api == nil || !k.mine(n, api) {
		if err := k.register(ctx, n); err != nil {
			return err
		}
	}
	return k.renew(ctx, n)
}

// renew writes the lease once: in one request as a rule, in a few where somebody changed or deleted it.
func (k *Keeper) renew(ctx context.Context, n *node) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	api := n.known()
	if api == nil {
		return fmt.Errorf("renew lease of node %s: the node was deleted", n.name)
	}
	leases := k.o.Leases.CoordinationV1().Leases(v1.NamespaceNodeLease)
	var err error
	for range 3 {
		if err = k.findLease(ctx, n, api); err != nil {
			break
		}
		var got *coordinationv1.Lease
		next := k.nextLease(n.lease, api)
		if n.lease == nil {
			got, err = leases.Create(ctx, next, metav1.CreateOptions{})
		} else {
			got, err = leases.Update(ctx, next, metav1.UpdateOptions{})
		}
		if err == nil {
			n.renewed(got)
			return nil
		}
		if !n.stale(err) {
			break
		}
	}
	return fmt.Errorf("renew lease of node %s: %w", n.name, err)
}

// findLease reads the lease where we do not know it but know that there is one.
func (k *Keeper) findLease(ctx context.Context, n *node, api *v1.Node) error {
	if n.lease != nil || !n.reread {
		return nil
	}
	lease, err := k.o.Leases.CoordinationV1().Leases(v1.NamespaceNodeLease).Get(ctx, n.name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		n.reread = false
		return nil
	}
	if err != nil {
		return err
	}
	if err := k.claim(n, api, lease); err != nil {
		return err
	}
	if n.twice && holder(lease) == k.o.Identity {
		k.fails.note(ctx, "another process with our identity renews our leases: is Moonlet running twice?", n.name, nil)
	}
	n.lease, n.reread, n.twice = lease, false, false
	return nil
}

// renewed takes what the API server answered.
func (n *node) renewed(lease *coordinationv1.Lease) {
	lease.ManagedFields = nil // it keeps its own
	n.lease, n.reread, n.unsure = lease, false, false
}

// stale says whether an error means that the lease is another than we know, which can be mended at once.
func (n *node) stale(err error) bool {
	switch {
	case apierrors.IsConflict(err), apierrors.IsAlreadyExists(err):
		n.twice = n.lease != nil && !n.unsure
		n.lease, n.reread = nil, true
		return true
	case n.lease != nil && apierrors.IsNotFound(err):
		n.lease = nil
		return true
	}
	n.unsure = true // it may have been written although we were not told
	return false
}

// nextLease is the lease renewed now; have is nil where there is none.
func (k *Keeper) nextLease(have *coordinationv1.Lease, api *v1.Node) *coordinationv1.Lease {
	next := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: api.Name, Namespace: v1.NamespaceNodeLease}}
	if have != nil {
		next.ObjectMeta = *have.ObjectMeta.DeepCopy()
	}
	next.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "Node", Name: api.Name, UID: api.UID}}
	next.Spec = coordinationv1.LeaseSpec{
		HolderIdentity:       new(k.o.Identity),
		LeaseDurationSeconds: new(int32(k.o.LeaseDuration / time.Second)), //nolint:gosec // seconds, some dozens
		RenewTime:            new(metav1.NewMicroTime(k.o.Clock.Now())),
	}
	return next
}
