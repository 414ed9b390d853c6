package nodes

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	coordinationv1 "k8s.io/api/coordination/v1"
	v1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

const (
	fewNodes     = 32 // up to so many are read one by one
	startWorkers = 48 // nodes registered at the same time
)

// Start registers all nodes, and gives leases to those that have none when all are registered; nodes whose hearts do not
// beat stay silent. Nodes that somebody else keeps are waited for, as long as Options.Patience lasts, and nodes that are
// not Moonlet's are an error at once: then nothing has been written. It is called once, before Run, which should follow
// soon: leases expire.
func (k *Keeper) Start(ctx context.Context) error {
	began := k.o.Clock.Now()
	if err := k.patiently(ctx, began, k.look); err != nil {
		return err
	}
	if err := k.waitForOthers(ctx, began); err != nil {
		return err
	}
	if err := k.all(ctx, "nodes registered", k.enter); err != nil {
		return err
	}
	return k.all(ctx, "leases made", k.firstLease)
}

// all does something for every node, for some of them at the same time, and tells how many it is done for. The
// patience for each begins anew.
func (k *Keeper) all(ctx context.Context, what string, do func(context.Context, *node) error) error {
	began := k.o.Clock.Now()
	told, done := k.teller(k.o.Progress), atomic.Int32{}
	told.told = began // what is quick needs no words
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(startWorkers)
	for _, n := range k.nodes {
		group.Go(func() error {
			err := k.patiently(ctx, began, func(ctx context.Context) error { return do(ctx, n) })
			told.tell(fmt.Sprintf("%d of %d %s", done.Add(1), len(k.nodes), what))
			return err
		})
	}
	return group.Wait()
}

// patiently repeats until it succeeds, waiting cannot help, or the patience since began is at its end.
func (k *Keeper) patiently(ctx context.Context, began time.Time, do func(context.Context) error) error {
	told := k.teller(k.o.Progress)
	for pause := firstRetry; ; pause = min(2*pause, lastRetry/4) {
		err := do(ctx)
		waited := k.o.Clock.Now().Sub(began)
		if err == nil || ctx.Err() != nil || final(err) || waited+pause > k.o.Patience {
			return err
		}
		told.tell(fmt.Sprintf("%v: trying again (%d s of %d s)", err, int(waited.Seconds()), int(k.o.Patience.Seconds())))
		if err := k.o.Clock.Sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// final says whether an error stays however often one tries.
func final(err error) bool {
	if not := (*refused)(nil); errors.As(err, &not) {
		return !not.alive
	}
	return apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err) || apierrors.IsInvalid(err) ||
		apierrors.IsBadRequest(err) || apierrors.IsMethodNotSupported(err)
}

// enter registers one node, unless its heart stands still, and has its status accepted. A lease that it has already is
// renewed with that: somebody else may wait for it to expire.
func (k *Keeper) enter(ctx context.Context, n *node) error {
	if !k.alive(ctx, n) {
		k.hush(n, "its heart does not beat")
		return nil
	}
	if err := k.register(ctx, n); err != nil {
		return err
	}
	if n.lease != nil {
		if err := k.renew(ctx, n); err != nil {
			return err
		}
	}
	if err := k.writeStatus(ctx, n); err != nil {
		return err
	}
	k.o.Tell(n.name, starting)
	return nil
}

// firstLease makes the lease of a node that has entered and has none. It is due within half a minute, and made after all
// nodes have entered: a thousand of them are Ready in two thirds of the time.
func (k *Keeper) firstLease(ctx context.Context, n *node) error {
	if n.silent.Load() || n.lease != nil {
		return nil
	}
	return k.renew(ctx, n)
}

// look reads what there is of our nodes and leases.
func (k *Keeper) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	if len(k.nodes) > fewNodes {
		return errors.Join(k.listNodes(ctx), k.listLeases(ctx))
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, n := range k.nodes {
		group.Go(func() error {
			if err := k.read(ctx, n); err != nil {
				return fmt.Errorf("read node %s: %w", n.name, err)
			}
			return k.readLease(ctx, n)
		})
	}
	return group.Wait()
}

// listNodes reads virtual nodes only: a real one of that name shows when ours cannot be created.
func (k *Keeper) listNodes(ctx context.Context) error {
	selector := labels.Set{virtualLabel: virtualValue}.String()
	list, err := k.o.Client.CoreV1().Nodes().List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return fmt.Errorf("list nodes: %w", err)
	}
	for i := range list.Items {
		if n := k.byName[list.Items[i].Name]; n != nil {
			n.saw(&list.Items[i])
		}
	}
	return nil
}

func (k *Keeper) listLeases(ctx context.Context) error {
	list, err := k.o.Leases.CoordinationV1().Leases(v1.NamespaceNodeLease).List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("list leases: %w", err)
	}
	found := make(map[string]*coordinationv1.Lease, len(list.Items))
	for i := range list.Items {
		found[list.Items[i].Name] = &list.Items[i]
	}
	for _, n := range k.nodes {
		n.lease = found[n.name]
	}
	return nil
}

func (k *Keeper) readLease(ctx context.Context, n *node) error {
	lease, err := k.o.Leases.CoordinationV1().Leases(v1.NamespaceNodeLease).Get(ctx, n.name, metav1.GetOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("read lease of node %s: %w", n.name, err)
	}
	if n.lease = lease; err != nil {
		n.lease = nil
	}
	return nil
}

// waitForOthers waits until nobody else keeps our nodes: a process before us that was killed goes on holding its
// leases until they expire.
func (k *Keeper) waitForOthers(ctx context.Context, began time.Time) error {
	told := k.teller(k.o.Progress)
	for {
		kept, err := k.keptByOthers()
		waited := k.o.Clock.Now().Sub(began)
		switch {
		case err != nil:
			return err
		case len(kept) == 0:
			return nil
		case waited >= k.o.Patience:
			return fmt.Errorf("%w (waited %v)%s", kept[0], k.o.Patience, andOthers(len(kept)-1))
		}
		told.tell(fmt.Sprintf("node %s is kept by %s, lease renewed %v ago: waiting for it to expire (%d s of %d s)%s",
			kept[0].node, kept[0].holder, kept[0].age.Round(time.Second),
			int(waited.Seconds()), int(k.o.Patience.Seconds()), andOthers(len(kept)-1)))
		if err := k.o.Clock.Sleep(ctx, time.Second); err != nil {
			return err
		}
		if err := k.patiently(ctx, began, k.look); err != nil {
			return err
		}
	}
}

// keptByOthers are the nodes whose holders are alive. The error names those that are not Moonlet's.
func (k *Keeper) keptByOthers() (alive []*refused, err error) {
	var foreign []string
	for _, n := range k.nodes {
		api := n.known()
		if api == nil {
			continue
		}
		not := (*refused)(nil)
		if err := k.claim(n, api, n.lease); !errors.As(err, &not) {
			continue
		}
		if not.alive {
			alive = append(alive, not)
		} else {
			foreign = append(foreign, not.Error())
		}
	}
	if len(foreign) > 0 {
		shown := foreign[:min(len(foreign), 3)]
		return nil, errors.New(strings.Join(shown, "; ") + andOthers(len(foreign)-len(shown)))
	}
	return alive, nil
}

func andOthers(count int) string {
	if count <= 0 {
		return ""
	}
	return fmt.Sprintf(", and %d more", count)
}
